//! The providers of this deployment, by profile. A profile that the configuration does not name is not here. A provider is
//! put in place of the one before when its secrets change; whoever has taken one goes on with it to the end.

use crate::{AccountWebhook, Contract, NotMade, Provider};
use domain::codes::ProfileCode;
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Default)]
pub struct Registry {
    contracts: Vec<Arc<dyn Contract>>,
    providers: RwLock<Vec<Arc<Provider>>>,
}

impl Registry {
    /// Providers that stay as they are.
    pub fn new(mut providers: Vec<Provider>) -> Self {
        providers.sort_by(|a, b| a.profile.cmp(&b.profile));
        let providers = providers.into_iter().map(Arc::new).collect();
        Self { contracts: Vec::new(), providers: RwLock::new(providers) }
    }

    /// The providers of these contracts, with the configuration's secrets until others are put.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn of(contracts: Vec<Arc<dyn Contract>>) -> Result<Self, (ProfileCode, NotMade)> {
        let made = |c: &Arc<dyn Contract>| c.provider(&[]).map_err(|e| (c.profile().clone(), e));
        let providers = contracts.iter().map(made).collect::<Result<_, _>>()?;
        Ok(Self { contracts, ..Self::new(providers) })
    }

    pub fn contract(&self, profile: &str) -> Option<&Arc<dyn Contract>> {
        self.contracts.iter().find(|c| c.profile().as_str() == profile)
    }

    pub fn contracts(&self) -> impl Iterator<Item = &Arc<dyn Contract>> {
        self.contracts.iter()
    }

    /// From now on this one, in place of the one of its profile.
    pub fn put(&self, provider: Provider) {
        let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = providers.iter_mut().find(|p| p.profile == provider.profile) {
            *place = Arc::new(provider);
        }
    }

    pub fn by_profile(&self, profile: &ProfileCode) -> Option<Arc<Provider>> {
        self.iter().find(|p| &p.profile == profile)
    }

    /// By the two names of a webhook's path: both must fit.
    pub fn by_path(&self, channel: &str, profile: &str) -> Option<Arc<Provider>> {
        self.iter().find(|p| p.channel.as_str() == channel && p.profile.as_str() == profile)
    }

    /// Who tells of a bank account, by the three names of its path: all must fit.
    pub fn account_webhook(
        &self,
        channel: &str,
        teller: &str,
        profile: &str,
    ) -> Option<(Arc<Provider>, Arc<dyn AccountWebhook>)> {
        let provider = self.by_path(channel, profile)?;
        let webhook = provider.account_webhooks.iter().find(|w| w.teller() == teller)?.clone();
        Some((provider, webhook))
    }

    /// As they are at this instant.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Provider>> + use<> {
        self.providers.read().unwrap_or_else(PoisonError::into_inner).clone().into_iter()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

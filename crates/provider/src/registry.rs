//! The providers of this deployment, by profile. A profile that the configuration does not name is not here.

use crate::{AccountWebhook, Provider};
use domain::codes::ProfileCode;

#[derive(Debug, Clone, Default)]
pub struct Registry {
    providers: Vec<Provider>,
}

impl Registry {
    pub fn new(mut providers: Vec<Provider>) -> Self {
        providers.sort_by(|a, b| a.profile.cmp(&b.profile));
        Self { providers }
    }

    pub fn by_profile(&self, profile: &ProfileCode) -> Option<&Provider> {
        self.providers.iter().find(|p| &p.profile == profile)
    }

    /// By the two names of a webhook's path: both must fit.
    pub fn by_path(&self, channel: &str, profile: &str) -> Option<&Provider> {
        self.providers.iter().find(|p| p.channel.as_str() == channel && p.profile.as_str() == profile)
    }

    /// Who tells of a bank account, by the three names of its path: all must fit.
    pub fn account_webhook(
        &self,
        channel: &str,
        teller: &str,
        profile: &str,
    ) -> Option<(&Provider, &dyn AccountWebhook)> {
        let provider = self.by_path(channel, profile)?;
        let webhook = provider.account_webhooks.iter().find(|w| w.teller() == teller)?;
        Some((provider, webhook.as_ref()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter()
    }
}

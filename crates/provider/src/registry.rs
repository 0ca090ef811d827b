//! The providers of this deployment, by profile. A profile that the configuration does not name is not here.

use crate::Provider;
use domain::codes::{BeneficiaryCode, ProfileCode};

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

    /// The ways in which this beneficiary may be paid online.
    pub fn for_beneficiary<'a>(&'a self, beneficiary: &'a BeneficiaryCode) -> impl Iterator<Item = &'a Provider> {
        self.providers.iter().filter(move |p| p.checkout.is_some() && p.beneficiaries.contains(beneficiary))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter()
    }
}

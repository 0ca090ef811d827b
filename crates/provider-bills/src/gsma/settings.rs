//! What the configuration says of one contract. Unknown keys and ill-formed values stop the start.

use super::callback::Place;
use crate::settings::{SettingsError, check_client, check_secrets, midnight, read_day_end, read_from};
use provider::{Credential, HeldSecrets, Slot};
use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// By these two the provider takes a token.
    pub client_id: String,
    pub client_secret: SecretString,
    /// A second secret that is accepted while it is being changed.
    #[serde(default)]
    pub client_secret_next: Option<SecretString>,
    /// `X-API-Key`, where the contract has one.
    #[serde(default)]
    pub api_key: Option<SecretString>,
    #[serde(default)]
    pub api_key_next: Option<SecretString>,
    /// Addresses or networks that the provider calls from; none: any.
    #[serde(default)]
    pub allowed_from: Vec<String>,
    /// Hanoi time at which the provider's day ends, and with it what it was told.
    #[serde(default = "midnight")]
    pub day_ends_at: String,
    #[serde(default)]
    pub answers: When,
    /// The provider's own place for callbacks, as `https://host` or `https://host/path`: an `X-Callback-URL` there is
    /// called, and no other. Absent, or where the outcome is told at once: none is.
    #[serde(default)]
    pub callback_url: Option<String>,
}

/// When a payment's outcome is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// 201 or an error, in the answer itself.
    #[default]
    AtOnce,
    /// 202, and the provider is called where it said so, or asks `/requeststates`.
    WhenAsked,
}

/// What the provider and we share, each under the name of its setting.
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "client_secret", meaning: "the provider takes a token with it", proves: true },
    Credential { name: "api_key", meaning: "`X-API-Key`, where the contract has one", proves: true },
];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "client_secret" => Slot::Given(&mut self.client_secret, Some(&mut self.client_secret_next)),
            "api_key" => Slot::Maybe(&mut self.api_key, Some(&mut self.api_key_next)),
            _ => return None,
        })
    }
}

impl Settings {
    pub(super) fn client_secret(&self) -> impl Iterator<Item = &SecretString> {
        [&self.client_secret].into_iter().chain(&self.client_secret_next)
    }

    pub(super) fn api_key(&self) -> impl Iterator<Item = &SecretString> {
        self.api_key.iter().chain(&self.api_key_next)
    }

    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        check_client(&self.client_id)?;
        check_secrets([
            ("client_secret", Some(&self.client_secret)),
            ("client_secret_next", self.client_secret_next.as_ref()),
            ("api_key", self.api_key.as_ref()),
            ("api_key_next", self.api_key_next.as_ref()),
        ])?;
        if self.api_key.is_none() && self.api_key_next.is_some() {
            return Err(SettingsError::Secret("api_key"));
        }
        read_from(&self.allowed_from)?;
        read_day_end(&self.day_ends_at)?;
        let is_place = self.callback_url.as_deref().is_none_or(|url| Place::read(url).is_some());
        if is_place { Ok(()) } else { Err(SettingsError::Callback) }
    }
}

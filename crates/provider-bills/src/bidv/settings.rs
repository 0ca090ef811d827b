//! What the configuration says of one contract. Unknown keys and ill-formed values stop the start.

use crate::settings::{SettingsError, check_client, check_secrets, is_token, midnight, read_day_end, read_from};
use provider::{Credential, HeldSecrets, Slot};
use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The service that we are at the bank.
    pub service_id: String,
    /// By these two the bank takes a token.
    pub client_id: String,
    pub client_secret: SecretString,
    /// A second secret that is accepted while it is being changed.
    #[serde(default)]
    pub client_secret_next: Option<SecretString>,
    /// Stands before the fields of a checksum.
    pub checksum_secret: SecretString,
    #[serde(default)]
    pub checksum_secret_next: Option<SecretString>,
    /// Addresses or networks that the bank calls from; none: any.
    #[serde(default)]
    pub allowed_from: Vec<String>,
    /// Hanoi time at which the bank's day ends, and with it what it was told.
    #[serde(default = "midnight")]
    pub day_ends_at: String,
    #[serde(default)]
    pub answer: Shape,
    /// Whether `customer_name` has the payer's masked name, or nothing.
    #[serde(default = "yes")]
    pub shows_payer: bool,
}

/// Which of the two answers to `getbill` in the wild the bank reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `data` is the bill.
    #[default]
    One,
    /// `data` lists periods, and each its bills.
    Periods,
}

/// What the bank and we share, each under the name of its setting.
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "client_secret", meaning: "the bank takes a token with it", proves: true },
    Credential { name: "checksum_secret", meaning: "stands before the fields of a checksum", proves: true },
];

fn yes() -> bool {
    true
}

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "client_secret" => Slot::Given(&mut self.client_secret, Some(&mut self.client_secret_next)),
            "checksum_secret" => Slot::Given(&mut self.checksum_secret, Some(&mut self.checksum_secret_next)),
            _ => return None,
        })
    }
}

impl Settings {
    pub(super) fn client_secret(&self) -> impl Iterator<Item = &SecretString> {
        [&self.client_secret].into_iter().chain(&self.client_secret_next)
    }

    pub(super) fn checksum_secret(&self) -> impl Iterator<Item = &SecretString> {
        [&self.checksum_secret].into_iter().chain(&self.checksum_secret_next)
    }

    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        check_client(&self.client_id)?;
        check_secrets([
            ("client_secret", Some(&self.client_secret)),
            ("client_secret_next", self.client_secret_next.as_ref()),
            ("checksum_secret", Some(&self.checksum_secret)),
            ("checksum_secret_next", self.checksum_secret_next.as_ref()),
        ])?;
        if !is_token(&self.service_id) {
            return Err(SettingsError::Text("service_id"));
        }
        read_from(&self.allowed_from)?;
        read_day_end(&self.day_ends_at)?;
        Ok(())
    }
}

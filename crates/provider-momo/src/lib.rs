//! The adapter for the MoMo wallet, AIO v2: create (`captureWallet`, `payWithMethod`), IPN, query, confirm, refund and its
//! query. It refuses: anything whose HMAC-SHA256 does not fit, another partner's calls, amounts outside the document's.
//! It does not have: v1, linked wallets, instalments, and orders of several sellers.
//!
//! Source of facts: project document "Wire protocols", section 2, cited as "MoMo AIO v2, section …".

mod api;
mod checkout;
mod codes;
mod hold;
mod refund;
mod settings;
mod signature;
mod status;
mod webhook;
mod wire;

#[cfg(test)]
mod vectors;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{ChannelKind, Holds, Names, Provider};
use std::sync::Arc;
use std::time::Duration;

pub use settings::{CREDENTIALS, RequestType, Settings, SettingsError};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "momo";

/// Makes the provider of one contract with MoMo.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    http: reqwest::Client,
) -> Result<Provider, SettingsError> {
    let merchant = Some(settings.partner_code.clone());
    let waits_for_word = !settings.auto_capture;
    let wallet = Arc::new(Wallet::new(settings, http)?);
    let holds: Option<Arc<dyn Holds>> = if waits_for_word { Some(wallet.clone()) } else { None };
    Ok(Provider {
        checkout: Some(wallet.clone()),
        webhook: Some(wallet.clone()),
        status: Some(wallet.clone()),
        refunds: Some(wallet),
        holds,
        merchant,
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Ví MoMo", en: "MoMo wallet" }, ChannelKind::Wallet),
        )
    })
}

/// One partner code at MoMo; the capabilities are its trait implementations, one module each.
struct Wallet {
    settings: Settings,
    keys: signature::Keys,
    http: reqwest::Client,
    /// How long an answer is waited for.
    patience: Duration,
}

impl Wallet {
    fn new(settings: Settings, http: reqwest::Client) -> Result<Self, SettingsError> {
        settings.check()?;
        let keys = signature::Keys::new(&settings);
        Ok(Self { settings, keys, http, patience: api::TIMEOUT })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use std::sync::LazyLock;

    /// One client for all tests, for making one is slow. The process needs its TLS provider first; that another test
    /// has installed it is no harm.
    pub fn http() -> reqwest::Client {
        static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            provider::http::client().expect("a client")
        });
        HTTP.clone()
    }

    pub fn wallet() -> Wallet {
        Wallet::new(settings(), http()).expect("good settings")
    }

    #[test]
    fn only_a_contract_that_captures_by_word_has_holds() {
        let made = |auto_capture| {
            let profile = ProfileCode::new("momo_main").expect("code");
            provider(profile, vec![], Settings { auto_capture, ..settings() }, http()).expect("good settings")
        };
        let ours = made(true);
        assert_eq!(ours.channel.as_str(), "momo");
        assert!(ours.checkout.is_some() && ours.webhook.is_some() && ours.status.is_some() && ours.refunds.is_some());
        assert!(ours.holds.is_none() && made(false).holds.is_some());
    }
}

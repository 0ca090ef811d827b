//! The adapter for the ZaloPay wallet, v2: create, callback, query, refund and query_refund. It refuses: anything whose
//! HMAC-SHA256 does not fit, another app's calls, orders that ZaloPay's fields do not hold.
//! It does not have: the obsolete v1, and agreements (automatic debits).
//!
//! Source of facts: project document "Wire protocols", section 3, cited as "ZaloPay v2, section …".

mod api;
mod checkout;
mod codes;
mod mac;
mod refund;
mod settings;
mod status;
mod webhook;
mod wire;

#[cfg(test)]
mod vectors;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{ChannelKind, Names, Provider};
use std::sync::Arc;

pub use settings::{CREDENTIALS, Settings, SettingsError};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "zalopay";

/// Makes the provider of one contract with ZaloPay.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    http: reqwest::Client,
) -> Result<Provider, SettingsError> {
    let merchant = Some(settings.app_id.to_string());
    let wallet = Arc::new(Wallet::new(settings, http)?);
    Ok(Provider {
        checkout: Some(wallet.clone()),
        webhook: Some(wallet.clone()),
        status: Some(wallet.clone()),
        refunds: Some(wallet),
        merchant,
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Ví ZaloPay", en: "ZaloPay wallet" }, ChannelKind::Wallet),
        )
    })
}

/// One app at ZaloPay; the capabilities are its trait implementations, one module each.
struct Wallet {
    settings: Settings,
    keys: mac::Keys,
    http: reqwest::Client,
}

impl Wallet {
    fn new(settings: Settings, http: reqwest::Client) -> Result<Self, SettingsError> {
        settings.check()?;
        let keys = mac::Keys::new(&settings);
        Ok(Self { settings, keys, http })
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
    fn the_provider_has_checkout_webhook_status_and_refunds() {
        let profile = ProfileCode::new("zalopay_main").expect("code");
        let ours = provider(profile, vec![], settings(), http()).expect("good settings");
        assert_eq!((ours.channel.as_str(), ours.merchant.as_deref()), ("zalopay", Some("2553")));
        assert!(ours.checkout.is_some() && ours.webhook.is_some() && ours.status.is_some() && ours.refunds.is_some());
    }
}

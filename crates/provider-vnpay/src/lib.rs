//! The adapter for the VNPAY gateway, protocol 2.1.0: payment link, IPN, querydr and refund.
//! It refuses: anything whose HMAC-SHA512 does not fit, another terminal's calls, amounts that are not whole đồng.
//! It does not have: the obsolete 2.0.x form with `vnp_SecureHashType`.
//!
//! Source of facts: project document "Wire protocols", section 1, cited as "VNPAY 2.1.0, section …".

mod api;
mod checkout;
mod refund;
mod settings;
mod signature;
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
pub const CHANNEL: &str = "vnpay";

/// Makes the provider of one contract with VNPAY.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    http: reqwest::Client,
) -> Result<Provider, SettingsError> {
    let merchant = Some(settings.tmn_code.clone());
    let gateway = Arc::new(Gateway::new(settings, http)?);
    Ok(Provider {
        checkout: Some(gateway.clone()),
        webhook: Some(gateway.clone()),
        status: Some(gateway.clone()),
        // VNPAY grants them per terminal: one without the grant hears a refusal.
        refunds: Some(gateway),
        merchant,
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Cổng thanh toán VNPAY", en: "VNPAY gateway" }, ChannelKind::Gateway),
        )
    })
}

/// One terminal at VNPAY; the capabilities are its trait implementations, one module each.
struct Gateway {
    settings: Settings,
    keys: signature::Keys,
    http: reqwest::Client,
}

impl Gateway {
    fn new(settings: Settings, http: reqwest::Client) -> Result<Self, SettingsError> {
        settings.check()?;
        let keys = signature::Keys::new(settings.hash_secret.clone(), settings.hash_secret_next.clone());
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

    pub fn gateway() -> Gateway {
        Gateway::new(settings(), http()).expect("good settings")
    }

    #[test]
    fn the_provider_has_checkout_webhook_status_and_refunds() {
        let profile = ProfileCode::new("vnpay_main").expect("code");
        let ours = provider(profile, vec![], settings(), http()).expect("good settings");
        assert_eq!(ours.channel.as_str(), "vnpay");
        assert!(ours.checkout.is_some() && ours.webhook.is_some() && ours.status.is_some() && ours.refunds.is_some());
    }
}

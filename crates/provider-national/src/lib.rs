//! The adapter for the payment platform of the national public service portal (Nền tảng thanh toán trực tuyến, Cổng Dịch vụ
//! công Quốc gia), version string 1.0.6: INIT, CONFIRM, QUERY, GET_BILL. It refuses: a call whose hash does not fit or whose
//! values could be cut up otherwise, another partner's calls, a bill that is not the order's sum, a code that no document
//! gives a meaning as paid or failed.
//! It does not have: refunds (no document has a message for them), fines (`MaDichVu` 1), the look-up by dossier code.
//!
//! Source of facts: project document "Domain", section 3.1, and the two public code bases that it names, cited as "DVCQG
//! 1.0.6, section …". No document of the platform's own was to be had: `docs/channels/national.md` says what that leaves open.

mod api;
mod checkout;
mod receipt;
mod receipt_info;
mod settings;
mod signature;
mod status;
mod webhook;
mod wire;

#[cfg(test)]
mod vectors;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{ChannelKind, Names, Provider, Receipts};
use std::sync::Arc;

pub use settings::{CREDENTIALS, Settings, SettingsError};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "national";

/// Makes the provider of one contract with the platform.
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
    let platform = Arc::new(Platform::new(settings, http)?);
    let receipts = platform.settings.bill_url.is_some().then(|| platform.clone() as Arc<dyn Receipts>);
    Ok(Provider {
        checkout: Some(platform.clone()),
        webhook: Some(platform.clone()),
        status: Some(platform),
        receipts,
        merchant,
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Cổng Dịch vụ công Quốc gia", en: "National Public Service Portal" }, ChannelKind::National),
        )
    })
}

/// One partner code at the platform; the capabilities are its trait implementations, one module each.
struct Platform {
    settings: Settings,
    bank_codes: settings::BankCodes,
    keys: signature::Keys,
    http: reqwest::Client,
}

impl Platform {
    fn new(settings: Settings, http: reqwest::Client) -> Result<Self, SettingsError> {
        settings.check()?;
        let bank_codes = settings.bank_codes()?;
        let keys = signature::Keys::new(&settings);
        Ok(Self { settings, bank_codes, keys, http })
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

    pub fn platform() -> Platform {
        Platform::new(settings(), http()).expect("good settings")
    }

    #[test]
    fn only_a_contract_with_an_address_for_receipts_has_them_and_none_has_refunds() {
        let made = |bill_url: Option<&str>| {
            let profile = ProfileCode::new("national_main").expect("code");
            let settings = Settings { bill_url: bill_url.map(str::to_owned), ..settings() };
            provider(profile, vec![], settings, http()).expect("good settings")
        };
        let ours = made(Some("https://a.example/bill"));
        assert_eq!((ours.channel.as_str(), ours.kind), ("national", ChannelKind::National));
        assert!(ours.checkout.is_some() && ours.webhook.is_some() && ours.status.is_some() && ours.refunds.is_none());
        assert!(ours.receipts.is_some() && made(None).receipts.is_none());
    }
}

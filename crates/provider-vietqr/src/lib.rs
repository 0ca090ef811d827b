//! The adapter for bank transfers by VietQR: the QR is made here, and the account that it pays into is told of by SePay,
//! Casso or payOS and listed at SePay or Casso.
//! It refuses: what does not verify, signed times out of range, amounts that are not whole đồng, names given twice.
//! It does not have: a status (no bank answers for an order), Casso's old webhook (V1), SePay's BankHub and OAuth forms,
//! payOS's payment links.
//!
//! Source of facts: project document "Bank transfer protocol facts", cited as "Bank transfer, section …".

mod banks;
mod casso;
mod checkout;
mod listing;
mod payos;
pub mod qr;
mod sepay;
mod settings;
mod signature;
mod told;
mod wire;

#[cfg(test)]
mod vectors;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{ChannelKind, Names, Provider};
use std::sync::Arc;

pub use settings::{CREDENTIALS, Lister, Settings, SettingsError};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "vietqr";

/// Makes the provider of one collecting account and those who tell of it.
///
/// # Errors
/// When a setting is ill-formed, or one is given without another that it needs.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    http: reqwest::Client,
) -> Result<Provider, SettingsError> {
    settings.check()?;
    Ok(Provider {
        checkout: Some(Arc::new(checkout::Transfer::new(&settings))),
        account_webhooks: told::tellers(&settings),
        virtual_accounts: settings.virtual_account_prefix.clone(),
        movements: listing::lister(&settings, http),
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Chuyển khoản quét mã VietQR", en: "Bank transfer by VietQR" }, ChannelKind::Bank),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{full, least};
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

    fn made(settings: Settings) -> Provider {
        let profile = ProfileCode::new("bank_main").expect("code");
        provider(profile, vec![], settings, http()).expect("good settings")
    }

    #[test]
    fn the_provider_has_what_is_configured() {
        let ours = made(full());
        assert_eq!((ours.channel.as_str(), ours.kind), ("vietqr", ChannelKind::Bank));
        assert!(ours.checkout.is_some() && ours.webhook.is_none() && ours.status.is_none());
        let tellers: Vec<_> = ours.account_webhooks.iter().map(|w| (w.teller(), w.method())).collect();
        assert_eq!(tellers, [("sepay", "POST"), ("casso", "POST"), ("payos", "POST")]);
        assert_eq!(ours.movements.map(|m| m.teller()), Some("sepay"));
        assert_eq!(ours.virtual_accounts, full().virtual_account_prefix);
        let bare = made(least());
        assert!(bare.checkout.is_some() && bare.account_webhooks.is_empty() && bare.movements.is_none());
    }
}

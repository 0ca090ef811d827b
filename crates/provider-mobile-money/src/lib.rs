//! The adapter for a Mobile Money provider that speaks the GSMA Mobile Money API 1.2: merchant payment with the payer's
//! code or with a question on the payer's phone, request states, missing responses, reversal, heartbeat.
//! It refuses: a callback as proof of anything (the document signs none: it is a reason to ask), an answer about another
//! order, another currency, amounts that are not whole đồng, a status that the document does not name.
//! It does not have: quotations, bill payments (there the provider calls us), JOSE.
//!
//! Source of facts: the official OpenAPI 1.2.0 of the GSMA and project document "Bank transfer … Mobile Money", section 4,
//! cited as "GSMA 1.2, section …".

mod api;
mod checkout;
mod codes;
mod health;
mod limits;
mod object;
mod refund;
mod settings;
mod signature;
mod status;
mod token;
mod webhook;
mod wire;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{ChannelKind, Names, Provider};
use std::sync::Arc;
use volatile::Volatile;

pub use settings::{CREDENTIALS, Codes, CountsAs, Settings, SettingsError};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "mobile_money";

/// What a contract works with beside its settings.
#[derive(Clone)]
pub struct Surroundings {
    pub http: reqwest::Client,
    /// Where the access token is kept between processes.
    pub volatile: Volatile,
    /// Our own door for this contract's callbacks, without a query.
    pub webhook_url: String,
}

/// Makes the provider of one contract.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    surroundings: Surroundings,
) -> Result<Provider, SettingsError> {
    let merchant = Some(settings.credit_party.clone());
    let gateway = Arc::new(Gateway::new(profile.clone(), settings, surroundings)?);
    Ok(Provider {
        checkout: Some(gateway.clone()),
        // without a key for it no callback is asked for, and none is believed
        webhook: gateway.callbacks.is_some().then(|| gateway.clone() as Arc<dyn provider::Webhook>),
        status: Some(gateway.clone()),
        refunds: Some(gateway),
        merchant,
        ..Provider::bare(
            profile,
            beneficiaries,
            CHANNEL,
            (Names { vi: "Tiền di động (Mobile Money)", en: "Mobile Money" }, ChannelKind::MobileMoney),
        )
    })
}

/// One contract; the capabilities are its trait implementations, one module each.
struct Gateway {
    profile: ProfileCode,
    settings: Settings,
    limits: limits::Limits,
    callbacks: Option<signature::Keys>,
    surroundings: Surroundings,
}

impl Gateway {
    fn new(profile: ProfileCode, settings: Settings, surroundings: Surroundings) -> Result<Self, SettingsError> {
        settings.check()?;
        let limits = settings.limits()?;
        let next = settings.callback_key_next.clone();
        let callbacks = settings.callback_key.clone().map(|key| signature::Keys::new(key, next));
        Ok(Self { profile, settings, limits, callbacks, surroundings })
    }
}

#[cfg(test)]
mod tests;

//! Adapters for bill collection, where the other side calls: the BIDV-shaped `getbill` and `paybill` (`bidv`), and the bill
//! payments of the GSMA Mobile Money API 1.2 (`gsma`). Both let the caller take a token for Basic credentials and show it
//! with each call; what else proves a call is each document's own.
//! They refuse: a call from elsewhere than agreed, without a token of ours that has not run out, or whose checksum or hash is
//! not that of its content; amounts that are not whole đồng.
//!
//! Source of facts: project document "Bank transfer … Mobile Money", sections 2.6 and 4.5, cited as "Bills, section …", and the
//! official OpenAPI 1.2.0 of the GSMA for bill payments.

pub mod bidv;
mod caller;
mod day;
pub mod gsma;
mod parts;
mod settings;
mod token;

use domain::codes::{BeneficiaryCode, ProfileCode};
use provider::{Bills, ChannelKind, Names, Provider};
use std::sync::Arc;

pub use settings::SettingsError;

/// A contract under which nothing but bills is collected.
fn collecting(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    channel: &'static str,
    (names, kind): (Names, ChannelKind),
    bills: Arc<dyn Bills>,
) -> Provider {
    Provider { bills: Some(bills), ..Provider::bare(profile, beneficiaries, channel, (names, kind)) }
}

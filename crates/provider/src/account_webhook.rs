//! Somebody tells us of rows on a bank account of ours. As with any webhook, the signature is checked over the raw bytes
//! before a field is believed, and verification has no default.

use crate::webhook::{Acknowledgement, Answer, Refusal, Request};
use domain::account_report::AccountReport;
use jiff::Timestamp;

pub trait AccountWebhook: Send + Sync {
    /// The last but one part of the webhook's path: `sepay`, `casso`, `payos`.
    fn teller(&self) -> &'static str;

    fn method(&self) -> &'static str;

    /// The rows of one call, in its order; none where the call only tries whether we are there. `now` is when the call
    /// came: some tellers sign a time, and a call too far from it is forged.
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Vec<AccountReport>, Refusal>;

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer;
}

//! Listing an account: the safety net for notifications that were lost, since a transfer cannot be asked about.

use crate::error::ProviderError;
use async_trait::async_trait;
use domain::account_report::AccountReport;
use jiff::Timestamp;

/// A row of a listing with the bytes that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Why it is not to be read, where it is not: such a row is kept for a person, and hides no other.
    pub report: Result<AccountReport, String>,
    pub evidence: Vec<u8>,
}

#[async_trait]
pub trait Movements: Send + Sync {
    /// Who lists: `sepay`, `casso`.
    fn teller(&self) -> &'static str;

    /// All rows of the account that the teller states at or after `since`, pages joined; those of which it cannot be read
    /// whose they are among them. An answer that is cut short or no listing is an error: what is not listed must mean
    /// that it is not there.
    async fn list(&self, account_number: &str, since: Timestamp, now: Timestamp) -> Result<Vec<Listed>, ProviderError>;
}

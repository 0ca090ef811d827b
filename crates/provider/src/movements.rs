//! Listing an account: the safety net for notifications that were lost, since a transfer cannot be asked about.

use crate::error::ProviderError;
use async_trait::async_trait;
use domain::account_report::AccountReport;
use jiff::Timestamp;
use std::time::Duration;

/// A row of a listing with the bytes that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Why it is not to be read, where it is not: such a row is kept for a person, and hides no other.
    pub report: Result<AccountReport, String>,
    pub evidence: Vec<u8>,
}

/// What a listing is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub account_number: &'a str,
    /// Rows that the teller states at or after this.
    pub since: Timestamp,
    pub now: Timestamp,
    /// An answer that was asked for earlier is too old. A teller that lists all accounts in one answer need not be asked
    /// for each of them.
    pub not_before: Timestamp,
}

/// What a teller lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub rows: Vec<Listed>,
    /// When it was asked for.
    pub as_of: Timestamp,
}

/// When a teller may be called: all who call it wait here before each call.
#[async_trait]
pub trait Turns: Send + Sync {
    /// # Errors
    /// `TooOften` where the turn is too far away to be waited for.
    async fn next(&self) -> Result<(), ProviderError>;
}

/// Whoever asks is next: for one who asks alone.
#[derive(Debug, Clone, Copy)]
pub struct AtOnce;

#[async_trait]
impl Turns for AtOnce {
    async fn next(&self) -> Result<(), ProviderError> {
        Ok(())
    }
}

#[async_trait]
pub trait Movements: Send + Sync {
    /// Who lists: `sepay`, `casso`.
    fn teller(&self) -> &'static str;

    /// From one call to the next, at least.
    fn pace(&self) -> Duration;

    /// All rows of the account that are wanted, pages joined; those of which it cannot be read whose they are among them.
    /// An answer that is cut short or no listing is an error: what is not listed must mean that it is not there.
    async fn list(&self, wanted: Wanted<'_>, turns: &dyn Turns) -> Result<Listing, ProviderError>;
}

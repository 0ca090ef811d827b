//! How lines leave a reader while it reads, so that memory holds the bytes of the file and a few lines, not all.

use crate::money::Currency;
use crate::statement::{Balance, Kind, Line, Period};
use std::ops::ControlFlow;

/// What a reader hands over while it reads. **Nothing of it counts until [`crate::read_into`] has returned `Ok`**: the
/// balances and totals of a file are judged at its end, and an error means that all that was handed over is forgotten.
///
/// `Break` stops the reading with [`crate::Reason::Stopped`].
pub trait Sink {
    /// A new statement begins; the lines that follow are its own. Called also for a statement without lines.
    fn statement(&mut self, head: &Head) -> ControlFlow<()>;

    /// The next line of the current statement, in the order of the file (for a CSV with the newest row first: that
    /// order).
    fn line(&mut self, line: Line, state: LineState) -> ControlFlow<()>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    /// The money moved; the line counts in the balances.
    Booked,
    /// Announced only (camt `Sts` other than BOOK).
    Pending,
}

/// What stands above the lines of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub account: String,
    /// What names the bank that keeps the account: a BIC or a number (camt `Acct/Svcr`, MT940 `:25:` before its slash, `:25P:` below
    /// its account).
    pub banks: Vec<String>,
    pub currency: Currency,
    /// The bank's name for this statement; empty for a CSV, which has none.
    pub id: String,
    /// camt `ElctrncSeqNb`, MT940 `:28C:` without its page: a gap means a missing statement.
    pub sequence: Option<String>,
    /// camt `CpyDplctInd`: a copy or duplicate of a statement that was sent before, not to be booked twice.
    pub copy: bool,
    /// The days that the bank says the statement is about (camt `FrToDt`).
    pub period: Option<Period>,
    /// In [`Sink::statement`] it may still be missing: in a CSV with the newest row first, and in a camt that states
    /// its balances after its entries. In [`StatementSummary`] it is final; the other fields are the same in both.
    pub opening: Option<Balance>,
}

/// What a file held, once it was read whole and found to tie out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Of the bytes as they came, in lower-case hex.
    pub sha256: String,
    pub format: Kind,
    /// In the order of the file, which is that of the calls to [`Sink::statement`].
    pub statements: Vec<StatementSummary>,
}

/// One statement. Where both balances are there, opening + Σ booked lines = closing was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSummary {
    pub head: Head,
    /// Its date is the day on which every booked line of the statement has been booked; a CSV gives none.
    pub closing: Option<Balance>,
    /// Booked lines.
    pub lines: usize,
    pub pending: usize,
    /// The first and the last day of the booked lines, by booking date or, without one, value date.
    pub days: Option<Period>,
}

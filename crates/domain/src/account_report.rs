//! What somebody told us of one row on a bank account of ours: a notification, or a row of a listing. It is a report
//! like any other; that a statement says the same is what proves it.

use crate::money::Vnd;
use jiff::Timestamp;

/// Seen from the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// A credit.
    In,
    /// A debit.
    Out,
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One row, translated by its adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// The teller's own id of the row, with the teller before it: the same row told twice has the same key.
    pub source_key: String,
    /// Who tells: `sepay`, `casso`, `payos`. An account's settings say whether it uses the bank's references.
    pub teller: &'static str,
    pub account_number: String,
    /// The number (BIN) of the bank that keeps the account, where the teller names one that we know. Numbers of accounts are
    /// each bank's own.
    pub bank_bin: Option<&'static str>,
    /// The number that the payer typed, where it is not the account's own.
    pub virtual_account: Option<String>,
    pub direction: Direction,
    /// Above zero.
    pub amount: Vnd,
    /// The reference of the transfer as told; absent where the teller has none.
    pub bank_ref: Option<String>,
    /// What came with the transfer: the payer's words among the banks'.
    pub text: String,
    /// As stated; absent where nothing or nothing readable is said.
    pub stated_at: Option<Timestamp>,
}

//! What a file says, in one shape for all formats.

use crate::money::{Currency, Money};
use jiff::civil::Date;

/// A file that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Of the bytes as they came, in lower-case hex.
    pub sha256: String,
    pub format: Kind,
    pub statements: Vec<Statement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `BkToCstmrStmt`: a statement with balances.
    Camt053,
    /// `BkToCstmrDbtCdtNtfctn`: a notification, without balances.
    Camt054,
    Mt940,
    Csv,
}

/// One account over one stretch of time. Where both balances are there, opening + Σ `lines` = closing was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub account: String,
    pub currency: Currency,
    /// The bank's name for this statement; empty for a CSV, which has none.
    pub id: String,
    /// camt `ElctrncSeqNb`, MT940 `:28C:` without its page: a gap means a missing statement.
    pub sequence: Option<String>,
    /// camt `CpyDplctInd`: a copy or duplicate of a statement that was sent before, not to be booked twice.
    pub copy: bool,
    /// The days that the bank says the statement is about (camt `FrToDt`).
    pub period: Option<Period>,
    pub opening: Option<Balance>,
    pub closing: Option<Balance>,
    /// What the bank has booked, in the order of the file.
    pub lines: Vec<Line>,
    /// What the bank has announced only (camt `Sts` other than BOOK). It moved no money and is in no balance.
    pub pending: Vec<Line>,
}

/// Both days belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    pub amount: Money,
    pub date: Option<Date>,
}

/// One movement of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counts from 1 within the statement, over `lines` and `pending` together.
    pub line_no: usize,
    pub booking_date: Option<Date>,
    pub value_date: Option<Date>,
    /// The account's view: a credit is positive, also when it reverses a debit.
    pub amount: Money,
    /// The bank's own name for the movement (camt `AcctSvcrRef`, MT940 after `//`).
    pub bank_ref: Option<String>,
    /// The account owner's name for it (camt `InstrId`, MT940 `:61:` subfield 7).
    pub owner_ref: Option<String>,
    pub end_to_end: Option<String>,
    pub counterparty: Counterparty,
    /// What the payer wrote, folds undone.
    pub text: String,
    /// MT940 `:61:` subfield 9: the bank's supplementary details.
    pub details: Option<String>,
    /// What kind of movement it is, in the bank's code (`PMNT/RCDT/DMCT`, `NTRF`).
    pub code: Option<String>,
    /// It takes back an earlier movement (camt `RvslInd`, MT940 `RC` and `RD`).
    pub reversal: bool,
    pub batch: Batch,
    /// Of a part: the bank's name for the whole entry, where it has one (camt `Ntry/AcctSvcrRef`).
    pub entry_ref: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counterparty {
    pub name: Option<String>,
    pub account: Option<String>,
    pub bank: Option<String>,
}

/// How a line stands to the entry of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// The line is the entry.
    No,
    /// One of `of` payments that the bank booked in one sum; `no` counts from 1. Parts may share a `bank_ref`.
    Part { no: usize, of: usize },
    /// `of` payments whose amounts are missing or in another currency, so the line is the sum. It carries the text of the
    /// entry only: a payer's words must not meet an amount that is not theirs.
    Unsplit { of: usize },
}

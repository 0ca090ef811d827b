//! Why a file was refused. Each reason means the same to the caller: nothing of the file is taken, also if lines were
//! handed over already, and a person looks at it. No reason repeats what a cell holds, so that a log of it names no payer.

use crate::money::Money;
use crate::place::Place;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct ReadError {
    pub at: Place,
    pub reason: Reason,
}

impl ReadError {
    pub(crate) const fn at(at: Place, reason: Reason) -> Self {
        Self { at, reason }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("neither camt nor MT940")]
    UnknownFormat,
    #[error("a limit is passed: {0}")]
    Limit(&'static str),
    #[error("encoding: {0}")]
    Encoding(&'static str),
    #[error("a DOCTYPE is never read")]
    Doctype,
    #[error("an entity other than the five predefined, or no character")]
    Entity,
    #[error("not well formed: {0}")]
    Malformed(&'static str),
    #[error("not a camt.053 or camt.054 of version 2 to 13")]
    NotCamt,
    #[error("an interim report (MT942), not a statement")]
    Interim,
    #[error("no statement in the file")]
    NoStatement,
    #[error("the file ends too early")]
    Truncated,
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} appears twice")]
    Twice(String),
    #[error("{0} is not expected here")]
    Unexpected(String),
    #[error("{0} does not fit its format")]
    Unfit(String),
    #[error("another currency than the statement's")]
    OtherCurrency,
    #[error("opening balance and lines give {computed}, the closing balance says {stated}")]
    Balance { computed: Money, stated: Money },
    #[error("the page before closed with {closed}, this one opens with {opened}")]
    PageBalance { closed: Money, opened: Money },
    #[error("gross less fee is {computed}, the net amount says {stated}")]
    Net { computed: Money, stated: Money },
    #[error("a total of the file does not agree with its lines: {0}")]
    Total(&'static str),
    #[error("an amount is too large")]
    Overflow,
    #[error("the receiver of the lines stopped the reading")]
    Stopped,
    #[error("column {column} holds {holds}, which is not read there")]
    Cell { column: usize, holds: &'static str },
    #[error("the workbook: {0}")]
    Workbook(&'static str),
    #[error("the profile cannot be used: {0}")]
    Profile(&'static str),
}

//! Remittances to the treasury: prepared for a period from the books, approved by a second person, and known to have left only
//! when a statement shows the debit. What follows what, and what an amount is, stands in `domain::remittance`.
//!
//! A remittance rests on money that stood on a bank account of ours when its period ended: what a provider holds still, or a
//! drawer, cannot be transferred, and may yet be taken back without us. What a provider kept for its service is no part of it:
//! the fee is remitted as it was collected, the agency pays the provider.

mod decide;
mod due;
mod prepare;
mod statement;

pub use decide::{Cancel, cancel};
pub(crate) use decide::{approved, dropped};
pub use due::{Unprepared, unprepared};
pub use prepare::{Preparation, prepare, preview};
pub(crate) use statement::{explain_debits, named_debits};

use crate::reply::IdempotencyError;
use crate::retry::Retryable;
use domain::approval::ApprovalKind;
use domain::cause::Cause;
use domain::changes::{Changes, step};
use domain::remittance::RemittanceStatus;
use jiff::civil::Date;
use storage::StorageError;
use storage::remittances::{Item, Stored};

#[derive(Debug, thiserror::Error)]
pub enum RemitError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such beneficiary or remittance")]
    Absent,
    #[error("the period has not ended in Hanoi")]
    NotOver,
    #[error("it was prepared up to {0}")]
    Prepared(Date),
    #[error("statements do not show {0} up to the end of the period")]
    NotShown(String),
    #[error("lines of the period are being matched")]
    BeingMatched,
    #[error("nothing is to be remitted")]
    Nothing,
    #[error("the remittance is {0}")]
    Over(RemittanceStatus),
    #[error("only who prepared it takes it back before it is decided")]
    NotYours,
    #[error("a statement shows its debit, which is being matched")]
    DebitSeen,
    #[error("a debit with its code is an open case")]
    DebitOpen,
}

impl Retryable for RemitError {
    fn is_retryable(&self) -> bool {
        let first = |e: &StorageError| {
            ["remittance_reference_unique", "remittance_periods_apart", "remittance_line_once"]
                .iter()
                .any(|name| e.is_conflict(name))
        };
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e) || first(e))
    }
}

pub(crate) const KIND: ApprovalKind = ApprovalKind::Remittance;

/// A remittance with what it says of each fee.
#[derive(Debug, Clone)]
pub struct Whole {
    pub stored: Stored,
    pub items: Vec<Item>,
}

/// One step of a remittance, and nothing else.
fn stepped(stored: &Stored, cause: Cause) -> Result<Changes, StorageError> {
    let (taken, _) =
        step(stored.id, stored.version, stored.status, cause).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    Ok(Changes { remittances: vec![taken], ..Changes::default() })
}

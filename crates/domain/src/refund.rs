//! A refund: its states, its lines, and what may be asked for.

use crate::allocation::Home;
use crate::ids::{ObligationId, RefundId};
use crate::money::Vnd;
use crate::moving::Part;
use crate::states::words;

words! {
    RefundStatus {
        PendingApproval = "pending_approval", Approved = "approved", Rejected = "rejected", Cancelled = "cancelled",
        Submitted = "submitted", AwaitingStatement = "awaiting_statement", Succeeded = "succeeded", Failed = "failed",
        Unknown = "unknown",
    }
}

impl RefundStatus {
    /// Whether its đồng are taken from what may be refunded: everything that is not over without money having moved. What
    /// nobody knows of counts as taken.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Rejected | Self::Cancelled | Self::Failed)
    }

    /// Whether nobody can have paid it out by now: what it rests on may go, and it with it.
    pub const fn is_unmade(self) -> bool {
        matches!(self, Self::PendingApproval | Self::Approved | Self::AwaitingStatement)
    }
}

words! {
    /// What becomes of the obligations whose money goes back.
    Closing { Reopen = "reopen", Close = "close" }
}

/// A part of a refund: all that the payment gave an obligation, or money of it in suspense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundLine {
    pub obligation_id: Option<ObligationId>,
    pub amount: Vnd,
}

/// A refund as it stands under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundState {
    pub id: RefundId,
    pub status: RefundStatus,
    pub version: i32,
    pub closing: Closing,
    pub lines: Vec<RefundLine>,
}

impl RefundState {
    pub fn amount(&self) -> Vnd {
        self.lines.iter().map(|l| l.amount).sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLines {
    #[error("a refund has a line for each obligation, and one for what is in suspense")]
    Repeated,
    #[error("a line takes all that the payment gave its obligation: {whole}")]
    NotWhole { obligation_id: ObligationId, whole: Vnd },
    #[error("suspense holds {held} of the payment")]
    NotHeld { held: Vnd },
    #[error("the lines ask for more than may be refunded")]
    TooMuch,
}

/// Holds lines against where the payment's money is. `refundable`: what no other refund has taken.
/// `gone`: what has left of it past us; it waits in suspense, and goes to nobody.
pub fn check_lines(lines: &[RefundLine], own: &[Part], refundable: Vnd, gone: Vnd) -> Result<(), BadLines> {
    let mut seen = std::collections::BTreeSet::new();
    if lines.is_empty() || !lines.iter().all(|l| seen.insert(l.obligation_id)) {
        return Err(BadLines::Repeated);
    }
    for line in lines {
        match line.obligation_id {
            Some(id) => {
                let whole = own.iter().filter(|p| p.home == Home::Obligation(id)).map(|p| p.amount).sum();
                if line.amount != whole || !line.amount.is_positive() {
                    return Err(BadLines::NotWhole { obligation_id: id, whole });
                }
            }
            None => {
                let held: Vnd = own.iter().filter(|p| matches!(p.home, Home::Suspense(_))).map(|p| p.amount).sum();
                let held = held.less(gone);
                if line.amount > held || !line.amount.is_positive() {
                    return Err(BadLines::NotHeld { held });
                }
            }
        }
    }
    if lines.iter().map(|l| l.amount).sum::<Vnd>() > refundable { Err(BadLines::TooMuch) } else { Ok(()) }
}

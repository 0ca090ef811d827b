//! Double entry: accounts, legs and journals. A journal that does not balance cannot be made.

use crate::cause::Cause;
use crate::codes::{BeneficiaryCode, ProfileCode};
use crate::ids::{ObligationId, PaymentId};
use crate::money::Vnd;
use crate::payment::SuspenseReason;
use crate::states::words;
use jiff::civil::Date;
use std::fmt;

words! {
    AccountKind {
        Clearing = "clearing", Bank = "bank", InTransit = "in_transit", Drawer = "drawer", Obligation = "obligation",
        Suspense = "suspense", RefundPayable = "refund_payable", Fee = "fee", Remitted = "remitted",
        WrittenOff = "written_off", Opening = "opening",
    }
}

/// Where đồng are. Debit is plus, credit is minus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a provider holds for us until it pays out.
    Clearing(ProfileCode),
    Obligation(BeneficiaryCode),
    Suspense(SuspenseReason),
}

impl Account {
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Clearing(_) => AccountKind::Clearing,
            Self::Obligation(_) => AccountKind::Obligation,
            Self::Suspense(_) => AccountKind::Suspense,
        }
    }
}

/// `clearing:<profile>`, `obligation:<beneficiary>`, `suspense:<reason>` (contract, "The books").
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clearing(profile) => write!(f, "clearing:{profile}"),
            Self::Obligation(beneficiary) => write!(f, "obligation:{beneficiary}"),
            Self::Suspense(reason) => write!(f, "suspense:{reason}"),
        }
    }
}

words! {
    /// What a journal books.
    JournalKind {
        /// A provider took the payer's money.
        Capture = "capture",
        /// Waiting money found its obligation, or another reason to wait.
        Reassignment = "reassignment",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub account: Account,
    /// Debit plus, credit minus, never zero.
    pub amount: Vnd,
    pub obligation_id: Option<ObligationId>,
    pub payment_id: PaymentId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    kind: JournalKind,
    cause: Cause,
    business_date: Date,
    legs: Vec<Leg>,
}

/// A booking that would make or lose money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} does not balance: {legs} legs sum to {sum}")]
pub struct Unbalanced {
    pub kind: JournalKind,
    pub legs: usize,
    pub sum: Vnd,
}

impl Journal {
    /// At least two legs, none of zero, together zero (I01, I02).
    pub fn new(kind: JournalKind, cause: Cause, business_date: Date, legs: Vec<Leg>) -> Result<Self, Unbalanced> {
        let sum: Vnd = legs.iter().map(|leg| leg.amount).sum();
        if legs.len() < 2 || !sum.is_zero() || legs.iter().any(|leg| leg.amount.is_zero()) {
            return Err(Unbalanced { kind, legs: legs.len(), sum });
        }
        Ok(Self { kind, cause, business_date, legs })
    }

    pub fn kind(&self) -> JournalKind {
        self.kind
    }
    pub fn cause(&self) -> Cause {
        self.cause
    }
    pub fn business_date(&self) -> Date {
        self.business_date
    }
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }
}

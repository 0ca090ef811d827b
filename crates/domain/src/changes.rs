//! What one decision changes, as one whole: storage applies it in one commit or not at all.

use crate::allocation::Home;
use crate::attempt::AttemptStatus;
use crate::case::{CaseKind, CaseStatus};
use crate::cause::Cause;
use crate::event::Notice;
use crate::ids::{
    AttemptId, CaseId, IntentId, MovementId, ObligationId, PaymentId, ReceiptId, RefundId, RemittanceId, SightingId,
};
use crate::intent::IntentStatus;
use crate::ledger::Journal;
use crate::money::Vnd;
use crate::obligation::ObligationStatus;
use crate::receipt::ReceiptStatus;
use crate::refund::RefundStatus;
use crate::remittance::RemittanceStatus;
use crate::transition::{NoSuchEdge, Stateful};
use jiff::civil::Date;

/// One step of one thing along an edge of the table; `version` is the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<Id, Status> {
    pub id: Id,
    pub version: i32,
    pub from: Status,
    pub to: Status,
    pub cause: Cause,
}

/// A row of a payment's allocation; negative takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocationRow {
    pub payment_id: PaymentId,
    pub home: Home,
    pub amount: Vnd,
    /// The journal of the same changes that books it, by position.
    pub journal: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    pub kind: CaseKind,
    pub amount: Vnd,
    pub payment_id: Option<PaymentId>,
    pub sighting_id: Option<SightingId>,
    pub movement_id: Option<MovementId>,
    /// It tells of money of its payment that waits in suspense, and is closed when that has found its home.
    pub waits: bool,
    /// What it is about, as an id or a code; never personal data.
    pub subject: String,
    /// Whose day it belongs to (`bank:<account>`, `clearing:<profile>`), where it belongs to one.
    pub day: Option<(String, Date)>,
}

impl NewCase {
    pub fn new(kind: CaseKind, amount: Vnd, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        Self { kind, amount, payment_id: None, sighting_id: None, movement_id: None, waits: false, subject, day: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub obligations: Vec<Step<ObligationId, ObligationStatus>>,
    pub intents: Vec<Step<IntentId, IntentStatus>>,
    pub attempts: Vec<Step<AttemptId, AttemptStatus>>,
    pub refunds: Vec<Step<RefundId, RefundStatus>>,
    pub receipts: Vec<Step<ReceiptId, ReceiptStatus>>,
    pub remittances: Vec<Step<RemittanceId, RemittanceStatus>>,
    pub cases_closed: Vec<Step<CaseId, CaseStatus>>,
    pub cases_opened: Vec<NewCase>,
    pub journals: Vec<Journal>,
    pub allocations: Vec<AllocationRow>,
    pub notices: Vec<Notice>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes up what another decision of the same commit changes.
    pub fn append(&mut self, other: Self) {
        let offset = self.journals.len();
        self.obligations.extend(other.obligations);
        self.intents.extend(other.intents);
        self.attempts.extend(other.attempts);
        self.refunds.extend(other.refunds);
        self.receipts.extend(other.receipts);
        self.remittances.extend(other.remittances);
        self.cases_closed.extend(other.cases_closed);
        self.cases_opened.extend(other.cases_opened);
        self.journals.extend(other.journals);
        let moved = other.allocations.into_iter().map(|row| AllocationRow { journal: row.journal + offset, ..row });
        self.allocations.extend(moved);
        self.notices.extend(other.notices);
    }
}

/// Follows the edge of `from` for `cause`; also what is told of it.
pub fn step<Id, S: Stateful>(
    id: Id,
    version: i32,
    from: S,
    cause: Cause,
) -> Result<(Step<Id, S>, Option<crate::event::EventType>), NoSuchEdge> {
    let (to, event) = from.after(cause)?;
    Ok((Step { id, version: version + 1, from, to, cause }, event))
}

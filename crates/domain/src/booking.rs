//! What follows from money that a provider took or a bank account received: the one payment's journal, its allocations, and the states derived
//! from them. Pure: the facts come in under lock, the changes go out as one whole.
//!
//! | the money names | its amount | then |
//! |---|---|---|
//! | nothing of ours, or more than one | any | suspense `unidentified`, a case |
//! | ours, on an account that is not its beneficiary's | any | suspense `wrong_account`, a case; nothing settles |
//! | an order | not what the provider was told | suspense `amount_differs`, a case; nothing settles |
//! | ours, nothing due, something paid | any | suspense `duplicate`, a case |
//! | ours, nothing due, all cancelled | any | suspense `late`, a case |
//! | ours | with what waits, less than due | suspense `underpaid`, a case |
//! | ours | with what waits, enough | all that is due settles; the rest `overpaid`, a case |
//!
//! "Ours" is an attempt's order at a provider, whose amount we told, an intent's reference in the text of a transfer,
//! whose amount the payer typed, a bill that a bank asked for (`domain::bill`), whose amount we told, or what an officer
//! takes at a counter (`domain::counter`), which is what is due or nothing. A bill or a receipt names obligations and no
//! intent: nothing waits for it, and the live intents that hold what it settles follow.

use crate::allocation::{self, Home, Owed, Placement, Standing, Waiting};
use crate::attempt::AttemptStatus;
use crate::case::{CaseKind, CaseStatus};
use crate::cause::Cause;
use crate::changes::{AllocationRow, Changes, NewCase, step};
use crate::codes::BeneficiaryCode;
use crate::event::Notice;
use crate::ids::{AttemptId, CaseId, IntentId, ObligationId, PaymentId, SightingId};
use crate::intent::IntentStatus;
use crate::ledger::{Account, Journal, JournalKind, Leg, Unbalanced};
use crate::money::Vnd;
use crate::obligation::ObligationStatus;
use crate::payment::SuspenseReason;
use crate::transition::NoSuchEdge;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// An obligation as it stands under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationState {
    pub id: ObligationId,
    pub beneficiary: BeneficiaryCode,
    pub amount: Vnd,
    pub status: ObligationStatus,
    pub version: i32,
}

/// An intent as it stands under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentState {
    pub id: IntentId,
    pub status: IntentStatus,
    pub version: i32,
    pub obligation_ids: Vec<ObligationId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptState {
    pub id: AttemptId,
    pub intent_id: IntentId,
    pub amount: Vnd,
    pub status: AttemptStatus,
    pub version: i32,
}

/// A case that is not closed, as who may close it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCase {
    pub id: CaseId,
    pub payment_id: PaymentId,
    pub kind: CaseKind,
    /// It tells of money of the payment that waits in suspense. Another of the same kind tells of a movement, a report or a
    /// refund, and stays when that money finds its home.
    pub waits: bool,
    pub status: CaseStatus,
    pub version: i32,
}

impl OpenCase {
    /// Whether it tells of what this payment has in suspense for this reason.
    pub fn tells_of(&self, payment: PaymentId, reason: SuspenseReason) -> bool {
        self.waits && self.payment_id == payment && self.kind == case_of(reason)
    }
}

/// What the amount is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// The provider was told this amount.
    Told(Vnd),
    /// The payer typed the amount.
    Typed,
    /// It came to an account that is not the beneficiary's.
    WrongAccount,
}

/// What the money is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// All that an intent asks for.
    Intent(IntentId),
    /// These obligations, as a bill or a counter's receipt of this reference names them.
    Bill { reference: String, obligation_ids: Vec<ObligationId> },
}

impl Purpose {
    pub fn is(&self, intent: IntentId) -> bool {
        matches!(self, Self::Intent(own) if *own == intent)
    }
}

/// What stands behind the order, the reference or the bill that the money names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub purpose: Purpose,
    pub terms: Terms,
    /// The attempt that brought the money. A transfer may come without one.
    pub attempt: Option<AttemptState>,
    /// Another attempt of the same intent is committed at its provider.
    pub other_committed: bool,
    /// Those that the money is for first; then those of the other live intents that hold any of them.
    pub obligations: Vec<ObligationState>,
    /// The reference's own intent, and every live intent that holds one of the obligations that the money is for.
    pub intents: Vec<IntentState>,
    /// Oldest first.
    pub waiting: Vec<Waiting>,
    pub open_cases: Vec<OpenCase>,
}

/// The money itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMoney {
    pub payment_id: PaymentId,
    pub sighting_id: SightingId,
    /// Where it is: `clearing` of a provider, `in_transit` of an account, the `drawer` of a counter.
    pub from: Account,
    pub amount: Vnd,
    pub business_date: Date,
    /// The case's subject where nothing of ours answers to it: what the provider calls the order, or the account.
    pub subject: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    #[error(transparent)]
    Edge(#[from] NoSuchEdge),
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    #[error("the facts lack {0}")]
    Missing(&'static str),
}

/// Books money that was seen for the first time. With `named` = None nothing of ours answers to it.
pub fn book_money(money: &NewMoney, named: Option<&Named>) -> Result<Changes, BookingError> {
    let Some(named) = named else {
        let placement = allocation::held(money.payment_id, money.amount, SuspenseReason::Unidentified);
        return booked(money, &placement, &[], &money.subject);
    };
    let placement = placement_of(money, named)?;
    let mut changes = booked(money, &placement, &named.obligations, &subject_of(named))?;
    derive_states(&mut changes, &placement.settled, named)?;
    close_explained(&mut changes, &placement, named)?;
    Ok(changes)
}

/// Money that waits unidentified and whose order is known after all: it is placed as if it came now.
pub fn place_orphan(money: &NewMoney, case: Option<&OpenCase>, named: &Named) -> Result<Changes, BookingError> {
    let placement = placement_of(money, named)?;
    let mut changes = Changes::default();
    let from = Account::Suspense(SuspenseReason::Unidentified);
    let mut legs = vec![Leg::new(from, money.amount).of_payment(money.payment_id)];
    changes.allocations.push(AllocationRow {
        payment_id: money.payment_id,
        home: Home::Suspense(SuspenseReason::Unidentified),
        amount: -money.amount,
        journal: 0,
    });
    credit_portions(&mut changes, &mut legs, &placement, &named.obligations)?;
    changes.journals.push(Journal::new(JournalKind::Reassignment, Cause::Explained, money.business_date, legs)?);
    move_waiting(&mut changes, money, &placement, &named.obligations)?;
    open_cases(&mut changes, money, &placement, &subject_of(named));
    derive_states(&mut changes, &placement.settled, named)?;
    close_explained(&mut changes, &placement, named)?;
    if let Some(case) = case {
        changes.cases_closed.push(step(case.id, case.version, case.status, Cause::Explained)?.0);
    }
    Ok(changes)
}

fn placement_of(money: &NewMoney, named: &Named) -> Result<Placement, BookingError> {
    let nowhere = |reason| Ok(allocation::held(money.payment_id, money.amount, reason));
    match named.terms {
        Terms::Told(amount) if amount != money.amount => return nowhere(SuspenseReason::AmountDiffers),
        Terms::WrongAccount => return nowhere(SuspenseReason::WrongAccount),
        Terms::Told(_) | Terms::Typed => {}
    }
    let owed: Vec<Owed> =
        wanted(named)?.iter().map(|id| find(&named.obligations, *id).map(owed)).collect::<Result<_, BookingError>>()?;
    Ok(allocation::place(money.payment_id, money.amount, &owed, &named.waiting))
}

fn owed(obligation: &ObligationState) -> Owed {
    let standing = match obligation.status {
        ObligationStatus::Due => Standing::Due,
        ObligationStatus::Paid | ObligationStatus::Refunding => Standing::Covered,
        ObligationStatus::Cancelled | ObligationStatus::Refunded | ObligationStatus::Exempt => Standing::Gone,
    };
    Owed { obligation_id: obligation.id, amount: obligation.amount, standing }
}

fn booked(
    money: &NewMoney,
    placement: &Placement,
    obligations: &[ObligationState],
    subject: &str,
) -> Result<Changes, BookingError> {
    let mut changes = Changes::default();
    let mut legs = vec![Leg::new(money.from.clone(), money.amount).of_payment(money.payment_id)];
    credit_portions(&mut changes, &mut legs, placement, obligations)?;
    let (kind, cause) = match money.from {
        Account::InTransit(_) => (JournalKind::BankCredit, Cause::BankCredited),
        Account::Drawer(_) => (JournalKind::CashTaken, Cause::CounterTaken),
        _ => (JournalKind::Capture, Cause::ProviderCaptured),
    };
    changes.journals.push(Journal::new(kind, cause, money.business_date, legs)?);
    move_waiting(&mut changes, money, placement, obligations)?;
    open_cases(&mut changes, money, placement, subject);
    Ok(changes)
}

fn credit_portions(
    changes: &mut Changes,
    legs: &mut Vec<Leg>,
    placement: &Placement,
    obligations: &[ObligationState],
) -> Result<(), BookingError> {
    for portion in &placement.portions {
        let (account, obligation) = account_of(portion.home, obligations)?;
        legs.push(Leg::new(account, -portion.amount).of_obligation(obligation).of_payment(portion.payment_id));
        changes.allocations.push(AllocationRow {
            payment_id: portion.payment_id,
            home: portion.home,
            amount: portion.amount,
            journal: changes.journals.len(),
        });
    }
    Ok(())
}

/// Earlier money that this payment completes, in a journal of its own.
fn move_waiting(
    changes: &mut Changes,
    money: &NewMoney,
    placement: &Placement,
    obligations: &[ObligationState],
) -> Result<(), BookingError> {
    let mut legs = Vec::new();
    for m in &placement.moves {
        let (to, obligation) = account_of(m.to, obligations)?;
        legs.push(Leg::new(Account::Suspense(m.from), m.amount).of_payment(m.payment_id));
        legs.push(Leg::new(to, -m.amount).of_obligation(obligation).of_payment(m.payment_id));
        let (payment_id, journal) = (m.payment_id, changes.journals.len());
        let from = Home::Suspense(m.from);
        changes.allocations.push(AllocationRow { payment_id, home: from, amount: -m.amount, journal });
        changes.allocations.push(AllocationRow { payment_id, home: m.to, amount: m.amount, journal });
    }
    if !legs.is_empty() {
        changes.journals.push(Journal::new(JournalKind::Reassignment, Cause::Explained, money.business_date, legs)?);
    }
    Ok(())
}

fn account_of(home: Home, obligations: &[ObligationState]) -> Result<(Account, Option<ObligationId>), BookingError> {
    Ok(match home {
        Home::Obligation(id) => (Account::Obligation(find(obligations, id)?.beneficiary.clone()), Some(id)),
        Home::Suspense(reason) => (Account::Suspense(reason), None),
        Home::Refund(_) => (Account::RefundPayable, None),
        Home::WrittenOff => (Account::WrittenOff, None),
    })
}

fn open_cases(changes: &mut Changes, money: &NewMoney, placement: &Placement, subject: &str) {
    let held = placement.portions.iter().map(|p| (p.payment_id, p.amount, p.home));
    let relabelled = placement.moves.iter().map(|m| (m.payment_id, m.amount, m.to));
    for (payment_id, amount, home) in held.chain(relabelled) {
        if let Home::Suspense(reason) = home {
            changes.cases_opened.push(NewCase {
                payment_id: Some(payment_id),
                sighting_id: (payment_id == money.payment_id).then_some(money.sighting_id),
                waits: true,
                day: money.from.scope().map(|scope| (scope, money.business_date)),
                ..NewCase::new(case_of(reason), amount, subject)
            });
        }
    }
}

/// The kind of case that money in a suspense account is.
pub const fn case_of(reason: SuspenseReason) -> CaseKind {
    match reason {
        SuspenseReason::AmountDiffers => CaseKind::AmountDiffers,
        SuspenseReason::Duplicate => CaseKind::DuplicatePayment,
        SuspenseReason::Late => CaseKind::Late,
        SuspenseReason::Overpaid => CaseKind::Overpaid,
        SuspenseReason::RefundReturned => CaseKind::StatusDiffers,
        SuspenseReason::Unidentified => CaseKind::Unidentified,
        SuspenseReason::Underpaid => CaseKind::Underpaid,
        SuspenseReason::WrongAccount => CaseKind::WrongAccount,
    }
}

/// Obligations, the attempt, the reference's own intent, and other live intents that held what was settled.
fn derive_states(changes: &mut Changes, settled: &[ObligationId], named: &Named) -> Result<(), BookingError> {
    for &id in settled {
        let o = find(&named.obligations, id)?;
        let (step, event) = step(o.id, o.version, o.status, Cause::Settled)?;
        changes.obligations.push(step);
        changes.notices.extend(event.map(|event| Notice::Obligation(id, event)));
    }
    // a provider has taken its order's money, settled or not; a transfer serves its attempt when it settles something
    let served = |_: &&AttemptState| matches!(named.terms, Terms::Told(_)) || !settled.is_empty();
    if let Some(attempt) = named.attempt.as_ref().filter(served).filter(|a| a.status != AttemptStatus::Succeeded) {
        changes.attempts.push(step(attempt.id, attempt.version, attempt.status, Cause::ProviderCaptured)?.0);
    }
    let told = matches!(named.terms, Terms::Told(_));
    let settled: BTreeSet<_> = settled.iter().copied().collect();
    for intent in &named.intents {
        let own = named.purpose.is(intent.id);
        let cause = match intent_cause(intent, own, &settled, named)? {
            Some(cause) => cause,
            None if own && told && intent.status == IntentStatus::Processing && !named.other_committed => {
                Cause::AttemptUnsettled
            }
            None => continue,
        };
        let (step, event) = step(intent.id, intent.version, intent.status, cause)?;
        changes.intents.push(step);
        changes.notices.extend(event.map(|event| Notice::Intent(intent.id, event)));
    }
    Ok(())
}

fn intent_cause(
    intent: &IntentState,
    own: bool,
    settled: &BTreeSet<ObligationId>,
    named: &Named,
) -> Result<Option<Cause>, BookingError> {
    let touched = intent.obligation_ids.iter().any(|id| settled.contains(id));
    if !touched || intent.status == IntentStatus::Paid || !(own || intent.status.is_live()) {
        return Ok(None);
    }
    for id in &intent.obligation_ids {
        let still_due = find(&named.obligations, *id)?.status == ObligationStatus::Due && !settled.contains(id);
        if still_due {
            return Ok(None);
        }
    }
    Ok(Some(Cause::Settled))
}

/// Cases of earlier money that has found a home are closed by it.
fn close_explained(changes: &mut Changes, placement: &Placement, named: &Named) -> Result<(), BookingError> {
    for w in &named.waiting {
        let gone: Vnd = placement
            .moves
            .iter()
            .filter(|m| m.payment_id == w.payment_id && m.from == w.reason)
            .map(|m| m.amount)
            .sum();
        if gone != w.amount || !w.gone.is_zero() {
            continue;
        }
        for case in named.open_cases.iter().filter(|c| c.tells_of(w.payment_id, w.reason)) {
            changes.cases_closed.push(step(case.id, case.version, case.status, Cause::Explained)?.0);
        }
    }
    Ok(())
}

/// The obligations that the money is for, in the order in which they are settled.
fn wanted(named: &Named) -> Result<&[ObligationId], BookingError> {
    match &named.purpose {
        Purpose::Intent(id) => {
            let own = named.intents.iter().find(|i| i.id == *id).ok_or(BookingError::Missing("the named intent"))?;
            Ok(&own.obligation_ids)
        }
        Purpose::Bill { obligation_ids, .. } => Ok(obligation_ids),
    }
}

/// What a case about the money calls it.
fn subject_of(named: &Named) -> String {
    match &named.purpose {
        Purpose::Intent(id) => id.to_string(),
        Purpose::Bill { reference, .. } => reference.clone(),
    }
}

fn find(obligations: &[ObligationState], id: ObligationId) -> Result<&ObligationState, BookingError> {
    obligations.iter().find(|o| o.id == id).ok_or(BookingError::Missing("an obligation of the intent"))
}

//! A person says what becomes of a case, another one decides.
//!
//! | action | of | then |
//! |---|---|---|
//! | `assign_to_obligations` | waiting money of a payment, as far as it has not left past us, and unless it may be another payment's | the named obligations are paid by it; the rest waits as `overpaid` |
//! | `refund_to_payer` | the same | a refund is proposed; its approval is the decision (`refund`) |
//! | `same_movement` | `missing_at_provider` of a payment on an account | it is the money of the named payment, which a line brought: the one of which all waits unidentified is no payment (`match_movements::leftover`) |
//! | `write_off` | money that waits in suspense, a payment's or nobody's | it is nobody's, or a loss (`write_off`) |
//! | `reopen_obligations` | a `chargeback` whose debit nobody explains, of a payment that stands | what the payment pays is due again; the case stays, for what is lost (`reopen_obligations`) |
//! | `reinstate` | a closed case that was written off | it waits again, under a new case |
//! | `accept_difference` | a case whose money does not wait in suspense, nor is on its way; another fee than the contract's | it is closed |
//!
//! A proposed case stays in lists until it is decided, and is open again when it is rejected or taken back, or when somebody
//! would approve it and what it rests on has changed; one that late data explain is closed all the same, and the proposal is stale.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::match_movements::{self, leftover};
use crate::move_money;
use crate::proposal::{self, Draft, Render};
use crate::reopen_obligations;
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use crate::write_off;
use domain::allocation::Home;
use domain::approval::ApprovalKind;
use domain::booking::{OpenCase, case_of};
use domain::case::{CaseKind, CaseStatus};
use domain::cause::Cause;
use domain::changes::{Changes, step};
use domain::moving::{self, MoveError};
use domain::obligation::ObligationStatus;
use domain::payment::SuspenseReason;
use domain::{CaseId, MovementId, ObligationId, PaymentId, Vnd, fee};
use dossier::PaidBy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use storage::approvals::Approval;
use storage::case_list::{self, Listed};
use storage::cases::{self, Decided};
use storage::unit::Unit;
use storage::{StorageError, Tx, idempotency, movements, payments};

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    AssignToObligations {
        obligation_ids: Vec<String>,
    },
    SameMovement {
        payment_id: String,
    },
    AcceptDifference,
    /// `given`: what waits, as it was proposed.
    WriteOff {
        reason_code: String,
        #[serde(default)]
        given: Vec<write_off::Shown>,
    },
    /// `reopens`: what is due again, as it was proposed.
    ReopenObligations {
        #[serde(default)]
        reopens: Vec<reopen_obligations::Reopened>,
    },
    /// `given`: what waits again.
    Reinstate {
        #[serde(default)]
        given: Vec<write_off::Shown>,
    },
}

#[derive(Debug, Clone)]
pub struct Proposal {
    /// As the person sees it.
    pub case: Listed,
    pub action: Action,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such case")]
    Absent,
    #[error("it concerns beneficiaries that the person does not see all of")]
    NotOfAll,
    #[error("the case is {0}")]
    NotOpen(CaseStatus),
    #[error("the case's money waits in suspense or is on its way: say where it goes, or which line it is")]
    MoneyWaits,
    #[error(
        "the payment is not there, has no line, is of another account, amount or number of the bank, or people have placed it"
    )]
    NotTheSame,
    #[error("no money of the case waits")]
    NoMoney,
    #[error("some of it has left past us: the debit that says so is written off, and takes it along")]
    MoneyLeft,
    #[error("no statement or settlement file shows both credits, or it may be the money of another payment")]
    NotProven,
    #[error("nothing of the case is written off")]
    NotWrittenOff,
    #[error("the payment pays nothing that an unexplained debit of the case has taken back whole")]
    NothingToReopen,
    #[error("an obligation is not there, not due, or of another beneficiary")]
    Obligation,
    #[error("the obligations owe more than waits: {0}")]
    TooMuch(Vnd),
}

impl Retryable for ResolveError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// The suspense account that a kind of case tells of.
pub fn reason_of(kind: CaseKind) -> Option<SuspenseReason> {
    SuspenseReason::ALL.iter().copied().find(|reason| case_of(*reason) == kind)
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(
    ctx: &Context,
    proposal: &Proposal,
    key: &idempotency::Request,
    render: Render<'_>,
) -> Result<Reply, ResolveError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, key, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(
    tx: &Tx,
    p: &Proposal,
    key: &idempotency::Request,
    render: Render<'_>,
) -> Result<Reply, ResolveError> {
    if let Some(reply) = proposal::begin::<ResolveError>(tx, key).await? {
        return Ok(reply);
    }
    let draft = drafted(tx, p).await?;
    let by = proposal::By { caller: &p.caller, idempotency: key, note: &p.note, now: p.now };
    proposal::keep(tx, &by, draft, render).await.map_err(|e| match e {
        // of a closed case nothing but the approval says that it waits
        e if e.is_conflict("approval_pending_once") => ResolveError::NotOpen(CaseStatus::Proposed),
        e => e.into(),
    })
}

/// What would be kept of the proposal.
pub(crate) async fn drafted(tx: &Tx, p: &Proposal) -> Result<Draft<Action>, ResolveError> {
    let concerned = concerned(tx, p.case.id, &p.action).await?;
    if !proposal::reaches(p.beneficiaries.as_deref(), &concerned) {
        return Err(ResolveError::NotOfAll);
    }
    let (action, changes) = possible(tx, p, &concerned).await?;
    Ok(Draft {
        kind: ApprovalKind::CaseResolution,
        action: "resolution_proposed",
        subject: p.case.id.to_string(),
        beneficiaries: concerned,
        payload: action,
        changes,
    })
}

/// What is proposed, with what it rests on, and what becomes of the case meanwhile.
async fn possible(tx: &Tx, p: &Proposal, concerned: &[String]) -> Result<(Action, Changes), ResolveError> {
    // the payment before its case, as everywhere
    let waiting = waiting(tx, p).await?;
    let named = match p.action {
        Action::WriteOff { .. } | Action::Reinstate { .. } | Action::ReopenObligations { .. } => {
            write_off::lock(tx, p.case.payment_id, p.now).await?
        }
        _ => None,
    };
    let decided = cases::lock(tx, p.case.id).await?.ok_or(ResolveError::Absent)?;
    let expected = if matches!(p.action, Action::Reinstate { .. }) { CaseStatus::Closed } else { CaseStatus::Open };
    if decided.case.status != expected {
        return Err(ResolveError::NotOpen(decided.case.status));
    }
    let action = match &p.action {
        Action::WriteOff { reason_code, .. } => {
            let given = write_off::wanted(tx, named.as_ref(), &decided, p.now).await?;
            Action::WriteOff { reason_code: reason_code.clone(), given }
        }
        Action::ReopenObligations { .. } => {
            Action::ReopenObligations { reopens: reopen_obligations::wanted(tx, named.as_ref(), &decided).await? }
        }
        Action::Reinstate { .. } => {
            let given = write_off::given_up(tx, named.as_ref(), p.case.id).await?;
            return Ok((Action::Reinstate { given }, Changes::default()));
        }
        others => {
            may_be(tx, p, &waiting, concerned).await?;
            others.clone()
        }
    };
    let mut changes = Changes::default();
    changes.cases_closed.push(stepped(&decided.case, Cause::ResolutionProposed)?);
    Ok((action, changes))
}

async fn may_be(tx: &Tx, p: &Proposal, waiting: &Waits, concerned: &[String]) -> Result<(), ResolveError> {
    match &p.action {
        Action::AcceptDifference if !waiting.held.is_zero() || waits_without_payment(tx, &p.case).await? => {
            return Err(ResolveError::MoneyWaits);
        }
        Action::AcceptDifference => {}
        Action::SameMovement { payment_id } => {
            let told = missing(&p.case).ok_or(ResolveError::NotTheSame)?;
            let booked = payment_id.parse().map_err(|_| ResolveError::NotTheSame)?;
            leftover::may_be_same(tx, told, booked).await?.ok_or(ResolveError::NotTheSame)?;
        }
        Action::AssignToObligations { .. } if waiting.held.is_zero() => return Err(ResolveError::NoMoney),
        Action::AssignToObligations { obligation_ids } => {
            payable(tx, obligation_ids, concerned, waiting.there).await?;
            if may_be_anothers(tx, p.case.payment_id).await? {
                return Err(ResolveError::NotProven);
            }
        }
        Action::WriteOff { .. } | Action::Reinstate { .. } | Action::ReopenObligations { .. } => {}
    }
    Ok(())
}

/// Whom the case concerns, and the payment that is said to be the same money: nobody may know yet whose that is. Of what was proposed
/// `storage::approvals::concerned` says the same.
async fn concerned(tx: &Tx, case: CaseId, action: &Action) -> Result<Vec<String>, StorageError> {
    let mut codes: BTreeSet<String> = case_list::beneficiaries(tx, case).await?.into_iter().collect();
    if let Action::SameMovement { payment_id } = action
        && let Ok(booked) = payment_id.parse()
    {
        codes.extend(payments::beneficiaries(tx, booked).await?);
    }
    Ok(codes.into_iter().collect())
}

/// How much of a payment waits for the reason that a case tells of.
#[derive(Default)]
struct Waits {
    held: Vnd,
    /// Of it, what has not left past us.
    there: Vnd,
}

async fn waiting(tx: &Tx, p: &Proposal) -> Result<Waits, ResolveError> {
    let kind: CaseKind = p.case.kind.parse().map_err(|_| StorageError::Unreadable("a kind of case".to_owned()))?;
    let (Some(reason), Some(payment), true) = (reason_of(kind), p.case.payment_id, p.case.waits) else {
        return Ok(Waits::default());
    };
    let locked = move_money::lock(tx, payment, &[], p.now).await?;
    let waits = |l: move_money::Locked| Waits { held: held(&l, reason), there: l.scene.there(l.payment.id, reason) };
    Ok(locked.map(waits).unwrap_or_default())
}

/// What the payment has in suspense for this reason.
fn held(locked: &move_money::Locked, reason: SuspenseReason) -> Vnd {
    let own = |part: &&moving::Part| part.payment_id == locked.payment.id && part.home == Home::Suspense(reason);
    locked.scene.parts.iter().filter(own).map(|part| part.amount).sum()
}

/// The payment that a case misses the line of.
fn missing(case: &Listed) -> Option<PaymentId> {
    case.payment_id.filter(|_| case.kind == CaseKind::MissingAtProvider.as_str())
}

/// A payment on its way to an account, a debit that nobody explains, a row of a settlement file: money that waits in suspense and is no payment's, also where the
/// case names the payment that was given back past us.
async fn waits_without_payment(tx: &Tx, case: &Listed) -> Result<bool, StorageError> {
    if let Some(movement) = &case.movement_id {
        let movement: MovementId = movement.parse().map_err(|_| StorageError::Unreadable("a movement".to_owned()))?;
        return movements::is_unexplained(tx, movement).await;
    }
    if let Some(payment) = missing(case) {
        return storage::leftover::is_awaited(tx, payment).await;
    }
    Ok(match case.kind.parse() {
        Ok(CaseKind::MissingInBooks | CaseKind::RefundWithoutPayment) => true,
        // of a payment, the difference stays in clearing; what a provider kept is its fee, as its file says
        Ok(CaseKind::AmountDiffers) => case.payment_id.is_none() && !fee::is_of_fee(&case.subject),
        _ => false,
    })
}

/// Whether it may be the money of another payment, of which it would be had once more (`match_movements`).
async fn may_be_anothers(tx: &Tx, payment: Option<PaymentId>) -> Result<bool, StorageError> {
    match payment {
        Some(payment) => match_movements::may_be_anothers(tx, payment).await,
        None => Ok(false),
    }
}

async fn payable(tx: &Tx, wanted: &[String], beneficiaries: &[String], waiting: Vnd) -> Result<(), ResolveError> {
    let ids = ids_of(wanted).ok_or(ResolveError::Obligation)?;
    let uuids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let found = storage::obligations::lock_by_ids(tx, &uuids).await?;
    let ours = |o: &domain::obligation::Obligation| {
        o.status == ObligationStatus::Due && beneficiaries.iter().any(|b| b == o.terms.beneficiary_code.as_str())
    };
    if found.len() != ids.len() || !found.iter().all(ours) {
        return Err(ResolveError::Obligation);
    }
    let owed: Vnd = found.iter().map(domain::obligation::Obligation::amount).sum();
    if owed > waiting { Err(ResolveError::TooMuch(waiting)) } else { Ok(()) }
}

fn ids_of(texts: &[String]) -> Option<Vec<ObligationId>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}

pub(crate) fn stepped(c: &OpenCase, cause: Cause) -> Result<domain::changes::Step<CaseId, CaseStatus>, StorageError> {
    let (step, _) = step(c.id, c.version, c.status, cause).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    Ok(step)
}

pub(crate) fn case_id(approval: &Approval) -> Result<CaseId, StorageError> {
    approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval of no case".to_owned()))
}

fn action(approval: &Approval) -> Result<Action, StorageError> {
    serde_json::from_value(approval.payload.clone()).map_err(|e| StorageError::Unreadable(e.to_string()))
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    match action(approval)? {
        Action::AcceptDifference => {
            let decided = acceptable(tx, approval, d).await?;
            let mut unit = Unit::new(d.caller.actor(), d.now);
            unit.changes.cases_closed.push(stepped(&decided.case, Cause::Resolved)?);
            Ok(unit)
        }
        Action::AssignToObligations { obligation_ids } => assigned(tx, approval, &obligation_ids, d).await,
        Action::SameMovement { payment_id } => one_money(tx, approval, &payment_id, d).await,
        Action::WriteOff { reason_code, given } => write_off::approved(tx, approval, &given, &reason_code, d).await,
        Action::ReopenObligations { reopens } => reopen_obligations::approved(tx, approval, &reopens, d).await,
        Action::Reinstate { given } => write_off::reinstated(tx, approval, &given, d).await,
    }
}

async fn one_money(tx: &Tx, approval: &Approval, booked: &str, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let booked = booked.parse().map_err(|_| DecideError::Stale)?;
    // the payments before the case, as everywhere
    let told = cases::payment_of(tx, case_id(approval)?).await?.ok_or(DecideError::Stale)?;
    let mut unit = leftover::same(tx, told, booked, d.caller, d.now).await?.ok_or(DecideError::Stale)?;
    let decided = still_proposed(tx, approval).await?;
    unit.changes.cases_closed.retain(|step| step.id != decided.case.id);
    unit.changes.cases_closed.push(stepped(&decided.case, Cause::Resolved)?);
    Ok(unit)
}

pub(crate) async fn still_proposed(tx: &Tx, approval: &Approval) -> Result<Decided, DecideError> {
    let decided = cases::lock(tx, case_id(approval)?).await?.ok_or(DecideError::Stale)?;
    if decided.case.status == CaseStatus::Proposed { Ok(decided) } else { Err(DecideError::Stale) }
}

/// Money may have come to wait under the case since it was proposed: then there is something to say of it.
async fn acceptable(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Decided, DecideError> {
    // the payment before its case, as everywhere
    let locked = match cases::payment_of(tx, case_id(approval)?).await? {
        Some(payment) => move_money::lock(tx, payment, &[], d.now).await?,
        None => None,
    };
    let decided = still_proposed(tx, approval).await?;
    let reason = reason_of(decided.case.kind).filter(|_| decided.case.waits);
    let waiting = reason.zip(locked.as_ref()).map(|(reason, locked)| held(locked, reason)).unwrap_or_default();
    if waiting.is_zero() { Ok(decided) } else { Err(DecideError::Stale) }
}

async fn assigned(tx: &Tx, approval: &Approval, obligations: &[String], d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let ids = ids_of(obligations).ok_or(DecideError::Stale)?;
    // payment, obligations, intents, and the case last
    let payment = cases::payment_of(tx, case_id(approval)?).await?.ok_or(DecideError::Stale)?;
    let locked = move_money::lock(tx, payment, &ids, d.now).await?.ok_or(DecideError::Stale)?;
    if may_be_anothers(tx, Some(payment)).await? {
        return Err(DecideError::Stale);
    }
    let decided = still_proposed(tx, approval).await?;
    let reason = reason_of(decided.case.kind).filter(|_| decided.case.waits).ok_or(DecideError::Stale)?;
    let ours = |o: &domain::obligation::Obligation| {
        approval.beneficiaries.iter().any(|b| b == o.terms.beneficiary_code.as_str())
    };
    if !locked.obligations.iter().filter(|o| ids.contains(&o.id)).all(ours) {
        return Err(DecideError::Stale);
    }
    let mut changes = match moving::assign(&locked.scene, reason, &ids) {
        Err(MoveError::Stale) => return Err(DecideError::Stale),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    changes.cases_closed.retain(|step| step.id != decided.case.id);
    changes.cases_closed.push(stepped(&decided.case, Cause::Resolved)?);
    let intent = locked.intents.iter().find(|i| Some(i.id) == locked.payment.intent_id);
    let by = PaidBy {
        channel: locked.payment.channel.clone(),
        provider_txn_id: locked.payment.identity.transaction().to_owned(),
        reference: intent.map(|i| i.reference.clone()),
        intent_id: locked.payment.intent_id,
        payment_id: payment,
    };
    Ok(locked.paying_unit(changes, &(locked.payment.paid_at, by), d.caller, "money_assigned", d.now)?)
}

/// A second person says no, or nobody can say yes any more: the case is open again.
pub(crate) async fn dropped(tx: &Tx, approval: &Approval, d: &Deciding<'_>, cause: Cause) -> Result<Unit, DecideError> {
    let mut unit = Unit::new(d.caller.actor(), d.now);
    let decided = cases::lock(tx, case_id(approval)?).await?.ok_or(DecideError::Stale)?;
    // explained meanwhile: there is nothing left to reopen
    if decided.case.status == CaseStatus::Proposed {
        unit.changes.cases_closed.push(stepped(&decided.case, cause)?);
    }
    Ok(unit)
}

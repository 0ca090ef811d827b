//! Money that nobody claims, or a loss that nobody explains, is given up; and waits again when its owner, or its explanation, is
//! found. What becomes of the đồng: `domain::moving::writing_off`.
//!
//! | a case | `write_off` |
//! |---|---|
//! | whose payment's money waits, of whatever kind | a gain: all that waits for its reason. Not while some of it has left past us: the debit that says so comes first, and takes it along. Nor a duplicate before a statement or a settlement file shows both credits, nor what may be the money of another payment |
//! | of a debit that nobody explains (`unidentified`, `chargeback`, `duplicate_payment`, `amount_differs`, `status_differs`, `refund_without_payment`) | a loss; what waits of the payment that it names goes with it |
//! | of a row of a settlement file (`missing_in_books`, `refund_without_payment`, a correction) | the same |
//! | of a line that shows more or less than was told of (`amount_differs`) | the difference |
//! | of a payment without a line, of a payout given away, of a fee, of none of our money | refused: nothing of it waits that is anybody's to give up |
//!
//! It is closed for good: no rule looks at it again, and a debit that was written off is claimed by no refund. What was wrong is put
//! right by `reinstate`, of two persons too: the same đồng wait again, under a new case, and anything may be proposed for them.

use crate::approve::{DecideError, Deciding};
use crate::match_movements;
use crate::move_money::{self, Locked};
use crate::refund;
use crate::resolve_case::{ResolveError, reason_of, stepped, still_proposed};
use domain::allocation::Home;
use domain::business_day::business_date;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::ledger::Account;
use domain::moving::writing_off::{self, Unexplained};
use domain::moving::{MoveError, Part};
use domain::payment::SuspenseReason;
use domain::{CaseId, PaymentId, Vnd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::cases::{self, Decided};
use storage::unit::{Audit, Unit};
use storage::write_offs::{self, Given};
use storage::{StorageError, Tx};

/// A part of what is given up, as who decides sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    account: String,
    amount: i64,
    payment_id: Option<String>,
    movement_id: Option<String>,
    settlement_id: Option<String>,
}

impl Shown {
    fn new(g: &Given) -> Self {
        Self {
            account: g.account.clone(),
            amount: g.amount.dong(),
            payment_id: g.payment_id.map(|id| id.to_string()),
            movement_id: g.movement_id.map(|id| id.to_string()),
            settlement_id: g.settlement_id.map(|id| id.to_string()),
        }
    }
}

/// What is given up, and what that changes.
struct Planned {
    given: Vec<Given>,
    changes: Changes,
}

/// What a write-off of this case would give up; the payment is locked, and then the case.
pub(crate) async fn wanted(
    tx: &Tx,
    locked: Option<&Locked>,
    case: &Decided,
    now: Timestamp,
) -> Result<Vec<Shown>, ResolveError> {
    Ok(planned(tx, locked, case, now).await?.given.iter().map(Shown::new).collect())
}

async fn planned(tx: &Tx, locked: Option<&Locked>, case: &Decided, now: Timestamp) -> Result<Planned, ResolveError> {
    if let (true, Some(locked), Some(reason)) = (case.case.waits, locked, reason_of(case.case.kind)) {
        if reason == SuspenseReason::Duplicate && !refund::are_proven(tx, &refund::doubled(locked)).await? {
            return Err(ResolveError::NotProven);
        }
        if match_movements::may_be_anothers(tx, locked.payment.id).await? {
            return Err(ResolveError::NotProven);
        }
        return of_payment(locked, reason);
    }
    let unexplained = write_offs::unexplained(tx, case.case.id).await?.ok_or(ResolveError::NoMoney)?;
    let scene = locked.map(|locked| &locked.scene);
    let changes = writing_off::write_off_unexplained(&unexplained, scene, business_date(now)).map_err(unreadable)?;
    let mut given = vec![alone(&unexplained)];
    given.extend(taken(&changes));
    Ok(Planned { given, changes })
}

fn of_payment(locked: &Locked, reason: SuspenseReason) -> Result<Planned, ResolveError> {
    let own = |part: &&Part| part.payment_id == locked.payment.id && part.home == Home::Suspense(reason);
    let held: Vnd = locked.scene.parts.iter().filter(own).map(|part| part.amount).sum();
    if held.is_zero() {
        return Err(ResolveError::NoMoney);
    }
    let changes = match writing_off::write_off(&locked.scene, reason, held) {
        Err(MoveError::Stale) => return Err(ResolveError::MoneyLeft),
        other => other.map_err(unreadable)?,
    };
    Ok(Planned { given: taken(&changes), changes })
}

/// What was nobody's payment.
fn alone(u: &Unexplained) -> Given {
    Given {
        account: Account::Suspense(u.reason).to_string(),
        amount: u.amount,
        payment_id: None,
        movement_id: u.movement,
        settlement_id: u.settlement,
    }
}

/// What left the suspense of a payment.
fn taken(changes: &Changes) -> Vec<Given> {
    let left = |row: &domain::changes::AllocationRow| match row.home {
        Home::Suspense(reason) => Some(Given {
            account: Account::Suspense(reason).to_string(),
            amount: row.amount,
            payment_id: Some(row.payment_id),
            movement_id: None,
            settlement_id: None,
        }),
        Home::Obligation(_) | Home::Refund(_) | Home::WrittenOff => None,
    };
    changes.allocations.iter().filter_map(left).collect()
}

/// A second person says yes to what the first one saw.
pub(crate) async fn approved(
    tx: &Tx,
    approval: &Approval,
    seen: &[Shown],
    reason_code: &str,
    d: &Deciding<'_>,
) -> Result<Unit, DecideError> {
    let id = case_id(approval)?;
    let locked = locked_of(tx, id, d.now).await?;
    let decided = still_proposed(tx, approval).await?;
    let Planned { given, mut changes } = match planned(tx, locked.as_ref(), &decided, d.now).await {
        Err(ResolveError::Storage(e)) => return Err(e.into()),
        other => other.map_err(|_| DecideError::Stale)?,
    };
    if given.iter().map(Shown::new).collect::<Vec<_>>() != seen {
        return Err(DecideError::Stale);
    }
    changes.cases_closed.retain(|step| step.id != id);
    changes.cases_closed.push(stepped(&decided.case, Cause::Resolved)?);
    write_offs::keep(tx, (id, approval.id), &given, reason_code, d.now).await?;
    Ok(unit("written_off", id, changes, d))
}

/// What waits again when a case that was written off is taken up: nothing where it was not, or where its bank has taken the
/// credit back since. The payment is locked, and then the case.
pub(crate) async fn given_up(tx: &Tx, locked: Option<&Locked>, case: CaseId) -> Result<Vec<Shown>, ResolveError> {
    let given = write_offs::in_force(tx, case).await?;
    match of_payment_again(locked, &given)? {
        Err(MoveError::Stale) => return Err(ResolveError::NotWrittenOff),
        other => other.map_err(unreadable)?,
    };
    if given.is_empty() { Err(ResolveError::NotWrittenOff) } else { Ok(given.iter().map(Shown::new).collect()) }
}

/// What of the payment waits again.
fn of_payment_again(locked: Option<&Locked>, given: &[Given]) -> Result<Result<Changes, MoveError>, StorageError> {
    let own: Vec<(SuspenseReason, Vnd)> =
        given.iter().filter(|g| g.payment_id.is_some()).map(waits_again).collect::<Result<_, _>>()?;
    Ok(match locked {
        Some(locked) if !own.is_empty() => writing_off::reinstate(&locked.scene, &own),
        _ => Ok(Changes::default()),
    })
}

/// A second person says that it waits again.
pub(crate) async fn reinstated(
    tx: &Tx,
    approval: &Approval,
    seen: &[Shown],
    d: &Deciding<'_>,
) -> Result<Unit, DecideError> {
    let id = case_id(approval)?;
    let locked = locked_of(tx, id, d.now).await?;
    cases::lock(tx, id).await?.ok_or(DecideError::Stale)?;
    let given = write_offs::in_force(tx, id).await?;
    if given.iter().map(Shown::new).collect::<Vec<_>>() != seen {
        return Err(DecideError::Stale);
    }
    let mut changes = moved(of_payment_again(locked.as_ref(), &given)?)?;
    for g in given.iter().filter(|g| g.payment_id.is_none()) {
        let (reason, _) = waits_again(g)?;
        let unexplained =
            Unexplained { reason, amount: g.amount, movement: g.movement_id, settlement: g.settlement_id };
        let case = write_offs::told_again(tx, id).await?;
        changes.append(moved(writing_off::reinstate_unexplained(&unexplained, case, business_date(d.now)))?);
    }
    write_offs::undo(tx, id, approval.id, d.now).await?;
    Ok(unit("reinstated", id, changes, d))
}

/// The reason for which a part of a payment waited, and how much it was.
fn waits_again(g: &Given) -> Result<(SuspenseReason, Vnd), StorageError> {
    let reason = g.account.strip_prefix("suspense:").and_then(|reason| reason.parse().ok());
    reason.map(|reason| (reason, -g.amount)).ok_or_else(|| StorageError::Unreadable(g.account.clone()))
}

/// The payment that a case names, before the case, as everywhere.
async fn locked_of(tx: &Tx, case: CaseId, now: Timestamp) -> Result<Option<Locked>, StorageError> {
    lock(tx, cases::payment_of(tx, case).await?, now).await
}

pub(crate) async fn lock(tx: &Tx, payment: Option<PaymentId>, now: Timestamp) -> Result<Option<Locked>, StorageError> {
    match payment {
        Some(payment) => move_money::lock(tx, payment, &[], now).await,
        None => Ok(None),
    }
}

fn moved(outcome: Result<Changes, MoveError>) -> Result<Changes, DecideError> {
    match outcome {
        Err(MoveError::Stale) => Err(DecideError::Stale),
        other => Ok(other.map_err(unreadable)?),
    }
}

fn unreadable(error: MoveError) -> StorageError {
    move_money::unreadable(&error)
}

fn unit(action: &'static str, case: CaseId, changes: Changes, d: &Deciding<'_>) -> Unit {
    let mut unit = Unit::new(d.caller.actor(), d.now);
    unit.audit.push(Audit { action, subject: case.to_string(), request_id: d.caller.request_id.clone() });
    unit.changes = changes;
    unit
}

fn case_id(approval: &Approval) -> Result<CaseId, StorageError> {
    approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval of no case".to_owned()))
}

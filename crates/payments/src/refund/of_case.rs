//! A refund that resolves a case: all that waits under it goes back. As with every resolution the case is `proposed` until
//! somebody decides, closed by the approval, and open again when nobody makes the refund. One that late data close meanwhile
//! makes the proposal stale.

use super::RefundError;
use crate::approve::DecideError;
use crate::move_money::Locked;
use crate::resolve_case::{reason_of, stepped};
use domain::allocation::Home;
use domain::booking::OpenCase;
use domain::case::CaseStatus;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::refund::RefundLine;
use domain::{CaseId, Vnd};
use storage::StorageError;
use storage::approvals::Approval;

/// The case of a proposal, in what the approval keeps of it.
pub(super) const CASE: &str = "case_id";

/// The line that gives back what waits under the case, and the case as it becomes.
pub(super) fn resolved(locked: &Locked, id: CaseId) -> Result<(RefundLine, Changes), RefundError> {
    let case = of(locked, id).ok_or(RefundError::CaseNotOpen(CaseStatus::Closed))?;
    if case.status != CaseStatus::Open {
        return Err(RefundError::CaseNotOpen(case.status));
    }
    let waiting = home(case).map(|home| held(locked, home)).unwrap_or_default();
    if waiting.is_zero() {
        return Err(RefundError::NoMoney);
    }
    let line = RefundLine { obligation_id: None, amount: waiting };
    Ok((line, becoming(case, Cause::ResolutionProposed)?))
}

/// The case that an approval decides about; its money is taken before other money that the payment has in suspense.
pub(super) fn first_taken(locked: &mut Locked, approval: &Approval) -> Result<Option<OpenCase>, DecideError> {
    let Some(id) = named(approval)? else { return Ok(None) };
    let case = of(locked, id).filter(|case| case.status == CaseStatus::Proposed).ok_or(DecideError::Stale)?.clone();
    let (own, home) = (locked.payment.id, home(&case));
    locked.scene.parts.sort_by_key(|part| part.payment_id != own || Some(part.home) != home);
    Ok(Some(case))
}

/// The decision closes the case, where nothing waits under it any more.
pub(super) fn decided(changes: &mut Changes, case: &OpenCase) -> Result<(), DecideError> {
    let others = changes.cases_closed.len();
    changes.cases_closed.retain(|step| step.id != case.id);
    if changes.cases_closed.len() == others {
        return Err(DecideError::Stale);
    }
    changes.append(becoming(case, Cause::Resolved)?);
    Ok(())
}

/// Nobody makes the refund: the case waits for another word, unless late data closed it.
pub(super) fn open_again(locked: &Locked, approval: &Approval, cause: Cause) -> Result<Changes, StorageError> {
    let case = named(approval)?.and_then(|id| of(locked, id)).filter(|case| case.status == CaseStatus::Proposed);
    case.map_or_else(|| Ok(Changes::default()), |case| becoming(case, cause))
}

fn named(approval: &Approval) -> Result<Option<CaseId>, StorageError> {
    let id = approval.payload.get(CASE).and_then(serde_json::Value::as_str);
    id.map(|id| id.parse().map_err(|_| StorageError::Unreadable("an approval of no case".to_owned()))).transpose()
}

/// The case, where it is not closed.
fn of(locked: &Locked, id: CaseId) -> Option<&OpenCase> {
    locked.scene.cases.iter().find(|case| case.id == id)
}

fn home(case: &OpenCase) -> Option<Home> {
    reason_of(case.kind).filter(|_| case.waits).map(Home::Suspense)
}

fn held(locked: &Locked, home: Home) -> Vnd {
    let own = locked.scene.parts.iter().filter(|part| part.payment_id == locked.payment.id && part.home == home);
    own.map(|part| part.amount).sum()
}

fn becoming(case: &OpenCase, cause: Cause) -> Result<Changes, StorageError> {
    let mut changes = Changes::default();
    changes.cases_closed.push(stepped(case, cause)?);
    Ok(changes)
}

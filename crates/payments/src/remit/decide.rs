//! A second person's word, and giving one up.

use super::{KIND, RemitError, stepped};
use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::proposal;
use crate::reply::Reply;
use crate::retry::retrying;
use domain::RemittanceId;
use domain::approval::ApprovalStatus;
use domain::cause::Cause;
use domain::remittance::RemittanceStatus;
use jiff::Timestamp;
use storage::approvals::{self, Approval, Decision};
use storage::remittances::{self, Stored};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, movements, unit};

/// A second person says yes: whoever makes transfers may make it. Not where money that it rests on is being given back: it is
/// prepared anew, without that. Nor where a debit with its code waits for people: it may have left already.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let stored = locked(tx, approval).await?;
    if remittances::is_given_back(tx, stored.id).await? || remittances::may_have_left(tx, stored.id).await? {
        return Err(DecideError::Stale);
    }
    moved(&stored, Cause::Approved, "remittance_instructed", d.caller, d.now).map_err(Into::into)
}

/// A second person says no, or nobody can say yes any more: its lines are free for another.
pub(crate) async fn dropped(tx: &Tx, approval: &Approval, d: &Deciding<'_>, cause: Cause) -> Result<Unit, DecideError> {
    let stored = locked(tx, approval).await?;
    moved(&stored, cause, "remittance_dropped", d.caller, d.now).map_err(Into::into)
}

async fn locked(tx: &Tx, approval: &Approval) -> Result<Stored, DecideError> {
    let lost = || StorageError::Unreadable("an approval of no remittance".to_owned());
    let id: RemittanceId = approval.subject.parse().map_err(|_| lost())?;
    Ok(remittances::lock(tx, id).await?.ok_or_else(lost)?)
}

fn moved(
    stored: &Stored,
    cause: Cause,
    action: &'static str,
    caller: &Caller,
    now: Timestamp,
) -> Result<Unit, StorageError> {
    let mut unit = Unit::new(caller.actor(), now);
    unit.changes = stepped(stored, cause)?;
    let request_id = caller.request_id.clone();
    unit.audit.push(Audit { action, subject: stored.id.to_string(), request_id });
    Ok(unit)
}

#[derive(Debug, Clone)]
pub struct Cancel {
    pub remittance: RemittanceId,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

type Render<'r> = &'r (dyn Fn(&Stored) -> String + Send + Sync);

/// Gives it up: before it is decided who prepared it, after that anybody who may prepare one, while no debit of it is there.
///
/// # Errors
/// `DebitSeen` while a statement shows a debit with its code that nobody has matched yet, `DebitOpen` while one that does not pay
/// it is an open case, `Over` when it is.
pub async fn cancel(ctx: &Context, command: &Cancel, render: Render<'_>) -> Result<Reply, RemitError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = cancelled(&tx, command, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn cancelled(tx: &Tx, c: &Cancel, render: Render<'_>) -> Result<Reply, RemitError> {
    if let Some(reply) = proposal::begin::<RemitError>(tx, &c.idempotency).await? {
        return Ok(reply);
    }
    // as who decides it: the approval first
    let pending = approvals::lock_pending(tx, KIND, &c.remittance.to_string()).await?;
    let stored = remittances::lock(tx, c.remittance).await?.ok_or(RemitError::Absent)?;
    if c.beneficiaries.as_ref().is_some_and(|own| !own.iter().any(|code| code == stored.beneficiary.as_str())) {
        return Err(RemitError::Absent);
    }
    match stored.status {
        RemittanceStatus::Prepared if stored.prepared_by != c.caller.actor() => return Err(RemitError::NotYours),
        // who matches it would find it given up, and the money gone twice
        RemittanceStatus::Instructed if movements::is_debit_open(tx, &stored.reference).await? => {
            return Err(RemitError::DebitSeen);
        }
        // nor may its fees be remitted once more while nobody has said what left instead
        RemittanceStatus::Instructed if !remittances::told_by(tx, stored.id).await?.is_empty() => {
            return Err(RemitError::DebitOpen);
        }
        RemittanceStatus::Prepared | RemittanceStatus::Instructed => {}
        over @ (RemittanceStatus::Paid | RemittanceStatus::Cancelled) => return Err(RemitError::Over(over)),
    }
    if let Some(approval) = pending {
        let taken_back = Decision { status: ApprovalStatus::Withdrawn, decider: None, note: "", at: c.now };
        approvals::decide(tx, approval.id, &taken_back).await?;
    }
    unit::write(tx, &moved(&stored, Cause::Withdrawn, "remittance_cancelled", &c.caller, c.now)?).await?;
    let stored = remittances::lock(tx, c.remittance).await?.ok_or(RemitError::Absent)?;
    let body = render(&stored);
    idempotency::keep(tx, &c.idempotency, &c.remittance.to_string(), Some((200, &body)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(200, body))
}

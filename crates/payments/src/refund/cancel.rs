//! Taking a refund back before its money has left, and having one looked at at once.

use super::{KIND, RefundError, of_case, subject};
use crate::context::{Caller, Context};
use crate::move_money::{self, Locked};
use crate::reply::{Repeat, Reply, repeat_of};
use crate::retry::retrying;
use domain::approval::ApprovalStatus;
use domain::cause::Cause;
use domain::moving;
use domain::refund::RefundStatus;
use domain::{PaymentId, RefundId};
use futures_util::join;
use jiff::Timestamp;
use storage::approvals::{self, Approval, Decision};
use storage::refunds::{self, Stored};
use storage::{Tx, idempotency, movements, unit};

#[derive(Debug, Clone)]
pub struct Cancel {
    pub refund: RefundId,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

type Render<'r> = &'r (dyn Fn(&Stored) -> String + Send + Sync);

/// `pending_approval` and `approved` become `cancelled`; a transfer that nobody will make becomes `failed`, and so does what
/// no provider has heard of yet, because none could be reached. The money goes back where it came from.
///
/// # Errors
/// `UnderWay` while a provider may have it, `DebitSeen` while a statement shows a debit of it that nobody has matched yet,
/// `Over` when it is.
pub async fn cancel(ctx: &Context, command: &Cancel, render: Render<'_>) -> Result<Reply, RefundError> {
    retrying(|| cancel_once(ctx, command, render)).await
}

async fn cancel_once(ctx: &Context, c: &Cancel, render: Render<'_>) -> Result<Reply, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = cancelled(&tx, c, render).await;
    tx.close(outcome).await
}

async fn cancelled(tx: &Tx, c: &Cancel, render: Render<'_>) -> Result<Reply, RefundError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &c.idempotency));
    begun?;
    if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
        return Ok(reply);
    }
    // as who decides it: the approval first
    let pending = approvals::lock_pending(tx, KIND, &subject(c.refund)).await?;
    let payment = refunds::by_id(tx, c.refund).await?.ok_or(RefundError::Absent)?.payment_id;
    let locked = move_money::lock(tx, payment, &[], c.now).await?.ok_or(RefundError::Absent)?;
    let stored = refunds::lock(tx, c.refund).await?.ok_or(RefundError::Absent)?;
    let actor = c.caller.actor();
    let changes = match stored.state.status {
        RefundStatus::PendingApproval if pending.as_ref().is_some_and(|a| a.proposer != actor) => {
            return Err(RefundError::NotYours);
        }
        RefundStatus::PendingApproval => moving::refund_dropped(&stored.state, Cause::Withdrawn),
        // who matches it would find the refund given up, and the money gone twice
        RefundStatus::AwaitingStatement if movements::is_debit_open(tx, &stored.reference).await? => {
            return Err(RefundError::DebitSeen);
        }
        RefundStatus::Submitted | RefundStatus::Unknown if stored.calls > 0 || stored.is_accepted => {
            return Err(RefundError::UnderWay);
        }
        // no call was sent; whoever is about to make one waits for this lock, and then makes none
        RefundStatus::Approved | RefundStatus::AwaitingStatement | RefundStatus::Submitted => {
            let taken = refunds::taken(tx, c.refund).await?;
            moving::refund_failed(&locked.scene, &stored.state, &taken, Cause::Withdrawn)
        }
        RefundStatus::Unknown => return Err(RefundError::UnderWay),
        over => return Err(RefundError::Over(over)),
    };
    let mut changes = changes.map_err(|e| move_money::unreadable(&e))?;
    if let Some(approval) = pending {
        changes.append(of_case::open_again(&locked, &approval, Cause::Withdrawn)?);
        let taken_back = Decision { status: ApprovalStatus::Withdrawn, decider: None, note: "", at: c.now };
        approvals::decide(tx, approval.id, &taken_back).await?;
    }
    refunds::unwatch(tx, c.refund).await?;
    let unit = locked.unit(changes, Some(&stored), &c.caller, "refund_cancelled", c.now)?;
    unit::write(tx, &unit).await?;
    let stored = refunds::by_id(tx, c.refund).await?.ok_or(RefundError::Absent)?;
    let body = render(&stored);
    idempotency::keep(tx, &c.idempotency, &c.refund.to_string(), Some((200, &body)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(200, body))
}

/// Locks the approvals that a payment's proposals wait for, as who decides them does: before the payment.
pub(crate) async fn lock_proposals(tx: &Tx, payment: PaymentId) -> Result<(), RefundError> {
    for refund in refunds::of_payment(tx, payment).await? {
        if refund.state.status == RefundStatus::PendingApproval {
            approvals::lock_pending(tx, KIND, &subject(refund.state.id)).await?;
        }
    }
    Ok(())
}

/// The refunds of a payment, which is locked, that nobody has paid out: locked, the oldest first.
pub(crate) async fn lock_unmade(tx: &Tx, payment: PaymentId) -> Result<Vec<Stored>, RefundError> {
    let mut unmade = Vec::new();
    for refund in refunds::of_payment(tx, payment).await? {
        let locked = refunds::lock(tx, refund.state.id).await?.ok_or(RefundError::Absent)?;
        if locked.state.status.is_unmade() {
            unmade.push(locked);
        }
    }
    Ok(unmade)
}

/// Nobody approves it or looks at it any more; the approval that it waited for.
pub(crate) async fn lay_down(tx: &Tx, refund: RefundId, now: Timestamp) -> Result<Option<Approval>, RefundError> {
    let pending = approvals::lock_pending(tx, KIND, &subject(refund)).await?;
    if let Some(approval) = &pending {
        let withdrawn = Decision { status: ApprovalStatus::Withdrawn, decider: None, note: "", at: now };
        approvals::decide(tx, approval.id, &withdrawn).await?;
    }
    refunds::unwatch(tx, refund).await?;
    Ok(pending)
}

/// The money of the payment, which is locked, is gone and the payment stands: what was to give it back goes where it came
/// from, and nobody makes it.
pub(crate) async fn withdraw(tx: &Tx, locked: &Locked, refund: &Stored, now: Timestamp) -> Result<(), RefundError> {
    let state = &refund.state;
    let changes = if state.status == RefundStatus::PendingApproval {
        moving::refund_dropped(state, Cause::PaymentTakenBack)
    } else {
        let taken = refunds::taken(tx, state.id).await?;
        moving::refund_failed(&locked.scene, state, &taken, Cause::PaymentTakenBack)
    };
    let mut changes = changes.map_err(|e| move_money::unreadable(&e))?;
    if let Some(approval) = lay_down(tx, state.id, now).await? {
        changes.append(of_case::open_again(locked, &approval, Cause::Withdrawn)?);
    }
    let unit = locked.unit(changes, Some(refund), &Caller::system(), "refund_withdrawn", now)?;
    Ok(unit::write(tx, &unit).await?)
}

/// The worker looks at it at once, whatever its schedule says.
pub async fn redrive(ctx: &Context, id: RefundId, now: Timestamp) -> Result<Stored, RefundError> {
    let db = ctx.pool.get().await?;
    let stored = refunds::by_id(&db, id).await?.ok_or(RefundError::Absent)?;
    match stored.state.status {
        RefundStatus::Approved | RefundStatus::Submitted | RefundStatus::Unknown => {
            refunds::watch(&db, id, now).await?;
            ctx.wake.notify_one();
            Ok(stored)
        }
        other => Err(RefundError::Over(other)),
    }
}

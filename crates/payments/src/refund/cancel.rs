//! Taking a refund back before its money has left, and having one looked at at once.

use super::{KIND, RefundError, subject};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::reply::{Repeat, Reply, repeat_of};
use crate::retry::retrying;
use domain::approval::ApprovalStatus;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::moving;
use domain::refund::RefundStatus;
use domain::{ApprovalId, PaymentId, RefundId};
use futures_util::join;
use jiff::Timestamp;
use storage::approvals::{self, Decision};
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

/// `pending_approval` and `approved` become `cancelled`; a transfer that nobody will make becomes `failed`. The money goes
/// back where it came from.
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
        RefundStatus::Approved | RefundStatus::AwaitingStatement => {
            let taken = refunds::taken(tx, c.refund).await?;
            moving::refund_failed(&locked.scene, &stored.state, &taken, Cause::Withdrawn)
        }
        RefundStatus::Submitted | RefundStatus::Unknown => return Err(RefundError::UnderWay),
        over => return Err(RefundError::Over(over)),
    };
    let changes = changes.map_err(|e| move_money::unreadable(&e))?;
    if let Some(approval) = pending {
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
pub(crate) async fn lock_proposals(tx: &Tx, payment: PaymentId) -> Result<Vec<(RefundId, ApprovalId)>, RefundError> {
    let mut locked = Vec::new();
    for refund in refunds::of_payment(tx, payment).await? {
        if refund.state.status == RefundStatus::PendingApproval {
            let id = refund.state.id;
            locked.extend(approvals::lock_pending(tx, KIND, &subject(id)).await?.map(|approval| (id, approval.id)));
        }
    }
    Ok(locked)
}

/// The payment, which is locked, was taken back: what was proposed of it rests on nothing any more.
pub(crate) async fn drop_proposals(tx: &Tx, payment: PaymentId, now: Timestamp) -> Result<Changes, RefundError> {
    let mut changes = Changes::default();
    // once more: one may have been proposed until the payment was locked
    for (refund, approval) in lock_proposals(tx, payment).await? {
        let stored = refunds::lock(tx, refund).await?.ok_or(RefundError::Absent)?;
        let dropped = moving::refund_dropped(&stored.state, Cause::Withdrawn);
        changes.append(dropped.map_err(|e| move_money::unreadable(&e))?);
        let withdrawn = Decision { status: ApprovalStatus::Withdrawn, decider: None, note: "", at: now };
        approvals::decide(tx, approval, &withdrawn).await?;
    }
    Ok(changes)
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

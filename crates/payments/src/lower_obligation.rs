//! A paid obligation was charged too much: lowered by a second person's word. The surplus waits as `overpaid` for its
//! payer; the obligation stays paid.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::approval::ApprovalKind;
use domain::changes::Changes;
use domain::moving::{self, MoveError};
use domain::obligation::{Obligation, ObligationStatus};
use domain::principal::Who;
use domain::{ObligationId, Vnd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::unit::Unit;
use storage::{StorageError, Tx, idempotency, obligations};

#[derive(Debug, Clone)]
pub struct Proposal {
    pub obligation: ObligationId,
    /// By how much.
    pub amount: Vnd,
    pub reason_code: String,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such obligation")]
    Absent,
    #[error("the obligation is not paid")]
    NotPaid,
    #[error("it is lowered by less than it is")]
    TooMuch,
    #[error("a reduction of it waits for its approval")]
    Pending,
}

impl Retryable for LowerError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    /// đồng.
    amount: i64,
    /// What it owed when this was proposed, in đồng.
    from_amount: i64,
    reason_code: String,
    /// The newest payment that it was paid by then: refunded and paid anew, it is another matter.
    #[serde(default)]
    paid_by: Option<String>,
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, LowerError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, LowerError> {
    if let Some(reply) = proposal::begin::<LowerError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let o = locked(tx, p.obligation).await?.ok_or(LowerError::Absent)?;
    let beneficiary = o.terms.beneficiary_code.to_string();
    let other_client = matches!(p.caller.who, Who::Client(id) if id != o.client_id);
    if other_client || p.beneficiaries.as_ref().is_some_and(|own| !own.contains(&beneficiary)) {
        return Err(LowerError::Absent);
    }
    if o.status != ObligationStatus::Paid {
        return Err(LowerError::NotPaid);
    }
    if p.amount >= o.amount() {
        return Err(LowerError::TooMuch);
    }
    let newest = obligations::newest_cover(tx, p.obligation).await?.ok_or(LowerError::NotPaid)?;
    let payload = Payload {
        amount: p.amount.dong(),
        from_amount: o.amount().dong(),
        reason_code: p.reason_code.clone(),
        paid_by: Some(newest.to_string()),
    };
    let draft = Draft {
        kind: ApprovalKind::Reduction,
        action: "reduction_proposed",
        subject: p.obligation.to_string(),
        beneficiaries: vec![beneficiary],
        payload,
        changes: Changes::default(),
    };
    let by = proposal::By { caller: &p.caller, idempotency: &p.idempotency, note: &p.note, now: p.now };
    proposal::keep(tx, &by, draft, render).await.map_err(|e| match e {
        e if e.is_conflict("approval_pending_once") => LowerError::Pending,
        e => e.into(),
    })
}

async fn locked(tx: &Tx, id: ObligationId) -> Result<Option<Obligation>, StorageError> {
    Ok(obligations::lock_by_ids(tx, &[id.uuid()]).await?.pop())
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let unreadable = |e: &dyn std::fmt::Display| StorageError::Unreadable(e.to_string());
    let id: ObligationId = approval.subject.parse().map_err(|e| unreadable(&e))?;
    let payload: Payload = serde_json::from_value(approval.payload.clone()).map_err(|e| unreadable(&e))?;
    let newest = obligations::newest_cover(tx, id).await?.ok_or(DecideError::Stale)?;
    if payload.paid_by.is_some_and(|then| then != newest.to_string()) {
        return Err(DecideError::Stale);
    }
    let locked = move_money::lock(tx, newest, &[id], d.now).await?.ok_or(DecideError::Stale)?;
    let o = locked.obligations.iter().find(|o| o.id == id).ok_or(DecideError::Stale)?;
    if o.status != ObligationStatus::Paid || o.amount().dong() != payload.from_amount {
        return Err(DecideError::Stale);
    }
    let by = Vnd::new(payload.amount);
    let changes = match moving::lower(&locked.scene, id, by) {
        Err(MoveError::Stale) => return Err(DecideError::Stale),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    obligations::lower(tx, approval.id, o, by, &payload.reason_code).await?;
    Ok(locked.unit(changes, None, d.caller, "obligation_lowered", d.now)?)
}

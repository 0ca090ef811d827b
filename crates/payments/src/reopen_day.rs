//! A closed day is opened again, and all days after it with it: proposed by one person, decided by another. What was closed
//! stays on record.

use crate::approve::{DecideError, Deciding};
use crate::close_day::Asked;
use crate::context::{Caller, Context};
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::approval::ApprovalKind;
use domain::changes::Changes;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, days, idempotency};

#[derive(Debug, Clone)]
pub struct Proposal {
    pub asked: Asked,
    pub note: String,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such day")]
    Absent,
    #[error("the day is open")]
    Open,
    #[error("its reopening waits for approval")]
    Pending,
}

impl Retryable for ReopenError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    scope: String,
    day: Date,
    /// All days that it opens, as they stood.
    #[serde(default)]
    days: Vec<Date>,
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, ReopenError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, ReopenError> {
    if let Some(reply) = proposal::begin::<ReopenError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let (scope, day) = (p.asked.scope.to_string(), p.asked.date);
    if !days::seen(tx, &scope, p.asked.beneficiaries.as_deref()).await? {
        return Err(ReopenError::Absent);
    }
    if days::last_closed(tx, &scope).await?.is_none_or(|last| last < day) {
        return Err(ReopenError::Open);
    }
    let draft = Draft {
        kind: ApprovalKind::DayReopening,
        action: "reopening_proposed",
        subject: format!("{scope}/{day}"),
        beneficiaries: days::beneficiaries(tx, &scope).await?,
        payload: Payload { days: days::closed_from(tx, &scope, day).await?, scope, day },
        changes: Changes::default(),
    };
    let by = proposal::By { caller: &p.caller, idempotency: &p.idempotency, note: &p.note, now: p.now };
    proposal::keep(tx, &by, draft, render).await.map_err(|e| match e {
        e if e.is_conflict("approval_pending_once") => ReopenError::Pending,
        e => e.into(),
    })
}

/// A second person says yes. Whoever closes or books holds the scope; so does this.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let payload: Payload =
        serde_json::from_value(approval.payload.clone()).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    days::hold(tx, &payload.scope).await?;
    // who decides has seen what it opens
    if days::closed_from(tx, &payload.scope, payload.day).await? != payload.days {
        return Err(DecideError::Stale);
    }
    let opened = days::reopen(tx, &payload.scope, payload.day, d.now, &d.caller.actor()).await?;
    if opened.is_empty() {
        return Err(DecideError::Stale);
    }
    let mut unit = Unit::new(d.caller.actor(), d.now);
    let line = |action, subject| Audit { action, subject, request_id: d.caller.request_id.clone() };
    unit.audit.push(line("day_reopened", approval.subject.clone()));
    unit.audit.extend(opened.into_iter().map(|closing| line("closing_reopened", closing)));
    Ok(unit)
}

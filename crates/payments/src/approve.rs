//! A second person decides: once, never on an own proposal, and the effect is in the same commit as the decision.

use crate::administer::{accounts, credentials};
use crate::context::{Caller, Context};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use crate::{lower_obligation, refund, reopen_day, resolve_case};
use domain::ApprovalId;
use domain::approval::{ApprovalKind, ApprovalStatus};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use storage::approvals::{self, Approval, Decision};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, unit};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    Reject,
}

#[derive(Debug, Clone)]
pub struct Command {
    pub approval: ApprovalId,
    pub verdict: Verdict,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// What an effect needs to know of the decision.
pub(crate) struct Deciding<'c> {
    pub ctx: &'c Context,
    pub caller: &'c Caller,
    pub now: Timestamp,
    /// How long a beneficiary's new account waits before it is in force.
    pub cooling_off: SignedDuration,
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such approval")]
    Absent,
    #[error("it was decided already: {0}")]
    Decided(ApprovalStatus),
    #[error("who proposes does not decide")]
    SamePerson,
    #[error("what it rests on has changed")]
    Stale,
}

impl Retryable for DecideError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

type Render<'r> = &'r (dyn Fn(&Approval) -> String + Send + Sync);

/// Decides; `render` gives the answer from the approval as it then stands.
#[tracing::instrument(skip_all, fields(approval = %command.approval))]
pub async fn decide(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, DecideError> {
    let reply = retrying(|| decide_once(ctx, command, render)).await?;
    ctx.wake.notify_one();
    Ok(reply)
}

async fn decide_once(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, DecideError> {
    let tx = ctx.pool.tx().await?;
    let cooling_off = SignedDuration::from_hours(ctx.settings.approvals.cooling_off_h);
    let outcome = decided(ctx, &tx, command, cooling_off, render).await;
    tx.close(outcome).await
}

async fn decided(
    ctx: &Context,
    tx: &Tx,
    c: &Command,
    cooling_off: SignedDuration,
    render: Render<'_>,
) -> Result<Reply, DecideError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &c.idempotency));
    begun?;
    if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
        return Ok(reply);
    }
    let approval = approvals::lock(tx, c.approval).await?.ok_or(DecideError::Absent)?;
    if !is_seen(&approval, c.beneficiaries.as_deref()) {
        return Err(DecideError::Absent);
    }
    let actor = c.caller.actor();
    if approval.proposer == actor {
        return Err(DecideError::SamePerson);
    }
    if approval.status != ApprovalStatus::Pending {
        return Err(DecideError::Decided(approval.status));
    }
    let deciding = Deciding { ctx, caller: &c.caller, now: c.now, cooling_off };
    let status = match c.verdict {
        Verdict::Approve => ApprovalStatus::Approved,
        Verdict::Reject => ApprovalStatus::Rejected,
    };
    let mut unit = effect(tx, &approval, c.verdict, &deciding).await?;
    unit.audit.push(Audit {
        action: match c.verdict {
            Verdict::Approve => "approved",
            Verdict::Reject => "rejected",
        },
        subject: c.approval.to_string(),
        request_id: c.caller.request_id.clone(),
    });
    unit::write(tx, &unit).await?;
    approvals::decide(tx, c.approval, &Decision { status, decider: Some(&actor), note: &c.note, at: c.now }).await?;
    let approval = approvals::lock(tx, c.approval).await?.ok_or(DecideError::Absent)?;
    let body = render(&approval);
    idempotency::keep(tx, &c.idempotency, &c.approval.to_string(), Some((200, &body)), None).await?;
    tx.commit().await?;
    tracing::info!(kind = %approval.kind, status = %approval.status, "decided");
    Ok(Reply::fresh(200, body))
}

/// A person with beneficiaries sees what is about theirs alone.
fn is_seen(approval: &Approval, beneficiaries: Option<&[String]>) -> bool {
    beneficiaries
        .is_none_or(|own| !approval.beneficiaries.is_empty() && approval.beneficiaries.iter().all(|b| own.contains(b)))
}

/// What the decision does, by the kind of what was proposed.
async fn effect(tx: &Tx, approval: &Approval, verdict: Verdict, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    match (approval.kind, verdict) {
        (ApprovalKind::Refund, Verdict::Approve) => refund::approved(tx, approval, d).await,
        (ApprovalKind::Refund, Verdict::Reject) => refund::rejected(tx, approval, d).await,
        (ApprovalKind::Reduction, Verdict::Approve) => lower_obligation::approved(tx, approval, d).await,
        (ApprovalKind::DayReopening, Verdict::Approve) => reopen_day::approved(tx, approval, d).await,
        (ApprovalKind::CaseResolution, Verdict::Approve) => resolve_case::approved(tx, approval, d).await,
        (ApprovalKind::CaseResolution, Verdict::Reject) => resolve_case::rejected(tx, approval, d).await,
        (ApprovalKind::BeneficiaryAccount, Verdict::Approve) => accounts::approved(tx, approval, d).await,
        (ApprovalKind::ProfileCredentials, verdict) if credentials::is_about_secret(approval) => {
            credentials::decided(tx, approval, verdict, d).await
        }
        (ApprovalKind::ProfileCredentials, Verdict::Approve) => accounts::payouts_approved(tx, approval, d).await,
        (
            ApprovalKind::Reduction
            | ApprovalKind::DayReopening
            | ApprovalKind::BeneficiaryAccount
            | ApprovalKind::ProfileCredentials,
            Verdict::Reject,
        ) => Ok(Unit::new(d.caller.actor(), d.now)),
    }
}

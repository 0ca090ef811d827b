//! A second person decides: once, never on an own proposal, and the effect is in the same commit as the decision.
//!
//! Nobody decides what they could have proposed themselves under another name: a proposal of a client is none for whoever made
//! a key of that client, and nobody decides about their own rights and keys.

use crate::administer::{accounts, contract_fees, credentials, keys, rights};
use crate::context::{Caller, Context};
use crate::proposal::reaches;
use crate::reply::{self, IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use crate::{
    lower_obligation, refund, remit, reopen_day, replace_receipt, resolve_case, state_opening, supersede_statement,
    void_at_counter,
};
use domain::approval::{ApprovalKind, ApprovalStatus};
use domain::cause::Cause;
use domain::principal::Scope;
use domain::role::{self, Role};
use domain::{ApprovalId, ClientId, PersonId};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use storage::approvals::{self, Approval, Decision};
use storage::persons::{self, Filter};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, principals, unit};

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
    #[error("nobody decides about their own rights and keys")]
    OwnRights,
    #[error("who decides may do so no more")]
    NotTheirs,
    #[error("what it rests on has changed")]
    Stale,
}

impl Retryable for DecideError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// Says what became of it; of a key, with the part of its text that is for whoever approves.
type Render<'r> = &'r (dyn Fn(&Approval, Option<&str>) -> String + Send + Sync);

/// What a decision does, and what whoever decides is told of it once.
struct Effect {
    unit: Unit,
    second_part: Option<SecretString>,
}

impl From<Unit> for Effect {
    fn from(unit: Unit) -> Self {
        Self { unit, second_part: None }
    }
}

/// Decides; `render` gives the answer from the approval as it then stands.
#[tracing::instrument(skip_all, fields(approval = %command.approval))]
pub async fn decide(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, DecideError> {
    let reply = retrying(|| decide_once(ctx, command, render)).await?;
    if command.verdict == Verdict::Approve {
        supersede_statement::follow(ctx, command.approval, command.now).await?;
    }
    ctx.wake.notify_one();
    Ok(reply)
}

async fn decide_once(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, DecideError> {
    let tx = ctx.pool.tx().await?;
    let outcome = decided(ctx, &tx, command, render).await;
    tx.close(outcome).await
}

async fn decided(ctx: &Context, tx: &Tx, c: &Command, render: Render<'_>) -> Result<Reply, DecideError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &c.idempotency));
    begun?;
    let key_hash = &c.idempotency.key_hash;
    if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
        let body = reply::opened(&ctx.vault, key_hash, reply.body)?;
        return Ok(Reply { body, ..reply });
    }
    let approval = approvals::lock(tx, c.approval).await?.ok_or(DecideError::Absent)?;
    let concerned = approvals::concerned(tx, c.approval).await?;
    if !reaches(c.beneficiaries.as_deref(), &concerned) {
        return Err(DecideError::Absent);
    }
    let actor = c.caller.actor();
    may_decide(tx, &approval, &actor).await?;
    may_still_decide(tx, &concerned, &actor).await?;
    if approval.status != ApprovalStatus::Pending {
        let again = approval.is_stale && c.verdict == Verdict::Approve;
        return Err(if again { DecideError::Stale } else { DecideError::Decided(approval.status) });
    }
    let cooling_off = SignedDuration::from_hours(ctx.settings.approvals.cooling_off_h);
    let deciding = Deciding { ctx, caller: &c.caller, now: c.now, cooling_off };
    let status = match c.verdict {
        Verdict::Approve => ApprovalStatus::Approved,
        Verdict::Reject => ApprovalStatus::Rejected,
    };
    tx.mark().await?;
    let done = match c.verdict {
        // the proposal was made for others, and seen by others
        Verdict::Approve if concerned != approval.beneficiaries => Err(DecideError::Stale),
        verdict => effect(ctx, tx, &approval, verdict, &deciding).await,
    };
    let Effect { mut unit, second_part } = match done {
        Err(DecideError::Stale) if c.verdict == Verdict::Approve => {
            tx.back_to_mark().await?;
            lapse(tx, &approval, &deciding).await?;
            return Err(DecideError::Stale);
        }
        other => other?,
    };
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
    let body = render(&approval, second_part.as_ref().map(|part| part.expose_secret()));
    let kept = match second_part {
        Some(_) => reply::sealed(&ctx.vault, key_hash, &body)?,
        None => body.clone(),
    };
    idempotency::keep(tx, &c.idempotency, &c.approval.to_string(), Some((200, &kept)), None).await?;
    tx.commit().await?;
    tracing::info!(kind = %approval.kind, status = %approval.status, "decided");
    Ok(Reply::fresh(200, body))
}

/// What is about money holds it, and its case, for a decision: where nobody can make that any more it is taken back, so that
/// something else may be proposed.
async fn lapse(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<(), DecideError> {
    let mut unit = match approval.kind {
        ApprovalKind::Refund => refund::dropped(tx, approval, d, refund::Drop::Stale).await?,
        ApprovalKind::CaseResolution => resolve_case::dropped(tx, approval, d, Cause::Withdrawn).await?,
        ApprovalKind::Remittance => remit::dropped(tx, approval, d, Cause::Withdrawn).await?,
        _ => return Ok(()),
    };
    let request_id = d.caller.request_id.clone();
    unit.audit.push(Audit { action: "approval_stale", subject: approval.id.to_string(), request_id });
    unit::write(tx, &unit).await?;
    approvals::lapse(tx, approval.id, d.now).await?;
    Ok(tx.commit().await?)
}

/// Whether this is another person than who proposed it, and than whom it is about.
async fn may_decide(tx: &Tx, approval: &Approval, actor: &str) -> Result<(), DecideError> {
    if approval.proposer == actor {
        return Err(DecideError::SamePerson);
    }
    if matches!(approval.kind, ApprovalKind::PersonRights | ApprovalKind::PersonKey) && approval.subject == actor {
        return Err(DecideError::OwnRights);
    }
    if let Ok(client) = approval.proposer.parse::<ClientId>() {
        // whoever was shown a key of this client may be the one who proposed
        if principals::made_key_of(tx, client, actor, approval.proposed_at).await? {
            return Err(DecideError::SamePerson);
        }
    }
    Ok(())
}

/// What a person proposed who may not propose it any more, or not for these beneficiaries, is not done on their word. A
/// portal's proposal stands; one from the command line has the database behind it.
async fn still_stands(tx: &Tx, approval: &Approval) -> Result<(), DecideError> {
    let Ok(id) = approval.proposer.parse::<PersonId>() else { return Ok(()) };
    let may = is_theirs(tx, &approval.beneficiaries, id, approval.kind.proposed_with()).await?;
    if may { Ok(()) } else { Err(DecideError::Stale) }
}

/// The door asked before this transaction began: whoever was disabled since, or lost the role, decides nothing.
async fn may_still_decide(tx: &Tx, concerned: &[String], actor: &str) -> Result<(), DecideError> {
    let Ok(id) = actor.parse::<PersonId>() else { return Ok(()) };
    let may = is_theirs(tx, concerned, id, Scope::ApprovalsDecide).await?;
    if may { Ok(()) } else { Err(DecideError::NotTheirs) }
}

/// Whether a person, as the books have them now, may do this about the beneficiaries of a proposal.
async fn is_theirs(tx: &Tx, concerned: &[String], id: PersonId, scope: Scope) -> Result<bool, StorageError> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    let Some(person) = persons::page(tx, &filter, None, 1).await?.pop() else { return Ok(false) };
    let roles: &[Role] = if person.disabled_at.is_none() { &person.roles } else { &[] };
    let own = Some(person.beneficiaries.as_slice()).filter(|own| !own.is_empty());
    Ok(role::allow(roles, scope) && reaches(own, concerned))
}

/// What the decision does, by the kind of what was proposed.
async fn effect(
    ctx: &Context,
    tx: &Tx,
    approval: &Approval,
    verdict: Verdict,
    d: &Deciding<'_>,
) -> Result<Effect, DecideError> {
    if verdict == Verdict::Approve {
        still_stands(tx, approval).await?;
    }
    let unit = match (approval.kind, verdict) {
        (ApprovalKind::Refund, Verdict::Approve) => refund::approved(tx, approval, d).await?,
        (ApprovalKind::Refund, Verdict::Reject) => refund::dropped(tx, approval, d, refund::Drop::Rejected).await?,
        (ApprovalKind::Reduction, Verdict::Approve) => lower_obligation::approved(tx, approval, d).await?,
        (ApprovalKind::CounterVoid, Verdict::Approve) => void_at_counter::approved(tx, approval, d).await?,
        (ApprovalKind::DayReopening, Verdict::Approve) => reopen_day::approved(tx, approval, d).await?,
        (ApprovalKind::CaseResolution, Verdict::Approve) => resolve_case::approved(tx, approval, d).await?,
        (ApprovalKind::CaseResolution, Verdict::Reject) => {
            resolve_case::dropped(tx, approval, d, Cause::ResolutionRejected).await?
        }
        (ApprovalKind::Remittance, Verdict::Approve) => remit::approved(tx, approval, d).await?,
        (ApprovalKind::Remittance, Verdict::Reject) => remit::dropped(tx, approval, d, Cause::Rejected).await?,
        (ApprovalKind::BeneficiaryAccount, Verdict::Approve) => accounts::approved(tx, approval, d).await?,
        (ApprovalKind::ProfileCredentials, verdict) if credentials::is_about_secret(approval) => {
            credentials::decided(tx, approval, verdict, d).await?
        }
        (ApprovalKind::ProfileCredentials, Verdict::Approve) => accounts::payouts_approved(tx, approval, d).await?,
        (ApprovalKind::ReceiptReplacement, Verdict::Approve) => replace_receipt::approved(tx, approval, d).await?,
        (ApprovalKind::StatementSupersession, Verdict::Approve) => {
            supersede_statement::approved(ctx, tx, approval, d).await?
        }
        (ApprovalKind::StatementSupersession, Verdict::Reject) => {
            supersede_statement::rejected(tx, approval, d).await?
        }
        (ApprovalKind::OpeningBalance, Verdict::Approve) => state_opening::approved(tx, approval, d).await?,
        (ApprovalKind::ContractFee, Verdict::Approve) => contract_fees::approved(tx, approval, d).await?,
        (ApprovalKind::PersonRights, Verdict::Approve) => rights::approved(tx, approval, d).await?,
        (ApprovalKind::PersonKey, Verdict::Approve) => {
            let (unit, second_part) = keys::approved(tx, approval, d, &ctx.vault).await?;
            return Ok(Effect { unit, second_part: Some(second_part) });
        }
        (ApprovalKind::PersonKey, Verdict::Reject) => keys::rejected(tx, approval, d).await?,
        (
            ApprovalKind::Reduction
            | ApprovalKind::CounterVoid
            | ApprovalKind::DayReopening
            | ApprovalKind::BeneficiaryAccount
            | ApprovalKind::ProfileCredentials
            | ApprovalKind::PersonRights
            | ApprovalKind::ContractFee
            | ApprovalKind::ReceiptReplacement
            | ApprovalKind::OpeningBalance,
            Verdict::Reject,
        ) => Unit::new(d.caller.actor(), d.now),
    };
    Ok(unit.into())
}

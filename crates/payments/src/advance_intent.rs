//! `advance_intent`: everything that is only a plan. Attempt news, cancellation, renewal, expiry: no money moves here.

use crate::context::{Caller, Context};
use crate::facts::{self, Facts, attempt_state, intent_state};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use crate::view::{self, IntentView};
use domain::booking::IntentState;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::intent::{Intent, IntentStatus, NotRenewed, renewal};
use domain::plan::{AttemptNews, IntentPlan, follow_attempt, follow_intent};
use domain::transition::NoSuchEdge;
use domain::{AttemptId, ClientId, IntentId, SightingId};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use provider::Failure;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, intents, unit};

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Edge(#[from] NoSuchEdge),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such intent")]
    Absent,
    #[error("an attempt has begun to take money")]
    AttemptCommitted,
    #[error("the intent is {0}")]
    WrongStatus(IntentStatus),
    #[error("an obligation of it is paid")]
    ObligationPaid(domain::ObligationId),
    #[error("an obligation of it cannot be paid any more")]
    ObligationNotPayable(domain::ObligationId),
    #[error("another live intent holds an obligation of it")]
    ObligationInPayment(Option<IntentId>),
}

impl From<NotRenewed> for PlanError {
    fn from(why: NotRenewed) -> Self {
        match why {
            NotRenewed::Paid(id) => Self::ObligationPaid(id),
            NotRenewed::NotPayable(id) => Self::ObligationNotPayable(id),
            NotRenewed::InPayment(holder) => Self::ObligationInPayment(Some(holder)),
        }
    }
}

impl Retryable for PlanError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// What attempt news changes, with the case that it opens where a person must look.
pub fn follow(
    facts: &Facts,
    attempt: AttemptId,
    news: AttemptNews,
    sighting: Option<SightingId>,
    now: Timestamp,
    caller: &Caller,
) -> Result<Unit, PlanError> {
    let stored = facts.attempt(attempt)?;
    let state = intent_state(facts.intent()?);
    let mut unit = Unit::new(caller.actor(), now);
    unit.changes = follow_attempt(&attempt_state(stored), &state, facts.other_committed(attempt), news)?;
    let a_person_must_look = matches!(news, AttemptNews::Unclear | AttemptNews::Unresolved);
    if a_person_must_look && !unit.changes.is_empty() {
        unit.changes.cases_opened.push(NewCase {
            sighting_id: sighting,
            ..NewCase::new(CaseKind::StatusDiffers, stored.attempt.amount, attempt.to_string())
        });
    }
    Ok(unit)
}

/// Attempt news in a transaction of its own: the worker's conclusions, and what the provider said to our order.
#[tracing::instrument(skip_all, fields(attempt_id = %attempt))]
pub async fn attempt_news(
    ctx: &Context,
    attempt: AttemptId,
    news: AttemptNews,
    now: Timestamp,
) -> Result<(), PlanError> {
    retrying(|| attempt_news_once(ctx, attempt, news, None, now)).await
}

/// The provider did not take the order; what it says to the payer is kept with the attempt.
pub async fn attempt_refused(ctx: &Context, attempt: AttemptId, why: Failure, now: Timestamp) -> Result<(), PlanError> {
    retrying(|| attempt_news_once(ctx, attempt, AttemptNews::Refused, Some(why), now)).await
}

async fn attempt_news_once(
    ctx: &Context,
    attempt: AttemptId,
    news: AttemptNews,
    why: Option<Failure>,
    now: Timestamp,
) -> Result<(), PlanError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, stored) = join!(tx.begin(), storage::attempts::by_id(&tx, attempt));
        begun?;
        let stored = stored?.ok_or(PlanError::Absent)?;
        let facts = facts::lock(&tx, stored.attempt.intent_id).await?;
        let unit = follow(&facts, attempt, news, None, now, &Caller::system())?;
        if let Some(why) = why.filter(|_| unit.changes.attempts.iter().any(|step| step.id == attempt)) {
            storage::attempts::set_failure(&tx, attempt, why.as_str()).await?;
        }
        commit(&tx, &unit).await
    }
    .await;
    tx.close(outcome).await
}

async fn commit(tx: &Tx, unit: &Unit) -> Result<(), PlanError> {
    let (written, committed) = join!(unit::write(tx, unit), tx.commit());
    written?;
    committed?;
    Ok(())
}

/// A portal's plan for its intent, with its idempotency key.
pub struct Command {
    pub intent: IntentId,
    pub client: ClientId,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// Cancels an open intent; 409 while an attempt takes money.
#[tracing::instrument(skip_all, fields(intent_id = %command.intent))]
pub async fn cancel(
    ctx: &Context,
    command: &Command,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, PlanError> {
    retrying(|| plan_once(ctx, command, IntentPlan::Cancel, None, render)).await
}

/// Reopens an expired intent under the same reference until `now + life`, for what its obligations owe now.
#[tracing::instrument(skip_all, fields(intent_id = %command.intent))]
pub async fn renew(
    ctx: &Context,
    command: &Command,
    life: SignedDuration,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, PlanError> {
    retrying(|| plan_once(ctx, command, IntentPlan::Renew, Some(command.now + life), render)).await
}

async fn plan_once(
    ctx: &Context,
    command: &Command,
    plan: IntentPlan,
    deadline: Option<Timestamp>,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, PlanError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, earlier) = join!(tx.begin(), idempotency::claim(&tx, &command.idempotency));
        begun?;
        if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
            return Ok(reply);
        }
        intents::by_id(&tx, Some(command.client), command.intent).await?.ok_or(PlanError::Absent)?;
        let mut facts = facts::lock(&tx, command.intent).await?;
        let intent = facts.intent()?.clone();
        check(plan, &intent, &facts)?;
        let is_back = plan == IntentPlan::Renew && intent.status == IntentStatus::Expired;
        if is_back {
            // one of them may have been lowered since it was opened
            intents::ask_anew(&tx, intent.id).await?;
            facts.ask_anew();
        }
        let mut unit = Unit::new(command.caller.actor(), command.now);
        // past its deadline and not expired yet, because its provider has not answered: only the deadline moves
        let overdue = intent.status == IntentStatus::Open && intent.expires_at <= command.now;
        if !(plan == IntentPlan::Renew && overdue) {
            unit.changes =
                follow_intent(&intent_state(&intent), plan).map_err(|_| PlanError::WrongStatus(intent.status))?;
        }
        unit.events = crate::events::of_changes(&unit.changes, &facts.obligations, &facts.intents, None)?;
        unit.audit.push(Audit {
            action: if plan == IntentPlan::Cancel { "intent_cancelled" } else { "intent_renewed" },
            subject: intent.id.to_string(),
            request_id: command.caller.request_id.clone(),
        });
        if let Some(deadline) = deadline {
            intents::set_deadline(&tx, intent.id, deadline).await?;
        }
        apply(&mut facts, &unit, deadline);
        let body = render(&view::of_facts(ctx, &tx, &facts, command.now).await?);
        let id = intent.id.to_string();
        let (written, kept, committed) = join!(
            unit::write(&tx, &unit),
            idempotency::keep(&tx, &command.idempotency, &id, Some((200, &body)), None),
            tx.commit(),
        );
        written.map_err(held_by_another)?;
        kept?;
        committed?;
        ctx.wake.notify_one();
        tracing::info!(?plan, "plan followed");
        Ok(Reply::fresh(200, body))
    }
    .await;
    tx.close(outcome).await
}

fn held_by_another(error: StorageError) -> PlanError {
    if error.is_conflict("obligation_in_one_live_intent") { PlanError::ObligationInPayment(None) } else { error.into() }
}

fn check(plan: IntentPlan, intent: &Intent, facts: &Facts) -> Result<(), PlanError> {
    if plan == IntentPlan::Cancel && intent.status == IntentStatus::Processing {
        return Err(PlanError::AttemptCommitted);
    }
    if plan != IntentPlan::Renew {
        return Ok(());
    }
    let own = facts.obligations.iter().filter(|o| intent.obligation_ids.contains(&o.id));
    let holder = facts.intents.iter().find(|i| i.id != intent.id && i.status.is_live());
    renewal(intent.status, own.map(|o| (o.id, o.status)), holder.map(|i| i.id)).map_err(PlanError::from)
}

/// The facts as they stand after the unit, for the view.
pub(crate) fn apply(facts: &mut Facts, unit: &Unit, deadline: Option<Timestamp>) {
    for step in &unit.changes.intents {
        for i in facts.intents.iter_mut().filter(|i| i.id == step.id) {
            i.status = step.to;
            i.version = step.version;
        }
    }
    if let Some(deadline) = deadline {
        facts.set_deadline(deadline);
    }
    for step in &unit.changes.attempts {
        for a in facts.attempts.iter_mut().filter(|a| a.attempt.id == step.id) {
            a.attempt.status = step.to;
            a.attempt.version = step.version;
        }
    }
}

/// Expires an open intent whose deadline has passed; false when it is not open or not past it any more.
#[tracing::instrument(skip_all, fields(intent_id = %intent))]
pub async fn expire(ctx: &Context, intent: IntentId, now: Timestamp) -> Result<bool, PlanError> {
    retrying(|| expire_once(ctx, intent, now)).await
}

async fn expire_once(ctx: &Context, intent: IntentId, now: Timestamp) -> Result<bool, PlanError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let facts = facts::lock(&tx, intent).await?;
        let own = facts.intent()?;
        if own.status != IntentStatus::Open || own.expires_at > now {
            return Ok(false);
        }
        let state: IntentState = intent_state(own);
        let mut unit = Unit::new(Caller::system().actor(), now);
        unit.changes = follow_intent(&state, IntentPlan::Expire)?;
        unit.events = crate::events::of_changes(&unit.changes, &facts.obligations, &facts.intents, None)?;
        commit(&tx, &unit).await?;
        tracing::info!("intent expired");
        Ok(true)
    }
    .await;
    tx.close(outcome).await
}

//! Asks providers about orders of ours: webhooks get lost for good, asking finds what they would have said. Each minute
//! while the payer may still pay, then ever more rarely, until 72 hours; once more before an intent expires.

use crate::advance_intent::{self, PlanError};
use crate::context::{Caller, Context};
use crate::held_money;
use crate::neighbour;
use crate::receive_report::{self, ReportError, Sighted};
use crate::slots;
use domain::IntentId;
use domain::attempt::{Attempt, HeldWord};
use domain::payment::News;
use domain::plan::AttemptNews;
use jiff::{SignedDuration, Timestamp};
use provider::{Provider, ProviderError, Question};
use std::time::Duration;
use storage::attempts::{Claim, Claimed};
use storage::{StorageError, attempts, sweeps};
use telemetry::trace;
use tracing::Instrument;

/// No other worker asks before this; longer than a provider may take to answer.
const LEASE: SignedDuration = SignedDuration::from_secs(45);
/// Seconds until a provider that gave no answer is tried again, at most.
const UNANSWERED_S: i64 = 60;
/// How late a notification of a transfer may come.
const TELLERS_DELAY: SignedDuration = SignedDuration::from_mins(10);
/// How long after a transfer's window its account may stay unlisted, at least.
const OUTAGE: SignedDuration = SignedDuration::from_hours(24);
/// After its window a payer may still be on the bank's page: "not found" is final only this much later.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum PollError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Which attempts this pass asks about, and how long it waits for the answers; slower ones come beside later passes.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Undecided ones that were not tried since then, whatever their schedule says; with `only_intent` decided ones too.
    pub all_not_asked_since: Option<Timestamp>,
    pub only_intent: Option<IntentId>,
    pub patience: Duration,
}

impl Default for Pass {
    fn default() -> Self {
        Self { all_not_asked_since: None, only_intent: None, patience: Duration::from_secs(1) }
    }
}

/// One pass; how many were asked about.
pub async fn poll(ctx: &Context, pass: Pass, now: Timestamp) -> Result<usize, PollError> {
    let free = ctx.slots.asking.available_permits();
    if free == 0 {
        return Ok(0);
    }
    let claim = Claim {
        limit: i64::try_from(free).unwrap_or(1),
        lease: LEASE,
        all_not_asked_since: pass.all_not_asked_since,
        only_intent: pass.only_intent,
    };
    let claimed = {
        let db = ctx.pool.get().await?;
        attempts::claim(&db, claim).await?
    };
    let count = claimed.len();
    slots::each(&ctx.slots.asking, claimed, pass.patience, |claimed| {
        let ctx = ctx.clone();
        async move {
            if let Err(error) = ask(&ctx, &claimed, now).await {
                tracing::error!(attempt = %claimed.attempt_id, error = &error as &dyn std::error::Error, "asking failed");
            }
        }
    })
    .await;
    Ok(count)
}

/// In the trace in which the attempt's intent was opened.
async fn ask(ctx: &Context, claimed: &Claimed, now: Timestamp) -> Result<(), PollError> {
    let stored = {
        let db = ctx.pool.get().await?;
        attempts::by_id(&db, claimed.attempt_id).await?
    };
    let Some(stored) = stored else { return Ok(()) };
    let span = tracing::info_span!("ask", attempt_id = %claimed.attempt_id, asked = claimed.asked);
    let span = trace::join(span, stored.traceparent.as_deref());
    ask_about(ctx, claimed, (stored.attempt, stored.handle), now).instrument(span).await
}

async fn ask_about(
    ctx: &Context,
    claimed: &Claimed,
    (attempt, handle): (Attempt, Option<String>),
    now: Timestamp,
) -> Result<(), PollError> {
    let provider = ctx.providers.by_profile(&attempt.profile);
    if let Some(provider) = provider.filter(|p| p.status.is_none()) {
        return watch_window(ctx, claimed, &provider, &attempt, now).await;
    }
    let answered = match answer_of(ctx, &attempt, handle.as_deref(), now).await {
        // no contract of ours knows it any more: nobody has answered
        Ok(None) => false,
        Ok(Some(told)) => {
            conclude(ctx, &attempt, &told, now).await?;
            if told.report.news == News::Committed {
                say_what_becomes_of_it(ctx, &attempt, handle.as_deref(), now).await?;
            }
            true
        }
        Err(error) => {
            tracing::warn!(attempt = %attempt.id, order_ref = %attempt.order_ref, error = &error as &dyn std::error::Error, "no answer from the provider");
            false
        }
    };
    reschedule(ctx, claimed, &attempt, answered, now).await
}

/// A transfer cannot be asked about: its attempt is over when its window is, and the account was listed to the end of it.
/// Where nobody lists the account, whoever tells of it has a while to do so. An account that cannot be listed holds no intent
/// for longer than an order is asked about. Money that comes later is money all the same.
async fn watch_window(
    ctx: &Context,
    claimed: &Claimed,
    provider: &Provider,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<(), PollError> {
    let told_until = match provider.movements {
        Some(_) => {
            let db = ctx.pool.get().await?;
            sweeps::listed_until(&db, attempt.id).await?
        }
        None => Some(now - TELLERS_DELAY),
    };
    let is_listed = told_until.is_some_and(|until| until >= attempt.expires_at);
    // a window may be longer than we ask: then too a listing has a day to come back
    let is_over = now >= claimed.until.max(attempt.expires_at + OUTAGE);
    if is_listed || is_over {
        let news = if is_listed { AttemptNews::WindowClosed } else { AttemptNews::Unresolved };
        advance_intent::attempt_news(ctx, attempt.id, news, now).await?;
        let db = ctx.pool.get().await?;
        return Ok(attempts::unwatch(&db, attempt.id).await?);
    }
    let next = attempt.expires_at.max(now) + SignedDuration::from_secs(ctx.settings.poll.list_every_s);
    let db = ctx.pool.get().await?;
    Ok(attempts::asked(&db, attempt.id, next, false).await?)
}

/// None where this provider cannot be asked.
async fn answer_of(
    ctx: &Context,
    attempt: &Attempt,
    handle: Option<&str>,
    now: Timestamp,
) -> Result<Option<provider::status::Told>, ProviderError> {
    let provider = ctx.providers.by_profile(&attempt.profile);
    let Some((provider, status)) = provider.and_then(|p| p.status.clone().map(|status| (p, status))) else {
        return Ok(None);
    };
    neighbour::called(&provider, "status", status.ask_by(&question(attempt, now), handle)).await.map(Some)
}

fn question(attempt: &Attempt, now: Timestamp) -> Question {
    Question { order_ref: attempt.order_ref.clone(), amount: attempt.amount, ordered_at: attempt.ordered_at, now }
}

/// Where the payer's money waits for our word (`held_money`). What the word has done is asked at once; without an answer, at
/// the next asking.
async fn say_what_becomes_of_it(
    ctx: &Context,
    attempt: &Attempt,
    handle: Option<&str>,
    now: Timestamp,
) -> Result<(), PollError> {
    let provider = ctx.providers.by_profile(&attempt.profile);
    let Some((provider, holds)) = provider.and_then(|p| p.holds.clone().map(|holds| (p, holds))) else {
        return Ok(());
    };
    let held = question(attempt, now);
    let said = match held_money::word(ctx, attempt, now).await? {
        HeldWord::Take => neighbour::called(&provider, "take", holds.take(&held)).await,
        HeldWord::LetGo => neighbour::called(&provider, "let_go", holds.let_go(&held)).await,
    };
    if let Err(error) = said {
        tracing::warn!(attempt = %attempt.id, order_ref = %attempt.order_ref, error = &error as &dyn std::error::Error, "no word about held money arrived for sure");
    }
    match answer_of(ctx, attempt, handle, now).await {
        Ok(Some(told)) => conclude(ctx, attempt, &told, now).await,
        Ok(None) | Err(_) => Ok(()),
    }
}

async fn conclude(
    ctx: &Context,
    attempt: &Attempt,
    told: &provider::status::Told,
    now: Timestamp,
) -> Result<(), PollError> {
    match told.report.news {
        // said each minute and concluding nothing: not evidence worth keeping
        News::Pending => Ok(()),
        News::NotFound if now < attempt.expires_at + GRACE => Ok(()),
        News::NotFound | News::Captured(_) | News::Committed | News::Failed { .. } | News::Unclear { .. } => {
            let sighted = Sighted {
                source: format!("poll:{}", attempt.channel),
                channel: &attempt.channel,
                profile: &attempt.profile,
                report: &told.report,
                evidence: &told.evidence,
                now,
            };
            receive_report::receive(ctx, &sighted, &Caller::system()).await?;
            Ok(())
        }
    }
}

async fn reschedule(
    ctx: &Context,
    claimed: &Claimed,
    attempt: &Attempt,
    answered: bool,
    now: Timestamp,
) -> Result<(), PollError> {
    if now >= claimed.until {
        // an edge that the attempt's present state does not have is no change: it was decided meanwhile
        advance_intent::attempt_news(ctx, attempt.id, AttemptNews::Unresolved, now).await?;
        let db = ctx.pool.get().await?;
        return Ok(attempts::unwatch(&db, attempt.id).await?);
    }
    let scheduled = ctx.settings.poll.wait_s(claimed.asked);
    // a provider that is away is tried again soon: an answer is owed, whatever the schedule has backed off to
    let wait_s = if answered { scheduled } else { scheduled.min(UNANSWERED_S) };
    let next = (now + SignedDuration::from_secs(wait_s)).min(claimed.until);
    let db = ctx.pool.get().await?;
    Ok(attempts::asked(&db, attempt.id, next, answered).await?)
}

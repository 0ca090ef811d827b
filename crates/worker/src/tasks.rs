//! What runs, how often, and which use case it is. A new task is a use case and a row here.

use crate::failure::Failure;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use payments::poll_attempts::Pass;
use payments::{
    Context, ask_health, deliver_events, erase_payer, expire_intents, export_report, import_settlement, issue_receipts,
    mail_receipts, match_movements, place_orphans, poll_attempts, refund, seal_books, sequence_events, sweep_movements,
    tell_of_bills,
};
use std::error::Error;
use std::time::Duration;
use storage::{StorageError, idempotency, prompts};

/// How many a pass worked on.
pub type Outcome = Result<usize, Failure>;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Task {
    pub name: &'static str,
    /// From the end of one pass to the begin of the next, when nothing wakes it.
    pub period: Duration,
    /// Whether `ctx.wake` makes it run at once.
    pub woken: bool,
    /// A pass that found so many is followed by another at once: there is more, or its end made more possible.
    pub again_from: usize,
    /// The task whose work this one makes.
    pub feeds: Option<&'static str>,
    pub run: fn(Context) -> BoxFuture<'static, Outcome>,
}

/// A portal may repeat a request for 72 hours (contract, "Idempotency"); a day more costs little.
const KEEP_IDEMPOTENCY_HOURS: i64 = 96;
const PURGED_PER_PASS: i64 = 1_000;

/// `again_from` is the limit that the use case sets to one pass; the next event of a stream can be sent only after the
/// one before it, so delivery looks again after any.
pub const TASKS: &[Task] = &[
    Task {
        name: "sequence_events",
        period: Duration::from_millis(200),
        woken: true,
        again_from: 500,
        feeds: Some("deliver_events"),
        run: |ctx| async move { told(sequence_events::sequence(&ctx).await) }.boxed(),
    },
    Task {
        name: "deliver_events",
        period: Duration::from_millis(500),
        woken: true,
        again_from: 1,
        feeds: None,
        run: |ctx| async move { told(deliver_events::deliver(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "place_orphans",
        period: Duration::from_secs(2),
        woken: true,
        again_from: 100,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(place_orphans::place(&ctx, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "poll_attempts",
        period: Duration::from_secs(1),
        woken: false,
        again_from: 100,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(poll_attempts::poll(&ctx, Pass::default(), Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "match_movements",
        period: Duration::from_secs(5),
        woken: false,
        again_from: 500,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(match_movements::match_all(&ctx, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "hear_settlements",
        period: Duration::from_secs(5),
        woken: false,
        again_from: 100,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(import_settlement::hear(&ctx, None, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "sweep_movements",
        period: Duration::from_secs(1),
        woken: false,
        // each account has its own time
        again_from: usize::MAX,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(sweep_movements::sweep(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "drive_refunds",
        period: Duration::from_secs(1),
        woken: true,
        again_from: usize::MAX,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(refund::drive(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "look_after_sent_refunds",
        period: Duration::from_secs(60),
        woken: false,
        again_from: usize::MAX,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(refund::look_after(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "issue_receipts",
        period: Duration::from_secs(1),
        woken: true,
        again_from: 100,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(issue_receipts::issue(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "mail_receipts",
        period: Duration::from_secs(2),
        woken: true,
        again_from: 4,
        feeds: None,
        run: |ctx| async move { told(mail_receipts::send(&ctx, false).await) }.boxed(),
    },
    Task {
        name: "expire_intents",
        period: Duration::from_secs(1),
        woken: false,
        again_from: 200,
        feeds: Some("sequence_events"),
        run: |ctx| async move { told(expire_intents::expire(&ctx, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "ask_health",
        period: Duration::from_secs(60),
        woken: false,
        again_from: usize::MAX,
        feeds: None,
        run: |ctx| async move { told(ask_health::ask(&ctx).await) }.boxed(),
    },
    Task {
        name: "tell_of_bills",
        period: Duration::from_secs(1),
        woken: true,
        again_from: 50,
        feeds: None,
        run: |ctx| async move { told(tell_of_bills::tell(&ctx, false, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "write_exports",
        period: Duration::from_secs(2),
        woken: true,
        again_from: 1,
        feeds: None,
        run: |ctx| async move { told(export_report::write(&ctx, Timestamp::now()).await) }.boxed(),
    },
    Task {
        name: "seal_books",
        period: Duration::from_secs(1),
        woken: false,
        again_from: 1_000,
        feeds: None,
        run: |ctx| async move { told(seal_books::seal(&ctx).await) }.boxed(),
    },
    Task {
        name: "purge_idempotency",
        period: Duration::from_secs(3_600),
        woken: false,
        again_from: 1_000,
        feeds: None,
        run: |ctx| async move { told(purge(&ctx).await) }.boxed(),
    },
    Task {
        name: "erase_what_came_later",
        period: Duration::from_secs(600),
        woken: false,
        again_from: usize::MAX,
        feeds: None,
        run: |ctx| async move { told(erase_payer::erase_what_came_later(&ctx.pool).await) }.boxed(),
    },
    Task {
        name: "purge_prompts",
        period: Duration::from_secs(300),
        woken: false,
        again_from: 1_000,
        feeds: None,
        run: |ctx| async move { told(purge_prompts(&ctx, Timestamp::now()).await) }.boxed(),
    },
];

async fn purge_prompts(ctx: &Context, now: Timestamp) -> Result<usize, StorageError> {
    let since = now - SignedDuration::from_secs(ctx.settings.prompts.within_s);
    let gone = prompts::purge(&*ctx.pool.get().await?, since, PURGED_PER_PASS).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

async fn purge(ctx: &Context) -> Result<usize, StorageError> {
    let db = ctx.pool.get().await?;
    let gone = idempotency::purge(&db, KEEP_IDEMPOTENCY_HOURS, PURGED_PER_PASS).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

/// The use case's own error becomes the line that is logged.
pub fn told<E: Error + 'static>(outcome: Result<usize, E>) -> Outcome {
    outcome.map_err(|error| Failure::of(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_a_task_feeds_one_that_exists() {
        let names: BTreeSet<_> = TASKS.iter().map(|t| t.name).collect();
        assert_eq!(names.len(), TASKS.len());
        assert!(TASKS.iter().filter_map(|t| t.feeds).all(|fed| names.contains(fed)));
    }
}

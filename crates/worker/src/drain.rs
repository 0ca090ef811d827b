//! Works off all that is left, whatever its schedule says: for tests, before an upgrade, and after an outage. It ends:
//! an endpoint that keeps refusing is given up when its schedule is used up, an attempt is asked about once.

use crate::failure::Failure;
use crate::tasks::{Outcome, told};
use jiff::Timestamp;
use payments::poll_attempts::Pass;
use payments::{Context, deliver_events, expire_intents, place_orphans, poll_attempts, seal_books, sequence_events};
use std::time::{Duration, Instant};
use storage::StorageError;
use storage::backlog::{self, Backlog};

const MAX_ROUNDS: u32 = 10_000;
/// The limit that `poll_attempts` sets to one pass.
const ASKED_PER_PASS: i64 = 100;
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// How long to wait for work that another process holds.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    #[error("working off failed")]
    Task(#[from] Failure),
    #[error("the backlog cannot be read")]
    Backlog(#[from] StorageError),
    #[error("something is left after {rounds} rounds: {left:?}")]
    Unfinished { rounds: u32, left: Box<Backlog> },
}

/// Rounds of every task until nothing is left; the backlog as it then is. What is parked waits for a person and is not
/// counted; an attempt that its provider calls pending was asked, and waits for its next time.
///
/// # Errors
/// When a task fails, or something is left at the limit of rounds or time.
pub async fn drain(ctx: &Context) -> Result<Backlog, DrainError> {
    let begin = Instant::now();
    let before = left(ctx).await?;
    ask_about_all(ctx, before.due.polls.saturating_add(before.waiting.polls)).await?;
    for rounds in 1..=MAX_ROUNDS {
        let late = begin.elapsed() >= TIME_LIMIT;
        if round(ctx).await? > 0 && !late {
            continue;
        }
        let left = left(ctx).await?;
        if nothing(&left) {
            return Ok(left);
        }
        if late {
            return Err(DrainError::Unfinished { rounds, left: Box::new(left) });
        }
        // another process is at it, or one that was killed still holds a lease
        tokio::time::sleep(PAUSE).await;
    }
    Err(DrainError::Unfinished { rounds: MAX_ROUNDS, left: Box::new(left(ctx).await?) })
}

async fn left(ctx: &Context) -> Result<Backlog, StorageError> {
    backlog::read(&*ctx.pool.get().await?).await
}

fn nothing(left: &Backlog) -> bool {
    left.due.total() == 0 && left.waiting.outbox == 0
}

/// Asks about every attempt that is watched, once. A provider that is away answers nothing, and its attempts stay
/// "not asked": their number, not their end, bounds the passes.
async fn ask_about_all(ctx: &Context, watched: i64) -> Result<(), Failure> {
    let since = Timestamp::now();
    for _ in 0..=watched / ASKED_PER_PASS {
        let pass = Pass { all_not_asked_since: Some(since), only_intent: None };
        if told(poll_attempts::poll(ctx, pass, Timestamp::now()).await)? == 0 {
            break;
        }
    }
    Ok(())
}

/// One pass of each task, causes before effects. Asking is not counted as progress: what it finds is, further down.
async fn round(ctx: &Context) -> Outcome {
    let mut done = told(place_orphans::place(ctx, Timestamp::now()).await)?;
    told(poll_attempts::poll(ctx, Pass::default(), Timestamp::now()).await)?;
    done += told(expire_intents::expire(ctx, Timestamp::now()).await)?;
    done += told(sequence_events::sequence(ctx).await)?;
    done += told(deliver_events::deliver(ctx, true, Timestamp::now()).await)?;
    done += told(seal_books::seal(ctx).await)?;
    Ok(done)
}

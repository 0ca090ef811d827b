//! Works off all that is left, whatever its schedule says: for tests, before an upgrade, and after an outage. It ends:
//! an endpoint that keeps refusing is given up when its schedule is used up, an attempt is asked about once, an account is
//! listed once.

use crate::failure::Failure;
use crate::tasks::{Outcome, told};
use jiff::Timestamp;
use payments::poll_attempts::Pass;
use payments::{
    Context, deliver_events, erase_payer, expire_intents, export_report, import_settlement, issue_receipts,
    mail_receipts, match_movements, place_orphans, poll_attempts, refund, seal_books, sequence_events, sweep_movements,
    tell_of_bills,
};
use std::time::{Duration, Instant};
use storage::backlog::{self, Backlog};
use storage::{StorageError, attempts};

const MAX_ROUNDS: u32 = 10_000;
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// Longer than a provider may take to answer.
const ASKING_LIMIT: Duration = Duration::from_secs(40);
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
    let (begin, since) = (Instant::now(), Timestamp::now());
    // once: what a listing shows is there in the first answer, or a later drain's
    told(Box::pin(sweep_movements::sweep(ctx, true, Timestamp::now())).await)?;
    // once: a provider that takes hours is asked again by a later drain
    told(Box::pin(refund::drive(ctx, true, Timestamp::now())).await)?;
    for rounds in 1..=MAX_ROUNDS {
        let late = begin.elapsed() >= TIME_LIMIT;
        ask_about_all(ctx, since).await?;
        if round(ctx).await? > 0 && !late {
            continue;
        }
        let left = left(ctx).await?;
        if nothing(ctx, &left) && unasked(ctx, since).await? == 0 {
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

fn nothing(ctx: &Context, left: &Backlog) -> bool {
    // without a mail server what is queued for it waits
    let (mail, unsent) = (left.due.mail, left.due.mail + left.waiting.mail);
    left.due.total() == mail && left.waiting.outbox == 0 && (unsent == 0 || ctx.post.is_none())
}

async fn unasked(ctx: &Context, since: Timestamp) -> Result<i64, StorageError> {
    attempts::unasked(&*ctx.pool.get().await?, since).await
}

/// Asks about every undecided attempt that was not tried since the drain began, once: a provider that is away answers
/// nothing, and that is an end too.
async fn ask_about_all(ctx: &Context, since: Timestamp) -> Result<(), Failure> {
    let pass = Pass { all_not_asked_since: Some(since), patience: ASKING_LIMIT, ..Pass::default() };
    while told(poll_attempts::poll(ctx, pass, Timestamp::now()).await)? > 0 {}
    Ok(())
}

/// One pass of each task, causes before effects, each on the heap: they are deep. Asking is not counted as progress: what it finds is, further down.
async fn round(ctx: &Context) -> Outcome {
    let mut done = told(Box::pin(place_orphans::place(ctx, Timestamp::now())).await)?;
    told(Box::pin(poll_attempts::poll(ctx, Pass::default(), Timestamp::now())).await)?;
    told(Box::pin(refund::drive(ctx, false, Timestamp::now())).await)?;
    done += told(Box::pin(import_settlement::hear(ctx, None, Timestamp::now())).await)?;
    done += told(Box::pin(match_movements::match_all(ctx, Timestamp::now())).await)?;
    done += told(Box::pin(issue_receipts::issue(ctx, true, Timestamp::now())).await)?;
    done += told(Box::pin(mail_receipts::send(ctx, true)).await)?;
    done += told(expire_intents::expire(ctx, Timestamp::now()).await)?;
    done += told(sequence_events::sequence(ctx).await)?;
    done += told(Box::pin(deliver_events::deliver(ctx, true, Timestamp::now())).await)?;
    done += told(Box::pin(tell_of_bills::tell(ctx, true, Timestamp::now())).await)?;
    done += told(export_report::write(ctx, Timestamp::now()).await)?;
    done += told(seal_books::seal(ctx).await)?;
    done += told(erase_payer::erase_what_came_later(&ctx.pool).await)?;
    Ok(done)
}

//! A report that takes long, as a file: asked for by a person, written by the worker one at a time, kept for a day. What may be in
//! it is fixed when it is asked for; whoever asked takes it while they may still see that. Both are in the audit trail.
//!
//! | state | |
//! |---|---|
//! | `asked` | waits for the worker |
//! | `writing` | by a worker, which says every few seconds how far it is; one that falls silent has its place taken |
//! | `ready` | may be taken |
//! | `failed` | `too_long`: a PDF has a bound; `too_large`: so has every file; `broken`: it broke off three times |
//! | `gone` | a day after it was ready |

use crate::context::{Caller, Context};
use crate::report::{self, FileError, Turns};
use domain::PersonId;
use jiff::{SignedDuration, Timestamp};
use report_files::{Format, file_name};
use std::fs::File;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use storage::exports::{self, Export};
use storage::reports::Query;
use storage::unit::{self, Audit, Unit};
use storage::{StorageError, Tx};
use tokio::io::AsyncReadExt;
use tokio::time::sleep;
use uuid::Uuid;

/// Of one person.
pub const WAITING_AT_MOST: i64 = 3;
const BYTES_AT_MOST: u64 = 512 * 1024 * 1024;
const PIECE: u64 = 1024 * 1024;
const LEASE_S: i64 = 120;
const TOLD_EVERY: Duration = Duration::from_secs(2);
const TRIES: i32 = 3;
const KEPT_H: i64 = 24;

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{WAITING_AT_MOST} of this person's wait already")]
    TooMany,
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of the form: a second press is the first one again.
    pub id: Uuid,
    pub person: PersonId,
    pub wanted: Query,
    pub format: Format,
    pub caller: Caller,
    pub now: Timestamp,
}

/// # Errors
/// When as many of theirs wait already.
pub async fn ask(ctx: &Context, asked: &Asked) -> Result<(), AskError> {
    let tx = ctx.pool.tx().await?;
    let outcome = kept(&tx, asked).await;
    tx.close(outcome).await?;
    ctx.wake.notify_one();
    Ok(())
}

async fn kept(tx: &Tx, a: &Asked) -> Result<(), AskError> {
    tx.begin().await?;
    let format = a.format.extension();
    if exports::ask(tx, (a.id, a.person), (&a.wanted, format), a.now, WAITING_AT_MOST).await? {
        let mut unit = Unit::new(a.caller.actor(), a.now);
        let subject = file_name(&a.wanted, a.format);
        unit.audit.push(Audit { action: "export_asked", subject, request_id: a.caller.request_id.clone() });
        unit::write(tx, &unit).await?;
    } else if exports::of(tx, a.person, Some(a.id), 1).await?.is_empty() {
        return Err(AskError::TooMany);
    }
    Ok(tx.commit().await?)
}

/// Writes the one that has waited longest, and drops what is old; how many were written.
///
/// # Errors
/// When the database is away.
pub async fn write(ctx: &Context, now: Timestamp) -> Result<usize, StorageError> {
    let taken = {
        let db = ctx.pool.get().await?;
        exports::drop_old(&db, now - SignedDuration::from_hours(KEPT_H)).await?;
        exports::take(&db, now, LEASE_S).await?
    };
    let Some(export) = taken else { return Ok(0) };
    match written(ctx, &export).await {
        Ok((file, rows)) => keep(ctx, &export, file, rows).await?,
        Err(Broken::For(why)) => exports::failed(&*ctx.pool.get().await?, export.id, why).await?,
        Err(Broken::Now(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an export broke off");
            exports::again(&*ctx.pool.get().await?, export.id, TRIES).await?;
        }
    }
    Ok(1)
}

enum Broken {
    /// Whoever asked can do something about it.
    For(&'static str),
    Now(FileError),
}

async fn written(ctx: &Context, export: &Export) -> Result<(File, u64), Broken> {
    let format = Format::read(export.wanted.report, Some(&export.format)).map_err(|_| Broken::For("broken"))?;
    let (turns, rows) = (Turns::default(), Arc::new(AtomicU64::new(0)));
    let mut work = pin!(report::file(ctx, &turns.rows, (export.wanted.clone(), format), ((), Arc::clone(&rows))));
    let file = loop {
        tokio::select! {
            file = &mut work => break file,
            () = sleep(TOLD_EVERY) => tell(ctx, export, &rows).await.map_err(|e| Broken::Now(FileError::Rows(e)))?,
        }
    };
    match file {
        Ok(file) => Ok((file, rows.load(Ordering::Relaxed))),
        Err(FileError::TooLong) => Err(Broken::For("too_long")),
        Err(error) => Err(Broken::Now(error)),
    }
}

async fn tell(ctx: &Context, export: &Export, rows: &AtomicU64) -> Result<(), StorageError> {
    let rows = i64::try_from(rows.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
    exports::goes_on(&*ctx.pool.get().await?, export.id, rows, LEASE_S).await
}

/// In pieces, so that no process holds a whole file.
async fn keep(ctx: &Context, export: &Export, file: File, rows: u64) -> Result<(), StorageError> {
    let length = file.metadata().map_or(u64::MAX, |m| m.len());
    let db = ctx.pool.get().await?;
    if length > BYTES_AT_MOST {
        return exports::failed(&db, export.id, "too_large").await;
    }
    let mut file = tokio::fs::File::from_std(file);
    for place in 0.. {
        let mut piece = Vec::new();
        match (&mut file).take(PIECE).read_to_end(&mut piece).await {
            Ok(0) => break,
            Ok(_) => exports::keep(&db, export.id, place, &piece).await?,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an export cannot be read");
                return exports::again(&db, export.id, TRIES).await;
            }
        }
    }
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    exports::ready(&db, export.id, count(rows), count(length)).await
}

//! A report, read row by row from one snapshot and handed over in batches. Whatever its length, no more than a few
//! batches are in memory: a reader that is slow makes the database wait, one that has gone or stopped ends it. Where it is
//! wanted as a file it is written whole before anybody has a byte of it.

use crate::context::Context;
use crate::score;
use domain::report::Report;
use futures_util::TryStreamExt;
use report_files::{Format, sheets, whole};
use std::fs::File;
use std::io::{self, Seek};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use storage::reports::Query;
use storage::{StorageError, Tx, assurance, reports};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

const ROWS_IN_A_BATCH: usize = 200;
/// Batches on their way to a reader.
const BATCHES: usize = 4;
/// A reader that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a report waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Each holds a connection from beginning to end: money goes before reports.
pub const AT_ONCE: usize = 2;

pub use report_files::Row;

/// [`AT_ONCE`] of each kind per process.
#[derive(Clone)]
pub struct Turns {
    pub rows: Arc<Semaphore>,
    /// Of reports that are written to a file first.
    pub files: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let all = || Arc::new(Semaphore::new(AT_ONCE));
        Self { rows: all(), files: all() }
    }
}

/// What a reader gets; a report is whole when [`Part::End`] came, and not otherwise.
#[derive(Debug)]
pub enum Part {
    Rows(Vec<Row>),
    End,
    Broken(StorageError),
}

/// Begins a report in a task of its own. `turns` has [`AT_ONCE`] permits per process.
pub fn start(ctx: &Context, turns: &Arc<Semaphore>, query: Query) -> Receiver<Part> {
    let (parts, receiver) = mpsc::channel(BATCHES);
    let (ctx, turns) = (ctx.clone(), Arc::clone(turns));
    tokio::spawn(async move {
        let last = match turn(turns).await {
            Ok(held) => {
                let read = read(&ctx, &query, &parts).await;
                drop(held);
                read
            }
            Err(error) => Err(error),
        };
        let last = match last {
            Ok(Read::Whole) => Part::End,
            Ok(Read::ReaderGone) => return,
            Err(error) => Part::Broken(error),
        };
        // a reader that has gone does not need it
        drop(timeout(PATIENCE, parts.send(last)).await);
    });
    receiver
}

/// A turn of [`AT_ONCE`], waited for as long as a person waits.
///
/// # Errors
/// When all are taken all the while.
pub async fn turn(turns: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StorageError> {
    let busy = || StorageError::Unavailable("too many reports at once".to_owned());
    timeout(TURN, turns.acquire_owned()).await.map_err(|_| busy())?.map_err(|_| busy())
}

enum Read {
    Whole,
    ReaderGone,
}

async fn read(ctx: &Context, query: &Query, parts: &Sender<Part>) -> Result<Read, StorageError> {
    let tx = ctx.pool.tx().await?;
    match read_in(&tx, query, parts).await {
        // half read: the connection is given up, which stops the database
        Ok(Read::ReaderGone) => {
            drop(tx);
            Ok(Read::ReaderGone)
        }
        outcome => tx.close(outcome).await,
    }
}

async fn read_in(tx: &Tx, query: &Query, parts: &Sender<Part>) -> Result<Read, StorageError> {
    assurance::snapshot(tx).await?;
    reports::patient(tx).await?;
    if query.report == Report::OnlinePaymentScore {
        return reckoned(tx, query, parts).await;
    }
    let mut rows = pin!(reports::rows(tx, query).await?);
    let mut batch = Vec::with_capacity(ROWS_IN_A_BATCH);
    while let Some(row) = rows.try_next().await? {
        batch.push(row);
        if batch.len() == ROWS_IN_A_BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(ROWS_IN_A_BATCH));
            if !sent(parts, full).await {
                return Ok(Read::ReaderGone);
            }
        }
    }
    tx.commit().await?;
    Ok(if batch.is_empty() || sent(parts, batch).await { Read::Whole } else { Read::ReaderGone })
}

/// Few rows, of more than one question, and reckoned where it keeps nobody waiting: a list may have half a million lines.
async fn reckoned(tx: &Tx, query: &Query, parts: &Sender<Part>) -> Result<Read, StorageError> {
    let facts = score::facts(tx, query).await?;
    tx.commit().await?;
    let reckoning = tokio::task::spawn_blocking(move || score::rows(&facts)).await;
    let rows = reckoning.map_err(|_| StorageError::Unavailable("the score was given up".to_owned()))??;
    for batch in rows.chunks(ROWS_IN_A_BATCH) {
        if !sent(parts, batch.to_vec()).await {
            return Ok(Read::ReaderGone);
        }
    }
    Ok(Read::Whole)
}

async fn sent(parts: &Sender<Part>, rows: Vec<Row>) -> bool {
    matches!(timeout(PATIENCE, parts.send(Part::Rows(rows))).await, Ok(Ok(())))
}

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the rows broke off")]
    Rows(#[source] StorageError),
    #[error("the file cannot be written")]
    File(#[source] io::Error),
    #[error("a PDF has at most {} rows", sheets::ROWS_AT_MOST)]
    TooLong,
}

impl From<io::Error> for FileError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::FileTooLarge { Self::TooLong } else { Self::File(e) }
    }
}

/// A report as a whole file, from its beginning. `turn` is held until it is written, whoever has hung up meanwhile; `counted` are
/// the rows that are written by now.
///
/// # Errors
/// When the rows break off, are too many for the form, or there is no room for the file.
pub async fn file(
    ctx: &Context,
    turns: &Arc<Semaphore>,
    (query, format): (Query, Format),
    (turn, counted): (impl Send + 'static, Arc<AtomicU64>),
) -> Result<File, FileError> {
    let (report, period) = (query.report, query.period);
    let parts = start(ctx, turns, query);
    let write = move || {
        let file =
            whole::begin(format, report, period).map_err(FileError::from).and_then(|new| written(new, parts, &counted));
        drop(turn);
        file
    };
    let outcome = tokio::task::spawn_blocking(write).await;
    outcome.unwrap_or_else(|_| Err(FileError::File(io::Error::other("the writer stopped"))))
}

fn written(
    mut whole: Box<dyn whole::Whole>,
    mut parts: Receiver<Part>,
    counted: &AtomicU64,
) -> Result<File, FileError> {
    loop {
        match parts.blocking_recv() {
            Some(Part::Rows(rows)) => {
                whole.rows(&rows)?;
                counted.fetch_add(rows.len() as u64, Ordering::Relaxed);
            }
            Some(Part::End) => break,
            Some(Part::Broken(error)) => return Err(FileError::Rows(error)),
            None => return Err(FileError::File(io::Error::other("the rows ended before their end"))),
        }
    }
    let mut file = tempfile::tempfile()?;
    whole.finish(&mut file)?;
    file.rewind()?;
    Ok(file)
}

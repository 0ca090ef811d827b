//! One transaction, pipelined: BEGIN travels with the first statements and COMMIT with the last, so that a use case
//! costs two or three round trips. A pipelined COMMIT after a failed statement rolls back and still answers, so callers
//! look at every result. A transaction that is dropped half way closes its connection; the server rolls back.
//! When it has committed, whoever listens to the pool hears which intents it was about.

use crate::error::StorageError;
use crate::pool::Db;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;
use uuid::Uuid;

pub struct Tx {
    connection: Option<deadpool_postgres::Object>,
    begun: AtomicBool,
    committed: AtomicBool,
    about: Mutex<Vec<Uuid>>,
    news: broadcast::Sender<Uuid>,
}

impl Tx {
    pub(crate) fn new(connection: deadpool_postgres::Object, news: broadcast::Sender<Uuid>) -> Self {
        Self {
            connection: Some(connection),
            begun: AtomicBool::new(false),
            committed: AtomicBool::new(false),
            about: Mutex::default(),
            news,
        }
    }

    /// What it changes is seen at these intents.
    pub fn concerns(&self, intents: impl IntoIterator<Item = Uuid>) {
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        for intent in intents {
            if !about.contains(&intent) {
                about.push(intent);
            }
        }
    }

    /// First of the first `join!`: whatever is polled after it is inside the transaction.
    pub async fn begin(&self) -> Result<(), StorageError> {
        self.begun.store(true, Ordering::Relaxed);
        Ok(self.batch_execute("BEGIN").await?)
    }

    /// The same for reading alone: all that is read is as it stood at one moment.
    pub async fn begin_reading(&self) -> Result<(), StorageError> {
        self.begun.store(true, Ordering::Relaxed);
        Ok(self.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
    }

    /// From here on what is done may be undone alone.
    pub async fn mark(&self) -> Result<(), StorageError> {
        Ok(self.batch_execute("SAVEPOINT mark").await?)
    }

    /// As it was at the mark; what was locked before stays locked.
    pub async fn back_to_mark(&self) -> Result<(), StorageError> {
        Ok(self.batch_execute("ROLLBACK TO SAVEPOINT mark").await?)
    }

    /// Last of the last `join!`. Its Ok counts only together with that of every statement before it.
    pub async fn commit(&self) -> Result<(), StorageError> {
        self.batch_execute("COMMIT").await?;
        self.committed.store(true, Ordering::Relaxed);
        for intent in self.about.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // an error says that nobody listens
            let _ = self.news.send(intent);
        }
        Ok(())
    }

    /// Gives the connection back: rolls back where nothing was committed.
    pub async fn close<T, E>(mut self, outcome: Result<T, E>) -> Result<T, E> {
        let Some(connection) = self.connection.take() else { return outcome };
        let open = self.begun.load(Ordering::Relaxed) && !self.committed.load(Ordering::Relaxed);
        if open && connection.batch_execute("ROLLBACK").await.is_err() {
            drop(deadpool_postgres::Object::take(connection));
        }
        outcome
    }
}

impl Deref for Tx {
    type Target = Db;
    fn deref(&self) -> &Db {
        self.connection.as_ref().expect("a transaction has its connection until it is closed")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.begun.load(Ordering::Relaxed)) {
            drop(deadpool_postgres::Object::take(connection));
        }
    }
}

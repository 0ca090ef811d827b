//! The connection pool. Time limits are set on purpose: a wait that has no end takes the gateway down with it.

use crate::error::StorageError;
use crate::tx::Tx;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, RecyclingMethod, Runtime};
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_postgres::{NoTls, Statement};
use uuid::Uuid;

/// One connection, as the functions of this crate take it.
pub type Db = deadpool_postgres::ClientWrapper;

/// How this process uses the database.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Connections at most: on two cores 8 to 16 are fastest, 64 cost half the rate.
    pub max_connections: usize,
    /// Milliseconds that a request waits for a connection before it is told to come again.
    pub wait_timeout_ms: u64,
    /// Milliseconds after which the server gives up a statement.
    pub statement_timeout_ms: u64,
    /// Milliseconds after which the server gives up waiting for a row that another holds.
    pub lock_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_connections: 12, wait_timeout_ms: 2_000, statement_timeout_ms: 5_000, lock_timeout_ms: 3_000 }
    }
}

/// News of commits that a listener may be behind; who is behind further has missed some.
const NEWS_KEPT: usize = 1024;

#[derive(Clone)]
pub struct Pool {
    connections: deadpool_postgres::Pool,
    news: broadcast::Sender<Uuid>,
}

/// How busy a pool is: connections, and calls that wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub used: usize,
    pub idle: usize,
    pub waiting: usize,
    pub max: usize,
}

/// Statements that run inside a pipeline: prepared when the connection is made, since a statement that is prepared in
/// the midst of a pipeline would run after its COMMIT.
fn hot() -> impl Iterator<Item = &'static str> {
    [
        crate::attempts::HOT,
        crate::channels::HOT,
        crate::idempotency::HOT,
        crate::intents::HOT,
        crate::obligations::HOT,
        crate::payments::HOT,
        crate::references::HOT,
        crate::sightings::HOT,
        crate::unit::HOT,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// A hot statement of this connection; never waits, so the order of a pipeline is the order of the code.
pub(crate) fn prepared(db: &Db, sql: &'static str) -> Result<Statement, StorageError> {
    match db.prepare_cached(sql).now_or_never() {
        Some(statement) => Ok(statement?),
        None => Err(StorageError::NotPrepared(sql)),
    }
}

/// A statement that this database does not know is a schema that is not ours: said with the statement.
fn not_prepared(sql: &str, error: &tokio_postgres::Error) -> HookError {
    let reason = error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned());
    HookError::message(format!("{reason}, in: {sql}"))
}

impl Pool {
    /// # Errors
    /// When the URL is not one. The server is not contacted yet.
    pub fn new(url: &SecretString, settings: &Settings) -> Result<Self, StorageError> {
        let mut config: tokio_postgres::Config =
            url.expose_secret().parse().map_err(|_| StorageError::Unavailable("the database URL is not one".into()))?;
        config.application_name("motlan").connect_timeout(Duration::from_secs(3));
        // what it costs to compile a query is never earned back by those that we ask
        config.options(format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout=15000 -c timezone=UTC -c jit=off",
            settings.statement_timeout_ms, settings.lock_timeout_ms
        ));
        // Fast asks whether the connection is known to be closed and makes no round trip: sessions keep no state here,
        // and a transaction that was not finished closes its connection (see `Tx`).
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let wait = Duration::from_millis(settings.wait_timeout_ms);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(settings.max_connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(wait))
            .create_timeout(Some(Duration::from_secs(5)))
            .recycle_timeout(Some(Duration::from_secs(2)))
            .post_create(Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
                Box::pin(async move {
                    // all at once: over a network, one after the other would take a connection's whole patience
                    let client: &Db = client;
                    let each = hot().map(|sql| async move {
                        client.prepare_cached(sql).await.map(drop).map_err(|e| not_prepared(sql, &e))
                    });
                    futures_util::future::try_join_all(each).await.map(drop)
                })
            }))
            .build()
            .map_err(|e| StorageError::Unavailable(e.to_string()))?;
        Ok(Self { connections: pool, news: broadcast::Sender::new(NEWS_KEPT) })
    }

    /// A connection for single statements.
    pub async fn get(&self) -> Result<deadpool_postgres::Object, StorageError> {
        Ok(self.connections.get().await?)
    }

    /// A transaction that is begun with its first statements.
    pub async fn tx(&self) -> Result<Tx, StorageError> {
        Ok(Tx::new(self.get().await?, self.news.clone()))
    }

    /// The intents that this process's transactions were about, each when it has committed.
    pub fn committed(&self) -> broadcast::Receiver<Uuid> {
        self.news.subscribe()
    }

    /// Connections now.
    pub fn load(&self) -> Load {
        let status = self.connections.status();
        let idle = status.available.min(status.size);
        Load { used: status.size - idle, idle, waiting: status.waiting, max: status.max_size }
    }

    pub fn close(&self) {
        self.connections.close();
    }
}

//! The connection to Redis. A call waits a tenth of a second at most; after a failure nobody waits at all until a
//! connection, tried beside the calls once a second, answers again. So a Redis that hangs costs one time limit.

use crate::BadUrl;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use secrecy::{ExposeSecret, SecretString};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use telemetry::metrics::REDIS_FAILURES;
use tokio::runtime::Handle;

/// Of one call, answer included.
const CALL_LIMIT: Duration = Duration::from_millis(100);
/// Of making a connection, which no call waits for.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Line(Arc<Parts>);

struct Parts {
    client: Client,
    /// A connection lives on the runtime that made it; a listener's thread may end before the process does.
    runtime: Handle,
    state: Mutex<State>,
}

enum State {
    Up(MultiplexedConnection),
    /// Not tried before then.
    Down(Instant),
}

impl Line {
    pub fn new(url: &SecretString) -> Result<Self, BadUrl> {
        let client = Client::open(url.expose_secret()).map_err(|_| BadUrl)?;
        let state = Mutex::new(State::Down(Instant::now()));
        let line = Self(Arc::new(Parts { client, runtime: Handle::current(), state }));
        line.connection();
        Ok(line)
    }

    pub fn is_up(&self) -> bool {
        matches!(*self.state(), State::Up(_))
    }

    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Where what outlives a call runs.
    pub fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// The answer, or None where there is none in time: a reason to go on without.
    pub async fn call<T, F>(&self, operation: &'static str, ask: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let connection = self.connection()?;
        let reason = match tokio::time::timeout(CALL_LIMIT, ask(connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => reason(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        REDIS_FAILURES.count(&[("operation", operation)]);
        self.give_up(&reason);
        None
    }

    /// The connection where there is one; else one is tried for the calls to come, when it is time.
    fn connection(&self) -> Option<MultiplexedConnection> {
        let mut state = self.state();
        match &*state {
            State::Up(connection) => return Some(connection.clone()),
            State::Down(until) if Instant::now() < *until => return None,
            // whoever comes while this one is tried goes on without
            State::Down(_) => *state = State::Down(Instant::now() + CONNECT_LIMIT + PAUSE),
        }
        drop(state);
        let line = self.clone();
        self.0.runtime.spawn(async move { line.connect().await });
        None
    }

    async fn connect(&self) {
        let connecting = async {
            let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
            let mut connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
            // a server that hangs is connected to by its kernel
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok::<_, RedisError>(connection)
        };
        let reason = match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
            Ok(Ok(connection)) => {
                *self.state() = State::Up(connection);
                return tracing::info!("Redis answers");
            }
            Ok(Err(error)) => reason(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::debug!(reason, "Redis is not there");
        *self.state() = State::Down(Instant::now() + PAUSE);
    }

    fn give_up(&self, reason: &str) {
        let mut state = self.state();
        // calls that were under way at once fail at once; the first one says it
        if matches!(*state, State::Up(_)) {
            *state = State::Down(Instant::now() + PAUSE);
            drop(state);
            tracing::warn!(reason, "Redis does not answer: this process goes on alone");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind only: a server's own words could repeat what it was sent.
fn reason(error: &RedisError) -> String {
    error.code().map_or_else(|| error.category().to_owned(), str::to_owned)
}

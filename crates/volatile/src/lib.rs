//! What may be lost, shared between processes while a Redis answers: rate limits, providers' access tokens, and the news
//! that something changed. Losing it slows us and never misstates money: nothing here is asked about what is owed, paid
//! or done, and whoever calls goes on without an answer.

mod changes;
mod limit;
mod line;
mod rate;
mod tokens;

pub use changes::Change;
pub use limit::Limit;
pub use rate::Taken;

use changes::Changes;
use line::Line;
use secrecy::SecretString;
use std::sync::Arc;
use tokens::Tokens;

/// Not shown with it: the address holds a password.
#[derive(Debug, thiserror::Error)]
#[error("redis.url is not an address of Redis (redis://, rediss:// or redis+unix://)")]
pub struct BadUrl;

/// The memory of one process, shared with the others where there is a Redis. Cheap to clone.
#[derive(Clone)]
pub struct Volatile(Arc<Parts>);

struct Parts {
    line: Option<Line>,
    rate: redis::Script,
    tokens: Tokens,
    changes: Changes,
}

impl Volatile {
    /// With the Redis at `url`, or alone. Is called on the runtime that is to keep the connection, and waits for nothing.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(url: Option<&SecretString>) -> Result<Self, BadUrl> {
        let line = url.map(Line::new).transpose()?;
        Ok(Self(Arc::new(Parts { line, rate: rate::script(), tokens: Tokens::default(), changes: Changes::default() })))
    }

    /// Whether Redis answered when it was last asked; None where there is none.
    pub fn is_up(&self) -> Option<bool> {
        self.0.line.as_ref().map(Line::is_up)
    }
}

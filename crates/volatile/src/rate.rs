//! One rate limit for all processes: the generic cell rate algorithm as one script, on the server's clock.

use crate::Volatile;
use redis::Script;
use std::time::Duration;

const SCRIPT: &str = include_str!("rate.lua");

pub fn script() -> Script {
    Script::new(SCRIPT)
}

/// What became of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub allowed: bool,
    /// How far the key has drawn on its share in advance; of a refused call, how far it would have.
    pub ahead: Duration,
}

impl Volatile {
    /// Takes one call of `key`, which gets one in each `step`, and may be ahead by `tolerance`. None where no Redis
    /// answers: the caller then counts by itself.
    pub async fn take(&self, key: &str, step: Duration, tolerance: Duration) -> Option<Taken> {
        let line = self.0.line.as_ref()?;
        let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        let mut call = self.0.rate.key(format!("motlan:rate:{key}"));
        call.arg(micros(step)).arg(micros(tolerance));
        let (allowed, ahead): (bool, u64) =
            line.call("rate", |mut redis| async move { call.invoke_async(&mut redis).await }).await?;
        Some(Taken { allowed, ahead: Duration::from_micros(ahead) })
    }
}

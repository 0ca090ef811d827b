//! A limit per key, in this process: the generic cell rate algorithm, which spreads a minute's calls evenly and allows
//! a burst of a tenth of them. Off unless the configuration sets it. Providers' calls are never limited here.

use crate::problem::{Code, Problem};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use domain::KeyId;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const KEYS_AT_MOST: usize = 10_000;
/// A burst may be this part of a minute's calls.
const BURST_PART: u32 = 10;

/// What is left to a key, for the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the whole burst is free again.
    pub reset_s: u64,
}

pub struct RateLimit {
    per_minute: u32,
    /// The theoretical arrival time of each key's next call.
    keys: Mutex<HashMap<KeyId, Instant>>,
}

impl RateLimit {
    /// `per_minute` = 0 limits nothing.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, keys: Mutex::default() }
    }

    /// Takes one call of `key`: what is left (None where nothing is limited), and the refusal with the seconds to wait
    /// where nothing was.
    pub fn take(&self, key: KeyId, now: Instant) -> (Option<Left>, Result<(), Problem>) {
        if self.per_minute == 0 {
            return (None, Ok(()));
        }
        let step = Duration::from_secs(60) / self.per_minute;
        let burst = (self.per_minute / BURST_PART).max(1);
        let tolerance = step * burst;
        let Ok(mut keys) = self.keys.lock() else { return (None, Ok(())) };
        if keys.len() >= KEYS_AT_MOST {
            keys.retain(|_, at| *at > now);
        }
        let arrival = keys.get(&key).copied().filter(|at| *at > now).unwrap_or(now) + step;
        let ahead = arrival.duration_since(now);
        if ahead > tolerance {
            let wait_s = (ahead - tolerance).as_secs() + 1;
            let none = Left { limit: burst, remaining: 0, reset_s: (ahead - step).as_secs() + 1 };
            return (Some(none), Err(Problem::new(Code::RateLimited).and("retry_after_s", wait_s)));
        }
        keys.insert(key, arrival);
        let remaining = u32::try_from((tolerance - ahead).as_nanos() / step.as_nanos().max(1)).unwrap_or(burst);
        (Some(Left { limit: burst, remaining, reset_s: ahead.as_secs() + 1 }), Ok(()))
    }
}

impl Left {
    pub fn write(self, headers: &mut HeaderMap) {
        let named = [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.remaining)),
            ("ratelimit-reset", self.reset_s),
        ];
        for (name, value) in named {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gets_its_burst_then_its_even_share_and_another_key_its_own() {
        let limit = RateLimit::new(60);
        let (now, key) = (Instant::now(), KeyId::from(uuid::Uuid::from_u128(1)));
        let taken = (0..20).filter(|_| limit.take(key, now).1.is_ok()).count();
        assert_eq!(taken, 6);
        assert!(limit.take(key, now + Duration::from_millis(900)).1.is_err());
        assert!(limit.take(key, now + Duration::from_millis(1_100)).1.is_ok());
        let left = limit.take(KeyId::from(uuid::Uuid::from_u128(2)), now).0.expect("limited");
        assert_eq!((left.limit, left.remaining), (6, 5));
        assert_eq!(RateLimit::new(0).take(key, now).0, None);
    }
}

//! A limit per key: the generic cell rate algorithm, which spreads a minute's calls evenly and allows a burst of a tenth
//! of them. Counted for all processes where a Redis answers, else in each process for itself: never not at all. Off
//! unless the configuration sets it. Providers' calls are never limited here.

use crate::problem::{Code, Problem};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use domain::KeyId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::metrics::RATE_LIMITED;
use volatile::{Taken, Volatile};

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
    shared: Volatile,
    /// The theoretical arrival time of each key's next call, as far as this process counts by itself.
    keys: Mutex<HashMap<KeyId, Instant>>,
}

impl RateLimit {
    /// `per_minute` = 0 limits nothing.
    pub fn new(per_minute: u32, shared: Volatile) -> Self {
        Self { per_minute, shared, keys: Mutex::default() }
    }

    /// Takes one call of `key`: what is left (None where nothing is limited), and the refusal with the seconds to wait
    /// where nothing was.
    pub async fn take(&self, key: KeyId, now: Instant) -> (Option<Left>, Result<(), Problem>) {
        if self.per_minute == 0 {
            return (None, Ok(()));
        }
        let step = Duration::from_secs(60) / self.per_minute;
        let burst = (self.per_minute / BURST_PART).max(1);
        let tolerance = step * burst;
        let (counted, Taken { allowed, ahead }) = match self.shared.take(&key.to_string(), step, tolerance).await {
            Some(taken) => ("shared", taken),
            None => ("process", self.take_here(key, step, tolerance, now)),
        };
        if allowed {
            let free = tolerance.saturating_sub(ahead).as_nanos() / step.as_nanos().max(1);
            let remaining = u32::try_from(free).unwrap_or(burst);
            return (Some(Left { limit: burst, remaining, reset_s: ahead.as_secs() + 1 }), Ok(()));
        }
        RATE_LIMITED.count(&[("counted", counted)]);
        let wait_s = ahead.saturating_sub(tolerance).as_secs() + 1;
        let none = Left { limit: burst, remaining: 0, reset_s: ahead.saturating_sub(step).as_secs() + 1 };
        (Some(none), Err(Problem::new(Code::RateLimited).and("retry_after_s", wait_s)))
    }

    fn take_here(&self, key: KeyId, step: Duration, tolerance: Duration, now: Instant) -> Taken {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_AT_MOST {
            keys.retain(|_, at| *at > now);
        }
        let arrival = keys.get(&key).copied().filter(|at| *at > now).unwrap_or(now) + step;
        let ahead = arrival.duration_since(now);
        let allowed = ahead <= tolerance;
        if allowed {
            keys.insert(key, arrival);
        }
        Taken { allowed, ahead }
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

    use secrecy::SecretString;

    fn key(n: u128) -> KeyId {
        KeyId::from(uuid::Uuid::from_u128(n))
    }

    fn alone(per_minute: u32) -> RateLimit {
        RateLimit::new(per_minute, Volatile::new(None).expect("no address"))
    }

    async fn burst(limits: &[&RateLimit], now: Instant) -> usize {
        let mut taken = 0;
        for n in 0..20 {
            taken += usize::from(limits[n % limits.len()].take(key(1), now).await.1.is_ok());
        }
        taken
    }

    #[tokio::test]
    async fn a_key_gets_its_burst_then_its_even_share_and_another_key_its_own() {
        let (limit, now) = (alone(60), Instant::now());
        assert_eq!(burst(&[&limit], now).await, 6);
        assert!(limit.take(key(1), now + Duration::from_millis(900)).await.1.is_err());
        assert!(limit.take(key(1), now + Duration::from_millis(1_100)).await.1.is_ok());
        let left = limit.take(key(2), now).await.0.expect("limited");
        assert_eq!((left.limit, left.remaining), (6, 5));
        assert_eq!(alone(0).take(key(1), now).await.0, None);
    }

    #[tokio::test]
    async fn two_processes_limit_together_and_each_alone_when_redis_is_killed_or_hangs() {
        for fate in ["KILL", "STOP"] {
            let redis = testkit::redis::start();
            let url = SecretString::from(redis.url());
            let limits = [&url, &url].map(|url| RateLimit::new(20, Volatile::new(Some(url)).expect("an address")));
            for limit in &limits {
                while limit.shared.is_up() != Some(true) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            let [one, other] = &limits;
            let now = Instant::now();
            assert_eq!(burst(&[one, other], now).await, 2, "together");
            testkit::redis::signal(&redis, fate);
            assert_eq!(burst(&[one], now).await, 2, "alone, and not without a limit");
            assert_eq!(burst(&[other], now).await, 2);
            assert!(now.elapsed() < Duration::from_secs(3), "{:?}", now.elapsed());
        }
    }
}

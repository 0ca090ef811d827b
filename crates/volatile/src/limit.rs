//! How often one address may do something: look up dossiers, try to sign in. Counted for all processes where a Redis answers,
//! else in each for itself. The same algorithm as for keys (generic cell rate). An address is kept as a digest, for as long as
//! it counts.

use crate::{Taken, Volatile};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::metrics::RATE_LIMITED;

const ADDRESSES_AT_MOST: usize = 10_000;

pub struct Limit {
    shared: Volatile,
    /// What is limited.
    name: &'static str,
    per_minute: u32,
    burst: u32,
    /// The theoretical arrival time of each address's next call, as far as this process counts by itself.
    own: Mutex<HashMap<String, Instant>>,
}

impl Limit {
    pub fn new(shared: Volatile, name: &'static str, per_minute: u32, burst: u32) -> Self {
        Self { shared, name, per_minute, burst, own: Mutex::default() }
    }

    /// Takes one call.
    ///
    /// # Errors
    /// The seconds to wait.
    pub async fn take(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let key = format!("{}:{}", self.name, digest(address));
        let step = Duration::from_secs(60) / self.per_minute;
        let tolerance = step * self.burst;
        let (counted, taken) = match self.shared.take(&key, step, tolerance).await {
            Some(taken) => ("shared", taken),
            None => ("process", self.take_here(key, step, tolerance, now)),
        };
        if taken.allowed {
            return Ok(());
        }
        RATE_LIMITED.count(&[("counted", counted)]);
        Err(taken.ahead.saturating_sub(tolerance).as_secs() + 1)
    }

    fn take_here(&self, key: String, step: Duration, tolerance: Duration, now: Instant) -> Taken {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= ADDRESSES_AT_MOST {
            own.retain(|_, at| *at > now);
        }
        // so many addresses at once are an attack: nobody new is counted, and nobody new is let in
        let is_full = own.len() >= ADDRESSES_AT_MOST && !own.contains_key(&key);
        let arrival = own.get(&key).copied().filter(|at| *at > now).unwrap_or(now) + step;
        let ahead = arrival.duration_since(now);
        let allowed = ahead <= tolerance && !is_full;
        if allowed {
            own.insert(key, arrival);
        }
        Taken { allowed, ahead }
    }
}

/// Of an IPv4 address, or of the network that one subscriber has (RFC 6177).
fn digest(address: IpAddr) -> String {
    let part = match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    };
    Sha256::digest(part)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_gets_its_burst_then_its_share_and_neighbours_in_one_network_are_one() {
        let limit = Limit::new(Volatile::new(None).expect("no address"), "test", 20, 10);
        let (now, me) = (Instant::now(), "2001:db8::1".parse().expect("an address"));
        for _ in 0..10 {
            limit.take(me, now).await.expect("allowed");
        }
        assert_eq!(limit.take("2001:db8::2".parse().expect("an address"), now).await, Err(4));
        limit.take("192.0.2.1".parse().expect("an address"), now).await.expect("another's");
        limit.take(me, now + Duration::from_secs(4)).await.expect("after a while");
        assert_eq!(digest("::ffff:192.0.2.1".parse().expect("an address")), digest("192.0.2.1".parse().expect("one")));
    }
}

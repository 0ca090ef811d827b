//! Against a real Redis that is killed, hung and emptied.
#![expect(clippy::unwrap_used, reason = "tests only: a failure here is a failed test")]

use secrecy::{ExposeSecret, SecretString};
use std::time::{Duration, Instant};
use testkit::redis::{self, Redis, signal};
use uuid::Uuid;
use volatile::{Change, Volatile};

/// Longer than a busy machine may stop in the midst of a test.
const STEP: Duration = Duration::from_secs(10);
const TOLERANCE: Duration = Duration::from_secs(60);
/// One time limit of a call, and what two busy cores add to it.
const ONE_LIMIT: Duration = Duration::from_millis(400);

async fn process(redis: &Redis) -> Volatile {
    let volatile = Volatile::new(Some(&SecretString::from(redis.url()))).unwrap();
    until_up(&volatile).await;
    volatile
}

async fn until_up(volatile: &Volatile) {
    let begun = Instant::now();
    while volatile.is_up() != Some(true) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come back");
        // as requests would
        volatile.take("nobody", STEP, TOLERANCE).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn allowed(volatile: &Volatile, key: &str) -> Option<bool> {
    volatile.take(key, STEP, TOLERANCE).await.map(|taken| taken.allowed)
}

#[tokio::test]
async fn two_processes_share_one_burst_and_a_flush_only_gives_it_anew() {
    let redis = redis::start();
    let (one, other) = (process(&redis).await, process(&redis).await);
    let mut taken = 0;
    for n in 0..20 {
        let volatile = if n % 2 == 0 { &one } else { &other };
        taken += u32::from(allowed(volatile, "key").await.unwrap());
    }
    assert_eq!(taken, 6);
    let refused = one.take("key", STEP, TOLERANCE).await.unwrap();
    assert!(refused.ahead > TOLERANCE && refused.ahead <= TOLERANCE + STEP, "{refused:?}");
    assert_eq!(allowed(&other, "another key").await, Some(true));

    let mut admin = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    ::redis::cmd("FLUSHALL").query::<()>(&mut admin).unwrap();
    ::redis::cmd("SCRIPT").arg("FLUSH").query::<()>(&mut admin).unwrap();
    assert_eq!(allowed(&one, "key").await, Some(true));
}

#[tokio::test]
async fn a_share_comes_back_evenly_and_a_clock_set_back_locks_nobody_out() {
    let redis = redis::start();
    let volatile = process(&redis).await;
    let step = Duration::from_millis(500);
    assert!(volatile.take("key", step, step).await.unwrap().allowed);
    assert!(!volatile.take("key", step, step).await.unwrap().allowed);
    tokio::time::sleep(step).await;
    assert!(volatile.take("key", step, step).await.unwrap().allowed);

    let mut admin = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    ::redis::cmd("SET").arg("motlan:rate:ahead").arg("99999999999999999").query::<()>(&mut admin).unwrap();
    let refused = volatile.take("ahead", step, step).await.unwrap();
    assert!(!refused.allowed && refused.ahead <= step * 2, "{refused:?}");
}

#[tokio::test]
async fn a_hung_redis_costs_one_time_limit_and_is_used_again_when_it_goes_on() {
    let redis = redis::start();
    let volatile = process(&redis).await;
    signal(&redis, "STOP");
    let begun = Instant::now();
    for _ in 0..500 {
        assert_eq!(allowed(&volatile, "key").await, None);
    }
    assert!(begun.elapsed() < ONE_LIMIT, "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let begun = Instant::now();
    for _ in 0..500 {
        assert_eq!(allowed(&volatile, "key").await, None);
    }
    assert!(begun.elapsed() < ONE_LIMIT, "trying to connect holds up calls: {:?}", begun.elapsed());
    signal(&redis, "CONT");
    until_up(&volatile).await;
    assert_eq!(allowed(&volatile, "key").await, Some(true));
}

#[tokio::test]
async fn a_killed_redis_is_gone_without_waiting_and_its_successor_is_found() {
    let redis = redis::start();
    let volatile = process(&redis).await;
    signal(&redis, "KILL");
    let begun = Instant::now();
    while allowed(&volatile, "key").await.is_some() {
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    assert!(begun.elapsed() < ONE_LIMIT, "{:?}", begun.elapsed());
    assert_eq!(volatile.is_up(), Some(false));
    let successor = redis.again().unwrap();
    until_up(&volatile).await;
    assert_eq!(allowed(&volatile, "key").await, Some(true));
    drop(successor);
}

#[tokio::test]
async fn a_token_is_everybodys_until_it_expires_and_ones_own_without_redis() {
    let redis = redis::start();
    let (one, other) = (process(&redis).await, process(&redis).await);
    let token = SecretString::from("eyJhbGciOi".to_owned());
    one.keep_token("momo", &token, Duration::from_millis(300)).await;
    assert_eq!(other.token("momo").await.unwrap().expose_secret(), "eyJhbGciOi");
    assert!(other.token("another").await.is_none());
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert!(one.token("momo").await.is_none() && other.token("momo").await.is_none());

    let alone = Volatile::new(None).unwrap();
    alone.keep_token("momo", &token, STEP).await;
    assert!(alone.token("momo").await.is_some());
    assert_eq!(alone.is_up(), None);
}

#[tokio::test]
async fn news_reach_each_process_once_and_again_after_redis_was_away() {
    let redis = redis::start();
    let (one, other) = (process(&redis).await, process(&redis).await);
    let (mut here, mut there) = (one.listen(), other.listen());
    // both subscriptions stand
    assert_eq!(here.recv().await.unwrap(), Change::Work);
    assert_eq!(there.recv().await.unwrap(), Change::Work);
    let id = Uuid::new_v4();
    one.tell(Change::Intent(id)).await;
    assert_eq!(here.recv().await.unwrap(), Change::Intent(id));
    assert_eq!(there.recv().await.unwrap(), Change::Intent(id));
    other.tell(Change::Work).await;
    assert_eq!(here.recv().await.unwrap(), Change::Work);
    assert_eq!(there.recv().await.unwrap(), Change::Work);
    assert!(here.try_recv().is_err() && there.try_recv().is_err(), "heard twice");

    signal(&redis, "KILL");
    let successor = redis.again().unwrap();
    let back = tokio::time::timeout(Duration::from_secs(10), there.recv()).await;
    assert_eq!(back.expect("it subscribes again").unwrap(), Change::Work);
    drop(successor);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_being_repeated() {
    let error = Volatile::new(Some(&SecretString::from("http://user:geheim@host".to_owned()))).err().unwrap();
    assert!(!error.to_string().contains("geheim"));
}

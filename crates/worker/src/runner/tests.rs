//! The runner with tasks of the tests' own; no task of theirs asks the database.

use super::*;
use secrecy::SecretString;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const QUIET: Task = Task {
    name: "quiet",
    period: Duration::from_secs(3_600),
    woken: false,
    again_from: 100,
    feeds: None,
    run: |_| async { Ok(0) }.boxed(),
};

/// A database that is not there: connections are made when they are asked for.
fn context() -> Context {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dossier = dossier::Settings { allow_http: true, allowed_hosts: vec![], allow_private: true, timeout_ms: 1 };
    Context {
        signer: None,
        post: None,
        pool: storage::Pool::new(&SecretString::from("postgresql://127.0.0.1:1/none"), &storage::Settings::default())
            .expect("a URL"),
        breakers: payments::breaker::Breakers::default(),
        providers: Arc::new(provider::Registry::new(vec![])),
        vault: Arc::new(storage::Vault::new(&SecretString::from("ab".repeat(32))).expect("a key")),
        dossier: Arc::new(dossier::Client::new(&dossier).expect("settings")),
        settings: Arc::default(),
        mode: domain::mode::Mode::Sandbox,
        public_url: "http://127.0.0.1".into(),
        wake: Arc::default(),
        slots: payments::Slots::new(4),
    }
}

async fn reaches(counter: &AtomicUsize, wanted: usize) {
    let waited = async {
        while counter.load(SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waited).await.expect("it runs so often within 5 s");
}

#[test]
fn a_full_pass_is_followed_at_once_and_a_failing_task_backs_off_to_half_a_minute() {
    assert_eq!(next_after(QUIET, &Ok(100), 0), Duration::ZERO);
    assert_eq!(next_after(QUIET, &Ok(99), 0), QUIET.period);
    let failed = || Err(Failure::of(&std::io::Error::other("away")));
    assert_eq!(next_after(QUIET, &failed(), 1), Duration::from_millis(500));
    assert_eq!(next_after(QUIET, &failed(), 3), Duration::from_secs(2));
    assert_eq!(next_after(QUIET, &failed(), 40), LONGEST_BACK_OFF);
}

#[tokio::test]
async fn a_task_that_panics_or_fails_stops_no_other_and_is_tried_again() {
    static PANICKED: AtomicUsize = AtomicUsize::new(0);
    static WENT_ON: AtomicUsize = AtomicUsize::new(0);
    static TABLE: &[Task] = &[
        Task {
            name: "panics",
            run: |_| {
                async {
                    assert!(PANICKED.fetch_add(1, SeqCst) > 100, "as the test wants it");
                    Ok(0)
                }
                .boxed()
            },
            ..QUIET
        },
        Task {
            name: "goes on",
            period: Duration::from_millis(10),
            run: |_| async { Ok(WENT_ON.fetch_add(1, SeqCst)) }.boxed(),
            ..QUIET
        },
    ];
    let worker = start_these(&context(), TABLE);
    reaches(&PANICKED, 2).await;
    reaches(&WENT_ON, 5).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_ring_and_the_work_of_another_task_wake_a_task_before_its_period() {
    static WOKEN: AtomicUsize = AtomicUsize::new(0);
    static FED: AtomicUsize = AtomicUsize::new(0);
    static TABLE: &[Task] = &[
        Task {
            name: "woken",
            woken: true,
            feeds: Some("fed"),
            run: |_| async { Ok(WOKEN.fetch_add(1, SeqCst)) }.boxed(),
            ..QUIET
        },
        Task { name: "fed", run: |_| async { Ok(FED.fetch_add(1, SeqCst)) }.boxed(), ..QUIET },
    ];
    let ctx = context();
    let worker = start_these(&ctx, TABLE);
    reaches(&WOKEN, 1).await;
    ctx.wake.notify_one();
    reaches(&WOKEN, 2).await;
    reaches(&FED, 2).await;
    worker.stop().await;
}

#[tokio::test]
async fn stopping_finishes_the_pass_under_way_and_begins_none() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    static TABLE: &[Task] = &[Task {
        name: "slow",
        again_from: 1,
        run: |_| {
            async {
                BEGUN.fetch_add(1, SeqCst);
                tokio::time::sleep(Duration::from_millis(200)).await;
                ENDED.fetch_add(1, SeqCst);
                Ok(1)
            }
            .boxed()
        },
        ..QUIET
    }];
    let worker = start_these(&context(), TABLE);
    reaches(&BEGUN, 1).await;
    worker.stop().await;
    assert_eq!((BEGUN.load(SeqCst), ENDED.load(SeqCst)), (1, 1));
}

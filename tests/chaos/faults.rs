//! What breaks, and when. The schedule comes whole from the seed before anything begins; only what a fault meets depends
//! on the moment.

use crate::deck::Deck;
use crate::seat::Seat;
use crate::stage::Stage;
use crate::tally::{self, Tally};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tests::interruption::Dice;
use tokio::sync::Mutex;

/// Goals: ready after PostgreSQL is back, ready after a killed process was started again.
const READY_AFTER_POSTGRES: Duration = Duration::from_secs(10);
const READY_AFTER_KILL: Duration = Duration::from_secs(3);
/// How long a kill waits for a request to meet.
const TO_MEET: Duration = Duration::from_millis(400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    KillGateway(usize),
    KillWorker(usize),
    CrashPostgres,
    /// The server commits and the client does not learn of it.
    CutAfterCommit,
    CutBeforeCommit,
    CutAll,
    KillRedis,
    HangRedis,
    FlushRedis,
    DossierDown,
    /// It applies what it gets and answers 500.
    DossierFails,
}

const FAULTS: [(Fault, usize); 13] = [
    (Fault::KillGateway(0), 3),
    (Fault::KillGateway(1), 3),
    (Fault::KillWorker(0), 2),
    (Fault::KillWorker(1), 2),
    (Fault::CrashPostgres, 2),
    (Fault::CutAfterCommit, 5),
    (Fault::CutBeforeCommit, 3),
    (Fault::CutAll, 2),
    (Fault::KillRedis, 1),
    (Fault::HangRedis, 1),
    (Fault::FlushRedis, 1),
    (Fault::DossierDown, 1),
    (Fault::DossierFails, 2),
];

/// A fault with its time, and how long it lasts where it lasts.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub at: Duration,
    pub fault: Fault,
    pub lasts: Duration,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6.1} s  {:?}", self.at.as_secs_f32(), self.fault)?;
        let lasting =
            matches!(self.fault, Fault::KillRedis | Fault::HangRedis | Fault::DossierDown | Fault::DossierFails);
        if lasting { write!(f, " for {:.1} s", self.lasts.as_secs_f32()) } else { Ok(()) }
    }
}

pub fn schedule(dice: &mut Dice, end: Duration) -> Vec<Planned> {
    let cards = FAULTS.iter().flat_map(|(fault, n)| std::iter::repeat_n(*fault, *n)).collect();
    let mut deck = Deck::new(cards, dice.split());
    let (mut all, mut at) = (Vec::new(), Duration::from_secs(2));
    while at + Duration::from_secs(1) < end {
        all.push(Planned { at, fault: deck.draw(), lasts: dice.millis(500, 3_500) });
        at += dice.millis(100, 1_700);
    }
    all
}

pub struct Faults {
    pub stage: Arc<Stage>,
    pub tally: Arc<Tally>,
    pub http: reqwest::Client,
    redis: Mutex<()>,
    dossier: Mutex<()>,
}

impl Faults {
    pub fn new(stage: &Arc<Stage>, tally: &Arc<Tally>, http: &reqwest::Client) -> Arc<Self> {
        let (stage, tally, http) = (Arc::clone(stage), Arc::clone(tally), http.clone());
        Arc::new(Self { stage, tally, http, redis: Mutex::default(), dossier: Mutex::default() })
    }

    /// All of them at their times, each beside the others; returns when every one is over.
    pub async fn run(self: &Arc<Self>, schedule: Vec<Planned>, begun: Instant) {
        let all: Vec<_> = schedule
            .into_iter()
            .map(|planned| {
                let faults = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep_until((begun + planned.at).into()).await;
                    faults.happens(planned).await;
                })
            })
            .collect();
        for one in all {
            one.await.unwrap();
        }
        self.tally.add(tally::CUTS_AT_COMMIT, self.stage.proxy.cuts());
    }

    async fn happens(&self, planned: Planned) {
        match planned.fault {
            Fault::KillGateway(which) => self.kill_gateway(&self.stage.gateways[which]).await,
            Fault::KillWorker(which) => self.kill_worker(&self.stage.workers[which]).await,
            Fault::CrashPostgres => self.crash_postgres().await,
            Fault::CutAfterCommit => self.stage.proxy.cut_after_commit(1),
            Fault::CutBeforeCommit => self.stage.proxy.cut_before_commit(1),
            Fault::CutAll => {
                if self.stage.proxy.cut_all() > 0 {
                    self.tally.count(tally::CUTS);
                }
            }
            Fault::KillRedis => self.redis("KILL", planned.lasts).await,
            Fault::HangRedis => self.redis("STOP", planned.lasts).await,
            Fault::FlushRedis => {
                self.stage.flush_redis().await;
                self.tally.count(tally::REDIS);
            }
            Fault::DossierDown => self.dossier(json!({"drop": true}), planned.lasts).await,
            Fault::DossierFails => self.dossier(json!({"fail_after_accept": true}), planned.lasts).await,
        }
    }

    async fn kill_gateway(&self, seat: &Arc<Seat>) {
        let begun = Instant::now();
        while seat.open.load(Ordering::SeqCst) == 0 && begun.elapsed() < TO_MEET {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let open = self.killed(seat).await;
        self.tally.count(tally::KILLS);
        if open > 0 {
            self.tally.count(tally::KILLS_IN_FLIGHT);
        }
    }

    async fn kill_worker(&self, seat: &Arc<Seat>) {
        let begun = Instant::now();
        let mut leases = self.stage.leases().await;
        while leases == 0 && begun.elapsed() < TO_MEET {
            tokio::time::sleep(Duration::from_millis(10)).await;
            leases = self.stage.leases().await;
        }
        self.killed(seat).await;
        self.tally.count(tally::WORKER_KILLS);
        if leases > 0 {
            self.tally.count(tally::WORKER_KILLS_IN_FLIGHT);
        }
    }

    /// Kills and waits for the successor to be ready: requests that were open.
    async fn killed(&self, seat: &Arc<Seat>) -> usize {
        let begun = Instant::now();
        let killed = seat.kill().await;
        let since = Instant::now();
        let ready = self.is_ready(seat).await;
        // where PostgreSQL was away meanwhile, the other goal holds
        if killed.starts == 1 && ready && !self.stage.disturbed_since(begun) {
            self.tally.took(
                "ready after a killed process was started",
                killed.up_after + since.elapsed(),
                READY_AFTER_KILL,
            );
        }
        killed.open_requests
    }

    async fn crash_postgres(&self) {
        let gone_for = self.stage.crash_postgres(self.nobody_is_ready()).await;
        let back = Instant::now();
        self.tally.count(tally::POSTGRES);
        self.tally.took("PostgreSQL down", gone_for, Duration::from_secs(20));
        for (_, seat) in &self.stage.ops {
            self.is_ready(seat).await;
        }
        // another crash meanwhile begins the time anew
        if !self.stage.disturbed_since(back) {
            self.tally.took("all ready after PostgreSQL is back", back.elapsed(), READY_AFTER_POSTGRES);
        }
    }

    /// Without PostgreSQL no process says that it is ready.
    async fn nobody_is_ready(&self) {
        for (ops, seat) in &self.stage.ops {
            let call = self.http.get(format!("{ops}/readyz")).timeout(Duration::from_secs(5)).send().await;
            if call.is_ok_and(|answer| answer.status() == 200) {
                self.tally.wrong(format!("{} says that it is ready while PostgreSQL is down", seat.name));
            }
        }
        self.tally.count(tally::NOT_READY);
    }

    /// Waits for a process to say that it is ready; false when it does not within the longest time.
    async fn is_ready(&self, seat: &Arc<Seat>) -> bool {
        let (ops, _) = self.stage.ops.iter().find(|(_, of)| Arc::ptr_eq(of, seat)).expect("every seat has operators");
        let begun = Instant::now();
        loop {
            let call = self.http.get(format!("{ops}/readyz")).timeout(Duration::from_secs(5)).send().await;
            if call.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                self.tally.wrong(format!("{} is not ready after 30 s", seat.name));
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn redis(&self, signal: &str, lasts: Duration) {
        let _one = self.redis.lock().await;
        self.stage.signal_redis(signal).await;
        tokio::time::sleep(lasts).await;
        match signal {
            "STOP" => self.stage.signal_redis("CONT").await,
            _ => self.stage.redis_again().await,
        }
        self.tally.count(tally::REDIS);
    }

    async fn dossier(&self, what: Value, lasts: Duration) {
        let _one = self.dossier.lock().await;
        let script = format!("{}/_sim/script", self.stage.url("dossier"));
        self.http.post(&script).json(&json!({"do": [what]})).send().await.unwrap();
        tokio::time::sleep(lasts).await;
        self.http.delete(&script).send().await.unwrap();
        self.tally.count(tally::DOSSIER);
    }
}

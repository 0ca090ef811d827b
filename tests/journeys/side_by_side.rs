//! Two gateways and two workers on one database and one Redis, as in production: whoever hears of money, it is booked
//! once, and whoever delivers, each stream comes once and in order. Also when Redis is killed, hung or emptied meanwhile.

use futures_util::future::join_all;
use motlan::wiring::{Gateway, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::redis::{self, Redis, signal};
use tests::portal::{Portal, dossier};
use tests::{House, Plan, config, database};

/// The house's own gateway takes what portals ask; the other one takes what VNPAY reports.
struct Street {
    house: House,
    other: Gateway,
    workers: Vec<Gateway>,
    redis: Redis,
}

impl Street {
    async fn new(calls_per_minute: u32) -> Self {
        let redis = redis::start();
        let settings = || {
            vec![
                ("MOTLAN_REDIS__URL", redis.url()),
                ("MOTLAN_HTTP__CALLS_PER_MINUTE", calls_per_minute.to_string()),
                // connections of four processes
                ("MOTLAN_DATABASE__MAX_CONNECTIONS", "6".to_owned()),
            ]
        };
        let plan = || Plan { settings: settings(), ..Plan::default() };
        let house = House::on(database().await, plan()).await;
        let config = config(&house.database, &house.vnpay.url, &plan());
        let start = |role| Gateway::start(&config, role, Arc::new(String::new));
        let other = start(Role::Serve).await.unwrap();
        let workers = vec![start(Role::Work).await.unwrap(), start(Role::Work).await.unwrap()];
        let street = Self { house, other, workers, redis };
        let webhook = format!("{}/v1/webhooks/vnpay/vnpay_main", street.other.base_url());
        street.house.sim("notify", json!({"url": webhook})).await;
        street.until_shared().await;
        street
    }

    async fn until_shared(&self) {
        let begun = Instant::now();
        while [&self.house.gateway, &self.other].iter().any(|g| g.volatile.is_up() != Some(true)) {
            assert!(begun.elapsed() < Duration::from_secs(10), "Redis is not reached");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn other_portal(&self) -> Portal {
        Portal::new(&self.house.http, &self.other.base_url(), self.house.portal.key.clone())
    }

    /// Owed and opened at one gateway, paid at VNPAY, reported to the other.
    async fn pays_one(&self) -> Value {
        let fee = self.house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = self.house.portal.opens(&[&fee]).await;
        let attempt = self.house.at_vnpay(&intent).await;
        self.house.pays(&attempt, json!({})).await;
        intent
    }

    async fn pay(&self, how_many: usize) {
        let intents = join_all((0..how_many).map(|_| self.pays_one())).await;
        for intent in &intents {
            assert_eq!(self.other_portal().intent(intent).await["status"], "paid");
        }
    }

    /// Until the workers have delivered all that there is.
    async fn until_told(&self) {
        let begun = Instant::now();
        let untold = "select (select count(*) from event where feed_position is null)
            + (select count(*) from delivery where state <> 'delivered')";
        while self.house.ask(untold).await != "0" {
            assert!(begun.elapsed() < Duration::from_secs(30), "not all is told");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn close(self) {
        for worker in self.workers {
            worker.stop().await;
        }
        self.other.stop().await;
        self.house.close().await;
    }
}

/// Each stream came once and in order.
fn in_order(heard: &[Value]) {
    let mut streams: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for event in heard {
        let (stream, sequence) = (&event["stream"], &event["sequence"]);
        streams.entry(stream.as_str().unwrap()).or_default().push(sequence.as_i64().unwrap());
    }
    assert!(!streams.is_empty());
    for (stream, sequences) in streams {
        let due: Vec<i64> = (1..).take(sequences.len()).collect();
        assert_eq!(sequences, due, "{stream}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_and_two_workers_on_one_database() {
    let street = Street::new(60_000).await;
    street.house.hear_events().await;
    street.pay(40).await;
    street.until_told().await;
    in_order(&street.house.heard().await);
    street.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_go_on_while_redis_is_emptied_hangs_and_is_killed() {
    let street = Street::new(60_000).await;
    street.house.hear_events().await;
    let mut admin = std::os::unix::net::UnixStream::connect(street.redis.socket()).unwrap();
    std::io::Write::write_all(&mut admin, b"FLUSHALL\r\n").unwrap();
    street.pay(5).await;
    for fate in ["STOP", "CONT", "KILL"] {
        signal(&street.redis, fate);
        let begun = Instant::now();
        street.pay(10).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{fate}: {:?}", begun.elapsed());
    }
    assert_eq!(street.house.gateway.volatile.is_up(), Some(false));
    street.until_told().await;
    in_order(&street.house.heard().await);
    street.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_limit_holds_over_two_gateways_and_one_each_without_redis() {
    let street = Street::new(60).await;
    let portals = [street.house.portal.clone(), street.other_portal()];
    let taken = || async {
        let mut taken = 0;
        for n in 0..24 {
            let answer = portals[n % 2].get("/v1/obligations").await;
            match answer.status {
                200 => taken += 1,
                _ => assert_eq!(answer.refused(429), "rate_limited"),
            }
        }
        taken
    };
    let begun = Instant::now();
    let together = taken().await;
    let spare = usize::try_from(begun.elapsed().as_secs() + 1).unwrap();
    assert!((6..=6 + spare).contains(&together), "{together} of a burst of 6");
    signal(&street.redis, "KILL");
    let begun = Instant::now();
    let apart = taken().await;
    let spare = 2 * usize::try_from(begun.elapsed().as_secs() + 1).unwrap();
    assert!((12..=12 + spare).contains(&apart), "{apart} of a burst of 6 each");
    street.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_at_a_gateway_wakes_the_worker_of_another_process() {
    let street = Street::new(0).await;
    street.house.hear_events().await;
    let mut news = street.workers[0].volatile.listen();
    let mut heard =
        async |patience_ms| tokio::time::timeout(Duration::from_millis(patience_ms), news.recv()).await.is_ok();
    // the subscription's own first word, and what registering the endpoint rang
    while heard(500).await {}
    street.pay(1).await;
    assert!(heard(5_000).await, "the worker heard nothing");
    street.until_told().await;
    street.close().await;
}

/// What arrives of a page's news, piece by piece.
struct News(reqwest::Response, String);

impl News {
    async fn of(street: &Street, base: &str, intent: &Value) -> Self {
        let (_, token) = intent["checkout_url"].as_str().unwrap().rsplit_once('/').unwrap();
        let answer = street.house.http.get(format!("{base}/pay/{token}/news")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        Self(answer, String::new())
    }

    /// The digest of the next state.
    async fn state(&mut self, patience: Duration) -> String {
        let read = async {
            loop {
                if let Some((said, rest)) = self.1.split_once("\n\n") {
                    let said = said.to_owned();
                    self.1 = rest.to_owned();
                    if let Some((_, digest)) = said.split_once("event: state\ndata: ") {
                        return digest.to_owned();
                    }
                    continue;
                }
                let piece = self.0.chunk().await.unwrap().expect("the news ended");
                self.1.push_str(std::str::from_utf8(&piece).unwrap());
            }
        };
        tokio::time::timeout(patience, read).await.expect("no news in time")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_at_the_page_at_one_gateway_learns_at_once_what_another_was_told_and_later_without_redis() {
    let street = Street::new(0).await;
    for redis_is_there in [true, false] {
        if !redis_is_there {
            signal(&street.redis, "KILL");
        }
        let fee = street.house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = street.house.portal.opens(&[&fee]).await;
        let attempt = street.house.at_vnpay(&intent).await;
        // VNPAY reports to the other gateway
        let mut news = News::of(&street, &street.house.gateway.base_url(), &intent).await;
        let open = news.state(Duration::from_secs(5)).await;
        // the subscription at this gateway is made by its first listener
        tokio::time::sleep(Duration::from_millis(500)).await;
        street.house.pays(&attempt, json!({})).await;
        let told = Instant::now();
        let paid = news.state(Duration::from_secs(15)).await;
        assert_ne!(paid, open);
        if redis_is_there {
            assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
        }
        let page = street.house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap();
        assert!(page.text().await.unwrap().contains(&format!("data-state=\"{paid}\"")));
    }
    street.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_listen_to_one_page_and_whoever_goes_frees_a_place() {
    let street = Street::new(0).await;
    let fee = street.house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = street.house.portal.opens(&[&fee]).await;
    let base = street.house.gateway.base_url();
    let mut listeners = Vec::new();
    for _ in 0..8 {
        listeners.push(News::of(&street, &base, &intent).await);
    }
    let url = format!("{}/news", intent["checkout_url"].as_str().unwrap());
    let ask = async || street.house.http.get(&url).send().await.unwrap();
    let full = ask().await;
    assert_eq!(full.status(), 503);
    assert!(full.headers().contains_key("retry-after"));
    let other = street.house.portal.owes(&dossier(), 21_000, json!({})).await;
    let other = street.house.portal.opens(&[&other]).await;
    News::of(&street, &base, &other).await.state(Duration::from_secs(5)).await;
    listeners.pop();
    let begun = Instant::now();
    while ask().await.status() != 200 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the place is not free again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(listeners);
    street.close().await;
}

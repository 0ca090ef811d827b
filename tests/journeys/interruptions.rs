//! Killed, cut off, reset, restarted: nothing that was answered is lost, nothing is done twice (F13, F20 to F23).

use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::proxy::Proxy;
use tests::interruption::{
    Dice, Load, Served, UNWATCHED, busy_marks_run_out, heard, leases_run_out, own_database, pays_unheard,
    post_on_the_wire, reports, reports_to, resets,
};
use tests::portal::{dossier, fresh, obligation};
use tests::{House, Plan, database};

/// Asked once by a drain, an attempt then waits for a minute: what is left over does not depend on the moment.
fn patient() -> Vec<(&'static str, String)> {
    vec![("MOTLAN_POLL__SCHEDULE_S", "60".to_owned())]
}

fn attempts_of(intent: &Value) -> String {
    format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap())
}

async fn an_intent(house: &House, amount: i64) -> Value {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    house.portal.opens(&[&fee]).await
}

/// The attempt that was committed and not offered is the one that the same key gets at another process; it is paid.
/// `killed`: nobody said that the one before is gone, so its mark must run out first.
async fn another_server_goes_on(house: House, intent: &Value, key: &str, killed: bool) {
    assert_eq!(house.ask("select count(*) || ' ' || min(status) from attempt").await, "1 started");
    assert_eq!(house.ask("select count(*) from attempt_watch").await, "1");
    let order_ref = house.ask("select order_ref from attempt").await;
    let server = Served::start(&house, &house.database.url("motlan_app"), &tests::own_address()).await;
    reports_to(&house, &server.base).await;
    let (portal, path, body) = (server.portal(&house), attempts_of(intent), json!({"channel": "vnpay"}));
    if killed {
        let early = portal.post_with(&path, key, body.clone()).await;
        assert_eq!(early.refused(409), "idempotency_in_progress");
        busy_marks_run_out(&house).await;
    }
    let attempt = portal.post_with(&path, key, body.clone()).await;
    assert!(!attempt.replayed);
    let attempt = attempt.expect(201);
    assert_eq!((&attempt["order_ref"], &attempt["status"]), (&json!(order_ref), &json!("offered")));
    let again = portal.post_with(&path, key, body).await;
    assert!(again.replayed);
    assert_eq!(again.expect(201), attempt);
    assert_eq!(house.ask("select count(*) from attempt").await, "1");
    assert_eq!(house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap().status(), 200);
    let order = house.pays(&attempt, json!({})).await;
    assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
    assert_eq!(portal.intent(intent).await["status"], "paid");
    server.kill().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_between_the_two_commits_of_an_attempt_and_killed_leaves_it_to_the_next() {
    let house = House::new().await;
    let proxy = Proxy::start(&house.database.socket_dir);
    let server = Served::start(&house, &proxy.url(&house.database.name, "motlan_app"), &tests::own_address()).await;
    let intent = an_intent(&house, 34_000).await;
    proxy.cut_before_commit(2);
    let cut = server.portal(&house).post_with(&attempts_of(&intent), "one", json!({"channel": "vnpay"})).await;
    assert_eq!(cut.refused(503), "unavailable");
    server.kill().await;
    another_server_goes_on(house, &intent, "one", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_between_the_two_commits_of_an_attempt_leaves_it_to_the_next() {
    let house = House::new().await;
    // slow enough to be met between the commits
    let proxy = Proxy::with_latency(&house.database.socket_dir, Duration::from_millis(60));
    let server = Served::start(&house, &proxy.url(&house.database.name, "motlan_app"), &tests::own_address()).await;
    let intent = an_intent(&house, 34_000).await;
    let portal = server.portal(&house);
    let call = portal.http.post(format!("{}{}", portal.base, attempts_of(&intent))).bearer_auth(&portal.key);
    let call = tokio::spawn(heard(call.header("Idempotency-Key", "one").json(&json!({"channel": "vnpay"}))));
    let until = Instant::now() + Duration::from_secs(10);
    while house.ask("select count(*) from attempt").await == "0" {
        assert!(Instant::now() < until, "no attempt was committed");
    }
    server.kill().await;
    assert!(call.await.unwrap().is_none(), "it was answered before it was killed");
    another_server_goes_on(house, &intent, "one", true).await;
}

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Before,
    After,
}

/// A house whose database can be cut off.
struct Wired {
    house: House,
    proxy: Proxy,
    cut: Cut,
}

impl Wired {
    async fn new(cut: Cut) -> Self {
        let database = database().await;
        let proxy = Proxy::start(&database.socket_dir);
        let database_url = Some(proxy.url(&database.name, "motlan_app"));
        let plan = Plan { database_url, settings: patient(), ..Plan::default() };
        Self { house: House::on(database, plan).await, proxy, cut }
    }

    fn arm(&self, n: u64) {
        match self.cut {
            Cut::Before => self.proxy.cut_before_commit(n),
            Cut::After => self.proxy.cut_after_commit(n),
        }
    }

    async fn stands(&self, what: &str) {
        let rows = self.house.ask(&format!("select count(*) from {what}")).await;
        assert_eq!(rows, if self.cut == Cut::After { "1" } else { "0" }, "{what}");
    }

    /// A POST of one commit, cut off; its repeat finds what was committed, or does it now, and says the same for ever.
    async fn posts(&self, path: &str, body: Value, status: u16, left: &str) -> Value {
        let (portal, key) = (&self.house.portal, format!("key-{}", fresh()));
        self.arm(1);
        assert_eq!(portal.post_with(path, &key, body.clone()).await.refused(503), "unavailable");
        self.stands(left).await;
        let again = portal.post_with(path, &key, body.clone()).await;
        assert_eq!(again.replayed, self.cut == Cut::After, "{path}");
        let again = again.expect(status);
        let third = portal.post_with(path, &key, body).await;
        assert!(third.replayed);
        assert_eq!(third.expect(status), again);
        again
    }

    /// An attempt, cut off at its n-th commit.
    async fn attempts(&self, intent: &Value, n: u64) {
        let (portal, path, body) = (&self.house.portal, attempts_of(intent), json!({"channel": "vnpay"}));
        let key = format!("key-{}", fresh());
        self.arm(n);
        assert_eq!(portal.post_with(&path, &key, body.clone()).await.refused(503), "unavailable");
        let id: String = self.house.ask(&format!("select id from intent where reference = {}", quoted(intent))).await;
        let of_it = format!("attempt where intent_id = '{id}'");
        let known = self.house.ask(&format!("select count(*) || coalesce(min(status), '') from {of_it}")).await;
        let (begun, offered) = (n == 2 || self.cut == Cut::After, n == 2 && self.cut == Cut::After);
        assert_eq!(
            known,
            if offered {
                "1offered"
            } else if begun {
                "1started"
            } else {
                "0"
            }
        );
        let again = portal.post_with(&path, &key, body.clone()).await;
        assert_eq!(again.replayed, offered);
        let again = again.expect(201);
        let reference = intent["reference"].as_str().unwrap();
        assert_eq!(again["order_ref"], json!(format!("{reference}1")), "never an order minted anew");
        assert_eq!(portal.post_with(&path, &key, body).await.expect(201), again);
        assert_eq!(self.house.ask(&format!("select count(*) from {of_it}")).await, "1");
    }
}

fn quoted(intent: &Value) -> String {
    format!("'{}'", intent["reference"].as_str().unwrap())
}

async fn each_commit_is_cut(cut: Cut) {
    let w = Wired::new(cut).await;
    let portal = &w.house.portal;
    let (path, body) = (format!("/v1/obligations/ref-{}", fresh()), obligation(&dossier(), 12_000, json!({})));
    w.arm(1);
    assert_eq!(portal.put(&path, body.clone()).await.refused(503), "unavailable");
    w.stands("obligation").await;
    let fee = portal.put(&path, body.clone()).await.expect(if cut == Cut::After { 200 } else { 201 });
    assert_eq!(portal.put(&path, body.clone()).await.expect(200)["id"], fee["id"]);
    assert_eq!(w.house.ask("select count(*) from obligation").await, "1");

    let open = json!({"obligation_ids": [fee["id"]]});
    let first = w.posts("/v1/payment-intents", open.clone(), 201, "intent").await;
    let path = format!("/v1/payment-intents/{}/cancel", first["id"].as_str().unwrap());
    let cancelled = w.posts(&path, json!({}), 200, "intent where status = 'cancelled'").await;
    assert_eq!((&cancelled["id"], &cancelled["status"]), (&first["id"], &json!("cancelled")));

    let other = portal.owes(&dossier(), 5_000, json!({})).await;
    let path = format!("/v1/obligations/{}/cancel", other["id"].as_str().unwrap());
    let cancelled = w.posts(&path, json!({}), 200, "obligation where status = 'cancelled'").await;
    assert_eq!((&cancelled["id"], &cancelled["status"]), (&other["id"], &json!("cancelled")));

    let open = |id: &Value| json!({"obligation_ids": [id]});
    let intent = portal.post("/v1/payment-intents", open(&fee["id"])).await.expect(201);
    w.attempts(&intent, 1).await;
    let more = portal.owes(&dossier(), 7_000, json!({})).await;
    let second = portal.post("/v1/payment-intents", open(&more["id"])).await.expect(201);
    w.attempts(&second, 2).await;

    let attempt = w.house.at_vnpay(&intent).await;
    let report = pays_unheard(&w.house, &attempt).await;
    w.arm(1);
    assert_eq!(reports(&w.house, &report).await, "99");
    for what in ["payment", "sighting", "journal", "obligation where status = 'paid'", "intent where status = 'paid'"] {
        w.stands(what).await;
    }
    assert_eq!(reports(&w.house, &report).await, if cut == Cut::After { "02" } else { "00" });
    assert_eq!(reports(&w.house, &report).await, "02");
    assert_eq!(w.house.ask("select count(*) from payment").await, "1");
    assert_eq!(portal.intent(&intent).await["status"], "paid");
    w.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_after_a_commit_that_nobody_heard_of_finds_the_first_result() {
    each_commit_is_cut(Cut::After).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_after_a_commit_that_never_came_does_it_once() {
    each_commit_is_cut(Cut::Before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_cut_off_at_any_of_its_commits_does_each_thing_once() {
    for cut in [Cut::Before, Cut::After] {
        let w = Wired::new(cut).await;
        w.house.hear_events().await;
        let mut intents = Vec::new();
        for n in 1..=8 {
            let fee = w.house.portal.owes(&dossier(), 10_000 + n, json!({})).await;
            // the last three expire, with a payer who never paid
            let life = if n > 5 { 1 } else { 3_600 };
            let intent = w.house.portal.opens_for(&[&fee], life).await;
            if n <= 5 {
                let attempt = w.house.at_vnpay(&intent).await;
                pays_unheard(&w.house, &attempt).await;
            }
            intents.push(intent);
        }
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        for n in 1..=20 {
            w.arm(n);
            // it may well fail: that is what it is cut off for
            let _ = worker::drain(&w.house.gateway.ctx).await;
            leases_run_out(&w.house).await;
        }
        w.proxy.cut_after_commit(1_000_000);
        w.house.drain().await;
        for (i, intent) in intents.iter().enumerate() {
            let status = w.house.portal.intent(intent).await["status"].clone();
            assert_eq!(status, if i < 5 { "paid" } else { "expired" }, "{i}");
        }
        assert_eq!(w.house.ask("select count(*) from event").await, "13", "5 × 2 paid, 3 expired");
        w.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_again_and_again_under_load_keeps_its_word() {
    let mut dice = Dice::thrown();
    let house = House::planned(Plan { settings: patient(), ..Plan::default() }).await;
    house.hear_events().await;
    let url = house.database.url("motlan_app");
    let first = Served::start(&house, &url, &tests::own_address()).await;
    let (listen, portal) = (first.listen(), first.portal(&house));
    reports_to(&house, &portal.base).await;
    let load = Load::new(&house, portal);
    let until = Instant::now() + Duration::from_secs(20);
    let (mut of_load, mut kills) = (dice.split(), 0);
    let killing = async {
        let mut server = first;
        while Instant::now() < until {
            tokio::time::sleep(dice.millis(5, 700)).await;
            server.kill().await;
            kills += 1;
            if dice.below(5) == 0 {
                let stillborn = Served::spawn(&house, &url, &listen).await;
                tokio::time::sleep(dice.millis(1, 120)).await;
                stillborn.kill().await;
            }
            server = Served::start(&house, &url, &listen).await;
        }
        server
    };
    let (server, ()) = join!(killing, load.run(2, &mut of_load, until));
    let (told, unfinished, refused) = load.counts();
    println!("{kills} kills, {told} answers kept, {unfinished} broken off, {refused} told to come again");
    assert!(kills >= 10 && told >= 50, "{kills} kills, {told} answers: too little happened");
    load.holds().await;
    server.kill().await;
    house.drain().await;
    load_is_paid(&house).await;
    house.close().await;
}

/// What VNPAY took is paid here, whoever of us was away when it called.
async fn load_is_paid(house: &House) {
    let taken = house.orders().await.iter().filter(|o| o["status"] == "paid").count();
    assert_eq!(house.ask("select count(*) from intent where status = 'paid'").await, taken.to_string());
    assert_eq!(house.ask("select count(*) from obligation where status = 'paid'").await, taken.to_string());
    assert_eq!(house.ask("select count(*) from kase").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_reset_their_connections_leave_nothing_half_done() {
    let mut dice = Dice::thrown();
    let database = database().await;
    // as over a network: a reset meets the handler at each of its waits
    let proxy = Proxy::with_latency(&database.socket_dir, Duration::from_millis(3));
    let database_url = Some(proxy.url(&database.name, "motlan_app"));
    let house = House::on(database, Plan { database_url, settings: patient(), ..Plan::default() }).await;
    let portal = &house.portal;
    let body = json!({"channel": "vnpay"});
    let mut intents = Vec::new();
    for n in 0..60 {
        intents.push(an_intent(&house, 1_000 + n).await);
    }
    for ten in intents.chunks(10) {
        let storm = ten.iter().map(|intent| {
            let key = intent["id"].as_str().unwrap();
            let (request, after) = (post_on_the_wire(portal, &attempts_of(intent), key, &body), dice.millis(0, 500));
            async move { resets(&portal.base, &request, tokio::time::sleep(after)).await }
        });
        join_all(storm).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(house.ask(UNWATCHED).await, "0");
    let (begun, offered) =
        (house.ask("select count(*) from attempt").await, "select count(*) from attempt where action is not null");
    println!("of 60 attempts {begun} were begun and {} offered", house.ask(offered).await);
    busy_marks_run_out(&house).await;
    let mut calls = Vec::new();
    for intent in &intents {
        let attempt = portal.post_with(&attempts_of(intent), intent["id"].as_str().unwrap(), body.clone()).await;
        let attempt = attempt.expect(201);
        assert_eq!(attempt["order_ref"], json!(format!("{}1", intent["reference"].as_str().unwrap())));
        assert_eq!(house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap().status(), 200);
        let report = pays_unheard(&house, &attempt).await;
        let query = report.strip_prefix(&portal.base).unwrap();
        calls.push(format!("GET {query} HTTP/1.1\r\nHost: motlan\r\n\r\n"));
    }
    assert_eq!(house.ask("select count(*) from attempt").await, "60");
    for ten in calls.chunks(10) {
        let storm = ten.iter().flat_map(|call| [call, call]).map(|call| {
            let after = dice.millis(0, 80);
            async move { resets(&portal.base, call, tokio::time::sleep(after)).await }
        });
        join_all(storm).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    house.holds().await;
    println!("of 60 reports {} were booked", house.ask("select count(*) from payment").await);
    house.drain().await;
    load_is_paid(&house).await;
    assert_eq!(house.ask("select count(*) from payment").await, "60");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_resets_while_its_attempt_is_committed_finds_it_again() {
    let house = House::new().await;
    // the commit is done, and for so long the server does not know it
    let proxy = Proxy::with_latency(&house.database.socket_dir, Duration::from_millis(250));
    let server = Served::start(&house, &proxy.url(&house.database.name, "motlan_app"), &tests::own_address()).await;
    let (intent, portal) = (an_intent(&house, 34_000).await, server.portal(&house));
    let request = post_on_the_wire(&portal, &attempts_of(&intent), "one", &json!({"channel": "vnpay"}));
    let committed = async { while house.ask("select count(*) from attempt").await == "0" {} };
    resets(&portal.base, &request, committed).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    // nobody goes on with it unasked: the handler went with its client
    server.kill().await;
    another_server_goes_on(house, &intent, "one", true).await;
}

/// Load while `disturb` goes on, then health within 10 s, and all that was said still holds.
async fn through(house: House, mut dice: Dice, disturb: impl AsyncFn(&mut Dice)) {
    house.hear_events().await;
    let load = Load::new(&house, house.portal.clone());
    let until = Instant::now() + Duration::from_secs(8);
    let mut of_load = dice.split();
    let disturbing = async {
        while Instant::now() + Duration::from_secs(1) < until {
            tokio::time::sleep(dice.millis(20, 400)).await;
            disturb(&mut dice).await;
        }
    };
    join!(disturbing, load.run(6, &mut of_load, until));
    let back = Instant::now();
    loop {
        let call = house.http.get(format!("{}/readyz", house.gateway.ops_url()));
        if heard(call).await.is_some_and(|(said, _)| said.status == 200)
            && house.portal.get("/v1/payment-intents?limit=1").await.status == 200
        {
            break;
        }
        assert!(back.elapsed() < Duration::from_secs(10), "not healthy after 10 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (told, unfinished, refused) = load.counts();
    println!(
        "{told} answers kept, {unfinished} broken off, {refused} told to come again, healthy after {:?}",
        back.elapsed()
    );
    assert!(told >= 50 && refused > 0, "{told} answers, {refused} refusals: too little happened");
    load.holds().await;
    house.drain().await;
    load_is_paid(&house).await;
    house.close().await;
}

const OURS: &str = "from pg_stat_activity where datname = current_database() and application_name = 'motlan'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_ends_are_told_as_come_again_and_nothing_is_lost() {
    let house = House::planned(Plan { settings: patient(), ..Plan::default() }).await;
    let database = house.database.clone();
    through(house, Dice::thrown(), async |_| {
        let admin = database.connect("motlan_superuser").await;
        admin.simple_query(&format!("select pg_terminate_backend(pid) {OURS}")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_and_recovers_again_and_again_loses_nothing_that_was_said() {
    let cluster = tokio::task::spawn_blocking(testkit::server::start).await.unwrap();
    let database = own_database(cluster.socket_dir()).await;
    let url = database.superuser_url();
    let house = House::on(database, Plan { settings: patient(), ..Plan::default() }).await;
    // a backend that is killed takes the server with it: it ends all others and recovers from its log
    through(house, Dice::thrown(), async |dice| {
        let Ok((admin, connection)) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await else { return };
        let connection = tokio::spawn(connection);
        if let Ok(Some(row)) = admin.query_opt(&format!("select pid {OURS} order by random() limit 1"), &[]).await {
            let pid: i32 = row.get(0);
            let killed = tokio::process::Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().await;
            assert!(killed.is_ok());
            tokio::time::sleep(dice.millis(300, 900)).await;
        }
        drop(admin);
        let _ = connection.await;
    })
    .await;
    tokio::task::spawn_blocking(move || cluster.remove()).await.unwrap().unwrap();
}

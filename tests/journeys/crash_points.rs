//! A process is killed at each commit and at each outgoing write of what it does; started again and asked again, it ends
//! as if it had never been killed: one effect, the right one (F14, F20, F22). `make test` visits the edges of commits,
//! calls and answers of what is quick, `make test-all` these of all operations and a third of what lies between.

use crate::transfers::words;
use crate::{receipts, refunds};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::time::Duration;
use tests::House;
use tests::bank::{BIN, PROFILE, SEPAY_SECRET};
use tests::crash::{Disturbance, Server, Stage};
use tests::files::{mt940, today};
use tests::interruption::{a_day_that_lasts, busy_marks_run_out, heard, pays_unheard};
use tests::portal::{Answered, Portal, dossier, fresh, obligation};

/// A POST with its key, which is repeated word for word.
struct Post {
    path: String,
    key: String,
    body: Value,
}

impl Post {
    fn new(path: &str, body: Value) -> Self {
        Self { path: path.to_owned(), key: format!("key-{}", fresh()), body }
    }

    /// May be cut off.
    async fn tried(&self, portal: &Portal) {
        let call = portal.http.post(format!("{}{}", portal.base, self.path)).bearer_auth(&portal.key);
        let _ = heard(call.header("Idempotency-Key", &self.key).json(&self.body)).await;
    }

    /// Once more, and for a third time: the same answer.
    async fn repeated(&self, portal: &Portal, status: u16) -> Answered {
        let again = portal.post_with(&self.path, &self.key, self.body.clone()).await;
        let third = portal.post_with(&self.path, &self.key, self.body.clone()).await;
        assert_eq!((again.status, &third.text), (status, &again.text), "{}", self.path);
        assert!(third.replayed);
        again
    }
}

async fn count(house: &House, sql: &str) -> String {
    house.ask(&format!("select count(*) from {sql}")).await
}

fn id(of: &Value) -> String {
    uuid(of["id"].as_str().unwrap())
}

/// As the tables name it.
fn uuid(id: &str) -> String {
    id.split_once('_').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_an_obligation_is_done_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    let prepare = async || (format!("/v1/obligations/ref-{}", fresh()), obligation(&dossier(), 12_000, json!({})));
    let act = async |server: &Server, (path, body): &(String, Value)| {
        let portal = &server.portal;
        let _ = heard(portal.http.put(format!("{}{path}", portal.base)).bearer_auth(&portal.key).json(body)).await;
    };
    let again = async |server: &Server, (path, body): &(String, Value)| {
        let put = server.portal.put(path, body.clone()).await;
        assert!(matches!(put.status, 200 | 201), "{}", put.text);
        let same = server.portal.put(path, body.clone()).await.expect(200);
        assert_eq!(same["id"], put.json["id"]);
        let name = path.rsplit('/').next().unwrap();
        assert_eq!(count(&stage.house, &format!("obligation where external_ref = '{name}'")).await, "1");
        assert_eq!(count(&stage.house, &format!("transition where entity_id = '{}'", id(&same))).await, "1");
    };
    stage.of_a_server("register an obligation", prepare, act, again).await.at_least((9, 3), 1);
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_an_intent_is_done_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    let prepare = async || {
        let fee = stage.house.portal.owes(&dossier(), 15_000, json!({})).await;
        (Post::new("/v1/payment-intents", json!({"obligation_ids": [fee["id"]]})), fee)
    };
    let act = async |server: &Server, (post, _): &(Post, Value)| post.tried(&server.portal).await;
    let again = async |server: &Server, (post, fee): &(Post, Value)| {
        let opened = post.repeated(&server.portal, 201).await.json;
        assert_eq!(opened["obligations"][0]["id"], fee["id"]);
        let held = count(&stage.house, &format!("intent_obligation where obligation_id = '{}'", id(fee))).await;
        assert_eq!(held, "1");
        assert_eq!(server.portal.intent(&opened).await["status"], "open");
    };
    stage.of_a_server("open an intent", prepare, act, again).await.at_least((12, 3), 1);
    stage.house.close().await;
}

async fn an_intent(house: &House, amount: i64) -> Value {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    house.portal.opens(&[&fee]).await
}

async fn attempts_at(channel: &'static str) {
    let stage = Stage::new().await;
    let prepare = async || {
        let intent = an_intent(&stage.house, 34_000).await;
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        (Post::new(&path, json!({"channel": channel})), intent)
    };
    let act = async |server: &Server, (post, _): &(Post, Value)| post.tried(&server.portal).await;
    let again = async |server: &Server, (post, intent): &(Post, Value)| {
        // whoever is not known to be gone may still be inside
        busy_marks_run_out(&stage.house).await;
        let attempt = post.repeated(&server.portal, 201).await.json;
        let order = format!("{}1", intent["reference"].as_str().unwrap());
        assert_eq!((&attempt["order_ref"], &attempt["status"]), (&json!(order), &json!("offered")));
        let of_it = format!("attempt where intent_id = '{}'", id(intent));
        assert_eq!(count(&stage.house, &of_it).await, "1");
        assert_eq!(count(&stage.house, &format!("attempt_watch where attempt_id = '{}'", id(&attempt))).await, "1");
        let steps = format!("transition where entity_id = '{}'", id(&attempt));
        assert_eq!(count(&stage.house, &steps).await, "2", "started and offered");
    };
    let operation = if channel == "vnpay" { "attempt at VNPAY" } else { "attempt by transfer" };
    stage.of_a_server(operation, prepare, act, again).await.at_least((32, 5), 2);
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_at_vnpay_is_one_order_wherever_the_server_is_killed() {
    attempts_at("vnpay").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_by_transfer_is_one_order_wherever_the_server_is_killed() {
    attempts_at("vietqr").await;
}

/// The money is there once, with all that follows from it.
async fn paid_once(house: &House, intent: &Value) {
    assert_eq!(house.portal.intent(intent).await["status"], "paid");
    let of_it = format!("where intent_id = '{}'", id(intent));
    assert_eq!(count(house, &format!("payment {of_it}")).await, "1");
    let settled = format!(
        "select count(*) || ' ' || sum(amount) from allocation where payment_id in (select id from payment {of_it})
         and obligation_id is not null"
    );
    assert_eq!(house.ask(&settled).await, format!("1 {}", intent["amount"]));
    assert_eq!(count(house, "kase").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_of_vnpay_is_booked_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    let prepare = async || {
        let intent = an_intent(&stage.house, 34_000).await;
        let attempt = stage.house.at_vnpay(&intent).await;
        let report = pays_unheard(&stage.house, &attempt).await;
        (intent, report.split_once("/v1/").unwrap().1.to_owned())
    };
    let act = async |server: &Server, (_, report): &(Value, String)| {
        let _ = heard(server.portal.http.get(format!("{}/v1/{report}", server.portal.base))).await;
    };
    let again = async |server: &Server, (intent, report): &(Value, String)| {
        let url = format!("{}/v1/{report}", server.portal.base);
        let said = tests::interruption::reports(&stage.house, &url).await;
        assert!(["00", "02"].contains(&said.as_str()), "{said}");
        assert_eq!(tests::interruption::reports(&stage.house, &url).await, "02");
        paid_once(&stage.house, intent).await;
    };
    stage.of_a_server("report of VNPAY", prepare, act, again).await.at_least((22, 3), 1);
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_of_a_transfer_is_booked_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    stage.house.tellers_are_lost().await;
    let prepare = async || {
        let intent = an_intent(&stage.house, 34_000).await;
        stage.house.at_the_bank(&intent).await;
        let booked = stage.house.transfers(34_000, intent["reference"].as_str().unwrap()).await;
        let row = words::sepay_row_of(&booked);
        (intent, row.to_string())
    };
    let call = async |server: &Server, body: &str| {
        let url = format!("{}/v1/webhooks/vietqr/sepay/{PROFILE}", server.portal.base);
        let headers = words::sepay(SEPAY_SECRET, words::now_s(), body);
        let call = server.portal.http.post(url).header("Content-Type", "application/json").body(body.to_owned());
        heard(headers.iter().fold(call, |call, (name, value)| call.header(*name, value))).await
    };
    let act = async |server: &Server, (_, body): &(Value, String)| drop(call(server, body).await);
    let again = async |server: &Server, (intent, body): &(Value, String)| {
        for _ in 0..2 {
            assert_eq!(call(server, body).await.unwrap().0.status, 200);
            paid_once(&stage.house, intent).await;
        }
    };
    stage.of_a_server("report of a transfer", prepare, act, again).await.at_least((32, 3), 1);
    stage.house.close().await;
}

/// A file under its key.
struct File {
    path: String,
    key: String,
    bytes: Vec<u8>,
}

impl File {
    fn new(path: String, bytes: Vec<u8>) -> Self {
        Self { path, key: format!("key-{}", fresh()), bytes }
    }

    async fn sent(&self, staff: &Portal) -> Option<Answered> {
        let call = staff.http.post(format!("{}{}", staff.base, self.path)).bearer_auth(&staff.key);
        let call = call.header("Idempotency-Key", &self.key).body(self.bytes.clone());
        heard(call).await.map(|(said, _)| said)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn a_statement_is_imported_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    let prepare = async || {
        let number = format!("66{:08}", fresh());
        stage.house.had_account(&number).await;
        let intent = an_intent(&stage.house, 34_000).await;
        let (paid, strange) = (format!("FT{number}1"), format!("FT{number}3"));
        let lines = [
            (34_000, paid.as_str(), intent["reference"].as_str().unwrap()),
            (-2_000, "", "PHI QUAN LY TAI KHOAN"),
            (7_000, strange.as_str(), "CHUYEN TIEN"),
        ];
        let bytes = mt940(&number, today(), 1_000_000, &lines);
        let account = format!("{BIN}.{number}");
        (account.clone(), intent, File::new(format!("/v1/statements?account={account}&format=mt940"), bytes))
    };
    let act = async |server: &Server, (_, _, file): &(String, Value, File)| drop(file.sent(&server.staff).await);
    let again = async |server: &Server, (account, intent, file): &(String, Value, File)| {
        busy_marks_run_out(&stage.house).await;
        let said = file.sent(&server.staff).await.unwrap();
        assert_eq!(said.status, 201, "{}", said.text);
        let third = file.sent(&server.staff).await.unwrap();
        assert!(third.replayed && third.text == said.text, "{}", third.text);
        stage.house.drain().await;
        let house = &stage.house;
        assert_eq!(count(house, &format!("statement where account_code = '{account}'")).await, "1");
        let fates = format!(
            "select string_agg(coalesce(fate, 'open') || ' ' || amount, ', ' order by amount) from movement
             where account_code = '{account}'"
        );
        assert_eq!(house.ask(&fates).await, "case -2000, matched 7000, matched 34000");
        let payments = format!("payment where receiving_account = '{account}'");
        assert_eq!(count(house, &payments).await, "2", "the intent's money and the stranger's");
        assert_eq!(count(house, &format!("payment where intent_id = '{}'", id(intent))).await, "1");
        assert_eq!(server.portal.intent(intent).await["status"], "paid");
        let bank = format!("select sum(amount) from ledger_entry where account_code = 'bank:{account}'");
        assert_eq!(house.ask(&bank).await, "1039000", "the statement's closing balance");
    };
    stage.of_a_server("import a statement", prepare, act, again).await.at_least((150, 5), 3);
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn what_asking_finds_is_booked_once_wherever_the_worker_is_killed() {
    let stage = Stage::new().await;
    let prepare = async || {
        let intent = an_intent(&stage.house, 34_000).await;
        let attempt = stage.house.at_vnpay(&intent).await;
        pays_unheard(&stage.house, &attempt).await;
        intent
    };
    let holds = async |intent: &Value| paid_once(&stage.house, intent).await;
    for disturbance in [Disturbance::Killed, Disturbance::Asleep] {
        let visited = stage.of_a_worker("ask VNPAY", disturbance, prepare, holds).await;
        visited.at_least(if disturbance == Disturbance::Killed { (120, 12) } else { (50, 5) }, 4);
    }
    let more = "(select from sighting s join sighting_outcome o on o.sighting_id = s.id where o.state = 'applied'
        group by o.payment_id having count(*) > 1) twice";
    assert_eq!(count(&stage.house, more).await, "0");
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn what_a_listing_shows_is_booked_once_wherever_the_worker_is_killed() {
    let stage = Stage::new().await;
    stage.house.tellers_are_lost().await;
    let earlier = RefCell::new(None);
    let prepare = async || {
        // each listing shows the transfer of its round alone: else each round would have more places than the one before
        if let Some(reference) = earlier.take() {
            stage.house.bank_script(json!({"content_contains": reference}), json!({"unlisted": true})).await;
        }
        let intent = an_intent(&stage.house, 34_000).await;
        stage.house.at_the_bank(&intent).await;
        stage.house.transfers(34_000, intent["reference"].as_str().unwrap()).await;
        earlier.replace(Some(intent["reference"].clone()));
        stage.house.listings_are_due().await;
        intent
    };
    let holds = async |intent: &Value| paid_once(&stage.house, intent).await;
    for disturbance in [Disturbance::Killed, Disturbance::Asleep] {
        let visited = stage.of_a_worker("list an account", disturbance, prepare, holds).await;
        visited.at_least(if disturbance == Disturbance::Killed { (120, 12) } else { (50, 5) }, 4);
    }
    stage.house.close().await;
}

/// All that there is was delivered, applied once, in its order.
async fn told_once(house: &House) {
    assert_eq!(count(house, "delivery where state <> 'delivered'").await, "0");
    let heard = house.heard().await;
    let applied = heard.iter().filter(|r| r["applied"] == true).count();
    assert_eq!(applied.to_string(), count(house, "event").await);
    let late = |r: &&Value| r["applied"] == true && r["gap"] != false;
    assert_eq!(heard.iter().find(late), None, "out of order");
    assert!(heard.iter().all(|r| r["same_bytes"] == true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn what_is_delivered_is_applied_once_wherever_the_worker_is_killed() {
    let stage = Stage::new().await;
    let url = format!("{}/events", stage.dossier);
    let endpoint = stage.house.portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
    let secret = json!({"secret": endpoint["secret"], "from_start": true});
    stage.house.dossier_sim("endpoint", secret).await;
    let prepare = async || {
        let intent = an_intent(&stage.house, 34_000).await;
        let attempt = stage.house.at_vnpay(&intent).await;
        stage.house.pays(&attempt, json!({})).await;
    };
    let holds = async |(): &()| told_once(&stage.house).await;
    for disturbance in [Disturbance::Killed, Disturbance::Asleep] {
        let visited = stage.of_a_worker("deliver", disturbance, prepare, holds).await;
        visited.at_least(if disturbance == Disturbance::Killed { (90, 14) } else { (50, 6) }, 6);
    }
    stage.house.close().await;
}

/// How often VNPAY was asked to pay an intent back, and took it up.
async fn paid_back(house: &House, intent: &Value) -> usize {
    let order = format!("{}1", intent["reference"].as_str().unwrap());
    let orders = house.orders().await;
    let order = orders.iter().find(|o| o["order_ref"] == order.as_str()).unwrap();
    order["refunds"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_proposed_and_approved_once_wherever_the_server_is_killed() {
    let stage = Stage::new().await;
    let house = &stage.house;
    let approver = refunds::second_person(house).await;
    let prepare = async || {
        let (fee, _, payment) = refunds::paid(house, 34_000).await;
        let body = json!({"lines": [refunds::whole(&fee)], "then": "close", "reason_code": "nop_nham",
            "refundable_amount": payment["refundable_amount"]});
        let path = format!("/v1/payments/{}/refunds", refunds::id(&payment));
        (Post::new(&path, body), payment)
    };
    let act = async |server: &Server, (post, _): &(Post, Value)| post.tried(&server.staff).await;
    let again = async |server: &Server, (post, payment): &(Post, Value)| {
        let proposed = post.repeated(&server.staff, 201).await.json;
        assert_eq!(count(house, &format!("refund where payment_id = '{}'", id(payment))).await, "1");
        assert_eq!(refunds::status(house, &proposed).await, "pending_approval");
    };
    stage.of_a_server("propose a refund", prepare, act, again).await.at_least((22, 3), 1);

    let prepare = async || {
        let (fee, intent, payment) = refunds::paid(house, 34_000).await;
        let proposed = refunds::proposes(&house.staff, &payment, &[refunds::whole(&fee)], "close").await.expect(201);
        let path = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        (Post::new(&path, json!({})), proposed, fee, intent)
    };
    let as_approver = |server: &Server| Portal { key: approver.key.clone(), ..server.staff.clone() };
    let act = async |server: &Server, (post, ..): &(Post, Value, Value, Value)| post.tried(&as_approver(server)).await;
    let again = async |server: &Server, (post, proposed, fee, intent): &(Post, Value, Value, Value)| {
        post.repeated(&as_approver(server), 200).await;
        assert_eq!(refunds::status(house, proposed).await, "approved");
        assert_eq!(
            (refunds::obligation_status(house, fee).await.as_str(), paid_back(house, intent).await),
            ("refunding", 0)
        );
        let decided = format!(
            "approval where id = '{}' and status = 'approved'",
            uuid(proposed["approval_id"].as_str().unwrap())
        );
        assert_eq!(count(house, &decided).await, "1");
    };
    stage.of_a_server("approve a refund", prepare, act, again).await.at_least((25, 3), 1);
    // VNPAY has sent what it took up; a drain asks once
    while count(house, "refund where status in ('approved', 'submitted', 'unknown')").await != "0" {
        payments::refund::drive(&house.gateway.ctx, true, jiff::Timestamp::now()).await.unwrap();
    }
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn a_refund_is_paid_out_once_wherever_the_worker_is_killed() {
    let stage = Stage::new().await;
    let house = &stage.house;
    let approver = refunds::second_person(house).await;
    let prepare = async || {
        a_day_that_lasts(Duration::from_secs(30)).await;
        let (fee, intent, payment) = refunds::paid(house, 34_000).await;
        let proposed = refunds::proposes(&house.staff, &payment, &[refunds::whole(&fee)], "close").await.expect(201);
        refunds::approves(&approver, &proposed).await.expect(200);
        (proposed, fee, intent)
    };
    let holds = async |(proposed, fee, intent): &(Value, Value, Value)| {
        refunds::becomes(house, proposed, "succeeded").await;
        assert_eq!(
            (refunds::obligation_status(house, fee).await.as_str(), paid_back(house, intent).await),
            ("refunded", 1)
        );
    };
    for disturbance in [Disturbance::Killed, Disturbance::Asleep] {
        let visited = stage.of_a_worker("pay a refund out", disturbance, prepare, holds).await;
        visited.at_least(if disturbance == Disturbance::Killed { (90, 14) } else { (50, 6) }, 6);
    }
    stage.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes long: tests/test_all/crash_points.sh"]
async fn a_receipt_is_numbered_signed_and_told_once_wherever_the_worker_is_killed() {
    let stage = Stage::new().await;
    let house = &stage.house;
    receipts::collects(house).await;
    let prepare = async || refunds::paid(house, 21_000).await.0;
    let holds = async |fee: &Value| {
        let found = receipts::receipts_of(house, fee).await;
        assert_eq!((found.len(), &found[0]["status"]), (1, &json!("issued")), "{found:?}");
        let gapless = "select count(*) = max(number) and min(number) = 1 from receipt";
        assert_eq!(house.ask(gapless).await, "t");
        let events = format!("event where type = 'receipt.issued' and data->>'id' = '{}'", fee["id"].as_str().unwrap());
        assert_eq!(count(house, &events).await, "1");
    };
    let visited = stage.of_a_worker("issue a receipt", Disturbance::Killed, prepare, holds).await;
    visited.at_least((60, 14), 6);
    stage.house.close().await;
}

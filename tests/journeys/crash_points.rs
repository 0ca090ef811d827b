//! A process is killed at each commit and at each outgoing write of what it does; started again and asked again, it ends
//! as if it had never been killed: one effect, the right one (F14, F20, F22). `make test` visits the edges of commits,
//! calls and answers, `make test-all` every place.

use crate::transfers::words;
use serde_json::{Value, json};
use tests::bank::{PROFILE, SEPAY_SECRET};
use tests::crash::{Server, Stage};
use tests::interruption::{busy_marks_run_out, heard, pays_unheard};
use tests::portal::{Answered, Portal, dossier, fresh, obligation};
use tests::House;

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
    stage.of_a_server("register an obligation", prepare, act, again).await.at_least((8, 3), 1);
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
    stage.of_a_server("open an intent", prepare, act, again).await.at_least((8, 3), 1);
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
    stage.of_a_server(operation, prepare, act, again).await.at_least((20, 5), 2);
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
    stage.of_a_server("report of VNPAY", prepare, act, again).await.at_least((12, 3), 1);
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
    stage.of_a_server("report of a transfer", prepare, act, again).await.at_least((12, 3), 1);
    stage.house.close().await;
}

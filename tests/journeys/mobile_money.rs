//! Mobile Money over real HTTP: the payer confirms on the phone or gives a code; the provider answers at once, later by a
//! callback, later when it is asked, or not at all. A callback proves nothing: it makes us ask.

mod away;
mod failures;
mod lost;
mod often;
mod page;
mod refunds;
mod tokens;

use serde_json::{Value, json};
use std::time::Duration;
use tests::mobile_money::{MSISDN, PHONE};
use tests::portal::dossier;
use tests::{House, Plan};

async fn house() -> House {
    House::planned(Plan { with_mobile_money: true, ..Plan::default() }).await
}

/// The same with the worker's clock.
async fn living() -> House {
    House::planned(Plan { with_mobile_money: true, with_worker: true, ..Plan::default() }).await
}

pub(crate) async fn owed(house: &House, amount: i64) -> (Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    (fee, intent)
}

fn attempts(intent: &Value) -> String {
    format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap())
}

pub(crate) async fn started(house: &House, intent: &Value, code: Option<&str>) -> Value {
    let mut body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    if let Some(code) = code {
        body["one_time_code"] = json!(code);
    }
    house.portal.post(&attempts(intent), body).await.expect(201)
}

/// Waits for the intent to become so; the worker is at work.
async fn becomes(house: &House, intent: &Value, status: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = house.portal.intent(intent).await;
        if last["status"] == status {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {status}: {last}");
}

async fn attempt_becomes(house: &House, intent: &Value, status: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = house.portal.intent(intent).await;
        if last["attempts"].as_array().unwrap().last().unwrap()["status"] == status {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {status}: {last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_who_confirms_on_the_phone_has_paid_once_the_provider_says_so_when_asked() {
    let house = living().await;
    let (fee, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    assert_eq!((&attempt["status"], &attempt["action"]["type"]), (&json!("offered"), &json!("phone_prompt")));
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    let called = house.mm_called(&attempt["order_ref"]).await;
    assert_eq!(called["calls"], json!([{"kind": "callback", "status": 204}]));
    let paid = becomes(&house, &intent, "paid").await;
    assert_eq!(paid["paid_channel"], "mobile_money");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    // the callback is no sighting: what was asked is
    assert_eq!(house.ask("select string_agg(source, ' ') from sighting").await, "poll:mobile_money");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_who_gives_a_code_has_paid_without_touching_the_phone_again() {
    let house = living().await;
    let (_, intent) = owed(&house, 40_000).await;
    house.mm("code", json!({"msisdn": MSISDN, "code": "483920"})).await;
    let attempt = started(&house, &intent, Some("483920")).await;
    assert_eq!(attempt["action"]["type"], "otp_prompt");
    becomes(&house, &intent, "paid").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_callbacks_the_request_state_is_polled() {
    let settings = vec![("MOTLAN_PROFILES__MM_MAIN__CALLBACK_KEY", String::new())];
    let house = House::planned(Plan { with_mobile_money: true, with_worker: true, settings, ..Plan::default() }).await;
    let (_, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    // asked five seconds after the start, whatever the schedule says
    becomes(&house, &intent, "paid").await;
    let request = &house.mm_requests().await[0];
    assert_eq!(request["calls"], json!([]));
    let asked: Vec<_> = house.mm_log().await.into_iter().filter(|l| l["kind"] == "asked").collect();
    let by_state = asked.iter().any(|l| l["what"] == "request_state" && l["about"] == request["server_correlation_id"]);
    assert!(by_state && asked.iter().all(|l| l["what"] != "response"), "{asked:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_final_at_once_is_booked_at_the_first_asking() {
    let house = house().await;
    house.mm_rule(json!({}), &[json!({"sync": true})]).await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_request_leaves_the_attempt_offered_and_concludes_nothing() {
    let house = house().await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    house.portal.post(&format!("/v1/payment-intents/{}/sync", intent["id"].as_str().unwrap()), json!(null)).await;
    let seen = house.portal.intent(&intent).await;
    assert_eq!((&seen["status"], &seen["attempts"][0]["status"]), (&json!("open"), &json!("offered")));
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_a_hundred_times_at_once_is_one_payment() {
    let house = living().await;
    house.mm_rule(json!({}), &[json!({"repeat": 99})]).await;
    let (_, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    becomes(&house, &intent, "paid").await;
    let mut calls = 0;
    for _ in 0..100 {
        let known = house.mm_called(&attempt["order_ref"]).await;
        let all = known["calls"].as_array().unwrap().clone();
        calls = all.len();
        assert!(all.iter().all(|c| c["status"] == 204), "{all:?}");
        if calls == 100 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(calls, 100);
    house.drain().await;
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    assert_eq!(house.ask("select count(*) from sighting").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_callback_changes_nothing_wherever_it_is_sent() {
    let house = house().await;
    house.mm_rule(json!({}), &[json!({"forge": true}), json!({"drop": true})]).await;
    let (fee, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    let order = attempt["order_ref"].as_str().unwrap();
    let watched = "select coalesce(hinted_at::text, 'never') from attempt_watch";
    let lie = json!({"transactionReference": "MM1", "transactionStatus": "completed", "type": "merchantpay",
        "amount": "40000", "currency": "VND", "requestingOrganisationTransactionReference": order});
    let door = format!("{}/v1/webhooks/mobile_money/mm_main", house.gateway.base_url());
    for query in ["", "?order=", &format!("?order={order}"), &format!("?order={order}&key={}", "0".repeat(64))] {
        let answer = house.http.put(format!("{door}{query}")).json(&lie).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{query}");
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["errorCode"], "clientAuthorisationError");
    }
    assert_eq!(house.ask(watched).await, "never");
    // at the true address it makes us ask, and nobody has paid
    let url = house.mm_callback_url(order);
    assert_eq!(house.http.put(&url).json(&lie).send().await.unwrap().status(), 204);
    assert_eq!(house.http.post(&url).json(&lie).send().await.unwrap().status(), 401, "the document says PUT");
    assert_ne!(house.ask(watched).await, "never");
    house.drain().await;
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_failure_after_the_money_changes_nothing() {
    let house = living().await;
    house.mm_rule(json!({}), &[json!({"reorder": true})]).await;
    let (_, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    becomes(&house, &intent, "paid").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let seen = house.portal.intent(&intent).await;
    assert_eq!((&seen["status"], &seen["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_that_is_not_the_orders_settles_nothing_and_has_a_case() {
    for delta in [-1_i64, 1] {
        let house = living().await;
        house.mm_rule(json!({}), &[json!({"amount_delta": delta})]).await;
        let (fee, intent) = owed(&house, 40_000).await;
        let attempt = started(&house, &intent, None).await;
        house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
        attempt_becomes(&house, &intent, "succeeded").await;
        assert_eq!(house.portal.obligation(&fee).await["status"], "due");
        let held = house.ask("select suspense_reason || ' ' || amount from assurance.allocation").await;
        assert_eq!(held, format!("amount_differs {}", 40_000 + delta));
        assert_eq!(house.ask("select kind || ' ' || status from assurance.kase").await, "amount_differs open");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_the_document_does_not_name_is_pending() {
    let house = house().await;
    house.mm_rule(json!({}), &[json!({"sync": true}), json!({"status_word": "settling"})]).await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    house.drain().await;
    let seen = house.portal.intent(&intent).await;
    assert_eq!((&seen["status"], &seen["attempts"][0]["status"]), (&json!("open"), &json!("offered")));
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    house.holds().await;
    house.stop().await;
}

//! A provider that answers late or not at all: nobody else waits for it, and nobody is left without a way on.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::portal::dossier;
use tests::{House, Plan};

async fn offered(house: &House, life: i64) -> (Value, Value) {
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], life).await;
    let attempt = house.at_vnpay(&intent).await;
    (intent, attempt)
}

/// What VNPAY does about one order from now on.
async fn script(house: &House, attempt: &Value, what: Value) {
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [what]})).await;
}

async fn pays_unheard(house: &House, attempt: &Value) {
    script(house, attempt, json!({"drop": true})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_hangs_does_not_hold_up_the_others() {
    let house = House::planned(Plan { with_worker: true, ..Plan::default() }).await;
    let (_, hanging) = offered(&house, 3_600).await;
    script(&house, &hanging, json!({"hang": 30_000})).await;
    let asked = "select count(*) from attempt_watch where lease_until > now()";
    let begun = Instant::now();
    while house.ask(asked).await != "1" {
        assert!(begun.elapsed() < Duration::from_secs(8), "the question is never under way");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (intent, attempt) = offered(&house, 3_600).await;
    pays_unheard(&house, &attempt).await;
    let begun = Instant::now();
    while house.portal.intent(&intent).await["status"] != "paid" {
        assert!(begun.elapsed() < Duration::from_secs(6), "it waits for the answer that hangs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_waits_for_the_question_that_another_is_asking() {
    let house = House::new().await;
    let (intent, attempt) = offered(&house, 3_600).await;
    pays_unheard(&house, &attempt).await;
    script(&house, &attempt, json!({"hang": 1_000})).await;
    let path = format!("/v1/payment-intents/{}/sync", intent["id"].as_str().unwrap());
    let calls = (0..4_u64).map(|n| {
        let (portal, path) = (house.portal.clone(), path.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(100 * n)).await;
            portal.post(&path, json!({})).await.expect(200)["status"].clone()
        }
    });
    let said = futures_util::future::join_all(calls).await;
    assert!(said.iter().all(|status| status == "paid"), "{said:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_past_its_deadline_is_renewed_though_its_provider_does_not_answer() {
    let house = House::new().await;
    let (intent, attempt) = offered(&house, 2).await;
    script(&house, &attempt, json!({"fail_after_accept": true})).await;
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "open", "it expires only when its provider was asked");
    let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
    let late = house.portal.post(&format!("{path}/attempts"), json!({"channel": "vnpay"})).await;
    assert_eq!(late.refused(409), "intent_expired");
    let renewed = house.portal.post(&format!("{path}/renew"), json!({"expires_in_s": 600})).await.expect(200);
    assert_eq!((&renewed["status"], &renewed["reference"]), (&json!("open"), &intent["reference"]));
    assert_eq!(house.portal.intent(&intent).await["expires_at"], renewed["expires_at"]);
    let shown = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    for said in ["bằng Cổng thanh toán VNPAY chưa có kết quả", "xin đừng thanh toán lại", "value=\"vnpay\""]
    {
        assert!(shown.contains(said), "{said} is missing: {shown}");
    }
    let again = house.at_vnpay(&renewed).await;
    house.pays(&again, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_warns_before_a_second_payment_while_money_is_held_or_under_review() {
    const WARNING: &str = "trước khi thanh toán lại";
    let house = House::new().await;
    for how in [json!({"amount_delta": 500}), json!(null)] {
        let (intent, attempt) = offered(&house, 3_600).await;
        let page = intent["checkout_url"].as_str().unwrap().to_owned();
        if how.is_null() {
            house.pays(&attempt, json!({"outcome": "paid", "response_code": "07"})).await;
        } else {
            script(&house, &attempt, how).await;
            house.pays(&attempt, json!({})).await;
        }
        let cancelled = house.at_vnpay(&intent).await;
        for address in [page.clone(), format!("{page}?returned=1")] {
            let shown = house.http.get(&address).send().await.unwrap().text().await.unwrap();
            assert!(shown.contains(WARNING), "{address}: {shown}");
        }
        house.pays(&cancelled, json!({"outcome": "cancelled"})).await;
        let shown = house.http.get(&page).send().await.unwrap().text().await.unwrap();
        assert!(shown.contains(WARNING), "a later cancelled try hides it: {shown}");
    }
    house.stop().await;
}

//! Answers that are lost: the provider is asked by our correlation id before anything is sent again, and nothing is ever
//! sent under another one.

use super::{attempts, becomes, house, living, owed};
use serde_json::{Value, json};
use tests::House;
use tests::mobile_money::PHONE;

async fn pressed(house: &House, intent: &Value, key: &str) -> (u16, Value) {
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    let answer = house.portal.post_with(&attempts(intent), key, body).await;
    (answer.status, answer.json)
}

async fn of_kind(house: &House, kind: &str) -> Vec<Value> {
    house.mm_log().await.into_iter().filter(|l| l["kind"] == kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_found_by_the_correlation_id_and_nothing_is_sent_twice() {
    for lost in [json!({"lose_answer": true}), json!({"fail_after_accept": true})] {
        let house = living().await;
        let (_, intent) = owed(&house, 40_000).await;
        house.mm_rule(json!({}), std::slice::from_ref(&lost)).await;
        let (status, attempt) = pressed(&house, &intent, "one-press").await;
        // found in the same call
        assert_eq!((status, &attempt["status"]), (201, &json!("offered")), "{lost} {attempt}");
        house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
        becomes(&house, &intent, "paid").await;
        assert_eq!(of_kind(&house, "taken_up").await.len(), 1);
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_lost_is_asked_about_before_it_is_sent_again_under_the_same_id() {
    let house = house().await;
    let (_, intent) = owed(&house, 40_000).await;
    let once = json!({"match": {}, "do": [{"payment": {"lose_request": true}}], "times": 1});
    house.mm("script", once).await;
    assert_eq!(pressed(&house, &intent, "one-press").await.0, 503);
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "started");
    let (status, attempt) = pressed(&house, &intent, "one-press").await;
    assert_eq!((status, &attempt["status"]), (201, &json!("offered")));
    // lost, asked (in the first press and at the begin of the second), sent
    let seen: Vec<_> = house
        .mm_log()
        .await
        .into_iter()
        .filter(|l| ["lost", "taken_up"].contains(&l["kind"].as_str().unwrap()) || l["what"] == "response")
        .map(|l| if l["kind"] == "asked" { json!([l["what"], l["found"]]) } else { l["kind"].clone() })
        .collect();
    assert_eq!(seen, [json!("lost"), json!(["response", false]), json!(["response", false]), json!("taken_up")]);
    assert_eq!(house.portal.intent(&intent).await["attempts"].as_array().unwrap().len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_responses_knows_only_what_is_finished_a_lost_answer_is_found_by_asking_and_by_its_callback() {
    let house = living().await;
    let (_, intent) = owed(&house, 40_000).await;
    house.mm_rule(json!({}), &[json!({"lose_answer": true}), json!({"quiet_responses": true})]).await;
    assert_eq!(pressed(&house, &intent, "one-press").await.0, 503);
    let order = house.portal.intent(&intent).await["attempts"][0]["order_ref"].clone();
    // the same press: the provider has the request already and says so, and not what became of it
    assert_eq!(pressed(&house, &intent, "one-press").await.0, 503);
    assert_eq!(of_kind(&house, "taken_up").await.len(), 1);
    house.mm("pay", json!({"order_ref": order})).await;
    becomes(&house, &intent, "paid").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_never_arrived_expires_with_its_intent_and_takes_nothing() {
    let house = house().await;
    let (fee, intent) = owed(&house, 40_000).await;
    house.mm_rule(json!({}), &[json!({"lose_request": true})]).await;
    assert_eq!(pressed(&house, &intent, "one-press").await.0, 503);
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    house.close().await;
}

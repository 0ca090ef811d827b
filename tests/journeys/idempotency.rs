//! Repeats: one key, one resource, one answer.

use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use tests::House;
use tests::portal::{dossier, obligation};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_a_hundred_times_at_once_opens_one_intent() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 20_000, json!({})).await;
    let body = json!({"obligation_ids": [fee["id"]]});
    let calls = (0..100).map(|_| house.portal.post_with("/v1/payment-intents", "one-key", body.clone()));
    let answers = join_all(calls).await;
    let texts: BTreeSet<&str> = answers.iter().map(|a| a.text.as_str()).collect();
    assert!(answers.iter().all(|a| a.status == 201), "{answers:?}");
    assert_eq!(texts.len(), 1, "the same bytes each time");
    assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1, "one first, 99 replays");
    assert_eq!(house.ask("select count(*) from intent").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_belongs_to_one_body_one_caller_and_one_path() {
    let house = House::new().await;
    let (a, b) =
        (house.portal.owes(&dossier(), 1_000, json!({})).await, house.portal.owes(&dossier(), 2_000, json!({})).await);
    let open = |o: &serde_json::Value| json!({"obligation_ids": [o["id"]]});
    let first = house.portal.post_with("/v1/payment-intents", "k", open(&a)).await.expect(201);
    let other_body = house.portal.post_with("/v1/payment-intents", "k", open(&b)).await;
    assert_eq!(other_body.refused(422), "idempotency_key_reused");
    let theirs = house.other_portal.owes(&dossier(), 3_000, json!({})).await;
    let other_caller = house.other_portal.post_with("/v1/payment-intents", "k", open(&theirs)).await;
    assert_ne!(other_caller.expect(201)["id"], first["id"]);
    let path = format!("/v1/payment-intents/{}/cancel", first["id"].as_str().unwrap());
    assert_eq!(house.portal.post_with(&path, "k", json!({})).await.expect(200)["status"], "cancelled");
    let http = &house.portal.http;
    let missing = http.post(format!("{}/v1/payment-intents", house.portal.base)).bearer_auth(&house.portal.key);
    let missing = tests::portal::Answered::of(missing.json(&open(&b)).send().await.unwrap()).await;
    assert_eq!(missing.refused(400), "idempotency_key_missing");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_not_kept_the_same_key_may_succeed_later() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 1_000, json!({})).await;
    let held = house.portal.opens(&[&fee]).await;
    let body = json!({"obligation_ids": [fee["id"]]});
    let refused = house.portal.post_with("/v1/payment-intents", "later", body.clone()).await;
    assert_eq!(refused.json["intent_id"], held["id"]);
    assert_eq!(refused.refused(409), "obligation_in_payment");
    let path = format!("/v1/payment-intents/{}/cancel", held["id"].as_str().unwrap());
    house.portal.post(&path, json!({})).await.expect(200);
    house.portal.post_with("/v1/payment-intents", "later", body).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_attempts_with_one_key_are_one_order_at_the_provider() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 20_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let calls = (0..100).map(|_| house.portal.post_with(&path, "attempt", json!({"channel": "vnpay"})));
    let answers = join_all(calls).await;
    let made: BTreeSet<String> =
        answers.iter().filter(|a| a.status == 201).map(|a| a.json["order_ref"].to_string()).collect();
    assert_eq!(made.len(), 1);
    for other in answers.into_iter().filter(|a| a.status != 201) {
        assert_eq!(other.refused(409), "idempotency_in_progress");
    }
    assert_eq!(house.ask("select count(*) from attempt").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_obligation_put_by_many_at_once_is_one_row() {
    let house = House::new().await;
    let body = obligation(&dossier(), 9_000, json!({"fee_code": "CT-BANSAO"}));
    let calls = (0..30).map(|_| house.portal.put("/v1/obligations/one-ref", body.clone()));
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 29);
    assert_eq!(house.ask("select count(*) from obligation").await, "1");
    house.close().await;
}

//! Deadlines (F04, F08): an intent expires only when its account was listed to the end, and money that comes later is
//! money all the same.

use super::{OPEN_CASES, PAYMENTS, held, reference, status};
use serde_json::{Value, json};
use std::time::Duration;
use tests::House;
use tests::portal::dossier;

/// An offered transfer whose deadline passed so many seconds ago, without the wait.
async fn overdue(house: &House, seconds: i64) -> Value {
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], 600).await;
    house.at_the_bank(&intent).await;
    pass(house, &intent, seconds + 600).await;
    intent
}

/// Time passes for an intent and its attempts.
async fn pass(house: &House, intent: &Value, seconds: i64) {
    let reference = reference(intent);
    let earlier = format!("expires_at = expires_at - interval '{seconds} seconds'");
    house.ask(&format!("update intent set {earlier} where reference = '{reference}'")).await;
    let own = format!("(select id from intent where reference = '{reference}')");
    house.ask(&format!("update attempt set {earlier} where intent_id = {own}")).await;
}

async fn listing_fails(house: &House) {
    house.bank_script(json!({"notifier": "sepay_listing"}), json!({"fail_after_accept": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_expires_once_its_account_was_listed_to_its_deadline() {
    let house = House::with_bank().await;
    listing_fails(&house).await;
    let intent = overdue(&house, 120).await;
    house.drain().await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "open", "nobody has seen the account");
    house.bank_as_usual().await;
    house.drain().await;
    let expired = house.portal.intent(&intent).await;
    assert_eq!((&expired["status"], &expired["attempts"][0]["status"]), (&json!("expired"), &json!("expired")));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_listing_says_of_its_last_moments_is_not_yet_believed() {
    let house = House::with_bank().await;
    let intent = overdue(&house, 20).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "open", "a row of the last minute may not be there yet");
    pass(&house, &intent, 60).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "expired");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_nobody_told_of_is_found_before_its_intent_expires() {
    let house = House::with_bank().await;
    listing_fails(&house).await;
    house.tellers_are_lost().await;
    let intent = overdue(&house, 120).await;
    house.transfers(40_000, &reference(&intent)).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "open");
    house.bank_as_usual().await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "paid");
    let told = "select count(*) from event where type = 'payment_intent.expired'";
    assert_eq!(house.ask(told).await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_after_the_deadline_settles_what_is_still_owed() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let intent = overdue(&house, 120).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "expired");
    house.transfers(40_000, &reference(&intent)).await;
    let paid = house.portal.intent(&intent).await;
    assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    assert_eq!(house.ask(OPEN_CASES).await, "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_needs_no_attempt() {
    let house = House::with_bank().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], 1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "expired");
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_for_what_was_cancelled_is_kept_for_a_person() {
    let house = House::with_bank().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.at_the_bank(&intent).await;
    let house_ref = &house;
    let cancel = |path: String| async move { house_ref.portal.post(&path, json!({})).await.expect(200) };
    cancel(format!("/v1/payment-intents/{}/cancel", intent["id"].as_str().unwrap())).await;
    cancel(format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap())).await;
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "cancelled");
    assert_eq!((house.ask(PAYMENTS).await, held(&house).await), ("1".to_owned(), "late 40000".to_owned()));
    assert_eq!(house.ask(OPEN_CASES).await, "late");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_nobody_can_list_holds_no_intent_for_ever() {
    let house = House::with_bank().await;
    listing_fails(&house).await;
    let intent = overdue(&house, 120).await;
    house.drain().await;
    house.ask("update account_sweep set listed_until = now() - interval '3 days'").await;
    pass(&house, &intent, 25 * 3_600).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "open", "there is time to list it yet");
    house.ask("update attempt_watch set until = now() - interval '1 second'").await;
    house.drain().await;
    let expired = house.portal.intent(&intent).await;
    assert_eq!((&expired["status"], &expired["attempts"][0]["status"]), (&json!("expired"), &json!("unknown")));
    assert_eq!(house.ask("select count(*) from attempt_watch").await, "0");
    assert_eq!(house.ask(OPEN_CASES).await, "status_differs");
    house.bank_as_usual().await;
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid", "money that comes later is money all the same");
    house.close().await;
}

//! One transfer, told many times and ways: one payment. What cannot be compared waits, and nothing is booked twice.

use super::{OPEN_CASES, PAYMENTS, offered, reference, status};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::bank::{CASSO, SEPAY};
use tests::files::today;
use tests::{House, Plan};

const SIGHTINGS: &str = "select count(*) from sighting";
const WAITING: &str = "select count(*) from waiting_sighting";

/// The notification as it was sent, to be sent again.
async fn sent(house: &House, notifier: &str, booked: &Value) -> Value {
    let log = house.bank_log().await;
    let of = |l: &&Value| l["kind"] == "sent" && l["notifier"] == notifier && l["id"] == booked["id"];
    log.iter().find(of).cloned().unwrap()
}

async fn again(house: &House, sent: &Value) -> u16 {
    let request = house.http.post(sent["url"].as_str().unwrap()).header("Content-Type", "application/json");
    let headers = sent["headers"].as_object().unwrap();
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value.as_str().unwrap()));
    request.body(sent["body"].as_str().unwrap().to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_notification_many_times_and_at_once_is_booked_once() {
    let house = House::with_bank().await;
    house.only_tells(SEPAY).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.bank_script(json!({"notifier": SEPAY}), json!({"repeat": 10})).await;
    let booked = house.transfers(40_000, &reference(&intent)).await;
    let sent = sent(&house, SEPAY, &booked).await;
    for _ in 0..10 {
        assert_eq!(again(&house, &sent).await, 200);
    }
    let answers = join_all((0..20).map(|_| again(&house, &sent))).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(SIGHTINGS).await.as_str()), ("1", "1"));
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_that_nobody_heard_before_are_booked_once() {
    let house = House::with_bank().await;
    house.only_tells(SEPAY).await;
    house.bank_script(json!({"notifier": SEPAY}), json!({"repeat": 19})).await;
    for round in 1..=5 {
        let (_, intent, _) = offered(&house, 40_000).await;
        house.transfers(40_000, &reference(&intent)).await;
        assert_eq!(status(&house, &intent).await, "paid");
        assert_eq!(house.ask(PAYMENTS).await, round.to_string());
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tellers_of_one_transfer_are_one_payment_whoever_comes_first() {
    let house = House::with_bank().await;
    for (round, late) in [SEPAY, CASSO, "nobody"].into_iter().enumerate() {
        let (_, intent, _) = offered(&house, 40_000).await;
        house.bank_script(json!({"notifier": late}), json!({"delay_ms": 300})).await;
        house.transfers(40_000, &reference(&intent)).await;
        house.bank_as_usual().await;
        assert_eq!(status(&house, &intent).await, "paid", "{late}");
        assert_eq!(house.ask(PAYMENTS).await, (round + 1).to_string(), "{late}");
        assert_eq!(house.ask(SIGHTINGS).await, (2 * (round + 1)).to_string());
    }
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_that_was_lost_is_found_by_listing() {
    let house = House::planned(Plan { with_bank: true, with_worker: true, ..Plan::default() }).await;
    house.tellers_are_lost().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    let begun = Instant::now();
    while status(&house, &intent).await != "paid" {
        assert!(begun.elapsed() < Duration::from_secs(8), "the account is not listed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // nothing is under way any more, so nobody asks
    let listings = || async { house.bank_log().await.iter().filter(|l| l["kind"] == "listing").count() };
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let so_far = listings().await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(listings().await, so_far);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_fails_or_hangs_is_tried_again_and_holds_up_nobody() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    let listing = json!({"notifier": "sepay_listing"});
    house.bank_sim("script", json!({"match": listing, "do": [{"fail_after_accept": true}], "times": 2})).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "open");
    house.bank_script(listing, json!({"hang": 700})).await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_without_a_reference_is_one_payment_by_notification_and_by_listing() {
    let house = House::with_bank().await;
    house.only_tells(SEPAY).await;
    house.bank_script(json!({}), json!({"without_reference": true})).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    house.drain().await;
    house.drain().await;
    assert_eq!(status(&house, &intent).await, "paid");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(SIGHTINGS).await.as_str()), ("1", "2"));
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_teller_without_a_reference_waits_for_the_statement() {
    let house = House::with_bank().await;
    for (round, (nameless, late)) in [(CASSO, CASSO), (SEPAY, CASSO), (CASSO, SEPAY)].into_iter().enumerate() {
        let amount = 40_000 + i64::try_from(round).unwrap();
        let (fee, intent, _) = offered(&house, amount).await;
        house.bank_script(json!({"notifier": nameless}), json!({"without_reference": true})).await;
        house.bank_script(json!({"notifier": late}), json!({"delay_ms": 300})).await;
        house.transfers(amount, &reference(&intent)).await;
        house.bank_as_usual().await;
        assert_eq!(status(&house, &intent).await, "paid");
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        assert_eq!(house.ask(PAYMENTS).await, (round + 1).to_string(), "{nameless} {late}");
        assert_eq!(house.ask(WAITING).await, (round + 1).to_string(), "{nameless} {late}");
        let cases = vec!["possible_same_movement"; round + 1].join(" ");
        assert_eq!(house.ask(OPEN_CASES).await, cases);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tellers_at_one_moment_that_cannot_be_compared_never_book_twice() {
    let house = House::with_bank().await;
    house.bank_script(json!({"notifier": CASSO}), json!({"without_reference": true})).await;
    let mut intents = Vec::new();
    for n in 0..10 {
        intents.push(offered(&house, 40_000 + n).await.1);
    }
    let pays = intents.iter().zip(40_000..).map(|(intent, amount)| {
        let (house, content) = (&house, reference(intent));
        async move { house.transfers(amount, &content).await }
    });
    join_all(pays).await;
    for intent in &intents {
        assert_eq!(status(&house, intent).await, "paid");
    }
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(WAITING).await.as_str()), ("10", "10"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_true_transfers_alike_are_two_payments_where_their_references_differ() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(house.ask(PAYMENTS).await, "2");
    assert_eq!(super::held(&house).await, "duplicate 40000");
    assert_eq!(house.ask(OPEN_CASES).await, "duplicate_payment");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_told_again_with_another_amount_is_a_case_and_no_second_payment() {
    let house = House::with_bank().await;
    house.only_tells(SEPAY).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    house.bank_script(json!({"notifier": "sepay_listing"}), json!({"amount_delta": 1})).await;
    house.drain().await;
    house.drain().await;
    assert_eq!(house.ask(PAYMENTS).await, "1");
    assert_eq!(house.ask(OPEN_CASES).await, "amount_differs");
    house.bank_as_usual().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tellers_that_number_on_their_own_are_not_compared() {
    let house = House::with_bank().await;
    let owner = house.database.connect("motlan_superuser").await;
    owner.batch_execute("update receiving_account set own_numbering = array['casso']").await.unwrap();
    house.bank_script(json!({"notifier": CASSO}), json!({"other_reference": true})).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(WAITING).await.as_str()), ("1", "1"));
    assert_eq!(house.ask(OPEN_CASES).await, "possible_same_movement");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_read_is_told_once_and_hides_no_other() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    let row = json!({"notifier": "sepay_listing", "content_contains": "TIEN LE"});
    house.bank_script(row, json!({"amount_delta": 1_000_000_000_000_i64})).await;
    house.transfers(1_000, "TIEN LE").await;
    for round in 1..=2 {
        let (_, intent, _) = offered(&house, 40_000).await;
        house.transfers(40_000, &reference(&intent)).await;
        house.listings_are_due().await;
        house.drain().await;
        assert_eq!(status(&house, &intent).await, "paid", "round {round}");
        assert_eq!(house.ask(OPEN_CASES).await, "poison", "round {round}");
    }
    let listed = "select bool_and(listed_until > now() - interval '10 minutes')::text from account_sweep";
    assert_eq!(house.ask(listed).await, "true");
    // what nobody could read is on the statement all the same
    house.imports("camt053_v8", &today().to_string()).await;
    assert_eq!(
        (house.ask(OPEN_CASES).await.as_str(), house.ask(PAYMENTS).await.as_str()),
        ("poison unidentified", "3")
    );
    house.close().await;
}

//! A notification that cannot be compared waits, and statements decide what it was.

use super::{WAITING, asked, day, house, stated, status, told};
use crate::statements::{PAYMENTS, cases, standing};
use serde_json::json;
use tests::House;
use tests::bank::SEPAY;
use tests::files::today;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_line_makes_what_waited_a_payment() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    told(&house, day(1), 100_000, "FT1", &code).await;
    told(&house, day(1), 100_000, "", &code).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("1", "possible_same_movement"));
    stated(&house, day(1), 0, &[(100_000, "FT1", &code), (100_000, "FT2", &code)]).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "duplicate_payment"));
    assert_eq!((house.ask(WAITING).await.as_str(), status(&house, &intent).await.as_str()), ("0", "paid"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_names_the_intent_that_its_own_line_has_lost() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    told(&house, day(1), 100_000, "FT1", &code).await;
    told(&house, day(1), 100_000, "", &code).await;
    stated(&house, day(1), 0, &[(100_000, "FT1", &code), (100_000, "FT2", "da mat noi dung")]).await;
    let waits = (house.ask(PAYMENTS).await, cases(&house).await);
    assert_eq!((waits.0.as_str(), waits.1.as_str()), ("1", "possible_same_movement"), "a better line may come yet");
    stated(&house, day(8), 200_000, &[]).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "duplicate_payment"));
    let named =
        format!("select count(*) from payment p join intent i on i.id = p.intent_id where i.reference = '{code}'");
    assert_eq!((house.ask(&named).await.as_str(), status(&house, &intent).await.as_str()), ("2", "paid"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_line_is_the_payment_and_what_waited_under_the_lines_reference() {
    let house = house().await;
    for (nth, text) in ["", "da mat noi dung"].into_iter().enumerate() {
        let (intent, code) = asked(&house, 100_000).await;
        let (on, reference) = (day(4 * i64::try_from(nth).unwrap()), format!("FT{nth}"));
        told(&house, on, 100_000, "", &code).await;
        told(&house, on, 100_000, &reference, &code).await;
        assert_eq!((cases(&house).await.as_str(), house.ask(WAITING).await.as_str()), ("possible_same_movement", "1"));
        let content = if text.is_empty() { code.as_str() } else { text };
        stated(&house, on, 100_000 * i64::try_from(nth).unwrap(), &[(100_000, &reference, content)]).await;
        assert_eq!((cases(&house).await.as_str(), house.ask(WAITING).await.as_str()), ("", "0"), "{content}");
        assert_eq!(house.ask(PAYMENTS).await, (nth + 1).to_string(), "{content}");
        assert_eq!(status(&house, &intent).await, "paid");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_days_are_over_what_waited_was_the_same() {
    let house = house().await;
    let (_, code) = asked(&house, 100_000).await;
    told(&house, day(1), 100_000, "FT1", &code).await;
    told(&house, day(1), 100_000, "", &code).await;
    stated(&house, day(1), 0, &[(100_000, "FT1", &code)]).await;
    assert_eq!((cases(&house).await.as_str(), house.ask(WAITING).await.as_str()), ("possible_same_movement", "1"));
    stated(&house, day(8), 100_000, &[]).await;
    assert_eq!((cases(&house).await.as_str(), house.ask(WAITING).await.as_str()), ("", "0"));
    assert_eq!((house.ask(PAYMENTS).await.as_str(), standing(&house, "suspense").await.as_str()), ("1", ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_decided_over_a_day_that_is_missing() {
    let house = house().await;
    let (_, code) = asked(&house, 100_000).await;
    told(&house, day(1), 100_000, "FT1", &code).await;
    told(&house, day(1), 100_000, "", &code).await;
    stated(&house, day(1), 0, &[(100_000, "FT1", &code)]).await;
    stated(&house, day(8), 200_000, &[]).await;
    assert_eq!(cases(&house).await, "possible_same_movement statement_gap");
    stated(&house, day(2), 100_000, &[(100_000, "FT2", &code)]).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "duplicate_payment"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_told_again_while_it_waits_is_decided_with_it() {
    let house = House::with_bank().await;
    let (_, code) = asked(&house, 100_000).await;
    // SePay comes second and without the reference; its listing tells of the same row
    house.bank_script(json!({"notifier": SEPAY}), json!({"without_reference": true})).await;
    house.bank_script(json!({"notifier": SEPAY}), json!({"delay_ms": 300})).await;
    house.transfers(100_000, &code).await;
    assert_eq!(house.ask(WAITING).await, "1");
    house.bank_as_usual().await;
    let (later, _) = asked(&house, 5_000).await;
    house.at_the_bank(&later).await;
    house.listings_are_due().await;
    house.drain().await;
    assert_eq!(house.ask(WAITING).await, "2");
    house.imports("camt053_v8", &today().to_string()).await;
    // the bank's calendar, and not the test, says when the days are over
    house.ask("update statement set closing_date = closing_date + 8").await;
    house.drain().await;
    assert_eq!((house.ask(WAITING).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("0", "1"));
    assert_eq!(cases(&house).await, "");
    house.close().await;
}

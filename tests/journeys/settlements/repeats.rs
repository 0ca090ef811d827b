//! The same file again: by the same request, by another, by many at once.

use super::{CLEARING, day, in_transit, pays, plain, stands};
use serde_json::json;
use tests::House;
use tests::portal::{Answered, fresh};
use tests::rows::digest;

const PATH: &str = "/v1/settlements?profile=vnpay_main";
const FILES: &str = "select count(*) from assurance.settlement";

async fn sends(house: &House, key: &str, bytes: &[u8]) -> Answered {
    house.sends_file(PATH, key, bytes.to_vec()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_is_answered_as_the_first_time_and_other_bytes_are_refused() {
    let house = plain().await;
    pays(&house, 21_000).await;
    let bytes = house.settlement(&day()).await;
    let first = sends(&house, "once", &bytes).await;
    assert_eq!((first.status, first.replayed), (201, false));
    let before = digest(&house.database).await;
    let again = sends(&house, "once", &bytes).await;
    assert_eq!((again.status, again.replayed, &again.text), (201, true, &first.text));
    pays(&house, 8_000).await;
    let other = house.settlement(&day()).await;
    assert_eq!(sends(&house, "once", &other).await.refused(422), "idempotency_key_reused");
    assert_eq!(before["public.settlement"], digest(&house.database).await["public.settlement"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_are_one_settlement() {
    let house = plain().await;
    pays(&house, 21_000).await;
    let bytes = house.settlement(&day()).await;
    let first = sends(&house, "first", &bytes).await.expect(201);
    let again = sends(&house, "second", &bytes).await.expect(200);
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!((&first["id"], &first["net"]), (&again["id"], &again["net"]));
    assert_eq!((house.ask(FILES).await.as_str(), stands(&house, CLEARING).await), ("1", 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_at_once_are_one_settlement() {
    let house = plain().await;
    for amount in [21_000, 8_000] {
        pays(&house, amount).await;
    }
    super::pays_with(&house, 40_000, json!([{"drop": true}])).await;
    let bytes = house.settlement(&day()).await;
    let keys: Vec<String> = (0..10).map(|_| format!("file-{}", fresh())).collect();
    let mut answers = futures_util::future::join_all(keys.iter().map(|key| sends(&house, key, &bytes))).await;
    answers.sort_by_key(|a| a.status);
    let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [[200; 9].as_slice(), &[201]].concat(), "{answers:#?}");
    assert_eq!((house.ask(FILES).await.as_str(), stands(&house, CLEARING).await), ("1", 0));
    assert_eq!(in_transit(&house).await, answers[9].json["net"].as_i64().unwrap());
    assert!(answers.iter().all(|a| a.json["matched"] == 3 && a.json["id"] == answers[0].json["id"]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_and_the_reports_of_its_payments_at_once_are_each_payment_once() {
    let house = plain().await;
    let mut orders = Vec::new();
    for amount in 1..=6 {
        orders.push(super::pays_with(&house, amount * 1_000, json!([{"drop": true}])).await.2);
    }
    let bytes = house.settlement(&day()).await;
    let calls = orders.iter().map(|o| house.sim("resend", json!({"order_ref": o["order_ref"]})));
    let (file, _) =
        futures_util::future::join(sends(&house, "race", &bytes), futures_util::future::join_all(calls)).await;
    assert_eq!(file.expect(201)["matched"], 6);
    assert_eq!(house.ask("select count(*) from assurance.payment").await, "6");
    assert_eq!(stands(&house, CLEARING).await, 0);
    house.close().await;
}

//! The same file again: by the same request, by another, by many at once.

use super::{CLEARING, day, in_transit, pays, plain, stands};
use serde_json::json;
use testkit::proxy::Proxy;
use tests::interruption::busy_marks_run_out;
use tests::portal::{Answered, fresh};
use tests::rows::digest;
use tests::{House, Plan, database};

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

/// Cut off at any of its commits, before it or after; the same request goes on with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_cut_off_anywhere_is_finished_by_the_same_request() {
    for (after, commit) in [(false, 1), (true, 1), (false, 2), (true, 2), (false, 3), (true, 3)] {
        let database = database().await;
        let proxy = Proxy::start(&database.socket_dir);
        let database_url = Some(proxy.url(&database.name, "motlan_app"));
        let house = House::on(database, Plan { database_url, ..Plan::default() }).await;
        house.pays_out_to(&tests::files::account()).await;
        pays(&house, 21_000).await;
        for amount in [8_000, 40_000] {
            super::pays_with(&house, amount, json!([{"drop": true}])).await;
        }
        let bytes = house.settlement(&day()).await;
        if after {
            proxy.cut_after_commit(commit)
        } else {
            proxy.cut_before_commit(commit)
        }
        let cut = sends(&house, "cut", &bytes).await;
        assert_ne!(cut.status, 201, "commit {commit}: {}", cut.text);
        busy_marks_run_out(&house).await;
        let file = sends(&house, "cut", &bytes).await.expect(201);
        assert_eq!((&file["matched"], &file["cases"]), (&json!(3), &json!(0)), "commit {commit}");
        assert_eq!((house.ask(FILES).await.as_str(), stands(&house, CLEARING).await), ("1", 0));
        assert_eq!(house.ask("select count(*) from assurance.payment").await, "3");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_hears_of_the_payments_of_a_file_whose_sender_never_asks_again() {
    let database = database().await;
    let proxy = Proxy::start(&database.socket_dir);
    let database_url = Some(proxy.url(&database.name, "motlan_app"));
    let house = House::on(database, Plan { database_url, ..Plan::default() }).await;
    house.pays_out_to(&tests::files::account()).await;
    let (_, intent, _) = super::pays_with(&house, 40_000, json!([{"drop": true}])).await;
    let bytes = house.settlement(&day()).await;
    proxy.cut_after_commit(1);
    assert_eq!(sends(&house, "cut", &bytes).await.refused(503), "unavailable");
    assert_eq!(super::lines(&house).await, "unmatched 1");
    house.drain().await;
    assert_eq!(super::lines(&house).await, "matched 1");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

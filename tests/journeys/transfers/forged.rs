//! What is not a teller's word has no effect; what is and cannot be read waits for a person.

use super::words::{call, casso, now_s, payos_body, sepay, sepay_row};
use super::{OPEN_CASES, offered, reference, status};
use serde_json::{Value, json};
use tests::House;
use tests::bank::{ACCOUNT, CASSO, CASSO_KEY, PAYOS_KEY, SEPAY, SEPAY_SECRET, webhook};

async fn nothing_happened(house: &House, intent: &Value) {
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    assert_eq!(status(house, intent).await, "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_simulator_forges_is_refused_and_the_true_word_that_follows_is_heard() {
    let house = House::with_bank().await;
    for notifier in [SEPAY, CASSO] {
        for forgery in ["signature", "key", "amount"] {
            let (_, intent, _) = offered(&house, 40_000).await;
            let before = house.ask("select count(*) from sighting").await;
            house.tellers_are_lost().await;
            house.bank_script(json!({"notifier": notifier}), json!({"forge": forgery})).await;
            let booked = house.transfers(40_000, &reference(&intent)).await;
            let log = house.bank_log().await;
            let answers: Vec<&Value> = log
                .iter()
                .filter(|l| l["kind"] == "received" && l["id"] == booked["id"] && l["verdict"] == "refused")
                .collect();
            assert_eq!(answers.len(), 1, "{notifier} {forgery}: {log:?}");
            assert_eq!(
                (&answers[0]["http_status"], &answers[0]["body"]),
                (&json!(401), &json!("{\"success\": false}"))
            );
            assert_eq!(status(&house, &intent).await, "open", "{notifier} {forgery}");
            assert_eq!(house.ask("select count(*) from sighting").await, before);
            house.bank_as_usual().await;
            // the money is true all the same: the listing has it
            house.drain().await;
            assert_eq!(status(&house, &intent).await, "paid", "{notifier} {forgery}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_tellers_word_changes_nothing() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    let body = sepay_row(1, 40_000, &reference(&intent)).to_string();
    let (good, now) = (sepay(SEPAY_SECRET, now_s(), &body), now_s());
    let twice: Vec<_> = good.iter().chain(&good[1..]).cloned().collect();
    let unsigned = vec![good[0].clone(), ("X-SePay-Signature", String::new())];
    let empty = sepay("", now, &body);
    let key_form = vec![("Authorization", format!("Apikey {SEPAY_SECRET}"))];
    let other_time = vec![("X-SePay-Timestamp", (now + 1).to_string()), good[1].clone()];
    let sha1 = vec![good[0].clone(), ("X-SePay-Signature", good[1].1.replace("sha256", "sha1"))];
    for headers in [vec![], twice, unsigned, empty, key_form, other_time, sha1, vec![good[0].clone()]] {
        assert_eq!(call(&house, "sepay", &headers, &body).await.0, 401, "{headers:?}");
    }
    // a busy machine takes a while until it calls
    for at in [now_s() - 301, now_s() + 330] {
        assert_eq!(call(&house, "sepay", &sepay(SEPAY_SECRET, at, &body), &body).await.0, 401, "{at}");
    }
    for at in (0..body.len()).step_by(3) {
        let mut bytes = body.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert_eq!(call(&house, "sepay", &good, &changed).await.0, 401, "{changed}");
    }
    // one teller's word at another's door
    let casso_body = json!({"data": {"accountNumber": ACCOUNT, "amount": 40_000}, "error": 0}).to_string();
    assert_eq!(call(&house, "casso", &good, &body).await.0, 401);
    assert_eq!(call(&house, "sepay", &casso(CASSO_KEY, now * 1_000, &casso_body), &casso_body).await.0, 401);
    assert_eq!(call(&house, "casso", &casso("other", now * 1_000, &casso_body), &casso_body).await.0, 401);
    let days_ago = (now - 73 * 3_600) * 1_000;
    assert_eq!(call(&house, "casso", &casso(CASSO_KEY, days_ago, &casso_body), &casso_body).await.0, 401);
    assert_eq!(call(&house, "payos", &[], &payos_body(40_000, &reference(&intent), "other")).await.0, 401);
    // a rightly signed call by another method, and doors that are not there
    let url = webhook(&house.gateway.base_url(), "sepay");
    for request in [house.http.put(&url), house.http.get(&url), house.http.delete(&url)] {
        let request = good.iter().fold(request, |request, (name, value)| request.header(*name, value));
        assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 401);
    }
    for path in ["vietqr/nobody/vietqr_kb", "vietqr/sepay/vnpay_main", "vnpay/sepay/vnpay_main", "vietqr/vietqr_kb"] {
        let url = format!("{}/v1/webhooks/{path}", house.gateway.base_url());
        let request = good.iter().fold(house.http.post(url), |request, (name, value)| request.header(*name, value));
        assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 404, "{path}");
    }
    nothing_happened(&house, &intent).await;
    let counted = house.http.get(format!("{}/metrics", house.gateway.ops_url())).send().await.unwrap();
    assert!(counted.status().is_success());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_and_not_to_be_read_is_parked_for_a_person() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    let mut of_others = sepay_row(4, 40_000, &reference(&intent));
    of_others["accountNumber"] = json!("999999999");
    let mut half = sepay_row(3, 40_000, &reference(&intent));
    half["transferAmount"] = json!(40_000.5);
    let rows = [sepay_row(2, 0, "x"), half, of_others, json!({})];
    for row in &rows {
        let body = row.to_string();
        for _ in 0..2 {
            let answer = call(&house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
            assert_eq!(answer, (200, "{\"success\": true}".to_owned()), "{row}");
        }
    }
    assert_eq!(house.ask("select count(*) from assurance.sighting where state = 'parked'").await, "4");
    assert_eq!(house.ask(OPEN_CASES).await, "poison poison poison poison");
    assert_eq!(status(&house, &intent).await, "open");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_only_tries_whether_we_are_there_is_answered_and_kept_nowhere() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    // names sorted as Casso's form has them
    let row = format!(
        r#"{{"data":{{"accountNumber":"{ACCOUNT}","amount":40000,"description":"{}","id":0,"reference":"MA_GIAO_DICH_THU_NGHIEM","transactionDateTime":"2026-11-25 09:00:00"}},"error":0}}"#,
        reference(&intent)
    );
    let answer = call(&house, "casso", &casso(CASSO_KEY, now_s() * 1_000, &row), &row).await;
    assert_eq!(answer.0, 200, "{answer:?}");
    nothing_happened(&house, &intent).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payos_tells_of_a_transfer_too() {
    let house = House::with_bank().await;
    let url = webhook(&house.gateway.base_url(), "payos");
    let notifiers = json!([{"kind": "payos", "url": url, "secret": PAYOS_KEY}]);
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "notifiers": notifiers})).await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid");
    // payOS numbers its rows otherwise than the listing: the bank's reference puts them together
    house.drain().await;
    assert_eq!(house.ask(super::PAYMENTS).await, "1");
    house.close().await;
}

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Bank, Heard, customer, hmac_at};

#[actix_web::test]
async fn only_the_documented_answer_ends_the_tries() {
    let (customer, url) = customer();
    *customer.answers.lock().unwrap() = [(500, ""), (200, "OK"), (200, r#"{"success": true}"#)].into_iter().collect();
    let bank = Bank::with(hmac_at(&url)).await;
    bank.transfer(1000, "x", json!({})).await;
    let heard = customer.hears(3).await;
    assert!(heard.iter().all(|each| each.body == heard[0].body && each.sepay_signature_is_good()));
    *customer.answers.lock().unwrap() = [(404, "")].into_iter().collect();
    bank.transfer(1000, "y", json!({})).await;
    customer.hears(3 + 4).await;
}

#[actix_web::test]
async fn scripted_faults_of_notifications() {
    let (customer, url) = customer();
    let bank = Bank::with(hmac_at(&url)).await;
    let mut heard_before = 0;
    type Case<'a> = (Value, usize, &'a dyn Fn(&[Heard]));
    let cases: [Case; 8] = [
        (json!([{"drop": true}]), 0, &|_| {}),
        (json!([{"drop": 2}]), 1, &|heard| assert!(heard[0].sepay_signature_is_good())),
        (json!([{"repeat": 2}]), 3, &|heard| {
            assert!(heard.iter().all(|each| each.json() == heard[0].json()));
        }),
        (json!([{"amount_delta": -1}]), 1, &|heard| assert_eq!(heard[0].json()["transferAmount"], 999)),
        (json!([{"without_reference": true}]), 1, &|heard| assert!(heard[0].json()["referenceCode"].is_null())),
        (json!([{"other_reference": true}]), 1, &|heard| {
            assert!(!heard[0].json()["referenceCode"].as_str().unwrap().starts_with("FT"));
        }),
        (json!([{"fail_after_accept": true}]), 2, &|heard| assert_eq!(heard[0].json(), heard[1].json())),
        (json!([{"forge": "signature"}, {"forge": "key"}, {"forge": "amount"}]), 4, &|heard| {
            let good: Vec<bool> = heard.iter().map(Heard::sepay_signature_is_good).collect();
            assert_eq!(good, [false, false, false, true]);
            assert_eq!(heard[2].json()["transferAmount"], 1001);
        }),
    ];
    for (actions, count, check) in cases {
        bank.script(json!({"match": {"notifier": "sepay_hmac"}, "do": actions, "times": 1})).await;
        bank.transfer(1000, "x", json!({})).await;
        let heard = customer.hears(heard_before + count).await;
        check(&heard[heard_before..]);
        heard_before = heard.len();
    }
    bank.script(json!({"match": {"content_contains": "first"}, "do": [{"reorder": true}]})).await;
    bank.script(json!({"match": {"amount": 2000}, "do": [{"delay_ms": 100}]})).await;
    let booked = Instant::now();
    bank.transfer(1000, "first", json!({})).await;
    bank.transfer(2000, "second", json!({})).await;
    let heard = customer.hears(heard_before + 2).await;
    let contents: Vec<Value> = heard[heard_before..].iter().map(|heard| heard.json()["content"].clone()).collect();
    assert_eq!(contents, ["second", "first"]);
    assert!(heard[heard_before].at - booked >= Duration::from_millis(100));
    let (status, _) = bank.post("/_sim/script", json!({"match": {"amuont": 1}, "do": [{"repeat": 1}]})).await;
    assert_eq!(status, 400);
}

#[actix_web::test]
async fn casso_and_payos_and_money_out() {
    let (customer, url) = customer();
    let notifiers = json!([
        {"kind": "casso", "url": format!("{url}/casso"), "secret": "c"},
        {"kind": "payos", "url": format!("{url}/payos"), "secret": "p"},
        {"kind": "sepay_api_key", "url": format!("{url}/sepay"), "secret": "s"},
    ]);
    let bank = Bank::with(notifiers).await;
    let credit = bank.transfer(3000, "VQRIO123", json!({"order_code": 123})).await;
    let heard = customer.hears(3).await;
    let at = |path: &str| heard.iter().find(|heard| heard.path == path).unwrap();
    assert_eq!(at("/casso").json()["data"]["amount"], 3000);
    assert_eq!(at("/casso").json()["data"]["reference"], credit["reference"]);
    assert!(at("/casso").header("x-casso-signature").starts_with("t="));
    assert_eq!(at("/payos").json()["data"]["orderCode"], 123);
    assert_eq!(at("/payos").json()["signature"].as_str().unwrap().len(), 64);
    bank.transfer(1100, "PHI", json!({"direction": "out"})).await;
    let reference = &credit["reference"];
    let back = bank.done("/_sim/bank/reverse", json!({"account": ACCOUNT, "reference": reference})).await;
    assert_eq!(back["transaction"]["reversal_of"], *reference);
    let again = bank.post("/_sim/bank/reverse", json!({"account": ACCOUNT, "reference": reference})).await;
    assert_eq!(again.0, 409);
    let heard = customer.hears(3 + 4).await;
    let out: Vec<Value> = heard[3..].iter().map(Heard::json).collect();
    let amounts = |field: &str| {
        let mut found: Vec<i64> = out.iter().filter_map(|body| body.pointer(field)?.as_i64()).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(amounts("/data/amount"), [-3000, -1100]);
    assert_eq!(amounts("/transferAmount"), [1100, 3000]);
    assert!(out.iter().all(|body| body.get("transferType").is_none_or(|way| way == "out")));
}

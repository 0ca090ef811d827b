//! Every case of `tests/vectors/zalopay.json`, which programs and pages that this project did not write have made.

use crate::checkout::tests::order;
use crate::tests::wallet;
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::{News, Report};
use jiff::Timestamp;
use provider::{Order, Question, RefundOrder, Refusal, Request, Webhook};
use serde_json::Value;
use std::collections::BTreeMap;

fn cases() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../tests/vectors/zalopay.json")).expect("the vectors are JSON");
    file["cases"].as_array().expect("cases").clone()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn at(ms: &Value) -> Timestamp {
    Timestamp::from_millisecond(ms.as_i64().expect("milliseconds")).expect("instant")
}

/// Holds the case's string and mac against ours over these values.
fn check(case: &Value, values: &[String]) {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    assert_eq!(values.join("|"), text(&case["expected_string_to_sign"]), "{}", case["name"]);
    assert_eq!(wallet().keys.sign(&values), text(&case["expected_signature"]), "{}", case["name"]);
}

fn values(case: &Value, names: &[&str]) -> Vec<String> {
    let own = names.iter().map(|name| text(&case["input"][name]));
    std::iter::once("2553".to_owned()).chain(own).collect()
}

/// The mac, and our own order of the same day, amount and name.
fn check_create(case: &Value) {
    check(case, &values(case, &["app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"]));
    let mut body = case["input"].clone();
    body["app_id"] = 2553.into();
    assert_eq!(wallet().mac_of_order(&body), text(&case["expected_signature"]), "{}", case["name"]);
    let ordered_at = at(&case["input"]["app_time"]);
    let name = text(&case["input"]["app_trans_id"]);
    let ours = Order {
        ordered_at,
        ..order(name.split_once('_').expect("a day").1, case["input"]["amount"].as_i64().expect("an amount"))
    };
    let ours = wallet().order(&ours).expect("a body");
    for field in ["app_id", "app_trans_id", "app_time", "amount", "item"] {
        let theirs = if field == "item" { &Value::from("[]") } else { &case["body"][field] };
        assert_eq!(&ours[field], theirs, "{} {field}", case["name"]);
    }
}

fn check_query(case: &Value) {
    let question = Question {
        order_ref: OrderRef::new("LC0001").expect("code"),
        amount: Vnd::new(50_000),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        now: "2026-01-05T03:30:15Z".parse().expect("instant"),
    };
    assert_eq!(wallet().question(&question).expect("a body"), case["body"]);
}

fn refund(case: &Value) -> RefundOrder {
    let now = at(&case["input"]["timestamp"]);
    let amount = Vnd::new(case["input"]["amount"].as_i64().unwrap_or(50_000));
    RefundOrder {
        request_id: "0192f0c1a2b37c4d8e5f60718293a4b5".to_owned(),
        order_ref: OrderRef::new("LC0001").expect("code"),
        ordered_at: now,
        provider_txn_id: "260105000000389".to_owned(),
        provider_refund_id: None,
        taken: amount,
        amount,
        asked_by: String::new(),
        again: false,
        first_asked_at: now,
        now,
    }
}

/// Their name of the refund is not signed and not one of ours; the fields are.
fn check_refund(case: &Value) {
    check(case, &values(case, &["zp_trans_id", "amount", "description", "timestamp"]));
    let ours = wallet().refund_request(&refund(case)).expect("a body");
    let names: Vec<&String> = ours.as_object().expect("an object").keys().collect();
    let theirs: Vec<&String> = case["body"].as_object().expect("an object").keys().collect();
    assert_eq!(names, theirs);
}

fn check_query_refund(case: &Value) {
    check(case, &values(case, &["m_refund_id", "timestamp"]));
    let ours = wallet().refund_question(&refund(case)).expect("a body");
    assert!(ours["m_refund_id"].as_str().is_some_and(|name| name.starts_with("260105_2553_")));
}

fn verify(body: &Value) -> Result<Report, Refusal> {
    let body = body.to_string();
    wallet().verify(&Request { method: "POST", query: "", headers: &[], body: body.as_bytes() })
}

fn check_callback(case: &Value) {
    assert_eq!(case["body_that_verifies"]["data"], case["expected_string_to_sign"]);
    let report = verify(&case["body_that_verifies"]).expect("signed and readable");
    let (order_ref, number, dong) = match text(&case["name"]).as_str() {
        // printed by ZaloPay beside the keys of its test app
        "doc-callback-GOLDEN" => ("2553_1598435687208", "200904000000389", 10_000),
        "callback-01" => ("LC0001", "260105000000389", 50_000),
        other => panic!("a callback without expectation: {other}"),
    };
    assert_eq!((report.order_ref.as_str(), report.source_key), (order_ref, format!("{number}:1")));
    assert!(matches!(report.news, News::Captured(c) if c.amount == Vnd::new(dong) && c.provider_txn_id == number));
    for ill in ["body_tampered_must_not_verify", "body_reserialised_must_not_verify"] {
        if !case[ill].is_null() {
            assert_eq!(verify(&case[ill]), Err(Refusal::Forged("mac")), "{ill}");
        }
    }
}

/// The redirect shows, and proves nothing to us; its checksum must not pass for a callback.
fn check_redirect(case: &Value) {
    let (signed, checksum) = (text(&case["expected_string_to_sign"]), text(&case["expected_signature"]));
    assert!(wallet().keys.verify(&signed, &checksum));
    let played_back = serde_json::json!({"data": signed, "mac": checksum, "type": 1});
    assert_eq!(verify(&played_back), Err(Refusal::Forged("signed, and no callback")));
}

#[test]
fn every_case_gives_its_string_and_its_mac() {
    let mut ran = BTreeMap::new();
    for case in cases() {
        let kind = text(&case["kind"]);
        match kind.as_str() {
            "create-request" => check_create(&case),
            "query-request" => check_query(&case),
            "refund-request" => check_refund(&case),
            "query-refund-request" => check_query_refund(&case),
            "callback" => check_callback(&case),
            "redirect-query" => check_redirect(&case),
            other => panic!("a case of unknown kind: {other}"),
        }
        *ran.entry(kind).or_insert(0) += 1;
    }
    let expected = [
        ("callback", 2),
        ("create-request", 4),
        ("query-refund-request", 1),
        ("query-request", 1),
        ("redirect-query", 1),
        ("refund-request", 2),
    ];
    assert_eq!(ran, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

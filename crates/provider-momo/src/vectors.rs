//! Every case of `tests/vectors/momo.json`, which programs that this project did not write have made.

use crate::api::{Call, text_of};
use crate::checkout::tests::order;
use crate::settings::tests::settings;
use crate::tests::{http, wallet};
use crate::{RequestType, Settings, Wallet, signature};
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::News;
use provider::{Order, Question, RefundOrder, Refusal, Request, Webhook};
use serde_json::Value;
use std::collections::BTreeMap;

fn cases() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../tests/vectors/momo.json")).expect("the vectors are JSON");
    file["cases"].as_array().expect("cases").clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Holds the case's string and signature against ours, over the fields of its input.
fn check(case: &Value, names: &[&str]) {
    let mut fields: BTreeMap<String, String> =
        case["input"].as_object().expect("input").iter().map(|(n, v)| (n.clone(), text_of(v))).collect();
    fields.insert("partnerCode".to_owned(), "MOMO".to_owned());
    let ours = wallet().keys.text(names, |name| &fields[name]);
    assert_eq!(ours, text(&case["expected_string_to_sign"]), "{}", case["name"]);
    let hash = text(&case["expected_signature"]);
    assert_eq!(wallet().keys.sign(&ours), hash, "{}", case["name"]);
    assert!(wallet().keys.verify(&ours, &hash), "{}", case["name"]);
}

/// Our own order of the same input is the same request, where the input is one that we could make.
fn check_create(case: &Value) {
    check(case, signature::CREATE);
    let input = &case["input"];
    let request_type = match input["requestType"].as_str() {
        Some("payWithMethod") => RequestType::PayWithMethod,
        _ => RequestType::CaptureWallet,
    };
    let wallet = Wallet::new(Settings { request_type, ..settings() }, http()).expect("good settings");
    let amount = text(&input["amount"]).parse().expect("an amount");
    let order = Order {
        description: text(&input["orderInfo"]),
        return_url: text(&input["redirectUrl"]),
        notify_url: text(&input["ipnUrl"]),
        ..order(&text(&input["orderId"]), amount)
    };
    let body = wallet.order(&order).expect("a body");
    let sdk = &case["body_from_java_sdk"];
    for name in ["amount", "orderId", "orderInfo", "redirectUrl", "ipnUrl", "requestType", "partnerCode", "autoCapture"]
    {
        assert_eq!(body[name], sdk[name], "{} {name}", case["name"]);
    }
}

fn check_refund(case: &Value) {
    check(case, signature::REFUND);
    let input = &case["input"];
    let amount = Vnd::new(text(&input["amount"]).parse().expect("an amount"));
    let at = "2026-01-05T02:30:15Z".parse().expect("instant");
    let order = RefundOrder {
        request_id: text(&input["orderId"]),
        order_ref: OrderRef::new("LC1").expect("code"),
        ordered_at: at,
        provider_txn_id: text_of(&input["transId"]),
        provider_refund_id: None,
        taken: amount,
        amount,
        asked_by: String::new(),
        again: false,
        first_asked_at: at,
        now: at,
    };
    let body = wallet().refund_request(&order, &text(&input["requestId"])).expect("a body");
    for name in ["amount", "transId", "partnerCode", "orderId", "requestId"] {
        assert_eq!(body[name], case["body"][name], "{name}");
    }
}

/// Its SDK's body is known to be wrong; the signature over our own fields is what counts.
fn check_confirm(case: &Value) {
    check(case, signature::CONFIRM);
    let held = Question {
        order_ref: OrderRef::new(text(&case["input"]["orderId"])).expect("code"),
        amount: Vnd::new(text(&case["input"]["amount"]).parse().expect("an amount")),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        now: "2026-01-05T02:30:15Z".parse().expect("instant"),
    };
    let body = wallet().word("capture", &held).expect("a body");
    for name in ["orderId", "requestType", "description"] {
        assert_eq!(body[name], case["input"][name], "{name}");
    }
}

fn verify(body: &Value) -> Result<domain::payment::Report, Refusal> {
    let body = body.to_string();
    wallet().verify(&Request { method: "POST", query: "", headers: &[], body: body.as_bytes() })
}

fn check_ipn(case: &Value) {
    // printed in the documentation under a key that is not: its fields are read, its signature cannot be checked
    if case.get("key") == Some(&Value::Null) {
        assert!(signature::IPN.iter().all(|name| case["body"].get(name).is_some() || *name == "message"));
        assert_eq!(verify(&case["body"]), Err(Refusal::Forged("signature")));
        return;
    }
    check(case, signature::IPN);
    let report = verify(&case["body_that_verifies"]).expect("signed and readable");
    match text(&case["name"]).as_str() {
        "ipn-01-success" => {
            assert_eq!(report.source_key, "4088878653:0");
            assert!(matches!(report.news, News::Captured(c) if c.amount == Vnd::new(50_000)));
        }
        "ipn-03-user-rejected-1006" => assert_eq!(report.news, News::Failed { code: "1006".to_owned() }),
        other => panic!("an IPN case without expectation: {other}"),
    }
    for tampered in case["bodies_tampered_must_not_verify"].as_array().expect("bodies") {
        assert!(matches!(verify(tampered), Err(Refusal::Forged(_))), "{tampered}");
    }
}

/// The names alone: the documentation prints no values that could be signed.
fn check_created(case: &Value) {
    let template = text(&case["string_to_sign_template"]);
    let names: Vec<_> =
        template.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| *name != "accessKey").collect();
    assert_eq!(names, signature::CREATED);
}

#[test]
fn every_case_gives_its_string_and_its_signature() {
    let mut ran = BTreeMap::new();
    for case in cases() {
        let kind = text(&case["kind"]);
        match kind.as_str() {
            "create-request" => check_create(&case),
            "create-response" => check_created(&case),
            "query-request" => check(&case, Call::Query.signed()),
            "refund-request" => check_refund(&case),
            "confirm-request" => check_confirm(&case),
            "ipn-callback" => check_ipn(&case),
            other => panic!("a case of unknown kind: {other}"),
        }
        *ran.entry(kind).or_insert(0) += 1;
    }
    let expected = [
        ("confirm-request", 1),
        ("create-request", 4),
        ("create-response", 1),
        ("ipn-callback", 3),
        ("query-request", 1),
        ("refund-request", 1),
    ];
    assert_eq!(ran, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

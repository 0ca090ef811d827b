//! Every case of `tests/vectors/vnpay.json`, which programs that this project did not write have made.

use crate::checkout::tests::order;
use crate::tests::gateway;
use crate::{api, signature, wire};
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::News;
use provider::checkout::Locale;
use provider::{Action, Checkout, Order, Refusal, Request, Webhook};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

fn cases() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../tests/vectors/vnpay.json")).expect("the vectors are JSON");
    file["cases"].as_array().expect("cases").clone()
}

fn case(name: &str) -> Value {
    cases().into_iter().find(|case| case["name"] == name).expect("a case of that name")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn form(fields: &BTreeMap<String, String>) -> String {
    signature::form(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn call(query: &str) -> Request<'_> {
    Request { method: "GET", query, headers: &[], body: &[] }
}

/// Holds the case's string and signature against ours.
fn check(case: &Value, ours: &str) {
    let (name, hash) = (text(&case["name"]), text(&case["expected_signature"]));
    assert_eq!(ours, text(&case["expected_string_to_sign"]), "{name}");
    let unpublished = case.as_object().is_some_and(|c| c.get("key") == Some(&Value::Null));
    if !unpublished {
        assert_eq!(gateway().keys.sign(ours), hash, "{name}");
        assert!(gateway().keys.verify(ours, &hash), "{name}");
    }
}

/// The input in VND as the peer got it, with what the peer adds.
fn pay_fields(input: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<_, _> = [
        ("vnp_Command", "pay"),
        ("vnp_CurrCode", "VND"),
        ("vnp_Locale", "vn"),
        ("vnp_OrderType", "other"),
        ("vnp_TmnCode", "LAOCAI01"),
        ("vnp_Version", wire::VERSION),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    fields.extend(input.iter().map(|(name, value)| (name.clone(), text(value))));
    let amount = Vnd::new(input["vnp_Amount"].as_i64().expect("an amount in VND"));
    fields.insert("vnp_Amount".to_owned(), wire::amount_to_wire(amount).expect("an amount in range"));
    fields
}

/// What a printed string says, for the cases that give no input of VNPAY's names.
fn printed_fields(case: &Value) -> BTreeMap<String, String> {
    form_urlencoded::parse(text(&case["expected_string_to_sign"]).as_bytes()).into_owned().collect()
}

fn check_pay(case: &Value) {
    let input = case["input"].as_object().filter(|input| input.contains_key("vnp_Amount"));
    let ours = form(&input.map_or_else(|| printed_fields(case), pay_fields));
    check(case, &ours);
    if let Some(link) = case["full_url"].as_str() {
        let hash = gateway().keys.sign(&ours);
        assert_eq!(link, format!("{}?{ours}&vnp_SecureHash={hash}", gateway().settings.pay_url));
    }
}

fn check_ipn(case: &Value) {
    let fields = case["input"].as_object().expect("input").iter().map(|(name, v)| (name.clone(), text(v))).collect();
    check(case, &form(&fields));
    let good = text(&case["query_that_verifies"]);
    let verdict = gateway().verify(&call(&good));
    match text(&case["name"]).as_str() {
        "ipn-01-success" => assert_captured(verdict, "14226112", 180_600),
        "ipn-03-diacritics-and-spaces" => assert_captured(verdict, "14226113", 75_000),
        "ipn-02-customer-cancelled" => {
            let report = verdict.expect("signed and readable");
            assert_eq!((report.source_key.as_str(), report.order_ref.as_str()), ("5:0:24/02", "5"));
            assert_eq!(report.news, News::Failed { code: "24".to_owned() });
        }
        // Its amount is not whole đồng: signed, kept, a case, never rounded.
        "ipn-07-large-amount-suspected-fraud-07" => {
            assert_eq!(verdict, Err(Refusal::Unreadable("vnp_Amount is ill-formed".to_owned())));
        }
        other => panic!("an IPN case without expectation: {other}"),
    }
    let tampered = text(&case["query_tampered_must_not_verify"]);
    assert_eq!(gateway().verify(&call(&tampered)), Err(Refusal::Forged("hash")));
}

fn assert_captured(verdict: Result<domain::payment::Report, Refusal>, number: &str, dong: i64) {
    let report = verdict.expect("signed and readable");
    assert_eq!(report.source_key, format!("{number}:00/00"));
    let News::Captured(capture) = report.news else { panic!("not captured") };
    assert_eq!((capture.provider_txn_id.as_str(), capture.amount), (number, Vnd::new(dong)));
    assert_eq!(capture.paid_at.map(|at| at.to_string()).as_deref(), Some("2026-01-05T02:34:12Z"));
}

/// Sections 1.7 and 1.8: the signed fields of each call and answer, in order.
fn check_api(case: &Value) {
    let names: &[&str] = match (text(&case["kind"]).as_str(), text(&case["body"]["vnp_Command"]).as_str()) {
        ("api-request", "querydr") => &api::QUERY_FIELDS,
        ("api-request", "refund") => &api::REFUND_FIELDS,
        ("api-response", "querydr") => &api::QUERY_ANSWER_FIELDS,
        ("api-response", "refund") => api::REFUND_ANSWER_FIELDS,
        other => panic!("an API case without expectation: {other:?}"),
    };
    let values: Vec<_> = names.iter().map(|name| text(&case["body"][name])).collect();
    check(case, &signature::piped(&values.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(case["body"]["vnp_SecureHash"], case["expected_signature"]);
}

#[test]
fn every_case_gives_its_string_and_its_signature() {
    let mut ran = BTreeMap::new();
    for case in cases() {
        let kind = text(&case["kind"]);
        match kind.as_str() {
            "pay-url" => check_pay(&case),
            "ipn-callback" => check_ipn(&case),
            "api-request" | "api-response" => check_api(&case),
            other => panic!("a case of unknown kind: {other}"),
        }
        *ran.entry(kind).or_insert(0) += 1;
    }
    let expected = [("api-request", 2), ("api-response", 2), ("ipn-callback", 4), ("pay-url", 10)];
    assert_eq!(ran, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

#[tokio::test]
async fn our_checkout_makes_the_same_links_where_the_order_info_is_plain() {
    for name in [
        "pay-01-basic-ascii",
        "pay-02-spaces-and-colon",
        "pay-07-empty-bankcode-omitted",
        "pay-09-max-amount-12-digits",
    ] {
        let case = case(name);
        let input = &case["input"];
        let order = Order {
            order_ref: OrderRef::new(text(&input["vnp_TxnRef"])).expect("code"),
            description: text(&input["vnp_OrderInfo"]),
            return_url: text(&input["vnp_ReturnUrl"]),
            payer_ip: text(&input["vnp_IpAddr"]).parse().expect("address"),
            locale: Locale::Vi,
            ..order("LC", input["vnp_Amount"].as_i64().expect("amount"))
        };
        let offer = gateway().start(&order).await.expect("offer");
        assert_eq!(offer.action, Action::Redirect { url: text(&case["full_url"]) }, "{name}");
    }
}

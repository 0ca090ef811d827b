use super::*;
use crate::settings::tests::settings;
use crate::signature::Keys;
use crate::tests::{http, wallet};
use crate::{Settings, Wallet};
use domain::Vnd;
use proptest::prelude::*;
use serde_json::{Value, json};

/// `ipn-01-success` of the vectors, without its signature.
fn report() -> Value {
    json!({
        "partnerCode": "MOMO", "orderId": "LC-20260105-0001", "requestId": "RQ-0001", "amount": 50_000,
        "orderInfo": "pay with MoMo", "orderType": "momo_wallet", "transId": 4_088_878_653_i64, "resultCode": 0,
        "message": "Successful.", "payType": "qr", "responseTime": 1_767_580_463_942_i64, "extraData": "",
    })
}

fn with(changes: Value) -> Value {
    let mut report = report();
    report.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    report
}

fn signed_by(keys: &Keys, mut report: Value) -> String {
    let texts: Vec<_> = signature::IPN
        .iter()
        .map(|name| (*name, report.get(name).map(crate::api::text_of).unwrap_or_default()))
        .collect();
    let text = keys.text(signature::IPN, |name| &texts.iter().find(|(n, _)| *n == name).expect("a name").1);
    report["signature"] = keys.sign(&text).into();
    report.to_string()
}

fn signed(report: Value) -> String {
    signed_by(&wallet().keys, report)
}

fn verify(body: &str) -> Result<Report, Refusal> {
    wallet().verify(&Request { method: "POST", query: "", headers: &[], body: body.as_bytes() })
}

fn news(changes: Value) -> News {
    verify(&signed(with(changes))).expect("signed and readable").news
}

#[test]
fn a_valid_call_is_captured() {
    let told = verify(&signed(report())).expect("valid");
    assert_eq!((told.source_key.as_str(), told.order_ref.as_str()), ("4088878653:0", "LC-20260105-0001"));
    let expected = Capture {
        provider_txn_id: "4088878653".to_owned(),
        bank_txn_id: None,
        amount: Vnd::new(50_000),
        paid_at: Some("2026-01-05T02:34:23.942Z".parse().expect("instant")),
    };
    assert_eq!(told.news, News::Captured(expected));
}

#[test]
fn no_changed_byte_of_a_valid_call_says_something_else() {
    let valid = signed(report());
    let expected = verify(&valid);
    let mut tried = 0;
    for at in 0..valid.len() {
        for bit in [1, 2, 4, 32] {
            let mut bytes = valid.clone().into_bytes();
            bytes[at] ^= bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let verdict = verify(&changed);
            assert!(verdict == expected || matches!(verdict, Err(Refusal::Forged(_))), "{changed} gave {verdict:?}");
            tried += 1;
        }
        assert!(matches!(verify(&valid[..at]), Err(Refusal::Forged(_))));
    }
    assert!(tried > 1_000, "only {tried} tried");
}

#[test]
fn each_code_has_its_news() {
    assert_eq!(news(json!({"resultCode": 9000})), News::Committed);
    for code in [98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 4001, 4002, 4100] {
        assert_eq!(news(json!({"resultCode": code})), News::Failed { code: code.to_string() });
    }
    for code in [10, 13, 40, 42, 47, 1000, 1080, 1081, 7000, 7002, 8000, 5555, -1] {
        assert_eq!(news(json!({"resultCode": code})), News::Pending, "{code}");
    }
    let failed = verify(&signed(with(json!({"resultCode": 1006, "transId": 0})))).expect("readable");
    assert_eq!(failed.source_key, "LC-20260105-0001:0:1006");
}

#[test]
fn what_is_signed_for_another_or_could_be_cut_up_otherwise_is_forged() {
    assert_eq!(verify(&signed(with(json!({"partnerCode": "OTHER"})))), Err(Refusal::Forged("partner")));
    let ambiguous = with(json!({"message": "x&orderId=LC9"}));
    assert_eq!(verify(&signed(ambiguous)), Err(Refusal::Forged("a value that reads like another field")));
    let twice = signed(report()).replacen('{', r#"{"amount":1,"#, 1);
    assert!(matches!(verify(&twice), Err(Refusal::Forged(_))));
    let list = signed(report()).replacen("50000", "[50000]", 1);
    assert_eq!(verify(&list), Err(Refusal::Forged("a field of another kind")));
    assert_eq!(verify(&report().to_string()), Err(Refusal::Forged("no signature")));
    for method in ["GET", "post", "PUT", ""] {
        let body = signed(report());
        let request = Request { method, query: "", headers: &[], body: body.as_bytes() };
        assert_eq!(wallet().verify(&request), Err(Refusal::Forged("method")));
    }
}

#[test]
fn an_ampersand_in_a_message_is_no_forgery() {
    assert!(verify(&signed(with(json!({"message": "Cơm & phở", "orderInfo": "a=b"})))).is_ok());
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for changes in [
        json!({"amount": ""}),
        json!({"amount": 0}),
        json!({"amount": "-1"}),
        json!({"amount": "050000"}),
        json!({"orderId": ""}),
        json!({"resultCode": ""}),
        json!({"resultCode": "0x"}),
        json!({"responseTime": ""}),
        json!({"responseTime": "yesterday"}),
        json!({"transId": "abc"}),
        json!({"transId": 0}),
        json!({"transId": ""}),
    ] {
        let verdict = verify(&signed(with(changes.clone())));
        assert!(matches!(verdict, Err(Refusal::Unreadable(_))), "{changes}: {verdict:?}");
    }
}

#[test]
fn money_of_a_foreign_order_is_reported_all_the_same() {
    let told = verify(&signed(with(json!({"orderId": "đơn/5"})))).expect("readable");
    assert_eq!(told.order_ref.as_str(), "__n_5");
    assert!(matches!(told.news, News::Captured(_)));
}

#[test]
fn during_rotation_both_secrets_are_accepted() {
    let next = Settings { secret_key: "NEWSECRET".into(), ..settings() };
    let rotating = Settings { secret_key_next: Some("NEWSECRET".into()), ..settings() };
    let rotating = Wallet::new(rotating, http()).expect("good settings");
    for body in [signed(report()), signed_by(&Keys::new(&next), report())] {
        let request = Request { method: "POST", query: "", headers: &[], body: body.as_bytes() };
        assert!(rotating.verify(&request).is_ok());
    }
}

#[test]
fn each_outcome_is_acknowledged_in_momos_words() {
    use Acknowledgement::*;
    for ends in [Recorded, Known, AmountDiffers, UnknownOrder] {
        let Answer { status, body, .. } = wallet().acknowledge(ends);
        assert_eq!((status, body.as_str()), (204, ""));
    }
    assert_eq!([Forged, Unavailable].map(|said| wallet().acknowledge(said).status), [401, 503]);
}

proptest! {
    #[test]
    fn whatever_comes_verify_never_panics(body in any::<Vec<u8>>(), method in "GET|POST|.{0,4}") {
        let request = Request { method: &method, query: "", headers: &[], body: &body };
        prop_assert!(wallet().verify(&request).is_err());
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics_and_is_never_called_unsigned(
        amount in any::<String>(), order in any::<String>(), code in "[0-9]{0,5}|.{0,3}", number in "[0-9]{0,21}|.{0,4}",
        time in "[0-9]{10,20}|.{0,4}", message in any::<String>(),
    ) {
        let changed = with(json!({
            "amount": amount, "orderId": order, "resultCode": code, "transId": number, "responseTime": time, "message": message,
        }));
        prop_assert_ne!(verify(&signed(changed)), Err(Refusal::Forged("signature")));
    }
}

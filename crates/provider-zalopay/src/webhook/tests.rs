use super::*;
use crate::mac::tests::by_zalopay;
use crate::settings::tests::settings;
use crate::tests::{http, wallet};
use crate::{Settings, Wallet};
use domain::Vnd;
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY2: &str = "kLtgPl8HHhfvMuDHPwKfgfsY4Ydm9eIz";

fn data() -> Value {
    json!({
        "app_id": 2553, "app_trans_id": "260105_LC0001", "app_time": 1_767_580_215_000_i64, "app_user": "LC7K2M9QX4T",
        "amount": 50_000, "embed_data": "{}", "item": "[]", "zp_trans_id": 260_105_000_000_389_i64,
        "server_time": 1_767_580_413_498_i64, "channel": 38, "merchant_user_id": "x", "user_fee_amount": 0,
        "discount_amount": 0,
    })
}

fn with(changes: Value) -> Value {
    let mut data = data();
    data.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    data
}

fn body(data: &str, key2: &str) -> String {
    json!({"data": data, "mac": by_zalopay(key2, data), "type": 1}).to_string()
}

fn signed(data: &Value) -> String {
    body(&data.to_string(), KEY2)
}

fn verify(body: &str) -> Result<Report, Refusal> {
    wallet().verify(&Request { method: "POST", query: "", headers: &[], body: body.as_bytes() })
}

#[test]
fn a_valid_call_is_captured_whether_its_number_is_a_number_or_a_text() {
    for number in [json!(260_105_000_000_389_i64), json!("260105000000389")] {
        let told = verify(&signed(&with(json!({"zp_trans_id": number})))).expect("valid");
        assert_eq!((told.source_key.as_str(), told.order_ref.as_str()), ("260105000000389:1", "LC0001"));
        let expected = Capture {
            provider_txn_id: "260105000000389".to_owned(),
            bank_txn_id: None,
            amount: Vnd::new(50_000),
            paid_at: Some("2026-01-05T02:33:33.498Z".parse().expect("instant")),
        };
        assert_eq!(told.news, News::Captured(expected));
    }
}

#[test]
fn no_changed_byte_of_a_valid_call_says_something_else() {
    let valid = signed(&data());
    let expected = verify(&valid);
    assert!(expected.is_ok());
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
fn the_bytes_as_received_are_what_is_verified() {
    // blanks, another order and escapes of ZaloPay's own are not ours to mend
    let odd = r#"{ "zp_trans_id":1, "amount": 50000,"server_time":1767580413498,"app_id":2553,"app_trans_id":"260105_L\u0043"}"#;
    let told = verify(&body(odd, KEY2)).expect("valid");
    assert_eq!(told.order_ref.as_str(), "LC");
    let anew = serde_json::from_str::<Value>(odd).expect("JSON").to_string();
    let forged = json!({"data": anew, "mac": by_zalopay(KEY2, odd), "type": 1}).to_string();
    assert_eq!(verify(&forged), Err(Refusal::Forged("mac")));
}

#[test]
fn another_app_another_key_and_what_is_no_callback_are_forged() {
    assert_eq!(verify(&signed(&with(json!({"app_id": 2554})))), Err(Refusal::Forged("app")));
    assert_eq!(verify(&signed(&with(json!({"app_id": null})))), Err(Refusal::Forged("app")));
    let by_key1 = body(&data().to_string(), "PcY4iZIKFCIdgZvA6ueMcMHHUbRLYjPL");
    assert_eq!(verify(&by_key1), Err(Refusal::Forged("mac")));
    for text in ["2553|260105_LC0001|38||50000|0|1", "", "[]", "null", "1", "{"] {
        assert_eq!(verify(&body(text, KEY2)), Err(Refusal::Forged("signed, and no callback")), "{text}");
    }
    for ill in ["{}", r#"{"data":{},"mac":""}"#, r#"{"data":"{}","mac":1}"#, r#"{"data":"{}"}"#] {
        assert_eq!(verify(ill), Err(Refusal::Forged("no data or no mac")), "{ill}");
    }
    for method in ["GET", "post", "PUT", ""] {
        let body = signed(&data());
        let request = Request { method, query: "", headers: &[], body: body.as_bytes() };
        assert_eq!(wallet().verify(&request), Err(Refusal::Forged("method")));
    }
}

#[test]
fn signed_but_ill_fields_and_agreements_are_unreadable() {
    for changes in [
        json!({"amount": 0}),
        json!({"amount": -1}),
        json!({"amount": 50_000.5}),
        json!({"amount": null}),
        json!({"app_trans_id": ""}),
        json!({"zp_trans_id": 0}),
        json!({"zp_trans_id": "abc"}),
        json!({"server_time": "yesterday"}),
        json!({"server_time": null}),
    ] {
        let verdict = verify(&signed(&with(changes.clone())));
        assert!(matches!(verdict, Err(Refusal::Unreadable(_))), "{changes}: {verdict:?}");
    }
    let agreement = json!({"app_id": 2553, "app_trans_id": "260105_B1", "binding_id": "x", "server_time": 1});
    assert!(matches!(verify(&signed(&agreement)), Err(Refusal::Unreadable(_))));
    let twice = data().to_string().replacen('{', r#"{"amount":1,"#, 1);
    assert!(matches!(verify(&body(&twice, KEY2)), Err(Refusal::Unreadable(_))));
}

#[test]
fn the_type_that_nobody_signs_says_nothing() {
    for kind in ["2", "\"1\"", "null", "[]"] {
        assert!(verify(&signed(&data()).replacen("\"type\":1", &format!("\"type\":{kind}"), 1)).is_ok(), "{kind}");
    }
}

#[test]
fn during_rotation_both_keys_are_accepted() {
    let rotating = Settings { key2_next: Some("NEWKEY".into()), ..settings() };
    let rotating = Wallet::new(rotating, http()).expect("good settings");
    for key2 in [KEY2, "NEWKEY"] {
        let body = body(&data().to_string(), key2);
        let request = Request { method: "POST", query: "", headers: &[], body: body.as_bytes() };
        assert!(rotating.verify(&request).is_ok());
    }
}

#[test]
fn each_outcome_is_acknowledged_in_zalopays_words() {
    let said = |outcome| {
        let Answer { status, content_type, body } = wallet().acknowledge(outcome);
        assert_eq!((status, content_type), (200, "application/json"));
        let read: Value = serde_json::from_str(&body).expect("JSON");
        assert!(read["return_message"].is_string() && read.as_object().map(|o| o.len()) == Some(2));
        read["return_code"].as_i64().expect("a number")
    };
    use Acknowledgement::*;
    assert_eq!([Recorded, Known, AmountDiffers, UnknownOrder, Forged, Unavailable].map(said), [1, 1, 1, 1, -1, 0]);
}

proptest! {
    #[test]
    fn whatever_comes_verify_never_panics(body in any::<Vec<u8>>(), method in "GET|POST|.{0,4}") {
        let request = Request { method: &method, query: "", headers: &[], body: &body };
        prop_assert!(wallet().verify(&request).is_err());
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics(text in any::<String>(), amount in any::<i64>(), order in any::<String>()) {
        let _ = verify(&body(&text, KEY2));
        let changed = with(json!({"amount": amount, "app_trans_id": order, "zp_trans_id": text}));
        prop_assert!(!matches!(verify(&signed(&changed)), Err(Refusal::Forged(_))));
    }
}

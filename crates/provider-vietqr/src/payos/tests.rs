use super::*;
use crate::signature::tests::sha256;
use crate::told::tests::{Verdict, at, call, flipped, is_forged, is_unreadable};
use domain::Vnd;
use proptest::prelude::*;
use serde_json::{Value, json};

fn webhook() -> Webhook {
    Webhook { key: Secrets::new(&Some("key".into()), &Some("next".into())).expect("a key") }
}

fn data() -> Value {
    json!({
        "orderCode": 260_105_001, "amount": 50_000, "description": "LC7K2M9QX4T nop le phi", "accountNumber": "12345678",
        "reference": "FT26005000001", "transactionDateTime": "2026-01-05 09:34:12", "currency": "VND",
        "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18", "code": "00", "desc": "Thành công",
        "counterAccountName": null, "virtualAccountNumber": "",
    })
}

fn signature(data: &Value, key: &str) -> String {
    let text = signed_text(&Json::object(&data.to_string()).expect("an object")).expect("to be signed");
    sha256(key, text.as_bytes())
}

fn body(data: &Value, signature: &str) -> String {
    json!({ "code": "00", "desc": "success", "success": true, "data": data, "signature": signature }).to_string()
}

fn verdict(body: &[u8]) -> Verdict {
    call(&webhook(), &[], body, at("2026-01-05T03:00:00Z"))
}

fn with(name: &str, value: Value) -> Verdict {
    let mut data = data();
    data[name] = value;
    verdict(body(&data, &signature(&data, "key")).as_bytes())
}

#[test]
fn a_signed_payment_is_reported() {
    let expected = AccountReport {
        source_key: "payos:124c33293c43417ab7879e14c8d9eb18:FT26005000001".to_owned(),
        teller: "payos",
        account_number: "12345678".to_owned(),
        bank_bin: None,
        virtual_account: None,
        direction: Direction::In,
        amount: Vnd::new(50_000),
        bank_ref: Some("FT26005000001".to_owned()),
        text: "LC7K2M9QX4T nop le phi".to_owned(),
        stated_at: Some(at("2026-01-05T02:34:12Z")),
    };
    for key in ["key", "next"] {
        assert_eq!(verdict(body(&data(), &signature(&data(), key)).as_bytes()), Ok(vec![expected.clone()]));
    }
    assert!(is_forged(&verdict(body(&data(), &signature(&data(), "another")).as_bytes())));
    let virtual_account = with("virtualAccountNumber", json!("V3CAS0001")).expect("verified").remove(0);
    assert_eq!(virtual_account.virtual_account.as_deref(), Some("V3CAS0001"));
}

/// What stands beside `data` and its signature is not signed: a change there is refused or changes nothing.
#[test]
fn no_change_of_a_signed_call_changes_what_is_reported() {
    let body = body(&data(), &signature(&data(), "key")).into_bytes();
    let text = String::from_utf8(body.clone()).expect("UTF-8");
    let expected = verdict(&body);
    assert!(expected.is_ok());
    let position = |needle: &str| text.find(needle).expect("in the body");
    // Names come sorted: code, data, desc, signature, success.
    let (from, until) = (position("\"data\""), position("\"desc\":\"success\""));
    let hash_at = position("\"signature\":\"") + "\"signature\":\"".len();
    let is_hash = |at: usize| (hash_at..hash_at + 64).contains(&at);
    for at in 0..body.len() {
        for changed in flipped(&body, at..at + 1) {
            let verdict = verdict(&changed);
            let unsigned = !(from..until - 1).contains(&at) && !is_hash(at);
            let other_case = is_hash(at) && changed.eq_ignore_ascii_case(&body);
            let same = (unsigned || other_case) && verdict == expected;
            assert!(same || is_forged(&verdict), "{}", String::from_utf8_lossy(&changed));
        }
    }
    for cut in 0..body.len() {
        assert!(is_forged(&verdict(&body[..cut])));
    }
}

#[test]
fn what_is_not_to_be_signed_is_forged() {
    let good = signature(&data(), "key");
    let text = body(&data(), &good);
    for ill in [
        text.replacen("\"amount\":50000", "\"amount\":50000,\"amount\":50000", 1),
        text.replacen("\"data\":", "\"data\":{},\"data\":", 1),
        text.replacen(&good, "", 1),
        text.replacen(&format!("\"{good}\""), "null", 1),
        json!({ "data": data() }).to_string(),
        json!({ "data": [data()], "signature": good }).to_string(),
        json!({ "signature": good }).to_string(),
        json!([]).to_string(),
        String::new(),
    ] {
        assert!(is_forged(&verdict(ill.as_bytes())), "{ill}");
    }
    let mut nested = data();
    nested["counterAccountName"] = json!({ "a": 1 });
    assert!(is_forged(&verdict(body(&nested, &good).as_bytes())));
    let request = Request { method: "GET", query: "", headers: &[], body: text.as_bytes() };
    assert_eq!(webhook().verify(&request, at("2026-01-05T03:00:00Z")), Err(Refusal::Forged("method")));
}

#[test]
fn a_value_that_reads_like_a_field_is_left_to_a_person() {
    assert!(is_unreadable(&with("description", json!("LC7K2M9QX4T&orderCode=1"))));
    assert!(
        is_unreadable(&with("extra", json!(["x", "LC7K2M9QX4T&orderCode=1"]))) && with("extra", json!(["A&B"])).is_ok()
    );
    assert!(with("description", json!("A&B")).is_ok() && with("description", json!("a=b")).is_ok());
    // Two bodies, one text: what a payer typed could be taken for a field of payOS's.
    let (mut typed, mut field) = (data(), data());
    typed["description"] = json!("x&extra=1");
    field["description"] = json!("x");
    field["extra"] = json!("1");
    assert_eq!(signature(&typed, "key"), signature(&field, "key"));
}

#[test]
fn the_registrations_test_call_reports_nothing() {
    let mut test = data();
    for (name, value) in TEST_CALL {
        test[name] = value.into();
    }
    assert_eq!(verdict(body(&test, &signature(&test, "key")).as_bytes()), Ok(vec![]));
    test["amount"] = json!(3001);
    assert_eq!(verdict(body(&test, &signature(&test, "key")).as_bytes()).map(|r| r.len()), Ok(1));
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for ill in [json!(0), json!(-1), json!(1.5), json!(1_000_000_000_000_i64), json!(null), json!("x"), json!(true)] {
        assert!(is_unreadable(&with("amount", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!(""), json!("01"), json!(0)] {
        assert!(is_unreadable(&with("code", ill.clone())) && is_unreadable(&with("currency", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!(""), json!("đ"), json!([1])] {
        for name in ["reference", "paymentLinkId", "accountNumber"] {
            assert!(is_unreadable(&with(name, ill.clone())), "{name} {ill}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_comes_never_panics(body: Vec<u8>) {
        prop_assert!(is_forged(&verdict(&body)));
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics(text: String, reference: String) {
        let mut data = data();
        data["description"] = text.into();
        data["reference"] = reference.into();
        let verdict = verdict(body(&data, &signature(&data, "key")).as_bytes());
        prop_assert!(!is_forged(&verdict));
    }
}

use super::*;
use crate::signature::tests::{sha256, sha512};
use crate::told::tests::{Verdict, at, call, flipped, is_forged, is_unreadable};
use proptest::prelude::*;
use serde_json::{Value, json};

const TIME: &str = "1727948258788";
const NOW: &str = "2024-10-03T09:37:38.788Z";

fn webhook() -> Webhook {
    let key = Secrets::new(&Some("key".into()), &Some("next".into())).expect("a key");
    Webhook { key, tolerance: SignedDuration::from_mins(5) }
}

fn data() -> Value {
    json!({
        "id": 987_654, "reference": "FT26328276428999", "description": "LC7K2M9QX4T nộp phí/DVC", "amount": 150_000,
        "runningBalance": 25_000_000, "transactionDateTime": "2024-10-03 15:06:37", "accountNumber": "88888888",
        "bankName": "VPBank", "virtualAccountNumber": "", "counterAccountName": "NGUYỄN VĂN A",
    })
}

fn body() -> String {
    json!({ "error": 0, "data": data() }).to_string()
}

fn with(name: &str, value: Value) -> Verdict {
    let mut data = data();
    data[name] = value;
    signed(&json!({ "data": data, "error": 0 }).to_string(), TIME, "key", NOW)
}

/// As Casso signs: over the form with sorted names.
fn signature(body: &str, time: &str, key: &str) -> String {
    let canonical = Json::parse(body).expect("JSON").canonical();
    format!("t={time},v1={}", sha512(key, format!("{time}.{canonical}").as_bytes()))
}

fn proof(body: &[u8], header: &str, now: &str) -> Verdict {
    call(&webhook(), &[("x-casso-signature", header)], body, at(now))
}

fn signed(body: &str, time: &str, key: &str, now: &str) -> Verdict {
    proof(body.as_bytes(), &signature(body, time, key), now)
}

#[test]
fn a_signed_row_is_reported_in_whatever_order_its_names_stand() {
    let expected = AccountReport {
        source_key: "casso:987654".to_owned(),
        teller: "casso",
        account_number: "88888888".to_owned(),
        bank_bin: Some("970432"),
        virtual_account: None,
        direction: Direction::In,
        amount: Vnd::new(150_000),
        bank_ref: Some("FT26328276428999".to_owned()),
        text: "LC7K2M9QX4T nộp phí/DVC".to_owned(),
        stated_at: Some(at("2024-10-03T08:06:37Z")),
    };
    let signature = signature(&body(), TIME, "key");
    assert_eq!(proof(body().as_bytes(), &signature, NOW), Ok(vec![expected]));
    let pairs: Vec<_> =
        data().as_object().expect("an object").iter().rev().map(|(n, v)| format!("\"{n}\": {v}")).collect();
    let reversed = format!("{{ \"error\": 0, \"data\": {{\n{}\n}} }}", pairs.join(",\n"));
    assert!(proof(reversed.as_bytes(), &signature, NOW).is_ok());
}

#[test]
fn no_change_of_a_signed_call_verifies() {
    let (body, good) = (body(), signature(&body(), TIME, "key"));
    let bytes = body.as_bytes();
    for changed in flipped(bytes, 0..bytes.len()) {
        assert!(is_forged(&proof(&changed, &good, NOW)), "{}", String::from_utf8_lossy(&changed));
    }
    for cut in 0..bytes.len() {
        assert!(is_forged(&proof(&bytes[..cut], &good, NOW)));
    }
    for changed in flipped(good.as_bytes(), 0..good.len()) {
        let changed = String::from_utf8_lossy(&changed).into_owned();
        let hash_in_other_case = changed.starts_with("t=1727948258788,v1=") && changed.eq_ignore_ascii_case(&good);
        assert!(hash_in_other_case || is_forged(&proof(bytes, &changed, NOW)), "{changed}");
    }
    let twice = body.replacen("\"amount\":150000", "\"amount\":150000,\"amount\":150000", 1);
    assert!(is_forged(&proof(twice.as_bytes(), &good, NOW)));
    let literal = body.replacen(":150000", ":150000.0", 1);
    assert!(is_forged(&proof(literal.as_bytes(), &good, NOW)), "the same number in another literal is another text");
}

#[test]
fn a_header_of_another_form_is_forged() {
    let (body, good) = (body(), signature(&body(), TIME, "key"));
    let hash = good.split_once("v1=").expect("v1").1;
    assert!(proof(body.as_bytes(), &format!("v1={hash}, t={TIME}, v0=x"), NOW).is_ok());
    for ill in [
        String::new(),
        format!("t={TIME}"),
        format!("v1={hash}"),
        format!("{good},{good}"),
        format!("{good},v1={hash}"),
        format!("t={TIME},v0={hash}"),
        format!("t={TIME},v1="),
        format!("t={TIME},v1={}", sha256("key", b"")),
        format!("t={TIME},v1={}", sha512("key", format!("{TIME}.{body} ").as_bytes())),
    ] {
        assert!(is_forged(&proof(body.as_bytes(), &ill, NOW)), "{ill}");
    }
    assert!(is_forged(&call(&webhook(), &[], body.as_bytes(), at(NOW))));
    let headers = [("X-Casso-Signature".to_owned(), good)];
    let request = Request { method: "GET", query: "", headers: &headers, body: body.as_bytes() };
    assert_eq!(webhook().verify(&request, at(NOW)), Err(Refusal::Forged("method")));
}

#[test]
fn a_repeated_call_may_be_three_days_old_and_none_is_ahead() {
    for (now, fits) in [
        ("2024-10-06T09:37:38.788Z", true),
        ("2024-10-06T09:37:38.789Z", false),
        ("2024-10-03T09:32:38.788Z", true),
        ("2024-10-03T09:32:38.787Z", false),
    ] {
        assert_eq!(signed(&body(), TIME, "key", now).is_ok(), fits, "{now}");
    }
    for time in ["1727948258", "-1", "17279482587880000000000", ""] {
        assert!(is_forged(&signed(&body(), time, "key", NOW)), "{time}");
    }
}

#[test]
fn during_rotation_both_keys_fit_and_no_other() {
    assert!(signed(&body(), TIME, "next", NOW).is_ok());
    assert!(is_forged(&signed(&body(), TIME, "another", NOW)));
}

#[test]
fn the_portals_test_call_reports_nothing() {
    assert_eq!(with("id", json!(0)), Ok(vec![]));
    assert_eq!(with("reference", json!("MA_GIAO_DICH_THU_NGHIEM")), Ok(vec![]));
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for ill in [json!(0), json!(1.5), json!(-0.5), json!(1e30), json!(1_000_000_000_000_i64), json!(null), json!("x")] {
        assert!(is_unreadable(&with("amount", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!(-5), json!(1.5), json!({"a": 1})] {
        assert!(is_unreadable(&with("id", ill.clone())) && is_unreadable(&with("accountNumber", ill.clone())), "{ill}");
    }
    let v1 = json!({ "error": 0, "data": [data()] }).to_string();
    let failed = json!({ "error": 1, "data": data() }).to_string();
    for body in [v1.as_str(), &failed, "{}", "[]", "1", r#"{"error":0}"#] {
        assert!(is_unreadable(&signed(body, TIME, "key", NOW)), "{body}");
    }
}

#[test]
fn money_out_and_a_virtual_account_are_read() {
    let out = with("amount", json!(-193_000)).expect("verified").remove(0);
    assert_eq!((out.direction, out.amount), (Direction::Out, Vnd::new(193_000)));
    let virtual_account = with("virtualAccountNumber", json!("VQR1LC7K2M9QX4T")).expect("verified").remove(0);
    assert_eq!(virtual_account.virtual_account.as_deref(), Some("VQR1LC7K2M9QX4T"));
    assert_eq!(with("reference", json!("")).expect("verified")[0].bank_ref, None);
}

proptest! {
    #[test]
    fn whatever_comes_never_panics(body: Vec<u8>, header: String) {
        prop_assert!(is_forged(&proof(&body, &header, NOW)));
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics(text: String, amount in "-?[0-9]{1,14}(\\.[0-9]{1,3})?") {
        let mut data = data();
        data["description"] = text.into();
        data["amount"] = amount.into();
        let body = json!({ "error": 0, "data": data }).to_string();
        prop_assert!(!is_forged(&signed(&body, TIME, "key", NOW)));
    }
}

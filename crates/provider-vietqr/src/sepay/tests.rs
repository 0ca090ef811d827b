use super::*;
use crate::signature::tests::sha256;
use crate::told::tests::{Verdict, at, call, flipped, is_forged, is_unreadable};
use domain::Vnd;
use proptest::prelude::*;
use serde_json::{Value, json};

const TIME: &str = "1795507357";
const NOW: &str = "2026-11-24T08:02:37Z";

fn signed_form(next: Option<&str>) -> Webhook {
    let secret = Secrets::new(&Some("secret".into()), &next.map(Into::into)).expect("a secret");
    Webhook { proof: Proof::Hmac { secret, tolerance: SignedDuration::from_mins(5) } }
}

fn key_form() -> Webhook {
    Webhook { proof: Proof::Key(Secrets::new(&Some("key".into()), &Some("next".into())).expect("a key")) }
}

fn row() -> Value {
    json!({
        "id": 92704, "gateway": "BIDV", "transactionDate": "2026-11-24 14:02:37", "accountNumber": "8630123456789",
        "subAccount": null, "code": null, "content": "LC7K2M9QX4T nop phi", "transferType": "in",
        "description": "BankAPINotify LC7K2M9QX4T", "transferAmount": 150_000, "accumulated": 19_077_000,
        "referenceCode": "FT26328276428999",
    })
}

fn with(name: &str, value: Value) -> Verdict {
    let mut changed = row();
    changed[name] = value;
    signed(changed.to_string().as_bytes(), TIME, "secret", NOW)
}

fn signature(body: &[u8], time: &str, secret: &str) -> String {
    format!("sha256={}", sha256(secret, &[time.as_bytes(), b".", body].concat()))
}

fn signed(body: &[u8], time: &str, secret: &str, now: &str) -> Verdict {
    let signature = signature(body, time, secret);
    let headers = [("x-sepay-timestamp", time), ("x-sepay-signature", signature.as_str())];
    call(&signed_form(Some("next")), &headers, body, at(now))
}

#[test]
fn a_signed_row_is_reported() {
    let reports = signed(row().to_string().as_bytes(), TIME, "secret", NOW).expect("verified");
    let expected = AccountReport {
        source_key: "sepay:92704".to_owned(),
        teller: "sepay",
        account_number: "8630123456789".to_owned(),
        bank_bin: Some("970418"),
        virtual_account: None,
        direction: Direction::In,
        amount: Vnd::new(150_000),
        bank_ref: Some("FT26328276428999".to_owned()),
        text: "LC7K2M9QX4T nop phi".to_owned(),
        stated_at: Some(at("2026-11-24T07:02:37Z")),
    };
    assert_eq!(reports, [expected]);
}

#[test]
fn no_change_of_a_signed_call_verifies() {
    let body = row().to_string().into_bytes();
    let good = signature(&body, TIME, "secret");
    let proof = |body: &[u8], time: &str, hash: &str| {
        call(&signed_form(None), &[("X-SePay-Timestamp", time), ("X-SePay-Signature", hash)], body, at(NOW))
    };
    assert!(proof(&body, TIME, &good).is_ok());
    for changed in flipped(&body, 0..body.len()) {
        assert!(is_forged(&proof(&changed, TIME, &good)));
    }
    for cut in 0..body.len() {
        assert!(is_forged(&proof(&body[..cut], TIME, &good)));
    }
    for changed in flipped(TIME.as_bytes(), 0..TIME.len()) {
        assert!(is_forged(&proof(&body, &String::from_utf8_lossy(&changed), &good)));
    }
    for changed in flipped(good.as_bytes(), 0..good.len()) {
        let changed = String::from_utf8_lossy(&changed).into_owned();
        // Hex of the other case is the same hash.
        assert!(changed.eq_ignore_ascii_case(&good) || is_forged(&proof(&body, TIME, &changed)), "{changed}");
    }
    for hash in ["", "sha256=", good.trim_start_matches("sha256="), &format!("{good}00"), &good[..70]] {
        assert!(is_forged(&proof(&body, TIME, hash)), "{hash}");
    }
    let raw = format!("sha256={}", sha256("secret", &body));
    assert!(is_forged(&proof(&body, TIME, &raw)), "the body without the time");
}

#[test]
fn a_signed_time_out_of_range_or_of_foreign_form_is_forged() {
    let body = row().to_string().into_bytes();
    for (now, fits) in [
        ("2026-11-24T08:07:37Z", true),
        ("2026-11-24T07:57:37Z", true),
        ("2026-11-24T08:07:38Z", false),
        ("2026-11-24T07:57:36Z", false),
    ] {
        assert_eq!(signed(&body, TIME, "secret", now).is_ok(), fits, "{now}");
    }
    for time in ["1795507357000", "-1795507357", "+1795507357", "1795507357.0", "now", "99999999999999999999"] {
        assert!(is_forged(&signed(&body, time, "secret", NOW)), "{time}");
    }
}

#[test]
fn during_rotation_both_secrets_fit_and_no_other() {
    let body = row().to_string().into_bytes();
    assert!(signed(&body, TIME, "next", NOW).is_ok());
    assert!(is_forged(&signed(&body, TIME, "another", NOW)));
}

#[test]
fn a_missing_or_doubled_header_and_another_method_are_forged() {
    let body = row().to_string().into_bytes();
    let hash = signature(&body, TIME, "secret");
    let (time, hash) = (("X-SePay-Timestamp", TIME), ("X-SePay-Signature", hash.as_str()));
    for headers in [&[time][..], &[hash], &[], &[time, time, hash], &[time, hash, hash]] {
        assert!(is_forged(&call(&signed_form(None), headers, &body, at(NOW))), "{headers:?}");
    }
    let headers = [time, hash].map(|(n, v)| (n.to_owned(), v.to_owned()));
    for method in ["GET", "PUT", "post", ""] {
        let request = Request { method, query: "", headers: &headers, body: &body };
        assert_eq!(signed_form(None).verify(&request, at(NOW)), Err(Refusal::Forged("method")));
    }
}

#[test]
fn the_key_form_knows_both_keys_and_no_other() {
    let body = row().to_string().into_bytes();
    let with_key = |value: &str| call(&key_form(), &[("authorization", value)], &body, at(NOW));
    for good in ["Apikey key", "Apikey next", "apikey key", "APIKEY  key "] {
        assert!(with_key(good).is_ok(), "{good}");
    }
    for ill in ["", "key", "Apikey", "Apikey ", "Bearer key", "Apikey KEY", "Apikey ke", "Apikey keyy", "Apikey key x"]
    {
        assert!(is_forged(&with_key(ill)), "{ill}");
    }
    for changed in flipped(b"Apikey key", 6..10) {
        assert!(is_forged(&with_key(&String::from_utf8_lossy(&changed))), "{changed:?}");
    }
    assert!(is_forged(&call(&signed_form(None), &[("Authorization", "Apikey secret")], &body, at(NOW))));
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for ill in
        [json!(0), json!(-1), json!(1.5), json!("150000.50"), json!(1_000_000_000_000_i64), json!(null), json!("x")]
    {
        assert!(is_unreadable(&with("transferAmount", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!("IN"), json!("credit"), json!(1)] {
        assert!(is_unreadable(&with("transferType", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!(0), json!(-5), json!("a"), json!(1.5), json!("0007"), json!([1])] {
        assert!(is_unreadable(&with("id", ill.clone())), "{ill}");
    }
    for ill in [json!(null), json!(""), json!("86 30"), json!({})] {
        assert!(is_unreadable(&with("accountNumber", ill.clone())), "{ill}");
    }
    let twice = row().to_string().replacen("{", r#"{"transferAmount":1,"#, 1);
    for body in [twice.as_str(), "", "[]", "null", "{", "\u{feff}{}"] {
        assert!(is_unreadable(&signed(body.as_bytes(), TIME, "secret", NOW)), "{body}");
    }
    assert!(is_unreadable(&signed(b"{\"id\":\"\xff\"}", TIME, "secret", NOW)));
}

#[test]
fn money_out_empty_fields_and_whole_decimals_are_read() {
    let one = |name, value| with(name, value).expect("verified").remove(0);
    assert_eq!(one("transferType", json!("out")).direction, Direction::Out);
    assert_eq!(one("transferAmount", json!("150000.00")).amount, Vnd::new(150_000));
    assert_eq!(one("referenceCode", json!("")).bank_ref, None);
    assert_eq!(one("content", json!(" ")).text, "BankAPINotify LC7K2M9QX4T");
    assert_eq!(one("subAccount", json!("VQR1")).virtual_account.as_deref(), Some("VQR1"));
    assert_eq!(one("subAccount", json!("8630123456789")).virtual_account, None);
    for silent in [json!(null), json!("yesterday"), json!("2026-11-24")] {
        assert_eq!(one("transactionDate", silent).stated_at, None);
    }
}

#[test]
fn a_form_is_read_and_a_name_given_twice_is_not() {
    let of_kind = |kind: &str, body: &str| {
        let hash = signature(body.as_bytes(), TIME, "secret");
        let headers = [("X-SePay-Timestamp", TIME), ("X-SePay-Signature", hash.as_str()), ("Content-Type", kind)];
        call(&signed_form(None), &headers, body.as_bytes(), at(NOW))
    };
    let form = |body: &str| of_kind("application/x-www-form-urlencoded; charset=utf-8", body);
    let body = "id=92704&transactionDate=2026-11-24+14%3A02%3A37&accountNumber=8630123456789&subAccount=&content=\
                LC7K2M9QX4T+n%E1%BB%99p&transferType=in&transferAmount=150000&referenceCode=FT1";
    let reports = form(body).expect("verified");
    assert_eq!((reports[0].text.as_str(), reports[0].amount), ("LC7K2M9QX4T nộp", Vnd::new(150_000)));
    assert_eq!(reports[0].stated_at, Some(at("2026-11-24T07:02:37Z")));
    assert!(is_unreadable(&form(&format!("{body}&transferAmount=1"))));
    // the header is not signed: whatever it says, the call says the same
    assert_eq!(of_kind("application/json", body), Ok(reports));
    let json = row().to_string();
    assert_eq!(form(&json), of_kind("application/json", &json));
    assert!(form(&json).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_rightly_signed_never_panics(body: Vec<u8>, amount: String, id: String, text: String) {
        prop_assert!(!is_forged(&signed(&body, TIME, "secret", NOW)));
        let mut changed = row();
        for (name, value) in [("transferAmount", amount), ("id", id), ("content", text)] {
            changed[name] = value.into();
        }
        prop_assert!(!is_forged(&signed(changed.to_string().as_bytes(), TIME, "secret", NOW)));
    }

    #[test]
    fn no_other_signature_verifies(hash in "[0-9a-f]{64}", time in "[0-9]{10}") {
        let headers = [("X-SePay-Timestamp", time.as_str()), ("X-SePay-Signature", &format!("sha256={hash}"))];
        prop_assert!(is_forged(&call(&signed_form(None), &headers, row().to_string().as_bytes(), at(NOW))));
    }
}

use super::*;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use provider::{Before, Bill, Held, HeldSecrets, Request};
use serde_json::Value;
use std::net::IpAddr;

const SECRET: &str = "BANKBILLTESTSECRET01";
const CHECKSUM: &str = "BANKBILLCHECKSUMKEY1";
const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn settings(change: &[(&str, Value)]) -> Settings {
    let mut all =
        object!({"service_id": "S", "client_id": "bank", "client_secret": SECRET, "checksum_secret": CHECKSUM});
    for (name, value) in change {
        all[*name] = value.clone();
    }
    serde_json::from_value(all).expect("settings")
}

fn bank(settings: Settings) -> Bank {
    Bank::new(ProfileCode::new("bank_bill").expect("a code"), settings).expect("a contract")
}

fn hear(bank: &Bank, path: &str, authorization: &str, from: Option<IpAddr>, body: &Value) -> Asked {
    let headers = [("Authorization".to_owned(), authorization.to_owned())];
    let body = body.to_string();
    let request = Request { method: "POST", query: "", headers: &headers, body: body.as_bytes() };
    bank.hear(&BillCall { path, request, from }, NOW)
}

fn bearer(bank: &Bank, secret: &str) -> String {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("bank:{secret}")));
    let Asked::Answered(answer, Heard::Answered) = hear(bank, "token", &basic, None, &Value::Null) else {
        return String::new();
    };
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&object!("Bearer"), &object!(300)));
    format!("Bearer {}", body["access_token"].as_str().expect("a token"))
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

fn code(asked: &Asked) -> (u16, String) {
    let (Asked::Answered(answer, _) | Asked::Unreadable(answer, _)) = asked else { return (0, format!("{asked:?}")) };
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    (answer.status, body["result_code"].as_str().unwrap_or_default().to_owned())
}

fn paybill(change: &[(&str, Value)]) -> Value {
    let mut body = object!({"trans_id": "T1", "trans_date": "20261124140237", "customer_id": "H38.17-261124-0001",
        "service_id": "S", "bill_id": "HD01", "amount": "21000"});
    for (name, value) in change {
        body[*name] = value.clone();
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    body["checksum"] = object!(md5(&format!("{CHECKSUM}{}{}{}", text("trans_id"), text("bill_id"), text("amount"))));
    body
}

#[test]
fn what_is_rightly_summed_is_asked_and_paid() {
    let bank = bank(settings(&[]));
    let bearer = bearer(&bank, SECRET);
    let question = object!({"service_id": "S", "customer_id": "KH 01", "checksum": md5(&format!("{CHECKSUM}SKH 01"))});
    let asked = hear(&bank, "getbill", &bearer, None, &question);
    assert_eq!(asked, Asked::Bills(BillQuestion { customer_key: "KH 01".to_owned(), skip: 0, most: 1 }));
    let paid = hear(&bank, "paybill", &bearer, None, &paybill(&[]));
    let Asked::Pay(payment) = paid else { panic!("{paid:?}") };
    assert_eq!((payment.transaction.as_str(), payment.bill.as_str(), payment.amount.dong()), ("T1", "HD01", 21_000));
    assert_eq!(payment.paid_at, "2026-11-24T07:02:37Z".parse().ok());
}

#[test]
fn each_refusal_has_the_documents_code_and_asks_nothing() {
    let bank = bank(settings(&[]));
    let token = bearer(&bank, SECRET);
    let said = |body: &Value| code(&hear(&bank, "paybill", &token, None, body));
    let none = code(&hear(&bank, "paybill", "Bearer e30.e30.e30", None, &paybill(&[])));
    assert_eq!(none, (401, "003".to_owned()));
    assert_eq!(bearer(&bank, "OTHERTESTSECRET00001"), "", "no token for another secret");
    assert_eq!(said(&object!({"trans_id": "T1"})), (400, "001".to_owned()));
    let mut forged = paybill(&[]);
    forged["amount"] = object!("21001");
    assert_eq!(said(&forged), (400, "004".to_owned()));
    assert_eq!(said(&paybill(&[("service_id", object!("X"))])), (400, "006".to_owned()));
    assert_eq!(said(&paybill(&[("trans_id", object!("a b"))])), (400, "001".to_owned()));
    assert_eq!(said(&paybill(&[("bill_id", object!("../x"))])), (400, "021".to_owned()));
    for amount in ["0", "-1", "21000.0", "021000", "1000000000000", "2e4"] {
        assert_eq!(said(&paybill(&[("amount", object!(amount))])), (400, "022".to_owned()), "{amount}");
    }
    assert_eq!(code(&hear(&bank, "refund", &token, None, &paybill(&[]))), (404, "001".to_owned()));
}

#[test]
fn a_payment_that_cannot_be_read_is_kept_where_its_checksum_is_right_and_only_there() {
    let bank = bank(settings(&[]));
    let token = bearer(&bank, SECRET);
    for (name, value) in [("trans_id", "FT/1"), ("bill_id", "../x"), ("amount", "21000.0"), ("customer_id", "")] {
        let body = paybill(&[(name, object!(value))]);
        let asked = hear(&bank, "paybill", &token, None, &body);
        assert!(matches!(asked, Asked::Unreadable(_, field) if field == name), "{asked:?}");
        let mut forged = body;
        forged["checksum"] = object!(md5("another"));
        assert_eq!(code(&hear(&bank, "paybill", &token, None, &forged)), (400, "004".to_owned()));
    }
}

#[test]
fn a_call_from_elsewhere_is_not_believed_whatever_it_shows() {
    let bank = bank(settings(&[("allowed_from", object!(["10.0.0.0/8"]))]));
    let home: Option<IpAddr> = "10.1.2.3".parse().ok();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("bank:{SECRET}")));
    let Asked::Answered(answer, Heard::Answered) = hear(&bank, "token", &basic, home, &Value::Null) else { panic!() };
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let token = format!("Bearer {}", body["access_token"].as_str().expect("a token"));
    assert!(matches!(hear(&bank, "paybill", &token, home, &paybill(&[])), Asked::Pay(_)));
    for elsewhere in ["11.1.2.3".parse().ok(), None] {
        assert_eq!(code(&hear(&bank, "paybill", &token, elsewhere, &paybill(&[]))), (401, "003".to_owned()));
        assert_eq!(code(&hear(&bank, "token", &basic, elsewhere, &Value::Null)), (401, "003".to_owned()));
    }
}

#[test]
fn while_a_secret_changes_both_are_accepted_and_afterwards_the_newest_alone() {
    let held = |before| Held { name: "checksum_secret".to_owned(), newest: "BANKBILLCHECKSUMKEY2".into(), before };
    for (before, accepted) in [(Before::Configured, true), (Before::Nothing, false)] {
        let bank = bank(settings(&[]).holding(&[held(before)]).expect("a known name"));
        let asked = hear(&bank, "paybill", &bearer(&bank, SECRET), None, &paybill(&[]));
        assert_eq!(matches!(asked, Asked::Pay(_)), accepted, "{asked:?}");
    }
    let other = Held { name: "pin".to_owned(), newest: "x".into(), before: Before::Nothing };
    assert_eq!(settings(&[]).holding(&[other]).map(drop), Err(provider::NoSuchSecret));
    assert!(CREDENTIALS.iter().all(|c| settings(&[]).secrets(c.name).len() == 1));
}

#[test]
fn ill_settings_are_named_and_debug_shows_no_secret() {
    let ill = |name: &'static str, value: Value| settings(&[(name, value)]).check().expect_err(name);
    assert_eq!(ill("client_id", object!("a:b")), SettingsError::Text("client_id"));
    assert_eq!(ill("service_id", object!("")), SettingsError::Text("service_id"));
    assert_eq!(ill("client_secret", object!("short")), SettingsError::Secret("client_secret"));
    assert_eq!(
        ill("checksum_secret_next", object!("with a blank inside")),
        SettingsError::Secret("checksum_secret_next")
    );
    assert_eq!(ill("allowed_from", object!(["bank"])), SettingsError::From);
    assert_eq!(ill("day_ends_at", object!("25:00")), SettingsError::DayEnd);
    assert_eq!(settings(&[]).check(), Ok(()));
    assert!(serde_json::from_value::<Settings>(object!({"servise_id": "S"})).is_err());
    let shown = format!("{:?}", settings(&[]));
    assert!(!shown.contains(SECRET) && !shown.contains(CHECKSUM), "{shown}");
}

#[test]
fn an_answer_has_one_bill_and_says_neither_when_nothing_was_decided() {
    let bank = bank(settings(&[]));
    let question = BillQuestion { customer_key: "K".to_owned(), skip: 0, most: 1 };
    let bill = |n: i64| Bill {
        reference: format!("HD{n}"),
        amount: domain::Vnd::new(n),
        payer: "A***".to_owned(),
        description: "Phí".to_owned(),
        due_at: None,
    };
    let told = bank.owes(&question, &Owes::Bills(vec![bill(1), bill(2)]), NOW);
    let body: Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!(body["data"], object!({"type": "1", "amount": "1", "bill_id": "HD1"}));
    let code = |answer: &Answer| code(&Asked::Answered(answer.clone(), Heard::Answered));
    assert_eq!(code(&bank.owes(&question, &Owes::Nothing, NOW)), (200, "012".to_owned()));
    assert_eq!(code(&bank.owes(&question, &Owes::UnknownCustomer, NOW)), (400, "011".to_owned()));
    assert_eq!(code(&bank.unavailable(NOW)), (503, "031".to_owned()));
}

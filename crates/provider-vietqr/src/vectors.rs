//! Every case of `tests/vectors/`, most of which programs that this project did not write have made.

use crate::qr::{self, NotEncodable, NotVietQr, Service, Transfer, decode};
use crate::settings::Settings;
use crate::settings::tests::{full, least};
use crate::signature::Secrets;
use crate::told::tests::{Verdict, at, call, is_forged};
use crate::{payos, told};
use domain::Vnd;
use domain::account_report::Direction;
use jiff::Timestamp;
use provider::AccountWebhook;
use provider::json::{Json, Object};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const VIETQR: &str = include_str!("../tests/vectors/vietqr.json");
const WEBHOOKS: &str = include_str!("../tests/vectors/account-webhooks.json");
const PAYOS: &str = include_str!("../tests/vectors/payos.json");

fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list of cases")
}

fn str_of<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} of {case}"))
}

fn groups(file: &Value) -> Vec<(&str, usize)> {
    let named = file.as_object().expect("an object").iter();
    named.filter_map(|(name, value)| Some((name.as_str(), value.as_array()?.len()))).collect()
}

fn transfer(case: &Value) -> Transfer<'_> {
    Transfer {
        bank_bin: str_of(case, "bin"),
        number: str_of(case, "account"),
        service: match case["service"].as_str() {
            None | Some("QRIBFTTA") => Service::Account,
            Some("QRIBFTTC") => Service::Card,
            other => panic!("a service without expectation: {other:?}"),
        },
        amount: case["amount"].as_i64().map(Vnd::new),
        purpose: case["purpose"].as_str(),
    }
}

#[test]
fn every_qr_is_made_as_others_make_it() {
    let file = file(VIETQR);
    let expected = [("cases", 10), ("decode_only", 5), ("packages", 7), ("reject", 8)];
    assert_eq!(groups(&file), expected);
    for case in list(&file["cases"]) {
        let made = transfer(case).encode().expect("encodable");
        assert_eq!(made, str_of(case, "qr"), "{}", case["id"]);
        assert!(made.ends_with(str_of(case, "crc")) && list(&case["agree"]).len() >= 4);
        let read = decode(&made).expect("readable");
        assert_eq!(read.once, case["initiation"] == "12");
        assert_eq!((read.bank_bin.as_str(), read.number.as_str()), (str_of(case, "bin"), str_of(case, "account")));
        assert_eq!((read.service.as_str(), read.purpose()), (str_of(case, "service"), case["purpose"].as_str()));
        assert_eq!(read.amount.map(Vnd::dong), case["amount"].as_i64());
    }
}

#[test]
fn every_published_qr_is_read() {
    for case in list(&file(VIETQR)["decode_only"]) {
        let read = decode(str_of(case, "qr")).unwrap_or_else(|e| panic!("{}: {e}", case["id"]));
        for (name, value) in case["expect"].as_object().expect("expectations") {
            let additional = |id: u8| read.additional.get(&id).cloned();
            let ours = match name.as_str() {
                "01" => Some(if read.once { "12" } else { "11" }.to_owned()),
                "bin" => Some(read.bank_bin.clone()),
                "account" => Some(read.number.clone()),
                "service" => Some(read.service.clone()),
                "amount" => read.amount.map(|a| a.dong().to_string()),
                "mcc" => read.merchant_category.clone(),
                "bill_number" => additional(1),
                "reference_label" => additional(5),
                "terminal_label" => additional(7),
                "purpose" => additional(8),
                other => panic!("an expectation that is not known: {other}"),
            };
            assert_eq!(ours.as_deref(), value.as_str(), "{}: {name}", case["id"]);
        }
    }
}

#[test]
fn every_ill_qr_is_refused() {
    for case in list(&file(VIETQR)["reject"]) {
        let verdict = decode(str_of(case, "qr"));
        let expected = match str_of(case, "id") {
            "crc-wrong" | "pypi-vietqr-generator-crc-bug" => NotVietQr::Checksum,
            "length-overrun" | "non-numeric-length" | "text-after-crc" => NotVietQr::Shape,
            "missing-38" => NotVietQr::Field("38"),
            "currency-not-704" => NotVietQr::Field("53"),
            // Reading is lenient; what we make is upper case.
            "crc-lower-case" => {
                assert_eq!(case["lenient"], "accept");
                assert!(verdict.is_ok());
                continue;
            }
            other => panic!("a case without expectation: {other}"),
        };
        assert_eq!(verdict, Err(expected), "{}", case["id"]);
    }
}

#[test]
fn diacritics_are_folded_before_and_read_where_others_send_them() {
    let file = file(VIETQR);
    let case = &file["diacritics_in_purpose"];
    let input = transfer(&case["input"]);
    assert_eq!(input.encode(), Err(NotEncodable::PurposeAlphabet));
    let folded = qr::fold(str_of(&case["input"], "purpose"));
    let made = Transfer { purpose: Some(&folded), ..input }.encode().expect("encodable");
    assert!(made.contains("62140810Nop le phi6304"));
    for (package, output) in case["outputs"].as_object().expect("outputs") {
        let read = decode(output.as_str().expect("a text")).expect("readable");
        assert_eq!(read.purpose(), case["input"]["purpose"].as_str(), "{package}");
    }
}

fn teller(settings: &Settings, name: &str) -> Arc<dyn AccountWebhook> {
    told::tellers(settings).into_iter().find(|t| t.teller() == name).expect("configured")
}

fn headers(case: &Value, name: &str) -> Vec<(String, String)> {
    let pairs = case[name].as_object().expect("headers").iter();
    pairs.map(|(n, v)| (n.clone(), v.as_str().expect("a text").to_owned())).collect()
}

fn verdict(webhook: &dyn AccountWebhook, headers: &[(String, String)], body: &str, now: Timestamp) -> Verdict {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    call(webhook, &headers, body.as_bytes(), now)
}

#[test]
fn every_webhook_sample_verifies() {
    let file = file(WEBHOOKS);
    assert_eq!(groups(&file), [("casso_v2", 2), ("payos", 2), ("sepay", 2)]);
    for case in list(&file["casso_v2"]) {
        check_casso(case);
    }
    for case in list(&file["payos"]) {
        assert_eq!(str_of(case, "key"), "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675");
        check_payos(&case["body"], str_of(case, "signed_message"));
    }
    for case in list(&file["sepay"]) {
        let key = Some(str_of(case, "key").into());
        let settings = match str_of(case, "id") {
            "own-hmac" => Settings { sepay_hmac_secret: key, ..least() },
            "own-apikey" => Settings { sepay_api_key: key, ..least() },
            other => panic!("a case without expectation: {other}"),
        };
        let (sepay, now) = (teller(&settings, "sepay"), at("2026-11-24T08:02:37Z"));
        let reports = verdict(&*sepay, &headers(case, "header"), str_of(case, "raw_body"), now).expect("verified");
        let [report] = reports.as_slice() else { panic!("one row") };
        assert_eq!((report.source_key.as_str(), report.amount), ("sepay:92704", Vnd::new(150_000)));
        assert_eq!((report.account_number.as_str(), report.direction), ("8630123456789", Direction::In));
        assert_eq!(report.virtual_account.as_deref(), Some("96247LC01"));
        assert_eq!(report.bank_ref.as_deref(), Some("FT26328276428999"));
        assert_eq!(report.text, "MBVCB.7018057206.704314.LC7K2M9QX4T.CT tu 0071001104999 NGUYEN VAN A");
        assert_eq!(report.stated_at, Some(at("2026-11-24T07:02:37Z")));
    }
}

fn check_casso(case: &Value) {
    let casso = teller(&full(), "casso");
    let (body, now) = (case["body"].to_string(), at("2024-10-03T09:37:38.788Z"));
    let signed = |hash: &str| vec![("X-Casso-Signature".to_owned(), format!("t=1727948258788,v1={hash}"))];
    let canonical = format!("1727948258788.{}", Json::parse(&body).expect("JSON").canonical());
    match str_of(case, "id") {
        "published-example" => {
            assert_eq!(canonical, str_of(case, "signed_message"));
            assert_eq!(verdict(&*casso, &headers(case, "header"), &body, now), Ok(vec![]), "the portal's test call");
        }
        "own-non-ascii-and-slash" => {
            assert_eq!(canonical, str_of(case, "signed_message_js"));
            let reports = verdict(&*casso, &signed(str_of(case, "v1_js")), &body, now).expect("verified");
            assert_eq!((reports[0].source_key.as_str(), reports[0].amount), ("casso:987654", Vnd::new(150_000)));
            assert_eq!(reports[0].bank_ref.as_deref(), Some("FT26328276428999"));
            assert!(is_forged(&verdict(&*casso, &signed(str_of(case, "v1_php_default")), &body, now)));
        }
        other => panic!("a case without expectation: {other}"),
    }
}

fn object(value: &Value) -> Object {
    Json::object(&value.to_string()).expect("an object")
}

fn check_payos(body: &Value, string_to_sign: &str) {
    assert_eq!(payos::signed_text(&object(&body["data"])).as_deref(), Some(string_to_sign));
    let reports = verdict(&*teller(&full(), "payos"), &[], &body.to_string(), at("2026-01-05T03:00:00Z"));
    let data = &body["data"];
    let reports = reports.expect("verified");
    if data["description"] == "VQRIO123" {
        assert_eq!(reports, [], "the registration's test call");
        return;
    }
    let key = format!("payos:{}:{}", str_of(data, "paymentLinkId"), str_of(data, "reference"));
    assert_eq!((&reports[0].source_key, reports[0].amount.dong()), (&key, data["amount"].as_i64().expect("amount")));
    assert_eq!(reports[0].text, str_of(data, "description"));
}

#[test]
fn every_payos_case_gives_its_string_and_its_signature() {
    let (file, mut ran) = (file(PAYOS), BTreeMap::new());
    assert_eq!(groups(&file), [("cases", 8), ("sepay_formula_cases", 1)]);
    let keys = Secrets::new(&full().payos_checksum_key, &None).expect("a key");
    let signs = |value: &Value, case: &Value, string: &str, hash: &str| {
        let text = payos::signed_text(&object(value)).expect("to be signed");
        assert_eq!(text, str_of(case, string), "{}", case["name"]);
        assert!(keys.fits_sha256(&[text.as_bytes()], hash), "{}", case["name"]);
    };
    for case in list(&file["cases"]) {
        let kind = str_of(case, "kind");
        match kind {
            "webhook" => {
                let body = &case["body_that_verifies"];
                assert_eq!(str_of(body, "signature"), str_of(case, "expected_signature"));
                check_payos(body, str_of(case, "expected_string_to_sign"));
                let tampered = case["body_tampered_must_not_verify"].to_string();
                let verdict = verdict(&*teller(&full(), "payos"), &[], &tampered, at("2026-01-05T03:00:00Z"));
                assert!(is_forged(&verdict), "{}", case["name"]);
            }
            // Links are not made here; the rule of signing is the same.
            "create-request" => {
                let signed = ["amount", "cancelUrl", "description", "orderCode", "returnUrl"];
                let five: Value =
                    signed.map(|name| (name.to_owned(), case["input"][name].clone())).into_iter().collect();
                signs(&five, case, "expected_string_to_sign", str_of(case, "expected_signature"));
                let answer = &case["response_accepted_by_both_sdks"];
                signs(&answer["data"], case, "response_string_to_sign", str_of(answer, "signature"));
            }
            "get-response" => {
                let hash = str_of(case, "expected_signature");
                signs(&case["response"]["data"], case, "expected_string_to_sign", hash);
            }
            // They hold nothing that is signed.
            "create-response" | "cancel-request" => {}
            other => panic!("a case of unknown kind: {other}"),
        }
        *ran.entry(kind).or_insert(0) += 1;
    }
    let expected =
        [("cancel-request", 1), ("create-request", 2), ("create-response", 1), ("get-response", 1), ("webhook", 3)];
    assert_eq!(ran, expected.into());
    for case in list(&file["sepay_formula_cases"]) {
        let settings = Settings { sepay_hmac_secret: Some(str_of(case, "key").into()), ..least() };
        let (sepay, now) = (teller(&settings, "sepay"), at("2026-01-05T02:34:12Z"));
        let (headers, body) = (headers(case, "headers"), str_of(case, "raw_body"));
        let reports = verdict(&*sepay, &headers, body, now).expect("verified");
        assert_eq!((reports[0].text.as_str(), reports[0].amount), ("LC260105001 nộp lệ phí", Vnd::new(50_000)));
        let tampered = str_of(case, "raw_body_tampered_must_not_verify");
        assert!(is_forged(&verdict(&*sepay, &headers, tampered, now)));
    }
}

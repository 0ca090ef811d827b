//! SePay, Casso and payOS, signed here by their documents and not by the adapter.

use crate::changes::{changed, changed_text};
use crate::numbers::whole;
use domain::Vnd;
use domain::account_report::{AccountReport, Direction};
use domain::codes::ProfileCode;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use provider::{AccountWebhook, Provider, Refusal, Request};
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha512};
use std::sync::{Arc, LazyLock};

const KEY: &str = "a-key-of-the-fuzzer";
/// 2026-11-25, in Hanoi.
const NOW_S: i64 = 1_795_586_400;

type Verdict = Result<Vec<AccountReport>, Refusal>;
type Headers = Vec<(String, String)>;

static SIGNED: LazyLock<Provider> =
    LazyLock::new(|| made(json!({"sepay_hmac_secret": KEY, "casso_checksum_key": KEY, "payos_checksum_key": KEY})));
static KEYED: LazyLock<Provider> = LazyLock::new(|| made(json!({ "sepay_api_key": KEY })));

fn made(settings: Value) -> Provider {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (profile, settings) =
        (ProfileCode::new("fuzzed").expect("a code"), serde_json::from_value(settings).expect("settings"));
    let http = provider::http::client().expect("a client");
    provider_vietqr::provider(profile, Vec::new(), settings, http).expect("a provider")
}

fn teller(provider: &Provider, name: &str) -> Arc<dyn AccountWebhook> {
    provider.account_webhooks.iter().find(|teller| teller.teller() == name).expect("a teller of this name").clone()
}

fn verify(webhook: &dyn AccountWebhook, headers: &Headers, body: &[u8]) -> Verdict {
    let now = Timestamp::from_second(NOW_S).expect("a time");
    webhook.verify(&Request { method: "POST", query: "", headers, body }, now)
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn mac<M: Mac + KeyInit>(text: &[u8]) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(KEY.as_bytes()).expect("a key of any length");
    mac.update(text);
    hex::encode(mac.finalize().into_bytes())
}

/// The first byte says who calls, and how the rest becomes the body.
pub fn check(bytes: &[u8]) -> bool {
    let Some((how, body)) = bytes.split_first() else { return false };
    match how % 8 {
        0 => sepay_signed("application/json", body),
        1 => sepay_signed("application/x-www-form-urlencoded", body),
        2 => sepay_keyed("application/json", body),
        3 => sepay_keyed("application/x-www-form-urlencoded", body),
        4 => casso(body),
        5 => payos(payos_signed(body).as_deref().unwrap_or(body)),
        6 => payos(body),
        _ => casso_as_it_is(body),
    }
}

fn sepay_signed(kind: &str, body: &[u8]) -> bool {
    let webhook = teller(&SIGNED, "sepay");
    let text = [format!("{NOW_S}.").as_bytes(), body].concat();
    let headers = |time: &str, hash: &str| {
        vec![header("X-SePay-Timestamp", time), header("X-SePay-Signature", hash), header("Content-Type", kind)]
    };
    let (time, hash) = (NOW_S.to_string(), format!("sha256={}", mac::<Hmac<Sha256>>(&text)));
    let good = headers(&time, &hash);
    let verdict = verify(&*webhook, &good, body);
    assert!(!matches!(verdict, Err(Refusal::Forged(_))), "rightly signed, and refused: {verdict:?}");
    for other in changed(body) {
        assert_forged(&verify(&*webhook, &good, &other));
    }
    for other in changed_text(&time) {
        assert_forged(&verify(&*webhook, &headers(&other, &hash), body));
    }
    for other in changed_text(&hash) {
        // hex of either case is the same hash, and blanks around a header's value are none of it
        if !other.trim().eq_ignore_ascii_case(&hash) {
            assert_forged(&verify(&*webhook, &headers(&time, &other), body));
        }
    }
    assert_sound(&verdict)
}

fn sepay_keyed(kind: &str, body: &[u8]) -> bool {
    let webhook = teller(&KEYED, "sepay");
    let headers = |key: &str| vec![header("Authorization", format!("Apikey {key}")), header("Content-Type", kind)];
    for other in changed_text(KEY).filter(|other| other.trim() != KEY) {
        assert_forged(&verify(&*webhook, &headers(&other), body));
    }
    let verdict = verify(&*webhook, &headers(KEY), body);
    assert!(!matches!(verdict, Err(Refusal::Forged(_))), "the right key, and refused: {verdict:?}");
    assert_sound(&verdict)
}

/// Signed by the rule of V2, where the body is JSON whose numbers are whole.
fn casso(body: &[u8]) -> bool {
    let time = NOW_S * 1_000;
    let canonical = serde_json::from_slice::<Value>(body).map(|json| sorted(&json).to_string()).unwrap_or_default();
    let hash = mac::<Hmac<Sha512>>(format!("{time}.{canonical}").as_bytes());
    casso_call(&format!("t={time},v1={hash}"), body)
}

/// The first line is the header.
fn casso_as_it_is(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else { return false };
    let Ok(proof) = std::str::from_utf8(&bytes[..end]) else { return false };
    casso_call(proof, &bytes[end + 1..])
}

fn casso_call(proof: &str, body: &[u8]) -> bool {
    let webhook = teller(&SIGNED, "casso");
    let call = |proof: &str, body: &[u8]| verify(&*webhook, &vec![header("X-Casso-Signature", proof)], body);
    let verdict = call(proof, body);
    if !matches!(verdict, Err(Refusal::Forged(_))) {
        for other in changed(body) {
            assert_same_or_forged(&call(proof, &other), &verdict);
        }
        for other in changed_text(proof) {
            assert_same_or_forged(&call(&other, body), &verdict);
        }
    }
    assert_sound(&verdict)
}

fn payos(body: &[u8]) -> bool {
    let webhook = teller(&SIGNED, "payos");
    let call = |body: &[u8]| verify(&*webhook, &Headers::new(), body);
    let verdict = call(body);
    if !matches!(verdict, Err(Refusal::Forged(_))) {
        for other in changed(body) {
            assert_same_or_forged(&call(&other), &verdict);
        }
    }
    assert_sound(&verdict)
}

/// The body with the signature over its `data`.
fn payos_signed(body: &[u8]) -> Option<Vec<u8>> {
    let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let data = sorted(body.get("data")?);
    let pair = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("{name}="),
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    let text = data.as_object()?.iter().map(pair).collect::<Vec<_>>().join("&");
    body.insert("signature".to_owned(), mac::<Hmac<Sha256>>(text.as_bytes()).into());
    serde_json::to_vec(&body).ok()
}

/// Names in order at every level.
fn sorted(json: &Value) -> Value {
    match json {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            Value::Object(members.into_iter().collect())
        }
        other => other.clone(),
    }
}

#[track_caller]
fn assert_forged(verdict: &Verdict) {
    assert!(matches!(verdict, Err(Refusal::Forged(_))), "believed: {verdict:?}");
}

/// What is not signed (blanks, the case of hex, what stands beside `data`) may change, and says the same.
#[track_caller]
fn assert_same_or_forged(verdict: &Verdict, before: &Verdict) {
    assert!(verdict == before || matches!(verdict, Err(Refusal::Forged(_))), "{before:?} became {verdict:?}");
}

fn assert_sound(verdict: &Verdict) -> bool {
    let Ok(reports) = verdict else { return false };
    reports.iter().for_each(assert_row);
    !reports.is_empty()
}

/// What a row may hold, whoever told of it.
pub fn assert_row(row: &AccountReport) {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    assert!(row.amount.is_positive() && Vnd::amount(row.amount.dong()).is_ok(), "{row:?}");
    assert_eq!(whole(&row.amount.dong().to_string()), Some(i128::from(row.amount.dong())));
    assert!(matches!(row.direction, Direction::In | Direction::Out));
    assert!(
        row.source_key.strip_prefix(row.teller).is_some_and(|rest| rest.len() > 1 && rest.starts_with(':')),
        "{row:?}"
    );
    assert!(plain(&row.account_number), "{row:?}");
    assert!(row.virtual_account.as_deref().is_none_or(|number| plain(number) && number != row.account_number));
    assert!(row.bank_ref.as_deref().is_none_or(|text| !text.trim().is_empty() && !text.chars().any(char::is_control)));
    assert!(!row.text.chars().any(char::is_control), "{row:?}");
}

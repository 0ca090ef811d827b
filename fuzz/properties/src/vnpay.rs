//! VNPAY's IPN and its answers to querydr, signed here by the document and not by the adapter (VNPAY 2.1.0, checksum).

use crate::changes::{changed, changed_text};
use crate::host::{Host, PerThread};
use crate::numbers::whole;
use domain::Vnd;
use domain::codes::{OrderRef, ProfileCode};
use domain::payment::{News, Report};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use provider::{Provider, Question, Refusal, Request};
use serde_json::{Value, json};
use sha2::Sha512;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SECRET: &str = "LAOCAIVNPAYTESTSECRET0123456789A";
const TERMINAL: &str = "LAOCAI01";
const ORDER: &str = "LT7K2M9QX4T1";

fn made(api_url: &str, http: reqwest::Client) -> Provider {
    let settings =
        json!({"pay_url": "https://pay.example.vn/", "api_url": api_url, "tmn_code": TERMINAL, "hash_secret": SECRET});
    let settings = serde_json::from_value(settings).expect("settings");
    provider_vnpay::provider(ProfileCode::new("fuzzed").expect("a code"), Vec::new(), settings, http)
        .expect("a provider")
}

fn mac(text: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

// -- the IPN

static WEBHOOK: LazyLock<Provider> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    made("https://pay.example.vn/api", provider::http::client().expect("a client"))
});

fn verify(query: &str) -> Result<Report, Refusal> {
    let webhook = WEBHOOK.webhook.as_ref().expect("VNPAY calls");
    webhook.verify(&Request { method: "GET", query, headers: &[], body: b"" })
}

/// The first byte says how the rest becomes a query: as it is, signed as it stands, or signed and written anew.
pub fn webhook(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let Ok(text) = std::str::from_utf8(rest) else { return false };
    let query = match how % 3 {
        0 => text.to_owned(),
        1 => signed_as_it_stands(text),
        _ => signed_anew(text),
    };
    let verdict = verify(&query);
    if how % 3 != 0 {
        let refused = matches!(&verdict, Err(Refusal::Forged("hash" | "no hash" | "method" | "terminal")));
        assert!(!refused, "{query}: rightly signed, and refused: {verdict:?}");
    }
    if matches!(verdict, Err(Refusal::Forged(_))) {
        return false;
    }
    if let Ok(report) = &verdict {
        says_what_was_sent(report, &query);
    }
    for other in changed_text(&query) {
        let again = verify(&other);
        let harmless = again == verdict || matches!(again, Err(Refusal::Forged(_)));
        assert!(harmless, "{query} became {other}, and {verdict:?} became {again:?}");
    }
    let webhook = WEBHOOK.webhook.as_ref().expect("VNPAY calls");
    let posted = webhook.verify(&Request { method: "POST", query: &query, headers: &[], body: b"" });
    assert_eq!(posted, Err(Refusal::Forged("method")));
    verdict.is_ok()
}

fn decoded(pair: &str) -> Option<(String, String)> {
    form_urlencoded::parse(pair.as_bytes()).next().map(|(name, value)| (name.into_owned(), value.into_owned()))
}

fn is_ours(name: &str) -> bool {
    ["vnp_SecureHash", "vnp_SecureHashType", "vnp_TmnCode"].contains(&name)
}

/// Pairs as they came, sorted by name.
fn signed_as_it_stands(text: &str) -> String {
    let terminal = format!("vnp_TmnCode={TERMINAL}");
    let mut pairs: Vec<_> =
        text.split('&').filter_map(|raw| Some((decoded(raw)?, raw))).filter(|((name, _), _)| !is_ours(name)).collect();
    pairs.push((("vnp_TmnCode".to_owned(), TERMINAL.to_owned()), &terminal));
    let query: Vec<_> = pairs.iter().map(|(_, raw)| *raw).collect();
    let query = query.join("&");
    pairs.retain(|((name, value), _)| name.starts_with("vnp_") && !value.is_empty());
    pairs.sort_by(|((a, _), _), ((b, _), _)| a.cmp(b));
    let signed: Vec<_> = pairs.iter().map(|(_, raw)| *raw).collect();
    format!("{query}&vnp_SecureHash={}", mac(&signed.join("&")))
}

/// Pairs decoded and encoded anew, sorted by name.
fn signed_anew(text: &str) -> String {
    let mut pairs: Vec<_> = text.split('&').filter_map(decoded).filter(|(name, _)| !is_ours(name)).collect();
    pairs.push(("vnp_TmnCode".to_owned(), TERMINAL.to_owned()));
    pairs.sort();
    let form =
        |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let query = form(&pairs);
    pairs.retain(|(name, value)| name.starts_with("vnp_") && !value.is_empty());
    format!("{query}&vnp_SecureHash={}", mac(&form(&pairs)))
}

fn says_what_was_sent(report: &Report, query: &str) {
    let sent: BTreeMap<_, _> = query.split('&').filter_map(decoded).collect();
    assert_eq!(sent.get("vnp_TmnCode").map(String::as_str), Some(TERMINAL));
    let codes = ["vnp_ResponseCode", "vnp_TransactionStatus"].map(|name| sent.get(name).map(String::as_str));
    let paid = codes == [Some("00"), Some("00")];
    assert_eq!(matches!(report.news, News::Captured(_)), paid, "{query}");
    assert_eq!(
        matches!(report.news, News::Failed { .. }),
        codes[1] == Some("02") && !matches!(codes[0], Some("00" | "07")),
        "{query}"
    );
    if let News::Captured(capture) = &report.news {
        let amount = sent.get("vnp_Amount").and_then(|text| whole(text));
        assert_eq!(amount, Some(i128::from(capture.amount.dong()) * 100), "{query}");
        assert!(capture.amount.is_positive() && Vnd::amount(capture.amount.dong()).is_ok());
        assert_eq!(sent.get("vnp_TransactionNo"), Some(&capture.provider_txn_id), "{query}");
    }
    let order = sent.get("vnp_TxnRef").expect("an order");
    assert!(OrderRef::new(order.as_str()).map_or(true, |order| order == report.order_ref), "{query}");
}

// -- the answer to querydr

thread_local! {
    static STATUS: PerThread<Provider> = const { PerThread::new() };
}

/// What the answer's signature covers, in this order (VNPAY 2.1.0, querydr).
const SIGNED: [&str; 15] = [
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
];

/// The first byte says whether the rest is the answer as it is, or becomes a signed answer about our order.
pub fn status(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let body = if how % 2 == 0 { rest.to_vec() } else { signed_answer(rest).unwrap_or_else(|| rest.to_vec()) };
    STATUS.with(|slot| {
        slot.with(|host| made(&host.url, host.http.clone()), |host, provider| answered(host, provider, &body))
    })
}

fn answered(host: &Host, provider: &Provider, body: &[u8]) -> bool {
    let at = Timestamp::UNIX_EPOCH;
    let order_ref = OrderRef::new(ORDER).expect("a code");
    let question = Question { order_ref, amount: Vnd::new(40_000), ordered_at: at, now: at };
    let status = provider.status.as_ref().expect("VNPAY is asked");
    let ask = |body: &[u8]| host.answering(body, status.ask(&question));
    let Ok(told) = ask(body) else { return false };
    assert_eq!(told.evidence, body);
    assert_eq!(told.report.order_ref, question.order_ref);
    if let News::Captured(capture) = &told.report.news {
        let sent: BTreeMap<String, Value> = serde_json::from_slice(body).expect("it was read");
        let amount = match &sent["vnp_Amount"] {
            Value::String(text) => whole(text),
            other => whole(&other.to_string()),
        };
        assert_eq!(amount, Some(i128::from(capture.amount.dong()) * 100));
    }
    for other in changed(body).take(8) {
        if let Ok(again) = ask(&other) {
            assert_eq!(again.report, told.report, "{}", String::from_utf8_lossy(&other));
        }
    }
    true
}

fn signed_answer(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut answer: BTreeMap<String, Value> = serde_json::from_slice(bytes).ok()?;
    for (name, value) in [("vnp_TmnCode", TERMINAL), ("vnp_TxnRef", ORDER), ("vnp_Command", "querydr")] {
        answer.insert(name.to_owned(), value.into());
    }
    let text = |name: &&str| match answer.get(*name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let signed = SIGNED.iter().map(text).collect::<Vec<_>>().join("|");
    answer.insert("vnp_SecureHash".to_owned(), mac(&signed).into());
    serde_json::to_vec(&answer).ok()
}

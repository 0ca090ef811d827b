//! MoMo's IPN, ZaloPay's callback and its answers to a question, signed here by the documents and not by the adapters.

use crate::changes::{changed, changed_text};
use crate::host::{Host, PerThread};
use crate::numbers::whole;
use domain::Vnd;
use domain::codes::{OrderRef, ProfileCode};
use domain::payment::{Capture, News, Report};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use provider::{Provider, Question, Refusal, Request};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::sync::LazyLock;

const PARTNER: &str = "MOMO";
const ACCESS_KEY: &str = "access";
const SECRET: &str = "momo-secret";
const APP: u64 = 2553;
const KEY2: &str = "zalopay-key2";

/// MoMo AIO v2, what an IPN's signature covers, in this order, after the access key.
const SIGNED: [&str; 12] = [
    "amount",
    "extraData",
    "message",
    "orderId",
    "orderInfo",
    "orderType",
    "partnerCode",
    "payType",
    "requestId",
    "responseTime",
    "resultCode",
    "transId",
];

static MOMO: LazyLock<Provider> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = json!({
        "api_url": "https://pay.example.vn", "partner_code": PARTNER, "access_key": ACCESS_KEY, "secret_key": SECRET,
    });
    let settings = serde_json::from_value(settings).expect("settings");
    provider_momo::provider(profile(), Vec::new(), settings, provider::http::client().expect("a client"))
        .expect("a provider")
});

static ZALOPAY: LazyLock<Provider> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    zalopay("https://pay.example.vn", provider::http::client().expect("a client"))
});

fn zalopay(api_url: &str, http: reqwest::Client) -> Provider {
    let settings = json!({"api_url": api_url, "app_id": APP, "key1": "zalopay-key1", "key2": KEY2});
    let settings = serde_json::from_value(settings).expect("settings");
    provider_zalopay::provider(profile(), Vec::new(), settings, http).expect("a provider")
}

pub fn profile() -> ProfileCode {
    ProfileCode::new("fuzzed").expect("a code")
}

fn mac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

pub fn verify(provider: &Provider, body: &str) -> Result<Report, Refusal> {
    let webhook = provider.webhook.as_ref().expect("a wallet calls");
    webhook.verify(&Request { method: "POST", query: "", headers: &[], body: body.as_bytes() })
}

/// What was changed is refused, or says the same.
pub fn stands_alone(provider: &Provider, body: &str, verdict: &Result<Report, Refusal>) {
    for other in changed_text(body) {
        let again = verify(provider, &other);
        let harmless = again == *verdict || matches!(again, Err(Refusal::Forged(_)));
        assert!(harmless, "{body} became {other}, and {verdict:?} became {again:?}");
    }
    let webhook = provider.webhook.as_ref().expect("a wallet calls");
    let got = webhook.verify(&Request { method: "GET", query: "", headers: &[], body: body.as_bytes() });
    assert_eq!(got, Err(Refusal::Forged("method")));
}

pub fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub fn is_amount(capture: &Capture, sent: &str) -> bool {
    whole(sent) == Some(i128::from(capture.amount.dong())) && Vnd::amount(capture.amount.dong()).is_ok()
}

/// The first byte says whether the rest is the body as it is, or becomes one that MoMo signed.
pub fn momo_webhook(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let Ok(raw) = std::str::from_utf8(rest) else { return false };
    let signed = (how % 2 == 1).then(|| signed_by_momo(raw)).flatten();
    let body = signed.as_deref().unwrap_or(raw);
    let verdict = verify(&MOMO, body);
    if signed.is_some() {
        let refused = matches!(&verdict, Err(Refusal::Forged("signature" | "no signature" | "method" | "partner")));
        assert!(!refused, "{body}: rightly signed, and refused: {verdict:?}");
    }
    if matches!(verdict, Err(Refusal::Forged(_))) {
        return false;
    }
    if let Ok(report) = &verdict {
        let sent: Value = serde_json::from_str(body).expect("it was read");
        let code = text(sent.get("resultCode"));
        assert_eq!(matches!(report.news, News::Captured(_)), code == "0", "{body}");
        assert_eq!(report.news == News::Committed, code == "9000", "{body}");
        if let News::Captured(capture) = &report.news {
            assert!(is_amount(capture, &text(sent.get("amount"))), "{body}");
            assert_eq!(capture.provider_txn_id, text(sent.get("transId")), "{body}");
        }
        let order = OrderRef::new(text(sent.get("orderId")));
        assert!(order.map_or(true, |order| order == report.order_ref), "{body}");
    }
    stands_alone(&MOMO, body, &verdict);
    verdict.is_ok()
}

fn signed_by_momo(raw: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(raw).ok()?;
    fields.insert("partnerCode".to_owned(), PARTNER.into());
    let pairs: Vec<_> = SIGNED.iter().map(|name| format!("{name}={}", text(fields.get(*name)))).collect();
    fields.insert("signature".to_owned(), mac(SECRET, &format!("accessKey={ACCESS_KEY}&{}", pairs.join("&"))).into());
    Some(Value::Object(fields).to_string())
}

/// The first byte says whether the rest is the body as it is, or the data of one that ZaloPay signed: for our app, or as
/// it stands.
pub fn zalopay_webhook(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let Ok(raw) = std::str::from_utf8(rest) else { return false };
    let data = match how % 3 {
        0 => None,
        1 => Some(of_our_app(raw).unwrap_or_else(|| raw.to_owned())),
        _ => Some(raw.to_owned()),
    };
    let body = data.as_ref().map(|data| json!({"data": data, "mac": mac(KEY2, data), "type": 1}).to_string());
    let body = body.as_deref().unwrap_or(raw);
    let verdict = verify(&ZALOPAY, body);
    if data.is_some() {
        let refused = matches!(&verdict, Err(Refusal::Forged("mac" | "no data or no mac" | "method")));
        assert!(!refused, "{body}: rightly signed, and refused: {verdict:?}");
    }
    if matches!(verdict, Err(Refusal::Forged(_))) {
        return false;
    }
    if let (Ok(report), Some(data)) = (&verdict, &data) {
        let sent: Value = serde_json::from_str(data).expect("it was read");
        assert_eq!(text(sent.get("app_id")), APP.to_string(), "{body}");
        assert!(matches!(&report.news, News::Captured(_)), "{body}: only of money");
        if let News::Captured(capture) = &report.news {
            assert!(is_amount(capture, &text(sent.get("amount"))), "{body}");
            assert_eq!(capture.provider_txn_id, text(sent.get("zp_trans_id")), "{body}");
        }
    }
    stands_alone(&ZALOPAY, body, &verdict);
    verdict.is_ok()
}

fn of_our_app(raw: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(raw).ok()?;
    fields.insert("app_id".to_owned(), APP.into());
    Some(Value::Object(fields).to_string())
}

thread_local! {
    static STATUS: PerThread<Provider> = const { PerThread::new() };
}

/// The bytes are ZaloPay's answer to a question.
pub fn zalopay_status(bytes: &[u8]) -> bool {
    STATUS.with(|slot| {
        slot.with(|host| zalopay(&host.url, host.http.clone()), |host, provider| answered(host, provider, bytes))
    })
}

fn answered(host: &Host, provider: &Provider, body: &[u8]) -> bool {
    let at = Timestamp::UNIX_EPOCH;
    let order_ref = OrderRef::new("LT7K2M9QX4T1").expect("a code");
    let question = Question { order_ref, amount: Vnd::new(40_000), ordered_at: at, now: at };
    let status = provider.status.as_ref().expect("ZaloPay is asked");
    let ask = |body: &[u8]| host.answering(body, status.ask(&question));
    let Ok(told) = ask(body) else { return false };
    assert_eq!((&told.evidence[..], &told.report.order_ref), (body, &question.order_ref));
    let sent: Value = serde_json::from_slice(body).expect("it was read");
    assert_eq!(matches!(told.report.news, News::Captured(_)), text(sent.get("return_code")) == "1");
    if let News::Captured(capture) = &told.report.news {
        assert!(is_amount(capture, &text(sent.get("amount"))));
        assert_eq!(capture.provider_txn_id, text(sent.get("zp_trans_id")));
    }
    // not signed: what is changed may say something else, and never breaks
    for other in changed(body).take(8) {
        let _ = ask(&other);
    }
    true
}

//! Mobile Money: addresses of callbacks, signed here by what docs/channels/mobile-money.md says of them and not by the adapter, and
//! answers of the provider (GSMA Mobile Money API 1.2).

use crate::changes::{changed, changed_text};
use crate::host::PerThread;
use domain::codes::{OrderRef, ProfileCode};
use domain::payment::News;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use provider::{Hint, Provider, Question, Refusal, Request};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::LazyLock;
use std::time::Duration;
use volatile::Volatile;

const KEY: &str = "MOBILEMONEYCALLBACKKEY01";
const PARTY: &str = "LAOCAI-DVC";
const ORDER: &str = "LT7K2M9QX4T1";
const HANDLE: &str = "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a001";

const PROFILE: &str = "fuzzed";

fn made(api_url: &str, http: reqwest::Client, volatile: Volatile) -> Provider {
    let settings = json!({
        "api_url": api_url, "token_url": "http://127.0.0.1:9/token", "client_id": "fuzzed", "client_secret": "fuzzed",
        "credit_party": PARTY, "callback_key": KEY,
    });
    let settings = serde_json::from_value(settings).expect("settings");
    let webhook_url = "https://pay.example.vn/v1/webhooks/mobile_money/fuzzed".to_owned();
    let surroundings = provider_mobile_money::Surroundings { http, volatile, webhook_url };
    provider_mobile_money::provider(ProfileCode::new(PROFILE).expect("a code"), Vec::new(), settings, surroundings)
        .expect("a provider")
}

fn alone() -> Volatile {
    Volatile::new(None).expect("no address")
}

// -- the callback

static WEBHOOK: LazyLock<Provider> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    made("https://mm.example.vn/mm", provider::http::client().expect("a client"), alone())
});

fn verify(query: &str, body: &[u8]) -> Refusal {
    let webhook = WEBHOOK.webhook.as_ref().expect("callbacks");
    webhook.verify(&Request { method: "PUT", query, headers: &[], body }).expect_err("a callback is never a report")
}

/// The first byte says what the first line of the rest becomes: a query as it is, or the name in a rightly made address; what
/// follows is the body, which changes nothing.
pub fn callback(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let mut parts = rest.splitn(2, |b| *b == b'\n');
    let Ok(text) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return false };
    let body = parts.next().unwrap_or_default();
    let query = match how % 3 {
        0 => text.to_owned(),
        1 => address("order", text),
        _ => address("refund", text),
    };
    let verdict = verify(&query, body);
    assert_eq!(verdict, verify(&query, b""), "{query}: the body was read");
    let Refusal::Hint(hint) = &verdict else {
        assert!(matches!(verdict, Refusal::Forged(_)), "{query}: {verdict:?}");
        return false;
    };
    let named = match hint {
        Hint::Order(order) => address("order", order.as_str()),
        Hint::Refund(id) => address("refund", id),
    };
    assert_eq!(verify(&named, body), verdict, "{query}");
    for other in changed_text(&query) {
        let again = verify(&other, body);
        let harmless = again == verdict || matches!(again, Refusal::Forged(_));
        assert!(harmless, "{query} became {other}, and {verdict:?} became {again:?}");
    }
    true
}

fn address(what: &str, name: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key of any length");
    mac.update(format!("{what}:{name}").as_bytes());
    let key = hex::encode(mac.finalize().into_bytes());
    form_urlencoded::Serializer::new(String::new()).append_pair(what, name).append_pair("key", &key).finish()
}

// -- answers

thread_local! {
    static ASKED: PerThread<Provider> = const { PerThread::new() };
}

/// The same bytes answer every call: as a link, a request state and a transaction alike.
pub fn answer(bytes: &[u8]) -> bool {
    let told = told(bytes);
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return false };
    if let Ok(News::Captured(capture)) = &told {
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        assert!(text("transactionStatus").eq_ignore_ascii_case("completed"), "{value}");
        assert_eq!((text("currency"), text("transactionReference")), ("VND", capture.provider_txn_id.as_str()));
        let (whole, fraction) = text("amount").split_once('.').unwrap_or((text("amount"), "0"));
        assert_eq!(whole.parse(), Ok(capture.amount.dong()), "{value}");
        assert!(fraction.bytes().all(|b| b == b'0'), "{value}");
        assert!([None, Some(""), Some(ORDER)].contains(&value["requestingOrganisationTransactionReference"].as_str()));
    }
    if let Ok(News::Failed { code }) = &told {
        assert!(code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{code}");
    }
    for other in changed(bytes) {
        // whatever is changed: it is read, or it is an error
        drop(self::told(&other));
    }
    told.is_ok()
}

fn told(bytes: &[u8]) -> Result<News, ()> {
    let question = Question {
        order_ref: OrderRef::new(ORDER).expect("a code"),
        amount: domain::Vnd::new(40_000),
        ordered_at: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
    };
    ASKED.with(|asked| {
        asked.with(
            |host| {
                // the host would answer a login with the fuzzer's bytes too
                let (volatile, token) = (alone(), SecretString::from("fuzzed"));
                let kept = volatile.keep_token("mobile_money:fuzzed", &token, Duration::from_secs(86_400));
                host.answering(b"", kept);
                made(&host.url, host.http.clone(), volatile.clone())
            },
            |host, provider| {
                let status = provider.status.as_ref().expect("it can be asked");
                let handle = if bytes.len().is_multiple_of(2) { Some(HANDLE) } else { None };
                let told = host.answering(bytes, status.ask_by(&question, handle));
                told.map(|told| told.report.news).map_err(|_| ())
            },
        )
    })
}

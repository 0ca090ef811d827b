//! Calls about bills, from whoever has a token: what is asked, and what is paid. Checksums and hashes are made here by what
//! docs/channels/bill-collection.md says of them and not by the adapter.

use crate::changes::changed;
use domain::codes::ProfileCode;
use jiff::Timestamp;
use md5::{Digest, Md5};
use provider::{Asked, BillCall, BillPayment, Heard, Provider, Request};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::LazyLock;

const SECRET: &str = "FUZZEDBILLSECRET01";
const CHECKSUM: &str = "FUZZEDBILLCHECKSUM";
/// `the-bank:FUZZEDBILLSECRET01`
const BASIC: &str = "Basic dGhlLWJhbms6RlVaWkVEQklMTFNFQ1JFVDAx";
const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

static BANK: LazyLock<Provider> = LazyLock::new(|| {
    let settings =
        json!({"service_id": "S", "client_id": "the-bank", "client_secret": SECRET, "checksum_secret": CHECKSUM});
    let settings = serde_json::from_value(settings).expect("settings");
    provider_bills::bidv::provider(profile(), Vec::new(), settings).expect("a provider")
});
static WALLET: LazyLock<Provider> = LazyLock::new(|| {
    let settings = json!({"client_id": "the-bank", "client_secret": SECRET});
    let settings = serde_json::from_value(settings).expect("settings");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = provider::http::client().expect("a client");
    provider_bills::gsma::provider(profile(), Vec::new(), settings, http).expect("a provider")
});

fn profile() -> ProfileCode {
    ProfileCode::new("fuzzed").expect("a code")
}

fn hear(provider: &Provider, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Asked {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let call = BillCall { path, request: Request { method, query, headers, body }, from: None };
    provider.bills.as_ref().expect("bills").hear(&call, NOW)
}

fn token(provider: &Provider) -> Vec<(String, String)> {
    let basic = [("authorization".to_owned(), BASIC.to_owned())];
    let granted = match hear(provider, "POST", "token", &basic, b"grant_type=client_credentials") {
        Asked::Answered(answer, Heard::Answered) => answer.body,
        _ => String::new(),
    };
    let body: Value = serde_json::from_str(&granted).expect("a token is given");
    vec![("authorization".to_owned(), format!("Bearer {}", body["access_token"].as_str().expect("a token")))]
}

/// The first byte says who calls, how, and whether it is proven; the first line of the rest is a path, what follows the body.
pub fn check(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let mut parts = rest.splitn(2, |b| *b == b'\n');
    let Ok(path) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return false };
    let body = parts.next().unwrap_or_default();
    let (provider, is_bank) = if how & 1 == 0 { (&*BANK, true) } else { (&*WALLET, false) };
    let method = if how & 2 == 0 { "POST" } else { "GET" };
    // without a token nothing is asked, whatever it is
    let bare = hear(provider, method, path, &[], body);
    assert!(matches!(bare, Asked::Answered(_, Heard::Forged)), "{path}: {bare:?}");
    let body = if is_bank && how & 4 == 0 { rightly_summed(body) } else { body.to_vec() };
    let mut headers = token(provider);
    if how & 8 == 0 {
        headers.push(("x-correlationid".to_owned(), "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a001".to_owned()));
        headers.push(("x-content-hash".to_owned(), hex::encode(Sha256::digest(&body))));
    }
    let asked = hear(provider, method, path, &headers, &body);
    assert_eq!(asked, hear(provider, method, path, &headers, &body), "the same call asks the same");
    let Asked::Pay(payment) = &asked else { return !matches!(asked, Asked::Answered(..)) };
    sound(payment, &body, is_bank);
    for other in changed(&body) {
        match hear(provider, method, path, &headers, &other) {
            Asked::Pay(again) if is_bank => {
                // what the checksum covers is as it was
                let proven = |p: &BillPayment| (p.transaction.clone(), p.bill.clone(), p.amount);
                assert_eq!(proven(&again), proven(payment));
            }
            Asked::Pay(_) => assert!(how & 8 != 0, "a hash that does not fit was taken"),
            _ => {}
        }
    }
    true
}

/// The fields that the document's checksum is over, with it.
fn rightly_summed(body: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut digest = Md5::new();
    digest.update(CHECKSUM);
    let of: &[&str] = if fields.contains_key("trans_id") {
        &["trans_id", "bill_id", "amount"]
    } else {
        &["service_id", "customer_id"]
    };
    of.iter().for_each(|name| digest.update(text(name)));
    let checksum = hex::encode(digest.finalize());
    fields.insert("checksum".to_owned(), Value::String(checksum));
    Value::Object(fields).to_string().into_bytes()
}

fn sound(payment: &BillPayment, body: &[u8], is_bank: bool) {
    let plain = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    assert!(plain(&payment.transaction) && plain(&payment.bill), "{payment:?}");
    assert!((1..=999_999_999_999).contains(&payment.amount.dong()), "{payment:?}");
    let sent: Value = serde_json::from_slice(body).expect("what is paid was read");
    let amount = if is_bank { &sent["amount"] } else { &sent["amountPaid"] };
    let literal = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
    let whole = literal.split_once('.').map_or(literal.as_str(), |(whole, _)| whole);
    assert_eq!(whole, payment.amount.dong().to_string(), "{sent}");
}

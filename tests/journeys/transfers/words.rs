//! Tellers' words, signed here from their documents and not by the adapter.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use tests::House;
use tests::bank::{ACCOUNT, webhook};

fn hmac<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

pub fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// SePay's documented signature (Bank transfer, section 2.1), made here.
pub fn sepay(secret: &str, at: i64, body: &str) -> Vec<(&'static str, String)> {
    let signature = format!("sha256={}", hmac::<Hmac<Sha256>>(secret, &format!("{at}.{body}")));
    vec![("X-SePay-Timestamp", at.to_string()), ("X-SePay-Signature", signature)]
}

/// Casso's, over a body whose names are sorted as written.
pub fn casso(secret: &str, at_ms: i64, body: &str) -> Vec<(&'static str, String)> {
    vec![("X-Casso-Signature", format!("t={at_ms},v1={}", hmac::<Hmac<Sha512>>(secret, &format!("{at_ms}.{body}"))))]
}

pub fn sepay_row(id: u64, amount: i64, content: &str) -> Value {
    json!({"id": id, "gateway": "Vietcombank", "transactionDate": "2026-11-25 09:00:00", "accountNumber": ACCOUNT,
        "subAccount": null, "code": null, "content": content, "transferType": "in", "description": content,
        "transferAmount": amount, "accumulated": 0, "referenceCode": format!("FT{id}")})
}

/// What SePay would say of a transfer that the bank booked.
pub fn sepay_row_of(booked: &Value) -> Value {
    let at: jiff::Timestamp = booked["booked_at"].as_str().unwrap().parse().unwrap();
    let hanoi = domain::business_day::HANOI.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    json!({"id": booked["id"], "gateway": "Vietcombank", "transactionDate": hanoi, "accountNumber": booked["account"],
        "subAccount": null, "code": null, "content": booked["content"], "transferType": "in", "description": "",
        "transferAmount": booked["amount"], "accumulated": 0, "referenceCode": booked["reference"]})
}

pub fn payos_body(amount: i64, content: &str, key: &str) -> String {
    let mut data = vec![
        ("accountNumber", json!(ACCOUNT)),
        ("amount", json!(amount)),
        ("code", json!("00")),
        ("currency", json!("VND")),
        ("desc", json!("success")),
        ("description", json!(content)),
        ("orderCode", json!(7)),
        ("paymentLinkId", json!("link7")),
        ("reference", json!("FT7")),
        ("transactionDateTime", json!("2026-11-25 09:00:00")),
    ];
    data.sort_by_key(|(name, _)| *name);
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let pairs: Vec<String> = data.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
    let signature = hmac::<Hmac<Sha256>>(key, &pairs.join("&"));
    let data: serde_json::Map<String, Value> = data.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    json!({"code": "00", "desc": "success", "success": true, "data": data, "signature": signature}).to_string()
}

/// The status of the answer, and its body.
pub async fn call(house: &House, teller: &str, headers: &[(&'static str, String)], body: &str) -> (u16, String) {
    let request = house.http.post(webhook(&house.gateway.base_url(), teller));
    let request = request.header("Content-Type", "application/json").body(body.to_owned());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

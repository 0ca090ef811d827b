//! Signatures of SePay, Casso and payOS (protocol notes, 2.1 to 2.3). Refuses nothing: any secret makes one.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

fn hmac_hex<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

pub(super) fn sepay_signature(secret: &str, timestamp: i64, body: &str) -> String {
    format!("sha256={}", hmac_hex::<Hmac<Sha256>>(secret, &format!("{timestamp}.{body}")))
}

pub(super) fn casso_signature(secret: &str, millisecond: i64, body: &Value) -> String {
    let text = format!("{millisecond}.{}", sorted_json(body));
    format!("t={millisecond},v1={}", hmac_hex::<Hmac<Sha512>>(secret, &text))
}

pub(super) fn payos_signature(secret: &str, data: &Value) -> String {
    let mut fields: Vec<(&String, &Value)> = data.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| *name);
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
    hmac_hex::<Hmac<Sha256>>(secret, &pairs.join("&"))
}

/// Keys sorted in every object, no blanks, UTF-8 raw and `/` as it is, as JavaScript's JSON.stringify writes.
fn sorted_json(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}:{}", json!(name), sorted_json(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted_json).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/webhook-signatures.json")).unwrap()
    }

    #[test]
    fn signatures_are_those_of_the_vectors() {
        let vectors = vectors();
        let case = &vectors["casso_v2"][0];
        let key = case["key"].as_str().unwrap();
        let signature = casso_signature(key, 1_727_948_258_788, &case["body"]);
        assert_eq!(signature, case["header"]["X-Casso-Signature"]);
        let case = &vectors["casso_v2"][1];
        let signature = casso_signature(key, 1_727_948_258_788, &case["body"]);
        assert_eq!(signature, format!("t=1727948258788,v1={}", case["v1_js"].as_str().unwrap()));
        for case in vectors["payos"].as_array().unwrap() {
            let signature = payos_signature(case["key"].as_str().unwrap(), &case["body"]["data"]);
            assert_eq!(signature, case["body"]["signature"], "{}", case["id"]);
        }
        let case = &vectors["sepay"][0];
        let (key, body) = (case["key"].as_str().unwrap(), case["raw_body"].as_str().unwrap());
        assert_eq!(sepay_signature(key, 1_795_507_357, body), case["header"]["X-SePay-Signature"]);
    }
}

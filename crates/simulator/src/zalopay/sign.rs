//! ZaloPay's mac: HMAC-SHA256 over values in a fixed order, joined by `|`, raw.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub(super) fn hmac_hex(key: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Lower-case hex only, as ZaloPay's samples write it.
pub(super) fn fits(key: &str, values: &[&str], given: &str) -> bool {
    let expected = hmac_hex(key, &values.join("|"));
    bool::from(expected.as_bytes().ct_eq(given.as_bytes())) && !expected.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn text(value: &Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// The vectors that ZaloPay's own programs and pages gave, in the order that each message signs.
    #[test]
    fn macs_are_those_of_zalopays_own_programs() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/zalopay.json")).unwrap();
        let (key1, key2) = (text(&file["key"]["key1"]), text(&file["key"]["key2"]));
        let app_id = text(&file["key"]["app_id"]);
        let mut ran = 0;
        for case in file["cases"].as_array().unwrap() {
            let field = |name: &str| text(&case["input"][name]);
            let names: &[&str] = match case["kind"].as_str().unwrap() {
                "create-request" => &["app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"],
                "refund-request" => &["zp_trans_id", "amount", "description", "timestamp"],
                "query-refund-request" => &["m_refund_id", "timestamp"],
                "query-request" => &["app_trans_id"],
                "callback" => {
                    let data = text(&case["body_that_verifies"]["data"]);
                    assert!(fits(&key2, &[&data], &text(&case["expected_signature"])), "{}", case["name"]);
                    ran += 1;
                    continue;
                }
                "redirect-query" => continue,
                other => panic!("a case of unknown kind: {other}"),
            };
            let mut values = vec![app_id.clone()];
            values.extend(names.iter().map(|name| field(name)));
            if case["kind"] == "query-request" {
                values.push(key1.clone());
            }
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            assert!(fits(&key1, &values, &text(&case["expected_signature"])), "{}", case["name"]);
            ran += 1;
        }
        assert_eq!(ran, 10);
    }
}

//! MoMo's signature: HMAC-SHA256 over `name=value` in a fixed order, raw. Refuses to sign what it does not name.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

// MoMo AIO v2, the signed names of each message, in their order; the access key comes before them all.
pub(super) const CREATE: [&str; 9] =
    ["amount", "extraData", "ipnUrl", "orderId", "orderInfo", "partnerCode", "redirectUrl", "requestId", "requestType"];
pub(super) const CREATED: [&str; 7] =
    ["amount", "orderId", "partnerCode", "payUrl", "requestId", "responseTime", "resultCode"];
pub(super) const IPN: [&str; 12] = [
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
pub(super) const QUERY: [&str; 3] = ["orderId", "partnerCode", "requestId"];
pub(super) const REFUND: [&str; 6] = ["amount", "description", "orderId", "partnerCode", "requestId", "transId"];
pub(super) const CONFIRM: [&str; 6] = ["amount", "description", "orderId", "partnerCode", "requestId", "requestType"];

pub(super) fn of(secret: &str, access_key: &str, names: &[&str], body: &Value) -> String {
    let mut text = format!("accessKey={access_key}");
    for name in names {
        let value = match body.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        text.push_str(&format!("&{name}={value}"));
    }
    hmac_hex(secret, &text)
}

pub(super) fn hmac_hex(secret: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Lower-case hex only, as MoMo's samples compare it.
pub(super) fn fits(expected: &str, given: &str) -> bool {
    bool::from(expected.as_bytes().ct_eq(given.as_bytes())) && !expected.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that MoMo's own programs made, of the kinds that a wallet verifies or makes.
    #[test]
    fn signatures_are_those_of_momos_own_programs() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/momo.json")).unwrap();
        let (access, secret) = (file["key"]["accessKey"].as_str().unwrap(), file["key"]["secretKey"].as_str().unwrap());
        let mut ran = 0;
        for case in file["cases"].as_array().unwrap() {
            let names: &[&str] = match case["kind"].as_str().unwrap() {
                "create-request" => &CREATE,
                "query-request" => &QUERY,
                "refund-request" => &REFUND,
                "confirm-request" => &CONFIRM,
                "ipn-callback" if case["key"].is_null() && case.get("key").is_some() => continue,
                "ipn-callback" => &IPN,
                "create-response" => continue,
                other => panic!("a case of unknown kind: {other}"),
            };
            let mut body = case["input"].clone();
            body["partnerCode"] = file["key"]["partnerCode"].clone();
            assert_eq!(case["expected_signature"], of(secret, access, names, &body), "{}", case["name"]);
            ran += 1;
        }
        assert_eq!(ran, 9);
    }
}

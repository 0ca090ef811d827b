//! VNPAY's two signatures. Refuses a hash over raw values: VNPAY's own samples all sign the encoded ones.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use subtle::ConstantTimeEq;

/// vnp_ parameters by name; the map's order is the order of signing ("sort by name", VNPAY 2.1.0, checksum).
pub(crate) type Fields = BTreeMap<String, String>;

const HASH: &str = "vnp_SecureHash";
const HASH_TYPE: &str = "vnp_SecureHashType";

/// Lower hex HMAC-SHA512 with the literal bytes of the secret (VNPAY 2.1.0, checksum).
pub(crate) fn hmac_hex(secret: &str, text: &str) -> String {
    hex::encode(hmac(secret, text))
}

fn hmac(secret: &str, text: &str) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hash_is(secret: &str, text: &str, claimed: &str) -> bool {
    // Hash case: VNPAY's C# sample compares without regard to it, so both are taken.
    hex::decode(claimed).is_ok_and(|claimed| hmac(secret, text).ct_eq(&claimed).into())
}

/// What differs between the encoders of VNPAY's samples: the bytes that each leaves as they are, besides letters,
/// digits and `-_.`; a space is `+` for all of them.
struct Encoder {
    kept: &'static [u8],
}

/// Java's and the WHATWG form; PHP `urlencode`; Python `quote_plus`; the Node sample's `encodeURIComponent`.
const ENCODERS: [Encoder; 4] =
    [Encoder { kept: b"*" }, Encoder { kept: b"" }, Encoder { kept: b"~" }, Encoder { kept: b"*~'()!" }];

impl Encoder {
    fn encode(&self, value: &str, out: &mut String) {
        for &byte in value.as_bytes() {
            match byte {
                b' ' => out.push('+'),
                b'-' | b'_' | b'.' => out.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() || self.kept.contains(&byte) => out.push(char::from(byte)),
                _ => {
                    out.push('%');
                    out.push_str(&hex::encode_upper([byte]));
                }
            }
        }
    }

    fn string_to_sign(&self, fields: &Fields, with_empty: bool) -> String {
        let mut text = String::new();
        for (name, value) in fields {
            let signed = name.starts_with("vnp_") && name != HASH && name != HASH_TYPE;
            if !signed || (value.is_empty() && !with_empty) {
                continue;
            }
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            self.encode(value, &mut text);
        }
        text
    }
}

/// The string that we sign: WHATWG form, without empty values.
pub(crate) fn string_to_sign(fields: &Fields) -> String {
    ENCODERS[0].string_to_sign(fields, false)
}

/// The signed query; the hash is its last parameter.
pub(crate) fn signed_query(fields: &Fields, secret: &str) -> String {
    let text = string_to_sign(fields);
    let hash = hmac_hex(secret, &text);
    format!("{text}&{HASH}={hash}")
}

/// Any of the samples' encoders, empty values left out (Java, C#) or kept (PHP, Node).
pub(crate) fn verifies(fields: &Fields, secret: &str) -> bool {
    let Some(claimed) = fields.get(HASH) else { return false };
    ENCODERS.iter().any(|encoder| {
        hash_is(secret, &encoder.string_to_sign(fields, false), claimed)
            || hash_is(secret, &encoder.string_to_sign(fields, true), claimed)
    })
}

/// Parameters of a query. A name that comes twice has no defined meaning and is given back as the error.
pub(crate) fn parse_query(query: &str) -> Result<Fields, String> {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if fields.contains_key(&*name) {
            return Err(name.into_owned());
        }
        fields.insert(name.into_owned(), value.into_owned());
    }
    Ok(fields)
}

/// VNPAY 2.1.0, querydr request, checksum: nine values.
pub(crate) const QUERY: [&str; 9] = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];
/// VNPAY 2.1.0, querydr answer, checksum: fifteen values; absent ones are empty, so the string mostly ends `||`.
pub(crate) const QUERY_ANSWER: [&str; 15] = [
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
/// VNPAY 2.1.0, refund request, checksum: thirteen values.
pub(crate) const REFUND: [&str; 13] = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];
/// VNPAY 2.1.0, refund answer, checksum: the querydr answer's list without the two promotion values.
pub(crate) const REFUND_ANSWER: [&str; 13] = [
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
];

/// Values joined by `|`, raw UTF-8 (VNPAY 2.1.0, querydr and refund, checksum).
pub(crate) fn joined(fields: &Fields, names: &[&str]) -> String {
    let values: Vec<&str> = names.iter().map(|name| fields.get(*name).map_or("", String::as_str)).collect();
    values.join("|")
}

pub(crate) fn joined_verifies(fields: &Fields, names: &[&str], secret: &str) -> bool {
    fields.get(HASH).is_some_and(|claimed| hash_is(secret, &joined(fields, names), claimed))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/vnpay.json")).unwrap()
    }

    fn plain(value: &Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    fn body(case: &Value) -> Fields {
        case["body"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect()
    }

    #[test]
    fn every_published_vector() {
        let vectors = vectors();
        let secret = vectors["key"]["vnp_HashSecret"].as_str().unwrap();
        let mut ran = BTreeMap::new();
        for case in vectors["cases"].as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap();
            let (string, signature) = (text("expected_string_to_sign"), text("expected_signature"));
            if case.get("key").is_some_and(Value::is_null) {
                continue;
            }
            assert_eq!(hmac_hex(secret, string), signature, "{}", case["name"]);
            match text("kind") {
                "pay-url" => {
                    let (_, query) = text("full_url").split_once('?').unwrap();
                    let fields = parse_query(query).unwrap();
                    assert_eq!(string_to_sign(&fields), string, "{}", case["name"]);
                    assert_eq!(signed_query(&fields, secret), query, "{}", case["name"]);
                    assert!(verifies(&fields, secret), "{}", case["name"]);
                }
                "ipn-callback" => {
                    let mut fields = parse_query(text("query_that_verifies")).unwrap();
                    assert_eq!(string_to_sign(&fields), string, "{}", case["name"]);
                    assert!(verifies(&fields, secret), "{}", case["name"]);
                    let input: Fields =
                        case["input"].as_object().unwrap().iter().map(|(n, v)| (n.clone(), plain(v))).collect();
                    assert_eq!(signed_query(&input, secret), text("query_that_verifies"), "{}", case["name"]);
                    fields.insert(HASH_TYPE.to_owned(), "HMACSHA512".to_owned());
                    fields.insert("order_id".to_owned(), "1".to_owned());
                    assert!(verifies(&fields, secret), "{}", case["name"]);
                    let tampered = parse_query(text("query_tampered_must_not_verify")).unwrap();
                    assert!(!verifies(&tampered, secret), "{}", case["name"]);
                    let raw = case["others"]["sit-vnpay"].clone();
                    if raw["agrees"] == false {
                        fields.insert(HASH.to_owned(), raw["signature"].as_str().unwrap().to_owned());
                        assert!(!verifies(&fields, secret), "raw values: {}", case["name"]);
                    }
                }
                kind @ ("api-request" | "api-response") => {
                    let fields = body(case);
                    let names: &[&str] = match (kind, fields["vnp_Command"].as_str()) {
                        ("api-request", "querydr") => &QUERY,
                        ("api-request", _) => &REFUND,
                        (_, "querydr") => &QUERY_ANSWER,
                        _ => &REFUND_ANSWER,
                    };
                    assert_eq!(joined(&fields, names), string, "{}", case["name"]);
                    assert!(joined_verifies(&fields, names, secret), "{}", case["name"]);
                    let mut other = fields.clone();
                    other.insert("vnp_TxnRef".to_owned(), "LC0004".to_owned());
                    assert!(!joined_verifies(&other, names, secret), "{}", case["name"]);
                }
                kind => panic!("a kind that this test does not know: {kind}"),
            }
            *ran.entry(text("kind").to_owned()).or_insert(0) += 1;
        }
        let ran: Vec<(&str, i32)> = ran.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
        assert_eq!(ran, [("api-request", 2), ("api-response", 2), ("ipn-callback", 4), ("pay-url", 9)]);
    }

    #[test]
    fn every_samples_encoder_is_understood_and_no_other() {
        let fields = Fields::from([("vnp_OrderInfo".to_owned(), "a*b~c'd (e)!".to_owned())]);
        for encoded in ["a*b%7Ec%27d+%28e%29%21", "a%2Ab%7Ec%27d+%28e%29%21", "a%2Ab~c%27d+%28e%29%21", "a*b~c'd+(e)!"]
        {
            let mut fields = fields.clone();
            fields.insert(HASH.to_owned(), hmac_hex("k", &format!("vnp_OrderInfo={encoded}")).to_uppercase());
            assert!(verifies(&fields, "k"), "{encoded}");
        }
        for encoded in ["a*b~c'd (e)!", "a*b%7ec%27d+%28e%29%21", "a*b%7Ec%27d%20%28e%29%21"] {
            let mut fields = fields.clone();
            fields.insert(HASH.to_owned(), hmac_hex("k", &format!("vnp_OrderInfo={encoded}")));
            assert!(!verifies(&fields, "k"), "{encoded}");
        }
    }

    #[test]
    fn a_twice_given_name_is_refused() {
        assert_eq!(parse_query("vnp_Amount=1&vnp_Amount=2"), Err("vnp_Amount".to_owned()));
    }
}

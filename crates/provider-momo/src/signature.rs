//! MoMo's string and the HMAC-SHA256 over it: `name=value` in a fixed order, values raw, the access key first (MoMo AIO v2,
//! sections 2.2 to 2.4). It refuses to sign with the second secret, and values that could be read as another field.

use crate::settings::Settings;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// HMAC-SHA256 gives 32 bytes, on the wire 64 hex digits.
const HASH_LEN: usize = 32;

/// Section 2.2.
pub const CREATE: &[&str] = &[
    "amount",
    "extraData",
    "ipnUrl",
    "orderId",
    "orderInfo",
    "partnerCode",
    "redirectUrl",
    "requestId",
    "requestType",
];
/// Section 2.2, of the answer; the order stands in the document alone, and the field is often missing.
pub const CREATED: &[&str] = &["amount", "orderId", "partnerCode", "payUrl", "requestId", "responseTime", "resultCode"];
/// Section 2.3.
pub const IPN: &[&str] = &[
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
/// Section 2.4, of both questions.
pub const QUERY: &[&str] = &["orderId", "partnerCode", "requestId"];
pub const REFUND: &[&str] = &["amount", "description", "orderId", "partnerCode", "requestId", "transId"];
pub const CONFIRM: &[&str] = &["amount", "description", "orderId", "partnerCode", "requestId", "requestType"];

/// A partner's secrets: one to sign with, a second to accept while MoMo rotates.
pub struct Keys {
    access: SecretString,
    current: SecretString,
    next: Option<SecretString>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Self {
        Self {
            access: settings.access_key.clone(),
            current: settings.secret_key.clone(),
            next: settings.secret_key_next.clone(),
        }
    }

    /// What is signed; empty values keep their name.
    pub fn text<'v>(&self, names: &[&str], value: impl Fn(&str) -> &'v str) -> String {
        let mut text = format!("accessKey={}", self.access.expose_secret());
        for name in names {
            text.push('&');
            text.push_str(name);
            text.push('=');
            text.push_str(value(name));
        }
        text
    }

    /// Lower-case hex.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(mac(&self.current, text).finalize().into_bytes())
    }

    /// Accepts upper and lower case: both are the same bytes.
    pub fn verify(&self, text: &str, hash_hex: &str) -> bool {
        let mut claimed = [0_u8; HASH_LEN];
        if hex::decode_to_slice(hash_hex, &mut claimed).is_err() {
            return false;
        }
        // `verify_slice` compares in constant time; both keys are always tried, so time does not say which fits.
        let current = mac(&self.current, text).verify_slice(&claimed).is_ok();
        let next = self.next.as_ref().is_some_and(|key| mac(key, text).verify_slice(&claimed).is_ok());
        current | next
    }
}

/// Nothing is escaped (section 2.2): a value that holds `&name=` could be cut up into other fields under the same hash.
pub fn is_ambiguous(names: &[&str], value: &str) -> bool {
    value.contains('&') && names.iter().any(|name| value.contains(&format!("&{name}=")))
}

/// The key is the literal bytes of the secret: not hex, not base64 ("Rules common to all").
fn mac(key: &SecretString, text: &str) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;

    fn keys(current: &str, next: Option<&str>) -> Keys {
        let next = next.map(Into::into);
        Keys::new(&Settings { secret_key: current.into(), secret_key_next: next, ..settings() })
    }

    #[test]
    fn either_secret_is_accepted_and_only_the_first_signs() {
        let new = keys("new", None);
        assert!(keys("old", Some("new")).verify("text", &new.sign("text")));
        assert!(keys("old", Some("new")).verify("text", &keys("old", None).sign("text")));
        assert!(!keys("old", None).verify("text", &new.sign("text")));
        assert_eq!(keys("old", Some("new")).sign("text"), keys("old", None).sign("text"));
    }

    #[test]
    fn hex_of_either_case_is_accepted_and_any_other_length_is_not() {
        let hash = keys("old", None).sign("text");
        assert!(keys("old", None).verify("text", &hash.to_uppercase()));
        for ill in ["", "00", &hash[..62], &format!("{hash}00"), &hash.replacen(&hash[..1], "g", 1)] {
            assert!(!keys("old", None).verify("text", ill), "{ill}");
        }
    }

    #[test]
    fn an_ampersand_alone_is_no_other_field() {
        assert!(is_ambiguous(IPN, "x&orderId=y"));
        assert!(!is_ambiguous(IPN, "Cơm & phở") && !is_ambiguous(IPN, "a&b=c") && !is_ambiguous(IPN, "orderId=1"));
    }
}

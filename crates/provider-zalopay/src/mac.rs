//! ZaloPay's mac: HMAC-SHA256 (ZaloPay v2, section 3.1). key1 signs what we send, key2 what ZaloPay sends. It refuses to
//! verify with key1, and to sign with key2.

use crate::settings::Settings;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// HMAC-SHA256 gives 32 bytes, on the wire 64 hex digits.
const MAC_LEN: usize = 32;

pub struct Keys {
    key1: SecretString,
    key2: SecretString,
    key2_next: Option<SecretString>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Self {
        Self { key1: settings.key1.clone(), key2: settings.key2.clone(), key2_next: settings.key2_next.clone() }
    }

    /// Over values in the document's order, raw, joined by `|`; lower-case hex.
    pub fn sign(&self, values: &[&str]) -> String {
        hex::encode(mac(&self.key1, &values.join("|")).finalize().into_bytes())
    }

    /// A question's text holds key1 as well (section 3.4).
    pub fn sign_question(&self, values: &[&str]) -> String {
        let values: Vec<_> = values.iter().copied().chain([self.key1.expose_secret()]).collect();
        self.sign(&values)
    }

    /// Over the text as it was received. Accepts upper and lower case: both are the same bytes.
    pub fn verify(&self, text: &str, mac_hex: &str) -> bool {
        let mut claimed = [0_u8; MAC_LEN];
        if hex::decode_to_slice(mac_hex, &mut claimed).is_err() {
            return false;
        }
        // `verify_slice` compares in constant time; both keys are always tried, so time does not say which fits.
        let current = mac(&self.key2, text).verify_slice(&claimed).is_ok();
        let next = self.key2_next.as_ref().is_some_and(|key| mac(key, text).verify_slice(&claimed).is_ok());
        current | next
    }
}

/// The key is the literal bytes of the secret: not hex, not base64 ("Rules common to all").
fn mac(key: &SecretString, text: &str) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::settings::tests::settings;

    /// As ZaloPay signs, with this key2.
    pub fn by_zalopay(key2: &str, text: &str) -> String {
        hex::encode(mac(&key2.into(), text).finalize().into_bytes())
    }

    fn keys(key2: &str, next: Option<&str>) -> Keys {
        Keys::new(&Settings { key2: key2.into(), key2_next: next.map(Into::into), ..settings() })
    }

    #[test]
    fn either_key2_is_accepted_and_key1_never() {
        assert!(keys("old", Some("new")).verify("text", &by_zalopay("new", "text")));
        assert!(keys("old", Some("new")).verify("text", &by_zalopay("old", "text")));
        assert!(!keys("old", None).verify("text", &by_zalopay("new", "text")));
        let ours = keys("old", Some("new"));
        assert!(!ours.verify("text", &ours.sign(&["text"])));
        assert_eq!(ours.sign(&["a", "b"]), keys("x", None).sign(&["a|b"]));
    }

    #[test]
    fn hex_of_either_case_is_accepted_and_any_other_length_is_not() {
        let mac = by_zalopay("old", "text");
        assert!(keys("old", None).verify("text", &mac.to_uppercase()));
        for ill in ["", "00", &mac[..62], &format!("{mac}00"), &mac.replacen(&mac[..1], "g", 1)] {
            assert!(!keys("old", None).verify("text", ill), "{ill}");
        }
    }
}

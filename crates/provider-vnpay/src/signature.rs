//! VNPAY's two string forms and the HMAC-SHA512 over them (VNPAY 2.1.0, sections 1.3, 1.7, 1.8).
//! It refuses to sign with the second secret, hashes of any other length, and hashes over raw (unencoded) values.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha512;

/// HMAC-SHA512 gives 64 bytes, on the wire 128 hex digits.
const HASH_LEN: usize = 64;

/// The terminal's secrets: one to sign with, a second to accept while VNPAY rotates.
pub struct Keys {
    current: SecretString,
    next: Option<SecretString>,
}

impl Keys {
    pub fn new(current: SecretString, next: Option<SecretString>) -> Self {
        Self { current, next }
    }

    /// Lower-case hex, as every VNPAY client compares it.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(mac(&self.current, text).finalize().into_bytes())
    }

    /// Accepts upper and lower case: VNPAY's C# demo compares so (VNPAY 2.1.0, section 1.3, "Hash case").
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

/// Section 1.3: `vnp_*` without the hash and without empties, sorted by name, form-urlencoded, joined by `&`.
pub fn form<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut kept: Vec<_> = params.into_iter().filter(|(name, value)| is_signed(name) && !value.is_empty()).collect();
    kept.sort_unstable();
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
}

/// Sections 1.7 and 1.8: values in the document's order, raw UTF-8, joined by `|`.
pub fn piped(values: &[&str]) -> String {
    values.join("|")
}

/// Other parameters may ride on the callback (a return address with a query of its own) and are not VNPAY's.
/// `vnp_SecureHashType` is a relic of 2.0.x that some senders add.
pub fn is_signed(name: &str) -> bool {
    name.starts_with("vnp_") && name != "vnp_SecureHash" && name != "vnp_SecureHashType"
}

/// The key is the literal bytes of the secret: not hex, not base64 ("Rules common to all").
fn mac(key: &SecretString, text: &str) -> Hmac<Sha512> {
    let mut mac =
        Hmac::<Sha512>::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(next: Option<&str>) -> Keys {
        Keys::new("old".into(), next.map(Into::into))
    }

    #[test]
    fn either_secret_is_accepted_and_only_the_first_signs() {
        let new = Keys::new("new".into(), None);
        assert!(keys(Some("new")).verify("text", &new.sign("text")));
        assert!(keys(Some("new")).verify("text", &keys(None).sign("text")));
        assert!(!keys(None).verify("text", &new.sign("text")));
        assert_eq!(keys(Some("new")).sign("text"), keys(None).sign("text"));
    }

    #[test]
    fn hex_of_either_case_is_accepted_and_any_other_length_is_not() {
        let hash = keys(None).sign("text");
        assert!(keys(None).verify("text", &hash.to_uppercase()));
        for ill in ["", "00", &hash[..126], &format!("{hash}00"), &hash.replacen(&hash[..1], "g", 1)] {
            assert!(!keys(None).verify("text", ill), "{ill}");
        }
    }

    #[test]
    fn the_form_drops_empties_foreign_names_and_the_hash() {
        let params = [("vnp_B", "a b"), ("vnp_A", "1"), ("vnp_C", ""), ("x", "1"), ("vnp_SecureHash", "f")];
        assert_eq!(form(params), "vnp_A=1&vnp_B=a+b");
    }
}

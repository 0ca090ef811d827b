//! Secrets and what fits them. Both secrets of a rotation are always tried, in constant time.
//! It refuses hashes of another length and texts that are not hex.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A secret, and the one that follows it while it is being changed. The key is the literal bytes of the text.
pub struct Secrets {
    current: SecretString,
    next: Option<SecretString>,
}

impl Secrets {
    /// None where no secret is configured.
    pub fn new(current: &Option<SecretString>, next: &Option<SecretString>) -> Option<Self> {
        current.clone().map(|current| Self { current, next: next.clone() })
    }

    /// Whether the text is one of the secrets.
    pub fn is(&self, text: &str) -> bool {
        self.any(|key| bool::from(key.ct_eq(text.as_bytes())))
    }

    pub fn fits_sha256(&self, parts: &[&[u8]], hash_hex: &str) -> bool {
        self.fits::<Hmac<Sha256>>(parts, hash_hex)
    }

    pub fn fits_sha512(&self, parts: &[&[u8]], hash_hex: &str) -> bool {
        self.fits::<Hmac<Sha512>>(parts, hash_hex)
    }

    /// Over the parts in order, with nothing between them. Hex of either case is the same hash.
    fn fits<M: Mac + KeyInit>(&self, parts: &[&[u8]], hash_hex: &str) -> bool {
        let Ok(claimed) = hex::decode(hash_hex) else { return false };
        self.any(|key| {
            let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
            parts.iter().for_each(|part| mac.update(part));
            mac.verify_slice(&claimed).is_ok()
        })
    }

    fn any(&self, fits: impl Fn(&[u8]) -> bool) -> bool {
        let current = fits(self.current.expose_secret().as_bytes());
        let next = self.next.as_ref().is_some_and(|key| fits(key.expose_secret().as_bytes()));
        current | next
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn sha256(key: &str, text: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
        mac.update(text);
        hex::encode(mac.finalize().into_bytes())
    }

    pub fn sha512(key: &str, text: &[u8]) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("any length");
        mac.update(text);
        hex::encode(mac.finalize().into_bytes())
    }

    fn secrets(next: Option<&str>) -> Secrets {
        Secrets::new(&Some("old".into()), &next.map(Into::into)).expect("a secret")
    }

    #[test]
    fn during_rotation_both_secrets_fit_and_no_other() {
        for (key, fits) in [("old", true), ("new", true), ("NEW", false), ("", false), ("oldnew", false)] {
            assert_eq!(secrets(Some("new")).is(key), fits, "{key}");
            assert_eq!(secrets(Some("new")).fits_sha256(&[b"te", b"xt"], &sha256(key, b"text")), fits, "{key}");
            assert_eq!(secrets(Some("new")).fits_sha512(&[b"text"], &sha512(key, b"text")), fits, "{key}");
        }
        assert!(!secrets(None).is("new"));
        assert!(Secrets::new(&None, &Some("new".into())).is_none());
    }

    #[test]
    fn hex_of_either_case_is_accepted_and_any_other_length_or_algorithm_is_not() {
        let hash = sha256("old", b"text");
        assert!(secrets(None).fits_sha256(&[b"text"], &hash.to_uppercase()));
        for ill in ["", "00", &hash[..62], &format!("{hash}00"), &format!(" {hash}"), &sha512("old", b"text")] {
            assert!(!secrets(None).fits_sha256(&[b"text"], ill), "{ill}");
        }
        assert!(!secrets(None).fits_sha512(&[b"text"], &hash));
    }
}

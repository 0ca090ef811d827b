//! Callbacks carry no signature of the provider's (GSMA 1.2, section 4.2), so their address does: it names what it is about,
//! with an HMAC that nobody else makes. It proves that we gave the address out, and nothing about what is sent to it.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// One key for new addresses, a second that is accepted while they change.
pub struct Keys {
    current: SecretString,
    next: Option<SecretString>,
}

impl Keys {
    pub fn new(current: SecretString, next: Option<SecretString>) -> Self {
        Self { current, next }
    }

    /// Lower-case hex. `what`: `order` or `refund`; one never fits the other.
    pub fn sign(&self, what: &str, name: &str) -> String {
        hex::encode(mac(&self.current, what, name).finalize().into_bytes())
    }

    pub fn verify(&self, what: &str, name: &str, claimed_hex: &str) -> bool {
        let mut claimed = [0_u8; 32];
        if hex::decode_to_slice(claimed_hex, &mut claimed).is_err() {
            return false;
        }
        // compared in constant time; both keys are always tried
        let current = mac(&self.current, what, name).verify_slice(&claimed).is_ok();
        let next = self.next.as_ref().is_some_and(|key| mac(key, what, name).verify_slice(&claimed).is_ok());
        current | next
    }
}

fn mac(key: &SecretString, what: &str, name: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(what.as_bytes());
    mac.update(b":");
    mac.update(name.as_bytes());
    mac
}

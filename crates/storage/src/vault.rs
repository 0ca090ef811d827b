//! Personal data and secrets at rest: AES-256-GCM with a key from the configuration, a blind index that finds a person by
//! number without reading anyone, and fingerprints that tell secrets apart without saying anything of them.

use crate::error::StorageError;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const NONCE_LEN: usize = 12;

/// Holds keys derived from the configured one: for sealing, for the index and for fingerprints.
pub struct Vault {
    cipher: Aes256Gcm,
    index_key: [u8; 32],
    fingerprint_key: [u8; 32],
    key_id: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the key for personal data is 64 hex digits (32 bytes)")]
pub struct BadKey;

impl Vault {
    /// `key`: 32 bytes as hex, from `MOTLAN_KEYS__PII`.
    pub fn new(key: &SecretString) -> Result<Self, BadKey> {
        let bytes = hex::decode(key.expose_secret()).map_err(|_| BadKey)?;
        if bytes.len() != 32 {
            return Err(BadKey);
        }
        let cipher = Aes256Gcm::new_from_slice(&derived(&bytes, b"seal")).map_err(|_| BadKey)?;
        let key_id = hex::encode(&Sha256::digest(&bytes)[..4]);
        Ok(Self {
            cipher,
            index_key: derived(&bytes, b"index"),
            fingerprint_key: derived(&bytes, b"fingerprint"),
            key_id,
        })
    }

    /// Names the key, so that a later one can be told from it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals `plain`, bound to `context` (the row's id): moved to another row it does not open.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, StorageError> {
        let mut nonce = [0_u8; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| StorageError::Vault)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StorageError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(StorageError::Vault)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| StorageError::Vault)?;
        self.cipher.decrypt(&Nonce::from(nonce), Payload { msg: body, aad: context }).map_err(|_| StorageError::Vault)
    }

    /// The same number gives the same index; nobody reads the number from it without the key.
    pub fn blind_index(&self, kind: &str, number: &str) -> Vec<u8> {
        let normal: String = number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        mac(&self.index_key, format!("{kind}|{normal}").as_bytes()).to_vec()
    }

    /// Tells one secret from another of the same purpose. Keyed: a plain hash of a secret that could be guessed would let
    /// whoever reads it try guesses.
    pub fn fingerprint(&self, purpose: &str, secret: &[u8]) -> [u8; 32] {
        mac(&self.fingerprint_key, &[purpose.as_bytes(), b"|", secret].concat())
    }
}

fn derived(key: &[u8], purpose: &[u8]) -> [u8; 32] {
    mac(key, purpose)
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&SecretString::from(hex::encode([byte; 32]))).expect("a key of 32 bytes")
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_in_its_place() {
        let sealed = vault(1).seal(b"row", b"Nguyen Van A").expect("sealed");
        assert_eq!(vault(1).open(b"row", &sealed).expect("opened"), b"Nguyen Van A");
        assert!(vault(2).open(b"row", &sealed).is_err());
        assert!(vault(1).open(b"other row", &sealed).is_err());
        assert!(vault(1).open(b"row", &sealed[..11]).is_err());
        assert!(!sealed.windows(6).any(|w| w == b"Nguyen"));
    }

    #[test]
    fn a_fingerprint_depends_on_secret_purpose_and_key() {
        let print = |byte, purpose, secret: &str| vault(byte).fingerprint(purpose, secret.as_bytes());
        assert_eq!(print(1, "a", "secret"), print(1, "a", "secret"));
        for other in [print(1, "a", "Secret"), print(1, "b", "secret"), print(2, "a", "secret")] {
            assert_ne!(print(1, "a", "secret"), other);
        }
    }

    #[test]
    fn the_index_ignores_spelling_and_depends_on_the_key() {
        let index = |v: &Vault, n: &str| v.blind_index("citizen_id", n);
        assert_eq!(index(&vault(1), "010 085 000 123"), index(&vault(1), "010085000123"));
        assert_ne!(index(&vault(1), "010085000123"), index(&vault(2), "010085000123"));
        assert_ne!(index(&vault(1), "010085000123"), vault(1).blind_index("tax_code", "010085000123"));
    }
}

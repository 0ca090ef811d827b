//! The port to whatever holds the collector's key. ECDSA on P-256 with SHA-256, as XML Signature names it
//! (`ecdsa-sha256`, RFC 9231 section 2.3.6): r and s, 32 bytes each.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// Try again later: nothing was signed.
    #[error("the signing service is away: {0}")]
    Away(String),
    #[error("the key cannot be used")]
    Key,
}

/// Signs in the collector's name. A call may be a network call: never made inside a transaction.
#[async_trait]
pub trait Signer: Send + Sync {
    /// As it stands in the document, for who looks the key up.
    fn key_name(&self) -> &str;
    /// The public point, uncompressed (SEC 1, section 2.3.3): 65 bytes.
    fn public_point(&self) -> Vec<u8>;
    /// 64 bytes over exactly these.
    ///
    /// # Errors
    /// When nothing was signed.
    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// A key in this process: for the sandbox, and for a collector whose key is a file.
pub struct LocalKey {
    name: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// Made for the sandbox, and known to everybody who reads this: what it signs is worth nothing.
const SANDBOX_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUgYqRUgi7a1rI+4hw5IXeA2YjE0dXLYUmWnE5I1bVq2hRANCAAQ4\
    lpyB6TCQpYQk4NTEVcqKj1jmzlLEYUfuWG2E4ztKouZSb8ifIFaXnNSGFIzf7+2uHMJSVLLA5AXJOXz1v9HZ";
const SANDBOX_NAME: &str = "MOTLAN SANDBOX KEY, WORTHLESS";

impl LocalKey {
    /// From PKCS #8, version 1 or 2, in Base64.
    ///
    /// # Errors
    /// [`SigningError::Key`] where it is no key on P-256.
    pub fn new(name: &str, pkcs8: &str) -> Result<Self, SigningError> {
        let bytes = STANDARD.decode(pkcs8.trim()).map_err(|_| SigningError::Key)?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, &random)
            .map_err(|_| SigningError::Key)?;
        Ok(Self { name: name.to_owned(), pair, random })
    }

    /// # Errors
    /// Never: a test reads it.
    pub fn sandbox() -> Result<Self, SigningError> {
        Self::new(SANDBOX_NAME, SANDBOX_KEY)
    }
}

#[async_trait]
impl Signer for LocalKey {
    fn key_name(&self) -> &str {
        &self.name
    }

    fn public_point(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.pair.sign(&self.random, bytes).map(|s| s.as_ref().to_vec()).map_err(|_| SigningError::Key)
    }
}

//! ID tokens as compact JWS (RFC 7515), signed by RS256 or ES256 (RFC 7518), and wrongly.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::Sha256;

/// RSA of 2048 bits, PKCS #8: everybody has it.
const SANDBOX_KEY: &str = include_str!("sandbox-key.b64");

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

pub(super) struct Signing {
    kid: String,
    pair: Pair,
}

fn other(error: impl ToString) -> io::Error {
    io::Error::other(error.to_string())
}

impl Signing {
    pub fn rsa() -> io::Result<Self> {
        let der = STANDARD.decode(SANDBOX_KEY.split_whitespace().collect::<String>()).map_err(other)?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(other)?;
        Ok(Self { kid: "sandbox-1".to_owned(), pair: Pair::Rsa(Box::new(pair)) })
    }

    pub fn p256(kid: &str) -> io::Result<Self> {
        Ok(Self { kid: kid.to_owned(), pair: Pair::P256(Box::new(fresh()?)) })
    }

    /// RFC 7517, RFC 7518 section 6.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": text(&public.n), "e": text(&public.e)})
            }
            Pair::P256(pair) => {
                // 4, x and y
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
                    "x": text(&point[1..33]), "y": text(&point[33..65])})
            }
        }
    }

    pub fn sign(&self, claims: &Value) -> io::Result<String> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let said = said(&json!({"alg": "RS256", "typ": "JWT", "kid": self.kid}), claims);
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, said.as_bytes(), &mut signature).map_err(other)?;
                Ok(whole(said, &signature))
            }
            Pair::P256(pair) => {
                let said = said(&json!({"alg": "ES256", "typ": "JWT", "kid": self.kid}), claims);
                let signature = pair.sign(&random, said.as_bytes()).map_err(other)?;
                Ok(whole(said, signature.as_ref()))
            }
        }
    }

    /// Under this key's name, by one that nobody has listed.
    pub fn impersonated(&self, claims: &Value) -> io::Result<String> {
        let right = self.sign(claims)?;
        let (said, _) = right.rsplit_once('.').unwrap_or_default();
        let len = match &self.pair {
            Pair::Rsa(pair) => pair.public().modulus_len(),
            Pair::P256(_) => 64,
        };
        let by_another = fresh()?.sign(&SystemRandom::new(), said.as_bytes()).map_err(other)?;
        let signature: Vec<u8> = by_another.as_ref().iter().copied().cycle().take(len).collect();
        Ok(whole(said.to_owned(), &signature))
    }
}

fn fresh() -> io::Result<EcdsaKeyPair> {
    let random = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(other)?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).map_err(other)
}

pub(super) fn by_nothing(claims: &Value) -> String {
    whole(said(&json!({"alg": "none"}), claims), b"")
}

/// RFC 7518, section 3.2, with what both sides know.
pub(super) fn by_secret(secret: &str, claims: &Value) -> io::Result<String> {
    let said = said(&json!({"alg": "HS256", "typ": "JWT"}), claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(other)?;
    mac.update(said.as_bytes());
    Ok(whole(said, &mac.finalize().into_bytes()))
}

fn said(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn whole(said: String, signature: &[u8]) -> String {
    format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
}

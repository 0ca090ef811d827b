//! Standard Webhooks 1.0, as a receiver checks it. Refuses an unsigned, wrongly signed, old or future message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Standard Webhooks 1.0, verifying webhook authenticity: how far the timestamp may be from the receiver's clock.
const TOLERANCE_S: u64 = 300;

#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl Secret {
    /// `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks 1.0, signature scheme).
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix("whsec_").ok_or("a secret begins with whsec_")?;
        let key = STANDARD.decode(encoded).map_err(|_| "a secret is base64 after whsec_")?;
        if !(24..=64).contains(&key.len()) {
            return Err("a secret is 24 to 64 bytes long");
        }
        Ok(Self(key))
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[derive(Default)]
pub(super) struct Headers<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) timestamp: Option<&'a str>,
    pub(super) signature: Option<&'a str>,
}

/// One good `v1` signature among those given is enough; other versions are passed over (Standard Webhooks 1.0,
/// signature scheme: several signatures, separated by spaces).
pub(super) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8], now_s: i64) -> Result<(), &'static str> {
    let id = headers.id.filter(|id| !id.is_empty()).ok_or("webhook-id is missing")?;
    let timestamp = headers.timestamp.ok_or("webhook-timestamp is missing")?;
    let signature = headers.signature.ok_or("webhook-signature is missing")?;
    let at = Some(timestamp)
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse::<i64>().ok())
        .ok_or("webhook-timestamp is not in whole seconds")?;
    if now_s.abs_diff(at) > TOLERANCE_S {
        return Err("webhook-timestamp is more than 300 s off");
    }
    let good = signature.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        STANDARD.decode(one).is_ok_and(|claimed| {
            secrets.iter().any(|secret| secret.sign(id, timestamp, body).ct_eq(claimed.as_slice()).into())
        })
    });
    if good { Ok(()) } else { Err("no signature of webhook-signature is right") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the Standard Webhooks reference libraries (tests of `svix`/`standardwebhooks`).
    #[test]
    fn the_published_example() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers = Headers {
            id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
            timestamp: Some("1614265330"),
            signature: Some("v2,AAAA v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        };
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(verify(std::slice::from_ref(&secret), &headers, body, 1_614_265_330), Ok(()));
        assert_eq!(verify(std::slice::from_ref(&secret), &headers, body, 1_614_265_630), Ok(()));
        for now in [1_614_265_631, 1_614_265_029] {
            assert!(verify(std::slice::from_ref(&secret), &headers, body, now).is_err());
        }
        assert!(verify(std::slice::from_ref(&secret), &headers, br#"{"test": 2432232315}"#, 1_614_265_330).is_err());
        assert!(verify(&[], &headers, body, 1_614_265_330).is_err());
        assert!(verify(&[secret], &Headers { signature: None, ..headers }, body, 1_614_265_330).is_err());
    }

    #[test]
    fn secrets_are_checked() {
        for bad in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_!!!!", "whsec_AAAA"] {
            assert!(Secret::parse(bad).is_err(), "{bad}");
        }
    }
}

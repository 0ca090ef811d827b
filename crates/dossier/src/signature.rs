//! Standard Webhooks 1.0, symmetric: secrets `whsec_…`, signatures `v1,…` of HMAC-SHA256 over `id.timestamp.body`.
//! It refuses secrets of other length than 24 to 64 bytes ("Webhook signature secret"), and to sign with none at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const PREFIX: &str = "whsec_";
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const MINTED_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("a secret is whsec_ and base64 of 24 to 64 bytes")]
    BadSecret,
    #[error("there is no secret to sign with")]
    NoSecret,
}

/// A new endpoint's secret. `random` must fill from a cryptographic generator.
pub fn mint_secret(mut random: impl FnMut(&mut [u8])) -> SecretString {
    let mut bytes = [0_u8; MINTED_BYTES];
    random(&mut bytes);
    format!("{PREFIX}{}", STANDARD.encode(bytes)).into()
}

/// The value of `webhook-signature`: one `v1,<base64>` per secret, so a receiver may rotate at its own pace.
///
/// # Errors
/// When there is no secret, or one is ill-formed.
pub fn sign(secrets: &[SecretString], id: &str, timestamp: Timestamp, body: &[u8]) -> Result<String, SignError> {
    if secrets.is_empty() {
        return Err(SignError::NoSecret);
    }
    let one = |secret| Ok(format!("v1,{}", STANDARD.encode(mac(secret, id, timestamp, body)?.finalize().into_bytes())));
    Ok(secrets.iter().map(one).collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn mac(secret: &SecretString, id: &str, timestamp: Timestamp, body: &[u8]) -> Result<Hmac<Sha256>, SignError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{}.", timestamp.as_second()).as_bytes());
    mac.update(body);
    Ok(mac)
}

fn key(secret: &SecretString) -> Result<Vec<u8>, SignError> {
    let text = secret.expose_secret().strip_prefix(PREFIX).ok_or(SignError::BadSecret)?;
    let key = STANDARD.decode(text).map_err(|_| SignError::BadSecret)?;
    if SECRET_BYTES.contains(&key.len()) { Ok(key) } else { Err(SignError::BadSecret) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published example of the Standard Webhooks libraries.
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> SecretString {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()
    }

    fn at() -> Timestamp {
        Timestamp::from_second(1_614_265_330).expect("instant")
    }

    #[test]
    fn the_published_example_is_signed_as_published() {
        assert_eq!(sign(&[secret()], ID, at(), BODY).as_deref(), Ok(SIGNATURE));
    }

    #[test]
    fn each_secret_gives_a_signature_and_they_stand_in_order() {
        let minted = mint_secret(|bytes| bytes.fill(7));
        let signatures = sign(&[secret(), minted.clone()], ID, at(), BODY).expect("good secrets");
        let parts: Vec<_> = signatures.split(' ').collect();
        assert_eq!(parts[0], SIGNATURE);
        assert_eq!(sign(&[minted], ID, at(), BODY).as_deref(), Ok(parts[1]));
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn whatever_changes_the_signature_changes() {
        let other = at().saturating_add(jiff::SignedDuration::from_secs(1)).expect("instant");
        for changed in [
            sign(&[secret()], "msg_x", at(), BODY),
            sign(&[secret()], ID, other, BODY),
            sign(&[secret()], ID, at(), b"{}"),
        ] {
            assert_ne!(changed.as_deref(), Ok(SIGNATURE));
        }
    }

    #[test]
    fn a_minted_secret_has_32_bytes_and_differs_by_its_randomness() {
        let mut next = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            next += 1;
            bytes.fill(next);
        };
        let (one, two) = (mint_secret(&mut random), mint_secret(&mut random));
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_eq!(key(&one).map(|k| k.len()), Ok(32));
    }

    #[test]
    fn ill_secrets_and_no_secret_are_refused() {
        let of = |len: usize| format!("whsec_{}", STANDARD.encode(vec![1_u8; len]));
        let good = of(24);
        for ill in [String::new(), "whsec_".into(), of(23), of(65), good.replace("whsec_", ""), format!("{good}*")] {
            assert_eq!(sign(&[ill.clone().into()], ID, at(), BODY), Err(SignError::BadSecret), "{ill}");
        }
        assert!(sign(&[of(64).into(), good.into()], ID, at(), BODY).is_ok());
        assert_eq!(sign(&[], ID, at(), BODY), Err(SignError::NoSecret));
    }
}

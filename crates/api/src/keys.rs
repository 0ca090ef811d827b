//! API keys: `mtl_<sandbox|production>_<id>_<secret>`, the secret ending in a checksum so that a mistyped key is told
//! from a wrong one without a look at the database. Kept as HMAC-SHA-256 under a pepper; compared in constant time.

use domain::KeyId;
use domain::mode::Mode;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// 32 random bytes and 4 of checksum, as hex.
const SECRET_HEX_LEN: usize = 72;
/// 16 random bytes and the checksum.
const SECOND_PART_LEN: usize = 40;

/// A key that was just made: its text is shown once.
pub struct Minted {
    pub id: KeyId,
    pub text: SecretString,
    pub secret_hash: Vec<u8>,
}

impl Minted {
    /// Two parts that are the key one after the other. Of the secret, whoever has the first lacks 128 random bits, and whoever
    /// has the second 128 of which the checksum tells 32 (docs/adr/0012).
    pub fn parts(&self) -> (&str, &str) {
        let text = self.text.expose_secret();
        text.split_at(text.len() - SECOND_PART_LEN)
    }
}

/// A key's parts as sent; not yet known to be anyone's.
#[derive(Debug)]
pub struct Presented {
    pub id: KeyId,
    secret: SecretString,
}

pub fn mint(mode: Mode, pepper: &SecretString, id: KeyId) -> Minted {
    let mut random = [0_u8; 32];
    rand::rng().fill_bytes(&mut random);
    let body = hex::encode(random);
    let head = format!("mtl_{mode}_{}", id.uuid().simple());
    let secret = format!("{body}{}", checksum(&head, &body));
    Minted { id, secret_hash: hash(pepper, &secret), text: SecretString::from(format!("{head}_{secret}")) }
}

/// Reads a key of this mode whose checksum fits.
pub fn read(mode: Mode, text: &str) -> Option<Presented> {
    let rest = text.strip_prefix("mtl_")?.strip_prefix(mode.as_str())?.strip_prefix('_')?;
    let (id, secret) = rest.split_once('_')?;
    let id: KeyId = format!("{}_{id}", KeyId::PREFIX).parse().ok()?;
    let plain = secret.len() == SECRET_HEX_LEN && secret.bytes().all(|b| b.is_ascii_hexdigit());
    let (body, sum) = plain.then(|| secret.split_at(SECRET_HEX_LEN - 8))?;
    let head = format!("mtl_{mode}_{}", id.uuid().simple());
    (checksum(&head, body) == sum).then(|| Presented { id, secret: SecretString::from(secret) })
}

impl Presented {
    /// Whether this is the key whose hash is stored.
    pub fn fits(&self, pepper: &SecretString, stored: &[u8]) -> bool {
        hash(pepper, self.secret.expose_secret()).ct_eq(stored).into()
    }
}

fn checksum(head: &str, body: &str) -> String {
    hex::encode(&Sha256::digest(format!("{head}_{body}"))[..4])
}

fn hash(pepper: &SecretString, secret: &str) -> Vec<u8> {
    let key = pepper.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(secret.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_every_slip_is_seen() {
        let pepper = SecretString::from("test-pepper");
        let id = KeyId::from(uuid::Uuid::from_u128(7));
        let minted = mint(Mode::Sandbox, &pepper, id);
        let text = minted.text.expose_secret();
        let read_back = read(Mode::Sandbox, text).expect("our own key");
        assert_eq!(read_back.id, id);
        assert!(read_back.fits(&pepper, &minted.secret_hash));
        assert!(!read_back.fits(&SecretString::from("other"), &minted.secret_hash));
        assert!(read(Mode::Production, text).is_none());
        for at in 0..text.len() {
            let mut slip = text.to_owned().into_bytes();
            slip[at] = if slip[at] == b'0' { b'1' } else { b'0' };
            let slip = String::from_utf8(slip).expect("ascii");
            let refused = read(Mode::Sandbox, &slip).is_none_or(|p| !p.fits(&pepper, &minted.secret_hash));
            assert!(refused, "{at}");
        }
    }

    #[test]
    fn a_part_of_a_key_is_none_and_both_in_their_order_are_it() {
        let pepper = SecretString::from("test-pepper");
        let minted = mint(Mode::Sandbox, &pepper, KeyId::from(uuid::Uuid::from_u128(7)));
        let (first, second) = minted.parts();
        assert_eq!((first.rsplit('_').next().map(str::len), second.len()), (Some(32), 40));
        let head = &first[..first.len() - 32];
        let other = mint(Mode::Sandbox, &pepper, KeyId::from(uuid::Uuid::from_u128(7)));
        for text in [
            first.to_owned(),
            second.to_owned(),
            format!("{head}{second}"),
            format!("{second}{first}"),
            format!("{first}{}", other.parts().1),
            format!("{}{second}", other.parts().0),
        ] {
            let good = read(Mode::Sandbox, &text).is_some_and(|p| p.fits(&pepper, &minted.secret_hash));
            assert!(!good, "{text}");
        }
        let whole = read(Mode::Sandbox, &format!("{first}{second}")).expect("a key");
        assert!(whole.fits(&pepper, &minted.secret_hash));
    }
}

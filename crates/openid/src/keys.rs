//! The keys that a provider signs with (RFC 7517), and a signature under one of them (RFC 7515, RFC 7518). A key that is not
//! for signing, or of a kind that is not taken, is as if it were not there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::outside::OutsideError;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

/// The algorithms that are taken (RFC 7518, sections 3.3 and 3.4). A shared secret and `none` are none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// 4, x and y.
    P256(Vec<u8>),
}

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: Public,
}

pub(crate) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Wire {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// # Errors
    /// When it is no set of keys.
    pub fn read(body: &[u8]) -> Result<Self, OutsideError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set =
            serde_json::from_slice(body).map_err(|_| OutsideError::Description("its keys are not readable"))?;
        // whatever another kind of key looks like, it is no reason to refuse the rest (RFC 7517, section 5)
        let read = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Ok(Self(read.filter_map(key).collect()))
    }

    /// # Errors
    /// `Key` where no such key is listed, `Signature` where it did not sign this.
    pub fn verify(&self, algorithm: Algorithm, kid: Option<&str>, said: &[u8], by: &[u8]) -> Result<(), OutsideError> {
        let mut fitting = self.0.iter().filter(|key| key.algorithm == algorithm);
        let found = match kid {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == Some(kid)),
            // only one that is alone needs no name (OpenID Connect Core 1.0, section 10.1)
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        let key = found.ok_or(OutsideError::Key)?;
        let verified = match &key.public {
            Public::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, said, by),
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(said, by),
        };
        verified.map_err(|_| OutsideError::Signature)
    }
}

fn key(wire: Wire) -> Option<Key> {
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
    let signs = wire.r#use.as_deref().is_none_or(|word| word == "sig");
    let (algorithm, public) = match (wire.kty.as_str(), wire.crv.as_deref()) {
        ("RSA", _) => (Algorithm::Rs256, Public::Rsa { n: bytes(wire.n)?, e: bytes(wire.e)? }),
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(wire.x)?, bytes(wire.y)?);
            (Algorithm::Es256, Public::P256([&[4], &x[..], &y[..]].concat()))
        }
        _ => return None,
    };
    let meant = wire.alg.as_deref().is_none_or(|word| Algorithm::of(word) == Some(algorithm));
    (signs && meant).then_some(Key { kid: wire.kid, algorithm, public })
}

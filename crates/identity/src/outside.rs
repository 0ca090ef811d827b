//! The port to an identity provider: somebody signs in elsewhere, and we hear who it was. Whom we know by that, and what
//! they may, is said here and never there.
//!
//! A browser goes there and comes back with what it holds of us, one random token in a cookie. All three secrets of the way
//! follow from it, so that an answer is good in the browser that asked, and nothing secret is kept:
//!
//! | | | keeps out |
//! |---|---|---|
//! | `state` | goes there and back in the address | an answer that was made for another browser (RFC 9700, 4.7) |
//! | `nonce` | goes there, and back inside the signed token | a code of another sign-in that somebody slipped in (RFC 9700, 4.5.3.2) |
//! | `verifier` | goes to the token endpoint; its hash went ahead | the same, and a code that was overheard (RFC 7636) |

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What one way to the provider and back is made with.
#[derive(Clone)]
pub struct Way {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

impl Way {
    /// The one of the browser that holds this token, of 256 random bits.
    pub fn of(token: &str) -> Self {
        let part = |what: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
            mac.update(what);
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        };
        Self { state: part(b"outside state"), nonce: part(b"outside nonce"), verifier: part(b"outside verifier") }
    }

    /// RFC 7636, section 4.2, S256.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    pub fn is_state(&self, returned: &str) -> bool {
        self.state.as_bytes().ct_eq(returned.as_bytes()).into()
    }
}

/// What stands in the address by which a browser comes back.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    pub code: Option<String>,
    /// Who says so, where the provider tells (RFC 9207).
    pub issuer: Option<String>,
    /// Why not, in the provider's word.
    pub error: Option<String>,
}

/// What a provider has said of whoever came back, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// By which name the provider calls them, for ever.
    pub subject: String,
    /// The provider asked for two factors, in words that the configuration takes for that.
    pub two_factors: bool,
    /// When they last showed there who they are.
    pub shown_at: Option<Timestamp>,
}

/// Why nothing that came back is believed; each has one word in the audit trail.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    #[error("the provider is not reached: {0}")]
    NotReached(String),
    #[error("the provider's description of itself is refused: {0}")]
    Description(&'static str),
    #[error("they did not sign in there: {0}")]
    Declined(String),
    #[error("the answer is another provider's")]
    Issuer,
    #[error("the code is refused")]
    Code,
    #[error("the token is not well-formed")]
    Malformed,
    #[error("the token is not signed by RS256 or ES256")]
    Algorithm,
    #[error("the token is signed by a key that the provider does not list")]
    Key,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token is for somebody else")]
    Audience,
    #[error("the token is too old")]
    Expired,
    #[error("the token is not of now")]
    Issued,
    #[error("the token answers another question")]
    Nonce,
    #[error("they were not asked anew")]
    Stale,
}

impl OutsideError {
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotReached(_) => "not_reached",
            Self::Description(_) => "description",
            Self::Declined(_) => "declined",
            Self::Issuer => "issuer",
            Self::Code => "code",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::Issued => "issued",
            Self::Nonce => "nonce",
            Self::Stale => "stale",
        }
    }
}

/// Somebody else who knows people.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Its own name, which with a subject names one person for ever.
    fn issuer(&self) -> &str;

    /// As people call it.
    fn name(&self) -> &str;

    /// Where the browser goes; `anew`: they show who they are there even if they did a minute ago.
    async fn way_in(&self, way: &Way, anew: bool, now: Timestamp) -> Result<String, OutsideError>;

    /// Who came back. With `asked_anew_at` they must have shown it there since then.
    async fn arrived(
        &self,
        way: &Way,
        returned: &Returned,
        asked_anew_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Shown, OutsideError>;

    /// Where the browser goes to be signed out there too, if the provider has such a place.
    async fn way_out(&self, now: Timestamp) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let way = Way { verifier, ..Way::of("") };
        assert_eq!(way.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn the_three_secrets_of_a_way_differ_from_each_other_and_from_those_of_any_other_browser() {
        let (one, other) = (Way::of("one"), Way::of("other"));
        let all = [&one.state, &one.nonce, &one.verifier, &other.state, &other.nonce, &other.verifier];
        for (i, a) in all.iter().enumerate() {
            assert_eq!(a.len(), 43, "RFC 7636, section 4.1: 43 letters at least");
            assert!(all.iter().skip(i + 1).all(|b| a != b));
        }
        assert!(one.is_state(&one.state) && !one.is_state(&other.state) && !one.is_state(""));
    }
}

//! Tokens: taken for Basic credentials, shown as `Bearer`, good for five minutes (Bills, section 2.6: "Basic → JWT, `Bearer`,
//! 300 s"; RFC 6749, section 4.4; RFC 7519). One is signed with a key made from the client's secret, so that every process
//! knows it and none keeps it; it names the contract and fits no other.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use domain::codes::ProfileCode;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub const LASTS_S: i64 = 300;
/// The only header that we write, and the only one that we read: no other algorithm is ever looked at.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// Our tokens are shorter by far.
const TOKEN_MAX: usize = 1_024;
/// How far the clocks of two of our processes may differ.
const CLOCKS_S: i64 = 30;

/// The other side of a contract, as it proves itself to us.
pub struct Client {
    pub profile: ProfileCode,
    pub id: String,
    /// The newest signs; all are accepted.
    pub secrets: Vec<SecretString>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Client {
    /// Whether an `Authorization: Basic` header is this client's.
    pub fn is(&self, authorization: &str) -> bool {
        let Some(pair) = authorization.strip_prefix("Basic ").and_then(|b| BASE64_STANDARD.decode(b.trim()).ok())
        else {
            return false;
        };
        let known = |secret: &SecretString| {
            let ours = format!("{}:{}", self.id, secret.expose_secret());
            bool::from(ours.as_bytes().ct_eq(&pair))
        };
        // all are tried, whichever fits
        self.secrets.iter().fold(false, |any, secret| any | known(secret))
    }

    pub fn grant(&self, now: Timestamp) -> Option<String> {
        let iat = now.as_second();
        let claims = Claims { sub: self.id.clone(), aud: self.profile.to_string(), iat, exp: iat + LASTS_S };
        let claims = serde_json::to_vec(&claims).ok()?;
        let signed = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(HEADER), BASE64_URL_SAFE_NO_PAD.encode(claims));
        let mac = mac(self.secrets.first()?, &signed).finalize().into_bytes();
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)))
    }

    /// Whether an `Authorization: Bearer` header has a token of ours that has not run out.
    pub fn admits(&self, authorization: &str, now: Timestamp) -> bool {
        let token = authorization.strip_prefix("Bearer ").map(str::trim).filter(|t| t.len() <= TOKEN_MAX);
        token.is_some_and(|token| self.verify(token, now).is_some())
    }

    fn verify(&self, token: &str, now: Timestamp) -> Option<()> {
        let (signed, claimed) = token.rsplit_once('.')?;
        let claimed = BASE64_URL_SAFE_NO_PAD.decode(claimed).ok()?;
        let fits = |secret: &SecretString| mac(secret, signed).verify_slice(&claimed).is_ok();
        if !self.secrets.iter().fold(false, |any, secret| any | fits(secret)) {
            return None;
        }
        let (header, claims) = signed.split_once('.')?;
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let ours = header == HEADER.as_bytes() && claims.sub == self.id && claims.aud == self.profile.as_str();
        let now = now.as_second();
        (ours && claims.iat <= now + CLOCKS_S && now < claims.exp && claims.exp - claims.iat == LASTS_S).then_some(())
    }
}

/// Keyed by a digest of the secret and not by the secret: what signs tokens is good for nothing else.
fn mac(secret: &SecretString, text: &str) -> Hmac<Sha256> {
    let keyed = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(text);
        mac
    };
    let key = keyed(secret.expose_secret().as_bytes(), b"bill collection: tokens").finalize().into_bytes();
    keyed(&key, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(profile: &str, secrets: &[&str]) -> Client {
        Client {
            profile: ProfileCode::new(profile).expect("a code"),
            id: "the-bank".to_owned(),
            secrets: secrets.iter().map(|s| SecretString::from(*s)).collect(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn a_token_is_good_for_five_minutes_under_its_contract_and_while_its_secret_is_known() {
        let bank = client("bank_one", &["BILLTESTSECRET0001"]);
        let bearer = format!("Bearer {}", bank.grant(at(1_000)).expect("a secret"));
        assert!(bank.admits(&bearer, at(1_000)) && bank.admits(&bearer, at(1_299)));
        assert!(!bank.admits(&bearer, at(1_300)) && !bank.admits(&bearer, at(969)));
        assert!(!client("bank_two", &["BILLTESTSECRET0001"]).admits(&bearer, at(1_000)), "another contract");
        assert!(!client("bank_one", &["BILLTESTSECRET0002"]).admits(&bearer, at(1_000)), "another secret");
        let rotating = client("bank_one", &["BILLTESTSECRET0002", "BILLTESTSECRET0001"]);
        assert!(rotating.admits(&bearer, at(1_000)), "the one before is accepted");
        assert!(!bank.admits(bearer.trim_start_matches("Bearer "), at(1_000)), "not bare");
    }

    #[test]
    fn no_other_algorithm_and_no_unsigned_token_is_looked_at() {
        let bank = client("bank_one", &["BILLTESTSECRET0001"]);
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"the-bank","aud":"bank_one","iat":1000,"exp":1300}"#);
        for header in [r#"{"alg":"none"}"#, r#"{"typ":"JWT","alg":"HS256"}"#, r#"{"alg":"HS512","typ":"JWT"}"#] {
            let signed = format!("{}.{claims}", BASE64_URL_SAFE_NO_PAD.encode(header));
            assert!(!bank.admits(&format!("Bearer {signed}."), at(1_000)), "{header}");
            // even rightly signed
            let mac = mac(&bank.secrets[0], &signed).finalize().into_bytes();
            let token = format!("Bearer {signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
            assert!(!bank.admits(&token, at(1_000)), "{header}");
        }
    }

    #[test]
    fn basic_credentials_are_those_of_the_contract() {
        let bank = client("bank_one", &["BILLTESTSECRET0001", "BILLTESTSECRET0002"]);
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert!(bank.is(&basic("the-bank:BILLTESTSECRET0001")) && bank.is(&basic("the-bank:BILLTESTSECRET0002")));
        for ill in
            ["the-bank:", "the-bank", ":BILLTESTSECRET0001", "the-bank:BILLTESTSECRET00011", "x:BILLTESTSECRET0001"]
        {
            assert!(!bank.is(&basic(ill)), "{ill}");
        }
        assert!(!bank.is("Basic %%%") && !bank.is("Bearer x") && !bank.is(""));
    }

    proptest! {
        #[test]
        fn a_changed_token_is_not_ours(at_byte in 0_usize..500, to in any::<u8>()) {
            let bank = client("bank_one", &["BILLTESTSECRET0001"]);
            let token = bank.grant(at(1_000)).expect("a secret");
            let mut bytes = token.clone().into_bytes();
            let n = at_byte % bytes.len();
            prop_assume!(bytes[n] != to);
            bytes[n] = to;
            if let Ok(changed) = String::from_utf8(bytes) {
                // the last symbol of the signature has bits that are not read, which the decoder refuses
                let bearer = format!("Bearer {changed}");
                prop_assert!(!bank.admits(&bearer, at(1_000)));
            }
        }

        #[test]
        fn foreign_text_never_panics(text: String) {
            prop_assert!(!client("bank_one", &["BILLTESTSECRET0001"]).admits(&text, at(1_000)));
        }
    }
}

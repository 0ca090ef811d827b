//! What a browser holds: a random text under a `__Host-` name, which it sends to this host alone, over TLS (or to this very
//! machine), never to a script and never from another site's page (S22). Kept here is its hash.
//!
//! Three of them: of a session, made anew at each sign-in so that nobody can bring one along; of a form that is shown before
//! anybody is signed in; and of a way to an identity provider, which alone is sent when another site's page leads here. From
//! each follows the token that a form carries back, which no other site can know.

use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use payments::sign_in::TokenHash;
use rand::Rng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(crate) const SESSION: &str = "__Host-motlan";
pub(crate) const BEFORE: &str = "__Host-motlan-form";
/// Of a way to an identity provider and back.
pub(crate) const OUTSIDE: &str = "__Host-motlan-outside";

const TOKEN_LEN: usize = 32;

/// 256 random bits, as a browser holds them.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    pub fn random() -> Self {
        let mut bytes = [0_u8; TOKEN_LEN];
        rand::rng().fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Well-formed; not yet known to be anybody's.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == TOKEN_LEN).then(|| Self(text.to_owned()))
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        Sha256::digest(&self.0).into()
    }

    /// What a form of its holder carries.
    pub fn of_forms(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(b"console form");
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    pub fn made_form(&self, carried: &str) -> bool {
        self.of_forms().as_bytes().ct_eq(carried.as_bytes()).into()
    }

    /// What the browser holds under this name (RFC 6265, section 5.4). A `__Host-` name is there once.
    pub fn held(request: &HttpRequest, name: &str) -> Option<Self> {
        let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(held, _)| *held == name).and_then(|(_, text)| Self::read(text))
    }

    /// Lets the browser hold it, until it is closed.
    pub fn give(&self, response: &mut HttpResponse, name: &str) {
        set(response, &format!("{name}={}; {ATTRIBUTES}", self.0));
    }

    /// Lets it hold it for a quarter of an hour, and send it from wherever it comes back.
    pub fn give_for_a_way(&self, response: &mut HttpResponse, name: &str) {
        set(response, &format!("{name}={}; {OF_A_WAY}", self.0));
    }
}

const OF_A_WAY: &str = "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// Takes away what the browser holds under this name.
pub(crate) fn take(response: &mut HttpResponse, name: &str) {
    set(response, &format!("{name}=; {ATTRIBUTES}; Max-Age=0"));
}

fn set(response: &mut HttpResponse, text: &str) {
    let value = HeaderValue::from_str(text).expect("names and tokens are letters, digits, - and _");
    response.headers_mut().append(SET_COOKIE, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_with_its_own_token_only() {
        let (one, other) = (Token::random(), Token::random());
        assert!(one.made_form(&one.of_forms()));
        assert!(!one.made_form(&other.of_forms()) && !one.made_form("") && !one.made_form(one.text()));
        assert!(Token::read(one.text()).is_some());
        assert!(["", "abc", "no token at all, in forty-three characters.."].iter().all(|t| Token::read(t).is_none()));
    }
}

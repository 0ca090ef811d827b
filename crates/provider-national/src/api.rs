//! Calls of the platform: signed JSON, one address for each message. Answers are not verified, for no code base says what
//! their hash covers: they are believed because of TLS, and only where they repeat partner and order of the question.

use crate::{Platform, signature, wire};
use provider::json::{Json, Object};
use provider::{ProviderError, http};
use serde_json::{Map, Value};

#[cfg(test)]
pub mod tests;

/// A signed message, before it is written.
pub type Message = Map<String, Value>;

impl Platform {
    /// A message of this kind (DVCQG 1.0.6, section 3.1): `own` has its own values; version, partner and hash are added.
    pub fn message(&self, kind: &str, signed: &[&str], own: &[(&str, String)]) -> Message {
        let common = [("LoaiBanTin", kind), ("PhienBan", wire::VERSION), ("MaDoiTac", &self.settings.partner_code)];
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let mut message: Message =
            common.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value.into())).collect();
        let text = signature::text(signed, |name| message.get(name).and_then(Value::as_str).unwrap_or_default());
        message.insert("MaXacThuc".to_owned(), self.keys.sign(&text).into());
        message
    }

    fn request(&self, url: &str, message: &Message) -> reqwest::RequestBuilder {
        let body = serde_json::to_vec(message).expect("a map of JSON is JSON");
        let request = self.http.post(url).header("content-type", "application/json; charset=utf-8").body(body);
        match &self.settings.access_token {
            Some(token) => request.bearer_auth(secrecy::ExposeSecret::expose_secret(token)),
            None => request,
        }
    }

    /// The bytes of an answer; nothing of them is believed yet.
    pub async fn post(&self, url: &str, message: &Message) -> Result<Vec<u8>, ProviderError> {
        good(http::answer(self.request(url, message)).await?)
    }

    /// The same, of a document that may be this long.
    pub async fn post_for(&self, url: &str, message: &Message, max_bytes: usize) -> Result<Vec<u8>, ProviderError> {
        good(http::answer_within(self.request(url, message), max_bytes).await?)
    }

    /// Who and what an answer is about, where it says so.
    pub fn must_be_about(&self, answer: &Object, order: &str) -> Result<(), ProviderError> {
        for (name, ours) in [("MaDoiTac", self.settings.partner_code.as_str()), ("MaThamChieu", order)] {
            if answer.text(name).is_some_and(|said| said != ours) {
                return Err(malformed(&format!("{name} is not that of the question")));
            }
        }
        Ok(())
    }
}

fn good((status, bytes): (u16, Vec<u8>)) -> Result<Vec<u8>, ProviderError> {
    match status {
        200 => Ok(bytes),
        401 | 403 => Err(refused("the platform does not take this partner")),
        other => Err(malformed(&format!("HTTP {other}"))),
    }
}

pub fn object(bytes: &[u8]) -> Result<Object, ProviderError> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
    Json::object(text).map_err(|e| malformed(&e.to_string()))
}

/// A code as it may be shown: foreign text goes no further.
pub fn shown(code: &str) -> &str {
    wire::code(code).unwrap_or("ill-formed")
}

/// Names the field, never its value: it is foreign text.
pub fn malformed(what: &str) -> ProviderError {
    ProviderError::Malformed(what.to_owned())
}

/// An order that the platform's message has no place for.
pub fn not_sent(why: &str) -> ProviderError {
    ProviderError::NotSent(why.to_owned())
}

pub fn refused(why: &str) -> ProviderError {
    ProviderError::Refused(why.to_owned())
}

//! The gateway as a portal reaches it: HTTP and JSON, a Bearer key, an `Idempotency-Key` on each POST. Believes no
//! status that it did not ask for.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::stop::Stop;

pub const REPLAYED: &str = "Idempotency-Replayed";

pub struct Gateway {
    http: reqwest::Client,
    base: String,
    /// None where nobody is asked who they are: the operators' listener.
    key: Option<String>,
}

/// An answer, kept to the byte.
pub struct Answer {
    call: String,
    pub status: u16,
    pub content_type: String,
    pub replayed: Option<String>,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Gateway {
    pub fn new(http: reqwest::Client, base: &str, key: Option<String>) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), key }
    }

    pub async fn get(&self, path: &str) -> Result<Answer, Stop> {
        self.call(Method::GET, path, None, None).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, Stop> {
        self.call(Method::PUT, path, Some(body), None).await
    }

    pub async fn post(&self, path: &str, body: &Value, key: &str) -> Result<Answer, Stop> {
        self.call(Method::POST, path, Some(body), Some(key)).await
    }

    /// A file, word for word.
    pub async fn send_file(&self, path: &str, file: Vec<u8>, key: &str) -> Result<Answer, Stop> {
        let call = format!("POST {path}");
        let request = self.request(Method::POST, path, Some(key));
        self.answer(call, request.header(CONTENT_TYPE, "application/octet-stream").body(file)).await
    }

    /// A command that has no body.
    pub async fn post_nothing(&self, path: &str, key: &str) -> Result<Answer, Stop> {
        self.call(Method::POST, path, None, Some(key)).await
    }

    pub async fn post_without_key(&self, path: &str, body: &Value) -> Result<Answer, Stop> {
        self.call(Method::POST, path, Some(body), None).await
    }

    pub async fn delete(&self, path: &str, key: &str) -> Result<Answer, Stop> {
        self.call(Method::DELETE, path, None, Some(key)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>, key: Option<&str>) -> Result<Answer, Stop> {
        let call = format!("{method} {path}");
        let mut request = self.request(method, path, key);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.answer(call, request).await
    }

    fn request(&self, method: Method, path: &str, key: Option<&str>) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header(ACCEPT, "application/json");
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        request
    }

    async fn answer(&self, call: String, request: RequestBuilder) -> Result<Answer, Stop> {
        let unanswered = |error: reqwest::Error| Stop::Unanswered(call.clone(), error.without_url());
        let answer = request.send().await.map_err(unanswered)?;
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (replayed, content_type) = (header(REPLAYED), header(CONTENT_TYPE.as_str()).unwrap_or_default());
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(unanswered)?.to_vec();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { call, status, content_type, replayed, bytes, body })
    }
}

impl Answer {
    pub fn must_be(self, wanted: u16) -> Result<Self, Stop> {
        if self.status == wanted {
            return Ok(self);
        }
        Err(Stop::Refused { call: self.call, status: self.status, wanted, body: self.body })
    }

    /// Whether it is a problem document (RFC 9457) with this status and `code`.
    pub fn is_problem(&self, status: u16, code: &str) -> bool {
        self.status == status
            && self.content_type.starts_with("application/problem+json")
            && self.body["code"].as_str() == Some(code)
    }
}

/// A text field that the contract promises.
pub fn text(body: &Value, field: &'static str) -> Result<String, Stop> {
    body[field].as_str().map(str::to_owned).ok_or(Stop::Missing(field))
}

/// An amount in đồng that the contract promises.
pub fn amount(body: &Value, field: &'static str) -> Result<i64, Stop> {
    body[field].as_i64().ok_or(Stop::Missing(field))
}

/// A field that is an array; absent is empty.
pub fn list<'a>(body: &'a Value, field: &str) -> &'a [Value] {
    body[field].as_array().map_or(&[], Vec::as_slice)
}

/// The id of a thing that is shown either as its id or whole.
pub fn id_of(thing: &Value) -> Option<&str> {
    thing.as_str().or_else(|| thing["id"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_thing_is_known_by_its_id_however_it_is_shown() {
        assert_eq!(id_of(&json!("pay_1")), Some("pay_1"));
        assert_eq!(id_of(&json!({"id": "pay_1", "amount": 1})), Some("pay_1"));
        assert_eq!(id_of(&json!(7)), None);
    }

    #[test]
    fn a_missing_list_is_empty_and_a_missing_text_is_named() {
        assert!(list(&json!({}), "attempts").is_empty());
        assert!(matches!(text(&json!({"id": 1}), "id"), Err(Stop::Missing("id"))));
    }
}

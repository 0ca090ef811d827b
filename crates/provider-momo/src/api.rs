//! MoMo's API: signed JSON to one host, JSON back. Answers are not signed (create's at times): they are believed because of
//! TLS, and only where they repeat partner, order and request of the question (MoMo AIO v2, section 2.4).

use crate::{Wallet, codes, signature, wire};
use provider::json::{Json, Object};
use provider::{ProviderError, http};
use serde_json::Value;
use std::time::Duration;

#[cfg(test)]
pub mod tests;

/// "Client time-out at least 30 s" (section 2.1): an earlier end is an outcome that nobody knows of what MoMo was about to say.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The paths under the host (sections 2.1 and 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Create,
    Query,
    Confirm,
    Refund,
    RefundQuery,
}

impl Call {
    const fn path(self) -> &'static str {
        match self {
            Self::Create => "/v2/gateway/api/create",
            Self::Query => "/v2/gateway/api/query",
            Self::Confirm => "/v2/gateway/api/confirm",
            Self::Refund => "/v2/gateway/api/refund",
            Self::RefundQuery => "/v2/gateway/api/refund/query",
        }
    }

    pub const fn signed(self) -> &'static [&'static str] {
        match self {
            Self::Create => signature::CREATE,
            Self::Query | Self::RefundQuery => signature::QUERY,
            Self::Confirm => signature::CONFIRM,
            Self::Refund => signature::REFUND,
        }
    }
}

impl Wallet {
    /// The whole body. `own` has this call's fields; partner and signature are added.
    pub fn request(&self, call: Call, own: &[(&str, Value)]) -> Value {
        let mut body: serde_json::Map<String, Value> =
            own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        body.insert("partnerCode".to_owned(), self.settings.partner_code.clone().into());
        let texts: Vec<(String, String)> = body.iter().map(|(name, value)| (name.clone(), text_of(value))).collect();
        let value = |name: &str| texts.iter().find(|(n, _)| n == name).map_or("", |(_, text)| text.as_str());
        let hash = self.keys.sign(&self.keys.text(call.signed(), value));
        body.insert("signature".to_owned(), hash.into());
        Value::Object(body)
    }

    /// The bytes of an answer; nothing of them is believed yet.
    pub async fn post(&self, call: Call, body: &Value) -> Result<Vec<u8>, ProviderError> {
        let url = format!("{}{}", self.settings.api_url.trim_end_matches('/'), call.path());
        let request =
            self.http.post(url).timeout(self.patience).header("content-type", "application/json; charset=UTF-8");
        let (status, bytes) = http::answer(request.body(body.to_string())).await?;
        // MoMo refuses with a status of 400 and more, and a body as ever; 422 is that of 7000 (section 2.5)
        match status {
            200 | 400..=499 => Ok(bytes),
            other => Err(malformed(format!("HTTP {other}"))),
        }
    }

    /// What the bytes say, if they answer this question.
    pub fn answer(&self, asked: &Value, bytes: &[u8]) -> Result<Answer, ProviderError> {
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8".to_owned()))?;
        let object = Json::object(text).map_err(|e| malformed(e.to_string()))?;
        let code = object.literal("resultCode").and_then(wire::code_from_wire);
        let code = code.ok_or_else(|| malformed("resultCode is missing or ill-formed".to_owned()))?;
        let answer = Answer { object, code };
        for name in ["partnerCode", "orderId", "requestId"] {
            answer.must_be(name, &text_of(&asked[name]))?;
        }
        Ok(answer)
    }
}

/// An answer to our question.
pub struct Answer {
    object: Object,
    pub code: i64,
}

impl Answer {
    /// Absent is empty.
    pub fn get(&self, name: &str) -> &str {
        self.object.literal(name).unwrap_or_default()
    }

    pub fn list(&self, name: &str) -> &[Json] {
        match self.object.get(name) {
            Some(Json::List(items)) => items,
            _ => &[],
        }
    }

    /// A refusal may leave fields out; one that is there must be ours.
    pub fn must_be(&self, name: &str, ours: &str) -> Result<(), ProviderError> {
        let said = self.get(name);
        if said == ours || (said.is_empty() && codes::is_about_call(self.code)) {
            Ok(())
        } else {
            Err(malformed(format!("{name} is not that of the question")))
        }
    }

    pub fn not_understood(&self) -> ProviderError {
        malformed(format!("result code {}", self.code))
    }

    pub fn refused(&self, what: &str) -> ProviderError {
        ProviderError::Refused(format!("{what} answered {}", self.code))
    }
}

pub fn malformed(what: String) -> ProviderError {
    ProviderError::Malformed(what)
}

/// An order that the document has no place for.
pub fn not_sent(why: &str) -> ProviderError {
    ProviderError::NotSent(why.to_owned())
}

pub fn refused(why: &str) -> ProviderError {
    ProviderError::Refused(why.to_owned())
}

/// A number or a text, as it is signed.
pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

//! ZaloPay's API: signed JSON to one host, JSON back. Answers are not signed and name no order: they are believed because
//! of TLS alone (ZaloPay v2, sections 3.2 to 3.5).

use crate::codes::Said;
use crate::{Wallet, wire};
use provider::json::{Json, Object};
use provider::{ProviderError, http};
use serde_json::Value;

#[cfg(test)]
pub mod tests;

/// The paths under the host (section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Create,
    Query,
    Refund,
    QueryRefund,
}

impl Call {
    const fn path(self) -> &'static str {
        match self {
            Self::Create => "/v2/create",
            Self::Query => "/v2/query",
            Self::Refund => "/v2/refund",
            Self::QueryRefund => "/v2/query_refund",
        }
    }
}

impl Wallet {
    /// The bytes of an answer; nothing of them is believed yet.
    pub async fn post(&self, call: Call, body: &Value) -> Result<Vec<u8>, ProviderError> {
        let url = format!("{}{}", self.settings.api_url.trim_end_matches('/'), call.path());
        let request = self.http.post(url).header("content-type", "application/json; charset=UTF-8");
        let (status, bytes) = http::answer(request.body(body.to_string())).await?;
        if status == 200 { Ok(bytes) } else { Err(malformed(format!("HTTP {status}"))) }
    }
}

/// An answer with both its numbers.
pub struct Answer {
    object: Object,
    pub said: Said,
}

impl Answer {
    pub fn read(bytes: &[u8]) -> Result<Self, ProviderError> {
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8".to_owned()))?;
        let object = Json::object(text).map_err(|e| malformed(e.to_string()))?;
        let code = object.literal("return_code").and_then(wire::code_from_wire);
        let code = code.ok_or_else(|| malformed("return_code is missing or ill-formed".to_owned()))?;
        let sub = object.literal("sub_return_code").and_then(wire::code_from_wire);
        Ok(Self { object, said: Said { code, sub } })
    }

    /// Absent is empty.
    pub fn get(&self, name: &str) -> &str {
        self.object.literal(name).unwrap_or_default()
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

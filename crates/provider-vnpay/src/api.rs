//! The merchant API (VNPAY 2.1.0, sections 1.7 and 1.8): signed JSON to one address, signed JSON back. It believes
//! nothing before the answer's hash fits, and an answer about another order, terminal or command is no answer.

use crate::{Gateway, signature, wire};
use domain::codes::OrderRef;
use jiff::Timestamp;
use provider::ProviderError;
use serde_json::Value;
use std::collections::BTreeMap;

#[cfg(test)]
pub mod tests;

/// A real answer is below 1 kB; more is not VNPAY's.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The 9 signed values of querydr, in order (section 1.7). `vnp_TransactionNo` is optional and unsigned: left out.
pub const QUERY_FIELDS: [&str; 9] = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// The 13 signed values of a refund, in order (section 1.8).
pub const REFUND_FIELDS: [&str; 13] = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// The 15 signed values of querydr's answer, in order. Absent promotion values count as empty, so the string ends with
/// `||`; blogs that sign 13 values are wrong (section 1.7).
pub const QUERY_ANSWER_FIELDS: [&str; 15] = [
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
];

/// Those of a refund's answer: the same without the two of promotions (section 1.8).
pub const REFUND_ANSWER_FIELDS: &[&str] = QUERY_ANSWER_FIELDS.split_at(13).0;

/// What may be asked of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Query,
    Refund,
}

impl Command {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "querydr",
            Self::Refund => "refund",
        }
    }

    const fn signed(self) -> &'static [&'static str] {
        match self {
            Self::Query => &QUERY_FIELDS,
            Self::Refund => &REFUND_FIELDS,
        }
    }

    const fn signed_answer(self) -> &'static [&'static str] {
        match self {
            Self::Query => &QUERY_ANSWER_FIELDS,
            Self::Refund => REFUND_ANSWER_FIELDS,
        }
    }
}

impl Gateway {
    /// Asks about one order, with a request id of its own. Asking changes nothing at VNPAY.
    pub async fn query(
        &self,
        order_ref: &OrderRef,
        ordered_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<u8>, ProviderError> {
        let own = BTreeMap::from([
            ("vnp_RequestId", uuid::Uuid::new_v4().simple().to_string()),
            ("vnp_TxnRef", order_ref.as_str().to_owned()),
            ("vnp_TransactionDate", wire::time_to_wire(ordered_at)),
            ("vnp_OrderInfo", wire::order_info(&format!("Truy van GD:{}", order_ref.as_str()))),
        ]);
        self.post(&self.request(Command::Query, own, now)).await
    }

    /// The whole body. All values as strings, as VNPAY's demos send them.
    pub fn request(&self, command: Command, own: BTreeMap<&'static str, String>, now: Timestamp) -> Value {
        let mut body = own;
        body.insert("vnp_Version", wire::VERSION.to_owned());
        body.insert("vnp_Command", command.as_str().to_owned());
        body.insert("vnp_TmnCode", self.settings.tmn_code.clone());
        body.insert("vnp_CreateDate", wire::time_to_wire(now));
        body.insert("vnp_IpAddr", wire::ip_address(self.settings.server_ip));
        let values: Vec<_> = command.signed().iter().map(|name| body.get(name).map_or("", String::as_str)).collect();
        let hash = self.keys.sign(&signature::piped(&values));
        body.insert("vnp_SecureHash", hash);
        body.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
    }

    /// The bytes of an answer with HTTP 200; nothing of them is believed yet.
    pub async fn post(&self, body: &Value) -> Result<Vec<u8>, ProviderError> {
        let request = self.http.post(&self.settings.api_url).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.map_err(not_reached)?;
        expect_ok(response.status())?;
        read(response).await
    }

    /// What the bytes say, once their hash fits and they are about this command, terminal and order.
    pub fn answer(&self, command: Command, order_ref: &OrderRef, bytes: &[u8]) -> Result<Verified, ProviderError> {
        let answer = Verified(fields(bytes)?);
        let values: Vec<_> = command.signed_answer().iter().map(|name| answer.get(name)).collect();
        if !self.keys.verify(&signature::piped(&values), answer.get("vnp_SecureHash")) {
            return Err(malformed(format!("the hash does not fit (response code {})", answer.code_for_people())));
        }
        answer.must_be("vnp_Command", command.as_str())?;
        answer.must_be("vnp_TmnCode", &self.settings.tmn_code)?;
        answer.must_be("vnp_TxnRef", order_ref.as_str())?;
        Ok(answer)
    }
}

/// The values of an answer whose hash fits.
pub struct Verified(BTreeMap<String, String>);

impl Verified {
    /// Absent is empty.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A call that found nothing may leave fields out; one that is there must be ours.
    pub fn must_be(&self, name: &str, ours: &str) -> Result<(), ProviderError> {
        let absent = self.get(name).is_empty() && self.get("vnp_ResponseCode") != "00";
        if absent || self.get(name) == ours {
            Ok(())
        } else {
            Err(malformed(format!("{name} is not that of the question")))
        }
    }

    /// querydr's `vnp_ResponseCode`, which is about the call (section 1.7): whether VNPAY knows the order.
    pub fn found(&self) -> Result<bool, ProviderError> {
        match self.get("vnp_ResponseCode") {
            "00" => Ok(true),
            "91" => Ok(false),
            // 94: asked again within the allowed interval; 99: any other trouble at VNPAY. Later may do better.
            "94" | "99" => Err(ProviderError::Unavailable(None)),
            // 02 terminal unknown, 03 format, 97 our hash wrong: the same call will not do better.
            code @ ("02" | "03" | "97") => Err(ProviderError::Refused(format!("querydr answered {code}"))),
            _ => Err(self.not_understood()),
        }
    }

    /// The state of the order, in words of section 1.6.
    pub fn status(&self) -> Result<&str, ProviderError> {
        let status = self.get("vnp_TransactionStatus");
        if wire::is_code(status) {
            Ok(status)
        } else {
            Err(malformed("vnp_TransactionStatus is ill-formed".to_owned()))
        }
    }

    pub fn not_understood(&self) -> ProviderError {
        malformed(format!("response code {}", self.code_for_people()))
    }

    /// Foreign text goes into messages only when it is a code.
    fn code_for_people(&self) -> &str {
        Some(self.get("vnp_ResponseCode")).filter(|code| wire::is_code(code)).unwrap_or("ill-formed")
    }
}

pub fn malformed(what: String) -> ProviderError {
    ProviderError::Malformed(what)
}

/// Values are JSON strings or numbers, which are both seen (section 1.9, "JSON types").
fn fields(body: &[u8]) -> Result<BTreeMap<String, String>, ProviderError> {
    let read: BTreeMap<String, Value> =
        serde_json::from_slice(body).map_err(|_| malformed("not a JSON object".to_owned()))?;
    let text = |value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(malformed("a value is neither text nor number".to_owned())),
    };
    read.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect()
}

/// Only what was never sent is known to have done nothing.
fn not_reached(error: reqwest::Error) -> ProviderError {
    if error.is_connect() || error.is_builder() {
        ProviderError::Unavailable(Some(error))
    } else {
        ProviderError::Unknown(Some(error))
    }
}

fn expect_ok(status: reqwest::StatusCode) -> Result<(), ProviderError> {
    match status.as_u16() {
        200 => Ok(()),
        429 => Err(ProviderError::Unavailable(None)),
        500..=599 => Err(ProviderError::Unknown(None)),
        other => Err(malformed(format!("HTTP {other}"))),
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| ProviderError::Unknown(Some(e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(malformed("the answer is too long".to_owned()));
        }
    }
    Ok(body)
}

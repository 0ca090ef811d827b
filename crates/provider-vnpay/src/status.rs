//! querydr (VNPAY 2.1.0, section 1.7): asks about one order. It believes nothing before the answer's hash fits, and an
//! answer about another order, terminal or command is no answer. Asking changes nothing at VNPAY.

use crate::{Gateway, signature, wire};
use async_trait::async_trait;
use domain::payment::{Capture, News, Report};
use provider::status::Told;
use provider::{ProviderError, Question, Status};
use serde_json::Value;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// A real answer is below 1 kB; more is not VNPAY's.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The 15 signed values of the answer, in order. Absent promotion values count as empty, so the string ends with `||`;
/// blogs that sign 13 values are wrong (section 1.7).
pub const ANSWER_FIELDS: [&str; 15] = [
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

#[async_trait]
impl Status for Gateway {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        let body = self.query(question, &uuid::Uuid::new_v4().simple().to_string());
        let request = self.http.post(&self.settings.api_url).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.map_err(not_reached)?;
        expect_ok(response.status())?;
        let evidence = read(response).await?;
        let answer = Fields::parse(&evidence)?;
        let report = self.conclude(question, &answer)?;
        Ok(Told { report, evidence })
    }
}

impl Gateway {
    /// All values as strings, as VNPAY's demos send them. `vnp_TransactionNo` is optional and unsigned: left out.
    fn query(&self, question: &Question, request_id: &str) -> Value {
        let transaction_date = wire::time_to_wire(question.ordered_at);
        let create_date = wire::time_to_wire(question.now);
        let ip = wire::ip_address(self.settings.server_ip);
        let order_ref = question.order_ref.as_str();
        let order_info = wire::order_info(&format!("Truy van GD:{order_ref}"));
        let tmn_code = self.settings.tmn_code.as_str();
        let text = signature::piped(&[
            request_id,
            wire::VERSION,
            "querydr",
            tmn_code,
            order_ref,
            &transaction_date,
            &create_date,
            &ip,
            &order_info,
        ]);
        serde_json::json!({
            "vnp_RequestId": request_id,
            "vnp_Version": wire::VERSION,
            "vnp_Command": "querydr",
            "vnp_TmnCode": tmn_code,
            "vnp_TxnRef": order_ref,
            "vnp_TransactionDate": transaction_date,
            "vnp_CreateDate": create_date,
            "vnp_IpAddr": ip,
            "vnp_OrderInfo": order_info,
            "vnp_SecureHash": self.keys.sign(&text),
        })
    }

    fn conclude(&self, question: &Question, answer: &Fields) -> Result<Report, ProviderError> {
        let order_ref = question.order_ref.as_str();
        if !self.keys.verify(&answer.signed_text(), answer.get("vnp_SecureHash")) {
            return Err(malformed(format!("the hash does not fit (response code {})", answer.code_for_people())));
        }
        answer.must_be("vnp_Command", "querydr")?;
        answer.must_be("vnp_TmnCode", &self.settings.tmn_code)?;
        answer.must_be("vnp_TxnRef", order_ref)?;
        match answer.get("vnp_ResponseCode") {
            "00" => answer.report(question),
            "91" => Ok(Report {
                source_key: format!("{order_ref}:not_found"),
                order_ref: question.order_ref.clone(),
                news: News::NotFound,
            }),
            // 94: asked again within the allowed interval; 99: any other trouble at VNPAY. Later may do better.
            "94" | "99" => Err(ProviderError::Unavailable(None)),
            // 02 terminal unknown, 03 format, 97 our hash wrong: the same call will not do better.
            code @ ("02" | "03" | "97") => Err(ProviderError::Refused(format!("querydr answered {code}"))),
            _ => Err(malformed(format!("response code {}", answer.code_for_people()))),
        }
    }
}

/// The answer's values as text: JSON strings or numbers, which are both seen (section 1.9, "JSON types").
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, ProviderError> {
        let read: BTreeMap<String, Value> =
            serde_json::from_slice(body).map_err(|_| malformed("not a JSON object".to_owned()))?;
        let text = |value| match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Null => Ok(String::new()),
            _ => Err(malformed("a value is neither text nor number".to_owned())),
        };
        read.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Absent is empty.
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn signed_text(&self) -> String {
        signature::piped(&ANSWER_FIELDS.map(|name| self.get(name)))
    }

    /// A call that found nothing may leave fields out; one that is there must be ours.
    fn must_be(&self, name: &str, ours: &str) -> Result<(), ProviderError> {
        let absent = self.get(name).is_empty() && self.get("vnp_ResponseCode") != "00";
        if absent || self.get(name) == ours {
            Ok(())
        } else {
            Err(malformed(format!("{name} is not that of the question")))
        }
    }

    fn report(&self, question: &Question) -> Result<Report, ProviderError> {
        let status = self.get("vnp_TransactionStatus");
        if !wire::is_code(status) {
            return Err(malformed("vnp_TransactionStatus is ill-formed".to_owned()));
        }
        let number = self.get("vnp_TransactionNo");
        let name = if wire::is_transaction_no(number) { number } else { question.order_ref.as_str() };
        let source_key = format!("{name}:{status}");
        Ok(Report { source_key, order_ref: question.order_ref.clone(), news: self.news(status)? })
    }

    /// Section 1.6. The refund states 05, 06, 09 say that the money was taken first, so they are a capture too; what
    /// went back is another fact. A status that the document does not list is pending, never paid, never failed.
    fn news(&self, status: &str) -> Result<News, ProviderError> {
        match status {
            "00" | "05" | "06" | "09" if self.is_payment() => self.capture().map(News::Captured),
            // Of a refund's own record (types 02, 03) number and amount may be the refund's: a person looks.
            "00" | "05" | "06" | "09" => {
                Ok(News::Unclear { code: format!("{status} of type {}", self.type_for_people()) })
            }
            "02" => Ok(News::Failed { code: status.to_owned() }),
            "04" | "07" => Ok(News::Unclear { code: status.to_owned() }),
            _ => Ok(News::Pending),
        }
    }

    /// `vnp_TransactionType`: 01 payment, 02 full refund, 03 partial refund (section 1.7).
    fn is_payment(&self) -> bool {
        self.get("vnp_TransactionType") == "01"
    }

    fn capture(&self) -> Result<Capture, ProviderError> {
        let number = self.get("vnp_TransactionNo");
        if !wire::is_transaction_no(number) {
            return Err(malformed("paid without vnp_TransactionNo".to_owned()));
        }
        let amount =
            wire::amount_from_wire(self.get("vnp_Amount")).map_err(|e| malformed(format!("vnp_Amount: {e}")))?;
        let paid_at = match self.get("vnp_PayDate") {
            "" => None,
            text => Some(wire::time_from_wire(text).map_err(|e| malformed(format!("vnp_PayDate: {e}")))?),
        };
        Ok(Capture { provider_txn_id: number.to_owned(), amount, paid_at })
    }

    /// Foreign text goes into messages only when it is a code.
    fn code_for_people(&self) -> &str {
        Some(self.get("vnp_ResponseCode")).filter(|code| wire::is_code(code)).unwrap_or("ill-formed")
    }

    fn type_for_people(&self) -> &str {
        Some(self.get("vnp_TransactionType")).filter(|code| wire::is_code(code)).unwrap_or("ill-formed")
    }
}

/// A question moves nothing; still a time-out after sending keeps its name, as for every call.
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

fn malformed(what: String) -> ProviderError {
    ProviderError::Malformed(what)
}

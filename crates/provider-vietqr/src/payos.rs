//! payOS's webhook (Bank transfer, section 2.3): HMAC-SHA256 inside the body over `data` alone. It refuses as forged:
//! another method, a wrong signature, a name given twice. What stands beside `data` is not signed and not read.

use crate::signature::Secrets;
use crate::told::{self, Row, ill};
use crate::wire;
use domain::account_report::{AccountReport, Direction};
use jiff::Timestamp;
use provider::json::{Json, Object};
use provider::{AccountWebhook, Acknowledgement, Answer, Refusal, Request};

#[cfg(test)]
mod tests;

pub const TELLER: &str = "payos";

/// What payOS sends when an address is registered: the sample of its documentation.
const TEST_CALL: [(&str, &str); 5] = [
    ("orderCode", "123"),
    ("amount", "3000"),
    ("description", "VQRIO123"),
    ("reference", "TF230204212323"),
    ("paymentLinkId", "124c33293c43417ab7879e14c8d9eb18"),
];

/// payOS signs no time: the row's key is what makes a call that is played back harmless.
pub struct Webhook {
    pub key: Secrets,
}

impl AccountWebhook for Webhook {
    fn teller(&self) -> &'static str {
        TELLER
    }

    fn method(&self) -> &'static str {
        told::METHOD
    }

    fn verify(&self, request: &Request<'_>, _now: Timestamp) -> Result<Vec<AccountReport>, Refusal> {
        told::expect_post(request)?;
        let body = told::utf8(request).and_then(Json::object).map_err(|_| Refusal::Forged("not to be signed"))?;
        let data = body.inner("data").ok_or(Refusal::Forged("no data"))?;
        let Some(Json::Text(hash)) = body.get("signature") else {
            return Err(Refusal::Forged("no signature"));
        };
        let text = signed_text(data).ok_or(Refusal::Forged("not to be signed"))?;
        if !self.key.fits_sha256(&[text.as_bytes()], hash) {
            return Err(Refusal::Forged("signature"));
        }
        if data.iter().any(|(_, value)| is_ambiguous(value)) {
            return Err(Refusal::Unreadable("a value reads like another field".to_owned()));
        }
        read(data)
    }

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        told::acknowledge(outcome)
    }
}

/// `name=value` sorted by name and joined with `&`, nothing encoded, null as empty, lists as JSON. None where a name or
/// a nested object makes the text ambiguous.
pub fn signed_text(data: &Object) -> Option<String> {
    let pair = |(name, value): (&str, &Json)| {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let value = match value {
            Json::Null => String::new(),
            Json::Text(text) => text.clone(),
            Json::Object(_) => return None,
            other => other.canonical(),
        };
        plain.then(|| format!("{name}={value}"))
    };
    Some(data.iter().map(pair).collect::<Option<Vec<_>>>()?.join("&"))
}

/// Values are signed unencoded, so `A&reference=B` might be one value or two: what a payer typed must not become a field,
/// nor may fields vanish in a list.
fn is_ambiguous(value: &Json) -> bool {
    let holds_a_pair = |text: &str| text.split_once('&').is_some_and(|(_, rest)| rest.contains('='));
    match value {
        Json::Text(text) => holds_a_pair(text),
        Json::List(_) => holds_a_pair(&value.canonical()),
        _ => false,
    }
}

fn read(data: &Object) -> Result<Vec<AccountReport>, Refusal> {
    if TEST_CALL.iter().all(|(name, value)| data.text(name) == Some(value)) {
        return Ok(Vec::new());
    }
    // `code` 00 says that the money came; the document has no other, and another says nothing that we know.
    if data.text("code") != Some("00") {
        return Err(ill("code"));
    }
    if data.text("currency") != Some("VND") {
        return Err(ill("currency"));
    }
    let link = data.text("paymentLinkId").filter(|text| wire::is_number(text)).ok_or_else(|| ill("paymentLinkId"))?;
    let reference = data.text("reference").filter(|text| wire::is_reference(text)).ok_or_else(|| ill("reference"))?;
    let amount = data.text("amount").and_then(|text| wire::amount(text).ok()).ok_or_else(|| ill("amount"))?;
    let row = Row {
        teller: TELLER,
        source_key: format!("{TELLER}:{link}:{reference}"),
        account_number: data.text("accountNumber"),
        // the bank that it names is the payer's
        bank_bin: None,
        virtual_account: data.text("virtualAccountNumber"),
        direction: Direction::In,
        amount,
        bank_ref: Some(reference),
        text: data.text("description"),
        stated_at: data.text("transactionDateTime").and_then(wire::time),
    };
    row.report().map(|report| vec![report]).map_err(ill)
}

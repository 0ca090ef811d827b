//! Amounts, errors and objects as they are on the wire (GSMA 1.2, bill payments: `errorObject`, `responseBills`,
//! `responseBillPayment`).

use crate::parts::{json, short, whole};
use domain::Vnd;
use domain::bill::BillOutcome;
use domain::business_day::HANOI;
use jiff::Timestamp;
use provider::{Answer, Bill, Decided};
use serde_json::{Value, json as object};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// `currency`.
pub const VND: &str = "VND";
/// `billdescription` holds 256.
const DESCRIPTION_MAX: usize = 256;

/// What is wrong, in the document's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Client,
    Missing(&'static str),
    Format(&'static str),
    Offset,
    Currency,
    Identifier,
    State(BillOutcome),
    Expired,
    TooLittle,
    TooMuch,
    Duplicate,
    Unavailable,
    Closed,
}

impl Fault {
    /// HTTP status, category, code (section 4.3), and a sentence.
    fn words(&self) -> (u16, &'static str, &'static str, String) {
        let rule = |code, says: &str| (400, "businessRule", code, says.to_owned());
        match self {
            Self::Client => (401, "authorisation", "clientAuthorisationError", "not the contract's".to_owned()),
            Self::Missing(name) => (400, "validation", "mandatoryValueNotSupplied", (*name).to_owned()),
            Self::Format(name) => (400, "validation", "formatError", (*name).to_owned()),
            Self::Offset => (400, "validation", "invalidOffset", "offset or limit".to_owned()),
            Self::Currency => (400, "validation", "currencyNotSupported", VND.to_owned()),
            Self::Identifier => (404, "identification", "identifierError", "not known here".to_owned()),
            Self::State(outcome) => rule("incorrectState", outcome.as_str()),
            Self::Expired => rule("quoteHasExpired", "ask for the bill again"),
            Self::TooLittle => rule("underPaymentNotAllowed", "a bill is paid whole"),
            Self::TooMuch => rule("overPaymentNotAllowed", "a bill is paid whole"),
            Self::Duplicate => rule("duplicateRequest", "this number stands for another payment"),
            Self::Closed => (503, "serviceUnavailable", "genericError", "closed for now".to_owned()),
            Self::Unavailable => {
                (503, "serviceUnavailable", "genericError", "ask again with the same number".to_owned())
            }
        }
    }

    /// `errorObject`, whole; its description has a lower-case d there.
    pub fn body(&self, at: Timestamp) -> Value {
        let (_, category, code, says) = self.words();
        let mut body = object!({
            "errorCategory": category, "errorCode": code, "errordescription": says, "errorDateTime": at.to_string(),
        });
        if let (Some(body), Some((key, value))) = (body.as_object_mut(), self.parameter()) {
            body.insert("errorParameters".to_owned(), object!([{"key": key, "value": value}]));
        }
        body
    }

    /// For a person, in a word: which field, and never its value.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Missing(name) | Self::Format(name) => name,
            _ => self.words().2,
        }
    }

    /// What it is about, in words of ours: nothing that came with the call is said back.
    fn parameter(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Missing(name) | Self::Format(name) => Some(("field", name)),
            Self::Currency => Some(("field", "currency")),
            Self::TooLittle | Self::TooMuch => Some(("field", "amountPaid")),
            Self::State(outcome) => Some(("outcome", outcome.as_str())),
            Self::Client
            | Self::Offset
            | Self::Identifier
            | Self::Expired
            | Self::Duplicate
            | Self::Unavailable
            | Self::Closed => None,
        }
    }

    pub fn answer(&self, at: Timestamp) -> Answer {
        json(self.words().0, &self.body(at))
    }
}

/// `^([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[0-9])?$` above zero; a fraction other than zeros is no đồng.
pub fn amount(text: &str) -> Option<Vnd> {
    let Some((dong, fraction)) = text.split_once('.') else { return whole(text) };
    let zeros = (1..=4).contains(&fraction.len()) && fraction.bytes().all(|b| b == b'0');
    if zeros { whole(dong) } else { None }
}

/// `X-Content-Hash`: SHA-256 hex of the content.
pub fn hash_fits(claimed: &str, body: &[u8]) -> bool {
    let mut bytes = [0_u8; 32];
    hex::decode_to_slice(claimed, &mut bytes).is_ok() && bool::from(Sha256::digest(body).as_slice().ct_eq(&bytes))
}

/// A part of a path with its percent signs read (RFC 3986, section 2.1).
pub fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let mut read = [0_u8];
        hex::decode_to_slice(after.get(..2)?, &mut read).ok()?;
        bytes.extend(read);
        rest = after.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

/// `responseBills`. A bill is paid whole: the least is all.
pub fn bill(bill: &Bill) -> Value {
    let amount = bill.amount.dong().to_string();
    let mut shown = object!({
        "billReference": bill.reference, "billStatus": "unpaid", "amountDue": amount, "minimumAmountDue": amount,
        "currency": VND, "billdescription": short(&bill.description, DESCRIPTION_MAX),
    });
    let due = bill.due_at.map(|at| HANOI.to_datetime(at).date().to_string());
    if let (Some(shown), Some(due)) = (shown.as_object_mut(), due) {
        shown.insert("dueDate".to_owned(), Value::String(due));
    }
    shown
}

/// `responseBillPayment` of one that is paid.
pub fn paid(decided: &Decided) -> Value {
    let mut shown = object!({
        "billPaymentStatus": "paid", "amountPaid": decided.amount.dong().to_string(), "currency": VND,
        "paymentType": "fullpayment", "requestingOrganisationTransactionReference": decided.transaction,
        "creationDate": decided.at.to_string(),
    });
    if let (Some(shown), Some(payment)) = (shown.as_object_mut(), decided.payment) {
        shown.insert("serviceProviderPaymentReference".to_owned(), Value::String(payment.to_string()));
    }
    shown
}

/// Where what was made of a call is found, of that one alone.
pub fn link(decided: &Decided) -> String {
    format!("/requeststates/{}", decided.handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(part: &str) -> String {
        part.bytes().map(|b| format!("%{b:02X}")).collect()
    }

    #[test]
    fn amounts_are_those_of_the_documents_pattern_and_whole() {
        for (text, dong) in [("1", 1), ("150000", 150_000), ("6.00", 6), ("6.0000", 6)] {
            assert_eq!(amount(text).map(Vnd::dong), Some(dong), "{text}");
        }
        for ill in ["", "0", "0.00", "5.30", "6.", ".5", "6.00000", "-1", "1e3", "01", "1000000000000"] {
            assert_eq!(amount(ill), None, "{ill}");
        }
    }

    proptest! {
        #[test]
        fn a_part_of_a_path_is_read_as_it_was_written(text: String) {
            prop_assert_eq!(decoded(&encoded(&text)), Some(text.clone()));
            prop_assert_eq!(decoded(&text.replace('%', "%25")), Some(text));
        }

        #[test]
        fn foreign_text_never_panics(text: String) {
            let _ = (decoded(&text), amount(&text), hash_fits(&text, b""));
        }
    }
}

//! The `mobile_money` dialect: GSMA Mobile Money API 1.2, bill payments.

use serde_json::{Value, json};

use super::book::{State, Transaction, Word};
use crate::clock;

pub(super) fn bills_path(customer: &str) -> String {
    format!("accounts/accountid/{}/bills", escaped(customer))
}

pub(super) fn payment_path(t: &Transaction) -> String {
    format!("{}/{}/payments", bills_path(&t.customer), escaped(&t.bill))
}

fn escaped(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(super) fn bills(body: &Value) -> Vec<Value> {
    let unpaid = body.as_array().into_iter().flatten().filter(|b| b["billStatus"] == "unpaid");
    let bill = |b: &Value| {
        let amount = b["amountDue"].as_str().and_then(|a| a.parse::<i64>().ok());
        json!({"bill": b["billReference"], "amount": amount, "name": Value::Null})
    };
    unpaid.map(bill).collect()
}

pub(super) fn payment(t: &Transaction) -> Value {
    json!({"amountPaid": t.amount.to_string(), "currency": "VND", "paymentType": "fullpayment",
        "customerReference": t.customer, "requestingOrganisationTransactionReference": t.number,
        "requestDate": clock::now().to_string()})
}

/// A UUID made from the payment's number: a call about it that comes again is the same call.
pub(super) fn correlation(number: &str) -> String {
    use sha2::{Digest, Sha256};
    let hex = hex::encode(Sha256::digest(number));
    let at = |range| hex.get(range).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", at(0..8), at(8..12), at(13..16), at(17..20), at(20..32))
}

/// What an acknowledgement says; a request state that is pending is asked about.
pub(super) fn word(status: u16, body: &Value) -> Word {
    let code = body["errorCode"].as_str();
    match (status, code) {
        (201, _) if body["billPaymentStatus"] == "paid" => Word { state: State::Paid, code: "paid".to_owned() },
        // who we are is not about the payment: nothing was decided
        (401, code) => Word { state: State::Unknown, code: code.unwrap_or("none").to_owned() },
        (400..=499, Some(code)) => Word { state: State::Returned, code: code.to_owned() },
        (_, code) => Word { state: State::Unknown, code: code.unwrap_or("none").to_owned() },
    }
}

/// What a request state says.
pub(super) fn word_of_state(body: &Value) -> Word {
    match body["status"].as_str() {
        Some("completed") => Word { state: State::Paid, code: "paid".to_owned() },
        Some("failed") => {
            let code = body["error"]["errorCode"].as_str().unwrap_or("none").to_owned();
            Word { state: State::Returned, code }
        }
        other => Word { state: State::Unknown, code: other.unwrap_or("none").to_owned() },
    }
}

/// What a callback says: the payment as it was made, or the error. None where it is neither.
pub(super) fn word_of_callback(body: &Value, t: &Transaction) -> Option<Word> {
    if let (Some(_), Some(code)) = (body["errorCategory"].as_str(), body["errorCode"].as_str()) {
        return Some(Word { state: State::Returned, code: code.to_owned() });
    }
    let amount = t.amount.to_string();
    let is_paid = body["billPaymentStatus"] == "paid"
        && body["amountPaid"] == amount.as_str()
        && body["currency"] == "VND"
        && body["requestingOrganisationTransactionReference"] == t.number.as_str();
    is_paid.then(|| Word { state: State::Paid, code: "paid".to_owned() })
}

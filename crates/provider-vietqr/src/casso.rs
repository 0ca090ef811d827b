//! Casso's webhook V2 (Bank transfer, section 2.2): HMAC-SHA512 over the time and the body written anew with sorted
//! names. It refuses as forged: another method, a wrong signature, a signed time out of range, a name given twice.
//! V1 (`secure-token`, a list of rows, no signature) is not supported.

use crate::signature::Secrets;
use crate::told::{self, Row, ill};
use crate::{banks, wire};
use domain::Vnd;
use domain::account_report::{AccountReport, Direction};
use jiff::{SignedDuration, Timestamp};
use provider::json::{Json, Object};
use provider::{AccountWebhook, Acknowledgement, Answer, Refusal, Request};

#[cfg(test)]
mod tests;

pub const TELLER: &str = "casso";

/// Whether a repeated call is signed anew is not said, so an old time is accepted as long as a call may be repeated; the
/// row's key makes a call that is played back harmless.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(72);

pub struct Webhook {
    pub key: Secrets,
    /// How far ahead of us a signed time may be.
    pub tolerance: SignedDuration,
}

impl AccountWebhook for Webhook {
    fn teller(&self) -> &'static str {
        TELLER
    }

    fn method(&self) -> &'static str {
        told::METHOD
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Vec<AccountReport>, Refusal> {
        told::expect_post(request)?;
        let (time, hash) = proof(told::header(request, "X-Casso-Signature")?)?;
        let body = told::utf8(request).and_then(Json::parse).map_err(|_| Refusal::Forged("not to be signed"))?;
        if !self.key.fits_sha512(&[time.as_bytes(), b".", body.canonical().as_bytes()], hash) {
            return Err(Refusal::Forged("signature"));
        }
        let signed_at = time.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let age = signed_at.map(|at| now.duration_since(at));
        if !age.is_some_and(|age| age >= -self.tolerance && age <= MAX_AGE) {
            return Err(Refusal::Forged("signed time"));
        }
        match body {
            Json::Object(body) => read(&body),
            _ => Err(ill("the body")),
        }
    }

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        told::acknowledge(outcome)
    }
}

/// `t=<milliseconds>,v1=<hex>`: each once, other schemes are passed over.
fn proof(header: &str) -> Result<(&str, &str), Refusal> {
    let parts: Vec<_> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let only = |name: &str| {
        let mut values = parts.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value);
        values.next().filter(|_| values.next().is_none())
    };
    let time = only("t").filter(|t| wire::is_digits(t));
    time.zip(only("v1")).ok_or(Refusal::Forged("X-Casso-Signature"))
}

fn read(body: &Object) -> Result<Vec<AccountReport>, Refusal> {
    if body.text("error") != Some("0") {
        return Err(ill("error"));
    }
    let row = body.inner("data").ok_or_else(|| ill("data"))?;
    // The portal's "try it" button.
    if row.text("id") == Some("0") || row.text("reference") == Some("MA_GIAO_DICH_THU_NGHIEM") {
        return Ok(Vec::new());
    }
    let amount = row.text("amount").and_then(|text| wire::signed_amount(text).ok());
    let (direction, amount) = amount.and_then(moved).ok_or_else(|| ill("amount"))?;
    let row = Row {
        teller: TELLER,
        source_key: told::numbered(TELLER, row).map_err(ill)?,
        account_number: row.text("accountNumber"),
        bank_bin: banks::bin(&[row.text("bankAbbreviation"), row.text("bankName")]),
        virtual_account: row.text("virtualAccountNumber"),
        direction,
        amount,
        bank_ref: row.text("reference"),
        text: row.text("description"),
        stated_at: row.text("transactionDateTime").and_then(wire::time),
    };
    row.report().map(|report| vec![report]).map_err(ill)
}

/// Below zero is money out. None for zero.
pub fn moved(amount: Vnd) -> Option<(Direction, Vnd)> {
    if amount.is_zero() {
        return None;
    }
    Some(if amount.is_positive() { (Direction::In, amount) } else { (Direction::Out, -amount) })
}

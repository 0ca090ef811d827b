//! SePay's webhook (Bank transfer, section 2.1), in its key form or its signed form. It refuses as forged: another
//! method, a wrong key, a wrong signature, a signed time too far from ours. Not read: multipart bodies, BankHub's names.

use crate::signature::Secrets;
use crate::told::{self, Row, ill};
use crate::{banks, wire};
use domain::account_report::{AccountReport, Direction};
use jiff::{SignedDuration, Timestamp};
use provider::json::{Json, Object};
use provider::{AccountWebhook, Acknowledgement, Answer, Refusal, Request};

#[cfg(test)]
mod tests;

pub const TELLER: &str = "sepay";

pub struct Webhook {
    pub proof: Proof,
}

/// One webhook at SePay has one of the forms; the weaker one is never accepted in place of the stronger.
pub enum Proof {
    /// `Authorization: Apikey <key>`: says who calls, not that the body is whole.
    Key(Secrets),
    /// SePay has us refuse a time more than five minutes off; a call that is lost by that is found in the listing.
    Hmac { secret: Secrets, tolerance: SignedDuration },
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
        self.proof.check(request, now)?;
        Ok(vec![report(&body(request)?)?])
    }

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        told::acknowledge(outcome)
    }
}

impl Proof {
    fn check(&self, request: &Request<'_>, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::Key(key) => {
                let (scheme, given) = told::header(request, "Authorization")?.split_once(' ').unwrap_or_default();
                let fits = key.is(given.trim()) & scheme.eq_ignore_ascii_case("Apikey");
                if fits { Ok(()) } else { Err(Refusal::Forged("key")) }
            }
            Self::Hmac { secret, tolerance } => {
                let time = told::header(request, "X-SePay-Timestamp")?;
                let hash = told::header(request, "X-SePay-Signature")?.strip_prefix("sha256=");
                let fits = |hash| secret.fits_sha256(&[time.as_bytes(), b".", request.body], hash);
                if !hash.is_some_and(fits) {
                    return Err(Refusal::Forged("signature"));
                }
                let signed_at = Some(time).filter(|t| wire::is_digits(t)).and_then(|t| t.parse().ok());
                let signed_at = signed_at.and_then(|s| Timestamp::from_second(s).ok());
                let near = signed_at.is_some_and(|at| now.duration_since(at).abs() <= *tolerance);
                if near { Ok(()) } else { Err(Refusal::Forged("signed time")) }
            }
        }
    }
}

/// JSON, or form-urlencoded where the webhook is configured so; a form encodes `{`. The bytes say which, for they are
/// signed: `Content-Type` is not, and whoever changes it must not make a signed call unreadable.
fn body(request: &Request<'_>) -> Result<Object, Refusal> {
    let read = if request.body.trim_ascii_start().starts_with(b"{") {
        told::utf8(request).and_then(Json::object)
    } else {
        let pairs = form_urlencoded::parse(request.body).into_owned();
        Object::new(pairs.map(|(name, value)| (name, Json::Text(value))).collect())
    };
    read.map_err(|e| Refusal::Unreadable(e.to_string()))
}

fn report(row: &Object) -> Result<AccountReport, Refusal> {
    let direction = match row.text("transferType") {
        Some("in") => Direction::In,
        Some("out") => Direction::Out,
        _ => return Err(ill("transferType")),
    };
    let amount = row.text("transferAmount").and_then(|text| wire::amount(text).ok());
    let row = Row {
        teller: TELLER,
        source_key: told::numbered(TELLER, row).map_err(ill)?,
        account_number: row.text("accountNumber"),
        bank_bin: banks::bin(&[row.text("gateway")]),
        virtual_account: row.text("subAccount"),
        direction,
        amount: amount.ok_or_else(|| ill("transferAmount"))?,
        bank_ref: row.text("referenceCode"),
        text: row.text("content").or_else(|| row.text("description")),
        stated_at: row.text("transactionDate").and_then(wire::time),
    };
    row.report().map_err(ill)
}

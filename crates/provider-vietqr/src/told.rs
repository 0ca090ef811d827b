//! What the three tellers' webhooks have in common: how a call is opened, a row is translated, an answer is worded.

use crate::settings::Settings;
use crate::signature::Secrets;
use crate::{casso, payos, sepay, wire};
use domain::Vnd;
use domain::account_report::{AccountReport, Direction};
use jiff::{SignedDuration, Timestamp};
use provider::json::{BadJson, Object};
use provider::{AccountWebhook, Acknowledgement, Answer, Refusal, Request};
use std::sync::Arc;

/// Those whose secret is configured.
pub fn tellers(settings: &Settings) -> Vec<Arc<dyn AccountWebhook>> {
    let tolerance = SignedDuration::from_secs(i64::from(settings.clock_tolerance_s));
    let mut tellers: Vec<Arc<dyn AccountWebhook>> = Vec::new();
    if let Some(key) = Secrets::new(&settings.sepay_api_key, &settings.sepay_api_key_next) {
        tellers.push(Arc::new(sepay::Webhook { proof: sepay::Proof::Key(key) }));
    }
    if let Some(secret) = Secrets::new(&settings.sepay_hmac_secret, &settings.sepay_hmac_secret_next) {
        tellers.push(Arc::new(sepay::Webhook { proof: sepay::Proof::Hmac { secret, tolerance } }));
    }
    if let Some(key) = Secrets::new(&settings.casso_checksum_key, &settings.casso_checksum_key_next) {
        tellers.push(Arc::new(casso::Webhook { key, tolerance }));
    }
    if let Some(key) = Secrets::new(&settings.payos_checksum_key, &settings.payos_checksum_key_next) {
        tellers.push(Arc::new(payos::Webhook { key }));
    }
    tellers
}

pub const METHOD: &str = "POST";

pub fn expect_post(request: &Request<'_>) -> Result<(), Refusal> {
    if request.method == METHOD { Ok(()) } else { Err(Refusal::Forged("method")) }
}

/// A header's value; forged where it is missing or given twice.
pub fn header<'a>(request: &Request<'a>, name: &'static str) -> Result<&'a str, Refusal> {
    let mut values = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Ok(value.trim()),
        _ => Err(Refusal::Forged("the header of the proof is missing or given twice")),
    }
}

pub fn utf8<'a>(request: &Request<'a>) -> Result<&'a str, BadJson> {
    std::str::from_utf8(request.body).map_err(|_| BadJson::Syntax)
}

/// A row in the teller's own words, for [`Row::report`] to translate.
pub struct Row<'a> {
    pub teller: &'static str,
    pub source_key: String,
    pub account_number: Option<&'a str>,
    /// The number of its bank ([`crate::banks`]).
    pub bank_bin: Option<&'static str>,
    pub virtual_account: Option<&'a str>,
    pub direction: Direction,
    pub amount: Vnd,
    pub bank_ref: Option<&'a str>,
    pub text: Option<&'a str>,
    pub stated_at: Option<Timestamp>,
}

impl Row<'_> {
    /// # Errors
    /// The name of what is ill-formed; never its value, which is foreign text.
    pub fn report(self) -> Result<AccountReport, &'static str> {
        let number = |text: &str| wire::is_number(text).then(|| text.to_owned());
        let account_number = self.account_number.and_then(number).ok_or("the account number")?;
        let virtual_account = match self.virtual_account.filter(|v| *v != account_number) {
            None => None,
            Some(text) => Some(number(text).ok_or("the virtual account")?),
        };
        Ok(AccountReport {
            source_key: self.source_key,
            teller: self.teller,
            account_number,
            bank_bin: self.bank_bin,
            virtual_account,
            direction: self.direction,
            amount: self.amount,
            bank_ref: self.bank_ref.map(wire::printable).filter(|text| !text.is_empty()),
            text: wire::printable(self.text.unwrap_or_default()),
            stated_at: self.stated_at,
        })
    }
}

/// A row that the teller numbers: `sepay:92704`, the same in its webhook and its listing.
pub fn numbered(teller: &str, row: &Object) -> Result<String, &'static str> {
    let id = row.text("id").filter(|id| wire::is_row_id(id)).ok_or("the id")?;
    Ok(format!("{teller}:{id}"))
}

pub fn ill(what: &'static str) -> Refusal {
    Refusal::Unreadable(format!("{what} is missing or ill-formed"))
}

/// SePay wants `{"success": true}` with a 2xx (Bank transfer, section 2.1); Casso and payOS want the 2xx alone. What was
/// not believed or not kept is told again by whoever does that.
pub fn acknowledge(outcome: Acknowledgement) -> Answer {
    let (status, body) = match outcome {
        Acknowledgement::Recorded
        | Acknowledgement::Known
        | Acknowledgement::AmountDiffers
        | Acknowledgement::UnknownOrder => (200, r#"{"success": true}"#),
        Acknowledgement::Forged => (401, r#"{"success": false}"#),
        Acknowledgement::Unavailable => (503, r#"{"success": false}"#),
    };
    Answer { status, content_type: "application/json", body: body.to_owned() }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub type Verdict = Result<Vec<AccountReport>, Refusal>;

    pub fn at(text: &str) -> Timestamp {
        text.parse().expect("instant")
    }

    pub fn call(webhook: &dyn AccountWebhook, headers: &[(&str, &str)], body: &[u8], now: Timestamp) -> Verdict {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        webhook.verify(&Request { method: "POST", query: "", headers: &headers, body }, now)
    }

    /// The body with one bit of one byte changed, for each byte of the range.
    pub fn flipped(body: &[u8], range: std::ops::Range<usize>) -> impl Iterator<Item = Vec<u8>> {
        range.flat_map(move |i| {
            (0..8).map(move |bit| {
                let mut changed = body.to_vec();
                changed[i] ^= 1 << bit;
                changed
            })
        })
    }

    pub fn is_forged(verdict: &Verdict) -> bool {
        matches!(verdict, Err(Refusal::Forged(_)))
    }

    pub fn is_unreadable(verdict: &Verdict) -> bool {
        matches!(verdict, Err(Refusal::Unreadable(_)))
    }

    #[test]
    fn each_outcome_is_acknowledged() {
        use Acknowledgement::*;
        for kept in [Recorded, Known, AmountDiffers, UnknownOrder] {
            let answer = acknowledge(kept);
            assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"success": true}"#));
        }
        let answers = [Forged, Unavailable].map(acknowledge);
        assert_eq!([answers[0].status, answers[1].status], [401, 503]);
        assert!(answers.iter().all(|a| a.body == r#"{"success": false}"# && a.content_type == "application/json"));
    }

    #[test]
    fn a_row_keeps_what_was_told_and_drops_what_says_nothing() {
        let row = |virtual_account, text| Row {
            teller: "sepay",
            source_key: "sepay:1".to_owned(),
            account_number: Some("8630123456789"),
            bank_bin: None,
            virtual_account,
            direction: Direction::In,
            amount: Vnd::new(1),
            bank_ref: Some("\u{0}"),
            text,
            stated_at: None,
        };
        let report = row(Some("8630123456789"), Some("a\u{0}b\n")).report().expect("a report");
        assert_eq!((report.virtual_account, report.bank_ref, report.text.as_str()), (None, None, "a b"));
        assert_eq!(row(Some("VQR1"), None).report().map(|r| r.virtual_account), Ok(Some("VQR1".to_owned())));
        assert_eq!(row(Some("V Q"), None).report(), Err("the virtual account"));
        assert_eq!(Row { account_number: None, ..row(None, None) }.report(), Err("the account number"));
    }
}

//! The IPN (VNPAY 2.1.0, sections 1.3 to 1.6): a GET that alone may say that money moved. It refuses as forged: another
//! method, a parameter given twice, a missing or wrong hash, another terminal, our own pay link played back.

use crate::{Gateway, signature, wire};
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::{Capture, News, Report};
use jiff::Timestamp;
use provider::{Acknowledgement, Answer, Refusal, Request, Webhook};

#[cfg(test)]
mod tests;

impl Webhook for Gateway {
    fn method(&self) -> &'static str {
        "GET"
    }

    fn verify(&self, request: &Request<'_>) -> Result<Report, Refusal> {
        if request.method != "GET" {
            return Err(Refusal::Forged("method"));
        }
        let params = Params::parse(request.query)?;
        let hash = params.get("vnp_SecureHash").ok_or(Refusal::Forged("no hash"))?;
        if !params.signed_forms().iter().any(|text| self.keys.verify(text, hash)) {
            return Err(Refusal::Forged("hash"));
        }
        if params.get("vnp_TmnCode") != Some(self.settings.tmn_code.as_str()) {
            return Err(Refusal::Forged("terminal"));
        }
        // Pay links carry our own signature with the same key and every payer sees one: played back, it says nothing.
        if params.get("vnp_Command").is_some() && params.get("vnp_ResponseCode").is_none() {
            return Err(Refusal::Forged("our own pay link"));
        }
        Outcome::read(&params)?.report()
    }

    /// Section 1.5: HTTP 200 with exactly two string keys; 00 and 02 end VNPAY's calls, any other code repeats them.
    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        let (code, message) = match outcome {
            Acknowledgement::Recorded => ("00", "Confirm Success"),
            Acknowledgement::UnknownOrder => ("01", "Order not found"),
            Acknowledgement::Known => ("02", "Order already confirmed"),
            Acknowledgement::AmountDiffers => ("04", "Invalid amount"),
            Acknowledgement::Forged => ("97", "Invalid signature"),
            Acknowledgement::Unavailable => ("99", "Unknown error"),
        };
        let body = format!(r#"{{"RspCode":"{code}","Message":"{message}"}}"#);
        Answer { status: 200, content_type: "application/json", body }
    }
}

/// The `vnp_*` parameters of one query, sorted by name, each name once.
struct Params<'a>(Vec<Param<'a>>);

struct Param<'a> {
    name: String,
    value: String,
    /// As received, `name=value` undecoded.
    raw: &'a str,
}

impl<'a> Params<'a> {
    /// A name given twice would let one reader see the signed value and another reader the added one.
    fn parse(query: &'a str) -> Result<Self, Refusal> {
        let mut params: Vec<_> =
            query.split('&').filter_map(Param::parse).filter(|p| p.name.starts_with("vnp_")).collect();
        params.sort_by(|a, b| a.name.cmp(&b.name));
        if params.windows(2).any(|pair| pair[0].name == pair[1].name) {
            return Err(Refusal::Forged("a parameter twice"));
        }
        Ok(Self(params))
    }

    /// An empty value is an absent one: senders differ in whether they leave it out.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|p| p.name == name).map(|p| p.value.as_str()).filter(|value| !value.is_empty())
    }

    /// The strings that VNPAY may have signed (section 1.3): the re-encoded one, and the received pairs as they are, so
    /// that a sender of `%20` or of `%2A` passes. Never over decoded values: those could be cut up in another way.
    fn signed_forms(&self) -> [String; 2] {
        let encoded = signature::form(self.0.iter().map(|p| (p.name.as_str(), p.value.as_str())));
        let kept = self.0.iter().filter(|p| signature::is_signed(&p.name) && !p.value.is_empty());
        let raw = kept.map(|p| p.raw).collect::<Vec<_>>().join("&");
        [encoded, raw]
    }
}

impl<'a> Param<'a> {
    fn parse(raw: &'a str) -> Option<Self> {
        let (name, value) = form_urlencoded::parse(raw.as_bytes()).next()?;
        Some(Self { name: name.into_owned(), value: value.into_owned(), raw })
    }
}

/// What a verified IPN says, in our types.
struct Outcome {
    order_ref: OrderRef,
    amount: Vnd,
    response_code: String,
    transaction_status: String,
    /// None where VNPAY says `0` or nothing: there was no bank transaction.
    transaction_no: Option<String>,
    bank_txn_id: Option<String>,
    paid_at: Option<Timestamp>,
}

impl Outcome {
    fn read(params: &Params<'_>) -> Result<Self, Refusal> {
        let needed = |name: &str| params.get(name).ok_or_else(|| Refusal::Unreadable(format!("{name} is missing")));
        let code = |name: &str| {
            let text = needed(name)?;
            if wire::is_code(text) { Ok(text.to_owned()) } else { Err(ill(name)) }
        };
        Ok(Self {
            order_ref: wire::order_ref(needed("vnp_TxnRef")?).ok_or_else(|| ill("vnp_TxnRef"))?,
            amount: wire::amount_from_wire(needed("vnp_Amount")?).map_err(|_| ill("vnp_Amount"))?,
            response_code: code("vnp_ResponseCode")?,
            transaction_status: code("vnp_TransactionStatus")?,
            transaction_no: transaction_no(params.get("vnp_TransactionNo"))?,
            // nothing is decided by it: one that is ill-formed does not refuse the money
            bank_txn_id: params.get("vnp_BankTranNo").filter(|text| wire::is_bank_number(text)).map(str::to_owned),
            paid_at: params.get("vnp_PayDate").map(wire::time_from_wire).transpose().map_err(|_| ill("vnp_PayDate"))?,
        })
    }

    fn report(self) -> Result<Report, Refusal> {
        let codes = format!("{}/{}", self.response_code, self.transaction_status);
        let source_key = match &self.transaction_no {
            Some(number) => format!("{number}:{codes}"),
            None => format!("{}:0:{codes}", self.order_ref),
        };
        Ok(Report { source_key, order_ref: self.order_ref.clone(), news: self.news(codes)? })
    }

    /// Section 1.6, read with AND as the fields mean it: paid only when both say so. Two fields that contradict each
    /// other conclude nothing, and a status that the document does not list is pending, never paid, never failed.
    fn news(self, codes: String) -> Result<News, Refusal> {
        match (self.response_code.as_str(), self.transaction_status.as_str()) {
            ("00", "00") => self.capture(),
            // Debited but suspected of fraud; debited at the bank but not successful at VNPAY.
            ("07", _) | (_, "04" | "07") => Ok(News::Unclear { code: codes }),
            (_, "01") => Ok(News::Pending),
            ("00", _) | (_, "00") => Ok(News::Unclear { code: codes }),
            // A refund state says that money was taken once, the response code that it was not.
            (_, "05" | "06" | "09") => Ok(News::Unclear { code: codes }),
            (_, "02") => Ok(News::Failed { code: self.response_code }),
            _ => Ok(News::Pending),
        }
    }

    fn capture(self) -> Result<News, Refusal> {
        let provider_txn_id =
            self.transaction_no.ok_or_else(|| Refusal::Unreadable("paid without vnp_TransactionNo".to_owned()))?;
        Ok(News::Captured(Capture {
            provider_txn_id,
            bank_txn_id: self.bank_txn_id,
            amount: self.amount,
            paid_at: self.paid_at,
        }))
    }
}

fn transaction_no(text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text {
        None => Ok(None),
        Some(text) if wire::is_transaction_no(text) => Ok(Some(text.to_owned())),
        Some(text) if text.bytes().all(|b| b == b'0') => Ok(None),
        Some(_) => Err(ill("vnp_TransactionNo")),
    }
}

/// Names the field, never its value: it is foreign text.
fn ill(name: &str) -> Refusal {
    Refusal::Unreadable(format!("{name} is ill-formed"))
}

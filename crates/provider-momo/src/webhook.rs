//! The IPN (MoMo AIO v2, section 2.3): POST, JSON. It refuses as forged: another method, what is no JSON object, a field
//! given twice, a missing or wrong signature, another partner, a value that could be cut up into other fields.

use crate::codes::{self, OfOrder};
use crate::{Wallet, signature, wire};
use domain::payment::{Capture, News, Report};
use provider::json::{Json, Object};
use provider::{Acknowledgement, Answer, Refusal, Request, Webhook};

#[cfg(test)]
mod tests;

impl Webhook for Wallet {
    fn method(&self) -> &'static str {
        "POST"
    }

    fn verify(&self, request: &Request<'_>) -> Result<Report, Refusal> {
        if request.method != "POST" {
            return Err(Refusal::Forged("method"));
        }
        let text = std::str::from_utf8(request.body).map_err(|_| Refusal::Forged("not UTF-8"))?;
        let fields = Json::object(text).map_err(|_| Refusal::Forged("no JSON object with each name once"))?;
        let hash = fields.literal("signature").ok_or(Refusal::Forged("no signature"))?;
        let value = |name: &str| fields.literal(name).unwrap_or_default();
        // what is neither text nor number was never signed
        let ill = |name: &&str| fields.get(name).is_some() && fields.literal(name).is_none();
        if signature::IPN.iter().any(ill) {
            return Err(Refusal::Forged("a field of another kind"));
        }
        if signature::IPN.iter().any(|name| signature::is_ambiguous(signature::IPN, value(name))) {
            return Err(Refusal::Forged("a value that reads like another field"));
        }
        if !self.keys.verify(&self.keys.text(signature::IPN, value), hash) {
            return Err(Refusal::Forged("signature"));
        }
        if value("partnerCode") != self.settings.partner_code {
            return Err(Refusal::Forged("partner"));
        }
        report(&fields)
    }

    /// Section 2.3: 204 and no body within 15 seconds is all that ends MoMo's calls. Money of another amount or of no order
    /// of ours is kept as well, and calling again would bring nothing new.
    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        let (status, body) = match outcome {
            Acknowledgement::Recorded
            | Acknowledgement::Known
            | Acknowledgement::AmountDiffers
            | Acknowledgement::UnknownOrder => (204, ""),
            Acknowledgement::Forged => (401, r#"{"message":"Invalid signature"}"#),
            Acknowledgement::Unavailable => (503, r#"{"message":"Try again later"}"#),
        };
        Answer { status, content_type: "application/json", body: body.to_owned() }
    }
}

fn report(fields: &Object) -> Result<Report, Refusal> {
    let needed = |name: &'static str| {
        let text = fields.literal(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::Unreadable(format!("{name} is missing")))
    };
    let order_ref = wire::order_ref(needed("orderId")?).ok_or_else(|| ill("orderId"))?;
    let code = wire::code_from_wire(needed("resultCode")?).ok_or_else(|| ill("resultCode"))?;
    let number = match fields.literal("transId") {
        None | Some("" | "0") => None,
        Some(text) => Some(wire::trans_id(text).ok_or_else(|| ill("transId"))?),
    };
    let paid_at = wire::time_from_wire(needed("responseTime")?).ok_or_else(|| ill("responseTime"))?;
    let amount = wire::amount_from_wire(needed("amount")?).ok_or_else(|| ill("amount"))?;
    let news = match codes::of_order(code) {
        OfOrder::Paid => {
            let number = number.ok_or_else(|| Refusal::Unreadable("paid without transId".to_owned()))?;
            News::Captured(Capture {
                provider_txn_id: number.to_owned(),
                bank_txn_id: None,
                amount,
                paid_at: Some(paid_at),
            })
        }
        OfOrder::Authorised => News::Committed,
        OfOrder::Failed => News::Failed { code: code.to_string() },
        OfOrder::Pending => News::Pending,
    };
    let source_key = match number {
        Some(number) => format!("{number}:{code}"),
        None => format!("{order_ref}:0:{code}"),
    };
    Ok(Report { source_key, order_ref, news })
}

/// Names the field, never its value: it is foreign text.
fn ill(name: &str) -> Refusal {
    Refusal::Unreadable(format!("{name} is ill-formed"))
}

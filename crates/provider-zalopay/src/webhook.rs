//! The callback (ZaloPay v2, section 3.3): POST, JSON, of payments that succeeded. Its `data` is a text that is signed as it
//! was received; nothing of it is read before. It refuses as forged: another method, what is no JSON object, a field given
//! twice, a missing or wrong mac, another app, and the checksum of a redirect, which every payer sees, played back.

use crate::{Wallet, wire};
use domain::payment::{Capture, News, Report};
use provider::json::{BadJson, Json, Object};
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
        let body = std::str::from_utf8(request.body).map_err(|_| Refusal::Forged("not UTF-8"))?;
        let body = Json::object(body).map_err(|_| Refusal::Forged("no JSON object with each name once"))?;
        let (Some(Json::Text(data)), Some(Json::Text(mac))) = (body.get("data"), body.get("mac")) else {
            return Err(Refusal::Forged("no data or no mac"));
        };
        if !self.keys.verify(data, mac) {
            return Err(Refusal::Forged("mac"));
        }
        let data = match Json::object(data) {
            Ok(data) => data,
            Err(BadJson::Twice | BadJson::Depth) => return Err(Refusal::Unreadable("data is ambiguous".to_owned())),
            // key2 signs redirects as well (section 3.3), and they are no JSON
            Err(BadJson::Syntax | BadJson::NoObject) => return Err(Refusal::Forged("signed, and no callback")),
        };
        if data.literal("app_id") != Some(self.settings.app_id.to_string().as_str()) {
            return Err(Refusal::Forged("app"));
        }
        report(&data)
    }

    /// Section 3.3: HTTP 200; 1 ends ZaloPay's calls, also of what was known; -1 and 0 do not. Money of another amount or of
    /// no order of ours is kept as well, and calling again would bring nothing new.
    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        let (code, message) = match outcome {
            Acknowledgement::Recorded
            | Acknowledgement::Known
            | Acknowledgement::AmountDiffers
            | Acknowledgement::UnknownOrder => (1, "success"),
            Acknowledgement::Forged => (-1, "mac not equal"),
            Acknowledgement::Unavailable => (0, "try again later"),
        };
        let body = format!(r#"{{"return_code":{code},"return_message":"{message}"}}"#);
        Answer { status: 200, content_type: "application/json", body }
    }
}

/// `type` is not signed, so what the call is about is told by the signed fields alone: an agreement lacks an order's.
fn report(data: &Object) -> Result<Report, Refusal> {
    let needed = |name: &'static str| {
        let text = data.literal(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::Unreadable(format!("{name} is missing")))
    };
    let order_ref = wire::order_ref(needed("app_trans_id")?).ok_or_else(|| ill("app_trans_id"))?;
    let number = wire::trans_id(needed("zp_trans_id")?).ok_or_else(|| ill("zp_trans_id"))?;
    let amount = wire::amount_from_wire(needed("amount")?).ok_or_else(|| ill("amount"))?;
    let paid_at = wire::time_from_wire(needed("server_time")?).ok_or_else(|| ill("server_time"))?;
    let capture = Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at: Some(paid_at) };
    Ok(Report { source_key: format!("{number}:1"), order_ref, news: News::Captured(capture) })
}

/// Names the field, never its value: it is foreign text.
fn ill(name: &str) -> Refusal {
    Refusal::Unreadable(format!("{name} is ill-formed"))
}

//! CONFIRM, the platform's call about an order (DVCQG 1.0.6, section 3.1): POST, JSON. It refuses as forged: another method,
//! what is no JSON object, a field given twice, a missing or wrong hash, a value that could be cut up otherwise, another
//! partner. The sum in it is the hash's: what the bill said is neither repeated nor asked for.

use crate::api::shown;
use crate::{Platform, signature, wire};
use domain::payment::{Capture, News, Report};
use provider::json::{Json, Object};
use provider::{Acknowledgement, Answer, Refusal, Request, Webhook};
use serde_json::json;

#[cfg(test)]
mod tests;

/// The only code of ours that a code base says besides the good one: "Các lỗi khác", other mistakes.
const OTHER_MISTAKE: &str = "99";
/// What the platform reads again in our answer.
const REPEATED: [&str; 3] = ["MaDoiTac", "MaThamChieu", "ThoiGianGD"];

impl Webhook for Platform {
    fn method(&self) -> &'static str {
        "POST"
    }

    fn verify(&self, request: &Request<'_>) -> Result<Report, Refusal> {
        if request.method != "POST" {
            return Err(Refusal::Forged("method"));
        }
        let fields = read(request.body).ok_or(Refusal::Forged("no JSON object with each name once"))?;
        let hash = fields.literal("MaXacThuc").ok_or(Refusal::Forged("no hash"))?;
        let value = |name: &str| fields.literal(name).unwrap_or_default();
        // what is neither text nor number was never signed
        let ill = |name: &&str| fields.get(name).is_some() && fields.literal(name).is_none();
        if signature::CONFIRM.iter().any(ill) {
            return Err(Refusal::Forged("a field of another kind"));
        }
        if signature::CONFIRM.iter().any(|name| value(name).contains(signature::BAR)) {
            return Err(Refusal::Forged("a value that reads like two"));
        }
        if !self.keys.verify(&signature::text(signature::CONFIRM, value), hash) {
            return Err(Refusal::Forged("hash"));
        }
        if value("MaDoiTac") != self.settings.partner_code {
            return Err(Refusal::Forged("partner"));
        }
        self.report(&fields)
    }

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        said(outcome, None)
    }

    fn answer(&self, request: &Request<'_>, outcome: Acknowledgement) -> Answer {
        said(outcome, read(request.body).as_ref())
    }
}

impl Platform {
    fn report(&self, fields: &Object) -> Result<Report, Refusal> {
        let needed = |name: &'static str| {
            let text = fields.literal(name).filter(|text| !text.is_empty());
            text.ok_or_else(|| Refusal::Unreadable(format!("{name} is missing")))
        };
        // the platform's answers to questions may be hashed over the same values: none of them is taken for a call
        if needed("LoaiBanTin")? != self.settings.confirm_word {
            return Err(Refusal::Unreadable("LoaiBanTin is not that of a confirmation".to_owned()));
        }
        let order_ref = wire::order_ref(needed("MaThamChieu")?).ok_or_else(|| ill("MaThamChieu"))?;
        let code = needed("MaLoi")?;
        let number = match fields.literal("MaGiaoDich") {
            None | Some("") => None,
            Some(text) => Some(wire::transaction(text).ok_or_else(|| ill("MaGiaoDich"))?),
        };
        if code != wire::GOOD {
            // no document has the other codes: that nothing will come any more, only QUERY says
            let name = number.unwrap_or(order_ref.as_str());
            return Ok(Report { source_key: format!("{name}:{}", shown(code)), order_ref, news: News::Pending });
        }
        if needed("MaTienTe")? != wire::CURRENCY {
            return Err(Refusal::Unreadable("MaTienTe is not VND".to_owned()));
        }
        let number = number.ok_or_else(|| Refusal::Unreadable("paid without MaGiaoDich".to_owned()))?;
        let amount = wire::amount_from_wire(needed("SoTien")?).ok_or_else(|| ill("SoTien"))?;
        let paid_at = fields.literal("ThoiGianGD").and_then(wire::time_from_wire);
        let capture = Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at };
        Ok(Report { source_key: format!("{number}:{code}"), order_ref, news: News::Captured(capture) })
    }
}

fn read(body: &[u8]) -> Option<Object> {
    Json::object(std::str::from_utf8(body).ok()?).ok()
}

/// Money of another sum or of no order of ours is kept as well, and calling again would bring nothing new. Nothing of a call
/// that is not believed is repeated.
fn said(outcome: Acknowledgement, call: Option<&Object>) -> Answer {
    let (status, code, why) = match outcome {
        Acknowledgement::Recorded
        | Acknowledgement::Known
        | Acknowledgement::AmountDiffers
        | Acknowledgement::UnknownOrder => (200, wire::GOOD, "Thành công"),
        Acknowledgement::Forged => (200, OTHER_MISTAKE, "Sai mã xác thực"),
        Acknowledgement::Unavailable => (503, OTHER_MISTAKE, "Chưa ghi nhận được, xin gọi lại"),
    };
    let mut body = json!({"MaLoi": code, "MoTaLoi": why});
    if let Some(call) = call.filter(|_| code == wire::GOOD) {
        for name in REPEATED {
            body[name] = call.literal(name).unwrap_or_default().into();
        }
        // the call is hashed in small letters, whoever wrote it in capitals
        body["MaXacThuc"] = call.literal("MaXacThuc").unwrap_or_default().to_ascii_lowercase().into();
    }
    Answer { status, content_type: "application/json", body: body.to_string() }
}

/// Names the field, never its value: it is foreign text.
fn ill(name: &str) -> Refusal {
    Refusal::Unreadable(format!("{name} is ill-formed"))
}

//! Callbacks (GSMA 1.2, section 4.2): a PUT with the final transaction or an error. The document has nobody sign them, so
//! none proves anything and nothing of the body is read: it is a hint, and we ask. It refuses as forged: another method, an
//! address that we did not give out for this order.

use crate::Gateway;
use domain::codes::OrderRef;
use domain::payment::Report;
use provider::{Acknowledgement, Answer, Hint, Refusal, Request, Webhook};

const METHOD: &str = "PUT";

impl Webhook for Gateway {
    fn method(&self) -> &'static str {
        METHOD
    }

    fn verify(&self, request: &Request<'_>) -> Result<Report, Refusal> {
        if request.method != METHOD {
            return Err(Refusal::Forged("method"));
        }
        let keys = self.callbacks.as_ref().ok_or(Refusal::Forged("no callback was asked for"))?;
        // exactly the two that we wrote: another one, or one twice, is another address
        let pairs: Vec<_> = form_urlencoded::parse(request.query.as_bytes()).collect();
        let [(what, name), (key, mac)] = pairs.as_slice() else { return Err(Refusal::Forged("address")) };
        if key != "key" || !matches!(what.as_ref(), "order" | "refund") || !keys.verify(what, name, mac) {
            return Err(Refusal::Forged("address"));
        }
        let hint = match what.as_ref() {
            "order" => Hint::Order(OrderRef::new(name.as_ref()).map_err(|_| Refusal::Forged("address"))?),
            _ => Hint::Refund(name.clone().into_owned()),
        };
        Err(Refusal::Hint(hint))
    }

    /// 204 takes it; the others are those that the document lets us say.
    fn acknowledge(&self, outcome: Acknowledgement) -> Answer {
        let (status, category, code) = match outcome {
            Acknowledgement::Recorded
            | Acknowledgement::Known
            | Acknowledgement::AmountDiffers
            | Acknowledgement::UnknownOrder => {
                return Answer { status: 204, content_type: "application/json", body: String::new() };
            }
            Acknowledgement::Forged => (401, "authorisation", "clientAuthorisationError"),
            Acknowledgement::Unavailable => (503, "serviceUnavailable", "genericError"),
        };
        let body = format!(r#"{{"errorCategory":"{category}","errorCode":"{code}"}}"#);
        Answer { status, content_type: "application/json", body }
    }
}

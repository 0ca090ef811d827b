//! Reversals of a finished payment. One of more than is left of it is refused; what is left out means all of it.

use actix_web::{HttpRequest, web};

use super::Shop;
use super::api::{Posted, read, take};
use super::book::Kind;
use super::errors::{Category, Fault, fault};
use super::token::admit;
use crate::server::Answer;

pub(super) async fn create(
    shop: web::Data<Shop>,
    request: HttpRequest,
    reference: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    let posted = admit(&shop, &request).and_then(|()| posted(&shop, &request, &reference, &body));
    take(shop, request, posted).await
}

fn posted(shop: &Shop, request: &HttpRequest, reference: &str, body: &[u8]) -> Result<Posted, Fault> {
    let (whole, reversed) = {
        let book = shop.book();
        let known = book.requests.iter().find(|r| {
            r.kind == Kind::Merchantpay
                && matches!(&r.end, Some(super::book::End::Done { reference: own }) if own == reference)
        });
        let payment = known.ok_or_else(|| fault(Category::Identification, "identifierError"))?;
        (payment.amount, book.reversed(reference))
    };
    let posted = read(shop, request, Kind::Reversal, body, Some((reference, whole)))?;
    // of the schema: `adjustment` or `reversal`, and nothing else
    match posted.fields.get("type").and_then(serde_json::Value::as_str) {
        Some("reversal" | "adjustment") => {}
        Some(_) => return Err(fault(Category::Validation, "formatError")),
        None => return Err(fault(Category::Validation, "mandatoryValueNotSupplied")),
    }
    // a repeat is told that it is one, before its own amount stands in its way
    let again = posted.client_id.as_deref().is_some_and(|id| shop.book().by_client_id(id).is_some());
    if !again && reversed + posted.amount > whole {
        return Err(fault(Category::BusinessRule, "overPaymentNotAllowed"));
    }
    Ok(posted)
}

//! Reversals of a finished payment. One of more than is left of it fails; an amount that is left out means all of it.

use actix_web::{HttpRequest, web};
use serde_json::Value;

use super::Shop;
use super::api::{Posted, read, take};
use super::book::{Book, End, Kind, Request};
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
    let whole = finished(shop, reference).unwrap_or_default();
    let posted = read(request, Kind::Reversal, body, Some((reference, whole)))?;
    if !posted.fields.contains_key("type") {
        return Err(fault(Category::Validation, "mandatoryValueNotSupplied"));
    }
    Ok(posted)
}

/// What a finished payment brought.
fn finished(shop: &Shop, reference: &str) -> Option<i64> {
    let book = shop.book();
    let is = |r: &&super::book::Request| {
        r.kind == Kind::Merchantpay && matches!(&r.end, Some(End::Done { reference: own }) if own == reference)
    };
    book.requests.iter().find(is).map(|r| r.amount)
}

/// Whether the payment is there and has so much left is found out after the acknowledgement: identification and business
/// rules are told afterwards (flow guideline; the conformance scenario of a failing reversal has it so).
pub(super) fn fits(book: &Book, request: &Request) -> Result<(), Fault> {
    let Some(original) = request.original.as_deref().filter(|_| request.kind == Kind::Reversal) else { return Ok(()) };
    // of the schema: `adjustment` or `reversal`; the scenario tells of another one afterwards too
    if !matches!(request.fields.get("type").and_then(Value::as_str), Some("reversal" | "adjustment")) {
        return Err(fault(Category::Validation, "formatError"));
    }
    let is = |r: &&Request| {
        r.kind == Kind::Merchantpay && matches!(&r.end, Some(End::Done { reference }) if reference == original)
    };
    let payment = book.requests.iter().find(is).ok_or_else(|| fault(Category::Identification, "identifierError"))?;
    // what this one takes is counted in it
    if book.reversed(original) > payment.amount {
        return Err(fault(Category::BusinessRule, "overPaymentNotAllowed"));
    }
    Ok(())
}

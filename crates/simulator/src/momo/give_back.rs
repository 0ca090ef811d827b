//! Refunds and their query. Refuses more than was paid, and an orderId that was used before.

use actix_web::web;
use serde_json::{Value, json};

use super::api::{No, before, checked, keep, says};
use super::{Momo, codes, sign};
use crate::clock;
use crate::server::Answer;
use crate::wallet::api::{Fields, Said, answered, heard};
use crate::wallet::book::{Refund, RefundState};
use crate::wallet::{Action, Shop, later};

fn code_of(refund: &Refund) -> i64 {
    match refund.state(clock::now()) {
        RefundState::InHand => codes::PROCESSING,
        RefundState::Sent => codes::PAID,
        RefundState::Refused => codes::REFUND_FAILED,
    }
}

/// A row of `refundTrans`.
pub(super) fn shown(refund: &Refund) -> Value {
    json!({
        "orderId": refund.request_id, "amount": refund.amount, "resultCode": code_of(refund),
        "transId": refund.transaction_no, "createdTime": refund.at.as_millisecond(),
    })
}

pub(super) async fn refund(shop: web::Data<Shop<Momo>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "refund", &body).await?;
    let said = match taken_up(&shop, &fields) {
        Ok(said) => said,
        Err(No(code, why)) => says(&fields, code, Some(&why)),
    };
    answered(&shop, "refund", said).await
}

fn taken_up(shop: &Shop<Momo>, fields: &Fields) -> Result<Said, No> {
    checked(shop, fields, &sign::REFUND)?;
    let amount = fields.whole("amount")?;
    fields.whole("transId")?;
    fields.limited("description", 0, 1000)?;
    if !(1_000..=50_000_000).contains(&amount) {
        return Err(No(codes::LIMITS, "amount is outside the limits".to_owned()));
    }
    if let Some(said) = before(shop, fields) {
        return Ok(said);
    }
    let said = booked(shop, fields, amount)?;
    keep(shop, fields, &said.body);
    Ok(said)
}

fn booked(shop: &Shop<Momo>, fields: &Fields, amount: i64) -> Result<Said, No> {
    let now = clock::now();
    let order_id = fields.or_empty("orderId");
    let mut book = shop.book();
    let number = book.next_no();
    if book.by_wire(&order_id).is_some() || book.refund(&order_id).is_some() {
        return Err(No(codes::ORDER_USED, "orderId was used".to_owned()));
    }
    let unknown = || No(codes::ORDER, "no such transaction".to_owned());
    let at = book.by_transaction(&fields.or_empty("transId")).ok_or_else(unknown)?;
    let order = book.orders.get_mut(at).ok_or_else(unknown)?;
    if !order.is_paid() {
        return Err(No(codes::STATE, "the transaction is not paid".to_owned()));
    }
    if amount > order.left() {
        return Ok(says(fields, codes::REFUND_REFUSED, None).about(at));
    }
    let (mut wait_ms, mut refused) = (shop.times.refund_ms, false);
    for action in shop.takes(order, Action::is_about_refund) {
        match action {
            Action::RefundCode(code) => return Ok(says(fields, code, None).about(at)),
            Action::RefundMs(ms) => wait_ms = ms,
            Action::RefundRefused(_) => refused = true,
            _ => {}
        }
    }
    let refund = Refund {
        request_id: order_id,
        amount,
        transaction_no: number,
        at: now,
        decided_at: later(now, wait_ms),
        refused,
    };
    let mut said = says(fields, code_of(&refund), None).about(at);
    said.body["amount"] = amount.into();
    said.body["transId"] = number.into();
    said.refund = Some(refund.shown());
    order.refunds.push(refund);
    Ok(said)
}

pub(super) async fn query(shop: web::Data<Shop<Momo>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "refund_query", &body).await?;
    let said = match found(&shop, &fields) {
        Ok(said) => said,
        Err(No(code, why)) => says(&fields, code, Some(&why)),
    };
    answered(&shop, "refund_query", said).await
}

/// By the refund's own orderId.
fn found(shop: &Shop<Momo>, fields: &Fields) -> Result<Said, No> {
    checked(shop, fields, &sign::QUERY)?;
    let book = shop.book();
    let known = book.refund(&fields.or_empty("orderId"));
    let (order, refund) = known.ok_or_else(|| No(codes::ORDER, "no such refund".to_owned()))?;
    let mut said = says(fields, code_of(refund), None);
    said.order = book.by_wire(&order.wire_ref);
    said.body["amount"] = refund.amount.into();
    said.body["transId"] = refund.transaction_no.into();
    said.body["refundTrans"] = json!([shown(refund)]);
    Ok(said)
}

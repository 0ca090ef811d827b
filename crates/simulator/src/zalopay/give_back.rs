//! refund and query_refund: taken up at once, decided later. Refuses more than was paid, and an m_refund_id that was used.

use actix_web::web;

use super::Zalopay;
use super::api::{DONE, FAILED, IN_HAND, No, UNKNOWN, checked, is_of_today, is_recent, refusal, says};
use crate::clock;
use crate::server::Answer;
use crate::wallet::api::{Fields, Said, answered, heard};
use crate::wallet::book::{Refund, RefundState};
use crate::wallet::{Action, Shop, later};

// ZaloPay v2, sub_return_code of refunds
const AMOUNT: i64 = -14;
const REFUND_USED: i64 = -23;
const REFUND_FORMAT: i64 = -24;
const REFUND_DAY: i64 = -25;
const REFUND_APP: i64 = -26;

pub(super) async fn refund(shop: web::Data<Shop<Zalopay>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "refund", &body).await?;
    let said = taken_up(&shop, &fields).unwrap_or_else(refusal);
    answered(&shop, "refund", said).await
}

fn taken_up(shop: &Shop<Zalopay>, fields: &Fields) -> Result<Said, No> {
    let text = |name: &str| fields.or_empty(name);
    let mut names = vec!["app_id", "zp_trans_id", "amount", "description", "timestamp"];
    if fields.text("refund_fee_amount").is_some() {
        names.insert(3, "refund_fee_amount");
    }
    let values: Vec<String> = names.into_iter().map(text).collect();
    checked(shop, fields, &values.iter().map(String::as_str).collect::<Vec<_>>())?;
    let now = clock::now();
    let id = text("m_refund_id");
    if id.len() > 45 || id.split('_').count() < 3 {
        return Err(No(REFUND_FORMAT, "m_refund_id is ill-formed".to_owned()));
    }
    if !is_of_today(&id, now) {
        return Err(No(REFUND_DAY, "m_refund_id is not of today".to_owned()));
    }
    if id.split('_').nth(1) != Some(shop.wire.config.app_id.to_string().as_str()) {
        return Err(No(REFUND_APP, "m_refund_id is of another app".to_owned()));
    }
    if !is_recent(fields.whole("timestamp")?, now) {
        return Err("timestamp is more than 15 minutes off".to_owned().into());
    }
    fields.limited("description", 0, 100)?;
    let amount = fields.whole("amount")?;
    booked(shop, id, &fields.limited("zp_trans_id", 1, 15)?, amount)
}

fn booked(shop: &Shop<Zalopay>, id: String, zp_trans_id: &str, amount: i64) -> Result<Said, No> {
    let now = clock::now();
    let mut book = shop.book();
    let number = book.next_no();
    if book.refund(&id).is_some() {
        return Err(No(REFUND_USED, "m_refund_id was used".to_owned()));
    }
    let unknown = || No(UNKNOWN, "no such transaction".to_owned());
    let at = book.by_transaction(zp_trans_id).ok_or_else(unknown)?;
    let order = book.orders.get_mut(at).filter(|order| order.is_paid()).ok_or_else(unknown)?;
    if amount <= 0 || amount > order.left() {
        return Err(No(AMOUNT, "the amount cannot be refunded".to_owned()));
    }
    let (mut wait_ms, mut refused) = (shop.times.refund_ms, false);
    for action in shop.takes(order, Action::is_about_refund) {
        match action {
            Action::RefundCode(code) => return Ok(says(FAILED, code, "scripted refusal").about(at)),
            Action::RefundMs(ms) => wait_ms = ms,
            Action::RefundRefused(_) => refused = true,
            _ => {}
        }
    }
    let refund =
        Refund { request_id: id, amount, transaction_no: number, at: now, decided_at: later(now, wait_ms), refused };
    // asynchronous: whatever becomes of it, it is in hand first
    let mut said = says(IN_HAND, 1, "").about(at);
    said.body["refund_id"] = number.into();
    said.refund = Some(refund.shown());
    order.refunds.push(refund);
    Ok(said)
}

pub(super) async fn query(shop: web::Data<Shop<Zalopay>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "query_refund", &body).await?;
    let said = found(&shop, &fields).unwrap_or_else(refusal);
    answered(&shop, "query_refund", said).await
}

fn found(shop: &Shop<Zalopay>, fields: &Fields) -> Result<Said, No> {
    let text = |name: &str| fields.or_empty(name);
    let (app_id, id, timestamp) = (text("app_id"), text("m_refund_id"), text("timestamp"));
    checked(shop, fields, &[&app_id, &id, &timestamp])?;
    let book = shop.book();
    let (order, refund) = book.refund(&id).ok_or_else(|| No(UNKNOWN, "no such refund".to_owned()))?;
    let mut said = match refund.state(clock::now()) {
        RefundState::InHand => says(IN_HAND, 2, "in hand"),
        RefundState::Sent => says(DONE, 1, ""),
        RefundState::Refused => says(FAILED, -13, "the refund was refused"),
    };
    said.order = book.by_wire(&order.wire_ref);
    Ok(said)
}

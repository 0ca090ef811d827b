//! create and query. Refuses a request whose mac is wrong before it says anything of an order.

use actix_web::web;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Zalopay, sign};
use crate::clock;
use crate::server::Answer;
use crate::wallet::api::{Fields, Said, answered, heard};
use crate::wallet::book::{Order, Status};
use crate::wallet::{Shop, Wire, later};

/// ZaloPay v2, sub_return_code.
pub(super) const REPEATED: i64 = -68;
pub(super) const BAD_DATA: i64 = -401;
pub(super) const BAD_MAC: i64 = -402;
pub(super) const UNKNOWN: i64 = -101;

pub(super) const DONE: i64 = 1;
pub(super) const FAILED: i64 = 2;
pub(super) const IN_HAND: i64 = 3;

/// A refusal by its sub_return_code.
pub(super) struct No(pub(super) i64, pub(super) String);

impl From<String> for No {
    fn from(why: String) -> Self {
        Self(BAD_DATA, why)
    }
}

pub(super) fn says(code: i64, sub: i64, why: &str) -> Said {
    let message = match code {
        DONE => "Giao dịch thành công",
        IN_HAND => "Giao dịch đang được xử lý",
        _ => "Giao dịch thất bại",
    };
    let body = json!({
        "return_code": code, "return_message": message, "sub_return_code": sub, "sub_return_message": why,
    });
    Said::new(200, body)
}

pub(super) fn refusal(No(sub, why): No) -> Said {
    says(FAILED, sub, &why)
}

/// The app, and the mac over these values.
pub(super) fn checked(shop: &Shop<Zalopay>, fields: &Fields, values: &[&str]) -> Result<(), No> {
    let config = &shop.wire.config;
    let ours = fields.text("app_id") == Some(config.app_id.to_string());
    if ours && sign::fits(&config.key1, values, &fields.or_empty("mac")) {
        Ok(())
    } else {
        Err(No(BAD_MAC, "app_id or mac is wrong".to_owned()))
    }
}

/// "At most 15 minutes off" (ZaloPay v2, create, refund).
pub(super) fn is_recent(ms: i64, now: Timestamp) -> bool {
    Timestamp::from_millisecond(ms).is_ok_and(|at| now.duration_since(at).abs() <= SignedDuration::from_mins(15))
}

/// Whether the text begins with today's `yymmdd_` in Vietnam.
pub(super) fn is_of_today(text: &str, now: Timestamp) -> bool {
    let today = clock::hanoi(now).strftime("%y%m%d").to_string();
    text.strip_prefix(&today).is_some_and(|rest| rest.len() > 1 && rest.starts_with('_'))
}

pub(super) async fn create(shop: web::Data<Shop<Zalopay>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "create", &body).await?;
    let said = made(&shop, &fields).unwrap_or_else(refusal);
    answered(&shop, "create", said).await
}

fn made(shop: &Shop<Zalopay>, fields: &Fields) -> Result<Said, No> {
    let text = |name: &str| fields.or_empty(name);
    let names = ["app_id", "app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"];
    let values = names.map(text);
    checked(shop, fields, &values.each_ref().map(String::as_str))?;
    let now = clock::now();
    let app_trans_id = fields.limited("app_trans_id", 8, 40)?;
    if !is_of_today(&app_trans_id, now) {
        return Err(No(-92, "app_trans_id does not begin with today".to_owned()));
    }
    fields.limited("app_user", 1, 50)?;
    if !is_recent(fields.whole("app_time")?, now) {
        return Err("app_time is more than 15 minutes off".to_owned().into());
    }
    let amount = fields.whole("amount")?;
    if amount <= 0 {
        return Err("amount is not positive".to_owned().into());
    }
    let embed_data: Value = parsed(&fields.limited("embed_data", 2, 2048)?, "embed_data")?;
    if !embed_data.is_object() || !parsed(&fields.limited("item", 2, 2048)?, "item")?.is_array() {
        return Err("embed_data is no object, or item no list".to_owned().into());
    }
    let info = fields.limited("description", 1, 256)?;
    let seconds = match fields.text("expire_duration_seconds") {
        None => 900,
        Some(_) => fields.whole("expire_duration_seconds")?,
    };
    if !(300..=2_592_000).contains(&seconds) {
        return Err("expire_duration_seconds is not 300 to 2592000".to_owned().into());
    }
    let token = format!("{:032x}", rand::random::<u128>());
    let order_url = shop.page_url(&token);
    let mut book = shop.book();
    if book.by_wire(&app_trans_id).is_some() {
        return Err(No(REPEATED, "app_trans_id was used".to_owned()));
    }
    book.orders.push(Order {
        wire_ref: app_trans_id,
        amount,
        info,
        notify_url: text("callback_url"),
        return_url: embed_data["redirecturl"].as_str().unwrap_or_default().to_owned(),
        request: fields.all(),
        token: token.clone(),
        ordered_at: now,
        expires_at: later(now, u64::try_from(seconds).unwrap_or(900).saturating_mul(1_000)),
        deciding: false,
        outcome: None,
        calls: Vec::new(),
        refunds: Vec::new(),
    });
    let mut said = says(DONE, 1, "").about(book.orders.len() - 1);
    said.body["order_url"] = order_url.into();
    said.body["zp_trans_token"] = token.clone().into();
    said.body["order_token"] = token.into();
    Ok(said)
}

fn parsed(text: &str, name: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|_| format!("{name} is not JSON"))
}

pub(super) async fn query(shop: web::Data<Shop<Zalopay>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "query", &body).await?;
    let said = found(&shop, &fields).unwrap_or_else(refusal);
    answered(&shop, "query", said).await
}

fn found(shop: &Shop<Zalopay>, fields: &Fields) -> Result<Said, No> {
    let app_trans_id = fields.or_empty("app_trans_id");
    checked(shop, fields, &[&fields.or_empty("app_id"), &app_trans_id, &shop.wire.config.key1])?;
    let book = shop.book();
    let unknown = || No(UNKNOWN, "no such order".to_owned());
    let at = book.by_wire(&app_trans_id).ok_or_else(unknown)?;
    let order = book.orders.get(at).ok_or_else(unknown)?;
    let unpaid = || {
        let mut said = says(IN_HAND, 1, "");
        said.body["is_processing"] = false.into();
        said.body["amount"] = order.amount.into();
        said.body["zp_trans_id"] = 0.into();
        said
    };
    let mut said = match &order.outcome {
        Some(outcome) if outcome.status == Status::Paid => {
            let mut said = says(DONE, 1, "");
            said.body["is_processing"] = false.into();
            said.body["amount"] = outcome.amount.into();
            said.body["zp_trans_id"] = outcome.transaction_no.into();
            said.body["server_time"] = outcome.at.as_millisecond().into();
            said.body["discount_amount"] = 0.into();
            said
        }
        Some(outcome) => says(FAILED, outcome.code, "no money was taken"),
        None if order.has_run_out(clock::now()) => says(FAILED, Zalopay::EXPIRED, "the order ran out"),
        None => unpaid(),
    };
    said.order = Some(at);
    said.unpaid = Some(unpaid().body);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_begins_with_the_day_in_vietnam() {
        // 17:30 UTC is the next day there
        let now: Timestamp = "2026-01-05T17:30:00Z".parse().unwrap();
        assert!(is_of_today("260106_LC1", now));
        for bad in ["260105_LC1", "260106_", "260106LC1", "_LC1", ""] {
            assert!(!is_of_today(bad, now), "{bad}");
        }
        assert!(is_recent(now.as_millisecond() - 900_000, now) && !is_recent(now.as_millisecond() - 900_001, now));
    }
}

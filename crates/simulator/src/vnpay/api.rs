//! querydr and refund. Refuses a request whose hash is wrong before it says anything of an order.

use std::time::Duration;

use actix_web::web;
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::{Value, json};

use super::book::wire;
use super::request::{exactly, of, text, wire_amount};
use super::sign::{self, Fields};
use super::{Action, Shop, refund};
use crate::clock;
use crate::server::{Answer, refused};

/// VNPAY 2.1.0, querydr and refund, vnp_ResponseCode: of the call, not of the payment.
pub(super) const DONE: &str = "00";
pub(super) const BAD_TERMINAL: &str = "02";
pub(super) const BAD_FORMAT: &str = "03";
pub(super) const NOT_FOUND: &str = "91";
pub(super) const REPEATED: &str = "94";
pub(super) const NOT_PAID: &str = "95";
pub(super) const BAD_HASH: &str = "97";
pub(super) const OTHER: &str = "99";

pub(super) async fn transaction(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let line = json!({"what": "api", "method": "POST", "body": String::from_utf8_lossy(&body)});
    shop.log.write("received", line).await?;
    let fields = match read(&body) {
        Ok(fields) => fields,
        Err(why) => return answer(&shop, &Fields::new(), BAD_FORMAT, &why, Fields::new()).await,
    };
    let (code, message, mut found) = match fields.get("vnp_Command").map(String::as_str) {
        Some("querydr") => query(&shop, &fields),
        Some("refund") => {
            let (said, booked) = refund(&shop, &fields);
            if let Some(line) = booked {
                shop.log.write("refund", line).await?;
            }
            said
        }
        _ => no(BAD_FORMAT, "vnp_Command is not querydr or refund"),
    };
    let order_ref = fields.get("vnp_TxnRef").map_or("", String::as_str);
    let amount = {
        let book = shop.book();
        let at = book.find(order_ref, fields.get("vnp_TransactionDate").map(String::as_str));
        at.and_then(|at| book.orders.get(at)).map(|order| order.request.amount)
    };
    let asks = fields.get("vnp_Command").is_some_and(|command| command == "querydr");
    let fits = |action: &Action| action.is_about_api() && (asks || !matches!(action, Action::LieUnpaid(_)));
    let actions = shop.rules.take(|rule| rule.is(order_ref, amount), fits);
    let mut fails = false;
    for action in actions {
        match action {
            Action::Hang(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Action::FailAfterAccept(_) => fails = true,
            Action::LieUnpaid(_) if found.contains_key("vnp_TransactionStatus") => {
                found.insert("vnp_TransactionStatus".to_owned(), "01".to_owned());
                found.insert("vnp_TransactionNo".to_owned(), "0".to_owned());
                found.insert("vnp_TransactionType".to_owned(), "01".to_owned());
                found.remove("vnp_PayDate");
                found.remove("vnp_BankCode");
            }
            _ => {}
        }
    }
    if fails {
        shop.log.write("answered", json!({"what": "api", "status": 500, "scripted": true, "code": code})).await?;
        return Err(refused(StatusCode::INTERNAL_SERVER_ERROR, "scripted failure"));
    }
    answer(&shop, &fields, code, &message, found).await
}

/// Samples send strings, npm `vnpay` 2.5.0 sends dates and numbers as JSON numbers: both are read, as plain digits.
fn read(body: &[u8]) -> Result<Fields, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(body) = body else { return Err("not a JSON object".to_owned()) };
    let mut fields = Fields::new();
    for (name, value) in body {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) if number.is_u64() => number.to_string(),
            Value::Null => continue,
            _ => return Err(format!("{name} is neither a string nor a whole number")),
        };
        fields.insert(name, value);
    }
    Ok(fields)
}

pub(super) type Said = (&'static str, String, Fields);

pub(super) fn no(code: &'static str, why: impl Into<String>) -> Said {
    (code, why.into(), Fields::new())
}

/// VNPAY 2.1.0, querydr request table; `|` separates signed values and so may not be in one.
fn check(fields: &Fields) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_graphic() && c != '|';
    of(fields, "vnp_RequestId", 1, 32, plain)?;
    exactly(fields, "vnp_Version", &["2.1.0"])?;
    text(fields, "vnp_TmnCode", 1, 8)?;
    of(fields, "vnp_TxnRef", 1, 100, plain)?;
    of(fields, "vnp_OrderInfo", 1, 255, |c| c != '|')?;
    for name in ["vnp_TransactionDate", "vnp_CreateDate"] {
        clock::parse_wire_time(text(fields, name, 14, 14)?).ok_or_else(|| format!("{name} is not yyyyMMddHHmmss"))?;
    }
    if fields.get("vnp_TransactionNo").is_some_and(|no| !no.is_empty()) {
        of(fields, "vnp_TransactionNo", 1, 15, |c| c.is_ascii_digit())?;
    }
    of(fields, "vnp_IpAddr", 7, 45, plain)?;
    of(fields, "vnp_SecureHash", 32, 256, |c| c.is_ascii_hexdigit())?;
    Ok(())
}

fn refund_check(fields: &Fields) -> Result<i64, String> {
    exactly(fields, "vnp_TransactionType", &["02", "03"])?;
    text(fields, "vnp_CreateBy", 1, 245)?;
    wire_amount(text(fields, "vnp_Amount", 1, 12)?)
}

/// None when the caller may be heard.
fn stranger(shop: &Shop, fields: &Fields, signed: bool) -> Option<Said> {
    if fields.get("vnp_TmnCode").is_none_or(|code| *code != shop.config.tmn_code) {
        return Some(no(BAD_TERMINAL, "Invalid TmnCode"));
    }
    if !signed {
        return Some(no(BAD_HASH, "Invalid Checksum"));
    }
    let id = fields.get("vnp_RequestId").map_or("", String::as_str);
    if !shop.book().claim_request_id(id, clock::now()) {
        return Some(no(REPEATED, "Request is duplicate"));
    }
    None
}

/// The order by its TxnRef and the vnp_CreateDate of its pay request, and its number if one was given.
pub(super) fn find(shop: &Shop, fields: &Fields) -> Option<usize> {
    let book = shop.book();
    let at = book.find(fields.get("vnp_TxnRef")?, Some(fields.get("vnp_TransactionDate")?))?;
    let known =
        book.orders.get(at)?.outcome.as_ref().map_or_else(|| "0".to_owned(), |outcome| outcome.transaction_no());
    match fields.get("vnp_TransactionNo").map(String::as_str) {
        None | Some("" | "0") => Some(at),
        Some(no) => (no == known).then_some(at),
    }
}

fn query(shop: &Shop, fields: &Fields) -> Said {
    if let Err(why) = check(fields) {
        return no(BAD_FORMAT, why);
    }
    let signed = sign::joined_verifies(fields, &sign::QUERY, &shop.hash_secret());
    if let Some(said) = stranger(shop, fields, signed) {
        return said;
    }
    let Some(at) = find(shop, fields) else { return no(NOT_FOUND, "Transaction not found") };
    let mut book = shop.book();
    let Some(order) = book.orders.get_mut(at) else { return no(NOT_FOUND, "Transaction not found") };
    let now = clock::now();
    let mut found = Fields::new();
    let mut put = |name: &str, value: &str| found.insert(name.to_owned(), value.to_owned());
    put("vnp_OrderInfo", &order.request.order_info);
    match &order.outcome {
        // 01: not finished. After vnp_ExpireDate nothing can finish it any more, which is read as 02: the document
        // does not say what an order that ran out is called.
        None => {
            put("vnp_Amount", &wire(order.request.amount));
            put("vnp_TransactionNo", "0");
            put("vnp_TransactionType", "01");
            put("vnp_TransactionStatus", if order.expired(now) { "02" } else { "01" });
        }
        Some(outcome) => {
            put("vnp_Amount", &wire(outcome.amount));
            put("vnp_BankCode", &outcome.bank_code);
            put("vnp_PayDate", &outcome.pay_date);
            put("vnp_TransactionNo", &outcome.transaction_no());
            // A refund is followed through its original (VNPAY 2.1.0, refund). The document does not say whose amount
            // and number are then given: here those of the payment, so that it stays recognisable.
            match order.refunds.last_mut() {
                Some(refund) => {
                    let (kind, status) = refund.heard(now);
                    put("vnp_TransactionType", kind);
                    put("vnp_TransactionStatus", status);
                }
                None => {
                    put("vnp_TransactionType", "01");
                    put("vnp_TransactionStatus", outcome.transaction_status());
                }
            }
        }
    }
    (DONE, "QueryDR Success".to_owned(), found)
}

/// With the answer, the line about a refund that was taken up.
fn refund(shop: &Shop, fields: &Fields) -> (Said, Option<Value>) {
    let amount = match check(fields).and_then(|()| refund_check(fields)) {
        Ok(amount) => amount,
        Err(why) => return (no(BAD_FORMAT, why), None),
    };
    let secret = &shop.hash_secret();
    let mut signed = sign::joined_verifies(fields, &sign::REFUND, secret);
    // Without vnp_TransactionNo the document's string has an empty part there; npm `vnpay` 2.5.0 leaves the field out
    // and signs `0`.
    if !signed && !fields.contains_key("vnp_TransactionNo") {
        let mut with_zero = fields.clone();
        with_zero.insert("vnp_TransactionNo".to_owned(), "0".to_owned());
        signed = sign::joined_verifies(&with_zero, &sign::REFUND, secret);
    }
    if let Some(said) = stranger(shop, fields, signed) {
        return (said, None);
    }
    refund::take_up(shop, fields, amount)
}

/// Every answer is signed except to a TmnCode that is not ours, for which there is no secret. Whether the real site
/// signs its refusals is not published.
async fn answer(shop: &Shop, asked: &Fields, code: &str, message: &str, mut said: Fields) -> Answer {
    let command = asked.get("vnp_Command").map_or("querydr", String::as_str);
    said.insert("vnp_ResponseId".to_owned(), format!("{:032x}", rand::random::<u128>()));
    said.insert("vnp_ResponseCode".to_owned(), code.to_owned());
    // `|` separates the signed values.
    said.insert("vnp_Message".to_owned(), message.replace('|', "/"));
    for name in ["vnp_Command", "vnp_TmnCode", "vnp_TxnRef"] {
        if let Some(value) = asked.get(name) {
            said.insert(name.to_owned(), value.clone());
        }
    }
    if code != BAD_TERMINAL {
        let names: &[&str] = if command == "refund" { &sign::REFUND_ANSWER } else { &sign::QUERY_ANSWER };
        let hash = sign::hmac_hex(&shop.hash_secret(), &sign::joined(&said, names));
        said.insert("vnp_SecureHash".to_owned(), hash);
    }
    shop.log.write("answered", json!({"what": "api", "status": 200, "body": said})).await?;
    Ok(HttpResponse::Ok().json(said))
}

//! create, query and confirm. Refuses a request whose signature is wrong before it says anything of an order.

use actix_web::web;
use serde_json::{Value, json};
use url::Url;

use super::{Momo, code_of, codes, sign};
use crate::clock;
use crate::server::Answer;
use crate::wallet::api::{Fields, Said, answered, heard};
use crate::wallet::book::{Order, Status};
use crate::wallet::{Shop, Wish, later, settle};

/// A refusal by its result code.
pub(super) struct No(pub(super) i64, pub(super) String);

impl From<String> for No {
    fn from(why: String) -> Self {
        Self(codes::MALFORMED, why)
    }
}

/// What every answer repeats. The HTTP status of a refusal is not published: 400, and 422 for 7000 as the document has it.
pub(super) fn says(fields: &Fields, code: i64, why: Option<&str>) -> Said {
    let mut body = json!({
        "partnerCode": fields.or_empty("partnerCode"), "orderId": fields.or_empty("orderId"),
        "requestId": fields.or_empty("requestId"), "responseTime": clock::now().as_millisecond(),
        "message": codes::message(code), "resultCode": code,
    });
    if let Some(why) = why {
        body["subErrors"] = json!([{"message": why}]);
    }
    let refuses = !codes::is_final(code) && (10..=47).contains(&code);
    Said::new(
        if code == 7000 {
            422
        } else if refuses {
            400
        } else {
            200
        },
        body,
    )
}

/// MoMo AIO v2, idempotency: after a final answer the same again, after any other 40. Nothing is kept of a refusal that
/// came before the order was looked at.
pub(super) fn before(shop: &Shop<Momo>, fields: &Fields) -> Option<Said> {
    let book = shop.book();
    let (is_final, body) = book.answered.get(&fields.or_empty("requestId"))?;
    Some(if *is_final { Said::new(200, body.clone()) } else { says(fields, codes::REQUEST_USED, None) })
}

pub(super) fn keep(shop: &Shop<Momo>, fields: &Fields, body: &Value) {
    let is_final = body["resultCode"].as_i64().is_some_and(codes::is_final);
    shop.book().answered.insert(fields.or_empty("requestId"), (is_final, body.clone()));
}

/// Merchant, signature and the fields that each request has.
pub(super) fn checked(shop: &Shop<Momo>, fields: &Fields, names: &[&str]) -> Result<(), No> {
    let config = &shop.wire.config;
    let expected = sign::of(&config.secret_key, &config.access_key, names, &fields.all());
    let ours = fields.text("partnerCode").as_deref() == Some(config.partner_code.as_str());
    if !ours || !sign::fits(&expected, &fields.or_empty("signature")) {
        return Err(No(codes::SIGNATURE, "partnerCode or signature is wrong".to_owned()));
    }
    fields.limited("requestId", 1, 50)?;
    let order_id = fields.limited("orderId", 1, 200)?;
    if !is_order_id(&order_id) {
        return Err(No(codes::ORDER, "orderId is ill-formed".to_owned()));
    }
    match fields.or_empty("lang").as_str() {
        "vi" | "en" => Ok(()),
        _ => Err("lang is vi or en".to_owned().into()),
    }
}

/// `^[0-9a-zA-Z]([-_.]*[0-9a-zA-Z]+)*$` (MoMo AIO v2, create): letters and digits, inside it `-_.` too.
fn is_order_id(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

pub(super) async fn create(shop: web::Data<Shop<Momo>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "create", &body).await?;
    let said = match made(&shop, &fields) {
        Ok(said) => said,
        Err(No(code, why)) => says(&fields, code, Some(&why)),
    };
    answered(&shop, "create", said).await
}

fn made(shop: &Shop<Momo>, fields: &Fields) -> Result<Said, No> {
    checked(shop, fields, &sign::CREATE)?;
    let amount = fields.whole("amount")?;
    let request_type = fields.or_empty("requestType");
    let (least, most) = match request_type.as_str() {
        "captureWallet" | "payWithMethod" | "payWithVTS" => (1_000, 50_000_000),
        "payWithATM" => (10_000, 50_000_000),
        "payWithCC" => (1_000, 10_000_000),
        _ => return Err("requestType is unknown".to_owned().into()),
    };
    if !(least..=most).contains(&amount) {
        return Err(No(codes::LIMITS, "amount is outside the limits".to_owned()));
    }
    let info = fields.limited("orderInfo", 1, 255)?;
    fields.limited("extraData", 0, 1000)?;
    let return_url = fields.text("redirectUrl").ok_or("redirectUrl is missing".to_owned())?;
    let notify_url = fields.limited("ipnUrl", 1, 2048)?;
    let web = Url::parse(&notify_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !web {
        return Err("ipnUrl is not an http(s) address".to_owned().into());
    }
    fields.switch("autoCapture", true)?;
    if let Some(said) = before(shop, fields) {
        return Ok(said);
    }
    let order_id = fields.or_empty("orderId");
    let (now, token) = (clock::now(), format!("{:032x}", rand::random::<u128>()));
    let pay_url = shop.page_url(&token);
    let at = {
        let mut book = shop.book();
        if book.by_wire(&order_id).is_some() || book.refund(&order_id).is_some() {
            return Err(No(codes::ORDER_USED, "orderId was used".to_owned()));
        }
        book.orders.push(Order {
            wire_ref: order_id,
            amount,
            info,
            notify_url,
            return_url,
            request: fields.all(),
            token,
            ordered_at: now,
            expires_at: later(now, shop.wire.config.window_s.saturating_mul(1_000)),
            deciding: false,
            outcome: None,
            calls: Vec::new(),
            refunds: Vec::new(),
        });
        book.orders.len() - 1
    };
    let mut said = says(fields, codes::PAID, None).about(at);
    said.body["amount"] = amount.into();
    said.body["deeplink"] = format!("momo://app?action=payWithApp&sid={}", fields.or_empty("orderId")).into();
    said.body["qrCodeUrl"] = format!("momo://qr?sid={}", fields.or_empty("orderId")).into();
    said.body["payUrl"] = pay_url.into();
    let config = &shop.wire.config;
    said.body["signature"] = sign::of(&config.secret_key, &config.access_key, &sign::CREATED, &said.body).into();
    keep(shop, fields, &said.body);
    Ok(said)
}

pub(super) async fn query(shop: web::Data<Shop<Momo>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "query", &body).await?;
    let said = match found(&shop, &fields) {
        Ok(said) => said,
        Err(No(code, why)) => says(&fields, code, Some(&why)),
    };
    answered(&shop, "query", said).await
}

fn found(shop: &Shop<Momo>, fields: &Fields) -> Result<Said, No> {
    checked(shop, fields, &sign::QUERY)?;
    let book = shop.book();
    let unknown = || No(codes::ORDER, "no such order".to_owned());
    let at = book.by_wire(&fields.or_empty("orderId")).ok_or_else(unknown)?;
    let order = book.orders.get(at).ok_or_else(unknown)?;
    let mut said = says(fields, code_of(order), None).about(at);
    let mut unpaid = says(fields, codes::WAITS, None).body;
    for body in [&mut said.body, &mut unpaid] {
        body["amount"] = order.amount.into();
        body["extraData"] = order.request.get("extraData").cloned().unwrap_or_default();
        body["payType"] = "".into();
        body["transId"] = 0.into();
        body["refundTrans"] = json!([]);
    }
    if let Some(outcome) = &order.outcome {
        let body = &mut said.body;
        body["amount"] = outcome.amount.into();
        body["transId"] = outcome.transaction_no.into();
        body["payType"] = "qr".into();
        body["refundTrans"] = order.refunds.iter().map(super::give_back::shown).collect();
    }
    said.unpaid = Some(unpaid);
    Ok(said)
}

pub(super) async fn confirm(shop: web::Data<Shop<Momo>>, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "confirm", &body).await?;
    let said = match said_the_word(&shop, &fields).await {
        Ok(said) => said,
        Err(No(code, why)) => says(&fields, code, Some(&why)),
    };
    answered(&shop, "confirm", said).await
}

async fn said_the_word(shop: &web::Data<Shop<Momo>>, fields: &Fields) -> Result<Said, No> {
    checked(shop, fields, &sign::CONFIRM)?;
    let amount = fields.whole("amount")?;
    let wish = match fields.or_empty("requestType").as_str() {
        "capture" => Wish { status: Status::Paid, code: codes::PAID, amount: None, by_merchant: true },
        "cancel" => Wish { status: Status::Cancelled, code: codes::BY_PARTNER, amount: None, by_merchant: true },
        _ => return Err("requestType is capture or cancel".to_owned().into()),
    };
    if let Some(said) = before(shop, fields) {
        return Ok(said);
    }
    let (at, held) = {
        let book = shop.book();
        let at = book.by_wire(&fields.or_empty("orderId"));
        let at = at.ok_or_else(|| No(codes::ORDER, "no such order".to_owned()))?;
        let outcome = book.orders.get(at).and_then(|order| order.outcome.clone());
        (at, outcome.filter(|outcome| outcome.status == Status::Held))
    };
    let held = held.ok_or_else(|| No(codes::STATE, "nothing waits for a word".to_owned()))?;
    if amount != held.amount {
        return Err(No(codes::AMOUNT, "not the amount that waits".to_owned()));
    }
    settle(shop, at, wish).await.map_err(|why| No(codes::STATE, why.to_string()))?;
    let mut said = says(fields, codes::PAID, None).about(at);
    said.body["amount"] = amount.into();
    said.body["transId"] = held.transaction_no.into();
    said.body["requestType"] = fields.or_empty("requestType").into();
    keep(shop, fields, &said.body);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::is_order_id;

    #[test]
    fn an_order_id_begins_and_ends_with_a_letter_or_digit() {
        for good in ["1", "LC-1", "a._-b", "LC.2026_0003"] {
            assert!(is_order_id(good), "{good}");
        }
        for bad in ["", "-1", "1-", "a b", "đ", "a/b", "_"] {
            assert!(!is_order_id(bad), "{bad}");
        }
    }
}

//! The test's own door. Refuses unknown fields, and to pay an order that no browser has opened.

use std::sync::PoisonError;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::Status;
use super::{Action, Match, Shop, Wish, ipn, settle};
use crate::clock;
use crate::script::Rule;
use crate::server::{Answer, dong, html, json_lines, refused, strict};

#[derive(Template)]
#[template(path = "orders.html")]
struct Overview {
    notify_url: String,
    orders: Vec<Row>,
}

struct Row {
    order_ref: String,
    amount: String,
    status: &'static str,
    transaction_no: String,
    ipn: String,
    pay_path: Option<String>,
}

pub(super) async fn overview(shop: web::Data<Shop>) -> Answer {
    let now = clock::now();
    let notify_url = shop.notify_url().clone();
    let orders = shop
        .book()
        .orders
        .iter()
        .rev()
        .map(|order| Row {
            order_ref: order.request.order_ref.clone(),
            amount: dong(order.outcome.as_ref().map_or(order.request.amount, |outcome| outcome.amount)),
            status: match order.outcome.as_ref().map(|outcome| outcome.status) {
                Some(Status::Paid) => "Đã thanh toán",
                Some(Status::Suspected) => "Nghi ngờ gian lận",
                Some(Status::Cancelled) => "Đã huỷ",
                Some(Status::Failed) => "Thất bại",
                None if order.expired(now) => "Hết hạn",
                None => "Chờ thanh toán",
            },
            transaction_no: order.outcome.as_ref().map_or_else(String::new, |outcome| outcome.transaction_no()),
            ipn: order
                .calls
                .iter()
                .map(|call| call.rsp_code.as_deref().unwrap_or(call.verdict))
                .collect::<Vec<_>>()
                .join(", "),
            pay_path: order.outcome.is_none().then(|| format!("/paymentv2/vpcpay.html?{}", order.request.query)),
        })
        .collect();
    html(StatusCode::OK, &Overview { notify_url, orders })
}

pub(super) async fn add_rule(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    shop.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = shop.rules.add(rule).map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

pub(super) async fn clear_rules(shop: web::Data<Shop>) -> Answer {
    shop.log.write("control", json!({"what": "script", "body": null})).await?;
    shop.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashSecret {
    hash_secret: String,
}

/// The terminal's secret is another from now on, also for what was ordered before. It is not written down.
pub(super) async fn change_secret(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let HashSecret { hash_secret } = strict(&body)?;
    if hash_secret.is_empty() || !hash_secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refused(StatusCode::BAD_REQUEST, "hash_secret is printable ASCII and not empty"));
    }
    shop.log.write("control", json!({"what": "hash_secret"})).await?;
    *shop.hash_secret.lock().unwrap_or_else(PoisonError::into_inner) = hash_secret;
    Ok(HttpResponse::Ok().json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notify {
    url: String,
}

pub(super) async fn notify(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Notify { url } = strict(&body)?;
    match url::Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {}
        _ => return Err(refused(StatusCode::BAD_REQUEST, "url is not an http(s) address")),
    }
    shop.log.write("control", json!({"what": "notify", "url": url})).await?;
    shop.notify_url().clone_from(&url);
    Ok(HttpResponse::Ok().json(json!({"url": url})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    order_ref: String,
    #[serde(default)]
    outcome: Act,
    response_code: Option<String>,
    amount: Option<i64>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    #[default]
    Paid,
    Cancelled,
    Failed,
}

impl Pay {
    /// Which vnp_ResponseCode goes with which outcome (VNPAY 2.1.0, response codes).
    fn wish(&self) -> Result<Wish, &'static str> {
        let given = self.response_code.as_deref();
        let (status, code) = match (self.outcome, given) {
            (Act::Paid, None | Some("00")) => (Status::Paid, "00"),
            (Act::Paid, Some("07")) => (Status::Suspected, "07"),
            (Act::Paid, Some(_)) => return Err("paid goes with response_code 00 or 07"),
            (Act::Cancelled, None | Some("24")) => (Status::Cancelled, "24"),
            (Act::Cancelled, Some(_)) => return Err("cancelled goes with response_code 24"),
            (Act::Failed, None) => (Status::Failed, "51"),
            (Act::Failed, Some(code @ ("09" | "10" | "11" | "12" | "13" | "51" | "65" | "75" | "79" | "99"))) => {
                (Status::Failed, code)
            }
            (Act::Failed, Some(_)) => return Err("failed goes with response_code 09-13, 51, 65, 75, 79 or 99"),
        };
        if self.amount.is_some() && !matches!(self.outcome, Act::Paid) {
            return Err("an amount goes with paid only");
        }
        Ok(Wish { status, response_code: code.to_owned(), amount: self.amount })
    }
}

pub(super) async fn pay(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let pay: Pay = strict(&body)?;
    let wish = pay.wish().map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    shop.log.write("control", json!({"what": "pay", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let settled = settle(&shop, &pay.order_ref, None, wish).await?;
    let mut shown = shop.book().orders.get(settled.at).map_or(Value::Null, |order| order.shown());
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("return_url".to_owned(), settled.return_to.as_str().into());
    }
    Ok(HttpResponse::Ok().json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resend {
    order_ref: String,
}

pub(super) async fn resend(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Resend { order_ref } = strict(&body)?;
    let at = shop.book().find(&order_ref, None);
    let at = at.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such order was opened on the pay page"))?;
    shop.log.write("control", json!({"what": "resend", "order_ref": order_ref})).await?;
    let call = ipn::resend(&shop, at).await;
    let call = call.ok_or_else(|| refused(StatusCode::CONFLICT, "the order has no outcome to report"))?;
    Ok(HttpResponse::Ok().json(call))
}

pub(super) async fn orders(shop: web::Data<Shop>) -> Answer {
    let orders: Vec<Value> = shop.book().orders.iter().map(|order| order.shown()).collect();
    Ok(HttpResponse::Ok().json(orders))
}

/// Only what has an outcome.
pub(super) async fn transactions(shop: web::Data<Shop>) -> Answer {
    let done: Vec<Value> =
        shop.book().orders.iter().filter(|order| order.outcome.is_some()).map(|order| order.shown()).collect();
    Ok(HttpResponse::Ok().json(done))
}

pub(super) async fn log(shop: web::Data<Shop>) -> Answer {
    json_lines(&shop.log).await
}

//! The test's own door. Refuses unknown fields, and to pay an order that was never made.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{RefundState, Status};
use super::{Action, Match, Shop, Wire, Wish, no_such, settle, tell};
use crate::clock;
use crate::script::Rule;
use crate::server::{Answer, json_lines, refused, strict};

pub(crate) async fn add_rule<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    shop.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = shop.rules.add(rule).map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

pub(crate) async fn clear_rules<W: Wire>(shop: web::Data<Shop<W>>) -> Answer {
    shop.log.write("control", json!({"what": "script", "body": null})).await?;
    shop.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    order_ref: String,
    #[serde(default)]
    outcome: Act,
    /// Of a failed try; its provider's own.
    code: Option<i64>,
    amount: Option<i64>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    #[default]
    Paid,
    Cancelled,
    Failed,
}

impl Pay {
    fn wish<W: Wire>(&self) -> Result<Wish, &'static str> {
        if self.amount.is_some() && self.outcome != Act::Paid {
            return Err("an amount goes with paid only");
        }
        if self.code.is_some() && self.outcome != Act::Failed {
            return Err("a code goes with failed only");
        }
        let (status, code) = match self.outcome {
            Act::Paid => (Status::Paid, 0),
            Act::Cancelled => (Status::Cancelled, W::CANCELLED),
            Act::Failed => (Status::Failed, self.code.unwrap_or(W::FAILED)),
        };
        Ok(Wish { status, code, amount: self.amount, by_merchant: false })
    }
}

pub(crate) async fn pay<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let pay: Pay = strict(&body)?;
    let wish = pay.wish::<W>().map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    shop.log.write("control", json!({"what": "pay", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let at = shop.book().find::<W>(&pay.order_ref).ok_or_else(no_such)?;
    let way_back = settle(&shop, at, wish).await?;
    let mut shown = shop.book().orders.get(at).map_or(Value::Null, |order| order.shown::<W>());
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("way_back".to_owned(), way_back.into());
    }
    Ok(HttpResponse::Ok().json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    order_ref: String,
}

/// The order runs out now.
pub(crate) async fn expire<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let Named { order_ref } = strict(&body)?;
    shop.log.write("control", json!({"what": "expire", "order_ref": order_ref})).await?;
    let mut book = shop.book();
    let at = book.find::<W>(&order_ref).ok_or_else(no_such)?;
    let order = book.orders.get_mut(at).ok_or_else(no_such)?;
    order.expires_at = clock::now();
    Ok(HttpResponse::Ok().json(order.shown::<W>()))
}

pub(crate) async fn resend<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let Named { order_ref } = strict(&body)?;
    let at = shop.book().find::<W>(&order_ref).ok_or_else(no_such)?;
    shop.log.write("control", json!({"what": "resend", "order_ref": order_ref})).await?;
    let call = tell::resend(&shop, at).await;
    let call = call.ok_or_else(|| refused(StatusCode::CONFLICT, "the order has no outcome to report"))?;
    Ok(HttpResponse::Ok().json(call))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    order_ref: String,
    outcome: Decision,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Sent,
    Refused,
}

/// Ends the newest refund of an order, which is in hand, before its time.
pub(crate) async fn decide_refund<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let Decide { order_ref, outcome } = strict(&body)?;
    shop.log.write("control", json!({"what": "refund", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let now = clock::now();
    let line = {
        let mut book = shop.book();
        let at = book.find::<W>(&order_ref).ok_or_else(no_such)?;
        let refund = book.orders.get_mut(at).and_then(|order| order.refunds.last_mut());
        let refund = refund.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such refund"))?;
        if refund.state(now) != RefundState::InHand {
            return Err(refused(StatusCode::CONFLICT, "the refund is not in hand any more"));
        }
        refund.decided_at = now;
        refund.refused = matches!(outcome, Decision::Refused);
        refund.shown()
    };
    shop.log.write("refund", line.clone()).await?;
    Ok(HttpResponse::Ok().json(line))
}

pub(crate) async fn orders<W: Wire>(shop: web::Data<Shop<W>>) -> Answer {
    let orders: Vec<Value> = shop.book().orders.iter().map(|order| order.shown::<W>()).collect();
    Ok(HttpResponse::Ok().json(orders))
}

/// Only what has an outcome.
pub(crate) async fn transactions<W: Wire>(shop: web::Data<Shop<W>>) -> Answer {
    let book = shop.book();
    let done = book.orders.iter().filter(|order| order.outcome.is_some());
    let done: Vec<Value> = done.map(|order| order.shown::<W>()).collect();
    Ok(HttpResponse::Ok().json(done))
}

pub(crate) async fn log<W: Wire>(shop: web::Data<Shop<W>>) -> Answer {
    json_lines(&shop.log).await
}

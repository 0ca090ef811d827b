//! A merchant's call and its answer. Refuses to answer before what was done is in the log.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::book::Order;
use super::{Action, Shop, Wire};
use crate::server::{Answer, refused};

/// What is answered, before rules have their say.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The order that it is about, for the rules.
    pub(crate) order: Option<usize>,
    /// Of a question: the same, when the wallet lies that nothing was paid.
    pub(crate) unpaid: Option<Value>,
    /// A refund that was taken up.
    pub(crate) refund: Option<Value>,
}

impl Said {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body, order: None, unpaid: None, refund: None }
    }

    pub(crate) fn about(mut self, order: usize) -> Self {
        self.order = Some(order);
        self
    }
}

/// The body's fields; samples of both wallets send numbers as texts, too.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Absent is empty.
    pub(crate) fn or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// A text of so many characters.
    pub(crate) fn limited(&self, name: &str, least: usize, most: usize) -> Result<String, String> {
        let text = self.text(name).ok_or_else(|| format!("{name} is missing"))?;
        let fits = (least..=most).contains(&text.chars().count());
        if fits { Ok(text) } else { Err(format!("{name} is not {least} to {most} characters long")) }
    }

    pub(crate) fn whole(&self, name: &str) -> Result<i64, String> {
        let text = self.text(name).ok_or_else(|| format!("{name} is missing"))?;
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        text.parse().ok().filter(|_| plain).ok_or_else(|| format!("{name} is not a whole number"))
    }

    pub(crate) fn switch(&self, name: &str, absent: bool) -> Result<bool, String> {
        match self.0.get(name) {
            None => Ok(absent),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(format!("{name} is neither true nor false")),
        }
    }

    pub(crate) fn all(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

pub(crate) async fn heard<W: Wire>(
    shop: &Shop<W>,
    what: &str,
    body: &web::Bytes,
) -> Result<Fields, crate::server::Refused> {
    let line = json!({"what": what, "method": "POST", "body": String::from_utf8_lossy(body)});
    shop.log.write("received", line).await?;
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(Fields(fields)),
        // whatever a check of the fields says of an empty one, holds
        _ => Ok(Fields(Map::new())),
    }
}

/// The order of a refund, and the payment.
fn named<W: Wire>(order: &Order) -> Value {
    let original = order.outcome.as_ref().map(|outcome| outcome.transaction_no.to_string());
    json!({"order_ref": W::own_name(&order.wire_ref), "transaction_no": original})
}

pub(crate) async fn answered<W: Wire>(shop: &Shop<W>, what: &str, mut said: Said) -> Answer {
    if let Some(mut line) = said.refund.take() {
        if let Some(order) = said.order.and_then(|at| shop.book().orders.get(at).map(named::<W>)) {
            line["of"] = order;
        }
        shop.log.write("refund", line).await?;
    }
    let asks = said.unpaid.is_some();
    let actions = {
        let book = shop.book();
        let order = said.order.and_then(|at| book.orders.get(at));
        let fits = |action: &Action| action.is_about_api() && (asks || !matches!(action, Action::LieUnpaid(_)));
        order.map(|order| shop.takes(order, fits)).unwrap_or_default()
    };
    let mut fails = false;
    for action in actions {
        match action {
            Action::Hang(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Action::FailAfterAccept(_) => fails = true,
            Action::LieUnpaid(_) => {
                if let Some(unpaid) = said.unpaid.take() {
                    said.body = unpaid;
                }
            }
            _ => {}
        }
    }
    if fails {
        shop.log.write("answered", json!({"what": what, "status": 500, "scripted": true})).await?;
        return Err(refused(StatusCode::INTERNAL_SERVER_ERROR, "scripted failure"));
    }
    shop.log.write("answered", json!({"what": what, "status": said.status, "body": said.body})).await?;
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(HttpResponse::build(status).json(said.body))
}

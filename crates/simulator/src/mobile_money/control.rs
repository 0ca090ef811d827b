//! The test's own door. Refuses unknown fields, and to confirm what was never asked for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Account, Code};
use super::errors::{Category, fault};
use super::{Match, Scripted, Shop, callback, held};
use crate::clock;
use crate::script::Rule;
use crate::server::{Answer, json_lines, refused, strict};

pub(super) async fn add_rule(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Scripted> = strict(&body)?;
    shop.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = shop.rules.add(rule).map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

pub(super) async fn clear_rules(shop: web::Data<Shop>) -> Answer {
    shop.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    order_ref: String,
    #[serde(default)]
    outcome: Act,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    #[default]
    Approve,
    Decline,
}

/// The payer confirms on the phone, or does not.
pub(super) async fn pay(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Pay { order_ref, outcome } = strict(&body)?;
    let wished = match outcome {
        Act::Approve => Ok(()),
        Act::Decline => Err(fault(Category::Authorisation, "requestDeclined")),
    };
    let shown = callback::confirm(&shop.into_inner(), &order_ref, wished).await?;
    Ok(HttpResponse::Ok().json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCode {
    msisdn: String,
    code: String,
    #[serde(default)]
    amount: Option<i64>,
    /// Below zero: it is over already.
    #[serde(default = "five_minutes")]
    lifetime_s: i64,
}

fn five_minutes() -> i64 {
    300
}

/// The payer's application makes a code.
pub(super) async fn code(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let NewCode { msisdn, code, amount, lifetime_s } = strict(&body)?;
    let until = clock::now() + SignedDuration::from_secs(lifetime_s);
    shop.book().codes.insert(code, Code { payer: msisdn, amount, until, used: false });
    Ok(HttpResponse::Ok().json(json!({"until": until.to_string()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAccount {
    msisdn: String,
    balance: Option<i64>,
    spent_this_month: Option<i64>,
}

pub(super) async fn account(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let OfAccount { msisdn, balance, spent_this_month } = strict(&body)?;
    let mut book = shop.book();
    let known: &mut Account = book.accounts.entry(msisdn).or_default();
    known.balance = balance.unwrap_or(known.balance);
    known.spent_this_month = spent_this_month.unwrap_or(known.spent_this_month);
    Ok(HttpResponse::Ok().json(json!({"balance": known.balance, "spent_this_month": known.spent_this_month})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    /// Taken from now on, in place of what was.
    secrets: Vec<String>,
}

/// Also ends every token.
pub(super) async fn secret(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Secrets { secrets } = strict(&body)?;
    *held(&shop.secrets) = secrets;
    held(&shop.tokens).clear();
    Ok(HttpResponse::Ok().json(json!({})))
}

/// What `/heartbeat` says from now on.
pub(super) async fn service(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let says: Value = strict(&body)?;
    *held(&shop.service) = says.clone();
    Ok(HttpResponse::Ok().json(says))
}

/// What `/responses` says from now on of an id that it does not know.
pub(super) async fn unknown(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    *held(&shop.unknown) = strict(&body)?;
    Ok(HttpResponse::Ok().json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    reference: String,
    transaction: Value,
    /// `/responses` of this correlation id leads there.
    #[serde(default)]
    client_correlation_id: Option<String>,
}

/// Something that happened before: a transaction is put into the book as it stands.
pub(super) async fn transaction(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Known { reference, transaction, client_correlation_id } = strict(&body)?;
    shop.book().put_known(&reference, transaction, client_correlation_id);
    Ok(HttpResponse::Ok().json(json!({})))
}

pub(super) async fn requests(shop: web::Data<Shop>) -> Answer {
    let all: Vec<Value> = shop.book().requests.iter().map(super::book::Request::shown).collect();
    Ok(HttpResponse::Ok().json(all))
}

pub(super) async fn log(shop: web::Data<Shop>) -> Answer {
    json_lines(&shop.log).await
}

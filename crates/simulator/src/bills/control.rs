//! The test's own door. Refuses unknown fields, and a second payment under one number.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use rand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Action, Application, Match, held, pay};
use crate::script::Rule;
use crate::server::{Answer, json_lines, refused, strict, to_its_end};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Biller {
    url: String,
}

/// Where the biller is from now on.
pub(super) async fn biller(app: web::Data<Application>, body: web::Bytes) -> Answer {
    let Biller { url } = strict(&body)?;
    url.trim_end_matches('/').clone_into(&mut held(&app.biller));
    held(&app.token).clear();
    Ok(HttpResponse::Ok().json(json!({})))
}

pub(super) async fn add_rule(app: web::Data<Application>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    app.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = app.rules.add(rule).map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

pub(super) async fn clear_rules(app: web::Data<Application>) -> Answer {
    app.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asks {
    customer: String,
}

/// A customer types a code.
pub(super) async fn ask(app: web::Data<Application>, body: web::Bytes) -> Answer {
    let Asks { customer } = strict(&body)?;
    Ok(HttpResponse::Ok().json(pay::ask(&app, &customer).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pays {
    customer: String,
    /// Absent: what the biller says now, first of all.
    bill: Option<String>,
    amount: Option<i64>,
    /// The bank's own number; absent: a fresh one.
    transaction: Option<String>,
}

/// A customer pays.
pub(super) async fn pay(app: web::Data<Application>, body: web::Bytes) -> Answer {
    let pays: Pays = strict(&body)?;
    to_its_end(async move {
        let (bill, amount) = match (pays.bill, pays.amount) {
            (Some(bill), Some(amount)) => (bill, amount),
            (bill, amount) => {
                let shown = pay::ask(&app, &pays.customer).await?;
                let first = &shown["bills"][0];
                let Some(told) = first["amount"].as_i64() else {
                    return Err(refused(StatusCode::CONFLICT, "no bill").with("answer", shown.clone()));
                };
                let bill = bill.or_else(|| first["bill"].as_str().map(str::to_owned)).unwrap_or_default();
                (bill, amount.unwrap_or(told))
            }
        };
        let number = pays.transaction.unwrap_or_else(|| format!("BT{:016X}", rand::rng().next_u64()));
        let is = |m: &Match| {
            m.customer.as_ref().is_none_or(|c| *c == pays.customer)
                && m.transaction.as_ref().is_none_or(|n| *n == number)
        };
        let delta = app.rules.take(is, |a| matches!(a, Action::AmountDelta(_)));
        let delta: i64 = delta.iter().map(|a| if let Action::AmountDelta(n) = a { *n } else { 0 }).sum();
        let taken = app.book().debit(&number, &pays.customer, &bill, amount + delta);
        let Some(taken) = taken else { return Err(refused(StatusCode::CONFLICT, "this number is taken")) };
        app.log.write("debited", taken.shown()).await?;
        Ok(HttpResponse::Ok().json(pay::pay(&app, taken).await?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    transaction: String,
    /// Tells it with another amount, which no sound bank does.
    amount: Option<i64>,
    bill: Option<String>,
}

/// Tells a payment once more.
pub(super) async fn again(app: web::Data<Application>, body: web::Bytes) -> Answer {
    let Again { transaction, amount, bill } = strict(&body)?;
    let known = app.book().transactions.get(&transaction).cloned();
    let mut told = known.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such transaction"))?;
    told.amount = amount.unwrap_or(told.amount);
    told.bill = bill.unwrap_or(told.bill);
    pay::until_decided(&app, &told, 0, app.config.again).await?;
    Ok(HttpResponse::Ok().json(pay::shown(&app, &transaction)?))
}

pub(super) async fn transactions(app: web::Data<Application>) -> Answer {
    let shown: Vec<Value> = app.book().transactions.values().map(|t| t.shown()).collect();
    Ok(HttpResponse::Ok().json(shown))
}

pub(super) async fn log(app: web::Data<Application>) -> Answer {
    json_lines(&app.log).await
}

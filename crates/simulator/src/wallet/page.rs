//! What the payer's browser sees. Refuses a payment of an order that ran out or is finished.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::book::Status;
use super::{Shop, Wire, Wish, no_such, settle};
use crate::clock;
use crate::server::{Answer, dong, html, refused};

#[derive(Template)]
#[template(path = "wallet.html")]
struct WalletPage<'a> {
    wallet: &'a str,
    token: &'a str,
    order_ref: &'a str,
    info: &'a str,
    amount: String,
    until: String,
    open: bool,
}

#[derive(Deserialize)]
pub(crate) struct Opened {
    t: String,
}

pub(crate) async fn open<W: Wire>(shop: web::Data<Shop<W>>, query: web::Query<Opened>) -> Answer {
    shop.log.write("received", json!({"what": "pay_page", "method": "GET", "token": query.t})).await?;
    let book = shop.book();
    let order = book.by_token(&query.t).and_then(|at| book.orders.get(at)).ok_or_else(no_such)?;
    let open = order.outcome.is_none() && !order.has_run_out(clock::now());
    let page = WalletPage {
        wallet: W::NAME,
        token: &order.token,
        order_ref: &order.wire_ref,
        info: &order.info,
        amount: dong(order.amount),
        until: clock::readable(&clock::wire_time(order.expires_at)),
        open,
    };
    html(if open { StatusCode::OK } else { StatusCode::GONE }, &page)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pressed {
    t: String,
    what: What,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Pay,
    Cancel,
}

pub(crate) async fn press<W: Wire>(shop: web::Data<Shop<W>>, form: web::Form<Pressed>) -> Answer {
    let at = shop.book().by_token(&form.t).ok_or_else(no_such)?;
    let wish = match form.what {
        What::Pay => Wish { status: Status::Paid, code: 0, amount: None, by_merchant: false },
        What::Cancel => Wish { status: Status::Cancelled, code: W::CANCELLED, amount: None, by_merchant: false },
    };
    shop.log.write("received", json!({"what": "press", "method": "POST", "token": form.t})).await?;
    let to = match settle(&shop, at, wish).await {
        Ok(to) => to,
        Err(error) if error.status_code() == StatusCode::INTERNAL_SERVER_ERROR => return Err(error),
        Err(_) => {
            return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, shop.page_url(&form.t))).finish());
        }
    };
    shop.log.write("answered", json!({"what": "press", "status": 302, "location": to})).await?;
    let location = header::HeaderValue::from_str(&to).map_err(|error| refused(StatusCode::BAD_GATEWAY, error))?;
    Ok(HttpResponse::Found().insert_header((header::LOCATION, location)).finish())
}

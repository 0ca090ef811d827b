//! The provider's settlement file of a day. The GSMA's document has none: columns are named after its fields, and the layout is
//! the project's own.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::book::{Book, End, Kind as Type, Request};
use super::{Action, Scripted, Shop};
use crate::day_file::{self, Asked, Encoding, Entry, Field, Form, Invented, Kind, Rows};
use crate::server::{Answer, strict};

const FORM: Form = Form {
    letterhead: &[],
    columns: &[
        ("no", Field::Number),
        ("transactionReference", Field::Transaction),
        ("requestingOrganisationTransactionReference", Field::Order),
        ("creditParty", Field::Merchant),
        ("type", Field::Kind),
        ("transactionStatus", Field::Status),
        ("amount", Field::Gross),
        ("fee", Field::Fee),
        ("net", Field::Net),
        ("currency", Field::Currency),
        ("modificationDate", Field::PaidAt),
        ("originalTransactionReference", Field::Original),
    ],
    delimiter: '|',
    encoding: Encoding::Utf8,
    grouping: None,
    time: "%Y-%m-%dT%H:%M:%S",
    day: "%Y-%m-%d",
    payment: "merchantpay",
    refund: "reversal",
    success: "completed",
    refunds_below_zero: true,
    totals: Some(("TOTAL", Some(Field::Transaction))),
    typed: true,
    payout: "MM TT",
    fee_ppm: 5_000,
    fee_fixed: 0,
};

fn rows(shop: &Shop) -> Rows {
    let book = shop.book();
    let mut rows = Rows::default();
    rows.invent(&book.invented);
    for request in &book.requests {
        if let Some(entry) = entry(&book, request) {
            let is_payment = request.kind == Type::Merchantpay;
            rows.take(entry, &if is_payment { scripted(shop, request) } else { Vec::new() });
        }
    }
    rows
}

/// None of what did not end well. The fee of a payment is not given back and a reversal costs none.
fn entry(book: &Book, request: &Request) -> Option<Entry> {
    let Some(End::Done { reference }) = &request.end else { return None };
    let told = book.transactions.get(reference)?;
    let amount = told["amount"].as_str()?.parse::<i64>().ok()?;
    let at = told["modificationDate"].as_str()?.parse().ok()?;
    let order = |request: &Request| request.order_ref.clone().unwrap_or_default();
    if request.kind == Type::Merchantpay {
        let entry = Entry::new(Kind::Payment, reference.clone(), order(request), amount, at);
        return Some(Entry { fee: FORM.fee(amount), ..entry });
    }
    let original = request.original.clone().unwrap_or_default();
    let is_original = |r: &&Request| matches!(&r.end, Some(End::Done { reference }) if *reference == original);
    let of = book.requests.iter().find(is_original).map(order).unwrap_or_default();
    Some(Entry { original, ..Entry::new(Kind::Refund, reference.clone(), of, -amount, at) })
}

fn scripted(shop: &Shop, request: &Request) -> Vec<day_file::FileAction> {
    let matches = |rule: &super::Match| rule.is(request.order_ref.as_deref(), Some(request.amount));
    let found = shop.rules.peek(matches, |rule| matches!(rule, Scripted::Payment(Action::Settlement(_))));
    let action = |rule| if let Scripted::Payment(Action::Settlement(action)) = rule { Some(action) } else { None };
    found.into_iter().filter_map(action).collect()
}

pub(super) async fn file(shop: web::Data<Shop>, asked: web::Query<Asked>) -> Answer {
    day_file::file(&shop.log, &FORM, &shop.config.credit_party, rows(&shop), &asked).await
}

pub(super) async fn payout(shop: web::Data<Shop>, asked: web::Query<Asked>) -> Answer {
    Ok(HttpResponse::Ok().json(day_file::payout(&FORM, &shop.config.credit_party, rows(&shop), &asked)?))
}

/// A row of today's file for which nothing has happened.
pub(super) async fn invent(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let invented: Invented = strict(&body)?;
    shop.log.write("control", json!({"what": "invent", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    shop.book().invented.push(invented.entry(&FORM));
    Ok(HttpResponse::Ok().json(json!({})))
}

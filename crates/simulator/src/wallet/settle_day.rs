//! What a wallet settles for a day: payments by the time they were taken, refunds by the time they were given back. Held
//! money, refunds in hand and refused ones are in no file.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::book::{Order, RefundState, Status};
use super::{Action, Shop, Wire};
use crate::clock;
use crate::day_file::{self, Asked, Entry, FileAction, Invented, Kind, Rows};
use crate::server::{Answer, strict};

fn rows<W: Wire>(shop: &Shop<W>) -> Rows {
    let book = shop.book();
    let mut rows = Rows::default();
    rows.invent(&book.invented);
    for order in &book.orders {
        if let Some(entry) = payment::<W>(order) {
            rows.take(entry, &scripted(shop, order));
        }
        refunds(order).into_iter().for_each(|entry| rows.take(entry, &[]));
    }
    rows
}

fn payment<W: Wire>(order: &Order) -> Option<Entry> {
    let outcome = order.outcome.as_ref().filter(|outcome| outcome.status == Status::Paid)?;
    let number = outcome.transaction_no.to_string();
    let entry = Entry::new(Kind::Payment, number, order.wire_ref.clone(), outcome.amount, outcome.at);
    Some(Entry { fee: W::form().fee(outcome.amount), ..entry })
}

fn scripted<W: Wire>(shop: &Shop<W>, order: &Order) -> Vec<FileAction> {
    let found = shop.looks(order, |action| matches!(action, Action::Settlement(_)));
    let action = |action| if let Action::Settlement(action) = action { Some(action) } else { None };
    found.into_iter().filter_map(action).collect()
}

/// The fee of the payment is not given back and the refund costs none.
fn refunds(order: &Order) -> Vec<Entry> {
    let now = clock::now();
    let original = order.outcome.as_ref().map_or_else(String::new, |outcome| outcome.transaction_no.to_string());
    let sent = order.refunds.iter().filter(|refund| refund.state(now) == RefundState::Sent);
    let entry = |refund: &super::book::Refund| {
        let number = refund.transaction_no.to_string();
        let entry = Entry::new(Kind::Refund, number, order.wire_ref.clone(), -refund.amount, refund.decided_at);
        Entry { original: original.clone(), ..entry }
    };
    sent.map(entry).collect()
}

pub(super) async fn file<W: Wire>(shop: web::Data<Shop<W>>, asked: web::Query<Asked>) -> Answer {
    let rows = rows(&shop);
    day_file::file(&shop.log, W::form(), &shop.wire.merchant(), rows, &asked).await
}

pub(super) async fn payout<W: Wire>(shop: web::Data<Shop<W>>, asked: web::Query<Asked>) -> Answer {
    Ok(HttpResponse::Ok().json(day_file::payout(W::form(), &shop.wire.merchant(), rows(&shop), &asked)?))
}

/// A row of today's file for which nothing has happened.
pub(super) async fn invent<W: Wire>(shop: web::Data<Shop<W>>, body: web::Bytes) -> Answer {
    let invented: Invented = strict(&body)?;
    shop.log.write("control", json!({"what": "invent", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    shop.book().invented.push(invented.entry(W::form()));
    Ok(HttpResponse::Ok().json(json!({})))
}

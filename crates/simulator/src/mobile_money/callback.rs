//! How a request ends, and who is told: a PUT to the address that came with it, with the final transaction or the error.
//! Nothing signs it, as in the document. Whether it is sent again after a failure the document does not say: it is not.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use tracing::warn;

use super::book::{End, Kind};
use super::errors::{Category, Fault, fault};
use super::{Action, Shop};
use crate::clock;
use crate::server::{Refused, refused};

/// Ends a request once; `tell`: by a callback too. False when it had ended before.
pub(super) async fn finish(
    shop: &Arc<Shop>,
    server_id: &str,
    wished: Result<(), Fault>,
    tell: bool,
) -> Result<bool, Refused> {
    let Some(ended) = end(shop, server_id, wished) else { return Ok(false) };
    shop.log.write("decided", ended.line).await?;
    if tell && let Some(url) = ended.callback {
        let (shop, id) = (Arc::clone(shop), server_id.to_owned());
        shop.clone().tasks.spawn(async move { deliver(&shop, &id, &url, ended.body, ended.actions).await });
    }
    Ok(true)
}

struct Ended {
    line: Value,
    body: Value,
    callback: Option<String>,
    actions: Vec<Action>,
}

fn end(shop: &Shop, server_id: &str, wished: Result<(), Fault>) -> Option<Ended> {
    let mut book = shop.book();
    let at = book.at(server_id)?;
    let request = book.requests[at].clone();
    if request.end.is_some() {
        return None;
    }
    let named = match &request.original {
        None => request.order_ref.clone(),
        Some(original) => book
            .transactions
            .get(original)
            .and_then(|t| t["requestingOrganisationTransactionReference"].as_str().map(str::to_owned)),
    };
    let actions = shop.actions(request.kind, named.as_deref(), request.amount, |a| {
        a.is_about_callback() || matches!(a, Action::AmountDelta(_) | Action::StatusWord(_))
    });
    let delta: i64 = actions.iter().map(|a| if let Action::AmountDelta(n) = a { *n } else { 0 }).sum();
    let amount = request.amount + delta;
    let end = match wished
        .and_then(|()| parties(shop, &request))
        .and_then(|()| super::reversal::fits(&book, &request))
        .and_then(|()| pay(shop, &mut book, &request, amount))
    {
        Err(fault) => End::Failed(fault),
        Ok(()) => End::Done { reference: book.next_reference() },
    };
    let body = match &end {
        End::Failed(fault) => fault.body(),
        End::Done { reference } => {
            let word = actions.iter().find_map(|a| if let Action::StatusWord(w) = a { Some(w.as_str()) } else { None });
            let mut fields = request.fields.clone();
            // a code is the payer's own, and is told to nobody again
            fields.remove("oneTimeCode");
            for (name, value) in [
                ("transactionReference", json!(reference)),
                ("transactionStatus", json!(word.unwrap_or("completed"))),
                ("type", json!(request.kind.as_str())),
                ("amount", json!(amount.to_string())),
                ("currency", json!("VND")),
                ("creationDate", json!(request.created_at.to_string())),
                ("modificationDate", json!(clock::now().to_string())),
                ("transactionReceipt", json!(format!("R{reference}"))),
            ] {
                fields.insert(name.to_owned(), value);
            }
            for (name, key, value) in [
                ("creditParty", shop.config.credit_party_key.as_str(), shop.config.credit_party.as_str()),
                // whoever sent no payer is the payer
                ("debitParty", "msisdn", "+84900000000"),
            ] {
                fields.entry(name).or_insert_with(|| json!([{"key": key, "value": value}]));
            }
            if let Some(original) = &request.original {
                fields.insert("originalTransactionReference".to_owned(), json!(original));
            }
            let whole = Value::Object(fields);
            book.transactions.insert(reference.clone(), whole.clone());
            whole
        }
    };
    let kept = &mut book.requests[at];
    kept.amount = amount;
    kept.end = Some(end);
    let mut line = kept.shown();
    // `kind` is the line's own
    if let Some(kind) = line.as_object_mut().and_then(|line| line.remove("kind")) {
        line["kind_of"] = kind;
    }
    Some(Ended { line, body, callback: request.callback, actions })
}

/// Whom a payment is for is looked at after the acknowledgement too.
fn parties(shop: &Shop, request: &super::book::Request) -> Result<(), Fault> {
    let Some(credit) = request.fields.get("creditParty").filter(|_| request.kind == Kind::Merchantpay) else {
        return Ok(());
    };
    if request.fields.get("debitParty") == Some(credit) {
        return Err(fault(Category::BusinessRule, "samePartiesError"));
    }
    let ours = json!({"key": shop.config.credit_party_key, "value": shop.config.credit_party});
    if credit.as_array().is_some_and(|all| all.contains(&ours)) {
        return Ok(());
    }
    Err(fault(Category::Identification, "identifierError"))
}

/// Takes the payer's money; the limits of the customer come first.
fn pay(shop: &Shop, book: &mut super::book::Book, request: &super::book::Request, amount: i64) -> Result<(), Fault> {
    let Some(payer) = request.payer.as_ref().filter(|_| request.kind == Kind::Merchantpay) else { return Ok(()) };
    let account = book.accounts.entry(payer.clone()).or_default();
    if account.spent_this_month + amount > shop.config.monthly_limit {
        return Err(fault(Category::BusinessRule, "monthlyValueLimitExceeded"));
    }
    if account.balance < amount {
        return Err(fault(Category::BusinessRule, "insufficientFunds"));
    }
    account.balance -= amount;
    account.spent_this_month += amount;
    Ok(())
}

/// As the payer: refused after the request's time, unless a rule lets it be late.
pub(super) async fn confirm(shop: &Arc<Shop>, order_ref: &str, wished: Result<(), Fault>) -> Result<Value, Refused> {
    let (id, late) = {
        let mut book = shop.book();
        let at = book.of_order(order_ref).ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such order"))?;
        let request = &book.requests[at];
        let late = shop.holds(request.kind, Some(order_ref), request.amount, |a| matches!(a, Action::Late(_)));
        let over = matches!(&request.end, Some(End::Failed(_))) || clock::now() >= request.expires_at;
        let id = request.server_id.clone();
        if over && late {
            book.requests[at].end = None;
        }
        (id, late || !over)
    };
    if !late {
        return Err(refused(StatusCode::CONFLICT, "the request has ended"));
    }
    if !finish(shop, &id, wished, true).await? {
        return Err(refused(StatusCode::CONFLICT, "the request has ended"));
    }
    let book = shop.book();
    Ok(book.at(&id).map_or(Value::Null, |at| book.requests[at].shown()))
}

async fn deliver(shop: &Arc<Shop>, id: &str, url: &str, body: Value, actions: Vec<Action>) {
    let (mut copies, mut delay_ms, mut drop, mut stale) = (1, 0, false, false);
    for action in &actions {
        match action {
            Action::Repeat(n) => copies += n,
            Action::DelayMs(ms) => delay_ms += ms,
            Action::Drop(_) => drop = true,
            Action::Reorder(_) => stale = true,
            Action::Forge(_) => {
                let forged = url.replace("key=", "key=0");
                note(shop, id, "forged", put(shop, &Call::of(id, "forged"), &forged, None, &body).await);
            }
            _ => {}
        }
    }
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    if drop {
        if let Err(error) = shop.log.write("callback", json!({"what": "lost", "id": id})).await {
            warn!(%error, "the simulator's log fails");
        }
        note(shop, id, "lost", None);
    } else {
        let calls = (0..copies).map(|copy| {
            let (shop, url, body) = (Arc::clone(shop), url.to_owned(), body.clone());
            let (client_id, call) =
                (client_id_of(&shop, id), Call::of(id, if copy == 0 { "callback" } else { "repeat" }));
            tokio::spawn(async move { put(&shop, &call, &url, client_id.as_deref(), &body).await })
        });
        for call in calls.collect::<Vec<_>>() {
            note(shop, id, "callback", call.await.ok().flatten());
        }
    }
    if stale {
        let failed = fault(Category::BusinessRule, "insufficientFunds").body();
        note(shop, id, "stale", put(shop, &Call::of(id, "stale"), url, None, &failed).await);
    }
}

fn client_id_of(shop: &Shop, id: &str) -> Option<String> {
    let book = shop.book();
    book.at(id).and_then(|at| book.requests[at].client_id.clone())
}

fn note(shop: &Shop, id: &str, kind: &str, status: Option<u16>) {
    let mut book = shop.book();
    if let Some(at) = book.at(id) {
        book.requests[at].calls.push(json!({"kind": kind, "status": status}));
    }
}

/// What a call is, for the log.
pub(super) struct Call {
    /// Our number of the request.
    id: String,
    what: &'static str,
}

impl Call {
    pub(super) fn of(id: &str, what: &'static str) -> Self {
        Self { id: id.to_owned(), what }
    }
}

/// The status of the answer; None where there was none.
pub(super) async fn put(shop: &Shop, call: &Call, url: &str, client_id: Option<&str>, body: &Value) -> Option<u16> {
    let mut request = shop.client.put(url).header("X-Date", clock::now().to_string()).json(body);
    if let Some(id) = client_id {
        request = request.header("X-CorrelationID", id);
    }
    let mut told = json!({"what": call.what, "id": call.id, "body": body});
    let status = match request.send().await {
        Ok(answer) => Some(answer.status().as_u16()),
        Err(error) => {
            warn!(%error, "a callback was not taken");
            told["why"] = json!(if error.is_timeout() { "timed out" } else { "no answer" });
            None
        }
    };
    told["status"] = json!(status);
    if let Err(error) = shop.log.write("callback", told).await {
        warn!(%error, "the simulator's log fails");
    }
    status
}

//! Listings that the customer fetches: SePay's user API v1 and Casso's API v2. Refuses a wrong token and more calls a
//! second than agreed.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Direction, Transaction};
use super::config::ListingKind;
use super::wire::{Reference, Told};
use super::{Action, Bank};
use crate::clock;
use crate::server::{Answer, Refused, refused};

/// What was asked, and the rows that it may see in the order of their ids, before the question's own filters.
struct Call {
    rows: Vec<Row>,
    hang: Duration,
    fails: bool,
}

struct Row {
    told: Told,
    /// The account's place among those of the token, counted from 1: SePay's bank_account_id, Casso's accountId.
    account_no: usize,
}

/// SePay, API overview: 429 with this header.
const SEPAY_RETRY_AFTER: &str = "x-sepay-userapi-retry-after";

fn token<'a>(request: &'a HttpRequest, scheme: &str) -> Option<&'a str> {
    let given = request.headers().get("Authorization")?.to_str().ok()?;
    let (given, token) = given.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(token.trim())
}

/// True when the token has had its calls of this second.
fn too_many(bank: &Bank, kind: ListingKind, token: &str) -> bool {
    let most = usize::try_from(bank.config.listing_per_second).unwrap_or(usize::MAX);
    let mut listed = bank.listed.lock().unwrap_or_else(PoisonError::into_inner);
    let calls = listed.entry(format!("{kind:?} {token}")).or_default();
    let now = Instant::now();
    calls.retain(|call| now.duration_since(*call) < Duration::from_secs(1));
    if most > 0 && calls.len() >= most {
        return true;
    }
    calls.push(now);
    false
}

/// None for a token that no account has.
fn accounts(bank: &Bank, kind: ListingKind, token: &str) -> Option<Vec<String>> {
    let book = bank.book();
    let listed = book.accounts.values().filter(|account| {
        account.listing.as_ref().is_some_and(|listing| listing.kind == kind && listing.token == token)
    });
    let numbers: Vec<String> = listed.map(|account| account.number.clone()).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// The rows that the filter lets through, as scripted.
fn call(bank: &Bank, name: &str, accounts: &[String], wanted: impl Fn(&Transaction) -> bool) -> Call {
    let whole = bank.rules.take(|rule| rule.is_call(name) && !rule.names_a_transaction(), Action::is_about_listing);
    let mut call = Call { rows: Vec::new(), hang: Duration::ZERO, fails: false };
    for action in whole {
        match action {
            Action::Hang(ms) => call.hang += Duration::from_millis(ms),
            _ => call.fails = true,
        }
    }
    if call.fails {
        return call;
    }
    let book = bank.book();
    let known: HashSet<&String> = accounts.iter().collect();
    for entry in book.entries.iter().filter(|entry| known.contains(&entry.account) && wanted(entry)) {
        let (mut delta, mut reference, mut unlisted) = (0_i64, Reference::True, false);
        for action in bank.rules.take(|rule| rule.is(name, entry), Action::is_about_row) {
            match action {
                Action::AmountDelta(more) => delta = delta.saturating_add(more),
                Action::WithoutReference(_) => reference = Reference::Absent,
                Action::OtherReference(_) => reference = Reference::Other,
                _ => unlisted = true,
            }
        }
        let account_no = accounts.iter().position(|number| *number == entry.account).map_or(0, |at| at + 1);
        if let (false, Some(account)) = (unlisted, book.accounts.get(&entry.account)) {
            call.rows.push(Row { told: Told::new(account, entry, delta, reference), account_no });
        }
    }
    call
}

async fn answered(bank: &Bank, request: &HttpRequest, name: &str, call: &Call, answer: &Value) -> Result<(), Refused> {
    let status = if call.fails { 500 } else { 200 };
    let line = json!({
        "listing": name, "query": request.query_string(), "http_status": status,
        "answer": if call.fails { &Value::Null } else { answer },
    });
    bank.log.write("listing", line).await?;
    tokio::time::sleep(call.hang).await;
    if call.fails {
        return Err(refused(StatusCode::INTERNAL_SERVER_ERROR, "as scripted"));
    }
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct SepayQuery {
    account_number: Option<String>,
    transaction_date_min: Option<String>,
    transaction_date_max: Option<String>,
    since_id: Option<u64>,
    limit: Option<usize>,
    reference_number: Option<String>,
    amount_in: Option<i64>,
    amount_out: Option<i64>,
}

/// `YYYY-MM-DD[ HH:mm:ss]` in Hanoi; a date alone is its midnight, as a database would compare it.
fn hanoi_time(text: Option<&str>) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = text else { return Ok(None) };
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
        .or_else(|_| Date::strptime("%Y-%m-%d", text).map(|date| date.to_datetime(jiff::civil::Time::midnight())));
    let time = time.ok().and_then(clock::from_hanoi);
    time.map(Some).ok_or_else(|| refused(StatusCode::BAD_REQUEST, format_args!("no such time: {text}")))
}

/// SePay API v1, list of transactions: newest first, at most 5000; since_id includes that id.
pub(super) async fn sepay(bank: web::Data<Bank>, request: HttpRequest, query: web::Query<SepayQuery>) -> Answer {
    let unauthorized =
        || refused(StatusCode::UNAUTHORIZED, "Unauthorized").with("status", 401).with("messages", json!({}));
    let token = token(&request, "Bearer").ok_or_else(unauthorized)?;
    let accounts = accounts(&bank, ListingKind::Sepay, token).ok_or_else(unauthorized)?;
    if too_many(&bank, ListingKind::Sepay, token) {
        let body = json!({"status": 429, "error": "Too Many Requests", "messages": {}});
        return Ok(HttpResponse::TooManyRequests().insert_header((SEPAY_RETRY_AFTER, "1")).json(body));
    }
    let from = hanoi_time(query.transaction_date_min.as_deref())?;
    let to = hanoi_time(query.transaction_date_max.as_deref())?;
    let amount_is = |wanted: Option<i64>, direction: Direction, entry: &Transaction| {
        wanted.is_none_or(|amount| entry.direction == direction && entry.amount == amount)
    };
    let call = call(&bank, "sepay_listing", &accounts, |entry| {
        query.account_number.as_ref().is_none_or(|number| *number == entry.account)
            && from.is_none_or(|from| entry.booked_at >= from)
            && to.is_none_or(|to| entry.booked_at <= to)
            && query.since_id.is_none_or(|id| entry.id >= id)
            && query.reference_number.as_ref().is_none_or(|reference| *reference == entry.reference)
            && amount_is(query.amount_in, Direction::In, entry)
            && amount_is(query.amount_out, Direction::Out, entry)
    });
    let limit = query.limit.unwrap_or(5000).clamp(1, 5000);
    let rows: Vec<Value> = call.rows.iter().rev().take(limit).map(sepay_row).collect();
    let answer = json!({"status": 200, "error": null, "messages": {"success": true}, "transactions": rows});
    answered(&bank, &request, "sepay_listing", &call, &answer).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn sepay_row(row: &Row) -> Value {
    let (told, transaction) = (&row.told, &row.told.transaction);
    let money = |direction| if transaction.direction == direction { told.amount } else { 0 };
    json!({
        "id": transaction.id.to_string(),
        "bank_brand_name": told.bank,
        "account_number": transaction.account,
        "transaction_date": told.time(),
        "amount_out": format!("{}.00", money(Direction::Out)),
        "amount_in": format!("{}.00", money(Direction::In)),
        "accumulated": format!("{}.00", transaction.balance),
        "transaction_content": transaction.content,
        "reference_number": told.reference,
        "code": told.code,
        "sub_account": transaction.virtual_account,
        "bank_account_id": row.account_no.to_string(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CassoQuery {
    from_date: Option<Date>,
    to_date: Option<Date>,
    page: Option<usize>,
    page_size: Option<usize>,
    sort: Option<String>,
}

/// Casso API v2, transactions: from the last 7 days to today, page 1 of 10 rows, ascending, unless asked otherwise.
pub(super) async fn casso(bank: web::Data<Bank>, request: HttpRequest, query: web::Query<CassoQuery>) -> Answer {
    let unauthorized = || refused(StatusCode::UNAUTHORIZED, 401).with("message", "Unauthorized");
    let token = token(&request, "Apikey").ok_or_else(unauthorized)?;
    let accounts = accounts(&bank, ListingKind::Casso, token).ok_or_else(unauthorized)?;
    if too_many(&bank, ListingKind::Casso, token) {
        return Err(refused(StatusCode::TOO_MANY_REQUESTS, 429).with("message", "Too Many Requests"));
    }
    let today = clock::hanoi(clock::now()).date();
    let from = query.from_date.unwrap_or_else(|| today.saturating_sub(jiff::Span::new().days(7)));
    let to = query.to_date.unwrap_or(today);
    let mut call =
        call(&bank, "casso_listing", &accounts, |entry| (from..=to).contains(&clock::hanoi(entry.booked_at).date()));
    call.rows.sort_by_key(|row| row.told.transaction.booked_at);
    if query.sort.as_deref().is_some_and(|sort| sort.eq_ignore_ascii_case("DESC")) {
        call.rows.reverse();
    }
    let (page, size) = (query.page.unwrap_or(1).max(1), query.page_size.unwrap_or(10).clamp(1, 100));
    let pages = call.rows.len().div_ceil(size).max(1);
    let records: Vec<Value> =
        call.rows.iter().skip((page - 1).saturating_mul(size)).take(size).map(casso_row).collect();
    let answer = json!({"error": 0, "message": "success", "data": {
        "page": page, "pageSize": size, "nextPage": (page < pages).then(|| page + 1),
        "prevPage": (page > 1).then(|| page - 1), "totalPages": pages, "totalRecords": call.rows.len(),
        "records": records,
    }});
    answered(&bank, &request, "casso_listing", &call, &answer).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn casso_row(row: &Row) -> Value {
    let (told, transaction) = (&row.told, &row.told.transaction);
    let when = told.time().replacen(' ', "T", 1);
    json!({
        "id": transaction.id,
        "tid": told.reference.as_deref().unwrap_or(""),
        "description": transaction.content,
        "amount": told.signed(),
        "cusum_balance": transaction.balance,
        "cusumBalance": transaction.balance,
        "when": when,
        "bookingDate": when,
        "bankSubAccId": transaction.account,
        "paymentChannel": "",
        "virtualAccount": transaction.virtual_account.as_deref().unwrap_or(""),
        "virtualAccountName": "",
        "corresponsiveName": transaction.payer_name,
        "corresponsiveAccount": transaction.payer_account,
        "corresponsiveBankId": transaction.payer_bank,
        "corresponsiveBankName": "",
        "accountId": row.account_no,
        "bankCodeName": told.bank.to_lowercase(),
    })
}

/// Casso asks the bank at once; here the rows are always there.
pub(super) async fn casso_sync(bank: web::Data<Bank>, request: HttpRequest) -> Answer {
    let known = token(&request, "Apikey").and_then(|token| accounts(&bank, ListingKind::Casso, token));
    known.ok_or_else(|| refused(StatusCode::UNAUTHORIZED, 401).with("message", "Unauthorized"))?;
    bank.log.write("listing", json!({"listing": "casso_sync", "http_status": 200})).await?;
    Ok(HttpResponse::Ok().json(json!({"error": 0, "message": "success", "data": null})))
}

//! `/pay`: what a dossier owes, for anybody who types its code. Fees and agencies, and nothing of a person; no link to the
//! page on which it is paid. What came for them is counted as the pages of their requests count it, and nothing else of those is
//! told. It is no oracle: an unknown code, one without fees and an ill-formed one are answered alike,
//! after the same time, and one address asks a few times a minute.

use crate::answer;
use crate::language::{Language, Words};
use crate::load::{Asked, Returned};
use crate::page::{ITEMS, Item, More, Seen, agency_name, asks_first};
use crate::said::is_to_ask_first;
use crate::stage::{Held, Stage};
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::dossier_code::DossierCode;
use domain::mode::Mode;
use domain::obligation::{Obligation, ObligationStatus};
use domain::{ObligationId, Vnd};
use jiff::Timestamp;
use payments::Context;
use payments::payer_page::{self, DossierPage};
use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};
use storage::StorageError;

/// Each answer takes a multiple of this, far above what the database takes.
const BEAT: Duration = Duration::from_millis(150);
const MAX_CODE: usize = 64;

#[derive(Template)]
#[template(path = "lookup.html")]
struct Lookup {
    w: &'static Words,
    sandbox: bool,
    switch_url: String,
    switch_words: &'static Words,
    asked: String,
    error: Option<&'static str>,
    found: Option<Found>,
    safety: &'static str,
}

struct Found {
    /// What is left to pay, under its label; None where nothing is.
    due: Due,
    /// What to do.
    then: String,
    /// Which comes before the fees then.
    asks: bool,
    items: Vec<Item>,
    more: Option<More>,
}

/// What the pages of the requests for a dossier's fees tell their reader to do, the most careful last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Advice {
    Pay,
    /// A part came.
    PayRest,
    /// A provider has begun to take money.
    Wait,
    /// Money came that is not counted, or may have.
    AskFirst,
}

#[derive(serde::Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    dossier: String,
}

pub(crate) async fn lookup(
    ctx: web::Data<Context>,
    shared: web::Data<crate::Page>,
    request: HttpRequest,
    query: Option<web::Query<Query>>,
) -> HttpResponse {
    let language = Asked::of(&request).language;
    let w = language.words();
    let typed = query.map(|query| query.into_inner().dossier).unwrap_or_default();
    let code = typed.trim();
    let mut page = Lookup {
        w,
        sandbox: ctx.mode == Mode::Sandbox,
        switch_url: format!("/pay{}", language.other().query(Returned::No)),
        switch_words: language.other().words(),
        asked: String::new(),
        error: None,
        found: None,
        safety: w.safety,
    };
    if code.is_empty() {
        return answer::html(StatusCode::OK, language, &page);
    }
    let begun = Instant::now();
    let address = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |addr| addr.ip());
    if let Err(wait_s) = shared.lookups.take(address, begun).await {
        page.error = Some(w.too_many);
        let mut response = answer::html(StatusCode::TOO_MANY_REQUESTS, language, &page);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(wait_s));
        return response;
    }
    if code.len() > MAX_CODE || code.chars().any(char::is_control) {
        page.error = Some(w.lookup_ill);
        return answer::html(StatusCode::OK, language, &page);
    }
    page.asked = code.to_uppercase();
    let asked = Asked::of(&request);
    match owed(&ctx, language, code).await {
        Ok(mut found) => {
            if found.items.len() > ITEMS && !asked.whole {
                let text = language.all_items(found.items.len());
                found.items.truncate(ITEMS);
                let typed: String = form_urlencoded::byte_serialize(page.asked.as_bytes()).collect();
                let url = format!("/pay{}&dossier={typed}", language.query_whole(Returned::No));
                found.more = Some(More { url, text });
            }
            page.found = Some(found);
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "a dossier's fees not read");
            return answer::out_of_order(answer::status_of(&error), language);
        }
    }
    wait_for_the_beat(begun).await;
    answer::html(StatusCode::OK, language, &page)
}

/// `/pay/` is asked for by who types it so.
pub(crate) async fn without_slash(request: HttpRequest) -> HttpResponse {
    let query = Some(request.query_string()).filter(|query| !query.is_empty());
    let to = query.map_or_else(|| "/pay".to_owned(), |query| format!("/pay?{query}"));
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, to)).finish()
}

/// Until the next whole beat: how long the database took is not to be seen.
async fn wait_for_the_beat(begun: Instant) {
    let took = begun.elapsed().as_nanos();
    let beat = BEAT.as_nanos();
    let rest = beat - took % beat;
    tokio::time::sleep(Duration::from_nanos(u64::try_from(rest).unwrap_or(0))).await;
}

async fn owed(ctx: &Context, language: Language, code: &str) -> Result<Found, StorageError> {
    // what is no code of a dossier is looked for all the same, and not found
    let code = DossierCode::new(code.to_uppercase()).map_or_else(|_| String::new(), |code| code.to_string());
    let now = Timestamp::now();
    let dossier = payer_page::of_dossier(ctx, &code, now).await?;
    let (due, then, asks) = due_and_then(language.words(), &dossier, now);
    let item = |o: &Obligation| Item {
        description: o.terms.description.clone(),
        dossier: None,
        agency: Some(agency_name(&dossier.agencies, &o.terms.agency_code)),
        amount: o.amount().to_string(),
        mark: language.obligation(o.status),
    };
    Ok(Found { due, then, asks, items: dossier.obligations.iter().map(item).collect(), more: None })
}

type Due = Option<(&'static str, String)>;

/// What is left to pay, what to do, and whether that is to ask or to wait.
fn due_and_then(w: &Words, dossier: &DossierPage, now: Timestamp) -> (Due, String, bool) {
    let due = dossier.obligations.iter().filter(|o| o.status == ObligationStatus::Due);
    if due.clone().next().is_none() {
        return (None, w.lookup_settled.to_owned(), false);
    }
    let (lowered, advice) = of_requests(dossier, now);
    let due = due.map(Obligation::amount).sum::<Vnd>().less(lowered).to_string();
    let (label, then) = match advice {
        Advice::Pay => (w.lookup_due, w.lookup_pay.to_owned()),
        Advice::PayRest => (w.lookup_due, format!("{} {}", w.lookup_rest, w.lookup_pay)),
        Advice::Wait => (w.lookup_due, w.lookup_wait.to_owned()),
        Advice::AskFirst => (w.covered.amount, w.lookup_ask.to_owned()),
    };
    (Some((label, due)), then, advice >= Advice::Wait)
}

/// By how much what came lowers what the dossier owes, and what is to be done.
fn of_requests(dossier: &DossierPage, now: Timestamp) -> (Vnd, Advice) {
    let is_due = |o: &&Obligation| o.status == ObligationStatus::Due;
    let of_dossier: BTreeSet<ObligationId> = dossier.obligations.iter().map(|o| o.id).collect();
    let mut counted: BTreeSet<ObligationId> = BTreeSet::new();
    let (mut lowered, mut advice) = (Vnd::ZERO, Advice::Pay);
    for request in &dossier.requests {
        let view = &request.view;
        let due: BTreeSet<ObligationId> = view.obligations.iter().filter(is_due).map(|o| o.id).collect();
        // of fees of several dossiers, or of two requests, nobody can say which it lowers
        let is_plain = due.is_subset(&of_dossier) && due.is_disjoint(&counted);
        let stage = Seen::of(request, Returned::No, now).stage;
        let held = view.owed().less(view.amount_due);
        let says = match stage {
            Stage::Covered | Stage::Unclear | Stage::PaidTwice | Stage::Cancelled { held: true } => Advice::AskFirst,
            Stage::Expired { held: Held::Beside, .. } => Advice::AskFirst,
            _ if asks_first(request, stage, now) || is_to_ask_first(view, stage) => Advice::AskFirst,
            Stage::Processing => Advice::Wait,
            _ if !held.is_positive() => Advice::Pay,
            _ if is_plain => Advice::PayRest,
            _ => Advice::AskFirst,
        };
        if says == Advice::PayRest {
            lowered = lowered + held;
        }
        advice = advice.max(says);
        counted.extend(due);
    }
    (lowered, advice)
}

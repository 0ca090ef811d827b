//! `/pay`: what a dossier owes, for anybody who types its code. Fees and agencies, and nothing of a person; no link to the
//! page on which it is paid. It is no oracle: an unknown code, one without fees and an ill-formed one are answered alike,
//! after the same time, and one address asks a few times a minute.

use crate::answer;
use crate::language::{Language, Words};
use crate::load::{Asked, Returned};
use crate::page::{ITEMS, Item, More, agency_name};
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::Vnd;
use domain::dossier_code::DossierCode;
use domain::mode::Mode;
use domain::obligation::{Obligation, ObligationStatus};
use payments::Context;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};
use storage::{StorageError, payer_page};

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
    due: String,
    items: Vec<Item>,
    more: Option<More>,
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
    let db = ctx.pool.get().await?;
    let list = payer_page::of_dossier(&db, &code).await?;
    let codes: Vec<&str> = list.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(&db, &codes).await?;
    let due: Vnd = list.iter().filter(|o| o.status == ObligationStatus::Due).map(Obligation::amount).sum();
    let item = |o: &Obligation| Item {
        description: o.terms.description.clone(),
        dossier: None,
        agency: Some(agency_name(&agencies, &o.terms.agency_code)),
        amount: o.amount().to_string(),
        mark: language.obligation(o.status),
    };
    Ok(Found { due: due.to_string(), items: list.iter().map(item).collect(), more: None })
}

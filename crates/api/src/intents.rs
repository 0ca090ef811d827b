//! `/v1/payment-intents` and their attempts.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, AttemptView, Page, PaymentIntentView};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::ChannelCode;
use domain::intent::{EXPIRES_IN_S, EXPIRES_IN_S_DEFAULT, IntentStatus, MAX_OBLIGATIONS};
use domain::principal::Scope;
use domain::{IntentId, ObligationId};
use jiff::SignedDuration;
use payments::advance_intent::{self, Command};
use payments::open_intent::{self, Opening};
use payments::poll_attempts::{self, Pass};
use payments::start_attempt::{self, Start};
use payments::view::{self, IntentView};
use provider::Given;
use provider::checkout::Locale;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use storage::intents::Filter;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

/// What may be charged together with what: at most this much JSON is kept for the portal.
const METADATA_BYTES: usize = 4_096;
/// `sync` answers within 10 s: the provider gets this much of it.
const SYNC_ASKS_FOR: Duration = Duration::from_secs(8);
const SYNC_LOOKS_EVERY: Duration = Duration::from_millis(100);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBody {
    /// 1 to 50 obligations of one beneficiary.
    obligation_ids: Vec<String>,
    #[serde(default)]
    return_url: Option<String>,
    /// 300 to 2,592,000 seconds; 86,400 unless told.
    #[serde(default)]
    expires_in_s: Option<i64>,
    #[serde(default)]
    allowed_channels: Option<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Object)]
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewBody {
    /// 300 to 2,592,000 seconds; 86,400 unless told.
    #[serde(default)]
    expires_in_s: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptBody {
    channel: String,
    #[serde(default)]
    return_url: Option<String>,
    /// For channels that ring the payer's phone.
    #[serde(default)]
    payer_phone: Option<String>,
    /// For channels that ask for a code.
    #[serde(default)]
    one_time_code: Option<String>,
}

/// Opens a payment for one to fifty obligations of one beneficiary.
#[utoipa::path(post, path = "/v1/payment-intents", tag = "payment intents", request_body = OpenBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PaymentIntentView), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn open(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (client, caller) = auth::client(&req, &state, Scope::PaymentsWrite).await?;
    let idempotency = body::idempotency(&req, client.uuid(), &raw.0)?;
    let sent: OpenBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let obligation_ids = obligation_ids(&mut f, &sent.obligation_ids);
    let return_url = return_url(&mut f, sent.return_url.as_deref());
    let life = life(&mut f, &state, sent.expires_in_s);
    let allowed_channels = sent.allowed_channels.as_ref().map(|list| channels(&mut f, &state, list));
    let metadata = sent.metadata.unwrap_or_else(|| serde_json::json!({}));
    if !metadata.is_object() || views::json(&metadata).len() > METADATA_BYTES || body::holds_nul(&metadata) {
        f.wrong("/metadata", "value", format!("is an object of at most {METADATA_BYTES} bytes, without NUL"));
    }
    f.end()?;
    let now = now();
    let opening =
        Opening { client, obligation_ids, return_url, life, allowed_channels, metadata, caller, idempotency, now };
    Ok(body::reply(open_intent::open(&state.ctx, &opening, &render).await?))
}

fn render(view: &IntentView) -> String {
    views::json(&PaymentIntentView::new(view))
}

fn obligation_ids(f: &mut Fields, sent: &[String]) -> Vec<ObligationId> {
    if !(1..=MAX_OBLIGATIONS).contains(&sent.len()) {
        f.wrong("/obligation_ids", "length", format!("holds 1 to {MAX_OBLIGATIONS} ids"));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut ids = Vec::with_capacity(sent.len());
    for (i, text) in sent.iter().enumerate() {
        let pointer = format!("/obligation_ids/{i}");
        let Some(id) = f.check(&pointer, "format", text.parse::<ObligationId>()) else { continue };
        if seen.insert(id) {
            ids.push(id);
        } else {
            f.wrong(&pointer, "conflict", "is named twice");
        }
    }
    ids
}

/// The payer's way back: a web address without credentials.
fn return_url(f: &mut Fields, sent: Option<&str>) -> Option<String> {
    let text = sent?;
    let fits = url::Url::parse(text).is_ok_and(|u| {
        matches!(u.scheme(), "http" | "https") && u.has_host() && u.username().is_empty() && u.password().is_none()
    });
    // a parser of addresses drops what a browser would: blanks around it, line breaks within
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits && plain && text.len() <= 2_000 {
        return Some(text.to_owned());
    }
    f.wrong("/return_url", "format", "is an http or https address of at most 2000 characters");
    None
}

fn life(f: &mut Fields, state: &State, sent: Option<i64>) -> SignedDuration {
    let (least, most) = (state.ctx.settings.intents.min_expires_in_s, *EXPIRES_IN_S.end());
    let seconds = sent.unwrap_or(EXPIRES_IN_S_DEFAULT);
    if !(least..=most).contains(&seconds) {
        f.wrong("/expires_in_s", "range", format!("is {least} to {most}"));
    }
    SignedDuration::from_secs(seconds)
}

/// Of the channels that this deployment has; with none of them nobody could ever pay.
fn channels(f: &mut Fields, state: &State, sent: &[String]) -> Vec<String> {
    if sent.is_empty() || sent.len() > 20 {
        f.wrong("/allowed_channels", "length", "names 1 to 20 channels");
    }
    for (i, code) in sent.iter().enumerate() {
        let pointer = format!("/allowed_channels/{i}");
        let Some(code) = f.code(&pointer, ChannelCode::new(code.clone())) else { continue };
        let is_counter = code.as_str() == domain::counter::CHANNEL;
        if !is_counter && !state.ctx.providers.iter().any(|provider| provider.channel == code) {
            f.wrong(&pointer, "value", "there is no such channel");
        }
    }
    sent.to_vec()
}

/// One intent.
#[utoipa::path(get, path = "/v1/payment-intents/{id}", tag = "payment intents", params(("id" = String, Path)),
    responses((status = 200, body = PaymentIntentView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsRead).await?;
    let id: IntentId = id_of(&id)?;
    let db = state.ctx.pool.get().await?;
    let view = view::by_id(&state.ctx, &db, Some(client), id, now()).await?.ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(PaymentIntentView::new(&view)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// open | processing | paid | expired | cancelled
    status: Option<String>,
    dossier_code: Option<String>,
    reference: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// The caller's intents, newest first.
#[utoipa::path(get, path = "/v1/payment-intents", tag = "payment intents", params(ListQuery),
    responses((status = 200, body = Page<PaymentIntentView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<IntentId> = body::after(query.after.as_deref())?;
    let status = query
        .status
        .as_deref()
        .map(|s| s.parse::<IntentStatus>().map_err(|_| Problem::with(Code::QueryInvalid, "status is not one")))
        .transpose()?;
    let (dossier_code, reference) = (body::filter(&query.dossier_code)?, body::filter(&query.reference)?);
    let filter = Filter { status, dossier_code, reference };
    let db = state.ctx.pool.get().await?;
    let found = storage::intents::page(&db, client, &filter, after, limit).await?;
    let list = view::of_intents(&state.ctx, &db, found, now()).await?;
    let list = list.iter().map(PaymentIntentView::new).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &PaymentIntentView| v.id.clone())))
}

async fn command(req: &HttpRequest, state: &State, id: &str, raw: &[u8]) -> Result<Command, Problem> {
    let (client, caller) = auth::client(req, state, Scope::PaymentsWrite).await?;
    let idempotency = body::idempotency(req, client.uuid(), raw)?;
    Ok(Command { intent: id_of(id)?, client, caller, idempotency, now: now() })
}

/// Cancels an open intent.
#[utoipa::path(post, path = "/v1/payment-intents/{id}/cancel", tag = "payment intents",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = PaymentIntentView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let command = command(&req, &state, &id, &raw.0).await?;
    body::nothing(&req, &raw.0)?;
    Ok(body::reply(advance_intent::cancel(&state.ctx, &command, &render).await?))
}

/// Reopens an expired intent under the same reference.
#[utoipa::path(post, path = "/v1/payment-intents/{id}/renew", tag = "payment intents", request_body = RenewBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = PaymentIntentView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn renew(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let command = command(&req, &state, &id, &raw.0).await?;
    let sent = if raw.0.is_empty() { RenewBody { expires_in_s: None } } else { body::json(&req, &raw.0)? };
    let mut f = Fields::default();
    let life = life(&mut f, &state, sent.expires_in_s);
    f.end()?;
    Ok(body::reply(advance_intent::renew(&state.ctx, &command, life, &render).await?))
}

/// Asks the providers now and answers the intent as it then is, within 10 s.
#[utoipa::path(post, path = "/v1/payment-intents/{id}/sync", tag = "payment intents", params(("id" = String, Path)),
    responses((status = 200, body = PaymentIntentView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn sync(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsWrite).await?;
    body::nothing(&req, &raw.0)?;
    let id: IntentId = id_of(&id)?;
    {
        let db = state.ctx.pool.get().await?;
        storage::intents::by_id(&db, Some(client), id).await?.ok_or_else(absent)?;
    }
    let now = now();
    let ctx = state.ctx.clone();
    // detached: a caller that hangs up, or a provider that is slow, does not stop the asking half way
    let asking = async move {
        let pass = Pass { all_not_asked_since: Some(now), only_intent: Some(id), patience: SYNC_ASKS_FOR };
        poll_attempts::poll(&ctx, pass, now).await?;
        // somebody else may be asking at this moment: wait for that answer, then ask what he did not
        while storage::attempts::is_asked_about(&*ctx.pool.get().await?, id).await? {
            tokio::time::sleep(SYNC_LOOKS_EVERY).await;
            poll_attempts::poll(&ctx, pass, now).await?;
        }
        Ok::<(), poll_attempts::PollError>(())
    };
    let asking = tokio::spawn(asking.in_current_span());
    if let Ok(Ok(Err(error))) = tokio::time::timeout(SYNC_ASKS_FOR, asking).await {
        tracing::warn!(intent = %id, error = &error as &dyn std::error::Error, "asking for an intent failed");
    }
    let db = state.ctx.pool.get().await?;
    let view = view::by_id(&state.ctx, &db, Some(client), id, now).await?.ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(PaymentIntentView::new(&view)))
}

/// Starts an attempt through one channel.
#[utoipa::path(post, path = "/v1/payment-intents/{id}/attempts", tag = "payment intents", request_body = AttemptBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = AttemptView), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "Phones were asked too often, for this payment or this one; `Retry-After` says when it goes on")))]
pub async fn start_attempt(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let Command { intent, client, caller, idempotency, now } = command(&req, &state, &id, &raw.0).await?;
    let sent: AttemptBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let channel = f.code("/channel", ChannelCode::new(sent.channel.clone()));
    let return_url = return_url(&mut f, sent.return_url.as_deref());
    let phone = f.optional_text("/payer_phone", sent.payer_phone.as_deref(), 20);
    let code = f.optional_text("/one_time_code", sent.one_time_code.as_deref(), 20);
    f.end()?;
    let channel = channel.ok_or_else(absent)?;
    let payer_ip = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |a| a.ip());
    let start = Start {
        intent,
        client: Some(client),
        channel,
        return_url,
        payer_ip,
        locale: Locale::Vi,
        given: Given {
            phone: phone.map(SecretString::from),
            one_time_code: code.map(SecretString::from),
            again: false,
        },
        caller,
        idempotency,
        now,
    };
    let reply =
        start_attempt::start(&state.ctx, &start, Arc::new(|stored| views::json(&AttemptView::new(stored)))).await?;
    Ok(body::reply(reply))
}

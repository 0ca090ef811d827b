//! `/v1/event-endpoints`: where a client hears its events.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::id_of;
use crate::problem::Problem;
use crate::views::{self, Page};
use actix_web::http::Method;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::EndpointId;
use domain::event::StreamKind;
use domain::principal::Scope;
use jiff::Timestamp;
use payments::endpoints::{self, Act, Command, Done};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use storage::endpoints::Endpoint;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// https, and a host that this deployment allows.
    url: String,
    /// Kinds of stream: dossier | customer | intent; all unless told.
    #[serde(default)]
    streams: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EndpointView {
    id: String,
    url: String,
    streams: Vec<String>,
    /// `whsec_…`, shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Two secrets sign while one replaces the other.
    rotating: bool,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl EndpointView {
    pub(crate) fn cursor(&self) -> String {
        self.id.clone()
    }

    pub(crate) fn new(e: &Endpoint, secret: Option<String>) -> Self {
        Self {
            id: e.id.to_string(),
            url: e.url.clone(),
            streams: e.stream_kinds.clone(),
            secret,
            rotating: e.rotating,
            active: e.disabled_at.is_none(),
            created_at: e.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct RedeliveredView {
    /// Deliveries that go out again.
    pub deliveries: u64,
}

pub(crate) fn render(status: u16) -> impl Fn(&Done) -> (u16, String) + Send + Sync {
    move |done| {
        let body = match done {
            Done::Endpoint(e, secret) => {
                views::json(&EndpointView::new(e, secret.as_ref().map(|s| s.expose_secret().to_owned())))
            }
            Done::Redelivered(deliveries) => views::json(&RedeliveredView { deliveries: *deliveries }),
        };
        (status, body)
    }
}

/// Runs an act of the caller on its endpoints or events; what it is to be is read once the caller is known.
pub(crate) async fn act(
    req: &HttpRequest,
    state: &State,
    raw: &[u8],
    read: impl FnOnce() -> Result<Act, Problem>,
    status: u16,
) -> Result<HttpResponse, Problem> {
    let (client, caller) = auth::client(req, state, Scope::EventsWrite).await?;
    // only what creates or moves something needs a key: what is removed twice is removed
    let needless = req.method() == Method::DELETE && !req.headers().contains_key("idempotency-key");
    let idempotency = if needless { None } else { Some(body::idempotency(req, client.uuid(), raw)?) };
    let command = Command { client, act: read()?, caller, idempotency, now: now() };
    Ok(body::reply(endpoints::run(&state.ctx, &command, &render(status)).await?))
}

/// Registers an endpoint; the secret is in this answer only.
#[utoipa::path(post, path = "/v1/event-endpoints", tag = "events", request_body = CreateBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = EndpointView), (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn create(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let read = || {
        let sent: CreateBody = body::json(&req, &raw.0)?;
        let mut f = Fields::default();
        f.text("/url", &sent.url, 1, 2_000);
        let streams = sent
            .streams
            .iter()
            .enumerate()
            .filter_map(|(i, s)| f.check(&format!("/streams/{i}"), "value", s.parse::<StreamKind>()))
            .collect();
        f.end()?;
        Ok(Act::Create { url: sent.url, streams })
    };
    act(&req, &state, &raw.0, read, 201).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// The caller's endpoints, newest first; never their secrets.
#[utoipa::path(get, path = "/v1/event-endpoints", tag = "events", params(ListQuery),
    responses((status = 200, body = Page<EndpointView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::EventsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<EndpointId> = body::after(query.after.as_deref())?;
    let db = state.ctx.pool.get().await?;
    let found = storage::endpoints::list(&db, client, after, limit).await?;
    let list = found.iter().map(|e| EndpointView::new(e, None)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, EndpointView::cursor)))
}

/// A new secret signs beside the old one; it is in this answer only. While two sign there is no third (`two_active`): it would
/// take the place of the one that the receiver may still have.
#[utoipa::path(post, path = "/v1/event-endpoints/{id}/rotate", tag = "events",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = EndpointView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let read = || body::nothing(&req, &raw.0).and_then(|()| Ok(Act::Rotate(id_of(&id)?)));
    act(&req, &state, &raw.0, read, 200).await
}

/// Only the newest secret signs from now on.
#[utoipa::path(post, path = "/v1/event-endpoints/{id}/retire-old-secret", tag = "events",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = EndpointView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn retire(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let read = || body::nothing(&req, &raw.0).and_then(|()| Ok(Act::Retire(id_of(&id)?)));
    act(&req, &state, &raw.0, read, 200).await
}

/// Nothing is sent to it any more.
#[utoipa::path(delete, path = "/v1/event-endpoints/{id}", tag = "events",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = EndpointView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn remove(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let read = || body::nothing(&req, &raw.0).and_then(|()| Ok(Act::Remove(id_of(&id)?)));
    act(&req, &state, &raw.0, read, 200).await
}

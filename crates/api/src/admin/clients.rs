//! `/v1/clients`: portals, and where their events go.

use super::code_of;
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::endpoints::EndpointView;
use crate::obligations::{absent, id_of};
use crate::problem::Problem;
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ClientId, EndpointId};
use jiff::Timestamp;
use payments::administer::{self, Kept, parties};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::endpoints::Endpoint;
use storage::principals::{self, Client};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientBody {
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct ClientView {
    id: String,
    code: String,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl ClientView {
    fn new(c: &Client) -> Self {
        Self { id: c.id.to_string(), code: c.code.clone(), name: c.name.clone(), created_at: c.created_at }
    }
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

/// Portals, newest first.
#[utoipa::path(get, path = "/v1/clients", tag = "administration", params(ListQuery),
    responses((status = 200, body = Page<ClientView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    by.of_all()?;
    let limit = body::limit(query.limit)?;
    let after: Option<ClientId> = body::after(query.after.as_deref())?;
    let db = state.ctx.pool.get().await?;
    let found = principals::clients(&db, None, after, limit).await?;
    let list = found.iter().map(ClientView::new).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &ClientView| v.id.clone())))
}

/// Makes a portal of this code, or renames it.
#[utoipa::path(put, path = "/v1/clients/{code}", tag = "administration", request_body = ClientBody, params(("code" = String, Path)),
    responses((status = 200, body = ClientView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: ClientBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.text("/name", &sent.name, 1, 200);
    f.end()?;
    let work = async |tx: &Tx| parties::put_client(tx, &by, &code, &sent.name).await;
    let client = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(ClientView::new(&client)))
}

/// A portal's event endpoints, newest first; never their secrets.
#[utoipa::path(get, path = "/v1/clients/{code}/event-endpoints", tag = "administration", params(("code" = String, Path), ListQuery),
    responses((status = 200, body = Page<EndpointView>), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn endpoints(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    by.of_all()?;
    let limit = body::limit(query.limit)?;
    let after: Option<EndpointId> = body::after(query.after.as_deref())?;
    let client = client_of(&state, &code).await?;
    let db = state.ctx.pool.get().await?;
    let found = storage::endpoints::list(&db, client, after, limit).await?;
    let list = found.iter().map(|e| EndpointView::new(e, None)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, EndpointView::cursor)))
}

/// Nothing is sent to it any more; what waited for it is given up.
#[utoipa::path(post, path = "/v1/clients/{code}/event-endpoints/{id}/disable", tag = "administration",
    params(("code" = String, Path), ("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = EndpointView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn disable_endpoint(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    by.of_all()?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let (code, id) = path.into_inner();
    let (client, id): (ClientId, EndpointId) = (client_of(&state, &code).await?, id_of(&id)?);
    let render = |e: &Endpoint| (200, views::json(&EndpointView::new(e, None)));
    let work = async |tx: &Tx| parties::disable_endpoint(tx, &by, client, id).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

async fn client_of(state: &State, code: &str) -> Result<ClientId, Problem> {
    if code.chars().any(char::is_control) {
        return Err(absent());
    }
    let db = state.ctx.pool.get().await?;
    let found = principals::clients(&db, Some(code), None, 1).await?.pop();
    Ok(found.ok_or_else(absent)?.id)
}

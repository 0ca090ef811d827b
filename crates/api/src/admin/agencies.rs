//! `/v1/agencies`: who handles dossiers.

use super::{CodesQuery, code_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use payments::administer::{self, parties};
use serde::{Deserialize, Serialize};
use storage::Tx;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgencyBody {
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct AgencyView {
    code: String,
    name: String,
}

/// Agencies by code.
#[utoipa::path(get, path = "/v1/agencies", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<AgencyView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let found = storage::beneficiaries::agencies(&db, None).await?;
    let mut all: Vec<AgencyView> = found.into_iter().map(|(code, name)| AgencyView { code, name }).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.code.clone())?))
}

/// Makes an agency of this code, or renames it.
#[utoipa::path(put, path = "/v1/agencies/{code}", tag = "administration", request_body = AgencyBody, params(("code" = String, Path)),
    responses((status = 200, body = AgencyView)))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: AgencyBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.text("/name", &sent.name, 1, 200);
    f.end()?;
    let work = async |tx: &Tx| parties::put_agency(tx, &by, &code, &sent.name).await;
    administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(AgencyView { code, name: sent.name }))
}

//! `/v1/persons`: staff, what they are for and whose money they see. What lets them do more is proposed (202), and a second
//! person decides (`/v1/approvals`); what takes something away is in force at once.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::PersonId;
use domain::codes::GivenCode;
use domain::role::Role;
use jiff::Timestamp;
use payments::Reply;
use payments::administer::persons::{self, Named, Stands};
use payments::administer::{self, Kept};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::persons::{Filter, Person};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersonBody {
    /// 1 to 64 of A-Z a-z 0-9 . _ -
    code: String,
    name: String,
    /// viewer | clerk | accountant | approver | administrator; without any the person may do nothing.
    roles: Vec<String>,
    /// Whose money they see; all unless told.
    #[serde(default)]
    beneficiaries: Vec<String>,
}

/// Everything that may change; what is left out is not kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    name: String,
    roles: Vec<String>,
    /// Whose money they see; empty: all.
    beneficiaries: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct PersonView {
    id: String,
    code: String,
    name: String,
    roles: Vec<&'static str>,
    /// Empty: all.
    beneficiaries: Vec<String>,
    /// What their keys may do at most, by their roles.
    scopes: Vec<&'static str>,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// What this request proposed, in its answer only; all else is as it is until that is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<String>,
}

impl PersonView {
    pub(crate) fn new(p: &Person) -> Self {
        let scopes = domain::principal::Scope::STAFF.iter().filter(|scope| domain::role::allow(&p.roles, **scope));
        Self {
            id: p.id.to_string(),
            code: p.code.clone(),
            name: p.name.clone(),
            roles: p.roles.iter().map(|role| role.as_str()).collect(),
            beneficiaries: p.beneficiaries.clone(),
            scopes: scopes.map(|scope| scope.as_str()).collect(),
            active: p.disabled_at.is_none(),
            created_at: p.created_at,
            disabled_at: p.disabled_at,
            approval_id: None,
        }
    }
}

/// As they stand; 202 where something waits for a second person, else the status of what was done.
fn stands(status: u16) -> impl Fn(&Stands) -> (u16, String) {
    move |stands| {
        let approval_id = stands.waits.map(|id| id.to_string());
        let status = if approval_id.is_some() { 202 } else { status };
        (status, views::json(&PersonView { approval_id, ..PersonView::new(&stands.person) }))
    }
}

fn named(f: &mut Fields, name: &str, roles: &[String], beneficiaries: &[String]) -> Named {
    f.text("/name", name, 1, 200);
    let roles =
        roles.iter().enumerate().filter_map(|(i, r)| f.check(&format!("/roles/{i}"), "value", r.parse::<Role>()));
    let roles = roles.collect();
    for (i, code) in beneficiaries.iter().enumerate() {
        f.code(&format!("/beneficiaries/{i}"), GivenCode::new(code.as_str()));
    }
    Named { name: name.to_owned(), roles: Some(roles), beneficiaries: beneficiaries.to_vec() }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    code: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// People, newest first.
#[utoipa::path(get, path = "/v1/persons", tag = "administration", params(ListQuery),
    responses((status = 200, body = Page<PersonView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<PersonId> = body::after(query.after.as_deref())?;
    let filter = Filter { within: by.beneficiaries, code: body::filter(&query.code)?, id: None };
    let db = state.ctx.pool.get().await?;
    let found = storage::persons::page(&db, &filter, after, limit).await?;
    let list = found.iter().map(PersonView::new).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &PersonView| v.id.clone())))
}

/// One person.
#[utoipa::path(get, path = "/v1/persons/{id}", tag = "administration", params(("id" = String, Path)),
    responses((status = 200, body = PersonView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let filter = Filter { within: by.beneficiaries, id: Some(id_of(&id)?), code: None };
    let db = state.ctx.pool.get().await?;
    let found = storage::persons::page(&db, &filter, None, 1).await?.pop();
    Ok(HttpResponse::Ok().json(PersonView::new(&found.ok_or_else(absent)?)))
}

/// Makes a person. Their roles, if any, are proposed (202); until a second person decides they are there without.
#[utoipa::path(post, path = "/v1/persons", tag = "administration", request_body = NewPersonBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PersonView), (status = 202, body = PersonView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn create(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: NewPersonBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = f.code("/code", GivenCode::new(sent.code.as_str()));
    let person = named(&mut f, &sent.name, &sent.roles, &sent.beneficiaries);
    f.end()?;
    let code = code.ok_or_else(|| Problem::new(Code::ValidationFailed))?;
    let work = async |tx: &Tx| persons::create(tx, &by, code.as_str(), &person).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, stands(201), work).await?))
}

/// Changes name, roles and beneficiaries. A role that is taken away is refused to their keys within a minute. A change that
/// gives them anything is proposed as a whole (202), but for the name.
#[utoipa::path(put, path = "/v1/persons/{id}", tag = "administration", request_body = PersonBody, params(("id" = String, Path)),
    responses((status = 200, body = PersonView), (status = 202, body = PersonView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn set(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let id: PersonId = id_of(&id)?;
    let sent: PersonBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let person = named(&mut f, &sent.name, &sent.roles, &sent.beneficiaries);
    f.end()?;
    let set = administer::once(&state.ctx.pool, &by, async |tx: &Tx| persons::set(tx, &by, id, &person).await).await?;
    let (status, body) = stands(200)(&set);
    Ok(body::reply(Reply::fresh(status, body)))
}

/// Their keys are refused within a minute.
#[utoipa::path(post, path = "/v1/persons/{id}/disable", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = PersonView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn disable(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    switch(&req, &state, &id, &raw, true).await
}

/// Their keys that were not revoked are good again, when a second person has approved it (202).
#[utoipa::path(post, path = "/v1/persons/{id}/enable", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = PersonView), (status = 202, body = PersonView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn enable(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    switch(&req, &state, &id, &raw, false).await
}

async fn switch(
    req: &HttpRequest,
    state: &State,
    id: &str,
    raw: &RawBody,
    disabled: bool,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(req, state).await?;
    let request = body::idempotency(req, who, &raw.0)?;
    body::nothing(req, &raw.0)?;
    let id: PersonId = id_of(id)?;
    let work = async |tx: &Tx| persons::disable(tx, &by, id, disabled).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, stands(200), work).await?))
}

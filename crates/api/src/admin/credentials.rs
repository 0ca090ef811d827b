//! `/v1/profiles/{code}/credentials`: the secrets that a contract shares with its provider. One person proposes, another
//! decides (`/v1/approvals`). A secret comes in here and is never shown again, only its fingerprint.

use super::{CodesQuery, code_of};
use crate::State;
use crate::approvals::{ProposedView, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::Problem;
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::ApprovalId;
use jiff::Timestamp;
use payments::administer::credentials::{self, Accepted, Shown, Which};
use payments::administer::{self, Kept};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use storage::credentials::Credential;
use storage::{Tx, idempotency};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct CredentialView {
    /// As its key in the configuration.
    name: &'static str,
    meaning: &'static str,
    /// The newest first: it signs what we send. At most two.
    accepted: Vec<AcceptedView>,
    /// What waits for a second person.
    proposed: Option<ProposedSecretView>,
}

#[derive(Serialize, ToSchema)]
pub struct AcceptedView {
    /// configuration | books
    origin: &'static str,
    /// Eight hex digits, the same for the same secret under this name.
    fingerprint: String,
    /// Null: the configuration does not say.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    proposed_by: Option<String>,
    decided_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ProposedSecretView {
    fingerprint: String,
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Timestamp,
    proposed_by: String,
}

impl CredentialView {
    fn new(s: &Shown) -> Self {
        Self {
            name: s.name,
            meaning: s.meaning,
            accepted: s.accepted.iter().map(AcceptedView::new).collect(),
            proposed: s.proposed.as_ref().map(ProposedSecretView::new),
        }
    }
}

impl AcceptedView {
    fn new(a: &Accepted) -> Self {
        let held = a.held.as_ref();
        Self {
            origin: if held.is_some() { "books" } else { "configuration" },
            fingerprint: a.fingerprint.clone(),
            since: held.and_then(|c| c.in_force_at),
            proposed_by: held.map(|c| c.proposed_by.clone()),
            decided_by: held.and_then(|c| c.decided_by.clone()),
        }
    }
}

impl ProposedSecretView {
    fn new(c: &Credential) -> Self {
        Self { fingerprint: c.fingerprint.clone(), proposed_at: c.proposed_at, proposed_by: c.proposed_by.clone() }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretBody {
    /// Which secret, by its key in the configuration.
    name: String,
    /// The secret itself; no answer shows it.
    #[schema(value_type = String, format = Password, write_only)]
    value: SecretString,
    #[serde(default)]
    note: String,
}

/// No provider's secret is longer.
const MOST_CHARACTERS: usize = 1_000;

/// Each secret that the contract's adapter knows, by name.
#[utoipa::path(get, path = "/v1/profiles/{code}/credentials", tag = "administration", params(("code" = String, Path), CodesQuery),
    responses((status = 200, body = Page<CredentialView>), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    query: Query<CodesQuery>,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.end()?;
    let db = state.ctx.pool.get().await?;
    let found = credentials::list(&state.ctx, &db, &by, &code).await?;
    let mut all: Vec<_> = found.iter().map(CredentialView::new).collect();
    all.sort_by_key(|v| v.name);
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.name.to_owned())?))
}

/// Proposes another secret. A second person decides (`/v1/approvals`); then it is in force in every process within 60
/// seconds, and the one before is accepted beside it until it is retired.
#[utoipa::path(post, path = "/v1/profiles/{code}/credentials", tag = "administration", request_body = SecretBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn propose(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = keyed(&state, body::idempotency(&req, who, &raw.0)?);
    let sent: SecretBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.text("/name", &sent.name, 1, 64);
    if !(1..=MOST_CHARACTERS).contains(&sent.value.expose_secret().chars().count()) {
        f.wrong("/value", "length", format!("must have 1 to {MOST_CHARACTERS} characters"));
    }
    f.optional_text("/note", Some(sent.note.as_str()).filter(|note| !note.is_empty()), 500);
    f.end()?;
    let render = |id: &ApprovalId| (201, proposed(*id));
    let place = (code.as_str(), sent.name.as_str());
    let work = async |tx: &Tx| credentials::propose(&state.ctx, tx, &by, place, &sent.value, &sent.note).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

/// A plain hash of a body with a secret that could be guessed would let whoever reads the database try guesses.
fn keyed(state: &State, request: idempotency::Request) -> idempotency::Request {
    let fingerprint = state.ctx.vault.fingerprint("request", &request.fingerprint).to_vec();
    idempotency::Request { fingerprint, ..request }
}

/// Only the newest secret of this name is accepted from now on; one person may say so.
#[utoipa::path(post, path = "/v1/profiles/{code}/credentials/{name}/retire-previous", tag = "administration",
    params(("code" = String, Path), ("name" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = CredentialView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn retire_previous(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    retire(&req, &state, &path, &raw, Which::Previous).await
}

/// The newest secret of this name was wrong: the one before it is accepted alone from now on, and signs again; one person
/// may say so.
#[utoipa::path(post, path = "/v1/profiles/{code}/credentials/{name}/retire-newest", tag = "administration",
    params(("code" = String, Path), ("name" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = CredentialView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn retire_newest(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    retire(&req, &state, &path, &raw, Which::Newest).await
}

async fn retire(
    req: &HttpRequest,
    state: &State,
    (code, name): &(String, String),
    raw: &RawBody,
    which: Which,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(req, state).await?;
    let request = body::idempotency(req, who, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, code).unwrap_or_default();
    f.end()?;
    let render = |shown: &Shown| (200, views::json(&CredentialView::new(shown)));
    let work = async |tx: &Tx| credentials::retire(&state.ctx, tx, &by, (&code, name), which).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

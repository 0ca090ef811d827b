//! `/v1/keys`: of portals and staff. A key's text is in the answer that makes it, and nowhere else.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::keys as texts;
use crate::obligations::id_of;
use crate::problem::Problem;
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::KeyId;
use domain::principal::Scope;
use jiff::Timestamp;
use payments::administer::keys::{self, NewKey};
use payments::administer::{self, Kept};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::principals::{KeyFilter, ListedKey};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyBody {
    /// Code or id of a client or a person.
    holder: String,
    /// All that its kind of holder may have, unless told. A person's roles limit it further.
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct KeyView {
    id: String,
    /// Code of the client or the person.
    holder: String,
    scopes: Vec<String>,
    /// `mtl_…`, shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl KeyView {
    fn new(k: &ListedKey, key: Option<&str>) -> Self {
        Self {
            id: k.id.to_string(),
            holder: k.holder.clone(),
            scopes: k.scopes.clone(),
            key: key.map(str::to_owned),
            active: k.revoked_at.is_none(),
            created_at: k.created_at,
            revoked_at: k.revoked_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Code of a client or a person.
    holder: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// Keys, newest first; never their text.
#[utoipa::path(get, path = "/v1/keys", tag = "administration", params(ListQuery),
    responses((status = 200, body = Page<KeyView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<KeyId> = body::after(query.after.as_deref())?;
    let filter = KeyFilter { within: by.beneficiaries, holder: body::filter(&query.holder)?, id: None };
    let db = state.ctx.pool.get().await?;
    let found = storage::principals::page_keys(&db, &filter, after, limit).await?;
    let list = found.iter().map(|key| KeyView::new(key, None)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &KeyView| v.id.clone())))
}

/// Makes a key; its text is in this answer only.
#[utoipa::path(post, path = "/v1/keys", tag = "administration", request_body = NewKeyBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = KeyView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn create(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: NewKeyBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    f.text("/holder", &sent.holder, 1, 64);
    let scopes = sent.scopes.iter().enumerate();
    let scopes: Vec<Scope> =
        scopes.filter_map(|(i, s)| f.check(&format!("/scopes/{i}"), "value", s.parse::<Scope>())).collect();
    f.end()?;
    let minted = minted(&state, by.now);
    let new = NewKey { id: minted.id, secret_hash: minted.secret_hash.clone() };
    let render = |k: &ListedKey| (201, views::json(&KeyView::new(k, Some(minted.text.expose_secret()))));
    let work = async |tx: &Tx| keys::create(tx, &by, &sent.holder, &scopes, &new).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Sealed, render, work).await?))
}

/// A second key with the same scopes; the first goes on until it is revoked. Its text is in this answer only.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = KeyView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let id: KeyId = id_of(&id)?;
    let minted = minted(&state, by.now);
    let new = NewKey { id: minted.id, secret_hash: minted.secret_hash.clone() };
    let render = |k: &ListedKey| (201, views::json(&KeyView::new(k, Some(minted.text.expose_secret()))));
    let work = async |tx: &Tx| keys::rotate(tx, &by, id, &new).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Sealed, render, work).await?))
}

/// Refused everywhere within a minute.
#[utoipa::path(post, path = "/v1/keys/{id}/revoke", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = KeyView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn revoke(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let id: KeyId = id_of(&id)?;
    let render = |k: &ListedKey| (200, views::json(&KeyView::new(k, None)));
    let work = async |tx: &Tx| keys::revoke(tx, &by, id).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

fn minted(state: &State, now: Timestamp) -> texts::Minted {
    texts::mint(state.ctx.mode, &state.api_key_pepper, storage::ids::mint(now))
}

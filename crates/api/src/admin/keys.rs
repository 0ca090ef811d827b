//! `/v1/keys`: of portals and staff. A key's text is in the answer that makes it, and nowhere else. Of a person's key that
//! somebody else asks for, the first part is in that answer and the second in the answer to whoever approves it.

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
use domain::approval::ApprovalStatus;
use domain::principal::Scope;
use jiff::Timestamp;
use payments::administer::keys::{self, Asked, NewKey, SplitKey};
use payments::administer::{self, AdminError, Kept};
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
    #[schema(min_items = 1)]
    scopes: Option<Vec<String>>,
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

/// A key that waits for a second person.
#[derive(Serialize, ToSchema)]
pub struct ProposedKeyView {
    approval_id: String,
    /// pending
    status: &'static str,
    /// Its id, once it is approved.
    key_id: String,
    /// `mtl_…`, shown once. Whoever approves is told what follows it; only both, one after the other, are the key.
    first_part: String,
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

/// Makes a key of a portal; its text is in this answer only. A key of a person is proposed (202), and a second person decides
/// (`/v1/approvals`): this answer has the first part of its text, theirs the second.
#[utoipa::path(post, path = "/v1/keys", tag = "administration", request_body = NewKeyBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = KeyView), (status = 202, body = ProposedKeyView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn create(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: NewKeyBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    f.text("/holder", &sent.holder, 1, 64);
    if sent.scopes.as_ref().is_some_and(Vec::is_empty) {
        f.wrong("/scopes", "length", "is empty: a key that may do nothing; left out, it may do all");
    }
    let scopes = sent.scopes.iter().flatten().enumerate();
    let scopes: Vec<Scope> =
        scopes.filter_map(|(i, s)| f.check(&format!("/scopes/{i}"), "value", s.parse::<Scope>())).collect();
    f.end()?;
    let minted = minted(&state, by.now);
    let split = SplitKey::new(&state.ctx.vault, new(&minted), minted.parts().1)?;
    let work = async |tx: &Tx| keys::ask(tx, &by, &sent.holder, &scopes, &split).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Sealed, asked(&minted), work).await?))
}

/// A second key with the same scopes; the first goes on until it is revoked. A person who calls with the very key gets its
/// successor at once, whatever its scopes; an administrator that of a portal. The key of another person is proposed (202), as
/// when it is made.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = KeyView), (status = 202, body = ProposedKeyView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who, with_it) = auth::administrator_or_with(&req, &state, &id).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let id: KeyId = id_of(&id)?;
    let minted = minted(&state, by.now);
    let reply = if with_it {
        let new = new(&minted);
        let render = |k: &ListedKey| (201, made(k, &minted));
        let work = async |tx: &Tx| keys::rotate_own(tx, &by, id, &new).await;
        administer::answered(&state.ctx, &by, &request, Kept::Sealed, render, work).await?
    } else {
        let split = SplitKey::new(&state.ctx.vault, new(&minted), minted.parts().1)?;
        let work = async |tx: &Tx| keys::ask_rotation(tx, &by, id, &split).await;
        administer::answered(&state.ctx, &by, &request, Kept::Sealed, asked(&minted), work).await?
    };
    Ok(body::reply(reply))
}

/// Refused everywhere within a minute. Whoever does not administer revokes their own.
#[utoipa::path(post, path = "/v1/keys/{id}/revoke", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = KeyView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn revoke(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who, administers) = auth::person(&req, &state).await?;
    // whoever may revoke their own only hears of no other, nor whether this could be one
    let own_only = || Problem::from(AdminError::NotTheirKey);
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let id: KeyId = id_of(&id).map_err(|absent| if administers { absent } else { own_only() })?;
    let render = |k: &ListedKey| (200, views::json(&KeyView::new(k, None)));
    let work = async |tx: &Tx| match administers {
        true => keys::revoke(tx, &by, id).await,
        false => keys::revoke_own(tx, &by, id).await,
    };
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

fn minted(state: &State, now: Timestamp) -> texts::Minted {
    texts::mint(state.ctx.mode, &state.api_key_pepper, storage::ids::mint(now))
}

fn new(minted: &texts::Minted) -> NewKey {
    NewKey { id: minted.id, secret_hash: minted.secret_hash.clone() }
}

fn made(key: &ListedKey, minted: &texts::Minted) -> String {
    views::json(&KeyView::new(key, Some(minted.text.expose_secret())))
}

/// The whole text to whoever may have it alone, and to nobody else.
fn asked(minted: &texts::Minted) -> impl Fn(&Asked) -> (u16, String) {
    |asked| match asked {
        Asked::InForce(key) => (201, made(key, minted)),
        Asked::Waits { approval, key } => {
            let view = ProposedKeyView {
                approval_id: approval.to_string(),
                status: ApprovalStatus::Pending.as_str(),
                key_id: key.to_string(),
                first_part: minted.parts().0.to_owned(),
            };
            (202, views::json(&view))
        }
    }
}

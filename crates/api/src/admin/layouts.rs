//! `/v1/layouts`: how banks' exports (CSV, workbooks) and providers' settlement files are written, as data.

use super::{CodesQuery, code_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::{Code, Problem};
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use payments::administer::{self, files};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::file_profiles::{self, FileKind, Listed};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutBody {
    /// statement | settlement
    kind: String,
    /// TOML
    layout: String,
}

#[derive(Serialize, ToSchema)]
pub struct LayoutView {
    code: String,
    /// statement | settlement
    kind: &'static str,
    layout: String,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl LayoutView {
    fn new(l: Listed) -> Self {
        Self { code: l.code, kind: l.kind.as_str(), layout: l.layout, updated_at: l.updated_at }
    }
}

/// Layouts by code.
#[utoipa::path(get, path = "/v1/layouts", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<LayoutView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let found = file_profiles::list(&db, None).await?;
    let mut all: Vec<LayoutView> = found.into_iter().map(LayoutView::new).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.code.clone())?))
}

/// Puts a layout in place of the one before.
#[utoipa::path(put, path = "/v1/layouts/{code}", tag = "administration", request_body = LayoutBody, params(("code" = String, Path)),
    responses((status = 200, body = LayoutView)))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: LayoutBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    let kind = match sent.kind.as_str() {
        "statement" => Some(FileKind::Statement),
        "settlement" => Some(FileKind::Settlement),
        _ => None,
    };
    let kind = f.check("/kind", "value", kind.ok_or("is statement or settlement"));
    if sent.layout.contains('\0') {
        f.wrong("/layout", "format", "must not hold NUL");
    }
    f.end()?;
    let kind = kind.ok_or_else(|| Problem::new(Code::ValidationFailed))?;
    let work = async |tx: &Tx| files::put_layout(tx, &by, &code, kind, &sent.layout).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(LayoutView::new(stored)))
}

//! `/v1/settlements`: what providers say that they took, kept and paid out.

use crate::State;
use crate::auth;
use crate::body;
use crate::door::now;
use crate::files;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::statements::holder;
use crate::views;
use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::SettlementId;
use domain::codes::ProfileCode;
use domain::principal::{Principal, Scope};
use jiff::civil::Date;
use payments::import_settlement::{self, Import, SettleError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use storage::settlements::Shown;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The contract whose file it is.
    #[param(required = true)]
    profile: Option<String>,
    /// How the file is laid out; the layout of the contract's channel unless told.
    layout: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SettlementView {
    id: String,
    /// `imported`
    status: &'static str,
    duplicate: bool,
    profile: String,
    sha256: String,
    /// The day whose payments it settles.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// What payments brought, in đồng.
    gross: i64,
    /// What the provider keeps.
    fee: i64,
    /// What went back to payers.
    refunds: i64,
    /// What the provider pays out.
    net: i64,
    /// What the contract says that the provider keeps of the payments that this file is the first to name; null where it
    /// says nothing for one of their days. Another fee is a case.
    expected_fee: Option<i64>,
    lines: i32,
    matched: i64,
    cases: i64,
    /// Its payout stands on a statement.
    paid_out: bool,
}

impl SettlementView {
    fn new(s: &Shown, duplicate: bool) -> Self {
        Self {
            id: s.id.to_string(),
            status: "imported",
            duplicate,
            profile: s.profile.clone(),
            sha256: s.sha256.clone(),
            date: s.date,
            gross: s.gross,
            fee: s.fee,
            refunds: s.refunds,
            net: s.net,
            expected_fee: s.expected_fee,
            lines: s.lines,
            matched: s.matched,
            cases: s.cases,
            paid_out: s.paid_out,
        }
    }
}

/// Imports a provider's settlement file: the whole file or nothing. The same bytes again answer 200 with `duplicate`.
#[utoipa::path(post, path = "/v1/settlements", tag = "statements", params(ImportQuery, ("Idempotency-Key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = SettlementView), (status = 200, body = SettlementView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn import(
    req: HttpRequest,
    state: Data<State>,
    query: Query<ImportQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::StatementsWrite]).await?;
    body::idempotency_key(&req)?;
    let profile = ProfileCode::new(body::needed("profile", &query.profile)?).map_err(|_| absent())?;
    may_see(&state, &principal, profile.as_str()).await?;
    let layout = body::filter(&query.layout)?;
    let bytes = files::read(&req, &state, payload).await?;
    let idempotency = body::idempotency(&req, holder(&principal), &bytes)?;
    let wanted = Import { profile, layout, bytes, caller, idempotency, now: now() };
    let ctx = state.ctx.clone();
    let work = async move {
        let render = Arc::new(|s: &Shown, duplicate| views::json(&SettlementView::new(s, duplicate)));
        Ok(body::reply(import_settlement::import(&ctx, &wanted, render).await?))
    };
    files::detached(work.in_current_span()).await
}

/// One settlement.
#[utoipa::path(get, path = "/v1/settlements/{id}", tag = "statements", params(("id" = String, Path)),
    responses((status = 200, body = SettlementView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let id: SettlementId = id_of(&id)?;
    let db = state.ctx.pool.get().await?;
    let shown = storage::settlements::by_id(&db, id).await?.ok_or_else(absent)?;
    drop(db);
    may_see(&state, &principal, &shown.profile).await?;
    Ok(HttpResponse::Ok().json(SettlementView::new(&shown, false)))
}

/// A person with beneficiaries sees the contracts that collect for all of theirs only.
async fn may_see(state: &State, principal: &Principal, profile: &str) -> Result<(), Problem> {
    let db = state.ctx.pool.get().await?;
    let profiles = storage::profiles::list(&db).await?;
    let found = profiles.iter().find(|p| p.code == profile).ok_or_else(absent)?;
    let own = auth::beneficiaries(principal);
    if payments::reaches(own.as_deref(), &found.beneficiaries) { Ok(()) } else { Err(absent()) }
}

impl From<SettleError> for Problem {
    fn from(e: SettleError) -> Self {
        match e {
            SettleError::Storage(e) => e.into(),
            SettleError::Idempotency(e) => e.into(),
            SettleError::Matching(e) => Self::after_import(&e),
            SettleError::ProfileAbsent => Self::new(Code::NotFound),
            SettleError::LayoutAbsent => Self::new(Code::LayoutUnknown),
            SettleError::Layout(why) => Self::with(Code::LayoutUnknown, why),
            SettleError::OtherMerchant => Self::with(Code::OtherAccount, "the file names another merchant"),
            SettleError::NoPayoutAccount => Self::new(Code::PayoutAccountMissing),
            SettleError::Refused(e) => files::refused(&e),
            SettleError::Unfit(why) => files::unfit(why, None),
            SettleError::Interrupted => Self::new(Code::Unavailable),
        }
    }
}

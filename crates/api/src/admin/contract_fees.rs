//! `/v1/profiles/{code}/fees`: what a contract's provider keeps, from a day on. Settlement files are held against it.

use super::code_of;
use crate::State;
use crate::approvals::{ProposedView, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::obligations::absent;
use crate::problem::Problem;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::fee::{ProviderFee, Rounding};
use domain::{ApprovalId, Vnd};
use jiff::civil::Date;
use payments::administer::{self, Kept, contract_fees};
use serde::{Deserialize, Serialize};
use storage::Tx;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractFeeBody {
    /// Payments of this day and later ones, until the next entry.
    #[schema(value_type = String, format = Date)]
    from: String,
    /// Millionths of each payment: 11000 is 1.1 %.
    #[schema(minimum = 0, maximum = 999_999)]
    rate_ppm: i32,
    /// How that share becomes whole đồng: `half_up` | `up` | `down`.
    #[schema(example = "half_up")]
    rounding: String,
    /// đồng of each payment beside it.
    #[schema(minimum = 0)]
    fixed: i64,
    #[serde(default)]
    note: String,
}

#[derive(Serialize, ToSchema)]
pub struct ContractFeeView {
    /// Payments of this day and later ones, until the next entry.
    #[schema(value_type = String, format = Date)]
    from: Date,
    rate_ppm: i32,
    rounding: &'static str,
    fixed: i64,
}

#[derive(Serialize, ToSchema)]
pub struct ContractFeesView {
    profile: String,
    /// By day.
    fees: Vec<ContractFeeView>,
}

impl ContractFeesView {
    fn new(profile: String, fees: &[ProviderFee]) -> Self {
        let view = |fee: &ProviderFee| ContractFeeView {
            from: fee.from,
            rate_ppm: fee.rate_ppm,
            rounding: fee.rounding.as_str(),
            fixed: fee.fixed.dong(),
        };
        Self { profile, fees: fees.iter().map(view).collect() }
    }
}

/// All that a contract says, or has said, of its provider's fee.
#[utoipa::path(get, path = "/v1/profiles/{code}/fees", tag = "administration", params(("code" = String, Path)),
    responses((status = 200, body = ContractFeesView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn list(req: HttpRequest, state: Data<State>, code: Path<String>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.end()?;
    let db = state.ctx.pool.get().await?;
    let profile = storage::profiles::by_code(&db, &code).await?.ok_or_else(absent)?;
    if by.of_all().is_err() && !profile.beneficiaries.iter().any(|b| by.sees(b)) {
        return Err(absent());
    }
    let fees = storage::profiles::fees(&db, &code).await?;
    Ok(HttpResponse::Ok().json(ContractFeesView::new(code, &fees)))
}

/// Proposes what the provider keeps of payments from a day on, in place of what was said of that day. A second person decides
/// (`/v1/approvals`).
#[utoipa::path(post, path = "/v1/profiles/{code}/fees", tag = "administration", request_body = ContractFeeBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn propose(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: ContractFeeBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    let from = super::date_of(&sent.from).ok();
    if from.is_none() {
        f.wrong("/from", "format", "is a day, written as 2026-07-01");
    }
    if !(0..1_000_000).contains(&sent.rate_ppm) {
        f.wrong("/rate_ppm", "range", "is 0 to 999999");
    }
    let rounding = f.check("/rounding", "unknown_value", sent.rounding.parse::<Rounding>());
    let fixed = f.check("/fixed", "range", Vnd::amount(sent.fixed));
    f.optional_text("/note", Some(sent.note.as_str()).filter(|note| !note.is_empty()), 500);
    f.end()?;
    let (Some(from), Some(rounding), Some(fixed)) = (from, rounding, fixed) else { return Err(absent()) };
    let fee = ProviderFee { from, rate_ppm: sent.rate_ppm, rounding, fixed };
    let render = |id: &ApprovalId| (201, proposed(*id));
    let work = async |tx: &Tx| contract_fees::propose(tx, &by, &code, &fee, &sent.note).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

//! `/v1/profiles`: contracts with providers. Channel, addresses and beneficiaries are the configuration's; what a contract
//! says of money is set here, and where it pays out to is proposed for a second person.

use super::{CodesQuery, code_of, seen_of};
use crate::State;
use crate::approvals::{ProposedView, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::AccountCode;
use domain::{ApprovalId, Vnd};
use jiff::Timestamp;
use payments::administer::accounts::{self, NewPayouts};
use payments::administer::{self, Kept, parties};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::profiles::{Limits, Listed};
use utoipa::ToSchema;

/// Which amounts a contract takes, whole.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsBody {
    /// Below it the channel is not offered.
    #[schema(minimum = 1)]
    min_amount: i64,
    /// Above it the channel is not offered; null: the provider's own limit alone.
    max_amount: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct ProfileView {
    code: String,
    channel: String,
    /// Those that whoever asks administers.
    beneficiaries: Vec<String>,
    /// Where it pays out to, and how its payouts read there.
    payout_account: Option<String>,
    payout_text: Option<String>,
    limits: LimitsBody,
    /// This process has its credentials.
    configured: bool,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ProfileView {
    fn new(p: &Listed, state: &State) -> Self {
        Self {
            code: p.code.clone(),
            channel: p.channel.clone(),
            beneficiaries: p.beneficiaries.clone(),
            payout_account: p.payout_account.clone(),
            payout_text: p.payout_text.clone(),
            limits: LimitsBody {
                min_amount: p.limits.min_amount.dong(),
                max_amount: p.limits.max_amount.map(Vnd::dong),
            },
            configured: state.ctx.providers.iter().any(|provider| provider.profile.as_str() == p.code),
            updated_at: p.updated_at,
        }
    }
}

fn parse(f: &mut Fields, sent: &LimitsBody) -> Limits {
    let min_amount = f.check("/min_amount", "range", Vnd::amount(sent.min_amount));
    let max_amount = sent.max_amount.and_then(|max| f.check("/max_amount", "range", Vnd::amount(max)));
    if sent.min_amount == 0 {
        f.wrong("/min_amount", "range", "is 1 or more");
    }
    if sent.max_amount.is_some_and(|max| max < sent.min_amount) {
        f.wrong("/max_amount", "range", "is not below min_amount");
    }
    Limits { min_amount: min_amount.unwrap_or_default(), max_amount }
}

/// Contracts by code.
#[utoipa::path(get, path = "/v1/profiles", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<ProfileView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let found = storage::profiles::list(&db).await?;
    let seen = found.iter().filter(|p| by.of_all().is_ok() || p.beneficiaries.iter().any(|b| by.sees(b)));
    let view = |p: &Listed| {
        let view = ProfileView::new(p, &state);
        ProfileView { beneficiaries: seen_of(&by, view.beneficiaries), ..view }
    };
    let mut all: Vec<ProfileView> = seen.map(view).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.code.clone())?))
}

/// Says which amounts the contract takes.
#[utoipa::path(put, path = "/v1/profiles/{code}", tag = "administration", request_body = LimitsBody, params(("code" = String, Path)),
    responses((status = 200, body = ProfileView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: LimitsBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    let limits = parse(&mut f, &sent);
    f.end()?;
    let work = async |tx: &Tx| parties::put_limits(tx, &by, &code, &limits).await;
    let profile = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(ProfileView::new(&profile, &state)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutsBody {
    /// Code of the account of ours.
    payout_account: String,
    /// What stands in every payout's text, and in nothing else.
    payout_text: String,
    #[serde(default)]
    note: String,
}

/// Proposes where a contract's payouts come to. A second person decides (`/v1/approvals`).
#[utoipa::path(post, path = "/v1/profiles/{code}/payouts", tag = "administration", request_body = PayoutsBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn propose_payouts(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: PayoutsBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).unwrap_or_default();
    f.code("/payout_account", AccountCode::new(sent.payout_account.as_str()));
    f.text("/payout_text", &sent.payout_text, 3, 100);
    f.optional_text("/note", Some(sent.note.as_str()).filter(|note| !note.is_empty()), 500);
    f.end()?;
    let new = NewPayouts { payout_account: sent.payout_account, payout_text: sent.payout_text };
    let render = |id: &ApprovalId| (201, proposed(*id));
    let work = async |tx: &Tx| accounts::propose_payouts(tx, &by, &code, &new, &sent.note).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

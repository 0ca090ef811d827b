//! `/v1/accounts/{code}/openings`: what stood on a bank account when its books began in the middle of a year. Proposed here,
//! decided under `/v1/approvals`.

use crate::State;
use crate::approvals::{DecisionBody, ProposedView, note, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use crate::statements::may_see;
use crate::views::{CURRENCY, Page};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::Vnd;
use domain::business_day::business_date;
use domain::codes::AccountCode;
use domain::money::MAX_ON_ACCOUNT;
use domain::principal::Scope;
use jiff::Timestamp;
use jiff::civil::Date;
use payments::state_opening::{self, OpeningError, Proposal, Wish};
use serde::{Deserialize, Serialize};
use storage::openings::{self, Opening};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct OpeningView {
    /// By which it was said.
    pub approval_id: String,
    /// The first day of the account's books.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// What stood on the account before that day's first line, đồng.
    pub amount: i64,
    pub currency: &'static str,
    pub proposed_by: String,
    pub approved_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By which it was taken back; null while it is in force.
    pub taken_back_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_back_at: Option<Timestamp>,
}

impl From<Opening> for OpeningView {
    fn from(o: Opening) -> Self {
        let (taken_back_by, taken_back_at) = o.taken_back.unzip();
        Self {
            approval_id: o.approval.to_string(),
            day: o.day,
            amount: o.amount.dong(),
            currency: CURRENCY,
            proposed_by: o.proposed_by,
            approved_by: o.approved_by,
            at: o.at,
            taken_back_by: taken_back_by.map(|id| id.to_string()),
            taken_back_at,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningBody {
    /// The first day of the account's books, today at the latest.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// What stands on the account before that day's first line, whole đồng.
    #[schema(minimum = 0, maximum = 999_999_999_999_999_i64)]
    amount: i64,
    /// By what it is known: the bank's confirmation, the record of the handing over.
    note: String,
}

/// What was said of an account, the one in force first.
#[utoipa::path(get, path = "/v1/accounts/{code}/openings", tag = "reconciliation", params(("code" = String, Path)),
    responses((status = 200, body = Page<OpeningView>),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn list(req: HttpRequest, state: Data<State>, code: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let account = AccountCode::new(code.as_str()).map_err(|_| absent())?;
    may_see(&state, &principal, &account).await?;
    let db = state.ctx.pool.get().await?;
    let data: Vec<OpeningView> = openings::of_account(&db, &account).await?.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// Proposes what stands on the account when its books begin, before anything is booked on it. Another person decides.
#[utoipa::path(post, path = "/v1/accounts/{code}/openings", tag = "reconciliation", request_body = OpeningBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn propose(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    wished(&req, &state, &code, &raw, || {
        let said: OpeningBody = body::json(&req, &raw.0)?;
        let mut f = Fields::default();
        if !(0..=MAX_ON_ACCOUNT).contains(&said.amount) {
            f.wrong("/amount", "range", format!("is whole đồng from 0 to {MAX_ON_ACCOUNT}"));
        }
        if said.day > business_date(now()) {
            f.wrong("/day", "value", "is a day that has come");
        }
        let note = f.text("/note", &said.note, 1, 500);
        f.end()?;
        Ok((Wish::State { day: said.day, amount: Vnd::new(said.amount) }, note.unwrap_or_default()))
    })
    .await
}

/// Proposes that the opening in force is wrong, while no day of the account is closed. Another person decides.
#[utoipa::path(post, path = "/v1/accounts/{code}/openings/take-back", tag = "reconciliation",
    request_body = Option<DecisionBody>, params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn take_back(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    wished(&req, &state, &code, &raw, || {
        let said: DecisionBody = if raw.0.is_empty() { DecisionBody::default() } else { body::json(&req, &raw.0)? };
        Ok((Wish::TakeBack, note(&said.note)?))
    })
    .await
}

async fn wished(
    req: &HttpRequest,
    state: &State,
    code: &str,
    raw: &RawBody,
    read: impl FnOnce() -> Result<(Wish, String), Problem>,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(req, state, &[Scope::DaysClose]).await?;
    let idempotency = body::idempotency(req, person.uuid(), &raw.0)?;
    let account = AccountCode::new(code).map_err(|_| absent())?;
    let (wish, note) = read()?;
    let beneficiaries = auth::beneficiaries(&principal);
    let proposal = Proposal { account, wish, beneficiaries, note, caller, idempotency, now: now() };
    Ok(body::reply(state_opening::propose(&state.ctx, &proposal, &proposed).await?))
}

impl From<OpeningError> for Problem {
    fn from(e: OpeningError) -> Self {
        match e {
            OpeningError::Storage(e) => e.into(),
            OpeningError::Idempotency(e) => e.into(),
            OpeningError::Absent => Self::new(Code::NotFound),
            OpeningError::NoneInForce => Self::new(Code::NoOpening),
            OpeningError::Exists => Self::new(Code::OpeningExists),
            OpeningError::BooksBegun => Self::new(Code::BooksBegun),
            OpeningError::DayClosed => Self::new(Code::DayClosed),
            OpeningError::Pending => Self::new(Code::ApprovalPending),
        }
    }
}

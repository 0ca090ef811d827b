//! `/v1/approvals`: what waits for a second person, and what was decided. Also what is proposed here and has no noun of its
//! own: an obligation that is lowered, a day that is opened again.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::approval::{ApprovalKind, ApprovalStatus};
use domain::principal::{Scope, Who};
use domain::{ApprovalId, ObligationId, Vnd};
use jiff::Timestamp;
use payments::approve::{self, Command, Verdict};
use payments::{lower_obligation, reopen_day};
use serde::{Deserialize, Serialize};
use storage::approvals::{self, Approval, Filter};
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct ApprovalView {
    pub id: String,
    /// refund | reduction | case_resolution | day_reopening | beneficiary_account | profile_credentials | person_rights | person_key | counter_void | contract_fee | receipt_replacement | statement_supersession | remittance | opening_balance
    pub kind: &'static str,
    /// pending | approved | rejected | withdrawn
    pub status: &'static str,
    /// What it is about, as an id or a code.
    pub subject: String,
    pub beneficiaries: Vec<String>,
    /// What is proposed.
    #[schema(value_type = Object)]
    pub payload: serde_json::Value,
    pub note: String,
    pub proposer: String,
    #[schema(value_type = String, format = DateTime)]
    pub proposed_at: Timestamp,
    pub decider: Option<String>,
    pub decision_note: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// What it rests on had changed when somebody would have approved it; then it is withdrawn.
    pub stale: bool,
    /// Of a key, for whoever approves it, in that answer only: what follows the first part of its text. Hand it to the holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_part: Option<String>,
}

impl ApprovalView {
    fn new(a: &Approval) -> Self {
        Self {
            id: a.id.to_string(),
            kind: a.kind.as_str(),
            status: a.status.as_str(),
            subject: a.subject.clone(),
            beneficiaries: a.beneficiaries.clone(),
            payload: a.payload.clone(),
            note: a.note.clone(),
            proposer: a.proposer.clone(),
            proposed_at: a.proposed_at,
            decider: a.decider.clone(),
            decision_note: a.decision_note.clone(),
            decided_at: a.decided_at,
            stale: a.is_stale,
            second_part: None,
        }
    }
}

/// Who waits for whom.
#[derive(Serialize, ToSchema)]
pub struct ProposedView {
    pub approval_id: String,
    /// pending
    pub status: &'static str,
}

pub(crate) fn proposed(id: ApprovalId) -> String {
    views::json(&ProposedView { approval_id: id.to_string(), status: ApprovalStatus::Pending.as_str() })
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// pending | approved | rejected | withdrawn
    status: Option<String>,
    kind: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionBody {
    pub(crate) note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReductionBody {
    /// Whole đồng, from 1, less than what the obligation is.
    #[schema(minimum = 1)]
    amount: i64,
    reason_code: String,
    #[serde(default)]
    note: String,
}

/// Who decides, proposes or reads reports sees what is about their beneficiaries.
const SCOPES: &[Scope] = &[Scope::ApprovalsDecide, Scope::ReportsRead, Scope::RefundsPropose];

/// What was proposed, newest first.
#[utoipa::path(get, path = "/v1/approvals", tag = "approvals", params(ListQuery),
    responses((status = 200, body = Page<ApprovalView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<ApprovalId> = body::after(query.after.as_deref())?;
    let wrong = |name: &str| Problem::with(Code::QueryInvalid, format!("{name} is not one"));
    let status =
        query.status.as_deref().map(|s| s.parse::<ApprovalStatus>().map_err(|_| wrong("status"))).transpose()?;
    let kind = query.kind.as_deref().map(|s| s.parse::<ApprovalKind>().map_err(|_| wrong("kind"))).transpose()?;
    let filter = Filter { status, kind, beneficiaries: auth::beneficiaries(&principal), id: None };
    let db = state.ctx.pool.get().await?;
    let found = approvals::page(&db, &filter, after, limit).await?;
    let list = found.iter().map(ApprovalView::new).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &ApprovalView| v.id.clone())))
}

/// One of them.
#[utoipa::path(get, path = "/v1/approvals/{id}", tag = "approvals", params(("id" = String, Path)),
    responses((status = 200, body = ApprovalView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let id: ApprovalId = id_of(&id)?;
    let filter = Filter { id: Some(id.uuid()), beneficiaries: auth::beneficiaries(&principal), ..Filter::default() };
    let db = state.ctx.pool.get().await?;
    let found = approvals::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(ApprovalView::new(&found)))
}

async fn decide(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
    verdict: Verdict,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::ApprovalsDecide]).await?;
    let approval: ApprovalId = id_of(&id)?;
    let idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    let said: DecisionBody = if raw.0.is_empty() { DecisionBody::default() } else { body::json(&req, &raw.0)? };
    let note = note(&said.note)?;
    let beneficiaries = auth::beneficiaries(&principal);
    let command = Command { approval, verdict, note, beneficiaries, caller, idempotency, now: now() };
    let render = |a: &Approval, second_part: Option<&str>| {
        views::json(&ApprovalView { second_part: second_part.map(str::to_owned), ..ApprovalView::new(a) })
    };
    Ok(body::reply(approve::decide(&state.ctx, &command, &render).await?))
}

pub(crate) fn note(text: &str) -> Result<String, Problem> {
    let mut f = Fields::default();
    let note = if text.is_empty() { Some(String::new()) } else { f.text("/note", text, 1, 500) };
    f.end()?;
    Ok(note.unwrap_or_default())
}

/// Says yes: decision and effect are one.
#[utoipa::path(post, path = "/v1/approvals/{id}/approve", tag = "approvals", request_body = Option<DecisionBody>,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ApprovalView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn approve(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    decide(req, state, id, raw, Verdict::Approve).await
}

/// Says no.
#[utoipa::path(post, path = "/v1/approvals/{id}/reject", tag = "approvals", request_body = Option<DecisionBody>,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ApprovalView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn reject(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    decide(req, state, id, raw, Verdict::Reject).await
}

/// Proposes that a paid obligation owes less: the surplus waits for its payer in suspense.
#[utoipa::path(post, path = "/v1/obligations/{id}/reductions", tag = "refunds", request_body = ReductionBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn reduce(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::RefundsPropose, Scope::RefundsPropose).await?;
    let caller = payments::Caller { who: principal.who, request_id: crate::door::request_id() };
    let obligation: ObligationId = id_of(&id)?;
    let holder = match principal.who {
        Who::Client(id) => id.uuid(),
        Who::Person(id) => id.uuid(),
        Who::System => return Err(Problem::new(Code::ScopeMissing)),
    };
    let idempotency = body::idempotency(&req, holder, &raw.0)?;
    let said: ReductionBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let amount = f.check("/amount", "range", Vnd::amount(said.amount));
    if amount.is_some_and(|a| a.is_zero()) {
        f.wrong("/amount", "range", "is at least 1");
    }
    let reason_code = f.text("/reason_code", &said.reason_code, 1, 64);
    f.end()?;
    let (Some(amount), Some(reason_code)) = (amount, reason_code) else {
        return Err(Problem::new(Code::BodyMalformed));
    };
    let proposal = lower_obligation::Proposal {
        obligation,
        amount,
        reason_code,
        note: note(&said.note)?,
        beneficiaries: auth::beneficiaries(&principal).filter(|_| matches!(principal.who, Who::Person(_))),
        caller,
        idempotency,
        now: now(),
    };
    Ok(body::reply(lower_obligation::propose(&state.ctx, &proposal, &proposed).await?))
}

/// Proposes that a closed day is opened again, and all after it.
#[utoipa::path(post, path = "/v1/reconciliation/{date}/reopen", tag = "reconciliation", request_body = Option<DecisionBody>,
    params(("date" = String, Path), crate::days::DayQuery, ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn reopen(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<crate::days::DayQuery>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::DaysClose]).await?;
    let mut idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    let said: DecisionBody = if raw.0.is_empty() { DecisionBody::default() } else { body::json(&req, &raw.0)? };
    let asked = crate::days::asked(&date, &query, &principal)?;
    // which day it is stands in the query, not in the path
    idempotency.scope = format!("{} {}", idempotency.scope, asked.scope);
    let proposal = reopen_day::Proposal { asked, note: note(&said.note)?, caller, idempotency, now: now() };
    Ok(body::reply(reopen_day::propose(&state.ctx, &proposal, &proposed).await?))
}

//! `/v1/payments/{id}/refunds`, `/v1/refunds`: money that goes back. A client proposes what touches its own; staff propose,
//! see the account that a transfer goes to, and take back; nobody approves here (`approvals`).

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now, request_id};
use crate::obligations::{absent, id_of};
use crate::payments_of::seen_by;
use crate::problem::{Code, Problem};
use crate::views::{self, CURRENCY, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::principal::{Principal, Scope, Who};
use domain::refund::{Closing, RefundLine, RefundStatus};
use domain::{PaymentId, RefundId, Vnd};
use jiff::Timestamp;
use payments::Caller;
use payments::refund::{self, Cancel, PayerAccount, Proposal, RefundError};
use serde::{Deserialize, Serialize};
use storage::payments::Filter;
use storage::refunds::{self, Stored};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    /// All that the payment gave it; absent: money of the payment in suspense.
    #[serde(default)]
    obligation_id: Option<String>,
    /// Whole đồng, from 1.
    #[schema(minimum = 1)]
    amount: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayerAccountBody {
    /// Six digits (NAPAS).
    #[schema(pattern = "^[0-9]{6}$")]
    bank_bin: String,
    /// 6 to 19 letters and digits, as on the payer's page.
    #[schema(pattern = "^[0-9A-Za-z]{6,19}$")]
    account_number: String,
    account_name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundBody {
    lines: Vec<LineBody>,
    /// reopen | close: what becomes of the obligations.
    then: String,
    reason_code: String,
    #[serde(default)]
    note: String,
    /// What the payment shows now: proof of having seen it.
    refundable_amount: i64,
    /// Where a transfer goes; needed where no provider pays the refund out.
    #[serde(default)]
    payer_account: Option<PayerAccountBody>,
}

#[derive(Serialize, ToSchema)]
pub struct LineView {
    pub obligation_id: Option<String>,
    pub amount: i64,
}

/// What people do for a refund by transfer.
#[derive(Serialize, ToSchema)]
pub struct WorkItemView {
    pub amount: i64,
    /// What the transfer says; by it and the amount its debit is known on the statement.
    pub text: String,
    /// Shown to staff who propose or decide.
    pub bank_bin: Option<String>,
    pub account_number: Option<String>,
    pub account_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct PayerAccountView {
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}

#[derive(Serialize, ToSchema)]
pub struct RefundView {
    pub id: String,
    pub payment_id: String,
    pub amount: i64,
    pub currency: &'static str,
    /// pending_approval | approved | rejected | cancelled | submitted | awaiting_statement | succeeded | failed | unknown
    pub status: &'static str,
    /// reopen | close
    pub then: &'static str,
    /// provider | transfer
    pub route: &'static str,
    pub lines: Vec<LineView>,
    pub reason_code: String,
    pub note: String,
    pub provider_refund_id: Option<String>,
    /// Absent unless it is a transfer that waits to be made.
    pub work_item: Option<WorkItemView>,
    /// Where a transfer goes, for staff who propose or decide; on one refund alone, never in lists.
    pub payer_account: Option<PayerAccountView>,
    /// Who decides; on the first answer only.
    pub approval_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl RefundView {
    pub fn new(r: &Stored, account: Option<&PayerAccount>) -> Self {
        let amount = r.state.amount().dong();
        let work_item = (r.state.status == RefundStatus::AwaitingStatement).then(|| WorkItemView {
            amount,
            text: format!("HOAN TRA {}", r.reference),
            bank_bin: account.map(|a| a.bank_bin.clone()),
            account_number: account.map(|a| a.account_number.clone()),
            account_name: account.map(|a| a.account_name.clone()),
        });
        Self {
            id: r.state.id.to_string(),
            payment_id: r.payment_id.to_string(),
            amount,
            currency: CURRENCY,
            status: r.state.status.as_str(),
            then: r.state.closing.as_str(),
            route: r.route.as_str(),
            lines: r
                .state
                .lines
                .iter()
                .map(|l| LineView { obligation_id: l.obligation_id.map(|id| id.to_string()), amount: l.amount.dong() })
                .collect(),
            reason_code: r.reason_code.clone(),
            note: r.note.clone(),
            provider_refund_id: r.provider_refund_id.clone(),
            work_item,
            payer_account: account.map(|a| PayerAccountView {
                bank_bin: a.bank_bin.clone(),
                account_number: a.account_number.clone(),
                account_name: a.account_name.clone(),
            }),
            approval_id: None,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// pending_approval | approved | rejected | cancelled | submitted | awaiting_statement | succeeded | failed | unknown
    status: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

struct Parsed {
    lines: Vec<RefundLine>,
    closing: Closing,
    reason_code: String,
    note: String,
    refundable: Vnd,
    payer_account: Option<PayerAccount>,
}

/// As many as an intent may hold, and what is in suspense.
const LINES_MAX: usize = domain::intent::MAX_OBLIGATIONS + 1;

fn parse(b: &RefundBody) -> Result<Parsed, Problem> {
    let mut f = Fields::default();
    if b.lines.is_empty() || b.lines.len() > LINES_MAX {
        f.wrong("/lines", "length", format!("1 to {LINES_MAX}"));
    }
    let mut lines = Vec::with_capacity(b.lines.len());
    for (n, line) in b.lines.iter().enumerate().take(LINES_MAX) {
        let amount = f.check(&format!("/lines/{n}/amount"), "range", Vnd::amount(line.amount));
        let named = line.obligation_id.as_deref().map(str::parse).transpose();
        let obligation_id = f.check(&format!("/lines/{n}/obligation_id"), "format", named).flatten();
        if let Some(amount) = amount {
            if amount.is_zero() {
                f.wrong(&format!("/lines/{n}/amount"), "range", "is at least 1");
            }
            lines.push(RefundLine { obligation_id, amount });
        }
    }
    let closing = f.check("/then", "value", b.then.parse::<Closing>());
    let reason_code = f.text("/reason_code", &b.reason_code, 1, 64);
    let note = if b.note.is_empty() { Some(String::new()) } else { f.text("/note", &b.note, 1, 500) };
    let refundable = Vnd::new(b.refundable_amount);
    let payer_account = b.payer_account.as_ref().and_then(|a| account(&mut f, a));
    f.end()?;
    match (closing, reason_code, note) {
        (Some(closing), Some(reason_code), Some(note)) => {
            Ok(Parsed { lines, closing, reason_code, note, refundable, payer_account })
        }
        _ => Err(Problem::new(Code::BodyMalformed)),
    }
}

pub(crate) fn account(f: &mut Fields, a: &PayerAccountBody) -> Option<PayerAccount> {
    if a.bank_bin.len() != 6 || !a.bank_bin.bytes().all(|b| b.is_ascii_digit()) {
        f.wrong("/payer_account/bank_bin", "format", "is six digits");
    }
    if !PayerAccount::is_number(&a.account_number) {
        f.wrong("/payer_account/account_number", "format", "is 6 to 19 letters and digits");
    }
    let account_name = f.text("/payer_account/account_name", &a.account_name, 1, 140)?;
    Some(PayerAccount { bank_bin: a.bank_bin.clone(), account_number: a.account_number.clone(), account_name })
}

async fn proposer(req: &HttpRequest, state: &State) -> Result<(Principal, Caller), Problem> {
    let principal = auth::client_or_staff(req, state, Scope::RefundsPropose, Scope::RefundsPropose).await?;
    let caller = Caller { who: principal.who, request_id: request_id() };
    Ok((principal, caller))
}

fn holder(principal: &Principal) -> Uuid {
    match principal.who {
        Who::Client(id) => id.uuid(),
        Who::Person(id) => id.uuid(),
        Who::System => Uuid::nil(),
    }
}

/// Proposes a refund. It is pending until a second person decides; what it takes may be refunded no more until then.
#[utoipa::path(post, path = "/v1/payments/{id}/refunds", tag = "refunds", request_body = RefundBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = RefundView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json")))]
pub async fn propose(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = proposer(&req, &state).await?;
    let payment: PaymentId = id_of(&id)?;
    let idempotency = body::idempotency(&req, holder(&principal), &raw.0)?;
    let parsed = parse(&body::json(&req, &raw.0)?)?;
    seen(&state, &principal, payment).await?;
    let Parsed { lines, closing, reason_code, note, refundable, payer_account } = parsed;
    let proposal = Proposal {
        payment,
        case: None,
        lines,
        closing,
        reason_code,
        note,
        refundable,
        payer_account,
        beneficiaries: auth::beneficiaries(&principal),
        caller,
        now: now(),
    };
    let render = |r: &Stored, approval: domain::ApprovalId| {
        views::json(&RefundView { approval_id: Some(approval.to_string()), ..RefundView::new(r, None) })
    };
    Ok(body::reply(refund::propose(&state.ctx, &proposal, &idempotency, &render).await?))
}

/// What is not theirs is absent.
async fn seen(state: &State, principal: &Principal, payment: PaymentId) -> Result<(), Problem> {
    let db = state.ctx.pool.get().await?;
    let filter = Filter { id: Some(payment.uuid()), ..seen_by(principal) };
    if storage::payments::page(&db, &filter, None, 1).await?.is_empty() { Err(absent()) } else { Ok(()) }
}

fn narrowed(principal: &Principal) -> refunds::Filter {
    let client = match principal.who {
        Who::Client(id) => Some(id.uuid()),
        Who::Person(_) | Who::System => None,
    };
    let beneficiaries = if client.is_none() { auth::beneficiaries(principal) } else { None };
    refunds::Filter { client, beneficiaries, ..refunds::Filter::default() }
}

/// Refunds, newest first.
#[utoipa::path(get, path = "/v1/refunds", tag = "refunds", params(ListQuery),
    responses((status = 200, body = Page<RefundView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<RefundId> = body::after(query.after.as_deref())?;
    let wrong = || Problem::with(Code::QueryInvalid, "status is not one");
    let status = query.status.as_deref().map(|s| s.parse().map_err(|_| wrong())).transpose()?;
    let filter = refunds::Filter { status, ..narrowed(&principal) };
    let db = state.ctx.pool.get().await?;
    let found = refunds::page(&db, &filter, after, limit).await?;
    let list = found.iter().map(|r| RefundView::new(r, None)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &RefundView| v.id.clone())))
}

async fn found(state: &State, principal: &Principal, id: RefundId) -> Result<Stored, Problem> {
    let db = state.ctx.pool.get().await?;
    let filter = refunds::Filter { id: Some(id.uuid()), ..narrowed(principal) };
    refunds::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)
}

/// Whether all whom a refund concerns are the person's; a client acts on its own.
async fn reaches(state: &State, principal: &Principal, id: RefundId) -> Result<bool, Problem> {
    let Some(own) = narrowed(principal).beneficiaries else { return Ok(true) };
    let db = state.ctx.pool.get().await?;
    let concerned = storage::approvals::beneficiaries_of_refund(&db, id).await?;
    Ok(payments::reaches(Some(&own), &concerned))
}

/// What one sees and may not act on.
async fn must_reach(state: &State, principal: &Principal, id: RefundId) -> Result<(), Problem> {
    if reaches(state, principal, id).await? { Ok(()) } else { Err(RefundError::NotOfAll.into()) }
}

/// One refund. Staff who propose or decide see the account that a transfer goes to.
#[utoipa::path(get, path = "/v1/refunds/{id}", tag = "refunds", params(("id" = String, Path)),
    responses((status = 200, body = RefundView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let refund = found(&state, &principal, id_of(&id)?).await?;
    let is_staff = matches!(principal.who, Who::Person(_));
    let pays = is_staff
        && (principal.may(Scope::RefundsPropose) || principal.may(Scope::ApprovalsDecide))
        && reaches(&state, &principal, refund.state.id).await?;
    let account = if pays { refund::payer_account(&state.ctx, &refund)? } else { None };
    Ok(HttpResponse::Ok().json(RefundView::new(&refund, account.as_ref())))
}

/// Takes a refund back while no provider may have it: its proposer a proposal, staff what is approved, or a transfer that
/// nobody will make.
#[utoipa::path(post, path = "/v1/refunds/{id}/cancel", tag = "refunds",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = RefundView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = proposer(&req, &state).await?;
    let id: RefundId = id_of(&id)?;
    let idempotency = body::idempotency(&req, holder(&principal), &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let refund = found(&state, &principal, id).await?;
    if matches!(principal.who, Who::Client(_)) && refund.proposed_by != caller.actor() {
        return Err(absent());
    }
    must_reach(&state, &principal, id).await?;
    let command = Cancel { refund: id, caller, idempotency, now: now() };
    Ok(body::reply(refund::cancel(&state.ctx, &command, &|r| views::json(&RefundView::new(r, None))).await?))
}

/// Has the worker look at a refund at once: one that waits for its provider, or whose outcome is unknown.
#[utoipa::path(post, path = "/v1/refunds/{id}/retry", tag = "refunds", params(("id" = String, Path)),
    responses((status = 202, body = RefundView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn retry(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::RefundsPropose, Scope::Admin]).await?;
    let id: RefundId = id_of(&id)?;
    body::nothing(&req, &raw.0)?;
    found(&state, &principal, id).await?;
    must_reach(&state, &principal, id).await?;
    let refund = refund::redrive(&state.ctx, id, now()).await?;
    Ok(HttpResponse::Accepted().json(RefundView::new(&refund, None)))
}

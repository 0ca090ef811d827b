//! `/v1/cases`: what no rule explains, for finance staff, with whose debt the money may be. No personal data is shown.

use crate::State;
use crate::approvals::ProposedView;
use crate::auth;
use crate::body;
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::refunds::PayerAccountBody;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::CaseId;
use domain::case::{CaseKind, CaseStatus};
use domain::fee;
use domain::principal::{Scope, Who};
use domain::suggestion::Suggestion;
use jiff::Timestamp;
use payments::resolve_case::{self, Action};
use payments::{refund, suggest};
use serde::{Deserialize, Serialize};
use storage::case_list::{self, Filter, Listed};
use utoipa::{IntoParams, ToSchema};

const SCOPES: &[Scope] = &[Scope::ReportsRead, Scope::CasesWrite];

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// open | proposed | closed
    status: Option<String>,
    /// A kind of difference, e.g. `unidentified`.
    kind: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CaseView {
    pub id: String,
    pub kind: String,
    /// open | proposed | closed
    pub status: String,
    /// In đồng; 0 where it is about no money.
    pub amount: i64,
    /// What still waits in suspense for it, in đồng, nothing for a closed case; null where it tells of no waiting money.
    pub waiting: Option<i64>,
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
    pub sighting_id: Option<String>,
    pub subject: String,
    /// Whose day it belongs to: `bank:<account>`, `clearing:<profile>` or `drawer:<counter>`.
    pub scope: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    pub business_date: Option<jiff::civil::Date>,
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Seconds since it was opened.
    pub age_s: i64,
}

impl CaseView {
    fn new(c: &Listed, now: Timestamp) -> Self {
        Self {
            id: c.id.to_string(),
            kind: c.kind.clone(),
            status: c.status.clone(),
            amount: c.amount.dong(),
            waiting: c.waits.then(|| c.waiting.dong()),
            payment_id: c.payment_id.map(|id| id.to_string()),
            movement_id: c.movement_id.clone(),
            sighting_id: c.sighting_id.map(|id| id.to_string()),
            subject: c.subject.clone(),
            scope: c.scope.clone(),
            business_date: c.business_date,
            opened_at: c.opened_at,
            updated_at: c.updated_at,
            age_s: now.duration_since(c.opened_at).as_secs().max(0),
        }
    }
}

/// A debt that the case's money may be for. It books nothing.
#[derive(Serialize, ToSchema)]
pub struct SuggestionView {
    /// Null where the dossier's debt is in no intent yet.
    pub intent_id: Option<String>,
    /// Of `may_be_taken_back`: the payment that the bank's debit may mean; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    pub reference: Option<String>,
    pub dossier_codes: Vec<String>,
    /// What is due now, in đồng.
    pub amount_due: i64,
    /// dossier_code | amount_account_time | may_be_taken_back
    pub rule: &'static str,
    /// What agreed: account, amount, bank_ref, dossier_code, time.
    pub fields: Vec<&'static str>,
}

impl SuggestionView {
    fn new(s: &Suggestion) -> Self {
        Self {
            intent_id: s.intent_id.map(|id| id.to_string()),
            payment_id: s.payment_id.map(|id| id.to_string()),
            reference: s.reference.clone(),
            dossier_codes: s.dossier_codes.clone(),
            amount_due: s.amount_due.dong(),
            rule: s.rule.as_str(),
            fields: s.fields.iter().copied().collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CaseWholeView {
    #[serde(flatten)]
    pub case: CaseView,
    /// Best first; empty on a closed case.
    pub suggestions: Vec<SuggestionView>,
    /// Of a refund that a settlement file names by our order alone: each payment of that order. It may be any of them, and none
    /// of them is to be refunded by that much until the case is closed.
    pub candidates: Vec<CandidateView>,
}

#[derive(Serialize, ToSchema)]
pub struct CandidateView {
    pub payment_id: String,
    /// In đồng, as it was paid.
    pub amount: i64,
}

fn word<T: std::str::FromStr>(asked: &Option<String>, name: &str) -> Result<Option<T>, Problem> {
    let wrong = || Problem::with(Code::QueryInvalid, format!("{name} is not one"));
    asked.as_deref().map(|text| text.parse().map_err(|_| wrong())).transpose()
}

/// Cases, newest first. A person sees those of their beneficiaries, and those that are nobody's yet.
#[utoipa::path(get, path = "/v1/cases", tag = "reconciliation", params(ListQuery),
    responses((status = 200, body = Page<CaseView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<CaseId> = body::after(query.after.as_deref())?;
    let filter = Filter {
        beneficiaries: auth::beneficiaries(&principal),
        status: word::<CaseStatus>(&query.status, "status")?,
        kind: word::<CaseKind>(&query.kind, "kind")?,
        id: None,
    };
    let db = state.ctx.pool.get().await?;
    let found = case_list::page(&db, &filter, after, limit).await?;
    let now = now();
    let list = found.iter().map(|c| CaseView::new(c, now)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &CaseView| v.id.clone())))
}

/// One case, with the debts that its money may be for.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "reconciliation", params(("id" = String, Path)),
    responses((status = 200, body = CaseWholeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let id: CaseId = id_of(&id)?;
    let beneficiaries = auth::beneficiaries(&principal);
    let filter = Filter { id: Some(id), beneficiaries: beneficiaries.clone(), ..Filter::default() };
    let (case, candidates) = {
        let db = state.ctx.pool.get().await?;
        let case = case_list::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
        (case, case_list::candidates(&db, id).await?)
    };
    let closed = case.status == CaseStatus::Closed.as_str();
    let suggestions =
        if closed { Vec::new() } else { suggest::of_case(&state.ctx, id, beneficiaries.as_deref()).await? };
    Ok(HttpResponse::Ok().json(CaseWholeView {
        case: CaseView::new(&case, now()),
        suggestions: suggestions.iter().map(SuggestionView::new).collect(),
        candidates: candidates
            .iter()
            .map(|(id, amount)| CandidateView { payment_id: id.to_string(), amount: amount.dong() })
            .collect(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionBody {
    /// assign_to_obligations | refund_to_payer | same_movement | accept_difference | write_off | reinstate
    action: String,
    /// Of `assign_to_obligations`: what the waiting money pays, 1 to 50.
    #[serde(default)]
    obligation_ids: Vec<String>,
    /// Of `same_movement`: the payment that a line of the account brought.
    #[serde(default)]
    payment_id: Option<String>,
    /// Of `refund_to_payer`: what the payment shows now.
    #[serde(default)]
    refundable_amount: Option<i64>,
    /// Of `refund_to_payer`, where no provider pays the refund out.
    #[serde(default)]
    payer_account: Option<PayerAccountBody>,
    /// Of `refund_to_payer` and `write_off`.
    #[serde(default)]
    reason_code: Option<String>,
    /// Needed by `write_off` and `reinstate`, and where `accept_difference` is about the fee that a provider kept.
    #[serde(default)]
    note: String,
}

/// Proposes what becomes of a case; a second person decides. With `refund_to_payer` what is decided is the refund.
#[utoipa::path(post, path = "/v1/cases/{id}/resolutions", tag = "reconciliation", request_body = ResolutionBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json")))]
pub async fn resolve(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::CasesWrite]).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::new(Code::ScopeMissing)) };
    let id: CaseId = id_of(&id)?;
    let idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    let said: ResolutionBody = body::json(&req, &raw.0)?;
    let note = crate::approvals::note(&said.note)?;
    let beneficiaries = auth::beneficiaries(&principal);
    let case = {
        let db = state.ctx.pool.get().await?;
        let filter = Filter { id: Some(id), beneficiaries: beneficiaries.clone(), ..Filter::default() };
        case_list::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?
    };
    let action = match said.action.as_str() {
        "refund_to_payer" => {
            let by = By { beneficiaries, caller, idempotency };
            return refund_to_payer(&state, &case, &said, note, by).await;
        }
        "assign_to_obligations" if (1..=domain::intent::MAX_OBLIGATIONS).contains(&said.obligation_ids.len()) => {
            Action::AssignToObligations { obligation_ids: said.obligation_ids.clone() }
        }
        "accept_difference" if note.is_empty() && fee::is_of_fee(&case.subject) => {
            let mut f = body::Fields::default();
            f.wrong("/note", "required", "says why the provider may keep another fee than its contract's");
            return f.end().map(|()| HttpResponse::Ok().finish());
        }
        "write_off" | "reinstate" => given_up(&said, &note)?,
        "accept_difference" => Action::AcceptDifference,
        "same_movement" => Action::SameMovement { payment_id: said.payment_id.clone().unwrap_or_default() },
        action => {
            let mut f = body::Fields::default();
            let named = action == "assign_to_obligations";
            let (pointer, detail) = if named { ("/obligation_ids", "1 to 50") } else { ("/action", "is not one") };
            f.wrong(pointer, "value", detail);
            return f.end().map(|()| HttpResponse::Ok().finish());
        }
    };
    let proposal = resolve_case::Proposal { case, action, note, beneficiaries, caller, idempotency, now: now() };
    Ok(body::reply(resolve_case::propose(&state.ctx, &proposal, &crate::approvals::proposed).await?))
}

/// Who gives money up, or takes that back, says why.
fn given_up(said: &ResolutionBody, note: &str) -> Result<Action, Problem> {
    let mut f = body::Fields::default();
    if note.is_empty() {
        f.wrong("/note", "required", "says why");
    }
    let action = if said.action == "write_off" {
        let reason_code = f.text("/reason_code", said.reason_code.as_deref().unwrap_or_default(), 1, 64);
        Action::WriteOff { reason_code: reason_code.unwrap_or_default(), given: Vec::new() }
    } else {
        Action::Reinstate { given: Vec::new() }
    };
    f.end().map(|()| action)
}

/// Who proposes, whose money they see (None: all), and under which key.
struct By {
    beneficiaries: Option<Vec<String>>,
    caller: payments::Caller,
    idempotency: storage::idempotency::Request,
}

/// All of the payment's money that waits for the case's reason goes back.
async fn refund_to_payer(
    state: &State,
    case: &Listed,
    said: &ResolutionBody,
    note: String,
    by: By,
) -> Result<HttpResponse, Problem> {
    let mut f = body::Fields::default();
    let reason_code = f.text("/reason_code", said.reason_code.as_deref().unwrap_or_default(), 1, 64);
    if said.refundable_amount.is_none() {
        f.wrong("/refundable_amount", "required", "is missing");
    }
    let payer_account = said.payer_account.as_ref().and_then(|a| crate::refunds::account(&mut f, a));
    f.end()?;
    let kind = case.kind.parse::<CaseKind>().ok().and_then(resolve_case::reason_of).filter(|_| case.waits);
    let (Some(payment), Some(_), Some(reason_code)) = (case.payment_id, kind, reason_code) else {
        return Err(Problem::new(Code::CaseHasNoMoney));
    };
    let proposal = refund::Proposal {
        payment,
        case: Some(case.id),
        lines: Vec::new(),
        closing: domain::refund::Closing::Close,
        reason_code,
        note,
        refundable: domain::Vnd::new(said.refundable_amount.unwrap_or_default()),
        payer_account,
        beneficiaries: by.beneficiaries,
        caller: by.caller,
        idempotency: by.idempotency,
        now: now(),
    };
    let render = |_: &storage::refunds::Stored, approval| crate::approvals::proposed(approval);
    Ok(body::reply(refund::propose(&state.ctx, &proposal, &render).await?))
}

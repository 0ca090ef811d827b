//! `/v1/cases`: what no rule explains, for finance staff, with whose debt the money may be. No personal data is shown.

use crate::State;
use crate::auth;
use crate::body;
use crate::considered::ConsideredView;
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::CaseId;
use domain::business_day::business_date;
use domain::case::{CaseKind, CaseStatus};
use domain::principal::{Scope, Who};
use domain::suggestion::Suggestion;
use jiff::Timestamp;
use payments::{considered, own_case, suggest};
use serde::{Deserialize, Serialize};
use storage::case_list::{self, Filter, Listed, Sort};
use storage::case_work::{self, Done, Owner};
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
    /// Whose: `me`, `nobody`, or a person.
    owner: Option<String>,
    /// newest | age (the oldest first) | amount (the largest first). With an order or an owner and no status, what is not closed.
    sort: Option<String>,
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
    /// Days in Viet Nam since it was opened; of a closed one, until it was.
    pub age_days: i32,
    /// The person who works on it.
    pub owner: Option<String>,
}

impl CaseView {
    fn new(c: &Listed, now: Timestamp) -> Self {
        let closed = c.status == CaseStatus::Closed.as_str();
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
            age_days: days_between(c.opened_at, if closed { c.updated_at } else { now }),
            owner: c.owner.map(|id| id.to_string()),
        }
    }
}

fn days_between(from: Timestamp, to: Timestamp) -> i32 {
    business_date(from).until(business_date(to)).map_or(0, |span| span.get_days()).max(0)
}

/// Something that was done about a case.
#[derive(Serialize, ToSchema)]
pub struct DoneView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// A person, a client, or `system`.
    pub who: String,
    /// found | explained | assigned | proposed | approved | rejected | withdrawn
    pub what: String,
    /// The resolution that was proposed or decided.
    pub action: Option<String>,
    pub note: Option<String>,
    /// Of `assigned`: to whom; null: nobody has it any more.
    pub owner: Option<String>,
}

impl DoneView {
    fn new(d: Done) -> Self {
        let Done { at, who, what, action, note, owner } = d;
        Self { at, who, what, action, note, owner: owner.map(|id| id.to_string()) }
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
    /// Of `sum_of_debts`: the debts that are the amount together; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligation_ids: Vec<String>,
    /// Of `part_of_debt`: the payments that the rest of the debt is; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rest_payment_ids: Vec<String>,
    pub reference: Option<String>,
    pub dossier_codes: Vec<String>,
    /// What is due now, in đồng.
    pub amount_due: i64,
    /// dossier_code | near_reference | amount_account_time | sum_of_debts | part_of_debt | may_be_taken_back
    pub rule: &'static str,
    /// What agreed: account, amount, bank_ref, dossier_code, look_alike, near_reference, payer, sender, sum, time.
    pub fields: Vec<&'static str>,
    /// How much agreed; more comes first.
    pub score: u32,
}

impl SuggestionView {
    fn new(s: &Suggestion) -> Self {
        Self {
            intent_id: s.intent_id.map(|id| id.to_string()),
            payment_id: s.payment_id.map(|id| id.to_string()),
            obligation_ids: s.obligations.iter().map(ToString::to_string).collect(),
            rest_payment_ids: s.rest.iter().map(ToString::to_string).collect(),
            reference: s.reference.clone(),
            dossier_codes: s.dossier_codes.clone(),
            amount_due: s.amount_due.dong(),
            rule: s.rule.as_str(),
            fields: s.fields.iter().copied().collect(),
            score: s.score(),
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
    /// Of a credit: what its line could have been, as `GET /v1/statements/{id}/lines/{n}` has it; empty on a closed case.
    pub considered: Vec<ConsideredView>,
    /// Who did what, oldest first.
    pub history: Vec<DoneView>,
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
    let sort = query.sort.as_deref().map(sorted).transpose()?;
    let owner = query.owner.as_deref().map(|text| owned_by(text, &principal.who)).transpose()?;
    let db = state.ctx.pool.get().await?;
    let found = match (owner, sort) {
        (None, None) => case_list::page(&db, &filter, after, limit).await?,
        (owner, sort) => case_work::queue(&db, &filter, (owner, sort.unwrap_or(Sort::Newest)), after, limit).await?,
    };
    let now = now();
    let list = found.iter().map(|c| CaseView::new(c, now)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &CaseView| v.id.clone())))
}

fn sorted(text: &str) -> Result<Sort, Problem> {
    let known = [Sort::Newest, Sort::Age, Sort::Amount].into_iter().find(|sort| sort.as_str() == text);
    known.ok_or_else(|| Problem::with(Code::QueryInvalid, "sort is not one".to_owned()))
}

fn owned_by(text: &str, who: &Who) -> Result<Owner, Problem> {
    match (text, who) {
        ("nobody", _) => Ok(Owner::Nobody),
        ("me", Who::Person(id)) => Ok(Owner::Person(*id)),
        _ => text
            .parse()
            .map(Owner::Person)
            .map_err(|_| Problem::with(Code::QueryInvalid, "owner is not one".to_owned())),
    }
}

/// One case, with the debts that its money may be for.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "reconciliation", params(("id" = String, Path)),
    responses((status = 200, body = CaseWholeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let id: CaseId = id_of(&id)?;
    let beneficiaries = auth::beneficiaries(&principal);
    let filter = Filter { id: Some(id), beneficiaries: beneficiaries.clone(), ..Filter::default() };
    let (case, candidates, history) = {
        let db = state.ctx.pool.get().await?;
        let case = case_list::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
        let history = case_work::history(&db, id, beneficiaries.as_deref()).await?;
        (case, case_list::candidates(&db, id).await?, history)
    };
    let closed = case.status == CaseStatus::Closed.as_str();
    let suggestions =
        if closed { Vec::new() } else { suggest::of_case(&state.ctx, id, beneficiaries.as_deref()).await? };
    let considered =
        if closed { Vec::new() } else { considered::of_case(&state.ctx, id, beneficiaries.as_deref()).await? };
    Ok(HttpResponse::Ok().json(CaseWholeView {
        case: CaseView::new(&case, now()),
        suggestions: suggestions.iter().map(SuggestionView::new).collect(),
        candidates: candidates
            .iter()
            .map(|(id, amount)| CandidateView { payment_id: id.to_string(), amount: amount.dong() })
            .collect(),
        considered: considered.iter().map(ConsideredView::new).collect(),
        history: history.into_iter().map(DoneView::new).collect(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerBody {
    /// `me`, a person, or null: nobody.
    owner: Option<String>,
    /// Who had it when the caller looked; null: nobody.
    #[serde(default)]
    instead_of: Option<String>,
    #[serde(default)]
    note: String,
}

#[derive(Serialize, ToSchema)]
pub struct OwnerView {
    pub id: String,
    pub owner: Option<String>,
}

/// Takes a case, gives it to somebody, or lets it go. Refused where somebody else has taken it meanwhile.
#[utoipa::path(post, path = "/v1/cases/{id}/owner", tag = "reconciliation", request_body = OwnerBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = OwnerView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn own(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::CasesWrite]).await?;
    let case: CaseId = id_of(&id)?;
    let key = body::idempotency(&req, person.uuid(), &raw.0)?;
    let said: OwnerBody = body::json(&req, &raw.0)?;
    let note = crate::approvals::note(&said.note)?;
    {
        let filter = Filter { id: Some(case), beneficiaries: auth::beneficiaries(&principal), ..Filter::default() };
        let db = state.ctx.pool.get().await?;
        case_list::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
    }
    let mut f = body::Fields::default();
    let mut named = |pointer, text: Option<&str>| match text {
        None => None,
        Some("me") => Some(person),
        Some(text) => text.parse().map_err(|_| f.wrong(pointer, "value", "is no person")).ok(),
    };
    let owner = named("/owner", said.owner.as_deref());
    let instead_of = named("/instead_of", said.instead_of.as_deref());
    f.end()?;
    let answer = views::json(&OwnerView { id: case.to_string(), owner: owner.map(|id| id.to_string()) });
    let command = own_case::Command { case, owner, instead_of, note, caller, now: now() };
    Ok(body::reply(own_case::give(&state.ctx, &command, &key, &answer).await?))
}

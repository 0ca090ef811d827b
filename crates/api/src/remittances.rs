//! `/v1/remittances`: what is remitted to the treasury of the fees that a beneficiary collected, for a week or a month.

use crate::State;
use crate::approvals::note;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, CURRENCY, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::RemittanceId;
use domain::codes::BeneficiaryCode;
use domain::principal::{Scope, Who};
use domain::remittance::{Period, RemittanceStatus, transfer_text};
use jiff::Timestamp;
use jiff::civil::Date;
use payments::remit::{self, Whole};
use serde::{Deserialize, Serialize};
use storage::remittances::{self, Filter, Item, Stored};
use utoipa::{IntoParams, ToSchema};

/// What it says of one fee. `amount` = `collected` − `retained` + `carried`.
#[derive(Serialize, ToSchema)]
pub struct RemittanceItemView {
    pub fee_code: String,
    pub fee_name: String,
    /// Chương
    #[schema(example = "805")]
    pub chapter: String,
    /// Tiểu mục
    #[schema(example = "2716")]
    pub sub_item: String,
    /// Mã địa bàn hành chính
    pub area: String,
    /// What came in less what went back, đồng.
    pub collected: i64,
    /// What the agency keeps.
    pub retained: i64,
    /// Between rules of one fee: what was remitted under one and has been given back since is made good by another.
    pub carried: i64,
    pub amount: i64,
}

impl RemittanceItemView {
    fn new(i: &Item) -> Self {
        Self {
            fee_code: i.fee_code.clone(),
            fee_name: i.fee_name.clone(),
            chapter: i.chapter.clone(),
            sub_item: i.sub_item.clone(),
            area: i.area.clone(),
            collected: i.share.collected.dong(),
            retained: i.share.retained.dong(),
            carried: i.share.carried.dong(),
            amount: i.share.amount.dong(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct RemittanceView {
    pub id: String,
    /// prepared | instructed | paid | cancelled
    pub status: &'static str,
    pub beneficiary_code: String,
    /// weekly | monthly
    pub period: &'static str,
    #[schema(value_type = String, format = Date)]
    pub begins_on: Date,
    #[schema(value_type = String, format = Date)]
    pub ends_on: Date,
    /// The last day on which it is to be made.
    #[schema(value_type = String, format = Date)]
    pub due_on: Date,
    /// The sum of its items, đồng.
    pub amount: i64,
    pub currency: &'static str,
    /// The account of ours that it leaves.
    pub account_code: String,
    /// Mã đơn vị có quan hệ với ngân sách
    pub unit: String,
    pub treasury: String,
    pub treasury_bank_bin: String,
    pub treasury_account: String,
    pub treasury_account_name: String,
    pub reference: String,
    /// What whoever makes the transfer writes: by its code the debit is found on the statement.
    #[schema(example = "LC7K2M9QX4T NOP NSNN 31102026")]
    pub transfer_text: String,
    pub items: Vec<RemittanceItemView>,
    /// The line of the statement that shows its debit.
    pub movement_id: Option<String>,
    pub note: String,
    pub prepared_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl RemittanceView {
    pub(crate) fn new(r: &Stored, items: &[Item]) -> Self {
        Self {
            id: r.id.to_string(),
            status: r.status.as_str(),
            beneficiary_code: r.beneficiary.to_string(),
            period: r.period.as_str(),
            begins_on: r.begins_on,
            ends_on: r.ends_on,
            due_on: r.due_on,
            amount: r.amount.dong(),
            currency: CURRENCY,
            account_code: r.way.account.to_string(),
            unit: r.way.unit.clone(),
            treasury: r.way.treasury.clone(),
            treasury_bank_bin: r.way.bank_bin.clone(),
            treasury_account: r.way.account_number.clone(),
            treasury_account_name: r.way.account_name.clone(),
            reference: r.reference.clone(),
            transfer_text: transfer_text(&r.reference, r.ends_on),
            items: items.iter().filter(|i| i.remittance == r.id).map(RemittanceItemView::new).collect(),
            movement_id: r.movement_id.map(|id| id.to_string()),
            note: r.note.clone(),
            prepared_by: r.prepared_by.clone(),
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

/// What was prepared: one for each treasury account that the fees of the period go to.
#[derive(Serialize, ToSchema)]
pub struct PreparedView {
    pub data: Vec<RemittanceView>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// prepared | instructed | paid | cancelled
    status: Option<String>,
    beneficiary: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// Remittances, newest first.
#[utoipa::path(get, path = "/v1/remittances", tag = "remittances", params(ListQuery),
    responses((status = 200, body = Page<RemittanceView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<RemittanceId> = body::after(query.after.as_deref())?;
    let wrong = |_| Problem::with(Code::QueryInvalid, "status is not one");
    let status = query.status.as_deref().map(|t| t.parse::<RemittanceStatus>().map_err(wrong)).transpose()?;
    let beneficiary = body::filter(&query.beneficiary)?;
    let filter = Filter { id: None, beneficiary, status, beneficiaries: auth::beneficiaries(&principal) };
    let db = state.ctx.pool.get().await?;
    let found = remittances::page(&db, &filter, after, limit).await?;
    let ids: Vec<RemittanceId> = found.iter().map(|r| r.id).collect();
    let items = remittances::items(&db, &ids).await?;
    let list = found.iter().map(|r| RemittanceView::new(r, &items)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &RemittanceView| v.id.clone())))
}

/// One remittance.
#[utoipa::path(get, path = "/v1/remittances/{id}", tag = "remittances", params(("id" = String, Path)),
    responses((status = 200, body = RemittanceView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let beneficiaries = auth::beneficiaries(&principal);
    let filter = Filter { id: Some(id_of(&id)?), beneficiaries, ..Filter::default() };
    let db = state.ctx.pool.get().await?;
    let found = remittances::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
    let items = remittances::items(&db, &[found.id]).await?;
    Ok(HttpResponse::Ok().json(RemittanceView::new(&found, &items)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparationBody {
    beneficiary_code: String,
    /// weekly | monthly
    period: String,
    /// Any day of the period: of a month, or of a week from Monday to Sunday.
    #[schema(value_type = String, format = Date)]
    day: String,
    #[serde(default)]
    note: String,
}

/// Prepares what is to be remitted for a period that is over, from money that stood on a bank account when it ended. A second
/// person decides about each (`/v1/approvals`).
#[utoipa::path(post, path = "/v1/remittances", tag = "remittances", request_body = PreparationBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PreparedView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn prepare(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::DaysClose]).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::new(Code::ScopeMissing)) };
    let idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    let sent: PreparationBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let beneficiary = f.code("/beneficiary_code", BeneficiaryCode::new(sent.beneficiary_code.as_str()));
    let period = f.check("/period", "value", sent.period.parse::<Period>());
    let day = body::civil_date(&sent.day).filter(|day| (2000..=2999).contains(&day.year()));
    let day = f.check("/day", "format", day.ok_or("is a day, written as 2026-10-31"));
    f.end()?;
    let (Some(beneficiary), Some(period), Some(day)) = (beneficiary, period, day) else { return Err(absent()) };
    let preparation = remit::Preparation {
        beneficiary,
        period,
        day,
        note: note(&sent.note)?,
        beneficiaries: auth::beneficiaries(&principal),
        caller,
        idempotency,
        now: now(),
    };
    let render = |all: &[Whole]| {
        let data = all.iter().map(|whole| RemittanceView::new(&whole.stored, &whole.items)).collect();
        views::json(&PreparedView { data })
    };
    Ok(body::reply(remit::prepare(&state.ctx, &preparation, &render).await?))
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct CancelledRemittanceView {
    pub id: String,
    /// cancelled
    pub status: &'static str,
}

/// Gives one up: before it is decided who prepared it, after that anybody who may prepare one, while no statement shows its debit.
/// What it rests on is remitted with another.
#[utoipa::path(post, path = "/v1/remittances/{id}/cancel", tag = "remittances",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = CancelledRemittanceView),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::DaysClose]).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::new(Code::ScopeMissing)) };
    let remittance: RemittanceId = id_of(&id)?;
    let idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let beneficiaries = auth::beneficiaries(&principal);
    let command = remit::Cancel { remittance, beneficiaries, caller, idempotency, now: now() };
    let render = |r: &Stored| views::json(&CancelledRemittanceView { id: r.id.to_string(), status: r.status.as_str() });
    Ok(body::reply(remit::cancel(&state.ctx, &command, &render).await?))
}

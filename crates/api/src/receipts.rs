//! `/v1/receipts`: electronic receipts of fees and charges, for staff and for the client whose obligations they are of. Whoever
//! holds a receipt's address sees it at `/receipts/<token>`.

use crate::State;
use crate::approvals::{ProposedView, note, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{CURRENCY, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::ReceiptId;
use domain::principal::{Principal, Scope, Who};
use domain::receipt::ReceiptStatus;
use jiff::Timestamp;
use jiff::civil::Date;
use payments::replace_receipt;
use serde::{Deserialize, Serialize};
use storage::receipts::{self, Filter, Stored};
use utoipa::{IntoParams, ToSchema};

/// A receipt as it is handed over.
#[derive(Serialize, ToSchema)]
pub struct ReceiptLinkView {
    pub id: String,
    pub obligation_id: String,
    /// EBL01 | EBL02
    pub template: &'static str,
    #[schema(example = "26TAB")]
    pub serial: String,
    pub number: i32,
    /// numbered | issued | replaced | cancelled
    pub status: &'static str,
    #[schema(value_type = String, format = Date)]
    pub issued_on: Date,
    pub amount: i64,
    /// Where it is seen, printed and checked.
    pub url: String,
}

impl ReceiptLinkView {
    pub fn new(r: &Stored, url: String) -> Self {
        Self {
            id: r.id.to_string(),
            obligation_id: r.obligation_id.to_string(),
            template: r.template.as_str(),
            serial: r.serial.clone(),
            number: r.number,
            status: r.status.as_str(),
            issued_on: r.issued_on,
            amount: r.amount.dong(),
            url,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CollectorView {
    pub name: String,
    pub tax_code: String,
    pub address: String,
}

#[derive(Serialize, ToSchema)]
pub struct ReceiptView {
    #[serde(flatten)]
    pub link: ReceiptLinkView,
    pub currency: &'static str,
    /// fee | charge
    pub kind: &'static str,
    pub description: String,
    pub dossier_code: Option<String>,
    pub collector: CollectorView,
    pub series_code: String,
    /// The receipt whose place it takes.
    pub replaces: Option<String>,
    pub replaced_by: Option<String>,
    /// Two persons said that it is to be replaced.
    pub replacement_approval_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signed_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl ReceiptView {
    fn new(state: &State, r: &Stored) -> Self {
        Self {
            link: ReceiptLinkView::new(r, state.ctx.receipt_url(&r.token)),
            currency: CURRENCY,
            kind: r.kind.as_str(),
            description: r.description.clone(),
            dossier_code: r.dossier_code.clone(),
            collector: CollectorView {
                name: r.collector_name.clone(),
                tax_code: r.collector_tax_code.clone(),
                address: r.collector_address.clone(),
            },
            series_code: r.series_code.clone(),
            replaces: r.replaces.map(|id| id.to_string()),
            replaced_by: r.replaced_by.map(|id| id.to_string()),
            replacement_approval_id: r.replacement_by.map(|id| id.to_string()),
            signed_at: r.signed_at,
            updated_at: r.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// numbered | issued | replaced | cancelled
    status: Option<String>,
    /// The day that stands on it.
    issued_on: Option<String>,
    obligation_id: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

fn seen_by(principal: &Principal) -> Filter {
    match principal.who {
        Who::Client(id) => Filter { client: Some(id), ..Filter::default() },
        Who::Person(_) | Who::System => Filter { beneficiaries: auth::beneficiaries(principal), ..Filter::default() },
    }
}

fn wrong(what: &str) -> Problem {
    Problem::with(Code::QueryInvalid, format!("{what} is not one"))
}

/// Receipts, newest first. A client sees those of its obligations.
#[utoipa::path(get, path = "/v1/receipts", tag = "receipts", params(ListQuery),
    responses((status = 200, body = Page<ReceiptView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<ReceiptId> = body::after(query.after.as_deref())?;
    let status = query.status.as_deref().map(|t| t.parse::<ReceiptStatus>().map_err(|_| wrong("status")));
    let day = query.issued_on.as_deref().map(|t| body::civil_date(t).ok_or_else(|| wrong("issued_on")));
    let obligation = query.obligation_id.as_deref().map(|t| t.parse().map_err(|_| wrong("obligation_id")));
    let filter = Filter {
        status: status.transpose()?,
        issued_on: day.transpose()?,
        obligation: obligation.transpose()?,
        ..seen_by(&principal)
    };
    let db = state.ctx.pool.get().await?;
    let found = receipts::page(&db, &filter, after, limit).await?;
    let list = found.iter().map(|r| ReceiptView::new(&state, r)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &ReceiptView| v.link.id.clone())))
}

/// One receipt.
#[utoipa::path(get, path = "/v1/receipts/{id}", tag = "receipts", params(("id" = String, Path)),
    responses((status = 200, body = ReceiptView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let filter = Filter { id: Some(id_of(&id)?), ..seen_by(&principal) };
    let db = state.ctx.pool.get().await?;
    let found = receipts::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(ReceiptView::new(&state, &found)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplacementBody {
    /// What is wrong with it, e.g. `tax_code`.
    reason_code: String,
    #[serde(default)]
    note: String,
}

/// Proposes that another receipt takes the place of this one, made from the series in force and the obligation as it then is. A
/// second person decides (`/v1/approvals`).
#[utoipa::path(post, path = "/v1/receipts/{id}/replacements", tag = "receipts", request_body = ReplacementBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn replace(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::CasesWrite]).await?;
    let receipt: ReceiptId = id_of(&id)?;
    let idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    let sent: ReplacementBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let reason_code = f.text("/reason_code", &sent.reason_code, 1, 64).unwrap_or_default();
    f.end()?;
    let proposal = replace_receipt::Proposal {
        receipt,
        reason_code,
        note: note(&sent.note)?,
        beneficiaries: auth::beneficiaries(&principal),
        caller,
        idempotency,
        now: now(),
    };
    Ok(body::reply(replace_receipt::propose(&state.ctx, &proposal, &proposed).await?))
}

//! `/v1/payments`: staff see those of their beneficiaries; a client those of its intents and those that settled its
//! obligations, without payer data. The receipt of a payment is its provider's document, for the client whose intent was paid.

use crate::State;
use crate::auth;
use crate::body;
use crate::door::now;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::refunds::RefundView;
use crate::views::{self, Page, PaymentView, PaymentWholeView};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::PaymentId;
use domain::principal::{Principal, Scope, Who};
use payments::fetch_receipt;
use serde::Deserialize;
use storage::payments::Filter;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    intent_id: Option<String>,
    obligation_id: Option<String>,
    channel: Option<String>,
    provider_txn_id: Option<String>,
    /// The Hanoi date under which it is booked.
    business_date: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

pub(crate) fn seen_by(principal: &Principal) -> Filter {
    let client = match principal.who {
        Who::Client(id) => Some(id.uuid()),
        Who::Person(_) | Who::System => None,
    };
    let scoped = client.is_none() && !principal.beneficiaries.is_empty();
    Filter { client, beneficiaries: scoped.then(|| principal.beneficiaries.clone()), ..Filter::default() }
}

fn wrong(what: &str) -> Problem {
    Problem::with(Code::QueryInvalid, format!("{what} is not one"))
}

/// Payments, newest first.
#[utoipa::path(get, path = "/v1/payments", tag = "payments", params(ListQuery),
    responses((status = 200, body = Page<PaymentView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<PaymentId> = body::after(query.after.as_deref())?;
    let intent = query.intent_id.as_deref().map(|t| t.parse::<domain::IntentId>().map_err(|_| wrong("intent_id")));
    let obligation =
        query.obligation_id.as_deref().map(|t| t.parse::<domain::ObligationId>().map_err(|_| wrong("obligation_id")));
    let date = query.business_date.as_deref().map(|t| body::civil_date(t).ok_or_else(|| wrong("business_date")));
    let filter = Filter {
        intent: intent.transpose()?.map(domain::IntentId::uuid),
        obligation: obligation.transpose()?.map(domain::ObligationId::uuid),
        channel: body::filter(&query.channel)?,
        provider_txn_id: body::filter(&query.provider_txn_id)?,
        business_date: date.transpose()?,
        ..seen_by(&principal)
    };
    let db = state.ctx.pool.get().await?;
    let found = storage::payments::page(&db, &filter, after, limit).await?;
    let ids: Vec<_> = found.iter().map(|s| s.payment.id.uuid()).collect();
    let parts = storage::payments::parts(&db, &ids).await?;
    let list = found.iter().map(|s| PaymentView::new(s, &parts)).collect();
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &PaymentView| v.id.clone())))
}

/// One payment with its sightings, allocations and journals.
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "payments", params(("id" = String, Path)),
    responses((status = 200, body = PaymentWholeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let principal = auth::client_or_staff(&req, &state, Scope::PaymentsRead, Scope::ReportsRead).await?;
    let id: PaymentId = id_of(&id)?;
    let db = state.ctx.pool.get().await?;
    let filter = Filter { id: Some(id.uuid()), ..seen_by(&principal) };
    let shown = storage::payments::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?;
    let parts = storage::payments::parts(&db, &[id.uuid()]).await?;
    let sightings = storage::sightings::of_payment(&db, id).await?;
    let booked = storage::payments::journals(&db, id).await?;
    let refunds = storage::refunds::of_payment(&db, id).await?;
    Ok(HttpResponse::Ok().json(PaymentWholeView {
        payment: PaymentView::new(&shown, &parts),
        sightings: sightings.iter().map(views::sighting).collect(),
        journals: views::journals(&booked),
        refunds: refunds.iter().map(|r| RefundView::new(r, None)).collect(),
    }))
}

/// The receipt that the provider made of a payment, as it gives it now; it names the payer. Nothing of it is kept here.
#[utoipa::path(get, path = "/v1/payments/{id}/receipt", tag = "payments", params(("id" = String, Path)),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn receipt(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsRead).await?;
    let id: PaymentId = id_of(&id)?;
    let receipt = fetch_receipt::fetch(&state.ctx, client, id, now()).await?;
    let file = format!("attachment; filename=\"{id}.pdf\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, file))
        .content_type(receipt.content_type)
        .body(receipt.bytes))
}

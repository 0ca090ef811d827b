//! `/v1/parked`: what was given up for a person to look at, and driving it again.

use crate::State;
use crate::auth;
use crate::body;
use crate::door::{RawBody, named, request_id};
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::{EndpointId, EventId, MailId, RefundId, SightingId};
use jiff::Timestamp;
use payments::drive_parked::{self, Driven, Which};
use serde::{Deserialize, Serialize};
use storage::parked::{self, Delivery, Refund, Report};
use storage::receipt_mail;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// inbox | deliveries | refunds | mails
    #[param(required = true)]
    kind: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// Something parked. Members that do not belong to its kind are null.
#[derive(Serialize, ToSchema)]
pub struct ParkedView {
    /// By it, it is driven again: `sgt_…` of a report, `evt_…` of a delivery, `rfd_…` of a refund, `eml_…` of a mail.
    id: String,
    /// inbox | deliveries | refunds | mails
    kind: &'static str,
    /// Why: what could not be read, or the last answer; of a refund its status, `submitted` or `unknown`.
    reason: String,
    /// When it came, was given up, or was heard of last.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    source: Option<String>,
    channel: Option<String>,
    profile: Option<String>,
    case_id: Option<String>,
    client: Option<String>,
    event_type: Option<String>,
    endpoint_id: Option<String>,
    /// Nothing goes to an endpoint that was removed.
    endpoint_active: Option<bool>,
    /// How often it was sent; of a refund, how often its provider was asked to make it.
    attempts: Option<i32>,
    payment_id: Option<String>,
    /// Of a refund, in đồng.
    amount: Option<i64>,
    /// What a mail is about.
    receipt_id: Option<String>,
    /// What it says: issued | replaced | cancelled
    says: Option<&'static str>,
    #[serde(skip)]
    cursor: String,
}

impl ParkedView {
    fn of(kind: &'static str, id: impl std::fmt::Display, reason: impl Into<String>, at: Timestamp) -> Self {
        let id = id.to_string();
        Self {
            cursor: id.clone(),
            id,
            kind,
            reason: reason.into(),
            at,
            source: None,
            channel: None,
            profile: None,
            case_id: None,
            client: None,
            event_type: None,
            endpoint_id: None,
            endpoint_active: None,
            attempts: None,
            payment_id: None,
            amount: None,
            receipt_id: None,
            says: None,
        }
    }

    fn of_report(r: Report) -> Self {
        Self {
            source: Some(r.source),
            channel: Some(r.channel),
            profile: Some(r.profile),
            case_id: Some(r.case_id.to_string()),
            ..Self::of("inbox", r.id, r.reason, r.received_at)
        }
    }

    fn of_delivery(d: Delivery) -> Self {
        Self {
            case_id: d.case_id.map(|id| id.to_string()),
            client: Some(d.client),
            event_type: Some(d.event_type),
            endpoint_id: Some(d.endpoint_id.to_string()),
            endpoint_active: Some(d.endpoint_active),
            attempts: Some(d.attempts),
            cursor: format!("{}.{}", d.event_id, d.endpoint_id),
            ..Self::of("deliveries", d.event_id, d.last_result.unwrap_or_default(), d.updated_at)
        }
    }

    fn of_refund(r: Refund) -> Self {
        Self {
            channel: Some(r.channel),
            profile: Some(r.profile),
            case_id: r.case_id.map(|id| id.to_string()),
            attempts: Some(r.calls),
            payment_id: Some(r.payment_id.to_string()),
            amount: Some(r.amount.dong()),
            ..Self::of("refunds", r.id, r.status.as_str(), r.updated_at)
        }
    }

    fn of_mail(m: receipt_mail::Parked) -> Self {
        Self {
            attempts: Some(m.attempts),
            receipt_id: Some(m.receipt.to_string()),
            says: Some(m.says.as_str()),
            ..Self::of("mails", m.id, m.said.unwrap_or_default(), m.updated_at)
        }
    }
}

/// The place after a delivery.
struct AfterDelivery(EventId, EndpointId);

impl std::str::FromStr for AfterDelivery {
    type Err = domain::NotAnId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (event, endpoint) = text.split_once('.').ok_or(domain::NotAnId)?;
        Ok(Self(event.parse()?, endpoint.parse()?))
    }
}

/// What is parked, newest first: rightly signed and unreadable reports, deliveries and mails that were given up, refunds that were handed
/// to a provider and whose end is not known.
#[utoipa::path(get, path = "/v1/parked", tag = "administration", params(ListQuery),
    responses((status = 200, body = Page<ParkedView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    by.of_all()?;
    let limit = body::limit(query.limit)?;
    let after = query.after.as_deref();
    let db = state.ctx.pool.get().await?;
    let list: Vec<ParkedView> = match body::needed("kind", &query.kind)? {
        "inbox" => {
            let after: Option<SightingId> = body::after(after)?;
            parked::reports(&db, after, limit).await?.into_iter().map(ParkedView::of_report).collect()
        }
        "deliveries" => {
            let after = body::after::<AfterDelivery>(after)?.map(|AfterDelivery(event, endpoint)| (event, endpoint));
            parked::deliveries(&db, after, limit).await?.into_iter().map(ParkedView::of_delivery).collect()
        }
        "refunds" => {
            let after: Option<RefundId> = body::after(after)?;
            parked::refunds(&db, after, limit).await?.into_iter().map(ParkedView::of_refund).collect()
        }
        "mails" => {
            let after: Option<MailId> = body::after(after)?;
            receipt_mail::parked(&db, after, limit).await?.into_iter().map(ParkedView::of_mail).collect()
        }
        _ => return Err(Problem::with(Code::QueryInvalid, "kind is inbox, deliveries, refunds or mails")),
    };
    Ok(HttpResponse::Ok().json(Page::new(list, limit, |v: &ParkedView| v.cursor.clone())))
}

#[derive(Serialize, ToSchema)]
pub struct DrivenView {
    id: String,
    /// Deliveries that go out again; 0 for anything else.
    deliveries: u64,
}

/// Drives it again: a report is verified and taken as if it came now, a delivery or a mail goes out once more, a refund's provider is
/// asked at once.
#[utoipa::path(post, path = "/v1/parked/{id}/retry", tag = "administration",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = DrivenView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn retry(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let which: Which = id.parse().map_err(|_| absent())?;
    let ctx = state.ctx.clone();
    let work = async move {
        let render = |d: &Driven| (200, views::json(&DrivenView { id: d.id.clone(), deliveries: d.deliveries }));
        Ok(body::reply(drive_parked::answer(&ctx, &by, which, &request, render).await?))
    };
    // taking it goes on when the caller hangs up
    let driven = actix_web::rt::spawn(named(request_id(), work.in_current_span())).await;
    driven.unwrap_or_else(|_| Err(Problem::new(Code::Internal)))
}

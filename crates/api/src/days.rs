//! `/v1/reconciliation/{date}`: a day of a bank account or of a provider's contract, and its closing.

use crate::State;
use crate::auth;
use crate::body;
use crate::door::{RawBody, now};
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use crate::views::{self, CURRENCY};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::{AccountCode, ProfileCode};
use domain::principal::{Principal, Scope, Who};
use domain::reconciliation::{DayScope, Gap};
use jiff::civil::Date;
use payments::close_day::{self, Asked, Command, Day};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Exactly one of the two.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// A bank account of ours, `<bank bin>.<account number>`.
    account: Option<String>,
    /// A contract with a provider.
    profile: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CountsView {
    pub matched: i64,
    pub unmatched: i64,
    pub case: i64,
    /// Told already by another file.
    pub duplicate: i64,
    pub ignored: i64,
}

/// A case of the day.
#[derive(Serialize, ToSchema)]
pub struct DifferenceView {
    pub kind: String,
    pub amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub movement_id: Option<String>,
    pub case_id: String,
    /// open | proposed | closed
    pub status: String,
}

/// An amount that stands between the day and its closing.
#[derive(Serialize, ToSchema)]
pub struct GapView {
    /// statement_missing | opening_differs | closing_differs | statement_gap | in_differs | out_differs | movements_open |
    /// settlement_missing | payments_not_settled | lines_unknown | amounts_differ | gross_differs | settled_differs
    pub kind: &'static str,
    pub ours: i64,
    /// Null where the other side has said nothing.
    pub theirs: Option<i64>,
    /// Theirs less ours.
    pub difference: i64,
}

pub(crate) fn gaps(gaps: &[Gap]) -> Vec<GapView> {
    let view = |g: &Gap| GapView {
        kind: g.kind.as_str(),
        ours: g.ours.dong(),
        theirs: g.theirs.map(domain::Vnd::dong),
        difference: g.difference().dong(),
    };
    gaps.iter().map(view).collect()
}

/// A provider's settlement files of the day, added up.
#[derive(Serialize, ToSchema)]
pub struct SettledView {
    pub gross: i64,
    pub fee: i64,
    pub refunds: i64,
    pub net: i64,
}

/// A day, in đồng.
#[derive(Serialize, ToSchema)]
pub struct DayView {
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    pub currency: &'static str,
    /// By our ledger, as the next three.
    pub opening: i64,
    #[serde(rename = "in")]
    pub moved_in: i64,
    pub out: i64,
    pub closing: i64,
    /// By the bank's statements; null where none covers the day, and for a profile.
    pub statement_closing: Option<i64>,
    /// Null where no file is of the day, and for an account.
    pub settlement: Option<SettledView>,
    pub counts: CountsView,
    /// Its cases, oldest first, at most 500; `GET /v1/cases` lists them all.
    pub differences: Vec<DifferenceView>,
    /// How many cases it has; more than are listed where there are more than 500.
    pub differences_total: i64,
    /// Empty when the day ties out.
    pub gaps: Vec<GapView>,
    /// open | closed
    pub status: &'static str,
    /// Null while it is open, and where it was closed with a later day.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<jiff::Timestamp>,
    pub closed_by: Option<String>,
}

impl DayView {
    pub(crate) fn new(day: &Day) -> Self {
        let (account, profile) = match &day.scope {
            DayScope::Account(code) => (Some(code.to_string()), None),
            DayScope::Profile(code) => (None, Some(code.to_string())),
        };
        let c = &day.counts;
        Self {
            date: day.date,
            account,
            profile,
            currency: CURRENCY,
            opening: day.opening.dong(),
            moved_in: day.moved_in.dong(),
            out: day.moved_out.dong(),
            closing: day.closing.dong(),
            statement_closing: day.statement_closing.map(domain::Vnd::dong),
            settlement: day.settled.map(|s| SettledView {
                gross: s.gross.dong(),
                fee: s.fee.dong(),
                refunds: s.refunds.dong(),
                net: s.net.dong(),
            }),
            counts: CountsView {
                matched: c.matched,
                unmatched: c.unmatched,
                case: c.in_case,
                duplicate: c.duplicate,
                ignored: c.ignored,
            },
            differences: day
                .differences
                .iter()
                .map(|d| DifferenceView {
                    kind: d.kind.clone(),
                    amount: d.amount.dong(),
                    payment_id: d.payment_id.map(|id| id.to_string()),
                    movement_id: d.movement_id.clone(),
                    case_id: d.id.to_string(),
                    status: d.status.clone(),
                })
                .collect(),
            differences_total: day.differences_total,
            gaps: gaps(&day.gaps),
            status: if day.is_closed { "closed" } else { "open" },
            closed_at: day.closed.as_ref().map(|c| c.at),
            closed_by: day.closed.as_ref().map(|c| c.by.clone()),
        }
    }
}

/// What is not a date, an account or a profile is as absent as one that is not there.
pub(crate) fn asked(date: &str, query: &DayQuery, principal: &Principal) -> Result<Asked, Problem> {
    let date: Date = body::civil_date(date).ok_or_else(absent)?;
    let scope = match (&query.account, &query.profile) {
        (Some(code), None) => DayScope::Account(AccountCode::new(code.as_str()).map_err(|_| absent())?),
        (None, Some(code)) => DayScope::Profile(ProfileCode::new(code.as_str()).map_err(|_| absent())?),
        _ => return Err(Problem::with(Code::QueryInvalid, "name an account or a profile, one of the two")),
    };
    // the books know dates that people write
    if !(1970..=9998).contains(&date.year()) {
        return Err(absent());
    }
    Ok(Asked { scope, date, beneficiaries: auth::beneficiaries(principal) })
}

/// A day of an account or of a profile. A person sees it when all that have a part in it are theirs.
#[utoipa::path(get, path = "/v1/reconciliation/{date}", tag = "reconciliation", params(("date" = String, Path), DayQuery),
    responses((status = 200, body = DayView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let day = close_day::read(&state.ctx, &asked(&date, &query, &principal)?).await?;
    Ok(HttpResponse::Ok().json(DayView::new(&day)))
}

/// Closes a day that ties out, and with it all days before it. A second closing is refused with `day_closed`; a repeat
/// with the same key is answered as the first.
#[utoipa::path(post, path = "/v1/reconciliation/{date}/close", tag = "reconciliation",
    params(("date" = String, Path), DayQuery, ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = DayView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn close(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<DayQuery>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::DaysClose]).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::new(Code::ScopeMissing)) };
    let mut idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let asked = asked(&date, &query, &principal)?;
    // which day it is stands in the query, not in the path
    idempotency.scope = format!("{} {}", idempotency.scope, asked.scope);
    let command = Command { asked, caller, idempotency, now: now() };
    let render = |day: &Day| (200, views::json(&DayView::new(day)));
    Ok(body::reply(close_day::close(&state.ctx, &command, &render).await?))
}

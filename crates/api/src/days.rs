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
use domain::principal::{Principal, Scope};
use domain::reconciliation::{DayScope, Gap};
use jiff::civil::Date;
use payments::close_day::{self, Asked, Command, Day};
use payments::closing_report;
use serde::{Deserialize, Serialize};
use storage::day_report::{Closing, ControlTotal, LateLine};
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

/// A part of what payers brought on a day.
#[derive(Serialize, ToSchema)]
pub struct TotalView {
    pub agency: Option<String>,
    pub fee_code: Option<String>,
    pub channel: String,
    /// Where it pays no fee: why it waits, `refund`, or `written_off`.
    pub instead: Option<String>,
    /// How many payments have a part in it.
    pub payments: i64,
    pub amount: i64,
}

impl TotalView {
    fn new(t: &ControlTotal) -> Self {
        let ControlTotal { agency, fee_code, channel, instead, payments, amount } = t.clone();
        Self { agency, fee_code, channel, instead, payments, amount: amount.dong() }
    }
}

/// A booking whose own day was closed when it came.
#[derive(Serialize, ToSchema)]
pub struct LateView {
    /// The day that it is for.
    #[schema(value_type = String, format = Date)]
    pub for_day: Date,
    /// The day on which it was booked.
    #[schema(value_type = String, format = Date)]
    pub booked_on: Date,
    /// The day whose sums have it: its own again, once that was opened and closed anew.
    #[schema(value_type = String, format = Date)]
    pub counts_on: Date,
    /// In đồng, as the account has it.
    pub amount: i64,
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
}

impl LateView {
    fn new(l: &LateLine) -> Self {
        Self {
            for_day: l.for_day,
            booked_on: l.booked_on,
            counts_on: l.counts_on,
            amount: l.amount.dong(),
            payment_id: l.payment_id.map(|id| id.to_string()),
            movement_id: l.movement_id.map(|id| id.to_string()),
        }
    }
}

/// A closing that the day had, or has.
#[derive(Serialize, ToSchema)]
pub struct ClosingView {
    /// in_force | reopened
    pub status: &'static str,
    pub opening: i64,
    #[serde(rename = "in")]
    pub moved_in: i64,
    pub out: i64,
    pub closing: i64,
    pub closed_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub closed_at: jiff::Timestamp,
    /// Null while it is in force.
    pub reopened: Option<ReopenedView>,
    /// What it was closed with, as it was seen then: sums, control totals, open cases and late lines, at most 500 of each with how
    /// many there were. Null of a closing from before reports were kept.
    #[schema(value_type = Option<Object>)]
    pub report: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
pub struct ReopenedView {
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    pub proposed_by: Option<String>,
    pub approved_by: String,
    /// Why, in the words of who proposed it.
    pub note: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ClosingsView {
    /// The newest first; none where the day was closed with a later one, or never.
    pub closings: Vec<ClosingView>,
}

impl ClosingView {
    fn new(c: &Closing) -> Self {
        let reopened = c.reopened.as_ref().map(|r| ReopenedView {
            at: r.at,
            proposed_by: r.proposed_by.clone(),
            approved_by: r.approved_by.clone(),
            note: r.note.clone(),
        });
        Self {
            status: if reopened.is_some() { "reopened" } else { "in_force" },
            opening: c.opening.dong(),
            moved_in: c.moved_in.dong(),
            out: c.moved_out.dong(),
            closing: c.closing.dong(),
            closed_by: c.closed_by.clone(),
            closed_at: c.closed_at,
            reopened,
            report: c.report.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }
    }
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
    /// Where the đồng are that payers brought on the day, by agency, fee and channel; together its payments, less what was taken back.
    pub control_totals: Vec<TotalView>,
    /// What came when its own day was closed: on this day, or for it; at most 500.
    pub late_lines: Vec<LateView>,
    /// How much did; more than is listed where there are more than 500.
    pub late_lines_total: i64,
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
            control_totals: day.control_totals.iter().map(TotalView::new).collect(),
            late_lines: day.late_lines.iter().map(LateView::new).collect(),
            late_lines_total: day.late_lines_total,
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

/// Every closing that a day had: what it was closed with and by whom, and that it was opened again.
#[utoipa::path(get, path = "/v1/reconciliation/{date}/closings", tag = "reconciliation", params(("date" = String, Path), DayQuery),
    responses((status = 200, body = ClosingsView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn closings(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let Asked { scope, date, beneficiaries } = asked(&date, &query, &principal)?;
    let found = closing_report::closings(&state.ctx, &scope, date, beneficiaries.as_deref()).await?;
    Ok(HttpResponse::Ok().json(ClosingsView { closings: found.iter().map(ClosingView::new).collect() }))
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
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::DaysClose]).await?;
    let mut idempotency = body::idempotency(&req, person.uuid(), &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let asked = asked(&date, &query, &principal)?;
    // which day it is stands in the query, not in the path
    idempotency.scope = format!("{} {}", idempotency.scope, asked.scope);
    let command = Command { asked, caller, idempotency, now: now() };
    let render = |day: &Day| (200, views::json(&DayView::new(day)));
    Ok(body::reply(close_day::close(&state.ctx, &command, &render).await?))
}

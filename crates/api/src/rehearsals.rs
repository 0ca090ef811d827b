//! `/v1/matching/dry-runs`: what another rule of matching would make of lines that are in the books. Nothing is kept.

use crate::State;
use crate::admin::accounts::TELLERS;
use crate::auth;
use crate::body::{self, Fields};
use crate::considered::named;
use crate::door::RawBody;
use crate::obligations::absent;
use crate::problem::Problem;
use crate::statements::may_see;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::AccountCode;
use domain::matching::Claim;
use domain::principal::Scope;
use jiff::civil::Date;
use payments::rehearse::{self, Change, Otherwise, Outcome, Rehearsal, RehearseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is tried; what is left out stays as it is in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// Worked days between two sights of one transfer, at most 10; two are in force.
    #[serde(default)]
    days_apart: Option<u32>,
    /// In place of the account's: sepay, casso, payos, camt, mt940, csv.
    #[serde(default)]
    own_numbering: Option<Vec<String>>,
    /// Days off beside those of the calendar.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    days_off: Vec<Date>,
    /// Days worked beside those of the calendar.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    days_worked: Vec<Date>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunBody {
    account: String,
    /// The first booking day.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// The last one, 31 days at most.
    #[schema(value_type = String, format = Date)]
    to: Date,
    change: ChangeBody,
}

/// What a line is, by a rule.
#[derive(Serialize, ToSchema)]
pub struct FoundView {
    pub payment_id: Option<String>,
    pub sighting_id: Option<String>,
    pub rule: &'static str,
}

impl FoundView {
    fn new(claim: Claim) -> Option<Self> {
        let (what, rule) = claim?;
        let (payment_id, sighting_id) = named(what);
        Some(Self { payment_id, sighting_id, rule: rule.as_str() })
    }
}

/// A line that would be something else. Null: nothing that was told of; new money, or a case.
#[derive(Serialize, ToSchema)]
pub struct OtherwiseView {
    pub statement_id: String,
    pub line: i32,
    pub movement_id: String,
    #[schema(value_type = String, format = Date)]
    pub booking_date: Date,
    pub amount: i64,
    /// As the books have it.
    pub kept: Option<FoundView>,
    /// By the rules in force.
    pub now: Option<FoundView>,
    /// By those that are tried.
    pub then: Option<FoundView>,
}

impl OtherwiseView {
    fn new(o: &Otherwise) -> Self {
        Self {
            statement_id: o.line.statement.to_string(),
            line: o.line.line_no,
            movement_id: o.line.id.to_string(),
            booking_date: o.line.booking_date,
            amount: o.line.amount.dong(),
            kept: FoundView::new(o.line.kept()),
            now: FoundView::new(o.now),
            then: FoundView::new(o.then),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DryRunView {
    /// Credits of these days that are a payment's or nobody's.
    pub lines: usize,
    /// Those of them that the books have as the rules in force say.
    pub as_kept: usize,
    pub otherwise: Vec<OtherwiseView>,
}

impl DryRunView {
    fn new(outcome: &Outcome) -> Self {
        let otherwise = outcome.otherwise.iter().map(OtherwiseView::new).collect();
        Self { lines: outcome.lines, as_kept: outcome.as_kept, otherwise }
    }
}

/// Plays the rules over lines of an account as they are in force and as they would be. Reads only.
#[utoipa::path(post, path = "/v1/matching/dry-runs", tag = "reconciliation", request_body = DryRunBody,
    responses((status = 200, body = DryRunView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn dry_run(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::CasesWrite]).await?;
    let said: DryRunBody = body::json(&req, &raw.0)?;
    let account = AccountCode::new(said.account.as_str()).map_err(|_| absent())?;
    may_see(&state, &principal, &account).await?;
    let mut f = Fields::default();
    for (i, teller) in said.change.own_numbering.iter().flatten().enumerate() {
        if !TELLERS.contains(&teller.as_str()) {
            f.wrong(&format!("/change/own_numbering/{i}"), "value", format!("is one of {}", TELLERS.join(", ")));
        }
    }
    f.end()?;
    let ChangeBody { days_apart, own_numbering, days_off, days_worked } = said.change;
    let change = Change { days_apart, own_numbering, days_off, days_worked };
    let wanted = Rehearsal { account, from: said.from, to: said.to, change };
    let outcome = rehearse::rehearse(&state.ctx, &wanted).await?;
    Ok(HttpResponse::Ok().json(DryRunView::new(&outcome)))
}

impl From<RehearseError> for Problem {
    fn from(error: RehearseError) -> Self {
        let pointer = match error {
            RehearseError::Storage(error) => return error.into(),
            RehearseError::AccountAbsent => return absent(),
            RehearseError::NothingChanged | RehearseError::Calendar => "/change",
            RehearseError::Apart => "/change/days_apart",
            RehearseError::Days | RehearseError::TooMany => "/to",
        };
        let mut f = Fields::default();
        f.wrong(pointer, "value", error);
        f.end().err().unwrap_or_else(absent)
    }
}

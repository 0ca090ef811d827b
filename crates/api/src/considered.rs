//! `/v1/statements/{id}/lines/{n}`: why a line is what it is, with all that it could have been. Neither the bank's text nor
//! anybody's name is shown.

use crate::State;
use crate::auth;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::statements::may_see;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::StatementId;
use domain::codes::AccountCode;
use domain::matching::What;
use domain::matching::explained::Verdict;
use domain::principal::Scope;
use jiff::civil::Date;
use payments::considered::{self, Shown};
use payments::import_statement;
use serde::Serialize;
use storage::side_by_side::{self, Line};
use utoipa::ToSchema;

/// Something that a line could have been. Points order what is read; they have decided nothing.
#[derive(Serialize, ToSchema)]
pub struct ConsideredView {
    /// What was told of: a payment, or a report that waits.
    pub payment_id: Option<String>,
    pub sighting_id: Option<String>,
    /// In đồng.
    pub amount: i64,
    #[schema(value_type = String, format = Date)]
    pub told_on: Date,
    /// Of the intent that it names.
    pub reference: Option<String>,
    pub score: u32,
    /// What agrees: amount, bank_ref, day, near_day, reference.
    pub agreed: Vec<&'static str>,
    /// The rule by which it was chosen; null: it was refused.
    pub chosen_by: Option<&'static str>,
    /// Why it was refused: amount_differs | reference_differs | other_intent | too_far_apart | line_before_report | returns_money |
    /// of_another_line | may_be_known | agrees_less | one_of_several | not_proven | known_later
    pub refused_for: Option<&'static str>,
    /// The line that has it.
    pub movement_id: Option<String>,
}

impl ConsideredView {
    pub fn new(shown: &Shown) -> Self {
        let considered = &shown.considered;
        let (chosen_by, refused_for) = match considered.verdict {
            Verdict::Chosen(rule) => (Some(rule.as_str()), None),
            Verdict::Refused(why) => (None, Some(why.as_str())),
        };
        let (payment_id, sighting_id) = named(considered.what);
        Self {
            payment_id,
            sighting_id,
            amount: shown.amount.dong(),
            told_on: shown.day,
            reference: shown.reference.clone(),
            score: considered.score,
            agreed: considered.agreed.iter().copied().collect(),
            chosen_by,
            refused_for,
            movement_id: shown.line.map(|id| id.to_string()),
        }
    }
}

/// The payment, or the report.
pub(crate) fn named(what: What) -> (Option<String>, Option<String>) {
    match what {
        What::Payment(id) => (Some(id.to_string()), None),
        What::Sighting(id) => (None, Some(id.to_string())),
    }
}

#[derive(Serialize, ToSchema)]
pub struct LineView {
    pub line: i32,
    #[schema(value_type = String, format = Date)]
    pub booking_date: Date,
    /// Credit above zero, debit below, in đồng.
    pub amount: i64,
    pub bank_ref: Option<String>,
    /// Another file had told of it.
    pub repeated: bool,
    /// matched | case; null: nobody has claimed it yet.
    pub fate: Option<String>,
    /// By which rule it was claimed.
    pub rule: Option<String>,
    pub payment_id: Option<String>,
    /// A settlement, a refund or an account of the books, where it is no payment.
    pub other: Option<String>,
    /// The newest case about it that is not closed.
    pub case_id: Option<String>,
    /// What was told of around its day with its amount or its name, the chosen one first, then most points first; 20 at most.
    pub considered: Vec<ConsideredView>,
}

impl LineView {
    fn new(line: Line, considered: &[Shown]) -> Self {
        Self {
            line: line.number,
            booking_date: line.booking_date,
            amount: line.amount.dong(),
            bank_ref: line.bank_ref,
            repeated: line.repeated,
            fate: line.fate,
            rule: line.rule,
            payment_id: line.payment.map(|id| id.to_string()),
            other: line.other,
            case_id: line.case.map(|id| id.to_string()),
            considered: considered.iter().map(ConsideredView::new).collect(),
        }
    }
}

/// One line of a statement: what it is, and what else it could have been.
#[utoipa::path(get, path = "/v1/statements/{id}/lines/{n}", tag = "statements", params(("id" = String, Path), ("n" = i32, Path)),
    responses((status = 200, body = LineView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, at: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let id: StatementId = id_of(&at.0)?;
    let number: i32 = at.1.parse().ok().filter(|n| *n > 0).ok_or_else(|| Problem::new(Code::NotFound))?;
    let shown = import_statement::shown(&state.ctx, id).await?.ok_or_else(absent)?;
    let account = AccountCode::new(shown.account.as_str()).map_err(|_| absent())?;
    may_see(&state, &principal, &account).await?;
    let line = {
        let db = state.ctx.pool.get().await?;
        side_by_side::lines(&db, id, (number - 1, false), 1).await?.pop()
    };
    let line = line.filter(|line| line.number == number).ok_or_else(absent)?;
    let own = auth::beneficiaries(&principal);
    let considered = considered::of_line(&state.ctx, id, number, own.as_deref()).await?;
    Ok(HttpResponse::Ok().json(LineView::new(line, &considered)))
}

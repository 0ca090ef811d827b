//! `/v1/reconciliation/{date}/report`: a day on paper, as an accountant signs it. Of a closed day it prints what that closing kept
//! and nothing that came later; of any other, what the day shows now, and that it is not closed.

mod figures;
mod sheet;

use crate::State;
use crate::auth;
use crate::days::{DayQuery, DayView, asked};
use crate::problem::{Code, Problem};
use crate::reports::exported;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::principal::Scope;
use domain::reconciliation::DayScope;
use figures::Figures;
use payments::close_day::{self, Asked};
use payments::closing_report;
use report_files::sheets::print;
use storage::desk;

/// A day as a PDF, for printing and signing. A person sees it when all that have a part in it are theirs.
#[utoipa::path(get, path = "/v1/reconciliation/{date}/report", tag = "reconciliation", params(("date" = String, Path), DayQuery),
    responses((status = 200, content((Vec<u8> = "application/pdf"))),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let asked = asked(&date, &query, &principal)?;
    let figures = match kept(&state, &asked).await? {
        Some(kept) => kept,
        None => Figures::now(&DayView::new(&close_day::read(&state.ctx, &asked).await?)),
    };
    let closer = closer(&state, &figures).await?;
    let channels = state.ctx.providers.iter().map(|p| (p.channel.as_str().to_owned(), p.names.vi)).collect();
    let sheet = sheet::Sheet { figures: &figures, day: asked.date, of: &asked.scope, closer, channels };
    let name = format!("closing-{}-{}.pdf", asked.date, code(&asked.scope));
    exported(&state.ctx, &caller, name.clone()).await?;
    let bytes = print(&sheet.title(), &sheet.tables()).ok_or_else(|| Problem::new(Code::Internal))?;
    let file = format!("attachment; filename=\"{name}\"");
    Ok(HttpResponse::Ok().content_type("application/pdf").insert_header((CONTENT_DISPOSITION, file)).body(bytes))
}

/// What the closing in force was closed with; none where the day is open, or was closed with a later one.
async fn kept(state: &State, asked: &Asked) -> Result<Option<Figures>, Problem> {
    let closings =
        closing_report::closings(&state.ctx, &asked.scope, asked.date, asked.beneficiaries.as_deref()).await?;
    let in_force = closings.into_iter().find(|closing| closing.reopened.is_none());
    let Some(report) = in_force.and_then(|closing| closing.report) else { return Ok(None) };
    Figures::kept(&report).map(Some).map_err(|_| Problem::new(Code::Internal))
}

/// The name of who closed it, where that is a person.
async fn closer(state: &State, figures: &Figures) -> Result<Option<String>, Problem> {
    let Some((by, _)) = &figures.closed else { return Ok(None) };
    let db = state.ctx.pool.get().await?;
    let named = desk::names(&db, std::slice::from_ref(by)).await?;
    Ok(Some(named.into_iter().next().map_or_else(|| by.clone(), |(_, name)| name)))
}

fn code(scope: &DayScope) -> &str {
    match scope {
        DayScope::Account(code) => code.as_str(),
        DayScope::Profile(code) => code.as_str(),
    }
}

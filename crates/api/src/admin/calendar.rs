//! `/v1/calendar`: days that are not as their weekday: holidays, and Saturdays that are worked.

use super::{CodesQuery, date_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use payments::administer::{self, tariff};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::beneficiaries::Exception;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayBody {
    /// A worked Saturday or Sunday, or else a day off.
    worked: bool,
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct CalendarDayView {
    #[schema(value_type = String, format = Date)]
    date: Date,
    worked: bool,
    name: String,
}

impl CalendarDayView {
    fn new((date, worked, name): Exception) -> Self {
        Self { date, worked, name }
    }
}

/// Exceptions by date.
#[utoipa::path(get, path = "/v1/calendar", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<CalendarDayView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let found = storage::beneficiaries::exceptions(&db, None, None).await?;
    let all = found.into_iter().map(CalendarDayView::new).collect();
    Ok(HttpResponse::Ok().json(query.page(all, |v: &CalendarDayView| v.date.to_string())?))
}

/// Says that a day is off, or worked, against its weekday.
#[utoipa::path(put, path = "/v1/calendar/{date}", tag = "administration", request_body = DayBody, params(("date" = String, Path)),
    responses((status = 200, body = CalendarDayView)))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let day = date_of(&date)?;
    let sent: DayBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    f.text("/name", &sent.name, 1, 200);
    f.end()?;
    let work = async |tx: &Tx| tariff::put_day(tx, &by, day, sent.worked, &sent.name).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(CalendarDayView::new(stored)))
}

/// The day is again as its weekday.
#[utoipa::path(delete, path = "/v1/calendar/{date}", tag = "administration", params(("date" = String, Path)),
    responses((status = 204, description = "it is"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn remove(req: HttpRequest, state: Data<State>, date: Path<String>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let day = date_of(&date)?;
    administer::once(&state.ctx.pool, &by, async |tx: &Tx| tariff::remove_day(tx, &by, day).await).await?;
    Ok(HttpResponse::NoContent().finish())
}

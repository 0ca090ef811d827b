//! `/v1/reports/{report}`: rows for finance staff. JSON and CSV are written as rows come from the database; a workbook and a
//! PDF are files that are sent when they are whole. No personal data of payers is in them.

use crate::State;
use crate::auth;
use crate::body;
use crate::door::now;
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use actix_web::body::SizedStream;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::business_day::business_date;
use domain::principal::Scope;
use domain::report::{Per, Period, Report};
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use jiff::civil::Date;
use payments::report::{self, FileError, Part};
use payments::{Caller, Context, sign_in};
use report_files::{Format, Writer, csv, file_name, json, sent};
use serde::Deserialize;
use std::io;
use std::sync::Arc;
use storage::reports::Query as Wanted;
use tokio::sync::mpsc::Receiver;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// The first business date; of `suspense` the day since which money has waited, and there it may be left out.
    #[param(format = Date)]
    from: Option<String>,
    /// The last business date; today in `suspense` unless told. At most 366 days.
    #[param(format = Date)]
    to: Option<String>,
    agency: Option<String>,
    channel: Option<String>,
    /// Of `collections`: a row for each `day`, or for the whole `period`, which is so unless told.
    per: Option<String>,
    /// json | csv | xlsx, and pdf of `transactions`
    format: Option<String>,
}

/// The form of a report as JSON; the columns of each stand in docs/finance.md.
#[derive(serde::Serialize, ToSchema)]
pub struct ReportView {
    /// transactions | reconciliation | suspense | collections | cash-flow | online-payment-score | remittances | treasury-slips
    pub report: String,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<serde_json::Value>,
    /// The number of rows, and sums of the columns of money that can be added.
    #[schema(value_type = Object)]
    pub totals: serde_json::Value,
}

fn per(report: Report, asked: Option<&str>) -> Result<Per, Problem> {
    let wrong = |why| Problem::with(Code::QueryInvalid, why);
    match asked {
        None => Ok(Per::Period),
        Some(_) if report != Report::Collections => Err(wrong("per is a parameter of collections")),
        Some(word) => word.parse().map_err(|_| wrong("per is day or period")),
    }
}

/// What is online is said by the rule of the score, not by whoever asks; what is remitted is of no one channel.
fn channel(report: Report, asked: Option<String>) -> Result<Option<String>, Problem> {
    match asked {
        Some(_) if matches!(report, Report::OnlinePaymentScore | Report::Remittances) => {
            Err(Problem::with(Code::QueryInvalid, format!("channel is no parameter of {report}")))
        }
        asked => Ok(asked),
    }
}

impl From<FileError> for Problem {
    fn from(e: FileError) -> Self {
        match e {
            FileError::Rows(e) => e.into(),
            FileError::TooLong => {
                Self::with(Code::QueryInvalid, format!("{e}: ask for fewer days, or for xlsx or csv"))
            }
            FileError::File(source) => {
                tracing::error!(error = &source as &dyn std::error::Error, "a report's file was not written");
                Self::new(Code::Unavailable)
            }
        }
    }
}

fn date(asked: Option<&str>, name: &str) -> Result<Option<Date>, Problem> {
    let wrong = || Problem::with(Code::QueryInvalid, format!("{name} is not a date"));
    let read = |text: &str| body::civil_date(text).filter(|d| (1970..=9998).contains(&d.year())).ok_or_else(wrong);
    asked.map(read).transpose()
}

fn period(report: Report, query: &ReportQuery, today: Date) -> Result<Period, Problem> {
    let refused = |e: domain::report::BadPeriod| Problem::with(Code::QueryInvalid, e.to_string());
    let needed = |name| Problem::with(Code::QueryInvalid, format!("{name} is needed"));
    let (from, to) = (date(query.from.as_deref(), "from")?, date(query.to.as_deref(), "to")?);
    if report == Report::Suspense {
        let to = to.unwrap_or(today);
        return from.map_or_else(|| Ok(Period::until(to)), |from| Period::new(from, to).map_err(refused));
    }
    Period::new(from.ok_or_else(|| needed("from"))?, to.ok_or_else(|| needed("to"))?).map_err(refused)
}

/// A report, one row after the other, from one instant of the books. A body that ends before its end is broken off:
/// JSON is then not closed, and the connection is cut. A workbook and a PDF are written first and sent whole.
#[utoipa::path(get, path = "/v1/reports/{report}", tag = "reconciliation",
    params(("report" = String, Path, description = "transactions | reconciliation | suspense | collections | cash-flow | online-payment-score | remittances | treasury-slips"), ReportQuery),
    responses((status = 200, content((ReportView = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (Vec<u8> = "application/pdf"))),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    req: HttpRequest,
    state: Data<State>,
    name: Path<String>,
    query: Query<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let report: Report = name.parse().map_err(|_| absent())?;
    let format = Format::read(report, query.format.as_deref());
    let format = format.map_err(|e| Problem::with(Code::QueryInvalid, e.to_string()))?;
    let period = period(report, &query, business_date(now()))?;
    let wanted = Wanted {
        report,
        period,
        agency: body::filter(&query.agency)?,
        channel: channel(report, body::filter(&query.channel)?)?,
        beneficiaries: auth::beneficiaries(&principal),
        per: per(report, query.per.as_deref())?,
    };
    let mut response = HttpResponse::Ok();
    response.content_type(format.media_type());
    if format != Format::Json {
        let name = file_name(&wanted, format);
        response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
        exported(&state.ctx, &caller, name).await?;
    }
    if matches!(format, Format::Xlsx | Format::Pdf) {
        let turn = report::turn(Arc::clone(&state.turns.files)).await?;
        let file = report::file(&state.ctx, &state.turns.rows, (wanted, format), (turn, Arc::default())).await?;
        let (length, pieces) = sent::pieces(file).map_err(|_| Problem::new(Code::Unavailable))?;
        return Ok(response.body(SizedStream::new(length, pieces.map(|piece| piece.map(Bytes::from)))));
    }
    let mut parts = report::start(&state.ctx, &state.turns.rows, wanted);
    // what fails before the first row is a refusal; later the answer can only be broken off
    let first = match parts.recv().await {
        Some(Part::Broken(error)) => return Err(error.into()),
        Some(part) => part,
        None => return Err(Problem::new(Code::Internal)),
    };
    Ok(match format {
        Format::Csv => response.streaming(body_of(csv::Csv::new(report), first, parts)),
        _ => response.streaming(body_of(json::Json::new(report, period), first, parts)),
    })
}

/// Who took which file away stands in the trail before its first byte is read.
pub(crate) async fn exported(ctx: &Context, caller: &Caller, file: String) -> Result<(), Problem> {
    Ok(sign_in::tell(ctx, &caller.actor(), "report_exported", file, &caller.request_id, now()).await?)
}

/// Where the writing of a body is.
enum At {
    Head(Part),
    Rows,
    Done,
}

fn body_of(
    writer: impl Writer + 'static,
    first: Part,
    parts: Receiver<Part>,
) -> impl Stream<Item = Result<Bytes, io::Error>> + 'static {
    unfold((writer, parts, At::Head(first)), |(mut writer, mut parts, at)| async move {
        let (mut bytes, part) = match at {
            At::Head(part) => (writer.head(), Some(part)),
            At::Rows => (Vec::new(), parts.recv().await),
            At::Done => return None,
        };
        let next = match part {
            Some(Part::Rows(rows)) => {
                bytes.extend(writer.rows(&rows));
                At::Rows
            }
            Some(Part::End) => {
                bytes.extend(writer.tail());
                At::Done
            }
            Some(Part::Broken(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a report broke off");
                return Some((Err(io::Error::other("the report broke off")), (writer, parts, At::Done)));
            }
            None => return Some((Err(io::Error::other("the report broke off")), (writer, parts, At::Done))),
        };
        Some((Ok(Bytes::from(bytes)), (writer, parts, next)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn asked(from: Option<&str>, to: Option<&str>) -> ReportQuery {
        let text = |t: Option<&str>| t.map(str::to_owned);
        ReportQuery { from: text(from), to: text(to), agency: None, channel: None, per: None, format: None }
    }

    #[test]
    fn a_period_is_asked_for_in_days_and_is_bounded() {
        let today = date(2026, 11, 25);
        let of = |report, from, to| period(report, &asked(from, to), today).map_err(|p| p.code);
        let good = of(Report::Transactions, Some("2026-11-01"), Some("2026-11-30"));
        assert_eq!(good.map(|p| (p.from(), p.to())), Ok((date(2026, 11, 1), date(2026, 11, 30))));
        for (from, to) in [
            (None, Some("2026-11-30")),
            (Some("2026-11-30"), None),
            (Some("2026-11-30"), Some("2026-11-29")),
            (Some("2025-11-01"), Some("2026-11-30")),
            (Some("24/11/2026"), Some("2026-11-30")),
            (Some("-009999-01-01"), Some("2026-11-30")),
            (Some("2026-02-30"), Some("2026-11-30")),
            (Some(""), Some("2026-11-30")),
        ] {
            assert_eq!(of(Report::Transactions, from, to), Err("query_invalid"), "{from:?} {to:?}");
        }
        assert_eq!(of(Report::Suspense, None, None).map(Period::to), Ok(today));
    }
}

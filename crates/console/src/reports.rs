//! Reports as pages: the totals of the whole, a chart of them with the same numbers beside it, the first rows, and the files. What
//! a page adds up are all rows of the report, read once and from one instant, so that its totals are those of every file.

mod asked;
mod chart;
mod gathered;
mod score;
mod words;

use crate::Console;
use crate::answer::{Answer, Refused, html};
use crate::form;
use crate::frame::Frame;
use crate::shown;
use crate::staff::{Staff, now};
use crate::today::name_of;
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
pub(crate) use asked::Asked;
use asked::Choice;
use chart::{Breakdown, Chart};
use domain::business_day::business_date;
use domain::principal::Scope;
use domain::report::Report;
use futures_util::StreamExt;
use gathered::gather;
use payments::report::FileError;
use payments::{Context, report, sign_in};
use report_files::{Format, Row, columns, file_name, sent, sheets};
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::reports::{Cell, Query as Wanted};
use storage::{StorageError, beneficiaries};

const SCOPES: &[Scope] = &[Scope::ReportsRead];
const HERE: &str = "/console/reports";

#[derive(Template)]
#[template(path = "reports.html")]
struct ListPage {
    frame: Frame,
    /// Name, title, what it answers.
    reports: Vec<(&'static str, &'static str, &'static str)>,
}

pub(crate) async fn list(staff: Staff) -> Answer {
    staff.needs(SCOPES)?;
    let reports = Report::ALL.iter().map(|r| (r.as_str(), columns::title(*r), words::about(*r))).collect();
    Ok(html(StatusCode::OK, &ListPage { frame: Frame::of(&staff, HERE), reports }))
}

/// One value of a row.
struct Shown {
    text: String,
    number: bool,
    link: Option<String>,
}

/// A form in which the report may be taken away.
struct File {
    name: &'static str,
    path: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    frame: Frame,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    asked: Asked,
    agencies: Vec<Choice>,
    channels: Vec<Choice>,
    may_be_by_day: bool,
    period: String,
    wrong: Option<String>,
    count: String,
    totals: Vec<(&'static str, String)>,
    breakdown: Breakdown,
    chart: Option<Chart>,
    heads: Vec<(&'static str, bool)>,
    rows: Vec<Vec<Shown>>,
    /// What stands under each column.
    foot: Vec<String>,
    left_out: bool,
    files: Vec<File>,
    forms: Vec<(&'static str, &'static str)>,
    key: String,
}

/// The report of this name, for whoever may read reports.
fn named(staff: &Staff, name: &str) -> Result<Report, Refused> {
    staff.needs(SCOPES)?;
    name.parse().map_err(|_| Refused::Absent)
}

pub(crate) async fn show(
    ctx: Data<Context>,
    console: Data<Console>,
    staff: Staff,
    name: Path<String>,
    asked: Query<Asked>,
) -> Answer {
    let report = named(&staff, &name)?;
    page(StatusCode::OK, (&ctx, &console, &staff), report, asked.into_inner(), None).await
}

/// The page once more, with why it was not done.
pub(crate) async fn asked_again(desk: Desk<'_>, report: Report, asked: Asked, why: String) -> Answer {
    page(StatusCode::UNPROCESSABLE_ENTITY, desk, report, asked, Some(why)).await
}

type Desk<'a> = (&'a Context, &'a Console, &'a Staff);

async fn page(
    status: StatusCode,
    (ctx, console, staff): Desk<'_>,
    report: Report,
    asked: Asked,
    wrong: Option<String>,
) -> Answer {
    let today = business_date(now());
    let (wanted, wrong, status) = match asked.read(report, staff, today) {
        Ok(wanted) => (wanted, wrong, status),
        // what cannot be asked is said, over what is shown unasked
        Err(why) => {
            let usual = Asked::default().read(report, staff, today).map_err(|_| Refused::Absent)?;
            (usual, Some(why), StatusCode::UNPROCESSABLE_ENTITY)
        }
    };
    if report == Report::OnlinePaymentScore {
        return score::page(status, (ctx, console, staff), wanted, wrong).await;
    }
    let (agencies, channels) = (agencies(ctx, staff, &wanted).await?, channels(ctx, &wanted));
    let gathered = gather(ctx, &console.turns, wanted.clone()).await?;
    let (chart, breakdown) = (gathered.chart(ctx), gathered.breakdown(ctx));
    let heads = gathered::printed(report);
    let sums: BTreeMap<usize, i128> = gathered.totals.by_place().collect();
    let page = Page {
        frame: Frame::of(staff, HERE),
        name: report.as_str(),
        title: columns::title(report),
        about: words::about(report),
        agencies,
        channels,
        may_be_by_day: report == Report::Collections,
        period: period(&wanted),
        wrong,
        count: sheets::grouped(i128::from(gathered.totals.rows())),
        totals: totals(report, &sums),
        breakdown,
        chart,
        heads: heads.iter().map(|at| (columns::of(report)[*at].head, is_sum(report, *at))).collect(),
        rows: gathered.first.iter().map(|row| shown(ctx, report, &heads, row)).collect(),
        foot: heads.iter().map(|at| sums.get(at).map_or_else(String::new, |sum| sheets::grouped(*sum))).collect(),
        left_out: gathered.totals.rows() > gathered.first.len() as u64,
        files: files(&wanted),
        forms: forms(report).into_iter().map(|(format, name)| (format.extension(), name)).collect(),
        key: form::key(),
        asked: Asked::of(&wanted),
    };
    Ok(html(status, &page))
}

fn period(wanted: &Wanted) -> String {
    let (from, to) = (wanted.period.from(), wanted.period.to());
    if from.year() == 1970 {
        format!("đến hết ngày {}", shown::day(to))
    } else {
        format!("từ ngày {} đến hết ngày {}", shown::day(from), shown::day(to))
    }
}

fn is_sum(report: Report, at: usize) -> bool {
    columns::sums(report).0.contains(&columns::of(report)[at].key) || words::is_number(columns::of(report)[at].key)
}

fn totals(report: Report, sums: &BTreeMap<usize, i128>) -> Vec<(&'static str, String)> {
    sums.iter().map(|(at, sum)| (columns::of(report)[*at].head, sheets::grouped(*sum))).collect()
}

fn shown(ctx: &Context, report: Report, places: &[usize], row: &Row) -> Vec<Shown> {
    let one = |at: &usize| {
        let key = columns::of(report)[*at].key;
        let text = said(ctx, key, row.get(*at).unwrap_or(&Cell::Empty));
        // a link without a text is none to whoever hears it
        let link = link(report, key, row).filter(|_| !text.is_empty());
        Shown { text, number: is_sum(report, *at), link }
    };
    places.iter().map(one).collect()
}

/// A value in the words of whoever reads it.
fn said(ctx: &Context, key: &str, cell: &Cell) -> String {
    match (key, cell) {
        ("channel", Cell::Text(channel)) => name_of(ctx, channel),
        (key, Cell::Text(word)) => words::value(key, word).to_owned(),
        (_, cell) => sheets::shown(cell),
    }
}

/// Where more is told of what a row is about.
fn link(report: Report, key: &str, row: &Row) -> Option<String> {
    let at = |key: &str| columns::of(report).iter().position(|c| c.key == key).and_then(|at| row.get(at));
    match (report, key, at("payment_id"), at("case_id")) {
        (Report::Transactions, "reference" | "provider_txn_id", Some(Cell::Text(id)), _) => {
            Some(format!("/console/payments/{id}"))
        }
        (Report::Suspense, "payment_id", Some(Cell::Text(id)), _) => Some(format!("/console/payments/{id}")),
        (Report::Suspense, "case_id", _, Some(Cell::Text(id))) => Some(format!("/console/cases/{id}")),
        _ => None,
    }
}

fn files(wanted: &Wanted) -> Vec<File> {
    let one = |(format, name): (Format, &'static str)| {
        let (report, query) = (wanted.report, Asked::of(wanted).query());
        File { name, path: format!("{HERE}/{report}/file?format={}&{query}", format.extension()) }
    };
    forms(wanted.report).into_iter().map(one).collect()
}

/// In which a report may be taken away, and what people call them.
fn forms(report: Report) -> Vec<(Format, &'static str)> {
    let all = [(Format::Xlsx, "Bảng tính (XLSX)"), (Format::Csv, "CSV"), (Format::Pdf, "Bản in (PDF)")];
    all.into_iter().filter(|(format, _)| format.is_of(report)).collect()
}

/// Those whose money they see.
async fn agencies(ctx: &Context, staff: &Staff, wanted: &Wanted) -> Result<Vec<Choice>, StorageError> {
    let db = ctx.pool.get().await?;
    let own = match staff.sees() {
        Some(own) => Some(storage::score::agencies(&db, &own).await?),
        None => None,
    };
    let all = beneficiaries::agencies(&db, None).await?;
    let seen = all.into_iter().filter(|(code, _)| own.as_ref().is_none_or(|own| own.contains(code)));
    Ok(seen.map(|(word, name)| Choice { chosen: wanted.agency.as_ref() == Some(&word), name, word }).collect())
}

fn channels(ctx: &Context, wanted: &Wanted) -> Vec<Choice> {
    let known = ctx.providers.iter().map(|provider| provider.channel.as_str().to_owned());
    let words: std::collections::BTreeSet<String> = known.chain(["counter".to_owned()]).collect();
    let one = |word: String| Choice { chosen: wanted.channel.as_ref() == Some(&word), name: name_of(ctx, &word), word };
    words.into_iter().map(one).collect()
}

/// The file of a report, whole; that it was taken is written down before it is read.
pub(crate) async fn file(
    ctx: Data<Context>,
    console: Data<Console>,
    staff: Staff,
    name: Path<String>,
    asked: Query<Asked>,
) -> Answer {
    let report = named(&staff, &name)?;
    let format = Format::read(report, asked.format()).map_err(|_| Refused::Absent)?;
    let wanted = asked.read(report, &staff, business_date(now())).map_err(|_| Refused::Absent)?;
    let named = file_name(&wanted, format);
    sign_in::tell(&ctx, &staff.person.to_string(), "report_exported", named.clone(), &staff.request_id, now()).await?;
    let turn = report::turn(Arc::clone(&console.turns.files)).await?;
    let written = report::file(&ctx, &console.turns.rows, (wanted, format), (turn, Arc::default())).await;
    match written {
        Ok(file) => attachment(file, &named, format),
        Err(FileError::Rows(error)) => Err(error.into()),
        Err(FileError::TooLong) => {
            let why = format!(
                "Bản in có nhiều nhất {} dòng: hãy chọn ít ngày hơn, hoặc tải bảng tính.",
                sheets::ROWS_AT_MOST
            );
            let desk = (&**ctx, &**console, &staff);
            page(StatusCode::UNPROCESSABLE_ENTITY, desk, report, asked.into_inner(), Some(why)).await
        }
        Err(error @ FileError::File(_)) => Err(Refused::broken(error)),
    }
}

pub(crate) fn attachment(file: std::fs::File, name: &str, format: Format) -> Answer {
    let (length, pieces) = sent::pieces(file).map_err(Refused::broken)?;
    let body = SizedStream::new(length, pieces.map(|piece| piece.map(Bytes::from)));
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(body))
}

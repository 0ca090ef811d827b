//! The score of Decision 766: its three parts with what they are measured against, what is left out and why, the same by agency
//! and by procedure, and month by month. Every figure is one of the report's rows.

use super::asked::{Asked, Choice};
use super::chart::{self, Breakdown, Chart};
use super::{Desk, File, HERE, agencies, files, period, words};
use crate::answer::{Answer, Refused, html};
use crate::frame::Frame;
use actix_web::http::StatusCode;
use askama::Template;
use domain::report::Report;
use domain::score::Hundredths;
use payments::report::{self, Part};
use report_files::{Row, columns};
use std::collections::BTreeMap;
use std::io;
use storage::reports::{Cell, Query};

/// One part as it is scored.
struct Scored {
    part: String,
    of: String,
    percent: String,
    target: String,
    points: String,
    maximum: String,
    source: String,
}

/// An agency or a month: its parts in percent, and its points.
struct Compared {
    name: String,
    link: Option<String>,
    percents: Vec<String>,
    points: String,
}

#[derive(Template)]
#[template(path = "score.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    agencies: Vec<Choice>,
    period: String,
    wrong: Option<String>,
    points: String,
    maximum: String,
    parts: Vec<Scored>,
    excluded: Vec<(String, String)>,
    heads: Vec<String>,
    by_agency: Vec<Compared>,
    procedures: Vec<Scored>,
    months: Vec<Compared>,
    chart: Option<Chart>,
    files: Vec<File>,
}

pub(crate) async fn page(
    status: StatusCode,
    (ctx, console, staff): Desk<'_>,
    wanted: Query,
    wrong: Option<String>,
) -> Answer {
    let agencies = agencies(ctx, staff, &wanted).await?;
    let rows = Rows::all(report::start(ctx, &console.turns.rows, wanted.clone())).await?;
    let whole: Vec<&Row> = rows.of("whole");
    let (total, parts): (Vec<&Row>, Vec<&Row>) = whole.into_iter().partition(|row| text(row, "part") == "total");
    let months = rows.of("month");
    let page = Page {
        frame: Frame::of(staff, HERE),
        agencies,
        period: period(&wanted),
        wrong,
        points: total.first().map_or_else(String::new, |row| text(row, "points")),
        maximum: total.first().map_or_else(String::new, |row| text(row, "maximum")),
        heads: parts.iter().map(|row| words::part(&text(row, "part")).to_owned()).collect(),
        parts: parts.iter().map(|row| scored(row, "part")).collect(),
        excluded: rows.of("excluded").iter().map(|row| left_out(row)).collect(),
        by_agency: compared(&rows.of("agency"), "agency", |agency| Some(narrowed(&wanted, agency))),
        procedures: rows.of("procedure").iter().map(|row| scored(row, "procedure")).collect(),
        months: compared(&months, "month", |_| None),
        chart: trend(&months),
        files: files(&wanted),
        asked: Asked::of(&wanted),
    };
    Ok(html(status, &page))
}

/// As many as there are agencies, procedures and months.
struct Rows(Vec<Row>);

impl Rows {
    async fn all(mut parts: tokio::sync::mpsc::Receiver<Part>) -> Result<Self, Refused> {
        let mut all = Vec::new();
        loop {
            match parts.recv().await {
                Some(Part::Rows(rows)) => all.extend(rows),
                Some(Part::End) => return Ok(Self(all)),
                Some(Part::Broken(error)) => return Err(error.into()),
                None => return Err(Refused::broken(io::Error::other("the rows ended before their end"))),
            }
        }
    }

    fn of(&self, section: &str) -> Vec<&Row> {
        self.0.iter().filter(|row| text(row, "section") == section).collect()
    }
}

fn cell<'r>(row: &'r Row, key: &str) -> &'r Cell {
    let place = columns::of(Report::OnlinePaymentScore).iter().position(|c| c.key == key);
    place.and_then(|at| row.get(at)).unwrap_or(&Cell::Empty)
}

fn text(row: &Row, key: &str) -> String {
    match cell(row, key) {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Date(month) => month.strftime("%m/%Y").to_string(),
        // dots part thousands on these pages
        Cell::Hundredths(value) => value.to_string().replace('.', ","),
        Cell::At(at) => crate::shown::time(*at),
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

/// `name` is the part itself, or the procedure whose dossiers it counts.
fn scored(row: &Row, name: &str) -> Scored {
    Scored {
        part: words::part(&text(row, name)).to_owned(),
        of: format!("{} / {}", text(row, "numerator"), text(row, "denominator")),
        percent: or_none(text(row, "percent")),
        target: text(row, "target"),
        points: or_none(text(row, "points")),
        maximum: text(row, "maximum"),
        source: words::source(&text(row, "source")).to_owned(),
    }
}

fn left_out(row: &Row) -> (String, String) {
    (words::excluded(&text(row, "reason")).to_owned(), text(row, "count"))
}

/// Rows of one name become one line, in the order in which they came.
fn compared(rows: &[&Row], key: &str, link: impl Fn(&str) -> Option<String>) -> Vec<Compared> {
    let mut all: Vec<Compared> = Vec::new();
    for row in rows {
        let name = text(row, key);
        if all.last().is_none_or(|last| last.name != name) {
            all.push(Compared { link: link(&name), name, percents: Vec::new(), points: String::new() });
        }
        let Some(line) = all.last_mut() else { continue };
        if text(row, "part") == "total" {
            line.points = text(row, "points");
        } else {
            line.percents.push(or_none(text(row, "percent")));
        }
    }
    all
}

fn narrowed(wanted: &Query, agency: &str) -> String {
    let asked = Asked { agency: agency.to_owned(), ..Asked::of(wanted) };
    format!("{HERE}/{}?{}", Report::OnlinePaymentScore, asked.query())
}

/// Points by month, drawn in hundredths and told in points.
fn trend(rows: &[&Row]) -> Option<Chart> {
    let totals = rows.iter().filter(|row| text(row, "part") == "total");
    let points: Vec<(String, Vec<i128>)> = totals.map(|row| (text(row, "month"), vec![hundredths(row)])).collect();
    let said: BTreeMap<i128, String> = points
        .iter()
        .map(|(_, p)| (p[0], Hundredths(i64::try_from(p[0]).unwrap_or(0)).to_string().replace('.', ",")))
        .collect();
    let mut chart =
        chart::draw("Điểm thanh toán trực tuyến", &Breakdown::new(("Tháng", true), vec!["Điểm"], points.clone()))?;
    for (group, (_, sums)) in chart.groups.iter_mut().zip(&points) {
        for (bar, sum) in group.bars.iter_mut().zip(sums) {
            bar.number = said.get(sum).cloned().unwrap_or_default();
        }
    }
    let one = |(month, sums): &(String, Vec<i128>)| {
        format!("{month}: {} điểm", said.get(&sums[0]).map_or("", String::as_str))
    };
    chart.said = points.iter().map(one).collect::<Vec<_>>().join(". ");
    Some(chart)
}

fn hundredths(row: &Row) -> i128 {
    match cell(row, "points") {
        Cell::Hundredths(value) => i128::from(value.0),
        _ => 0,
    }
}

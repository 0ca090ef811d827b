//! Days of accounts and contracts: what does not agree, what is open, closing, and proposing to open again. Closing asks for
//! a fresh code.

use crate::answer::{Answer, Refused, html, see_other};
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::said;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use domain::Vnd;
use domain::business_day::business_date;
use domain::codes::{AccountCode, ProfileCode};
use domain::principal::Scope;
use domain::reconciliation::DayScope;
use jiff::civil::Date;
use payments::close_day::{self, Command, Day};
use payments::{Context, reopen_day, sign_in};
use serde::Deserialize;
use storage::desk;

struct Row {
    scope: String,
    name: String,
    last_closed: String,
    /// The day after the last closed one, or yesterday.
    next: String,
    next_shown: String,
}

#[derive(Template)]
#[template(path = "days.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    yesterday: String,
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let yesterday = business_date(now()).yesterday().map_err(Refused::broken)?;
    let own = staff.sees();
    let db = ctx.pool.get().await?;
    let (found, names) = (desk::scopes(&db, own.as_deref()).await?, shown::scopes(&ctx, &db).await?);
    let row = |s: &desk::Scope| {
        let next = s.last_closed.and_then(|day| day.tomorrow().ok()).unwrap_or(yesterday);
        Row {
            scope: s.scope.clone(),
            name: names.get(&s.scope).unwrap_or(&s.name).clone(),
            last_closed: s.last_closed.map(shown::day).unwrap_or_default(),
            next: next.to_string(),
            next_shown: shown::day(next),
        }
    };
    let rows = found.iter().map(row).collect();
    let page = ListPage { frame: Frame::of(&staff, "/console/days"), rows, yesterday: yesterday.to_string() };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    scope: String,
    date: String,
    done: Option<String>,
}

impl Asked {
    /// What is not a date, an account or a contract is as absent as one that is not there.
    fn read(&self, staff: &Staff) -> Result<close_day::Asked, Refused> {
        let date: Date = self.date.parse().map_err(|_| Refused::Absent)?;
        let scope = match self.scope.split_once(':') {
            Some(("bank", code)) => DayScope::Account(AccountCode::new(code).map_err(|_| Refused::Absent)?),
            Some(("clearing", code)) => DayScope::Profile(ProfileCode::new(code).map_err(|_| Refused::Absent)?),
            _ => return Err(Refused::Absent),
        };
        // the books know dates that people write
        if !(1970..=9998).contains(&date.year()) {
            return Err(Refused::Absent);
        }
        Ok(close_day::Asked { scope, date, beneficiaries: staff.sees() })
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("scope", &self.scope).append_pair("date", &self.date).finish()
    }

    fn address(&self) -> String {
        format!("/console/day?{}", self.query())
    }
}

struct Gap {
    kind: String,
    ours: Vnd,
    theirs: Option<Vnd>,
    difference: Vnd,
}

struct Difference {
    id: String,
    kind: String,
    amount: Vnd,
    state: String,
}

/// What came when its own day was closed: each day with its address.
struct Late {
    for_day: (String, String),
    booked_on: (String, String),
    counts_on: (String, String),
    amount: Vnd,
}

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage {
    frame: Frame,
    scope: String,
    day: String,
    before: String,
    after: String,
    opening: Vnd,
    moved_in: Vnd,
    moved_out: Vnd,
    closing: Vnd,
    statement_closing: Option<Vnd>,
    settled: Option<(Vnd, Vnd, Vnd, Vnd)>,
    counts: close_day::Counts,
    gaps: Vec<Gap>,
    differences: Vec<Difference>,
    more: i64,
    late: Vec<Late>,
    more_late: i64,
    is_closed: bool,
    closed: Option<(String, String)>,
    may_close: bool,
    may_reopen: bool,
    /// Which day it is.
    query: String,
    key: String,
    wrong: Option<String>,
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let done = match asked.done.as_deref() {
        Some("closed") => Some("Đã khóa sổ ngày này và mọi ngày trước đó."),
        Some(_) => Some("Đã gửi đề nghị mở lại. Một người khác sẽ quyết định."),
        None => None,
    };
    page(StatusCode::OK, &ctx, &staff, &asked, None, done).await
}

async fn page(
    status: StatusCode,
    ctx: &Context,
    staff: &Staff,
    asked: &Asked,
    wrong: Option<String>,
    done: Option<&'static str>,
) -> Answer {
    let day = match close_day::read(ctx, &asked.read(staff)?).await {
        Ok(day) => day,
        Err(error) => return Err(said::day(error).err().unwrap_or(Refused::Absent)),
    };
    let by = day.closed.as_ref().map(|closed| closed.by.clone());
    let people = People::among(&*ctx.pool.get().await?, by).await?;
    let frame = Frame { done, ..Frame::of(staff, "/console/days") };
    let page = DayPage { wrong, frame, ..shown_day(&day, staff, asked, &people) };
    Ok(html(status, &page))
}

fn shown_day(day: &Day, staff: &Staff, asked: &Asked, people: &People) -> DayPage {
    let of = |date: Date| Asked { scope: asked.scope.clone(), date: date.to_string(), done: None }.address();
    let at = |other: Result<Date, jiff::Error>| of(other.unwrap_or(day.date));
    let named = |date: Date| (shown::day(date), of(date));
    let over = day.date < business_date(now());
    DayPage {
        frame: Frame::of(staff, "/console/days"),
        scope: asked.scope.clone(),
        day: shown::day(day.date),
        before: at(day.date.yesterday()),
        after: at(day.date.tomorrow()),
        opening: day.opening,
        moved_in: day.moved_in,
        moved_out: day.moved_out,
        closing: day.closing,
        statement_closing: day.statement_closing,
        settled: day.settled.map(|s| (s.gross, s.fee, s.refunds, s.net)),
        counts: day.counts,
        gaps: day
            .gaps
            .iter()
            .map(|g| Gap {
                kind: words::gap(g.kind.as_str()).to_owned(),
                ours: g.ours,
                theirs: g.theirs,
                difference: g.difference(),
            })
            .collect(),
        differences: day
            .differences
            .iter()
            .map(|d| Difference {
                id: d.id.to_string(),
                kind: words::kind(&d.kind).to_owned(),
                amount: d.amount,
                state: words::state(&d.status).to_owned(),
            })
            .collect(),
        more: day.differences_total - i64::try_from(day.differences.len()).unwrap_or(0),
        late: day
            .late_lines
            .iter()
            .map(|l| Late {
                for_day: named(l.for_day),
                booked_on: named(l.booked_on),
                counts_on: named(l.counts_on),
                amount: l.amount,
            })
            .collect(),
        more_late: day.late_lines_total - i64::try_from(day.late_lines.len()).unwrap_or(0),
        is_closed: day.is_closed,
        closed: day.closed.as_ref().map(|c| (people.name(&c.by), shown::time(c.at))),
        may_close: staff.may(Scope::DaysClose) && !day.is_closed && day.gaps.is_empty() && over,
        may_reopen: staff.may(Scope::DaysClose) && day.is_closed,
        query: asked.query(),
        key: form::key(),
        wrong: None,
    }
}

pub(crate) async fn close(ctx: Data<Context>, staff: Staff, asked: Query<Asked>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let wanted = asked.read(&staff)?;
    let idempotency = form.request(staff.person.uuid(), &format!("POST days {} {}", wanted.scope, wanted.date))?;
    let request = (Some(&idempotency), &*staff.request_id);
    let wrong = match sign_in::show_again(&ctx, staff.shows(), form.text("code"), request, now()).await {
        Err(error) => said::code(error)?,
        Ok(()) => {
            let command = Command { asked: wanted, caller: staff.caller(), idempotency, now: now() };
            match close_day::close(&ctx, &command, &|day: &Day| (200, day.date.to_string())).await {
                // what does not tie out is an answer too
                Ok(reply) if reply.status == 200 => return Ok(see_other(&format!("{}&done=closed", asked.address()))),
                Ok(_) => "Ngày này chưa khớp, xem bên dưới.".to_owned(),
                Err(error) => said::day(error)?,
            }
        }
    };
    page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, &asked, Some(wrong), None).await
}

pub(crate) async fn reopen(ctx: Data<Context>, staff: Staff, asked: Query<Asked>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let wanted = asked.read(&staff)?;
    let idempotency = form.request(staff.person.uuid(), &format!("POST reopen {} {}", wanted.scope, wanted.date))?;
    let proposal =
        reopen_day::Proposal { asked: wanted, note: form.note(), caller: staff.caller(), idempotency, now: now() };
    match reopen_day::propose(&ctx, &proposal, &|id| id.to_string()).await {
        Ok(_) => Ok(see_other(&format!("{}&done=proposed", asked.address()))),
        Err(error) => {
            let wrong = said::reopening(error)?;
            page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, &asked, Some(wrong), None).await
        }
    }
}

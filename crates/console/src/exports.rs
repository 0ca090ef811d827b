//! Reports that take long, as files: asked for here, made by the worker, taken by whoever asked while they may see what is in them.
//! The page says how far it is; asking and taking are in the audit trail.

use crate::answer::html;
use crate::answer::{Answer, Refused, see_other};
use crate::form::Form;
use crate::frame::Frame;
use crate::reports::{Asked, asked_again};
use crate::shown;
use crate::staff::{Staff, now};
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use domain::business_day::business_date;
use domain::principal::Scope;
use domain::report::Report;
use futures_util::Stream;
use futures_util::stream::unfold;
use payments::export_report::{self, AskError};
use payments::{Context, sign_in};
use report_files::{Format, columns, file_name};
use std::io;
use storage::exports::{self, Export};
use uuid::Uuid;

const SCOPES: &[Scope] = &[Scope::ReportsRead];
const HERE: &str = "/console/reports";
const ON_A_PAGE: i64 = 50;

struct Row {
    id: String,
    title: &'static str,
    days: String,
    format: String,
    state: &'static str,
    mark: &'static str,
    rows: i64,
    size: String,
    asked: String,
    is_ready: bool,
    /// It goes on by itself.
    is_on_its_way: bool,
    why: &'static str,
}

impl Row {
    fn new(e: &Export) -> Self {
        let (state, mark) = match e.state.as_str() {
            "asked" => ("chờ đến lượt", "wait"),
            "writing" => ("đang lập", "wait"),
            "ready" => ("đã xong", "good"),
            "gone" => ("đã xóa sau 24 giờ", ""),
            _ => ("không lập được", "bad"),
        };
        let period = e.wanted.period;
        let from =
            if period.from().year() == 1970 { String::new() } else { format!("{} – ", shown::day(period.from())) };
        Self {
            id: e.id.to_string(),
            title: columns::title(e.wanted.report),
            days: format!("{from}{}", shown::day(period.to())),
            format: e.format.to_uppercase(),
            state,
            mark,
            rows: e.rows,
            size: format!("{} KiB", e.bytes / 1024),
            asked: shown::time(e.asked_at),
            is_ready: e.state == "ready",
            is_on_its_way: matches!(e.state.as_str(), "asked" | "writing"),
            why: match e.why.as_deref() {
                Some("too_long") => "Bản in có giới hạn số dòng: hãy chọn ít ngày hơn, hoặc bảng tính.",
                Some("too_large") => "Tệp lớn hơn 512 MiB: hãy chọn ít ngày hơn.",
                Some(_) => "Việc lập tệp bị gián đoạn ba lần. Hãy yêu cầu lại.",
                None => "",
            },
        }
    }
}

#[derive(Template)]
#[template(path = "exports.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "export.html")]
struct Page {
    frame: Frame,
    row: Row,
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff) -> Answer {
    staff.needs(SCOPES)?;
    let found = exports::of(&*ctx.pool.get().await?, staff.person, None, ON_A_PAGE).await?;
    let rows = found.iter().map(Row::new).collect();
    Ok(html(StatusCode::OK, &ListPage { frame: Frame::of(&staff, HERE), rows }))
}

/// Their own; another person's is absent.
async fn found(ctx: &Context, staff: &Staff, id: &str) -> Result<Export, Refused> {
    let id: Uuid = id.parse().map_err(|_| Refused::Absent)?;
    exports::of(&*ctx.pool.get().await?, staff.person, Some(id), 1).await?.pop().ok_or(Refused::Absent)
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>) -> Answer {
    staff.needs(SCOPES)?;
    let row = Row::new(&found(&ctx, &staff, &id).await?);
    Ok(html(StatusCode::OK, &Page { frame: Frame::of(&staff, HERE), row }))
}

pub(crate) async fn ask(ctx: Data<Context>, console: Data<crate::Console>, staff: Staff, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(SCOPES)?;
    let report: Report = form.text("report").parse().map_err(|_| Refused::Absent)?;
    let format = Format::read(report, Some(form.text("format"))).map_err(|_| Refused::Absent)?;
    let id: Uuid = form.text("key").parse().map_err(|_| Refused::Form)?;
    let said = |name: &str| form.text(name).to_owned();
    let asked = Asked {
        from: said("from"),
        to: said("to"),
        agency: said("agency"),
        channel: said("channel"),
        per: said("per"),
        format: String::new(),
    };
    let wanted = match asked.read(report, &staff, business_date(now())) {
        Ok(wanted) => wanted,
        Err(why) => return asked_again((&ctx, &console, &staff), report, asked, why).await,
    };
    let asking = export_report::Asked { id, person: staff.person, wanted, format, caller: staff.caller(), now: now() };
    match export_report::ask(&ctx, &asking).await {
        Ok(()) => Ok(see_other(&format!("/console/exports/{id}"))),
        Err(AskError::TooMany) => {
            let why = "Bạn đang có 3 tệp chờ lập. Hãy đợi một tệp xong.".to_owned();
            asked_again((&ctx, &console, &staff), report, asked, why).await
        }
        Err(AskError::Storage(error)) => Err(error.into()),
    }
}

/// The file, as long as whoever asked may still see all that is in it.
pub(crate) async fn file(ctx: Data<Context>, staff: Staff, id: Path<String>) -> Answer {
    staff.needs(SCOPES)?;
    let export = found(&ctx, &staff, &id).await?;
    if export.state != "ready" || !covers(staff.sees().as_deref(), export.wanted.beneficiaries.as_deref()) {
        return Err(Refused::Absent);
    }
    let format = Format::read(export.wanted.report, Some(&export.format)).map_err(|_| Refused::Absent)?;
    let named = file_name(&export.wanted, format);
    sign_in::tell(&ctx, &staff.person.to_string(), "report_exported", named.clone(), &staff.request_id, now()).await?;
    let body = SizedStream::new(u64::try_from(export.bytes).unwrap_or(0), pieces(ctx.as_ref().clone(), export.id));
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{named}\"")))
        .body(body))
}

/// Whether all that was asked for is still theirs to see; None: everybody's.
fn covers(own: Option<&[String]>, of: Option<&[String]>) -> bool {
    match (own, of) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(of)) => of.iter().all(|beneficiary| own.contains(beneficiary)),
    }
}

/// No more than one is in memory.
fn pieces(ctx: Context, id: Uuid) -> impl Stream<Item = Result<Bytes, io::Error>> + 'static {
    unfold((ctx, 0), move |(ctx, place)| async move {
        let read = async { exports::piece(&*ctx.pool.get().await?, id, place).await };
        match read.await {
            Ok(piece) => piece.map(|bytes| (Ok(Bytes::from(bytes)), (ctx, place + 1))),
            Err(error) => Some((Err(io::Error::other(error)), (ctx, i32::MAX))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sees_less_than_when_they_asked_takes_nothing() {
        let [one, two] = ["H38.17-KB", "H38.18-NH"].map(str::to_owned);
        let both = [one.clone(), two.clone()];
        assert!(covers(None, None) && covers(None, Some(&both)) && covers(Some(&both), Some(&both[..1])));
        assert!(
            !covers(Some(&both), None) && !covers(Some(&[one]), Some(&both)) && !covers(Some(&[two]), Some(&both[..1]))
        );
    }
}

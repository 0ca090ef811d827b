//! `/v1/receipt-days/{date}`: the day's receipts, as an accountant hands them to the tax office on that day (form 01/TH-BLĐT, Decree
//! 254/2026 Art. 29(3)(b)): what was issued, what ended, and the numbers that were used, by collector and serial.

use crate::State;
use crate::auth;
use crate::body;
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::principal::Scope;
use domain::receipt::ReceiptStatus;
use jiff::civil::Date;
use report_files::csv;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use storage::receipts::{self, DAY_AT_MOST, Stored};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// json | csv
    format: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct DayRowView {
    pub collector_tax_code: String,
    pub collector_name: String,
    pub template: &'static str,
    pub serial: String,
    pub number: i32,
    #[schema(value_type = String, format = Date)]
    pub issued_on: Date,
    /// fee | charge
    pub kind: &'static str,
    pub description: String,
    pub amount: i64,
    /// numbered | issued | replaced | cancelled
    pub status: &'static str,
    /// The day on which it was cancelled or replaced.
    #[schema(value_type = Option<String>, format = Date)]
    pub ended_on: Option<Date>,
    pub receipt_id: String,
    /// The receipt whose place it takes.
    pub replaces: Option<String>,
}

/// One serial of a collector, on the day.
#[derive(Serialize, ToSchema)]
pub struct DayTotalView {
    pub collector_tax_code: String,
    pub template: String,
    pub serial: String,
    /// The numbers that were taken on the day; null where none was.
    pub first_number: Option<i32>,
    pub last_number: Option<i32>,
    /// Of those, what was issued, with what stands on them, whatever became of it later on.
    pub issued: usize,
    pub issued_amount: i64,
    /// Ended on the day, whenever they were issued, with what stood on them.
    pub cancelled: usize,
    pub cancelled_amount: i64,
    pub replaced: usize,
    pub replaced_amount: i64,
}

#[derive(Serialize, ToSchema)]
pub struct ReceiptDayView {
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub rows: Vec<DayRowView>,
    pub totals: Vec<DayTotalView>,
}

const HEADS: [&str; 12] = [
    "Mã số thuế",
    "Tổ chức thu",
    "Mẫu số",
    "Ký hiệu",
    "Số",
    "Ngày lập",
    "Loại",
    "Nội dung thu",
    "Số tiền",
    "Trạng thái",
    "Ngày hủy hoặc thay thế",
    "Mã biên lai",
];

/// The receipts of a day, those of others that ended on it among them.
#[utoipa::path(get, path = "/v1/receipt-days/{date}", tag = "receipts", params(("date" = String, Path), DayQuery),
    responses((status = 200, content((ReceiptDayView = "application/json"), (String = "text/csv"))),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    req: HttpRequest,
    state: Data<State>,
    date: Path<String>,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let date = body::civil_date(&date).filter(|d| (1970..=9998).contains(&d.year())).ok_or_else(absent)?;
    let as_csv = match query.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::with(Code::QueryInvalid, "format is json or csv")),
    };
    let own = auth::beneficiaries(&principal);
    let found = receipts::of_day(&*state.ctx.pool.get().await?, own.as_deref(), date, DAY_AT_MOST).await?;
    let found =
        found.ok_or_else(|| Problem::with(Code::QueryInvalid, format!("a day has at most {DAY_AT_MOST} receipts")))?;
    if as_csv {
        let file = format!("attachment; filename=\"bien-lai-{date}.csv\"");
        let mut response = HttpResponse::Ok();
        response.insert_header((CONTENT_DISPOSITION, file)).content_type("text/csv; charset=utf-8; header=present");
        return Ok(response.body(written(&found)));
    }
    let view = ReceiptDayView { date, totals: totals(&found, date), rows: found.iter().map(row).collect() };
    Ok(HttpResponse::Ok().json(view))
}

fn row(r: &Stored) -> DayRowView {
    DayRowView {
        collector_tax_code: r.collector_tax_code.clone(),
        collector_name: r.collector_name.clone(),
        template: r.template.as_str(),
        serial: r.serial.clone(),
        number: r.number,
        issued_on: r.issued_on,
        kind: r.kind.as_str(),
        description: r.description.clone(),
        amount: r.amount.dong(),
        status: r.status.as_str(),
        ended_on: r.ended_on,
        receipt_id: r.id.to_string(),
        replaces: r.replaces.map(|id| id.to_string()),
    }
}

fn totals(found: &[Stored], date: Date) -> Vec<DayTotalView> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Stored>> = BTreeMap::new();
    for r in found {
        groups.entry((&r.collector_tax_code, r.template.as_str(), &r.serial)).or_default().push(r);
    }
    groups.into_iter().map(|(name, of)| total(name, &of, date)).collect()
}

fn total((tax_code, template, serial): (&str, &str, &str), of: &[&Stored], date: Date) -> DayTotalView {
    let counted = |wanted: &dyn Fn(&Stored) -> bool| {
        let found: Vec<i64> = of.iter().filter(|r| wanted(r)).map(|r| r.amount.dong()).collect();
        (found.len(), found.iter().sum::<i64>())
    };
    let ended = |status| counted(&|r: &Stored| r.status == status && r.ended_on == Some(date));
    let (issued, issued_amount) = counted(&|r| r.issued_on == date && r.signed_at.is_some());
    let (cancelled, cancelled_amount) = ended(ReceiptStatus::Cancelled);
    let (replaced, replaced_amount) = ended(ReceiptStatus::Replaced);
    let numbers = || of.iter().filter(|r| r.issued_on == date).map(|r| r.number);
    DayTotalView {
        collector_tax_code: tax_code.to_owned(),
        template: template.to_owned(),
        serial: serial.to_owned(),
        first_number: numbers().min(),
        last_number: numbers().max(),
        issued,
        issued_amount,
        cancelled,
        cancelled_amount,
        replaced,
        replaced_amount,
    }
}

fn written(found: &[Stored]) -> Vec<u8> {
    let heads = HEADS.iter().map(|head| (*head).to_owned()).collect();
    let rows = found.iter().map(|r| {
        vec![
            r.collector_tax_code.clone(),
            csv::neutral(&r.collector_name),
            r.template.to_string(),
            r.serial.clone(),
            r.number.to_string(),
            r.issued_on.to_string(),
            r.kind.to_string(),
            csv::neutral(&r.description),
            r.amount.dong().to_string(),
            r.status.to_string(),
            r.ended_on.map(|day| day.to_string()).unwrap_or_default(),
            r.id.to_string(),
        ]
    });
    [csv::BOM, &csv::records(std::iter::once(heads).chain(rows))].concat()
}

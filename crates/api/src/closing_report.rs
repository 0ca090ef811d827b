//! `/v1/reconciliation/{date}/report`: a day on paper, as an accountant signs it: how it began and ended, what was counted,
//! what does not agree and what is open. The figures are those that the day itself shows.

use crate::State;
use crate::auth;
use crate::days::{DayQuery, DayView, asked};
use crate::problem::{Code, Problem};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::business_day::HANOI;
use domain::principal::Scope;
use paper::table::{Column, Table, WIDTH};
use payments::close_day;
use report_files::sheets::{day, grouped, print};

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
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let shown = close_day::read(&state.ctx, &asked(&date, &query, &principal)?).await?;
    let shown = DayView::new(&shown);
    let file = format!("attachment; filename=\"closing-{}-{}.pdf\"", shown.date, scope(&shown));
    let bytes = print(&title(&shown), &tables(&shown)).ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Ok().content_type("application/pdf").insert_header((CONTENT_DISPOSITION, file)).body(bytes))
}

fn scope(shown: &DayView) -> &str {
    shown.account.as_deref().or(shown.profile.as_deref()).unwrap_or_default()
}

fn title(shown: &DayView) -> String {
    format!("Báo cáo khóa sổ ngày {}", day(shown.date))
}

fn tables(shown: &DayView) -> Vec<Table> {
    let gaps = shown.gaps.iter().map(|g| {
        let theirs = g.theirs.map_or_else(|| "không có".to_owned(), money);
        vec![g.kind.to_owned(), money(g.ours), theirs, money(g.difference)]
    });
    let gaps: Vec<Vec<String>> = gaps.collect();
    let cases = shown.differences.iter().map(|d| {
        let about = d.payment_id.clone().or_else(|| d.movement_id.clone()).unwrap_or_default();
        vec![d.case_id.clone(), d.kind.clone(), d.status.clone(), about, money(d.amount)]
    });
    let cases: Vec<Vec<String>> = cases.collect();
    let mut tables = vec![figures(shown)];
    if !gaps.is_empty() {
        let columns = vec![text("Khoản chưa khớp", 280), sum("Theo sổ của ta"), sum("Theo bên kia"), sum("Chênh lệch")];
        tables.push(Table {
            title: "Khoản chưa khớp".to_owned(),
            notes: vec![of(shown)],
            columns,
            rows: gaps,
            totals: None,
            signed_by: Vec::new(),
        });
    }
    if !cases.is_empty() {
        let columns = vec![
            text("Mã chênh lệch", 170),
            text("Loại", 130),
            text("Trạng thái", 70),
            text("Khoản thu hoặc biến động", 200),
            sum("Số tiền"),
        ];
        let notes = vec![of(shown), format!("{} trong số {}", cases.len(), shown.differences_total)];
        tables.push(Table {
            title: "Chênh lệch trong ngày".to_owned(),
            notes,
            columns,
            rows: cases,
            totals: None,
            signed_by: Vec::new(),
        });
    }
    tables
}

/// The day's own figures, and where it is signed.
fn figures(shown: &DayView) -> Table {
    let mut rows: Vec<(&str, String)> = vec![
        ("Số dư đầu ngày", money(shown.opening)),
        ("Phát sinh tăng", money(shown.moved_in)),
        ("Phát sinh giảm", money(shown.out)),
        ("Số dư cuối ngày theo sổ", money(shown.closing)),
    ];
    if shown.account.is_some() {
        let stated = shown.statement_closing.map_or_else(|| "không có sao kê".to_owned(), money);
        rows.push(("Số dư cuối ngày theo sao kê", stated));
    }
    if let Some(settled) = &shown.settlement {
        rows.extend([
            ("Quyết toán của cổng: số thu", money(settled.gross)),
            ("Quyết toán của cổng: phí", money(settled.fee)),
            ("Quyết toán của cổng: hoàn trả", money(settled.refunds)),
            ("Quyết toán của cổng: chuyển về", money(settled.net)),
        ]);
    }
    let c = &shown.counts;
    rows.extend([
        ("Số dòng khớp", money(c.matched)),
        ("Số dòng chưa khớp", money(c.unmatched)),
        ("Số dòng đang xử lý chênh lệch", money(c.case)),
        ("Số dòng đã có ở tệp khác", money(c.duplicate)),
        ("Số dòng bỏ qua", money(c.ignored)),
        ("Số chênh lệch trong ngày", money(shown.differences_total)),
    ]);
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    let columns = vec![text("Chỉ tiêu", 300), sum("Số")];
    let signed_by = ["Người lập biểu", "Kế toán", "Thủ trưởng đơn vị"].map(str::to_owned).to_vec();
    Table { title: title(shown), notes: vec![of(shown), status(shown)], columns, rows, totals: None, signed_by }
}

fn of(shown: &DayView) -> String {
    let kind = if shown.account.is_some() { "Tài khoản" } else { "Hợp đồng" };
    format!("{kind} {}, đơn vị tính: đồng", scope(shown))
}

fn status(shown: &DayView) -> String {
    match (&shown.closed_by, shown.closed_at) {
        (Some(by), Some(at)) => {
            format!("Đã khóa sổ lúc {} bởi {by}", HANOI.to_datetime(at).strftime("%d/%m/%Y %H:%M"))
        }
        _ if shown.status == "closed" => "Đã khóa sổ cùng một ngày sau".to_owned(),
        _ => "Chưa khóa sổ".to_owned(),
    }
}

fn text(head: &str, width: u16) -> Column {
    Column { head: head.to_owned(), width, is_right: false }
}

fn sum(head: &str) -> Column {
    Column { head: head.to_owned(), width: WIDTH / 5, is_right: true }
}

fn money(amount: i64) -> String {
    grouped(i128::from(amount))
}

//! `/receipts/<token>`: a receipt as anybody sees who has its address, from the paper's code or a forwarded link. Whether it stands,
//! what stands on it, the page to print and the signed document. A receipt names no payer, so none is shown. In Vietnamese
//! alone, as the receipt itself must be (Decree 254/2026 Art. 23).

use crate::answer;
use crate::language::{Language, Words};
use crate::load::Asked;
use ::receipt::{Named, Print};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::business_day::business_date;
use domain::mode::Mode;
use domain::receipt::ReceiptStatus;
use jiff::civil::Date;
use payments::Context;
use payments::issue_receipts::{self, Shown};
use std::error::Error;

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page {
    w: &'static Words,
    sandbox: bool,
    /// Colours the heading.
    tone: &'static str,
    state: &'static str,
    says: String,
    title: &'static str,
    amount: String,
    words: String,
    rows: Vec<(&'static str, String)>,
    pdf_url: String,
    xml_url: String,
}

pub(crate) async fn show(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    match load(&ctx, &request).await {
        Ok(shown) => answer::html(StatusCode::OK, Language::Vi, &page(&shown, ctx.mode == Mode::Sandbox)),
        Err(instead) => instead,
    }
}

pub(crate) async fn pdf(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let shown = match load(&ctx, &request).await {
        Ok(shown) => shown,
        Err(instead) => return instead,
    };
    let ended = match shown.stored.status {
        ReceiptStatus::Replaced | ReceiptStatus::Cancelled => {
            Some(format!("BIÊN LAI KHÔNG CÒN GIÁ TRỊ. {}", says(&shown)))
        }
        ReceiptStatus::Issued | ReceiptStatus::Numbered => None,
    };
    let print = Print {
        url: &shown.url,
        signed_by: shown.stored.signed_by.as_deref().unwrap_or_default(),
        signed_on: shown.stored.signed_at.map_or(shown.content.issued_on, business_date),
        ended: ended.as_deref(),
        is_sandbox: ctx.mode == Mode::Sandbox,
    };
    match ::receipt::page(&shown.content, &print) {
        Some(bytes) => file(&shown, "inline", "pdf", "application/pdf", bytes),
        None => {
            tracing::error!(receipt = %shown.stored.id, "a receipt's page was not made");
            answer::out_of_order(StatusCode::INTERNAL_SERVER_ERROR, Language::Vi)
        }
    }
}

pub(crate) async fn xml(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let shown = match load(&ctx, &request).await {
        Ok(shown) => shown,
        Err(instead) => return instead,
    };
    match issue_receipts::document(&ctx, shown.stored.id).await {
        Ok(Some(document)) => file(&shown, "attachment", "xml", "application/xml", document.into_bytes()),
        Ok(None) => answer::absent(Language::Vi),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "a receipt's document not read");
            answer::out_of_order(answer::status_of(&error), Language::Vi)
        }
    }
}

/// The receipt behind the request's token, or the answer to give instead.
async fn load(ctx: &Context, request: &HttpRequest) -> Result<Shown, HttpResponse> {
    let absent = || answer::absent(Language::Vi);
    let token = Asked::of(request).token.ok_or_else(absent)?;
    match issue_receipts::by_token(ctx, &token).await {
        Ok(shown) => shown.ok_or_else(absent),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "a receipt not read");
            Err(answer::out_of_order(answer::status_of(&error), Language::Vi))
        }
    }
}

fn file(shown: &Shown, how: &str, ending: &str, content_type: &str, bytes: Vec<u8>) -> HttpResponse {
    let name = format!("{}-{}-{}", shown.content.template, shown.content.serial, shown.content.padded_number());
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("{how}; filename=\"{name}.{ending}\"")))
        .body(bytes)
}

fn page(shown: &Shown, sandbox: bool) -> Page {
    let c = &shown.content;
    let (tone, state) = match shown.stored.status {
        ReceiptStatus::Issued | ReceiptStatus::Numbered => ("paid", "Biên lai có giá trị"),
        ReceiptStatus::Replaced => ("over", "Biên lai đã được thay thế"),
        ReceiptStatus::Cancelled => ("failed", "Biên lai đã bị hủy"),
    };
    let mut rows = vec![
        ("Mẫu số", c.template.to_string()),
        ("Ký hiệu", c.serial.clone()),
        ("Số", c.padded_number()),
        ("Ngày lập", day(c.issued_on)),
        ("Tổ chức thu", c.collector.name.clone()),
        ("Mã số thuế", c.collector.tax_code.clone()),
        ("Địa chỉ", c.collector.address.clone()),
        ("Nội dung thu", c.description.clone()),
    ];
    rows.extend(c.dossier_code.clone().map(|code| ("Mã hồ sơ", code)));
    rows.extend(c.replaces.as_ref().map(|named| ("Thay thế", name_of(named))));
    rows.extend(shown.stored.signed_by.clone().map(|name| ("Chữ ký số", name)));
    let token = &shown.stored.token;
    Page {
        w: Language::Vi.words(),
        sandbox,
        tone,
        state,
        says: says(shown),
        title: c.title(),
        amount: c.amount.to_string(),
        words: domain::words::of(c.amount).unwrap_or_default(),
        rows,
        pdf_url: format!("/receipts/{token}/receipt.pdf"),
        xml_url: format!("/receipts/{token}/receipt.xml"),
    }
}

/// What its state means for whoever holds it.
fn says(shown: &Shown) -> String {
    let on = day(business_date(shown.stored.updated_at));
    match (shown.stored.status, &shown.replaced_by) {
        (ReceiptStatus::Issued | ReceiptStatus::Numbered, _) => {
            "Khoản tiền ghi trên biên lai này đã được thu và đang được ghi nhận.".to_owned()
        }
        (ReceiptStatus::Replaced, Some(named)) => format!("Từ ngày {on}, thay bằng {}.", name_of(named)),
        (ReceiptStatus::Replaced, None) => format!("Từ ngày {on}, biên lai khác đang được lập để thay thế."),
        (ReceiptStatus::Cancelled, _) => {
            format!("Hủy ngày {on}: khoản tiền đã được hoàn trả hoặc không còn được ghi nhận.")
        }
    }
}

fn name_of(named: &Named) -> String {
    format!(
        "biên lai mẫu số {}, ký hiệu {}, số {:08}, ngày {}",
        named.template,
        named.serial,
        named.number,
        day(named.issued_on)
    )
}

fn day(day: Date) -> String {
    Language::Vi.day(day)
}

//! `/receipts/<token>`: a receipt as anybody sees who has its address, from the paper's code or a forwarded link. Whether it stands,
//! what stands on it, the page to print and the signed document. A receipt names no payer, so none is shown. The receipt itself,
//! on paper and as a document, is in Vietnamese alone, as it must be (Decree 254/2026 Art. 23).

mod words;

use crate::answer;
use crate::language::{self, Language};
use crate::load::{Asked, Returned};
use crate::stage::Stage;
use ::receipt::{Named, Print};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::business_day::business_date;
use domain::mode::Mode;
use domain::receipt::ReceiptStatus;
use payments::Context;
use payments::issue_receipts::{self, Shown};
use payments::view::{Handed, IntentView};
use std::error::Error;
use words::Words;

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page {
    w: &'static language::Words,
    r: &'static Words,
    switch_url: String,
    switch_words: &'static language::Words,
    sandbox: bool,
    /// Colours the heading.
    tone: &'static str,
    state: &'static str,
    says: String,
    title: &'static str,
    amount: String,
    /// The sum in words, as it stands on the receipt.
    words: String,
    rows: Vec<Row>,
    pdf_url: String,
    xml_url: String,
}

struct Row {
    label: &'static str,
    value: String,
    /// As it stands on the receipt, in Vietnamese words.
    is_words: bool,
}

/// From the page of what is paid to a receipt of it.
pub(crate) struct Link {
    pub url: String,
    pub name: String,
    pub description: String,
    pub amount: String,
}

/// Of fees on the page: those receipts that stand.
pub(crate) fn standing(view: &IntentView) -> impl Iterator<Item = &Handed> {
    view.receipts.iter().filter(|handed| handed.receipt.status == ReceiptStatus::Issued)
}

/// None before all is paid.
pub(crate) fn links(language: Language, view: &IntentView, stage: Stage) -> Vec<Link> {
    let link = |Handed { receipt, .. }: &Handed| Link {
        url: format!("/receipts/{}{}", receipt.token, language.query(Returned::No)),
        name: Words::of(language)
            .link
            .replace("{serial}", &receipt.serial)
            .replace("{number}", &format!("{:08}", receipt.number)),
        description: receipt.description.clone(),
        amount: receipt.amount.to_string(),
    };
    standing(view).filter(|_| stage.is_settled()).map(link).collect()
}

pub(crate) async fn show(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let language = Asked::of(&request).language;
    match load(&ctx, &request).await {
        Ok(shown) => answer::html(StatusCode::OK, language, &page(language, &shown, ctx.mode == Mode::Sandbox)),
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
            Some(format!("BIÊN LAI KHÔNG CÒN GIÁ TRỊ. {}", says(Language::Vi, &shown)))
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
    let asked = Asked::of(request);
    let absent = || answer::absent(asked.language);
    let token = asked.token.as_deref().ok_or_else(absent)?;
    match issue_receipts::by_token(ctx, token).await {
        Ok(shown) => shown.ok_or_else(absent),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "a receipt not read");
            Err(answer::out_of_order(answer::status_of(&error), asked.language))
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

fn page(language: Language, shown: &Shown, sandbox: bool) -> Page {
    let (c, r, token) = (&shown.content, Words::of(language), &shown.stored.token);
    let (tone, state) = match shown.stored.status {
        ReceiptStatus::Issued | ReceiptStatus::Numbered => ("paid", r.stands),
        ReceiptStatus::Replaced => ("over", r.replaced),
        ReceiptStatus::Cancelled => ("failed", r.cancelled),
    };
    let at = |language: Language| format!("/receipts/{token}{}", language.query(Returned::No));
    Page {
        w: language.words(),
        r,
        switch_url: at(language.other()),
        switch_words: language.other().words(),
        sandbox,
        tone,
        state,
        says: says(language, shown),
        title: r.title(c.kind),
        amount: c.amount.to_string(),
        words: domain::words::of(c.amount).unwrap_or_default(),
        rows: rows(language, shown),
        pdf_url: format!("/receipts/{token}/receipt.pdf"),
        xml_url: format!("/receipts/{token}/receipt.xml"),
    }
}

/// What stands on it.
fn rows(language: Language, shown: &Shown) -> Vec<Row> {
    let (c, r) = (&shown.content, Words::of(language));
    let plain = |label, value| Row { label, value, is_words: false };
    let words = |label, value: &str| Row { label, value: value.to_owned(), is_words: true };
    let mut rows = vec![
        plain(r.template, c.template.to_string()),
        plain(r.serial, c.serial.clone()),
        plain(r.number, c.padded_number()),
        plain(r.issued_on, language.day(c.issued_on)),
        words(r.collector, &c.collector.name),
        plain(r.tax_code, c.collector.tax_code.clone()),
        words(r.address, &c.collector.address),
        words(r.description, &c.description),
    ];
    rows.extend(c.dossier_code.clone().map(|code| plain(r.dossier, code)));
    rows.extend(c.replaces.as_ref().map(|named| plain(r.replaces, name_of(language, named))));
    rows.extend(shown.stored.signed_by.as_deref().map(|name| words(r.signed_by, name)));
    rows
}

/// What its state means for whoever holds it.
fn says(language: Language, shown: &Shown) -> String {
    let r = Words::of(language);
    let on = |text: &str| text.replace("{day}", &language.day(business_date(shown.stored.updated_at)));
    match (shown.stored.status, &shown.replaced_by) {
        (ReceiptStatus::Issued | ReceiptStatus::Numbered, _) => r.stands_says.to_owned(),
        (ReceiptStatus::Replaced, Some(named)) => format!("{} {}.", on(r.replaced_by), name_of(language, named)),
        (ReceiptStatus::Replaced, None) => on(r.replaced_soon),
        (ReceiptStatus::Cancelled, _) => on(r.cancelled_says),
    }
}

fn name_of(language: Language, named: &Named) -> String {
    Words::of(language)
        .named
        .replace("{template}", &named.template)
        .replace("{serial}", &named.serial)
        .replace("{number}", &format!("{:08}", named.number))
        .replace("{day}", &language.day(named.issued_on))
}

//! The payment notice: one page of A4 to print at the commune's office, with the transfer's code where one is on offer and
//! with the page's address as a code always; that money is held, or may have come, before them. Nothing of a payer stands on it.

use crate::answer;
use crate::language::{Language, Words};
use crate::load::{Asked, Returned, load};
use crate::page::{Seen, agency_name, asks_first};
use crate::said::is_to_ask_first;
use crate::transfer::Transfer;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::mode::Mode;
use jiff::Timestamp;
use paper::{LEFT, Paper, RIGHT, Sheet};
use payments::Context;
use payments::payer_page::PayerPage;

/// Below this the codes stand.
const ITEMS_END: u16 = 470;
const CODES_TOP: u16 = 532;
const CODE_SIDE: u16 = 190;
const LINK_SIDE: u16 = 140;
const FOOT: u16 = 785;

pub(crate) async fn notice(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let now = Timestamp::now();
    let seen = Seen::of(&loaded, Returned::No, now);
    if !seen.stage.may_pay() {
        // there is nothing to be paid by it
        return answer::absent(asked.language);
    }
    let sandbox = ctx.mode == Mode::Sandbox;
    let Some(bytes) = made(&loaded, &seen, asked.language, sandbox, now) else {
        tracing::error!(reference = %loaded.view.intent.reference, "a notice was not made");
        return answer::out_of_order(StatusCode::INTERNAL_SERVER_ERROR, asked.language);
    };
    HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{}.pdf\"", loaded.view.intent.reference),
        ))
        .body(bytes)
}

fn made(loaded: &PayerPage, seen: &Seen, language: Language, sandbox: bool, now: Timestamp) -> Option<Vec<u8>> {
    let (w, view) = (language.words(), &loaded.view);
    let title = format!("{} {}", w.print_title, view.intent.reference);
    let mut paper = Paper::new(&title, w.lang)?;
    paper.upright(|sheet| filled(sheet, loaded, seen, (language, sandbox, now)))?;
    paper.bytes()
}

fn filled(
    sheet: &mut Sheet<'_>,
    loaded: &PayerPage,
    seen: &Seen,
    (language, sandbox, now): (Language, bool, Timestamp),
) -> Option<()> {
    let (w, view) = (language.words(), &loaded.view);
    head(sheet, loaded, w, sandbox);
    let mut y = facts(sheet, loaded, language);
    // whoever reads this pays without having seen the page
    if asks_first(loaded, seen.stage, now) || is_to_ask_first(view, seen.stage) {
        y = warning(sheet, w, y);
    }
    y = items(sheet, loaded, w, y + 22);
    sheet.rule(y + 6, 1);
    sheet.line(LEFT, y + 26, 13, true, w.total);
    sheet.right(RIGHT, y + 26, 13, true, &view.total().to_string());
    if view.amount_due != view.total() {
        sheet.line(LEFT, y + 46, 13, true, w.still_due);
        sheet.right(RIGHT, y + 46, 13, true, &view.amount_due.to_string());
    }
    codes(sheet, loaded, seen.transfer.as_ref(), w)?;
    sheet.rule(FOOT - 16, 1);
    sheet.line(LEFT, FOOT, 9, false, w.print_foot);
    sheet.line(LEFT, FOOT + 13, 9, false, w.not_a_bank);
    sheet.line(LEFT, FOOT + 26, 9, false, &format!("{} {}", w.print_made, language.instant_and_zone(now)));
    Some(())
}

fn head(sheet: &mut Sheet<'_>, loaded: &PayerPage, w: &Words, sandbox: bool) {
    let agency = loaded.view.obligations.first().map(|o| agency_name(&loaded.agencies, &o.terms.agency_code));
    sheet.line(LEFT, 62, 11, true, &agency.unwrap_or_default());
    sheet.right(RIGHT, 62, 10, false, w.gateway);
    sheet.rule(74, 2);
    sheet.line(LEFT, 112, 22, true, w.print_title);
    if sandbox {
        sheet.line(LEFT, 130, 10, true, w.sandbox);
    }
}

fn facts(sheet: &mut Sheet<'_>, loaded: &PayerPage, language: Language) -> u16 {
    let (w, intent) = (language.words(), &loaded.view.intent);
    let mut y = 160;
    for (label, value, size) in [
        (w.reference, intent.reference.spaced(), 16),
        (w.still_due, loaded.view.amount_due.to_string(), 16),
        (w.beneficiary, loaded.beneficiary.clone(), 11),
        (w.print_until, language.instant_and_zone(intent.expires_at), 11),
    ] {
        sheet.line(LEFT, y, 10, false, label);
        for line in sheet.wrapped(&value, size, true, RIGHT - LEFT - 130, 2) {
            sheet.line(LEFT + 130, y, size, true, &line);
            y += size + 8;
        }
    }
    y
}

/// Under a rule, as what is to be read before all else.
fn warning(sheet: &mut Sheet<'_>, w: &Words, top: u16) -> u16 {
    sheet.rule(top - 2, 1);
    let mut y = top + 16;
    for line in sheet.wrapped(w.lookup_ask, 11, true, RIGHT - LEFT, 2) {
        sheet.line(LEFT, y, 11, true, &line);
        y += 16;
    }
    sheet.rule(y - 8, 1);
    y
}

/// As many as there is room for; the others are counted.
fn items(sheet: &mut Sheet<'_>, loaded: &PayerPage, w: &Words, top: u16) -> u16 {
    sheet.line(LEFT, top, 12, true, w.items);
    let mut y = top + 18;
    let all = &loaded.view.obligations;
    for (n, o) in all.iter().enumerate() {
        let lines = sheet.wrapped(&o.terms.description, 10, false, RIGHT - LEFT - 110, 2);
        let rows = u16::try_from(lines.len()).unwrap_or(2) + u16::from(o.terms.dossier_code.is_some());
        let last = if n + 1 == all.len() { 0 } else { 14 };
        if y + rows * 13 + last > ITEMS_END {
            sheet.line(LEFT, y, 10, true, &format!("+ {} {}", all.len() - n, w.print_more));
            return y + 8;
        }
        sheet.right(RIGHT, y, 10, true, &o.amount().to_string());
        for line in lines {
            sheet.line(LEFT, y, 10, false, &line);
            y += 13;
        }
        if let Some(code) = &o.terms.dossier_code {
            sheet.line(LEFT, y, 11, true, &format!("{}: {code}", w.dossier));
            y += 13;
        }
        y += 4;
    }
    y
}

fn codes(sheet: &mut Sheet<'_>, loaded: &PayerPage, transfer: Option<&Transfer>, w: &Words) -> Option<()> {
    let url = &loaded.view.checkout_url;
    let Some(t) = transfer else {
        sheet.line(LEFT, CODES_TOP, 11, true, w.print_link);
        sheet.code(url, LEFT, CODES_TOP + 12, CODE_SIDE)?;
        return Some(());
    };
    sheet.line(LEFT, CODES_TOP, 11, true, w.print_scan);
    sheet.code(&t.qr_data, LEFT, CODES_TOP + 12, CODE_SIDE)?;
    let x = LEFT + CODE_SIDE + 16;
    let mut y = CODES_TOP + 26;
    for (label, value) in [
        (w.bank, t.bank.clone()),
        (w.account_number, t.account_number.clone()),
        (w.account_name, t.account_name.clone()),
        (w.amount, t.amount.clone()),
        (w.transfer_content, t.content.clone()),
    ] {
        sheet.line(x, y, 9, false, label);
        // beside the other code there is room for so much
        for line in sheet.wrapped(&value, 11, true, RIGHT - LINK_SIDE - x, 2) {
            y += 13;
            sheet.line(x, y, 11, true, &line);
        }
        y += 18;
    }
    sheet.right(RIGHT, CODES_TOP + 184, 9, false, w.print_link);
    sheet.code(url, RIGHT - LINK_SIDE + 29, CODES_TOP + 46, LINK_SIDE)
}

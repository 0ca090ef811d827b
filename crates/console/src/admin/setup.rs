//! What stands: beneficiaries with their accounts, the fee catalogue, the working calendar. Days off are said here; accounts and
//! fees are changed over the API, by two persons or from a decision's text.

use super::{Asked, HERE, SCOPES, by, frame, made, pressed};
use crate::answer::{Answer, Refused, html, see_other};
use crate::form::date;
use crate::frame::Frame;
use crate::shown;
use crate::staff::Staff;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::bank_names;
use domain::catalogue::CatalogueFee;
use jiff::civil::Date;
use payments::Context;
use payments::administer::tariff;
use storage::{Tx, beneficiaries};

struct Beneficiary {
    code: String,
    agency: String,
    name: String,
    account: String,
    coming: Option<String>,
}

struct Fee {
    code: String,
    name: String,
    amounts: String,
    basis: String,
    sub_item: String,
    holds: String,
}

struct Day {
    date: String,
    shown: String,
    worked: bool,
    name: String,
}

#[derive(Template)]
#[template(path = "admin_setup.html")]
struct Page {
    frame: Frame,
    beneficiaries: Vec<Beneficiary>,
    fees: Vec<Fee>,
    days: Vec<Day>,
    may_change: bool,
    wrong: Option<String>,
}

pub(crate) async fn setup(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    page(StatusCode::OK, &ctx, &staff, None, asked.done.is_some()).await
}

async fn page(status: StatusCode, ctx: &Context, staff: &Staff, wrong: Option<String>, done: bool) -> Answer {
    let by = by(staff);
    let db = ctx.pool.get().await?;
    let coming = beneficiaries::coming(&db).await?;
    let beneficiary = |b: &domain::beneficiary::Beneficiary| Beneficiary {
        code: b.code.to_string(),
        agency: b.agency_code.clone(),
        name: b.name.clone(),
        account: account(b),
        coming: coming
            .iter()
            .find(|(other, _)| other.code == b.code)
            .map(|(other, at)| format!("{} từ {}", account(other), shown::time(*at))),
    };
    let seen = beneficiaries::in_force(&db, None).await?;
    let mut fees = beneficiaries::fees(&db, None).await?;
    fees.sort_by(|a, b| (&a.fee_code, a.valid_from).cmp(&(&b.fee_code, b.valid_from)));
    let days = beneficiaries::exceptions(&db, None, None).await?;
    let day = |(date, worked, name): &beneficiaries::Exception| Day {
        date: date.to_string(),
        shown: shown::day(*date),
        worked: *worked,
        name: name.clone(),
    };
    let page = Page {
        frame: frame(staff, done),
        beneficiaries: seen.iter().filter(|b| by.sees(b.code.as_str())).map(beneficiary).collect(),
        fees: fees.iter().map(fee).collect(),
        days: days.iter().rev().map(day).collect(),
        may_change: by.of_all().is_ok(),
        wrong,
    };
    Ok(html(status, &page))
}

fn account(b: &domain::beneficiary::Beneficiary) -> String {
    format!("{} · {} · {}", bank_names::name(&b.bank_bin), b.account_number, b.account_name)
}

fn fee(f: &CatalogueFee) -> Fee {
    let mut amounts: Vec<String> = f.amounts.iter().map(ToString::to_string).collect();
    amounts.extend(f.unit.map(|unit| format!("mỗi đơn vị {unit}")));
    let day = |day: Option<Date>| day.map_or_else(|| "…".to_owned(), shown::day);
    Fee {
        code: f.fee_code.clone(),
        name: f.name.clone(),
        amounts: amounts.join("; "),
        basis: f.legal_basis.clone(),
        sub_item: f.budget_sub_item.clone().unwrap_or_default(),
        holds: format!("{} – {}", day(f.valid_from), day(f.valid_to)),
    }
}

async fn answer(ctx: &Context, staff: &Staff, outcome: Result<(), String>) -> Answer {
    match outcome {
        Ok(()) => Ok(see_other(&format!("{HERE}/setup?done=1"))),
        Err(wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, ctx, staff, Some(wrong), false).await,
    }
}

pub(crate) async fn put_day(ctx: Data<Context>, staff: Staff, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let name = form.text("name").trim();
    let named = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let outcome = match date(form.text("date")).filter(|_| named) {
        None => Err("Hãy chọn ngày và ghi tên ngày (1–200 ký tự).".to_owned()),
        Some(day) => {
            let (by, worked) = (by(&staff), form.text("worked") == "yes");
            made(&ctx, &staff, &form, async |tx: &Tx| tariff::put_day(tx, &by, day, worked, name).await).await?
        }
    };
    answer(&ctx, &staff, outcome).await
}

pub(crate) async fn remove_day(ctx: Data<Context>, staff: Staff, day: Path<String>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let (by, day) = (by(&staff), date(&day).ok_or(Refused::Absent)?);
    let outcome = made(&ctx, &staff, &form, async |tx: &Tx| tariff::remove_day(tx, &by, day).await).await?;
    answer(&ctx, &staff, outcome).await
}

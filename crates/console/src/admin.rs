//! What administrators look at, and what they do each week: channels, people and their keys, what is set up, what was given up
//! for a person. What one of some beneficiaries does not administer is absent to them, and what concerns all is refused. Every act
//! asks for a fresh code: whoever finds a desk with somebody signed in switches nothing off.

mod channels;
mod parked;
mod people;
mod remittance_rules;
mod setup;

pub(crate) use channels::{announce, channels, switch, withdraw};
pub(crate) use parked::{drive, parked};
pub(crate) use people::{people, revoke};
pub(crate) use remittance_rules::{put_remittance_rule, remittance_rules};
pub(crate) use setup::{put_day, remove_day, setup};

use crate::answer::{Answer, Refused, html};
use crate::form::Form;
use crate::frame::Frame;
use crate::said;
use crate::staff::{Staff, now};
use actix_web::http::StatusCode;
use askama::Template;
use domain::principal::Scope;
use payments::administer::{By, Made};
use payments::{Context, administer, sign_in};
use serde::Deserialize;
use storage::Tx;

const SCOPES: &[Scope] = &[Scope::Admin];
const HERE: &str = "/console/admin";

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    /// What was pressed is done.
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "admin.html")]
struct Page {
    frame: Frame,
}

pub(crate) async fn index(staff: Staff) -> Answer {
    staff.needs(SCOPES)?;
    Ok(html(StatusCode::OK, &Page { frame: Frame::of(&staff, HERE) }))
}

fn by(staff: &Staff) -> By {
    By {
        actor: staff.person.to_string(),
        request_id: staff.request_id.clone(),
        person: Some(staff.person),
        beneficiaries: staff.beneficiaries.clone(),
        now: now(),
    }
}

fn frame(staff: &Staff, done: bool) -> Frame {
    Frame { done: done.then_some("Đã thực hiện."), ..Frame::of(staff, HERE) }
}

/// An administrator's form, whole and with its token.
fn pressed(staff: &Staff, raw: &[u8]) -> Result<Form, Refused> {
    let form = Form::read(raw, &staff.token)?;
    staff.needs(SCOPES)?;
    Ok(form)
}

/// Whether the fresh code is right; why not.
async fn shown_again(ctx: &Context, staff: &Staff, form: &Form) -> Result<Result<(), String>, Refused> {
    // a second press of such a form would set the same again: it is told that its code was used
    match sign_in::show_again(ctx, staff.shows(), form.text("code"), (None, &*staff.request_id), now()).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => Ok(Err(said::code(error)?)),
    }
}

/// Makes a change once the code is right; or says why not.
async fn made<T>(
    ctx: &Context,
    staff: &Staff,
    form: &Form,
    work: impl AsyncFn(&Tx) -> Result<Made<T>, administer::AdminError>,
) -> Result<Result<(), String>, Refused> {
    if let Err(wrong) = shown_again(ctx, staff, form).await? {
        return Ok(Err(wrong));
    }
    match administer::once(&ctx.pool, &by(staff), work).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => Ok(Err(said::administering(error)?)),
    }
}

/// What payers or colleagues read: 1 to 200 letters.
fn reason(form: &Form) -> Result<String, String> {
    let said = form.text("reason").trim();
    let is_one = (1..=200).contains(&said.chars().count()) && !said.chars().any(char::is_control);
    if is_one { Ok(said.to_owned()) } else { Err("Hãy ghi lý do (1–200 ký tự).".to_owned()) }
}

//! Channels and the contracts under them: switched off and on, times away announced. It concerns new attempts only.

use super::{Asked, HERE, SCOPES, by, frame, made, pressed, reason};
use crate::answer::{Answer, Refused, html, see_other};
use crate::frame::Frame;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::Vnd;
use domain::business_day::HANOI;
use domain::codes::ChannelCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use payments::Context;
use payments::administer::channels::{self as changing, Announcement, Shown};
use storage::{Tx, profiles};
use uuid::Uuid;

struct Channel {
    code: String,
    name: String,
    contracts: String,
    is_off: bool,
    why: Option<String>,
    switched: String,
    /// Id, and when; what payers read.
    away: Vec<(String, String, String)>,
}

fn channel(c: &Shown, people: &People) -> Channel {
    Channel {
        code: c.code.clone(),
        name: c.name.unwrap_or(&c.code).to_owned(),
        contracts: c.profiles.join(", "),
        is_off: c.switch.as_ref().is_some_and(|s| s.off_since.is_some()),
        why: c.reason(now()).map(str::to_owned),
        switched: c
            .switch
            .as_ref()
            .map_or_else(String::new, |s| format!("{}, {}", people.name(&s.changed_by), shown::time(s.changed_at))),
        away: c
            .downtimes
            .iter()
            .map(|d| {
                let when = format!("{} – {}", shown::time(d.starts_at), shown::time(d.ends_at));
                (d.id.to_string(), when, d.reason.clone())
            })
            .collect(),
    }
}

struct Contract {
    code: String,
    channel: String,
    beneficiaries: String,
    least: Vnd,
    most: Option<Vnd>,
    payout: String,
}

#[derive(Template)]
#[template(path = "admin_channels.html")]
struct Page {
    frame: Frame,
    channels: Vec<Channel>,
    contracts: Vec<Contract>,
    may_switch: bool,
    wrong: Option<String>,
}

pub(crate) async fn channels(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    page(StatusCode::OK, &ctx, &staff, None, asked.done.is_some()).await
}

async fn page(status: StatusCode, ctx: &Context, staff: &Staff, wrong: Option<String>, done: bool) -> Answer {
    let by = by(staff);
    let db = ctx.pool.get().await?;
    let found = changing::list(&db, Some(ctx)).await?;
    let people = People::among(&db, found.iter().filter_map(|c| Some(c.switch.as_ref()?.changed_by.clone()))).await?;
    let seen = |p: &&profiles::Listed| by.of_all().is_ok() || p.beneficiaries.iter().any(|b| by.sees(b));
    let contract = |p: &profiles::Listed| Contract {
        code: p.code.clone(),
        channel: p.channel.clone(),
        beneficiaries: p.beneficiaries.iter().filter(|b| by.sees(b)).cloned().collect::<Vec<_>>().join(", "),
        least: p.limits.min_amount,
        most: p.limits.max_amount,
        payout: p.payout_account.clone().unwrap_or_default(),
    };
    let page = Page {
        frame: frame(staff, done),
        channels: found.iter().map(|c| channel(c, &people)).collect(),
        contracts: profiles::list(&db).await?.iter().filter(seen).map(contract).collect(),
        may_switch: by.of_all().is_ok(),
        wrong,
    };
    Ok(html(status, &page))
}

async fn answer(ctx: &Context, staff: &Staff, outcome: Result<(), String>) -> Answer {
    match outcome {
        Ok(()) => Ok(see_other(&format!("{HERE}/channels?done=1"))),
        Err(wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, ctx, staff, Some(wrong), false).await,
    }
}

fn code(text: &str) -> Result<ChannelCode, Refused> {
    ChannelCode::new(text).map_err(|_| Refused::Absent)
}

pub(crate) async fn switch(ctx: Data<Context>, staff: Staff, channel: Path<String>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let channel = code(&channel)?;
    let off = match form.text("to") {
        "off" => true,
        "on" => false,
        _ => return Err(Refused::Form),
    };
    let outcome = match reason(&form) {
        Err(wrong) => Err(wrong),
        Ok(reason) => {
            let by = by(&staff);
            let work = async |tx: &Tx| changing::switch(tx, &by, &channel, off, &reason).await;
            made(&ctx, &staff, &form, work).await?
        }
    };
    answer(&ctx, &staff, outcome).await
}

/// `2026-11-27T16:05`, as a browser sends what was chosen, in Hanoi.
fn instant(text: &str) -> Option<Timestamp> {
    HANOI.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

pub(crate) async fn announce(ctx: Data<Context>, staff: Staff, channel: Path<String>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let channel = code(&channel)?;
    let times = instant(form.text("from")).zip(instant(form.text("to")));
    let outcome = match (times.filter(|(from, to)| from < to && *to > now()), reason(&form)) {
        (None, _) => Err("Giờ bắt đầu phải trước giờ kết thúc, và giờ kết thúc chưa qua.".to_owned()),
        (_, Err(wrong)) => Err(wrong),
        (Some((starts_at, ends_at)), Ok(reason)) => {
            let (by, told) = (by(&staff), Announcement { starts_at, ends_at, reason });
            let work = async |tx: &Tx| changing::announce(tx, &by, &channel, &told).await;
            made(&ctx, &staff, &form, work).await?
        }
    };
    answer(&ctx, &staff, outcome).await
}

pub(crate) async fn withdraw(ctx: Data<Context>, staff: Staff, path: Path<(String, Uuid)>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let (channel, id) = path.into_inner();
    let (by, channel) = (by(&staff), code(&channel)?);
    let work = async |tx: &Tx| changing::withdraw(tx, &by, &channel, id).await;
    let outcome = made(&ctx, &staff, &form, work).await?;
    answer(&ctx, &staff, outcome).await
}

//! What was given up for a person: reports that could not be read, deliveries and mails that nobody took. Driven again from here; and where
//! events go to. It concerns all beneficiaries, and is for those who administer all.

use super::{Asked, HERE, SCOPES, by, frame, pressed, shown_again};
use crate::answer::{Answer, Refused, html, see_other};
use crate::form;
use crate::frame::Frame;
use crate::said;
use crate::shown;
use crate::staff::Staff;
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use payments::Context;
use payments::drive_parked::{self, Which};
use storage::{endpoints, parked as storing, principals, receipt_mail};

const ON_A_PAGE: i64 = 100;

struct Report {
    id: String,
    what: String,
    why: String,
    at: String,
    case: String,
}

struct Delivery {
    id: String,
    client: String,
    event: String,
    tries: i32,
    why: String,
    at: String,
    is_active: bool,
}

struct Refund {
    id: String,
    what: String,
    tries: i32,
    at: String,
    case: Option<String>,
}

struct Mail {
    id: String,
    receipt: String,
    says: &'static str,
    tries: i32,
    why: String,
    at: String,
}

struct Endpoint {
    client: String,
    url: String,
    kinds: String,
    made: String,
}

#[derive(Template)]
#[template(path = "admin_parked.html")]
struct Page {
    frame: Frame,
    reports: Vec<Report>,
    deliveries: Vec<Delivery>,
    refunds: Vec<Refund>,
    mails: Vec<Mail>,
    endpoints: Vec<Endpoint>,
    key: String,
    wrong: Option<String>,
}

fn needs_all(staff: &Staff) -> Result<(), Refused> {
    staff.needs(SCOPES)?;
    by(staff).of_all().map_err(|_| Refused::NotAllowed)
}

pub(crate) async fn parked(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    needs_all(&staff)?;
    page(StatusCode::OK, &ctx, &staff, None, asked.done.is_some()).await
}

async fn page(status: StatusCode, ctx: &Context, staff: &Staff, wrong: Option<String>, done: bool) -> Answer {
    let db = ctx.pool.get().await?;
    let report = |r: &storing::Report| Report {
        id: r.id.to_string(),
        what: format!("{} · {} · {}", words::source(&r.source), r.channel, r.profile),
        why: r.reason.clone(),
        at: shown::time(r.received_at),
        case: r.case_id.to_string(),
    };
    let delivery = |d: &storing::Delivery| Delivery {
        id: d.event_id.to_string(),
        client: d.client.clone(),
        event: words::journal(&d.event_type).to_owned(),
        tries: d.attempts,
        why: d.last_result.clone().unwrap_or_default(),
        at: shown::time(d.updated_at),
        is_active: d.endpoint_active,
    };
    let refund = |r: &storing::Refund| Refund {
        id: r.id.to_string(),
        what: format!("{} · {} · {}", r.amount, r.channel, r.profile),
        tries: r.calls,
        at: shown::time(r.updated_at),
        case: r.case_id.map(|id| id.to_string()),
    };
    let mail = |m: &receipt_mail::Parked| Mail {
        id: m.id.to_string(),
        receipt: m.receipt.to_string(),
        says: words::mail(m.says),
        tries: m.attempts,
        why: m.said.clone().unwrap_or_default(),
        at: shown::time(m.updated_at),
    };
    let mut endpoints = Vec::new();
    for client in principals::clients(&db, None, None, ON_A_PAGE).await? {
        let of = endpoints::list(&db, client.id, None, ON_A_PAGE).await?;
        endpoints.extend(of.into_iter().map(|e| Endpoint {
            client: client.code.clone(),
            url: e.url,
            kinds: e.stream_kinds.join(", "),
            made: shown::time(e.created_at),
        }));
    }
    let page = Page {
        frame: frame(staff, done),
        reports: storing::reports(&db, None, ON_A_PAGE).await?.iter().map(report).collect(),
        deliveries: storing::deliveries(&db, None, ON_A_PAGE).await?.iter().map(delivery).collect(),
        refunds: storing::refunds(&db, None, ON_A_PAGE).await?.iter().map(refund).collect(),
        mails: receipt_mail::parked(&db, None, ON_A_PAGE).await?.iter().map(mail).collect(),
        endpoints,
        key: form::key(),
        wrong,
    };
    Ok(html(status, &page))
}

/// Goes on when the browser hangs up.
pub(crate) async fn drive(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    needs_all(&staff)?;
    let which: Which = id.parse().map_err(|_| Refused::Absent)?;
    let request = form.request(staff.person.uuid(), &format!("POST parked {id}"))?;
    let outcome = match shown_again(&ctx, &staff, &form).await? {
        Err(wrong) => Err(wrong),
        Ok(()) => {
            let (own, by) = (ctx.clone(), by(&staff));
            let work = async move { drive_parked::answer(&own, &by, which, &request, |d| (200, d.id.clone())).await };
            match actix_web::rt::spawn(work).await.map_err(Refused::broken)? {
                Ok(_) => Ok(()),
                Err(error) => Err(said::driving(error)?),
            }
        }
    };
    match outcome {
        Ok(()) => Ok(see_other(&format!("{HERE}/parked?done=1"))),
        Err(wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, Some(wrong), false).await,
    }
}

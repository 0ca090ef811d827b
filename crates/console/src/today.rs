//! Today at a glance: what came in and how, what waits and for how long, and whether the neighbours hear us.

use crate::answer::{Answer, html};
use crate::frame::Frame;
use crate::remittances::{Pressing, pressing};
use crate::shown;
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use domain::Vnd;
use domain::business_day::business_date;
use domain::principal::Scope;
use jiff::Timestamp;
use payments::Context;
use storage::desk::{self, Hearing, Open, Taken};
use storage::{Db, channels};

struct Channel {
    name: String,
    payments: i64,
    amount: Vnd,
    share: String,
}

struct Waiting {
    kind: String,
    word: String,
    cases: i64,
    amount: Vnd,
    waiting: Vnd,
    age: String,
}

struct Heard {
    name: String,
    waiting: i64,
    dead: i64,
    age: String,
}

struct Gate {
    name: String,
    code: String,
    closed: Option<String>,
}

/// A bar of the chart: whole pixels.
struct Bar {
    hour: i32,
    x: i32,
    y: i64,
    height: i64,
    amount: Vnd,
}

#[derive(Template)]
#[template(path = "today.html")]
struct Page {
    frame: Frame,
    day: String,
    total: Vnd,
    payments: i64,
    online: String,
    suspense: Vnd,
    /// Since which day the oldest part of it has waited.
    suspense_since: String,
    suspense_parts: i64,
    cases: i64,
    to_decide: i64,
    decides: bool,
    channels: Vec<Channel>,
    bars: Vec<Bar>,
    waiting: Vec<Waiting>,
    /// What is to be remitted to the treasury, and is due.
    pressing: Vec<Pressing>,
    gates: Vec<Gate>,
    heard: Vec<Heard>,
}

pub(crate) async fn today(ctx: Data<Context>, staff: Staff) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let now = now();
    let day = business_date(now);
    let (own, actor) = (staff.sees(), staff.person.to_string());
    let db = ctx.pool.get().await?;
    let taken = desk::taken(&db, day, own.as_deref()).await?;
    let hours = desk::by_hour(&db, day, own.as_deref()).await?;
    let open = desk::open(&db, own.as_deref()).await?;
    let total: Vnd = taken.iter().map(|t| t.amount).sum();
    let (suspense, since, suspense_parts) = desk::suspense(&db, day, own.as_deref()).await?;
    let page = Page {
        frame: Frame::of(&staff, "/console"),
        day: shown::day(day),
        total,
        payments: taken.iter().map(|t| t.payments).sum(),
        online: online(&taken),
        suspense,
        suspense_parts,
        suspense_since: since.map(shown::day).unwrap_or_default(),
        cases: open.iter().map(|o| o.cases).sum(),
        to_decide: desk::to_decide(&db, &actor, own.as_deref()).await?,
        decides: staff.may(Scope::ApprovalsDecide),
        channels: taken.iter().map(|t| channel(&ctx, t, total)).collect(),
        bars: bars(&hours),
        waiting: open.iter().map(|o| waiting(o, now)).collect(),
        pressing: pressing(&db, &staff).await?,
        gates: gates(&ctx, &db, own.as_deref()).await?,
        // a portal registers for whomever it likes: how it hears us is for who sees all
        heard: if own.is_none() { desk::hearing(&db).await? } else { Vec::new() }
            .iter()
            .map(|h| heard(h, now))
            .collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// Of payments, not of money: a large one says nothing of how people pay.
fn online(taken: &[Taken]) -> String {
    let all = taken.iter().map(|t| t.payments).sum();
    shown::share(taken.iter().filter(|t| !t.at_counter).map(|t| t.payments).sum(), all)
}

pub(crate) fn name_of(ctx: &Context, channel: &str) -> String {
    let known = ctx.providers.iter().find(|provider| provider.channel.as_str() == channel);
    match known {
        Some(provider) => provider.names.vi.to_owned(),
        None if channel == "counter" => "Quầy một cửa".to_owned(),
        None => channel.to_owned(),
    }
}

fn channel(ctx: &Context, t: &Taken, total: Vnd) -> Channel {
    Channel {
        name: name_of(ctx, &t.channel),
        payments: t.payments,
        amount: t.amount,
        share: shown::share(t.amount.dong(), total.dong()),
    }
}

fn waiting(o: &Open, now: Timestamp) -> Waiting {
    Waiting {
        kind: words::kind(&o.kind).to_owned(),
        word: o.kind.clone(),
        cases: o.cases,
        amount: o.amount,
        waiting: o.waiting,
        age: shown::age(o.oldest, now),
    }
}

fn heard(h: &Hearing, now: Timestamp) -> Heard {
    let age = h.oldest.map_or(String::new(), |at| shown::age(at, now));
    Heard { name: h.name.clone(), waiting: h.waiting, dead: h.dead, age }
}

/// Of the contracts whose days the person sees.
async fn gates(ctx: &Context, db: &Db, own: Option<&[String]>) -> Result<Vec<Gate>, storage::StorageError> {
    let gates = channels::gates(db).await?;
    let seen = desk::scopes(db, own).await?;
    let is_seen = |code: &str| own.is_none() || seen.iter().any(|s| s.scope.strip_prefix("clearing:") == Some(code));
    Ok(gates
        .into_iter()
        .filter(|(code, _)| is_seen(code))
        .map(|(code, gate)| {
            let provider = ctx.providers.iter().find(|provider| provider.profile.as_str() == code);
            let name = provider.map(|provider| provider.names.vi.to_owned()).unwrap_or_default();
            Gate { name, code, closed: gate.closed.or(gate.away).map(|closed| closed.reason) }
        })
        .collect())
}

const TALL: i64 = 120;
const WIDE: i32 = 26;

fn bars(hours: &[(i32, Vnd)]) -> Vec<Bar> {
    let most = hours.iter().map(|(_, amount)| amount.dong()).max().unwrap_or(0).max(1);
    let bar = |&(hour, amount): &(i32, Vnd)| {
        let height = i128::from(amount.dong().max(0)) * i128::from(TALL) / i128::from(most);
        let height = i64::try_from(height).unwrap_or(TALL).max(1);
        Bar { hour, x: hour * WIDE, y: TALL - height, height, amount }
    };
    hours.iter().map(bar).collect()
}

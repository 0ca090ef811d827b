//! Looking for what a payer holds in their hand, and the whole story of a payment with what proves it. Who reads a story is
//! written down: a bank's text may name the payer.

use crate::answer::{Answer, Refused, html};
use crate::frame::Frame;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::today::name_of;
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use domain::principal::Scope;
use domain::reference_text::{self, Found};
use domain::suggestion::plain;
use domain::{PaymentId, Vnd};
use payments::{Context, sign_in};
use serde::Deserialize;
use storage::found::{self, Asked};
use storage::payments::{Filter, Shown};
use storage::story::{self, Moment};

const AT_MOST: i64 = 50;
const MOMENTS_AT_MOST: i64 = 500;
const LONGEST: usize = 300;

#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    q: String,
}

struct Money {
    id: String,
    channel: String,
    amount: Vnd,
    back: bool,
    at: String,
    reference: String,
    number: String,
}

struct Request {
    reference: String,
    dossiers: String,
    state: String,
    amount: Vnd,
    at: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    asked: String,
    payments: Vec<Money>,
    intents: Vec<Request>,
}

pub(crate) async fn search(ctx: Data<Context>, staff: Staff, typed: Query<Typed>) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let text: String = typed.q.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let (mut payments, mut intents) = (Vec::new(), Vec::new());
    if !text.is_empty() {
        let asked = read(&ctx, &text, &staff);
        let db = ctx.pool.get().await?;
        payments = found::payments(&db, &asked, AT_MOST).await?;
        intents = found::intents(&db, &asked, AT_MOST).await?;
    }
    let money = |p: &found::Payment| Money {
        id: p.id.to_string(),
        channel: name_of(&ctx, &p.channel),
        amount: p.amount,
        back: p.reversed.is_positive(),
        at: shown::time(p.paid_at),
        reference: p.reference.clone().unwrap_or_default(),
        number: p.number.clone().unwrap_or_default(),
    };
    let request = |i: &found::Intent| Request {
        reference: i.reference.clone(),
        dossiers: i.dossiers.join(", "),
        state: words::state(&i.status).to_owned(),
        amount: i.amount,
        at: shown::time(i.created_at),
    };
    let page = SearchPage {
        frame: Frame::of(&staff, "/console/search"),
        asked: text,
        payments: payments.iter().map(money).collect(),
        intents: intents.iter().map(request).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// A whole transfer's text is looked through for references, as the books do it.
fn read(ctx: &Context, text: &str, staff: &Staff) -> Asked {
    let references = match reference_text::find(text, ctx.mode) {
        Found::One(reference) => vec![reference.to_string()],
        Found::Several(all) => all.iter().map(ToString::to_string).collect(),
        Found::None => Vec::new(),
    };
    Asked { text: text.to_owned(), plain: plain(text), references, beneficiaries: staff.sees() }
}

struct Step {
    at: String,
    what: String,
    says: String,
    who: String,
    amount: Option<Vnd>,
    proof: String,
    /// What it is, for the mark beside it.
    mark: &'static str,
}

struct Place {
    name: String,
    amount: Vnd,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage {
    frame: Frame,
    id: String,
    channel: String,
    amount: Vnd,
    reversed: Vnd,
    refunding: Vnd,
    paid_at: String,
    day: String,
    reference: String,
    order: String,
    identity: String,
    places: Vec<Place>,
    steps: Vec<Step>,
}

pub(crate) async fn payment(ctx: Data<Context>, staff: Staff, id: Path<String>) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let id: PaymentId = id.parse().map_err(|_| Refused::Absent)?;
    let filter = Filter { id: Some(id.uuid()), beneficiaries: staff.sees(), ..Filter::default() };
    let db = ctx.pool.get().await?;
    let found = storage::payments::page(&db, &filter, None, 1).await?.pop().ok_or(Refused::Absent)?;
    let moments = story::of_payment(&db, id, MOMENTS_AT_MOST).await?;
    let people = People::among(&db, moments.iter().filter_map(|m| m.who.clone())).await?;
    let parts = storage::payments::parts(&db, &[id.uuid()]).await?;
    drop(db);
    sign_in::tell(&ctx, &staff.person.to_string(), "payment_read", id.to_string(), &staff.request_id, now()).await?;
    let place = |part: &storage::payments::Part| Place { name: home(part), amount: part.amount };
    let page = PaymentPage {
        frame: Frame::of(&staff, "/console/search"),
        id: id.to_string(),
        channel: name_of(&ctx, found.payment.channel.as_str()),
        amount: found.payment.amount,
        reversed: found.reversed,
        refunding: found.refunding,
        paid_at: shown::second(found.payment.paid_at),
        day: shown::day(found.business_date),
        reference: found.reference.clone().unwrap_or_default(),
        order: found.order_ref.clone().unwrap_or_default(),
        identity: identity(&found),
        places: parts.iter().map(place).collect(),
        steps: moments.iter().map(|m| step(m, &people)).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

fn identity(found: &Shown) -> String {
    use domain::payment::Identity::{Account, Counter, Provider};
    match &found.payment.identity {
        Provider { profile, transaction } => format!("{profile} · {transaction}"),
        Account { account, reference } => format!("{account} · {reference}"),
        Counter { counter, receipt } => format!("{counter} · {receipt}"),
    }
}

fn home(part: &storage::payments::Part) -> String {
    match (&part.obligation_id, &part.suspense_reason, &part.refund_id) {
        (Some(obligation), ..) => format!("Nghĩa vụ {obligation}"),
        (_, Some(reason), _) => format!("Chờ xử lý: {}", words::kind(reason).to_lowercase()),
        (_, _, Some(_)) => "Hoàn trả cho người nộp".to_owned(),
        (None, None, None) => "Đã xoá sổ".to_owned(),
    }
}

fn step(m: &Moment, people: &People) -> Step {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let (from, to, why) = (or_empty(&m.from), or_empty(&m.to), or_empty(&m.why));
    let (mark, what, says) = match m.what.as_str() {
        "sighting" => {
            ("seen", "Có báo thu".to_owned(), format!("{} · {from} · {}", words::source(&m.kind), words::state(&to)))
        }
        "transition" if from.is_empty() => {
            ("state", format!("{}: {}", words::thing(&m.kind), words::state(&to)), words::cause(&why).to_owned())
        }
        "transition" => {
            let what = format!("{}: {} → {}", words::thing(&m.kind), words::state(&from), words::state(&to));
            ("state", what, words::cause(&why).to_owned())
        }
        "booked" => {
            ("booked", format!("Ghi sổ: {}", words::journal(&m.kind)), format!("ngày sổ {to} · {}", words::cause(&why)))
        }
        "matched" => (
            "matched",
            "Khớp với sao kê".to_owned(),
            format!("{} · {from} · ngày {to} · {}", m.kind, words::rule(&why)),
        ),
        "settled" => {
            let says = format!("{} · {from} · {} · ngày {why}", m.kind, words::state(&to));
            ("matched", "Trong tệp quyết toán".to_owned(), says)
        }
        "event" => ("told", format!("Sự kiện: {}", words::journal(&m.kind)), why),
        "delivery" => {
            let says = format!("{} · lần gửi {from} · {}", words::state(&to), why);
            ("told", "Gửi cổng dịch vụ công".to_owned(), says)
        }
        "proposed" => ("person", format!("Đề nghị: {}", words::approval(&m.kind)), why),
        "decided" => ("person", format!("{}: {}", words::approval(&m.kind), words::state(&to)), why),
        other => ("state", other.to_owned(), why),
    };
    Step {
        at: shown::second(m.at),
        what,
        says,
        who: m.who.as_deref().map(|who| people.name(who)).unwrap_or_default(),
        amount: m.amount,
        proof: or_empty(&m.proof),
        mark,
    }
}

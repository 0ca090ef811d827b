//! Statements of our accounts: each line beside what it was matched with. Reading one is written down: a line's text may name a
//! payer.

use crate::answer::{Answer, Refused, html};
use crate::form;
use crate::frame::Frame;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use domain::principal::Scope;
use domain::{SettlementId, StatementId, Vnd};
use payments::{Context, sign_in};
use serde::Deserialize;
use storage::side_by_side::{self, Filter, Line, SettlementFile, Statement};
use storage::{Db, desk};

const ON_A_PAGE: i64 = 100;

struct Row {
    id: String,
    account: String,
    days: String,
    opening: Option<Vnd>,
    closing: Option<Vnd>,
    lines: i32,
    superseded: bool,
    by: String,
    at: String,
}

fn row(s: &Statement, people: &People) -> Row {
    let (first, last) = (shown::day(s.first_date), shown::day(s.closing_date));
    Row {
        id: s.id.to_string(),
        account: s.account.clone(),
        days: if first == last { last } else { format!("{first} – {last}") },
        opening: s.opening,
        closing: s.closing,
        lines: s.lines,
        superseded: s.state == "superseded",
        by: people.name(&s.imported_by),
        at: shown::time(s.imported_at),
    }
}

/// A provider's settlement file.
struct Settled {
    profile: String,
    day: String,
    /// Of that contract.
    path: String,
    gross: Vnd,
    fee: Vnd,
    refunds: Vnd,
    net: Vnd,
    matched: String,
    paid_out: bool,
    by: String,
}

fn settled(s: &SettlementFile, people: &People) -> Settled {
    Settled {
        profile: s.profile.clone(),
        day: shown::day(s.date),
        path: format!("/console/day?scope=clearing:{}&date={}", s.profile, s.date),
        gross: s.gross,
        fee: s.fee,
        refunds: s.refunds,
        net: s.net,
        matched: format!("{} / {}", s.matched, s.lines),
        paid_out: s.paid_out,
        by: people.name(&s.imported_by),
    }
}

#[derive(Template)]
#[template(path = "statements.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    files: Vec<Settled>,
    /// Accounts and contracts that a file may be of, as people call them; none for who brings none.
    accounts: Vec<(String, String)>,
    profiles: Vec<(String, String)>,
    key: String,
    wrong: Option<String>,
    /// Of the next statements, and of the next settlement files.
    more: Option<String>,
    more_files: Option<String>,
}

/// Where the page goes on; the other list begins again.
#[derive(Default, Deserialize)]
pub(crate) struct Onward {
    after: Option<String>,
    after_file: Option<String>,
}

impl Onward {
    fn statement(&self) -> Result<Option<StatementId>, Refused> {
        self.after.as_deref().map(|id| id.parse().map_err(|_| Refused::Absent)).transpose()
    }

    fn settlement(&self) -> Result<Option<SettlementId>, Refused> {
        self.after_file.as_deref().map(|id| id.parse().map_err(|_| Refused::Absent)).transpose()
    }
}

/// Of the last one that is shown, where there may be others.
fn more(name: &str, last: Option<String>, shown: usize) -> Option<String> {
    let full = i64::try_from(shown) == Ok(ON_A_PAGE);
    last.filter(|_| full).map(|id| format!("/console/statements?{name}={id}"))
}

async fn people(db: &Db, found: &[Statement]) -> Result<People, storage::StorageError> {
    People::among(db, found.iter().map(|s| s.imported_by.clone())).await
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff, from: Query<Onward>) -> Answer {
    staff.needs(&[Scope::ReportsRead, Scope::StatementsWrite])?;
    page(StatusCode::OK, (&ctx, &staff), &from, None).await
}

pub(crate) async fn page(
    status: StatusCode,
    (ctx, staff): (&Context, &Staff),
    from: &Onward,
    wrong: Option<String>,
) -> Answer {
    let db = ctx.pool.get().await?;
    let own = staff.sees();
    let filter = Filter { beneficiaries: own.clone(), after: from.statement()?, ..Filter::default() };
    let found = side_by_side::statements(&db, &filter, ON_A_PAGE).await?;
    let settlements = side_by_side::settlements(&db, own.as_deref(), from.settlement()?, ON_A_PAGE).await?;
    let importers = found.iter().map(|s| &s.imported_by).chain(settlements.iter().map(|s| &s.imported_by));
    let people = People::among(&db, importers.cloned()).await?;
    let names = shown::scopes(ctx, &db).await?;
    let brings = staff.may(Scope::StatementsWrite);
    let scopes = if brings { desk::scopes(&db, own.as_deref()).await? } else { Vec::new() };
    let named = |scope: &str| names.get(scope).cloned().unwrap_or_else(|| scope.to_owned());
    let seen = scopes.iter().map(|s| (s.scope.clone(), named(&s.scope)));
    let (accounts, profiles) = seen.partition(|(scope, _)| scope.starts_with("bank:"));
    let page = ListPage {
        frame: Frame::of(staff, "/console/statements"),
        rows: found.iter().map(|s| row(s, &people)).collect(),
        files: settlements.iter().map(|s| settled(s, &people)).collect(),
        accounts,
        profiles,
        key: form::key(),
        wrong,
        more: more("after", found.last().map(|s| s.id.to_string()), found.len()),
        more_files: more("after_file", settlements.last().map(|s| s.id.to_string()), settlements.len()),
    };
    Ok(html(status, &page))
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    after: i32,
    /// What is not matched, or has an open case.
    #[serde(default)]
    only: String,
}

pub(crate) struct Compared {
    pub(crate) number: i32,
    pub(crate) day: String,
    pub(crate) amount: Vnd,
    pub(crate) bank_ref: String,
    pub(crate) text: String,
    pub(crate) state: String,
    pub(crate) mark: &'static str,
    pub(crate) rule: String,
    pub(crate) payment: Option<(String, Vnd)>,
    pub(crate) reference: String,
    pub(crate) other: String,
    pub(crate) case: Option<(String, String)>,
}

pub(crate) fn compared(l: &Line) -> Compared {
    let (state, mark) = match (l.repeated, l.fate.as_deref(), &l.case) {
        (_, _, Some(_)) => ("chênh lệch", "bad"),
        (true, ..) => ("đã có ở tệp khác", ""),
        (_, Some("matched"), _) => ("đã khớp", "good"),
        (_, Some(_), _) => ("đã giải quyết", "good"),
        (_, None, _) => ("chưa khớp", "wait"),
    };
    let case = l.case.zip(l.case_kind.as_deref());
    Compared {
        number: l.number,
        day: shown::day(l.booking_date),
        amount: l.amount,
        bank_ref: l.bank_ref.clone().unwrap_or_default(),
        text: l.text.clone(),
        state: state.to_owned(),
        mark,
        rule: l.rule.as_deref().map(words::rule).unwrap_or_default().to_owned(),
        payment: l.payment.map(|id| id.to_string()).zip(l.payment_amount),
        reference: l.reference.clone().unwrap_or_default(),
        other: l.other.clone().unwrap_or_default(),
        case: case.map(|(id, kind)| (id.to_string(), words::kind(kind).to_owned())),
    }
}

#[derive(Template)]
#[template(path = "statement.html")]
struct StatementPage {
    frame: Frame,
    row: Row,
    lines: Vec<Compared>,
    only: bool,
    more: Option<String>,
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let id: StatementId = id.parse().map_err(|_| Refused::Absent)?;
    let only = asked.only == "open";
    let filter = Filter { beneficiaries: staff.sees(), id: Some(id), ..Filter::default() };
    let db = ctx.pool.get().await?;
    let found = side_by_side::statements(&db, &filter, 1).await?;
    let statement = found.first().ok_or(Refused::Absent)?;
    let people = people(&db, &found).await?;
    let lines = side_by_side::lines(&db, id, (asked.after.max(0), only), ON_A_PAGE).await?;
    drop(db);
    sign_in::tell(&ctx, &staff.person.to_string(), "statement_read", id.to_string(), &staff.request_id, now()).await?;
    let full = i64::try_from(lines.len()) == Ok(ON_A_PAGE);
    let last = lines.last().filter(|_| full).map(|l| l.number);
    let page = StatementPage {
        frame: Frame::of(&staff, "/console/statements"),
        row: row(statement, &people),
        lines: lines.iter().map(compared).collect(),
        only,
        more: last.map(|n| format!("/console/statements/{id}?only={}&after={n}", asked.only)),
    };
    Ok(html(StatusCode::OK, &page))
}

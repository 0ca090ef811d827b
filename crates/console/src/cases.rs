//! What no rule explains: the queue of it, one case with whose debt its money may be, and what a person proposes to become of
//! it. A second person decides.

mod owning;
mod resolving;

pub(crate) use owning::own;
pub(crate) use resolving::resolve;

use crate::answer::{Answer, Refused, html};
use crate::considered::Candidate;
use crate::form;
use crate::frame::Frame;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use domain::case::{CaseKind, CaseStatus};
use domain::obligation::{Obligation, ObligationStatus};
use domain::principal::Scope;
use domain::suggestion::Suggestion;
use domain::{CaseId, IntentId, ObligationId, PersonId, Vnd};
use jiff::Timestamp;
use payments::{Context, considered, suggest};
use serde::Deserialize;
use storage::case_list::{self, Filter, Listed, Sort};
use storage::case_work::{self, Done, Owner};
use storage::{Db, intents, obligations, write_offs};

const SCOPES: &[Scope] = &[Scope::ReportsRead, Scope::CasesWrite];
const ON_A_PAGE: i64 = 50;

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    sort: String,
    after: Option<String>,
    done: Option<String>,
}

/// A word that may be chosen.
struct Choice {
    word: &'static str,
    name: String,
    chosen: bool,
}

struct Row {
    id: String,
    kind: String,
    state: String,
    proposed: bool,
    amount: Vnd,
    waiting: Option<Vnd>,
    scope: String,
    day: String,
    age: String,
    owner: String,
}

impl Row {
    fn new(c: &Listed, people: &People, now: Timestamp) -> Self {
        Self {
            id: c.id.to_string(),
            kind: words::kind(&c.kind).to_owned(),
            state: words::state(&c.status).to_owned(),
            proposed: c.status == CaseStatus::Proposed.as_str(),
            amount: c.amount,
            waiting: c.waits.then_some(c.waiting),
            scope: c.scope.clone().unwrap_or_default(),
            day: c.business_date.map(shown::day).unwrap_or_default(),
            age: shown::age(c.opened_at, now),
            owner: c.owner.map(|id| people.name(&id.to_string())).unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "cases.html")]
struct ListPage {
    frame: Frame,
    statuses: Vec<Choice>,
    kinds: Vec<Choice>,
    owners: Vec<Choice>,
    sorts: Vec<Choice>,
    rows: Vec<Row>,
    /// Of the next page.
    more: Option<String>,
}

fn word<T: std::str::FromStr>(text: &str) -> Result<Option<T>, Refused> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Refused::Absent) }
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    // what is open is what people come for
    let status = if asked.status == "all" { None } else { word(&asked.status)?.or(Some(CaseStatus::Open)) };
    let kind: Option<CaseKind> = word(&asked.kind)?;
    let after: Option<CaseId> = word(asked.after.as_deref().unwrap_or_default())?;
    let filter = Filter { beneficiaries: staff.sees(), status, kind, id: None };
    let (owner, sort) = (owner(&asked.owner, &staff)?, sort(&asked.sort)?);
    let db = ctx.pool.get().await?;
    let found = match (owner, sort) {
        (None, Sort::Newest) => case_list::page(&db, &filter, after, ON_A_PAGE).await?,
        (owner, sort) => case_work::queue(&db, &filter, (owner, sort), after, ON_A_PAGE).await?,
    };
    let people = owners_of(&db, &found).await?;
    let full = i64::try_from(found.len()) == Ok(ON_A_PAGE);
    let now = now();
    let page = ListPage {
        frame: Frame::of(&staff, "/console/cases"),
        statuses: statuses(status),
        kinds: kinds(kind),
        owners: choices(&[("", "bất kỳ"), ("me", "tôi"), ("nobody", "chưa ai")], &asked.owner),
        sorts: choices(&[("", "mới nhất trước"), ("age", "lâu nhất trước"), ("amount", "lớn nhất trước")], &asked.sort),
        rows: found.iter().map(|c| Row::new(c, &people, now)).collect(),
        more: found.last().filter(|_| full).map(|c| asked.more(c.id)),
    };
    Ok(html(StatusCode::OK, &page))
}

impl Asked {
    fn more(&self, after: CaseId) -> String {
        let (status, kind, owner, sort) = (&self.status, &self.kind, &self.owner, &self.sort);
        format!("/console/cases?status={status}&kind={kind}&owner={owner}&sort={sort}&after={after}")
    }
}

fn owner(asked: &str, staff: &Staff) -> Result<Option<Owner>, Refused> {
    match asked {
        "" => Ok(None),
        "me" => Ok(Some(Owner::Person(staff.person))),
        "nobody" => Ok(Some(Owner::Nobody)),
        other => other.parse().map(|id| Some(Owner::Person(id))).map_err(|_| Refused::Absent),
    }
}

fn sort(asked: &str) -> Result<Sort, Refused> {
    let known = [Sort::Newest, Sort::Age, Sort::Amount].into_iter().find(|sort| sort.as_str() == asked);
    if asked.is_empty() { Ok(Sort::Newest) } else { known.ok_or(Refused::Absent) }
}

async fn owners_of(db: &Db, found: &[Listed]) -> Result<People, Refused> {
    Ok(People::among(db, found.iter().filter_map(|c| c.owner).map(|id| id.to_string())).await?)
}

fn choices(all: &[(&'static str, &str)], chosen: &str) -> Vec<Choice> {
    let one = |(word, name): &(&'static str, &str)| Choice { word, name: (*name).to_owned(), chosen: *word == chosen };
    all.iter().map(one).collect()
}

fn statuses(chosen: Option<CaseStatus>) -> Vec<Choice> {
    let one = |status: &CaseStatus| Choice {
        word: status.as_str(),
        name: words::state(status.as_str()).to_owned(),
        chosen: chosen == Some(*status),
    };
    let all = Choice { word: "all", name: "tất cả".to_owned(), chosen: chosen.is_none() };
    CaseStatus::ALL.iter().map(one).chain([all]).collect()
}

fn kinds(chosen: Option<CaseKind>) -> Vec<Choice> {
    let one = |kind: &CaseKind| Choice {
        word: kind.as_str(),
        name: words::kind(kind.as_str()).to_owned(),
        chosen: chosen == Some(*kind),
    };
    let mut all: Vec<Choice> = CaseKind::ALL.iter().map(one).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

struct Debt {
    id: String,
    name: String,
    dossier: String,
    amount: Vnd,
}

struct Idea {
    reference: String,
    dossiers: String,
    amount: Vnd,
    why: String,
    agreed: String,
    payment: Option<String>,
    /// Payments that the rest of the debt is.
    rest: Vec<String>,
    score: u32,
    debts: Vec<Debt>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    row: Row,
    payment: Option<String>,
    movement: Option<String>,
    subject: String,
    opened: String,
    ideas: Vec<Idea>,
    candidates: Vec<(String, Vnd)>,
    /// What its line could have been.
    considered: Vec<Candidate>,
    /// Nothing is proposed yet, and the person may.
    may_propose: bool,
    may_assign: bool,
    may_refund: bool,
    may_be_same: bool,
    may_accept: bool,
    may_write_off: bool,
    /// A bank has taken back what its payment may still pay.
    may_reopen: bool,
    /// Closed, and what it told of was given up.
    may_reinstate: bool,
    /// Who has it, as it is shown; whoever takes it says so.
    instead_of: String,
    is_mine: bool,
    may_own: bool,
    history: Vec<Told>,
    refundable: i64,
    key: String,
    wrong: Option<String>,
}

/// What somebody, or the program, did about the case.
struct Told {
    at: String,
    who: String,
    what: String,
    note: String,
}

fn told(d: &Done, people: &People) -> Told {
    let action = d.action.as_deref().map(words::action).unwrap_or_default();
    let to = d.owner.map_or_else(|| "không ai".to_owned(), |id| people.name(&id.to_string()));
    let what = match d.what.as_str() {
        "found" => "Phát hiện".to_owned(),
        "explained" => "Hệ thống đã giải thích được".to_owned(),
        "assigned" => format!("Giao cho: {to}"),
        "proposed" => format!("Đề nghị: {action}"),
        "approved" => format!("Duyệt: {action}"),
        "rejected" => format!("Từ chối: {action}"),
        _ => format!("Rút lại: {action}"),
    };
    Told { at: shown::time(d.at), who: people.name(&d.who), what, note: d.note.clone().unwrap_or_default() }
}

async fn found(db: &Db, staff: &Staff, id: CaseId) -> Result<Listed, Refused> {
    let filter = Filter { id: Some(id), beneficiaries: staff.sees(), ..Filter::default() };
    case_list::page(db, &filter, None, 1).await?.pop().ok_or(Refused::Absent)
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let id: CaseId = id.parse().map_err(|_| Refused::Absent)?;
    let done = asked.done.as_deref().map(|_| "Đã gửi đề nghị. Một người khác sẽ quyết định.");
    page(StatusCode::OK, &ctx, &staff, id, None, done).await
}

async fn page(
    status: StatusCode,
    ctx: &Context,
    staff: &Staff,
    id: CaseId,
    wrong: Option<String>,
    done: Option<&'static str>,
) -> Answer {
    let own = staff.sees();
    let (case, candidates, refundable, history, (stands, is_unexplained), people) = {
        let db = ctx.pool.get().await?;
        let case = found(&db, staff, id).await?;
        let history = case_work::history(&db, id, own.as_deref()).await?;
        let persons = history.iter().flat_map(|d| [Some(d.who.clone()), d.owner.map(|id| id.to_string())]).flatten();
        let people = People::among(&db, persons.chain(case.owner.map(|id| id.to_string()))).await?;
        let refundable = refundable(&db, staff, &case).await?;
        let given_up = (write_offs::stands(&db, id).await?, write_offs::unexplained(&db, id).await?.is_some());
        (case, case_list::candidates(&db, id).await?, refundable, history, given_up, people)
    };
    let open = case.status == CaseStatus::Open.as_str();
    let suggestions = if open { suggest::of_case(ctx, id, own.as_deref()).await? } else { Vec::new() };
    let considered = if open { considered::of_case(ctx, id, own.as_deref()).await? } else { Vec::new() };
    let ideas = ideas(&*ctx.pool.get().await?, &suggestions).await?;
    let waits = case.waits && case.waiting.is_positive();
    let kind = case.kind.parse::<CaseKind>().ok();
    let (closed, resolves) = (case.status == CaseStatus::Closed.as_str(), staff.may(Scope::CasesWrite));
    let page = CasePage {
        frame: Frame { done, ..Frame::of(staff, "/console/cases") },
        row: Row::new(&case, &people, now()),
        payment: case.payment_id.map(|id| id.to_string()),
        movement: case.movement_id.clone(),
        subject: case.subject.clone(),
        opened: shown::time(case.opened_at),
        ideas,
        candidates: candidates.iter().map(|(id, amount)| (id.to_string(), *amount)).collect(),
        considered: crate::considered::candidates(&considered),
        may_propose: resolves && (open || (closed && stands)),
        may_assign: open && waits,
        may_refund: open && waits && case.payment_id.is_some(),
        may_be_same: open && kind == Some(CaseKind::MissingAtProvider),
        may_accept: open && !waits && !is_unexplained,
        may_write_off: open,
        may_reopen: open && kind == Some(CaseKind::Chargeback) && case.payment_id.is_some() && is_unexplained,
        may_reinstate: closed && stands,
        instead_of: case.owner.map(|id: PersonId| id.to_string()).unwrap_or_default(),
        is_mine: case.owner == Some(staff.person),
        may_own: resolves && !closed,
        history: history.iter().map(|d| told(d, &people)).collect(),
        refundable,
        key: form::key(),
        wrong,
    };
    Ok(html(status, &page))
}

/// What the payment shows now: a refund says that it was seen.
async fn refundable(db: &Db, staff: &Staff, case: &Listed) -> Result<i64, Refused> {
    let Some(payment) = case.payment_id else { return Ok(0) };
    let filter =
        storage::payments::Filter { id: Some(payment.uuid()), beneficiaries: staff.sees(), ..Default::default() };
    let found = storage::payments::page(db, &filter, None, 1).await?.pop();
    Ok(found.map_or(0, |p| p.refundable().dong()))
}

async fn ideas(db: &Db, suggestions: &[Suggestion]) -> Result<Vec<Idea>, Refused> {
    let mut ideas = Vec::with_capacity(suggestions.len());
    for s in suggestions {
        ideas.push(Idea {
            reference: s.reference.clone().unwrap_or_default(),
            dossiers: s.dossier_codes.join(", "),
            amount: s.amount_due,
            why: words::agreed(s.rule.as_str()).to_owned(),
            agreed: s.fields.iter().map(|field| words::agreed(field)).collect::<Vec<_>>().join(", "),
            payment: s.payment_id.map(|id| id.to_string()),
            rest: s.rest.iter().map(ToString::to_string).collect(),
            score: s.score(),
            debts: match s.intent_id {
                Some(intent) => debts(db, intent).await?,
                None => several(db, &s.obligations).await?,
            },
        });
    }
    Ok(ideas)
}

async fn debts(db: &Db, intent: IntentId) -> Result<Vec<Debt>, Refused> {
    let found = intents::obligations(db, &[intent.uuid()]).await?;
    Ok(due(&found))
}

async fn several(db: &Db, ids: &[ObligationId]) -> Result<Vec<Debt>, Refused> {
    Ok(due(&obligations::by_ids(db, ids).await?))
}

fn due(found: &[Obligation]) -> Vec<Debt> {
    let debt = |o: &Obligation| Debt {
        id: o.id.to_string(),
        name: o.terms.description.clone(),
        dossier: o.terms.dossier_code.as_ref().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        amount: o.amount(),
    };
    found.iter().filter(|o| o.status == ObligationStatus::Due).map(debt).collect()
}

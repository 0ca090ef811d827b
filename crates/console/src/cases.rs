//! What no rule explains: the queue of it, one case with whose debt its money may be, and what a person proposes to become of
//! it. A second person decides.

use crate::answer::{Answer, Refused, html, see_other};
use crate::considered::Candidate;
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::said;
use crate::shown;
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::case::{CaseKind, CaseStatus};
use domain::obligation::{Obligation, ObligationStatus};
use domain::principal::Scope;
use domain::refund::Closing;
use domain::suggestion::Suggestion;
use domain::{CaseId, IntentId, ObligationId, Vnd, fee, intent};
use jiff::Timestamp;
use payments::resolve_case::{self, Action};
use payments::{Context, considered, refund, suggest};
use serde::Deserialize;
use storage::case_list::{self, Filter, Listed};
use storage::{Db, intents, obligations};

const SCOPES: &[Scope] = &[Scope::ReportsRead, Scope::CasesWrite];
const ON_A_PAGE: i64 = 50;

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    kind: String,
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
}

impl Row {
    fn new(c: &Listed, now: Timestamp) -> Self {
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
        }
    }
}

#[derive(Template)]
#[template(path = "cases.html")]
struct ListPage {
    frame: Frame,
    statuses: Vec<Choice>,
    kinds: Vec<Choice>,
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
    let found = case_list::page(&*ctx.pool.get().await?, &filter, after, ON_A_PAGE).await?;
    let full = i64::try_from(found.len()) == Ok(ON_A_PAGE);
    let last = found.last().filter(|_| full).map(|c| c.id);
    let more = last.map(|id| format!("/console/cases?status={}&kind={}&after={id}", asked.status, asked.kind));
    let now = now();
    let page = ListPage {
        frame: Frame::of(&staff, "/console/cases"),
        statuses: statuses(status),
        kinds: kinds(kind),
        rows: found.iter().map(|c| Row::new(c, now)).collect(),
        more,
    };
    Ok(html(StatusCode::OK, &page))
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
    refundable: i64,
    key: String,
    wrong: Option<String>,
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
    let (case, candidates, refundable) = {
        let db = ctx.pool.get().await?;
        let case = found(&db, staff, id).await?;
        let candidates = case_list::candidates(&db, id).await?;
        let refundable = refundable(&db, staff, &case).await?;
        (case, candidates, refundable)
    };
    let open = case.status == CaseStatus::Open.as_str();
    let suggestions = if open { suggest::of_case(ctx, id, own.as_deref()).await? } else { Vec::new() };
    let considered = if open { considered::of_case(ctx, id, own.as_deref()).await? } else { Vec::new() };
    let ideas = ideas(&*ctx.pool.get().await?, &suggestions).await?;
    let waits = case.waits && case.waiting.is_positive();
    let kind = case.kind.parse::<CaseKind>().ok();
    let page = CasePage {
        frame: Frame { done, ..Frame::of(staff, "/console/cases") },
        row: Row::new(&case, now()),
        payment: case.payment_id.map(|id| id.to_string()),
        movement: case.movement_id.clone(),
        subject: case.subject.clone(),
        opened: shown::time(case.opened_at),
        ideas,
        candidates: candidates.iter().map(|(id, amount)| (id.to_string(), *amount)).collect(),
        considered: crate::considered::candidates(&considered),
        may_propose: open && staff.may(Scope::CasesWrite),
        may_assign: waits,
        may_refund: waits && case.payment_id.is_some(),
        may_be_same: kind == Some(CaseKind::MissingAtProvider),
        may_accept: !waits,
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

pub(crate) async fn resolve(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::CasesWrite])?;
    let id: CaseId = id.parse().map_err(|_| Refused::Absent)?;
    let case = found(&*ctx.pool.get().await?, &staff, id).await?;
    let proposed = match form.text("action") {
        "refund_to_payer" => refund_to_payer(&ctx, &staff, &case, &form).await?,
        action => match read(action, &case, &form) {
            Ok(action) => propose(&ctx, &staff, case, action, &form).await?,
            Err(wrong) => Err(wrong.to_owned()),
        },
    };
    match proposed {
        Ok(()) => Ok(see_other(&format!("/console/cases/{id}?done=1"))),
        Err(wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, id, Some(wrong), None).await,
    }
}

/// Proposed; or why not.
type Proposed = Result<(), String>;

fn read(action: &str, case: &Listed, form: &Form) -> Result<Action, &'static str> {
    match action {
        "assign_to_obligations" => {
            let typed = form.text("others").split([',', ' ', '\n']).map(|id| id.trim().to_owned());
            let chosen = form.all("obligation").map(str::to_owned).chain(typed).filter(|id| !id.is_empty());
            let obligation_ids: Vec<String> = chosen.collect();
            if (1..=intent::MAX_OBLIGATIONS).contains(&obligation_ids.len()) {
                Ok(Action::AssignToObligations { obligation_ids })
            } else {
                Err("Hãy chọn từ 1 đến 50 nghĩa vụ.")
            }
        }
        "same_movement" => Ok(Action::SameMovement { payment_id: form.text("payment").trim().to_owned() }),
        "write_off" => match (reason_code(form), form.note().is_empty()) {
            (Some(reason_code), false) => Ok(Action::WriteOff { reason_code, given: Vec::new() }),
            _ => Err("Hãy ghi lý do xoá sổ (1–64 ký tự), và vì sao không tìm được chủ của khoản tiền."),
        },
        "accept_difference" if form.note().is_empty() && fee::is_of_fee(&case.subject) => {
            Err("Hãy ghi rõ vì sao nhà cung cấp được giữ mức phí khác với hợp đồng.")
        }
        "accept_difference" => Ok(Action::AcceptDifference),
        _ => Err("Hãy chọn một cách xử lý."),
    }
}

async fn propose(ctx: &Context, staff: &Staff, case: Listed, action: Action, form: &Form) -> Result<Proposed, Refused> {
    let key = form.request(staff.person.uuid(), &format!("POST cases {}", case.id))?;
    let proposal = resolve_case::Proposal {
        case,
        action,
        note: form.note(),
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        now: now(),
    };
    match resolve_case::propose(ctx, &proposal, &key, &|id| id.to_string()).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => Ok(Err(said::resolution(error)?)),
    }
}

/// All of the payment's money that waits for the case's reason goes back.
async fn refund_to_payer(ctx: &Context, staff: &Staff, case: &Listed, form: &Form) -> Result<Proposed, Refused> {
    let waits = case.kind.parse::<CaseKind>().ok().and_then(resolve_case::reason_of).filter(|_| case.waits);
    let (Some(payment), Some(_)) = (case.payment_id, waits) else {
        return Ok(Err("Không còn tiền nào của việc này chờ xử lý.".to_owned()));
    };
    let Ok(payer_account) = payer_account(form) else {
        return Ok(Err(
            "Tài khoản người nộp: mã ngân hàng 6 chữ số, số tài khoản 6–19 ký tự, và tên chủ tài khoản.".to_owned()
        ));
    };
    let Some(reason_code) = reason_code(form) else {
        return Ok(Err("Hãy ghi lý do hoàn trả (1–64 ký tự).".to_owned()));
    };
    let refundable = form.text("refundable").parse::<i64>().ok().map(Vnd::new);
    let Some(refundable) = refundable else { return Err(Refused::Form) };
    let proposal = refund::Proposal {
        payment,
        case: Some(case.id),
        lines: Vec::new(),
        closing: Closing::Close,
        reason_code,
        note: form.note(),
        refundable,
        payer_account,
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        now: now(),
    };
    let key = form.request(staff.person.uuid(), &format!("POST cases {}", case.id))?;
    match refund::propose(ctx, &proposal, &key, &|_, approval| approval.to_string()).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => Ok(Err(said::refund(error)?)),
    }
}

fn reason_code(form: &Form) -> Option<String> {
    let code = form.text("reason_code").trim();
    let is_one = (1..=64).contains(&code.chars().count()) && !code.chars().any(char::is_control);
    is_one.then(|| code.to_owned())
}

/// None where nothing is filled in: the channel gives back by itself.
fn payer_account(form: &Form) -> Result<Option<refund::PayerAccount>, ()> {
    let [bank_bin, account_number, account_name] =
        ["bank_bin", "account_number", "account_name"].map(|name| form.text(name).trim().to_owned());
    if bank_bin.is_empty() && account_number.is_empty() && account_name.is_empty() {
        return Ok(None);
    }
    let bank = bank_bin.len() == 6 && bank_bin.bytes().all(|b| b.is_ascii_digit());
    let name = (1..=140).contains(&account_name.chars().count()) && !account_name.chars().any(char::is_control);
    if bank && name && refund::PayerAccount::is_number(&account_number) {
        Ok(Some(refund::PayerAccount { bank_bin, account_number, account_name }))
    } else {
        Err(())
    }
}

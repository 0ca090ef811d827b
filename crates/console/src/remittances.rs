//! Remittances to the treasury: which are due, of what each is made, what whoever transfers it writes, and its debit; preparing a
//! period, with what it would hold seen first, and giving one up. A second person decides.

mod due;
mod whole;

pub(crate) use due::{Pressing, pressing};

use crate::answer::{Answer, Refused, html, see_other};
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::said;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::approval::ApprovalKind;
use domain::business_day::business_date;
use domain::codes::BeneficiaryCode;
use domain::principal::Scope;
use domain::remittance::{Period, RemittanceStatus};
use domain::{CaseId, RemittanceId, Vnd};
use jiff::civil::Date;
use payments::Context;
use payments::remit::{self, Preparation};
use serde::Deserialize;
use storage::remittances::{self, Filter, Item, Stored};
use storage::side_by_side;
use storage::{Db, StorageError, approvals, beneficiaries};
use whole::Whole;

const SCOPES: &[Scope] = &[Scope::ReportsRead];
const HERE: &str = "/console/remittances";
const ON_A_PAGE: i64 = 50;
/// Longer than any code.
const LETTERS: usize = 64;

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    beneficiary: String,
    /// Of what is to be prepared: its form is filled in.
    #[serde(default)]
    period: String,
    #[serde(default)]
    day: String,
    after: Option<String>,
    done: Option<String>,
}

impl Asked {
    fn filter(&self, staff: &Staff) -> Result<Filter, Refused> {
        if self.beneficiary.chars().count() > LETTERS || self.beneficiary.chars().any(char::is_control) {
            return Err(Refused::Absent);
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let status =
            some(&self.status).map(|s| s.parse::<RemittanceStatus>().map_err(|_| Refused::Absent)).transpose()?;
        Ok(Filter { id: None, beneficiary: some(&self.beneficiary), status, beneficiaries: staff.sees() })
    }

    fn more(&self, after: RemittanceId) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([("status", self.status.as_str()), ("beneficiary", &self.beneficiary)]);
        format!("{HERE}?{}&after={after}", query.finish())
    }
}

/// A period as people call it.
pub(crate) fn span(period: Period, begins_on: Date, ends_on: Date) -> String {
    match period {
        Period::Monthly => format!("tháng {}", ends_on.strftime("%m/%Y")),
        Period::Weekly => format!("tuần {} – {}", shown::day(begins_on), shown::day(ends_on)),
    }
}

struct Row {
    id: String,
    beneficiary: String,
    span: String,
    due: String,
    late: Option<(&'static str, &'static str)>,
    amount: Vnd,
    /// Chapter, sub-item and area of each of its fees, each once.
    codes: String,
    unit: String,
    state: String,
    mark: &'static str,
}

impl Row {
    fn new(r: &Stored, items: &[Item], today: Date) -> Self {
        let mut codes: Vec<String> = items
            .iter()
            .filter(|i| i.remittance == r.id)
            .map(|i| format!("{} · {} · {}", i.chapter, i.sub_item, i.area))
            .collect();
        codes.dedup();
        let is_over = matches!(r.status, RemittanceStatus::Paid | RemittanceStatus::Cancelled);
        Self {
            id: r.id.to_string(),
            beneficiary: r.beneficiary.to_string(),
            span: span(r.period, r.begins_on, r.ends_on),
            due: shown::day(r.due_on),
            late: due::late(r.due_on, today).filter(|_| !is_over),
            amount: r.amount,
            codes: codes.join("; "),
            unit: r.way.unit.clone(),
            state: words::state(r.status.as_str()).to_owned(),
            mark: match r.status {
                RemittanceStatus::Prepared | RemittanceStatus::Instructed => "wait",
                RemittanceStatus::Paid => "good",
                RemittanceStatus::Cancelled => "",
            },
        }
    }
}

/// What stands in the form for preparing.
#[derive(Default)]
struct Typed {
    beneficiary: String,
    period: String,
    day: String,
    note: String,
}

/// Word, name, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "remittances.html")]
struct ListPage {
    frame: Frame,
    pressing: Vec<Pressing>,
    statuses: Vec<Choice>,
    /// For the list.
    beneficiaries: Vec<Choice>,
    rows: Vec<Row>,
    more: Option<String>,
    may_prepare: bool,
    is_open: bool,
    /// For the form.
    of: Vec<Choice>,
    periods: Vec<Choice>,
    day: String,
    note: String,
    key: String,
    wrong: Option<String>,
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let done = match asked.done.as_deref() {
        Some("cancelled") => Some("Đã hủy. Các khoản của lệnh được tính vào lần lập sau."),
        Some(_) => Some("Đã lập và gửi duyệt. Một người khác sẽ quyết định từng lệnh."),
        None => None,
    };
    let typed = Typed {
        beneficiary: asked.beneficiary.clone(),
        period: asked.period.clone(),
        day: asked.day.clone(),
        note: String::new(),
    };
    page(StatusCode::OK, (&ctx, &staff), &asked, typed, None, done).await
}

/// Those whose remittances the person sees: code, name.
async fn theirs(db: &Db, staff: &Staff) -> Result<Vec<(String, String)>, StorageError> {
    let own = staff.sees();
    let is_theirs = |code: &str| own.as_ref().is_none_or(|own| own.iter().any(|o| o == code));
    let all = beneficiaries::in_force(db, None).await?;
    Ok(all.iter().filter(|b| is_theirs(b.code.as_str())).map(|b| (b.code.to_string(), b.name.clone())).collect())
}

async fn page(
    status: StatusCode,
    (ctx, staff): (&Context, &Staff),
    asked: &Asked,
    typed: Typed,
    wrong: Option<String>,
    done: Option<&'static str>,
) -> Answer {
    let after = asked.after.as_deref().map(|id| id.parse::<RemittanceId>().map_err(|_| Refused::Absent)).transpose()?;
    let filter = asked.filter(staff)?;
    let db = ctx.pool.get().await?;
    let today = business_date(now());
    let found = remittances::page(&db, &filter, after, ON_A_PAGE).await?;
    let ids: Vec<RemittanceId> = found.iter().map(|r| r.id).collect();
    let items = remittances::items(&db, &ids).await?;
    let full = i64::try_from(found.len()) == Ok(ON_A_PAGE);
    let theirs = theirs(&db, staff).await?;
    let choices = |chosen: &str| -> Vec<Choice> {
        theirs.iter().map(|(code, name)| (code.clone(), format!("{code} · {name}"), code == chosen)).collect()
    };
    let state = |s: &RemittanceStatus| (s.to_string(), words::state(s.as_str()).to_owned(), s.as_str() == asked.status);
    let period = |p: &Period| (p.to_string(), words::period(p.as_str()).to_owned(), p.as_str() == typed.period);
    let page = ListPage {
        frame: Frame { done, ..Frame::of(staff, HERE) },
        pressing: pressing(&db, staff).await?,
        statuses: RemittanceStatus::ALL.iter().map(state).collect(),
        beneficiaries: choices(&asked.beneficiary),
        rows: found.iter().map(|r| Row::new(r, &items, today)).collect(),
        more: found.last().filter(|_| full).map(|r| asked.more(r.id)),
        may_prepare: staff.may(Scope::DaysClose) && !theirs.is_empty(),
        is_open: wrong.is_some() || !typed.day.is_empty(),
        of: choices(&typed.beneficiary),
        // by month, unless said otherwise
        periods: Period::ALL.iter().rev().map(period).collect(),
        day: typed.day,
        note: typed.note,
        key: form::key(),
        wrong,
    };
    Ok(html(status, &page))
}

// ---------------------------------------------------------------- preparing

#[derive(Template)]
#[template(path = "remittance_preview.html")]
struct PreviewPage {
    frame: Frame,
    parts: Vec<Whole>,
    /// The form where it was asked.
    back: String,
    fields: Vec<(String, String)>,
    key: String,
}

/// What the form asks for; or why it asks for nothing that could be.
fn wanted(staff: &Staff, form: &Form) -> Result<Result<Preparation, &'static str>, Refused> {
    let Ok(beneficiary) = BeneficiaryCode::new(form.text("beneficiary")) else {
        return Ok(Err("Hãy chọn đơn vị thụ hưởng."));
    };
    let Ok(period) = form.text("period").parse::<Period>() else { return Ok(Err("Hãy chọn kỳ nộp.")) };
    let Some(day) = form::date(form.text("day")).filter(|day| (2000..=2999).contains(&day.year())) else {
        return Ok(Err("Hãy chọn một ngày bất kỳ của kỳ."));
    };
    Ok(Ok(Preparation {
        beneficiary,
        period,
        day,
        note: form.note(),
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), "POST remittances")?,
        now: now(),
    }))
}

pub(crate) async fn prepare(ctx: Data<Context>, staff: Staff, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let wrong = match wanted(&staff, &form)? {
        Err(wrong) => wrong.to_owned(),
        Ok(p) if !form.text("preview").is_empty() => match remit::preview(&ctx, &p).await {
            Ok(wholes) => return preview(&ctx, &staff, &wholes, &form).await,
            Err(error) => said::remitting(error)?,
        },
        Ok(p) => {
            let ids = |all: &[remit::Whole]| all.iter().map(|w| w.stored.id.to_string()).collect::<Vec<_>>().join(" ");
            match remit::prepare(&ctx, &p, &ids).await {
                // of several the list shows all
                Ok(reply) if reply.body.contains(' ') => return Ok(see_other(&format!("{HERE}?done=prepared"))),
                Ok(reply) => return Ok(see_other(&format!("{HERE}/{}?done=prepared", reply.body))),
                Err(error) => said::remitting(error)?,
            }
        }
    };
    let typed = |name: &str| form.text(name).to_owned();
    let typed =
        Typed { beneficiary: typed("beneficiary"), period: typed("period"), day: typed("day"), note: typed("note") };
    page(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), &Asked::default(), typed, Some(wrong), None).await
}

async fn preview(ctx: &Context, staff: &Staff, wholes: &[remit::Whole], form: &Form) -> Answer {
    let names = shown::scopes(ctx, &*ctx.pool.get().await?).await?;
    let page = PreviewPage {
        frame: Frame::of(staff, HERE),
        parts: wholes.iter().map(|w| Whole::new(&w.stored, &w.items, &names)).collect(),
        back: due::to_form(form.text("beneficiary"), form.text("period"), form.text("day")),
        fields: form.kept(&["preview"]),
        key: form::key(),
    };
    Ok(html(StatusCode::OK, &page))
}

// ---------------------------------------------------------------- one of them

/// The line of a statement that shows its debit.
struct Debit {
    day: String,
    bank_ref: String,
    amount: Vnd,
    /// Where all of the statement is theirs to see.
    path: Option<String>,
}

#[derive(Template)]
#[template(path = "remittance.html")]
struct Page {
    frame: Frame,
    row: Row,
    /// One.
    parts: Vec<Whole>,
    note: String,
    prepared: (String, String),
    /// The approval, while it waits or as it was decided, and who decided.
    approval: Option<(String, String)>,
    is_prepared: bool,
    is_instructed: bool,
    debit: Option<Debit>,
    /// Of debits that have its code and do not pay it.
    odd: Vec<(CaseId, Vnd)>,
    /// Of its agency and its days.
    reports: String,
    may_cancel: bool,
    key: String,
    wrong: Option<String>,
}

async fn found(db: &Db, staff: &Staff, id: RemittanceId) -> Result<Stored, Refused> {
    let filter = Filter { id: Some(id), beneficiaries: staff.sees(), ..Filter::default() };
    remittances::page(db, &filter, None, 1).await?.pop().ok_or(Refused::Absent)
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let done = asked.done.as_deref().map(|_| "Đã lập và gửi duyệt. Một người khác sẽ quyết định.");
    let id: RemittanceId = id.parse().map_err(|_| Refused::Absent)?;
    one(StatusCode::OK, (&ctx, &staff), id, None, done).await
}

async fn one(
    status: StatusCode,
    (ctx, staff): (&Context, &Staff),
    id: RemittanceId,
    wrong: Option<String>,
    done: Option<&'static str>,
) -> Answer {
    let db = ctx.pool.get().await?;
    let r = found(&db, staff, id).await?;
    let items = remittances::items(&db, &[id]).await?;
    let names = shown::scopes(ctx, &db).await?;
    let own = staff.sees();
    let approval =
        approvals::of_subject(&db, ApprovalKind::Remittance, &id.to_string(), own.as_deref(), 1).await?.pop();
    let decider = approval.as_ref().and_then(|a| a.decider.clone());
    let people = People::among(&db, decider.iter().chain([&r.prepared_by]).cloned()).await?;
    let is_mine = r.prepared_by == staff.person.to_string();
    let may_cancel = match r.status {
        RemittanceStatus::Prepared => is_mine,
        RemittanceStatus::Instructed => true,
        RemittanceStatus::Paid | RemittanceStatus::Cancelled => false,
    };
    let page = Page {
        frame: Frame { done, ..Frame::of(staff, HERE) },
        row: Row::new(&r, &items, business_date(now())),
        parts: vec![Whole::new(&r, &items, &names)],
        note: r.note.clone(),
        prepared: (people.name(&r.prepared_by), shown::time(r.created_at)),
        approval: approval.map(|a| {
            let who = decider.as_deref().map(|who| format!(", {}", people.name(who))).unwrap_or_default();
            (a.id.to_string(), format!("{}{who}", words::state(a.status.as_str())))
        }),
        is_prepared: r.status == RemittanceStatus::Prepared,
        is_instructed: r.status == RemittanceStatus::Instructed,
        debit: debit(&db, staff, &r).await?,
        odd: remittances::told_by(&db, id).await?,
        reports: reports(&db, &r).await?,
        may_cancel: may_cancel && staff.may(Scope::DaysClose),
        key: form::key(),
        wrong,
    };
    Ok(html(status, &page))
}

async fn debit(db: &Db, staff: &Staff, r: &Stored) -> Result<Option<Debit>, StorageError> {
    let Some(movement) = r.movement_id else { return Ok(None) };
    let Some(line) = remittances::debit(db, movement).await? else { return Ok(None) };
    let filter = side_by_side::Filter {
        id: Some(line.statement),
        beneficiaries: staff.sees(),
        ..side_by_side::Filter::default()
    };
    let is_theirs = !side_by_side::statements(db, &filter, 1).await?.is_empty();
    Ok(Some(Debit {
        day: shown::day(line.day),
        bank_ref: line.bank_ref.unwrap_or_default(),
        amount: line.amount,
        path: is_theirs.then(|| format!("/console/statements/{}/lines/{}", line.statement, line.number)),
    }))
}

async fn reports(db: &Db, r: &Stored) -> Result<String, StorageError> {
    let of = beneficiaries::in_force(db, Some(r.beneficiary.as_str())).await?;
    let agency = of.first().map(|b| b.agency_code.clone()).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &r.begins_on.to_string()).append_pair("to", &r.ends_on.to_string());
    Ok(query.append_pair("agency", &agency).finish())
}

pub(crate) async fn cancel(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let remittance: RemittanceId = id.parse().map_err(|_| Refused::Absent)?;
    let command = remit::Cancel {
        remittance,
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), &format!("POST remittances {remittance} cancel"))?,
        now: now(),
    };
    match remit::cancel(&ctx, &command, &|r: &Stored| r.id.to_string()).await {
        Ok(_) => Ok(see_other(&format!("{HERE}?done=cancelled"))),
        Err(error) => {
            let wrong = said::remitting(error)?;
            one(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), remittance, Some(wrong), None).await
        }
    }
}

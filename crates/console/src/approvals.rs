//! What waits for a second person, and what was decided. A decision asks for a fresh code: whoever finds a desk with somebody
//! signed in decides nothing.

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
use domain::approval::{ApprovalKind, ApprovalStatus};
use domain::principal::Scope;
use domain::{ApprovalId, ReceiptId, RemittanceId, Vnd};
use payments::approve::{self, Command, Verdict};
use payments::{Context, sign_in};
use serde::Deserialize;
use serde_json::Value;
use storage::Db;
use storage::approvals::{self, Approval, Filter};

const SCOPES: &[Scope] = &[Scope::ApprovalsDecide, Scope::ReportsRead, Scope::RefundsPropose];
const ON_A_PAGE: i64 = 50;

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    after: Option<String>,
    done: Option<String>,
}

struct Row {
    id: String,
    kind: String,
    subject: String,
    note: String,
    proposer: String,
    proposed: String,
    age: String,
    state: String,
    mark: &'static str,
    own: bool,
}

fn row(a: &Approval, staff: &Staff, people: &People) -> Row {
    Row {
        id: a.id.to_string(),
        kind: words::approval(a.kind.as_str()).to_owned(),
        subject: a.subject.clone(),
        note: a.note.clone(),
        proposer: people.name(&a.proposer),
        proposed: shown::time(a.proposed_at),
        age: shown::age(a.proposed_at, now()),
        state: words::state(a.status.as_str()).to_owned(),
        mark: match a.status {
            ApprovalStatus::Pending => "wait",
            ApprovalStatus::Approved => "good",
            ApprovalStatus::Rejected => "bad",
            ApprovalStatus::Withdrawn => "",
        },
        own: a.proposer == staff.person.to_string(),
    }
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct ListPage {
    frame: Frame,
    pending: bool,
    rows: Vec<Row>,
    more: Option<String>,
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let pending = asked.status != "all";
    let after = asked.after.as_deref().map(|id| id.parse::<ApprovalId>().map_err(|_| Refused::Absent)).transpose()?;
    let status = pending.then_some(ApprovalStatus::Pending);
    let filter = Filter { status, beneficiaries: staff.sees(), ..Filter::default() };
    let db = ctx.pool.get().await?;
    let found = approvals::page(&db, &filter, after, ON_A_PAGE).await?;
    let people = People::among(&db, found.iter().map(|a| a.proposer.clone())).await?;
    let full = i64::try_from(found.len()) == Ok(ON_A_PAGE);
    let last = found.last().filter(|_| full).map(|a| a.id);
    let page = ListPage {
        frame: Frame::of(&staff, "/console/approvals"),
        pending,
        rows: found.iter().map(|a| row(a, &staff, &people)).collect(),
        more: last.map(|id| format!("/console/approvals?status={}&after={id}", asked.status)),
    };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "approval.html")]
struct ApprovalPage {
    frame: Frame,
    row: Row,
    beneficiaries: String,
    /// What is proposed, field by field.
    payload: Vec<(String, String)>,
    link: Option<String>,
    decided: Option<(String, String, String)>,
    may_decide: bool,
    key: String,
    wrong: Option<String>,
    /// Of a key: the part that is shown to whoever approves, this once.
    second_part: Option<String>,
}

async fn found(db: &Db, staff: &Staff, id: ApprovalId) -> Result<Approval, Refused> {
    let filter = Filter { id: Some(id.uuid()), beneficiaries: staff.sees(), ..Filter::default() };
    approvals::page(db, &filter, None, 1).await?.pop().ok_or(Refused::Absent)
}

/// What is said above the page.
#[derive(Default)]
struct Above {
    done: Option<&'static str>,
    wrong: Option<String>,
    second_part: Option<String>,
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let id: ApprovalId = id.parse().map_err(|_| Refused::Absent)?;
    let done = asked.done.as_deref().map(|_| "Đã ghi quyết định của bạn.");
    page(StatusCode::OK, &ctx, &staff, id, Above { done, ..Above::default() }).await
}

async fn page(status: StatusCode, ctx: &Context, staff: &Staff, id: ApprovalId, above: Above) -> Answer {
    let db = ctx.pool.get().await?;
    let a = found(&db, staff, id).await?;
    let people = People::among(&db, a.decider.iter().chain([&a.proposer]).cloned()).await?;
    let row = row(&a, staff, &people);
    let decided = a.decider.as_ref().map(|who| {
        let at = a.decided_at.map(shown::time).unwrap_or_default();
        (people.name(who), at, a.decision_note.clone().unwrap_or_default())
    });
    let page = ApprovalPage {
        frame: Frame { done: above.done, ..Frame::of(staff, "/console/approvals") },
        may_decide: a.status == ApprovalStatus::Pending && staff.may(Scope::ApprovalsDecide) && !row.own,
        row,
        beneficiaries: a.beneficiaries.join(", "),
        payload: fields(&a.payload),
        link: link(a.kind, &a.subject),
        decided,
        key: form::key(),
        wrong: above.wrong,
        second_part: above.second_part,
    };
    Ok(html(status, &page))
}

/// Where what is decided about is shown.
fn link(kind: ApprovalKind, subject: &str) -> Option<String> {
    if kind == ApprovalKind::OpeningBalance {
        return Some(format!("/console/openings/{subject}"));
    }
    let places = [("cas_", "cases"), (ReceiptId::PREFIX, "receipts"), (RemittanceId::PREFIX, "remittances")];
    let place = places.iter().find(|(prefix, _)| subject.starts_with(prefix));
    place.map(|(_, place)| format!("/console/{place}/{subject}"))
}

/// Field by field, in words; what says nothing is left out.
fn fields(payload: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = payload else { return Vec::new() };
    let said = fields.iter().filter(|(_, value)| !value.is_null());
    said.map(|(name, value)| (words::field(name).to_owned(), text(name, value))).collect()
}

/// Of a remittance, beside its amounts.
const SUMS: &[&str] = &["collected", "retained", "carried"];

fn text(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => form::date(text).map_or_else(|| words::action(text).to_owned(), shown::day),
        Value::Number(n) if name.ends_with("amount") || SUMS.contains(&name) => {
            n.as_i64().map_or_else(|| n.to_string(), |n| Vnd::new(n).to_string())
        }
        Value::Array(all) => all.iter().map(|one| text(name, one)).collect::<Vec<_>>().join("; "),
        Value::Object(_) => {
            let one = |(name, said): &(String, String)| format!("{name}: {said}");
            fields(value).iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

pub(crate) async fn decide(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::ApprovalsDecide])?;
    let approval: ApprovalId = id.parse().map_err(|_| Refused::Absent)?;
    found(&*ctx.pool.get().await?, &staff, approval).await?;
    let verdict = match form.text("verdict") {
        "approve" => Verdict::Approve,
        "reject" => Verdict::Reject,
        _ => return Err(Refused::Form),
    };
    let idempotency = form.request(staff.person.uuid(), &format!("POST approvals {approval}"))?;
    let again = |wrong| {
        page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, approval, Above { wrong: Some(wrong), ..Above::default() })
    };
    let request = (Some(&idempotency), &*staff.request_id);
    if let Err(error) = sign_in::show_again(&ctx, staff.shows(), form.text("code"), request, now()).await {
        return again(said::code(error)?).await;
    }
    let command = Command {
        approval,
        verdict,
        note: form.note(),
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        idempotency,
        now: now(),
    };
    match approve::decide(&ctx, &command, &|_, second_part| second_part.unwrap_or_default().to_owned()).await {
        Ok(reply) if !reply.body.is_empty() => {
            let above = Above { second_part: Some(reply.body), ..Above::default() };
            page(StatusCode::OK, &ctx, &staff, approval, above).await
        }
        Ok(_) => Ok(see_other(&format!("/console/approvals/{approval}?done=1"))),
        Err(error) => again(said::decision(error)?).await,
    }
}

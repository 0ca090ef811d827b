//! Receipts of fees and charges: found by number, dossier or day; one with its state and the address by which anybody checks it;
//! and proposing that another takes its place. A second person decides.

use crate::answer::{Answer, Refused, html, see_other};
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::said;
use crate::shown;
use crate::staff::{Staff, now};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::principal::Scope;
use domain::receipt::ReceiptStatus;
use domain::{ReceiptId, Vnd};
use jiff::civil::Date;
use payments::{Context, replace_receipt};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;
use storage::receipts::{self, Filter, Stored};

const SCOPES: &[Scope] = &[Scope::ReportsRead];
const HERE: &str = "/console/receipts";
const ON_A_PAGE: i64 = 50;
const LETTERS: usize = 64;

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    day: String,
    after: Option<String>,
    done: Option<String>,
}

impl Asked {
    fn filter(&self, staff: &Staff) -> Result<Filter, Refused> {
        let named = self.q.trim();
        if named.chars().count() > LETTERS || named.chars().any(char::is_control) {
            return Err(Refused::Absent);
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let status = some(&self.status).map(|s| s.parse().map_err(|_| Refused::Absent)).transpose()?;
        let day = some(&self.day).map(|d| d.parse::<Date>().map_err(|_| Refused::Absent)).transpose()?;
        Ok(Filter { beneficiaries: staff.sees(), status, issued_on: day, named: some(named), ..Filter::default() })
    }

    fn more(&self, after: ReceiptId) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([("q", self.q.as_str()), ("status", &self.status), ("day", &self.day)]);
        format!("{HERE}?{}&after={after}", query.finish())
    }
}

struct Row {
    id: String,
    name: String,
    what: String,
    dossier: String,
    amount: Vnd,
    day: String,
    state: &'static str,
    mark: &'static str,
}

impl Row {
    fn new(r: &Stored) -> Self {
        let (state, mark) = match r.status {
            ReceiptStatus::Numbered => ("chờ ký", "wait"),
            ReceiptStatus::Issued => ("có giá trị", "good"),
            ReceiptStatus::Replaced => ("đã bị thay thế", ""),
            ReceiptStatus::Cancelled => ("đã hủy", "bad"),
        };
        Self {
            id: r.id.to_string(),
            name: format!("{} số {}", r.serial, r.number),
            what: r.description.clone(),
            dossier: r.dossier_code.clone().unwrap_or_default(),
            amount: r.amount,
            day: shown::day(r.issued_on),
            state,
            mark,
        }
    }
}

#[derive(Template)]
#[template(path = "receipts.html")]
struct ListPage {
    frame: Frame,
    asked: Asked,
    statuses: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<Row>,
    more: Option<String>,
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let after = asked.after.as_deref().map(|id| id.parse::<ReceiptId>().map_err(|_| Refused::Absent)).transpose()?;
    let found = receipts::page(&*ctx.pool.get().await?, &asked.filter(&staff)?, after, ON_A_PAGE).await?;
    let full = i64::try_from(found.len()) == Ok(ON_A_PAGE);
    let words =
        [("issued", "có giá trị"), ("numbered", "chờ ký"), ("replaced", "đã bị thay thế"), ("cancelled", "đã hủy")];
    let page = ListPage {
        frame: Frame::of(&staff, HERE),
        statuses: words.iter().map(|(word, name)| (*word, *name, asked.status == *word)).collect(),
        rows: found.iter().map(Row::new).collect(),
        more: found.last().filter(|_| full).map(|r| asked.more(r.id)),
        asked: asked.into_inner(),
    };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page {
    frame: Frame,
    row: Row,
    template: &'static str,
    collector: (String, String, String),
    obligation: String,
    signed: String,
    ended: String,
    replaces: Option<String>,
    replaced_by: Option<String>,
    /// Two persons said so, and its successor is on its way.
    is_being_replaced: bool,
    /// Where anybody checks it; an SVG of ours beside it, as it is.
    url: String,
    picture: String,
    may_propose: bool,
    key: String,
    wrong: Option<String>,
}

async fn found(ctx: &Context, staff: &Staff, id: ReceiptId) -> Result<Stored, Refused> {
    let filter = Filter { id: Some(id), beneficiaries: staff.sees(), ..Filter::default() };
    receipts::page(&*ctx.pool.get().await?, &filter, None, 1).await?.pop().ok_or(Refused::Absent)
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, id: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let done = asked.done.as_deref().map(|_| "Đã gửi đề nghị thay thế. Một người khác sẽ quyết định.");
    let receipt = found(&ctx, &staff, id.parse().map_err(|_| Refused::Absent)?).await?;
    page(StatusCode::OK, (&ctx, &staff), &receipt, None, done)
}

fn page(
    status: StatusCode,
    (ctx, staff): (&Context, &Staff),
    r: &Stored,
    wrong: Option<String>,
    done: Option<&'static str>,
) -> Answer {
    let url = ctx.receipt_url(&r.token);
    let page = Page {
        frame: Frame { done, ..Frame::of(staff, HERE) },
        row: Row::new(r),
        template: r.template.as_str(),
        collector: (r.collector_name.clone(), r.collector_tax_code.clone(), r.collector_address.clone()),
        obligation: r.obligation_id.to_string(),
        signed: r.signed_at.map(shown::time).unwrap_or_default(),
        ended: r.ended_on.map(shown::day).unwrap_or_default(),
        replaces: r.replaces.map(|id| id.to_string()),
        replaced_by: r.replaced_by.map(|id| id.to_string()),
        is_being_replaced: r.replacement_by.is_some() && r.replaced_by.is_none(),
        picture: picture(&url)?,
        url,
        may_propose: staff.may(Scope::CasesWrite) && r.status == ReceiptStatus::Issued && r.replacement_by.is_none(),
        key: form::key(),
        wrong,
    };
    Ok(html(status, &page))
}

fn picture(url: &str) -> Result<String, Refused> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(Refused::broken)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    // inside a page it is no document of its own
    Ok(picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned()))
}

pub(crate) async fn replace(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::CasesWrite])?;
    let id: ReceiptId = id.parse().map_err(|_| Refused::Absent)?;
    let receipt = found(&ctx, &staff, id).await?;
    let again = |wrong| page(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), &receipt, Some(wrong), None);
    let Some(reason_code) = form.code("reason_code") else {
        return again("Hãy ghi lý do thay thế (1–64 ký tự).".to_owned());
    };
    let proposal = replace_receipt::Proposal {
        receipt: id,
        reason_code,
        note: form.note(),
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), &format!("POST receipts {id}"))?,
        now: now(),
    };
    match replace_receipt::propose(&ctx, &proposal, &|id| id.to_string()).await {
        Ok(_) => Ok(see_other(&format!("{HERE}/{id}?done=1"))),
        Err(error) => again(said::replacement(error)?),
    }
}

//! With what the books of an account begin where they begin in the middle of a year: what was said of each account and by whom;
//! saying it, or that it was wrong, with what it would do to the books seen first. A second person decides.

use crate::answer::{Answer, Refused, html, see_other};
use crate::effect::{Effect, PreviewPage};
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::said;
use crate::shown::{self, People};
use crate::staff::{Staff, now};
use crate::words;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::Vnd;
use domain::approval::ApprovalKind;
use domain::bank_names;
use domain::business_day::business_date;
use domain::codes::AccountCode;
use domain::money::MAX_ON_ACCOUNT;
use domain::principal::Scope;
use jiff::civil::Date;
use payments::preview::{self, Tried};
use payments::state_opening::{self, Proposal, Wish};
use payments::{Context, reaches};
use serde::Deserialize;
use storage::openings::{self, Opening};
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::{Db, StorageError, approvals};

const SCOPES: &[Scope] = &[Scope::ReportsRead];
/// Among the books of accounts and contracts.
const HERE: &str = "/console/days";
const NOTHING: &str = "Số dư là 0: sổ bắt đầu từ ngày này, không có bút toán nào.";

struct Row {
    code: String,
    name: String,
    begins: Option<(String, Vnd)>,
}

#[derive(Template)]
#[template(path = "openings.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
}

fn name(a: &ReceivingAccount) -> String {
    format!("{} · {} · {}", bank_names::name(&a.bank_bin), a.account_number, a.account_name)
}

/// The account of this code, or all, as far as all that have a part in them are theirs: an opening is about an account as a whole.
async fn seen(db: &Db, staff: &Staff, code: Option<&str>) -> Result<Vec<ReceivingAccount>, StorageError> {
    let (own, owners) = (staff.sees(), receiving_accounts::owners(db).await?);
    let of = |a: &ReceivingAccount| owners.get(a.code.as_str()).map(Vec::as_slice).unwrap_or_default();
    let all = receiving_accounts::all(db, code).await?;
    Ok(all.into_iter().filter(|a| reaches(own.as_deref(), of(a))).collect())
}

async fn found(db: &Db, staff: &Staff, code: &str) -> Result<ReceivingAccount, Refused> {
    let code = AccountCode::new(code).map_err(|_| Refused::Absent)?;
    seen(db, staff, Some(code.as_str())).await?.pop().ok_or(Refused::Absent)
}

pub(crate) async fn list(ctx: Data<Context>, staff: Staff) -> Answer {
    staff.needs(SCOPES)?;
    let db = ctx.pool.get().await?;
    let in_force = openings::all_in_force(&db).await?;
    let row = |a: &ReceivingAccount| Row {
        code: a.code.to_string(),
        name: name(a),
        begins: in_force
            .iter()
            .find(|(code, _)| code == a.code.as_str())
            .map(|(_, opening)| (shown::day(opening.day), opening.amount)),
    };
    let rows = seen(&db, &staff, None).await?.iter().map(row).collect();
    Ok(html(StatusCode::OK, &ListPage { frame: Frame::of(&staff, HERE), rows }))
}

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    done: Option<String>,
}

/// One that was said.
struct Said {
    day: String,
    /// The account's books on that day.
    books: String,
    amount: Vnd,
    proposer: String,
    approver: String,
    at: String,
    approval: String,
    /// When it was taken back, and by which approval.
    taken_back: Option<(String, String)>,
}

impl Said {
    fn new(account: &AccountCode, o: &Opening, people: &People) -> Self {
        Self {
            day: shown::day(o.day),
            books: format!("/console/day?scope=bank:{account}&date={}", o.day),
            amount: o.amount,
            proposer: people.name(&o.proposed_by),
            approver: o.approved_by.as_deref().map(|who| people.name(who)).unwrap_or_default(),
            at: shown::time(o.at),
            approval: o.approval.to_string(),
            taken_back: o.taken_back.map(|(by, at)| (shown::time(at), by.to_string())),
        }
    }
}

/// Why a form was not taken, with what was typed into it.
#[derive(Default)]
struct Wrong {
    /// Of stating one.
    stating: Option<String>,
    /// Of taking it back.
    taking_back: Option<String>,
    day: String,
    amount: String,
    note: String,
}

impl Wrong {
    fn of(form: &Form) -> Self {
        let typed = |name: &str| form.text(name).to_owned();
        Self { stating: None, taking_back: None, day: typed("day"), amount: typed("amount"), note: typed("note") }
    }
}

#[derive(Template)]
#[template(path = "opening.html")]
struct Page {
    frame: Frame,
    code: String,
    name: String,
    in_force: Option<Said>,
    /// Taken back, the latest first.
    earlier: Vec<Said>,
    /// What waits for a decision: the approval, and what it is.
    waits: Option<(String, String)>,
    may_state: bool,
    may_take_back: bool,
    today: String,
    wrong: Wrong,
    key: String,
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, code: Path<String>, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    let done = asked.done.as_deref().map(|_| "Đã gửi đề nghị. Một người khác sẽ quyết định.");
    page(StatusCode::OK, (&ctx, &staff), &code, Wrong::default(), done).await
}

async fn page(
    status: StatusCode,
    (ctx, staff): (&Context, &Staff),
    code: &str,
    wrong: Wrong,
    done: Option<&'static str>,
) -> Answer {
    let db = ctx.pool.get().await?;
    let account = found(&db, staff, code).await?;
    let all = openings::of_account(&db, &account.code).await?;
    let waits = approvals::pending(&db, ApprovalKind::OpeningBalance, account.code.as_str()).await?;
    let actors = all.iter().flat_map(|o| o.approved_by.iter().chain([&o.proposed_by])).cloned();
    let people = People::among(&db, actors).await?;
    let shown = |o: &Opening| Said::new(&account.code, o, &people);
    let in_force = all.iter().find(|o| o.taken_back.is_none()).map(shown);
    let may = staff.may(Scope::DaysClose) && waits.is_none();
    let page = Page {
        frame: Frame { done, ..Frame::of(staff, HERE) },
        code: account.code.to_string(),
        name: name(&account),
        earlier: all.iter().filter(|o| o.taken_back.is_some()).map(shown).collect(),
        // what was refused is shown again with what was typed, whatever the account has become meanwhile
        may_state: may && in_force.is_none() || wrong.stating.is_some(),
        may_take_back: may && in_force.is_some() || wrong.taking_back.is_some(),
        in_force,
        waits: waits.map(|a| {
            let does = a.payload.get("does").and_then(|word| word.as_str()).unwrap_or_default();
            (a.id.to_string(), words::action(does).to_owned())
        }),
        today: business_date(now()).to_string(),
        wrong,
        key: form::key(),
    };
    Ok(html(status, &page))
}

/// What the form says; or why it says nothing that could be proposed.
fn stated(form: &Form) -> Result<Wish, &'static str> {
    let day: Option<Date> = form::date(form.text("day")).filter(|day| *day <= business_date(now()));
    let Some(day) = day else { return Err("Hãy chọn ngày đầu tiên của sổ, muộn nhất là hôm nay.") };
    let amount = form::dong(form.text("amount")).filter(|dong| (0..=MAX_ON_ACCOUNT).contains(dong));
    let Some(amount) = amount else { return Err("Số dư là số nguyên đồng từ 0, ví dụ 1.250.000.") };
    if form.note().is_empty() {
        return Err("Hãy ghi căn cứ: xác nhận của ngân hàng, biên bản bàn giao.");
    }
    Ok(Wish::State { day, amount: Vnd::new(amount) })
}

pub(crate) async fn state(ctx: Data<Context>, staff: Staff, code: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let account = found(&*ctx.pool.get().await?, &staff, &code).await?;
    let outcome = match stated(&form) {
        Ok(wish) => wished((&ctx, &staff), &account, wish, &form).await?,
        Err(wrong) => Err(wrong.to_owned()),
    };
    match outcome {
        Ok(answer) => Ok(answer),
        Err(why) => {
            let wrong = Wrong { stating: Some(why), ..Wrong::of(&form) };
            page(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), &code, wrong, None).await
        }
    }
}

pub(crate) async fn take_back(ctx: Data<Context>, staff: Staff, code: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::DaysClose])?;
    let account = found(&*ctx.pool.get().await?, &staff, &code).await?;
    match wished((&ctx, &staff), &account, Wish::TakeBack, &form).await? {
        Ok(answer) => Ok(answer),
        Err(why) => {
            let wrong = Wrong { taking_back: Some(why), note: form.text("note").to_owned(), ..Wrong::default() };
            page(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), &code, wrong, None).await
        }
    }
}

/// Shows what it would do, or proposes it; or says why it cannot be.
async fn wished(
    (ctx, staff): (&Context, &Staff),
    account: &ReceivingAccount,
    wish: Wish,
    form: &Form,
) -> Result<Result<HttpResponse, String>, Refused> {
    let here = format!("/console/openings/{}", account.code);
    let (word, target) = match wish {
        Wish::State { .. } => ("state", here.clone()),
        Wish::TakeBack => ("take_back", format!("{here}/take-back")),
    };
    let proposal = Proposal {
        account: account.code.clone(),
        wish,
        beneficiaries: staff.sees(),
        note: form.note(),
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), &format!("POST openings {} {word}", account.code))?,
        now: now(),
    };
    if form.text("preview").is_empty() {
        return match state_opening::propose(ctx, &proposal, &|id| id.to_string()).await {
            Ok(_) => Ok(Ok(see_other(&format!("{here}?done=1")))),
            Err(error) => Ok(Err(said::opening(error)?)),
        };
    }
    match preview::preview(ctx, &Tried::Opening(&proposal)).await {
        Ok(changes) => {
            let (back, action) = ((here, name(account)), (words::action(word), NOTHING));
            let effect = Effect::new(&changes);
            let page = PreviewPage::new(Frame::of(staff, HERE), back, action, (target, form), effect);
            Ok(Ok(html(StatusCode::OK, &page)))
        }
        Err(error) => Ok(Err(said::preview(error)?)),
    }
}

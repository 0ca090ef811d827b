//! `/v1/counter-payments` and `/v1/counters`: what officers take and undo at desks, and what drawers bring to the bank. For
//! people only; no card's number is ever sent here, the terminal's slip is.

use crate::State;
use crate::approvals::{ProposedView, note, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, CURRENCY, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::business_day::business_date;
use domain::codes::CounterCode;
use domain::counter::{Slip, Tender, is_like_a_card};
use domain::intent::MAX_OBLIGATIONS;
use domain::principal::{Scope, Who};
use domain::{ObligationId, PaymentId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use payments::take_at_counter::Command;
use payments::{deposit_drawer, take_at_counter, void_at_counter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use storage::counters::{self, Counter, DayAtCounter, Deposit, Taken};
use utoipa::ToSchema;
use uuid::Uuid;

/// Deposits shown beside a counter.
const LAST_DEPOSITS: i64 = 20;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBody {
    /// All that is paid for, 1 to 50, each once.
    #[schema(min_items = 1, max_items = 50)]
    obligation_ids: Vec<String>,
    /// cash | card
    tender: String,
    counter_code: String,
    /// Whole đồng: what is due, exactly.
    #[schema(minimum = 1)]
    amount: i64,
    /// Of cash the number of the receipt, of a card that of the terminal's slip; once at each counter.
    #[schema(min_length = 1, max_length = 64)]
    receipt_ref: String,
}

#[derive(Serialize, ToSchema)]
pub struct CounterPaymentView {
    /// Of the payment.
    id: String,
    counter_code: String,
    /// cash | card
    tender: &'static str,
    receipt_ref: String,
    obligation_ids: Vec<String>,
    amount: i64,
    currency: &'static str,
    taken_by: String,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Timestamp,
}

impl CounterPaymentView {
    fn new(t: &Taken) -> Self {
        Self {
            id: t.payment_id.to_string(),
            counter_code: t.counter.to_string(),
            tender: t.tender.as_str(),
            receipt_ref: t.receipt_ref.clone(),
            obligation_ids: t.obligation_ids.iter().map(ToString::to_string).collect(),
            amount: t.amount.dong(),
            currency: CURRENCY,
            taken_by: t.taken_by.clone(),
            taken_at: t.taken_at,
        }
    }
}

#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct VoidBody {
    note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepositBody {
    /// Whole đồng, no more than the drawer holds.
    #[schema(minimum = 1)]
    amount: i64,
    /// The bank's number of the deposit, as it will stand in the text of the credit: 6 to 32 letters and digits.
    #[schema(min_length = 6, max_length = 64)]
    slip_ref: String,
}

#[derive(Serialize, ToSchema)]
pub struct DepositView {
    id: String,
    counter_code: String,
    /// The account of ours that it was brought to.
    account_code: String,
    amount: i64,
    currency: &'static str,
    slip_ref: String,
    declared_by: String,
    #[schema(value_type = String, format = DateTime)]
    declared_at: Timestamp,
    /// The credit on a statement; null while none has shown it.
    movement_id: Option<String>,
}

impl DepositView {
    fn new(d: &Deposit) -> Self {
        Self {
            id: d.id.to_string(),
            counter_code: d.counter.to_string(),
            account_code: d.account.to_string(),
            amount: d.amount.dong(),
            currency: CURRENCY,
            slip_ref: d.slip_ref.clone(),
            declared_by: d.declared_by.clone(),
            declared_at: d.declared_at,
            movement_id: d.movement.map(|id| id.to_string()),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DeclaredView {
    #[serde(flatten)]
    deposit: DepositView,
    /// What the drawer holds after it.
    drawer: i64,
}

#[derive(Serialize, ToSchema)]
pub struct CounterView {
    pub code: String,
    pub name: String,
    /// Where its cash is brought to.
    pub account_code: String,
    /// The contract of its card terminal.
    pub terminal_profile: Option<String>,
    /// Those that whoever asks sees.
    pub beneficiaries: Vec<String>,
}

impl CounterView {
    pub(crate) fn new(c: &Counter, seen: Option<&[String]>) -> Self {
        let is_seen = |b: &&String| seen.is_none_or(|own| own.contains(b));
        Self {
            code: c.code.to_string(),
            name: c.name.clone(),
            account_code: c.account.to_string(),
            terminal_profile: c.terminal.as_ref().map(ToString::to_string),
            beneficiaries: c.beneficiaries.iter().filter(is_seen).cloned().collect(),
        }
    }
}

/// What was taken on a day and is not undone, and what was brought to the bank on it.
#[derive(Serialize, ToSchema)]
pub struct CounterDayView {
    #[schema(value_type = String, format = Date)]
    date: Date,
    cash: i64,
    card: i64,
    voided_cash: i64,
    voided_card: i64,
    deposited: i64,
}

impl CounterDayView {
    fn new(date: Date, d: DayAtCounter) -> Self {
        Self {
            date,
            cash: (d.cash - d.voided_cash).dong(),
            card: (d.card - d.voided_card).dong(),
            voided_cash: d.voided_cash.dong(),
            voided_card: d.voided_card.dong(),
            deposited: d.deposited.dong(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CounterWholeView {
    #[serde(flatten)]
    counter: CounterView,
    /// What the drawer holds.
    drawer: i64,
    currency: &'static str,
    today: CounterDayView,
    /// The last of them, newest first.
    deposits: Vec<DepositView>,
}

fn person(who: Who) -> Result<Uuid, Problem> {
    match who {
        Who::Person(id) => Ok(id.uuid()),
        Who::Client(_) | Who::System => Err(Problem::new(Code::ScopeMissing)),
    }
}

/// Each once, in the order given.
fn obligations(f: &mut Fields, sent: &[String]) -> Vec<ObligationId> {
    if !(1..=MAX_OBLIGATIONS).contains(&sent.len()) {
        f.wrong("/obligation_ids", "length", format!("has 1 to {MAX_OBLIGATIONS} ids"));
        return Vec::new();
    }
    let mut known = BTreeSet::new();
    let mut ids = Vec::with_capacity(sent.len());
    for (at, text) in sent.iter().enumerate() {
        let pointer = format!("/obligation_ids/{at}");
        if let Some(id) = f.check(&pointer, "format", text.parse::<ObligationId>()) {
            if !known.insert(id) {
                f.wrong(&pointer, "conflict", "is given twice");
            }
            ids.push(id);
        }
    }
    ids
}

fn amount(f: &mut Fields, sent: i64) -> Vnd {
    let amount = f.check("/amount", "range", Vnd::amount(sent)).unwrap_or_default();
    if sent == 0 {
        f.wrong("/amount", "range", "is at least 1");
    }
    amount
}

/// A number that people type: no control characters, no blanks around it, and no digits of a card.
fn receipt(f: &mut Fields, sent: &str) -> String {
    let receipt = f.text("/receipt_ref", sent, 1, 64).unwrap_or_default();
    if sent.trim() != sent {
        f.wrong("/receipt_ref", "format", "must not begin or end with a blank");
    } else if is_like_a_card(sent) {
        f.wrong("/receipt_ref", "format", "is like the number of a card, which has no place here");
    }
    receipt
}

/// An officer takes what is due. Again with the same receipt and body: the same payment, 200.
#[utoipa::path(post, path = "/v1/counter-payments", tag = "counter", request_body = TakeBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 200, body = CounterPaymentView), (status = 201, body = CounterPaymentView),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn take(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::CounterWrite]).await?;
    let idempotency = body::idempotency(&req, person(principal.who)?, &raw.0)?;
    let sent: TakeBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let obligation_ids = obligations(&mut f, &sent.obligation_ids);
    let tender = f.check("/tender", "value", sent.tender.parse::<Tender>());
    let counter = f.code("/counter_code", CounterCode::new(sent.counter_code));
    let amount = amount(&mut f, sent.amount);
    let receipt_ref = receipt(&mut f, &sent.receipt_ref);
    f.end()?;
    let (Some(tender), Some(counter)) = (tender, counter) else { return Err(Problem::new(Code::BodyMalformed)) };
    let command = Command {
        counter,
        tender,
        obligation_ids,
        amount,
        receipt_ref,
        evidence: raw.0.to_vec(),
        beneficiaries: auth::beneficiaries(&principal),
        caller,
        idempotency,
        now: now(),
    };
    let render = |t: &Taken| views::json(&CounterPaymentView::new(t));
    Ok(body::reply(take_at_counter::take(&state.ctx, &command, &render).await?))
}

/// Proposes that what was taken today is undone whole. A second person decides (`/v1/approvals`), today.
#[utoipa::path(post, path = "/v1/counter-payments/{id}/void", tag = "counter", request_body = Option<VoidBody>,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn void(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::CounterWrite]).await?;
    let payment: PaymentId = id_of(&id)?;
    let idempotency = body::idempotency(&req, person(principal.who)?, &raw.0)?;
    let sent: VoidBody = if raw.0.is_empty() { VoidBody::default() } else { body::json(&req, &raw.0)? };
    let beneficiaries = auth::beneficiaries(&principal);
    let proposal =
        void_at_counter::Proposal { payment, note: note(&sent.note)?, beneficiaries, caller, idempotency, now: now() };
    Ok(body::reply(void_at_counter::propose(&state.ctx, &proposal, &proposed).await?))
}

/// Cash leaves the drawer for the bank. Again with the same slip and amount: the same deposit, 200.
#[utoipa::path(post, path = "/v1/counters/{code}/deposits", tag = "counter", request_body = DepositBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = DeclaredView), (status = 201, body = DeclaredView),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn deposit(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::CounterWrite]).await?;
    let counter = CounterCode::new(code.as_str()).map_err(|_| absent())?;
    let idempotency = body::idempotency(&req, person(principal.who)?, &raw.0)?;
    let sent: DepositBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let amount = amount(&mut f, sent.amount);
    let slip_ref = f.text("/slip_ref", &sent.slip_ref, 1, 64).unwrap_or_default();
    let slip = f.check("/slip_ref", "format", Slip::read(&sent.slip_ref));
    f.end()?;
    let Some(slip) = slip else { return Err(Problem::new(Code::BodyMalformed)) };
    let command = deposit_drawer::Command {
        counter,
        amount,
        slip_ref,
        slip,
        beneficiaries: auth::beneficiaries(&principal),
        caller,
        idempotency,
        now: now(),
    };
    let render =
        |d: &Deposit, drawer: Vnd| views::json(&DeclaredView { deposit: DepositView::new(d), drawer: drawer.dong() });
    Ok(body::reply(deposit_drawer::declare(&state.ctx, &command, &render).await?))
}

/// Who works at counters, reads their books or sets them up.
const SCOPES: &[Scope] = &[Scope::CounterWrite, Scope::ReportsRead, Scope::Admin];

/// Counters by code: those that collect for any beneficiary of whoever asks.
#[utoipa::path(get, path = "/v1/counters", tag = "counter", params(crate::admin::CodesQuery),
    responses((status = 200, body = Page<CounterView>)))]
pub async fn list(
    req: HttpRequest,
    state: Data<State>,
    query: Query<crate::admin::CodesQuery>,
) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let seen = auth::beneficiaries(&principal);
    let found = counters::all(&*state.ctx.pool.get().await?, None).await?;
    let views = found.iter().map(|c| CounterView::new(c, seen.as_deref()));
    let all: Vec<CounterView> = views.filter(|v| !v.beneficiaries.is_empty()).collect();
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.code.clone())?))
}

/// One counter, with its drawer, today's takings and its last deposits: for those who see all that it collects for.
#[utoipa::path(get, path = "/v1/counters/{code}", tag = "counter", params(("code" = String, Path)),
    responses((status = 200, body = CounterWholeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, code: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, SCOPES).await?;
    let code = CounterCode::new(code.as_str()).map_err(|_| absent())?;
    let seen = auth::beneficiaries(&principal);
    let db = state.ctx.pool.get().await?;
    let counter = counters::all(&db, Some(code.as_str())).await?.pop().ok_or_else(absent)?;
    if seen.as_ref().is_some_and(|own| !counter.beneficiaries.iter().all(|b| own.contains(b))) {
        return Err(absent());
    }
    let today = business_date(now());
    let day = counters::day(&db, &code, today).await?;
    let deposits = counters::last_deposits(&db, &code, LAST_DEPOSITS).await?;
    Ok(HttpResponse::Ok().json(CounterWholeView {
        counter: CounterView::new(&counter, seen.as_deref()),
        drawer: counter.drawer.dong(),
        currency: CURRENCY,
        today: CounterDayView::new(today, day),
        deposits: deposits.iter().map(DepositView::new).collect(),
    }))
}

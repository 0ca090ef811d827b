//! What is left over when statements show all days (`domain::matching::leftover`): a payment that was told of takes the line that
//! was booked as another one, was another sight of one, or is the return of a transfer of ours, and a report that waits names one. Each
//! in a transaction of its own.

use super::batch::{first_instant, last_instant};
use super::waiting::{row, was};
use super::{Cover, Covers, Ground, cover, unreadable};
use crate::alike::{self, Row};
use crate::context::{Caller, Context};
use crate::learn;
use crate::move_money;
use crate::receive_report::ReportError;
use crate::retry::retrying;
use domain::bank_reference::BankReference;
use domain::business_day::{WorkingCalendar, business_date};
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::step;
use domain::matching::leftover::{self, End, Money};
use domain::matching::{APART, What, sights};
use domain::moving::{self, MoveError};
use domain::payment::{Identity, Payment, SightingState};
use domain::{MovementId, PaymentId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use storage::account_money::{self, Awaited, turn};
use storage::leftover::{Booked, Returned};
use storage::lent::Moved;
use storage::payments::Part;
use storage::unit::Unit;
use storage::{StorageError, Tx, beneficiaries, cases, movements, payments, refunds, sightings, unit};

/// Until nothing more can be said; how many found who they are.
pub async fn settle(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let mut done = 0;
    while retrying(|| settle_once(ctx, ground, now)).await? {
        done += 1;
    }
    Ok(done)
}

async fn settle_once(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<bool, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = settled(&tx, ground, now).await;
    tx.close(outcome).await
}

async fn settled(tx: &Tx, ground: &Ground, now: Timestamp) -> Result<bool, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let missing = storage::leftover::missing(tx, &ground.account).await?;
    if missing.is_empty() {
        return Ok(false);
    }
    movements::match_alone(tx, &ground.account).await?;
    let mut known = Covers::new();
    for (amount, days) in together(&missing, &ground.calendar) {
        // one that nobody has claimed yet may be what is missing
        let open = movements::open_by_amount(tx, &ground.account, &[amount.dong()]).await?;
        if !open.is_empty() || cover(tx, ground, days.0, &mut known).await? != Cover::Whole {
            continue;
        }
        account_money::take_turns(tx, &[turn(&ground.account, amount)]).await?;
        let scene = scene(tx, ground, amount, days, &mut known).await?;
        for end in leftover::ends(&scene.told, &scene.lines, &scene.apart, &ground.calendar) {
            if let Some(unit) = ended(tx, ground, &scene, end, now).await? {
                unit::write(tx, &unit).await?;
                tx.commit().await?;
                return Ok(true);
            }
        }
        let back = returned(tx, ground, amount, days).await?;
        for (told, line) in leftover::returned(&scene.told, &back, &ground.calendar) {
            let line = back.iter().find(|back| back.id == line).ok_or_else(|| unreadable("a return's line"))?;
            if let Some(unit) = a_return(tx, told, line, now).await? {
                unit::write(tx, &unit).await?;
                tx.commit().await?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Of each amount the first and the last of days that are so near to each other that a line may be of either.
fn together(missing: &BTreeSet<(Vnd, Date)>, calendar: &WorkingCalendar) -> Vec<(Vnd, (Date, Date))> {
    let mut all: Vec<(Vnd, (Date, Date))> = Vec::new();
    for (amount, day) in missing {
        match all.last_mut() {
            Some((of, (_, last))) if of == amount && *day <= calendar.worked_day_after(*last, 2 * APART) => {
                *last = *day
            }
            _ => all.push((*amount, (*day, *day))),
        }
    }
    all
}

async fn ended(tx: &Tx, ground: &Ground, scene: &Scene, end: End, now: Timestamp) -> Result<Option<Unit>, ReportError> {
    Ok(match end {
        End::Name { report, booked } => named(tx, ground, report, booked, now).await?,
        End::Line { told, booked } | End::Sight { told, booked } => {
            let is_line = matches!(end, End::Line { .. });
            let booked = scene.booked.get(&booked).ok_or_else(|| unreadable("a line's payment"))?;
            one_money(tx, told, booked, is_line, &Caller::system(), now).await?
        }
    })
}

/// All that may be one money.
#[derive(Default)]
struct Scene {
    told: Vec<Money<What>>,
    lines: Vec<Money<PaymentId>>,
    apart: BTreeSet<(What, PaymentId)>,
    booked: BTreeMap<PaymentId, Booked>,
}

async fn scene(
    tx: &Tx,
    ground: &Ground,
    amount: Vnd,
    (first, last): (Date, Date),
    known: &mut Covers,
) -> Result<Scene, StorageError> {
    let until = ground.calendar.worked_day_after(last, APART);
    // also those whose line may come yet: what is theirs is nobody else's
    let around = (first_instant(&ground.calendar, first), last_instant(&ground.calendar, until));
    let awaited = account_money::awaited(tx, &ground.account, &[amount.dong()], around).await?;
    let booked = storage::leftover::booked(tx, &ground.account, amount, (first, until)).await?;
    if booked.len() >= storage::leftover::MANY {
        return Ok(Scene::default());
    }
    let ids: Vec<PaymentId> = awaited.iter().map(|a| a.payment.id).chain(booked.iter().map(|b| b.payment.id)).collect();
    let whole = wait_whole(tx, &ids).await?;
    let mut told = Vec::with_capacity(awaited.len());
    for a in &awaited {
        let is_over = cover(tx, ground, a.day(), known).await? == Cover::Whole;
        told.push(money(a, &whole, is_over));
    }
    let both = storage::leftover::told_both(tx, &ids).await?;
    let mut apart: BTreeSet<(What, PaymentId)> = both.into_iter().map(|(a, b)| (What::Payment(a), b)).collect();
    for w in account_money::waiting(tx, &ground.account).await?.iter().filter(|w| w.intent_id.is_some()) {
        let row = row(ground, w);
        let report = row.report(true);
        let is_near = (first..=until).contains(&report.day);
        if w.amount != amount || !is_near {
            continue;
        }
        let alike = alike::alike_to(tx, &row, &ground.calendar).await?;
        // it may be of that
        if sights::has_namesake(&report, &alike, &ground.calendar) {
            continue;
        }
        let may_name = sights::may_name(&report, &alike, &ground.calendar);
        let id = What::Sighting(w.sighting_id);
        apart.extend(booked.iter().filter(|b| !may_name.contains(&b.payment.id)).map(|b| (id, b.payment.id)));
        told.push(Money {
            id,
            amount: w.amount,
            day: report.day,
            intent: w.intent_id,
            references: w.bank_ref.iter().cloned().collect(),
            is_free: false,
            is_over: cover(tx, ground, report.day, known).await? == Cover::Whole,
        });
    }
    let lines = booked.iter().map(|b| line(b, &whole)).collect();
    Ok(Scene { told, lines, apart, booked: booked.into_iter().map(|b| (b.payment.id, b)).collect() })
}

/// Credits that brought transfers of ours back, by what they are known as besides their debits.
async fn returned(
    tx: &Tx,
    ground: &Ground,
    amount: Vnd,
    (first, last): (Date, Date),
) -> Result<Vec<Money<MovementId>>, StorageError> {
    let until = ground.calendar.worked_day_after(last, APART);
    let of_its_own = |back: &Returned| {
        let own = back.references.iter().filter(|own| !back.debits.iter().any(|debit| debit.same(own)));
        own.cloned().collect()
    };
    let money = |back: Returned| Money {
        id: back.line,
        amount,
        day: back.day,
        intent: None,
        references: of_its_own(&back),
        is_free: true,
        is_over: true,
    };
    let back = storage::leftover::returned(tx, &ground.account, amount, (first, until)).await?;
    Ok(back.into_iter().map(money).collect())
}

/// Those of which all waits unidentified, and nothing of it has gone or is wanted back.
async fn wait_whole(tx: &Tx, ids: &[PaymentId]) -> Result<BTreeSet<PaymentId>, StorageError> {
    let mut whole = unidentified(tx, ids).await?;
    let left = with_money_gone(tx, ids).await?;
    whole.retain(|id| !left.contains(id));
    Ok(whole)
}

/// Those of which all waits unidentified.
async fn unidentified(tx: &Tx, ids: &[PaymentId]) -> Result<BTreeSet<PaymentId>, StorageError> {
    let uuids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let mut parts: BTreeMap<PaymentId, Vec<Part>> = BTreeMap::new();
    for part in payments::parts(tx, &uuids).await? {
        parts.entry(part.payment_id).or_default().push(part);
    }
    let is_whole = |of: &[Part]| learn::waits_whole(of.iter().map(|part| part.amount).sum(), of);
    Ok(parts.into_iter().filter(|(_, of)| is_whole(of)).map(|(id, _)| id).collect())
}

/// Those of which money is on its way back or has left past us: whatever they are found to be, it would be had of another payment
/// once more.
async fn with_money_gone(tx: &Tx, ids: &[PaymentId]) -> Result<BTreeSet<PaymentId>, StorageError> {
    let mut left = refunds::going_back(tx, ids).await?;
    let unexplained = refunds::unexplained_of(tx, ids).await?;
    left.extend(unexplained.into_iter().filter(|(_, gone)| gone.is_positive()).map(|(id, _)| id));
    Ok(left)
}

fn money(a: &Awaited, whole: &BTreeSet<PaymentId>, is_over: bool) -> Money<What> {
    Money {
        id: What::Payment(a.payment.id),
        amount: a.payment.amount,
        day: a.day(),
        intent: a.payment.intent_id,
        references: a.references.clone(),
        is_free: whole.contains(&a.payment.id),
        is_over,
    }
}

fn line(b: &Booked, whole: &BTreeSet<PaymentId>) -> Money<PaymentId> {
    Money {
        id: b.payment.id,
        amount: b.payment.amount,
        day: b.day,
        intent: b.payment.intent_id,
        references: b.references.clone(),
        is_free: b.is_silent && whole.contains(&b.payment.id),
        is_over: true,
    }
}

/// The report gives the line's payment its name.
async fn named(
    tx: &Tx,
    ground: &Ground,
    report: SightingId,
    booked: PaymentId,
    now: Timestamp,
) -> Result<Option<Unit>, ReportError> {
    let Some(w) = account_money::waiting_one(tx, &ground.account, report).await? else { return Ok(None) };
    Ok(Some(was(tx, ground, &w, booked, now).await?))
}

/// Whether people may say of these two that they are one money, and whether the line's payment is the one that is none then:
/// same account and amount, no references that differ within one numbering as it is known now, and all of one of them waits
/// unidentified. None: they may not.
pub(crate) async fn may_be_same(
    tx: &Tx,
    told: PaymentId,
    booked: PaymentId,
) -> Result<Option<(Booked, bool)>, StorageError> {
    let Some(booked) = alike(tx, told, booked).await? else { return Ok(None) };
    let whole = wait_whole(tx, &[told, booked.payment.id]).await?;
    let is_line = whole.contains(&booked.payment.id);
    Ok((!whole.is_empty()).then_some((booked, is_line)))
}

/// The line's payment, where nothing that is known of the two says that they are two moneys.
async fn alike(tx: &Tx, told: PaymentId, booked: PaymentId) -> Result<Option<Booked>, StorageError> {
    let Some(booked) = storage::leftover::booked_beside(tx, told, booked).await? else { return Ok(None) };
    let known = storage::leftover::references(tx, told).await?;
    let differ = |r: &BankReference| booked.references.iter().any(|own| own.comparable(r) && !own.same(r));
    let are_two = known.iter().any(differ) && !storage::leftover::is_numbered_apart(tx, told).await?;
    Ok((!are_two).then_some(booked))
}

/// The row names a line's payment by its reference, and its payer's money was told of by another teller and has no line: then this
/// is its line. Given the payer's name, the line would be a second payment of money that came once. Whoever asks has the turn of
/// account and amount.
pub(crate) async fn line_of_told(
    tx: &Tx,
    row: &Row<'_>,
    line: &Payment,
    calendar: &WorkingCalendar,
    caller: &Caller,
    now: Timestamp,
) -> Result<Option<(PaymentId, Unit)>, StorageError> {
    if line.intent_id.is_some() || row.intent.is_none() || line.amount != row.amount {
        return Ok(None);
    }
    for told in alike::alike_to(tx, row, calendar).await? {
        let is_awaited = told.intent == row.intent && told.shown_on.is_none() && !told.is_told;
        if !is_awaited {
            continue;
        }
        if let Some((booked, true)) = may_be_same(tx, told.payment, line.id).await?
            && booked.day >= told.paid_on
            && calendar.within(told.paid_on, booked.day, APART)
            && let Some(unit) = one_money(tx, told.payment, &booked, true, caller, now).await?
        {
            return Ok(Some((told.payment, unit)));
        }
    }
    Ok(None)
}

/// Whether a marked line, which this payment was booked from, may be that of a payment which was told of and has none: disposed of, it
/// would be had of that one once more. As long as people have placed nothing of it: what is only proposed to be given back counts as
/// waiting.
pub(crate) async fn may_be_told(tx: &Tx, booked: PaymentId) -> Result<bool, StorageError> {
    let beside = storage::leftover::told_beside(tx, booked).await?;
    if beside.is_empty() || unidentified(tx, &[booked]).await?.is_empty() {
        return Ok(false);
    }
    let calendar = beneficiaries::calendar(tx).await?;
    for (told, paid_at, day) in beside {
        if calendar.within(business_date(paid_at), day, APART) && alike(tx, told, booked).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Two persons say that they are one money; None where that cannot be said any more.
pub(crate) async fn same(
    tx: &Tx,
    told: PaymentId,
    booked: PaymentId,
    caller: &Caller,
    now: Timestamp,
) -> Result<Option<Unit>, StorageError> {
    let Some(payment) = payments::by_id(tx, told).await? else { return Ok(None) };
    let Identity::Account { account, .. } = &payment.identity else { return Ok(None) };
    movements::match_alone(tx, account).await?;
    account_money::take_turns(tx, &[turn(account, payment.amount)]).await?;
    let Some((booked, is_line)) = may_be_same(tx, told, booked).await? else { return Ok(None) };
    one_money(tx, told, &booked, is_line, caller, now).await
}

/// The line of the one is the other's, and the payment that stays has all that was told of both; None where people hold
/// the money since.
async fn one_money(
    tx: &Tx,
    told: PaymentId,
    booked: &Booked,
    is_line: bool,
    caller: &Caller,
    now: Timestamp,
) -> Result<Option<Unit>, StorageError> {
    let (none, stays) = if is_line { (booked.payment.id, told) } else { (told, booked.payment.id) };
    let Some(mut unit) = undone(tx, none, booked.day, caller, "payment_was_another_sight", now).await? else {
        return Ok(None);
    };
    if is_line {
        storage::leftover::take_over(tx, Moved { line: booked.line, from: none, to: stays }).await?;
    } else {
        awaits_nothing(tx, none, &mut unit).await?;
    }
    for sighting in storage::leftover::sightings(tx, none).await? {
        sightings::outcome(tx, sighting, SightingState::Repeated, Some(stays)).await?;
    }
    Ok(Some(unit))
}

/// What was told of is the return of a transfer of ours, which is in the books as that; None where people hold the money since.
async fn a_return(
    tx: &Tx,
    told: PaymentId,
    line: &Money<MovementId>,
    now: Timestamp,
) -> Result<Option<Unit>, StorageError> {
    let Some(mut unit) = undone(tx, told, line.day, &Caller::system(), "payment_was_a_return", now).await? else {
        return Ok(None);
    };
    awaits_nothing(tx, told, &mut unit).await?;
    storage::leftover::was_return(tx, line.id, told).await?;
    for sighting in storage::leftover::sightings(tx, told).await? {
        sightings::outcome(tx, sighting, SightingState::Applied, None).await?;
    }
    Ok(Some(unit))
}

/// It is no payment; None where people hold its money, or some of it has gone.
async fn undone(
    tx: &Tx,
    none: PaymentId,
    day: Date,
    caller: &Caller,
    action: &'static str,
    now: Timestamp,
) -> Result<Option<Unit>, StorageError> {
    let Some(mut locked) = move_money::lock(tx, none, &[], now).await? else { return Ok(None) };
    if !with_money_gone(tx, &[none]).await?.is_empty() {
        return Ok(None);
    }
    locked.scene.day = day;
    let changes = match moving::not_a_payment(&locked.scene) {
        Err(MoveError::Stale) => return Ok(None),
        changes => changes.map_err(|e| move_money::unreadable(&e))?,
    };
    if !payments::set_reversed(tx, none).await? {
        return Err(StorageError::Retry(None));
    }
    Ok(Some(locked.unit(changes, None, caller, action, now)?))
}

/// Its line is not to come, and nobody misses it.
async fn awaits_nothing(tx: &Tx, none: PaymentId, unit: &mut Unit) -> Result<(), StorageError> {
    storage::leftover::is_none(tx, none).await?;
    if let Some(case) = cases::open_of_payment(tx, none, CaseKind::MissingAtProvider).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        unit.changes.cases_closed.push(closed.map_err(unreadable)?.0);
    }
    Ok(())
}

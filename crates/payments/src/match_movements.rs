//! Every movement of a statement finds who it is: money that was told of, a provider's payout, or money that is seen for
//! the first time, which is booked like any other. Known references are matched in sets when the file is imported; this
//! does the rest, in batches that each hold their rows and nothing else.
//!
//! | the movement | then |
//! |---|---|
//! | a credit with the slip of a drawer's deposit | `domain::counter` |
//! | a credit that a corrected file took back, shown again | its payment's, where that stands: `domain::matching::shown_again` |
//! | any other credit | `domain::matching` |
//! | a debit, or a credit, with the code of a refund | it was sent, or it came back |
//! | a debit with the code of a remittance | `domain::remittance` |
//! | a credit with the text of a provider's payouts | its settlement, by the net amount; none yet: it stays open; none when statements cover two worked days more and its file comes no more: a credit like all others, until the file comes after all |
//! | a debit with that text | the settlement below zero that owes it; none: as any other debit |
//! | of another amount than the payment or the settlement that it is | the difference: suspense, with the case `amount_differs` |
//! | a debit that takes a credit back, though a later file alone says so | its payment is taken back (`take_back`); else suspense, a case `chargeback` |
//! | any other debit | suspense, a case `unidentified` |
//!
//! A credit may be marked as a reversal (camt `RvslInd`, MT940 `RD`): the bank takes a debit of ours back. Often it has the debit's
//! reference, so references say less of it:
//!
//! | it is marked, and | told of before | told of after | not told of |
//! |---|---|---|---|
//! | account, reference, amount and the days (a week either way) are those of a payment without its line | that payment's line; an own line without the mark comes first | another sight of the line's payment | new money, `unidentified` |
//! | the same without the teller's reference: it is matched as one without the mark would be, after those | that payment's line | another sight, which may give the name that its text or the report has | new money, `unidentified`, whatever it names |
//! | it has one refund's code | evidence; else as above, until it is known as the return | evidence | the refund's return; while the debit is not seen it stays open |
//! | it has the reference of one refund's debit, or names that in its text (this also unmarked) | that payment's line; the payment is none once the debit is known | evidence, or another sight | the return; while the debit is not seen, `unidentified` |
//! | it names two of them, or another amount | that payment's line | another sight | `unidentified` |
//! | it has the code of one (marked or not) and, as its reference or in its text, the debit of another | that payment's line | another sight | `unidentified`, a case `status_differs` names both |
//!
//! What was told of beside a return that has the debit's reference, without a name and without a line of its own when its days are over,
//! is that return (`leftover`). While money that was told of may be what a marked line was booked as, that is not given back.
//!
//! Known as a return, in whatever order: the refund is `failed`, the money is `refund_returned`, once; the payment that was told of
//! is none (`refund::take_early_returns`). What people have placed by then stays, and a case names the refund.

pub(crate) mod batch;
mod deposits;
mod given_away;
pub(crate) mod leftover;
mod lent;
mod others;
mod shown_again;
mod waiting;

use crate::context::{Caller, Context};
use crate::import_statement::channel_of;
use crate::learn;
use crate::receive_account_report::unwatch_served;
use crate::receive_report::ReportError;
use crate::refund;
use crate::remit;
use crate::retry::retrying;
use crate::take_back::{self, Whose};
use domain::business_day::{WorkingCalendar, business_date};
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::codes::{AccountCode, ChannelCode};
use domain::ledger::{Account, Journal, JournalKind, Leg, Unbalanced};
use domain::matching::APART;
use domain::payment::SuspenseReason;
use domain::{IntentId, MovementId, PaymentId, SightingId, Vnd};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use storage::unit::Unit;
use storage::{StorageError, Tx, account_money, beneficiaries, counters, movements, payments, receiving_accounts};
use storage::{statements, unit};
use uuid::Uuid;

/// Credits of one transaction.
const PER_BATCH: i64 = 1_000;

/// Batches after which the planner is told of what they have written: it takes as long as three of them.
const TOLD_AFTER: [usize; 4] = [16, 64, 256, 1_024];

/// How long what no statement covers stays open, from the import of a file that ends after its days.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What one account's matching rests on.
pub(crate) struct Ground {
    pub account: AccountCode,
    pub channel: ChannelCode,
    pub calendar: WorkingCalendar,
}

/// All accounts with open movements; how many movements found who they are.
pub async fn match_all(ctx: &Context, now: Timestamp) -> Result<usize, ReportError> {
    let accounts = {
        let db = ctx.pool.get().await?;
        movements::accounts_with_open(&db).await?
    };
    let (mut done, mut failed) = (0, None);
    for code in accounts {
        let code = AccountCode::new(code).map_err(unreadable)?;
        match Box::pin(match_account(ctx, &code, now)).await {
            Ok(matched) => done += matched,
            // the other accounts are none the worse for it
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(done), Err)
}

/// Matches until nothing more can be concluded; how many movements found who they are.
#[tracing::instrument(skip_all, fields(account = %account))]
pub async fn match_account(ctx: &Context, account: &AccountCode, now: Timestamp) -> Result<usize, ReportError> {
    let ground = ground(ctx, account).await?;
    let mut done = Box::pin(take_back::take_back(ctx, &ground, Whose::Superseded, now)).await?;
    // what stands after all that is nobody's new money
    done += Box::pin(shown_again::take(ctx, &ground, now)).await?;
    done += retrying(|| claim_once(ctx, account, now)).await?;
    // on the heap, each of them: they are deep, and a pass of the worker holds them. First what left and came back before we
    // saw a statement: both are on one
    done += Box::pin(refund::explain_debits(ctx, &ground, now)).await?;
    done += Box::pin(remit::explain_debits(ctx, &ground, now)).await?;
    done += Box::pin(refund::take_early_returns(ctx, &ground, now)).await?;
    done += Box::pin(refund::take_returns(ctx, &ground, now)).await?;
    // the older ones first: their file was to come before those of later payouts
    done += Box::pin(others::take_late_payouts(ctx, &ground, now)).await?;
    // before the credits: what only reads like a payout is one of them
    done += Box::pin(match_payouts(ctx, &ground, now)).await?;
    // so is the credit of a deposit
    done += Box::pin(retrying(|| deposits::match_once(ctx, &ground, now))).await?;
    done += Box::pin(match_credits(ctx, &ground, now)).await?;
    done += Box::pin(take_back::take_back(ctx, &ground, Whose::Reversals, now)).await?;
    done += Box::pin(match_debits(ctx, &ground, now)).await?;
    if done > 0 {
        Box::pin(refund::tell_of_odds(ctx, &ground, now)).await?;
    }
    Box::pin(place_named(ctx, &ground, now)).await?;
    Box::pin(waiting::decide(ctx, &ground, now)).await?;
    let settled = Box::pin(leftover::settle(ctx, &ground, now)).await?;
    if settled > 0 {
        // less of it can be meant
        Box::pin(waiting::decide(ctx, &ground, now)).await?;
    }
    done += settled;
    retrying(|| tell_of_missing(ctx, &ground, now)).await?;
    if done > 0 {
        tracing::info!(done, "movements matched");
        ctx.wake.notify_one();
    }
    Ok(done)
}

/// Credits that nobody has claimed, batch by batch; how many found who they are.
async fn match_credits(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let (mut done, mut after) = (0, MovementId::from(Uuid::nil()));
    for batches in 1_usize.. {
        let batch = retrying(|| batch::match_once(ctx, ground, after, now)).await?;
        done += batch.matched;
        // a batch that leaves some for the next, since they touch the same obligations, is taken up again from the first of them
        match batch.last {
            Some(last) if batch.matched == 0 => after = last,
            Some(_) => after = batch.done.unwrap_or(after),
            None => break,
        }
        if TOLD_AFTER.contains(&batches) {
            statements::analyze(&*ctx.pool.get().await?).await?;
        }
    }
    Ok(done)
}

/// Credits that read like payouts, batch by batch; how many their settlements have claimed.
async fn match_payouts(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let (mut done, mut after) = (0, MovementId::from(Uuid::nil()));
    loop {
        let batch = retrying(|| others::pay_out_once(ctx, ground, after, now)).await?;
        done += batch.done;
        match batch.last {
            Some(last) => after = last,
            None => return Ok(done),
        }
    }
}

/// Debits that nothing has explained, batch by batch; how many found who they are.
async fn match_debits(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let (mut done, mut after) = (0, MovementId::from(Uuid::nil()));
    loop {
        let batch = retrying(|| others::explain_once(ctx, ground, after, now)).await?;
        done += batch.done;
        match batch.last {
            Some(last) => after = last,
            None => return Ok(done),
        }
    }
}

/// What was told of between the import and now has its line.
async fn claim_once(ctx: &Context, account: &AccountCode, now: Timestamp) -> Result<usize, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        movements::begin_batch(&tx, account).await?;
        if !movements::any_open_credit(&tx, account).await? {
            return Ok(0);
        }
        let mut unit = Unit::new(Caller::system().actor(), now);
        let claimed = claim_known(&tx, account, &mut unit).await?;
        if claimed == 0 {
            return Ok(0);
        }
        unit::write(&tx, &unit).await?;
        tx.commit().await?;
        Ok(usize::try_from(claimed).unwrap_or(usize::MAX))
    }
    .await;
    tx.close(outcome).await
}

/// Lets payments claim the open movements that have their reference; a different amount is a case.
pub(crate) async fn claim_known(tx: &Tx, account: &AccountCode, unit: &mut Unit) -> Result<u64, StorageError> {
    movements::match_alone(tx, account).await?;
    let claims = statements::claim_known(tx, account).await?;
    for other in claims.other_amounts {
        let over = other.stated - other.told;
        let leg = |account, amount| Leg::new(account, amount).of_movement(other.movement_id);
        unit.changes.journals.push(difference(account, over, other.day, leg).map_err(unreadable)?);
        unit.changes.cases_opened.push(NewCase {
            movement_id: Some(other.movement_id),
            payment_id: Some(other.payment_id),
            day: Some((format!("bank:{account}"), other.day)),
            ..NewCase::new(CaseKind::AmountDiffers, over, account.to_string())
        });
    }
    Ok(claims.count)
}

/// What a line shows beyond what it is (less: below zero) is no longer on its way: it waits until a person says whose it is.
/// `leg`: of what.
fn difference(
    account: &AccountCode,
    over: Vnd,
    day: Date,
    leg: impl Fn(Account, Vnd) -> Leg,
) -> Result<Journal, Unbalanced> {
    let legs = vec![
        leg(Account::InTransit(account.clone()), over),
        leg(Account::Suspense(SuspenseReason::AmountDiffers), -over),
    ];
    Journal::new(JournalKind::OtherAmount, Cause::StatementSays, day, legs)
}

fn unreadable(error: impl ToString) -> StorageError {
    StorageError::Unreadable(error.to_string())
}

async fn ground(ctx: &Context, account: &AccountCode) -> Result<Ground, StorageError> {
    let db = ctx.pool.get().await?;
    let owners = receiving_accounts::beneficiaries_of(&db, account).await?;
    let channel = channel_of(ctx, &owners)?;
    Ok(Ground { account: account.clone(), channel, calendar: beneficiaries::calendar(&db).await? })
}

/// Unidentified payments whose line on the statement says more than the notification did.
async fn place_named(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<(), ReportError> {
    loop {
        let db = ctx.pool.get().await?;
        let unplaced = movements::unplaced(&db, &ground.account, PER_BATCH).await?;
        if unplaced.is_empty() {
            return Ok(());
        }
        for u in unplaced.iter().filter(|u| u.named.len() > 1) {
            let codes: Vec<&str> = u.named.iter().map(String::as_str).collect();
            let named = account_money::intents_named(&db, &codes, &ground.account).await?;
            let named: Vec<IntentId> = named.iter().map(|named| named.id).collect();
            account_money::names_together(&db, u.payment_id, &named).await?;
        }
        let silent = unplaced.iter().filter(|u| u.named.len() != 1).map(|u| u.payment_id);
        movements::looked_at(&db, &silent.collect::<Vec<_>>()).await?;
        drop(db);
        for u in &unplaced {
            if let [reference] = u.named.as_slice() {
                retrying(|| place_once(ctx, ground, u.payment_id, reference, u.sighting_id, now)).await?;
            }
        }
    }
}

async fn place_once(
    ctx: &Context,
    ground: &Ground,
    id: PaymentId,
    reference: &str,
    sighting: SightingId,
    now: Timestamp,
) -> Result<(), ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let payment = payments::lock_one(&tx, id).await?;
        let named = account_money::intents_named(&tx, &[reference], &ground.account).await?;
        if let (Some(payment), Some(named)) = (payment.filter(|p| p.intent_id.is_none()), named.first()) {
            let caller = Caller::system();
            let unit = learn::place(&tx, &payment, named, &ground.channel, sighting, &caller, now).await?;
            unit::write(&tx, &unit).await?;
            unwatch_served(&tx, &unit).await?;
        }
        movements::looked_at(&tx, &[id]).await?;
        Ok(tx.commit().await?)
    }
    .await;
    tx.close(outcome).await
}

/// A payment or a deposit whose line should have come and did not is a case, until the line comes after all.
async fn tell_of_missing(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<(), ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        // two that look at once would both tell of it
        movements::begin_batch(&tx, &ground.account).await?;
        let mut until = Covers::new();
        let mut unit = Unit::new(Caller::system().actor(), now);
        // by days first: those whose line may still come must not hide the others
        let days = covered_days(&tx, ground, movements::overdue_days(&tx, &ground.account).await?, &mut until).await?;
        for (payment, amount, paid_at) in movements::overdue(&tx, &ground.account, &days).await? {
            unit.changes.cases_opened.push(NewCase {
                payment_id: Some(payment),
                day: Some((format!("bank:{}", ground.account), business_date(paid_at))),
                ..NewCase::new(CaseKind::MissingAtProvider, amount, payment.to_string())
            });
        }
        let days = covered_days(&tx, ground, counters::overdue_days(&tx, &ground.account).await?, &mut until).await?;
        for (deposit, amount, day) in counters::overdue(&tx, &ground.account, &days).await? {
            unit.changes.cases_opened.push(NewCase {
                day: Some((format!("bank:{}", ground.account), day)),
                ..NewCase::new(CaseKind::MissingAtProvider, amount, deposit.to_string())
            });
        }
        let mut shown = movements::shown_after_all(&tx, &ground.account).await?;
        let deposits = counters::shown_after_all(&tx, &ground.account).await?;
        shown.extend(movements::open_cases(&tx, &deposits).await?);
        for case in shown {
            let closed = step(case.id, case.version, case.status, Cause::Explained);
            unit.changes.cases_closed.push(closed.map_err(unreadable)?.0);
        }
        if unit.changes.is_empty() {
            return Ok(());
        }
        unit::write(&tx, &unit).await?;
        Ok(tx.commit().await?)
    }
    .await;
    tx.close(outcome).await
}

/// Those of these days of which no line will come any more.
async fn covered_days(
    tx: &Tx,
    ground: &Ground,
    days: Vec<Date>,
    known: &mut Covers,
) -> Result<Vec<Date>, StorageError> {
    let mut over = Vec::new();
    for day in days {
        if is_covered(tx, ground, day, known).await? {
            over.push(day);
        }
    }
    Ok(over)
}

/// How it is known that the line of money of a day will not come any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// It may come yet.
    No,
    /// Files have ended after its days and a week has passed, but their balances do not show that nothing is left out.
    Waited,
    /// Statements show all days on which it could stand.
    Whole,
}

/// What was asked already.
type Covers = BTreeMap<Date, Cover>;

async fn cover(tx: &Tx, ground: &Ground, day: Date, known: &mut Covers) -> Result<Cover, StorageError> {
    if let Some(cover) = known.get(&day) {
        return Ok(*cover);
    }
    let last = ground.calendar.worked_day_after(day, APART);
    let cover = if statements::covered_until(tx, &ground.account, day).await? >= Some(last) {
        Cover::Whole
    } else if statements::waited_until(tx, &ground.account, day, WEEK).await? >= Some(last) {
        Cover::Waited
    } else {
        Cover::No
    };
    known.insert(day, cover);
    Ok(cover)
}

/// Whether the line of money of this day will not come any more. `known`: what was asked already.
async fn is_covered(tx: &Tx, ground: &Ground, day: Date, known: &mut Covers) -> Result<bool, StorageError> {
    Ok(cover(tx, ground, day, known).await? != Cover::No)
}

/// Whether a payment's money may be that of another payment, of which it would be had once more.
pub(crate) async fn may_be_anothers(tx: &Tx, booked: PaymentId) -> Result<bool, StorageError> {
    Ok(leftover::may_be_told(tx, booked).await? || shown_again::may_be_withdrawn(tx, booked).await?)
}

/// The kind of case of a debit that nobody explains.
pub(crate) const fn debit_case(reversal: bool) -> CaseKind {
    if reversal { CaseKind::Chargeback } else { CaseKind::Unidentified }
}

pub(crate) type ByIntent<T> = BTreeMap<IntentId, T>;

//! Transfers that people made: a debit with the refund's amount and code closes it, a credit that brings it back opens a
//! case. Each in a transaction of its own, because it locks payment and obligations.
//!
//! | a debit with the code of a refund | then |
//! |---|---|
//! | that waits for it, of its amount | claimed; `succeeded`. One that was approved at this moment is given out first |
//! | of another amount | suspense, a case `amount_differs` |
//! | that has its debit already, or with the codes of two | suspense, a case `duplicate_payment` |
//! | that nobody was to make: not approved, rejected, given up | suspense, a case `status_differs` |
//! | the same, and the payment was taken back | suspense, a case `refund_without_payment` |
//!
//! A credit with the code and the amount of a refund that brings it back may be on a file that comes before that of its debit.
//! It stays open while the debit may come; when statements cover its days without one, it is a payment like any other, until the
//! debit comes after all. One that names the debit by the bank's reference (`domain::matching::returns`) is a payment until then
//! at once, for nothing says before that it is ours; and one that was told of is the teller's payment until it is known as a return.
//! One with the code of one refund and the debit of another is nobody's, and a case `status_differs` of its payment names both.
//!
//! Each of these cases names payment and refund. Until it is closed its amount is not to be had of the payment, nor does it
//! pay a debt from where it waits: the payer has it. The refund stays what it is, since no second person has said yes to this debit.

use super::RefundError;
use super::drive::bank;
use crate::context::{Caller, Context};
use crate::match_movements::Ground;
use crate::move_money::{self, Locked};
use crate::retry::retrying;
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::NewCase;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::matching::Rule;
use domain::matching::returns::{at_odds as names_two, brings_back};
use domain::moving::{self, MoveError};
use domain::refund::RefundStatus;
use domain::{MovementId, PaymentId, RefundId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use storage::movements::{self, Claimant, NewClaim, Open};
use storage::refunds::{self, Stored};
use storage::returns::{self, EarlyReturn, MayReturn};
use storage::unit::Unit;
use storage::{Db, StorageError, Tx, cases, payments, unit};
use uuid::Uuid;

/// Movements with the code of a refund at once.
const PER_LOOK: i64 = 200;

/// Debits that wait for their refund and agree with it; how many were claimed.
pub(crate) async fn explain_debits(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, RefundError> {
    each(ctx, ground, None, now).await
}

/// Credits that bring a transfer back; how many were claimed.
pub(crate) async fn take_returns(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, RefundError> {
    let open = {
        let db = ctx.pool.get().await?;
        returns::open(&db, &ground.account).await?
    };
    let mut done = each(ctx, ground, Some(&contradictory(&open)), now).await?;
    for (movement, refund) in open.iter().filter_map(named) {
        done += usize::from(retrying(|| claim_once(ctx, ground, movement, refund, true, now)).await?);
    }
    Ok(done)
}

/// The one transfer that a credit brings back.
fn named(may: &MayReturn) -> Option<(MovementId, RefundId)> {
    Some((may.movement, brings_back(&may.credit, &may.sent)?))
}

/// Open credits with the code of one refund and the debit of another.
pub(crate) async fn at_odds(db: &Db, ground: &Ground) -> Result<BTreeSet<MovementId>, StorageError> {
    Ok(contradictory(&returns::open(db, &ground.account).await?))
}

fn contradictory(open: &[MayReturn]) -> BTreeSet<MovementId> {
    let says_two_things = |may: &&MayReturn| !names_two(&may.credit, &may.sent).is_empty();
    open.iter().filter(says_two_things).map(|may| may.movement).collect()
}

/// A case names both refunds of each payment that is such a credit; its money is booked as nobody's.
pub(crate) async fn tell_of_odds(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<(), RefundError> {
    let booked = {
        let db = ctx.pool.get().await?;
        returns::booked(&db, &ground.account, business_date(now)).await?
    };
    for may in &booked {
        let named = names_two(&may.credit, &may.sent);
        if let (Some(payment), false) = (may.payment, named.is_empty()) {
            let subject = named.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let case = NewCase {
                payment_id: Some(payment),
                day: Some((format!("bank:{}", ground.account), may.day)),
                ..NewCase::new(CaseKind::StatusDiffers, may.amount, subject)
            };
            retrying(|| tell_once(ctx, ground, payment, &case, now)).await?;
        }
    }
    Ok(())
}

async fn tell_once(
    ctx: &Context,
    ground: &Ground,
    payment: PaymentId,
    case: &NewCase,
    now: Timestamp,
) -> Result<(), RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        // two that look at once would both tell of it
        movements::match_alone(&tx, &ground.account).await?;
        if cases::was_told(&tx, payment, case.kind, &case.subject).await? {
            return Ok(());
        }
        let mut unit = Unit::new(Caller::system().actor(), now);
        unit.changes.cases_opened.push(case.clone());
        unit::write(&tx, &unit).await?;
        Ok(tx.commit().await?)
    }
    .await;
    tx.close(outcome).await
}

/// All of them: what is left would be a stranger's debit or credit. `back`: credits, but for these.
async fn each(
    ctx: &Context,
    ground: &Ground,
    back: Option<&BTreeSet<MovementId>>,
    now: Timestamp,
) -> Result<usize, RefundError> {
    let (but, back) = (back, back.is_some());
    let (mut done, mut after) = (0, MovementId::from(Uuid::nil()));
    loop {
        let open = {
            let db = ctx.pool.get().await?;
            movements::open_of_refunds(&db, &ground.account, back, after, PER_LOOK).await?
        };
        let Some((last, _)) = open.last() else { return Ok(done) };
        after = *last;
        for (movement, refund) in open.into_iter().filter(|(movement, _)| but.is_none_or(|but| !but.contains(movement)))
        {
            done += usize::from(retrying(|| claim_once(ctx, ground, movement, refund, back, now)).await?);
        }
    }
}

/// Credits that were booked as payments, since the debit of the transfer that they bring back was not seen or a teller told of them;
/// how many were decided since it was known.
pub(crate) async fn take_early_returns(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, RefundError> {
    {
        let db = ctx.pool.get().await?;
        let booked = returns::booked(&db, &ground.account, business_date(now)).await?;
        returns::note(&db, &booked.iter().filter_map(named).collect::<Vec<_>>()).await?;
    }
    let mut done = 0;
    loop {
        let early = {
            let db = ctx.pool.get().await?;
            returns::early_returns(&db, &ground.account, PER_LOOK).await?
        };
        let before = done;
        for early in early {
            done += usize::from(retrying(|| return_once(ctx, ground, early, now)).await?);
        }
        if done == before {
            return Ok(done);
        }
    }
}

async fn return_once(ctx: &Context, ground: &Ground, early: EarlyReturn, now: Timestamp) -> Result<bool, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = returned(&tx, ground, early, now).await;
    tx.close(outcome).await
}

/// Where people have placed the payment since, it stays theirs, and a case names the refund.
async fn returned(tx: &Tx, ground: &Ground, early: EarlyReturn, now: Timestamp) -> Result<bool, RefundError> {
    tx.begin().await?;
    movements::match_alone(tx, &ground.account).await?;
    let refunded = refunds::by_id(tx, early.refund).await?.ok_or(RefundError::Absent)?.payment_id;
    refunds::lock_payments(tx, &[early.payment, refunded]).await?;
    let mut stray = move_money::lock(tx, early.payment, &[], now).await?.ok_or(RefundError::Absent)?;
    let mut locked = move_money::lock(tx, refunded, &[], now).await?.ok_or(RefundError::Absent)?;
    let stored = refunds::lock(tx, early.refund).await?.ok_or(RefundError::Absent)?;
    // a refund of the stray that waits for somebody is decided first
    if stored.state.status != RefundStatus::Succeeded
        || !refunds::going_back(tx, &[early.payment]).await?.is_empty()
        || !returns::return_decided(tx, early.movement).await?
    {
        return Ok(false);
    }
    (stray.scene.day, locked.scene.day) = (early.day, early.day);
    let caller = Caller::system();
    let mut unit = match moving::not_a_payment(&stray.scene) {
        Err(MoveError::Stale) => {
            let mut unit = Unit::new(caller.actor(), now);
            unit.changes.cases_opened.push(NewCase {
                payment_id: Some(early.payment),
                day: Some((format!("bank:{}", ground.account), early.day)),
                ..NewCase::new(CaseKind::StatusDiffers, stored.state.amount(), early.refund.to_string())
            });
            unit::write(tx, &unit).await?;
            tx.commit().await?;
            return Ok(true);
        }
        changes => {
            let changes = changes.map_err(|e| move_money::unreadable(&e))?;
            stray.unit(changes, None, &caller, "payment_was_a_return", now)?
        }
    };
    let to = Claimant::Refund(early.refund);
    if !payments::set_reversed(tx, early.payment).await?
        || !movements::move_claim(tx, early.movement, early.payment, to, Rule::RefundCode).await?
    {
        return Err(StorageError::Retry(None).into());
    }
    locked.scene.source = Account::InTransit(ground.account.clone());
    let back = moving::refund_came_back(&locked.scene, &stored.state, Some(early.movement));
    let back = back.map_err(|e| move_money::unreadable(&e))?;
    unit.append(locked.unit(back, Some(&stored), &caller, "refund_came_back", now)?);
    unit::write(tx, &unit).await?;
    tx.commit().await?;
    Ok(true)
}

async fn claim_once(
    ctx: &Context,
    ground: &Ground,
    movement: MovementId,
    refund: RefundId,
    back: bool,
    now: Timestamp,
) -> Result<bool, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = claimed(&tx, ground, movement, refund, back, now).await;
    tx.close(outcome).await
}

async fn claimed(
    tx: &Tx,
    ground: &Ground,
    movement: MovementId,
    refund: RefundId,
    back: bool,
    now: Timestamp,
) -> Result<bool, RefundError> {
    tx.begin().await?;
    movements::match_alone(tx, &ground.account).await?;
    let Some(open) = movements::lock_open(tx, movement).await? else { return Ok(false) };
    let payment = refunds::by_id(tx, refund).await?.ok_or(RefundError::Absent)?.payment_id;
    let mut locked = move_money::lock(tx, payment, &[], now).await?.ok_or(RefundError::Absent)?;
    locked.scene.day = open.business_date;
    let mut stored = refunds::lock(tx, refund).await?.ok_or(RefundError::Absent)?;
    let agrees = if back { stored.state.amount() == open.amount } else { stored.state.amount() == -open.amount };
    if agrees && !back && stored.state.status == RefundStatus::Approved {
        stored = given_out(tx, &locked, &stored, now).await?;
    }
    let expected = if back { RefundStatus::Succeeded } else { RefundStatus::AwaitingStatement };
    if !agrees || stored.state.status != expected {
        return Ok(false);
    }
    let changes = if back {
        locked.scene.source = Account::InTransit(ground.account.clone());
        moving::refund_came_back(&locked.scene, &stored.state, Some(movement))
    } else {
        moving::refund_sent(&locked.scene, &stored.state, &bank(&ground.account), Some(movement), Cause::StatementDebit)
    };
    let changes = changes.map_err(|e| move_money::unreadable(&e))?;
    let action = if back { "refund_came_back" } else { "refund_debited" };
    let unit = locked.unit(changes, Some(&stored), &Caller::system(), action, now)?;
    unit::write(tx, &unit).await?;
    let claim = NewClaim {
        movement_id: movement,
        claimant: Claimant::Refund(refund),
        amount: open.amount,
        rule: Rule::RefundCode,
    };
    movements::claim(tx, &[claim]).await?;
    tx.commit().await?;
    Ok(true)
}

/// Who makes it was faster than we.
async fn given_out(tx: &Tx, locked: &Locked, stored: &Stored, now: Timestamp) -> Result<Stored, RefundError> {
    let id = stored.state.id;
    refunds::unwatch(tx, id).await?;
    let changes = moving::refund_step(&stored.state, Cause::WorkItemGiven).map_err(|e| move_money::unreadable(&e))?;
    let unit = locked.unit(changes, Some(stored), &Caller::system(), "refund_given_out", now)?;
    unit::write(tx, &unit).await?;
    refunds::lock(tx, id).await?.ok_or(RefundError::Absent)
}

/// What a debit is about that closes no refund and reverses no payment.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// None where it is about no payment.
    pub payment: Option<PaymentId>,
    pub kind: CaseKind,
    pub subject: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// A refund waits for it, or a payment can be taken back, since a moment ago: the next look finds it.
    Awaited,
    About(About),
}

/// Debits with the code of a refund that they do not close. Locks the refunds' payments.
pub(crate) async fn named_debits(tx: &Tx, debits: &[&Open]) -> Result<BTreeMap<MovementId, Named>, StorageError> {
    let codes: Vec<String> = debits.iter().flat_map(|d| d.codes.iter().cloned()).collect();
    let payments: BTreeSet<PaymentId> = refunds::by_codes(tx, &codes).await?.iter().map(|r| r.payment_id).collect();
    if payments.is_empty() {
        return Ok(BTreeMap::new());
    }
    let payments = refunds::lock_payments(tx, &payments.into_iter().collect::<Vec<_>>()).await?;
    let known: Vec<Stored> = refunds::by_codes(tx, &codes).await?;
    let of = |d: &Open| {
        let named: Vec<&Stored> = known.iter().filter(|r| d.codes.contains(&r.reference)).collect();
        let first = *named.first()?;
        let is_reversed = payments.iter().any(|(id, reversed)| *id == first.payment_id && *reversed);
        let kind = match first.state.status {
            _ if first.state.amount() != -d.amount => CaseKind::AmountDiffers,
            RefundStatus::Approved | RefundStatus::AwaitingStatement if named.len() == 1 => {
                return Some((d.id, Named::Awaited));
            }
            RefundStatus::Approved | RefundStatus::AwaitingStatement | RefundStatus::Succeeded => {
                CaseKind::DuplicatePayment
            }
            _ if is_reversed => CaseKind::RefundWithoutPayment,
            _ => CaseKind::StatusDiffers,
        };
        let subject = named.iter().map(|r| r.state.id.to_string()).collect::<Vec<_>>().join(" ");
        Some((d.id, Named::About(About { payment: Some(first.payment_id), kind, subject })))
    };
    Ok(debits.iter().filter_map(|d| of(d)).collect())
}

/// A debit of what stands in transit, on a line of its own: what the bank took back, or what a settlement owed. `from`: the
/// bank's account, or where the line was put before it was known.
pub(crate) fn line_of_reversal(
    account: &domain::codes::AccountCode,
    from: Account,
    debit: &Open,
) -> Result<Journal, domain::ledger::Unbalanced> {
    let legs = vec![
        Leg::new(Account::InTransit(account.clone()), -debit.amount).of_movement(debit.id),
        Leg::new(from, debit.amount).of_movement(debit.id),
    ];
    Journal::new(JournalKind::StatementLine, Cause::StatementSays, debit.business_date, legs)
}

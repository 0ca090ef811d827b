//! Debits, and payouts of providers.

use super::{Covers, Ground, debit_case, difference, given_away, is_covered, unreadable};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::receive_report::ReportError;
use crate::record_money::RecordError;
use crate::refund::{self, About, Named};
use crate::remit;
use crate::retry::retrying;
use domain::booking::BookingError;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::NewCase;
use domain::codes::AccountCode;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::matching::{self, Rule};
use domain::moving::{self, MoveError};
use domain::payment::SuspenseReason;
use domain::{MovementId, PaymentId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::movements::{self, Claimant, NewClaim, Open};
use storage::unit::Unit;
use storage::{StorageError, Tx, payments, refunds, settlements, unit};

const PER_BATCH: i64 = 500;

/// What a batch came to.
pub struct Batch {
    /// Those that found who they are.
    pub done: usize,
    /// The last that it looked at; None when there was none.
    pub last: Option<MovementId>,
}

/// One batch of debits after `after`.
pub async fn explain_once(
    ctx: &Context,
    ground: &Ground,
    after: MovementId,
    now: Timestamp,
) -> Result<Batch, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = explained(&tx, ground, after, now).await;
    tx.close(outcome).await
}

async fn explained(tx: &Tx, ground: &Ground, after: MovementId, now: Timestamp) -> Result<Batch, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let open = movements::open_debits(tx, &ground.account, after, PER_BATCH).await?;
    let mut unit = Unit::new(Caller::system().actor(), now);
    let claims = payouts_of(tx, &ground.account, &open).await?;
    book_differences(tx, &mut unit, &ground.account, &open, &claims).await?;
    // a debit that no settlement owes is nobody's, whatever its text
    let (owed, unowed): (Vec<&Open>, Vec<&Open>) =
        open.iter().partition(|debit| claims.iter().any(|c| c.movement_id == debit.id));
    for debit in owed {
        let bank = Account::Bank(ground.account.clone());
        let line = refund::line_of_reversal(&ground.account, bank, debit).map_err(BookingError::from);
        unit.changes.journals.push(line.map_err(RecordError::Booking)?);
    }
    let mut named = remit::named_debits(tx, ground, &unowed).await?;
    named.extend(refund::named_debits(tx, &unowed).await?);
    named.extend(reversals(tx, &unowed).await?);
    let mut told: Vec<MovementId> = Vec::new();
    for debit in &unowed {
        let about = match named.get(&debit.id) {
            Some(Named::Awaited) => continue,
            Some(Named::About(about)) => Some(about),
            None => None,
        };
        explain(&mut unit, ground, debit, about).map_err(RecordError::Booking)?;
        told.push(debit.id);
    }
    let batch = Batch { done: told.len() + claims.len(), last: open.last().map(|m| m.id) };
    if batch.done == 0 {
        return Ok(batch);
    }
    unit::write(tx, &unit).await?;
    movements::claim(tx, &claims).await?;
    movements::told_by_case(tx, &told).await?;
    tx.commit().await?;
    Ok(batch)
}

/// One batch of payouts after `after`. One that no settlement has claimed when its days are over, and its file comes no more,
/// is a stranger's credit, or one that a person must look at: it goes the way of all new money.
pub async fn pay_out_once(
    ctx: &Context,
    ground: &Ground,
    after: MovementId,
    now: Timestamp,
) -> Result<Batch, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = paid_out(&tx, ground, after, now).await;
    tx.close(outcome).await
}

async fn paid_out(tx: &Tx, ground: &Ground, after: MovementId, now: Timestamp) -> Result<Batch, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let open = movements::open_payouts(tx, &ground.account, after, PER_BATCH).await?;
    let claims = payouts_of(tx, &ground.account, &open).await?;
    let mut until = Covers::new();
    let mut freed = Vec::new();
    for payout in open.iter().filter(|m| claims.iter().all(|c| c.movement_id != m.id)) {
        if is_covered(tx, ground, payout.business_date, &mut until).await? {
            freed.push(payout.id);
        }
    }
    let freed = movements::unsettled(tx, &freed, now).await?;
    let mut unit = Unit::new(Caller::system().actor(), now);
    book_differences(tx, &mut unit, &ground.account, &open, &claims).await?;
    unit::write(tx, &unit).await?;
    movements::claim(tx, &claims).await?;
    movements::no_payouts(tx, &freed).await?;
    tx.commit().await?;
    Ok(Batch { done: claims.len(), last: open.last().map(|m| m.id) })
}

/// Payments that were payouts, and whose file has come after all; how many were decided.
pub async fn take_late_payouts(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let mut done = 0;
    loop {
        let late = {
            let db = ctx.pool.get().await?;
            movements::late_payouts(&db, &ground.account, PER_BATCH).await?
        };
        let before = done;
        for (payout, payment) in &late {
            done += usize::from(retrying(|| late_once(ctx, ground, payout, *payment, now)).await?);
        }
        if done == before {
            return Ok(done);
        }
    }
}

async fn late_once(
    ctx: &Context,
    ground: &Ground,
    payout: &Open,
    payment: PaymentId,
    now: Timestamp,
) -> Result<bool, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = paid_out_late(&tx, ground, payout, payment, now).await;
    tx.close(outcome).await
}

/// All of the payment waits: it is none, and the settlement claims its line. People have placed some of it: that stays, and what
/// they gave and the settlement brought is one money, so its net is in suspense below zero, with a case of the settlement
/// (`given_away`), until all of it waits again.
async fn paid_out_late(
    tx: &Tx,
    ground: &Ground,
    payout: &Open,
    payment: PaymentId,
    now: Timestamp,
) -> Result<bool, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let taken_back = settlements::take_back(tx, payout.id).await?;
    let claims = payouts_of(tx, &ground.account, std::slice::from_ref(payout)).await?;
    let [NewClaim { claimant: to @ Claimant::Settlement(settlement), .. }] = claims.as_slice() else {
        return Ok(false);
    };
    let Some(mut locked) = move_money::lock(tx, payment, &[], now).await? else { return Ok(false) };
    locked.scene.day = payout.business_date;
    let unit = match moving::not_a_payment(&locked.scene) {
        // somebody is placing it: it stays given away
        Err(MoveError::Stale) if taken_back.is_some() => return Ok(false),
        Err(MoveError::Stale) => given_away::book(tx, ground, payout, *settlement, now).await?,
        changes => {
            let changes = changes.map_err(|e| move_money::unreadable(&e))?;
            if !payments::set_reversed(tx, payment).await?
                || !movements::move_claim(tx, payout.id, payment, *to, Rule::Settlement).await?
            {
                return Err(StorageError::Retry(None).into());
            }
            let mut unit = locked.unit(changes, None, &Caller::system(), "payment_was_a_payout", now)?;
            book_differences(tx, &mut unit, &ground.account, std::slice::from_ref(payout), &claims).await?;
            if let Some(settlement) = taken_back {
                given_away::undo(tx, &mut unit, ground, payout, settlement).await?;
            }
            unit
        }
    };
    unit::write(tx, &unit).await?;
    tx.commit().await?;
    Ok(true)
}

/// Reversals that `take_back` has left, since a part of their payment is the payer's: the payment that each is about.
async fn reversals(tx: &Tx, debits: &[&Open]) -> Result<Vec<(MovementId, Named)>, StorageError> {
    let mut known = Vec::new();
    for debit in debits.iter().filter(|d| d.reversal) {
        let (reversal, credits) = movements::reversible(tx, debit.id).await?;
        known.extend(matching::taken_back(&reversal, &credits).map(|payment| (debit.id, payment)));
    }
    let payments: BTreeSet<PaymentId> = known.iter().map(|(_, payment)| *payment).collect();
    refunds::lock_payments(tx, &payments.into_iter().collect::<Vec<_>>()).await?;
    let mut named = Vec::new();
    for (movement, payment) in known {
        let of_it = refunds::of_payment(tx, payment).await?;
        let is_partly_gone = of_it.iter().any(|r| r.state.status.counts() && !r.state.status.is_unmade());
        let about = About { payment: Some(payment), kind: CaseKind::Chargeback, subject: payment.to_string() };
        named.push((movement, if is_partly_gone { Named::About(about) } else { Named::Awaited }));
    }
    Ok(named)
}

/// Nobody explains it yet: suspense, and a case.
fn explain(unit: &mut Unit, ground: &Ground, debit: &Open, about: Option<&About>) -> Result<(), BookingError> {
    let legs = vec![
        Leg::new(Account::Suspense(SuspenseReason::Unidentified), -debit.amount).of_movement(debit.id),
        Leg::new(Account::Bank(ground.account.clone()), debit.amount).of_movement(debit.id),
    ];
    let kind = JournalKind::UnexplainedDebit;
    unit.changes.journals.push(Journal::new(kind, Cause::StatementSays, debit.business_date, legs)?);
    let kind = about.map_or(debit_case(debit.reversal), |about| about.kind);
    let subject = about.map_or_else(|| ground.account.to_string(), |about| about.subject.clone());
    unit.changes.cases_opened.push(NewCase {
        movement_id: Some(debit.id),
        payment_id: about.and_then(|about| about.payment),
        day: Some((format!("bank:{}", ground.account), debit.business_date)),
        ..NewCase::new(kind, debit.amount, subject)
    });
    Ok(())
}

/// A file pays out rows that an earlier one had, and that were not booked again: what a payout brings beyond what its
/// settlement was booked with waits, and the case of the file says why.
async fn book_differences(
    tx: &Tx,
    unit: &mut Unit,
    account: &AccountCode,
    payouts: &[Open],
    claims: &[NewClaim],
) -> Result<(), StorageError> {
    for claim in claims {
        let (Claimant::Settlement(id), Some(payout)) =
            (claim.claimant, payouts.iter().find(|m| m.id == claim.movement_id))
        else {
            continue;
        };
        let over = payout.amount - settlements::booked_net(tx, id).await?;
        if !over.is_zero() {
            let leg = |account, amount| Leg::new(account, amount).of_movement(payout.id).of_settlement(id);
            let journal = difference(account, over, payout.business_date, leg);
            unit.changes.journals.push(journal.map_err(unreadable)?);
        }
    }
    Ok(())
}

/// The settlement that a payout pays: same contract, account and net, not later than the payout, the oldest first.
async fn payouts_of(tx: &Tx, account: &AccountCode, payouts: &[Open]) -> Result<Vec<NewClaim>, ReportError> {
    let mut claims: Vec<NewClaim> = Vec::new();
    for payout in payouts {
        let Some(profile) = &payout.payout_of else { continue };
        let unpaid = settlements::unpaid(tx, profile, account, payout.amount, payout.business_date).await?;
        let taken = |id| claims.iter().any(|c| c.claimant == Claimant::Settlement(id));
        if let Some(id) = unpaid.into_iter().find(|id| !taken(*id)) {
            let (movement_id, amount) = (payout.id, payout.amount);
            claims.push(NewClaim { movement_id, claimant: Claimant::Settlement(id), amount, rule: Rule::Settlement });
        }
    }
    Ok(claims)
}

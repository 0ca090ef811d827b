//! Credits that a drawer's cash is: they are never payments. The table stands in `domain::counter`.

use super::{Ground, claim_known, difference, unreadable};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::receive_report::ReportError;
use domain::PaymentId;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::counter::{Naming, deposits_among};
use domain::ledger::Leg;
use domain::matching::Rule;
use domain::moving::{self, MoveError};
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::account_money::{self, turn};
use storage::movements::{self, Claimant, NewClaim};
use storage::unit::Unit;
use storage::{StorageError, Tx, counters, payments, unit};

/// All deposits of the account that wait; how many found their credit.
pub async fn match_once(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let waits = counters::waiting(&*ctx.pool.get().await?, &ground.account).await?;
    if waits == (false, false) {
        return Ok(0);
    }
    let tx = ctx.pool.tx().await?;
    let outcome = matched(&tx, ground, now).await;
    tx.close(outcome).await
}

async fn matched(tx: &Tx, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let mut unit = Unit::new(Caller::system().actor(), now);
    counters::look_for_fresh(tx, &ground.account).await?;
    let mut found = deposits_among(&counters::naming(tx, &ground.account).await?);
    let open = found.iter().filter(|(n, _)| n.payment.is_none());
    let turns: BTreeSet<String> = open.map(|(n, _)| turn(&ground.account, n.credited)).collect();
    if !turns.is_empty() {
        // a report of one of them at this moment finds it claimed, or was first: then its payment has the line
        account_money::take_turns(tx, &turns.into_iter().collect::<Vec<_>>()).await?;
        if claim_known(tx, &ground.account, &mut unit).await? > 0 {
            found = deposits_among(&counters::naming(tx, &ground.account).await?);
        }
    }
    // payments are locked in the order of their ids
    found.sort_by_key(|(n, _)| (n.payment, n.movement));
    let mut claims: Vec<NewClaim> = Vec::new();
    let mut rebooked = 0;
    for (n, rule) in &found {
        if let Some(payment) = n.payment {
            rebooked += usize::from(rebook(tx, n, payment, &mut unit, now).await?);
            continue;
        }
        // whoever matches does it alone, but a row may have been taken up by hand
        if movements::lock_open(tx, n.movement).await?.is_none() {
            continue;
        }
        claims.push(NewClaim {
            movement_id: n.movement,
            claimant: Claimant::Deposit(n.deposit),
            amount: n.credited,
            rule: *rule,
        });
        if *rule == Rule::SlipOtherAmount {
            let day = counters::day_of(tx, n.movement).await?;
            let leg = |account, amount| Leg::new(account, amount).of_movement(n.movement);
            let over = n.credited - n.deposited;
            unit.changes.journals.push(difference(&ground.account, over, day, leg).map_err(unreadable)?);
            unit.changes.cases_opened.push(NewCase {
                movement_id: Some(n.movement),
                day: Some((format!("bank:{}", ground.account), day)),
                ..NewCase::new(CaseKind::AmountDiffers, over, n.deposit.to_string())
            });
        }
    }
    let done = claims.len() + rebooked;
    if !unit.changes.is_empty() {
        unit::write(tx, &unit).await?;
    }
    movements::claim(tx, &claims).await?;
    if done > 0 {
        counters::forget_decided(tx, &ground.account).await?;
    }
    tx.commit().await?;
    Ok(done)
}

/// The statement came before the deposit was declared, and its credit was booked as a payment: it is none.
async fn rebook(
    tx: &Tx,
    n: &Naming,
    payment: PaymentId,
    unit: &mut Unit,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let Some(mut locked) = move_money::lock(tx, payment, &[], now).await? else { return Ok(false) };
    locked.scene.day = counters::day_of(tx, n.movement).await?;
    let changes = match moving::not_a_payment(&locked.scene) {
        // people have placed it since
        Err(MoveError::Stale) => return Ok(false),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    if !payments::set_reversed(tx, payment).await?
        || !counters::move_claim(tx, n.movement, payment, n.deposit, Rule::DepositSlip).await?
    {
        return Err(StorageError::Retry(None));
    }
    unit.append(locked.unit(changes, None, &Caller::system(), "payment_was_a_deposit", now)?);
    Ok(true)
}

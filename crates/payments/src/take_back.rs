//! A bank takes a credit back: the statement's reversal names the credit, and the payment behind it is reversed whole. Its
//! obligations are due again, the dossier system hears, a case tells people, and what was only proposed to be refunded of
//! it is withdrawn. A reversal that can mean more than one credit is left to people, as is one that names none: nothing
//! here is guessed. Money that is on its way back to the payer
//! at the same time is left to people: the debit then waits in suspense like any that nobody explains.

use crate::context::{Caller, Context};
use crate::match_movements::Ground;
use crate::move_money;
use crate::refund::{RefundError, drop_proposals, line_of_reversal, lock_proposals};
use crate::retry::retrying;
use domain::MovementId;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::matching::{self, Rule};
use domain::moving::{self, MoveError};
use jiff::Timestamp;
use storage::movements::{self, Claimant, NewClaim};
use storage::{StorageError, Tx, payments, unit};
use uuid::Uuid;

const PER_PASS: i64 = 200;

/// Reversals on an account that name a payment of ours; how many were taken back.
pub(crate) async fn take_back(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, RefundError> {
    let mut done = 0;
    let mut after = MovementId::from(Uuid::nil());
    loop {
        let open = {
            let db = ctx.pool.get().await?;
            movements::reversals(&db, &ground.account, after, PER_PASS).await?
        };
        let Some(last) = open.last() else { return Ok(done) };
        after = *last;
        for movement in open {
            done += usize::from(retrying(|| once(ctx, ground, movement, now)).await?);
        }
    }
}

async fn once(ctx: &Context, ground: &Ground, movement: MovementId, now: Timestamp) -> Result<bool, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = taken(&tx, ground, movement, now).await;
    tx.close(outcome).await
}

async fn taken(tx: &Tx, ground: &Ground, movement: MovementId, now: Timestamp) -> Result<bool, RefundError> {
    tx.begin().await?;
    movements::match_alone(tx, &ground.account).await?;
    let Some(debit) = movements::lock_open(tx, movement).await? else { return Ok(false) };
    let (reversal, credits) = movements::reversible(tx, movement).await?;
    let Some(payment) = matching::taken_back(&reversal, &credits) else { return Ok(false) };
    lock_proposals(tx, payment).await?;
    let mut locked = move_money::lock(tx, payment, &[], now).await?.ok_or(RefundError::Absent)?;
    locked.scene.day = debit.business_date;
    let mut changes = match moving::take_back(&locked.scene) {
        Err(MoveError::Stale) => return Ok(false),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    if !payments::set_reversed(tx, payment).await? {
        return Ok(false);
    }
    changes.append(drop_proposals(tx, payment, now).await?);
    let line = line_of_reversal(&ground.account, &debit).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    changes.journals.push(line);
    changes.cases_opened.push(NewCase {
        payment_id: Some(payment),
        movement_id: Some(movement),
        day: Some((format!("bank:{}", ground.account), debit.business_date)),
        ..NewCase::new(CaseKind::Chargeback, debit.amount, payment.to_string())
    });
    let unit = locked.unit(changes, None, &Caller::system(), "payment_taken_back", now)?;
    unit::write(tx, &unit).await?;
    let claimant = Claimant::Payment(payment);
    let claim = NewClaim { movement_id: movement, claimant, amount: debit.amount, rule: Rule::TakenBack };
    movements::claim(tx, &[claim]).await?;
    tx.commit().await?;
    Ok(true)
}

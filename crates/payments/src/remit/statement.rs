//! The debit of a remittance on a statement: the table at the head of `domain::remittance`.

use super::{RemitError, stepped};
use crate::context::{Caller, Context};
use crate::match_movements::Ground;
use crate::refund::{About, Named};
use crate::retry::retrying;
use domain::cause::Cause;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::matching::Rule;
use domain::remittance::{self, Debit, RemittanceStatus};
use domain::{MovementId, RemittanceId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use storage::movements::{self, Claimant, NewClaim, Open};
use storage::remittances::{self, Stored};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, refunds, unit};
use uuid::Uuid;

const PER_LOOK: i64 = 200;

/// Debits that pay a remittance of their account; how many were claimed.
pub(crate) async fn explain_debits(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, RemitError> {
    let (mut done, mut after) = (0, MovementId::from(Uuid::nil()));
    loop {
        let open = {
            let db = ctx.pool.get().await?;
            remittances::paid_by(&db, &ground.account, after, PER_LOOK).await?
        };
        let Some((last, _)) = open.last() else { return Ok(done) };
        after = *last;
        for (movement, remittance) in open {
            done += usize::from(retrying(|| claim_once(ctx, ground, movement, remittance, now)).await?);
        }
    }
}

async fn claim_once(
    ctx: &Context,
    ground: &Ground,
    movement: MovementId,
    remittance: RemittanceId,
    now: Timestamp,
) -> Result<bool, RemitError> {
    let tx = ctx.pool.tx().await?;
    let outcome = claimed(&tx, ground, movement, remittance, now).await;
    tx.close(outcome).await
}

async fn claimed(
    tx: &Tx,
    ground: &Ground,
    movement: MovementId,
    remittance: RemittanceId,
    now: Timestamp,
) -> Result<bool, RemitError> {
    tx.begin().await?;
    movements::match_alone(tx, &ground.account).await?;
    let Some(open) = movements::lock_open(tx, movement).await? else { return Ok(false) };
    let stored = remittances::lock(tx, remittance).await?.ok_or(RemitError::Absent)?;
    let pays = stored.way.account == ground.account && stored.amount == -open.amount;
    if !pays || stored.status != RemittanceStatus::Instructed {
        return Ok(false);
    }
    let caller = Caller::system();
    let mut unit = Unit::new(caller.actor(), now);
    unit.changes = stepped(&stored, Cause::StatementDebit)?;
    unit.changes.journals.push(left(&stored, &open)?);
    let subject = remittance.to_string();
    unit.audit.push(Audit { action: "remittance_debited", subject, request_id: caller.request_id.clone() });
    unit::write(tx, &unit).await?;
    let claim = NewClaim {
        movement_id: movement,
        claimant: Claimant::Remittance(remittance),
        amount: open.amount,
        rule: Rule::RemittanceCode,
    };
    movements::claim(tx, &[claim]).await?;
    tx.commit().await?;
    Ok(true)
}

fn left(stored: &Stored, debit: &Open) -> Result<Journal, StorageError> {
    let legs = vec![
        Leg::new(Account::Remitted(stored.beneficiary.clone()), -debit.amount).of_movement(debit.id),
        Leg::new(Account::Bank(stored.way.account.clone()), debit.amount).of_movement(debit.id),
    ];
    Journal::new(JournalKind::Remitted, Cause::StatementDebit, debit.business_date, legs)
        .map_err(|e| StorageError::Unreadable(e.to_string()))
}

/// Debits with the code of a remittance that they do not pay. Locks the remittances.
pub(crate) async fn named_debits(
    tx: &Tx,
    ground: &Ground,
    debits: &[&Open],
) -> Result<BTreeMap<MovementId, Named>, StorageError> {
    let codes: Vec<String> = debits.iter().flat_map(|d| d.codes.iter().cloned()).collect();
    if codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = remittances::lock_by_codes(tx, &codes).await?;
    let refunds = if known.is_empty() { Vec::new() } else { refunds::by_codes(tx, &codes).await? };
    let of = |d: &Open| {
        let named: Vec<&Stored> = known.iter().filter(|r| d.codes.contains(&r.reference)).collect();
        let first = *named.first()?;
        let said = Debit {
            is_of_amount: first.amount == -d.amount,
            is_of_account: first.way.account == ground.account,
            names_several: named.len() > 1 || refunds.iter().any(|r| d.codes.contains(&r.reference)),
        };
        // it was instructed a moment ago: the next look finds it
        let Some(kind) = remittance::case_of(first.status, said) else { return Some((d.id, Named::Awaited)) };
        let subject = named.iter().map(|r| r.id.to_string()).collect::<Vec<_>>().join(" ");
        Some((d.id, Named::About(About { payment: None, kind, subject })))
    };
    Ok(debits.iter().filter_map(|d| of(d)).collect())
}

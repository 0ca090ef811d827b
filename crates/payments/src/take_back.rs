//! A bank takes a credit back: the statement's reversal names the credit, and the payment behind it is reversed whole. Its
//! obligations are due again, the dossier system hears, and a case tells people.
//!
//! | a refund of the payment | then |
//! |---|---|
//! | `pending_approval`, `approved`, `awaiting_statement` | withdrawn with the payment: nobody approves or transfers it any more; the case names it |
//! | `succeeded`, or at a provider | the payment stands, since part of it is the payer's. The other refunds are withdrawn; the debit waits in suspense, its case names the payment, and nothing more of it may be refunded while that is open. What it still pays, two persons reopen (`reopen_obligations`) |
//!
//! A reversal that can mean more than one credit is left to people, as is one that names none: nothing here is guessed. One
//! whose credit no statement has shown yet is a case in suspense, and is looked at again while that is open and names no payment.
//! So is a debit that a file has shown as any other, when a later one says that it is a reversal.

use crate::context::{Caller, Context};
use crate::match_movements::Ground;
use crate::move_money;
use crate::refund::{self, RefundError, line_of_reversal, lock_proposals, lock_unmade};
use crate::retry::retrying;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{Changes, NewCase, step};
use domain::ledger::Account;
use domain::matching::{self, Rule};
use domain::moving::{self, MoveError};
use domain::payment::SuspenseReason;
use domain::refund::RefundState;
use domain::{CaseId, MovementId, PaymentId};
use jiff::Timestamp;
use storage::movements::{self, Claimant, NewClaim, Open, ToldOf};
use storage::unit::{NewEvent, Unit};
use storage::{StorageError, Tx, payments, unit};
use uuid::Uuid;

const PER_PASS: i64 = 200;

/// Which debits are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The bank's own reversals.
    Reversals,
    /// What takes back the lines of a superseded statement, before the corrected ones look for what they pay.
    Superseded,
}

/// Reversals on an account that name a payment of ours; how many were taken back.
pub(crate) async fn take_back(
    ctx: &Context,
    ground: &Ground,
    whose: Whose,
    now: Timestamp,
) -> Result<usize, RefundError> {
    let mut done = 0;
    let mut after = MovementId::from(Uuid::nil());
    loop {
        let open = {
            let db = ctx.pool.get().await?;
            match whose {
                Whose::Reversals => movements::reversals(&db, &ground.account, after, PER_PASS).await?,
                Whose::Superseded => movements::withdrawals(&db, &ground.account, after, PER_PASS).await?,
            }
        };
        let Some(last) = open.last() else { return Ok(done) };
        after = *last;
        for movement in open {
            let mut outcome = Outcome::Withdrawn;
            while outcome == Outcome::Withdrawn {
                outcome = retrying(|| once(ctx, ground, movement, now)).await?;
            }
            done += usize::from(outcome == Outcome::TakenBack);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    TakenBack,
    /// One refund was withdrawn, and the payment stands: look again.
    Withdrawn,
    Stands,
}

async fn once(ctx: &Context, ground: &Ground, movement: MovementId, now: Timestamp) -> Result<Outcome, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = taken(&tx, ground, movement, now).await;
    tx.close(outcome).await
}

async fn taken(tx: &Tx, ground: &Ground, movement: MovementId, now: Timestamp) -> Result<Outcome, RefundError> {
    tx.begin().await?;
    movements::match_alone(tx, &ground.account).await?;
    let (debit, told) = match movements::lock_open(tx, movement).await? {
        Some(debit) => (debit, None),
        None => match movements::lock_told_of(tx, movement).await? {
            Some(told) => (told.debit.clone(), Some(told)),
            None => return Ok(Outcome::Stands),
        },
    };
    let (reversal, credits) = movements::reversible(tx, movement).await?;
    let Some(payment) = matching::taken_back(&reversal, &credits) else {
        if let Some(told) = told.filter(|told| told.as_any_debit) {
            told_as_reversal(tx, ground, &told, now).await?;
            tx.commit().await?;
        }
        return Ok(Outcome::Stands);
    };
    lock_proposals(tx, payment).await?;
    let mut locked = move_money::lock(tx, payment, &[], now).await?.ok_or(RefundError::Absent)?;
    locked.scene.day = debit.business_date;
    let unmade = lock_unmade(tx, payment).await?;
    let states: Vec<RefundState> = unmade.iter().map(|r| r.state.clone()).collect();
    let mut changes = match moving::take_back(&locked.scene, &states) {
        Err(MoveError::Stale) => {
            let Some(first) = unmade.first() else {
                let Some(told) = told else { return Ok(Outcome::Stands) };
                let mut changes = no_longer_told_of(tx, told.case).await?;
                changes.cases_opened.push(chargeback(ground, &debit, payment, payment.to_string()));
                unit::write(tx, &locked.unit(changes, None, &Caller::system(), "reversal_explained", now)?).await?;
                tx.commit().await?;
                return Ok(Outcome::Stands);
            };
            refund::withdraw(tx, &locked, first, now).await?;
            tx.commit().await?;
            return Ok(Outcome::Withdrawn);
        }
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    if !payments::set_reversed(tx, payment).await? {
        return Ok(Outcome::Stands);
    }
    let from = match told {
        None => Account::Bank(ground.account.clone()),
        // the bank's account was booked against suspense then
        Some(told) => {
            changes.append(no_longer_told_of(tx, told.case).await?);
            movements::reopened(tx, movement).await?;
            Account::Suspense(SuspenseReason::Unidentified)
        }
    };
    let line = line_of_reversal(&ground.account, from, &debit).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    changes.journals.push(line);
    let withdrawn: Vec<String> = states.iter().map(|r| r.id.to_string()).collect();
    let subject = if withdrawn.is_empty() { payment.to_string() } else { withdrawn.join(" ") };
    changes.cases_opened.push(chargeback(ground, &debit, payment, subject));
    for refund in &states {
        refund::lay_down(tx, refund.id, now).await?;
    }
    let mut unit = locked.unit(changes, None, &Caller::system(), "payment_taken_back", now)?;
    let told: Vec<NewEvent> = unmade.iter().flat_map(|refund| locked.told_of(refund, &unit.changes)).collect();
    unit.events.extend(told);
    unit::write(tx, &unit).await?;
    let claimant = Claimant::Payment(payment);
    let claim = NewClaim { movement_id: movement, claimant, amount: debit.amount, rule: Rule::TakenBack };
    movements::claim(tx, &[claim]).await?;
    tx.commit().await?;
    Ok(Outcome::TakenBack)
}

fn chargeback(ground: &Ground, debit: &Open, payment: PaymentId, subject: String) -> NewCase {
    NewCase { payment_id: Some(payment), ..unplaced(ground, debit, subject) }
}

fn unplaced(ground: &Ground, debit: &Open, subject: String) -> NewCase {
    NewCase {
        movement_id: Some(debit.id),
        day: Some((format!("bank:{}", ground.account), debit.business_date)),
        ..NewCase::new(CaseKind::Chargeback, debit.amount, subject)
    }
}

/// What takes a credit back that nobody knows waits where it was, under the kind of case that says so.
async fn told_as_reversal(tx: &Tx, ground: &Ground, told: &ToldOf, now: Timestamp) -> Result<(), RefundError> {
    let mut unit = Unit::new(Caller::system().actor(), now);
    unit.changes = no_longer_told_of(tx, told.case).await?;
    unit.changes.cases_opened.push(unplaced(ground, &told.debit, ground.account.to_string()));
    Ok(unit::write(tx, &unit).await?)
}

/// Closes the case of a reversal that came before its credit, or as any other debit.
async fn no_longer_told_of(tx: &Tx, case: CaseId) -> Result<Changes, RefundError> {
    let mut changes = Changes::default();
    for case in movements::open_cases(tx, &[case]).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
    }
    Ok(changes)
}

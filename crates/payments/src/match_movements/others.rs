//! Debits, and payouts of providers.

use super::{Ground, debit_case};
use crate::context::{Caller, Context};
use crate::receive_report::ReportError;
use crate::record_money::RecordError;
use crate::refund::{self, About, Named};
use domain::booking::BookingError;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::NewCase;
use domain::codes::AccountCode;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::matching::{self, Rule};
use domain::payment::SuspenseReason;
use domain::{MovementId, PaymentId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::movements::{self, Claimant, NewClaim, Open};
use storage::unit::Unit;
use storage::{StorageError, Tx, refunds, settlements, unit};

const PER_BATCH: i64 = 500;

/// One batch; how many found who they are.
pub async fn match_once(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = matched(&tx, ground, now).await;
    tx.close(outcome).await
}

async fn matched(tx: &Tx, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let open = movements::open_others(tx, &ground.account, PER_BATCH).await?;
    let (debits, payouts): (Vec<&Open>, Vec<&Open>) = open.iter().partition(|m| m.payout_of.is_none());
    let mut unit = Unit::new(Caller::system().actor(), now);
    let claims = payouts_of(tx, &ground.account, &payouts).await?;
    // a debit that no settlement owes is nobody's, whatever its text
    let (owed, unowed): (Vec<&Open>, Vec<&Open>) = payouts
        .iter()
        .filter(|p| !p.amount.is_positive())
        .partition(|debit| claims.iter().any(|c| c.movement_id == debit.id));
    for debit in owed {
        let line = refund::line_of_reversal(&ground.account, debit).map_err(BookingError::from);
        unit.changes.journals.push(line.map_err(RecordError::Booking)?);
    }
    let debits: Vec<&Open> = debits.into_iter().chain(unowed).collect();
    let mut named = refund::named_debits(tx, &debits).await?;
    named.extend(reversals(tx, &debits).await?);
    let mut told: Vec<MovementId> = Vec::new();
    for debit in &debits {
        let about = match named.get(&debit.id) {
            Some(Named::Awaited) => continue,
            Some(Named::About(about)) => Some(about),
            None => None,
        };
        explain(&mut unit, ground, debit, about).map_err(RecordError::Booking)?;
        told.push(debit.id);
    }
    let done = told.len() + claims.len();
    if done == 0 {
        return Ok(0);
    }
    unit::write(tx, &unit).await?;
    movements::claim(tx, &claims).await?;
    movements::told_by_case(tx, &told).await?;
    tx.commit().await?;
    Ok(done)
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
        let about = About { payment, kind: CaseKind::Chargeback, subject: payment.to_string() };
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
        payment_id: about.map(|about| about.payment),
        day: Some((format!("bank:{}", ground.account), debit.business_date)),
        ..NewCase::new(kind, debit.amount, subject)
    });
    Ok(())
}

/// The settlement that a payout pays: same contract, account and net, not later than the payout, the oldest first.
async fn payouts_of(tx: &Tx, account: &AccountCode, payouts: &[&Open]) -> Result<Vec<NewClaim>, ReportError> {
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

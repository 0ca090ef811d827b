//! A credit that a corrected file took back and a later one shows again, where its payment stands, is that credit
//! (`domain::matching::shown_again`): the first line and what took it back come to nothing together, the payment has the new line, and
//! the case of the debit is closed. What may be one and is not surely is booked as new, and nothing of it is disposed of.

use super::{Ground, unreadable};
use crate::context::{Caller, Context};
use crate::receive_report::ReportError;
use crate::refund::line_of_reversal;
use crate::retry::retrying;
use domain::PaymentId;
use domain::cause::Cause;
use domain::changes::step;
use domain::ledger::Account;
use domain::matching::shown_again::{self, Credit, Withdrawn};
use domain::payment::{SightingState, SuspenseReason};
use jiff::Timestamp;
use storage::movements::{self, Claimant, NewClaim, Open};
use storage::shown_again::Standing;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, account_money, payments, unit};

/// Until none is left; how many movements found who they are.
pub async fn take(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<usize, ReportError> {
    let mut done = 0;
    while retrying(|| take_once(ctx, ground, now)).await? {
        done += 1;
    }
    Ok(done)
}

async fn take_once(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<bool, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = taken(&tx, ground, now).await;
    tx.close(outcome).await
}

async fn taken(tx: &Tx, ground: &Ground, now: Timestamp) -> Result<bool, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let Some((first, _)) = meant(tx, ground).await? else { return Ok(false) };
    // the payment before its case, as everywhere; what was said of it meanwhile may say otherwise
    payments::lock_one(tx, first.payment).await?;
    match meant(tx, ground).await? {
        Some((standing, shown)) if standing.payment == first.payment => {
            stands_again(tx, ground, &standing, &shown, now).await?;
        }
        _ => return Err(StorageError::Retry(None).into()),
    }
    tx.commit().await?;
    Ok(true)
}

/// The first that is surely shown again, and the line that shows it.
async fn meant(tx: &Tx, ground: &Ground) -> Result<Option<(Standing, Credit)>, StorageError> {
    let standing = storage::shown_again::withdrawn(tx, &ground.account).await?;
    if standing.is_empty() {
        return Ok(None);
    }
    let mut shown = storage::shown_again::shown(tx, &ground.account, &standing).await?;
    let Some((line, of)) = shown_again::certain(&shown, &withdrawn(&standing)) else { return Ok(None) };
    shown.retain(|credit| credit.id == line);
    let of = standing.into_iter().find(|s| s.withdrawn.credit.id == of);
    Ok(of.zip(shown.pop()))
}

fn withdrawn(standing: &[Standing]) -> Vec<Withdrawn> {
    standing.iter().map(|s| s.withdrawn.clone()).collect()
}

async fn stands_again(
    tx: &Tx,
    ground: &Ground,
    of: &Standing,
    shown: &Credit,
    now: Timestamp,
) -> Result<(), ReportError> {
    let mut unit = Unit::new(Caller::system().actor(), now);
    let counter = Open {
        id: of.counter,
        amount: -shown.amount,
        business_date: of.day,
        reversal: true,
        payout_of: None,
        codes: Vec::new(),
    };
    let from = match of.is_told {
        true => Account::Suspense(SuspenseReason::Unidentified),
        false => Account::Bank(ground.account.clone()),
    };
    unit.changes.journals.push(line_of_reversal(&ground.account, from, &counter).map_err(unreadable)?);
    for case in movements::open_cases(tx, &of.cases).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        unit.changes.cases_closed.push(closed.map_err(unreadable)?.0);
    }
    let request_id = Caller::system().request_id;
    unit.audit.push(Audit {
        action: "credit_shown_again",
        subject: format!("{} {}", of.payment, shown.id),
        request_id,
    });
    unit::write(tx, &unit).await?;
    storage::shown_again::to_nothing(tx, of).await?;
    let claimant = Claimant::Payment(of.payment);
    movements::claim(tx, &[NewClaim { movement_id: shown.id, claimant, amount: shown.amount, rule: of.rule }]).await?;
    let names: Vec<_> = shown.references.iter().map(|r| (r.to_string(), of.payment)).collect();
    account_money::learn(tx, &ground.account, &names).await?;
    let sightings = storage::shown_again::sightings(tx, shown.id).await?;
    let same: Vec<_> = sightings.into_iter().map(|id| (id, SightingState::Repeated, of.payment)).collect();
    Ok(movements::outcomes(tx, &same).await?)
}

/// Whether the line that a payment was booked from may be a credit that was taken back, whose payment stands: disposed of, it would
/// be had once more.
pub(crate) async fn may_be_withdrawn(tx: &Tx, booked: PaymentId) -> Result<bool, StorageError> {
    let Some((account, line)) = storage::shown_again::line(tx, booked).await? else { return Ok(false) };
    let mut standing = storage::shown_again::withdrawn(tx, &account).await?;
    standing.retain(|s| s.payment != booked);
    Ok(shown_again::may_be(&line, &withdrawn(&standing)))
}

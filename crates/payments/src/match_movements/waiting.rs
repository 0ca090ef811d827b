//! Reports that wait: what each of them was is decided when a line of its day is there, when statements cover all days on which
//! its own line could have come, or when people have closed its case.

use super::{Covers, Ground, is_covered, unreadable};
use crate::alike::{self, Row};
use crate::context::{Caller, Context};
use crate::receive_account_report::unwatch_served;
use crate::receive_report::ReportError;
use crate::retry::retrying;
use domain::business_day::business_date;
use domain::cause::Cause;
use domain::changes::step;
use domain::matching::sights::{self, Alike, Sight};
use domain::payment::SightingState;
use domain::{PaymentId, SightingId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use storage::account_money::{self, Waiting, turn};
use storage::unit::Unit;
use storage::{StorageError, Tx, movements, payments, sightings, unit};

/// Decides those of which something can be said now.
pub async fn decide(ctx: &Context, ground: &Ground, now: Timestamp) -> Result<(), ReportError> {
    for (report, is_covered) in retrying(|| due(ctx, ground)).await? {
        retrying(|| decide_once(ctx, ground, report, is_covered, now)).await?;
    }
    Ok(())
}

/// Those that may be decided, and whether statements cover their days.
async fn due(ctx: &Context, ground: &Ground) -> Result<Vec<(SightingId, bool)>, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let (mut until, mut due) = (Covers::new(), Vec::new());
        for w in account_money::waiting(&tx, &ground.account).await? {
            let is_covered = is_covered(&tx, ground, business_date(w.stated_at), &mut until).await?;
            if is_covered || w.has_line || w.is_accepted {
                due.push((w.sighting_id, is_covered));
            }
        }
        Ok(due)
    }
    .await;
    tx.close(outcome).await
}

async fn decide_once(
    ctx: &Context,
    ground: &Ground,
    id: SightingId,
    is_covered: bool,
    now: Timestamp,
) -> Result<(), ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = decided(&tx, ground, id, is_covered, now).await;
    tx.close(outcome).await
}

async fn decided(
    tx: &Tx,
    ground: &Ground,
    id: SightingId,
    is_covered: bool,
    now: Timestamp,
) -> Result<(), ReportError> {
    tx.begin().await?;
    let Some(w) = account_money::waiting_one(tx, &ground.account, id).await? else { return Ok(()) };
    account_money::take_turns(tx, &[turn(&ground.account, w.amount)]).await?;
    // a line that claims it at this moment was first
    let Some(w) = account_money::waiting_one(tx, &ground.account, id).await? else { return Ok(()) };
    let row = row(ground, &w);
    let found = alike::alike_to(tx, &row, &ground.calendar).await?;
    let unit = match sights::sight(&row.report(is_covered), &found, &ground.calendar) {
        _ if w.is_accepted => ended(tx, &w, w.payment_id, Unit::new(Caller::system().actor(), now)).await?,
        Sight::Another(payment) => was(tx, ground, &w, payment, now).await?,
        // what it waited for is no payment any more, and its own line has not come
        Sight::New if is_covered => ended(tx, &w, w.payment_id, Unit::new(Caller::system().actor(), now)).await?,
        Sight::New | Sight::Waits(_) => return Ok(()),
    };
    unit::write(tx, &unit).await?;
    Ok(tx.commit().await?)
}

/// It was another sight of this payment, and may give it its name.
pub(super) async fn was(
    tx: &Tx,
    ground: &Ground,
    w: &Waiting,
    payment: PaymentId,
    now: Timestamp,
) -> Result<Unit, ReportError> {
    let locked = payments::lock_one(tx, payment).await?.ok_or_else(|| unreadable("a payment"))?;
    let named: Vec<_> = w.intent_id.into_iter().collect();
    let named = account_money::intents_by_id(tx, &named, &ground.account).await?;
    let unit = alike::another_sight(tx, &row(ground, w), named.first(), &locked, &Caller::system(), now).await?;
    ended(tx, w, payment, unit).await
}

/// It waits no more.
async fn ended(tx: &Tx, w: &Waiting, payment: PaymentId, mut unit: Unit) -> Result<Unit, ReportError> {
    for case in movements::open_cases(tx, &[w.case_id]).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        unit.changes.cases_closed.push(closed.map_err(unreadable)?.0);
    }
    unwatch_served(tx, &unit).await?;
    sightings::outcome(tx, w.sighting_id, SightingState::Repeated, Some(payment)).await?;
    account_money::decided(tx, &[(w.sighting_id, payment)]).await?;
    Ok(unit)
}

/// Those of these that may be another sight of money in the books: each payment is taken for one report of a teller.
pub async fn may_be_known(
    tx: &Tx,
    ground: &Ground,
    waiting: &[&Waiting],
) -> Result<BTreeSet<SightingId>, StorageError> {
    let mut taken: BTreeMap<&str, BTreeSet<PaymentId>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for w in waiting {
        let row = row(ground, w);
        let found: Vec<Alike> = alike::alike_to(tx, &row, &ground.calendar).await?;
        let of_teller = taken.entry(&w.teller).or_default();
        if let Some(payment) = sights::may_be(&row.report(false), &found, &ground.calendar, of_teller) {
            of_teller.insert(payment);
            known.insert(w.sighting_id);
        }
    }
    Ok(known)
}

pub(super) fn row<'a>(ground: &'a Ground, w: &'a Waiting) -> Row<'a> {
    Row {
        account: &ground.account,
        sighting_id: w.sighting_id,
        channel: &w.channel,
        teller: &w.teller,
        amount: w.amount,
        stated_at: w.stated_at,
        intent: w.intent_id,
        reference: w.bank_ref.as_ref(),
    }
}

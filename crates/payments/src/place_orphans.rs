//! Money that named an order which we did not know when it came, and know now: it is placed as if it came now, and its
//! case is closed by it.

use crate::context::{Caller, Context};
use crate::facts;
use crate::learn;
use crate::receive_report::ReportError;
use crate::retry::retrying;
use domain::payment::SightingState;
use domain::{AttemptId, PaymentId};
use futures_util::join;
use jiff::Timestamp;
use storage::{attempts, payments, sightings, unit};

const PER_PASS: i64 = 100;

/// One pass; how many payments found their order.
pub async fn place(ctx: &Context, now: Timestamp) -> Result<usize, ReportError> {
    let orphans = {
        let db = ctx.pool.get().await?;
        payments::orphans(&db, PER_PASS).await?
    };
    let mut failed = None;
    for (payment, attempt) in &orphans {
        // one that cannot be placed does not keep others from it
        failed = failed.or(retrying(|| place_once(ctx, *payment, *attempt, now)).await.err());
    }
    failed.map_or(Ok(orphans.len()), Err)
}

async fn place_once(ctx: &Context, payment: PaymentId, attempt: AttemptId, now: Timestamp) -> Result<(), ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let Some(payment) = payments::lock_one(&tx, payment).await?.filter(|p| p.intent_id.is_none()) else {
            return Ok(());
        };
        let Some(stored) = attempts::by_id(&tx, attempt).await? else { return Ok(()) };
        let facts = facts::lock(&tx, stored.attempt.intent_id).await?;
        let seen = sightings::of_payment(&tx, payment.id).await?;
        let Some(first) = seen.first() else { return Ok(()) };
        let named = facts.told(attempt)?;
        let unit = learn::place_by(&tx, &payment, &facts, &named, first.id, &Caller::system(), now).await?;
        let (written, unwatched, noted, committed) = join!(
            unit::write(&tx, &unit),
            attempts::unwatch(&tx, attempt),
            sightings::outcome(&tx, first.id, SightingState::Applied, Some(payment.id)),
            tx.commit(),
        );
        unit::first_error([written, unwatched, noted, committed])?;
        ctx.wake.notify_one();
        Ok(())
    }
    .await;
    tx.close(outcome).await
}

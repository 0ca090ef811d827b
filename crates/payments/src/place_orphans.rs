//! Money that named an order which we did not know when it came, and know now: it is placed as if it came now, and its
//! case is closed by it.

use crate::context::{Caller, Context};
use crate::facts;
use crate::receive_report::ReportError;
use crate::record_money::RecordError;
use crate::retry::retrying;
use domain::booking::{NewMoney, place_orphan};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::payment::SightingState;
use domain::{AttemptId, PaymentId};
use dossier::PaidBy;
use futures_util::join;
use jiff::Timestamp;
use storage::unit::{Audit, Unit};
use storage::{attempts, cases, payments, sightings, unit};

const PER_PASS: i64 = 100;

/// One pass; how many payments found their order.
pub async fn place(ctx: &Context, now: Timestamp) -> Result<usize, ReportError> {
    let orphans = {
        let db = ctx.pool.get().await?;
        payments::orphans(&db, PER_PASS).await?
    };
    for (payment, attempt) in &orphans {
        retrying(|| place_once(ctx, *payment, *attempt, now)).await?;
    }
    Ok(orphans.len())
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
        let case = cases::open_of_payment(&tx, payment.id, CaseKind::Unidentified).await?;
        let seen = sightings::of_payment(&tx, payment.id).await?;
        let Some(first) = seen.first() else { return Ok(()) };
        let money = NewMoney {
            payment_id: payment.id,
            sighting_id: first.id,
            from: payment.identity.source_account(),
            amount: payment.amount,
            business_date: business_date(now),
            subject: stored.attempt.order_ref.to_string(),
        };
        let intent = facts.intent()?;
        let caller = Caller::system();
        let mut unit = Unit::new(caller.actor(), now);
        unit.changes = place_orphan(&money, case.as_ref(), &facts.told(attempt)?).map_err(RecordError::Booking)?;
        let by = PaidBy {
            channel: payment.channel.clone(),
            provider_txn_id: payment.identity.transaction().to_owned(),
            reference: Some(intent.reference.clone()),
            intent_id: Some(intent.id),
            payment_id: payment.id,
        };
        let paid = (payment.paid_at, by);
        unit.events = crate::events::of_changes(&unit.changes, &facts.obligations, &facts.intents, Some(&paid))?;
        unit.paid = Some((payment.paid_at, payment.channel.to_string()));
        unit.audit.push(Audit { action: "money_placed", subject: payment.id.to_string(), request_id: String::new() });
        payments::set_intent(&tx, payment.id, intent.id).await?;
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

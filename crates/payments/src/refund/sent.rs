//! What a provider has called sent may be refused by the payer's bank days later: the provider then calls it refused, and
//! its settlement file brings the money in a row of its own. Whoever says so first is heard, once; the money waits in
//! suspense for a person.
//!
//! | the provider's word about the refund | then |
//! |---|---|
//! | refused | `succeeded → failed`, the money in `refund_returned` |
//! | sent, in hand, nothing | asked again after `poll.sent_refund_every_s`, until `poll.sent_refund_for_s` is over |
//!
//! A provider that tells of the newest refund of a payment only is not asked where a later one was handed over: the word
//! would be about that one.

use super::RefundError;
use super::drive::{order_of, present, provider_of, said};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::neighbour;
use crate::retry::retrying;
use crate::slots;
use domain::moving;
use domain::refund::RefundStatus;
use domain::{PaymentId, RefundId};
use jiff::{SignedDuration, Timestamp};
use provider::{RefundNews, RefundOrder, RefundTold};
use std::time::Duration;
use storage::refunds::{self, Sent};
use storage::{Tx, unit};

const PER_PASS: usize = 20;
/// Longer than a provider may take to answer.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// One pass; how many were looked at. `all`: whatever their schedule says.
pub async fn look_after(ctx: &Context, all: bool, now: Timestamp) -> Result<usize, RefundError> {
    let free = ctx.slots.asking.available_permits().min(PER_PASS);
    if free == 0 {
        return Ok(0);
    }
    let due = {
        let db = ctx.pool.get().await?;
        refunds::claim_sent(&db, i64::try_from(free).unwrap_or(1), LEASE, all).await?
    };
    let count = due.len();
    slots::each(&ctx.slots.asking, due, PATIENCE, |sent| {
        let ctx = ctx.clone();
        async move {
            if let Err(error) = one(&ctx, sent, now).await {
                tracing::error!(refund = %sent.id, error = &error as &dyn std::error::Error, "asking about a sent refund failed");
            }
        }
    })
    .await;
    Ok(count)
}

#[tracing::instrument(skip_all, fields(refund = %sent.id))]
async fn one(ctx: &Context, sent: Sent, now: Timestamp) -> Result<(), RefundError> {
    let stored = present(ctx, sent.id).await?;
    let (order, payment) = {
        let db = ctx.pool.get().await?;
        if stored.state.status != RefundStatus::Succeeded || sent.until_at <= now {
            return Ok(refunds::forget_sent(&db, sent.id).await?);
        }
        let (payment, order) = order_of(&db, sent.payment_id, &stored, now).await?;
        (order, payment)
    };
    if let (Some((provider, calls)), Some(order)) = (provider_of(ctx, &payment), order) {
        let word = if calls.tells_apart() { Word::ThisOne } else { Word::Newest };
        if word == Word::Newest {
            let db = ctx.pool.get().await?;
            if refunds::has_later(&db, sent.payment_id, sent.id).await? {
                return Ok(refunds::forget_sent(&db, sent.id).await?);
            }
        }
        let order = RefundOrder { provider_refund_id: stored.provider_refund_id.clone(), ..order };
        match neighbour::called(&provider, "refund_status", calls.ask(&order)).await {
            Ok(RefundTold { news: news @ RefundNews::Failed { .. }, evidence }) => {
                let db = ctx.pool.get().await?;
                refunds::keep_evidence(&db, sent.id, said(&news), &evidence).await?;
                drop(db);
                return retrying(|| came_back(ctx, sent.payment_id, sent.id, word, now)).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no answer about a sent refund");
            }
        }
    }
    let next = now + SignedDuration::from_secs(ctx.settings.poll.sent_refund_every_s);
    let db = ctx.pool.get().await?;
    Ok(refunds::look_later(&db, sent.id, next).await?)
}

/// Refunds that a settlement file brings back and that we call sent; how many.
pub(crate) async fn returned(ctx: &Context, now: Timestamp) -> Result<usize, RefundError> {
    let named = {
        let db = ctx.pool.get().await?;
        refunds::returned_and_sent(&db).await?
    };
    for (id, payment) in &named {
        retrying(|| came_back(ctx, *payment, *id, Word::ThisOne, now)).await?;
    }
    Ok(named.len())
}

/// Which refund of the payment is said to have come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The newest, whichever that is.
    Newest,
    /// This one: by a provider that tells them apart, or by its number in a file.
    ThisOne,
}

async fn came_back(
    ctx: &Context,
    payment: PaymentId,
    id: RefundId,
    word: Word,
    now: Timestamp,
) -> Result<(), RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = booked(&tx, payment, id, word, now).await;
    tx.close(outcome).await?;
    ctx.wake.notify_one();
    Ok(())
}

async fn booked(tx: &Tx, payment: PaymentId, id: RefundId, word: Word, now: Timestamp) -> Result<(), RefundError> {
    tx.begin().await?;
    let locked = move_money::lock(tx, payment, &[], now).await?.ok_or(RefundError::Absent)?;
    let stored = refunds::lock(tx, id).await?.ok_or(RefundError::Absent)?;
    let is_of_another = word == Word::Newest && refunds::has_later(tx, payment, id).await?;
    refunds::forget_sent(tx, id).await?;
    if stored.state.status == RefundStatus::Succeeded && !is_of_another {
        let changes = moving::refund_came_back(&locked.scene, &stored.state, None);
        let changes = changes.map_err(|e| move_money::unreadable(&e))?;
        let unit = locked.unit(changes, Some(&stored), &Caller::system(), "refund_came_back", now)?;
        unit::write(tx, &unit).await?;
    }
    Ok(tx.commit().await?)
}

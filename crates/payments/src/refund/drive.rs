//! Refunds on their way: handed to the provider that took the money, asked about until it says what became of them, or
//! given to people as a transfer to make. The request id is committed before anybody hears it, and a call is made again
//! with the same id only.

use super::RefundError;
use crate::context::{Caller, Context};
use crate::move_money;
use crate::neighbour;
use crate::retry::retrying;
use crate::slots;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{Changes, NewCase};
use domain::codes::OrderRef;
use domain::ledger::Account;
use domain::moving;
use domain::payment::{Identity, Payment};
use domain::refund::{RefundState, RefundStatus};
use domain::{PaymentId, RefundId};
use jiff::{SignedDuration, Timestamp};
use provider::{Provider, ProviderError, RefundNews, RefundOrder, RefundTold, Refunds};
use std::sync::Arc;
use std::time::Duration;
use storage::refunds::{self, Called, Claimed, Route, Stored};
use storage::{StorageError, Tx, attempts, cases, unit};

/// No other worker drives it before this; longer than a provider may take to answer.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a pass waits for answers; slower ones come beside later passes.
const PATIENCE: Duration = Duration::from_secs(1);
/// After so long without a word a person looks, too.
const UNRESOLVED: SignedDuration = SignedDuration::from_hours(72);

/// One pass; how many were looked at. `all`: whatever their schedule says.
pub async fn drive(ctx: &Context, all: bool, now: Timestamp) -> Result<usize, RefundError> {
    let free = ctx.slots.asking.available_permits();
    if free == 0 {
        return Ok(0);
    }
    let claimed = {
        let db = ctx.pool.get().await?;
        refunds::claim(&db, i64::try_from(free).unwrap_or(1), LEASE, all).await?
    };
    let count = claimed.len();
    let patience = if all { Duration::from_secs(20) } else { PATIENCE };
    slots::each(&ctx.slots.asking, claimed, patience, |claimed| {
        let ctx = ctx.clone();
        async move {
            if let Err(error) = one(&ctx, claimed, now).await {
                tracing::error!(refund = %claimed.id, error = &error as &dyn std::error::Error, "driving a refund failed");
            }
        }
    })
    .await;
    Ok(count)
}

#[tracing::instrument(skip_all, fields(refund = %claimed.id))]
async fn one(ctx: &Context, claimed: Claimed, now: Timestamp) -> Result<(), RefundError> {
    let stored = present(ctx, claimed.id).await?;
    let mut is_counted = false;
    match (stored.state.status, stored.route) {
        (RefundStatus::Approved, Route::Transfer) => {
            retrying(|| move_on(ctx, claimed, Step::GiveOut, now)).await?;
            return Ok(());
        }
        (RefundStatus::Approved, Route::Provider) => {
            // another worker may have submitted it since it was read: its call is counted, this one's is not
            is_counted = retrying(|| move_on(ctx, claimed, Step::Submit, now)).await?;
        }
        (status, _) if is_under_way(status) => {}
        _ => {
            let db = ctx.pool.get().await?;
            return Ok(refunds::unwatch(&db, claimed.id).await?);
        }
    }
    // it may have been taken back since it was read: then nobody hears of it
    let stored = present(ctx, claimed.id).await?;
    if !is_under_way(stored.state.status) {
        return Ok(());
    }
    if is_settled(ctx, claimed.id).await? {
        retrying(|| move_on(ctx, claimed, SETTLED, now)).await?;
        return Ok(());
    }
    let first = Called { number: stored.calls, first_asked_at: stored.first_asked_at.unwrap_or(now) };
    let step = ask(ctx, claimed, &stored, is_counted.then_some(first), now).await?;
    retrying(|| move_on(ctx, claimed, step.clone(), now)).await?;
    let next = now + SignedDuration::from_secs(ctx.settings.poll.wait_s(claimed.asked));
    later(ctx, claimed.id, next).await
}

pub(super) async fn present(ctx: &Context, id: RefundId) -> Result<Stored, RefundError> {
    let db = ctx.pool.get().await?;
    refunds::by_id(&db, id).await?.ok_or(RefundError::Absent)
}

/// Whether the call is made: the first one on any day, again while the provider takes it for the same refund. From then on
/// it is only asked what it has.
fn may_be_called(stored: &Stored, refunds: &dyn Refunds, now: Timestamp) -> bool {
    let is_the_same = |first_asked_at| refunds.knows_it_still(first_asked_at, now);
    !stored.is_accepted && (stored.calls == 0 || stored.first_asked_at.is_none_or(is_the_same))
}

/// The provider has it, or may have it.
const fn is_under_way(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Submitted | RefundStatus::Unknown)
}

async fn later(ctx: &Context, id: RefundId, next: Timestamp) -> Result<(), RefundError> {
    let db = ctx.pool.get().await?;
    Ok(refunds::put_off(&db, id, next).await?)
}

async fn is_settled(ctx: &Context, id: RefundId) -> Result<bool, StorageError> {
    let db = ctx.pool.get().await?;
    refunds::is_settled(&db, id).await
}

/// What is to be concluded from what the provider says now. `counted`: the call that is to be made, where it is counted
/// already.
async fn ask(
    ctx: &Context,
    claimed: Claimed,
    stored: &Stored,
    counted: Option<Called>,
    now: Timestamp,
) -> Result<Step, RefundError> {
    let unsaid = |call: Option<Called>| call.map_or(Step::NoWord, |call| Step::NotSent { number: call.number });
    let (payment, order) = {
        let db = ctx.pool.get().await?;
        order_of(&db, claimed.payment_id, stored, now).await?
    };
    let Some((provider, refunds)) = provider_of(ctx, &payment) else {
        tracing::warn!("no contract pays this refund out any more");
        return Ok(unsaid(counted));
    };
    let Some(order) = order else {
        tracing::warn!("no order of a contract stands behind this refund");
        return Ok(unsaid(counted));
    };
    let call = match counted {
        None if may_be_called(stored, refunds.as_ref(), now) => {
            let db = ctx.pool.get().await?;
            refunds::called(&db, claimed.id, now).await?
        }
        counted => counted,
    };
    let is_of_this_one = call.is_some() || refunds.tells_apart();
    let answer = match call {
        Some(Called { number, first_asked_at }) => {
            let order = RefundOrder { first_asked_at, again: number > 1, ..order };
            neighbour::called(&provider, "refund", refunds.submit(&order)).await
        }
        None => neighbour::called(&provider, "refund_status", refunds.ask(&order)).await,
    };
    match answer {
        Ok(RefundTold { news, evidence }) => {
            let db = ctx.pool.get().await?;
            if news != RefundNews::Pending {
                refunds::keep_evidence(&db, claimed.id, said(&news), &evidence).await?;
            }
            Ok(Step::Hear { news, is_of_this_one })
        }
        Err(ProviderError::Refused(why)) if call.is_some() => {
            tracing::warn!(why, "a refund is not taken up");
            Ok(Step::Refused)
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "no answer about a refund");
            Ok(match (call, error) {
                (call, ProviderError::Unavailable(_)) => unsaid(call),
                (Some(_), _) => Step::LoseSight,
                (None, _) => Step::NoWord,
            })
        }
    }
}

pub(super) const fn said(news: &RefundNews) -> &'static str {
    match news {
        RefundNews::Accepted { .. } => "accepted",
        RefundNews::Repeated => "repeated",
        RefundNews::Pending => "pending",
        RefundNews::Sent { .. } => "sent",
        RefundNews::Failed { .. } => "failed",
        RefundNews::NotFound => "not_found",
    }
}

pub(super) fn provider_of(ctx: &Context, payment: &Payment) -> Option<(Arc<Provider>, Arc<dyn Refunds>)> {
    let provider = ctx.providers.by_profile(payment.identity.profile()?)?;
    provider.refunds.clone().map(|refunds| (provider, refunds))
}

pub(super) async fn order_of(
    db: &storage::Db,
    payment: PaymentId,
    stored: &Stored,
    now: Timestamp,
) -> Result<(Payment, Option<RefundOrder>), RefundError> {
    let payment = storage::payments::by_id(db, payment).await?.ok_or(RefundError::Absent)?;
    let order_ref = storage::payments::order_of(db, payment.id).await?;
    let named: Option<OrderRef> = order_ref.and_then(|text| OrderRef::new(text).ok());
    let (Some(order_ref), Identity::Provider { profile, transaction }) = (named, &payment.identity) else {
        return Ok((payment, None));
    };
    // an order that we never made has no time of its own: the payment's is the nearest to it
    let ordered_at = attempts::ordered_at(db, profile, &order_ref).await?.unwrap_or(payment.paid_at);
    let order = RefundOrder {
        request_id: stored.provider_request_id.clone(),
        order_ref,
        ordered_at,
        provider_txn_id: transaction.clone(),
        taken: payment.amount,
        amount: stored.state.amount(),
        asked_by: stored.proposed_by.clone(),
        again: stored.calls > 0,
        first_asked_at: stored.first_asked_at.unwrap_or(now),
        now,
        provider_refund_id: None,
    };
    Ok((payment, Some(order)))
}

#[derive(Debug, Clone)]
enum Step {
    /// People make a transfer.
    GiveOut,
    /// The provider is about to hear of it.
    Submit,
    /// The call may or may not have arrived.
    LoseSight,
    /// The call certainly did not arrive.
    NotSent { number: i32 },
    /// Nothing was learnt: nobody to ask, no answer to the question, or none that is to be read.
    NoWord,
    /// The provider does not take this call up.
    Refused,
    Hear {
        news: RefundNews,
        /// It answers this call, or its provider names the refund; else it may be about another of the payment.
        is_of_this_one: bool,
    },
}

/// A settlement file names it.
const SETTLED: Step = Step::Hear { news: RefundNews::Sent { provider_refund_id: None }, is_of_this_one: true };

/// Whether the refund has taken this step: it may have moved since it was read.
async fn move_on(ctx: &Context, claimed: Claimed, step: Step, now: Timestamp) -> Result<bool, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = moved(ctx, &tx, claimed, &step, now).await;
    tx.close(outcome).await
}

async fn moved(ctx: &Context, tx: &Tx, claimed: Claimed, step: &Step, now: Timestamp) -> Result<bool, RefundError> {
    tx.begin().await?;
    let locked = move_money::lock(tx, claimed.payment_id, &[], now).await?.ok_or(RefundError::Absent)?;
    let stored = refunds::lock(tx, claimed.id).await?.ok_or(RefundError::Absent)?;
    let state = &stored.state;
    let (changes, action) = match step {
        Step::GiveOut | Step::Submit if state.status != RefundStatus::Approved => return Ok(false),
        Step::GiveOut => {
            refunds::unwatch(tx, claimed.id).await?;
            (moving::refund_step(state, Cause::WorkItemGiven), "refund_given_out")
        }
        // its turn comes when the other one is decided
        Step::Submit if refunds::other_under_way(tx, claimed.payment_id, claimed.id).await? => return Ok(false),
        Step::Submit => {
            refunds::submitted(tx, claimed.id, now).await?;
            (moving::refund_step(state, Cause::Submitted), "refund_submitted")
        }
        _ if !is_under_way(state.status) => return Ok(false),
        Step::NotSent { number } => {
            refunds::not_sent(tx, claimed.id, *number).await?;
            long_unknown(tx, &locked, &stored, now).await?;
            return Ok(false);
        }
        Step::NoWord => {
            long_unknown(tx, &locked, &stored, now).await?;
            return Ok(false);
        }
        // another worker's call was taken up meanwhile
        Step::LoseSight | Step::Refused if stored.is_accepted => return Ok(false),
        Step::Refused if stored.calls <= 1 => (Ok(failed(tx, &locked, state).await?), "refund_refused"),
        // the call before it may have been taken up, for all that is known
        Step::LoseSight | Step::Refused if state.status == RefundStatus::Unknown => {
            long_unknown(tx, &locked, &stored, now).await?;
            return Ok(false);
        }
        Step::LoseSight | Step::Refused => (moving::refund_step(state, Cause::OutcomeUnknown), "refund_unknown"),
        Step::Hear { news, is_of_this_one } => {
            match heard(ctx, tx, &locked, &stored, (news, *is_of_this_one), now).await? {
                Some(changes) => (Ok(changes), "refund_heard"),
                None => {
                    long_unknown(tx, &locked, &stored, now).await?;
                    return Ok(false);
                }
            }
        }
    };
    let changes = changes.map_err(|e| move_money::unreadable(&e))?;
    let unit = locked.unit(changes, Some(&stored), &Caller::system(), action, now)?;
    unit::write(tx, &unit).await?;
    tx.commit().await?;
    ctx.wake.notify_one();
    Ok(true)
}

/// What the provider's word changes; None when nothing.
async fn heard(
    ctx: &Context,
    tx: &Tx,
    locked: &move_money::Locked,
    stored: &Stored,
    (news, known): (&RefundNews, bool),
    now: Timestamp,
) -> Result<Option<Changes>, RefundError> {
    let state = &stored.state;
    // a file that says sent came while the provider was asked: it was sent, and refused after that (`sent`)
    let settled = RefundNews::Sent { provider_refund_id: None };
    let is_refused = matches!(news, RefundNews::Failed { .. });
    let news = if is_refused && refunds::is_settled(tx, state.id).await? { &settled } else { news };
    let changes = match news {
        RefundNews::Accepted { .. } | RefundNews::Repeated => {
            let by_this_call = matches!(news, RefundNews::Accepted { .. });
            let theirs = match news {
                RefundNews::Accepted { provider_refund_id } => provider_refund_id.as_deref(),
                _ => None,
            };
            refunds::accepted(tx, state.id, by_this_call, theirs).await?;
            if state.status == RefundStatus::Submitted {
                // the row changes, no state does
                return Ok(None);
            }
            moving::refund_step(state, Cause::AskedAgain)
        }
        RefundNews::Pending | RefundNews::NotFound => return Ok(None),
        RefundNews::Sent { .. } | RefundNews::Failed { .. }
            if !known && !is_of_this_one(tx, locked, stored).await? =>
        {
            return Ok(None);
        }
        RefundNews::Sent { provider_refund_id } => {
            if let Some(theirs) = provider_refund_id {
                refunds::accepted(tx, state.id, true, Some(theirs)).await?;
            }
            refunds::unwatch(tx, state.id).await?;
            let poll = &ctx.settings.poll;
            let next = now + SignedDuration::from_secs(poll.sent_refund_every_s);
            let until = now + SignedDuration::from_secs(poll.sent_refund_for_s);
            if next <= until {
                refunds::look_after(tx, state.id, next, until).await?;
            }
            moving::refund_sent(&locked.scene, state, &locked.scene.source, None, Cause::ProviderSent)
        }
        RefundNews::Failed { .. } => return Ok(Some(failed(tx, locked, state).await?)),
    };
    Ok(Some(changes.map_err(|e| move_money::unreadable(&e))?))
}

/// Nothing has left, and nothing will.
async fn failed(tx: &Tx, locked: &move_money::Locked, state: &RefundState) -> Result<Changes, RefundError> {
    refunds::unwatch(tx, state.id).await?;
    let taken = refunds::taken(tx, state.id).await?;
    let failed = moving::refund_failed(&locked.scene, state, &taken, Cause::ProviderFailed);
    Ok(failed.map_err(|e| move_money::unreadable(&e))?)
}

/// A provider tells of the newest refund of a payment. Where it took this call up, that is this one; where it only said
/// that it has one already, or nothing at all, it may be an earlier one, and nothing is concluded but from a settlement
/// file.
async fn is_of_this_one(tx: &Tx, locked: &move_money::Locked, stored: &Stored) -> Result<bool, StorageError> {
    if stored.is_taken_up || refunds::is_settled(tx, stored.state.id).await? {
        return Ok(true);
    }
    Ok(!refunds::has_earlier(tx, locked.payment.id, stored.state.id).await?)
}

/// What nobody knows of for three days is a case, once; it is asked about all the same. Ends the transaction.
async fn long_unknown(
    tx: &Tx,
    locked: &move_money::Locked,
    stored: &Stored,
    now: Timestamp,
) -> Result<(), RefundError> {
    let since = stored.submitted_at.unwrap_or(now);
    let subject = stored.state.id.to_string();
    if now.duration_since(since) < UNRESOLVED
        || cases::is_told(tx, locked.payment.id, CaseKind::StatusDiffers, &subject).await?
    {
        return Ok(tx.commit().await?);
    }
    let mut changes = Changes::default();
    changes.cases_opened.push(NewCase {
        payment_id: Some(locked.payment.id),
        day: locked.scene.source.scope().map(|scope| (scope, locked.scene.day)),
        ..NewCase::new(CaseKind::StatusDiffers, stored.state.amount(), subject)
    });
    let unit = locked.unit(changes, None, &Caller::system(), "refund_unresolved", now)?;
    unit::write(tx, &unit).await?;
    Ok(tx.commit().await?)
}

/// A settlement file names these: the provider has sent them, whatever it said when it was asked.
pub(crate) async fn settled(ctx: &Context, now: Timestamp) -> Result<usize, RefundError> {
    let named = {
        let db = ctx.pool.get().await?;
        refunds::settled_and_open(&db).await?
    };
    for claimed in &named {
        retrying(|| move_on(ctx, *claimed, SETTLED, now)).await?;
    }
    let contradicted = {
        let db = ctx.pool.get().await?;
        refunds::settled_but_failed(&db).await?
    };
    for (refund, payment) in &contradicted {
        retrying(|| contradict(ctx, *refund, *payment, now)).await?;
    }
    Ok(named.len())
}

/// Its provider called it failed, and its file calls it sent: people ask which it is.
async fn contradict(ctx: &Context, refund: RefundId, payment: PaymentId, now: Timestamp) -> Result<(), RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let locked = move_money::lock(&tx, payment, &[], now).await?.ok_or(RefundError::Absent)?;
        let stored = refunds::lock(&tx, refund).await?.ok_or(RefundError::Absent)?;
        let subject = refund.to_string();
        if storage::cases::was_told(&tx, payment, CaseKind::StatusDiffers, &subject).await? {
            return Ok(());
        }
        let mut changes = Changes::default();
        changes.cases_opened.push(NewCase {
            payment_id: Some(payment),
            day: locked.scene.source.scope().map(|scope| (scope, locked.scene.day)),
            ..NewCase::new(CaseKind::StatusDiffers, stored.state.amount(), subject)
        });
        let unit = locked.unit(changes, None, &Caller::system(), "refund_contradicted", now)?;
        unit::write(&tx, &unit).await?;
        Ok(tx.commit().await?)
    }
    .await;
    tx.close(outcome).await
}

/// The clearing account of a provider, or the bank account that a debit stands on.
pub(super) fn bank(account: &domain::codes::AccountCode) -> Account {
    Account::Bank(account.clone())
}

//! Tells the dossier systems, signed and in order: leases, sends with nothing held, records. The same id and bytes at
//! each retry. After the schedule it is given up with a case, and the stream's next event names the gap;
//! one that is heard after all closes its case.

use crate::context::{Caller, Context};
use crate::retry::retrying;
use crate::slots;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use dossier::Delivery;
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use std::time::Instant;
use storage::deliveries::{Claimed, Ending};
use storage::unit::{Audit, Unit};
use storage::{StorageError, deliveries, parked, unit};
use telemetry::metrics::DELIVERIES;
use telemetry::trace;
use tracing::Instrument;
use uuid::Uuid;

/// At the most; what waits for its turn under a lease might outlive it.
const PER_PASS: usize = 100;
/// Longer than one sending may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A pass waits so long for its receivers.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
/// A receiver's wish to wait is followed up to this.
const LONGEST_WISH: SignedDuration = SignedDuration::from_hours(24);

/// One pass; how many were begun. `ignore_schedule`: those that wait for their next time too. What a slow receiver keeps
/// waiting goes on beside the passes that follow.
pub async fn deliver(ctx: &Context, ignore_schedule: bool, now: Timestamp) -> Result<usize, StorageError> {
    let token = Uuid::new_v4();
    let free = ctx.slots.sending.available_permits().min(PER_PASS);
    if free == 0 {
        return Ok(0);
    }
    let claimed = {
        let db = ctx.pool.get().await?;
        let limit = i64::try_from(free).unwrap_or(1);
        deliveries::claim(&db, &ctx.vault, limit, token, LEASE, ignore_schedule).await?
    };
    let count = claimed.len();
    slots::each(&ctx.slots.sending, claimed, PATIENCE, |claimed| {
        let ctx = ctx.clone();
        let event = &claimed.event;
        let span = tracing::info_span!("deliver", otel.kind = "client", event_id = %event.id, attempts = claimed.attempts);
        let span = trace::join(span, event.traceparent.as_deref());
        async move {
            if let Err(error) = send(&ctx, &claimed, token, now).await {
                tracing::error!(event = %claimed.event.id, error = &error as &dyn std::error::Error, "delivery not recorded");
            }
        }
        .instrument(span)
    })
    .await;
    Ok(count)
}

async fn send(ctx: &Context, claimed: &Claimed, token: Uuid, now: Timestamp) -> Result<(), StorageError> {
    let event = &claimed.event;
    let body = match &claimed.body {
        Some(body) => body.clone(),
        None => {
            let body = dossier::envelope(
                &event.event_type,
                event.at,
                &event.data,
                &event.stream,
                event.sequence,
                &claimed.gap_before,
            );
            let db = ctx.pool.get().await?;
            deliveries::fix_body(&db, claimed.endpoint_id, event.id, &body).await?
        }
    };
    let id = event.id.to_string();
    let begun = Instant::now();
    let result = ctx.dossier.send(&claimed.target.url, &claimed.target.secrets, &id, now, &body).await;
    let (said, wish) = match result {
        Delivery::Accepted { status } => (format!("{status}"), None),
        Delivery::Refused { status, retry_after } => (format!("{status}"), retry_after),
        Delivery::Gone => ("410".to_owned(), None),
        Delivery::NotSent { ref reason } | Delivery::Unknown { ref reason } => (reason.clone(), None),
    };
    let ending = match result {
        Delivery::Accepted { .. } => Ending::Delivered,
        Delivery::Gone => Ending::Dead,
        _ => again(ctx, claimed.attempts, wish),
    };
    DELIVERIES.took(begun.elapsed(), &[("outcome", word(ending))]);
    tracing::debug!(event = %event.id, stream = %event.stream, sequence = event.sequence, attempts = claimed.attempts, said, "delivery");
    retrying(|| finish_once(ctx, claimed, token, ending, &said, now)).await
}

/// For counting.
fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Delivered => "delivered",
        Ending::Again { .. } => "again",
        Ending::Dead => "dead",
    }
}

/// When it is sent again: the schedule, jittered by a tenth, and not before the receiver wishes.
fn again(ctx: &Context, attempts: i32, wish: Option<std::time::Duration>) -> Ending {
    let sent = usize::try_from(attempts).unwrap_or(usize::MAX);
    let Some(&seconds) = ctx.settings.delivery.schedule_s.get(sent) else { return Ending::Dead };
    let millis = seconds.saturating_mul(1_000);
    let jitter = rand::rng().random_range(0..=millis / 5) - millis / 10;
    let scheduled = SignedDuration::from_millis((millis + jitter).max(0));
    let wished = wish.and_then(|w| SignedDuration::try_from(w).ok()).unwrap_or(SignedDuration::ZERO).min(LONGEST_WISH);
    Ending::Again { after: scheduled.max(wished) }
}

async fn finish_once(
    ctx: &Context,
    claimed: &Claimed,
    token: Uuid,
    ending: Ending,
    said: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (endpoint, event) = (claimed.endpoint_id, claimed.event.id);
    let given_up = matches!(ending, Ending::Dead);
    let heard_after_all = matches!(ending, Ending::Delivered) && !claimed.in_order;
    if !given_up && !heard_after_all {
        let db = ctx.pool.get().await?;
        deliveries::finish(&db, endpoint, event, token, ending, said).await?;
        return Ok(());
    }
    let caller = Caller::system();
    let mut unit = Unit::new(caller.actor(), now);
    if given_up {
        unit.changes.cases_opened.push(NewCase::new(CaseKind::Undelivered, domain::Vnd::ZERO, event.to_string()));
        let subject = event.to_string();
        unit.audit.push(Audit { action: "delivery_given_up", subject, request_id: String::new() });
    }
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        if !deliveries::finish(&tx, endpoint, event, token, ending, said).await? {
            return Ok(());
        }
        if heard_after_all {
            for case in parked::cases_of_delivered(&tx, event).await? {
                let closed = step(case.id, case.version, case.status, Cause::Explained);
                unit.changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
            }
        }
        let (written, committed) = join!(unit::write(&tx, &unit), tx.commit());
        written?;
        committed
    }
    .await;
    tx.close(outcome).await
}

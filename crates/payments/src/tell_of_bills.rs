//! Tells wallets that heard "pending" of a bill payment what became of it, where they asked for that: leases, tells with nothing
//! held, records. Told by the schedule of deliveries until it is taken. Given up, it is a line in the log and no case: whoever
//! is not reached can ask, and a payment that was decided stays so.

use crate::answer_bill;
use crate::context::Context;
use crate::neighbour;
use crate::slots;
use jiff::{SignedDuration, Timestamp};
use provider::ProviderError;
use std::time::Duration;
use storage::StorageError;
use storage::bill_callbacks::{self, Claimed, Ending};

/// At the most; what waits for its turn under a lease might outlive it.
const PER_PASS: i64 = 50;
/// Longer than one call may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A pass waits so long; what takes longer goes on beside the passes that follow.
const PATIENCE: Duration = Duration::from_secs(1);

/// One pass; how many were begun. `ignore_schedule`: those that wait for their next time too.
pub async fn tell(ctx: &Context, ignore_schedule: bool, now: Timestamp) -> Result<usize, StorageError> {
    let free = i64::try_from(ctx.slots.telling.available_permits()).unwrap_or(PER_PASS).min(PER_PASS);
    if free == 0 {
        return Ok(0);
    }
    let claimed = bill_callbacks::claim(&*ctx.pool.get().await?, free, LEASE, ignore_schedule).await?;
    let count = claimed.len();
    slots::each(&ctx.slots.telling, claimed, PATIENCE, |claimed| {
        let ctx = ctx.clone();
        async move {
            if let Err(error) = tell_one(&ctx, &claimed, now).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(sighting = %claimed.sighting_id, error, "a bill's callback not recorded");
            }
        }
    })
    .await;
    Ok(count)
}

async fn tell_one(ctx: &Context, claimed: &Claimed, now: Timestamp) -> Result<(), StorageError> {
    let (ending, said) = match told(ctx, claimed, now).await? {
        Ok(()) => (Ending::Told, "taken".to_owned()),
        Err(error) => (again(ctx, claimed.attempts), error.to_string()),
    };
    if ending == Ending::GivenUp {
        tracing::warn!(sighting = %claimed.sighting_id, profile = claimed.profile, said, "a bill's callback was given up");
    }
    bill_callbacks::finish(&*ctx.pool.get().await?, claimed, ending, &said).await
}

async fn told(ctx: &Context, claimed: &Claimed, now: Timestamp) -> Result<Result<(), ProviderError>, StorageError> {
    let nobody = || Ok(Err(ProviderError::Refused("the contract has no callbacks".to_owned())));
    let Some(decided) = answer_bill::told_by(ctx, &claimed.profile, claimed.sighting_id).await? else {
        return nobody();
    };
    let provider = ctx.providers.iter().find(|provider| provider.profile.as_str() == claimed.profile);
    let Some(provider) = provider else { return nobody() };
    let Some(callbacks) = provider.bills.as_deref().and_then(|bills| bills.callbacks()) else { return nobody() };
    let telling = callbacks.tell(&claimed.url, claimed.call_id.as_deref(), &decided, now);
    Ok(neighbour::called(&provider, "callback", telling).await)
}

fn again(ctx: &Context, attempts: i32) -> Ending {
    let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
    ctx.settings
        .delivery
        .schedule_s
        .get(tried)
        .map_or(Ending::GivenUp, |seconds| Ending::Again { after: SignedDuration::from_secs(*seconds) })
}

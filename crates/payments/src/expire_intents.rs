//! Intents past their deadline expire, but only after the provider of each undecided attempt was asked once more.

use crate::advance_intent::{self, PlanError};
use crate::context::Context;
use jiff::Timestamp;
use storage::intents;

const PER_PASS: i64 = 200;

/// One pass; how many expired.
pub async fn expire(ctx: &Context, now: Timestamp) -> Result<usize, PlanError> {
    let due = {
        let db = ctx.pool.get().await?;
        intents::due_to_expire(&db, PER_PASS).await?
    };
    let (mut expired, mut failed) = (0, None);
    for intent in due {
        match advance_intent::expire(ctx, intent, now).await {
            Ok(has_expired) => expired += usize::from(has_expired),
            // one that cannot expire does not keep others from it
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(expired), Err)
}

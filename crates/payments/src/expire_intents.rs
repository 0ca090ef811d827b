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
    let mut expired = 0;
    for intent in due {
        if advance_intent::expire(ctx, intent, now).await? {
            expired += 1;
        }
    }
    Ok(expired)
}

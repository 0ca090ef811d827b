//! Committed events get their place in stream and feed: after commit, by one sequencer at a time, so that neither ever
//! has a gap, whatever order transactions end in.

use crate::context::Context;
use storage::{StorageError, events};

const PER_PASS: i64 = 500;

/// One pass; how many events got their place (0 also when another process is at it).
pub async fn sequence(ctx: &Context) -> Result<usize, StorageError> {
    let first_delay_s = ctx.settings.delivery.schedule_s.first().copied().unwrap_or(0);
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let placed = events::sequence(&tx, PER_PASS, first_delay_s).await?;
        tx.commit().await?;
        Ok(placed.unwrap_or(0))
    }
    .await;
    tx.close(outcome).await
}

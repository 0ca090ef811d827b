//! What would follow from a resolution if a second person approved it now: it is proposed and decided as ever, by the same
//! functions, in a transaction that is never committed. So a preview refuses what the proposal would be refused for, and what it
//! shows is what would be written; by then the books may be others, and the approval is stale.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::proposal;
use crate::refund::{self, RefundError};
use crate::resolve_case::{self, ResolveError};
use crate::retry::{Retryable, retrying};
use domain::ApprovalId;
use domain::changes::Changes;
use jiff::{SignedDuration, Timestamp};
use storage::approvals::{self, Approval};
use storage::{StorageError, Tx};

#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Refund(#[from] RefundError),
    #[error(transparent)]
    Decide(#[from] DecideError),
}

impl Retryable for PreviewError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(e) => Retryable::is_retryable(e),
            Self::Resolve(e) => e.is_retryable(),
            Self::Refund(e) => e.is_retryable(),
            Self::Decide(e) => e.is_retryable(),
        }
    }
}

/// What is tried.
pub enum Tried<'p> {
    Resolution(&'p resolve_case::Proposal),
    Refund(&'p refund::Proposal),
}

impl Tried<'_> {
    fn by(&self) -> (&Caller, Timestamp) {
        match self {
            Self::Resolution(p) => (&p.caller, p.now),
            Self::Refund(p) => (&p.caller, p.now),
        }
    }
}

/// What the approval would change.
pub async fn preview(ctx: &Context, tried: &Tried<'_>) -> Result<Changes, PreviewError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        // closed without a commit: nothing of it is ever seen
        let outcome = played(ctx, &tx, tried).await;
        tx.close(outcome).await
    })
    .await
}

async fn played(ctx: &Context, tx: &Tx, tried: &Tried<'_>) -> Result<Changes, PreviewError> {
    tx.begin().await?;
    let (caller, now) = tried.by();
    let cooling_off = SignedDuration::from_hours(ctx.settings.approvals.cooling_off_h);
    let deciding = Deciding { ctx, caller, now, cooling_off };
    let unit = match tried {
        Tried::Resolution(p) => {
            let draft = resolve_case::drafted(tx, p).await?;
            let id = proposal::put(tx, caller, (&p.note, now), draft).await?;
            resolve_case::approved(tx, &proposed(tx, id).await?, &deciding).await?
        }
        Tried::Refund(p) => {
            let (_, id) = refund::put(ctx, tx, p).await?;
            refund::approved(tx, &proposed(tx, id).await?, &deciding).await?
        }
    };
    Ok(unit.changes)
}

async fn proposed(tx: &Tx, id: ApprovalId) -> Result<Approval, PreviewError> {
    Ok(approvals::lock(tx, id).await?.ok_or(DecideError::Absent)?)
}

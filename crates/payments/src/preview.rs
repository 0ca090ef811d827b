//! What would follow from a proposal if a second person approved it now: it is proposed and decided as ever, by the same
//! functions, in a transaction that is never committed. So a preview refuses what the proposal would be refused for, and what it
//! shows is what would be written; by then the books may be others, and the approval is stale.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::proposal;
use crate::refund::{self, RefundError};
use crate::resolve_case::{self, ResolveError};
use crate::retry::{Retryable, retrying};
use crate::state_opening::{self, OpeningError};
use domain::ApprovalId;
use domain::changes::{Changes, Step};
use domain::transition::{Entity, Stateful};
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
    Opening(#[from] OpeningError),
    #[error(transparent)]
    Decide(#[from] DecideError),
}

impl Retryable for PreviewError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(e) => Retryable::is_retryable(e),
            Self::Resolve(e) => e.is_retryable(),
            Self::Refund(e) => e.is_retryable(),
            Self::Opening(e) => e.is_retryable(),
            Self::Decide(e) => e.is_retryable(),
        }
    }
}

/// A state that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub entity: Entity,
    pub id: String,
    pub from: &'static str,
    pub to: &'static str,
}

/// Every state that changes, of whatever has one: pages and the API show the same list.
pub fn moved(changes: &Changes) -> Vec<Moved> {
    let Changes {
        obligations,
        intents,
        attempts,
        refunds,
        receipts,
        remittances,
        cases_closed,
        // these are no states
        cases_opened: _,
        journals: _,
        allocations: _,
        notices: _,
    } = changes;
    let mut moved = of(obligations);
    moved.extend(of(intents));
    moved.extend(of(attempts));
    moved.extend(of(refunds));
    moved.extend(of(receipts));
    moved.extend(of(remittances));
    moved.extend(of(cases_closed));
    moved
}

fn of<Id: ToString, S: Stateful>(steps: &[Step<Id, S>]) -> Vec<Moved> {
    let one = |s: &Step<Id, S>| Moved { entity: S::ENTITY, id: s.id.to_string(), from: s.from.word(), to: s.to.word() };
    steps.iter().map(one).collect()
}

/// What is tried.
pub enum Tried<'p> {
    Resolution(&'p resolve_case::Proposal),
    Refund(&'p refund::Proposal),
    Opening(&'p state_opening::Proposal),
}

impl Tried<'_> {
    fn by(&self) -> (&Caller, Timestamp) {
        match self {
            Self::Resolution(p) => (&p.caller, p.now),
            Self::Refund(p) => (&p.caller, p.now),
            Self::Opening(p) => (&p.caller, p.now),
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
        Tried::Opening(p) => {
            let draft = state_opening::drafted(tx, p).await?;
            let id = proposal::put(tx, caller, (&p.note, now), draft).await.map_err(OpeningError::from)?;
            state_opening::approved(tx, &proposed(tx, id).await?, &deciding).await?
        }
    };
    Ok(unit.changes)
}

async fn proposed(tx: &Tx, id: ApprovalId) -> Result<Approval, PreviewError> {
    Ok(approvals::lock(tx, id).await?.ok_or(DecideError::Absent)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::attempt::AttemptStatus;
    use domain::case::CaseStatus;
    use domain::cause::Cause;
    use domain::intent::IntentStatus;
    use domain::obligation::ObligationStatus;
    use domain::receipt::ReceiptStatus;
    use domain::refund::RefundStatus;
    use domain::remittance::RemittanceStatus;
    use uuid::Uuid;

    fn one<Id: From<Uuid>, S>(from: S, to: S) -> Vec<Step<Id, S>> {
        vec![Step { id: Uuid::from_u128(1).into(), version: 2, from, to, cause: Cause::Approved }]
    }

    #[test]
    fn whatever_has_a_state_is_shown_when_it_changes() {
        let changes = Changes {
            obligations: one(ObligationStatus::Paid, ObligationStatus::Due),
            intents: one(IntentStatus::Paid, IntentStatus::Open),
            attempts: one(AttemptStatus::Started, AttemptStatus::Failed),
            refunds: one(RefundStatus::PendingApproval, RefundStatus::Cancelled),
            receipts: one(ReceiptStatus::Issued, ReceiptStatus::Cancelled),
            remittances: one(RemittanceStatus::Prepared, RemittanceStatus::Cancelled),
            cases_closed: one(CaseStatus::Open, CaseStatus::Closed),
            ..Changes::default()
        };
        let shown = moved(&changes);
        for entity in Entity::ALL {
            assert_eq!(shown.iter().filter(|moved| moved.entity == *entity).count(), 1, "{entity}");
        }
        let receipt = shown.iter().find(|moved| moved.entity == Entity::Receipt).unwrap();
        assert_eq!((receipt.from, receipt.to), ("issued", "cancelled"));
    }
}

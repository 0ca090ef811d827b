//! Money goes back to who paid it: proposed with proof of having seen the present state, approved by a second person,
//! paid out by the provider that took it or by a transfer, and known to have left only when the provider says sent or a
//! statement shows the debit.
//!
//! | state | who moves it on | then |
//! |---|---|---|
//! | `pending_approval` | a second person; who proposed it, or what it rests on has changed when somebody would approve it | `approved`, `rejected`; `cancelled` |
//! | `approved` | the worker | `submitted`, committed before the provider is called; `awaiting_statement` where people transfer |
//! | `submitted` | the provider's word, asked for until it is known; its settlement file | `succeeded`, `failed`; no word: `unknown` |
//! | `unknown` | the same call again with the same id, until the provider has it | `submitted`, `succeeded`, `failed` |
//! | either of these for 72 hours | nobody: the provider is asked all the same | a case `status_differs` |
//! | `submitted`, and no call was sent | a person who gives it up | `failed` |
//! | `awaiting_statement` | a debit with its amount and text; a person who gives it up while no such debit is there | `succeeded`; `failed` |
//! | `succeeded` | the credit that brings it back; its provider, asked seldom (`sent`), or its settlement file | `failed`, the money in `refund_returned` |
//! | what nobody has paid out | the bank takes its payment back (`take_back`) | `cancelled`; `awaiting_statement`: `failed` |
//!
//! Whatever is not over counts as taken: nothing is refunded twice because nobody knows.

mod cancel;
mod drive;
mod of_case;
mod propose;
mod sent;
mod statement;
mod wish;

pub use cancel::{Cancel, cancel, redrive};
pub(crate) use cancel::{lay_down, lock_proposals, lock_unmade, withdraw};
pub use drive::drive;
pub(crate) use drive::settled;
pub use propose::{PayerAccount, Proposal, payer_account, propose};
pub(crate) use propose::{are_proven, doubled, put};
pub use sent::look_after;
pub(crate) use sent::returned;
pub(crate) use statement::{
    About, Named, at_odds, explain_debits, line_of_reversal, named_debits, take_early_returns, take_returns,
    tell_of_odds,
};
pub(crate) use wish::ends_in;
pub use wish::{Told, tell_account, wants_account};

use crate::approve::{DecideError, Deciding};
use crate::move_money;
use crate::reply::IdempotencyError;
use crate::retry::Retryable;
use domain::approval::ApprovalKind;
use domain::case::CaseStatus;
use domain::cause::Cause;
use domain::moving::{self, MoveError, Part};
use domain::refund::{BadLines, RefundStatus};
use domain::{RefundId, Vnd};
use storage::approvals::Approval;
use storage::unit::Unit;
use storage::{StorageError, Tx, refunds};

#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such payment or refund")]
    Absent,
    #[error("it concerns beneficiaries that the person does not see all of")]
    NotOfAll,
    #[error("{0} may be refunded now")]
    RefundableMismatch(Vnd),
    #[error(transparent)]
    Lines(#[from] BadLines),
    #[error("another proposal names the same money")]
    Pending,
    #[error("an obligation of the lines is not paid")]
    NotPaid,
    #[error("no statement or settlement file shows the money yet")]
    NotProven,
    #[error("a transfer needs the payer's account")]
    NoPayerAccount,
    #[error("this is an account of ours, or a virtual number of one: it is not the payer's")]
    OwnAccount,
    #[error("the refund is {0}")]
    Over(RefundStatus),
    #[error("the refund is at the provider")]
    UnderWay,
    #[error("a statement shows its debit, which is being matched")]
    DebitSeen,
    #[error("only who proposed it takes a proposal back")]
    NotYours,
    #[error("the case is {0}")]
    CaseNotOpen(CaseStatus),
    #[error("no money of the case waits")]
    NoMoney,
}

impl Retryable for RefundError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e) || e.is_conflict("refund_reference_unique"))
    }
}

/// The subject of its approval, and back.
fn subject(id: RefundId) -> String {
    id.to_string()
}

pub(crate) const KIND: ApprovalKind = ApprovalKind::Refund;

/// A second person says yes: the money leaves its obligations.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let (id, mut locked, stored) = under_lock(tx, approval, d).await?;
    let case = of_case::first_taken(&mut locked, approval)?;
    let own: Vec<Part> = locked.scene.parts.iter().filter(|p| p.payment_id == stored.payment_id).copied().collect();
    // it may have left past us since it was proposed
    let there = propose::at_home(&own).less(refunds::unexplained(tx, stored.payment_id).await?);
    if stored.state.amount() > there {
        return Err(DecideError::Stale);
    }
    if propose::may_be_anothers(tx, stored.payment_id, stored.route).await? {
        return Err(DecideError::Stale);
    }
    let mut changes = match moving::approve_refund(&locked.scene, &stored.state) {
        Err(MoveError::Stale) => return Err(DecideError::Stale),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    if let Some(case) = &case {
        of_case::decided(&mut changes, case)?;
    }
    refunds::watch(tx, id, d.now).await?;
    Ok(locked.unit(changes, Some(&stored), d.caller, "refund_approved", d.now)?)
}

/// Why a proposal is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drop {
    /// A second person says no.
    Rejected,
    /// Nobody can say yes any more.
    Stale,
}

/// The proposal is over, and nothing was moved.
pub(crate) async fn dropped(tx: &Tx, approval: &Approval, d: &Deciding<'_>, why: Drop) -> Result<Unit, DecideError> {
    let (cause, of_case, action) = match why {
        Drop::Rejected => (Cause::Rejected, Cause::ResolutionRejected, "refund_rejected"),
        Drop::Stale => (Cause::Withdrawn, Cause::Withdrawn, "refund_withdrawn"),
    };
    let (_, locked, stored) = under_lock(tx, approval, d).await?;
    let mut changes = moving::refund_dropped(&stored.state, cause).map_err(|e| move_money::unreadable(&e))?;
    changes.append(of_case::open_again(&locked, approval, of_case)?);
    Ok(locked.unit(changes, Some(&stored), d.caller, action, d.now)?)
}

async fn under_lock(
    tx: &Tx,
    approval: &Approval,
    d: &Deciding<'_>,
) -> Result<(RefundId, move_money::Locked, refunds::Stored), DecideError> {
    let id: RefundId =
        approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval of no refund".to_owned()))?;
    let lost = || StorageError::Unreadable("an approval without its refund".to_owned());
    let payment = refunds::by_id(tx, id).await?.ok_or_else(lost)?.payment_id;
    let locked = move_money::lock(tx, payment, &[], d.now).await?.ok_or_else(lost)?;
    let stored = refunds::lock(tx, id).await?.ok_or_else(lost)?;
    Ok((id, locked, stored))
}

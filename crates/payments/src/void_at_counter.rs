//! What an officer took is undone on the same day, by a second person: the payment is reversed whole, its obligations are due
//! again, and cash leaves the drawer. What may be undone is looked at when it is proposed, and again when it is decided.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::move_money::{self, Locked};
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::approval::ApprovalKind;
use domain::changes::Changes;
use domain::counter::{Tender, is_of_today};
use domain::moving::{self, MoveError};
use domain::{PaymentId, Vnd};
use jiff::Timestamp;
use serde::Serialize;
use storage::approvals::Approval;
use storage::counters::{self, Counter, Taken};
use storage::unit::Unit;
use storage::{StorageError, Tx, idempotency, payments, refunds};

#[derive(Debug, Clone)]
pub struct Proposal {
    pub payment: PaymentId,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum VoidError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("nothing of this name was taken at a counter")]
    Absent,
    #[error("it was undone already")]
    Voided,
    #[error("its day is over")]
    DayOver,
    #[error("a refund of it is proposed, under way or paid out")]
    Refunded,
    #[error("the terminal's file has it")]
    Settled,
    #[error("the drawer holds {0}")]
    Deposited(Vnd),
    #[error("undoing it waits for approval")]
    Pending,
}

impl Retryable for VoidError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// As whoever decides sees it.
#[derive(Serialize)]
struct Payload<'a> {
    counter_code: &'a str,
    tender: &'a str,
    receipt_ref: &'a str,
    /// đồng.
    amount: i64,
    taken_by: &'a str,
    taken_at: Timestamp,
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, VoidError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, VoidError> {
    if let Some(reply) = proposal::begin::<VoidError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let taken = counters::by_payment(tx, p.payment).await?.ok_or(VoidError::Absent)?;
    let beneficiaries = counters::beneficiaries_of(tx, &taken.obligation_ids).await?;
    if p.beneficiaries.as_ref().is_some_and(|own| !beneficiaries.iter().all(|b| own.contains(b))) {
        return Err(VoidError::Absent);
    }
    let (_, taken) = may_be_voided(tx, p.payment, p.now).await?;
    let payload = Payload {
        counter_code: taken.counter.as_str(),
        tender: taken.tender.as_str(),
        receipt_ref: &taken.receipt_ref,
        amount: taken.amount.dong(),
        taken_by: &taken.taken_by,
        taken_at: taken.taken_at,
    };
    let draft = Draft {
        kind: ApprovalKind::CounterVoid,
        action: "void_proposed",
        subject: p.payment.to_string(),
        beneficiaries,
        payload,
        changes: Changes::default(),
    };
    let by = proposal::By { caller: &p.caller, idempotency: &p.idempotency, note: &p.note, now: p.now };
    proposal::keep(tx, &by, draft, render).await.map_err(|e| match e {
        e if e.is_conflict("approval_pending_once") => VoidError::Pending,
        e => e.into(),
    })
}

/// Locks the counter, of a card the terminal's contract, and the payment with all that it rests on, and says whether it may
/// be undone.
async fn may_be_voided(tx: &Tx, payment: PaymentId, now: Timestamp) -> Result<(Locked, Taken), VoidError> {
    let taken = counters::by_payment(tx, payment).await?.ok_or(VoidError::Absent)?;
    let counter: Counter = counters::lock(tx, &taken.counter).await?.ok_or(VoidError::Absent)?;
    if taken.tender == Tender::Card {
        counters::lock_terminal(tx, payment).await?;
    }
    let locked = move_money::lock(tx, payment, &[], now).await?.ok_or(VoidError::Absent)?;
    // it may have been undone while this waited
    let taken = counters::by_payment(tx, payment).await?.ok_or(VoidError::Absent)?;
    if taken.voided_at.is_some() {
        return Err(VoidError::Voided);
    }
    if !is_of_today(taken.taken_at, now) {
        return Err(VoidError::DayOver);
    }
    if refunds::of_payment(tx, payment).await?.iter().any(|r| r.state.status.counts()) {
        return Err(VoidError::Refunded);
    }
    match taken.tender {
        Tender::Cash if counter.drawer < taken.amount => Err(VoidError::Deposited(counter.drawer)),
        Tender::Card if counters::is_settled(tx, payment).await? => Err(VoidError::Settled),
        Tender::Cash | Tender::Card => Ok((locked, taken)),
    }
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let payment: PaymentId =
        approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval of no payment".to_owned()))?;
    let (locked, _) = may_be_voided(tx, payment, d.now).await.map_err(|e| match e {
        VoidError::Storage(e) => DecideError::Storage(e),
        _ => DecideError::Stale,
    })?;
    let changes = match moving::void(&locked.scene) {
        Err(MoveError::Stale) => return Err(DecideError::Stale),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    if !payments::set_reversed(tx, payment).await? {
        return Err(DecideError::Stale);
    }
    counters::voided(tx, payment, approval.id, d.now).await?;
    Ok(locked.unit(changes, None, d.caller, "counter_voided", d.now)?)
}

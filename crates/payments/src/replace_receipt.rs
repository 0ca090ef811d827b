//! What stands on a receipt is wrong: by two persons' word another takes its place, with its own number, naming the one
//! before (Circular 91/2026 Art. 20: a wrong tax code or sum). It is made as any other, after the decision, from the series in
//! force and the obligation as it then is: whoever corrects a tax code sets up the series first.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::ReceiptId;
use domain::approval::ApprovalKind;
use domain::changes::Changes;
use domain::receipt::ReceiptStatus;
use jiff::Timestamp;
use serde::Serialize;
use storage::approvals::Approval;
use storage::receipts::{self, Stored};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, obligations};

#[derive(Debug, Clone)]
pub struct Proposal {
    pub receipt: ReceiptId,
    pub reason_code: String,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such receipt")]
    Absent,
    #[error("it does not stand: {0}")]
    NotIssued(ReceiptStatus),
    #[error("its replacement waits for approval, or for its number")]
    Pending,
}

impl Retryable for ReplaceError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// As whoever decides sees it.
#[derive(Serialize)]
struct Payload<'a> {
    template: &'a str,
    serial: &'a str,
    number: i32,
    /// đồng.
    amount: i64,
    collector_tax_code: &'a str,
    reason_code: &'a str,
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, ReplaceError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, ReplaceError> {
    if let Some(reply) = proposal::begin::<ReplaceError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let (receipt, beneficiary) = locked(tx, p.receipt).await?.ok_or(ReplaceError::Absent)?;
    if p.beneficiaries.as_ref().is_some_and(|own| !own.contains(&beneficiary)) {
        return Err(ReplaceError::Absent);
    }
    if receipt.status != ReceiptStatus::Issued {
        return Err(ReplaceError::NotIssued(receipt.status));
    }
    if receipt.replacement_by.is_some() {
        return Err(ReplaceError::Pending);
    }
    let payload = Payload {
        template: receipt.template.as_str(),
        serial: &receipt.serial,
        number: receipt.number,
        amount: receipt.amount.dong(),
        collector_tax_code: &receipt.collector_tax_code,
        reason_code: &p.reason_code,
    };
    let draft = Draft {
        kind: ApprovalKind::ReceiptReplacement,
        action: "receipt_replacement_proposed",
        subject: p.receipt.to_string(),
        beneficiaries: vec![beneficiary],
        payload,
        changes: Changes::default(),
    };
    let by = proposal::By { caller: &p.caller, idempotency: &p.idempotency, note: &p.note, now: p.now };
    proposal::keep(tx, &by, draft, render).await.map_err(|e| match e {
        e if e.is_conflict("approval_pending_once") => ReplaceError::Pending,
        e => e.into(),
    })
}

/// Its obligation first, then the receipt as it is then; with whose money it is of.
async fn locked(tx: &Tx, id: ReceiptId) -> Result<Option<(Stored, String)>, StorageError> {
    let Some(known) = receipts::by_ids(tx, &[id]).await?.pop() else { return Ok(None) };
    let held = obligations::lock_by_ids(tx, &[known.obligation_id.uuid()]).await?;
    let Some(o) = held.first() else { return Ok(None) };
    let receipt = receipts::lock(tx, id).await?;
    Ok(receipt.map(|receipt| (receipt, o.terms.beneficiary_code.to_string())))
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let id: ReceiptId =
        approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval of no receipt".to_owned()))?;
    let (receipt, _) = locked(tx, id).await?.ok_or(DecideError::Stale)?;
    if !receipts::want_replaced(tx, id, approval.id).await? {
        return Err(DecideError::Stale);
    }
    receipts::look(tx, receipt.obligation_id).await?;
    let mut unit = Unit::new(d.caller.actor(), d.now);
    let request_id = d.caller.request_id.clone();
    unit.audit.push(Audit { action: "receipt_to_be_replaced", subject: id.to_string(), request_id });
    Ok(unit)
}

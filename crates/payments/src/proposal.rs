//! How something that needs a second person is put forward: with its line of the audit trail and the answer of its key, in
//! one commit. What may be proposed, each use case says itself.

use crate::context::Caller;
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use domain::ApprovalId;
use domain::approval::ApprovalKind;
use domain::changes::Changes;
use futures_util::join;
use jiff::Timestamp;
use serde::Serialize;
use storage::approvals::{self, NewApproval};
use storage::ids::mint;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, unit};

/// Gives the answer from the approval's id.
pub(crate) type Render<'r> = &'r (dyn Fn(ApprovalId) -> String + Send + Sync);

/// Who proposes, under which key, and why.
pub(crate) struct By<'p> {
    pub caller: &'p Caller,
    pub idempotency: &'p idempotency::Request,
    pub note: &'p str,
    pub now: Timestamp,
}

/// What is proposed.
pub(crate) struct Draft<P> {
    pub kind: ApprovalKind,
    /// The word of the audit trail.
    pub action: &'static str,
    pub subject: String,
    pub beneficiaries: Vec<String>,
    pub payload: P,
    /// What the proposal itself changes.
    pub changes: Changes,
}

/// Whether somebody who sees the money of `own` (None: of all) acts on what concerns these: of several, who sees a part
/// speaks for no other, and what concerns nobody in particular is for those who see all.
pub fn reaches(own: Option<&[String]>, concerned: &[String]) -> bool {
    own.is_none_or(|own| !concerned.is_empty() && concerned.iter().all(|code| own.contains(code)))
}

/// Begins the transaction and claims the key; the answer where the same was asked before.
pub(crate) async fn begin<E>(tx: &Tx, key: &idempotency::Request) -> Result<Option<Reply>, E>
where
    E: From<StorageError> + From<IdempotencyError>,
{
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, key));
    begun?;
    match earlier?.map(repeat_of).transpose()? {
        Some(Repeat::Answered(reply)) => Ok(Some(reply)),
        _ => Ok(None),
    }
}

/// Keeps the proposal and commits.
///
/// # Errors
/// Conflict `approval_pending_once` where the same thing waits for a decision already.
pub(crate) async fn keep<P: Serialize>(
    tx: &Tx,
    by: &By<'_>,
    draft: Draft<P>,
    render: Render<'_>,
) -> Result<Reply, StorageError> {
    let id = put(tx, by.caller, (by.note, by.now), draft).await?;
    let body = render(id);
    idempotency::keep(tx, by.idempotency, &id.to_string(), Some((201, &body)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(201, body))
}

/// Puts the proposal forward; whoever asks commits.
///
/// # Errors
/// Conflict `approval_pending_once`, as above.
pub(crate) async fn put<P: Serialize>(
    tx: &Tx,
    caller: &Caller,
    (note, now): (&str, Timestamp),
    draft: Draft<P>,
) -> Result<ApprovalId, StorageError> {
    let id: ApprovalId = mint(now);
    let mut unit = Unit::new(caller.actor(), now);
    unit.changes = draft.changes;
    let request_id = caller.request_id.clone();
    unit.audit.push(Audit { action: draft.action, subject: draft.subject.clone(), request_id });
    let new = NewApproval {
        id,
        kind: draft.kind,
        subject: draft.subject,
        beneficiaries: draft.beneficiaries,
        payload: serde_json::to_value(draft.payload).map_err(|e| StorageError::Unreadable(e.to_string()))?,
        note: note.to_owned(),
        proposer: caller.actor(),
        at: now,
    };
    approvals::insert(tx, &new).await?;
    unit::write(tx, &unit).await?;
    Ok(id)
}

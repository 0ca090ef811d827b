//! What needs a second person, as it is kept. The database lets each be decided once, by another than who proposed it.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use domain::approval::{ApprovalKind, ApprovalStatus};
use domain::{ApprovalId, RefundId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

/// A proposal.
#[derive(Debug, Clone)]
pub struct NewApproval {
    pub id: ApprovalId,
    pub kind: ApprovalKind,
    /// What it is about, as an id or a code.
    pub subject: String,
    /// Whose money it is about; empty: it is about no beneficiary alone.
    pub beneficiaries: Vec<String>,
    /// What is proposed, as the use case of its kind reads it; never personal data.
    pub payload: serde_json::Value,
    pub note: String,
    pub proposer: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Approval {
    pub id: ApprovalId,
    pub kind: ApprovalKind,
    pub status: ApprovalStatus,
    pub subject: String,
    pub beneficiaries: Vec<String>,
    pub payload: serde_json::Value,
    pub note: String,
    pub proposer: String,
    pub proposed_at: Timestamp,
    pub decider: Option<String>,
    pub decision_note: Option<String>,
    pub decided_at: Option<Timestamp>,
    /// What it rests on had changed when somebody would have approved it; it is withdrawn by that.
    pub is_stale: bool,
}

fn from_row(row: &Row) -> Result<Approval, StorageError> {
    Ok(Approval {
        id: row.get::<_, Uuid>("id").into(),
        kind: word(row, "kind")?,
        status: word(row, "status")?,
        subject: row.get("subject"),
        beneficiaries: row.get("beneficiaries"),
        payload: row.get("payload"),
        note: row.get("note"),
        proposer: row.get("proposer"),
        proposed_at: row.get("proposed_at"),
        decider: row.get("decider"),
        decision_note: row.get("decision_note"),
        decided_at: row.get("decided_at"),
        is_stale: row.get("is_stale"),
    })
}

const INSERT: &str = "insert into approval (id, kind, subject, beneficiaries, payload, note, proposer, proposed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// # Errors
/// Conflict `approval_pending_once` where the same thing waits for a decision already.
pub async fn insert(db: &Db, a: &NewApproval) -> Result<(), StorageError> {
    db.execute(
        INSERT,
        &[&a.id.uuid(), &a.kind.as_str(), &a.subject, &a.beneficiaries, &a.payload, &a.note, &a.proposer, &a.at],
    )
    .await?;
    Ok(())
}

const LOCK: &str = "select * from approval where id = $1 for update";

pub async fn lock(db: &Db, id: ApprovalId) -> Result<Option<Approval>, StorageError> {
    db.query_opt(LOCK, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

const LOCK_PENDING: &str = "select * from approval where kind = $1 and subject = $2 and status = 'pending' for update";

/// What waits for a decision about this, locked.
pub async fn lock_pending(db: &Db, kind: ApprovalKind, subject: &str) -> Result<Option<Approval>, StorageError> {
    db.query_opt(LOCK_PENDING, &[&kind.as_str(), &subject]).await?.as_ref().map(from_row).transpose()
}

const PENDING: &str = "select * from approval where kind = $1 and subject = $2 and status = 'pending'";

/// What waits for a decision about this.
pub async fn pending(db: &Db, kind: ApprovalKind, subject: &str) -> Result<Option<Approval>, StorageError> {
    db.query_opt(PENDING, &[&kind.as_str(), &subject]).await?.as_ref().map(from_row).transpose()
}

const OF_REFUND: &str = "select beneficiaries from approval where kind = 'refund' and subject = $1";

/// Whom a refund concerns, as it was proposed.
pub async fn beneficiaries_of_refund(db: &Db, refund: RefundId) -> Result<Vec<String>, StorageError> {
    Ok(db.query_opt(OF_REFUND, &[&refund.to_string()]).await?.map(|row| row.get(0)).unwrap_or_default())
}

/// A decision, or that its proposer takes it back.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    pub status: ApprovalStatus,
    /// None where it is taken back.
    pub decider: Option<&'a str>,
    pub note: &'a str,
    pub at: Timestamp,
}

const DECIDE: &str = "update approval set status = $2, decider = $3, decision_note = $4, decided_at = $5
    where id = $1 and status = 'pending'";

/// # Errors
/// `Retry` when it was decided meanwhile; conflict `approval_other_person` for its own proposer.
pub async fn decide(db: &Db, id: ApprovalId, d: &Decision<'_>) -> Result<(), StorageError> {
    let touched = db.execute(DECIDE, &[&id.uuid(), &d.status.as_str(), &d.decider, &d.note, &d.at]).await?;
    if touched == 1 { Ok(()) } else { Err(StorageError::Retry(None)) }
}

const LAPSE: &str = "update approval set status = 'withdrawn', is_stale = true, decision_note = '', decided_at = $2
    where id = $1 and status = 'pending'";

/// Takes back what nobody can carry out any more.
///
/// # Errors
/// `Retry` when it was decided meanwhile.
pub async fn lapse(db: &Db, id: ApprovalId, at: Timestamp) -> Result<(), StorageError> {
    let touched = db.execute(LAPSE, &[&id.uuid(), &at]).await?;
    if touched == 1 { Ok(()) } else { Err(StorageError::Retry(None)) }
}

/// What a list is narrowed to; a person with beneficiaries sees what is about theirs alone, as [`concerned`] has it.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<ApprovalStatus>,
    pub kind: Option<ApprovalKind>,
    pub beneficiaries: Option<Vec<String>>,
    pub id: Option<Uuid>,
}

const PAGE: &str = "select * from approval
    where ($1::text is null or status = $1) and ($2::text is null or kind = $2)
      and ($3::text[] is null or reaches($3, concerned_by(approval)))
      and ($4::uuid is null or id = $4) and ($5::uuid is null or id < $5)
    order by id desc limit $6";

const OF_SUBJECT: &str = "select * from approval
    where kind = $1 and subject = $2 and ($3::text[] is null or reaches($3, concerned_by(approval)))
    order by id desc limit $4";

/// What was proposed of a kind about one thing, newest first, as far as somebody sees it who sees the money of `beneficiaries`
/// (None: of all).
pub async fn of_subject(
    db: &Db,
    kind: ApprovalKind,
    subject: &str,
    beneficiaries: Option<&[String]>,
    limit: i64,
) -> Result<Vec<Approval>, StorageError> {
    db.query(OF_SUBJECT, &[&kind.as_str(), &subject, &beneficiaries, &limit]).await?.iter().map(from_row).collect()
}

const CONCERNED: &str = "select concerned_by(a) from approval a where a.id = $1";

/// Whom it concerns: of what is to be decided about a case, by now, since a drawer may be shared by others since it was proposed.
pub async fn concerned(db: &Db, id: ApprovalId) -> Result<Vec<String>, StorageError> {
    Ok(db.query_opt(CONCERNED, &[&id.uuid()]).await?.map(|row| row.get(0)).unwrap_or_default())
}

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<ApprovalId>, limit: i64) -> Result<Vec<Approval>, StorageError> {
    let (status, kind) = (f.status.map(ApprovalStatus::as_str), f.kind.map(ApprovalKind::as_str));
    let after = after.map(ApprovalId::uuid);
    let rows = db.query(PAGE, &[&status, &kind, &f.beneficiaries, &f.id, &after, &limit]).await?;
    rows.iter().map(from_row).collect()
}

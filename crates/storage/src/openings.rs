//! What two persons said that stood on a bank account when its books began.

use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{ApprovalId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// One of them, in force or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub approval: ApprovalId,
    /// The first day of the books.
    pub day: Date,
    /// What stood on the account before that day's first line.
    pub amount: Vnd,
    pub proposed_by: String,
    pub approved_by: Option<String>,
    pub at: Timestamp,
    pub taken_back: Option<(ApprovalId, Timestamp)>,
}

const OF_ACCOUNT: &str =
    "select o.approval_id, o.day, o.amount, a.proposer, a.decider, o.at, o.taken_back_by, o.taken_back_at
    from stated_opening o join approval a on a.id = o.approval_id
    where o.account_code = $1 order by o.taken_back_at desc nulls first";

/// All of an account, the one in force first.
pub async fn of_account(db: &Db, account: &AccountCode) -> Result<Vec<Opening>, StorageError> {
    Ok(db.query(OF_ACCOUNT, &[&account.as_str()]).await?.iter().map(opening).collect())
}

/// The one with which the account's books begin.
pub async fn in_force(db: &Db, account: &AccountCode) -> Result<Option<Opening>, StorageError> {
    Ok(of_account(db, account).await?.into_iter().find(|o| o.taken_back.is_none()))
}

const ALL_IN_FORCE: &str =
    "select o.account_code, o.approval_id, o.day, o.amount, a.proposer, a.decider, o.at, o.taken_back_by, o.taken_back_at
    from stated_opening o join approval a on a.id = o.approval_id
    where o.taken_back_by is null order by o.account_code";

/// With which the books of accounts begin, by the account's code.
pub async fn all_in_force(db: &Db) -> Result<Vec<(String, Opening)>, StorageError> {
    Ok(db.query(ALL_IN_FORCE, &[]).await?.iter().map(|row| (row.get("account_code"), opening(row))).collect())
}

fn opening(row: &Row) -> Opening {
    let taken_back_by: Option<Uuid> = row.get("taken_back_by");
    Opening {
        approval: row.get::<_, Uuid>("approval_id").into(),
        day: row.get("day"),
        amount: Vnd::new(row.get("amount")),
        proposed_by: row.get("proposer"),
        approved_by: row.get("decider"),
        at: row.get("at"),
        taken_back: taken_back_by.map(ApprovalId::from).zip(row.get("taken_back_at")),
    }
}

// money that was told of before the day is in the sum that stood there, and no statement of these books shows it
const HAS_BOOKS: &str = "select exists (select from statement where account_code = $1)
    or exists (select from ledger_entry e join journal j on j.id = e.journal_id
               where e.account_code = 'bank:' || $1 and j.kind <> 'stated_opening')
    or exists (select from ledger_entry e join journal j on j.id = e.journal_id
               where e.account_code = 'in_transit:' || $1 and coalesce(j.original_business_date, j.business_date) < $2)";

/// Whether a statement of the account is there, or money of it was told of before `day`.
pub async fn has_books(db: &Db, account: &AccountCode, day: Date) -> Result<bool, StorageError> {
    Ok(db.query_one(HAS_BOOKS, &[&account.as_str(), &day]).await?.get(0))
}

const TEXT: &str = "select text from assurance.stated_opening where approval_id = assurance.text_id('apr', $1)";

async fn text(db: &Db, approval: Uuid) -> Result<String, StorageError> {
    Ok(db.query_one(TEXT, &[&approval]).await?.get(0))
}

const STATE: &str =
    "insert into stated_opening (approval_id, account_code, day, amount, at) values ($1, $2, $3, $4, $5)";

/// Keeps it; answers what the audit trail has to say of it.
///
/// # Errors
/// Conflict `stated_opening_once` where one is in force.
pub async fn state(
    db: &Db,
    approval: ApprovalId,
    account: &AccountCode,
    (day, amount): (Date, Vnd),
    at: Timestamp,
) -> Result<String, StorageError> {
    let id = approval.uuid();
    db.execute(STATE, &[&id, &account.as_str(), &day, &amount.dong(), &at]).await?;
    text(db, id).await
}

const TAKE_BACK: &str = "update stated_opening set taken_back_by = $2, taken_back_at = $3
    where approval_id = $1 and taken_back_by is null";

/// It is in force no more; answers what the audit trail has to say of it.
pub async fn take_back(db: &Db, opening: ApprovalId, by: ApprovalId, at: Timestamp) -> Result<String, StorageError> {
    db.execute(TAKE_BACK, &[&opening.uuid(), &by.uuid(), &at]).await?;
    text(db, opening.uuid()).await
}

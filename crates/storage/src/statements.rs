//! Statements as they are imported: staged line by line, each line told to be a known movement or a new one, and kept.
//! One transaction holds all of it, with the account locked: the whole file or nothing.

mod claim;
mod identify;
mod stage;

use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{StatementId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

pub use claim::{Claims, OtherAmount, claim_known};
pub use identify::{FileFacts, Identified, identify};
pub use stage::{StagedLine, Stager, begin_staging};

/// Bytes of one piece of a kept file.
const PIECE: usize = 1024 * 1024;

/// What is known of an imported file.
#[derive(Debug, Clone)]
pub struct NewStatement {
    pub id: StatementId,
    pub account: AccountCode,
    pub sha256: String,
    pub format: String,
    pub bank_id: String,
    pub first_sequence: Option<String>,
    pub last_sequence: Option<String>,
    pub opening: Option<(Vnd, Option<Date>)>,
    pub closing: Option<Vnd>,
    pub closing_date: Date,
    pub first_date: Date,
    pub lines: i32,
    pub imported_by: String,
}

const INSERT: &str =
    "insert into statement (id, account_code, sha256, format, bank_id, first_sequence, last_sequence, opening,
        opening_date, closing, closing_date, first_date, lines, imported_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// # Errors
/// Conflict `statement_file_once` when the same bytes are there already.
pub async fn insert(db: &Db, s: &NewStatement) -> Result<(), StorageError> {
    let (opening, opening_date) = s.opening.map_or((None, None), |(amount, date)| (Some(amount.dong()), date));
    db.execute(
        INSERT,
        &[
            &s.id.uuid(),
            &s.account.as_str(),
            &s.sha256,
            &s.format,
            &s.bank_id,
            &s.first_sequence,
            &s.last_sequence,
            &opening,
            &opening_date,
            &s.closing.map(Vnd::dong),
            &s.closing_date,
            &s.first_date,
            &s.lines,
            &s.imported_by,
        ],
    )
    .await?;
    Ok(())
}

/// Keeps the bytes as they came.
pub async fn keep_bytes(db: &Db, id: StatementId, bytes: &[u8]) -> Result<(), StorageError> {
    let statement = db.prepare("insert into statement_piece (statement_id, no, bytes) values ($1, $2, $3)").await?;
    for (no, piece) in (1_i32..).zip(bytes.chunks(PIECE)) {
        db.execute(&statement, &[&id.uuid(), &no, &piece]).await?;
    }
    Ok(())
}

/// A statement as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: StatementId,
    pub account: String,
    pub sha256: String,
    pub format: String,
    pub opening: Option<i64>,
    pub closing: Option<i64>,
    pub first_date: Date,
    pub closing_date: Date,
    pub lines: i32,
    pub new_movements: i32,
    /// Of the movements that it names: how many are claimed, and how many are told of by a case.
    pub matched: i64,
    pub cases: i64,
}

const SHOWN: &str = "select s.id, s.account_code, s.sha256, s.format, s.opening, s.closing, s.first_date, s.closing_date, s.lines,
        s.new_movements,
        (select count(distinct l.movement_id) from statement_line l join movement_match k on k.movement_id = l.movement_id
         where l.statement_id = s.id) as matched,
        (select count(*) from (
             select k.id from statement_line l join kase k on k.movement_id = l.movement_id where l.statement_id = s.id
             union
             select k.id from statement_line l join movement_match m on m.movement_id = l.movement_id
                 join kase k on k.payment_id = m.payment_id where l.statement_id = s.id and k.status <> 'closed'
             union
             select k.id from kase k where k.kind = 'statement_gap' and k.subject = assurance.text_id('stm', s.id)) c) as cases
    from statement s
    where ($1::uuid is null or s.id = $1) and ($2::text is null or s.account_code = $2 and ($3::text is null or s.sha256 = $3))";

fn shown(row: &tokio_postgres::Row) -> Shown {
    Shown {
        id: row.get::<_, Uuid>("id").into(),
        account: row.get("account_code"),
        sha256: row.get("sha256"),
        format: row.get("format"),
        opening: row.get("opening"),
        closing: row.get("closing"),
        first_date: row.get("first_date"),
        closing_date: row.get("closing_date"),
        lines: row.get("lines"),
        new_movements: row.get("new_movements"),
        matched: row.get("matched"),
        cases: row.get("cases"),
    }
}

pub async fn by_id(db: &Db, id: StatementId) -> Result<Option<Shown>, StorageError> {
    let none: Option<&str> = None;
    Ok(db.query_opt(SHOWN, &[&id.uuid(), &none, &none]).await?.as_ref().map(shown))
}

/// The statement that the same bytes made.
pub async fn by_digest(db: &Db, account: &AccountCode, sha256: &str) -> Result<Option<Shown>, StorageError> {
    let none: Option<Uuid> = None;
    Ok(db.query_opt(SHOWN, &[&none, &account.as_str(), &sha256]).await?.as_ref().map(shown))
}

const SET_NEW: &str = "update statement set new_movements = $2 where id = $1";

pub async fn set_new_movements(db: &Db, id: StatementId, count: i32) -> Result<(), StorageError> {
    db.execute(SET_NEW, &[&id.uuid(), &count]).await?;
    Ok(())
}

/// A statement whose opening does not follow from the one before it, or follows again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: StatementId,
    pub closing_date: Date,
    /// By how much the opening is off the closing before it; None where nothing is missing.
    pub gap: Option<Vnd>,
    /// The open case that tells of a gap here, with its version.
    pub case: Option<(domain::CaseId, i32)>,
}

const CHAIN: &str = "with chain as (
        select s.id, s.closing_date, s.opening, s.format, s.first_sequence,
               lag(s.closing) over w as before, lag(s.format) over w as format_before,
               lag(s.last_sequence) over w as sequence_before
        from statement s where s.account_code = $1 and s.state = 'imported' and s.opening is not null and s.closing is not null
          -- of several files about one day the first counts
          and s.imported_at = (select min(t.imported_at) from statement t where t.account_code = $1 and t.opening is not null
                               and t.closing_date = s.closing_date and t.state = 'imported')
        window w as (order by s.closing_date, s.imported_at)),
    -- a number that runs on: both of one format, and more than one further
    gaps as (
        select c.*, case when c.before is not null and c.opening <> c.before then c.opening - c.before
                         when c.format = c.format_before and c.first_sequence ~ '^[0-9]{1,9}$' and c.sequence_before ~ '^[0-9]{1,9}$'
                              and c.first_sequence::int > c.sequence_before::int + 1 then 0 end as gap
        from chain c)
    select g.id, g.closing_date, g.gap, k.id as case_id, k.version from gaps g
    left join kase k on k.kind = 'statement_gap' and k.status = 'open' and k.subject = assurance.text_id('stm', g.id)
    where (g.gap is not null) <> (k.id is not null)";

/// Where the chain of an account's statements and what is told of it differ.
pub async fn broken_links(db: &Db, account: &AccountCode) -> Result<Vec<Link>, StorageError> {
    let rows = db.query(CHAIN, &[&account.as_str()]).await?;
    Ok(rows
        .iter()
        .map(|row| Link {
            id: row.get::<_, Uuid>("id").into(),
            closing_date: row.get("closing_date"),
            gap: row.get::<_, Option<i64>>("gap").map(Vnd::new),
            case: row.get::<_, Option<Uuid>>("case_id").map(|id| (id.into(), row.get("version"))),
        })
        .collect())
}

const IS_FIRST: &str = "select not exists (select from ledger_entry where account_code = 'bank:' || $1)";

/// Whether nothing was ever booked on the account's bank side.
pub async fn is_first(db: &Db, account: &AccountCode) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_FIRST, &[&account.as_str()]).await?.get(0))
}

/// Lets the planner see what an import has changed.
pub async fn analyze(db: &Db) -> Result<(), StorageError> {
    Ok(db
        .batch_execute("set statement_timeout = '5min'; select analyze_bank_tables(); reset statement_timeout")
        .await?)
}

const COVERED: &str = "select max(closing_date) from statement where account_code = $1 and state = 'imported'";

/// The last day that a statement covers.
pub async fn covered_until(db: &Db, account: &AccountCode) -> Result<Option<Date>, StorageError> {
    Ok(db.query_one(COVERED, &[&account.as_str()]).await?.get(0))
}

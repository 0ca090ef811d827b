//! Statements as they are imported: staged line by line, each line told to be a known movement or a new one, and kept.
//! One transaction holds all of it, with the account locked: the whole file or nothing.

mod apart;
mod batches;
mod beginning;
mod claim;
mod identify;
mod overtaken;
mod several;
mod stage;
pub mod superseded;

use crate::error::StorageError;
use crate::pool::Db;
use crate::tx::Tx;
use domain::codes::AccountCode;
use domain::{StatementId, Vnd};
use jiff::SignedDuration;
use jiff::civil::Date;
use uuid::Uuid;

pub use beginning::{Beginning, beginning, is_closed, leads_to, openings};
pub use claim::{Claims, OtherAmount, claim_known};
pub use identify::{FileFacts, Identified, PartDays, date, identify};
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
    /// The file that has taken its place.
    pub superseded: Option<SupersededBy>,
}

/// How a statement came to be in force no more.
#[derive(Debug, Clone)]
pub struct SupersededBy {
    pub statement: StatementId,
    pub approval: domain::ApprovalId,
    pub proposed_by: String,
    pub approved_by: Option<String>,
    pub at: jiff::Timestamp,
}

const SHOWN: &str = "with named as (
        select movement_id from statement_line where statement_id = $1
        union select movement_id from statement_line_part where statement_id = $1)
    select s.id, s.account_code, s.sha256, s.format, s.opening, s.closing, s.first_date, s.closing_date, s.lines,
        s.new_movements, x.by_statement, x.approval_id, x.at as superseded_at, a.proposer, a.decider,
        (select count(*) from named l join movement m on m.id = l.movement_id and m.fate = 'matched') as matched,
        (select count(*) from (
             select k.id from named l join kase k on k.movement_id = l.movement_id
             union
             select k.id from named l join movement_match m on m.movement_id = l.movement_id
                 join kase k on k.payment_id = m.payment_id where k.status <> 'closed'
             union
             select k.id from kase k where k.kind = 'statement_gap' and k.subject = assurance.text_id('stm', s.id)) c) as cases
    from statement s
    left join superseded_statement x on x.statement_id = s.id left join approval a on a.id = x.approval_id
    where s.id = $1";

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
        superseded: row.get::<_, Option<Uuid>>("by_statement").map(|by| SupersededBy {
            statement: by.into(),
            approval: row.get::<_, Uuid>("approval_id").into(),
            proposed_by: row.get("proposer"),
            approved_by: row.get("decider"),
            at: row.get("superseded_at"),
        }),
    }
}

/// What a large file came to takes longer to count than a request may last.
const PATIENT: &str = "set local statement_timeout = '1min'";

pub async fn by_id(tx: &Tx, id: StatementId) -> Result<Option<Shown>, StorageError> {
    tx.batch_execute(PATIENT).await?;
    Ok(tx.query_opt(SHOWN, &[&id.uuid()]).await?.as_ref().map(shown))
}

const BY_DIGEST: &str = "select id from statement where account_code = $1 and sha256 = $2";

/// The statement that the same bytes made.
pub async fn by_digest(db: &Db, account: &AccountCode, sha256: &str) -> Result<Option<StatementId>, StorageError> {
    let row = db.query_opt(BY_DIGEST, &[&account.as_str(), &sha256]).await?;
    Ok(row.map(|row| row.get::<_, Uuid>(0).into()))
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
    /// By how much the opening is off the closing before it, or what two persons said stood there; None where nothing is missing.
    pub gap: Option<Vnd>,
    /// The open case that tells of a gap here, with its version.
    pub case: Option<(domain::CaseId, i32)>,
}

// A statement that another one holds whole, by its days or by its lines, has no place of its own, and one that begins before its
// neighbour ends leaves nothing out. What it opens with, any of the files about the days before may have closed with.
const CHAIN: &str = "with mine as (
        select s.*, s.first_date as begins,
               -- one number for several days is not of the count of days
               s.first_date = s.closing_date or s.first_sequence <> s.last_sequence as counts,
               s.first_date = s.closing_date and exists (
                   select from overtaken_piece o where o.statement_id = s.id) as overtaken
        from statement s
        where s.account_code = $1 and s.state = 'imported' and s.opening is not null and s.closing is not null),
    outermost as (
        select s.* from mine s where not s.overtaken and not exists (
            select from mine t
            where t.id <> s.id and not t.overtaken and t.begins <= s.begins and t.closing_date >= s.closing_date
              and (t.begins < s.begins or t.closing_date > s.closing_date or (t.imported_at, t.id) < (s.imported_at, s.id)))),
    chain as (
        select s.*, lag(s.closing) over w as before, lag(s.closing_date) over w as day_before,
               lag(s.format) over w as format_before, lag(s.last_sequence) over w as sequence_before,
               lag(s.counts) over w as counted_before
        from outermost s window w as (order by s.closing_date, s.imported_at, s.id)),
    gaps as (
        select c.*, case
            -- two persons have said what stood there before the first one
            when c.day_before is null and not exists (
                select from mine t where t.id <> c.id and t.closing = c.opening and t.closing_date <= c.closing_date)
                then (select c.opening - o.amount from stated_opening o
                      where o.account_code = $1 and o.taken_back_by is null and o.amount <> c.opening)
            when c.begins > c.day_before and not exists (
                select from mine t where t.id <> c.id and t.closing = c.opening
                  and t.closing_date between c.day_before and c.closing_date) then c.opening - c.before
            -- a number that runs on: both of one format, and more than one further
            when c.format = c.format_before and c.counts and c.counted_before and c.first_sequence ~ '^[0-9]{1,9}$' and c.sequence_before ~ '^[0-9]{1,9}$'
                 and c.first_sequence::int > c.sequence_before::int + 1
                 and not exists (select from mine t where t.format = c.format and t.last_sequence ~ '^[0-9]{1,9}$'
                                 and t.last_sequence::int = c.first_sequence::int - 1) then 0 end as gap
        from chain c)
    select s.id, s.closing_date, g.gap, k.id as case_id, k.version from mine s
    left join gaps g on g.id = s.id
    left join kase k on k.kind = 'statement_gap' and k.status = 'open' and k.subject = assurance.text_id('stm', s.id)
    where (g.gap is not null) <> (k.id is not null)
      -- what somebody has decided about stays decided
      and (k.id is not null or not exists (
          select from kase d where d.kind = 'statement_gap' and d.subject = assurance.text_id('stm', s.id)))";

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

/// Lets the planner see what an import has changed.
pub async fn analyze(db: &Db) -> Result<(), StorageError> {
    Ok(db
        .batch_execute("set statement_timeout = '5min'; select analyze_bank_tables(); reset statement_timeout")
        .await?)
}

macro_rules! before_a_gap {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " from statement where account_code = $1 and state = 'imported' and closing_date < coalesce((
                select min(k.business_date) from kase k where k.scope = 'bank:' || $1 and k.kind = 'statement_gap'
                   and k.status <> 'closed' and k.business_date >= $2), 'infinity') ",
            $rest
        )
    };
}

// What a file without balances leaves out does not show, and what stood before the first file is told of by none. One that came
// on its own last day may be a half of that day: the days before are whole.
const COVERED: &str = before_a_gap!(
    "select max(case when (imported_at at time zone 'Asia/Ho_Chi_Minh')::date = closing_date
                     then closing_date - 1 else closing_date end)",
    "and opening is not null and closing is not null having min(greatest(first_date, opening_date)) <= $2"
);

/// The last day that statements cover from this one on: files with both balances, of which one begins by then, without a gap
/// between them.
pub async fn covered_until(db: &Db, account: &AccountCode, from: Date) -> Result<Option<Date>, StorageError> {
    let statement = db.prepare_cached(COVERED).await?;
    Ok(db.query_opt(&statement, &[&account.as_str(), &from]).await?.and_then(|row| row.get(0)))
}

const WAITED: &str =
    before_a_gap!("select max(closing_date)", "and imported_at < now() - $3::bigint * interval '1 second'");

/// The last day of the files of whatever kind that have been there so long, without a gap that statements show from this day
/// on. It is all that can be said of an account whose files have no balances.
pub async fn waited_until(
    db: &Db,
    account: &AccountCode,
    from: Date,
    long: SignedDuration,
) -> Result<Option<Date>, StorageError> {
    let statement = db.prepare_cached(WAITED).await?;
    Ok(db.query_one(&statement, &[&account.as_str(), &from, &long.as_secs()]).await?.get(0))
}

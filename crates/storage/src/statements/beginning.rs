//! With which statement the books of an account begin, and what stood there before it. Statements come in any order, and
//! lines without balances before them.

use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{StatementId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

/// The beginning of an account's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The earliest statement that says what stood on the account.
    pub statement: StatementId,
    /// Its first day, and with what it opens.
    pub first_date: Date,
    pub opening: Vnd,
    /// The first day of which we know anything.
    pub day: Date,
    /// What stood on the account before that day.
    pub amount: Vnd,
}

// Of the parts of a day that none overtakes it is the one with which no other ended. Where each of them ends with what another begins with, the day
// comes to nothing: it begins as the next one does, or as a file that has it whole; else by the number that the bank gave, in one
// format; else as it was told first.
const BEGINNING: &str = "with own as (
        select * from statement
        where account_code = $1 and state = 'imported' and opening is not null and id is distinct from $2),
    day as (select min(first_date) as first from own),
    next as (
        select o.opening from own o cross join day d
        where o.first_date = (select min(n.first_date) from own n where n.first_date > d.first)),
    standing as (
        select s.* from own s join day d on d.first = s.first_date
        where not exists (select from overtaken_piece o where o.statement_id = s.id and o.day = s.first_date)),
    part as (
        select s.*, exists (select from standing t where t.closing_date <= s.closing_date
                            and t.closing = s.opening and t.opening <> s.opening) as follows
        from standing s),
    first as (
        select p.id, p.first_date, p.opening from part p
        order by follows, follows and p.opening in (select n.opening from next n) desc,
                 (follows and p.opening = p.closing) is true desc,
                 case when follows and p.first_sequence ~ '^[0-9]{1,9}$'
                      and not exists (select from part o where o.format <> p.format) then p.first_sequence::int end,
                 p.imported_at, p.id
        limit 1)
    select f.id, f.first_date, f.opening,
           least(f.first_date, (select min(m.business_date) from movement m where m.account_code = $1)) as day,
           f.opening - coalesce((
               select sum(m.amount) from movement m where m.account_code = $1 and m.business_date < f.first_date
                  and not exists (select from statement_line l where l.statement_id = f.id and l.movement_id = m.id)
                  and not exists (select from statement_line_part l where l.statement_id = f.id and l.movement_id = m.id)),
               0)::bigint as amount
    from first f";

/// With what an account's books begin, as if `without` were not there; None while no statement has a balance, and where `without` has
/// overtaken the one with which they began: it leads to whatever that opens with.
pub async fn beginning(
    db: &Db,
    account: &AccountCode,
    without: Option<StatementId>,
) -> Result<Option<Beginning>, StorageError> {
    let row = db.query_opt(BEGINNING, &[&account.as_str(), &without.map(|id| id.uuid())]).await?;
    Ok(row.map(|row| Beginning {
        statement: row.get::<_, Uuid>("id").into(),
        first_date: row.get("first_date"),
        opening: Vnd::new(row.get("opening")),
        day: row.get("day"),
        amount: Vnd::new(row.get("amount")),
    }))
}

// from the other leg: of openings there are few, of entries on the account there may be a million
const OPENINGS: &str =
    "select coalesce(j.original_business_date, j.business_date) as day, sum(b.amount)::bigint as amount
    from ledger_entry o
    join journal j on j.id = o.journal_id and j.kind = 'opening_balance'
    join ledger_entry b on b.journal_id = o.journal_id and b.account_code = 'bank:' || $1
    where o.account_code = 'opening:bank'
    group by 1 having sum(b.amount) <> 0 order by 1";

/// What is booked as the beginning of an account's books, by the day that it is of, in their order.
pub async fn openings(db: &Db, account: &AccountCode) -> Result<Vec<(Date, Vnd)>, StorageError> {
    let rows = db.query(OPENINGS, &[&account.as_str()]).await?;
    Ok(rows.iter().map(|row| (row.get("day"), Vnd::new(row.get("amount")))).collect())
}

const IS_CLOSED: &str = "select open_day('bank:' || $1, $2) <> $2";

/// Whether a day of the account is closed; held shared, so that it stays as it is until the transaction ends.
pub async fn is_closed(db: &Db, account: &AccountCode, day: Date) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_CLOSED, &[&account.as_str(), &day]).await?.get(0))
}

// A file of both sides says by its lines of the earlier days what stood there; what another file alone has of them counts too.
const LEADS_TO: &str = "select s.closing_date <= $3 and s.closing = $4
        or s.opening + coalesce((select sum(l.amount) from statement_line l
                                 where l.statement_id = s.id and l.business_date < $3), 0)::bigint
                     + coalesce((select sum(m.amount) from movement m
                                 where m.account_code = $1 and m.business_date >= s.first_date and m.business_date < $3
                                   and not exists (select from statement_line l
                                                   where l.statement_id = s.id and l.movement_id = m.id)
                                   and not exists (select from statement_line_part l
                                                   where l.statement_id = s.id and l.movement_id = m.id)), 0)::bigint = $4
    from statement s where s.id = $2";

/// Whether a statement, with what is known of the days from it on, ends with what a later one opens with.
pub async fn leads_to(
    db: &Db,
    account: &AccountCode,
    statement: StatementId,
    later: &Beginning,
) -> Result<bool, StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&account.as_str(), &statement.uuid(), &later.first_date, &later.opening.dong()];
    Ok(db.query_one(LEADS_TO, &params).await?.get::<_, Option<bool>>(0).unwrap_or(false))
}

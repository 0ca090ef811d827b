//! Days of bank accounts and of providers' contracts: the sums behind them, and which are closed.

use crate::case_list;
use crate::error::StorageError;
use crate::pool::Db;
use domain::Vnd;
use domain::reconciliation::{Books, Overtaken, Piece, Settled, Told};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

pub use case_list::Listed as Difference;

fn vnd(row: &Row, column: &str) -> Vnd {
    Vnd::new(row.get(column))
}

// whoever books holds the scope shared (`open_day`)
const HOLD: &str = "select pg_advisory_xact_lock(hashtextextended('day:' || $1::text, 0))";

/// Holds the days of a scope alone until the transaction ends: nobody books on them meanwhile. What is read after it
/// contains all that was booked before.
pub async fn hold(db: &Db, scope: &str) -> Result<(), StorageError> {
    let statement = db.prepare_cached(HOLD).await?;
    db.query_one(&statement, &[&scope]).await?;
    Ok(())
}

const BENEFICIARIES: &str = "select distinct beneficiary_code from scope_beneficiary where scope = $1 order by 1";

/// Whose day it is.
pub async fn beneficiaries(db: &Db, scope: &str) -> Result<Vec<String>, StorageError> {
    Ok(db.query(BENEFICIARIES, &[&scope]).await?.iter().map(|row| row.get(0)).collect())
}

const SEEN: &str = "select exists (select from account a where a.code = $1)
    and ($2::text[] is null
         or (exists (select from scope_beneficiary b where b.scope = $1)
             and not exists (select from scope_beneficiary b where b.scope = $1 and b.beneficiary_code <> all($2))))";

/// Whether there is such a scope, and all that have a part in it are among `beneficiaries` (None: all there are).
pub async fn seen(db: &Db, scope: &str, beneficiaries: Option<&[String]>) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(SEEN).await?;
    Ok(db.query_one(&statement, &[&scope, &beneficiaries]).await?.get(0))
}

/// A closed day, as it was when it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub opening: Vnd,
    pub moved_in: Vnd,
    pub moved_out: Vnd,
    pub closing: Vnd,
    pub by: String,
    pub at: Timestamp,
}

const CLOSED: &str = "select opening, moved_in, moved_out, closing, closed_by, closed_at from closed_day
    where scope = $1 and day = $2 and reopened_at is null";

pub async fn closed(db: &Db, scope: &str, day: Date) -> Result<Option<Closed>, StorageError> {
    let statement = db.prepare_cached(CLOSED).await?;
    let row = db.query_opt(&statement, &[&scope, &day]).await?;
    Ok(row.map(|row| Closed {
        opening: vnd(&row, "opening"),
        moved_in: vnd(&row, "moved_in"),
        moved_out: vnd(&row, "moved_out"),
        closing: vnd(&row, "closing"),
        by: row.get("closed_by"),
        at: row.get("closed_at"),
    }))
}

const LAST_CLOSED: &str = "select max(day) from closed_day where scope = $1 and reopened_at is null";

/// The last closed day; it and all days before it are closed.
pub async fn last_closed(db: &Db, scope: &str) -> Result<Option<Date>, StorageError> {
    let statement = db.prepare_cached(LAST_CLOSED).await?;
    Ok(db.query_one(&statement, &[&scope]).await?.get(0))
}

const CLOSE: &str =
    "insert into closed_day (scope, day, opening, moved_in, moved_out, closing, closed_by, closed_at, last_entry)
    values ($1, $2, $3, $4, $5, $6, $7, $8, (select coalesce(max(id), 0) from ledger_entry))";

const SUMS: &str = "select sums from assurance.closing where scope = $1 and day = $2 and reopened_at is null";

/// Closes a day that is held; answers what the audit trail has to say of it.
///
/// # Errors
/// Conflict `closed_day_once` when it is closed already.
pub async fn close(db: &Db, scope: &str, day: Date, c: &Closed) -> Result<String, StorageError> {
    let statement = db.prepare_cached(CLOSE).await?;
    let sums = [c.opening, c.moved_in, c.moved_out, c.closing].map(Vnd::dong);
    db.execute(&statement, &[&scope, &day, &sums[0], &sums[1], &sums[2], &sums[3], &c.by, &c.at]).await?;
    Ok(db.query_one(SUMS, &[&scope, &day]).await?.get(0))
}

// What stood on an account before its books is no movement of any day. What is of a day was booked on it or on a later one.
const BOOKS: &str = "with last as (select day, closing from closed_day where scope = $1 and day < $2 and reopened_at is null order by day desc limit 1),
    booked as (
        select amount, kind in ('opening_balance', 'stated_opening') as stood, day < $2 as before, moved_from < day as late,
               (amount > 0) <> undoes as came
        from day_entry
        where scope = $1 and booked_on > coalesce((select day from last), '-infinity')
          and (booked_on <= $2 or moved_from <= $2)
          and day > coalesce((select day from last), '-infinity') and day <= $2)
    select coalesce((select closing from last), 0)
             + coalesce(sum(amount) filter (where before or stood), 0)::bigint as opening,
           coalesce(sum(amount) filter (where not before and not stood and late is not true and came), 0)::bigint as moved_in,
           coalesce(-sum(amount) filter (where not before and not stood and late is not true and not came), 0)::bigint as moved_out,
           coalesce(sum(amount) filter (where not before and not stood and late and came), 0)::bigint as late_in,
           coalesce(-sum(amount) filter (where not before and not stood and late and not came), 0)::bigint as late_out
    from booked";

/// What the ledger says of a day. Days before the last closed one count as they were closed.
pub async fn books(db: &Db, scope: &str, day: Date) -> Result<Books, StorageError> {
    let statement = db.prepare_cached(BOOKS).await?;
    let row = db.query_one(&statement, &[&scope, &day]).await?;
    Ok(Books {
        opening: vnd(&row, "opening"),
        moved_in: vnd(&row, "moved_in"),
        moved_out: vnd(&row, "moved_out"),
        late_in: vnd(&row, "late_in"),
        late_out: vnd(&row, "late_out"),
    })
}

const CLOSED_FROM: &str =
    "select day from closed_day where scope = $1 and day >= $2 and reopened_at is null order by day";

/// The closed days from this one on.
pub async fn closed_from(db: &Db, scope: &str, day: Date) -> Result<Vec<Date>, StorageError> {
    Ok(db.query(CLOSED_FROM, &[&scope, &day]).await?.iter().map(|row| row.get(0)).collect())
}

const REOPEN: &str = "with opened as (
        update closed_day set reopened_at = $3, reopened_by = $4
        where scope = $1 and day >= $2 and reopened_at is null returning id)
    select name from assurance.closing where closing_id in (select id from opened) order by day";

/// The day and all after it are open again; the names of the closings that were in force.
pub async fn reopen(db: &Db, scope: &str, day: Date, at: Timestamp, by: &str) -> Result<Vec<String>, StorageError> {
    Ok(db.query(REOPEN, &[&scope, &day, &at, &by]).await?.iter().map(|row| row.get(0)).collect())
}

const OPEN_BEFORE: &str =
    "with last as (select max(day) as day from closed_day where scope = $1 and reopened_at is null)
    select min(e.day) from day_entry e
    where scope = $1 and kind not in ('opening_balance', 'stated_opening') and booked_on > coalesce((select day from last), '-infinity')
      and (booked_on < $2 or moved_from < $2)
      and e.day > coalesce((select day from last), '-infinity') and e.day < $2";

/// The first day before `day` that has bookings and is not closed.
pub async fn open_before(db: &Db, scope: &str, day: Date) -> Result<Option<Date>, StorageError> {
    let statement = db.prepare_cached(OPEN_BEFORE).await?;
    Ok(db.query_one(&statement, &[&scope, &day]).await?.get(0))
}

/// What statements and movements say of a day of an account.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    pub pieces: Vec<Told>,
    pub closed_before: Vec<Vnd>,
    pub opened_after: Vec<Vnd>,
    pub moved_in: Vnd,
    pub moved_out: Vnd,
    /// Movements without a fate, in and out added up.
    pub open: Vnd,
    pub matched: i64,
    pub unmatched: i64,
    pub in_case: i64,
    /// Lines of movements that another file had told already.
    pub repeated: i64,
    /// A credit of the day was told of by somebody.
    pub told: bool,
}

// a statement of many days says of each how it began and ended; a line is of the day on which its movement is booked, which
// another statement may have told first
const PIECES: &str = "select s.opening + coalesce(l.before, 0) as opening,
        case when s.closing_date = $2 then s.closing else s.opening + coalesce(l.until, 0) end as closing, o.named
    from statement s left join overtaken_piece o on o.statement_id = s.id and o.day = $2 cross join lateral (
        select sum(k.amount) filter (where m.business_date < $2)::bigint as before,
               sum(k.amount) filter (where m.business_date <= $2)::bigint as until
        from statement_line k join movement m on m.id = k.movement_id where k.statement_id = s.id
            -- a file of this day alone says what stood before and after it
            and (s.first_date is null or s.first_date < $2 or s.closing_date > $2)) l
    where s.account_code = $1 and s.state = 'imported' and s.opening is not null and s.closing is not null
      and (s.closing_date = $2 or (s.closing_date > $2 and s.first_date <= $2))
    order by s.imported_at, s.id";
// Each statement says what stood at the end of the day before, or of its own last one; the latest word counts, and of the parts
// of a day, but those that another has overtaken, the last one.
const NEIGHBOURS: &str = "with own as (
        select * from statement
        where account_code = $1 and state = 'imported' and opening is not null and closing is not null),
    said as (
        select least(o.closing_date, $2::date - 1) as day,
               case when o.closing_date < $2 then o.closing else o.opening + coalesce((
                   select sum(k.amount) from statement_line k join movement m on m.id = k.movement_id
                   where k.statement_id = o.id and m.business_date < $2), 0)::bigint end as closing,
               o.closing_date < $2 and exists (
                   select from own n where n.closing_date = o.closing_date and n.opening = o.closing and n.closing <> o.closing
                      and not exists (select from overtaken_piece p where p.statement_id = n.id and p.day = n.closing_date))
                   as goes_on
        from own o where o.first_date < $2
          and o.closing_date >= (select coalesce(max(closing_date), '-infinity') from own where closing_date < $2)
          and not exists (select from overtaken_piece p
                          where p.statement_id = o.id and p.day = least(o.closing_date, $2::date - 1)))
    select array(select closing from said where not goes_on and day = (select max(day) from said)) as closed_before,
           array(select opening from own
                 where closing_date = (select min(closing_date) from own where closing_date > $2) and first_date > $2)
             as opened_after";
// what takes a line of a superseded file back is less of what that said
const MOVEMENTS: &str = "select coalesce(sum(amount) filter (where (amount > 0) <> (w.counter_id is not null)), 0)::bigint as moved_in,
        coalesce(-sum(amount) filter (where (amount < 0) <> (w.counter_id is not null)), 0)::bigint as moved_out,
        -- what came for a day that was closed keeps the first open one from closing
        coalesce((select sum(abs(o.amount)) from movement o where o.account_code = $1 and o.fate is null
                    and (o.business_date = $2 or o.business_date < $2 and exists (
                        select from closed_day c where c.scope = 'bank:' || $1 and c.reopened_at is null and c.day >= o.business_date))), 0)::bigint
            as open,
        count(*) filter (where fate = 'matched') as matched, count(*) filter (where fate = 'case') as in_case,
        count(*) filter (where fate is null) as unmatched,
        (select count(*) from statement_line l join statement s on s.id = l.statement_id
         where s.account_code = $1 and s.state = 'imported' and l.business_date = $2 and l.repeated) as repeated,
        exists (select from journal j join ledger_entry e on e.journal_id = j.id
                where (j.business_date = $2 or j.original_business_date = $2)
                  and e.account_code = 'in_transit:' || $1 and e.amount > 0
                  and e.settlement_id is null) as told
    from movement left join withdrawn_movement w on w.counter_id = movement.id
    where account_code = $1 and business_date = $2";

fn told(row: &Row) -> Told {
    let by = |named| if named { Overtaken::ByName } else { Overtaken::ByCount };
    Told {
        piece: Piece { opening: vnd(row, "opening"), closing: vnd(row, "closing") },
        overtaken: row.get::<_, Option<bool>>("named").map(by),
    }
}

/// With what the statements before a day of an account ended, and with what those after it began.
pub(crate) async fn neighbours(db: &Db, account: &str, day: Date) -> Result<(Vec<Vnd>, Vec<Vnd>), StorageError> {
    let statement = db.prepare_cached(NEIGHBOURS).await?;
    let row = db.query_one(&statement, &[&account, &day]).await?;
    let balances = |column: &str| row.get::<_, Vec<i64>>(column).into_iter().map(Vnd::new).collect();
    Ok((balances("closed_before"), balances("opened_after")))
}

pub async fn stated(db: &Db, account: &str, day: Date) -> Result<Stated, StorageError> {
    let pieces = db.prepare_cached(PIECES).await?;
    let pieces = db.query(&pieces, &[&account, &day]).await?;
    let (closed_before, opened_after) = neighbours(db, account, day).await?;
    let movements = db.prepare_cached(MOVEMENTS).await?;
    let row = db.query_one(&movements, &[&account, &day]).await?;
    Ok(Stated {
        pieces: pieces.iter().map(told).collect(),
        closed_before,
        opened_after,
        moved_in: vnd(&row, "moved_in"),
        moved_out: vnd(&row, "moved_out"),
        open: vnd(&row, "open"),
        matched: row.get("matched"),
        unmatched: row.get("unmatched"),
        in_case: row.get("in_case"),
        repeated: row.get("repeated"),
        told: row.get("told"),
    })
}

/// What settlement files say of a day of a contract, beside our payments of that day.
#[derive(Debug, Clone, Default)]
pub struct Provided {
    pub settled: Option<Settled>,
    pub paid_out: Vnd,
    pub booked_settled: Vnd,
    pub in_no_file: Vnd,
    pub not_settled: Vnd,
    pub lines_unknown: Vnd,
    pub differing: (Vnd, Vnd),
    pub matched: i64,
    pub unmatched: i64,
    pub in_case: i64,
    pub repeated: i64,
    pub ignored: i64,
}

// a file's booking is of the file's own day, wherever it was moved to: it is compared when that day is open
const FILES: &str =
    "select count(*) as files, coalesce(sum(gross), 0)::bigint as gross, coalesce(sum(fee), 0)::bigint as fee,
        coalesce(sum(refunds), 0)::bigint as refunds, coalesce(sum(net), 0)::bigint as net,
        (select coalesce(-sum(e.amount), 0)::bigint from journal j join ledger_entry e on e.journal_id = j.id
         where e.account_code = 'clearing:' || $1 and j.kind = 'settlement'
           and (j.original_business_date = $2 or j.original_business_date is null and j.business_date = $2)) as booked_settled
    from settlement where profile = $1 and date = $2";
// a fee in a row of its own is what the row takes; what another file named is booked with that one
const LINES: &str = "select coalesce(sum(l.amount) filter (where l.kind = 'payment' and l.disposition <> 'ignored'), 0)::bigint as lines,
        coalesce(sum(l.fee + l.net - case l.kind when 'fee' then l.amount else 0 end)
                 filter (where l.disposition not in ('duplicate', 'ignored')), 0)::bigint as paid_out,
        coalesce(sum(abs(l.amount)) filter (where l.disposition = 'unmatched'), 0)::bigint as unknown,
        count(*) filter (where l.disposition = 'matched') as matched,
        count(*) filter (where l.disposition = 'unmatched') as unmatched,
        count(*) filter (where l.disposition = 'case') as in_case,
        count(*) filter (where l.disposition = 'duplicate') as repeated,
        count(*) filter (where l.disposition = 'ignored') as ignored
    from settlement s join settlement_line l on l.settlement_id = s.id where s.profile = $1 and s.date = $2";
// a line of any day's file settles a payment: providers pay out a weekend with the Monday
const OURS: &str = "with ours as (
        select payment_id, sum(amount)::bigint as amount from day_entry
        where scope = 'clearing:' || $1 and kind = 'capture' and payment_id is not null
          and (booked_on = $2 or moved_from <= $2 and booked_on > $2) and day = $2
          -- what was undone at the terminal on the same day is in no file; what one names was not undone there
          and (not exists (select from counter_void v where v.payment_id = day_entry.payment_id)
               or exists (select from settlement_line l where l.payment_id = day_entry.payment_id and l.kind = 'payment'
                          and l.disposition in ('matched', 'case')))
        group by 1),
    compared as (
        select o.amount, l.amount as theirs, l.disposition,
            exists (select from kase k where k.payment_id = o.payment_id and k.status <> 'closed'
                    and k.kind in ('missing_at_provider', 'status_differs', 'late')) as told,
            exists (select from kase k where k.payment_id = o.payment_id and k.kind = 'amount_differs') as differs
        from ours o left join lateral (
            select amount, disposition from settlement_line
            where payment_id = o.payment_id and kind = 'payment' and disposition in ('matched', 'case')
            order by settlement_id limit 1) l on true)
    select coalesce(sum(amount) filter (where theirs is null), 0)::bigint as in_no_file,
           coalesce(sum(amount) filter (where theirs is null and not told), 0)::bigint as not_settled,
           count(*) filter (where theirs is null and not told) as unmatched,
           coalesce(sum(amount) filter (where theirs <> amount and disposition <> 'case' and not differs), 0)::bigint as ours,
           coalesce(sum(theirs) filter (where theirs <> amount and disposition <> 'case' and not differs), 0)::bigint as theirs
    from compared";

pub async fn provided(db: &Db, profile: &str, day: Date) -> Result<Provided, StorageError> {
    let files = db.prepare_cached(FILES).await?;
    let file = db.query_one(&files, &[&profile, &day]).await?;
    let lines = db.prepare_cached(LINES).await?;
    let line = db.query_one(&lines, &[&profile, &day]).await?;
    let ours = db.prepare_cached(OURS).await?;
    let own = db.query_one(&ours, &[&profile, &day]).await?;
    let settled = Settled {
        gross: vnd(&file, "gross"),
        fee: vnd(&file, "fee"),
        refunds: vnd(&file, "refunds"),
        net: vnd(&file, "net"),
        lines: vnd(&line, "lines"),
    };
    Ok(Provided {
        settled: (file.get::<_, i64>("files") > 0).then_some(settled),
        paid_out: vnd(&line, "paid_out"),
        booked_settled: vnd(&file, "booked_settled"),
        in_no_file: vnd(&own, "in_no_file"),
        not_settled: vnd(&own, "not_settled"),
        lines_unknown: vnd(&line, "unknown"),
        differing: (vnd(&own, "ours"), vnd(&own, "theirs")),
        matched: line.get("matched"),
        unmatched: line.get::<_, i64>("unmatched") + own.get::<_, i64>("unmatched"),
        in_case: line.get("in_case"),
        repeated: line.get("repeated"),
        ignored: line.get("ignored"),
    })
}

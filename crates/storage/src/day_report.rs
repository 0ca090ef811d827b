//! What stands behind the sums of a day: whose fees its money is, what came late, and each closing that it had.

use crate::error::StorageError;
use crate::pool::Db;
use domain::{MovementId, PaymentId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// Of the payments that came to an account or a contract on a day: where their đồng are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlTotal {
    pub agency: Option<String>,
    pub fee_code: Option<String>,
    pub channel: String,
    /// Why they pay no fee: a reason to wait, `refund` or `written_off`.
    pub instead: Option<String>,
    pub payments: i64,
    pub amount: Vnd,
}

const CONTROL_TOTALS: &str = "with paid as (
        select p.id, p.channel, b.agency_code
        from payment p left join intent i on i.id = p.intent_id left join beneficiary b on b.code = i.beneficiary_code
        where p.business_date = $2 and case when $1 like 'bank:%' then p.receiving_account = substr($1, 6)
              else p.receiving_account is null and p.profile = substr($1, 10) end)
    select coalesce(o.agency_code, p.agency_code) as agency, o.fee_code, p.channel,
           coalesce(a.suspense_reason, case when a.refund_id is not null then 'refund' when a.written_off then 'written_off' end)
               as instead,
           count(distinct p.id) as payments, sum(a.amount)::bigint as amount
    from paid p join allocation a on a.payment_id = p.id left join obligation o on o.id = a.obligation_id
    group by 1, 2, 3, 4 having sum(a.amount) <> 0 order by 1, 2, 3, 4";

/// By agency, fee and channel; together they are the payments of the day, less what was taken back.
pub async fn control_totals(db: &Db, scope: &str, day: Date) -> Result<Vec<ControlTotal>, StorageError> {
    let statement = db.prepare_cached(CONTROL_TOTALS).await?;
    let rows = db.query(&statement, &[&scope, &day]).await?;
    Ok(rows
        .iter()
        .map(|row| ControlTotal {
            agency: row.get("agency"),
            fee_code: row.get("fee_code"),
            channel: row.get("channel"),
            instead: row.get("instead"),
            payments: row.get("payments"),
            amount: Vnd::new(row.get("amount")),
        })
        .collect())
}

/// A booking whose own day was closed when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateLine {
    /// The day that it is for.
    pub for_day: Date,
    pub booked_on: Date,
    /// The day whose sums have it, by the closings in force.
    pub counts_on: Date,
    pub amount: Vnd,
    pub payment_id: Option<PaymentId>,
    pub movement_id: Option<MovementId>,
}

// Moved journals are few, and have an index of their own.
macro_rules! of_late_lines {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " from journal j join ledger_entry e on e.journal_id = j.id join day_entry d on d.entry_id = e.id
    where j.original_business_date is not null and e.account_code = $1
      and ($2 in (j.original_business_date, j.business_date) or d.day = $2)",
            $rest
        )
    };
}

const COUNT_LATE_LINES: &str = of_late_lines!("select count(*)", "");

/// How much came late on this day or for it.
pub async fn count_late_lines(db: &Db, scope: &str, day: Date) -> Result<i64, StorageError> {
    let statement = db.prepare_cached(COUNT_LATE_LINES).await?;
    Ok(db.query_one(&statement, &[&scope, &day]).await?.get(0))
}

const LATE_LINES: &str = of_late_lines!(
    "select j.original_business_date as for_day, j.business_date as booked_on, d.day as counts_on, e.amount,
           e.payment_id, e.movement_id",
    " order by e.id limit 500"
);

/// What came late on this day or for it, at most 500.
pub async fn late_lines(db: &Db, scope: &str, day: Date) -> Result<Vec<LateLine>, StorageError> {
    let statement = db.prepare_cached(LATE_LINES).await?;
    let rows = db.query(&statement, &[&scope, &day]).await?;
    Ok(rows
        .iter()
        .map(|row| LateLine {
            for_day: row.get("for_day"),
            booked_on: row.get("booked_on"),
            counts_on: row.get("counts_on"),
            amount: Vnd::new(row.get("amount")),
            payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
            movement_id: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
        })
        .collect())
}

const KEEP: &str = "with kept as (
        insert into closing_report (closing_id, report, sha256)
        select id, $3, encode(sha256(convert_to($3, 'UTF8')), 'hex') from closed_day
        where scope = $1 and day = $2 and reopened_at is null returning closing_id, sha256)
    select c.name || ' sha256=' || k.sha256 from kept k join assurance.closing c on c.closing_id = k.closing_id";

/// Keeps the report of the closing in force; answers what the audit trail has to say of it.
pub async fn keep(db: &Db, scope: &str, day: Date, report: &str) -> Result<String, StorageError> {
    Ok(db.query_one(KEEP, &[&scope, &day, &report]).await?.get(0))
}

/// A closing that the day had, or has.
#[derive(Debug, Clone)]
pub struct Closing {
    pub opening: Vnd,
    pub moved_in: Vnd,
    pub moved_out: Vnd,
    pub closing: Vnd,
    pub closed_by: String,
    pub closed_at: Timestamp,
    pub reopened: Option<Reopened>,
    /// As it was kept; None of a closing from before there were reports.
    pub report: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Reopened {
    pub at: Timestamp,
    pub proposed_by: Option<String>,
    pub approved_by: String,
    /// Why, in the words of who proposed it.
    pub note: Option<String>,
}

const COUNT_CLOSINGS: &str = "select count(*) from closed_day where scope = $1 and day = $2";

/// How often a day was closed.
pub async fn count_closings(db: &Db, scope: &str, day: Date) -> Result<i64, StorageError> {
    Ok(db.query_one(COUNT_CLOSINGS, &[&scope, &day]).await?.get(0))
}

// A day is opened by the approval of its own reopening, or of an earlier day's, decided by the same person at that moment.
const CLOSINGS: &str =
    "select c.opening, c.moved_in, c.moved_out, c.closing, c.closed_by, c.closed_at, c.reopened_at, c.reopened_by,
           a.proposer, a.note, r.report
    from closed_day c
    left join closing_report r on r.closing_id = c.id
    left join lateral (
        select proposer, note from approval
        where kind = 'day_reopening' and status = 'approved' and decided_at = c.reopened_at and decider = c.reopened_by
          and payload ->> 'scope' = c.scope limit 1) a on c.reopened_at is not null
    where c.scope = $1 and c.day = $2 order by c.id desc";

/// Every closing of a day, the newest first.
pub async fn closings(db: &Db, scope: &str, day: Date) -> Result<Vec<Closing>, StorageError> {
    let statement = db.prepare_cached(CLOSINGS).await?;
    let rows = db.query(&statement, &[&scope, &day]).await?;
    let sum = |row: &tokio_postgres::Row, column: &str| Vnd::new(row.get(column));
    Ok(rows
        .iter()
        .map(|row| Closing {
            opening: sum(row, "opening"),
            moved_in: sum(row, "moved_in"),
            moved_out: sum(row, "moved_out"),
            closing: sum(row, "closing"),
            closed_by: row.get("closed_by"),
            closed_at: row.get("closed_at"),
            reopened: row.get::<_, Option<Timestamp>>("reopened_at").map(|at| Reopened {
                at,
                proposed_by: row.get("proposer"),
                approved_by: row.get("reopened_by"),
                note: row.get("note"),
            }),
            report: row.get("report"),
        })
        .collect())
}

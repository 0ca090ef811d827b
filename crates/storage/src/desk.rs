//! What a person of the finance desk sees at a glance: what came in today, what waits, and whether the neighbours hear us.

use crate::error::StorageError;
use crate::pool::Db;
use domain::Vnd;
use domain::report::Period;
use jiff::Timestamp;
use jiff::civil::Date;

/// What one channel brought on a day.
#[derive(Debug, Clone)]
pub struct Taken {
    pub channel: String,
    /// At a counter, by an officer.
    pub at_counter: bool,
    pub payments: i64,
    pub amount: Vnd,
}

const TAKEN: &str = "select p.channel, p.counter is not null as at_counter, count(*) as payments,
        sum(p.amount - p.reversed)::bigint as amount
    from payment p
    where p.business_date = $1 and ($2::text[] is null or p.whose = any(array(select concerning($2))))
    group by 1, 2 order by amount desc, 1";

/// The most first.
pub async fn taken(db: &Db, day: Date, beneficiaries: Option<&[String]>) -> Result<Vec<Taken>, StorageError> {
    let statement = db.prepare_cached(TAKEN).await?;
    let rows = db.query(&statement, &[&day, &beneficiaries]).await?;
    let taken = |row: &tokio_postgres::Row| Taken {
        channel: row.get("channel"),
        at_counter: row.get("at_counter"),
        payments: row.get("payments"),
        amount: Vnd::new(row.get("amount")),
    };
    Ok(rows.iter().map(taken).collect())
}

const BY_HOUR: &str = "select extract(hour from p.paid_at at time zone 'Asia/Ho_Chi_Minh')::int as hour,
        sum(p.amount - p.reversed)::bigint as amount
    from payment p
    where p.business_date = $1 and ($2::text[] is null or p.whose = any(array(select concerning($2))))
    group by 1 order by 1";

/// By the hour in Hanoi at which it was paid.
pub async fn by_hour(db: &Db, day: Date, beneficiaries: Option<&[String]>) -> Result<Vec<(i32, Vnd)>, StorageError> {
    let statement = db.prepare_cached(BY_HOUR).await?;
    let rows = db.query(&statement, &[&day, &beneficiaries]).await?;
    Ok(rows.iter().map(|row| (row.get("hour"), Vnd::new(row.get("amount")))).collect())
}

/// Open cases of one kind, proposed ones included.
#[derive(Debug, Clone)]
pub struct Open {
    pub kind: String,
    pub cases: i64,
    pub amount: Vnd,
    /// Of it, what waits in suspense.
    pub waiting: Vnd,
    pub oldest: Timestamp,
}

const OPEN: &str =
    "select k.kind, count(*) as cases, sum(k.amount)::bigint as amount, sum(w.waiting)::bigint as waiting,
        min(k.opened_at) as oldest
    from kase k
    cross join lateral (
        select coalesce(sum(a.amount), 0)::bigint as waiting from allocation a
        where k.waits and a.payment_id = k.payment_id
          and a.suspense_reason = reason_of_case(k.kind)) w
    where k.status <> 'closed' and ($1::text[] is null or k.whose = any(array(select concerning($1))))
    group by 1 order by oldest";

/// The longest waiting first.
pub async fn open(db: &Db, beneficiaries: Option<&[String]>) -> Result<Vec<Open>, StorageError> {
    let statement = db.prepare_cached(OPEN).await?;
    let rows = db.query(&statement, &[&beneficiaries]).await?;
    let open = |row: &tokio_postgres::Row| Open {
        kind: row.get("kind"),
        cases: row.get("cases"),
        amount: Vnd::new(row.get("amount")),
        waiting: Vnd::new(row.get("waiting")),
        oldest: row.get("oldest"),
    };
    Ok(rows.iter().map(open).collect())
}

const SUSPENSE: &str = concat!(
    "select coalesce(sum(amount), 0)::bigint as amount, min(since) as since, count(*) as parts from (",
    include_str!("reports/suspense.sql"),
    ") s"
);

/// What waits in suspense at the end of a day, by the ledger: the sum of the report `suspense`, the day since which the oldest
/// part has waited, and how many there are.
pub async fn suspense(
    db: &Db,
    day: Date,
    beneficiaries: Option<&[String]>,
) -> Result<(Vnd, Option<Date>, i64), StorageError> {
    let statement = db.prepare_cached(SUSPENSE).await?;
    let (first, none) = (Period::until(day).from(), None::<&str>);
    let row = db.query_one(&statement, &[&first, &day, &none, &none, &beneficiaries]).await?;
    Ok((Vnd::new(row.get("amount")), row.get("since"), row.get("parts")))
}

const TO_DECIDE: &str = "select count(*) from approval
    where status = 'pending' and proposer <> $1
      and ($2::text[] is null or reaches($2, concerned_by(approval)))";

/// What waits for a decision by somebody else than who proposed it.
pub async fn to_decide(db: &Db, actor: &str, beneficiaries: Option<&[String]>) -> Result<i64, StorageError> {
    let statement = db.prepare_cached(TO_DECIDE).await?;
    Ok(db.query_one(&statement, &[&actor, &beneficiaries]).await?.get(0))
}

/// How one portal's address hears us.
#[derive(Debug, Clone)]
pub struct Hearing {
    pub name: String,
    /// Events that are on their way.
    pub waiting: i64,
    /// Given up: a person sends them again.
    pub dead: i64,
    pub oldest: Option<Timestamp>,
}

const HEARING: &str = "select c.name, w.waiting, w.oldest, d.dead
    from event_endpoint e join client c on c.id = e.client_id
    cross join lateral (select count(*) as waiting, min(v.at) as oldest from delivery d join event v on v.id = d.event_id
        where d.endpoint_id = e.id and d.state in ('waiting', 'leased')) w
    cross join lateral (select count(*) as dead from delivery d where d.endpoint_id = e.id and d.state = 'dead') d
    where e.disabled_at is null order by d.dead desc, w.waiting desc, c.code limit 50";

/// Each address that is not disabled, the worst first.
pub async fn hearing(db: &Db) -> Result<Vec<Hearing>, StorageError> {
    let statement = db.prepare_cached(HEARING).await?;
    let rows = db.query(&statement, &[]).await?;
    let hearing = |row: &tokio_postgres::Row| Hearing {
        name: row.get("name"),
        waiting: row.get("waiting"),
        dead: row.get("dead"),
        oldest: row.get("oldest"),
    };
    Ok(rows.iter().map(hearing).collect())
}

/// A day's scope that a person sees, and its last closed day.
#[derive(Debug, Clone)]
pub struct Scope {
    /// `bank:<account>` or `clearing:<profile>`.
    pub scope: String,
    pub name: String,
    pub last_closed: Option<Date>,
}

const SCOPES: &str = "select s.scope, s.name, (select max(day) from closed_day c where c.scope = s.scope and c.reopened_at is null) as last_closed
    from (select 'bank:' || code as scope, account_name as name from receiving_account
          union all select 'clearing:' || code, channel from merchant_profile) s
    where exists (select from account a where a.code = s.scope)
      and ($1::text[] is null
           or (exists (select from scope_beneficiary b where b.scope = s.scope)
               and not exists (select from scope_beneficiary b where b.scope = s.scope and b.beneficiary_code <> all($1))))
    order by 1";

/// Accounts and contracts with books, of which all who have a part are theirs (None: all there are).
pub async fn scopes(db: &Db, beneficiaries: Option<&[String]>) -> Result<Vec<Scope>, StorageError> {
    let statement = db.prepare_cached(SCOPES).await?;
    let rows = db.query(&statement, &[&beneficiaries]).await?;
    let scope = |row: &tokio_postgres::Row| Scope {
        scope: row.get("scope"),
        name: row.get("name"),
        last_closed: row.get("last_closed"),
    };
    Ok(rows.iter().map(scope).collect())
}

const NAMES: &str =
    "select assurance.text_id('usr', id), name from person where assurance.text_id('usr', id) = any($1)";

/// The names of people, by which they stand in the books.
pub async fn names(db: &Db, actors: &[String]) -> Result<Vec<(String, String)>, StorageError> {
    let rows = db.query(NAMES, &[&actors]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

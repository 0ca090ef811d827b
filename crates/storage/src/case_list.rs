//! Cases as finance staff read them: with whose day they belong to. They are opened and closed by a unit of work.

use crate::error::StorageError;
use crate::pool::Db;
use domain::case::{CaseKind, CaseStatus};
use domain::{CaseId, PaymentId, PersonId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// A case with its context.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: CaseId,
    pub kind: String,
    pub status: String,
    pub amount: Vnd,
    pub payment_id: Option<PaymentId>,
    pub movement_id: Option<String>,
    pub sighting_id: Option<SightingId>,
    /// It tells of money of its payment that waits in suspense.
    pub waits: bool,
    /// How much of it still does; nothing for a closed case, since an open one may tell of the same money.
    pub waiting: Vnd,
    pub subject: String,
    /// `bank:<account>` or `clearing:<profile>`; None where it is about no money.
    pub scope: Option<String>,
    pub business_date: Option<Date>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    /// Who works on it.
    pub owner: Option<PersonId>,
}

/// The order of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Newest,
    /// Oldest first.
    Age,
    /// Most đồng first, in whatever direction they went.
    Amount,
}

impl Sort {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Age => "age",
            Self::Amount => "amount",
        }
    }
}

pub(crate) fn from_row(row: &Row) -> Listed {
    Listed {
        id: row.get::<_, Uuid>("id").into(),
        kind: row.get("kind"),
        status: row.get("status"),
        amount: Vnd::new(row.get("amount")),
        payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
        movement_id: row.get("movement"),
        sighting_id: row.get::<_, Option<Uuid>>("sighting_id").map(Into::into),
        waits: row.get("waits"),
        waiting: Vnd::new(row.get("waiting")),
        subject: row.get("subject"),
        scope: row.get("scope"),
        business_date: row.get("business_date"),
        opened_at: row.get("opened_at"),
        updated_at: row.get("updated_at"),
        owner: row.get::<_, Option<Uuid>>("owner").map(Into::into),
    }
}

/// Which cases are seen. A person with beneficiaries sees those of their intents, and those without an intent unless
/// they are on an account or a contract of others only; what is about one as a whole, where all of it is theirs.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub beneficiaries: Option<Vec<String>>,
    pub status: Option<CaseStatus>,
    pub kind: Option<CaseKind>,
    pub id: Option<CaseId>,
}

/// What is shown of a case, from `case_in_context c`.
macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "select c.*, assurance.text_id('mov', c.movement_id) as movement, owner_of_case(c.id) as owner,
    (select coalesce(sum(a.amount), 0)::bigint from allocation a
        where c.waits and c.status <> 'closed' and a.payment_id = c.payment_id
          and a.suspense_reason = reason_of_case(c.kind)) as waiting ",
            $rest
        )
    };
}

const PAGE: &str = shown!(
    "from case_in_context c
    where ($1::text is null or c.status = $1) and ($2::text is null or c.kind = $2) and ($3::uuid is null or c.id = $3)
      and ($4::uuid is null or c.id < $4)
    order by c.id desc limit $5"
);

// From the newest of each whose they may be, so that nothing of others' is read; the context of those that are shown only.
// Bounds and order are those of one index (kase_by_whose): by equality the planner would walk the primary key, over others'.
pub(crate) const PAGE_OF: &str = shown!(
    "from (select k.id from concerning($6) as w(whose)
          cross join unnest($1::text[]) as s(status)
          cross join lateral (
              select k.id from kase k
              where (k.whose || ' ' || k.status, k.id) >= (w.whose || ' ' || s.status, '00000000-0000-0000-0000-000000000000')
                and (k.whose || ' ' || k.status, k.id)
                    < (w.whose || ' ' || s.status, coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                and ($2::text is null or k.kind = $2) and ($3::uuid is null or k.id = $3)
              order by k.whose || ' ' || k.status desc, k.id desc limit $5) k
          order by k.id desc limit $5) page
    cross join lateral (select c.* from case_in_context c where c.id = page.id limit 1) c
    order by c.id desc"
);

const BENEFICIARIES: &str = "select concerned_by_case($1)";

/// Whose money a case is about: of the intent that it names, or all on whose account or contract it is; of a deposit also all
/// whose cash the drawer may hold.
pub async fn beneficiaries(db: &Db, id: CaseId) -> Result<Vec<String>, StorageError> {
    Ok(db.query_one(BENEFICIARIES, &[&id.uuid()]).await?.get::<_, Option<_>>(0).unwrap_or_default())
}

const CANDIDATES: &str = "select p.id, p.amount from kase k
    join refund_may_be_of o on o.provider_txn_id = k.subject and k.scope = 'clearing:' || o.profile
    join payment p on p.id = o.payment_id
    where k.id = $1 and k.kind = 'refund_without_payment' and k.payment_id is null and k.status <> 'closed'
    order by p.id limit 50";

/// The payments that an open case may be about, where it names none because it may be any of them.
pub async fn candidates(db: &Db, id: CaseId) -> Result<Vec<(PaymentId, Vnd)>, StorageError> {
    let statement = db.prepare_cached(CANDIDATES).await?;
    let rows = db.query(&statement, &[&id.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
}

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<CaseId>, limit: i64) -> Result<Vec<Listed>, StorageError> {
    let (status, kind) = (f.status.map(CaseStatus::as_str), f.kind.map(CaseKind::as_str));
    let (id, after) = (f.id.map(CaseId::uuid), after.map(CaseId::uuid));
    let rows = match &f.beneficiaries {
        None => {
            let statement = db.prepare_cached(PAGE).await?;
            db.query(&statement, &[&status, &kind, &id, &after, &limit]).await?
        }
        Some(beneficiaries) => {
            let any: Vec<&str> = CaseStatus::ALL.iter().map(|s| s.as_str()).collect();
            let statuses = status.map_or(any, |one| vec![one]);
            let statement = db.prepare_cached(PAGE_OF).await?;
            db.query(&statement, &[&statuses, &kind, &id, &after, &limit, beneficiaries]).await?
        }
    };
    Ok(rows.iter().map(from_row).collect())
}

// The context of those that are shown only. By equality of the day the planner would walk the primary key, over others'.
pub(crate) const OF_DAY: &str = shown!(
    "from (select k.id from kase k where k.at_scope = $1 and k.at_day between $2 and $2 and (not $4 or k.status <> 'closed')
          order by k.at_day, k.id limit $3) page
    cross join lateral (select c.* from case_in_context c where c.id = page.id limit 1) c
    order by c.id"
);

// Whatever the order is, a case has one place in it: the number by which it is sorted, then its id.
pub(crate) const QUEUE: &str = shown!(
    "from (select k.id, p.place from kase k
          cross join lateral (select case $5::text when 'amount' then -abs(k.amount)
              else (case $5 when 'age' then 1 else -1 end) * (extract(epoch from k.opened_at) * 1000000)::bigint end as place) p
          where (k.status = $1 or $1::text is null and k.status <> 'closed') and ($2::text is null or k.kind = $2)
            and ($3::text[] is null or k.whose = any(array(select concerning($3))))
            and ($6::text is null or coalesce(owner_of_case(k.id)::text, '') = $6)
            and ($4::uuid is null or (p.place, k.id) > (
                select case $5 when 'amount' then -abs(a.amount)
                    else (case $5 when 'age' then 1 else -1 end) * (extract(epoch from a.opened_at) * 1000000)::bigint end, a.id
                from kase a where a.id = $4))
          order by p.place, k.id limit $7) page
    cross join lateral (select c.* from case_in_context c where c.id = page.id limit 1) c
    order by page.place, page.id"
);

const COUNT_OF_DAY: &str = "select count(*), count(*) filter (where status <> 'closed')
    from kase where at_scope = $1 and at_day between $2 and $2";

/// How many cases a day has, whatever their status, and how many of them are not closed.
pub async fn count_of_day(db: &Db, scope: &str, day: Date) -> Result<(i64, i64), StorageError> {
    let statement = db.prepare_cached(COUNT_OF_DAY).await?;
    let row = db.query_one(&statement, &[&scope, &day]).await?;
    Ok((row.get(0), row.get(1)))
}

/// Which cases of a day are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfDay {
    /// Whatever their status.
    All,
    NotClosed,
}

/// The cases of one day of an account or a contract, oldest first.
pub async fn of_day(db: &Db, scope: &str, day: Date, which: OfDay, limit: i64) -> Result<Vec<Listed>, StorageError> {
    let statement = db.prepare_cached(OF_DAY).await?;
    let is_open_only = which == OfDay::NotClosed;
    let rows = db.query(&statement, &[&scope, &day, &limit, &is_open_only]).await?;
    Ok(rows.iter().map(from_row).collect())
}

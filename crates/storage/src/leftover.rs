//! Payments without a line when statements show all days, and lines that were booked as payments of their own.

use crate::account_money::Awaited;
use crate::error::StorageError;
use crate::lent::Moved;
use crate::payments;
use crate::pool::Db;
use domain::bank_reference::BankReference;
use domain::codes::AccountCode;
use domain::matching::Rule;
use domain::payment::Payment;
use domain::{MovementId, PaymentId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

// a line that was booked by itself, or brought a transfer of ours back, and may be its
macro_rules! with_a_line {
    ($from:literal, $only:literal) => {
        concat!(
            "select distinct w.amount, w.day from (select *, (",
            $from,
            " at time zone 'Asia/Ho_Chi_Minh')::date as day from ",
            $only,
            ") w
            where exists (select from movement m join movement_match k on k.movement_id = m.id
                              and (k.rule = $2 or k.refund_id is not null)
                          where m.account_code = w.account_code and m.amount = w.amount
                            and m.booking_date between w.day and w.day + 14)
            order by w.amount, w.day limit 500"
        )
    };
}
const MISSING: &str = with_a_line!("paid_at", "awaited_payment where account_code = $1");
const WAITING: &str = with_a_line!("stated_at", "waiting_sighting where account_code = $1 and intent_id is not null");

/// Amounts and days of payments that no statement has shown, and of reports with a name that wait, where a line was booked by itself
/// that may be theirs, or a transfer of ours came back.
pub async fn missing(db: &Db, account: &AccountCode) -> Result<BTreeSet<(Vnd, Date)>, StorageError> {
    let mut all = BTreeSet::new();
    for sql in [MISSING, WAITING] {
        let statement = db.prepare_cached(sql).await?;
        let rows = db.query(&statement, &[&account.as_str(), &Rule::Line.as_str()]).await?;
        all.extend(rows.iter().map(|row| (Vnd::new(row.get(0)), row.get::<_, Date>(1))));
    }
    Ok(all)
}

/// A payment that a line brought, which nobody had told of.
#[derive(Debug, Clone)]
pub struct Booked {
    pub payment: Payment,
    pub line: MovementId,
    pub day: Date,
    pub references: Vec<BankReference>,
    /// Its line names nobody, and reads like nothing else that we know of.
    pub is_silent: bool,
}

const BOOKED: &str = "select p.*, m.id as line, m.booking_date as line_day,
        cardinality(m.codes) = 0 and m.once_payout_of is null
            and not exists (select from early_return e where e.movement_id = m.id) as is_silent,
        array(select r.reference from movement_reference r where r.movement_id = m.id) as known_as
    from movement m join movement_match k on k.movement_id = m.id and k.rule = $5 join payment p on p.id = k.payment_id
    where m.account_code = $1 and m.amount = $2 and m.booking_date between $3 and $4
      and p.amount = m.amount and p.reversed = 0
    order by m.booking_date, p.id limit $6";

/// More lines of one amount and a few days than this are nobody's to tell apart.
pub const MANY: usize = 500;

/// Those of this amount and these days, oldest first; no more than [`MANY`].
pub async fn booked(
    db: &Db,
    account: &AccountCode,
    amount: Vnd,
    (from, to): (Date, Date),
) -> Result<Vec<Booked>, StorageError> {
    let statement = db.prepare_cached(BOOKED).await?;
    let (rule, limit) = (Rule::Line.as_str(), i64::try_from(MANY).unwrap_or(i64::MAX));
    let rows = db.query(&statement, &[&account.as_str(), &amount.dong(), &from, &to, &rule, &limit]).await?;
    rows.iter().map(booked_from_row).collect()
}

fn booked_from_row(row: &Row) -> Result<Booked, StorageError> {
    Ok(Booked {
        payment: payments::from_row(row)?,
        line: row.get::<_, Uuid>("line").into(),
        day: row.get("line_day"),
        references: row.get::<_, Vec<String>>("known_as").iter().map(|r| BankReference::stored(r)).collect(),
        is_silent: row.get("is_silent"),
    })
}

/// A credit that brought a transfer of ours back, and that nothing was told of which we know.
#[derive(Debug, Clone)]
pub struct Returned {
    pub line: MovementId,
    pub day: Date,
    pub references: Vec<BankReference>,
    /// Of the debit that it takes back: its line may have the same.
    pub debits: Vec<BankReference>,
}

const RETURNED: &str = "select m.id, m.booking_date,
        array(select r.reference from movement_reference r where r.movement_id = m.id) as known_as,
        array(select r.reference from movement_match d join movement_reference r on r.movement_id = d.movement_id
              where d.refund_id = k.refund_id and d.amount < 0) as debits
    from movement m join movement_match k on k.movement_id = m.id and k.refund_id is not null
    where m.account_code = $1 and m.amount = $2 and m.booking_date between $3 and $4
      and not exists (select from told_return t where t.movement_id = m.id)
    order by m.booking_date, m.id limit $5";

/// Those of this amount and these days, oldest first; no more than [`MANY`].
pub async fn returned(
    db: &Db,
    account: &AccountCode,
    amount: Vnd,
    (from, to): (Date, Date),
) -> Result<Vec<Returned>, StorageError> {
    let statement = db.prepare_cached(RETURNED).await?;
    let limit = i64::try_from(MANY).unwrap_or(i64::MAX);
    let rows = db.query(&statement, &[&account.as_str(), &amount.dong(), &from, &to, &limit]).await?;
    let references = |row: &Row, name| -> Vec<BankReference> {
        row.get::<_, Vec<String>>(name).iter().map(|r| BankReference::stored(r)).collect()
    };
    let returned = |row: &Row| Returned {
        line: row.get::<_, Uuid>(0).into(),
        day: row.get(1),
        references: references(row, "known_as"),
        debits: references(row, "debits"),
    };
    Ok(rows.iter().map(returned).collect())
}

const TOLD: &str = "insert into told_return (movement_id, payment_id) values ($1, $2) on conflict do nothing";

/// The payment was told of, and is this return.
///
/// # Errors
/// `Retry` where another one was it meanwhile.
pub async fn was_return(db: &Db, line: MovementId, payment: PaymentId) -> Result<(), StorageError> {
    match db.execute(TOLD, &[&line.uuid(), &payment.uuid()]).await? {
        1 => Ok(()),
        _ => Err(StorageError::Retry(None)),
    }
}

const TOLD_BESIDE: &str = "select t.id, t.paid_at, m.booking_date from movement_match k
    join movement m on m.id = k.movement_id and m.reversal and k.rule = $2
    join awaited_payment a on a.account_code = m.account_code and a.amount = m.amount
    join payment t on t.id = a.payment_id and t.reversed = 0
    where k.payment_id = $1 and t.paid_at < (m.booking_date + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh'
      and t.paid_at > (m.booking_date - 20)::timestamp at time zone 'Asia/Ho_Chi_Minh'
    order by t.id limit 50";

/// Payments that were told of and have no line, of the sum of a marked line that this payment was booked from, on its day or shortly
/// before: when, and the line's day.
pub async fn told_beside(db: &Db, payment: PaymentId) -> Result<Vec<(PaymentId, Timestamp, Date)>, StorageError> {
    let statement = db.prepare_cached(TOLD_BESIDE).await?;
    let rows = db.query(&statement, &[&payment.uuid(), &Rule::Line.as_str()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1), row.get(2))).collect())
}

const BOOKED_BESIDE: &str = "select p.*, m.id as line, m.booking_date as line_day, false as is_silent,
        array(select r.reference from movement_reference r where r.movement_id = m.id) as known_as
    from awaited_payment a join payment t on t.id = a.payment_id and t.reversed = 0
    join payment p on p.id = $2 and p.receiving_account = a.account_code and p.amount = a.amount and p.reversed = 0
    join movement_match k on k.payment_id = p.id and k.amount = p.amount join movement m on m.id = k.movement_id
    where a.payment_id = $1";

/// What a line brought, if it may be the money of a payment that no statement has shown: of the same account and amount.
pub async fn booked_beside(db: &Db, told: PaymentId, booked: PaymentId) -> Result<Option<Booked>, StorageError> {
    let statement = db.prepare_cached(BOOKED_BESIDE).await?;
    let row = db.query_opt(&statement, &[&told.uuid(), &booked.uuid()]).await?;
    row.map(|row| booked_from_row(&row)).transpose()
}

const REFERENCES: &str = "select reference from payment_reference where payment_id = $1 order by reference";

/// By which a payment is known.
pub async fn references(db: &Db, payment: PaymentId) -> Result<Vec<BankReference>, StorageError> {
    let statement = db.prepare_cached(REFERENCES).await?;
    let rows = db.query(&statement, &[&payment.uuid()]).await?;
    Ok(rows.iter().map(|row| BankReference::stored(row.get(0))).collect())
}

const NUMBERED_APART: &str = "select coalesce(bool_and(split_part(s.source_key, ':', 2) = any(a.own_numbering)), false)
    from payment p join receiving_account a on a.code = p.receiving_account
    join sighting_outcome o on o.payment_id = p.id join sighting s on s.id = o.sighting_id
    where p.id = $1
      and not exists (select from sighting_outcome later where later.sighting_id = o.sighting_id and later.seq > o.seq)";

/// Whether all who told of it are known now to number transfers themselves, whatever was thought of their references then.
pub async fn is_numbered_apart(db: &Db, payment: PaymentId) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(NUMBERED_APART).await?;
    Ok(db.query_one(&statement, &[&payment.uuid()]).await?.get(0))
}

const IS_AWAITED: &str = "select exists (select from awaited_payment where payment_id = $1)";

/// Whether no statement has shown it yet.
pub async fn is_awaited(db: &Db, payment: PaymentId) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(IS_AWAITED).await?;
    Ok(db.query_one(&statement, &[&payment.uuid()]).await?.get(0))
}

const BOTH: &str = "with told as (
        select o.payment_id, split_part(s.source_key, ':', 1) || ':' || split_part(s.source_key, ':', 2) as teller
        from sighting_outcome o join sighting s on s.id = o.sighting_id
        where o.payment_id = any($1) and s.profile is not null
          and not exists (select from sighting_outcome later where later.sighting_id = o.sighting_id and later.seq > o.seq))
    select distinct a.payment_id, b.payment_id from told a join told b on b.teller = a.teller and b.payment_id <> a.payment_id";

/// Pairs of these payments of which one teller has told both.
pub async fn told_both(db: &Db, payments: &[PaymentId]) -> Result<BTreeSet<(PaymentId, PaymentId)>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(BOTH).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get::<_, Uuid>(1).into())).collect())
}

const SIGHTINGS: &str = "select o.sighting_id from sighting_outcome o where o.payment_id = $1
      and not exists (select from sighting_outcome later where later.sighting_id = o.sighting_id and later.seq > o.seq)
    order by o.sighting_id";

/// All that was taken for this payment.
pub async fn sightings(db: &Db, payment: PaymentId) -> Result<Vec<SightingId>, StorageError> {
    let statement = db.prepare_cached(SIGHTINGS).await?;
    Ok(db.query(&statement, &[&payment.uuid()]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const CLAIM: &str = "update movement_match set payment_id = $3, rule = $4, fields = $5
    where movement_id = $1 and payment_id = $2";
const SHOWN: &str = "delete from awaited_payment where payment_id = $1";
const NAMES: &str = "update payment_reference set payment_id = $2 where payment_id = $1";
const FORGOTTEN: &str = "delete from payment_reference where payment_id = $1";

/// The line is of a payment that was told of, with all that it is known by.
pub async fn take_over(db: &Db, moved: Moved) -> Result<(), StorageError> {
    let (line, from, to) = (moved.line.uuid(), moved.from.uuid(), moved.to.uuid());
    let rule = Rule::OnlyOne;
    let claimed = db.execute(CLAIM, &[&line, &from, &to, &rule.as_str(), &rule.fields()]).await?;
    if claimed != 1 || db.execute(SHOWN, &[&to]).await? != 1 {
        return Err(StorageError::Retry(None));
    }
    db.execute(NAMES, &[&from, &to]).await?;
    Ok(())
}

/// The payment waits for no line, and is known by nothing: what it was told as is another's.
pub async fn is_none(db: &Db, payment: PaymentId) -> Result<(), StorageError> {
    if db.execute(SHOWN, &[&payment.uuid()]).await? != 1 {
        return Err(StorageError::Retry(None));
    }
    db.execute(FORGOTTEN, &[&payment.uuid()]).await?;
    Ok(())
}

/// As the domain asks for it.
impl Awaited {
    #[must_use]
    pub fn day(&self) -> Date {
        domain::business_day::business_date(self.payment.paid_at)
    }
}

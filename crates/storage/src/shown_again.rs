//! Credits that a corrected file took back and whose payments stand, beside those that a later file shows of the same day and amount.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use domain::bank_reference::BankReference;
use domain::codes::AccountCode;
use domain::matching::Rule;
use domain::matching::shown_again::{Credit, Withdrawn};
use domain::{CaseId, MovementId, PaymentId, SightingId, Vnd};
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

macro_rules! credits {
    ($more:literal, $from:literal) => {
        concat!(
            "select m.id, m.amount, m.booking_date, m.codes, m.reversal, s.imported_at,
                    array(select r.reference from movement_reference r where r.movement_id = m.id order by 1) as known_as",
            $more,
            " from ",
            $from,
            " order by m.id"
        )
    };
}

// what takes it back is nobody's: unbooked yet, or under a case that names its payment; or it was written off
const WITHDRAWN: &str = credits!(
    ", w.counter_id, c.business_date, k.payment_id, k.rule, y.imported_at as withdrawn_at, c.fate is not null as is_told,
       array(select r.reference from payment_reference r where r.payment_id = p.id order by 1) as payment_known_as,
       array(select x.id from kase x where x.movement_id = c.id and x.status <> 'closed' order by x.id) as cases,
       p.amount = m.amount and (c.fate is null
           or exists (select from kase x where x.movement_id = c.id and x.status <> 'closed' and x.payment_id = p.id)
              and not exists (select from write_off o where o.movement_id = c.id and o.undone_at is null)) as waits",
    "withdrawn_movement w join movement m on m.id = w.movement_id and m.direction = 'in'
     join movement c on c.id = w.counter_id and c.fate is distinct from 'matched'
     join movement_match k on k.movement_id = m.id join payment p on p.id = k.payment_id and p.reversed = 0
     join statement s on s.id = m.statement_id
     join superseded_statement d on d.statement_id = w.statement_id join statement y on y.id = d.by_statement
     where m.account_code = $1"
);
const SHOWN: &str = credits!(
    "",
    "movement m join statement s on s.id = m.statement_id
     where m.account_code = $1 and m.fate is null and m.direction = 'in' and m.payout_of is null and m.reverses is null
       and (m.booking_date, m.amount) in (select * from unnest($2::date[], $3::bigint[]))"
);
const BOOKED: &str = credits!(
    ", m.account_code",
    "movement_match k join movement m on m.id = k.movement_id join statement s on s.id = m.statement_id
     where k.payment_id = $1 and k.amount > 0"
);

/// A credit that was taken back, the payment that it still is, and what took it back.
#[derive(Debug, Clone)]
pub struct Standing {
    pub withdrawn: Withdrawn,
    pub payment: PaymentId,
    pub rule: Rule,
    pub counter: MovementId,
    /// The day of what took it back.
    pub day: Date,
    /// What took it back stands in suspense.
    pub is_told: bool,
    pub cases: Vec<CaseId>,
}

/// Those of an account, oldest first.
pub async fn withdrawn(db: &Db, account: &AccountCode) -> Result<Vec<Standing>, StorageError> {
    let statement = db.prepare_cached(WITHDRAWN).await?;
    db.query(&statement, &[&account.as_str()]).await?.iter().map(standing).collect()
}

fn standing(row: &Row) -> Result<Standing, StorageError> {
    let mut credit = credit(row);
    // its payment was told with a reference that its line may lack
    credit.references.extend(references(row, "payment_known_as"));
    Ok(Standing {
        withdrawn: Withdrawn { credit, at: row.get("withdrawn_at"), waits: row.get("waits") },
        payment: row.get::<_, Uuid>("payment_id").into(),
        rule: word(row, "rule")?,
        counter: row.get::<_, Uuid>("counter_id").into(),
        day: row.get("business_date"),
        is_told: row.get("is_told"),
        cases: row.get::<_, Vec<Uuid>>("cases").into_iter().map(Into::into).collect(),
    })
}

fn credit(row: &Row) -> Credit {
    Credit {
        id: row.get::<_, Uuid>("id").into(),
        amount: Vnd::new(row.get("amount")),
        booking_date: row.get("booking_date"),
        references: references(row, "known_as"),
        codes: row.get::<_, Vec<String>>("codes").into_iter().collect(),
        is_marked: row.get("reversal"),
        shown_at: row.get("imported_at"),
    }
}

fn references(row: &Row, column: &str) -> Vec<BankReference> {
    row.get::<_, Vec<String>>(column).iter().map(|r| BankReference::stored(r)).collect()
}

/// Credits of the account that nobody has claimed, of the days and amounts of these, in order of import.
pub async fn shown(db: &Db, account: &AccountCode, of: &[Standing]) -> Result<Vec<Credit>, StorageError> {
    let days: Vec<_> = of.iter().map(|s| s.withdrawn.credit.booking_date).collect();
    let amounts: Vec<i64> = of.iter().map(|s| s.withdrawn.credit.amount.dong()).collect();
    let statement = db.prepare_cached(SHOWN).await?;
    let rows = db.query(&statement, &[&account.as_str(), &days, &amounts]).await?;
    Ok(rows.iter().map(credit).collect())
}

/// The line that a payment has, and its account; None where no statement shows it.
pub async fn line(db: &Db, payment: PaymentId) -> Result<Option<(AccountCode, Credit)>, StorageError> {
    let statement = db.prepare_cached(BOOKED).await?;
    let Some(row) = db.query_opt(&statement, &[&payment.uuid()]).await? else { return Ok(None) };
    let account = AccountCode::new(row.get::<_, String>("account_code"));
    Ok(Some((account.map_err(|e| StorageError::Unreadable(e.to_string()))?, credit(&row))))
}

const TO_NOTHING: &str =
    "update movement_match set payment_id = null, contra_account = 'superseded', rule = 'superseded',
        fields = array['account', 'amount', 'day']
    where movement_id = $1 and payment_id = $2";
const COUNTER: &str = "insert into movement_match (movement_id, contra_account, amount, rule, fields)
    select m.id, 'superseded', m.amount, 'superseded', array['account', 'amount', 'day'] from movement m
    where m.id = $1 and m.fate is distinct from 'matched'";
const MATCHED: &str = "update movement set fate = 'matched' where id = $1";

/// The withdrawn credit and what took it back come to nothing together; its payment claims the line that shows it again next, in the
/// same transaction.
pub async fn to_nothing(db: &Db, of: &Standing) -> Result<(), StorageError> {
    let (credit, counter) = (of.withdrawn.credit.id.uuid(), of.counter.uuid());
    if db.execute(TO_NOTHING, &[&credit, &of.payment.uuid()]).await? != 1
        || db.execute(COUNTER, &[&counter]).await? != 1
    {
        return Err(StorageError::Retry(None));
    }
    db.execute(MATCHED, &[&counter]).await?;
    Ok(())
}

const SIGHTINGS: &str = "select sighting_id from statement_line where movement_id = $1 and sighting_id is not null";

/// The lines that show a movement, as sightings.
pub async fn sightings(db: &Db, movement: MovementId) -> Result<Vec<SightingId>, StorageError> {
    let rows = db.query(SIGHTINGS, &[&movement.uuid()]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

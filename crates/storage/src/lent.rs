//! Payments that have their name from a report alone, and the lines that go from one payment to another.

use crate::error::StorageError;
use crate::payments;
use crate::pool::Db;
use domain::bank_reference::BankReference;
use domain::codes::{AccountCode, ChannelCode};
use domain::matching::Rule;
use domain::payment::Payment;
use domain::{CaseId, IntentId, MovementId, PaymentId, SightingId};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// A payment with a name whose line has none.
#[derive(Debug, Clone)]
pub struct Lent {
    pub payment: Payment,
    pub line: MovementId,
    pub line_day: Date,
    pub line_sighting: SightingId,
    /// By which it is known besides those of its line.
    pub references: Vec<BankReference>,
    /// Cases that tell of the pair, and are not closed.
    pub doubts: Vec<CaseId>,
}

const LENT: &str = "select p.*, m.id as line, m.booking_date as line_day, l.sighting_id as line_sighting,
        array(select r.reference from payment_reference r where r.payment_id = p.id and not exists (
                  select from movement_reference x where x.movement_id = m.id and x.reference = r.reference)) as known_as,
        array(select c.id from kase c where c.movement_id = m.id and c.payment_id = p.id
              and c.kind = 'possible_same_movement' and c.status <> 'closed') as doubts
    from payment p join intent i on i.id = p.intent_id
    join movement_match k on k.payment_id = p.id and k.rule = $3 and k.amount = p.amount
    join movement m on m.id = k.movement_id and m.account_code = $1 and not i.reference = any(m.codes)
    join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
    where p.intent_id = any($2) and p.reversed = 0 order by p.id for no key update of p";

/// Those of these intents, locked.
pub async fn lent(db: &Db, account: &AccountCode, intents: &[IntentId]) -> Result<Vec<Lent>, StorageError> {
    if intents.is_empty() {
        return Ok(Vec::new());
    }
    let intents: Vec<Uuid> = intents.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(LENT).await?;
    let rows = db.query(&statement, &[&account.as_str(), &intents, &Rule::OnlyOne.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Lent {
                payment: payments::from_row(row)?,
                line: row.get::<_, Uuid>("line").into(),
                line_day: row.get("line_day"),
                line_sighting: row.get::<_, Uuid>("line_sighting").into(),
                references: row.get::<_, Vec<String>>("known_as").iter().map(|r| BankReference::stored(r)).collect(),
                doubts: row.get::<_, Vec<Uuid>>("doubts").into_iter().map(Into::into).collect(),
            })
        })
        .collect()
}

/// A teller's row that was taken for another sight of a payment.
#[derive(Debug, Clone)]
pub struct Retold {
    pub sighting_id: SightingId,
    pub source_key: String,
    pub intent: Option<IntentId>,
    pub bank_ref: Option<BankReference>,
    pub channel: ChannelCode,
    pub stated_at: Timestamp,
}

const RETOLD: &str =
    "select s.id, s.source_key, s.intent_id, s.bank_ref, s.channel, coalesce(s.stated_at, s.received_at) as stated_at
    from sighting s join lateral (select o.state, o.payment_id from sighting_outcome o
                                  where o.sighting_id = s.id order by o.seq desc limit 1) last on true
    where s.id in (select o.sighting_id from sighting_outcome o where o.payment_id = $1)
      and last.payment_id = $1 and last.state = 'repeated' and s.profile is not null order by s.id";

/// Rows of tellers that were taken for this payment when it was there, oldest first.
pub async fn retold(db: &Db, payment: PaymentId) -> Result<Vec<Retold>, StorageError> {
    let statement = db.prepare_cached(RETOLD).await?;
    let rows = db.query(&statement, &[&payment.uuid()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Retold {
                sighting_id: row.get::<_, Uuid>("id").into(),
                source_key: row.get("source_key"),
                intent: row.get::<_, Option<Uuid>>("intent_id").map(Into::into),
                bank_ref: row.get::<_, Option<&str>>("bank_ref").map(BankReference::stored),
                channel: ChannelCode::new(row.get::<_, String>("channel")).map_err(crate::rows::unreadable)?,
                stated_at: row.get("stated_at"),
            })
        })
        .collect()
}

/// A line that is another payment's from now on, with all that it is known by.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    pub line: MovementId,
    pub from: PaymentId,
    pub to: PaymentId,
}

const CLAIMS: &str = "update movement_match set payment_id = $3, rule = $4, fields = $5
    where movement_id = $1 and payment_id = $2";
const NAMES: &str = "update payment_reference r set payment_id = $3 from movement_reference m
    where m.movement_id = $1 and r.payment_id = $2 and r.account_code = m.account_code and r.reference = m.reference";

/// The line is new money, and its payment claims another.
pub async fn moved(db: &Db, moved: &[Moved]) -> Result<(), StorageError> {
    let (rule, fields) = (Rule::Line, Rule::Line.fields());
    for m in moved {
        let (line, from, to) = (m.line.uuid(), m.from.uuid(), m.to.uuid());
        if db.execute(CLAIMS, &[&line, &from, &to, &rule.as_str(), &fields]).await? != 1 {
            return Err(StorageError::Retry(None));
        }
        db.execute(NAMES, &[&line, &from, &to]).await?;
    }
    Ok(())
}

const FORGET: &str = "delete from payment_reference where account_code = $1 and payment_id = $2 and reference = $3";

/// The payment is not known by this reference any more.
pub async fn forget(
    db: &Db,
    account: &AccountCode,
    payment: PaymentId,
    reference: &BankReference,
) -> Result<(), StorageError> {
    db.execute(FORGET, &[&account.as_str(), &payment.uuid(), &reference.to_string()]).await?;
    Ok(())
}

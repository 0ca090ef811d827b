//! Money on accounts of ours: payments by the bank's references, and reports that wait for a statement to decide. Those that a
//! report may be another sight of: [`crate::alike`].

use crate::error::StorageError;
use crate::payments;
use crate::pool::Db;
use crate::rows::unreadable;
use domain::bank_reference::BankReference;
use domain::codes::{AccountCode, ChannelCode};
use domain::payment::Payment;
use domain::reference::Reference;
use domain::{CaseId, IntentId, PaymentId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use uuid::Uuid;

const TURN: &str = "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest($1::text[]) as k(key)";

/// Takes turns with whoever decides about money of the same account, amount and intent, so that two reports of one
/// transfer that cannot be compared do not both find nothing. Keys are taken in their order: give them sorted.
pub async fn take_turns(db: &Db, keys: &[String]) -> Result<(), StorageError> {
    let statement = db.prepare_cached(TURN).await?;
    db.query(&statement, &[&keys]).await?;
    Ok(())
}

pub fn turn(account: &AccountCode, amount: Vnd) -> String {
    format!("credit:{account}:{}", amount.dong())
}

const BY_REFERENCE: &str =
    "select r.reference as known_as, p.* from payment_reference r join payment p on p.id = r.payment_id
    where r.account_code = $1 and left(r.reference, 16) = left($2, 16) for no key update of p";

/// The payment that this reference is, locked.
pub async fn by_reference(
    db: &Db,
    account: &AccountCode,
    reference: &BankReference,
) -> Result<Option<Payment>, StorageError> {
    let statement = db.prepare_cached(BY_REFERENCE).await?;
    let rows = db.query(&statement, &[&account.as_str(), &reference.to_string()]).await?;
    let known = |row: &tokio_postgres::Row| BankReference::stored(row.get("known_as"));
    let exact = rows.iter().find(|row| known(row) == *reference);
    let near = || rows.iter().find(|row| known(row).same(reference));
    exact.or_else(near).map(payments::from_row).transpose()
}

// a short reference is given out again; of a long one MT940 shows a part
const OTHERWISE_CLAIMED: &str = "select r.reference from movement_reference r
    join movement m on m.id = r.movement_id join movement_match k on k.movement_id = m.id
    where r.account_code = $1 and r.direction = 'in' and left(r.reference, 16) = left($2, 16)
      and k.payment_id is null and (m.amount = $3 or $4) and m.booking_date between $5::date - 7 and $5::date + 7";

/// Whether a statement shows the credit of this reference, and something else than a payment has claimed it: a deposit, a
/// payout, a transfer of ours that came back. `day`: of the credit, a week either way.
pub async fn is_otherwise_claimed(
    db: &Db,
    account: &AccountCode,
    reference: &BankReference,
    amount: Vnd,
    day: Date,
) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(OTHERWISE_CLAIMED).await?;
    let telling = reference.is_telling();
    let rows =
        db.query(&statement, &[&account.as_str(), &reference.to_string(), &amount.dong(), &telling, &day]).await?;
    Ok(rows.iter().any(|row| BankReference::stored(row.get(0)).same(reference)))
}

const SAME_ROW: &str = "select o.payment_id from sighting s join lateral (
        select payment_id from sighting_outcome where sighting_id = s.id order by seq desc limit 1) o on true
    where s.source = any($1) and s.source_key = $2 and s.id <> $3 order by s.id limit 1";

/// What became of the same row of the same teller when it was told another way; the inner option is its payment.
pub async fn same_row(
    db: &Db,
    sources: &[String],
    source_key: &str,
    own: SightingId,
) -> Result<Option<Option<PaymentId>>, StorageError> {
    let statement = db.prepare_cached(SAME_ROW).await?;
    let row = db.query_opt(&statement, &[&sources, &source_key, &own.uuid()]).await?;
    Ok(row.map(|row| row.get::<_, Option<Uuid>>(0).map(Into::into)))
}

/// A payment that no statement has shown yet, with every reference by which it is known.
#[derive(Debug, Clone)]
pub struct Awaited {
    pub payment: Payment,
    pub references: Vec<BankReference>,
}

const AWAITED: &str =
    "select p.*, array(select r.reference from payment_reference r where r.payment_id = p.id) as known_as
    from awaited_payment a join payment p on p.id = a.payment_id
    where a.account_code = $1 and a.amount = any($2) and a.paid_at between $3 and $4 and p.reversed = 0
    order by p.paid_at, p.id for no key update of p";

/// Payments of these amounts, paid between the two instants, that wait for their line; oldest first, locked.
pub async fn awaited(
    db: &Db,
    account: &AccountCode,
    amounts: &[i64],
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Awaited>, StorageError> {
    let statement = db.prepare_cached(AWAITED).await?;
    let rows = db.query(&statement, &[&account.as_str(), &amounts, &from, &to]).await?;
    rows.iter()
        .map(|row| {
            Ok(Awaited {
                payment: payments::from_row(row)?,
                references: row.get::<_, Vec<String>>("known_as").iter().map(|r| BankReference::stored(r)).collect(),
            })
        })
        .collect()
}

// reference by reference: of many payments the planner would read all
const TAKEN: &str =
    "select known.reference, bool_and(exists (select from movement_match m where m.payment_id = known.payment_id))
    from unnest($2::text[]) as wanted(reference) cross join lateral (
        select r.reference, r.payment_id from payment_reference r
        where r.account_code = $1 and r.reference = wanted.reference
        union all
        select p.bank_ref, p.id from payment p where p.receiving_account = $1 and p.bank_ref = wanted.reference) known
    group by known.reference";

/// Those of these references that payments have already, and whether movements have claimed these.
pub async fn taken(
    db: &Db,
    account: &AccountCode,
    references: &[String],
) -> Result<BTreeMap<String, bool>, StorageError> {
    let statement = db.prepare_cached(TAKEN).await?;
    let rows = db.query(&statement, &[&account.as_str(), &references]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

const AWAIT: &str = "insert into awaited_payment (payment_id, account_code, amount, paid_at) values ($1, $2, $3, $4)";

/// The payment's line on a statement is to come.
pub async fn await_line(db: &Db, account: &AccountCode, payment: &Payment) -> Result<(), StorageError> {
    let statement = db.prepare_cached(AWAIT).await?;
    let (id, amount) = (payment.id.uuid(), payment.amount.dong());
    db.execute(&statement, &[&id, &account.as_str(), &amount, &payment.paid_at]).await?;
    Ok(())
}

const LEARN: &str = "insert into payment_reference (account_code, reference, payment_id)
    select $1, reference, payment from unnest($2::text[], $3::uuid[]) as r(reference, payment) on conflict do nothing";

/// Payments are known by these references from now on. One that another payment has already keeps it.
pub async fn learn(db: &Db, account: &AccountCode, references: &[(String, PaymentId)]) -> Result<(), StorageError> {
    if references.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = references.iter().map(|(name, _)| name.as_str()).collect();
    let ids: Vec<Uuid> = references.iter().map(|(_, id)| id.uuid()).collect();
    let statement = db.prepare_cached(LEARN).await?;
    db.execute(&statement, &[&account.as_str(), &names, &ids]).await?;
    Ok(())
}

const NAMED_TOGETHER: &str = "insert into named_together (intent_id, payment_id)
    select i.id, p.id from payment p cross join unnest($2::uuid[]) as i(id)
    where p.id = $1 and p.intent_id is null on conflict do nothing";

/// The text of this payment names all of these intents, and so none of them.
pub async fn names_together(db: &Db, payment: PaymentId, intents: &[IntentId]) -> Result<(), StorageError> {
    if intents.len() < 2 {
        return Ok(());
    }
    let ids: Vec<Uuid> = intents.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(NAMED_TOGETHER).await?;
    db.execute(&statement, &[&payment.uuid(), &ids]).await?;
    Ok(())
}

/// A report that is to wait unbooked.
#[derive(Debug, Clone)]
pub struct NewWaiting<'a> {
    pub sighting_id: SightingId,
    pub amount: Vnd,
    pub intent_id: Option<IntentId>,
    pub bank_ref: Option<&'a BankReference>,
    pub channel: &'a ChannelCode,
    pub stated_at: Timestamp,
    /// What it may be another sight of.
    pub payment_id: PaymentId,
}

/// A report that waits unbooked.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub sighting_id: SightingId,
    pub amount: Vnd,
    pub intent_id: Option<IntentId>,
    pub bank_ref: Option<BankReference>,
    pub channel: ChannelCode,
    pub stated_at: Timestamp,
    /// What it may be another sight of.
    pub payment_id: PaymentId,
    pub case_id: CaseId,
    /// What every key of its teller's rows begins with.
    pub teller: String,
    /// People have closed its case.
    pub is_accepted: bool,
    /// A line of its own day and amount has been claimed.
    pub has_line: bool,
}

const WAIT: &str =
    "insert into waiting_sighting (sighting_id, account_code, amount, intent_id, bank_ref, channel, stated_at,
        payment_id, case_id)
    select $1, $2, $3, $4, $5, $6, $7, $8, k.id from kase k
    where k.sighting_id = $1 and k.kind = 'possible_same_movement' and k.status <> 'closed'";

/// Its case must be there.
pub async fn wait(db: &Db, account: &AccountCode, w: &NewWaiting<'_>) -> Result<(), StorageError> {
    let statement = db.prepare_cached(WAIT).await?;
    let reference = w.bank_ref.map(ToString::to_string);
    let intent = w.intent_id.map(IntentId::uuid);
    db.execute(
        &statement,
        &[
            &w.sighting_id.uuid(),
            &account.as_str(),
            &w.amount.dong(),
            &intent,
            &reference,
            &w.channel.as_str(),
            &w.stated_at,
            &w.payment_id.uuid(),
        ],
    )
    .await?;
    Ok(())
}

const WAITING: &str =
    "select w.*, split_part(s.source_key, ':', 1) || ':' || split_part(s.source_key, ':', 2) || ':' as teller,
        k.status = 'closed' as is_accepted,
        exists (select from movement m join movement_match c on c.movement_id = m.id and c.payment_id is not null
                where m.account_code = w.account_code and m.amount = w.amount
                  and m.booking_date = (w.stated_at at time zone 'Asia/Ho_Chi_Minh')::date) as has_line
    from waiting_sighting w join sighting s on s.id = w.sighting_id join kase k on k.id = w.case_id
    where w.account_code = $1 and ($2::uuid is null or w.sighting_id = $2) order by w.stated_at, w.sighting_id";

/// All that wait on an account, oldest first. Their cases are what is locked.
pub async fn waiting(db: &Db, account: &AccountCode) -> Result<Vec<Waiting>, StorageError> {
    waiting_as(db, account, None).await
}

/// One of them; None when it waits no more.
pub async fn waiting_one(db: &Db, account: &AccountCode, id: SightingId) -> Result<Option<Waiting>, StorageError> {
    Ok(waiting_as(db, account, Some(id)).await?.pop())
}

async fn waiting_as(db: &Db, account: &AccountCode, only: Option<SightingId>) -> Result<Vec<Waiting>, StorageError> {
    let statement = db.prepare_cached(WAITING).await?;
    let rows = db.query(&statement, &[&account.as_str(), &only.map(SightingId::uuid)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                sighting_id: row.get::<_, Uuid>("sighting_id").into(),
                amount: Vnd::new(row.get("amount")),
                intent_id: row.get::<_, Option<Uuid>>("intent_id").map(Into::into),
                bank_ref: row.get::<_, Option<&str>>("bank_ref").map(BankReference::stored),
                channel: ChannelCode::new(row.get::<_, String>("channel")).map_err(unreadable)?,
                stated_at: row.get("stated_at"),
                payment_id: row.get::<_, Uuid>("payment_id").into(),
                case_id: row.get::<_, Uuid>("case_id").into(),
                teller: row.get("teller"),
                is_accepted: row.get("is_accepted"),
                has_line: row.get("has_line"),
            })
        })
        .collect()
}

// the same row may have been told again while it waited
const RETOLD: &str = "insert into sighting_outcome (sighting_id, state, payment_id)
    select again.id, 'repeated', d.payment from unnest($1::uuid[], $2::uuid[]) as d(sighting, payment)
    join sighting s on s.id = d.sighting
    join sighting again on again.source in ('webhook:' || s.channel, 'listing:' || s.account_code)
        and again.source_key = s.source_key and again.id <> s.id
    where (select o.state from sighting_outcome o where o.sighting_id = again.id order by o.seq desc limit 1) = 'waiting'";
const DECIDED: &str = "delete from waiting_sighting where sighting_id = any($1)";

/// These wait no more: which payment each of them is, and whoever else told of it.
pub async fn decided(db: &Db, of: &[(SightingId, PaymentId)]) -> Result<(), StorageError> {
    if of.is_empty() {
        return Ok(());
    }
    let (ids, payments): (Vec<Uuid>, Vec<Uuid>) = of.iter().map(|(s, p)| (s.uuid(), p.uuid())).unzip();
    let statement = db.prepare_cached(RETOLD).await?;
    db.execute(&statement, &[&ids, &payments]).await?;
    let statement = db.prepare_cached(DECIDED).await?;
    db.execute(&statement, &[&ids]).await?;
    Ok(())
}

/// An intent that a reference names.
#[derive(Debug, Clone)]
pub struct NamedIntent {
    pub reference: Reference,
    pub id: IntentId,
    /// The account is or was its beneficiary's.
    pub of_account: bool,
}

const INTENTS: &str = "select i.reference, i.id, exists (
        select from beneficiary_account b join receiving_account r
            on r.bank_bin = b.bank_bin and r.account_number = b.account_number
        where b.beneficiary_code = i.beneficiary_code and r.code = $3) as of_account
    from intent i where i.reference = any($1) or i.id = any($2)";

/// The intents behind these references, as far as they are ours.
pub async fn intents_named(
    db: &Db,
    references: &[&str],
    account: &AccountCode,
) -> Result<Vec<NamedIntent>, StorageError> {
    intents(db, references, &[], account).await
}

/// The same by their ids.
pub async fn intents_by_id(db: &Db, ids: &[IntentId], account: &AccountCode) -> Result<Vec<NamedIntent>, StorageError> {
    intents(db, &[], ids, account).await
}

async fn intents(
    db: &Db,
    references: &[&str],
    ids: &[IntentId],
    account: &AccountCode,
) -> Result<Vec<NamedIntent>, StorageError> {
    if references.is_empty() && ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(INTENTS).await?;
    let rows = db.query(&statement, &[&references, &ids, &account.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(NamedIntent {
                reference: Reference::parse(row.get("reference")).map_err(unreadable)?,
                id: row.get::<_, Uuid>("id").into(),
                of_account: row.get("of_account"),
            })
        })
        .collect()
}

//! Payments: the facts behind the sightings.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::unreadable;
use domain::codes::{AccountCode, ChannelCode, CounterCode, ProfileCode};
use domain::payment::{Identity, Payment};
use domain::{IntentId, PaymentId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[INSERT, LOCK_BY_TXN];

pub(crate) fn from_row(row: &Row) -> Result<Payment, StorageError> {
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let identity = match (text("receiving_account"), text("bank_ref"), text("profile"), text("provider_txn_id")) {
        (Some(account), Some(reference), ..) => {
            Identity::Account { account: AccountCode::new(account).map_err(unreadable)?, reference }
        }
        (_, _, Some(profile), Some(transaction)) => {
            Identity::Provider { profile: ProfileCode::new(profile).map_err(unreadable)?, transaction }
        }
        _ => match (text("counter"), text("receipt_ref")) {
            (Some(counter), Some(receipt)) => {
                Identity::Counter { counter: CounterCode::new(counter).map_err(unreadable)?, receipt }
            }
            _ => return Err(unreadable("a payment without an identity")),
        },
    };
    Ok(Payment {
        id: row.get::<_, Uuid>("id").into(),
        channel: ChannelCode::new(row.get::<_, String>("channel")).map_err(unreadable)?,
        identity,
        intent_id: row.get::<_, Option<Uuid>>("intent_id").map(Into::into),
        amount: Vnd::new(row.get("amount")),
        paid_at: row.get("paid_at"),
    })
}

/// profile, provider_txn_id, receiving_account, bank_ref, counter, receipt_ref
fn columns(identity: &Identity) -> [Option<&str>; 6] {
    match identity {
        Identity::Provider { profile, transaction } => {
            [Some(profile.as_str()), Some(transaction), None, None, None, None]
        }
        Identity::Account { account, reference } => [None, None, Some(account.as_str()), Some(reference), None, None],
        Identity::Counter { counter, receipt } => [None, None, None, None, Some(counter.as_str()), Some(receipt)],
    }
}

/// A payment that is seen for the first time.
#[derive(Debug, Clone)]
pub struct NewPayment {
    pub payment: Payment,
    /// The provider's order that it names; none for a transfer.
    pub order_ref: Option<String>,
    pub business_date: Date,
}

const INSERT: &str = "insert into payment (id, channel, profile, provider_txn_id, receiving_account, bank_ref, intent_id,
        order_ref, amount, paid_at, business_date, recorded_at, counter, receipt_ref)
    select id, channel, profile, txn, account, reference, intent, order_ref, amount, paid_at, day, $12, counter, receipt
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::bigint[],
        $10::timestamptz[], $11::date[], $13::text[], $14::text[])
        as p(id, channel, profile, txn, account, reference, intent, order_ref, amount, paid_at, day, counter, receipt)";

/// # Errors
/// Conflict `payment_provider_identity` or `payment_bank_identity` when another report of the same money got there
/// first: try again.
pub async fn insert(db: &Db, new: &[NewPayment], recorded_at: Timestamp) -> Result<(), StorageError> {
    let statement = prepared(db, INSERT)?;
    let parts: Vec<[Option<&str>; 6]> = new.iter().map(|n| columns(&n.payment.identity)).collect();
    let ids: Vec<Uuid> = new.iter().map(|n| n.payment.id.uuid()).collect();
    let channels: Vec<&str> = new.iter().map(|n| n.payment.channel.as_str()).collect();
    let profiles: Vec<Option<&str>> = parts.iter().map(|p| p[0]).collect();
    let transactions: Vec<Option<&str>> = parts.iter().map(|p| p[1]).collect();
    let accounts: Vec<Option<&str>> = parts.iter().map(|p| p[2]).collect();
    let references: Vec<Option<&str>> = parts.iter().map(|p| p[3]).collect();
    let counters: Vec<Option<&str>> = parts.iter().map(|p| p[4]).collect();
    let receipts: Vec<Option<&str>> = parts.iter().map(|p| p[5]).collect();
    let intents: Vec<Option<Uuid>> = new.iter().map(|n| n.payment.intent_id.map(IntentId::uuid)).collect();
    let orders: Vec<Option<&str>> = new.iter().map(|n| n.order_ref.as_deref()).collect();
    let amounts: Vec<i64> = new.iter().map(|n| n.payment.amount.dong()).collect();
    let paid: Vec<Timestamp> = new.iter().map(|n| n.payment.paid_at).collect();
    let days: Vec<Date> = new.iter().map(|n| n.business_date).collect();
    db.execute(
        &statement,
        &[
            &ids,
            &channels,
            &profiles,
            &transactions,
            &accounts,
            &references,
            &intents,
            &orders,
            &amounts,
            &paid,
            &days,
            &recorded_at,
            &counters,
            &receipts,
        ],
    )
    .await?;
    Ok(())
}

const LOCK_BY_TXN: &str = "select p.* from payment p where p.profile = $1 and p.provider_txn_id = $2 for no key update";

/// The payment that a provider's transaction is, locked first of all.
pub async fn lock_by_txn(db: &Db, profile: &str, txn: &str) -> Result<Option<Payment>, StorageError> {
    db.query_opt(&prepared(db, LOCK_BY_TXN)?, &[&profile, &txn]).await?.map(|row| from_row(&row)).transpose()
}

/// A payment as it is shown, with where its money is.
#[derive(Debug, Clone)]
pub struct Shown {
    pub payment: Payment,
    pub reversed: Vnd,
    pub business_date: Date,
    pub recorded_at: Timestamp,
    pub reference: Option<String>,
    pub order_ref: Option<String>,
    /// Of refunds that are not rejected, cancelled or failed.
    pub refunding: Vnd,
    /// Of debits that left past us.
    pub unexplained: Vnd,
    /// Given up by two persons.
    pub written_off: Vnd,
}

impl Shown {
    /// What of it may still go back: what has not gone, is not on its way, and was not given up.
    pub fn refundable(&self) -> Vnd {
        let taken = [self.reversed, self.refunding, self.written_off, self.unexplained];
        taken.into_iter().fold(self.payment.amount, Vnd::less)
    }
}

fn shown(row: &Row) -> Result<Shown, StorageError> {
    Ok(Shown {
        payment: from_row(row)?,
        reversed: Vnd::new(row.get("reversed")),
        business_date: row.get("business_date"),
        recorded_at: row.get("recorded_at"),
        reference: row.get("reference"),
        order_ref: row.get("order_ref"),
        refunding: Vnd::new(row.get("refunding")),
        unexplained: Vnd::new(row.get("unexplained")),
        written_off: Vnd::new(row.get("written_off")),
    })
}

/// Whose payments are seen: a client's are those of its intents and those that settled its obligations; staff's those
/// of their beneficiaries, unidentified money included.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub client: Option<Uuid>,
    pub beneficiaries: Option<Vec<String>>,
    pub intent: Option<Uuid>,
    pub obligation: Option<Uuid>,
    pub channel: Option<String>,
    pub provider_txn_id: Option<String>,
    pub business_date: Option<Date>,
    pub id: Option<Uuid>,
}

impl Filter {
    /// Nothing but whose they are, a channel or a day: many may fit.
    const fn names_none(&self) -> bool {
        self.client.is_none()
            && self.intent.is_none()
            && self.obligation.is_none()
            && self.provider_txn_id.is_none()
            && self.id.is_none()
    }
}

/// What is shown of a payment `p` of an intent `i`.
macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "select p.*, i.reference,
        coalesce((select sum(r.amount) from refund r where r.payment_id = p.id
                  and r.status not in ('rejected', 'cancelled', 'failed')), 0)::bigint as refunding,
        unexplained_debits(p.id) as unexplained,
        coalesce((select sum(a.amount) from allocation a where a.payment_id = p.id and a.written_off), 0)::bigint as written_off ",
            $rest
        )
    };
}

const NAMED_IN: &str = "select distinct intent_id from payment where intent_id = any($1)";

/// Those of these intents that payments name.
pub async fn named_in(db: &Db, intents: &[Uuid]) -> Result<BTreeSet<IntentId>, StorageError> {
    let statement = db.prepare_cached(NAMED_IN).await?;
    let rows = db.query(&statement, &[&intents]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const PAGE: &str = shown!(
    "from payment p left join intent i on i.id = p.intent_id
    where ($1::uuid is null or i.client_id = $1 or exists (
            select from allocation a join obligation o on o.id = a.obligation_id
            where a.payment_id = p.id and o.client_id = $1))
      -- money that names nobody is seen by those on whose account or contract it is, as its case is; a bill's and a counter's by
      -- those whose obligations it settled
      and ($2::text[] is null or p.whose = any(array(select concerning($2))))
      and ($3::uuid is null or p.intent_id = $3)
      and ($4::uuid is null or exists (select from allocation a where a.payment_id = p.id and a.obligation_id = $4))
      and ($5::text is null or p.channel = $5)
      and ($6::text is null or p.provider_txn_id = $6)
      and ($7::date is null or p.business_date = $7)
      and ($8::uuid is null or p.id = $8)
      and ($9::uuid is null or p.id < $9)
    order by p.id desc limit $10"
);

// From the newest of each whose they may be, so that nothing of others' is read. Bounds and order are those of one index
// (payment_by_whose): by equality the planner would walk the primary key, over others'.
pub(crate) const PAGE_OF: &str = shown!(
    "from (select p.id from concerning($1) as w(whose)
          cross join lateral (
              select p.id from payment p
              where (p.whose, p.id) >= (w.whose, '00000000-0000-0000-0000-000000000000')
                and (p.whose, p.id) < (w.whose, coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                and ($2::text is null or p.channel = $2) and ($3::date is null or p.business_date = $3)
              order by p.whose desc, p.id desc limit $5) p
          order by p.id desc limit $5) page
    cross join lateral (select p.* from payment p where p.id = page.id limit 1) p
    left join lateral (select i.reference from intent i where i.id = p.intent_id limit 1) i on true
    order by p.id desc"
);

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<PaymentId>, limit: i64) -> Result<Vec<Shown>, StorageError> {
    let after = after.map(PaymentId::uuid);
    if let Some(beneficiaries) = &f.beneficiaries
        && f.names_none()
    {
        let statement = db.prepare_cached(PAGE_OF).await?;
        let rows = db.query(&statement, &[beneficiaries, &f.channel, &f.business_date, &after, &limit]).await?;
        return rows.iter().map(shown).collect();
    }
    let statement = db.prepare_cached(PAGE).await?;
    let rows = db
        .query(
            &statement,
            &[
                &f.client,
                &f.beneficiaries,
                &f.intent,
                &f.obligation,
                &f.channel,
                &f.provider_txn_id,
                &f.business_date,
                &f.id,
                &after,
                &limit,
            ],
        )
        .await?;
    rows.iter().map(shown).collect()
}

const CONCERNED: &str = "select concerned_by_payment($1)";

/// Whom a payment concerns: whose it is, else all on whose account or contract it is.
pub async fn beneficiaries(db: &Db, id: PaymentId) -> Result<Vec<String>, StorageError> {
    Ok(db.query_one(CONCERNED, &[&id.uuid()]).await?.get::<_, Option<_>>(0).unwrap_or_default())
}

const THAT_SETTLED: &str = shown!(
    "from payment p left join intent i on i.id = p.intent_id
    where p.intent_id is null and p.id in (
        select a.payment_id from allocation a where a.obligation_id = any($1)
        group by a.payment_id, a.obligation_id having sum(a.amount) > 0)
    order by p.id limit 200"
);

/// What settles these obligations now and names no intent: money of bills and of counters, and what people placed. In the order in
/// which it came.
pub async fn that_settled(db: &Db, obligations: &[Uuid]) -> Result<Vec<Shown>, StorageError> {
    let statement = db.prepare_cached(THAT_SETTLED).await?;
    db.query(&statement, &[&obligations]).await?.iter().map(shown).collect()
}

const THAT_SETTLED_UNDER_OTHERS: &str = shown!(
    "from payment p join intent i on i.id = p.intent_id
    where p.intent_id <> $2 and p.id in (
        select a.payment_id from allocation a where a.obligation_id = any($1)
        group by a.payment_id, a.obligation_id having sum(a.amount) > 0)
    order by p.id limit 200"
);

/// What settles these obligations now and came under another intent than this one. In the order in which it came.
pub async fn that_settled_under_others(
    db: &Db,
    obligations: &[Uuid],
    intent: IntentId,
) -> Result<Vec<Shown>, StorageError> {
    let statement = db.prepare_cached(THAT_SETTLED_UNDER_OTHERS).await?;
    db.query(&statement, &[&obligations, &intent.uuid()]).await?.iter().map(shown).collect()
}

const THAT_SETTLED_ONCE_UNDER_OTHERS: &str = shown!(
    "from payment p join intent i on i.id = p.intent_id
    where p.intent_id <> $2 and p.id in (
        select r.payment_id from refund r join refund_line l on l.refund_id = r.id where l.obligation_id = any($1))
    order by p.id limit 200"
);

/// What settled these obligations, came under another intent than this one, and was given back or is to be.
pub async fn that_settled_once_under_others(
    db: &Db,
    obligations: &[Uuid],
    intent: IntentId,
) -> Result<Vec<Shown>, StorageError> {
    let statement = db.prepare_cached(THAT_SETTLED_ONCE_UNDER_OTHERS).await?;
    db.query(&statement, &[&obligations, &intent.uuid()]).await?.iter().map(shown).collect()
}

const THAT_SETTLED_ONCE: &str = shown!(
    "from payment p left join intent i on i.id = p.intent_id
    where p.intent_id is null and p.id in (
        select r.payment_id from refund r join refund_line l on l.refund_id = r.id where l.obligation_id = any($1))
    order by p.id limit 200"
);

/// What settled these obligations, names no intent, and was given back or is to be.
pub async fn that_settled_once(db: &Db, obligations: &[Uuid]) -> Result<Vec<Shown>, StorageError> {
    let statement = db.prepare_cached(THAT_SETTLED_ONCE).await?;
    db.query(&statement, &[&obligations]).await?.iter().map(shown).collect()
}

/// Where a part of a payment is now.
#[derive(Debug, Clone)]
pub struct Part {
    pub payment_id: PaymentId,
    pub obligation_id: Option<domain::ObligationId>,
    pub suspense_reason: Option<String>,
    pub refund_id: Option<domain::RefundId>,
    pub amount: Vnd,
}

const PARTS: &str = "select payment_id, obligation_id, suspense_reason, refund_id, sum(amount)::bigint as amount
    from allocation where payment_id = any($1) group by 1, 2, 3, 4 having sum(amount) <> 0 order by min(id)";

pub async fn parts(db: &Db, payments: &[Uuid]) -> Result<Vec<Part>, StorageError> {
    let statement = db.prepare_cached(PARTS).await?;
    let rows = db.query(&statement, &[&payments]).await?;
    Ok(rows
        .iter()
        .map(|row| Part {
            payment_id: row.get::<_, Uuid>(0).into(),
            obligation_id: row.get::<_, Option<Uuid>>(1).map(Into::into),
            suspense_reason: row.get(2),
            refund_id: row.get::<_, Option<Uuid>>(3).map(Into::into),
            amount: Vnd::new(row.get(4)),
        })
        .collect())
}

/// A leg of a journal that names a payment.
#[derive(Debug, Clone)]
pub struct Booked {
    pub journal_id: domain::JournalId,
    pub kind: String,
    pub business_date: Date,
    pub booked_at: Timestamp,
    pub account_code: String,
    pub amount: Vnd,
    pub obligation_id: Option<domain::ObligationId>,
}

const JOURNALS: &str = "select j.id, j.kind, j.business_date, j.booked_at, e.account_code, e.amount, e.obligation_id
    from journal j join ledger_entry e on e.journal_id = j.id
    where j.id in (select journal_id from allocation where payment_id = $1) and e.payment_id = $1 order by e.id";

pub async fn journals(db: &Db, payment: PaymentId) -> Result<Vec<Booked>, StorageError> {
    let statement = db.prepare_cached(JOURNALS).await?;
    let rows = db.query(&statement, &[&payment.uuid()]).await?;
    Ok(rows
        .iter()
        .map(|row| Booked {
            journal_id: row.get::<_, Uuid>(0).into(),
            kind: row.get(1),
            business_date: row.get(2),
            booked_at: row.get(3),
            account_code: row.get(4),
            amount: Vnd::new(row.get(5)),
            obligation_id: row.get::<_, Option<Uuid>>(6).map(Into::into),
        })
        .collect())
}

const ORPHANS: &str = "select p.id, p.profile, p.order_ref, a.id as attempt_id
    from payment p join attempt a on a.profile = p.profile and a.order_ref = p.order_ref
    where p.intent_id is null and p.recorded_at > now() - interval '72 hours' and p.reversed = 0
      and p.amount = (select sum(l.amount) from allocation l
                      where l.payment_id = p.id and l.suspense_reason = 'unidentified')
    order by p.recorded_at limit $1";

/// Money that named an order unknown at the time and known now, and waits whole still.
pub async fn orphans(db: &Db, limit: i64) -> Result<Vec<(PaymentId, domain::AttemptId)>, StorageError> {
    let statement = db.prepare_cached(ORPHANS).await?;
    let rows = db.query(&statement, &[&limit]).await?;
    Ok(rows.iter().map(|r| (r.get::<_, Uuid>("id").into(), r.get::<_, Uuid>("attempt_id").into())).collect())
}

const LOCK_ONE: &str = "select p.* from payment p where p.id = $1 for no key update";

pub async fn lock_one(db: &Db, id: PaymentId) -> Result<Option<Payment>, StorageError> {
    let statement = db.prepare_cached(LOCK_ONE).await?;
    db.query_opt(&statement, &[&id.uuid()]).await?.map(|row| from_row(&row)).transpose()
}

const BY_ID: &str = "select p.* from payment p where p.id = $1";

pub async fn by_id(db: &Db, id: PaymentId) -> Result<Option<Payment>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    db.query_opt(&statement, &[&id.uuid()]).await?.map(|row| from_row(&row)).transpose()
}

const ORDER_OF: &str = "select order_ref from payment where id = $1";

/// The provider's order that a payment names.
pub async fn order_of(db: &Db, id: PaymentId) -> Result<Option<String>, StorageError> {
    Ok(db.query_opt(ORDER_OF, &[&id.uuid()]).await?.and_then(|row| row.get(0)))
}

const SET_REVERSED: &str = "update payment set reversed = amount where id = $1 and reversed = 0";

/// Who had brought it took all of it back.
pub async fn set_reversed(db: &Db, id: PaymentId) -> Result<bool, StorageError> {
    Ok(db.execute(SET_REVERSED, &[&id.uuid()]).await? == 1)
}

const STANDS_AGAIN: &str = "update payment set reversed = 0 where id = $1 and reversed = amount";

/// What was reversed whole is with us all the same.
pub async fn stands_again(db: &Db, id: PaymentId) -> Result<bool, StorageError> {
    Ok(db.execute(STANDS_AGAIN, &[&id.uuid()]).await? == 1)
}

const SET_INTENT: &str = "update payment set intent_id = $2 where id = $1";

/// The payment's order is known after all.
pub async fn set_intent(db: &Db, id: PaymentId, intent: IntentId) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SET_INTENT).await?;
    db.execute(&statement, &[&id.uuid(), &intent.uuid()]).await?;
    Ok(())
}

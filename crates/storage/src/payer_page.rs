//! What the payer's page reads and keeps beside the intent: names of agencies, what the dossier system has acknowledged, what
//! a dossier owes, what became of money that is gone, what waits elsewhere that may be for it, and where a payer wants money back.

use crate::error::StorageError;
use crate::obligations;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::cause::Cause;
use domain::obligation::Obligation;
use domain::reference::Reference;
use domain::refund::RefundStatus;
use domain::{AttemptId, IntentId, ObligationId, PaymentId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use tokio_postgres::Row;
use uuid::Uuid;

const AGENCIES: &str = "select code, name from agency where code = any($1)";

/// Names of agencies by their codes; a code that nobody named is not in it.
pub async fn agencies(db: &Db, codes: &[&str]) -> Result<BTreeMap<String, String>, StorageError> {
    let statement = db.prepare_cached(AGENCIES).await?;
    Ok(db.query(&statement, &[&codes]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

// of an obligation that was reopened and paid again, the last time it was told
const TOLD: &str = "select distinct on (e.subject_id) e.subject_id,
        (select min(d.updated_at) from delivery d where d.event_id = e.id and d.state = 'delivered') as at,
        exists (select from delivery d where d.event_id = e.id and d.state in ('waiting', 'leased'))
        or e.feed_position is null and exists (select from event_endpoint p where p.client_id = e.client_id
            and p.disabled_at is null and (p.stream_kinds = '{}' or e.stream_kind = any(p.stream_kinds))) as is_on_its_way
    from event e where e.type = 'obligation.paid' and e.subject_id = any($1) order by e.subject_id, e.seq desc";

/// What dossier systems have heard of what is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// No endpoint listens: there is nothing to say of them.
    Nobody,
    Awaited,
    Acknowledged(Timestamp),
}

/// Whether dossier systems have acknowledged that all of these are paid.
pub async fn told(db: &Db, ids: &[ObligationId]) -> Result<Told, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(TOLD).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    let all: Option<Vec<Timestamp>> = rows.iter().map(|row| row.get("at")).collect();
    let is_complete = rows.len() == ids.len();
    if let Some(at) = all.filter(|_| is_complete).and_then(|all| all.into_iter().max()) {
        return Ok(Told::Acknowledged(at));
    }
    let is_heard = |row: &Row| row.get::<_, Option<Timestamp>>("at").is_some() || row.get("is_on_its_way");
    Ok(if is_complete && rows.iter().all(is_heard) { Told::Awaited } else { Told::Nobody })
}

const ASKED: &str = "select w.attempt_id, w.asked_at from attempt_watch w join attempt a on a.id = w.attempt_id
    where a.intent_id = $1 and w.asked_at is not null";

/// When providers last answered a question of ours about attempts of this intent.
pub async fn asked_at(db: &Db, intent: IntentId) -> Result<BTreeMap<AttemptId, Timestamp>, StorageError> {
    let statement = db.prepare_cached(ASKED).await?;
    let rows = db.query(&statement, &[&intent.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1))).collect())
}

// one that was cancelled is paid when the whole came there all the same
const EARLIER: &str = "select i.id, i.reference, (
        not exists (select from intent_obligation io where io.intent_id = i.id and io.obligation_id <> all($2))
        or (select count(distinct y.identity_index) = 1 and bool_and(y.identity_index is not null)
            from obligation b left join party y on y.id = b.payer_id
            where b.id = any($2) or b.id in (select io.obligation_id from intent_obligation io where io.intent_id = i.id))
        ) as tells_sums
    from intent i where i.id < $1 and i.status in ('cancelled', 'expired', 'paid')
    and i.id in (select o.intent_id from intent_obligation o where o.obligation_id = any($2))
    and (exists (select from payment p where p.intent_id = i.id) or exists (select from attempt a where a.intent_id = i.id
        and a.status in ('started', 'offered', 'committed', 'unknown'))) order by i.id";

/// A request for the same fees before another one.
#[derive(Debug, Clone)]
pub struct Before {
    pub id: IntentId,
    pub reference: Reference,
    /// All its fees are among those of the other, or all fees of both are one payer's: its sums tell nothing of somebody else.
    pub tells_sums: bool,
}

/// Requests for the same fees before this one that are over and had money, or at which a try has no result.
pub async fn earlier(db: &Db, intent: IntentId, obligations: &[ObligationId]) -> Result<Vec<Before>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(EARLIER).await?;
    let rows = db.query(&statement, &[&intent.uuid(), &ids]).await?;
    let read = |row: &Row| {
        let (id, tells_sums) = (row.get::<_, Uuid>("id").into(), row.get("tells_sums"));
        Ok(Before { id, reference: Reference::parse(row.get("reference")).map_err(unreadable)?, tells_sums })
    };
    rows.iter().map(read).collect()
}

// what fees got that goes back is told with these fees
const EARLIER_REFUNDS: &str = "select p.intent_id, r.status, sum(l.amount)::bigint as amount
    from payment p join refund r on r.payment_id = p.id
    join refund_line l on l.refund_id = r.id and l.obligation_id is null
    where p.intent_id = any($1) and r.status not in ('rejected', 'cancelled', 'failed')
    group by p.intent_id, r.id order by r.id";

/// Of what was held under these: what was proposed to be given back, is on its way, or has gone.
pub async fn refunds_of_held(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, RefundStatus, Vnd)>, StorageError> {
    let statement = db.prepare_cached(EARLIER_REFUNDS).await?;
    let rows = db.query(&statement, &[&intents]).await?;
    let read = |row: &Row| {
        let intent = row.get::<_, Uuid>("intent_id").into();
        Ok((intent, word(row, "status")?, Vnd::new(row.get("amount"))))
    };
    rows.iter().map(read).collect()
}

// Of what people gave to fees they have said whose it is: of what a fee was lowered by, and of its refund that came back, nobody
// else is told. The sum would tell whoever has the link what somebody else's dossier cost.
const NAMED_TOGETHER: &str = "with named as (
        -- the page's own reference before those of others
        select distinct on (n.payment_id) n.payment_id, nullif(n.intent_id, $1) as other
        from named_together n
        where n.intent_id = $1
            or n.intent_id in (select o.intent_id from intent_obligation o where o.obligation_id = any($2))
        order by n.payment_id, n.intent_id <> $1, n.intent_id),
    held as (
        select n.payment_id, n.other, p.amount as whole,
            least(p.amount - g.amount, w.amount - unexplained_debits(n.payment_id))::bigint as amount
        from named n join payment p on p.id = n.payment_id and p.intent_id is null
        cross join lateral (
            select coalesce(sum(a.amount), 0) as amount from allocation a
            where a.payment_id = p.id and a.suspense_reason in ('unidentified', 'overpaid', 'refund_returned')) w
        cross join lateral (
            select coalesce(sum(a.amount), 0) as amount from allocation a join journal j on j.id = a.journal_id
            where a.payment_id = p.id and a.obligation_id is not null and j.kind = 'reassignment') g
        where w.amount > 0 and exists (
            select from kase k where k.payment_id = p.id and k.waits and k.status <> 'closed'))
    select h.payment_id, i.reference, h.amount < h.whole as is_rest, case when (
            select count(distinct y.identity_index) = 1 and bool_and(y.identity_index is not null)
            from obligation b left join party y on y.id = b.payer_id
            where b.id = any($2) or b.id in (
                select io.obligation_id from named_together o join intent_obligation io on io.intent_id = o.intent_id
                where o.payment_id = h.payment_id)) then h.amount end as amount
    from held h left join intent i on i.id = h.other where h.amount > 0 order by h.payment_id";

/// Money whose text names a request and others, and that waits until people say whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTogether {
    pub payment_id: PaymentId,
    /// That of the other request for the same fees which it names; None where it names the one that is asked for.
    pub reference: Option<Reference>,
    /// Where all that it names is of one payer.
    pub amount: Option<Vnd>,
    /// Some of it has its place.
    pub is_rest: bool,
}

/// Money whose text names this request, or another one for the same fees, beside others.
pub async fn named_together(
    db: &Db,
    intent: IntentId,
    obligations: &[ObligationId],
) -> Result<Vec<NamedTogether>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(NAMED_TOGETHER).await?;
    let rows = db.query(&statement, &[&intent.uuid(), &ids]).await?;
    let read = |row: &Row| {
        let reference = row.get::<_, Option<&str>>("reference").map(Reference::parse).transpose();
        Ok(NamedTogether {
            payment_id: row.get::<_, Uuid>("payment_id").into(),
            reference: reference.map_err(unreadable)?,
            amount: row.get::<_, Option<i64>>("amount").map(Vnd::new),
            is_rest: row.get("is_rest"),
        })
    };
    rows.iter().map(read).collect()
}

const BEGUN_BESIDE: &str = "select i.reference from intent i where i.id <> $1
    and i.id in (select o.intent_id from intent_obligation o where o.obligation_id = any($2))
    and exists (select from attempt a where a.intent_id = i.id) order by i.id desc limit 3";

/// References of the newest other requests for the same fees under which their payer began to pay.
pub async fn begun_beside(
    db: &Db,
    intent: IntentId,
    obligations: &[ObligationId],
) -> Result<Vec<Reference>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(BEGUN_BESIDE).await?;
    let rows = db.query(&statement, &[&intent.uuid(), &ids]).await?;
    rows.iter().map(|row| Reference::parse(row.get("reference")).map_err(unreadable)).collect()
}

const OWED: &str = "select o.* from obligation o where upper(o.dossier_code collate \"C\") = upper($1 collate \"C\") and o.status <> 'cancelled'
    order by o.created_at, o.id limit 100";

/// What stands under a dossier's code, in capitals or not, whoever registered it.
pub async fn of_dossier(db: &Db, code: &str) -> Result<Vec<Obligation>, StorageError> {
    let statement = db.prepare_cached(OWED).await?;
    db.query(&statement, &[&code]).await?.iter().map(obligations::from_row).collect()
}

// far fewer are open or have had money
const REQUESTS: &str = "select i.page_token from intent i
    where i.id in (select o.intent_id from intent_obligation o where o.obligation_id = any($1))
    and (i.status in ('open', 'processing') or exists (select from payment p where p.intent_id = i.id)
        or exists (select from attempt a where a.intent_id = i.id and a.status in ('started', 'offered', 'committed', 'unknown'))
        or exists (select from named_together n where n.intent_id = i.id))
    order by i.status not in ('open', 'processing'), i.id desc limit 4";

/// Tokens of requests for these fees that are open, had money, were named by money beside others, or have a try without a result:
/// what is open first, then the newest.
pub async fn requests(db: &Db, obligations: &[ObligationId]) -> Result<Vec<String>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(REQUESTS).await?;
    Ok(db.query(&statement, &[&ids]).await?.iter().map(|row| row.get(0)).collect())
}

const TAKEN_BACK: &str = "select a.payment_id, max(coalesce(j.original_business_date, j.business_date))
    from allocation a join journal j on j.id = a.journal_id
    where a.payment_id = any($1) and j.kind = 'taken_back' group by 1";

/// Which of these were taken back by their bank, and on which day.
pub async fn taken_back(db: &Db, payments: &[PaymentId]) -> Result<BTreeMap<PaymentId, Date>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(TAKEN_BACK).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1))).collect())
}

const BANK_NUMBERS: &str = "select distinct on (o.payment_id) o.payment_id, s.bank_ref
    from sighting_outcome o join sighting s on s.id = o.sighting_id
    where o.payment_id = any($1) and s.account_code is null and s.bank_ref is not null order by o.payment_id, o.seq";

/// The numbers of the banks behind their providers, of those of these payments of which one was told.
pub async fn bank_numbers(db: &Db, payments: &[PaymentId]) -> Result<BTreeMap<PaymentId, String>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(BANK_NUMBERS).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1))).collect())
}

const DUE_SINCE: &str =
    "select t.cause from transition t join obligation o on o.id = t.entity_id and o.version = t.version
    where o.id = any($1) and o.status = 'due'";

/// Why those of these that are due are.
pub async fn due_since(db: &Db, obligations: &[ObligationId]) -> Result<Vec<Cause>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(DUE_SINCE).await?;
    db.query(&statement, &[&ids]).await?.iter().map(|row| word(row, "cause")).collect()
}

/// Where a payer wants the money of a payment back.
#[derive(Debug, Clone)]
pub struct Wish {
    pub payment_id: PaymentId,
    /// None once its person was erased.
    pub account_sealed: Option<Vec<u8>>,
    /// The last characters of the account's number.
    pub ends_in: String,
    pub told_at: Timestamp,
}

const WISH: &str = "insert into refund_wish (payment_id, account_sealed, ends_in, told_at) values ($1, $2, $3, $4)
    on conflict (payment_id) do update set account_sealed = $2, ends_in = $3, told_at = $4";

/// Keeps it, in place of an earlier one of the same payment.
pub async fn keep_wish(db: &Db, wish: &Wish) -> Result<(), StorageError> {
    let statement = db.prepare_cached(WISH).await?;
    let Wish { payment_id, account_sealed, ends_in, told_at } = wish;
    db.execute(&statement, &[&payment_id.uuid(), account_sealed, ends_in, told_at]).await?;
    Ok(())
}

const WISHES: &str = "select payment_id, account_sealed, ends_in, told_at from refund_wish
    where payment_id = any($1) and account_sealed is not null";

pub async fn wishes(db: &Db, payments: &[PaymentId]) -> Result<Vec<Wish>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(WISHES).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    Ok(rows
        .iter()
        .map(|row| Wish {
            payment_id: row.get::<_, Uuid>(0).into(),
            account_sealed: row.get(1),
            ends_in: row.get(2),
            told_at: row.get(3),
        })
        .collect())
}

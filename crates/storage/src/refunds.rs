//! Refunds: what was proposed, who pays it out, when it is driven next, and what providers said of it.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use domain::moving::Part;
use domain::refund::{Closing, RefundLine, RefundState, RefundStatus};
use domain::{PaymentId, RefundId, Vnd};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

/// Who pays a refund out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The provider that took the money.
    Provider,
    /// A transfer that people make; its debit on a statement is the proof.
    Transfer,
}

impl Route {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Transfer => "transfer",
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewRefund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub closing: Closing,
    pub lines: Vec<RefundLine>,
    pub reason_code: String,
    pub note: String,
    pub route: Route,
    /// 32 characters `0-9a-f`.
    pub provider_request_id: String,
    /// By which the debit of a transfer is known.
    pub reference: String,
    pub payer_account_sealed: Option<Vec<u8>>,
    pub proposed_by: String,
    pub at: Timestamp,
}

const INSERT: &str =
    "insert into refund (id, payment_id, amount, closing, reason_code, note, status, provider_request_id,
        proposed_by, created_at, updated_at, route, reference, payer_account_sealed)
    values ($1, $2, $3, $4, $5, $6, 'pending_approval', $7, $8, $9, $9, $10, $11, $12)";
const LINES: &str = "insert into refund_line (refund_id, position, obligation_id, amount)
    select $1, n::int, obligation, amount
    from unnest($2::uuid[], $3::bigint[]) with ordinality as l(obligation, amount, n)";

pub async fn insert(db: &Db, r: &NewRefund) -> Result<(), StorageError> {
    let amount: Vnd = r.lines.iter().map(|l| l.amount).sum();
    db.execute(
        INSERT,
        &[
            &r.id.uuid(),
            &r.payment_id.uuid(),
            &amount.dong(),
            &r.closing.as_str(),
            &r.reason_code,
            &r.note,
            &r.provider_request_id,
            &r.proposed_by,
            &r.at,
            &r.route.as_str(),
            &r.reference,
            &r.payer_account_sealed,
        ],
    )
    .await?;
    let obligations: Vec<Option<Uuid>> = r.lines.iter().map(|l| l.obligation_id.map(|o| o.uuid())).collect();
    let amounts: Vec<i64> = r.lines.iter().map(|l| l.amount.dong()).collect();
    db.execute(LINES, &[&r.id.uuid(), &obligations, &amounts]).await?;
    Ok(())
}

/// A refund as it stands.
#[derive(Debug, Clone)]
pub struct Stored {
    pub state: RefundState,
    pub payment_id: PaymentId,
    pub route: Route,
    pub reason_code: String,
    pub note: String,
    pub provider_request_id: String,
    pub provider_refund_id: Option<String>,
    pub reference: String,
    /// The provider has taken up this very call; None where it has not, or does not say which.
    pub is_taken_up: bool,
    pub is_accepted: bool,
    pub payer_account_sealed: Option<Vec<u8>>,
    pub proposed_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    /// Of the calls that may have been sent, when the first was made.
    pub first_asked_at: Option<Timestamp>,
    /// How often the provider was, or may have been, asked to pay it out.
    pub calls: i32,
}

macro_rules! select_refund {
    ($rest:literal) => {
        concat!(
            "select r.*, (select array_agg(l.obligation_id order by l.position) from refund_line l where l.refund_id = r.id) ",
            "as line_obligations, (select array_agg(l.amount order by l.position) from refund_line l ",
            "where l.refund_id = r.id) as line_amounts from refund r ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<Stored, StorageError> {
    let obligations: Vec<Option<Uuid>> = row.get("line_obligations");
    let amounts: Vec<i64> = row.get("line_amounts");
    let lines = obligations
        .iter()
        .zip(amounts)
        .map(|(o, amount)| RefundLine { obligation_id: o.map(Into::into), amount: Vnd::new(amount) })
        .collect();
    let accepted: Option<&str> = row.get("accepted");
    Ok(Stored {
        state: RefundState {
            id: row.get::<_, Uuid>("id").into(),
            status: word(row, "status")?,
            version: row.get("version"),
            closing: word(row, "closing")?,
            lines,
        },
        payment_id: row.get::<_, Uuid>("payment_id").into(),
        route: match row.get::<_, Option<&str>>("route") {
            Some("provider") => Route::Provider,
            _ => Route::Transfer,
        },
        reason_code: row.get("reason_code"),
        note: row.get("note"),
        provider_request_id: row.get::<_, Option<String>>("provider_request_id").unwrap_or_default(),
        provider_refund_id: row.get("provider_refund_id"),
        reference: row.get::<_, Option<String>>("reference").unwrap_or_default(),
        is_taken_up: accepted == Some("taken_up"),
        is_accepted: accepted.is_some(),
        payer_account_sealed: row.get("payer_account_sealed"),
        proposed_by: row.get("proposed_by"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        submitted_at: row.get("submitted_at"),
        // the release before this one writes the former only
        first_asked_at: row.get::<_, Option<_>>("first_asked_at").or(row.get("submitted_at")),
        calls: row.get("calls"),
    })
}

const LOCK: &str = select_refund!("where r.id = $1 for no key update of r");

/// Locked; its payment must be locked before.
pub async fn lock(db: &Db, id: RefundId) -> Result<Option<Stored>, StorageError> {
    db.query_opt(LOCK, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

const BY_ID: &str = select_refund!("where r.id = $1");

pub async fn by_id(db: &Db, id: RefundId) -> Result<Option<Stored>, StorageError> {
    db.query_opt(BY_ID, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

const OF_PAYMENT: &str = select_refund!("where r.payment_id = $1 order by r.id");

/// All refunds of a payment, the oldest first.
pub async fn of_payment(db: &Db, payment: PaymentId) -> Result<Vec<Stored>, StorageError> {
    db.query(OF_PAYMENT, &[&payment.uuid()]).await?.iter().map(from_row).collect()
}

/// What a list is narrowed to: `client` sees refunds that it proposed, or of payments that touch what is its own.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<RefundStatus>,
    pub beneficiaries: Option<Vec<String>>,
    pub client: Option<Uuid>,
    pub id: Option<Uuid>,
}

const PAGE: &str = select_refund!(
    "join payment p on p.id = r.payment_id left join intent i on i.id = p.intent_id
    where ($1::text is null or r.status = $1)
      and ($2::text[] is null or p.whose = any(array(select concerning($2))))
      and ($3::uuid is null or i.client_id = $3 or exists (
            select from refund_line l join obligation o on o.id = l.obligation_id
            where l.refund_id = r.id and o.client_id = $3))
      and ($4::uuid is null or r.id = $4) and ($5::uuid is null or r.id < $5)
    order by r.id desc limit $6"
);

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<RefundId>, limit: i64) -> Result<Vec<Stored>, StorageError> {
    let status = f.status.map(RefundStatus::as_str);
    let after = after.map(RefundId::uuid);
    let rows = db.query(PAGE, &[&status, &f.beneficiaries, &f.client, &f.id, &after, &limit]).await?;
    rows.iter().map(from_row).collect()
}

const TAKEN: &str = "select a.payment_id, a.obligation_id, a.suspense_reason, a.amount from allocation a
    where a.journal_id = (select journal_id from allocation where refund_id = $1 and amount > 0 order by id limit 1)
      and a.refund_id is null order by a.id";

/// What the approval's journal moved, beside what it gave the refund.
pub async fn taken(db: &Db, id: RefundId) -> Result<Vec<Part>, StorageError> {
    let rows = db.query(TAKEN, &[&id.uuid()]).await?;
    rows.iter().map(crate::scenes::part).collect()
}

// ---------------------------------------------------------------- driving them

const WATCH: &str = "insert into refund_watch (refund_id, next_at) values ($1, $2)
    on conflict (refund_id) do update set next_at = excluded.next_at";

/// Somebody looks at it from then on; whoever is at it now goes on.
pub async fn watch(db: &Db, id: RefundId, next_at: Timestamp) -> Result<(), StorageError> {
    db.execute(WATCH, &[&id.uuid(), &next_at]).await?;
    Ok(())
}

const UNWATCH: &str = "delete from refund_watch where refund_id = $1";

pub async fn unwatch(db: &Db, id: RefundId) -> Result<(), StorageError> {
    db.execute(UNWATCH, &[&id.uuid()]).await?;
    Ok(())
}

// One of a payment at a time: a provider tells of the newest refund of a payment, and does not say which it is.
const CLAIM: &str =
    "update refund_watch w set lease_until = now() + $2::bigint * interval '1 second', asked = w.asked + 1
    from refund r where r.id = w.refund_id and w.refund_id in (
        select v.refund_id from refund_watch v join refund q on q.id = v.refund_id
        where ($3 or v.next_at <= now()) and (v.lease_until is null or v.lease_until < now())
          and not (q.status = 'approved' and q.route = 'provider' and exists (
              select from refund o where o.payment_id = q.payment_id and o.id <> q.id
                and (o.status in ('submitted', 'unknown')
                     or o.status = 'approved' and o.route = 'provider' and o.id < q.id)))
        order by v.next_at limit $1 for update of v skip locked)
    returning w.refund_id, r.payment_id, w.asked";

/// A refund that is this process's to drive until the lease ends.
#[derive(Debug, Clone, Copy)]
pub struct Claimed {
    pub id: RefundId,
    pub payment_id: PaymentId,
    /// Which look it is, from 1.
    pub asked: i32,
}

/// `all`: whatever their schedule says.
pub async fn claim(db: &Db, limit: i64, lease: SignedDuration, all: bool) -> Result<Vec<Claimed>, StorageError> {
    let rows = db.query(CLAIM, &[&limit, &lease.as_secs(), &all]).await?;
    Ok(rows
        .iter()
        .map(|row| Claimed {
            id: row.get::<_, Uuid>(0).into(),
            payment_id: row.get::<_, Uuid>(1).into(),
            asked: row.get(2),
        })
        .collect())
}

const PUT_OFF: &str = "update refund_watch set next_at = $2, lease_until = null where refund_id = $1";

/// Looked at again then; nothing where it is watched no more.
pub async fn put_off(db: &Db, id: RefundId, next_at: Timestamp) -> Result<(), StorageError> {
    db.execute(PUT_OFF, &[&id.uuid(), &next_at]).await?;
    Ok(())
}

const HINT: &str = "update refund_watch w set next_at = least(w.next_at, now()) from refund r
    join payment p on p.id = r.payment_id
    where w.refund_id = r.id and r.provider_request_id = $2 and p.profile = $1";

/// There may be news of the refund that the contract's provider heard under this request id.
pub async fn hint(db: &Db, profile: &str, request_id: &str) -> Result<(), StorageError> {
    db.execute(HINT, &[&profile, &request_id]).await?;
    Ok(())
}

const IS_SETTLED: &str = "select exists (select from settlement_line where refund_id = $1 and disposition = 'matched')";

/// Whether a provider's file says that it was sent.
pub async fn is_settled(db: &Db, id: RefundId) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_SETTLED, &[&id.uuid()]).await?.get(0))
}

const SETTLED_AND_OPEN: &str = "select r.id, r.payment_id from refund r join settlement_line l on l.refund_id = r.id
    where r.status in ('submitted', 'unknown') and l.disposition = 'matched' order by r.id limit 500";

/// Refunds that a provider's file calls sent and we do not, yet.
pub async fn settled_and_open(db: &Db) -> Result<Vec<Claimed>, StorageError> {
    let rows = db.query(SETTLED_AND_OPEN, &[]).await?;
    let claimed =
        |row: &Row| Claimed { id: row.get::<_, Uuid>(0).into(), payment_id: row.get::<_, Uuid>(1).into(), asked: 0 };
    Ok(rows.iter().map(claimed).collect())
}

const SETTLED_BUT_FAILED: &str =
    "select distinct r.id, r.payment_id from refund r join settlement_line l on l.refund_id = r.id
    where r.status = 'failed' and l.disposition = 'matched'
      -- one that was sent and came back is no contradiction
      and not exists (select from transition t where t.entity_id = r.id and t.to_state = 'succeeded')
      and not exists (select from kase k where k.payment_id = r.payment_id and k.kind = 'status_differs'
                      and k.subject = assurance.text_id('rfd', r.id))
    order by r.id limit 500";

/// Refunds that a provider's file calls sent, that we call failed, and of which no case tells.
pub async fn settled_but_failed(db: &Db) -> Result<Vec<(RefundId, PaymentId)>, StorageError> {
    let rows = db.query(SETTLED_BUT_FAILED, &[]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get::<_, Uuid>(1).into())).collect())
}

const SUBMITTED: &str = "update refund set submitted_at = $2, first_asked_at = $2, calls = 1 where id = $1";

/// The provider is about to hear it, for the first time.
pub async fn submitted(db: &Db, id: RefundId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(SUBMITTED, &[&id.uuid(), &at]).await?;
    Ok(())
}

const CALLED: &str = "update refund set calls = calls + 1,
        first_asked_at = case when calls = 0 then $2 else coalesce(first_asked_at, submitted_at) end
    where id = $1 and status in ('submitted', 'unknown') and accepted is null returning calls, first_asked_at";

/// A call that the provider is about to hear.
#[derive(Debug, Clone, Copy)]
pub struct Called {
    /// Which call it is, from 1, of those that may have been sent.
    pub number: i32,
    pub first_asked_at: Timestamp,
}

/// The provider is about to hear it; None where it is not to, any more: it is over, or taken up.
pub async fn called(db: &Db, id: RefundId, at: Timestamp) -> Result<Option<Called>, StorageError> {
    let row = db.query_opt(CALLED, &[&id.uuid(), &at]).await?;
    Ok(row.map(|row| Called { number: row.get(0), first_asked_at: row.get(1) }))
}

const NOT_SENT: &str = "update refund set calls = calls - 1 where id = $1 and calls = $2";

/// The call of this number was certainly never sent. Where another one was begun meanwhile the count stays: too many calls
/// do no harm.
pub async fn not_sent(db: &Db, id: RefundId, number: i32) -> Result<(), StorageError> {
    db.execute(NOT_SENT, &[&id.uuid(), &number]).await?;
    Ok(())
}

const ACCEPTED: &str = "update refund set accepted = coalesce(accepted, $2),
    provider_refund_id = coalesce(provider_refund_id, $3) where id = $1";

/// The provider has it: taken up by this very call, or it says that it has one already.
pub async fn accepted(
    db: &Db,
    id: RefundId,
    by_this_call: bool,
    provider_refund_id: Option<&str>,
) -> Result<(), StorageError> {
    let word = if by_this_call { "taken_up" } else { "repeated" };
    db.execute(ACCEPTED, &[&id.uuid(), &word, &provider_refund_id]).await?;
    Ok(())
}

const EVIDENCE: &str = "insert into refund_evidence (refund_id, said, raw) values ($1, $2, $3)";

/// The bytes that a provider answered, before anything is concluded from them.
pub async fn keep_evidence(db: &Db, id: RefundId, said: &str, raw: &[u8]) -> Result<(), StorageError> {
    db.execute(EVIDENCE, &[&id.uuid(), &said, &raw]).await?;
    Ok(())
}

const OTHER_UNDER_WAY: &str = "select exists (select from refund o where o.payment_id = $1 and o.id <> $2
    and o.status in ('submitted', 'unknown'))";

/// Whether its provider is at another refund of the same payment; the payment is locked.
pub async fn other_under_way(db: &Db, payment: PaymentId, id: RefundId) -> Result<bool, StorageError> {
    Ok(db.query_one(OTHER_UNDER_WAY, &[&payment.uuid(), &id.uuid()]).await?.get(0))
}

const GOING_BACK: &str = "select distinct payment_id from refund
    where payment_id = any($1) and status not in ('rejected', 'cancelled')";

/// Of which of these payments a refund is proposed, under way or paid out, or was to be: its transfer may still be made.
pub async fn going_back(db: &Db, payments: &[PaymentId]) -> Result<BTreeSet<PaymentId>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(GOING_BACK).await?;
    Ok(db.query(&statement, &[&ids]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const EARLIER: &str = "select exists (select from refund o where o.payment_id = $1 and o.id <> $2
    and o.submitted_at is not null and o.submitted_at < coalesce((select submitted_at from refund where id = $2), 'infinity'))";

/// Whether the provider may be telling of another refund of the same payment.
pub async fn has_earlier(db: &Db, payment: PaymentId, id: RefundId) -> Result<bool, StorageError> {
    Ok(db.query_one(EARLIER, &[&payment.uuid(), &id.uuid()]).await?.get(0))
}

const LATER: &str = "select exists (select from refund o join refund r on r.id = $2
    where o.payment_id = $1 and o.id <> r.id and o.submitted_at > r.submitted_at)";

/// Whether the provider tells of a later refund of the same payment.
pub async fn has_later(db: &Db, payment: PaymentId, id: RefundId) -> Result<bool, StorageError> {
    Ok(db.query_one(LATER, &[&payment.uuid(), &id.uuid()]).await?.get(0))
}

// ---------------------------------------------------------------- what is sent and may come back

const LOOK_AFTER: &str = "insert into sent_refund (refund_id, next_at, until_at) values ($1, $2, $3)
    on conflict (refund_id) do nothing";

/// Somebody asks about it from `next_at` on, until then.
pub async fn look_after(db: &Db, id: RefundId, next_at: Timestamp, until_at: Timestamp) -> Result<(), StorageError> {
    db.execute(LOOK_AFTER, &[&id.uuid(), &next_at, &until_at]).await?;
    Ok(())
}

/// A sent refund that is this process's to ask about until the lease ends.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub until_at: Timestamp,
}

const CLAIM_SENT: &str = "update sent_refund w set lease_until = now() + $2::bigint * interval '1 second'
    from refund r where r.id = w.refund_id and w.refund_id in (
        select refund_id from sent_refund
        where ($3 or next_at <= now()) and (lease_until is null or lease_until < now())
        order by next_at limit $1 for update skip locked)
    returning w.refund_id, r.payment_id, w.until_at";

/// `all`: whatever their schedule says.
pub async fn claim_sent(db: &Db, limit: i64, lease: SignedDuration, all: bool) -> Result<Vec<Sent>, StorageError> {
    let rows = db.query(CLAIM_SENT, &[&limit, &lease.as_secs(), &all]).await?;
    let sent = |row: &Row| Sent {
        id: row.get::<_, Uuid>(0).into(),
        payment_id: row.get::<_, Uuid>(1).into(),
        until_at: row.get(2),
    };
    Ok(rows.iter().map(sent).collect())
}

const LOOK_LATER: &str = "update sent_refund set next_at = $2, lease_until = null where refund_id = $1";

/// Asked again then; nothing where nobody asks about it any more.
pub async fn look_later(db: &Db, id: RefundId, next_at: Timestamp) -> Result<(), StorageError> {
    db.execute(LOOK_LATER, &[&id.uuid(), &next_at]).await?;
    Ok(())
}

const FORGET_SENT: &str = "delete from sent_refund where refund_id = $1";

pub async fn forget_sent(db: &Db, id: RefundId) -> Result<(), StorageError> {
    db.execute(FORGET_SENT, &[&id.uuid()]).await?;
    Ok(())
}

const RETURNED_AND_SENT: &str = "select r.id, r.payment_id from refund r
    join settlement_line l on l.returns_refund_id = r.id where r.status = 'succeeded' order by r.id limit 500";

/// Refunds that a provider's file brings back and that we call sent, yet.
pub async fn returned_and_sent(db: &Db) -> Result<Vec<(RefundId, PaymentId)>, StorageError> {
    let rows = db.query(RETURNED_AND_SENT, &[]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get::<_, Uuid>(1).into())).collect())
}

// ---------------------------------------------------------------- transfers on statements

const BY_CODES: &str = select_refund!("where r.reference = any($1) and r.route = 'transfer' order by r.id");

/// Transfers that these codes name.
pub async fn by_codes(db: &Db, codes: &[String]) -> Result<Vec<Stored>, StorageError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    db.query(BY_CODES, &[&codes]).await?.iter().map(from_row).collect()
}

const UNEXPLAINED: &str = "select unexplained_debits($1)";

/// What has left of the payment past us, by debits whose cases are open.
pub async fn unexplained(db: &Db, payment: PaymentId) -> Result<Vnd, StorageError> {
    Ok(Vnd::new(db.query_one(UNEXPLAINED, &[&payment.uuid()]).await?.get(0)))
}

const UNEXPLAINED_OF: &str = "select p.id, unexplained_debits(p.id) from payment p where p.id = any($1) order by p.id";

/// The same of each of these payments.
pub async fn unexplained_of(db: &Db, of: &[PaymentId]) -> Result<Vec<(PaymentId, Vnd)>, StorageError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    let rows = db.query(UNEXPLAINED_OF, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
}

const LOCK_PAYMENTS: &str =
    "select p.id, p.reversed <> 0 from payment p where p.id = any($1) order by p.id for no key update";

/// Whether each of these payments was taken back; they are locked, so that no refund of them is proposed or decided.
pub async fn lock_payments(db: &Db, of: &[PaymentId]) -> Result<Vec<(PaymentId, bool)>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    let rows = db.query(LOCK_PAYMENTS, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1))).collect())
}

// ---------------------------------------------------------------- proof of the credits

const PROVEN: &str = "select p.id, exists (select from movement_match m where m.payment_id = p.id and m.amount > 0)
        or exists (select from settlement_line l where l.payment_id = p.id and l.kind = 'payment'
                   and l.disposition in ('matched', 'case'))
        -- a drawer's oldest cash is brought to the bank first; of what was declared, what the bank credited proves itself
        or p.counter is not null and (
            select coalesce(sum(least(d.amount, m.amount)), 0) from deposit d join movement_match m on m.deposit_id = d.id
            where d.counter_code = p.counter) >= (
            select sum(q.amount - q.reversed) from payment q
            where q.counter = p.counter and (q.recorded_at, q.id) <= (p.recorded_at, p.id)) as proven
    from payment p where p.id = any($1)";

/// Which of these payments a statement or a settlement file shows; of cash, the deposit that brought it to the bank.
pub async fn proven(db: &Db, payments: &[PaymentId]) -> Result<Vec<(PaymentId, bool)>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|p| p.uuid()).collect();
    let rows = db.query(PROVEN, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get(1))).collect())
}

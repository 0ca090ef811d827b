//! Providers' settlement files: what they say they took, kept and paid out.

use crate::error::StorageError;
use crate::pool::Db;
use domain::booking::OpenCase;
use domain::codes::AccountCode;
use domain::{MovementId, PaymentId, SettlementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::movements::open_cases;

const UNPAID: &str = "select s.id from unpaid_settlement s
    where s.profile = $1 and s.payout_account = $2 and s.net = $3 and s.date <= $4 order by s.date, s.id";

/// Settlements of this net amount whose payout to the account was not seen yet, oldest first.
pub async fn unpaid(
    db: &Db,
    profile: &str,
    account: &AccountCode,
    net: Vnd,
    until: Date,
) -> Result<Vec<SettlementId>, StorageError> {
    let statement = db.prepare_cached(UNPAID).await?;
    let rows = db.query(&statement, &[&profile, &account.as_str(), &net.dong(), &until]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const TAKE_BACK: &str = "delete from settlement_given_away where movement_id = $1 returning settlement_id";

/// Nobody gives away any more what this movement paid out: the settlement that it was counted for.
pub async fn take_back(db: &Db, movement: MovementId) -> Result<Option<SettlementId>, StorageError> {
    Ok(db.query_opt(TAKE_BACK, &[&movement.uuid()]).await?.map(|row| row.get::<_, Uuid>(0).into()))
}

const TOLD_AS_GIVEN: &str = "select k.id from kase k
    where k.kind = 'amount_differs' and k.subject = $1 and k.amount = $2 and k.payment_id is null and k.movement_id is null
      and k.status <> 'closed' order by k.id desc limit 1";

/// The open case, locked, that tells of what people gave away of a settlement's payout.
pub async fn told_as_given(db: &Db, id: SettlementId, amount: Vnd) -> Result<Vec<OpenCase>, StorageError> {
    let rows = db.query(TOLD_AS_GIVEN, &[&id.to_string(), &amount.dong()]).await?;
    let ids: Vec<domain::CaseId> = rows.iter().map(|r| r.get::<_, Uuid>(0).into()).collect();
    open_cases(db, &ids).await
}

const GIVE_AWAY: &str = "insert into settlement_given_away (settlement_id, movement_id) values ($1, $2)";

/// What this movement paid out people had placed when the file came.
pub async fn give_away(db: &Db, id: SettlementId, movement: MovementId) -> Result<(), StorageError> {
    db.execute(GIVE_AWAY, &[&id.uuid(), &movement.uuid()]).await?;
    Ok(())
}

const BOOKED_NET: &str = "select coalesce(sum(net), 0)::bigint from settlement_line
    where settlement_id = $1 and disposition in ('matched', 'case', 'unmatched')";

/// What is to be paid out by the rows of a file that were booked: without those that an earlier one had.
pub async fn booked_net(db: &Db, id: SettlementId) -> Result<Vnd, StorageError> {
    Ok(Vnd::new(db.query_one(BOOKED_NET, &[&id.uuid()]).await?.get(0)))
}

const LOCK_PROFILE: &str = "select channel, payout_account from merchant_profile where code = $1 for no key update";

/// One import at a time for a contract: its channel, and the account that it pays out to. Rows that name the contract,
/// which is every report of its money, do not wait.
pub async fn lock_profile(db: &Db, profile: &str) -> Result<Option<(String, Option<String>)>, StorageError> {
    Ok(db.query_opt(LOCK_PROFILE, &[&profile]).await?.map(|row| (row.get(0), row.get(1))))
}

/// A file as it is kept.
#[derive(Debug, Clone)]
pub struct NewSettlement<'a> {
    pub id: SettlementId,
    pub profile: &'a str,
    pub sha256: &'a str,
    pub date: Date,
    /// What payments brought, what the provider keeps, what went back, what is paid out. đồng, none below zero but the
    /// last.
    pub gross: i64,
    pub fee: i64,
    pub refunds: i64,
    pub net: i64,
    /// What the contract says that the provider keeps of these payments; None where it says nothing.
    pub expected_fee: Option<i64>,
    pub lines: i32,
    pub payout_account: &'a str,
    pub imported_by: &'a str,
}

const INSERT: &str = "insert into settlement (id, profile, sha256, date, gross, fee, refunds, net, lines, imported_by,
        payout_account, expected_fee)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub async fn insert(db: &Db, s: &NewSettlement<'_>) -> Result<(), StorageError> {
    db.execute(
        INSERT,
        &[
            &s.id.uuid(),
            &s.profile,
            &s.sha256,
            &s.date,
            &s.gross,
            &s.fee,
            &s.refunds,
            &s.net,
            &s.lines,
            &s.imported_by,
            &s.payout_account,
            &s.expected_fee,
        ],
    )
    .await?;
    Ok(())
}

/// A row of a file, and what became of it.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub line_no: i32,
    pub kind: &'static str,
    pub provider_txn_id: String,
    pub order_ref: Option<String>,
    /// What a refund or a correction is of.
    pub original_txn_id: Option<String>,
    pub payment_id: Option<PaymentId>,
    pub refund_id: Option<domain::RefundId>,
    /// The refund that a correction brings back.
    pub returns: Option<domain::RefundId>,
    pub amount: i64,
    pub fee: i64,
    pub net: i64,
    pub paid_at: Option<Timestamp>,
    pub status: &'static str,
    pub disposition: &'static str,
}

const INSERT_LINES: &str =
    "insert into settlement_line (settlement_id, profile, line_no, kind, provider_txn_id, order_ref,
        payment_id, refund_id, amount, fee, net, paid_at, status, disposition, returns_refund_id,
        original_txn_id)
    select $1, $2, line_no, kind, txn, order_ref, payment, refund, amount, fee, net, paid_at, status, disposition, returned,
        original
    from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bigint[], $9::bigint[], $10::bigint[],
        $11::timestamptz[], $12::text[], $13::text[], $14::uuid[], $15::uuid[], $16::text[])
        as l(line_no, kind, txn, order_ref, payment, amount, fee, net, paid_at, status, disposition, refund, returned,
            original)";

pub async fn insert_lines(db: &Db, id: SettlementId, profile: &str, lines: &[NewLine]) -> Result<(), StorageError> {
    let numbers: Vec<i32> = lines.iter().map(|l| l.line_no).collect();
    let kinds: Vec<&str> = lines.iter().map(|l| l.kind).collect();
    let transactions: Vec<&str> = lines.iter().map(|l| l.provider_txn_id.as_str()).collect();
    let orders: Vec<Option<&str>> = lines.iter().map(|l| l.order_ref.as_deref()).collect();
    let payments: Vec<Option<Uuid>> = lines.iter().map(|l| l.payment_id.map(|p| p.uuid())).collect();
    let amounts: Vec<i64> = lines.iter().map(|l| l.amount).collect();
    let fees: Vec<i64> = lines.iter().map(|l| l.fee).collect();
    let nets: Vec<i64> = lines.iter().map(|l| l.net).collect();
    let paid: Vec<Option<Timestamp>> = lines.iter().map(|l| l.paid_at).collect();
    let statuses: Vec<&str> = lines.iter().map(|l| l.status).collect();
    let refunds: Vec<Option<Uuid>> = lines.iter().map(|l| l.refund_id.map(|r| r.uuid())).collect();
    let returned: Vec<Option<Uuid>> = lines.iter().map(|l| l.returns.map(|r| r.uuid())).collect();
    let dispositions: Vec<&str> = lines.iter().map(|l| l.disposition).collect();
    let originals: Vec<Option<&str>> = lines.iter().map(|l| l.original_txn_id.as_deref()).collect();
    db.execute(
        INSERT_LINES,
        &[
            &id.uuid(),
            &profile,
            &numbers,
            &kinds,
            &transactions,
            &orders,
            &payments,
            &amounts,
            &fees,
            &nets,
            &paid,
            &statuses,
            &dispositions,
            &refunds,
            &returned,
            &originals,
        ],
    )
    .await?;
    Ok(())
}

/// A refund of ours that a provider pays out and no file of it has named.
#[derive(Debug, Clone)]
pub struct SettledRefund {
    pub id: domain::RefundId,
    pub payment_id: PaymentId,
    pub provider_refund_id: Option<String>,
    pub amount: Vnd,
}

const UNSETTLED_REFUNDS: &str = "select r.id, r.payment_id, r.provider_refund_id, r.amount
    from refund r join payment p on p.id = r.payment_id
    where p.profile = $1 and r.route = 'provider'
      and (r.status in ('submitted', 'unknown', 'succeeded') or r.status = 'failed' and exists (
          select from transition t where t.entity_id = r.id and t.cause = 'came_back'))
      and (r.provider_refund_id = any($2) or p.provider_txn_id = any($2))
      and not exists (select from settlement_line l where l.refund_id = r.id and l.disposition = 'matched')
    order by r.id";

/// Those that these numbers may be: their own, or their payments'.
pub async fn unsettled_refunds(db: &Db, profile: &str, txns: &[&str]) -> Result<Vec<SettledRefund>, StorageError> {
    Ok(db.query(UNSETTLED_REFUNDS, &[&profile, &txns]).await?.iter().map(settled_refund).collect())
}

fn settled_refund(row: &tokio_postgres::Row) -> SettledRefund {
    SettledRefund {
        id: row.get::<_, Uuid>(0).into(),
        payment_id: row.get::<_, Uuid>(1).into(),
        provider_refund_id: row.get(2),
        amount: Vnd::new(row.get(3)),
    }
}

const RETURNABLE: &str = "select r.id, r.payment_id, r.provider_refund_id, r.amount
    from refund r join payment p on p.id = r.payment_id
    where p.profile = $1 and r.route = 'provider' and r.provider_refund_id = any($2)
      and (r.status = 'succeeded'
           or r.status = 'failed' and exists (select from transition t where t.entity_id = r.id and t.cause = 'came_back')
           or exists (select from settlement_line l where l.refund_id = r.id and l.disposition = 'matched'))
      and not exists (select from settlement_line l where l.returns_refund_id = r.id)
    order by r.id";

/// Refunds with these numbers that were sent, and that no file has brought back yet.
pub async fn returnable(db: &Db, profile: &str, numbers: &[&str]) -> Result<Vec<SettledRefund>, StorageError> {
    Ok(db.query(RETURNABLE, &[&profile, &numbers]).await?.iter().map(settled_refund).collect())
}

/// A payment of ours that a file names.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub id: PaymentId,
    pub amount: Vnd,
    /// It was undone here: nothing of it is in the books.
    pub is_reversed: bool,
    /// It was undone here, and a file has shown all of it since.
    pub is_charged_after_all: bool,
}

const KNOWN: &str = "select p.provider_txn_id, p.id, p.amount, p.reversed <> 0,
        p.reversed = 0 and exists (select from counter_void v where v.payment_id = p.id)
            and exists (select from settlement_line l where l.payment_id = p.id and l.kind = 'payment'
                        and l.disposition in ('matched', 'case') and l.amount = p.amount)
    from payment p where p.profile = $1 and p.provider_txn_id = any($2)";

/// Payments of a contract by the provider's numbers.
pub async fn payments_by_txn(db: &Db, profile: &str, txns: &[&str]) -> Result<Vec<(String, Known)>, StorageError> {
    let rows = db.query(KNOWN, &[&profile, &txns]).await?;
    let known = |r: &tokio_postgres::Row| Known {
        id: r.get::<_, Uuid>(1).into(),
        amount: Vnd::new(r.get(2)),
        is_reversed: r.get(3),
        is_charged_after_all: r.get(4),
    };
    Ok(rows.iter().map(|r| (r.get(0), known(r))).collect())
}

const ONLY_OF_ORDERS: &str = "select order_ref, min(provider_txn_id) from payment
    where profile = $1 and order_ref = any($2) group by order_ref having count(*) = 1 and count(provider_txn_id) = 1";

/// Of these orders of a contract, those of which there is one payment: order, and the provider's number of that.
pub async fn only_of_orders(db: &Db, profile: &str, orders: &[&str]) -> Result<Vec<(String, String)>, StorageError> {
    let rows = db.query(ONLY_OF_ORDERS, &[&profile, &orders]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

const SETTLED: &str = "select kind, provider_txn_id from settlement_line
    where profile = $1 and provider_txn_id = any($2) and disposition in ('matched', 'case', 'unmatched')";

/// Which of these a file has named before: kind and the provider's number.
pub async fn settled_before(db: &Db, profile: &str, txns: &[&str]) -> Result<Vec<(String, String)>, StorageError> {
    let rows = db.query(SETTLED, &[&profile, &txns]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

const MISSING: &str = "select p.id, p.amount, p.business_date from payment p
    where p.profile = $1 and p.reversed = 0 and p.business_date <= $2
      and p.business_date >= (select min(s.date) from settlement s where s.profile = $1)
      and not exists (select from settlement_line l where l.payment_id = p.id)
      and not exists (select from kase k where k.payment_id = p.id and k.kind = 'missing_at_provider')
    order by p.id";

/// Payments up to a day that no file of the provider names and no case tells of.
pub async fn missing(db: &Db, profile: &str, until: Date) -> Result<Vec<(PaymentId, Vnd, Date)>, StorageError> {
    let rows = db.query(MISSING, &[&profile, &until]).await?;
    Ok(rows.iter().map(|r| (r.get::<_, Uuid>(0).into(), Vnd::new(r.get(1)), r.get(2))).collect())
}

// What a file called undone: a case with a sighting is of another origin, one with a movement or a refund as its subject
// too, and that of money which a refund brought back stays while it waits.
const FOUND: &str = "select k.id from kase k join settlement_line l on l.payment_id = k.payment_id
    where l.settlement_id = $1 and l.disposition in ('matched', 'case') and k.status <> 'closed'
      and (k.kind = 'missing_at_provider'
           or k.kind = 'status_differs' and k.sighting_id is null and k.movement_id is null and not k.waits
              and k.subject = assurance.text_id('pay', k.payment_id)
              and not exists (select from allocation a where a.payment_id = k.payment_id
                              and a.suspense_reason = 'refund_returned' having sum(a.amount) <> 0))";

/// Cases of payments that files did not name, or called undone, and that this one names as done; locked.
pub async fn found_cases(db: &Db, id: SettlementId) -> Result<Vec<OpenCase>, StorageError> {
    let rows = db.query(FOUND, &[&id.uuid()]).await?;
    let ids: Vec<domain::CaseId> = rows.iter().map(|r| r.get::<_, Uuid>(0).into()).collect();
    open_cases(db, &ids).await
}

const CALLED_UNDONE: &str = "select k.payment_id from kase k join payment p on p.id = k.payment_id
    where p.profile = $1 and p.provider_txn_id = any($2) and k.kind = 'status_differs' and k.sighting_id is null
      and not k.waits and k.subject not like 'rfd\\_%' and k.status <> 'closed'";

/// Payments that a file has called undone, with a case that is not closed.
pub async fn called_undone(db: &Db, profile: &str, txns: &[&str]) -> Result<Vec<PaymentId>, StorageError> {
    let rows = db.query(CALLED_UNDONE, &[&profile, &txns]).await?;
    Ok(rows.iter().map(|r| r.get::<_, Uuid>(0).into()).collect())
}

const FOUND_ORIGINALS: &str = "select k.id, o.payment_id, k.amount, k.subject, k.scope, k.business_date from kase k
    join original_of_refund o on o.provider_txn_id = k.subject and o.profile = substring(k.scope from 'clearing:(.*)')
    where k.kind = 'refund_without_payment' and k.payment_id is null and k.status = 'open' order by k.id limit 500";

/// A refund past us whose payment a file knew before we did.
#[derive(Debug, Clone)]
pub struct FoundOriginal {
    /// Its case, which names no payment.
    pub case_id: domain::CaseId,
    pub payment_id: PaymentId,
    /// Below zero.
    pub amount: Vnd,
    /// The provider's number of the refund.
    pub subject: String,
    pub scope: String,
    pub day: Date,
}

/// Refunds whose case names no payment, of payments that we know by now.
pub async fn found_originals(db: &Db) -> Result<Vec<FoundOriginal>, StorageError> {
    let rows = db.query(FOUND_ORIGINALS, &[]).await?;
    let found = |r: &tokio_postgres::Row| FoundOriginal {
        case_id: r.get::<_, Uuid>(0).into(),
        payment_id: r.get::<_, Uuid>(1).into(),
        amount: Vnd::new(r.get(2)),
        subject: r.get(3),
        scope: r.get(4),
        day: r.get(5),
    };
    Ok(rows.iter().map(found).collect())
}

/// A payment that a file names and that we had not heard of.
#[derive(Debug, Clone)]
pub struct Unheard {
    pub settlement_id: SettlementId,
    pub line_no: i32,
    pub profile: String,
    pub provider_txn_id: String,
    pub order_ref: Option<String>,
    pub amount: Vnd,
    pub paid_at: Option<Timestamp>,
    pub sha256: String,
}

const UNHEARD: &str = "select l.*, s.sha256 from settlement_line l join settlement s on s.id = l.settlement_id
    where l.disposition = 'unmatched' and ($1::uuid is null or l.settlement_id = $1) order by l.settlement_id, l.line_no";

pub async fn unheard(db: &Db, of: Option<SettlementId>) -> Result<Vec<Unheard>, StorageError> {
    let rows = db.query(UNHEARD, &[&of.map(SettlementId::uuid)]).await?;
    Ok(rows
        .iter()
        .map(|row| Unheard {
            settlement_id: row.get::<_, Uuid>("settlement_id").into(),
            line_no: row.get("line_no"),
            profile: row.get("profile"),
            provider_txn_id: row.get("provider_txn_id"),
            order_ref: row.get("order_ref"),
            amount: Vnd::new(row.get("amount")),
            paid_at: row.get("paid_at"),
            sha256: row.get("sha256"),
        })
        .collect())
}

// told in the meantime with another amount, it has its case by that report
const HEARD: &str = "update settlement_line l set payment_id = p.id,
        disposition = case when p.amount = l.amount then 'matched' else 'case' end
    from payment p
    where l.settlement_id = $1 and l.line_no = $2 and l.disposition = 'unmatched'
      and p.profile = l.profile and p.provider_txn_id = l.provider_txn_id and p.reversed = 0";

/// The payment that a line named is there now.
pub async fn heard(db: &Db, id: SettlementId, line_no: i32) -> Result<bool, StorageError> {
    Ok(db.execute(HEARD, &[&id.uuid(), &line_no]).await? == 1)
}

/// A file as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: SettlementId,
    pub profile: String,
    pub sha256: String,
    pub date: Date,
    pub gross: i64,
    pub fee: i64,
    pub refunds: i64,
    pub net: i64,
    pub expected_fee: Option<i64>,
    pub lines: i32,
    pub matched: i64,
    /// Lines that a case tells of, what the file pays out again, money of it that nobody is named for, and payments that
    /// it should name and does not.
    pub cases: i64,
    /// Its payout was seen on a statement.
    pub paid_out: bool,
}

const SHOWN: &str = "select s.*, (select count(*) from settlement_line l where l.settlement_id = s.id and l.disposition = 'matched') as matched,
        (select count(*) from settlement_line l where l.settlement_id = s.id and l.disposition = 'case')
        + (select count(*) from kase k where k.scope = 'clearing:' || s.profile and k.subject in (assurance.text_id('stl', s.id), assurance.text_id('stl', s.id) || ' fee'))
        + (select count(*) from settlement_line l join kase k on k.payment_id = l.payment_id
           where l.settlement_id = s.id and l.disposition = 'matched' and k.kind = 'unidentified' and k.status <> 'closed')
        + (select count(*) from kase k join payment p on p.id = k.payment_id
           where k.kind = 'missing_at_provider' and k.status <> 'closed' and p.profile = s.profile and p.business_date = s.date) as cases,
        exists (select from movement_match k where k.settlement_id = s.id)
        or exists (select from settlement_given_away g where g.settlement_id = s.id) as paid_out
    from settlement s where ($1::uuid is null or s.id = $1) and ($2::text is null or s.profile = $2 and s.sha256 = $3)";

fn shown(row: &tokio_postgres::Row) -> Shown {
    Shown {
        id: row.get::<_, Uuid>("id").into(),
        profile: row.get("profile"),
        sha256: row.get("sha256"),
        date: row.get("date"),
        gross: row.get("gross"),
        fee: row.get("fee"),
        refunds: row.get("refunds"),
        net: row.get("net"),
        expected_fee: row.get("expected_fee"),
        lines: row.get("lines"),
        matched: row.get("matched"),
        cases: row.get("cases"),
        paid_out: row.get("paid_out"),
    }
}

pub async fn by_id(db: &Db, id: SettlementId) -> Result<Option<Shown>, StorageError> {
    let none: Option<&str> = None;
    Ok(db.query_opt(SHOWN, &[&id.uuid(), &none, &none]).await?.as_ref().map(shown))
}

/// The settlement that the same bytes made.
pub async fn by_digest(db: &Db, profile: &str, sha256: &str) -> Result<Option<Shown>, StorageError> {
    let none: Option<Uuid> = None;
    Ok(db.query_opt(SHOWN, &[&none, &profile, &sha256]).await?.as_ref().map(shown))
}

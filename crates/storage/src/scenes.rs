//! What a move of a payment's money rests on, locked in the order of the house: obligations by id, then intents by id,
//! then cases. The payment itself is locked before.

use crate::error::StorageError;
use crate::intents;
use crate::obligations;
use crate::pool::Db;
use crate::references::case_from_row;
use crate::rows::word;
use domain::allocation::Home;
use domain::booking::OpenCase;
use domain::intent::Intent;
use domain::moving::Part;
use domain::obligation::Obligation;
use domain::{IntentId, ObligationId, PaymentId, Vnd};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

const OBLIGATIONS: &str = "select o.* from obligation o where o.id = any($2) or o.id in (
        select h.obligation_id from intent_obligation h join payment p on p.intent_id = h.intent_id where p.id = $1
        union select obligation_id from allocation where payment_id = $1 and obligation_id is not null
        union select l.obligation_id from refund_line l join refund r on r.id = l.refund_id where r.payment_id = $1)
    order by o.id for update of o";

/// Those that the payment's money is, was or may be for, and `more`.
pub async fn lock_obligations(
    db: &Db,
    payment: PaymentId,
    more: &[ObligationId],
) -> Result<Vec<Obligation>, StorageError> {
    let more: Vec<Uuid> = more.iter().map(|id| id.uuid()).collect();
    db.query(OBLIGATIONS, &[&payment.uuid(), &more]).await?.iter().map(obligations::from_row).collect()
}

/// The intents that hold any of these, live or paid.
pub async fn lock_holders(db: &Db, of: &[ObligationId]) -> Result<Vec<Intent>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    intents::lock_holders(db, &ids).await
}

const OUTDATED: &str =
    "select distinct h.intent_id from intent_obligation h join obligation o on o.id = h.obligation_id
    where h.intent_id = any($1) and h.amount <> o.amount";

/// Those of these intents whose obligations owe another amount than they ask for.
pub async fn outdated(db: &Db, of: &[IntentId]) -> Result<BTreeSet<IntentId>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    Ok(db.query(OUTDATED, &[&ids]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const PAID_LATE: &str = "select i.id from intent i join transition t on t.entity_id = i.id and t.version = i.version
    where i.id = any($1) and i.status = 'paid' and t.from_state in ('cancelled', 'expired')";

/// Those of these intents that are paid and were over when their money came.
pub async fn paid_late(db: &Db, of: &[IntentId]) -> Result<BTreeSet<IntentId>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    Ok(db.query(PAID_LATE, &[&ids]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const PARTS: &str =
    "select a.payment_id, a.obligation_id, a.suspense_reason, a.refund_id, sum(a.amount)::bigint as amount
    from allocation a join payment p on p.id = a.payment_id
    where a.payment_id = $1 or a.payment_id in (select payment_id from allocation where obligation_id = any($2))
    group by 1, 2, 3, 4, p.recorded_at having sum(a.amount) <> 0
    order by p.recorded_at, a.payment_id, min(a.id)";

/// Where all money is of the payment, and of those that have or had a part in these obligations; the oldest first.
pub async fn parts(db: &Db, payment: PaymentId, of: &[ObligationId]) -> Result<Vec<Part>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    db.query(PARTS, &[&payment.uuid(), &ids]).await?.iter().map(part).collect()
}

pub(crate) fn part(row: &Row) -> Result<Part, StorageError> {
    let refund = row.try_get::<_, Option<Uuid>>("refund_id").unwrap_or_default();
    let home = match (row.get::<_, Option<Uuid>>("obligation_id"), refund) {
        (Some(id), _) => Home::Obligation(id.into()),
        (None, Some(id)) => Home::Refund(id.into()),
        (None, None) if row.get::<_, Option<&str>>("suspense_reason").is_none() => Home::WrittenOff,
        (None, None) => Home::Suspense(word(row, "suspense_reason")?),
    };
    Ok(Part { payment_id: row.get::<_, Uuid>("payment_id").into(), home, amount: Vnd::new(row.get("amount")) })
}

const CASES: &str = "select k.id, k.payment_id, k.kind, k.waits, k.status, k.version from kase k
    where k.payment_id = any($1) and k.status <> 'closed' order by k.id for update of k";

/// Open cases of these payments, locked.
pub async fn lock_cases(db: &Db, payments: &[PaymentId]) -> Result<Vec<OpenCase>, StorageError> {
    let ids: Vec<Uuid> = payments.iter().map(|p| p.uuid()).collect();
    db.query(CASES, &[&ids]).await?.iter().map(case_from_row).collect()
}

//! What waits under a reference: money of earlier payments, and the cases that tell of it.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::word;
use domain::allocation::Waiting;
use domain::booking::OpenCase;
use domain::{IntentId, Vnd};
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[WAITING, OPEN_CASES];

const WAITING: &str = "select p.intent_id, a.payment_id, a.suspense_reason, sum(a.amount)::bigint as amount
    from payment p join allocation a on a.payment_id = p.id
    where p.intent_id = any($1) and a.suspense_reason in ('underpaid', 'overpaid', 'duplicate', 'late')
    group by p.intent_id, a.payment_id, a.suspense_reason, p.recorded_at having sum(a.amount) > 0
    order by p.recorded_at, a.payment_id, a.suspense_reason";

/// Money that waits for these intents' references, oldest first; of one payment in the order of the reasons, so that the
/// same facts always settle the same way.
pub async fn waiting(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, Waiting)>, StorageError> {
    let rows = db.query(&prepared(db, WAITING)?, &[&intents]).await?;
    rows.iter()
        .map(|row| {
            let waiting = Waiting {
                payment_id: row.get::<_, Uuid>("payment_id").into(),
                reason: word(row, "suspense_reason")?,
                amount: Vnd::new(row.get("amount")),
            };
            Ok((row.get::<_, Uuid>("intent_id").into(), waiting))
        })
        .collect()
}

const WAITING_SUMS: &str = "select p.intent_id, sum(a.amount)::bigint as amount
    from payment p join allocation a on a.payment_id = p.id
    where p.intent_id = any($1) and a.suspense_reason in ('underpaid', 'overpaid', 'duplicate', 'late') group by 1";

/// How much waits for each of these intents' references.
pub async fn waiting_sums(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, Vnd)>, StorageError> {
    let statement = db.prepare_cached(WAITING_SUMS).await?;
    let rows = db.query(&statement, &[&intents]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
}

const OPEN_CASES: &str = "select p.intent_id, k.id, k.payment_id, k.kind, k.waits, k.status, k.version from payment p
    join kase k on k.payment_id = p.id where p.intent_id = any($1) and k.status <> 'closed' for update of k";

pub async fn open_cases(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, OpenCase)>, StorageError> {
    let rows = db.query(&prepared(db, OPEN_CASES)?, &[&intents]).await?;
    rows.iter().map(|row| Ok((row.get::<_, Uuid>("intent_id").into(), case_from_row(row)?))).collect()
}

pub(crate) fn case_from_row(row: &tokio_postgres::Row) -> Result<OpenCase, StorageError> {
    Ok(OpenCase {
        id: row.get::<_, Uuid>("id").into(),
        payment_id: row.get::<_, Uuid>("payment_id").into(),
        kind: word(row, "kind")?,
        waits: row.get("waits"),
        status: word(row, "status")?,
        version: row.get("version"),
    })
}

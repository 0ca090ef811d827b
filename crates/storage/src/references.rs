//! What waits under a reference: money of earlier payments, and the cases that tell of it.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::word;
use domain::allocation::Waiting;
use domain::booking::OpenCase;
use domain::{IntentId, Vnd};
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[WAITING, OPEN_CASES];

// What has left past us is asked for once for each payment that waits, and taken from its reasons in their order.
macro_rules! with_waiting {
    ($rest:literal) => {
        with_waiting!("in ('underpaid', 'overpaid', 'duplicate', 'late')", $rest)
    };
    ($reasons:literal, $rest:literal) => {
        concat!(
            "with held as (
                select p.intent_id, a.payment_id, a.suspense_reason, p.recorded_at, sum(a.amount) as amount
                from payment p join allocation a on a.payment_id = p.id
                where p.intent_id = any($1) and a.suspense_reason ",
            $reasons,
            "
                group by p.intent_id, a.payment_id, a.suspense_reason, p.recorded_at having sum(a.amount) > 0),
            left_past_us as materialized (
                select payment_id, unexplained_debits(payment_id) as amount from (select distinct payment_id from held) h),
            waiting as (
                select h.*, greatest(0, least(h.amount, sum(h.amount) over (
                    partition by h.payment_id order by h.suspense_reason) - l.amount)) as available
                from held h join left_past_us l using (payment_id)) ",
            $rest
        )
    };
}

const WAITING: &str = with_waiting!(
    "select intent_id, payment_id, suspense_reason, available::bigint as amount, (amount - available)::bigint as gone
    from waiting where available > 0 order by recorded_at, payment_id, suspense_reason"
);

/// Money that waits for these intents' references, oldest first; of one payment in the order of the reasons, so that the
/// same facts always settle the same way. What has left past us is not among it.
pub async fn waiting(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, Waiting)>, StorageError> {
    let rows = db.query(&prepared(db, WAITING)?, &[&intents]).await?;
    rows.iter()
        .map(|row| {
            let waiting = Waiting {
                payment_id: row.get::<_, Uuid>("payment_id").into(),
                reason: word(row, "suspense_reason")?,
                amount: Vnd::new(row.get("amount")),
                gone: Vnd::new(row.get("gone")),
            };
            Ok((row.get::<_, Uuid>("intent_id").into(), waiting))
        })
        .collect()
}

const WAITING_SUMS: &str =
    with_waiting!("select intent_id, sum(available)::bigint as amount from waiting group by intent_id");

/// How much waits for each of these intents' references and has not left past us.
pub async fn waiting_sums(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, Vnd)>, StorageError> {
    let statement = db.prepare_cached(WAITING_SUMS).await?;
    let rows = db.query(&statement, &[&intents]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
}

const HELD_SUMS: &str =
    with_waiting!("is not null", "select intent_id, sum(available)::bigint as amount from waiting group by intent_id");

/// The same with what pays nothing by itself: of another sum, come back, not known whose.
pub async fn held_sums(db: &Db, intents: &[Uuid]) -> Result<Vec<(IntentId, Vnd)>, StorageError> {
    let statement = db.prepare_cached(HELD_SUMS).await?;
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

//! What payers are told of their receipts by e-mail: queued with the receipt's change, claimed with a lease, sent with nothing
//! held, finished under the lease's token. No address is here: whoever sends opens the payer's sealed row.

use crate::error::StorageError;
use crate::pool::Db;
use crate::receipts::{self, Stored};
use domain::receipt::{MailSays, MailState};
use domain::{MailId, ObligationId, ReceiptId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const PAYER: &str = "select payer_id from obligation where id = $1";

/// Who pays it, where that was said.
pub async fn payer_of(db: &Db, id: ObligationId) -> Result<Option<Uuid>, StorageError> {
    let statement = db.prepare_cached(PAYER).await?;
    Ok(db.query_opt(&statement, &[&id.uuid()]).await?.and_then(|row| row.get(0)))
}

/// One that is to be queued.
#[derive(Debug, Clone)]
pub struct New<'a> {
    pub id: MailId,
    pub receipt: ReceiptId,
    pub says: MailSays,
    pub message_id: &'a str,
    pub at: Timestamp,
}

/// That a receipt ended is told to whom it was told that it was issued.
const QUEUE: &str = "insert into receipt_mail (id, receipt_id, says, message_id, created_at)
    select $1, $2, $3, $4, $5
    where $3 = 'issued' or exists (select from receipt_mail where receipt_id = $2 and says = 'issued')";

pub async fn queue(db: &Db, new: &New<'_>) -> Result<(), StorageError> {
    let statement = db.prepare_cached(QUEUE).await?;
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&new.id.uuid(), &new.receipt.uuid(), &new.says.as_str(), &new.message_id, &new.at];
    db.execute(&statement, &params).await?;
    Ok(())
}

// locked beside the one that it looks at: whoever drives that again waits, or is seen
const DROP_UNTOLD: &str = "with untold as (
        select m.id, m.says from receipt_mail m join receipt_mail b on b.receipt_id = m.receipt_id
        where m.state = 'queued' and (m.leased_until is null or m.leased_until < now())
          and (m.says <> 'issued' and b.says = 'issued' and b.state not in ('queued', 'sent')
            or m.says = 'issued' and b.says <> 'issued' and b.state <> 'queued')
        order by m.id limit $1 for update of m, b skip locked)
    update receipt_mail m set state = 'dropped', lease_token = null, leased_until = null, updated_at = now(),
        said = case when u.says = 'issued' then 'the receipt has ended, and its end was not left to be told'
                    else 'its payer was not told that it was issued' end
    from untold u where m.id = u.id";

/// Gives up those of which nothing is left to say: that a receipt ended where nobody was told that it was issued, and that it was
/// issued where its end was told already, or given up. How many.
pub async fn drop_untold(db: &Db, limit: i64) -> Result<u64, StorageError> {
    let statement = db.prepare_cached(DROP_UNTOLD).await?;
    Ok(db.execute(&statement, &[&limit]).await?)
}

/// One to send now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub id: MailId,
    pub receipt: Stored,
    pub says: MailSays,
    pub message_id: String,
    /// This try included.
    pub attempts: i32,
    pub payer: Option<Uuid>,
    pub created_at: Timestamp,
}

/// That it ended goes out after that it was issued has; that it was issued, while its end waits for that.
const CLAIM: &str = "with due as (
        select m.id from receipt_mail m
        where m.state = 'queued' and (m.next_at <= now() or $4) and (m.leased_until is null or m.leased_until < now())
          and not exists (select from receipt_mail b where b.receipt_id = m.receipt_id
                          and (m.says <> 'issued' and b.says = 'issued' and b.state <> 'sent'
                            or m.says = 'issued' and b.says <> 'issued' and b.state <> 'queued'))
        order by m.next_at limit $1 for update of m skip locked),
    leased as (
        update receipt_mail m set attempts = m.attempts + 1, lease_token = $2,
            leased_until = now() + $3::bigint * interval '1 second', updated_at = now()
        from due where m.id = due.id returning m.*)
    select l.id, l.receipt_id, l.says, l.message_id, l.attempts, l.created_at, o.payer_id
    from leased l join receipt r on r.id = l.receipt_id join obligation o on o.id = r.obligation_id order by l.id";

/// Leases up to `limit` under `token`. `ignore_schedule`: those that wait for their next time too.
pub async fn claim(
    db: &Db,
    limit: i64,
    token: Uuid,
    lease: SignedDuration,
    ignore_schedule: bool,
) -> Result<Vec<Claimed>, StorageError> {
    let statement = db.prepare_cached(CLAIM).await?;
    let rows = db.query(&statement, &[&limit, &token, &lease.as_secs(), &ignore_schedule]).await?;
    let ids: Vec<ReceiptId> = rows.iter().map(|row| row.get::<_, Uuid>("receipt_id").into()).collect();
    let of = if ids.is_empty() { Vec::new() } else { receipts::by_ids(db, &ids).await? };
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: ReceiptId = row.get::<_, Uuid>("receipt_id").into();
        let Some(receipt) = of.iter().find(|r| r.id == id).cloned() else { continue };
        claimed.push(Claimed {
            id: row.get::<_, Uuid>("id").into(),
            receipt,
            says: crate::rows::word(row, "says")?,
            message_id: row.get("message_id"),
            attempts: row.get("attempts"),
            payer: row.get("payer_id"),
            created_at: row.get("created_at"),
        });
    }
    Ok(claimed)
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Over(MailState),
    Again { after: SignedDuration },
}

const FINISH: &str = "update receipt_mail set state = $3, said = $4, lease_token = null, leased_until = null,
        next_at = case when $5::bigint is null then next_at else now() + $5::bigint * interval '1 millisecond' end,
        updated_at = now()
    where id = $1 and lease_token = $2 and state = 'queued'";

/// Nothing where the lease is not ours any more: whoever has it decides.
pub async fn finish(db: &Db, id: MailId, token: Uuid, ending: Ending, said: &str) -> Result<(), StorageError> {
    let (state, after_ms) = match ending {
        Ending::Over(state) => (state, None),
        Ending::Again { after } => (MailState::Queued, Some(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))),
    };
    let statement = db.prepare_cached(FINISH).await?;
    db.execute(&statement, &[&id.uuid(), &token, &state.as_str(), &said, &after_ms]).await?;
    Ok(())
}

/// One that nobody took by its schedule.
#[derive(Debug, Clone)]
pub struct Parked {
    pub id: MailId,
    pub receipt: ReceiptId,
    pub says: MailSays,
    pub attempts: i32,
    pub said: Option<String>,
    pub updated_at: Timestamp,
}

const PARKED: &str = "select id, receipt_id, says, attempts, said, updated_at from receipt_mail
    where state = 'parked' and ($1::uuid is null or id < $1) order by id desc limit $2";

/// Newest first, those after `after`.
pub async fn parked(db: &Db, after: Option<MailId>, limit: i64) -> Result<Vec<Parked>, StorageError> {
    let rows = db.query(PARKED, &[&after.map(MailId::uuid), &limit]).await?;
    let parked = rows.iter().map(|row| {
        Ok(Parked {
            id: row.get::<_, Uuid>("id").into(),
            receipt: row.get::<_, Uuid>("receipt_id").into(),
            says: crate::rows::word(row, "says")?,
            attempts: row.get("attempts"),
            said: row.get("said"),
            updated_at: row.get("updated_at"),
        })
    });
    parked.collect()
}

const SEND_AGAIN: &str = "update receipt_mail set state = 'queued', attempts = 0, next_at = now(), updated_at = now()
    where id = $1 and state = 'parked'";

/// It goes out again by its whole schedule, under the name that it had; false where it is not parked.
pub async fn send_again(db: &Db, id: MailId) -> Result<bool, StorageError> {
    Ok(db.execute(SEND_AGAIN, &[&id.uuid()]).await? == 1)
}

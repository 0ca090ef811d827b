//! Repeats of a request: one key, one fingerprint, one resource, one answer. Keys of one scope take turns, so of two at
//! once the second waits for the first and replays it. Only a committed answer is kept.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use futures_util::join;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[TURN, FIND, KEEP];

/// Which request this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub principal: Uuid,
    /// Method and path.
    pub scope: String,
    pub key_hash: Vec<u8>,
    /// SHA-256 of the raw body.
    pub fingerprint: Vec<u8>,
}

/// What an earlier request of the same key left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub same_body: bool,
    pub resource_id: String,
    /// Status and body of the answer; None between the phases of an operation that has two.
    pub answer: Option<(u16, String)>,
    /// Another process is inside.
    pub busy: bool,
}

const TURN: &str = "select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex') || $2::text || $3::text, 0))";
const FIND: &str = "select fingerprint, resource_id, status, body, busy_until > now() as busy from idempotency
    where principal = $1 and scope = $2 and key_hash = $3";

/// Takes the key's turn until the transaction ends, and finds what came before. Joined into the first pipeline.
pub async fn claim(db: &Db, r: &Request) -> Result<Option<Earlier>, StorageError> {
    let (turn, find) = (prepared(db, TURN)?, prepared(db, FIND)?);
    let principal = r.principal.to_string();
    let turn_params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&r.key_hash, &r.scope, &principal];
    let find_params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&r.principal, &r.scope, &r.key_hash];
    let (turn, found) = join!(db.query_one(&turn, &turn_params), db.query_opt(&find, &find_params));
    turn?;
    Ok(found?.map(|row| {
        let status: Option<i32> = row.get("status");
        let body: Option<String> = row.get("body");
        Earlier {
            same_body: row.get::<_, Vec<u8>>("fingerprint") == r.fingerprint,
            resource_id: row.get("resource_id"),
            answer: status.and_then(|s| u16::try_from(s).ok()).zip(body),
            busy: row.get::<_, Option<bool>>("busy").unwrap_or(false),
        }
    }))
}

const ANSWERED: &str = "select exists (select from idempotency
    where principal = $1 and scope = $2 and key_hash = $3 and fingerprint = $4 and status is not null)";

/// Whether this very request was answered; nobody is waited for.
pub async fn is_answered(db: &Db, r: &Request) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(ANSWERED).await?;
    Ok(db.query_one(&statement, &[&r.principal, &r.scope, &r.key_hash, &r.fingerprint]).await?.get(0))
}

const KEEP: &str =
    "insert into idempotency (principal, scope, key_hash, fingerprint, resource_id, status, body, busy_until)
    values ($1, $2, $3, $4, $5, $6, $7, now() + $8::bigint * interval '1 second')
    on conflict on constraint idempotency_key_unique
    do update set status = excluded.status, body = excluded.body, busy_until = excluded.busy_until";

/// Keeps the answer, or with `answer` None marks that this process is inside for `busy_s` seconds at most.
pub async fn keep(
    db: &Db,
    r: &Request,
    resource_id: &str,
    answer: Option<(u16, &str)>,
    busy_s: Option<i64>,
) -> Result<(), StorageError> {
    let (status, body) = answer.map(|(s, b)| (i32::from(s), b)).unzip();
    db.execute(
        &prepared(db, KEEP)?,
        &[&r.principal, &r.scope, &r.key_hash, &r.fingerprint, &resource_id, &status, &body, &busy_s],
    )
    .await?;
    Ok(())
}

const RELEASE: &str = "update idempotency set busy_until = now()
    where principal = $1 and scope = $2 and key_hash = $3 and status is null";

/// Nobody is inside any more; an answer that was kept meanwhile stays.
pub async fn release(db: &Db, r: &Request) -> Result<(), StorageError> {
    let statement = db.prepare_cached(RELEASE).await?;
    db.execute(&statement, &[&r.principal, &r.scope, &r.key_hash]).await?;
    Ok(())
}

const PURGE: &str = "delete from idempotency where (principal, scope, key_hash) in (
    select principal, scope, key_hash from idempotency where created_at < now() - $1::bigint * interval '1 hour' limit $2)";

/// Forgets keys older than `hours`, at most `limit` at once.
pub async fn purge(db: &Db, hours: i64, limit: i64) -> Result<u64, StorageError> {
    let statement = db.prepare_cached(PURGE).await?;
    Ok(db.execute(&statement, &[&hours, &limit]).await?)
}

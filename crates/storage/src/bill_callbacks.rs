//! Callbacks that were promised for bill payments, and when each is tried next.

use crate::error::StorageError;
use crate::pool::Db;
use domain::SightingId;
use jiff::SignedDuration;
use uuid::Uuid;

/// One that is tried now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub sighting_id: SightingId,
    pub profile: String,
    pub url: String,
    pub call_id: Option<String>,
    /// This one included.
    pub attempts: i32,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Told,
    Again { after: SignedDuration },
    GivenUp,
}

const PROMISE: &str = "insert into bill_callback (sighting_id, url, call_id) values ($1, $2, $3)
    on conflict on constraint bill_callback_unique do update
    set call_id = excluded.call_id, attempts = 0, due_at = now(), leased_until = null, ended_at = null, told = false";

/// Promises to tell; asked for again, it is told again.
pub async fn promise(db: &Db, id: SightingId, url: &str, call_id: Option<&str>) -> Result<(), StorageError> {
    let statement = db.prepare_cached(PROMISE).await?;
    db.execute(&statement, &[&id.uuid(), &url, &call_id]).await?;
    Ok(())
}

const CLAIM: &str =
    "update bill_callback c set attempts = c.attempts + 1, leased_until = now() + $2::bigint * interval '1 second'
    from (select o.sighting_id, o.url from bill_callback o
          where o.ended_at is null and (o.due_at <= now() or $3) and (o.leased_until is null or o.leased_until <= now())
          order by o.due_at for update skip locked limit $1) due, bill_payment p
    where c.sighting_id = due.sighting_id and c.url = due.url and p.sighting_id = c.sighting_id
    returning c.sighting_id, p.profile, c.url, c.call_id, c.attempts";

/// At most `limit` that are due, each for `lease`; `ignore_schedule`: those that wait for their next time too.
pub async fn claim(
    db: &Db,
    limit: i64,
    lease: SignedDuration,
    ignore_schedule: bool,
) -> Result<Vec<Claimed>, StorageError> {
    let statement = db.prepare_cached(CLAIM).await?;
    let rows = db.query(&statement, &[&limit, &lease.as_secs(), &ignore_schedule]).await?;
    let claimed = rows.iter().map(|row| Claimed {
        sighting_id: row.get::<_, Uuid>("sighting_id").into(),
        profile: row.get("profile"),
        url: row.get("url"),
        call_id: row.get("call_id"),
        attempts: row.get("attempts"),
    });
    Ok(claimed.collect())
}

const FINISH: &str = "update bill_callback set said = $4, leased_until = null, told = $5,
        ended_at = case when $6::bigint is null then now() end,
        due_at = case when $6::bigint is null then due_at else now() + $6::bigint * interval '1 millisecond' end
    where sighting_id = $1 and url = $2 and attempts = $3 and call_id is not distinct from $7";

/// Nothing where it was asked for anew meanwhile: that is told by itself.
pub async fn finish(db: &Db, claimed: &Claimed, ending: Ending, said: &str) -> Result<(), StorageError> {
    let after_ms = match ending {
        Ending::Again { after } => Some(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        Ending::Told | Ending::GivenUp => None,
    };
    let told = ending == Ending::Told;
    let statement = db.prepare_cached(FINISH).await?;
    let id = claimed.sighting_id.uuid();
    db.execute(&statement, &[&id, &claimed.url, &claimed.attempts, &said, &told, &after_ms, &claimed.call_id]).await?;
    Ok(())
}

//! How often a phone was asked of late. A number is here as its keyed index only.

use crate::error::StorageError;
use crate::pool::Db;
use jiff::Timestamp;

const TAKE: &str = "insert into phone_prompt as p (number_index, prompted_at) values ($1, array[$2::timestamptz])
    on conflict (number_index) do update
    set prompted_at = array(select at from unnest(p.prompted_at) at where at > $3 order by at) || $2::timestamptz
    where (select count(*) from unnest(p.prompted_at) at where at > $3) < $4::bigint";

const NEWEST: &str = "select at from phone_prompt, unnest(prompted_at) at where number_index = $1
    order by at desc offset $2::bigint - 1 limit 1";

/// Takes one prompt at `now`. Of a number that was asked `at_most` times after `since`: the oldest of those, and nothing is
/// taken. Whoever else asks the same phone waits for this transaction.
pub async fn take(
    db: &Db,
    number_index: &[u8],
    at_most: i64,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let statement = db.prepare_cached(TAKE).await?;
    if db.execute(&statement, &[&number_index, &now, &since, &at_most]).await? == 1 {
        return Ok(None);
    }
    let statement = db.prepare_cached(NEWEST).await?;
    Ok(Some(db.query_one(&statement, &[&number_index, &at_most]).await?.get(0)))
}

const PURGE: &str = "delete from phone_prompt where number_index in (
    select number_index from phone_prompt where prompted_at[cardinality(prompted_at)] <= $1
    for update skip locked limit $2)";

/// Forgets numbers that nobody asked after `since`, at most `limit` at once.
pub async fn purge(db: &Db, since: Timestamp, limit: i64) -> Result<u64, StorageError> {
    let statement = db.prepare_cached(PURGE).await?;
    Ok(db.execute(&statement, &[&since, &limit]).await?)
}

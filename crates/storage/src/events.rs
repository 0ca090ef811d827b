//! Events: their place in stream and feed is given after commit, by one sequencer at a time, so that neither has gaps.

use crate::error::StorageError;
use crate::pool::Db;
use crate::tx::Tx;
use domain::{ClientId, EventId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

/// One sequencer at a time: a transaction-level lock, freed by commit or death.
const SEQUENCER: &str = "select pg_try_advisory_xact_lock(7239512001)";
const UNSEQUENCED: &str = "select seq, client_id, stream from event where feed_position is null order by seq limit $1";
const STREAM_TAILS: &str = "insert into event_stream as s (client_id, stream, last_sequence)
    select client, stream, n from unnest($1::uuid[], $2::text[], $3::bigint[]) as t(client, stream, n)
    on conflict (client_id, stream) do update set last_sequence = s.last_sequence + excluded.last_sequence
    returning client_id, stream, last_sequence";
const FEED_TAIL: &str = "update event_feed set last_position = last_position + $1 returning last_position";
const PLACE: &str = "update event e set sequence = p.sequence, feed_position = p.position
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p(seq, sequence, position) where e.seq = p.seq";
/// The lock waits for one who is removing the endpoint, and then leaves it out.
const FAN_OUT: &str = "insert into delivery (event_id, endpoint_id, stream, sequence, next_at)
    select e.id, p.id, e.stream, e.sequence, now() + $2::bigint * interval '1 second' from event e
    join event_endpoint p on p.client_id = e.client_id and p.disabled_at is null
        and (p.stream_kinds = '{}' or e.stream_kind = any(p.stream_kinds))
    where e.seq = any($1) for key share of p on conflict do nothing";

/// Gives up to `limit` committed events their place and each endpoint its delivery; how many, or None when another
/// sequencer is at it. `first_delay_s`: seconds before the first sending. The caller commits.
pub async fn sequence(tx: &Tx, limit: i64, first_delay_s: i64) -> Result<Option<usize>, StorageError> {
    tx.begin().await?;
    if !tx.query_one(SEQUENCER, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let rows = tx.query(UNSEQUENCED, &[&limit]).await?;
    let waiting: Vec<(i64, (Uuid, String))> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    if waiting.is_empty() {
        return Ok(Some(0));
    }
    let mut counts: std::collections::BTreeMap<(Uuid, String), i64> = std::collections::BTreeMap::new();
    for (_, stream) in &waiting {
        *counts.entry(stream.clone()).or_default() += 1;
    }
    let clients: Vec<Uuid> = counts.keys().map(|k| k.0).collect();
    let streams: Vec<&str> = counts.keys().map(|k| k.1.as_str()).collect();
    let numbers: Vec<i64> = counts.values().copied().collect();
    let tails = tx.query(STREAM_TAILS, &[&clients, &streams, &numbers]).await?;
    let mut next: std::collections::BTreeMap<(Uuid, String), i64> = std::collections::BTreeMap::new();
    for row in &tails {
        let stream: (Uuid, String) = (row.get(0), row.get(1));
        let added = counts.get(&stream).copied().unwrap_or_default();
        next.insert(stream, row.get::<_, i64>(2) - added);
    }
    let added = i64::try_from(waiting.len()).unwrap_or(i64::MAX);
    let mut position: i64 = tx.query_one(FEED_TAIL, &[&added]).await?.get::<_, i64>(0) - added;
    let (mut seqs, mut sequences, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, stream) in waiting {
        let sequence = next.entry(stream).or_default();
        *sequence += 1;
        position += 1;
        seqs.push(seq);
        sequences.push(*sequence);
        positions.push(position);
    }
    tx.execute(PLACE, &[&seqs, &sequences, &positions]).await?;
    tx.execute(FAN_OUT, &[&seqs, &first_delay_s]).await?;
    Ok(Some(seqs.len()))
}

/// An event with its place.
#[derive(Debug, Clone)]
pub struct Placed {
    pub id: EventId,
    pub client_id: ClientId,
    /// As it is told: a dossier's stream is one client's, so its name begins with the client.
    pub stream: String,
    pub sequence: i64,
    pub event_type: String,
    pub data: serde_json::Value,
    pub at: Timestamp,
    pub feed_position: i64,
    /// The trace of what caused it.
    pub traceparent: Option<String>,
}

pub(crate) fn placed(row: &Row) -> Placed {
    let client_id = ClientId::from(row.get::<_, Uuid>("client_id"));
    Placed {
        id: row.get::<_, Uuid>("id").into(),
        client_id,
        stream: format!("{client_id}/{}", row.get::<_, &str>("stream")),
        sequence: row.get("sequence"),
        event_type: row.get("type"),
        data: row.get("data"),
        at: row.get("at"),
        feed_position: row.get("feed_position"),
        traceparent: row.get("traceparent"),
    }
}

const FEED: &str = "select * from event where client_id = $1 and feed_position > $2 order by feed_position limit $3";

/// A client's events after a feed position, oldest first.
pub async fn feed(db: &Db, client: ClientId, after: i64, limit: i64) -> Result<Vec<Placed>, StorageError> {
    let statement = db.prepare_cached(FEED).await?;
    let rows = db.query(&statement, &[&client.uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(placed).collect())
}

const BY_ID: &str = "select * from event where client_id = $1 and id = $2 and feed_position is not null";

pub async fn by_id(db: &Db, client: ClientId, id: EventId) -> Result<Option<Placed>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    Ok(db.query_opt(&statement, &[&client.uuid(), &id.uuid()]).await?.map(|row| placed(&row)))
}

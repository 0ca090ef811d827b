//! Deliveries: claimed with a lease, sent with nothing held, finished under the lease's token. In each stream of each
//! endpoint only the first that is not done goes out; streams go side by side.

use crate::endpoints::{Target, target};
use crate::error::StorageError;
use crate::events::{Placed, placed};
use crate::pool::Db;
use crate::vault::Vault;
use domain::{ClientId, EndpointId, EventId};
use jiff::SignedDuration;
use uuid::Uuid;

/// A delivery to send now.
#[derive(Debug)]
pub struct Claimed {
    pub event: Placed,
    pub endpoint_id: EndpointId,
    pub target: Target,
    /// How often it was sent, this time included.
    pub attempts: i32,
    /// What went out at the first sending; the same goes out again.
    pub body: Option<Vec<u8>>,
    /// Sequences before it that were given up, also those that are on their way again: they come out of order.
    pub gap_before: Vec<i64>,
    pub in_order: bool,
}

const CLAIM: &str = "with candidate as (
        select d.endpoint_id, d.stream, d.sequence,
            row_number() over (partition by d.endpoint_id order by d.next_at, d.stream, d.sequence)
            + (select count(*) from delivery l where l.endpoint_id = d.endpoint_id and l.state = 'leased'
                 and l.lease_until > now()) as place
        from delivery d
        where d.state in ('waiting', 'leased')
          and (d.next_at <= now() or $4)
          and (d.lease_until is null or d.lease_until < now())
          and (not d.in_order or not exists (
                select from delivery before where before.endpoint_id = d.endpoint_id and before.stream = d.stream
                  and before.sequence < d.sequence and before.in_order and before.state in ('waiting', 'leased')))),
    due as (
        select d.endpoint_id, d.stream, d.sequence
        from candidate c join delivery d using (endpoint_id, stream, sequence)
        where c.place <= $5 and d.state in ('waiting', 'leased') and (d.lease_until is null or d.lease_until < now())
        order by d.next_at limit $1 for update of d skip locked),
    leased as (
        update delivery d set state = 'leased', attempts = d.attempts + 1, lease_token = $2,
            lease_until = now() + $3::bigint * interval '1 second', updated_at = now()
        from due where d.endpoint_id = due.endpoint_id and d.stream = due.stream and d.sequence = due.sequence
        returning d.*)
    select e.*, l.endpoint_id, l.attempts, l.body, l.in_order, p.url, p.secret_sealed, p.old_secret_sealed,
        coalesce((select array_agg(g.sequence order by g.sequence) from delivery g
                  where g.endpoint_id = l.endpoint_id and g.stream = l.stream and g.sequence < l.sequence
                    and (g.state = 'dead' or g.state in ('waiting', 'leased') and not g.in_order
                            and g.last_result !~ '^2')
                    and g.sequence > coalesce((select max(b.sequence) from delivery b
                        where b.endpoint_id = l.endpoint_id and b.stream = l.stream and b.sequence < l.sequence
                          and b.state = 'delivered'), 0)), '{}') as gap_before
    from leased l join event e on e.id = l.event_id join event_endpoint p on p.id = l.endpoint_id";

/// One endpoint gets half of what goes out, and this many at least: one that hangs leaves the rest to the others.
const LEAST_SHARE: i64 = 4;

/// Leases up to `limit` deliveries under `token`. `ignore_schedule`: whatever their next time is. One whose endpoint's
/// secret does not open stays leased for its time and is tried again.
pub async fn claim(
    db: &Db,
    vault: &Vault,
    limit: i64,
    token: Uuid,
    lease: SignedDuration,
    ignore_schedule: bool,
) -> Result<Vec<Claimed>, StorageError> {
    let statement = db.prepare_cached(CLAIM).await?;
    let share = (limit / 2).max(LEAST_SHARE);
    let rows = db.query(&statement, &[&limit, &token, &lease.as_secs(), &ignore_schedule, &share]).await?;
    Ok(rows.iter().filter_map(|row| claimed(vault, row)).collect())
}

fn claimed(vault: &Vault, row: &tokio_postgres::Row) -> Option<Claimed> {
    let endpoint_id: EndpointId = row.get::<_, Uuid>("endpoint_id").into();
    let target = target(vault, row)
        .inspect_err(|error| tracing::error!(%endpoint_id, error = error as &dyn std::error::Error, "no delivery"))
        .ok()?;
    Some(Claimed {
        event: placed(row),
        endpoint_id,
        target,
        attempts: row.get("attempts"),
        body: row.get("body"),
        gap_before: row.get("gap_before"),
        in_order: row.get("in_order"),
    })
}

const FIX_BODY: &str = "update delivery set body = coalesce(body, $3) where endpoint_id = $1 and event_id = $2
    returning body";

/// Fixes what goes out, before it goes out for the first time. What stands: another worker may have been first.
pub async fn fix_body(db: &Db, endpoint: EndpointId, event: EventId, body: &[u8]) -> Result<Vec<u8>, StorageError> {
    let statement = db.prepare_cached(FIX_BODY).await?;
    Ok(db.query_one(&statement, &[&endpoint.uuid(), &event.uuid(), &body]).await?.get(0))
}

/// How a sending ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    Delivered,
    Again { after: SignedDuration },
    Dead,
}

const FINISH: &str = "update delivery set state = $4, last_result = $5, lease_until = null, lease_token = null,
    next_at = now() + $6::bigint * interval '1 millisecond', updated_at = now()
    where endpoint_id = $1 and event_id = $2 and lease_token = $3 and state = 'leased'";

/// Records an ending; false when the lease is not ours any more: whoever has it decides.
pub async fn finish(
    db: &Db,
    endpoint: EndpointId,
    event: EventId,
    token: Uuid,
    ending: Ending,
    result: &str,
) -> Result<bool, StorageError> {
    let (state, after) = match ending {
        Ending::Delivered => ("delivered", 0),
        Ending::Again { after } => ("waiting", i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        Ending::Dead => ("dead", 0),
    };
    let statement = db.prepare_cached(FINISH).await?;
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&endpoint.uuid(), &event.uuid(), &token, &state, &result, &after];
    Ok(db.execute(&statement, &params).await? == 1)
}

const REDELIVER: &str = "update delivery d set state = 'waiting', in_order = false, attempts = 0, next_at = now(),
        lease_until = null, lease_token = null, updated_at = now()
    from event e, event_endpoint p
    where e.id = d.event_id and p.id = d.endpoint_id and p.disabled_at is null and e.client_id = $1
      and d.state in ('delivered', 'dead') and ($2::uuid is null or e.id = $2)
      and ($3::bigint is null or e.feed_position >= $3) and ($4::bigint is null or e.feed_position <= $4)";
const REDELIVER_NEW: &str = "insert into delivery (event_id, endpoint_id, stream, sequence, in_order)
    select e.id, p.id, e.stream, e.sequence, false from event e join event_endpoint p on p.client_id = e.client_id
    where p.disabled_at is null and e.client_id = $1 and e.feed_position is not null
      and (p.stream_kinds = '{}' or e.stream_kind = any(p.stream_kinds))
      and ($2::uuid is null or e.id = $2)
      and ($3::bigint is null or e.feed_position >= $3) and ($4::bigint is null or e.feed_position <= $4)
    on conflict do nothing";

/// Sends events again, out of order: one by id, or those of feed positions `from..=to`. How many deliveries go out.
pub async fn redeliver(
    db: &Db,
    client: ClientId,
    event: Option<EventId>,
    range: Option<(i64, i64)>,
) -> Result<u64, StorageError> {
    let event = event.map(EventId::uuid);
    let (from, to) = range.unzip();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [&client.uuid(), &event, &from, &to];
    // an endpoint made after the event was sequenced has no delivery of it yet
    let added = db.execute(REDELIVER_NEW, &params).await?;
    Ok(added + db.execute(REDELIVER, &params).await?)
}

//! What was parked for a person: reports that were rightly signed and not to be read, deliveries that were given up, and refunds of
//! which their provider does not say what became of them.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use crate::vault::Vault;
use domain::case::CaseStatus;
use domain::refund::RefundStatus;
use domain::{CaseId, ClientId, EndpointId, EventId, PaymentId, RefundId, SightingId, Vnd};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

/// A report that nobody could read.
#[derive(Debug, Clone)]
pub struct Report {
    pub id: SightingId,
    pub source: String,
    pub channel: String,
    pub profile: String,
    /// Why.
    pub reason: String,
    pub received_at: Timestamp,
    pub case_id: CaseId,
}

const REPORTS: &str = "select s.id, s.source, s.channel, s.profile, s.received_at, k.subject, k.id as case_id
    from kase k join sighting s on s.id = k.sighting_id
    where k.kind = 'poison' and k.status <> 'closed' and ($1::uuid is null or s.id < $1) order by s.id desc limit $2";

/// Newest first, those after `after`.
pub async fn reports(db: &Db, after: Option<SightingId>, limit: i64) -> Result<Vec<Report>, StorageError> {
    let rows = db.query(REPORTS, &[&after.map(SightingId::uuid), &limit]).await?;
    Ok(rows
        .iter()
        .map(|row| Report {
            id: row.get::<_, Uuid>("id").into(),
            source: row.get("source"),
            channel: row.get("channel"),
            profile: row.get::<_, Option<String>>("profile").unwrap_or_default(),
            reason: row.get("subject"),
            received_at: row.get("received_at"),
            case_id: row.get::<_, Uuid>("case_id").into(),
        })
        .collect())
}

const KEEP_CALL: &str = "insert into parked_call (sighting_id, sealed, key_id) values ($1, $2, $3)";

/// Keeps what the report came with beside its payload.
pub async fn keep_call(db: &Db, vault: &Vault, id: SightingId, call: &[u8]) -> Result<(), StorageError> {
    let sealed = vault.seal(id.uuid().as_bytes(), call)?;
    db.execute(KEEP_CALL, &[&id.uuid(), &sealed, &vault.key_id()]).await?;
    Ok(())
}

/// A parked report as it came.
#[derive(Debug, Clone)]
pub struct Kept {
    pub channel: String,
    pub profile: String,
    pub raw: Vec<u8>,
    pub received_at: Timestamp,
    /// None: it was parked before calls were kept, or told in a listing.
    pub call: Option<Vec<u8>>,
}

const KEPT: &str = "select s.channel, s.profile, s.received_at, p.raw, c.sealed
    from sighting s join sighting_payload p on p.sighting_id = s.id left join parked_call c on c.sighting_id = s.id
    where s.id = $1 and exists (select from kase k where k.sighting_id = s.id and k.kind = 'poison' and k.status <> 'closed')";

pub async fn kept(db: &Db, vault: &Vault, id: SightingId) -> Result<Option<Kept>, StorageError> {
    let Some(row) = db.query_opt(KEPT, &[&id.uuid()]).await? else { return Ok(None) };
    let sealed: Option<Vec<u8>> = row.get("sealed");
    Ok(Some(Kept {
        channel: row.get("channel"),
        profile: row.get::<_, Option<String>>("profile").unwrap_or_default(),
        raw: row.get("raw"),
        received_at: row.get("received_at"),
        call: sealed.map(|sealed| vault.open(id.uuid().as_bytes(), &sealed)).transpose()?,
    }))
}

const CASE: &str = "select k.id, k.status, k.version from kase k
    where k.sighting_id = $1 and k.kind = 'poison' and k.status <> 'closed' for update";

/// The open case of a parked report, held until the transaction ends.
pub async fn case(db: &Db, id: SightingId) -> Result<Option<ParkedCase>, StorageError> {
    let row = db.query_opt(CASE, &[&id.uuid()]).await?;
    row.as_ref().map(parked_case).transpose()
}

const UNDELIVERED: &str = "select k.id, k.status, k.version from kase k
    where k.kind = 'undelivered' and k.subject = $2 and k.status <> 'closed'
      and not exists (select from delivery d where d.event_id = $1 and d.state = 'dead')
    order by k.id for update of k";

/// The open cases of an event that nobody is without any more, held until the transaction ends.
pub async fn cases_of_delivered(db: &Db, event: EventId) -> Result<Vec<ParkedCase>, StorageError> {
    let rows = db.query(UNDELIVERED, &[&event.uuid(), &event.to_string()]).await?;
    rows.iter().map(parked_case).collect()
}

fn parked_case(row: &Row) -> Result<ParkedCase, StorageError> {
    Ok(ParkedCase { id: row.get::<_, Uuid>("id").into(), status: word(row, "status")?, version: row.get("version") })
}

/// The case of what was given up, not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedCase {
    pub id: CaseId,
    pub status: CaseStatus,
    pub version: i32,
}

/// A delivery that was given up.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    /// The client's code.
    pub client: String,
    pub client_id: ClientId,
    pub event_type: String,
    pub feed_position: Option<i64>,
    pub attempts: i32,
    pub last_result: Option<String>,
    pub updated_at: Timestamp,
    /// Nothing goes to an endpoint that was removed.
    pub endpoint_active: bool,
    pub case_id: Option<CaseId>,
}

const DELIVERIES: &str =
    "select d.event_id, d.endpoint_id, c.code as client, c.id as client_id, e.type, e.feed_position,
        d.attempts, d.last_result, d.updated_at, p.disabled_at is null as active,
        (select k.id from kase k where k.kind = 'undelivered' and k.status <> 'closed'
            and k.subject = assurance.text_id('evt', d.event_id) order by k.id limit 1) as case_id
    from delivery d join event e on e.id = d.event_id join event_endpoint p on p.id = d.endpoint_id
    join client c on c.id = e.client_id
    where d.state = 'dead' and ($1::uuid is null or (d.event_id, d.endpoint_id) < ($1, $2::uuid))
    order by d.event_id desc, d.endpoint_id desc limit $3";

/// Newest event first, those after `after`.
pub async fn deliveries(
    db: &Db,
    after: Option<(EventId, EndpointId)>,
    limit: i64,
) -> Result<Vec<Delivery>, StorageError> {
    let (event, endpoint) = after.map(|(e, p)| (e.uuid(), p.uuid())).unzip();
    Ok(db.query(DELIVERIES, &[&event, &endpoint, &limit]).await?.iter().map(delivery).collect())
}

fn delivery(row: &Row) -> Delivery {
    Delivery {
        event_id: row.get::<_, Uuid>("event_id").into(),
        endpoint_id: row.get::<_, Uuid>("endpoint_id").into(),
        client: row.get("client"),
        client_id: row.get::<_, Uuid>("client_id").into(),
        event_type: row.get("type"),
        feed_position: row.get("feed_position"),
        attempts: row.get("attempts"),
        last_result: row.get("last_result"),
        updated_at: row.get("updated_at"),
        endpoint_active: row.get("active"),
        case_id: row.get::<_, Option<Uuid>>("case_id").map(Into::into),
    }
}

/// A refund that was handed to its provider, and whose end nobody knows.
#[derive(Debug, Clone)]
pub struct Refund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub channel: String,
    pub profile: String,
    pub amount: Vnd,
    pub status: RefundStatus,
    /// How often the provider was asked to make it.
    pub calls: i32,
    pub updated_at: Timestamp,
    pub case_id: Option<CaseId>,
}

const REFUNDS: &str = "select r.id, r.payment_id, p.channel, p.profile, r.status, r.calls, r.updated_at,
        (select sum(l.amount) from refund_line l where l.refund_id = r.id)::bigint as amount,
        (select k.id from kase k where k.payment_id = r.payment_id and k.kind = 'status_differs' and k.status <> 'closed'
            and k.subject = assurance.text_id('rfd', r.id) order by k.id limit 1) as case_id
    from refund r join payment p on p.id = r.payment_id
    where r.status in ('submitted', 'unknown') and ($1::uuid is null or r.id < $1) order by r.id desc limit $2";

/// Newest first, those after `after`.
pub async fn refunds(db: &Db, after: Option<RefundId>, limit: i64) -> Result<Vec<Refund>, StorageError> {
    db.query(REFUNDS, &[&after.map(RefundId::uuid), &limit]).await?.iter().map(refund).collect()
}

fn refund(row: &Row) -> Result<Refund, StorageError> {
    Ok(Refund {
        id: row.get::<_, Uuid>("id").into(),
        payment_id: row.get::<_, Uuid>("payment_id").into(),
        channel: row.get("channel"),
        profile: row.get::<_, Option<String>>("profile").unwrap_or_default(),
        amount: Vnd::new(row.get("amount")),
        status: word(row, "status")?,
        calls: row.get("calls"),
        updated_at: row.get("updated_at"),
        case_id: row.get::<_, Option<Uuid>>("case_id").map(Into::into),
    })
}

const IS_UNHEARD: &str = "select exists (select from delivery where event_id = $1 and state = 'dead')
    and not exists (select from delivery d join event_endpoint p on p.id = d.endpoint_id
        where d.event_id = $1 and d.state = 'dead' and p.disabled_at is null)";

/// Whether an event was given up at endpoints only that have been removed since.
pub async fn is_unheard(db: &Db, event: EventId) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_UNHEARD, &[&event.uuid()]).await?.get(0))
}

const SEND_AGAIN: &str = "update delivery d set state = 'waiting', in_order = false, attempts = 0, next_at = now(),
        lease_until = null, lease_token = null, updated_at = now()
    from event_endpoint p where p.id = d.endpoint_id and p.disabled_at is null and d.event_id = $1 and d.state = 'dead'";

/// Sends an event again where it was given up; how many deliveries go out.
pub async fn send_again(db: &Db, event: EventId) -> Result<u64, StorageError> {
    Ok(db.execute(SEND_AGAIN, &[&event.uuid()]).await?)
}

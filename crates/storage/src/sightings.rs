//! Sightings: reports that money moved, verbatim, each once for ever; and what became of them.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use domain::payment::SightingState;
use domain::{IntentId, PaymentId, SightingId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[INSERT, LATEST, OUTCOME];

/// A report as it is kept.
#[derive(Debug, Clone)]
pub struct NewSighting<'a> {
    pub id: SightingId,
    pub source: &'a str,
    pub source_key: &'a str,
    pub channel: &'a str,
    /// None for cash: it is under no contract.
    pub profile: Option<&'a str>,
    pub order_ref: Option<&'a str>,
    pub provider_txn_id: Option<&'a str>,
    pub amount: Option<i64>,
    pub stated_at: Option<Timestamp>,
    pub payload_sha256: &'a str,
    pub raw: &'a [u8],
    pub received_at: Timestamp,
    /// For a report about a bank account of ours: which, under what reference, and whose intent its text names. A provider's
    /// report may tell the number of the bank behind it, which names no line of ours.
    pub account: Option<&'a str>,
    pub bank_ref: Option<&'a str>,
    pub intent: Option<IntentId>,
}

const INSERT: &str = "with kept as (
        insert into sighting (id, source, source_key, channel, profile, order_ref, provider_txn_id, amount, stated_at,
            payload_sha256, received_at, account_code, bank_ref, intent_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $14, $15)
        on conflict on constraint sighting_source_key_unique do nothing returning id)
    insert into sighting_payload (sighting_id, raw) select id, $12 from kept returning sighting_id";

/// Keeps a report; false when the same one is kept already (it waits for whoever is keeping it).
pub async fn insert(db: &Db, s: &NewSighting<'_>) -> Result<bool, StorageError> {
    let kept = db
        .query_opt(
            &prepared(db, INSERT)?,
            &[
                &s.id.uuid(),
                &s.source,
                &s.source_key,
                &s.channel,
                &s.profile,
                &s.order_ref,
                &s.provider_txn_id,
                &s.amount,
                &s.stated_at,
                &s.payload_sha256,
                &s.received_at,
                &s.raw,
                &s.account,
                &s.bank_ref,
                &s.intent.map(IntentId::uuid),
            ],
        )
        .await?;
    Ok(kept.is_some())
}

const LATEST: &str = "select s.id, s.order_ref, s.amount, o.state, o.payment_id from sighting s
    left join lateral (select state, payment_id from sighting_outcome where sighting_id = s.id order by seq desc limit 1) o
    on true where s.source = $1 and s.source_key = $2";

/// A report that was kept before.
#[derive(Debug, Clone)]
pub struct Known {
    pub id: SightingId,
    pub order_ref: Option<String>,
    pub amount: Option<i64>,
    pub state: Option<String>,
    pub payment_id: Option<PaymentId>,
}

pub async fn latest(db: &Db, source: &str, source_key: &str) -> Result<Option<Known>, StorageError> {
    let row = db.query_opt(&prepared(db, LATEST)?, &[&source, &source_key]).await?;
    Ok(row.map(|row| Known {
        id: row.get::<_, Uuid>("id").into(),
        order_ref: row.get("order_ref"),
        amount: row.get("amount"),
        state: row.get("state"),
        payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
    }))
}

/// What a row of a listing says.
#[derive(Debug, Clone)]
pub struct Said {
    pub key: String,
    /// Under what it is kept where it said something else before.
    pub beside: String,
    pub digest: String,
}

const KEPT: &str = "select t.key, t.digest from unnest($2::text[], $3::text[], $4::text[]) as t(key, beside, digest)
    where exists (select from sighting s
                  where s.source = $1 and s.source_key in (t.key, t.beside) and s.payload_sha256 = t.digest)";

/// Keys and digests of those rows that are kept already as they stand.
pub async fn kept(db: &Db, source: &str, said: &[Said]) -> Result<BTreeSet<(String, String)>, StorageError> {
    let column = |of: fn(&Said) -> &str| said.iter().map(of).collect::<Vec<&str>>();
    let (keys, beside, digests) = (column(|s| &s.key), column(|s| &s.beside), column(|s| &s.digest));
    let statement = db.prepare_cached(KEPT).await?;
    let rows = db.query(&statement, &[&source, &keys, &beside, &digests]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

const ACCOUNT_OF: &str = "select account_code from sighting
    where source = any($1) and source_key = $2 and account_code is not null order by id limit 1";

/// The account that a row was kept under when it was told first, by whichever of these sources.
pub async fn account_of(db: &Db, sources: &[String], source_key: &str) -> Result<Option<String>, StorageError> {
    let statement = db.prepare_cached(ACCOUNT_OF).await?;
    Ok(db.query_opt(&statement, &[&sources, &source_key]).await?.map(|row| row.get(0)))
}

const OUTCOME: &str = "insert into sighting_outcome (sighting_id, state, payment_id) values ($1, $2, $3)";

pub async fn outcome(
    db: &Db,
    id: SightingId,
    state: SightingState,
    payment: Option<PaymentId>,
) -> Result<(), StorageError> {
    let payment = payment.map(PaymentId::uuid);
    db.execute(&prepared(db, OUTCOME)?, &[&id.uuid(), &state.as_str(), &payment]).await?;
    Ok(())
}

/// A sighting as staff see it beside its payment.
#[derive(Debug, Clone)]
pub struct Seen {
    pub id: SightingId,
    pub source: String,
    pub state: String,
    pub payload_sha256: String,
    pub received_at: Timestamp,
}

const OF_PAYMENT: &str = "select s.id, s.source, o.state, s.payload_sha256, s.received_at
    from sighting_outcome o join sighting s on s.id = o.sighting_id where o.payment_id = $1 order by o.seq";

pub async fn of_payment(db: &Db, payment: PaymentId) -> Result<Vec<Seen>, StorageError> {
    let statement = db.prepare_cached(OF_PAYMENT).await?;
    let rows = db.query(&statement, &[&payment.uuid()]).await?;
    Ok(rows
        .iter()
        .map(|row| Seen {
            id: row.get::<_, Uuid>(0).into(),
            source: row.get(1),
            state: row.get(2),
            payload_sha256: row.get(3),
            received_at: row.get(4),
        })
        .collect())
}

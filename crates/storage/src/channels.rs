//! What stands in the way of a contract's channel now: switched off, announced to be away, limits of the contract. Asked
//! at each use, so that all processes obey at once.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use domain::Vnd;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[GATES];

/// Why a channel takes no new attempt, and until when where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// In words for payers.
    pub reason: String,
    pub until: Option<Timestamp>,
}

/// One contract's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    pub closed: Option<Closed>,
    /// What its provider says of itself, where it says that it is away.
    pub away: Option<Closed>,
    pub min_amount: Vnd,
    pub max_amount: Option<Vnd>,
}

/// By the contract's code; one that is not here has no gate and is open.
pub type Gates = BTreeMap<String, Gate>;

const GATES: &str = "select p.code, p.min_amount, p.max_amount,
        coalesce(s.reason, d.reason) as reason, case when s.channel is null then d.ends_at end as until,
        case when h.profile is not null then 'nhà cung cấp báo tạm ngừng dịch vụ' end as away, h.back_at
    from merchant_profile p
    left join provider_health h on h.profile = p.code and not h.is_up and h.told_at > now() - interval '5 minutes'
    left join channel_switch s on s.channel = p.channel and s.off_since is not null
    left join lateral (select t.reason, t.ends_at from channel_downtime t
        where t.channel = p.channel and t.withdrawn_at is null and t.starts_at <= now() and now() < t.ends_at
        order by t.ends_at desc limit 1) d on true";

/// Of every contract. Joins a pipeline.
pub async fn gates(db: &Db) -> Result<Gates, StorageError> {
    let rows = db.query(&prepared(db, GATES)?, &[]).await?;
    let gate = |row: &Row| {
        let told =
            |reason, until| row.get::<_, Option<String>>(reason).map(|reason| Closed { reason, until: row.get(until) });
        let (closed, away) = (told("reason", "until"), told("away", "back_at"));
        let (min, max): (i64, Option<i64>) = (row.get("min_amount"), row.get("max_amount"));
        (row.get("code"), Gate { closed, away, min_amount: Vnd::new(min), max_amount: max.map(Vnd::new) })
    };
    Ok(rows.iter().map(gate).collect())
}

const CLOSED: &str =
    "select coalesce(s.reason, d.reason) as reason, case when s.channel is null then d.ends_at end as until
    from (select $1::text as channel) c
    left join channel_switch s on s.channel = c.channel and s.off_since is not null
    left join lateral (select t.reason, t.ends_at from channel_downtime t
        where t.channel = c.channel and t.withdrawn_at is null and t.starts_at <= now() and now() < t.ends_at
        order by t.ends_at desc limit 1) d on true";

/// Why a channel is closed, whether there are contracts for it or none.
pub async fn closed(db: &Db, channel: &str) -> Result<Option<Closed>, StorageError> {
    let statement = db.prepare_cached(CLOSED).await?;
    let row = db.query_one(&statement, &[&channel]).await?;
    let reason: Option<String> = row.get("reason");
    Ok(reason.map(|reason| Closed { reason, until: row.get("until") }))
}

const PUT_HEALTH: &str = "insert into provider_health (profile, is_up, is_degraded, back_at, told_at)
    values ($1, $2, $3, $4, now())
    on conflict (profile) do update set is_up = excluded.is_up, is_degraded = excluded.is_degraded,
        back_at = excluded.back_at, told_at = excluded.told_at";

/// What the contract's provider says of its service: away, it takes no attempt for five minutes or until it says otherwise.
pub async fn put_health(
    db: &Db,
    profile: &str,
    (is_up, is_degraded): (bool, bool),
    back_at: Option<Timestamp>,
) -> Result<(), StorageError> {
    db.execute(PUT_HEALTH, &[&profile, &is_up, &is_degraded, &back_at]).await?;
    Ok(())
}

/// Somebody switched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    pub channel: String,
    /// None: it is on.
    pub off_since: Option<Timestamp>,
    pub reason: String,
    pub changed_by: String,
    pub changed_at: Timestamp,
}

const SWITCHES: &str = "select * from channel_switch order by channel";

pub async fn switches(db: &Db) -> Result<Vec<Switch>, StorageError> {
    let rows = db.query(SWITCHES, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Switch {
            channel: row.get("channel"),
            off_since: row.get("off_since"),
            reason: row.get("reason"),
            changed_by: row.get("changed_by"),
            changed_at: row.get("changed_at"),
        })
        .collect())
}

const PUT_SWITCH: &str = "insert into channel_switch as s (channel, off_since, reason, changed_by, changed_at)
    values ($1, $2, $3, $4, $5)
    on conflict (channel) do update set reason = excluded.reason, changed_by = excluded.changed_by,
        changed_at = excluded.changed_at,
        off_since = case when excluded.off_since is not null then coalesce(s.off_since, excluded.off_since) end";

/// What is off already stays off since then.
pub async fn put_switch(db: &Db, s: &Switch) -> Result<(), StorageError> {
    db.execute(PUT_SWITCH, &[&s.channel, &s.off_since, &s.reason, &s.changed_by, &s.changed_at]).await?;
    Ok(())
}

/// A time for which somebody announced that the channel is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downtime {
    pub id: Uuid,
    pub channel: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: String,
    pub announced_by: String,
    pub announced_at: Timestamp,
}

const ANNOUNCE: &str =
    "insert into channel_downtime (id, channel, starts_at, ends_at, reason, announced_by, announced_at)
    values ($1, $2, $3, $4, $5, $6, $7)";

pub async fn announce(db: &Db, d: &Downtime) -> Result<(), StorageError> {
    db.execute(ANNOUNCE, &[&d.id, &d.channel, &d.starts_at, &d.ends_at, &d.reason, &d.announced_by, &d.announced_at])
        .await?;
    Ok(())
}

const DOWNTIMES: &str = "select * from channel_downtime where withdrawn_at is null and ends_at > now()
    order by starts_at, id limit 1000";

/// Those that are not over, the next one first.
pub async fn downtimes(db: &Db) -> Result<Vec<Downtime>, StorageError> {
    Ok(db.query(DOWNTIMES, &[]).await?.iter().map(downtime).collect())
}

const WITHDRAW: &str = "update channel_downtime set withdrawn_at = now()
    where id = $1 and channel = $2 and withdrawn_at is null and ends_at > now() returning *";

/// It holds no more. None where there is no such announcement that is not over.
pub async fn withdraw(db: &Db, channel: &str, id: Uuid) -> Result<Option<Downtime>, StorageError> {
    Ok(db.query_opt(WITHDRAW, &[&id, &channel]).await?.map(|row| downtime(&row)))
}

fn downtime(row: &Row) -> Downtime {
    Downtime {
        id: row.get("id"),
        channel: row.get("channel"),
        starts_at: row.get("starts_at"),
        ends_at: row.get("ends_at"),
        reason: row.get("reason"),
        announced_by: row.get("announced_by"),
        announced_at: row.get("announced_at"),
    }
}

//! Reports asked for as files: what is to be written, how far it is, and its pieces until they are dropped.

use crate::error::StorageError;
use crate::pool::Db;
use crate::reports::Query;
use crate::rows::word;
use domain::PersonId;
use domain::report::Period;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// One export as it stands.
#[derive(Debug, Clone)]
pub struct Export {
    pub id: Uuid,
    pub person: PersonId,
    pub wanted: Query,
    pub format: String,
    /// asked | writing | ready | failed | gone
    pub state: String,
    pub rows: i64,
    pub bytes: i64,
    pub why: Option<String>,
    pub asked_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

fn from_row(row: &Row) -> Result<Export, StorageError> {
    let (from, to): (Date, Date) = (row.get("from_day"), row.get("to_day"));
    let period = Period::new(from, to).unwrap_or_else(|_| Period::until(to));
    Ok(Export {
        id: row.get("id"),
        person: row.get::<_, Uuid>("person_id").into(),
        wanted: Query {
            report: word(row, "report")?,
            period,
            agency: row.get("agency"),
            channel: row.get("channel"),
            beneficiaries: row.get("beneficiaries"),
            per: word(row, "per")?,
        },
        format: row.get("format"),
        state: row.get("state"),
        rows: row.get("rows"),
        bytes: row.get("bytes"),
        why: row.get("why"),
        asked_at: row.get("asked_at"),
        ended_at: row.get("ended_at"),
    })
}

const ASK: &str = "insert into export (id, person_id, report, format, from_day, to_day, agency, channel, per, beneficiaries, asked_at)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    where (select count(*) from export where person_id = $2 and state in ('asked', 'writing')) < $12
    on conflict (id) do nothing";

/// Keeps what is asked for, unless as many of this person's wait; whether it did. The same id is the same export.
pub async fn ask(
    db: &Db,
    (id, person): (Uuid, PersonId),
    (wanted, format): (&Query, &str),
    at: Timestamp,
    most: i64,
) -> Result<bool, StorageError> {
    let (from, to) = (wanted.period.from(), wanted.period.to());
    let (report, per) = (wanted.report.as_str(), wanted.per.as_str());
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
        &id,
        &person.uuid(),
        &report,
        &format,
        &from,
        &to,
        &wanted.agency,
        &wanted.channel,
        &per,
        &wanted.beneficiaries,
        &at,
        &most,
    ];
    Ok(db.execute(ASK, &params).await? == 1)
}

const OF: &str = "select * from export where person_id = $1 and ($2::uuid is null or id = $2)
    order by asked_at desc, id desc limit $3";

/// A person's own, the newest first; or the one with this id.
pub async fn of(db: &Db, person: PersonId, id: Option<Uuid>, limit: i64) -> Result<Vec<Export>, StorageError> {
    db.query(OF, &[&person.uuid(), &id, &limit]).await?.iter().map(from_row).collect()
}

const TAKE: &str = "update export set state = 'writing', rows = 0, tries = tries + 1,
        leased_until = $1::timestamptz + make_interval(secs => $2::bigint::float8)
    where id = (select id from export where state = 'asked' or (state = 'writing' and leased_until < $1)
                order by asked_at limit 1 for update skip locked)
    returning *";

/// The one that has waited longest, for as long as whoever takes it says that it is at it.
pub async fn take(db: &Db, at: Timestamp, lease_s: i64) -> Result<Option<Export>, StorageError> {
    db.query_opt(TAKE, &[&at, &lease_s]).await?.as_ref().map(from_row).transpose()
}

const GOES_ON: &str = "update export set rows = $2, leased_until = now() + make_interval(secs => $3::bigint::float8)
    where id = $1 and state = 'writing'";

/// So many rows are written by now.
pub async fn goes_on(db: &Db, id: Uuid, rows: i64, lease_s: i64) -> Result<(), StorageError> {
    db.execute(GOES_ON, &[&id, &rows, &lease_s]).await?;
    Ok(())
}

const FORGET: &str = "delete from export_piece where export_id = $1";
const KEEP: &str = "insert into export_piece (export_id, place, bytes) values ($1, $2, $3)";

/// One piece; the first takes the place of all that an earlier try has left.
pub async fn keep(db: &Db, id: Uuid, place: i32, bytes: &[u8]) -> Result<(), StorageError> {
    if place == 0 {
        db.execute(FORGET, &[&id]).await?;
    }
    db.execute(KEEP, &[&id, &place, &bytes]).await?;
    Ok(())
}

const READY: &str = "update export set state = 'ready', rows = $2, bytes = $3, ended_at = now(), leased_until = null
    where id = $1 and state = 'writing'";

pub async fn ready(db: &Db, id: Uuid, rows: i64, bytes: i64) -> Result<(), StorageError> {
    db.execute(READY, &[&id, &rows, &bytes]).await?;
    Ok(())
}

const FAILED: &str = "update export set state = 'failed', why = $2, ended_at = now(), leased_until = null
    where id = $1 and state = 'writing'";

pub async fn failed(db: &Db, id: Uuid, why: &str) -> Result<(), StorageError> {
    db.execute(FORGET, &[&id]).await?;
    db.execute(FAILED, &[&id, &why]).await?;
    Ok(())
}

const AGAIN: &str = "update export set state = case when tries < $2 then 'asked' else 'failed' end,
        why = case when tries < $2 then null else 'broken' end, ended_at = case when tries < $2 then null else now() end,
        leased_until = null
    where id = $1 and state = 'writing'";

/// It broke off: it waits again, or has after so many tries failed.
pub async fn again(db: &Db, id: Uuid, tries: i32) -> Result<(), StorageError> {
    db.execute(FORGET, &[&id]).await?;
    db.execute(AGAIN, &[&id, &tries]).await?;
    Ok(())
}

const PIECE: &str = "select bytes from export_piece where export_id = $1 and place = $2";

pub async fn piece(db: &Db, id: Uuid, place: i32) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(db.query_opt(PIECE, &[&id, &place]).await?.map(|row| row.get(0)))
}

const DROP: &str = "with old as (
        select id from export where state = 'ready' and ended_at < $1::timestamptz order by ended_at limit 20),
    gone as (delete from export_piece where export_id in (select id from old))
    update export set state = 'gone' where id in (select id from old)";

/// What was ready before `since` has no file any more; how many.
pub async fn drop_old(db: &Db, since: Timestamp) -> Result<u64, StorageError> {
    Ok(db.execute(DROP, &[&since]).await?)
}

//! Who is signed in at the console. Of what the browser holds only the hash is kept.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::words;
use domain::PersonId;
use domain::role::Role;
use jiff::Timestamp;
use uuid::Uuid;

/// A session, and whose it is as they stand now.
#[derive(Debug, Clone)]
pub struct Found {
    pub person: PersonId,
    pub code: String,
    pub name: String,
    pub roles: Vec<Role>,
    /// Whose money they see; empty: all.
    pub beneficiaries: Vec<String>,
    pub begun_at: Timestamp,
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// By which identity provider they signed in; None: by password.
    pub issuer: Option<String>,
    /// When they showed there anew who they are, and have decided nothing since.
    pub fresh_at: Option<Timestamp>,
}

const BEGIN: &str = "insert into console_session (token_hash, person_id, begun_at, seen_at) values ($1, $2, $3, $3)";

pub async fn begin(db: &Db, token_hash: &[u8], person: PersonId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(BEGIN, &[&token_hash, &person.uuid(), &at]).await?;
    Ok(())
}

const BEGIN_FROM: &str = "insert into console_session (token_hash, person_id, begun_at, seen_at, issuer)
    values ($1, $2, $3, $3, $4)";

/// The same of somebody whom an identity provider has named.
pub async fn begin_from(
    db: &Db,
    token_hash: &[u8],
    person: PersonId,
    issuer: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    db.execute(BEGIN_FROM, &[&token_hash, &person.uuid(), &at, &issuer]).await?;
    Ok(())
}

const FRESH: &str = "update console_session set fresh_at = $2 where token_hash = $1 and ended_at is null";

/// Whoever holds it has shown anew who they are.
pub async fn shown_anew(db: &Db, token_hash: &[u8], at: Timestamp) -> Result<(), StorageError> {
    db.execute(FRESH, &[&token_hash, &at]).await?;
    Ok(())
}

const USE_FRESH: &str = "update console_session set fresh_at = null
    where token_hash = $1 and fresh_at > $2 and ended_at is null";

/// Uses what was shown since then; false where there is none, or it was used.
pub async fn use_fresh(db: &Db, token_hash: &[u8], since: Timestamp) -> Result<bool, StorageError> {
    Ok(db.execute(USE_FRESH, &[&token_hash, &since]).await? == 1)
}

const FIND: &str = "select s.*, p.code, p.name, p.roles, p.beneficiaries
    from console_session s join person p on p.id = s.person_id where s.token_hash = $1 and p.disabled_at is null";

/// Live or not: that is for whoever knows how long one holds.
pub async fn find(db: &Db, token_hash: &[u8]) -> Result<Option<Found>, StorageError> {
    let statement = db.prepare_cached(FIND).await?;
    let Some(row) = db.query_opt(&statement, &[&token_hash]).await? else { return Ok(None) };
    Ok(Some(Found {
        person: row.get::<_, Uuid>("person_id").into(),
        code: row.get("code"),
        name: row.get("name"),
        roles: words(&row, "roles")?,
        beneficiaries: row.get("beneficiaries"),
        begun_at: row.get("begun_at"),
        seen_at: row.get("seen_at"),
        ended_at: row.get("ended_at"),
        issuer: row.get("issuer"),
        fresh_at: row.get("fresh_at"),
    }))
}

const SEEN: &str =
    "update console_session set seen_at = greatest(seen_at, $2) where token_hash = $1 and ended_at is null";

pub async fn seen(db: &Db, token_hash: &[u8], at: Timestamp) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SEEN).await?;
    db.execute(&statement, &[&token_hash, &at]).await?;
    Ok(())
}

const END: &str = "update console_session set ended_at = $2 where token_hash = $1 and ended_at is null";

pub async fn end(db: &Db, token_hash: &[u8], at: Timestamp) -> Result<(), StorageError> {
    db.execute(END, &[&token_hash, &at]).await?;
    Ok(())
}

const END_ALL: &str = "update console_session set ended_at = $2 where person_id = $1 and ended_at is null";

/// Wherever the person is signed in.
pub async fn end_all(db: &Db, person: PersonId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(END_ALL, &[&person.uuid(), &at]).await?;
    Ok(())
}

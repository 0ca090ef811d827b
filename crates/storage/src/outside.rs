//! Whom an identity provider calls by which name, and browsers that are on their way to one and back.

use crate::error::StorageError;
use crate::pool::Db;
use domain::PersonId;
use jiff::Timestamp;
use uuid::Uuid;

const LINK: &str = "insert into outside_identity (issuer, subject, person_id, linked_by, linked_at)
    values ($1, $2, $3, $4, $5)";

/// From now on whoever this provider calls so is this person.
pub async fn link(
    db: &Db,
    (issuer, subject): (&str, &str),
    person: PersonId,
    by: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    db.execute(LINK, &[&issuer, &subject, &person.uuid(), &by, &at]).await?;
    Ok(())
}

const UNLINK: &str = "delete from outside_identity where person_id = $1";

/// No provider names the person any more; how many did.
pub async fn unlink(db: &Db, person: PersonId) -> Result<u64, StorageError> {
    Ok(db.execute(UNLINK, &[&person.uuid()]).await?)
}

const PERSON: &str = "select p.id from outside_identity o join person p on p.id = o.person_id
    where o.issuer = $1 and o.subject = $2 and p.disabled_at is null";

/// Who that is, unless they are disabled.
pub async fn person(db: &Db, issuer: &str, subject: &str) -> Result<Option<PersonId>, StorageError> {
    let row = db.query_opt(PERSON, &[&issuer, &subject]).await?;
    Ok(row.map(|row| row.get::<_, Uuid>("id").into()))
}

/// A way that begins.
#[derive(Debug)]
pub struct NewWay<'a> {
    pub token_hash: &'a [u8],
    pub issuer: &'a str,
    /// Of whoever is signed in and asked anew.
    pub session_hash: Option<&'a [u8]>,
    pub next: &'a str,
    pub at: Timestamp,
}

const BEGIN: &str =
    "insert into outside_way (token_hash, issuer, session_hash, next, begun_at) values ($1, $2, $3, $4, $5)";

pub async fn begin(db: &Db, new: &NewWay<'_>) -> Result<(), StorageError> {
    db.execute(BEGIN, &[&new.token_hash, &new.issuer, &new.session_hash, &new.next, &new.at]).await?;
    Ok(())
}

const FORGET: &str = "delete from outside_way where begun_at < $1";

/// Ways that nobody goes any more.
pub async fn forget(db: &Db, begun_before: Timestamp) -> Result<(), StorageError> {
    db.execute(FORGET, &[&begun_before]).await?;
    Ok(())
}

/// A way whose answer is taken now.
#[derive(Debug)]
pub struct Arrived {
    pub issuer: String,
    pub session_hash: Option<Vec<u8>>,
    pub next: String,
    pub begun_at: Timestamp,
}

const ARRIVE: &str = "update outside_way set arrived_at = $2
    where token_hash = $1 and arrived_at is null and begun_at > $3 returning issuer, session_hash, next, begun_at";

/// Takes the answer of a way that was begun since then: once.
pub async fn arrive(
    db: &Db,
    token_hash: &[u8],
    at: Timestamp,
    begun_since: Timestamp,
) -> Result<Option<Arrived>, StorageError> {
    let row = db.query_opt(ARRIVE, &[&token_hash, &at, &begun_since]).await?;
    Ok(row.map(|row| Arrived {
        issuer: row.get("issuer"),
        session_hash: row.get("session_hash"),
        next: row.get("next"),
        begun_at: row.get("begun_at"),
    }))
}

const AWAIT_CODE: &str = "update outside_way set person_id = $2 where token_hash = $1 and ended_at is null";

/// This person arrived, and is asked for our own code.
pub async fn await_code(db: &Db, token_hash: &[u8], person: PersonId) -> Result<(), StorageError> {
    db.execute(AWAIT_CODE, &[&token_hash, &person.uuid()]).await?;
    Ok(())
}

const AWAITED: &str = "select person_id from outside_way
    where token_hash = $1 and person_id is not null and ended_at is null and arrived_at > $2";

/// Whose code is asked for, if they arrived since then.
pub async fn awaited(db: &Db, token_hash: &[u8], arrived_since: Timestamp) -> Result<Option<PersonId>, StorageError> {
    let row = db.query_opt(AWAITED, &[&token_hash, &arrived_since]).await?;
    Ok(row.map(|row| row.get::<_, Uuid>("person_id").into()))
}

const END: &str = "update outside_way set ended_at = $2 where token_hash = $1 and ended_at is null returning issuer";

/// Ends the way; None where it has ended already.
pub async fn end(db: &Db, token_hash: &[u8], at: Timestamp) -> Result<Option<String>, StorageError> {
    Ok(db.query_opt(END, &[&token_hash, &at]).await?.map(|row| row.get("issuer")))
}

//! How people sign in: what is kept of their password, the sealed secret of their codes, their wrong tries, and the links by
//! which they set both.

use crate::error::StorageError;
use crate::pool::Db;
use domain::PersonId;
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

/// A person who can sign in.
#[derive(Debug, Clone)]
pub struct Account {
    pub person: PersonId,
    pub password_hash: String,
    pub totp_sealed: Vec<u8>,
    pub totp_last_step: Option<i64>,
    pub wrong_tries: i16,
    pub locked_until: Option<Timestamp>,
    /// When password and secret were set.
    pub set_at: Timestamp,
}

fn account(row: &Row) -> Account {
    Account {
        person: row.get::<_, Uuid>("person_id").into(),
        password_hash: row.get("password_hash"),
        totp_sealed: row.get("totp_sealed"),
        totp_last_step: row.get("totp_last_step"),
        wrong_tries: row.get("wrong_tries"),
        locked_until: row.get("locked_until"),
        set_at: row.get("set_at"),
    }
}

const LOCK_BY_CODE: &str = "select s.* from person p join sign_in s on s.person_id = p.id
    where p.code = $1 and p.disabled_at is null for no key update of s";

/// Of whoever is not disabled, held until the transaction ends.
pub async fn lock_by_code(db: &Db, code: &str) -> Result<Option<Account>, StorageError> {
    Ok(db.query_opt(LOCK_BY_CODE, &[&code]).await?.as_ref().map(account))
}

const LOCK: &str = "select s.* from sign_in s join person p on p.id = s.person_id
    where s.person_id = $1 and p.disabled_at is null for no key update of s";

/// The same, by the person.
pub async fn lock(db: &Db, person: PersonId) -> Result<Option<Account>, StorageError> {
    Ok(db.query_opt(LOCK, &[&person.uuid()]).await?.as_ref().map(account))
}

const CAN: &str = "select exists (select from sign_in where person_id = $1)";

/// Whether the person has set a password and a secret.
pub async fn can(db: &Db, person: PersonId) -> Result<bool, StorageError> {
    Ok(db.query_one(CAN, &[&person.uuid()]).await?.get(0))
}

const COUNT: &str = "update sign_in set wrong_tries = $2, locked_until = $3 where person_id = $1";

/// Writes down how often somebody was wrong.
pub async fn count(db: &Db, person: PersonId, wrong: i16, locked_until: Option<Timestamp>) -> Result<(), StorageError> {
    db.execute(COUNT, &[&person.uuid(), &wrong, &locked_until]).await?;
    Ok(())
}

const USE_CODE: &str = "update sign_in set totp_last_step = $2, wrong_tries = 0, locked_until = null
    where person_id = $1 and (totp_last_step is null or totp_last_step < $2) and set_at = $3";

/// Uses the code of a step; false where it was used meanwhile, or another secret was set.
pub async fn use_code(db: &Db, person: PersonId, step: i64, set_at: Timestamp) -> Result<bool, StorageError> {
    Ok(db.execute(USE_CODE, &[&person.uuid(), &step, &set_at]).await? == 1)
}

const SET: &str = "insert into sign_in (person_id, password_hash, totp_sealed, totp_last_step, set_at)
    values ($1, $2, $3, $4, $5)
    on conflict (person_id) do update set password_hash = excluded.password_hash, totp_sealed = excluded.totp_sealed,
        totp_last_step = excluded.totp_last_step, set_at = excluded.set_at, wrong_tries = 0, locked_until = null";

/// What a person signs in with from now on.
#[derive(Debug)]
pub struct New<'a> {
    pub person: PersonId,
    pub password_hash: &'a str,
    pub totp_sealed: &'a [u8],
    pub totp_last_step: i64,
    pub at: Timestamp,
}

pub async fn set(db: &Db, new: &New<'_>) -> Result<(), StorageError> {
    let person = new.person.uuid();
    db.execute(SET, &[&person, &new.password_hash, &new.totp_sealed, &new.totp_last_step, &new.at]).await?;
    Ok(())
}

/// A link that was made for a person.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub person: PersonId,
    pub code: String,
    pub name: String,
    pub totp_sealed: Vec<u8>,
}

const END_INVITATIONS: &str = "update sign_in_invitation set ended_at = $2 where person_id = $1 and ended_at is null";

/// A link of a person that was not followed is good no more.
pub async fn end_invitations(db: &Db, person: PersonId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(END_INVITATIONS, &[&person.uuid(), &at]).await?;
    Ok(())
}

#[derive(Debug)]
pub struct NewInvitation<'a> {
    pub token_hash: &'a [u8],
    pub person: PersonId,
    pub totp_sealed: &'a [u8],
    pub made_by: &'a str,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

const INVITE: &str = "insert into sign_in_invitation (token_hash, person_id, totp_sealed, made_by, made_at, expires_at)
    values ($1, $2, $3, $4, $5, $6)";

pub async fn invite(db: &Db, new: &NewInvitation<'_>) -> Result<(), StorageError> {
    let person = new.person.uuid();
    db.execute(INVITE, &[&new.token_hash, &person, &new.totp_sealed, &new.made_by, &new.made_at, &new.expires_at])
        .await?;
    Ok(())
}

const INVITATION: &str = "select i.person_id, i.totp_sealed, p.code, p.name
    from sign_in_invitation i join person p on p.id = i.person_id
    where i.token_hash = $1 and i.ended_at is null and i.expires_at > $2 and p.disabled_at is null";

/// One that can still be followed.
pub async fn invitation(db: &Db, token_hash: &[u8], now: Timestamp) -> Result<Option<Invitation>, StorageError> {
    let row = db.query_opt(INVITATION, &[&token_hash, &now]).await?;
    Ok(row.map(|row| Invitation {
        person: row.get::<_, Uuid>("person_id").into(),
        code: row.get("code"),
        name: row.get("name"),
        totp_sealed: row.get("totp_sealed"),
    }))
}

const FOLLOW: &str = "update sign_in_invitation set ended_at = $2 where token_hash = $1 and ended_at is null";

/// Follows a link; false where somebody did already.
pub async fn follow(db: &Db, token_hash: &[u8], at: Timestamp) -> Result<bool, StorageError> {
    Ok(db.execute(FOLLOW, &[&token_hash, &at]).await? == 1)
}

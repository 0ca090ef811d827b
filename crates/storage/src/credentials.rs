//! Secrets that a contract shares with its provider, sealed at rest. A row says who changed what; its secret is read by
//! nobody but the process that makes the contract's provider, and is gone once it is retired or was not wanted.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::unreadable;
use crate::vault::Vault;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Row;
use uuid::Uuid;

/// A secret as it comes into the books.
#[derive(Debug)]
pub struct NewCredential<'a> {
    pub id: Uuid,
    pub profile: &'a str,
    pub name: &'a str,
    pub secret: &'a SecretString,
    pub fingerprint: &'a str,
    /// False: a second person has to decide.
    pub in_force: bool,
    pub by: &'a str,
    pub at: Timestamp,
}

/// One that is proposed or in force, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub id: Uuid,
    pub name: String,
    pub fingerprint: String,
    /// None while it is proposed.
    pub in_force_at: Option<Timestamp>,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    pub decided_by: Option<String>,
}

/// To what a sealed secret belongs: moved to another row it does not open.
fn context(profile: &str, name: &str, id: Uuid) -> String {
    format!("profile credential|{profile}|{name}|{id}")
}

const INSERT: &str =
    "insert into profile_credential (id, profile_code, name, sealed, key_id, fingerprint, state, proposed_by,
    proposed_at, in_force_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// # Errors
/// Conflict `profile_credential_proposed_once` where another one waits for a decision.
pub async fn insert(db: &Db, vault: &Vault, c: &NewCredential<'_>) -> Result<(), StorageError> {
    let sealed = vault.seal(context(c.profile, c.name, c.id).as_bytes(), c.secret.expose_secret().as_bytes())?;
    let (state, in_force_at) = if c.in_force { ("in_force", Some(c.at)) } else { ("proposed", None) };
    let key_id = vault.key_id();
    db.execute(
        INSERT,
        &[&c.id, &c.profile, &c.name, &sealed, &key_id, &c.fingerprint, &state, &c.by, &c.at, &in_force_at],
    )
    .await?;
    Ok(())
}

const LIVE: &str = "select * from profile_credential where profile_code = $1 and state in ('proposed', 'in_force')
    order by in_force_at nulls last, id";

/// Those of a contract that are proposed or in force, the oldest first.
pub async fn live(db: &Db, profile: &str) -> Result<Vec<Credential>, StorageError> {
    Ok(db.query(LIVE, &[&profile]).await?.iter().map(from_row).collect())
}

fn from_row(row: &Row) -> Credential {
    Credential {
        id: row.get("id"),
        name: row.get("name"),
        fingerprint: row.get("fingerprint"),
        in_force_at: row.get("in_force_at"),
        proposed_by: row.get("proposed_by"),
        proposed_at: row.get("proposed_at"),
        decided_by: row.get("decided_by"),
    }
}

/// A secret that is proposed or in force, still sealed.
pub struct Sealed {
    pub id: Uuid,
    pub profile: String,
    pub name: String,
    pub is_in_force: bool,
    sealed: Vec<u8>,
}

impl Sealed {
    /// # Errors
    /// `Vault` when it was sealed with another key, or belongs to another row.
    pub fn open(&self, vault: &Vault) -> Result<SecretString, StorageError> {
        let plain = vault.open(context(&self.profile, &self.name, self.id).as_bytes(), &self.sealed)?;
        Ok(SecretString::from(String::from_utf8(plain).map_err(unreadable)?))
    }
}

const SEALED: &str = "select id, profile_code, name, state = 'in_force' as is_in_force, sealed from profile_credential
    where state in ('proposed', 'in_force') and ($1::text is null or profile_code = $1)
    order by profile_code, name, in_force_at nulls last, id";

/// Those of one contract, or of all, the oldest first.
pub async fn sealed(db: &Db, profile: Option<&str>) -> Result<Vec<Sealed>, StorageError> {
    let sealed = |row: &Row| Sealed {
        id: row.get("id"),
        profile: row.get("profile_code"),
        name: row.get("name"),
        is_in_force: row.get("is_in_force"),
        sealed: row.get("sealed"),
    };
    Ok(db.query(SEALED, &[&profile]).await?.iter().map(sealed).collect())
}

const DECIDE: &str = "update profile_credential set state = case when $2 then 'in_force' else 'rejected' end,
    sealed = case when $2 then sealed end, decided_by = $3, decided_at = $4,
    in_force_at = case when $2 then greatest($4, (select max(b.in_force_at) + interval '1 microsecond' from profile_credential b
        where (b.profile_code, b.name) = (profile_credential.profile_code, profile_credential.name))) end
    where id = $1 and state = 'proposed'";

/// A second person wants it or not; one that is not wanted loses its secret. It comes after those before it, whatever the
/// clock of whoever decides says. False where it is not proposed.
pub async fn decide(db: &Db, id: Uuid, wanted: bool, by: &str, at: Timestamp) -> Result<bool, StorageError> {
    Ok(db.execute(DECIDE, &[&id, &wanted, &by, &at]).await? == 1)
}

const RETIRE: &str = "update profile_credential set state = 'retired', sealed = null, retired_by = $2, retired_at = $3
    where id = $1 and state = 'in_force'";

/// It is accepted no longer, and its secret is gone. False where it is not in force.
pub async fn retire(db: &Db, id: Uuid, by: &str, at: Timestamp) -> Result<bool, StorageError> {
    Ok(db.execute(RETIRE, &[&id, &by, &at]).await? == 1)
}

const CONFIGURED_RETIRED: &str = "select profile_code, name from configured_credential_retired
    where $1::text is null or profile_code = $1 order by profile_code, name";

/// Contract and name of each secret of the configuration that is accepted no longer.
pub async fn configured_retired(db: &Db, profile: Option<&str>) -> Result<Vec<(String, String)>, StorageError> {
    let rows = db.query(CONFIGURED_RETIRED, &[&profile]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

const RETIRE_CONFIGURED: &str = "insert into configured_credential_retired (profile_code, name, retired_by, retired_at)
    values ($1, $2, $3, $4) on conflict do nothing";

/// The configuration's secret of this name is accepted no longer.
pub async fn retire_configured(
    db: &Db,
    profile: &str,
    name: &str,
    by: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    db.execute(RETIRE_CONFIGURED, &[&profile, &name, &by, &at]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&SecretString::from(hex::encode([byte; 32]))).expect("a key of 32 bytes")
    }

    fn row(sealed: Vec<u8>, profile: &str, name: &str, id: u128) -> Sealed {
        let (id, profile, name) = (Uuid::from_u128(id), profile.to_owned(), name.to_owned());
        Sealed { id, profile, name, is_in_force: true, sealed }
    }

    proptest! {
        #[test]
        fn a_sealed_secret_opens_with_its_key_in_its_own_row_and_nowhere_else(
            secret in "[!-~]{1,64}", key in 0_u8..4, other in 0_u8..4, profile in "[a-z]{1,8}", name in "[a-z_]{1,8}",
            id in any::<u128>(), moved in any::<u128>(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
        ) {
            let place = context(&profile, &name, Uuid::from_u128(id));
            let sealed = vault(key).seal(place.as_bytes(), secret.as_bytes()).expect("sealed");
            let opens = |row: Sealed, key| row.open(&vault(key)).is_ok_and(|s| s.expose_secret() == secret);
            prop_assert!(opens(row(sealed.clone(), &profile, &name, id), key));
            prop_assert_eq!(opens(row(sealed.clone(), &profile, &name, id), other), key == other);
            prop_assert_eq!(opens(row(sealed.clone(), &profile, &name, moved), key), id == moved);
            let (other_profile, other_name) = (profile.clone() + "x", name.clone() + "x");
            prop_assert!(!opens(row(sealed.clone(), &other_profile, &name, id), key));
            prop_assert!(!opens(row(sealed.clone(), &profile, &other_name, id), key));
            let mut flipped = sealed;
            let at = at.index(flipped.len());
            flipped[at] ^= 1 << bit;
            prop_assert!(row(flipped, &profile, &name, id).open(&vault(key)).is_err());
        }
    }
}

//! Payers and owners: the one table with personal data, sealed.

use crate::error::StorageError;
use crate::pool::Db;
use crate::vault::Vault;
use domain::party::{IdentityKind, Party};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Plain {
    name: String,
    identity_kind: String,
    identity_number: Option<String>,
    address: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

const INSERT: &str = "insert into party (id, sealed, key_id, identity_index) values ($1, $2, $3, $4)";

pub async fn insert(db: &Db, vault: &Vault, id: Uuid, party: &Party) -> Result<(), StorageError> {
    let plain = Plain {
        name: party.name.clone(),
        identity_kind: party.identity_kind.to_string(),
        identity_number: party.identity_number.clone(),
        address: party.address.clone(),
        phone: party.phone.clone(),
        email: party.email.clone(),
    };
    let json = serde_json::to_vec(&plain).map_err(crate::rows::unreadable)?;
    let sealed = vault.seal(id.as_bytes(), &json)?;
    let index = party.identity_number.as_ref().map(|n| vault.blind_index(party.identity_kind.as_str(), n));
    let statement = db.prepare_cached(INSERT).await?;
    db.execute(&statement, &[&id, &sealed, &vault.key_id(), &index]).await?;
    Ok(())
}

const BY_ID: &str = "select sealed from party where id = $1";

pub async fn by_id(db: &Db, vault: &Vault, id: Uuid) -> Result<Option<Party>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    let Some(row) = db.query_opt(&statement, &[&id]).await? else { return Ok(None) };
    open(vault, id, &row.get::<_, Vec<u8>>(0)).map(Some)
}

fn open(vault: &Vault, id: Uuid, sealed: &[u8]) -> Result<Party, StorageError> {
    let json = vault.open(id.as_bytes(), sealed)?;
    let plain: Plain = serde_json::from_slice(&json).map_err(crate::rows::unreadable)?;
    Ok(Party {
        name: plain.name,
        identity_kind: plain.identity_kind.parse().map_err(crate::rows::unreadable)?,
        identity_number: plain.identity_number,
        address: plain.address,
        phone: plain.phone,
        email: plain.email,
    })
}

const BY_IDENTITY: &str = "select id from party where identity_index = $1 order by id";

/// Rows of one person, found without reading any other.
pub async fn by_identity(db: &Db, vault: &Vault, kind: IdentityKind, number: &str) -> Result<Vec<Uuid>, StorageError> {
    let statement = db.prepare_cached(BY_IDENTITY).await?;
    let rows = db.query(&statement, &[&vault.blind_index(kind.as_str(), number)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

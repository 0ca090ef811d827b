//! Where a client hears its events, and the secrets that sign them.

use crate::error::StorageError;
use crate::pool::Db;
use crate::vault::Vault;
use domain::{ClientId, EndpointId};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Row;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct Endpoint {
    pub id: EndpointId,
    pub client_id: ClientId,
    pub url: String,
    pub stream_kinds: Vec<String>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// Two secrets sign while one replaces the other.
    pub rotating: bool,
}

fn from_row(row: &Row) -> Endpoint {
    Endpoint {
        id: row.get::<_, Uuid>("id").into(),
        client_id: row.get::<_, Uuid>("client_id").into(),
        url: row.get("url"),
        stream_kinds: row.get("stream_kinds"),
        created_at: row.get("created_at"),
        disabled_at: row.get("disabled_at"),
        rotating: row.get::<_, Option<Vec<u8>>>("old_secret_sealed").is_some(),
    }
}

const INSERT: &str = "insert into event_endpoint (id, client_id, url, stream_kinds, secret_sealed, key_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)";

pub async fn insert(db: &Db, vault: &Vault, e: &Endpoint, secret: &SecretString) -> Result<(), StorageError> {
    let sealed = vault.seal(e.id.uuid().as_bytes(), secret.expose_secret().as_bytes())?;
    db.execute(
        INSERT,
        &[&e.id.uuid(), &e.client_id.uuid(), &e.url, &e.stream_kinds, &sealed, &vault.key_id(), &e.created_at],
    )
    .await?;
    Ok(())
}

const LIST: &str = "select * from event_endpoint where client_id = $1 and disabled_at is null
    and ($2::uuid is null or id < $2) order by id desc limit $3";

pub async fn list(
    db: &Db,
    client: ClientId,
    after: Option<EndpointId>,
    limit: i64,
) -> Result<Vec<Endpoint>, StorageError> {
    let rows = db.query(LIST, &[&client.uuid(), &after.map(EndpointId::uuid), &limit]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const LOCK: &str = "select * from event_endpoint where client_id = $1 and id = $2 and disabled_at is null for update";

pub async fn lock(db: &Db, client: ClientId, id: EndpointId) -> Result<Option<Endpoint>, StorageError> {
    Ok(db.query_opt(LOCK, &[&client.uuid(), &id.uuid()]).await?.map(|row| from_row(&row)))
}

const ROTATE: &str = "update event_endpoint set old_secret_sealed = secret_sealed, secret_sealed = $2 where id = $1";

/// A new secret signs beside the one before it.
pub async fn rotate(db: &Db, vault: &Vault, id: EndpointId, secret: &SecretString) -> Result<(), StorageError> {
    let sealed = vault.seal(id.uuid().as_bytes(), secret.expose_secret().as_bytes())?;
    db.execute(ROTATE, &[&id.uuid(), &sealed]).await?;
    Ok(())
}

const RETIRE: &str = "update event_endpoint set old_secret_sealed = null where id = $1";

/// Only the newest secret signs from now on.
pub async fn retire_old_secret(db: &Db, id: EndpointId) -> Result<(), StorageError> {
    db.execute(RETIRE, &[&id.uuid()]).await?;
    Ok(())
}

const DISABLE: &str = "with gone as (update event_endpoint set disabled_at = now() where id = $1 returning id)
    update delivery d set state = 'dead', last_result = 'endpoint removed', updated_at = now() from gone
    where d.endpoint_id = gone.id and d.state in ('waiting', 'leased')";

/// Nothing is sent to it any more; what waited is dead.
pub async fn disable(db: &Db, id: EndpointId) -> Result<(), StorageError> {
    db.execute(DISABLE, &[&id.uuid()]).await?;
    Ok(())
}

/// Address and open secrets, newest first.
#[derive(Debug)]
pub struct Target {
    pub url: String,
    pub secrets: Vec<SecretString>,
}

pub(crate) fn target(vault: &Vault, row: &Row) -> Result<Target, StorageError> {
    let id: Uuid = row.get("endpoint_id");
    let sealed = [Some(row.get::<_, Vec<u8>>("secret_sealed")), row.get("old_secret_sealed")];
    let secrets = sealed
        .into_iter()
        .flatten()
        .map(|s| {
            let open = vault.open(id.as_bytes(), &s)?;
            Ok(SecretString::from(String::from_utf8(open).map_err(crate::rows::unreadable)?))
        })
        .collect::<Result<_, StorageError>>()?;
    Ok(Target { url: row.get("url"), secrets })
}

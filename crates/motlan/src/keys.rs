//! API keys from the command line: made, listed, rotated, revoked. A key's text is shown once, when it is made.

use crate::admin::by;
use crate::config::{Config, ConfigError};
use domain::KeyId;
use domain::principal::Scope;
use payments::administer::keys::{self, NewKey};
use payments::administer::{AdminError, By, once};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use storage::principals::{self, ListedKey};
use storage::{Db, Pool, StorageError, Tx, ids};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{scope} is not a scope of {holder}")]
    Scope { scope: String, holder: String },
    #[error("there is no active key {0}")]
    NoKey(String),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A key of `holder`; with `scopes` empty it may do all that its kind of holder may.
pub async fn create(pool: &Pool, config: &Config, holder: &str, scopes: &[String]) -> Result<Value, KeyError> {
    let wanted = scopes.iter().map(|text| {
        let foreign = || KeyError::Scope { scope: text.clone(), holder: holder.to_owned() };
        text.trim().parse::<Scope>().map_err(|_| foreign())
    });
    let wanted: Vec<Scope> = wanted.collect::<Result<_, _>>()?;
    let by = by();
    let (minted, new) = minted(config, &by)?;
    once(pool, &by, async |tx: &Tx| keys::create(tx, &by, holder, &wanted, &new).await).await?;
    Ok(shown_once(&minted))
}

pub async fn list(db: &Db, holder: Option<&str>) -> Result<Value, KeyError> {
    let keys = principals::list_keys(db, holder).await?;
    Ok(keys.iter().map(shown).collect())
}

/// A second key with the scopes of `id`, which goes on until it is revoked.
pub async fn rotate(pool: &Pool, config: &Config, id: &str) -> Result<Value, KeyError> {
    let (id, by) = (read(id)?, by());
    let (minted, new) = minted(config, &by)?;
    once(pool, &by, async |tx: &Tx| keys::rotate(tx, &by, id, &new).await).await?;
    Ok(shown_once(&minted))
}

pub async fn revoke(pool: &Pool, id: &str) -> Result<Value, KeyError> {
    let (id, by) = (read(id)?, by());
    once(pool, &by, async |tx: &Tx| keys::revoke(tx, &by, id).await).await?;
    Ok(json!({"id": id, "revoked": true}))
}

/// Whether a key is there and not revoked.
pub async fn is_active(db: &Db, id: &str) -> Result<bool, StorageError> {
    match id.parse() {
        Ok(id) => Ok(principals::active_key(db, id).await?.is_some()),
        Err(_) => Ok(false),
    }
}

fn read(id: &str) -> Result<KeyId, KeyError> {
    id.parse().map_err(|_| KeyError::NoKey(id.to_owned()))
}

fn minted(config: &Config, by: &By) -> Result<(api::keys::Minted, NewKey), KeyError> {
    let minted = api::keys::mint(config.mode, &config.api_key_pepper()?, ids::mint(by.now));
    let new = NewKey { id: minted.id, secret_hash: minted.secret_hash.clone() };
    Ok((minted, new))
}

fn shown_once(minted: &api::keys::Minted) -> Value {
    json!({"id": minted.id, "key": minted.text.expose_secret()})
}

fn shown(key: &ListedKey) -> Value {
    json!({"id": key.id, "holder": key.holder, "scopes": key.scopes, "created_at": key.created_at,
        "revoked_at": key.revoked_at})
}

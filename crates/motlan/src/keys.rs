//! API keys from the command line: made, listed, rotated, revoked. A key's text is shown once, when it is made.

use crate::config::Config;
use domain::KeyId;
use domain::principal::{Scope, Who};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use storage::principals::{self, ListedKey};
use storage::{Db, StorageError, ids};

/// Contract, "Principals": rotated with two active.
const ACTIVE_AT_MOST: usize = 2;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("there is no client and no person {0}")]
    NoHolder(String),
    #[error("{scope} is not a scope of {holder}")]
    Scope { scope: String, holder: String },
    #[error("there is no active key {0}")]
    NoKey(String),
    #[error("{holder} has {ACTIVE_AT_MOST} active keys already: revoke one first")]
    TwoActive { holder: String },
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A key of `holder`; with `scopes` empty it may do all that its kind of holder may.
pub async fn create(db: &Db, config: &Config, holder: &str, scopes: &[String]) -> Result<Value, KeyError> {
    let who = holder_of(db, holder).await?;
    let open = if matches!(who, Who::Client(_)) { Scope::CLIENT } else { Scope::STAFF };
    let wanted = scopes.iter().map(|text| {
        let scope = text.trim().parse().ok().filter(|scope| open.contains(scope));
        scope.ok_or_else(|| KeyError::Scope { scope: text.clone(), holder: holder.to_owned() })
    });
    let wanted: Vec<Scope> = wanted.collect::<Result<_, _>>()?;
    mint(db, config, who, if wanted.is_empty() { open } else { &wanted }).await
}

pub async fn list(db: &Db, holder: Option<&str>) -> Result<Value, KeyError> {
    let keys = principals::list_keys(db, holder).await?;
    Ok(keys.iter().map(shown).collect())
}

/// A second key with the scopes of `id`, which goes on until it is revoked.
pub async fn rotate(db: &Db, config: &Config, id: &str) -> Result<Value, KeyError> {
    let old = find(db, id).await?;
    let who = holder_of(db, &old.holder).await?;
    if principals::active_keys_of(db, who).await?.len() >= ACTIVE_AT_MOST {
        return Err(KeyError::TwoActive { holder: old.holder });
    }
    let scopes: Vec<Scope> = old.scopes.iter().filter_map(|s| s.parse().ok()).collect();
    mint(db, config, who, &scopes).await
}

pub async fn revoke(db: &Db, id: &str) -> Result<Value, KeyError> {
    let key = find(db, id).await?;
    if !principals::revoke_key(db, key.id).await? {
        return Err(KeyError::NoKey(id.to_owned()));
    }
    Ok(json!({"id": key.id, "revoked": true}))
}

/// Whether a key is there and not revoked.
pub async fn is_active(db: &Db, id: &str) -> Result<bool, StorageError> {
    match id.parse() {
        Ok(id) => Ok(principals::active_key(db, id).await?.is_some()),
        Err(_) => Ok(false),
    }
}

async fn mint(db: &Db, config: &Config, who: Who, scopes: &[Scope]) -> Result<Value, KeyError> {
    let id: KeyId = ids::mint(Timestamp::now());
    let minted = api::keys::mint(config.mode, &config.api_key_pepper()?, id);
    principals::insert_key(db, minted.id, who, &minted.secret_hash, scopes).await?;
    Ok(json!({"id": minted.id, "key": minted.text.expose_secret()}))
}

async fn holder_of(db: &Db, code: &str) -> Result<Who, KeyError> {
    principals::holder_by_code(db, code).await?.ok_or_else(|| KeyError::NoHolder(code.to_owned()))
}

async fn find(db: &Db, id: &str) -> Result<ListedKey, KeyError> {
    let wanted: KeyId = id.parse().map_err(|_| KeyError::NoKey(id.to_owned()))?;
    let keys = principals::list_keys(db, None).await?;
    keys.into_iter()
        .find(|key| key.id == wanted && key.revoked_at.is_none())
        .ok_or_else(|| KeyError::NoKey(id.to_owned()))
}

fn shown(key: &ListedKey) -> Value {
    json!({"id": key.id, "holder": key.holder, "scopes": key.scopes, "created_at": key.created_at,
        "revoked_at": key.revoked_at})
}

//! Keys of clients and people: made, rotated with two active, revoked. The key's text never comes here, only its hash.

use super::{AdminError, By, Made};
use domain::KeyId;
use domain::principal::{Scope, Who};
use storage::Tx;
use storage::principals::{self, Holder, KeyFilter, ListedKey};

/// Contract, "Principals": rotated with two active.
pub const ACTIVE_AT_MOST: usize = 2;

/// A key that was just minted.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: KeyId,
    pub secret_hash: Vec<u8>,
}

/// A key of `holder`, named by code or id; with `scopes` empty it may do all that its kind of holder may.
pub async fn create(
    tx: &Tx,
    by: &By,
    holder: &str,
    scopes: &[Scope],
    new: &NewKey,
) -> Result<Made<ListedKey>, AdminError> {
    let holder = held(tx, by, holder).await?.ok_or_else(|| AdminError::NoHolder(holder.to_owned()))?;
    let open = if matches!(holder.who, Who::Client(_)) { Scope::CLIENT } else { Scope::STAFF };
    if let Some(foreign) = scopes.iter().find(|scope| !open.contains(scope)) {
        return Err(AdminError::ForeignScope { scope: foreign.to_string(), holder: holder.code });
    }
    insert(tx, by, &holder, if scopes.is_empty() { open } else { scopes }, new, "key_created").await
}

/// A second key with the scopes of `id`, which goes on until it is revoked.
pub async fn rotate(tx: &Tx, by: &By, id: KeyId, new: &NewKey) -> Result<Made<ListedKey>, AdminError> {
    let named = active(tx, by, id).await?;
    // by id: a client and a person may have one code
    let holder = held(tx, by, &named.who.to_string()).await?.ok_or(AdminError::Absent)?;
    // read again: revoked while we waited for the holder, it is no key to go on from
    let old = active(tx, by, id).await?;
    if principals::active_keys_of(tx, holder.who).await?.len() >= ACTIVE_AT_MOST {
        return Err(AdminError::TwoActive { holder: old.holder });
    }
    let scopes: Vec<Scope> = old.scopes.iter().filter_map(|s| s.parse().ok()).collect();
    insert(tx, by, &holder, &scopes, new, "key_rotated").await
}

/// Refused everywhere within a minute.
pub async fn revoke(tx: &Tx, by: &By, id: KeyId) -> Result<Made<ListedKey>, AdminError> {
    let key = active(tx, by, id).await?;
    if !principals::revoke_key(tx, id).await? {
        return Err(AdminError::NoKey(id.to_string()));
    }
    Ok(Made::of(ListedKey { revoked_at: Some(by.now), ..key }, "key_revoked", id))
}

async fn insert(
    tx: &Tx,
    by: &By,
    holder: &Holder,
    scopes: &[Scope],
    new: &NewKey,
    action: &'static str,
) -> Result<Made<ListedKey>, AdminError> {
    if holder.disabled {
        return Err(AdminError::Disabled(holder.code.clone()));
    }
    principals::insert_key(tx, new.id, holder.who, &new.secret_hash, scopes).await?;
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    let detail = format!("holder={} scopes={}", holder.who, scopes.join(","));
    let key = ListedKey {
        id: new.id,
        who: holder.who,
        holder: holder.code.clone(),
        scopes,
        created_at: by.now,
        revoked_at: None,
    };
    Ok(Made::of(key, action, new.id).to(detail))
}

async fn active(tx: &Tx, by: &By, id: KeyId) -> Result<ListedKey, AdminError> {
    let filter = KeyFilter { within: by.beneficiaries.clone(), id: Some(id), holder: None };
    let found = principals::page_keys(tx, &filter, None, 1).await?.pop();
    found.filter(|key| key.revoked_at.is_none()).ok_or_else(|| AdminError::NoKey(id.to_string()))
}

/// The holder, where this administrator sees them.
async fn held(tx: &Tx, by: &By, named: &str) -> Result<Option<Holder>, AdminError> {
    let holder = principals::lock_holder(tx, named).await?;
    Ok(holder.filter(|h| matches!(h.who, Who::Person(_)) && by.may_give(&h.beneficiaries) || by.of_all().is_ok()))
}

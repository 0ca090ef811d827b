//! Each process looks now and then which secrets the books hold for its contracts, and makes a provider anew whose secrets
//! have changed. One that cannot be made leaves the provider as it was. Nothing is decided here.

use crate::context::Context;
use provider::{Before, Held, NotMade};
use std::collections::BTreeMap;
use storage::{Db, StorageError, Vault, credentials};
use uuid::Uuid;

/// Why a provider keeps the secrets that it had.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    NotMade(#[from] NotMade),
}

/// What a contract's provider was last made of: the secrets in force, and which of the configuration's are retired.
#[derive(Debug, Default, PartialEq, Eq)]
struct Made {
    in_force: Vec<Uuid>,
    retired: Vec<String>,
}

/// What one process has seen.
#[derive(Debug, Default)]
pub struct Renewal(BTreeMap<String, Made>);

impl Renewal {
    /// Makes anew what has changed since the last look; the contracts for which that failed, with why. A failure is told
    /// once, and again when something about the contract changes.
    ///
    /// # Errors
    /// When the database cannot be asked: everything is as it was.
    pub async fn look(&mut self, ctx: &Context) -> Result<Vec<(String, RenewError)>, StorageError> {
        let db = ctx.pool.get().await?;
        let (sealed, retired) =
            (credentials::sealed(&db, None).await?, credentials::configured_retired(&db, None).await?);
        let mut failed = Vec::new();
        for contract in ctx.providers.contracts() {
            let profile = contract.profile().as_str();
            let own: Vec<_> = sealed.iter().filter(|s| s.profile == profile && s.is_in_force).collect();
            let made = Made {
                in_force: own.iter().map(|s| s.id).collect(),
                retired: retired.iter().filter(|(p, _)| p == profile).map(|(_, name)| name.clone()).collect(),
            };
            if self.0.get(profile) == Some(&made) {
                continue;
            }
            let renewed = opened(&ctx.vault, &own, &made.retired)
                .map_err(RenewError::from)
                .and_then(|held| Ok(contract.provider(&held)?));
            match renewed {
                Ok(provider) => {
                    ctx.providers.put(provider);
                    tracing::info!(profile, secrets = made.in_force.len(), "provider made");
                }
                Err(error) => failed.push((profile.to_owned(), error)),
            }
            self.0.insert(profile.to_owned(), made);
        }
        Ok(failed)
    }
}

/// The secrets of a contract that the books hold in force.
///
/// # Errors
/// When the database cannot be asked, or a secret does not open.
pub async fn held(db: &Db, vault: &Vault, profile: &str) -> Result<Vec<Held>, StorageError> {
    let sealed = credentials::sealed(db, Some(profile)).await?;
    let own: Vec<_> = sealed.iter().filter(|s| s.is_in_force).collect();
    let retired = credentials::configured_retired(db, Some(profile)).await?;
    let retired: Vec<String> = retired.into_iter().map(|(_, name)| name).collect();
    opened(vault, &own, &retired)
}

/// Of each name the newest, and what is accepted beside it. `sealed`: the oldest of a name first.
fn opened(vault: &Vault, sealed: &[&credentials::Sealed], retired: &[String]) -> Result<Vec<Held>, StorageError> {
    let mut all: Vec<Held> = Vec::new();
    for one in sealed {
        let secret = one.open(vault)?;
        match all.iter_mut().find(|held| held.name == one.name) {
            Some(held) => {
                let older = std::mem::replace(&mut held.newest, secret);
                held.before = Before::Held(older);
            }
            None => {
                let before = if retired.contains(&one.name) { Before::Nothing } else { Before::Configured };
                all.push(Held { name: one.name.clone(), newest: secret, before });
            }
        }
    }
    Ok(all)
}

//! What the gateway has agreed with the other sides, so that they are simulated with the same: the settings of the
//! configuration, and the secrets that are in force. Once a secret was changed, that one lies in the books, where the gateway
//! itself takes it from.

use crate::config::{Channel, Config};
use crate::failed::Failed;
use crate::wiring;
use payments::renew_providers::held;
use provider::{Held, Registry};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct Contracts {
    config: Config,
    providers: Arc<Registry>,
    /// What the books hold, by profile.
    held: BTreeMap<String, Vec<Held>>,
}

impl Contracts {
    /// # Errors
    /// When the database is away, or what it holds cannot be opened with `keys.pii`.
    pub async fn read(config: Config) -> Result<Self, Failed> {
        let ctx = wiring::context(&config, "")?;
        let db = ctx.pool.get().await?;
        let mut books = BTreeMap::new();
        for contract in ctx.providers.contracts() {
            let profile = contract.profile().as_str();
            books.insert(profile.to_owned(), held(&db, &ctx.vault, profile).await?);
        }
        drop(db);
        ctx.pool.close();
        Ok(Self { config, providers: ctx.providers, held: books })
    }

    /// # Errors
    /// When there is no such contract.
    pub fn channel(&self, profile: &str) -> Result<&Channel, Failed> {
        let found = self.config.profiles.iter().find(|p| p.code.as_str() == profile);
        Ok(&found.ok_or_else(|| format!("there is no profile {profile}"))?.channel)
    }

    /// What signs under this name now; empty where the contract has none.
    pub fn secret(&self, profile: &str, name: &str) -> String {
        let in_books = self.held.get(profile).and_then(|all| all.iter().find(|held| held.name == name));
        let secret = match in_books {
            Some(held) => Some(held.newest.clone()),
            None => self.providers.contract(profile).and_then(|c| c.configured(name).into_iter().next()),
        };
        secret.map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
    }
}

//! Providers' access tokens until they expire: one process logs in, all use it. Kept in this process as well, so that a
//! Redis that is away costs each process a login of its own and no more.

use crate::Volatile;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// By name; a deployment has one for each contract with a provider.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<String, (Instant, SecretString)>>);

impl Tokens {
    fn get(&self, name: &str) -> Option<SecretString> {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.get(name).filter(|(until, _)| Instant::now() < *until).map(|(_, token)| token.clone())
    }

    fn put(&self, name: &str, token: &SecretString, lasts: Duration) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.insert(name.to_owned(), (Instant::now() + lasts, token.clone()));
    }
}

impl Volatile {
    /// The token that some process kept under `name`, if it has not expired.
    pub async fn token(&self, name: &str) -> Option<SecretString> {
        if let Some(own) = self.0.tokens.get(name) {
            return Some(own);
        }
        let line = self.0.line.as_ref()?;
        let get = redis::Cmd::get(key(name));
        let shared: Option<String> =
            line.call("token", |mut redis| async move { get.query_async(&mut redis).await }).await?;
        shared.map(SecretString::from)
    }

    /// Keeps it for `lasts`: the provider's own time, less what a call may take.
    pub async fn keep_token(&self, name: &str, token: &SecretString, lasts: Duration) {
        self.0.tokens.put(name, token, lasts);
        let Some(line) = &self.0.line else { return };
        let Ok(millis @ 1..) = u64::try_from(lasts.as_millis()) else { return };
        let set = redis::Cmd::pset_ex(key(name), token.expose_secret(), millis);
        let _: Option<()> = line.call("token", |mut redis| async move { set.query_async(&mut redis).await }).await;
    }
}

fn key(name: &str) -> String {
    format!("motlan:token:{name}")
}

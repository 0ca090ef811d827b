//! The secrets that a contract shares with its provider: which ones an adapter knows, and how those of the books stand over
//! the configuration's. It refuses names that the adapter does not have; what a secret looks like, the adapter says.

use crate::Provider;
use domain::codes::ProfileCode;
use secrecy::SecretString;
use std::error::Error;

/// A secret that an adapter knows, by its key in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    pub name: &'static str,
    /// For people: what it is for.
    pub meaning: &'static str,
    /// The provider proves itself with it: the one before is accepted beside the newest until it is retired. One that we
    /// alone show is the newest alone, at once.
    pub proves: bool,
}

/// One secret of a contract as the books hold it.
#[derive(Debug, Clone)]
pub struct Held {
    pub name: String,
    /// Signs what we send, and is accepted.
    pub newest: SecretString,
    pub before: Before,
}

/// What is accepted beside the newest.
#[derive(Debug, Clone)]
pub enum Before {
    Nothing,
    /// The configuration's, where it has one.
    Configured,
    Held(SecretString),
}

impl Held {
    /// What signs, and what is accepted beside it, where the configuration has `configured`.
    pub fn over(&self, configured: Option<SecretString>) -> (SecretString, Option<SecretString>) {
        let before = match &self.before {
            Before::Nothing => None,
            Before::Configured => configured,
            Before::Held(secret) => Some(secret.clone()),
        };
        (self.newest.clone(), before)
    }
}

/// Where an adapter's settings have a secret.
pub enum Slot<'a> {
    /// One that no contract is without, and what is accepted beside it, where anything ever is.
    Given(&'a mut SecretString, Option<&'a mut Option<SecretString>>),
    /// One that a contract may lack.
    Maybe(&'a mut Option<SecretString>, Option<&'a mut Option<SecretString>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no secret of this name")]
pub struct NoSuchSecret;

/// An adapter's settings, as far as they hold secrets.
pub trait HeldSecrets: Clone {
    /// Where the secret of this name stands; None where the adapter has none of this name.
    fn slot(&mut self, name: &str) -> Option<Slot<'_>>;

    /// What is held under a name: what signs, then what is accepted beside it.
    fn secrets(&self, name: &str) -> Vec<SecretString> {
        let mut own = self.clone();
        let (first, beside) = match own.slot(name) {
            None => return Vec::new(),
            Some(Slot::Given(first, beside)) => (Some(first.clone()), beside),
            Some(Slot::Maybe(first, beside)) => (first.clone(), beside),
        };
        first.into_iter().chain(beside.and_then(Option::take)).collect()
    }

    /// The same settings with secrets of the books over their own.
    ///
    /// # Errors
    /// When there is no secret of a name.
    fn holding(mut self, held: &[Held]) -> Result<Self, NoSuchSecret> {
        for one in held {
            let (before, beside) = match self.slot(&one.name).ok_or(NoSuchSecret)? {
                Slot::Given(first, beside) => {
                    let (newest, before) = one.over(Some(first.clone()));
                    *first = newest;
                    (before, beside)
                }
                Slot::Maybe(first, beside) => {
                    let (newest, before) = one.over(first.take());
                    *first = Some(newest);
                    (before, beside)
                }
            };
            if let Some(beside) = beside {
                *beside = before;
            }
        }
        Ok(self)
    }
}

/// Why a contract cannot be made with these secrets. The reason names settings, never their values.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NotMade(Box<dyn Error + Send + Sync>);

impl NotMade {
    pub fn because(reason: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(reason))
    }
}

/// A contract as the configuration has it, from which its provider is made as often as its secrets change.
pub trait Contract: Send + Sync {
    fn profile(&self) -> &ProfileCode;

    fn credentials(&self) -> &'static [Credential];

    /// What the configuration holds under this name: what signs, then what is accepted beside it.
    fn configured(&self, name: &str) -> Vec<SecretString>;

    /// The provider with these secrets over the configuration's.
    ///
    /// # Errors
    /// When a name is unknown, or the adapter cannot use the secrets together.
    fn provider(&self, held: &[Held]) -> Result<Provider, NotMade>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_newest_signs_and_what_is_before_it_is_accepted_until_it_is_retired() {
        let held = |before| Held { name: "key".to_owned(), newest: "new".into(), before };
        let over = |before, configured: Option<&str>| {
            let (newest, before) = held(before).over(configured.map(Into::into));
            (newest.expose_secret().to_owned(), before.map(|b| b.expose_secret().to_owned()))
        };
        let new = |before: Option<&str>| ("new".to_owned(), before.map(str::to_owned));
        assert_eq!(over(Before::Configured, Some("base")), new(Some("base")));
        assert_eq!(over(Before::Configured, None), new(None));
        assert_eq!(over(Before::Nothing, Some("base")), new(None), "retired, whatever the configuration says");
        assert_eq!(over(Before::Held("old".into()), Some("base")), new(Some("old")));
        assert!(!format!("{:?}", held(Before::Held("old".into()))).contains("old"));
    }
}

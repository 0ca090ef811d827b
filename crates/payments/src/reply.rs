//! Answers that are kept beside their idempotency key.

use storage::idempotency::Earlier;
use storage::{StorageError, Vault};

/// What the caller hears; `replayed` when an earlier request of the same key was answered so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    pub replayed: bool,
}

impl Reply {
    pub fn fresh(status: u16, body: String) -> Self {
        Self { status, body, replayed: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyError {
    #[error("the key was used with another body")]
    Reused,
    #[error("a request with this key is being worked on")]
    InProgress,
}

/// What an earlier request means for this one.
pub enum Repeat {
    /// Answered before: say it again.
    Answered(Reply),
    /// Begun and not ended: go on with this resource.
    Resume(String),
}

/// # Errors
/// When the body is another one, or another process is inside.
pub fn repeat_of(earlier: Earlier) -> Result<Repeat, IdempotencyError> {
    if !earlier.same_body {
        return Err(IdempotencyError::Reused);
    }
    match earlier.answer {
        Some((status, body)) => Ok(Repeat::Answered(Reply { status, body, replayed: true })),
        None if earlier.busy => Err(IdempotencyError::InProgress),
        None => Ok(Repeat::Resume(earlier.resource_id)),
    }
}

/// An answer that shows a secret is kept sealed beside its key, so that a repeat shows the same bytes (docs/adr/0007).
const SEALED: &str = "sealed:";

pub(crate) fn sealed(vault: &Vault, key_hash: &[u8], body: &str) -> Result<String, StorageError> {
    Ok(format!("{SEALED}{}", hex::encode(vault.seal(key_hash, body.as_bytes())?)))
}

pub(crate) fn opened(vault: &Vault, key_hash: &[u8], body: String) -> Result<String, StorageError> {
    let Some(hex_text) = body.strip_prefix(SEALED) else { return Ok(body) };
    let bytes = hex::decode(hex_text).map_err(|_| StorageError::Vault)?;
    String::from_utf8(vault.open(key_hash, &bytes)?).map_err(|_| StorageError::Vault)
}

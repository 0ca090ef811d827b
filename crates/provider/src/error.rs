//! What can go wrong at a provider, by what we do about it.

/// None of these says that money moved or did not.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// What we wanted to say has no place in its document: nothing was sent, and the provider said nothing.
    #[error("nothing was sent to the provider: {0}")]
    NotSent(String),
    /// The provider understood and said no; the same call will not do better.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Not reached, or it broke before it could have acted: ask again later.
    #[error("the provider is not available")]
    Unavailable(#[source] Option<reqwest::Error>),
    /// It did not act, since it was asked too often: not before so long.
    #[error("the provider wants to be asked more rarely")]
    TooOften(std::time::Duration),
    /// It answered something that its document does not describe, or that does not verify.
    #[error("the provider's answer is not to be read: {0}")]
    Malformed(String),
    /// It may have acted: time-out after sending, a 5xx. Ask by the same order id, never anew.
    #[error("whether the provider acted is unknown")]
    Unknown(#[source] Option<reqwest::Error>),
}

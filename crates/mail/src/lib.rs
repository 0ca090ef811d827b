//! How a letter leaves the house: the port, and the one way that there is, [`smtp`]. It knows no receipt and no payer; what a
//! letter says is given. Refuses what is no address, and never writes one into a text that is logged or kept.

pub mod smtp;

use async_trait::async_trait;
use jiff::Timestamp;
use std::fmt;

/// One letter to one person. `Debug` shows no address.
#[derive(Clone)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    /// Plain text; lines end in `\n`.
    pub text: String,
    /// Without its angle brackets. Sent again, a letter has the one that it had (RFC 5322, section 3.6.4).
    pub message_id: String,
    /// When it was written, and not when it goes out: sent again, it is the same.
    pub at: Timestamp,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.message_id)
    }
}

/// By whom letters go out.
#[async_trait]
pub trait Post: Send + Sync {
    /// Ends well when somebody else has taken the letter on. An answer that is lost is an error too: the letter may be on
    /// its way.
    async fn send(&self, letter: &Letter) -> Result<(), NotSent>;
}

/// Why a letter was not taken. What is said names the step and the code of the answer, never its text: servers repeat the
/// address in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// For good: it is the address or the letter.
    #[error("{0}")]
    Refused(String),
    /// Whoever should take it is away, busy or does not know us: it may be taken another time.
    #[error("{0}")]
    Later(String),
}

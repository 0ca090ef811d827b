//! Money that a payer has authorised and nobody has taken yet, at a provider that waits for our word. What was done is
//! heard by asking afterwards, never from the answer to the word itself.

use crate::error::ProviderError;
use crate::status::Question;
use async_trait::async_trait;

#[async_trait]
pub trait Holds: Send + Sync {
    /// Takes the order's whole amount. Said again, it takes nothing more.
    async fn take(&self, held: &Question) -> Result<(), ProviderError>;

    /// Lets the payer's money go.
    async fn let_go(&self, held: &Question) -> Result<(), ProviderError>;
}

//! The receipt that a provider made of a payment through it. It is the provider's document: handed on as it came, and no
//! proof that money moved.

use crate::error::ProviderError;
use crate::status::Question;
use async_trait::async_trait;

/// A document, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

#[async_trait]
pub trait Receipts: Send + Sync {
    /// Asks once. What is no document of the kind that the provider promises is an error.
    async fn fetch(&self, question: &Question) -> Result<Receipt, ProviderError>;
}

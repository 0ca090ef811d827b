//! Asking a provider about an order of ours: the safety net for webhooks that were lost.

use crate::error::ProviderError;
use async_trait::async_trait;
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::Report;
use jiff::Timestamp;

/// Which order is asked about. The adapter makes the provider's request id itself, a new one for each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub order_ref: OrderRef,
    pub amount: Vnd,
    pub ordered_at: Timestamp,
    /// The moment of asking.
    pub now: Timestamp,
}

/// The provider's word, with the verified bytes that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub report: Report,
    pub evidence: Vec<u8>,
}

#[async_trait]
pub trait Status: Send + Sync {
    /// Asks once. Only a verified answer is a report; anything else is an error that concludes nothing.
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError>;
}

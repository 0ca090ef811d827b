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

/// The provider's word about its own service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub is_up: bool,
    /// It works, and slower than usual.
    pub is_degraded: bool,
    /// When it means to be back.
    pub back_at: Option<Timestamp>,
}

#[async_trait]
pub trait Status: Send + Sync {
    /// Asks once. Only a verified answer is a report; anything else is an error that concludes nothing.
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError>;

    /// The same, with the handle that the provider gave at the start, for those that give one.
    async fn ask_by(&self, question: &Question, _handle: Option<&str>) -> Result<Told, ProviderError> {
        self.ask(question).await
    }

    /// What the provider says of itself; None where its document has no such question.
    async fn health(&self) -> Result<Option<Health>, ProviderError> {
        Ok(None)
    }
}

//! Giving money back through the provider that took it. That a provider has taken up a refund says nothing of money yet:
//! only that it has sent it on does.

use crate::error::ProviderError;
use async_trait::async_trait;
use domain::Vnd;
use domain::codes::OrderRef;
use jiff::Timestamp;

/// What is given back. The request id is committed before the provider hears it, and never changes: the same call again
/// is the same refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// 32 characters `0-9a-f`.
    pub request_id: String,
    /// The order of the payment, when it was made, and what the provider calls its transaction.
    pub order_ref: OrderRef,
    pub ordered_at: Timestamp,
    pub provider_txn_id: String,
    /// All that the payment brought.
    pub taken: Vnd,
    /// What goes back of it, at most `taken`.
    pub amount: Vnd,
    /// What the provider calls the refund, where only its word about this very one will do.
    pub provider_refund_id: Option<String>,
    /// Who asks, as our id of the person.
    pub asked_by: String,
    /// The same call may have been sent before: its answer was lost, or the program that made it.
    pub again: bool,
    /// When the provider was first asked for it: committed before it hears it, the same at each repeat.
    pub first_asked_at: Timestamp,
    /// The moment of the call.
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundNews {
    /// Taken up now.
    Accepted { provider_refund_id: Option<String> },
    /// The provider has this request already, or is at another refund of the same payment: which one, it does not say.
    Repeated,
    /// Being handled.
    Pending,
    /// On its way to the payer.
    Sent { provider_refund_id: Option<String> },
    /// The provider gives nothing back.
    Failed { code: String },
    /// It knows of no refund of this payment.
    NotFound,
}

/// The provider's word, with the verified bytes that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTold {
    pub news: RefundNews,
    pub evidence: Vec<u8>,
}

#[async_trait]
pub trait Refunds: Send + Sync {
    /// Asks for the refund. An error says whether it may have been taken up: `Refused` and `Unavailable` say no,
    /// `Unknown` and `Malformed` say that nobody knows. `Unavailable` is no call at all: it was never sent, or the provider
    /// said that it does nothing now.
    async fn submit(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError>;

    /// Whether [`Self::ask`] tells of this very refund; else of the payment's newest, whichever that is.
    fn tells_apart(&self) -> bool {
        false
    }

    /// Whether the same call made `now` is still the same refund as when it was made first, or finds it there itself. It
    /// is not repeated once this is false.
    fn knows_it_still(&self, first_asked_at: Timestamp, now: Timestamp) -> bool {
        let _ = (first_asked_at, now);
        true
    }

    /// What became of the refund.
    async fn ask(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError>;
}

//! What the dossier system is told, and in which stream.

use crate::ids::{IntentId, ObligationId, RefundId};
use crate::states::words;

words! {
    EventType {
        ObligationPaid = "obligation.paid", ObligationReopened = "obligation.reopened",
        ObligationRefunded = "obligation.refunded", ObligationCancelled = "obligation.cancelled",
        IntentPaid = "payment_intent.paid", IntentReopened = "payment_intent.reopened",
        IntentExpired = "payment_intent.expired", IntentCancelled = "payment_intent.cancelled",
        ReceiptIssued = "receipt.issued", RefundSucceeded = "refund.succeeded", RefundFailed = "refund.failed",
    }
}

words! { StreamKind { Dossier = "dossier", Customer = "customer", Intent = "intent" } }

/// Events of one stream are told in order: a client's dossier, its customer, or one intent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(String);

impl Stream {
    pub fn of_dossier(code: &str) -> Self {
        Self(format!("dossier:{code}"))
    }
    pub fn of_customer(code: &str) -> Self {
        Self(format!("customer:{code}"))
    }
    pub fn of_intent(id: IntentId) -> Self {
        Self(format!("intent:{id}"))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An event that a transition calls for; its body is made where the whole subject is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    Obligation(ObligationId, EventType),
    Intent(IntentId, EventType),
    Refund(RefundId, EventType),
}

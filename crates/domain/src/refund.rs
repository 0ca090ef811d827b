//! A refund's states. What moves them comes with the refunds themselves; the words and edges are part of the money model.

use crate::states::words;

words! {
    RefundStatus {
        PendingApproval = "pending_approval", Approved = "approved", Rejected = "rejected", Cancelled = "cancelled",
        Submitted = "submitted", AwaitingStatement = "awaiting_statement", Succeeded = "succeeded", Failed = "failed",
        Unknown = "unknown",
    }
}

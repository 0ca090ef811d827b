//! One try to pay an intent through one channel, under one order id of ours.

use crate::codes::{ChannelCode, OrderRef, ProfileCode};
use crate::ids::{AttemptId, IntentId};
use crate::money::Vnd;
use crate::states::words;
use jiff::Timestamp;

words! {
    /// `offered`: a page or QR was given, nothing is known of money. `committed`: the provider has begun to take it.
    AttemptStatus {
        Started = "started", Offered = "offered", Committed = "committed", Succeeded = "succeeded",
        Failed = "failed", Expired = "expired", Unknown = "unknown",
    }
}

words! {
    /// Our word about a payer's money that waits for one.
    HeldWord { Take = "take", LetGo = "let_go" }
}

impl AttemptStatus {
    /// Nothing final was heard yet.
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Started | Self::Offered | Self::Committed)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub intent_id: IntentId,
    pub channel: ChannelCode,
    pub profile: ProfileCode,
    pub order_ref: OrderRef,
    /// What the provider was told; any other amount settles nothing.
    pub amount: Vnd,
    pub status: AttemptStatus,
    pub version: i32,
    /// When the order was made, as the provider was told.
    pub ordered_at: Timestamp,
    /// When the provider's window closes.
    pub expires_at: Timestamp,
}

//! A payment intent: one reference under which one to fifty obligations of one beneficiary are paid together.

use crate::codes::BeneficiaryCode;
use crate::ids::{ClientId, IntentId, ObligationId};
use crate::money::Vnd;
use crate::obligation::ObligationStatus;
use crate::reference::Reference;
use crate::states::words;
use jiff::Timestamp;

/// Obligations that one intent may hold (contract, "Payment intents").
pub const MAX_OBLIGATIONS: usize = 50;
/// Seconds that an intent stays open: the least, the most, and unless told.
pub const EXPIRES_IN_S: std::ops::RangeInclusive<i64> = 300..=2_592_000;
pub const EXPIRES_IN_S_DEFAULT: i64 = 86_400;

words! {
    IntentStatus {
        Open = "open", Processing = "processing", Paid = "paid", Expired = "expired", Cancelled = "cancelled",
    }
}

impl IntentStatus {
    /// A live intent holds its obligations: no other may be opened for them.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Processing)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    pub id: IntentId,
    pub client_id: ClientId,
    pub reference: Reference,
    pub beneficiary_code: BeneficiaryCode,
    /// What the obligations owed when it was opened; fixed.
    pub amount: Vnd,
    pub status: IntentStatus,
    pub version: i32,
    /// In the order in which the portal named them.
    pub obligation_ids: Vec<ObligationId>,
    pub return_url: Option<String>,
    pub allowed_channels: Option<Vec<String>>,
    pub metadata: serde_json::Value,
    /// At least 128 random bits of its own; names the payment page, never the intent.
    pub page_token: String,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub paid_channel: Option<String>,
}

/// Why what has expired is not opened again: as at opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRenewed {
    /// An obligation of it is paid.
    Paid(ObligationId),
    /// An obligation of it is neither due nor paid.
    NotPayable(ObligationId),
    /// Another live intent holds an obligation of it.
    InPayment(IntentId),
}

/// Whether an intent past its deadline may be opened again. `holder`: another live intent that holds an obligation of it. One that
/// has not expired yet, because its provider has not answered, holds its own. The page shows its button by this word, and a
/// press is followed by it.
pub fn renewal(
    status: IntentStatus,
    obligations: impl IntoIterator<Item = (ObligationId, ObligationStatus)>,
    holder: Option<IntentId>,
) -> Result<(), NotRenewed> {
    if status != IntentStatus::Expired {
        return Ok(());
    }
    for (id, status) in obligations {
        match status {
            ObligationStatus::Due => {}
            ObligationStatus::Paid => return Err(NotRenewed::Paid(id)),
            _ => return Err(NotRenewed::NotPayable(id)),
        }
    }
    holder.map_or(Ok(()), |holder| Err(NotRenewed::InPayment(holder)))
}

/// What is still to be paid under a reference: what its due obligations owe, less what already waits for it.
pub fn amount_due(due: impl IntoIterator<Item = Vnd>, waiting: impl IntoIterator<Item = Vnd>) -> Vnd {
    due.into_iter().sum::<Vnd>().less(waiting.into_iter().sum())
}

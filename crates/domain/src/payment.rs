//! Reports that money moved (sightings), and the economic fact behind them (payment).

use crate::codes::{AccountCode, ChannelCode, CounterCode, OrderRef, ProfileCode};
use crate::ids::{IntentId, PaymentId};
use crate::ledger::Account;
use crate::money::Vnd;
use crate::states::words;
use jiff::Timestamp;

words! {
    /// What became of a report.
    SightingState {
        Received = "received", Applied = "applied", Repeated = "repeated", Waiting = "waiting", Refused = "refused",
        Parked = "parked",
    }
}

words! {
    /// Why money has no obligation yet: the suspense account that holds it.
    SuspenseReason {
        AmountDiffers = "amount_differs", Duplicate = "duplicate", Late = "late", Overpaid = "overpaid",
        RefundReturned = "refund_returned", Unidentified = "unidentified", Underpaid = "underpaid",
        WrongAccount = "wrong_account",
    }
}

impl SuspenseReason {
    /// Whether money held for this reason may complete what its own reference still owes.
    pub const fn waits_for_reference(self) -> bool {
        matches!(self, Self::Underpaid | Self::Overpaid | Self::Duplicate | Self::Late)
    }
}

/// What an outside party told us of one order, translated by its adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The provider's transaction and outcome: the same report told twice has the same key.
    pub source_key: String,
    pub order_ref: OrderRef,
    pub news: News,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The provider has the payer's money.
    Captured(Capture),
    /// The provider has begun to take it; nothing is sure.
    Committed,
    /// Nothing decided yet.
    Pending,
    /// The provider says that no money was taken and none will be under this order.
    Failed { code: String },
    /// The provider knows no such order.
    NotFound,
    /// Contradictory or under review at the provider: a person looks, nothing is concluded.
    Unclear { code: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The provider's number of the transaction (VNPAY: `vnp_TransactionNo`).
    pub provider_txn_id: String,
    /// The number of the bank behind it, where the provider tells it (VNPAY: `vnp_BankTranNo`). It identifies nothing here.
    pub bank_txn_id: Option<String>,
    pub amount: Vnd,
    /// As the provider states it; absent where it says nothing.
    pub paid_at: Option<Timestamp>,
}

/// By what a payment is one and not another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A transaction at a provider, under one contract.
    Provider { profile: ProfileCode, transaction: String },
    /// A credit on an account of ours. `reference`: the first by which it was known.
    Account { account: AccountCode, reference: String },
    /// Cash that an officer took, by the number of the receipt. A card's money is its terminal's transaction.
    Counter { counter: CounterCode, receipt: String },
}

impl Identity {
    /// What the other side calls it.
    pub fn transaction(&self) -> &str {
        match self {
            Self::Provider { transaction, .. } => transaction,
            Self::Account { reference, .. } => reference,
            Self::Counter { receipt, .. } => receipt,
        }
    }

    pub const fn profile(&self) -> Option<&ProfileCode> {
        match self {
            Self::Provider { profile, .. } => Some(profile),
            Self::Account { .. } | Self::Counter { .. } => None,
        }
    }

    /// Where the money is when it is first seen.
    pub fn source_account(&self) -> Account {
        match self {
            Self::Provider { profile, .. } => Account::Clearing(profile.clone()),
            Self::Account { account, .. } => Account::InTransit(account.clone()),
            Self::Counter { counter, .. } => Account::Drawer(counter.clone()),
        }
    }
}

/// The economic fact behind one or more sightings. Dates and amounts are compared, never part of its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub channel: ChannelCode,
    pub identity: Identity,
    /// The intent whose reference the money named, if any.
    pub intent_id: Option<IntentId>,
    pub amount: Vnd,
    pub paid_at: Timestamp,
}

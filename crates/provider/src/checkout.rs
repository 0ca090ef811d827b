//! Starting an attempt: the provider is told an order, the payer is given something to act on.

use crate::error::ProviderError;
use async_trait::async_trait;
use domain::Vnd;
use domain::codes::OrderRef;
use domain::reference::Reference;
use jiff::{SignedDuration, Timestamp};

/// The account that the obligations are owed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Six digits (NAPAS).
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}

/// What the provider is told. The order reference is committed before the provider hears it.
#[derive(Debug, Clone)]
pub struct Order {
    pub order_ref: OrderRef,
    /// The intent's own reference: what a payer types, and what money is known by where no provider keeps our order.
    pub reference: Reference,
    pub receiver: Receiver,
    pub amount: Vnd,
    /// For the payer to read, Vietnamese; the adapter folds it to what its provider allows.
    pub description: String,
    /// Where the payer's browser returns; it shows, and proves nothing.
    pub return_url: String,
    /// Where the provider reports, for those that are told so with each order.
    pub notify_url: String,
    pub payer_ip: std::net::IpAddr,
    pub locale: Locale,
    pub ordered_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    Vi,
    En,
}

/// What the payer acts on (contract, "Payment intents", `action`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Redirect {
        url: String,
    },
    /// A transfer that the payer's bank application makes from a QR, or the payer by hand.
    Qr {
        qr_data: String,
        receiver: Receiver,
        transfer_content: String,
        amount: Vnd,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub action: Action,
}

#[async_trait]
pub trait Checkout: Send + Sync {
    /// How long the provider lets a payer take; an attempt's window is this, or the intent's rest where that is shorter.
    fn window(&self) -> SignedDuration;

    /// The least that one order may be, where the provider's document has a limit.
    fn least(&self) -> Option<Vnd>;

    /// The most that one order may be, where the provider's document has a limit.
    fn limit(&self) -> Option<Vnd>;

    /// Tells the provider. Called again with the same order after a crash: it must give the same offer or an error.
    async fn start(&self, order: &Order) -> Result<Offer, ProviderError>;
}

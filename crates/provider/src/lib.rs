//! The provider port: what Motlan may ask of a payment provider, and what a provider may tell it.
//! An adapter fills the capabilities that its provider's document has; a missing one is None, never "not implemented".
//! Nothing here decides about money: adapters translate, `payments` concludes.

pub mod account_webhook;
pub mod bill;
pub mod checkout;
pub mod credentials;
pub mod error;
pub mod failure;
pub mod hold;
pub mod http;
pub mod json;
pub mod movements;
pub mod order_bill;
pub mod receipt;
pub mod refund;
pub mod registry;
pub mod status;
pub mod webhook;

use domain::codes::{BeneficiaryCode, ChannelCode, ProfileCode};
use std::sync::Arc;

pub use account_webhook::AccountWebhook;
pub use bill::{
    Asked, Bill, BillCall, BillCallbacks, BillLookup, BillPayment, BillQuestion, Bills, Decided, Heard, Owes,
};
pub use checkout::{Action, Asks, Checkout, Given, Need, Offer, Order, Receiver, Started};
pub use credentials::{Before, Contract, Credential, Held, HeldSecrets, NoSuchSecret, NotMade, Slot};
pub use error::ProviderError;
pub use failure::Failure;
pub use hold::Holds;
pub use movements::{AtOnce, Listed, Listing, Movements, Turns, Wanted};
pub use order_bill::OrderBill;
pub use receipt::{Receipt, Receipts};
pub use refund::{RefundNews, RefundOrder, RefundTold, Refunds};
pub use registry::Registry;
pub use status::{Health, Question, Status};
pub use webhook::{Acknowledgement, Answer, Hint, Refusal, Request, Webhook};

/// One contract with one provider, ready to use.
#[derive(Clone)]
pub struct Provider {
    pub profile: ProfileCode,
    pub channel: ChannelCode,
    pub names: Names,
    pub kind: ChannelKind,
    /// How the provider calls us in its files; None where its files do not say.
    pub merchant: Option<String>,
    /// Whose money this contract may take.
    pub beneficiaries: Vec<BeneficiaryCode>,
    pub checkout: Option<Arc<dyn Checkout>>,
    pub webhook: Option<Arc<dyn Webhook>>,
    pub status: Option<Arc<dyn Status>>,
    pub refunds: Option<Arc<dyn Refunds>>,
    /// For a contract under which money is authorised first and taken when we say so.
    pub holds: Option<Arc<dyn Holds>>,
    /// For a provider that makes a receipt of each payment.
    pub receipts: Option<Arc<dyn Receipts>>,
    /// Those who tell of the bank account that this contract collects on.
    pub account_webhooks: Vec<Arc<dyn AccountWebhook>>,
    pub movements: Option<Arc<dyn Movements>>,
    /// What every virtual account number begins with that our bank keeps for us.
    pub virtual_accounts: Option<String>,
    /// For a contract under which the other side asks us what is owed, and pays it.
    pub bills: Option<Arc<dyn Bills>>,
}

impl Provider {
    /// A contract that can do nothing yet. `channel`: an adapter's own name for itself, which is a code.
    #[expect(clippy::missing_panics_doc, reason = "a name that is no code fails each test of its adapter")]
    pub fn bare(
        profile: ProfileCode,
        beneficiaries: Vec<BeneficiaryCode>,
        channel: &'static str,
        (names, kind): (Names, ChannelKind),
    ) -> Self {
        Self {
            profile,
            channel: ChannelCode::new(channel).expect("the channel's name is a code"),
            names,
            kind,
            merchant: None,
            beneficiaries,
            checkout: None,
            webhook: None,
            status: None,
            refunds: None,
            holds: None,
            receipts: None,
            account_webhooks: Vec::new(),
            movements: None,
            virtual_accounts: None,
            bills: None,
        }
    }
}

/// How people call the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    pub vi: &'static str,
    pub en: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    Gateway,
    Bank,
    Wallet,
    MobileMoney,
    National,
    /// An officer's terminal at a desk.
    Counter,
}

impl ChannelKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Bank => "bank",
            Self::Wallet => "wallet",
            Self::MobileMoney => "mobile_money",
            Self::National => "national",
            Self::Counter => "counter",
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("profile", &self.profile)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

//! Starting an attempt: the provider is told an order, the payer is given something to act on.

use crate::error::ProviderError;
use crate::failure::Failure;
use crate::order_bill::OrderBill;
use async_trait::async_trait;
use domain::Vnd;
use domain::codes::OrderRef;
use domain::obligation::Terms;
use domain::reference::Reference;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

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
    /// What it is for and who pays; there where the channel asks for it.
    pub bill: Option<OrderBill>,
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
    /// The provider asks the payer on the payer's own phone.
    PhonePrompt {
        message: String,
    },
    /// The provider has the code that the payer gave, and looks at it.
    OtpPrompt {
        message: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub action: Action,
}

/// What a channel must know of the payer before it can start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asks {
    pub phone: Need,
    pub one_time_code: Need,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Need {
    #[default]
    Never,
    Optional,
    Required,
}

/// What the payer gave for this start, and no longer: nothing of it is stored.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub phone: Option<SecretString>,
    pub one_time_code: Option<SecretString>,
    /// The same order may have been told before: its answer was lost.
    pub again: bool,
}

/// Which of what the payer gives is missing, or not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    #[error("this channel needs the payer's phone number")]
    Phone,
    #[error("this channel needs a one-time code")]
    OneTimeCode,
}

/// An offer, and by what else than our order the provider can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub offer: Offer,
    /// The provider's own handle of the request; None where it gave none.
    pub handle: Option<String>,
}

#[async_trait]
pub trait Checkout: Send + Sync {
    /// How long the provider lets a payer take; an attempt's window is this, or the intent's rest where that is shorter.
    fn window(&self) -> SignedDuration;

    /// The least that one order may be, where the provider's document has a limit.
    fn least(&self) -> Option<Vnd>;

    /// The most that one order may be, where the provider's document has a limit.
    fn limit(&self) -> Option<Vnd>;

    /// The same at a moment, where the limit is a legal rule with a date.
    fn limit_at(&self, _now: Timestamp) -> Option<Vnd> {
        self.limit()
    }

    /// What the payer is asked before the start; nothing unless told.
    fn asks(&self) -> Asks {
        Asks::default()
    }

    /// Whether an order must come with what it is for and who pays, for the provider's receipt.
    fn asks_for_bill(&self) -> bool {
        false
    }

    /// Whether an order can be made of these items, which are due; where it cannot, the channel cannot be chosen.
    fn can_bill(&self, _items: &[&Terms]) -> bool {
        true
    }

    /// Whether an order names its payer's identity number; where nobody with one is known, the channel cannot be chosen.
    fn names_payer(&self) -> bool {
        false
    }

    /// Whether an order may be of less than its items owe: the rest, where a part of the money came another way.
    fn takes_a_rest(&self) -> bool {
        true
    }

    /// Whether what the payer gave will do, before an attempt is made of it.
    ///
    /// # Errors
    /// What is missing or ill-formed.
    fn takes(&self, _given: &Given) -> Result<(), NotGiven> {
        Ok(())
    }

    /// The phone that a start with this asks, in one spelling; None where it asks nobody's.
    fn rings(&self, _given: &Given) -> Option<SecretString> {
        None
    }

    /// What the code of a failed payment says to its payer; nothing unless told.
    fn why(&self, _code: &str) -> Failure {
        Failure::Unsaid
    }

    /// Tells the provider. Called again with the same order after a crash: it must give the same offer or an error. An order that
    /// cannot be made is [`ProviderError::NotSent`], before any call.
    async fn start(&self, order: &Order) -> Result<Offer, ProviderError>;

    /// The same with what the payer gave; a channel that asks for nothing needs nothing of it.
    async fn start_with(&self, order: &Order, _given: &Given) -> Result<Started, ProviderError> {
        Ok(Started { offer: self.start(order).await?, handle: None })
    }
}

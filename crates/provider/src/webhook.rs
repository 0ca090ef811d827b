//! A provider calls us. `verify` checks the signature over the raw bytes before any field is believed; `acknowledge`
//! renders the answer that this provider expects. Verification has no default.

use domain::codes::OrderRef;
use domain::payment::Report;

/// The call as it came, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// Raw query string without `?`.
    pub query: &'a str,
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// What is stored verbatim and hashed: the raw body, for a GET the raw query string (contract, "The books").
    pub fn evidence(&self) -> &'a [u8] {
        if self.method == "GET" { self.query.as_bytes() } else { self.body }
    }
}

/// Why a call is not believed, or believed and not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Missing or wrong signature, another merchant's code, another method: no effect, counted.
    #[error("the signature or the merchant code is not ours: {0}")]
    Forged(&'static str),
    /// Rightly signed, but not to be read: kept, parked, a case.
    #[error("signed but not understood: {0}")]
    Unreadable(String),
    /// This provider signs nothing: the call proves nothing and is not kept. That there may be news is a reason to ask.
    #[error("a hint only")]
    Hint(Hint),
}

/// What there may be news of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    Order(OrderRef),
    /// By the request id that the provider heard.
    Refund(String),
}

/// What we concluded, for the adapter to say in the provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Recorded now: settled, failed or held alike.
    Recorded,
    /// It was known.
    Known,
    /// The amount is not that of the order; the money is booked all the same.
    AmountDiffers,
    /// No order of ours; the money is booked all the same.
    UnknownOrder,
    /// Not believed.
    Forged,
    /// Ours to mend: nothing was kept, the provider shall call again.
    Unavailable,
}

/// The answer on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

pub trait Webhook: Send + Sync {
    /// The method that the provider's document names; any other is refused before verification.
    fn method(&self) -> &'static str;

    fn verify(&self, request: &Request<'_>) -> Result<Report, Refusal>;

    fn acknowledge(&self, outcome: Acknowledgement) -> Answer;

    /// The same, for a provider that wants to read again in the answer what it called with.
    fn answer(&self, _request: &Request<'_>, outcome: Acknowledgement) -> Answer {
        self.acknowledge(outcome)
    }
}

//! Bill collection: here a bank or wallet calls us. An adapter verifies the call in its document's own way, says what is
//! asked, and renders what we found in that document's words. Nothing here decides about money, and verification has no
//! default: a call that is not verified asks nothing.

use crate::error::ProviderError;
use crate::webhook::{Answer, Request};
use async_trait::async_trait;
use domain::bill::BillOutcome;
use domain::{PaymentId, Vnd};
use jiff::Timestamp;
use std::net::IpAddr;
use uuid::Uuid;

/// The call as it came.
#[derive(Debug, Clone, Copy)]
pub struct BillCall<'a> {
    /// What stands behind the profile in the path, without a slash before it, not decoded.
    pub path: &'a str,
    pub request: Request<'a>,
    /// Who calls, as the nearest proxy of ours saw it.
    pub from: Option<IpAddr>,
}

/// A verified call, or what an adapter answers by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A token, a sign of life, a refusal: nothing of ours is touched.
    Answered(Answer, Heard),
    /// Money may stand behind a call that is theirs and has a field that cannot be read: it is kept for a person, and then
    /// answered so. Which field, and never its value.
    Unreadable(Answer, &'static str),
    /// What does this dossier or customer code owe?
    Bills(BillQuestion),
    Pay(BillPayment),
    /// What became of payments?
    Paid(BillLookup),
    /// Whether anything can be asked or paid now.
    Alive,
}

/// For counting, of what an adapter answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Answered,
    /// Not who they say they are.
    Forged,
    /// Theirs, and not to be understood.
    Malformed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillQuestion {
    pub customer_key: String,
    /// Which of the bills the document lets us show: so many after so many.
    pub skip: usize,
    pub most: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillPayment {
    /// The bank's own number of it: the same one is the same payment for ever.
    pub transaction: String,
    /// The bank's number of the call, where that is another.
    pub call_id: Option<String>,
    /// Under which code it was asked for.
    pub customer_key: String,
    pub bill: String,
    pub amount: Vnd,
    /// As stated; absent where nothing is said that can be read.
    pub paid_at: Option<Timestamp>,
    /// Where the outcome is to be told, where that is how the answer is given: an address that the contract has.
    pub callback: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillLookup {
    /// Those of one bill.
    OfBill { customer_key: String, bill: String },
    /// The one that we named in our answer.
    ByHandle(Uuid),
    /// The one of this call.
    ByCall(String),
}

/// What a code owes to one beneficiary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    pub reference: String,
    pub amount: Vnd,
    /// In whose name, masked; empty where nobody is named, or several are.
    pub payer: String,
    /// What for, as the portal writes it to payers.
    pub description: String,
    pub due_at: Option<Timestamp>,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owes {
    Bills(Vec<Bill>),
    /// The code is known, and nothing of it is due under this contract.
    Nothing,
    UnknownCustomer,
}

/// A bill payment that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Ours for it, for ever.
    pub handle: Uuid,
    pub transaction: String,
    pub customer_key: String,
    pub bill: String,
    pub amount: Vnd,
    /// What was told of the bill; absent where it is unknown.
    pub told: Option<Vnd>,
    pub outcome: BillOutcome,
    pub payment: Option<PaymentId>,
    pub at: Timestamp,
}

/// Outcomes that are told at an address of the other side's.
#[async_trait]
pub trait BillCallbacks: Send + Sync {
    /// Tells once what became of a payment that the call `call_id` was about. The address is looked at again: the contract
    /// may name another since.
    ///
    /// # Errors
    /// Where it was not taken, or nobody knows.
    async fn tell(
        &self,
        url: &str,
        call_id: Option<&str>,
        decided: &Decided,
        now: Timestamp,
    ) -> Result<(), ProviderError>;
}

pub trait Bills: Send + Sync {
    /// `now`: tokens and the bank's day end by it.
    fn hear(&self, call: &BillCall<'_>, now: Timestamp) -> Asked;

    /// When the bank's day ends that `now` is in: to then a bill is good.
    fn day_end(&self, now: Timestamp) -> Timestamp;

    /// Whether the document has a place for the payer's name.
    fn shows_payer(&self) -> bool;

    fn owes(&self, question: &BillQuestion, owes: &Owes, now: Timestamp) -> Answer;

    fn decided(&self, payment: &BillPayment, decided: &Decided) -> Answer;

    fn found(&self, lookup: &BillLookup, found: &[Decided], now: Timestamp) -> Answer;

    /// Whether the channel is open, where the document asks for that.
    fn alive(&self, is_open: bool, now: Timestamp) -> Answer;

    /// Nothing is told of any code: somebody has closed the channel.
    fn closed(&self, now: Timestamp) -> Answer;

    /// None where the document, or the contract, has no such calls.
    fn callbacks(&self) -> Option<&dyn BillCallbacks> {
        None
    }

    /// Ours to mend, nothing was decided: they shall ask again.
    fn unavailable(&self, now: Timestamp) -> Answer;
}

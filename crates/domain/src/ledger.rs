//! Double entry: accounts, legs and journals. A journal that does not balance cannot be made.

use crate::cause::Cause;
use crate::codes::{AccountCode, BeneficiaryCode, CounterCode, ProfileCode};
use crate::ids::{MovementId, ObligationId, PaymentId, SettlementId};
use crate::money::Vnd;
use crate::payment::SuspenseReason;
use crate::states::words;
use jiff::civil::Date;
use std::fmt;

words! {
    AccountKind {
        Clearing = "clearing", Bank = "bank", InTransit = "in_transit", Drawer = "drawer", Obligation = "obligation",
        Suspense = "suspense", RefundPayable = "refund_payable", Fee = "fee", Remitted = "remitted",
        WrittenOff = "written_off", Opening = "opening",
    }
}

/// Where đồng are. Debit is plus, credit is minus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a provider holds for us until it pays out.
    Clearing(ProfileCode),
    /// What a bank's statements say that stands on an account of ours.
    Bank(AccountCode),
    /// On its way between what was told and what a statement says.
    InTransit(AccountCode),
    /// Cash at a counter.
    Drawer(CounterCode),
    Obligation(BeneficiaryCode),
    Suspense(SuspenseReason),
    /// What goes back to payers and has not left yet.
    RefundPayable,
    /// What a provider keeps for its service.
    Fee(ProfileCode),
    /// What has left for the treasury, of what was collected for a beneficiary.
    Remitted(BeneficiaryCode),
    /// What two persons have given up: money that nobody claims, or a loss that nobody explains.
    WrittenOff,
    /// What stood on bank accounts before we kept their books.
    Opening,
}

impl Account {
    /// The books of a day are closed per provider's contract and per bank account; a drawer's are read and never closed.
    pub fn scope(&self) -> Option<String> {
        match self {
            Self::Clearing(profile) => Some(format!("clearing:{profile}")),
            Self::Bank(account) | Self::InTransit(account) => Some(format!("bank:{account}")),
            Self::Drawer(counter) => Some(format!("drawer:{counter}")),
            Self::Obligation(_)
            | Self::Suspense(_)
            | Self::RefundPayable
            | Self::Fee(_)
            | Self::Remitted(_)
            | Self::WrittenOff
            | Self::Opening => None,
        }
    }

    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Clearing(_) => AccountKind::Clearing,
            Self::Bank(_) => AccountKind::Bank,
            Self::InTransit(_) => AccountKind::InTransit,
            Self::Drawer(_) => AccountKind::Drawer,
            Self::Fee(_) => AccountKind::Fee,
            Self::Remitted(_) => AccountKind::Remitted,
            Self::WrittenOff => AccountKind::WrittenOff,
            Self::Opening => AccountKind::Opening,
            Self::Obligation(_) => AccountKind::Obligation,
            Self::Suspense(_) => AccountKind::Suspense,
            Self::RefundPayable => AccountKind::RefundPayable,
        }
    }
}

/// `clearing:<profile>`, `bank:<account>`, `suspense:<reason>` … (contract, "The books").
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clearing(profile) => write!(f, "clearing:{profile}"),
            Self::Bank(account) => write!(f, "bank:{account}"),
            Self::InTransit(account) => write!(f, "in_transit:{account}"),
            Self::Drawer(counter) => write!(f, "drawer:{counter}"),
            Self::Fee(profile) => write!(f, "fee:{profile}"),
            Self::Remitted(beneficiary) => write!(f, "remitted:{beneficiary}"),
            Self::RefundPayable => f.write_str("refund_payable"),
            Self::WrittenOff => f.write_str("written_off"),
            Self::Opening => f.write_str("opening:bank"),
            Self::Obligation(beneficiary) => write!(f, "obligation:{beneficiary}"),
            Self::Suspense(reason) => write!(f, "suspense:{reason}"),
        }
    }
}

words! {
    /// What a journal books.
    JournalKind {
        /// A provider took the payer's money.
        Capture = "capture",
        /// A bank credit was seen first, by whatever source.
        BankCredit = "bank_credit",
        /// An officer took cash.
        CashTaken = "cash_taken",
        /// Cash left a drawer for the bank.
        DepositDeclared = "deposit_declared",
        /// What an officer took was undone on the same day.
        Voided = "voided",
        /// It was not undone at the terminal: the provider's file shows the money.
        ChargedAfterAll = "charged_after_all",
        /// A bank credit that was booked as a payment is none: it is what a drawer deposited.
        NotAPayment = "not_a_payment",
        /// Lines of a statement that ties out: what was in transit has arrived, or has left.
        StatementLine = "statement_line",
        /// What stood on an account before its first statement.
        OpeningBalance = "opening_balance",
        /// The same, as two persons have said it; or that it is taken back.
        StatedOpening = "stated_opening",
        /// A debit that nobody explains.
        UnexplainedDebit = "unexplained_debit",
        /// A line of a statement has another amount than what it is was booked with: the difference.
        OtherAmount = "other_amount",
        /// A provider's settlement: its fee, and what it pays out.
        Settlement = "settlement",
        /// A refund that a settlement file tells of and that we do not know.
        UnexplainedRefund = "unexplained_refund",
        /// Waiting money found its obligation, or another reason to wait.
        Reassignment = "reassignment",
        /// A refund was approved: the money waits for its payer.
        RefundApproved = "refund_approved",
        /// It has left, at a provider or on a statement.
        RefundSent = "refund_sent",
        /// It has not, and will not.
        RefundFailed = "refund_failed",
        /// It had left, and is here again.
        RefundReturned = "refund_returned",
        /// Who had brought the money took it back.
        TakenBack = "taken_back",
        /// An obligation was charged too much.
        Reduction = "reduction",
        /// Two persons gave it up: suspense no longer waits for its owner, or for an explanation.
        WrittenOff = "written_off",
        /// A debit took a remittance to the treasury.
        Remitted = "remitted",
        /// Its owner, or its explanation, was found after all: it waits again.
        Reinstated = "reinstated",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub account: Account,
    /// Debit plus, credit minus, never zero.
    pub amount: Vnd,
    pub obligation_id: Option<ObligationId>,
    pub payment_id: Option<PaymentId>,
    pub movement_id: Option<MovementId>,
    pub settlement_id: Option<SettlementId>,
}

impl Leg {
    pub const fn new(account: Account, amount: Vnd) -> Self {
        Self { account, amount, obligation_id: None, payment_id: None, movement_id: None, settlement_id: None }
    }
    pub const fn of_payment(mut self, id: PaymentId) -> Self {
        self.payment_id = Some(id);
        self
    }
    pub const fn of_obligation(mut self, id: Option<ObligationId>) -> Self {
        self.obligation_id = id;
        self
    }
    pub const fn of_movement(mut self, id: MovementId) -> Self {
        self.movement_id = Some(id);
        self
    }
    pub const fn of_settlement(mut self, id: SettlementId) -> Self {
        self.settlement_id = Some(id);
        self
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    kind: JournalKind,
    cause: Cause,
    business_date: Date,
    legs: Vec<Leg>,
}

/// A booking that would make or lose money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} does not balance: {legs} legs sum to {sum}")]
pub struct Unbalanced {
    pub kind: JournalKind,
    pub legs: usize,
    pub sum: Vnd,
}

impl Journal {
    /// At least two legs, none of zero, together zero (I01, I02).
    pub fn new(kind: JournalKind, cause: Cause, business_date: Date, legs: Vec<Leg>) -> Result<Self, Unbalanced> {
        let sum: Vnd = legs.iter().map(|leg| leg.amount).sum();
        if legs.len() < 2 || !sum.is_zero() || legs.iter().any(|leg| leg.amount.is_zero()) {
            return Err(Unbalanced { kind, legs: legs.len(), sum });
        }
        Ok(Self { kind, cause, business_date, legs })
    }

    pub fn kind(&self) -> JournalKind {
        self.kind
    }
    pub fn cause(&self) -> Cause {
        self.cause
    }
    pub fn business_date(&self) -> Date {
        self.business_date
    }
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Whose day it belongs to, `clearing:<profile>`, `bank:<account>` or `drawer:<counter>`; None where only the homes of money change. What
    /// a provider pays out is of the provider's day: in transit has none of its own.
    pub fn scope(&self) -> Option<String> {
        let at_provider = self.legs.iter().filter(|leg| leg.account.kind() == AccountKind::Clearing);
        at_provider.chain(&self.legs).find_map(|leg| leg.account.scope())
    }
}

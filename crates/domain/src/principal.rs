//! Who calls: a client (a portal) or a person (staff), and what a key of theirs may do.

use crate::ids::{ClientId, KeyId, PersonId};
use crate::states::words;

words! {
    /// Contract, "Conventions": the first six are a client's, the rest staff's; proposing a refund is open to both.
    Scope {
        ObligationsWrite = "obligations:write", PaymentsWrite = "payments:write", PaymentsRead = "payments:read",
        RefundsPropose = "refunds:propose", EventsRead = "events:read", EventsWrite = "events:write",
        StatementsWrite = "statements:write", CasesWrite = "cases:write", CounterWrite = "counter:write",
        ReportsRead = "reports:read", DaysClose = "days:close", ApprovalsDecide = "approvals:decide", Admin = "admin",
    }
}

impl Scope {
    pub const CLIENT: &'static [Self] = &[
        Self::ObligationsWrite,
        Self::PaymentsWrite,
        Self::PaymentsRead,
        Self::RefundsPropose,
        Self::EventsRead,
        Self::EventsWrite,
    ];
    pub const STAFF: &'static [Self] = &[
        Self::StatementsWrite,
        Self::CasesWrite,
        Self::RefundsPropose,
        Self::CounterWrite,
        Self::ReportsRead,
        Self::DaysClose,
        Self::ApprovalsDecide,
        Self::Admin,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    Client(ClientId),
    Person(PersonId),
    /// A task of the worker or a provider's call: not a key's holder.
    System,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

/// A key's holder and rights, as found by its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub who: Who,
    pub key_id: KeyId,
    pub scopes: Vec<Scope>,
    /// For a person: the beneficiaries whose money they see; empty means all.
    pub beneficiaries: Vec<String>,
}

impl Principal {
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

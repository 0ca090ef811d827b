//! What needs a second person: one proposes, another decides, once.

use crate::principal::Scope;
use crate::states::words;

words! {
    /// What is proposed.
    ApprovalKind {
        Refund = "refund", Reduction = "reduction", CaseResolution = "case_resolution", DayReopening = "day_reopening",
        BeneficiaryAccount = "beneficiary_account", ProfileCredentials = "profile_credentials",
        PersonRights = "person_rights", PersonKey = "person_key", CounterVoid = "counter_void",
        ContractFee = "contract_fee", ReceiptReplacement = "receipt_replacement",
        StatementSupersession = "statement_supersession",
        Remittance = "remittance",
        OpeningBalance = "opening_balance",
    }
}

impl ApprovalKind {
    /// What a person must be allowed to propose it, until it is decided.
    pub const fn proposed_with(self) -> Scope {
        match self {
            Self::Refund | Self::Reduction => Scope::RefundsPropose,
            Self::CaseResolution | Self::ReceiptReplacement => Scope::CasesWrite,
            Self::DayReopening | Self::Remittance | Self::OpeningBalance => Scope::DaysClose,
            Self::StatementSupersession => Scope::StatementsWrite,
            Self::CounterVoid => Scope::CounterWrite,
            Self::BeneficiaryAccount
            | Self::ProfileCredentials
            | Self::PersonRights
            | Self::PersonKey
            | Self::ContractFee => Scope::Admin,
        }
    }
}

words! {
    ApprovalStatus { Pending = "pending", Approved = "approved", Rejected = "rejected", Withdrawn = "withdrawn" }
}

//! What needs a second person: one proposes, another decides, once.

use crate::states::words;

words! {
    /// What is proposed.
    ApprovalKind {
        Refund = "refund", Reduction = "reduction", CaseResolution = "case_resolution", DayReopening = "day_reopening",
        BeneficiaryAccount = "beneficiary_account", ProfileCredentials = "profile_credentials",
        PersonRights = "person_rights", PersonKey = "person_key", CounterVoid = "counter_void",
    }
}

words! {
    ApprovalStatus { Pending = "pending", Approved = "approved", Rejected = "rejected", Withdrawn = "withdrawn" }
}

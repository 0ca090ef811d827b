//! Why a state changed. One word per reason, kept with each transition.

use crate::states::words;

words! {
    Cause {
        // plans of the portal and the payer
        Registered = "registered", RegisteredExempt = "registered_exempt", ReliefGranted = "relief_granted",
        ReliefWithdrawn = "relief_withdrawn", CancelledByClient = "cancelled_by_client", Opened = "opened",
        Renewed = "renewed", Started = "started",
        // what the provider says of an attempt
        ProviderOffered = "provider_offered", ProviderCommitted = "provider_committed",
        ProviderCaptured = "provider_captured", ProviderFailed = "provider_failed",
        ProviderRefused = "provider_refused", WindowClosed = "window_closed", OutcomeUnknown = "outcome_unknown",
        // what follows for the intent
        AttemptCommitted = "attempt_committed", AttemptFailed = "attempt_failed",
        AttemptUnresolved = "attempt_unresolved", AttemptUnsettled = "attempt_unsettled", Lapsed = "lapsed",
        // money
        BankCredited = "bank_credited", CounterTaken = "counter_taken", Deposited = "deposited", StatementSays = "statement_says", ProviderSettled = "provider_settled",
        Settled = "settled", TakenBack = "taken_back", TakenBackAfterExpiry = "taken_back_after_expiry",
        Voided = "voided", VoidedAfterExpiry = "voided_after_expiry",
        RefundApproved = "refund_approved", RefundReopened = "refund_reopened",
        RefundReopenedAfterExpiry = "refund_reopened_after_expiry", RefundClosed = "refund_closed",
        RefundFailed = "refund_failed", RefundUncovered = "refund_uncovered", Reduced = "reduced",
        // refunds
        Proposed = "proposed", Approved = "approved", Rejected = "rejected", Withdrawn = "withdrawn",
        PaymentTakenBack = "payment_taken_back", Submitted = "submitted", WorkItemGiven = "work_item_given", ProviderSent = "provider_sent",
        StatementDebit = "statement_debit", CameBack = "came_back", AskedAgain = "asked_again",
        // cases
        Found = "found", ResolutionProposed = "resolution_proposed", ResolutionRejected = "resolution_rejected",
        Resolved = "resolved", Explained = "explained", ObligationsReopened = "obligations_reopened",
        WrittenOff = "written_off", Reinstated = "reinstated",
        // receipts
        NumberTaken = "number_taken", Signed = "signed", Corrected = "corrected", MoneyLeft = "money_left",
    }
}

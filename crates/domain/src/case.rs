//! A work item for finance staff: something that money or a neighbour did and that no rule explains.

use crate::states::words;

words! {
    /// Kinds of difference (contract, "Statements, settlement, reconciliation").
    CaseKind {
        AmountDiffers = "amount_differs", Chargeback = "chargeback", DuplicatePayment = "duplicate_payment",
        Late = "late", MissingAtProvider = "missing_at_provider", MissingInBooks = "missing_in_books",
        Overpaid = "overpaid", Poison = "poison", PossibleSameMovement = "possible_same_movement",
        RefundWithoutPayment = "refund_without_payment", StatementGap = "statement_gap",
        StatusDiffers = "status_differs", Undelivered = "undelivered", Underpaid = "underpaid",
        Unidentified = "unidentified", WithoutReceipt = "without_receipt", WrongAccount = "wrong_account",
    }
}

words! { CaseStatus { Open = "open", Proposed = "proposed", Closed = "closed" } }

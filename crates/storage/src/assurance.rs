//! The invariants, as questions to the `assurance` views.

//! Which transfer of ours a credit brings back. Banks give it the reference of the debit, marked as a reversal, or name that in its
//! text; people and other banks write the code of the refund. Nothing here is guessed: what may be of two is of nobody, and so is what
//! says two things.

use super::{Reversal, Reversible};
use crate::bank_reference::BankReference;
use crate::ids::RefundId;
use std::collections::BTreeSet;

/// A credit, by what the statements say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The bank says that it reverses a debit.
    pub is_marked: bool,
    pub text: String,
    /// Those codes of its text that are refunds', and whose.
    pub codes: Vec<(String, RefundId)>,
    pub references: Vec<BankReference>,
}

/// A transfer of the same amount that has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub refund: RefundId,
    pub code: String,
    /// Of its debit.
    pub references: Vec<BankReference>,
}

/// The one refund whose transfer the credit brings back. A code says more than a reference, which several refunds of one debit
/// share; codes of two name neither, and so does the code of one with the debit of another.
pub fn brings_back(credit: &Credit, sent: &[Sent]) -> Option<RefundId> {
    if !at_odds(credit, sent).is_empty() {
        return None;
    }
    let is_meant = |s: &&Sent| match credit.codes.as_slice() {
        [] => names_debit(credit, s, credit.is_marked),
        [(only, _)] => s.code == *only,
        _ => false,
    };
    let mut meant = sent.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only.refund),
        _ => None,
    }
}

/// The refunds that a credit names which has the code of one and, as its reference or in its text, the debit of another.
pub fn at_odds(credit: &Credit, sent: &[Sent]) -> BTreeSet<RefundId> {
    let [(_, by_code)] = credit.codes.as_slice() else { return BTreeSet::new() };
    let by_debit = sent.iter().filter(|s| names_debit(credit, s, true)).map(|s| s.refund);
    let by_debit: BTreeSet<RefundId> = by_debit.collect();
    if by_debit.is_empty() || by_debit.contains(by_code) {
        return BTreeSet::new();
    }
    by_debit.into_iter().chain([*by_code]).collect()
}

fn names_debit(credit: &Credit, sent: &Sent, by_its_own: bool) -> bool {
    let references = if by_its_own { credit.references.clone() } else { Vec::new() };
    let reversal = Reversal { text: credit.text.clone(), references };
    reversal.means(&Reversible { payment: None, references: sent.references.clone(), is_meant: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn sent(n: u128, code: &str, reference: &str) -> Sent {
        let references = BankReference::read(reference, None).into_iter().collect();
        Sent { refund: Uuid::from_u128(n).into(), code: code.to_owned(), references }
    }

    fn credit(is_marked: bool, text: &str, reference: &str, codes: &[&str]) -> Credit {
        let references = BankReference::read(reference, None).into_iter().collect();
        let whose = |code: &str| Uuid::from_u128(["A", "B", "C"].iter().position(|c| *c == code).unwrap() as u128 + 1);
        let codes = codes.iter().map(|code| ((*code).to_owned(), whose(code).into())).collect();
        Credit { is_marked, text: text.to_owned(), codes, references }
    }

    #[test]
    fn a_credit_brings_back_the_one_transfer_that_it_names() {
        let of = |n: u128| Some(RefundId::from(Uuid::from_u128(n)));
        let apart = [sent(1, "A", "FT26330001"), sent(2, "B", "FT26330002")];
        let together = [sent(1, "A", "FT26330001"), sent(2, "B", "FT26330001")];
        for (credit, apart_of, together_of) in [
            (credit(true, "HUY GD", "FT26330001", &[]), of(1), None),
            (credit(false, "HUY GD", "FT26330001", &[]), None, None),
            (credit(true, "HUY GD FT26330001", "FT9", &[]), of(1), None),
            (credit(false, "HUY GD FT26330001", "FT9", &[]), of(1), None),
            (credit(false, "HUY GD FT263300011", "FT9", &[]), None, None),
            (credit(true, "HUY GD FT26330001 B", "FT26330001", &["B"]), None, of(2)),
            (credit(true, "HUY GD B", "FT26330001", &["B"]), None, of(2)),
            (credit(false, "HUY GD B", "FT26330001", &["B"]), None, of(2)),
            (credit(false, "HUY GD FT26330001 B", "FT9", &["B"]), None, of(2)),
            (credit(true, "HUY GD A", "FT26330001", &["A"]), of(1), of(1)),
            (credit(false, "HUY GD B", "FT9", &["B"]), of(2), of(2)),
            (credit(true, "HUY GD A B", "FT26330001", &["A", "B"]), None, None),
            (credit(true, "HUY GD C", "FT26330001", &["C"]), None, None),
            (credit(true, "HUY GD C", "FT9", &["C"]), None, None),
            (credit(true, "HUY GD FT26330001 FT26330002", "", &[]), None, None),
        ] {
            assert_eq!(
                (brings_back(&credit, &apart), brings_back(&credit, &together)),
                (apart_of, together_of),
                "{credit:?}"
            );
        }
    }

    #[test]
    fn a_credit_with_the_code_of_one_and_the_debit_of_another_names_both() {
        let sent = [sent(1, "A", "FT26330001"), sent(2, "B", "FT26330002")];
        let both: BTreeSet<RefundId> = [1, 2].map(|n| Uuid::from_u128(n).into()).into();
        assert_eq!(at_odds(&credit(true, "HUY A", "FT26330002", &["A"]), &sent), both);
        // also while the debit of the one that it has the code of is not seen
        assert_eq!(at_odds(&credit(true, "HUY A", "FT26330002", &["A"]), &sent[1..]), both);
        assert_eq!(at_odds(&credit(true, "HUY A", "FT26330001", &["A"]), &sent), BTreeSet::new());
        assert_eq!(at_odds(&credit(true, "HUY", "FT26330002", &[]), &sent), BTreeSet::new());
    }
}

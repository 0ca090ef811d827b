//! Which transfer of ours a credit brings back. Banks give it the reference of the debit, marked as a reversal, or name that in its
//! text; people and other banks write the code of the refund. Nothing here is guessed: what may be of two is of nobody.

use super::{Reversal, Reversible};
use crate::bank_reference::BankReference;
use crate::ids::RefundId;

/// A credit, by what the statements say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The bank says that it reverses a debit.
    pub is_marked: bool,
    pub text: String,
    /// Those codes of its text that are refunds'.
    pub codes: Vec<String>,
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
/// share; codes of two name neither.
pub fn brings_back(credit: &Credit, sent: &[Sent]) -> Option<RefundId> {
    let references = if credit.is_marked { credit.references.clone() } else { Vec::new() };
    let reversal = Reversal { text: credit.text.clone(), references };
    let debit = |s: &Sent| Reversible { payment: None, references: s.references.clone(), is_meant: false };
    let is_meant = |s: &&Sent| match credit.codes.as_slice() {
        [] => reversal.means(&debit(s)),
        [only] => s.code == *only,
        _ => false,
    };
    let mut meant = sent.iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only.refund),
        _ => None,
    }
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
        Credit { is_marked, text: text.to_owned(), codes: codes.iter().map(|c| (*c).to_owned()).collect(), references }
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
            (credit(true, "HUY GD FT26330001 B", "FT26330001", &["B"]), of(2), of(2)),
            (credit(true, "HUY GD A B", "FT26330001", &["A", "B"]), None, None),
            (credit(true, "HUY GD C", "FT26330001", &["C"]), None, None),
            (credit(true, "HUY GD FT26330001 FT26330002", "", &[]), None, None),
        ] {
            assert_eq!(
                (brings_back(&credit, &apart), brings_back(&credit, &together)),
                (apart_of, together_of),
                "{credit:?}"
            );
        }
    }
}

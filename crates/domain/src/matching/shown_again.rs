//! A credit that a corrected file took back and that a later file shows again. Where its payment was reversed with it, that is money
//! which came after all, and is booked like any other. Where the payment stands, since a part of it is the payer's already, booked as
//! new it would be in the books twice and could go back whole beside that part: it is the same credit, and pays what it paid.
//!
//! | the credit, and those that were taken back of its account, day and amount, whose payments stand | then |
//! |---|---|
//! | it has a reference of one, and names the same of ours | that one again, while what took it back is nobody's |
//! | the same of several, and as many are shown again | each one of them: they are alike |
//! | it may be one: it has the reference and names something else, or one of the two has no reference; of several; what took it back was written off | nobody's to guess: new money, of which nothing is disposed of ([`may_be`]) |
//! | its reference is of the same numbering and differs; without a reference it names something else; a file showed it before | another's |

use crate::bank_reference::BankReference;
use crate::ids::MovementId;
use crate::money::Vnd;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A credit as lines show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    pub id: MovementId,
    pub amount: Vnd,
    pub booking_date: Date,
    pub references: Vec<BankReference>,
    /// Our references in its text.
    pub codes: BTreeSet<String>,
    /// The bank says that it takes a debit back.
    pub is_marked: bool,
    /// When a file showed it first.
    pub shown_at: Timestamp,
}

/// A credit that no file in force has, and whose payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub credit: Credit,
    /// When another file took the place of its own.
    pub at: Timestamp,
    /// What took it back waits, and nobody has said what it is.
    pub waits: bool,
}

impl Withdrawn {
    /// Whether the credit may be this one.
    fn may_be(&self, shown: &Credit) -> bool {
        let own = &self.credit;
        let agrees = shown.amount == own.amount && shown.booking_date == own.booking_date && shown.shown_at >= self.at;
        let names_another = !shown.codes.is_empty() && !own.codes.is_empty() && shown.codes != own.codes;
        agrees && !differ(shown, own) && (share_a_reference(shown, own) || !names_another)
    }

    /// Whether nothing but its own line shown again says this.
    fn is(&self, shown: &Credit) -> bool {
        let own = &self.credit;
        let is_said = share_a_reference(shown, own) && shown.codes == own.codes && shown.is_marked == own.is_marked;
        self.waits && is_said && self.may_be(shown)
    }
}

/// Which of the credits that nobody has claimed is one that was taken back: the first that can be said of, and which.
pub fn certain(open: &[Credit], withdrawn: &[Withdrawn]) -> Option<(MovementId, MovementId)> {
    open.iter().find_map(|shown| {
        let meant: Vec<&Withdrawn> = withdrawn.iter().filter(|w| w.may_be(shown)).collect();
        let alike = open.iter().filter(|other| meant.iter().all(|w| w.is(other))).count();
        let is_sure = meant.iter().all(|w| w.is(shown)) && alike >= meant.len();
        meant.first().filter(|_| is_sure).map(|w| (shown.id, w.credit.id))
    })
}

/// Whether a credit that was booked as new money may be one of these.
pub fn may_be(booked: &Credit, withdrawn: &[Withdrawn]) -> bool {
    withdrawn.iter().any(|w| w.may_be(booked))
}

fn share_a_reference(one: &Credit, other: &Credit) -> bool {
    one.references.iter().any(|r| other.references.iter().any(|o| o.same(r)))
}

fn differ(one: &Credit, other: &Credit) -> bool {
    let apart = |r: &BankReference| other.references.iter().any(|o| o.comparable(r) && !o.same(r));
    !share_a_reference(one, other) && one.references.iter().any(apart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    const FIRST: u128 = 1;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn credit(id: u128, reference: &str, codes: &[&str]) -> Credit {
        Credit {
            id: Uuid::from_u128(id).into(),
            amount: Vnd::new(160_000),
            booking_date: date(2026, 11, 27),
            references: Some(reference).filter(|r| !r.is_empty()).map(BankReference::stored).into_iter().collect(),
            codes: codes.iter().map(ToString::to_string).collect(),
            is_marked: false,
            shown_at: at(20),
        }
    }

    fn withdrawn(id: u128, reference: &str, codes: &[&str]) -> Withdrawn {
        let credit = Credit { shown_at: at(1), ..credit(id, reference, codes) };
        Withdrawn { credit, at: at(10), waits: true }
    }

    fn pair(shown: u128, of: u128) -> Option<(MovementId, MovementId)> {
        Some((Uuid::from_u128(shown).into(), Uuid::from_u128(of).into()))
    }

    #[test]
    fn a_credit_with_all_that_was_taken_back_is_that_one_again() {
        let first = withdrawn(FIRST, "FT26330001", &["MTLA"]);
        let again = credit(9, "FT26330001", &["MTLA"]);
        assert_eq!(certain(std::slice::from_ref(&again), std::slice::from_ref(&first)), pair(9, FIRST));
        let others = [
            Credit { amount: Vnd::new(160_001), ..again.clone() },
            Credit { booking_date: date(2026, 11, 26), ..again.clone() },
            credit(9, "FT26330002", &["MTLA"]),
        ];
        for other in others {
            assert_eq!(certain(std::slice::from_ref(&other), std::slice::from_ref(&first)), None);
            assert!(!may_be(&other, std::slice::from_ref(&first)), "{other:?}");
        }
        assert_eq!(certain(&[again], &[]), None, "its payment was reversed with it: new money");
    }

    #[test]
    fn what_says_less_or_something_else_is_nobodys_to_guess() {
        let first = withdrawn(FIRST, "FT26330001", &["MTLA"]);
        let mut marked = credit(9, "FT26330001", &["MTLA"]);
        marked.is_marked = true;
        let unsure = [credit(9, "FT26330001", &["MTLB"]), credit(9, "", &["MTLA"]), credit(9, "", &[]), marked];
        for other in unsure {
            assert_eq!(certain(std::slice::from_ref(&other), std::slice::from_ref(&first)), None);
            assert!(may_be(&other, std::slice::from_ref(&first)), "{other:?}");
        }
        assert!(!may_be(&credit(9, "", &["MTLB"]), &[first]), "it names another, and nothing else agrees");
    }

    #[test]
    fn what_was_there_before_is_not_shown_again() {
        let first = withdrawn(FIRST, "FT26330001", &["MTLA"]);
        let beside = Credit { shown_at: at(9), ..credit(9, "FT26330001", &["MTLA"]) };
        assert_eq!(certain(std::slice::from_ref(&beside), std::slice::from_ref(&first)), None);
        assert!(!may_be(&beside, &[first]));
    }

    #[test]
    fn a_loss_that_was_written_off_is_undone_by_nobody_but_who_wrote_it_off() {
        let first = Withdrawn { waits: false, ..withdrawn(FIRST, "FT26330001", &["MTLA"]) };
        let again = credit(9, "FT26330001", &["MTLA"]);
        assert_eq!(certain(std::slice::from_ref(&again), std::slice::from_ref(&first)), None);
        assert!(may_be(&again, &[first]));
    }

    #[test]
    fn of_several_that_are_alike_each_is_one_where_all_are_shown_again() {
        let two = [withdrawn(FIRST, "FT26330001", &[]), withdrawn(2, "FT26330001", &[])];
        let (one, other) = (credit(8, "FT26330001", &[]), credit(9, "FT26330001", &[]));
        assert_eq!(certain(std::slice::from_ref(&one), &two), None, "one of two");
        assert!(may_be(&one, &two));
        assert_eq!(certain(&[one, other], &two), pair(8, FIRST));
        let given_up = [two[0].clone(), Withdrawn { waits: false, ..two[1].clone() }];
        assert_eq!(certain(&[credit(8, "FT26330001", &[]), credit(9, "FT26330001", &[])], &given_up), None);
    }
}

//! For money without a home: whose debt it may be. A suggestion never books anything; a person decides.
//!
//! | what agrees | points |
//! |---|---|
//! | `bank_ref`: the reference of what the bank takes back | 50 |
//! | `dossier_code`: the text names the dossier | 40 |
//! | `near_reference`: the text has our reference with one slip (`near_reference`) | 36 |
//! | `look_alike`: that slip is between symbols that read alike | 4 |
//! | `amount`: just this is owed | 20 |
//! | `sum`: just this is owed by several debts together, or by one debt with other money that waits | 10 |
//! | `account`: of the beneficiary | 10 |
//! | `time`: asked for shortly before | 5 |
//! | `payer`: those debts are of one payer or one dossier | 5 |
//! | `sender`: that money came from one account | 5 |
//!
//! Points order what a person reads, and nothing else.

use crate::ids::{IntentId, ObligationId, PaymentId};
use crate::money::Vnd;
use crate::states::words;
use std::collections::BTreeSet;

/// A shorter code is in too many texts by chance.
pub const SHORTEST_CODE: usize = 8;
/// A dossier code has at most this many characters.
const LONGEST_CODE: usize = 50;
/// Characters of a transfer's text that are looked at, letters and digits only; banks carry fewer.
const TEXT_AT_MOST: usize = 300;
/// More candidates than anybody weighs.
const AT_MOST: usize = 10;

/// Money may be at most this many days younger than the intent that it is for.
pub const DAYS_BETWEEN: i64 = 30;

/// Debts, or movements, that are added up; more of them add up to anything.
const ADDED_UP: usize = 4;
/// Sums that are tried for one amount.
const TRIED: usize = 20_000;

const POINTS: [(&str, u32); 10] = [
    ("bank_ref", 50),
    ("dossier_code", 40),
    ("near_reference", 36),
    ("look_alike", 4),
    ("amount", 20),
    ("sum", 10),
    ("account", 10),
    ("time", 5),
    ("payer", 5),
    ("sender", 5),
];

words! {
    Rule {
        /// The text of the transfer names the dossier.
        DossierCode = "dossier_code",
        /// The text has a reference of ours with one slip.
        NearReference = "near_reference",
        /// A debt of the same amount, to a beneficiary of that account, asked for shortly before.
        AmountAccountTime = "amount_account_time",
        /// Debts of one payer, or of one dossier, that are this amount together.
        SumOfDebts = "sum_of_debts",
        /// With other money that waits and came from the same account it is what one debt asks for.
        PartOfDebt = "part_of_debt",
        /// The bank takes back a credit of the same amount and account, and this one may be meant.
        MayBeTakenBack = "may_be_taken_back",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// None where the dossier's debt was in no intent yet.
    pub intent_id: Option<IntentId>,
    /// Of [`Rule::MayBeTakenBack`]: the payment that the credit is.
    pub payment_id: Option<PaymentId>,
    /// Of [`Rule::SumOfDebts`]: the debts.
    pub obligations: Vec<ObligationId>,
    /// Of [`Rule::PartOfDebt`]: the payments that the rest is.
    pub rest: Vec<PaymentId>,
    pub reference: Option<String>,
    pub dossier_codes: Vec<String>,
    pub amount_due: Vnd,
    pub rule: Rule,
    /// What agreed, as the table has it.
    pub fields: BTreeSet<&'static str>,
}

impl Suggestion {
    /// How much agrees.
    pub fn score(&self) -> u32 {
        POINTS.iter().filter(|(word, _)| self.fields.contains(word)).map(|(_, points)| points).sum()
    }
}

/// Which of these come to just the total together, two to four of them, the fewest and the first first.
pub fn adding_up(parts: &[Vnd], total: Vnd) -> Vec<Vec<usize>> {
    sets(parts.len()).filter(|set| set.len() > 1 && set.iter().map(|at| parts[*at]).sum::<Vnd>() == total).collect()
}

/// What money is together with others that wait, one to three of them: each sum, and which they are.
pub fn sums_with(own: Vnd, others: &[Vnd]) -> Vec<(Vnd, Vec<usize>)> {
    let sets = sets(others.len()).filter(|set| set.len() < ADDED_UP);
    sets.map(|set| (own + set.iter().map(|at| others[*at]).sum::<Vnd>(), set)).collect()
}

/// Sets of one to [`ADDED_UP`] of as many, small ones first, no more than [`TRIED`].
fn sets(of: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut queue: std::collections::VecDeque<Vec<usize>> = (0..of).map(|at| vec![at]).collect();
    let next = move || {
        let set = queue.pop_front()?;
        let last = set.last().map_or(0, |last| last + 1);
        if set.len() < ADDED_UP && queue.len() < TRIED {
            queue.extend((last..of).map(|at| [set.as_slice(), &[at]].concat()));
        }
        Some(set)
    };
    std::iter::from_fn(next).take(TRIED)
}

/// Best first, each debt once: a named dossier before an equal amount, more agreement before less.
pub fn ranked(found: Vec<Suggestion>) -> Vec<Suggestion> {
    let mut best: Vec<Suggestion> = Vec::new();
    for one in found {
        let same = best
            .iter_mut()
            .find(|b| b.intent_id.is_some() && (b.intent_id, b.payment_id) == (one.intent_id, one.payment_id));
        match same {
            Some(known) => {
                known.rule = known.rule.min(one.rule);
                known.fields.extend(one.fields);
            }
            None => best.push(one),
        }
    }
    // stable: what was found first stays first among equals
    best.sort_by_key(|s| (std::cmp::Reverse(s.score()), s.rule));
    best.truncate(AT_MOST);
    best
}

/// A code as people type it: capitals and digits, without what separates them.
pub fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Every part of a transfer's text that may be a dossier's plain code, since banks drop the spaces between words.
pub fn typed_codes(text: &str) -> BTreeSet<String> {
    let text = plain(text);
    let text = &text[..text.len().min(TEXT_AT_MOST)];
    let mut parts = BTreeSet::new();
    for from in 0..text.len() {
        for length in SHORTEST_CODE..=LONGEST_CODE {
            let Some(part) = text.get(from..from + length) else { break };
            // a code ends in its number
            if part.ends_with(|c: char| c.is_ascii_digit()) {
                parts.insert(part.to_owned());
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_found_however_it_was_typed() {
        for text in [
            "H38.17-261124-0001",
            "nop phi h38.17 261124 0001 cam on",
            "MBVCB.123.NOPPHIH38172611240001CT TU 001",
            "H38 17/261124_0001",
        ] {
            assert!(typed_codes(text).contains(&plain("H38.17-261124-0001")), "{text}");
        }
        assert!(!typed_codes("H38.17-261124-000").contains(&plain("H38.17-261124-0001")));
        assert!(typed_codes("A1.B2-3").is_empty(), "too short to be sure");
        assert!(typed_codes(&"9".repeat(10_000)).len() < 100);
        assert!(typed_codes("Nộp phí hồ sơ").is_empty());
    }

    #[test]
    fn a_debt_is_suggested_once_with_all_that_agrees() {
        let intent = |n| Some(IntentId::from(Uuid::from_u128(n)));
        let of = |intent_id, rule, fields: &[&'static str]| Suggestion {
            intent_id,
            payment_id: None,
            obligations: Vec::new(),
            rest: Vec::new(),
            reference: None,
            dossier_codes: Vec::new(),
            amount_due: Vnd::new(21_000),
            rule,
            fields: fields.iter().copied().collect(),
        };
        let found = vec![
            of(intent(1), Rule::AmountAccountTime, &["amount", "account", "time"]),
            of(intent(2), Rule::AmountAccountTime, &["amount", "account", "time"]),
            of(intent(2), Rule::DossierCode, &["dossier_code"]),
            of(None, Rule::DossierCode, &["dossier_code"]),
            of(None, Rule::DossierCode, &["dossier_code", "amount"]),
        ];
        let ranked = ranked(found);
        assert_eq!(ranked.len(), 4);
        assert_eq!((ranked[0].intent_id, ranked[0].rule), (intent(2), Rule::DossierCode));
        assert_eq!(ranked[0].fields.len(), 4);
        assert_eq!(ranked[1].fields.len(), 2);
        assert_eq!(ranked[3].intent_id, intent(1));
    }

    #[test]
    fn debts_that_come_to_the_amount_are_found_and_no_set_twice() {
        let of =
            |parts: &[i64], total| adding_up(&parts.iter().map(|v| Vnd::new(*v)).collect::<Vec<_>>(), Vnd::new(total));
        assert_eq!(of(&[10_000, 20_000, 30_000], 30_000), [vec![0, 1]], "one alone is no sum");
        assert_eq!(of(&[10_000, 20_000, 30_000], 60_000), [vec![0, 1, 2]]);
        assert_eq!(of(&[1, 1, 1, 1, 1], 5), Vec::<Vec<usize>>::new(), "five add up to anything");
        assert_eq!(of(&[5_000, 5_000, 5_000], 10_000).len(), 3, "any two of them");
        assert_eq!(of(&[], 1), Vec::<Vec<usize>>::new());
        assert!(of(&vec![1; 2_000], 3).len() < TRIED, "many debts cost no more");
        let sums = sums_with(Vnd::new(5), &[Vnd::new(1), Vnd::new(2)]);
        assert_eq!(sums.iter().map(|(sum, set)| (sum.dong(), set.len())).collect::<Vec<_>>(), [(6, 1), (7, 1), (8, 2)]);
    }

    #[test]
    fn every_point_is_in_the_table_of_the_module() {
        for (word, points) in POINTS {
            let row = include_str!("suggestion.rs").lines().find(|l| l.starts_with(&format!("//! | `{word}`")));
            assert!(row.is_some_and(|row| row.ends_with(&format!("| {points} |"))), "{word}");
        }
    }
}

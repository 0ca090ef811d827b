//! What people are shown of a decision: all that a line could have been, how much of each agrees, and why it is not that. Pure,
//! and read only after the fact: [`super::decide`] knows nothing of points, so however many somebody has, they claim nothing.
//!
//! | what agrees | points |
//! |---|---|
//! | `bank_ref`: a reference of one numbering | 50 |
//! | `reference`: both name the same intent | 40 |
//! | `amount` | 20 |
//! | `day`: booked on the day on which it was told of | 10 |
//! | `near_day`: no more worked days apart than two sights of one transfer may be | 5 |
//!
//! The account is always the same and earns nothing. Nor does the payer's name: banks cut and rewrite it, and who compares
//! lines need not read it.

use super::{Claim, OpenCredit, Rule, Told, What, Window, contradict, half_named, share_a_reference};
use crate::ids::MovementId;
use crate::states::words;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// More candidates than anybody weighs.
pub const AT_MOST: usize = 20;

const POINTS: [(&str, u32); 5] = [("bank_ref", 50), ("reference", 40), ("amount", 20), ("day", 10), ("near_day", 5)];

words! {
    /// Why a line is not what it could have been; the first that holds is told.
    Why {
        AmountDiffers = "amount_differs",
        /// References of one numbering that differ are two transfers, whatever else agrees.
        ReferenceDiffers = "reference_differs",
        /// Each names an intent, and not the same one.
        OtherIntent = "other_intent",
        TooFarApart = "too_far_apart",
        /// Money is on its way before it is booked.
        LineBeforeReport = "line_before_report",
        /// The line brings back what went out.
        ReturnsMoney = "returns_money",
        OfAnotherLine = "of_another_line",
        /// A report that may be another sight of money in the books vouches for no line that names nobody.
        MayBeKnown = "may_be_known",
        /// The line is another one's, which agrees in more or is nearer.
        AgreesLess = "agrees_less",
        /// Several can be meant, which is a case and never a guess.
        OneOfSeveral = "one_of_several",
        /// It alone can be meant, and one of the two names nobody: the money's own line may have been still to come.
        NotProven = "not_proven",
        /// Nothing speaks against it: it was told of, or its rivals ended, after this was decided.
        KnownLater = "known_later",
    }
}

/// Something that was told of, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub told: Told,
    /// The line that has claimed it.
    pub line: Option<MovementId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Chosen(Rule),
    Refused(Why),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    pub what: What,
    pub score: u32,
    /// What agrees, as the table has it.
    pub agreed: BTreeSet<&'static str>,
    pub verdict: Verdict,
}

/// What the line was held against, most points first and what was chosen before all, and what became of each. `kept`: the
/// decision as it stands in the books. `is_decided`: the line waits no more.
pub fn explain(
    credit: &OpenCredit,
    candidates: &[Candidate],
    kept: Claim,
    is_decided: bool,
    window: &Window<'_>,
) -> Vec<Considered> {
    let is_chosen = |c: &Candidate| kept.is_some_and(|(what, _)| what == c.told.what);
    let could_be = |c: &&Candidate| !is_chosen(c) && against(credit, c, window).is_none();
    let rivals = candidates.iter().filter(could_be).count();
    let left_over = match (kept, rivals) {
        (Some(_), _) => Why::AgreesLess,
        (None, 2..) => Why::OneOfSeveral,
        (None, _) if is_decided => Why::KnownLater,
        (None, _) => Why::NotProven,
    };
    let considered = |c: &Candidate| {
        let agreed = agreed(credit, &c.told, window);
        let refused = || Verdict::Refused(against(credit, c, window).unwrap_or(left_over));
        let verdict = kept.filter(|_| is_chosen(c)).map_or_else(refused, |(_, rule)| Verdict::Chosen(rule));
        Considered { what: c.told.what, score: score(&agreed), agreed, verdict }
    };
    let mut all: Vec<Considered> = candidates.iter().map(considered).collect();
    let is_refused = |c: &Considered| matches!(c.verdict, Verdict::Refused(_));
    all.sort_by_key(|c| (is_refused(c), Reverse(c.score), c.what));
    all.truncate(AT_MOST);
    all
}

fn agreed(credit: &OpenCredit, told: &Told, window: &Window<'_>) -> BTreeSet<&'static str> {
    let is_day = credit.booking_date == told.day;
    let holds = [
        ("bank_ref", share_a_reference(credit, told)),
        ("reference", credit.intent.is_some() && credit.intent == told.intent),
        ("amount", credit.amount == told.amount),
        ("day", is_day),
        ("near_day", !is_day && window.holds(credit.booking_date, told.day)),
    ];
    holds.into_iter().filter(|(_, holds)| *holds).map(|(word, _)| word).collect()
}

fn score(agreed: &BTreeSet<&'static str>) -> u32 {
    POINTS.iter().filter(|(word, _)| agreed.contains(word)).map(|(_, points)| points).sum()
}

/// What speaks against the pair; None where the line could be it.
fn against(credit: &OpenCredit, candidate: &Candidate, window: &Window<'_>) -> Option<Why> {
    let told = &candidate.told;
    let names_both = credit.intent.is_some() && told.intent.is_some();
    let is_half_named = credit.intent.is_some() != told.intent.is_some();
    let is_same = share_a_reference(credit, told);
    let causes = [
        (Why::ReturnsMoney, credit.takes_back && !is_same),
        (Why::AmountDiffers, credit.amount != told.amount),
        (Why::ReferenceDiffers, !is_same && contradict(credit, told)),
        (Why::OtherIntent, !is_same && names_both && credit.intent != told.intent),
        (
            Why::TooFarApart,
            (!is_same || credit.takes_back || credit.is_marked) && !window.holds(credit.booking_date, told.day),
        ),
        (Why::LineBeforeReport, !is_same && !names_both && credit.booking_date < told.day),
        (Why::OfAnotherLine, candidate.line.is_some_and(|line| line != credit.id)),
        (Why::MayBeKnown, !is_same && told.may_be_known && credit.intent.is_none()),
        (Why::MayBeKnown, is_half_named && !is_same && !half_named(credit, told, window)),
    ];
    causes.into_iter().find(|(_, holds)| *holds).map(|(why, _)| why)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{credit, told};
    use super::super::{Rule, decide};
    use super::*;
    use crate::business_day::WorkingCalendar;
    use proptest::prelude::*;

    fn free(told: Told) -> Candidate {
        Candidate { told, line: None }
    }

    fn verdicts(credit: &OpenCredit, candidates: &[Candidate], kept: Claim) -> Vec<(u32, Verdict)> {
        let calendar = WorkingCalendar::default();
        let all = explain(credit, candidates, kept, kept.is_some(), &Window::of(&calendar));
        all.iter().map(|c| (c.score, c.verdict)).collect()
    }

    #[test]
    fn each_refusal_says_what_speaks_against_the_pair() {
        let line = credit(1, 21_000, 25, Some("FT1"), Some(7));
        let of = |told: Told| verdicts(&line, &[free(told)], None)[0].1;
        let refused = |why| Verdict::Refused(why);
        assert_eq!(of(told(1, 20_999, 25, Some(("FT1", None)), Some(7))), refused(Why::AmountDiffers));
        assert_eq!(of(told(1, 21_000, 25, Some(("FT2", None)), Some(7))), refused(Why::ReferenceDiffers));
        assert_eq!(of(told(1, 21_000, 25, None, Some(8))), refused(Why::OtherIntent));
        assert_eq!(of(told(1, 21_000, 20, None, Some(7))), refused(Why::TooFarApart));
        assert_eq!(of(told(1, 21_000, 26, None, None)), refused(Why::LineBeforeReport));
        assert_eq!(of(told(1, 21_000, 25, None, None)), refused(Why::NotProven));
        let other =
            Candidate { line: Some(uuid::Uuid::from_u128(9).into()), ..free(told(1, 21_000, 25, None, Some(7))) };
        assert_eq!(verdicts(&line, &[other], None)[0].1, refused(Why::OfAnotherLine));
        let back = OpenCredit { takes_back: true, ..line.clone() };
        assert_eq!(verdicts(&back, &[free(told(1, 21_000, 25, None, Some(7)))], None)[0].1, refused(Why::ReturnsMoney));
        let own = free(told(1, 21_000, 25, Some(("FT1", None)), None));
        let back = OpenCredit { takes_back: true, ..credit(1, 21_000, 25, Some("FT1"), None) };
        assert_ne!(verdicts(&back, &[own], None)[0].1, refused(Why::ReturnsMoney), "told of under its own reference");
        let nameless = credit(1, 21_000, 25, None, None);
        let known = Told { may_be_known: true, ..told(1, 21_000, 25, None, Some(7)) };
        assert_eq!(verdicts(&nameless, &[free(known)], None)[0].1, refused(Why::MayBeKnown));
    }

    #[test]
    fn two_that_a_line_may_be_are_both_refused_whoever_has_more_points() {
        let lost = credit(1, 21_000, 25, None, None);
        let two = [told(1, 21_000, 25, None, Some(7)), told(2, 21_000, 24, None, Some(8))];
        let claims = decide(std::slice::from_ref(&lost), &two, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [None], "nobody guesses");
        let several = Verdict::Refused(Why::OneOfSeveral);
        assert_eq!(verdicts(&lost, &two.map(free), claims[0]), [(30, several), (25, several)]);
    }

    #[test]
    fn what_was_chosen_stands_first_whatever_has_more_points() {
        let line = credit(1, 21_000, 25, None, Some(7));
        let chosen = told(1, 21_000, 24, None, Some(7));
        let other = told(2, 21_000, 25, None, Some(7));
        let shown = verdicts(&line, &[free(other), free(chosen.clone())], Some((chosen.what, Rule::Reference)));
        assert_eq!(shown, [(65, Verdict::Chosen(Rule::Reference)), (70, Verdict::Refused(Why::AgreesLess))]);
    }

    proptest! {
        #[test]
        fn what_is_shown_as_chosen_is_what_was_decided_and_nothing_speaks_against_it(
            lines in prop::collection::vec((1_i64..3, 23_i8..29, prop::option::of(0_u128..3), prop::option::of(0..3)), 0..8),
            known in prop::collection::vec((1_i64..3, 23_i8..29, prop::option::of(0_u128..3), prop::option::of(0..3)), 0..8),
        ) {
            let named = |r: &Option<i32>| r.map(|r| format!("FT{r}"));
            let open: Vec<_> = lines.iter().zip(0..).map(|((a, d, i, r), n)| credit(n, *a, *d, named(r).as_deref(), *i)).collect();
            let known: Vec<_> = known.iter().zip(0..)
                .map(|((a, d, i, r), n)| told(n, *a, *d, named(r).as_deref().map(|r| (r, None)), *i)).collect();
            let calendar = WorkingCalendar::default();
            let claims = decide(&open, &known, &calendar, &BTreeSet::new());
            let line_of = |what: What| claims.iter().zip(&open).find(|(c, _)| c.is_some_and(|(w, _)| w == what)).map(|(_, o)| o.id);
            let candidates: Vec<_> = known.iter().map(|t| Candidate { told: t.clone(), line: line_of(t.what) }).collect();
            for (line, claim) in open.iter().zip(&claims) {
                let shown = explain(line, &candidates, *claim, claim.is_some(), &Window::of(&calendar));
                let chosen: Vec<_> = shown.iter().filter_map(|c| match c.verdict {
                    Verdict::Chosen(rule) => Some((c.what, rule)),
                    Verdict::Refused(_) => None,
                }).collect();
                prop_assert_eq!(chosen, claim.iter().copied().collect::<Vec<_>>());
                for c in candidates.iter().filter(|c| claim.is_some_and(|(what, _)| what == c.told.what)) {
                    prop_assert_eq!(against(line, c, &Window::of(&calendar)), None);
                    prop_assert_eq!(c.told.amount, line.amount);
                }
            }
        }
    }

    #[test]
    fn every_point_is_in_the_table_of_the_module() {
        let table = include_str!("explained.rs");
        for (word, points) in POINTS {
            let row = table.lines().find(|l| l.starts_with(&format!("//! | `{word}`"))).expect("a row");
            assert!(row.ends_with(&format!("| {points} |")), "{row}");
        }
    }
}

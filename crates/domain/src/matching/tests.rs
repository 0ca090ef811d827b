//! Each rule alone, and that nothing is claimed twice.

use super::*;
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

pub(super) fn credit(n: u128, amount: i64, day: i8, reference: Option<&str>, intent: Option<u128>) -> OpenCredit {
    OpenCredit {
        id: Uuid::from_u128(n).into(),
        amount: Vnd::new(amount),
        booking_date: date(2026, 11, day),
        references: reference.and_then(|r| BankReference::read(r, None)).into_iter().collect(),
        intent: intent.map(|i| Uuid::from_u128(i).into()),
        is_marked: false,
        takes_back: false,
    }
}

pub(super) fn told(
    n: u128,
    amount: i64,
    day: i8,
    reference: Option<(&str, Option<&str>)>,
    intent: Option<u128>,
) -> Told {
    Told {
        what: What::Payment(Uuid::from_u128(n).into()),
        amount: Vnd::new(amount),
        day: date(2026, 11, day),
        references: reference.and_then(|(r, numbering)| BankReference::read(r, numbering)).into_iter().collect(),
        intent: intent.map(|i| Uuid::from_u128(i).into()),
        is_covered: false,
        may_be_known: false,
    }
}

fn rules(open: &[OpenCredit], told: &[Told]) -> Vec<Option<Rule>> {
    let claims = decide(open, told, &WorkingCalendar::default(), &BTreeSet::new());
    claims.iter().map(|c| c.map(|(_, rule)| rule)).collect()
}

#[test]
fn the_same_amount_is_not_enough_where_references_differ_or_name_others() {
    let known = [told(1, 21_000, 25, Some(("FT1", None)), Some(7))];
    assert_eq!(rules(&[credit(1, 21_000, 25, Some("FT2"), Some(7))], &known), [None]);
    assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(8))], &known), [None]);
    assert_eq!(rules(&[credit(1, 20_999, 25, None, Some(7))], &known), [None]);
    assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(7))], &known), [Some(Rule::Reference)]);
}

#[test]
fn another_numbering_says_nothing_against_a_pair() {
    let known = [told(1, 21_000, 25, Some(("SE99", Some("sepay"))), Some(7))];
    assert_eq!(rules(&[credit(1, 21_000, 26, Some("FT2"), Some(7))], &known), [Some(Rule::Reference)]);
}

#[test]
fn two_worked_days_apart_are_near_and_three_are_not() {
    // 2026-11-27 is a Friday
    let known = [told(1, 21_000, 27, None, None)];
    assert_eq!(rules(&[credit(1, 21_000, 30, None, None)], &known), [Some(Rule::AmountDay)]);
    let known = [told(1, 21_000, 24, None, None)];
    assert_eq!(rules(&[credit(1, 21_000, 26, None, None)], &known), [Some(Rule::AmountDay)]);
    assert_eq!(rules(&[credit(1, 21_000, 27, None, None)], &known), [None]);
}

#[test]
fn a_lost_reference_is_bridged_only_without_a_rival() {
    let known = [told(1, 21_000, 25, None, Some(7))];
    let lost = credit(1, 21_000, 25, None, None);
    assert_eq!(rules(std::slice::from_ref(&lost), &known), [Some(Rule::OnlyOne)]);
    assert_eq!(rules(&[lost.clone(), credit(2, 21_000, 25, None, None)], &known), [None, None]);
    let two = [known[0].clone(), told(2, 21_000, 25, None, Some(8))];
    assert_eq!(rules(std::slice::from_ref(&lost), &two), [None]);
    let partly = BTreeSet::from([lost.amount]);
    assert_eq!(decide(&[lost], &known, &WorkingCalendar::default(), &partly), [None]);
}

#[test]
fn a_line_that_lost_its_reference_is_not_of_a_later_days_report_nor_gives_it_a_name() {
    let lost = credit(1, 21_000, 25, None, None);
    assert_eq!(rules(std::slice::from_ref(&lost), &[told(1, 21_000, 26, None, Some(7))]), [None]);
    assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(7))], &[told(1, 21_000, 26, None, None)]), [None]);
    assert_eq!(rules(std::slice::from_ref(&lost), &[told(1, 21_000, 26, None, None)]), [None], "nor without a name");
    // each day's is its own day's, since the first can be no other
    let days = [told(1, 21_000, 25, None, Some(7)), told(2, 21_000, 26, None, Some(8))];
    let lines = [lost.clone(), credit(2, 21_000, 26, None, None)];
    let claims = decide(&lines, &days, &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!(claims, [Some((days[0].what, Rule::OnlyOne)), Some((days[1].what, Rule::OnlyOne))]);
    assert_eq!(rules(&lines, &days[..1]), [None, None], "it may be either, and the other is nobody's");
}

#[test]
fn of_two_that_a_line_may_be_it_is_that_which_was_told_of_before() {
    let days = [told(1, 21_000, 26, None, Some(7)), told(2, 21_000, 24, None, Some(7))];
    let claims = decide(&[credit(1, 21_000, 25, None, Some(7))], &days, &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!(claims, [Some((days[1].what, Rule::Reference))]);
}

#[test]
fn a_credit_that_names_nobody_waits_while_the_named_moneys_own_line_may_come() {
    let held = |open: &[OpenCredit], told: &[Told]| {
        let claims = decide(open, told, &WorkingCalendar::default(), &BTreeSet::new());
        early(open, &claims, told, &WorkingCalendar::default()).len()
    };
    let named = told(1, 21_000, 25, None, Some(7));
    let covered = Told { is_covered: true, ..named.clone() };
    let lost = credit(1, 21_000, 25, Some("FT1"), None);
    let alone = std::slice::from_ref(&lost);
    assert_eq!(held(alone, std::slice::from_ref(&named)), 1);
    assert_eq!(held(alone, std::slice::from_ref(&covered)), 0);
    assert_eq!(held(alone, &[told(1, 21_000, 25, Some(("FT1", None)), Some(7))]), 0);
    // the other way about, whichever of the two lines comes is placed where its text says
    assert_eq!(held(&[credit(1, 21_000, 25, None, Some(7))], &[told(1, 21_000, 25, None, None)]), 0);
    // rivals on either side end no doubt
    let rival = told(2, 21_000, 24, None, Some(8));
    assert_eq!(held(alone, &[named.clone(), rival.clone()]), 1);
    assert_eq!(held(alone, &[covered.clone(), rival]), 1);
    assert_eq!(held(alone, &[covered.clone(), Told { is_covered: true, ..told(2, 21_000, 24, None, Some(8)) }]), 0);
    assert_eq!(held(alone, &[told(2, 21_000, 26, None, Some(8))]), 0, "told of the day after: none of it");
    // one that may be what another may be that waits
    let three = [lost.clone(), credit(2, 21_000, 26, None, None), credit(3, 21_000, 26, None, None)];
    assert_eq!(held(&three, &[covered.clone(), told(2, 21_000, 26, None, Some(8))]), 3);
    assert_eq!(held(&three, std::slice::from_ref(&covered)), 0, "nobody's line may come any more");
    assert_eq!(held(&[lost.clone(), credit(2, 21_000, 26, Some("FT2"), None)], std::slice::from_ref(&named)), 2);
    // the money's own line has come
    let own = credit(2, 21_000, 25, Some("FT2"), Some(7));
    assert_eq!(held(&[lost.clone(), own], std::slice::from_ref(&named)), 0);
    assert_eq!(held(&[OpenCredit { takes_back: true, ..lost.clone() }], std::slice::from_ref(&named)), 0);
    let waits = |intent| Told {
        what: What::Sighting(Uuid::from_u128(2).into()),
        ..told(2, 21_000, 25, Some(("FT1", None)), Some(intent))
    };
    assert_eq!(held(alone, &[named.clone(), waits(7)]), 0);
    assert_eq!(held(alone, &[named.clone(), waits(8)]), 1);
    // a report with the line's reference says of two which one it is
    let two = [named.clone(), told(3, 21_000, 25, None, Some(8)), waits(8)];
    let claims = decide(alone, &two, &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!((claims, held(alone, &two)), (vec![Some((two[1].what, Rule::OnlyOne))], 0));
}

#[test]
fn a_shared_reference_says_more_than_a_text() {
    let known = [told(1, 21_000, 25, Some(("FT1", None)), None), told(2, 21_000, 25, None, Some(7))];
    let open = [credit(1, 21_000, 25, Some("FT1"), Some(7)), credit(2, 21_000, 25, Some("FT2"), Some(7))];
    assert_eq!(rules(&open, &known), [Some(Rule::BankReference), Some(Rule::Reference)]);
}

#[test]
fn a_payment_is_claimed_before_the_report_that_waits_for_it() {
    let waits =
        Told { what: What::Sighting(Uuid::from_u128(2).into()), ..told(2, 21_000, 25, Some(("FT1", None)), Some(7)) };
    let known = [told(1, 21_000, 25, None, Some(7)), waits];
    let open = [credit(1, 21_000, 25, Some("FT1"), Some(7)), credit(2, 21_000, 25, Some("FT2"), Some(7))];
    let claims = decide(&open, &known, &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!(claims, [Some((known[0].what, Rule::Reference)), None]);
    let lost = [credit(1, 21_000, 25, Some("FT1"), None)];
    let claims = decide(&lost, &known, &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!(claims, [Some((known[0].what, Rule::OnlyOne))]);
}

#[test]
fn a_report_that_may_be_of_money_in_the_books_vouches_for_no_line_without_a_name() {
    let waits = Told {
        what: What::Sighting(Uuid::from_u128(2).into()),
        is_covered: true,
        ..told(2, 21_000, 25, None, Some(7))
    };
    let known = Told { may_be_known: true, ..waits.clone() };
    let lost = [credit(1, 21_000, 26, None, None)];
    assert_eq!(rules(&lost, std::slice::from_ref(&waits)), [Some(Rule::OnlyOne)]);
    assert_eq!(rules(&lost, std::slice::from_ref(&known)), [None]);
    let uncovered = Told { is_covered: false, ..known.clone() };
    assert!(early(&lost, &[None], &[uncovered], &WorkingCalendar::default()).is_empty(), "nor does it wait for it");
    let vouched = [credit(1, 21_000, 26, Some("FT1"), None)];
    let by_reference = Told { references: vouched[0].references.clone(), ..known.clone() };
    assert_eq!(rules(&vouched, &[by_reference]), [Some(Rule::OnlyOne)], "its reference says more");
    // one that names the same is as good as any other line
    let own = [credit(1, 21_000, 26, None, Some(7))];
    assert_eq!(rules(&own, std::slice::from_ref(&known)), [Some(Rule::Reference)]);
    let claims = decide(&own, &[known, waits.clone()], &WorkingCalendar::default(), &BTreeSet::new());
    assert_eq!(claims, [Some((waits.what, Rule::Reference))], "the other one has nothing else");
}

#[test]
fn a_credit_that_takes_a_debit_back_is_no_payment_that_we_know() {
    let back = OpenCredit { takes_back: true, ..credit(1, 21_000, 25, None, None) };
    assert_eq!(rules(&[back], &[told(1, 21_000, 25, None, None), told(2, 21_000, 25, None, Some(7))]), [None]);
}

#[test]
fn a_marked_credit_is_what_was_told_of_without_a_reference_unless_another_line_is() {
    let marked = |n, intent| OpenCredit { is_marked: true, ..credit(n, 21_000, 25, None, intent) };
    let (nameless, named) = (told(1, 21_000, 25, None, None), told(1, 21_000, 25, None, Some(7)));
    for (open, told, found) in [
        (vec![marked(1, None)], &nameless, vec![Some(Rule::AmountDay)]),
        (vec![marked(1, Some(7))], &named, vec![Some(Rule::Reference)]),
        (vec![marked(1, None)], &named, vec![Some(Rule::OnlyOne)]),
        (vec![marked(1, None), credit(2, 21_000, 25, None, None)], &nameless, vec![None, Some(Rule::AmountDay)]),
        (vec![marked(1, Some(7)), credit(2, 21_000, 25, None, Some(7))], &named, vec![None, Some(Rule::Reference)]),
        (vec![marked(1, None), credit(2, 21_000, 25, None, None)], &named, vec![None, Some(Rule::OnlyOne)]),
        (
            vec![marked(1, None), credit(2, 21_000, 25, None, None), credit(3, 21_000, 25, None, None)],
            &named,
            vec![None; 3],
        ),
    ] {
        assert_eq!(rules(&open, std::slice::from_ref(told)), found, "{open:?}");
    }
}

fn reversible(n: u128, reference: &str) -> Reversible {
    let references = BankReference::read(reference, None).into_iter().collect();
    Reversible { payment: Some(Uuid::from_u128(n).into()), references, is_meant: false }
}

#[test]
fn a_reversal_takes_back_the_only_credit_that_it_can_mean() {
    let paid = |n| Some(Uuid::from_u128(n).into());
    let credits = [reversible(1, "FT26330001"), reversible(2, "FT263300012"), reversible(3, "7")];
    let of = |text: &str, own: &str| Reversal {
        text: text.to_owned(),
        references: BankReference::read(own, None).into_iter().collect(),
    };
    assert_eq!(taken_back(&of("HUY GD FT263300012", "FT9"), &credits), paid(2), "and not the one whose head it is");
    assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &credits), paid(1));
    assert_eq!(taken_back(&of("HUY GD", "FT26330001"), &credits), paid(1));
    assert_eq!(taken_back(&of("HUY GD 7", "7"), &credits), None, "too weak");
    let short = [reversible(4, "100234")];
    assert_eq!(taken_back(&of("HUY GD", "100234"), &short), paid(4), "its own reference may be short");
    assert_eq!(taken_back(&of("HUY GD 100234", ""), &short), None, "a word of its text may not");
    let part = [Reversible { is_meant: true, ..reversible(5, "7") }];
    assert_eq!(taken_back(&of("HUY LO", "7"), &part), paid(5));
    assert_eq!(taken_back(&of("HUY GD FT26330001 FT263300012", ""), &credits), None, "it can mean either");
    assert_eq!(taken_back(&of("HUY GD FT26330001", "FT263300012"), &credits), None, "it says two things");
    let batch = [reversible(1, "FT26330001"), reversible(2, "FT26330001")];
    assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &batch), None, "parts of a batch");
    let nobodys = [reversible(1, "FT26330001"), Reversible { payment: None, ..reversible(2, "FT26330001") }];
    assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &nobodys), None);
}

#[test]
fn n_equal_lines_claim_n_payments_and_the_rest_is_new() {
    let known = [told(1, 5_000, 25, None, None), told(2, 5_000, 25, None, None)];
    let open: Vec<_> = (1..=3).map(|n| credit(n, 5_000, 25, None, None)).collect();
    assert_eq!(rules(&open, &known), [Some(Rule::AmountDay), Some(Rule::AmountDay), None]);
}

proptest! {
    #[test]
    fn a_reversal_never_takes_back_what_its_words_do_not_name_alone(
        credits in prop::collection::vec("FT26330[01]{0,4}", 0..6),
        words in prop::collection::vec("FT26330[01]{0,4}|HUY|GD", 0..4),
    ) {
        let known: Vec<_> = credits.iter().zip(1..).map(|(r, n)| reversible(n, r)).collect();
        let reversal = Reversal { text: words.join(" "), references: Vec::new() };
        let named: Vec<usize> = (0..credits.len())
            .filter(|at| credits[*at].len() >= bank_reference::TELLING_CHARACTERS && words.contains(&credits[*at]))
            .collect();
        let expected = if let [only] = named.as_slice() { known[*only].payment } else { None };
        prop_assert_eq!(taken_back(&reversal, &known), expected);
    }

    #[test]
    fn nothing_is_claimed_twice_and_every_claim_is_of_its_amount(
        credits in prop::collection::vec((1_i64..4, 20_i8..30, prop::option::of(0_u128..3)), 0..12),
        known in prop::collection::vec((1_i64..4, 20_i8..30, prop::option::of(0_u128..3)), 0..12),
    ) {
        let open: Vec<_> = credits.iter().enumerate().map(|(n, (a, d, i))| credit(n as u128, *a, *d, None, *i)).collect();
        let known: Vec<_> = known.iter().enumerate().map(|(n, (a, d, i))| told(n as u128, *a, *d, None, *i)).collect();
        let claims = decide(&open, &known, &WorkingCalendar::default(), &BTreeSet::new());
        let what: Vec<What> = claims.iter().flatten().map(|(what, _)| *what).collect();
        prop_assert_eq!(what.iter().collect::<BTreeSet<_>>().len(), what.len());
        for (credit, claim) in open.iter().zip(&claims) {
            if let Some((what, _)) = claim {
                let t = known.iter().find(|t| t.what == *what).expect("told");
                prop_assert_eq!(t.amount, credit.amount);
                prop_assert!(t.intent.is_none() || credit.intent.is_none() || t.intent == credit.intent);
            }
        }
    }
}

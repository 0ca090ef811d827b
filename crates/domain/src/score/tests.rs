//! `score-766.json`: worked cases of the formula as third parties reproduced it from the national portal's data (September and
//! October 2026); no official text. The first is a reconstruction of the province's published 9.3.

use super::*;
use jiff::civil::date;
use serde_json::Value;

const VECTORS: &str = include_str!("../../tests/vectors/score-766.json");

fn rule() -> Rule {
    let target = |percent, maximum| Target { percent, maximum };
    Rule {
        valid_from: date(2026, 1, 1),
        dossiers: target(100, 6),
        used: target(80, 2),
        provided: target(80, 2),
        used_of: Denominator::WithDossiers,
        offline_channels: vec!["counter".to_owned()],
        counts_exempt: false,
    }
}

#[test]
fn every_worked_case_comes_out_as_it_was_worked() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut rule = rule();
        for (option, value) in case["options"].as_object().expect("options") {
            match option.as_str() {
                "ta" => rule.dossiers.percent = u8::try_from(value.as_u64().expect("a percentage")).expect("small"),
                other => panic!("an option that nobody knows: {other}"),
            }
        }
        let number = |name: &str| u32::try_from(case["parameters"][name].as_u64().expect(name)).expect("small");
        let ratio = |part| match part {
            Part::DossiersPaidOnline => Ratio {
                numerator: number("totalDossierOnlinePaymentSuccess"),
                denominator: number("totalDossierFinancialObligation"),
            },
            Part::ProceduresWithOnlinePayment => Ratio {
                numerator: number("totalDossierOnlineFormalityPaymentSuccess"),
                denominator: number("totalFeeDossierFormalityDistinct"),
            },
            Part::ProceduresProvided => {
                Ratio { numerator: number("totalFeeDossierFormality"), denominator: number("totalFeeFormality") }
            }
        };
        let score = score(&rule, ratio);
        let expected = &case["expected"];
        for part in score.parts {
            let shown = part.points.map(|points| points.to_string());
            assert_eq!(shown.as_deref(), expected[part.part.as_str()].as_str(), "{}: {}", case["name"], part.part);
        }
        assert_eq!(Some(score.total.to_string().as_str()), expected["total"].as_str(), "{}", case["name"]);
        assert_eq!(score.maximum, 10);
    }
}

#[test]
fn the_total_is_of_parts_that_are_not_rounded_and_counts_of_any_size_fit() {
    // 1/3 and 1/6 of a hundredth's half: each rounds down, together they are a half
    let rule =
        Rule { used: Target { percent: 100, maximum: 1 }, provided: Target { percent: 100, maximum: 1 }, ..rule() };
    let ratio = |part| match part {
        Part::DossiersPaidOnline => Ratio::default(),
        Part::ProceduresWithOnlinePayment => Ratio { numerator: 1, denominator: 300 },
        Part::ProceduresProvided => Ratio { numerator: 1, denominator: 600 },
    };
    let small = score(&rule, ratio);
    assert_eq!(small.parts.map(|p| p.points), [None, Some(Hundredths(0)), Some(Hundredths(0))]);
    assert_eq!(small.total, Hundredths(1));
    let most = |_| Ratio { numerator: u32::MAX - 1, denominator: u32::MAX };
    assert_eq!(score(&rule, most).total, Hundredths(800));
    let more = |_| Ratio { numerator: u32::MAX, denominator: 1 };
    assert_eq!(score(&rule, more).total, Hundredths(800), "no part is worth more than its maximum");
    assert_eq!(Ratio { numerator: 943, denominator: 1_000 }.percent(), Some(Hundredths(9_430)));
}

fn dossiers(procedure: &str, whose: Whose, channels: &[&str], number: u32) -> Dossiers {
    let channels = channels.iter().map(|&c| c.to_owned()).collect();
    let (month, agency) = (date(2026, 11, 1), "H38.17".to_owned());
    Dossiers { month, agency, procedure: Some(procedure.to_owned()), whose, channels, number }
}

fn listed(procedure: &str, has_fee: bool, is_provided: bool) -> Listed {
    Listed { agency: "H38.17".to_owned(), procedure: procedure.to_owned(), has_fee, is_provided }
}

#[test]
fn what_is_left_out_is_counted_by_its_reason() {
    let books = [
        dossiers("A", Whose::Owes, &["vnpay"], 5),
        dossiers("A", Whose::Owes, &["counter"], 2),
        dossiers("B", Whose::Owes, &["counter", "vietqr"], 1),
        dossiers("C", Whose::Owes, &[], 3),
        dossiers("C", Whose::Exempt, &[], 4),
        dossiers("C", Whose::Cancelled, &[], 6),
        dossiers("D", Whose::NoDossier, &["vnpay"], 7),
    ];
    let list = [listed("A", true, true), listed("B", true, false), listed("E", true, true), listed("F", false, true)];
    let list: FeeProcedures = list.iter().collect();
    let tally = |rule: &Rule| Tally::of(rule, &books, [], Some(&list));
    let found = tally(&rule());
    let ratio = |part| (found.ratio(part).numerator, found.ratio(part).denominator);
    assert_eq!(ratio(Part::DossiersPaidOnline), (6, 11));
    assert_eq!(ratio(Part::ProceduresWithOnlinePayment), (2, 2), "C is no listed procedure, E had no dossier");
    assert_eq!(ratio(Part::ProceduresProvided), (2, 3));
    let reasons: Vec<(Excluded, u32)> = found.excluded.into_iter().collect();
    let expected = [
        (Excluded::Exempt, 4),
        (Excluded::Cancelled, 6),
        (Excluded::NoDossier, 7),
        (Excluded::Unpaid, 3),
        (Excluded::PaidOffline, 2),
        (Excluded::NotListed, 1),
        (Excluded::NotProvided, 1),
    ];
    assert_eq!(reasons, expected);
    let all = tally(&Rule { used_of: Denominator::All, ..rule() });
    assert_eq!(all.ratio(Part::ProceduresWithOnlinePayment).denominator, 3);
    let exempt_too = tally(&Rule { counts_exempt: true, ..rule() });
    assert_eq!(exempt_too.ratio(Part::DossiersPaidOnline), Ratio { numerator: 6, denominator: 15 });
}

#[test]
fn an_import_stands_in_place_of_our_count_of_its_month_and_agency_and_of_no_other() {
    let other = Dossiers { agency: "H38.18".to_owned(), ..dossiers("A", Whose::Owes, &["vnpay"], 10) };
    let books = [dossiers("A", Whose::Owes, &["vnpay"], 5), dossiers("A", Whose::Exempt, &[], 1), other];
    let import = Imported {
        month: date(2026, 11, 1),
        agency: "H38.17".to_owned(),
        procedure: Some("B".to_owned()),
        with_obligation: 50,
        exempt: 3,
    };
    let found = Tally::of(&rule(), &books, [&import], None);
    assert_eq!(found.ratio(Part::DossiersPaidOnline), Ratio { numerator: 15, denominator: 60 });
    assert_eq!((found.imported, found.excluded.get(&Excluded::Exempt)), (50, Some(&3)));
    assert_eq!(found.ratio(Part::ProceduresWithOnlinePayment), Ratio { numerator: 1, denominator: 2 });
    assert_eq!(found.ratio(Part::ProceduresProvided), Ratio::default(), "without a list nobody knows");
}

#[test]
fn a_list_that_says_nothing_of_an_agency_is_in_force_for_it_too() {
    let books = [dossiers("A", Whose::Owes, &["vnpay"], 5)];
    let found = Tally::of(&rule(), &books, [], Some(&FeeProcedures::default()));
    assert_eq!(found.ratio(Part::ProceduresWithOnlinePayment), Ratio::default());
    assert_eq!(found.excluded.get(&Excluded::NotListed), Some(&1));
}

#[test]
fn counts_that_add_up_to_more_than_fits_stay_at_the_most_that_there_is() {
    let line = |agency: &str| Imported {
        month: date(2026, 11, 1),
        agency: agency.to_owned(),
        procedure: None,
        with_obligation: 2_147_483_647,
        exempt: 2_147_483_647,
    };
    let (one, other, third) = (line("A"), line("B"), line("C"));
    for counts_exempt in [false, true] {
        let found = Tally::of(&Rule { counts_exempt, ..rule() }, [], [&one, &other, &third], None);
        assert_eq!((found.owing, found.imported), (u32::MAX, u32::MAX));
    }
}

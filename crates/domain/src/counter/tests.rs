//! What an officer may take, and which credits are deposits.

use super::*;
use crate::codes::BeneficiaryCode;
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

fn owed(n: u128, amount: i64, status: ObligationStatus) -> ObligationState {
    let beneficiary = BeneficiaryCode::new("H38.17-KB").expect("a code");
    ObligationState { id: Uuid::from_u128(n).into(), beneficiary, amount: Vnd::new(amount), status, version: 1 }
}

fn naming(deposit: u128, deposited: i64, movement: u128, credited: i64) -> Naming {
    Naming {
        deposit: Uuid::from_u128(deposit).into(),
        deposited: Vnd::new(deposited),
        movement: Uuid::from_u128(movement).into(),
        credited: Vnd::new(credited),
        payment: None,
        is_word: true,
    }
}

#[test]
fn the_counter_takes_what_is_due_to_the_dong_and_nothing_else() {
    let due = [owed(1, 21_000, ObligationStatus::Due), owed(2, 5_000, ObligationStatus::Due)];
    assert_eq!(judge(&due, Vnd::new(26_000)), Ok(()));
    for amount in [25_999, 26_001, 21_000] {
        assert_eq!(judge(&due, Vnd::new(amount)), Err(Refusal::NotExact(Vnd::new(26_000))));
    }
    for status in ObligationStatus::ALL.iter().copied().filter(|s| *s != ObligationStatus::Due) {
        let one = [owed(1, 21_000, ObligationStatus::Due), owed(2, 5_000, status)];
        assert_eq!(judge(&one, Vnd::new(26_000)), Err(Refusal::NotDue(one[1].id, status)));
    }
}

#[test]
fn the_day_of_a_void_ends_at_midnight_in_hanoi() {
    let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
    assert!(is_of_today(at("2026-11-25T17:00:00Z"), at("2026-11-26T16:59:59Z")));
    assert!(!is_of_today(at("2026-11-26T16:59:59Z"), at("2026-11-26T17:00:00Z")));
}

#[test]
fn a_cards_number_is_told_from_a_receipts() {
    // published test numbers of card schemes
    for card in
        ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6200000000000005"]
    {
        assert!(is_like_a_card(card), "{card}");
    }
    for other in ["4111111111111112", "612345000001", "BL-4111111111111111", "BL-000123", "", "411111111111"] {
        assert!(!is_like_a_card(other), "{other}");
    }
}

#[test]
fn a_slip_is_long_enough_to_be_told_from_a_payers_words() {
    assert_eq!(Slip::read("nt-0001.26").map(|s| s.as_str().to_owned()), Ok("NT000126".to_owned()));
    for bad in ["12345", "NOPTIEN", "------", "", &"1".repeat(33)] {
        assert_eq!(Slip::read(bad), Err(BadSlip), "{bad}");
    }
}

#[test]
fn a_slip_is_a_word_however_its_parts_are_set_apart_and_not_within_another() {
    for (slip, text) in [
        ("PGN-000007", "NOP TIEN MAT PGN-000007"),
        ("PGN-000007", "pgn000007 quầy một"),
        ("PGN000007", "SO: PGN / 000007."),
        ("123456", "GD 99 123456/01"),
        ("12 34-56", "GD 12.34 56"),
        ("12 34-56", "123456"),
        ("Số-000007", "so 000007"),
        ("ĐN-000007", "dn000007"),
    ] {
        assert!(is_a_word_of(slip, text), "{slip} in {text}");
    }
    for (slip, text) in [
        ("123456", "TRACE 99123456"),
        ("123456", "1234567"),
        ("123456", "SO123456"),
        ("123456", "ĐT 0912 34 56 78"),
        ("123456", "GD 12-34/56"),
        ("12 34-56", "1 23456"),
        ("PGN-000007", "PG N000007"),
        ("PGN-000007", "TPGN-000007"),
        ("PGN-000007", "ŁPGN-000007"),
        ("PGN-000007", "PGN-0000071"),
        ("PGN-000007", ""),
    ] {
        assert!(!is_a_word_of(slip, text), "{slip} in {text}");
    }
}

#[test]
fn a_part_of_a_word_is_a_deposits_by_its_amount_alone() {
    let part = |n: Naming| Naming { is_word: false, ..n };
    let (exact, differs) = (part(naming(1, 50_000, 11, 50_000)), part(naming(1, 50_000, 12, 49_000)));
    assert_eq!(deposits_among(&[exact, differs]), [(exact, Rule::DepositSlip)]);
    assert_eq!(deposits_among(&[differs]), []);
    let word = naming(1, 50_000, 13, 49_000);
    assert_eq!(deposits_among(&[differs, word]), [(word, Rule::SlipOtherAmount)]);
}

#[test]
fn a_credit_is_a_deposit_only_where_it_can_mean_no_other() {
    let one = naming(1, 50_000, 11, 50_000);
    assert_eq!(deposits_among(&[one]), [(one, Rule::DepositSlip)]);
    let differs = naming(1, 50_000, 12, 49_000);
    assert_eq!(deposits_among(&[differs]), [(differs, Rule::SlipOtherAmount)]);
    // the right amount is there: the other is a payer's
    assert_eq!(deposits_among(&[one, differs]), [(one, Rule::DepositSlip)]);
    let again = naming(1, 50_000, 13, 50_000);
    assert_eq!(deposits_among(&[one, again]), []);
    let second = naming(2, 50_000, 11, 50_000);
    assert_eq!(deposits_among(&[one, second]), []);
    let booked = Naming { payment: Some(Uuid::from_u128(7).into()), ..differs };
    assert_eq!(deposits_among(&[booked]), [], "what is booked is not rebooked for a likeness");
}

proptest! {
    #[test]
    fn no_deposit_and_no_credit_is_taken_twice(
        pairs in prop::collection::btree_set((0_u128..4, 0_u128..4), 0..10), amounts in prop::collection::vec(1_i64..3, 8),
    ) {
        let all: Vec<Naming> = pairs
            .iter()
            .map(|(d, m)| naming(*d, amounts[*d as usize], *m, amounts[4 + *m as usize]))
            .collect();
        let found = deposits_among(&all);
        prop_assert_eq!(found.iter().map(|(n, _)| n.deposit).collect::<BTreeSet<_>>().len(), found.len());
        prop_assert_eq!(found.iter().map(|(n, _)| n.movement).collect::<BTreeSet<_>>().len(), found.len());
    }
}

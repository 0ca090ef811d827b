//! What stood on an account before its first statement is its opening, whichever statement is imported first: every day
//! from the earliest on ties out, and closes.

use super::OWN;
use crate::refunds::second_person;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{camt, mt940, today};

async fn house() -> House {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    house
}

fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

fn of(day: Date, what: &str) -> String {
    format!("/v1/reconciliation/{day}{what}?account={BIN}.{OWN}")
}

async fn brings(house: &House, bytes: Vec<u8>) -> Value {
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", bytes).await.expect(201)
}

async fn shown(house: &House, day: Date) -> Value {
    house.staff.get(&of(day, "")).await.expect(200)
}

/// Opening, in and closing of a day that ties out.
async fn even(house: &House, on: Date) -> [i64; 3] {
    let shown = shown(house, on).await;
    assert_eq!(shown["gaps"], json!([]), "{shown:#}");
    ["opening", "in", "closing"].map(|name| shown[name].as_i64().unwrap())
}

async fn closes(house: &House, on: Date) {
    house.staff.post(&of(on, "/close"), json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_statement_that_comes_later_moves_the_beginning_of_the_books() {
    let first = camt(OWN, day(1), Some(900_000), &[(100_000, "FT1", &[(100_000, "A")])]);
    let second = mt940(OWN, day(2), 1_000_000, &[(5_000, "FT2", "B")]);
    let third = mt940(OWN, day(3), 1_005_000, &[(2_000, "FT3", "C")]);
    let files = [first, second, third];
    for order in [[1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1], [0, 2, 1]] {
        let house = house().await;
        for nth in order {
            brings(&house, files[nth].clone()).await;
        }
        assert_eq!(even(&house, day(1)).await, [900_000, 100_000, 1_000_000], "{order:?}");
        assert_eq!(even(&house, day(2)).await, [1_000_000, 5_000, 1_005_000], "{order:?}");
        assert_eq!(even(&house, day(3)).await, [1_005_000, 2_000, 1_007_000], "{order:?}");
        for n in 1..=3 {
            closes(&house, day(n)).await;
        }
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parts_of_a_first_day_begin_with_the_earlier_one_whichever_comes_first() {
    let house = house().await;
    brings(&house, mt940(OWN, day(1), 1_016_000, &[(4_000, "FT2", "B")])).await;
    brings(&house, mt940(OWN, day(1), 1_000_000, &[(16_000, "FT1", "A")])).await;
    assert_eq!(even(&house, day(1)).await, [1_000_000, 20_000, 1_020_000]);
    closes(&house, day(1)).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_from_before_the_first_statement_is_no_part_of_what_stood_there() {
    let house = house().await;
    brings(&house, mt940(OWN, day(2), 5_000, &[(30, "FT2", "B")])).await;
    brings(&house, camt(OWN, day(1), None, &[(44, "FT1", &[(44, "A")])])).await;
    assert_eq!(even(&house, day(2)).await, [5_000, 30, 5_030]);
    let before = shown(&house, day(1)).await;
    assert_eq!((&before["opening"], &before["closing"]), (&json!(4_956), &json!(5_000)), "{before:#}");
    let gaps: Vec<&Value> = before["gaps"].as_array().unwrap().iter().map(|g| &g["kind"]).collect();
    assert_eq!(gaps, ["statement_missing"], "{before:#}");
    brings(&house, camt(OWN, day(1), Some(4_956), &[(44, "FT1", &[(44, "A")])])).await;
    assert_eq!(even(&house, day(1)).await, [4_956, 44, 5_000]);
    for n in 1..=2 {
        closes(&house, day(n)).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_between_that_is_missing_shows_where_it_is_missing_until_it_comes() {
    let house = house().await;
    brings(&house, mt940(OWN, day(3), 1_000_000, &[(5_000, "FT3", "C")])).await;
    brings(&house, mt940(OWN, day(1), 900_000, &[(70_000, "FT1", "A")])).await;
    assert_eq!(even(&house, day(1)).await, [900_000, 70_000, 970_000]);
    closes(&house, day(1)).await;
    let open = shown(&house, day(3)).await;
    assert_eq!((&open["gaps"][0]["kind"], &open["gaps"][0]["difference"]), (&json!("opening_differs"), &json!(30_000)));
    let told = "select amount from assurance.kase where kind = 'statement_gap' and status = 'open'";
    assert_eq!(house.ask(told).await, "30000");
    brings(&house, mt940(OWN, day(2), 970_000, &[(30_000, "FT2", "B")])).await;
    assert_eq!(house.ask(told).await, "");
    for n in 2..=3 {
        closes(&house, day(n)).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_from_before_a_closed_beginning_changes_nothing_but_the_days_that_are_open() {
    let house = house().await;
    brings(&house, mt940(OWN, day(3), 1_000_000, &[(5_000, "FT3", "C")])).await;
    closes(&house, day(3)).await;
    // it does not lead to what was closed: what lies between would be missing on the first open day for good
    let early = mt940(OWN, day(1), 900_000, &[(70_000, "FT1", "A")]);
    let refused = house.sends_statement(&format!("{BIN}.{OWN}"), "auto", early.clone()).await;
    assert!(refused.text.contains("the statements between come first"), "{}", refused.text);
    assert_eq!(refused.refused(422), "file_refused");
    brings(&house, mt940(OWN, day(2), 970_000, &[(30_000, "FT2", "B")])).await;
    brings(&house, early).await;
    brings(&house, camt(OWN, day(0), None, &[(44, "FT0", &[(44, "A")])])).await;
    let next = shown(&house, day(4)).await;
    assert_eq!((&next["closing"], &next["in"]), (&json!(1_005_000), &json!(100_044)), "{next:#}");
    brings(&house, mt940(OWN, day(4), 1_005_000, &[(1_000, "FT4", "D")])).await;
    assert_eq!(even(&house, day(4)).await[2], 1_006_000);
    closes(&house, day(4)).await;
    // opened again, each of the days has what is its own
    let proposed = house.staff.post(&of(day(3), "/reopen"), json!({"note": "Sao kê đến sau"})).await.expect(201);
    let approver = second_person(&house).await;
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    approver.post(&approve, json!({})).await.expect(200);
    assert_eq!(even(&house, day(1)).await, [900_000, 70_000, 970_000]);
    assert_eq!(even(&house, day(2)).await, [970_000, 30_000, 1_000_000]);
    assert_eq!(even(&house, day(3)).await, [1_000_000, 5_000, 1_005_000]);
    assert_eq!(even(&house, day(4)).await, [1_005_000, 1_000, 1_006_000]);
    house.close().await;
}

/// A statement of the first day, numbered.
fn part(number: &str, opening: i64, amount: i64) -> Vec<u8> {
    let text = String::from_utf8(mt940(OWN, day(1), opening, &[(amount, &format!("FT{amount}"), "A")])).unwrap();
    text.replace(":28C:1/1", &format!(":28C:{number}/1")).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_day_in_two_parts_that_come_to_nothing_begins_with_the_first_of_them_in_every_order() {
    // by the number that the bank gave, or by what comes after: the next day, or the day whole
    let next = mt940(OWN, day(2), 900_000, &[(1_000, "FTN", "B")]);
    let both = mt940(OWN, day(1), 900_000, &[(50_000, "FT50000", "A"), (-50_000, "FT-50000", "A")]);
    for (numbers, more) in [(["1", "2"], None), (["1", "1"], Some(&next)), (["1", "1"], Some(&both))] {
        for second_first in [true, false] {
            let house = house().await;
            let mut parts = vec![part(numbers[0], 900_000, 50_000), part(numbers[1], 950_000, -50_000)];
            if second_first {
                parts.reverse();
            }
            for file in parts.into_iter().chain(more.cloned()) {
                brings(&house, file).await;
            }
            assert_eq!(even(&house, day(1)).await, [900_000, 50_000, 900_000], "{numbers:?} {second_first}");
            assert_eq!(shown(&house, day(1)).await["statement_closing"], 900_000);
            closes(&house, day(1)).await;
            if more == Some(&next) {
                assert_eq!(even(&house, day(2)).await, [900_000, 1_000, 901_000]);
            }
            house.close().await;
        }
    }
}

//! One reference of the bank's for more than one movement: a fee beside what it is for, and a number that comes again.

use super::{MOVEMENTS, OWN, cases, count};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use tests::House;
use tests::bank::BIN;
use tests::files::{Line, camt, mt940, today};

const REFERENCE: &str = "FT2632700000001";

fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

struct Books(House);

impl Books {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        Self(house)
    }

    async fn sends(&self, bytes: Vec<u8>) -> i64 {
        count(&self.0.sends_statement(&format!("{BIN}.{OWN}"), "auto", bytes).await.expect(201), "new_movements")
    }

    async fn brings(&self, on: Date, opening: i64, lines: &[Line<'_>]) -> i64 {
        self.sends(mt940(OWN, on, opening, lines)).await
    }

    /// The same day as a camt message.
    async fn repeats(&self, on: Date, opening: Option<i64>, lines: &[Line<'_>]) -> i64 {
        let parts: Vec<[(i64, &str); 1]> = lines.iter().map(|(amount, _, text)| [(*amount, *text)]).collect();
        let entries: Vec<tests::files::Entry<'_>> = lines
            .iter()
            .zip(&parts)
            .map(|((amount, reference, _), part)| (*amount, *reference, part.as_slice()))
            .collect();
        self.sends(camt(OWN, on, opening, &entries)).await
    }

    async fn closes(&self, on: Date) {
        let path = format!("/v1/reconciliation/{on}");
        let shown = self.0.staff.get(&format!("{path}?account={BIN}.{OWN}")).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "{shown:#}");
        self.0.staff.post(&format!("{path}/close?account={BIN}.{OWN}"), json!({})).await.expect(200);
    }

    async fn stands_at(&self, amount: i64) {
        let sql = format!("select sum(amount) from assurance.ledger_entry where account_code = 'bank:{BIN}.{OWN}'");
        assert_eq!(self.0.ask(&sql).await, amount.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_under_the_reference_of_its_transfer_is_a_movement_of_its_own_on_the_next_day() {
    for sign in [-1, 1] {
        let books = Books::new().await;
        let days: [&[Line<'_>]; 3] = [
            &[(sign * 100_000, REFERENCE, "CHUYEN TIEN")],
            &[(sign * 1_100, REFERENCE, "PHI CHUYEN TIEN")],
            &[(sign * 100_000, REFERENCE, "CHUYEN TIEN")],
        ];
        let openings = [1_000_000, 1_000_000 + sign * 100_000, 1_000_000 + sign * 101_100];
        for (nth, (opening, lines)) in (1..).zip(openings.iter().zip(days)) {
            assert_eq!(books.brings(day(nth), *opening, lines).await, 1, "{sign}: day {nth}");
        }
        for (nth, (opening, lines)) in (1..).zip(openings.iter().zip(days)) {
            assert_eq!(books.repeats(day(nth), Some(*opening), lines).await, 0, "{sign}: day {nth}");
        }
        assert!(!cases(&books.0).await.contains("differs"));
        books.stands_at(1_000_000 + sign * 201_100).await;
        for nth in 1..=3 {
            books.closes(day(nth)).await;
        }
        books.0.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_in_two_parts_of_one_day_and_whichever_comes_first() {
    for first_fee in [1_100, 100_000] {
        let parts: [(i64, Line<'_>); 2] =
            [(1_000_000, (-100_000, REFERENCE, "CHUYEN TIEN")), (900_000, (-first_fee, REFERENCE, "PHI CHUYEN TIEN"))];
        for order in [[0, 1], [1, 0]] {
            let books = Books::new().await;
            for nth in order {
                let (opening, line) = parts[nth];
                assert_eq!(books.brings(day(1), opening, &[line]).await, 1, "{first_fee} {order:?}");
            }
            let whole = [parts[0].1, parts[1].1];
            assert_eq!(books.repeats(day(1), Some(1_000_000), &whole).await, 0, "{first_fee} {order:?}");
            assert!(!cases(&books.0).await.contains("differs"));
            books.stands_at(900_000 - first_fee).await;
            books.closes(day(1)).await;
            books.0.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_that_comes_again_is_new_where_the_files_follow_each_other_whatever_else_stands_in_them() {
    let books = Books::new().await;
    let days: [&[Line<'_>]; 3] = [
        &[(-100_000, REFERENCE, "CHUYEN TIEN"), (500_000, "FT1", "A"), (-400_000, "FT2", "CHUYEN DI")],
        &[(300_000, "FT3", "B"), (-250_000, "FT4", "CHUYEN DI")],
        &[(70_000, "FT5", "C"), (-100_000, REFERENCE, "CHUYEN TIEN"), (-20_000, "FT6", "CHUYEN DI")],
    ];
    let openings = [1_000_000, 1_000_000, 1_050_000];
    for nth in [0, 1, 2] {
        let on = day(i64::try_from(nth).unwrap() + 1);
        let new = i64::try_from(days[nth].len()).unwrap();
        assert_eq!(books.brings(on, openings[nth], days[nth]).await, new, "{on}");
    }
    books.stands_at(1_000_000).await;
    for nth in 1..=3 {
        books.closes(day(nth)).await;
    }
    books.0.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_movement_that_another_format_books_a_day_later_is_still_that_one() {
    let books = Books::new().await;
    assert_eq!(books.brings(day(1), 0, &[(80_000, "FT1", "A"), (20_000, "FT2", "B")]).await, 2);
    assert_eq!(books.brings(day(2), 100_000, &[(50_000, "FT3", "C")]).await, 1);
    assert_eq!(books.repeats(day(1), Some(0), &[(80_000, "FT1", "A")]).await, 0);
    assert_eq!(books.repeats(day(2), Some(80_000), &[(20_000, "FT2", "B"), (50_000, "FT3", "C")]).await, 0);
    // and in a notification, which has no balances
    assert_eq!(books.repeats(day(3), None, &[(50_000, "FT3", "C")]).await, 0);
    assert_eq!(books.0.ask(MOVEMENTS).await, "3");
    books.stands_at(150_000).await;
    books.0.close().await;
}

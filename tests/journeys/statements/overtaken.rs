//! A day whole, and pieces of it that the whole overtakes: until noon, from noon on, from ten to noon. The whole says all that
//! they say, so the day begins and ends as it does, in whatever order and format they come.
//!
//! | a piece, all of whose lines the whole has | the day |
//! |---|---|
//! | begins with what the whole begins with, or ends with what it ends with | is the whole's |
//! | begins and ends with what the whole comes past | is the whole's |
//! | may go on from the whole (a day that comes to nothing), told by the bank's references | is the whole's |
//! | the same without references | is the whole's once the next day begins so; until then it stays open |
//! | goes on from the whole by what the next day says | stays open: a line was taken for another one |
//! | has another amount | stays open |

use super::days::{Lines, Told, close, day, movements, orders};
use serde_json::{Value, json};
use std::ops::Range;
use tests::House;
use tests::bank::BIN;
use tests::sampled::is_played;

const OPENING: i64 = 500;
/// The day that comes in pieces, and the one after it.
const DAY: usize = 2;
const NEXT: Lines<'_> = &[(7_000, "FT2633000000009")];

/// The lines of a day, and which of them its pieces have; the first piece is the whole.
struct Pieces {
    lines: Lines<'static>,
    pieces: &'static [Range<usize>],
}

const GROWS: Lines<'_> = &[(1_100, "FT2633000000001"), (2_200, "FT2633000000002")];
const SWEPT: Lines<'_> = &[(20_000, "FT2633000000001"), (-20_000, "FT2633000000002")];
const THREE: Lines<'_> = &[(1_100, "FT2633000000001"), (2_200, "FT2633000000002"), (-400, "FT2633000000003")];
const THREE_SWEPT: Lines<'_> = &[(20_000, "FT2633000000001"), (5_000, "FT2633000000002"), (-25_000, "FT2633000000003")];

/// The whole beside one piece or two.
const TWO: [Pieces; 10] = [
    Pieces { lines: GROWS, pieces: &[0..2, 0..1] },
    Pieces { lines: GROWS, pieces: &[0..2, 1..2] },
    Pieces { lines: GROWS, pieces: &[0..2, 0..1, 1..2] },
    Pieces { lines: SWEPT, pieces: &[0..2, 0..1] },
    Pieces { lines: SWEPT, pieces: &[0..2, 1..2] },
    Pieces { lines: SWEPT, pieces: &[0..2, 0..1, 1..2] },
    Pieces { lines: THREE, pieces: &[0..3, 1..2] },
    Pieces { lines: THREE, pieces: &[0..3, 0..2, 1..3] },
    Pieces { lines: THREE_SWEPT, pieces: &[0..3, 1..2] },
    Pieces { lines: THREE_SWEPT, pieces: &[0..3, 0..1, 0..2] },
];
/// The whole and all three of its parts.
const PARTS: [Pieces; 2] = [
    Pieces { lines: THREE, pieces: &[0..3, 0..1, 1..2, 2..3] },
    Pieces { lines: THREE_SWEPT, pieces: &[0..3, 0..1, 1..2, 2..3] },
];

fn sum(lines: Lines<'_>) -> i64 {
    lines.iter().map(|(amount, _)| amount).sum()
}

async fn tells(house: &House, number: &str, on: usize, opening: i64, lines: Lines<'_>, format: &str) {
    Told { number, first: on, opening, days: &[lines] }.sent(house, format).await;
}

/// An account whose day before ended with the opening balance, without a line.
async fn account(house: &House, nth: usize) -> String {
    let number = format!("79{nth:08}");
    house.had_account(&number).await;
    tells(house, &number, DAY - 1, OPENING, &[], "mt940").await;
    number
}

/// What the report shows of the day as the statement's closing.
async fn reported(house: &House, number: &str) -> Value {
    let path = format!("/v1/reports/reconciliation?from={0}&to={0}", day(DAY));
    let report = house.staff.get(&path).await.expect(200);
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["scope"] == format!("{BIN}.{number}")).cloned();
    row.unwrap()["statement_closing"].clone()
}

/// Why the day does not close; empty where it does.
async fn gaps(house: &House, number: &str) -> Vec<String> {
    let path = format!("/v1/reconciliation/{}?account={BIN}.{number}", day(DAY));
    let shown = house.staff.get(&path).await.expect(200);
    assert_eq!(reported(house, number).await, shown["statement_closing"]);
    shown["gaps"].as_array().unwrap().iter().map(|gap| gap["kind"].as_str().unwrap().to_owned()).collect()
}

/// What comes in one order.
struct Sent<'a> {
    of: &'a Pieces,
    /// Of the pieces, and of the whole.
    formats: [&'a str; 2],
    named: bool,
    /// Pieces by their place; one more is the file of the next day.
    order: &'a [usize],
}

impl Sent<'_> {
    async fn closes(&self, house: &House, nth: usize) {
        let number = account(house, nth).await;
        let Self { of, formats, named, order } = self;
        let why = format!("{:?} {:?} {formats:?} {order:?}, named: {named}", of.lines, of.pieces);
        let lines: Vec<(i64, &str)> = of.lines.iter().map(|(a, r)| (*a, if *named { *r } else { "" })).collect();
        let closing = OPENING + sum(&lines);
        for piece in *order {
            match of.pieces.get(*piece) {
                None => tells(house, &number, DAY + 1, closing, NEXT, "mt940").await,
                Some(range) => {
                    let opening = OPENING + sum(&lines[..range.start]);
                    let format = formats[usize::from(*piece == 0)];
                    tells(house, &number, DAY, opening, &lines[range.clone()], format).await;
                }
            }
        }
        let with_next = order.contains(&of.pieces.len());
        assert_eq!(movements(house, &number).await, (lines.len() + usize::from(with_next)).to_string(), "{why}");
        assert_eq!(reported(house, &number).await, json!(closing), "{why}");
        let balances = [OPENING, OPENING, closing, closing + sum(NEXT)];
        close(house, &number, DAY - 1, if with_next { &balances } else { &balances[..3] }, &why).await;
    }
}

/// Each day's pieces in every order: with references, and without them, where the next day's file comes first or last.
async fn close_in_every_order(days: &[Pieces], formats: [&str; 2]) {
    let house = House::with_bank().await;
    let mut nth = 0;
    for of in days {
        let count = of.pieces.len();
        let mut all = orders(&(0..count).collect::<Vec<_>>());
        if count > 3 {
            all.retain(|order| order[0] == 0 || order[count - 1] == 0);
        }
        for order in all {
            let with_next = if nth % 4 == 0 {
                [order.clone(), vec![count]].concat()
            } else {
                [vec![count], order.clone()].concat()
            };
            for (named, order) in [(true, order), (false, with_next)] {
                if is_played(nth) {
                    Sent { of, formats, named, order: &order }.closes(&house, nth).await;
                }
                nth += 1;
            }
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whole_and_a_piece_of_it_in_one_format_close_in_every_order() {
    close_in_every_order(&TWO, ["mt940", "mt940"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whole_in_mt940_and_pieces_in_camt_close_in_every_order() {
    close_in_every_order(&TWO, ["camt", "mt940"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whole_in_camt_and_exports_of_pieces_close_in_every_order() {
    close_in_every_order(&TWO, ["csv", "camt"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whole_and_three_parts_of_it_close_in_every_order() {
    close_in_every_order(&PARTS, ["mt940", "camt"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_comes_whole_twice_and_until_noon_closes_in_every_order() {
    let house = House::with_bank().await;
    for (nth, (lines, order)) in
        [GROWS, SWEPT].into_iter().flat_map(|lines| orders(&[0, 1, 2]).into_iter().map(move |o| (lines, o))).enumerate()
    {
        let number = account(&house, nth).await;
        for piece in &order {
            let (of, format) = [(&lines[..1], "csv"), (lines, "mt940"), (lines, "mt940 dated the day before")][*piece];
            tells(&house, &number, DAY, OPENING, of, format).await;
        }
        let closing = OPENING + sum(lines);
        tells(&house, &number, DAY + 1, closing, NEXT, "camt").await;
        let balances = [OPENING, OPENING, closing, closing + sum(NEXT)];
        close(&house, &number, DAY - 1, &balances, &format!("{lines:?} {order:?}")).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_may_go_on_from_a_day_that_came_to_nothing_is_known_for_what_it_is_by_the_next_day() {
    let house = House::with_bank().await;
    let lines: Lines<'_> = &[(20_000, ""), (-20_000, "")];
    // the next day begins as the whole ends: it was until noon; as the part ends: it came after the whole
    for (nth, (next, open)) in [(OPENING, false), (OPENING + 20_000, true)].into_iter().enumerate() {
        let number = account(&house, nth).await;
        tells(&house, &number, DAY, OPENING, lines, "mt940").await;
        tells(&house, &number, DAY, OPENING, &lines[..1], "mt940").await;
        assert_eq!(gaps(&house, &number).await, ["closing_differs"]);
        tells(&house, &number, DAY + 1, next, NEXT, "mt940").await;
        assert_eq!(!gaps(&house, &number).await.is_empty(), open, "{next}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_whose_line_was_taken_for_an_equal_one_of_the_part_before_keeps_the_day_open() {
    let house = House::with_bank().await;
    let number = account(&house, 0).await;
    let line: Lines<'_> = &[(30_000, "")];
    tells(&house, &number, DAY, OPENING, line, "mt940").await;
    // the third part, in another format, while the second is missing
    tells(&house, &number, DAY, OPENING + 80_000, line, "camt").await;
    assert_eq!(movements(&house, &number).await, "1");
    assert_eq!(gaps(&house, &number).await, ["statement_gap", "closing_differs"]);
    tells(&house, &number, DAY, OPENING + 30_000, &[(50_000, "")], "mt940").await;
    assert_eq!(gaps(&house, &number).await, ["closing_differs"]);
    // the day whole has what is missing
    tells(&house, &number, DAY, OPENING, &[(30_000, ""), (50_000, ""), (30_000, "")], "csv").await;
    close(&house, &number, DAY - 1, &[OPENING, OPENING, OPENING + 110_000], "").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_the_bank_corrects_is_overtaken_by_neither_file() {
    let house = House::with_bank().await;
    let corrected: Lines<'_> = &[(1_100, "FT2633000000001"), (2_300, "FT2633000000002")];
    for (nth, days) in [[GROWS, corrected], [corrected, GROWS]].into_iter().enumerate() {
        let number = account(&house, nth).await;
        for lines in days {
            tells(&house, &number, DAY, OPENING, lines, "mt940").await;
        }
        assert_eq!(gaps(&house, &number).await, ["closing_differs"], "{days:?}");
    }
    // one with a line less looks like a part until noon: that the next day begins with what it ends with says that it is not
    let number = account(&house, 2).await;
    tells(&house, &number, DAY, OPENING, GROWS, "mt940").await;
    tells(&house, &number, DAY, OPENING, &GROWS[..1], "mt940").await;
    assert!(gaps(&house, &number).await.is_empty());
    tells(&house, &number, DAY + 1, OPENING + sum(&GROWS[..1]), NEXT, "mt940").await;
    assert_eq!(gaps(&house, &number).await, ["closing_differs"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_day_of_an_account_begins_as_the_whole_does_and_not_as_a_piece_of_it() {
    let house = House::with_bank().await;
    let arrangements =
        [GROWS, SWEPT].into_iter().flat_map(|lines| [0..1, 1..2].into_iter().map(move |piece| (lines, piece)));
    for (nth, (lines, piece)) in arrangements.enumerate() {
        for whole_first in [true, false] {
            let number = format!("79{:08}", 2 * nth + usize::from(whole_first));
            house.had_account(&number).await;
            let mut files = [(OPENING, lines), (OPENING + sum(&lines[..piece.start]), &lines[piece.clone()])];
            if !whole_first {
                files.reverse();
            }
            for (opening, lines) in files {
                tells(&house, &number, DAY, opening, lines, "mt940").await;
            }
            let why = format!("{lines:?} {piece:?}, the whole first: {whole_first}");
            close(&house, &number, DAY, &[OPENING, OPENING + sum(lines)], &why).await;
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_day_that_was_closed_with_its_afternoon_alone_takes_the_whole_on_the_next_open_day() {
    let house = House::with_bank().await;
    for (nth, lines) in [GROWS, SWEPT].into_iter().enumerate() {
        let number = format!("79{nth:08}");
        house.had_account(&number).await;
        let (noon, evening) = (OPENING + lines[0].0, OPENING + sum(lines));
        tells(&house, &number, DAY, noon, &lines[1..], "mt940").await;
        close(&house, &number, DAY, &[noon, evening], "").await;
        tells(&house, &number, DAY, OPENING, lines, "mt940").await;
        tells(&house, &number, DAY + 1, evening, NEXT, "mt940").await;
        // the earlier opening balance and the line that it lacked come to nothing there
        let of_next = format!("/v1/reconciliation/{}/close?account={BIN}.{number}", day(DAY + 1));
        let closed = house.staff.post(&of_next, json!({})).await.expect(200);
        assert_eq!(closed["closing"], json!(evening + sum(NEXT)), "{lines:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_a_file_of_several_days_overtakes_a_piece_and_is_overtaken() {
    let house = House::with_bank().await;
    let mut nth = 0;
    for lines in [GROWS, SWEPT] {
        let closing = OPENING + sum(lines);
        // both days in one file that ends at noon, beside the second day; both days whole, beside its noon
        for (both, alone) in [(&lines[..1], lines), (lines, &lines[..1])] {
            for order in orders(&[0, 1]) {
                let number = format!("79{nth:08}");
                house.had_account(&number).await;
                nth += 1;
                for file in &order {
                    let days: &[Lines<'_>] = if *file == 0 { &[&[(9, "FT2633000000008")], both] } else { &[alone] };
                    let (first, opening) = if *file == 0 { (DAY - 1, OPENING - 9) } else { (DAY, OPENING) };
                    Told { number: &number, first, opening, days }.sent(&house, "camt").await;
                }
                tells(&house, &number, DAY + 1, closing, NEXT, "mt940").await;
                let why = format!("{both:?} {alone:?} {order:?}");
                assert_eq!(gaps(&house, &number).await, Vec::<String>::new(), "{why}");
            }
        }
    }
    house.close().await;
}

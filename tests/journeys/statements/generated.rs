//! Days that are thrown: few amounts that come and go, with references, without, or with some; told in parts, whole, or both, in
//! several formats and in any order, beside the day before and the day after. Where what was told is all of it, the day closes
//! with what the bank ended it with. Where the day before or after comes last of all, it may stay open: nothing said then which of
//! two files with equal lines was which (ADR 0010, "What it costs"). It never closes with anything else.

use super::days::{Told, day, movements};
use serde_json::json;
use tests::House;
use tests::bank::BIN;
use tests::interruption::Dice;

const DAY: usize = 2;
const SEEDS: std::ops::Range<u64> = 0..60;
const FORMATS: [&str; 3] = ["mt940", "camt", "csv"];
const AMOUNTS: [&[i64]; 4] = [&[10_000], &[10_000, 20_000], &[10_000, -10_000], &[10_000, -10_000, 20_000, 30_000]];

/// An amount and its reference.
type Line = (i64, String);

/// A file of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    on: usize,
    format: &'static str,
    opening: i64,
    lines: Vec<Line>,
}

/// What comes, in this order, and with what the day ends.
#[derive(Debug)]
struct Thrown {
    files: Vec<File>,
    movements: usize,
    closing: i64,
}

fn one_of<'a, T: ?Sized>(dice: &mut Dice, of: &[&'a T]) -> &'a T {
    of[usize::try_from(dice.below(of.len() as u64)).unwrap()]
}

fn sum(lines: &[Line]) -> i64 {
    lines.iter().map(|(amount, _)| amount).sum()
}

impl Thrown {
    fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let amounts = one_of(&mut dice, &AMOUNTS);
        // of ten lines so many have a reference
        let named = [0, 0, 5, 10][usize::try_from(dice.below(4)).unwrap()];
        let mut nth = 0;
        let mut lines = |dice: &mut Dice, at_most: u64| -> Vec<Line> {
            let many = dice.below(at_most + 1);
            let line = |_| {
                nth += 1;
                let reference = if dice.below(10) < named { format!("FT2633000000{nth:03}") } else { String::new() };
                (amounts[usize::try_from(dice.below(amounts.len() as u64)).unwrap()], reference)
            };
            (0..many).map(line).collect()
        };
        let before = lines(&mut dice, 1);
        let mut parts: Vec<Vec<Line>> = (0..=dice.below(3)).map(|_| lines(&mut dice, 3)).collect();
        let after = lines(&mut dice, 2);
        if dice.below(4) == 0 {
            // a day that comes to nothing
            let all = parts.iter().map(|part| sum(part)).sum::<i64>();
            parts[0].extend((all != 0).then_some((-all, String::new())));
        }
        let opening = [0, 100_000, 1_000_000][usize::try_from(dice.below(3)).unwrap()];
        let (some, other) = (one_of(&mut dice, &FORMATS), one_of(&mut dice, &FORMATS));
        let mut at = opening;
        let mut files: Vec<File> = Vec::new();
        for lines in parts.iter().cloned() {
            let file = File { on: DAY, format: some, opening: at, lines };
            at += sum(&file.lines);
            files.push(file);
        }
        let whole = File { on: DAY, format: other, opening, lines: parts.concat() };
        match dice.below(5) {
            0 | 1 => {}
            2 => files.push(whole),
            3 => files = vec![whole, files.swap_remove(0)],
            _ => files = vec![whole.clone(), File { format: some, ..whole }],
        }
        files.push(File { on: DAY + 1, format: some, opening: at, lines: after.clone() });
        files.push(File { on: DAY - 1, format: some, opening: opening - sum(&before), lines: before.clone() });
        for file in &mut files {
            // an export without lines says of no balance
            file.format = if file.lines.is_empty() && file.format == "csv" { "mt940" } else { file.format };
        }
        dice.shuffle(&mut files);
        // a bank numbers its files: the same bytes are the same one
        let is_again = |at: usize, file: &File| files[..at].contains(file);
        files =
            files.iter().enumerate().filter(|(at, file)| !is_again(*at, file)).map(|(_, file)| file.clone()).collect();
        let movements = before.len() + after.len() + parts.iter().map(Vec::len).sum::<usize>();
        Self { files, movements, closing: at }
    }

    /// What is wrong in the end; None where all of it is right.
    async fn played(&self, house: &House, seed: u64) -> Option<String> {
        let number = format!("80{seed:08}");
        house.had_account(&number).await;
        for file in &self.files {
            let lines: Vec<(i64, &str)> = file.lines.iter().map(|(amount, name)| (*amount, name.as_str())).collect();
            Told { number: &number, first: file.on, opening: file.opening, days: &[&lines] }
                .sent(house, file.format)
                .await;
        }
        let path = format!("/v1/reconciliation/{}?account={BIN}.{number}", day(DAY));
        let shown = house.staff.get(&path).await.expect(200);
        let known = movements(house, &number).await;
        let is_right =
            shown["gaps"] == json!([]) && shown["closing"] == self.closing && known == self.movements.to_string();
        let neighbour_is_last = self.files.last().is_some_and(|file| file.on != DAY);
        let may_stay = neighbour_is_last && shown["gaps"] != json!([]);
        let files: Vec<String> = self.files.iter().map(|f| format!("    {f:?}")).collect();
        (!is_right && !may_stay).then(|| {
            format!(
                "seed {seed}: {known} movements, {} and closing {}\n{}\n    {} {}",
                self.movements,
                self.closing,
                files.join("\n"),
                shown["closing"],
                shown["gaps"]
            )
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_and_goes_and_is_told_in_parts_the_day_closes_with_what_the_bank_ended_it_with() {
    let house = House::with_bank().await;
    let mut wrong = Vec::new();
    for seed in SEEDS {
        wrong.extend(Thrown::of(seed).played(&house, seed).await);
    }
    assert!(wrong.is_empty(), "{} of {SEEDS:?}\n{}", wrong.len(), wrong.join("\n"));
    house.close().await;
}

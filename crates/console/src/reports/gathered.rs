//! A report as it goes by: its totals, the sums of its chart, and as many rows as a page shows. However long it is, no more is
//! kept.

use super::chart::{self, Breakdown, Chart, Label};
use super::{said, words};
use crate::answer::Refused;
use domain::report::{Per, Report};
use payments::Context;
use payments::report::{self, Part, Turns};
use report_files::totals::Totals;
use report_files::{Row, columns, sheets};
use std::collections::BTreeMap;
use std::io;
use storage::reports::{Cell, Query};

/// On one page; the files have all.
const ROWS_SHOWN: usize = 200;
/// More than there are channels, agencies or days; what is beyond is told as one.
const GROUPS_AT_MOST: usize = 2_000;

pub(crate) struct Gathered {
    report: Report,
    pub totals: Totals,
    pub first: Vec<Row>,
    by: &'static str,
    measures: &'static [&'static str],
    groups: BTreeMap<Option<Key>, Vec<i128>>,
}

/// What a bar is of: days stand in their order, all else by its sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Day(jiff::civil::Date),
    Word(String),
    Other,
}

/// By what a report is drawn, and which of its sums.
const fn drawn(report: Report, per: Per) -> (&'static str, &'static [&'static str]) {
    match (report, per) {
        (Report::Transactions, _) => ("channel", &["amount_paid"]),
        (Report::Reconciliation, _) => ("scope", &["in", "out"]),
        (Report::Suspense, _) => ("reason", &["amount"]),
        (Report::Collections, Per::Day) => ("day", &["net"]),
        (Report::Collections, Per::Period) => ("agency", &["net"]),
        (Report::CashFlow, _) => ("line", &["in", "out"]),
        (Report::OnlinePaymentScore, _) => ("month", &[]),
        (Report::Remittances, _) => ("agency", &["remitted", "retained"]),
        (Report::TreasurySlips, _) => ("agency", &["amount_paid"]),
    }
}

/// The columns that a page shows, by their places: those for paper where there are such.
pub(crate) fn printed(report: Report) -> Vec<usize> {
    let of = |key: &str| columns::of(report).iter().position(|c| c.key == key);
    match sheets::printed(report) {
        [] => (0..columns::of(report).len()).collect(),
        some => some.iter().filter_map(|(key, _)| of(key)).collect(),
    }
}

impl Gathered {
    pub fn new(report: Report, per: Per) -> Self {
        let (by, measures) = drawn(report, per);
        Self { report, totals: Totals::new(report), first: Vec::new(), by, measures, groups: BTreeMap::new() }
    }

    fn at<'r>(&self, row: &'r Row, key: &str) -> Option<&'r Cell> {
        columns::of(self.report).iter().position(|c| c.key == key).and_then(|at| row.get(at))
    }

    pub fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.totals.add(&row);
            self.add_to_group(&row);
            if self.first.len() < ROWS_SHOWN {
                self.first.push(row);
            }
        }
    }

    fn add_to_group(&mut self, row: &Row) {
        let sums: Vec<Option<i64>> = self.measures.iter().map(|key| number(self.at(row, key))).collect();
        if sums.iter().all(Option::is_none) {
            return;
        }
        let key = match self.at(row, self.by) {
            Some(Cell::Date(day)) => Some(Key::Day(*day)),
            Some(Cell::Text(word)) => Some(Key::Word(word.clone())),
            _ => None,
        };
        let full = self.groups.len() >= GROUPS_AT_MOST && !self.groups.contains_key(&key);
        let key = if full { Some(Key::Other) } else { key };
        let group = self.groups.entry(key).or_insert_with(|| vec![0; sums.len()]);
        for (sum, amount) in group.iter_mut().zip(sums) {
            *sum += i128::from(amount.unwrap_or(0));
        }
    }

    pub fn breakdown(&self, ctx: &Context) -> Breakdown {
        let head = |key: &&str| columns::of(self.report).iter().find(|c| c.key == *key).map_or("", |c| c.head);
        let mut groups: Vec<(Label, Vec<i128>)> =
            self.groups.iter().map(|(key, sums)| (self.label(ctx, key.as_ref()), sums.clone())).collect();
        let in_order = self.by == "day";
        if !in_order {
            groups.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.iter().sum::<i128>()));
        }
        Breakdown::new((head(&self.by), in_order), self.measures.iter().map(head).collect(), groups)
    }

    pub fn chart(&self, ctx: &Context) -> Option<Chart> {
        chart::draw(columns::title(self.report), &self.breakdown(ctx))
    }

    fn label(&self, ctx: &Context, key: Option<&Key>) -> Label {
        match key {
            Some(Key::Day(day)) => said(ctx, self.by, &Cell::Date(*day)),
            Some(Key::Word(word)) => said(ctx, self.by, &Cell::Text(word.clone())),
            Some(Key::Other) => words::OTHERS.to_owned(),
            None => words::NOBODYS.to_owned(),
        }
    }
}

const fn number(cell: Option<&Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    }
}

/// All rows, read once.
pub(crate) async fn gather(ctx: &Context, turns: &Turns, wanted: Query) -> Result<Gathered, Refused> {
    let mut gathered = Gathered::new(wanted.report, wanted.per);
    let mut parts = report::start(ctx, &turns.rows, wanted);
    loop {
        match parts.recv().await {
            Some(Part::Rows(rows)) => gathered.add(rows),
            Some(Part::End) => return Ok(gathered),
            Some(Part::Broken(error)) => return Err(error.into()),
            None => return Err(Refused::broken(io::Error::other("the rows ended before their end"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_sums_of_a_chart_are_the_totals_of_the_report_and_rows_beyond_the_page_count() {
        let mut gathered = Gathered::new(Report::Collections, Per::Day);
        let place = |key: &str| columns::of(Report::Collections).iter().position(|c| c.key == key).unwrap();
        let row = |day: i8, net: i64| {
            let mut row = vec![Cell::Empty; columns::of(Report::Collections).len()];
            row[place("day")] = Cell::Date(date(2026, 11, day));
            row[place("net")] = Cell::Number(net);
            row
        };
        for day in 1..=30 {
            gathered.add((1..=10).map(|n| row(day, n * i64::from(day))).collect());
        }
        gathered.add(vec![row(7, -1_000)]);
        assert_eq!((gathered.first.len(), gathered.totals.rows()), (ROWS_SHOWN, 301));
        let whole = gathered.totals.by_place().find(|(at, _)| *at == place("net")).map(|(_, sum)| sum);
        let drawn: i128 = gathered.groups.values().map(|sums| sums[0]).sum();
        assert_eq!((whole, drawn, gathered.groups.len()), (Some(24_575), 24_575, 30));
    }
}

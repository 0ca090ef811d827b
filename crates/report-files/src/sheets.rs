//! A report on paper: the columns that fit on a lying A4, all rows, the totals. How many pages there are is known with the
//! last row, so they are kept until then: a PDF has a bound, the other forms have none.

use crate::Row;
use crate::columns;
use crate::totals::Totals;
use crate::whole::Whole;
use domain::Vnd;
use domain::business_day::HANOI;
use domain::report::{Period, Report};
use paper::Paper;
use paper::table::{Column, Table};
use std::fs::File;
use std::io::{self, Write};
use storage::reports::Cell;

/// Nobody prints more, and more would not fit into memory.
pub const ROWS_AT_MOST: usize = 20_000;

/// What is printed of a payment, and how wide: a person finds it again by these.
const TRANSACTIONS: &[(&str, u16)] = &[
    ("day", 46),
    ("agency", 38),
    ("dossier_code", 80),
    ("fee_code", 62),
    ("sub_item", 28),
    ("channel", 60),
    ("reference", 58),
    ("provider_txn_id", 84),
    ("statement_bank_ref", 74),
    ("credited_on", 46),
    ("amount_paid", 60),
    ("provider_fee", 46),
    ("match_state", 48),
];

/// The columns for paper; empty where a report has none.
pub const fn printed(report: Report) -> &'static [(&'static str, u16)] {
    match report {
        Report::Transactions => TRANSACTIONS,
        Report::Reconciliation
        | Report::Suspense
        | Report::Collections
        | Report::CashFlow
        | Report::Remittances
        | Report::TreasurySlips
        | Report::OnlinePaymentScore => &[],
    }
}

pub struct Sheets {
    table: Table,
    places: Vec<usize>,
    totals: Totals,
    title: &'static str,
}

impl Sheets {
    pub fn new(report: Report, period: Period) -> Self {
        let title = columns::title(report);
        let all = columns::of(report);
        let (sums, _) = columns::sums(report);
        let found = printed(report).iter().filter_map(|(key, width)| {
            let place = all.iter().position(|c| c.key == *key)?;
            let head = all.get(place)?.head.to_owned();
            Some((place, Column { head, width: *width, is_right: sums.contains(key) }))
        });
        let (places, columns) = found.unzip();
        let notes = vec![format!("Từ ngày {} đến ngày {}", day(period.from()), day(period.to()))];
        let table =
            Table { title: title.to_owned(), notes, columns, rows: Vec::new(), totals: None, signed_by: Vec::new() };
        Self { table, places, totals: Totals::new(report), title }
    }

    fn totals(&self) -> Vec<String> {
        let sums: Vec<(usize, i128)> = self.totals.by_place().collect();
        let sum =
            |place: &usize| sums.iter().find(|(at, _)| at == place).map_or_else(String::new, |(_, sum)| grouped(*sum));
        let mut row: Vec<String> = self.places.iter().map(sum).collect();
        if let Some(first) = row.first_mut() {
            *first = "Cộng".to_owned();
        }
        row
    }
}

impl Whole for Sheets {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        if self.table.rows.len() + rows.len() > ROWS_AT_MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        for row in rows {
            self.totals.add(row);
            let cell = |place: &usize| row.get(*place).map_or_else(String::new, shown);
            self.table.rows.push(self.places.iter().map(cell).collect());
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, file: &mut File) -> io::Result<()> {
        self.table.notes.push(format!("{} dòng", grouped(i128::from(self.totals.rows()))));
        self.table.totals = Some(self.totals());
        let bytes = print(self.title, &[self.table]).ok_or_else(|| io::Error::other("the fonts cannot be read"))?;
        file.write_all(&bytes)
    }
}

/// Tables as one document with numbered pages.
pub fn print(title: &str, tables: &[Table]) -> Option<Vec<u8>> {
    let mut paper = Paper::new(title, "vi")?;
    paper.tables(tables, |n, all| format!("Trang {n} / {all}"))?;
    paper.bytes()
}

/// As a person reads it.
pub fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => said(text),
        Cell::Number(number) => grouped(i128::from(*number)),
        Cell::Date(date) => day(*date),
        Cell::Hundredths(value) => value.to_string(),
        Cell::At(at) => HANOI.to_datetime(*at).strftime("%d/%m/%Y %H:%M").to_string(),
    }
}

/// Words of the program in those of whoever reads the paper; what is no such word is as it is.
fn said(text: &str) -> String {
    match text {
        "matched" => "khớp",
        "unmatched" => "chưa khớp",
        "case" => "chênh lệch",
        other => other,
    }
    .to_owned()
}

/// As Vietnamese readers write it.
pub fn day(date: jiff::civil::Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

/// `1.021.000`
pub fn grouped(number: i128) -> String {
    let Ok(number) = i64::try_from(number) else { return number.to_string() };
    let amount = Vnd::new(number).to_string();
    amount.strip_suffix(" ₫").unwrap_or(&amount).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_is_printed_are_columns_of_the_report_and_fits_on_the_paper() {
        for &report in Report::ALL {
            let printed = printed(report);
            assert!(printed.iter().all(|(key, _)| columns::of(report).iter().any(|c| c.key == *key)), "{report}");
            assert!(printed.iter().map(|(_, width)| width).sum::<u16>() <= paper::table::WIDTH, "{report}");
        }
    }

    #[test]
    fn a_report_that_nobody_would_print_is_refused_before_it_fills_the_memory() {
        let today = date(2026, 11, 27);
        let mut sheets = Sheets::new(Report::Transactions, Period::until(today));
        let rows = vec![vec![Cell::Empty; columns::of(Report::Transactions).len()]; 1_000];
        for _ in 0..ROWS_AT_MOST / 1_000 {
            assert!(sheets.rows(&rows).is_ok());
        }
        assert!(sheets.rows(&rows).is_err_and(|e| e.kind() == io::ErrorKind::FileTooLarge));
    }
}

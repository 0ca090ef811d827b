//! A report as CSV for spreadsheets: UTF-8 with BOM, RFC 4180, lines end in CRLF. A text cell that a spreadsheet would
//! take for a formula gets a leading `'`; numbers and dates are our own and stay as they are.

use crate::columns::{self, Column};
use crate::{Row, Writer};
use ::csv::{Terminator, WriterBuilder};
use domain::business_day::HANOI;
use domain::report::Report;
use storage::reports::Cell;

pub const BOM: &[u8] = "\u{feff}".as_bytes();

pub struct Csv {
    columns: &'static [Column],
}

impl Csv {
    pub fn new(report: Report) -> Self {
        Self { columns: columns::of(report) }
    }
}

impl Writer for Csv {
    fn head(&mut self) -> Vec<u8> {
        let heads = self.columns.iter().map(|c| c.head.to_owned()).collect();
        [BOM, &records(std::iter::once(heads))].concat()
    }

    fn rows(&mut self, rows: &[Row]) -> Vec<u8> {
        records(rows.iter().map(|row| row.iter().map(text).collect()))
    }

    fn tail(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

pub fn records(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).expect("a Vec takes every byte, and all rows of a report are equally long");
    }
    writer.into_inner().expect("a Vec takes every byte")
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => neutral(text),
        Cell::Number(number) => number.to_string(),
        Cell::Date(date) => date.to_string(),
        Cell::Hundredths(value) => value.to_string(),
        // staff read the clock on their wall
        Cell::At(at) => HANOI.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

/// A text that no spreadsheet takes for a formula (OWASP ASVS 5.0, 1.2.10).
pub fn neutral(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn written(cells: &[Cell]) -> String {
        String::from_utf8(records(std::iter::once(cells.iter().map(text).collect()))).expect("UTF-8")
    }

    #[test]
    fn formulas_are_texts_and_numbers_are_numbers() {
        for (sent, kept) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+84 900", "'+84 900"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("\0=1", "'\0=1"),
            ("＝1", "'＝1"),
            ("H38.17-261124-0001", "H38.17-261124-0001"),
            ("a,b", "\"a,b\""),
            ("nói \"vậy\"", "\"nói \"\"vậy\"\"\""),
            ("hai\r\ndòng", "\"hai\r\ndòng\""),
            ("'", "'"),
        ] {
            assert_eq!(written(&[Cell::Text(sent.to_owned()), Cell::Empty]), format!("{kept},\r\n"), "{sent:?}");
        }
        let at = "2026-11-24T17:00:01Z".parse().expect("an instant");
        let row = [Cell::Number(-21_000), Cell::Date(date(2026, 11, 24)), Cell::At(at)];
        assert_eq!(written(&row), "-21000,2026-11-24,2026-11-25 00:00:01\r\n");
    }

    #[test]
    fn every_report_begins_with_a_mark_and_its_heads() {
        for &report in Report::ALL {
            let head = String::from_utf8(Csv::new(report).head()).expect("UTF-8");
            let line = head.strip_prefix('\u{feff}').and_then(|l| l.strip_suffix("\r\n")).expect("BOM and CRLF");
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let read = reader.records().next().expect("a line").expect("CSV");
            assert_eq!(read.len(), columns::of(report).len());
        }
    }
}

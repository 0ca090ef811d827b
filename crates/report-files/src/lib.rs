//! A report as bytes: the columns of each and what staff call them, its totals, and its rows as JSON, CSV, a workbook or a PDF.
//! The API, the console and the worker write the same files by it. It reads nothing: rows come from `payments::report`.

pub mod columns;
pub mod csv;
pub mod format;
pub mod json;
pub mod sent;
pub mod sheets;
pub mod totals;
pub mod whole;
pub mod words;
pub mod workbook;

pub use format::Format;

use storage::reports::{Cell, Query};

pub type Row = Vec<Cell>;

/// How its file is called.
pub fn file_name(wanted: &Query, format: Format) -> String {
    let (report, from, to) = (wanted.report, wanted.period.from(), wanted.period.to());
    format!("{report}-{from}-{to}.{}", format.extension())
}

/// How rows become bytes as they come.
pub trait Writer: Send {
    fn head(&mut self) -> Vec<u8>;
    fn rows(&mut self, rows: &[Row]) -> Vec<u8>;
    fn tail(&mut self) -> Vec<u8>;
}

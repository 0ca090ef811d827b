//! A table as a profile reads it, whichever file it stands in: a CSV or a workbook, known by its first bytes.

use super::cell::Row;
use super::encoding;
use super::profile::Encoding;
use super::records::Records;
use crate::error::{ReadError, Reason};
use crate::place::Place;
use crate::workbook::{self, Sheet};
use ::csv::StringRecord;
use std::borrow::Cow;

/// What a profile says of a file before its columns.
pub(crate) struct Shape<'p> {
    pub delimiter: char,
    pub encoding: Encoding,
    pub preamble_lines: usize,
    pub sheet: Option<&'p str>,
}

/// The bytes, decoded if they are a text's.
pub(crate) enum Body<'b> {
    Text(Cow<'b, str>),
    Workbook(&'b [u8]),
}

impl<'b> Body<'b> {
    pub fn of(bytes: &'b [u8], shape: &Shape<'_>) -> Result<Self, ReadError> {
        if workbook::is_workbook(bytes) {
            return Ok(Self::Workbook(bytes));
        }
        encoding::decode(bytes, shape.encoding).map(Self::Text)
    }

    /// The rows, the line of the header row, and that row.
    pub fn rows(&self, shape: &Shape<'_>) -> Result<(Rows<'_>, usize, StringRecord), ReadError> {
        match self {
            Self::Text(text) => {
                let (records, line, header) = Records::open(text, shape.preamble_lines, shape.delimiter)?;
                Ok((Rows::Csv(records), line, header))
            }
            Self::Workbook(bytes) => {
                let at_start = |reason| ReadError::at(Place::line(1), reason);
                let mut sheet = workbook::open(bytes, shape.sheet).map_err(at_start)?;
                let (line, header) = sheet.header(shape.preamble_lines)?;
                Ok((Rows::Sheet(Box::new(sheet)), line, header))
            }
        }
    }
}

/// A line of a workbook is a row of its sheet.
pub(crate) enum Rows<'b> {
    Csv(Records<'b>),
    Sheet(Box<Sheet<'b>>),
}

impl Rows<'_> {
    pub fn next(&mut self) -> Result<Option<(usize, Row<'_>)>, ReadError> {
        match self {
            Self::Csv(records) => Ok(records.next()?.map(|(line, record)| (line, Row::of(record, &[])))),
            Self::Sheet(sheet) => sheet.next(),
        }
    }

    /// What only the end of a file tells; its last line. `totals`: the line that sums up.
    pub fn finish(&self, totals: Option<usize>) -> Result<usize, ReadError> {
        match self {
            Self::Csv(records) => Ok(records.last_line()),
            Self::Sheet(sheet) => sheet.finish(totals).map(|()| sheet.last_line()),
        }
    }
}

/// The one column with this header.
pub(crate) fn column(header: &StringRecord, name: &str) -> Result<usize, Reason> {
    let mut found = header.iter().enumerate().filter(|(_, cell)| cell.trim() == name).map(|(i, _)| i);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (None, _) => Err(Reason::Missing(format!("column {name}"))),
        (Some(_), Some(_)) => Err(Reason::Twice(format!("column {name}"))),
    }
}

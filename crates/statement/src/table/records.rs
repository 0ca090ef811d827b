//! The rows of a CSV, each with the line on which it begins.

use super::quoting;
use crate::error::{ReadError, Reason};
use crate::place::Place;
use ::csv::StringRecord;

/// The `csv` crate counts the line end before a record as its own, so lines are counted here, from the byte.
pub(crate) struct Records<'b> {
    body: &'b str,
    reader: ::csv::Reader<&'b [u8]>,
    record: StringRecord,
    counted: usize,
    /// Of the file, so behind the preamble.
    line: usize,
}

impl<'b> Records<'b> {
    /// Skips the preamble, judges the quoting of all that follows and takes the header row with its line.
    pub fn open(text: &'b str, preamble: usize, delimiter: char) -> Result<(Self, usize, StringRecord), ReadError> {
        let (skipped, body) = skip_lines(text, preamble);
        quoting::check(body, delimiter).map_err(|(line, reason)| ReadError::at(Place::line(skipped + line), reason))?;
        let reader = ::csv::ReaderBuilder::new()
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .has_headers(false)
            .from_reader(body.as_bytes());
        let mut records = Self { body, reader, record: StringRecord::new(), counted: 0, line: skipped + 1 };
        let header = records.next()?.map(|(line, header)| (line, header.clone()));
        match header {
            Some((line, header)) => Ok((records, line, header)),
            None => Err(ReadError::at(Place::line(skipped + 1), Reason::Missing("the header row".to_owned()))),
        }
    }

    pub fn next(&mut self) -> Result<Option<(usize, &StringRecord)>, ReadError> {
        let read = self.reader.read_record(&mut self.record);
        let position = match &read {
            Ok(_) => self.record.position(),
            Err(error) => error.position(),
        };
        let byte = position.and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or(self.counted);
        let line = self.line_at(byte);
        let refused = |reason| Err(ReadError::at(Place::line(line), reason));
        match read {
            Ok(true) => Ok(Some((line, &self.record))),
            Ok(false) => Ok(None),
            Err(error) if matches!(error.kind(), ::csv::ErrorKind::UnequalLengths { .. }) => {
                refused(Reason::Unfit("the number of cells".to_owned()))
            }
            Err(_) => refused(Reason::Malformed("no CSV")),
        }
    }

    /// The last line of the file.
    pub fn last_line(&self) -> usize {
        let rest = self.body.as_bytes().get(self.counted..).unwrap_or_default();
        self.line + rest.iter().filter(|b| **b == b'\n').count()
    }

    fn line_at(&mut self, byte: usize) -> usize {
        let bytes = self.body.as_bytes();
        let blank = bytes.iter().skip(byte).take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let start = (byte + blank).min(bytes.len());
        let passed = bytes.get(self.counted..start).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count();
        self.counted = self.counted.max(start);
        self.line
    }
}

/// How many lines were there to skip, and the text behind them.
fn skip_lines(text: &str, count: usize) -> (usize, &str) {
    let mut rest = text;
    for skipped in 0..count {
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return (skipped, ""),
        }
    }
    (count, rest)
}

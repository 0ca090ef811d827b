//! Reports that are files: written to a temporary file that has no name while the rows come, and sent when they are whole.
//! What breaks off is a refusal then, never half a file.

use crate::{Format, Row, Writer, csv, json, sheets, workbook};
use domain::report::{Period, Report};
use std::fs::File;
use std::io::{self, Seek, Write};

/// A file that rows become.
pub trait Whole: Send {
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] where the form has a bound and this is above it.
    fn rows(&mut self, rows: &[Row]) -> io::Result<()>;

    /// # Errors
    /// When the file cannot be written.
    fn finish(self: Box<Self>, file: &mut File) -> io::Result<()>;
}

/// An empty file of this form.
///
/// # Errors
/// When no temporary file can be made.
pub fn begin(format: Format, report: Report, period: Period) -> io::Result<Box<dyn Whole>> {
    Ok(match format {
        Format::Pdf => Box::new(sheets::Sheets::new(report, period)),
        Format::Xlsx => Box::new(workbook::Workbook::new(report, period)?),
        Format::Csv => Box::new(Spool::begin(csv::Csv::new(report))?),
        Format::Json => Box::new(Spool::begin(json::Json::new(report, period))?),
    })
}

/// What is written row by row, kept until it is whole.
struct Spool<W> {
    writer: W,
    kept: io::BufWriter<File>,
}

impl<W: Writer> Spool<W> {
    fn begin(mut writer: W) -> io::Result<Self> {
        let mut kept = io::BufWriter::new(tempfile::tempfile()?);
        kept.write_all(&writer.head())?;
        Ok(Self { writer, kept })
    }
}

impl<W: Writer> Whole for Spool<W> {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        self.kept.write_all(&self.writer.rows(rows))
    }

    fn finish(mut self: Box<Self>, file: &mut File) -> io::Result<()> {
        self.kept.write_all(&self.writer.tail())?;
        let mut kept = self.kept.into_inner().map_err(io::IntoInnerError::into_error)?;
        kept.rewind()?;
        io::copy(&mut kept, file).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns;
    use jiff::civil::date;
    use std::io::Read;
    use storage::reports::Cell;

    #[test]
    fn a_file_is_what_would_have_been_sent_row_by_row() {
        let day = date(2026, 11, 24);
        let period = Period::new(day, day).expect("a day");
        let rows = [vec![Cell::Text("late".to_owned()); columns::of(Report::Suspense).len()]];
        let mut writer = json::Json::new(Report::Suspense, period);
        let sent = [writer.head(), writer.rows(&rows), writer.tail()].concat();
        let mut whole = begin(Format::Json, Report::Suspense, period).expect("a file");
        whole.rows(&rows).expect("rows");
        let mut file = tempfile::tempfile().expect("a file");
        whole.finish(&mut file).expect("a whole file");
        file.rewind().expect("its beginning");
        let mut read = Vec::new();
        file.read_to_end(&mut read).expect("bytes");
        assert_eq!(read, sent);
    }
}

//! One cell: it fits its format or it is refused.

use super::profile::Numbers;
use crate::error::Reason;
use crate::money::{Currency, minor};
use jiff::civil::{Date, DateTime, date as civil_date};
use jiff::fmt::strtime;

/// What stands in a cell, beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All that a CSV has.
    Text,
    /// A workbook's number, in plain digits.
    Number,
    /// A workbook's day; with a time, if it shows one.
    Day(DateTime, bool),
    /// What is refused as soon as it is asked for.
    Unread(&'static str),
}

/// What a profile reads a column as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Text,
    Amount,
    Day,
    /// Looked at for the marker of the totals row.
    Marker,
}

/// The columns that a profile reads, each with its use.
#[derive(Debug, Default)]
pub(crate) struct Uses(Vec<(usize, Use)>);

impl Uses {
    pub fn add(&mut self, column: usize, of: Use) -> usize {
        self.0.push((column, of));
        column
    }
}

pub(crate) struct Row<'r> {
    texts: &'r ::csv::StringRecord,
    /// None of a CSV.
    kinds: &'r [Kind],
}

impl<'r> Row<'r> {
    pub fn of(texts: &'r ::csv::StringRecord, kinds: &'r [Kind]) -> Self {
        Self { texts, kinds }
    }

    pub fn cell(&self, column: usize) -> &str {
        self.texts.get(column).unwrap_or_default().trim()
    }

    /// The text, a line break within a cell as a blank; `None` if there is none.
    pub fn text(&self, column: usize) -> Option<String> {
        match self.cell(column) {
            "" => None,
            text if text.contains(['\r', '\n']) => Some(text.replace("\r\n", " ").replace(['\r', '\n'], " ")),
            text => Some(text.to_owned()),
        }
    }

    fn kind(&self, column: usize) -> Kind {
        self.kinds.get(column).copied().unwrap_or(Kind::Text)
    }

    /// Each cell that is read holds what its column is read as. Asked before anything else of a row: a cell that cannot be
    /// read has no text, and would be taken for an empty one.
    pub fn fits(&self, uses: &Uses) -> Result<(), Reason> {
        let columns = if self.kinds.is_empty() { &[] } else { uses.0.as_slice() };
        columns.iter().try_for_each(|(column, of)| match (self.kind(*column), of) {
            (Kind::Unread(why), _) => Err(Reason::Cell { column: column + 1, holds: why }),
            (Kind::Day(..), Use::Text | Use::Amount) => Err(Reason::Cell { column: column + 1, holds: "a day" }),
            (Kind::Number, Use::Text) if self.cell(*column).contains('.') => {
                Err(Reason::Cell { column: column + 1, holds: "a fraction" })
            }
            _ => Ok(()),
        })
    }

    /// A day of this century, by the declared format only, or a workbook's own.
    pub fn date(&self, column: usize, format: &str, name: &str) -> Result<Date, Reason> {
        match self.kind(column) {
            Kind::Day(day, _) => Some(day.date()).filter(in_century).ok_or_else(|| Reason::Unfit(name.to_owned())),
            kind => {
                let text = self.cell(column);
                let read = date(text, format, name)?;
                self.kept(kind, || strtime::format(format, read).is_ok_and(|again| again == text), name).map(|()| read)
            }
        }
    }

    /// The same with the time of the day, on the clock of wherever the file was written.
    pub fn time(&self, column: usize, format: &str, name: &str) -> Result<DateTime, Reason> {
        match self.kind(column) {
            Kind::Day(day, true) if in_century(&day.date()) => Ok(day),
            Kind::Day(..) => Err(Reason::Unfit(name.to_owned())),
            kind => {
                let text = self.cell(column);
                let read = time(text, format, name)?;
                self.kept(kind, || strtime::format(format, read).is_ok_and(|again| again == text), name).map(|()| read)
            }
        }
    }

    /// A number has lost the zeros that it began with: `01122026` would be another day.
    fn kept(&self, kind: Kind, is_whole: impl Fn() -> bool, name: &str) -> Result<(), Reason> {
        if kind == Kind::Number && !is_whole() { Err(Reason::Unfit(name.to_owned())) } else { Ok(()) }
    }

    pub fn is_empty(&self, column: usize) -> bool {
        self.cell(column).is_empty() && self.kind(column) == Kind::Text
    }
}

fn in_century(day: &Date) -> bool {
    (2000..2100).contains(&day.year())
}

/// How a workbook's number reads.
const PLAIN: Numbers = Numbers { grouping: None, decimal: Some('.') };

pub(crate) struct Number<'p> {
    pub format: &'p Numbers,
    pub currency: Currency,
}

impl Number<'_> {
    /// An amount without a sign, or an empty cell.
    pub fn maybe(&self, row: &Row<'_>, column: usize, name: &str) -> Result<Option<i64>, Reason> {
        match row.cell(column) {
            "" => Ok(None),
            text => self.as_in(row, column).unsigned(text).map(Some).ok_or_else(|| Reason::Unfit(name.to_owned())),
        }
    }

    pub fn signed(&self, row: &Row<'_>, column: usize, name: &str) -> Result<i64, Reason> {
        let (text, number) = (row.cell(column), self.as_in(row, column));
        let size = match text.strip_prefix('-') {
            Some(text) => number.unsigned(text).map(|size| -size),
            None => number.unsigned(text.strip_prefix('+').unwrap_or(text)),
        };
        size.ok_or_else(|| Reason::Unfit(name.to_owned()))
    }

    fn as_in(&self, row: &Row<'_>, column: usize) -> Number<'_> {
        let format = if row.kind(column) == Kind::Number { &PLAIN } else { self.format };
        Number { format, currency: self.currency }
    }

    /// With `.` as the decimal sign, `150.000` could be a hundred and fifty or as many thousands: a fraction longer
    /// than the currency's, or than two digits of zeros where it has none, is refused.
    fn unsigned(&self, text: &str) -> Option<i64> {
        let (whole, fraction) = match self.format.decimal.and_then(|sign| text.split_once(sign)) {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        if fraction.len() > self.currency.exponent().max(2) as usize {
            return None;
        }
        minor(&self.ungrouped(whole)?, fraction, self.currency)
    }

    /// Groups of three behind one of one to three; `1,00,000` and `1,000000` do not fit.
    fn ungrouped(&self, whole: &str) -> Option<String> {
        let Some(sign) = self.format.grouping.filter(|sign| whole.contains(*sign)) else {
            return Some(whole.to_owned());
        };
        let mut groups = whole.split(sign);
        let head = groups.next()?;
        let fits = (1..=3).contains(&head.len()) && groups.all(|group| group.len() == 3);
        fits.then(|| whole.chars().filter(|c| *c != sign).collect())
    }
}

fn date(text: &str, format: &str, name: &str) -> Result<Date, Reason> {
    let date = Date::strptime(format, text).ok().filter(in_century);
    date.ok_or_else(|| Reason::Unfit(name.to_owned()))
}

fn time(text: &str, format: &str, name: &str) -> Result<DateTime, Reason> {
    let time = DateTime::strptime(format, text).ok().filter(|t| in_century(&t.date()));
    time.ok_or_else(|| Reason::Unfit(name.to_owned()))
}

/// Whether a day and time written in the format are read back, to the minute at least. A format with a zone cannot be
/// written from a time without one.
pub(crate) fn is_time_format(format: &str) -> bool {
    let time = civil_date(2031, 12, 25).at(13, 14, 15, 0);
    let read = strtime::format(format, time).ok().and_then(|text| DateTime::strptime(format, text).ok());
    read.is_some_and(|read| read == time || read == civil_date(2031, 12, 25).at(13, 14, 0, 0))
}

/// Whether a day written in the format is read back.
pub(crate) fn is_date_format(format: &str) -> bool {
    let day = civil_date(2031, 12, 25);
    let written = strtime::format(format, DateTime::from_parts(day, jiff::civil::time(13, 14, 15, 0)));
    written.is_ok_and(|text| Date::strptime(format, text).is_ok_and(|read| read == day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(grouping: Option<char>, decimal: Option<char>, code: &str, text: &str) -> Option<i64> {
        Number { format: &Numbers { grouping, decimal }, currency: Currency::new(code).unwrap() }.unsigned(text)
    }

    #[test]
    fn a_number_fits_its_declared_format_or_is_refused() {
        let english = |text| number(Some(','), Some('.'), "VND", text);
        let vietnamese = |text| number(Some('.'), Some(','), "VND", text);
        assert_eq!(english("1,000,000.00"), Some(1_000_000));
        assert_eq!(vietnamese("1.000.000"), Some(1_000_000));
        assert_eq!(vietnamese("1000000,0"), Some(1_000_000));
        for text in
            ["1.000.000", "150.000", "150.", "150.5", "1,00,000", "1,000000", ",000", "1,000,", "", "1 000", "+1"]
        {
            assert_eq!(english(text), None, "{text}");
        }
        assert_eq!(number(None, None, "VND", "150,000"), None);
        assert_eq!(number(None, Some(','), "EUR", "8,85"), Some(885));
        assert_eq!(number(None, Some(','), "EUR", "8,850"), None);
        assert_eq!(number(Some('.'), None, "VND", "150.000"), Some(150_000));
    }

    #[test]
    fn a_date_fits_its_declared_format_or_is_refused() {
        let format = "%d/%m/%Y";
        assert_eq!(date("24/11/2026", format, ""), Ok(civil_date(2026, 11, 24)));
        for text in ["11/24/2026", "24/11/2026 14:02", "24-11-2026", "24/11/26", "30/02/2026", ""] {
            assert!(date(text, format, "").is_err(), "{text}");
        }
        assert!(is_time_format("%d/%m/%Y %H:%M:%S") && is_time_format("%Y%m%d%H%M"));
        assert!(!["%d/%m/%Y", "%d/%m/%Y %I:%M", "%d/%m/%Y %H:%M:%S %z", "%s"].into_iter().any(is_time_format));
        assert!(is_date_format("%d/%m/%Y %H:%M:%S"));
        assert!(!is_date_format("%d/%m") && !is_date_format("dd/MM/yyyy"));
    }
}

//! One cell: it fits its format or it is refused.

use super::profile::Numbers;
use crate::error::Reason;
use crate::money::{Currency, minor};
use jiff::civil::{Date, DateTime, date as civil_date};
use jiff::fmt::strtime;

pub(crate) struct Row<'r>(pub &'r ::csv::StringRecord);

impl Row<'_> {
    pub fn cell(&self, column: usize) -> &str {
        self.0.get(column).unwrap_or_default().trim()
    }

    /// The text, a line break within a cell as a blank; `None` if there is none.
    pub fn text(&self, column: usize) -> Option<String> {
        match self.cell(column) {
            "" => None,
            text if text.contains(['\r', '\n']) => Some(text.replace("\r\n", " ").replace(['\r', '\n'], " ")),
            text => Some(text.to_owned()),
        }
    }
}

pub(crate) struct Number<'p> {
    pub format: &'p Numbers,
    pub currency: Currency,
}

impl Number<'_> {
    /// An amount without a sign, or an empty cell.
    pub fn maybe(&self, row: &Row<'_>, column: usize, name: &str) -> Result<Option<i64>, Reason> {
        match row.cell(column) {
            "" => Ok(None),
            text => self.unsigned(text).map(Some).ok_or_else(|| Reason::Unfit(name.to_owned())),
        }
    }

    pub fn signed(&self, row: &Row<'_>, column: usize, name: &str) -> Result<i64, Reason> {
        let text = row.cell(column);
        let size = match text.strip_prefix('-') {
            Some(text) => self.unsigned(text).map(|size| -size),
            None => self.unsigned(text.strip_prefix('+').unwrap_or(text)),
        };
        size.ok_or_else(|| Reason::Unfit(name.to_owned()))
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

/// A day of this century, by the declared format only.
pub(crate) fn date(text: &str, format: &str, name: &str) -> Result<Date, Reason> {
    let date = Date::strptime(format, text).ok().filter(|d| (2000..2100).contains(&d.year()));
    date.ok_or_else(|| Reason::Unfit(name.to_owned()))
}

/// A day and time of this century, by the declared format only, on the clock of wherever the file was written.
pub(crate) fn time(text: &str, format: &str, name: &str) -> Result<DateTime, Reason> {
    let time = DateTime::strptime(format, text).ok().filter(|t| (2000..2100).contains(&t.year()));
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

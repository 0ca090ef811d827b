//! What a cell's number says exactly. A workbook writes the shortest decimal of a binary fraction, so that
//! `150000.00000000001` may stand where somebody divided: it is never rounded to what was meant.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

/// Digits that a spreadsheet program keeps; a longer number has lost some, whatever its zeros say.
const KEPT_DIGITS: usize = 15;
/// More zeros than any amount or name of a transaction has.
const MOST_ZEROS: i32 = 30;
const DAY_MS: i128 = 86_400_000;

/// `-1.5E5` as its digits, and how many of them stand behind the point.
struct Decimal {
    negative: bool,
    digits: String,
    behind: usize,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, plain) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > 40 {
            return None;
        }
        let behind = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let (digits, behind) = match usize::try_from(behind) {
            Ok(behind) if behind <= digits.len() + 40 => (digits, behind),
            Ok(_) => return None,
            Err(_) if behind < -MOST_ZEROS => return None,
            Err(_) => (digits + &"0".repeat(usize::try_from(-behind).ok()?), 0),
        };
        Some(Self { negative, digits, behind }.plain())
    }

    /// Without zeros that say nothing.
    fn plain(mut self) -> Self {
        while self.behind > 0 && self.digits.ends_with('0') {
            self.digits.pop();
            self.behind -= 1;
        }
        let digits = self.digits.trim_start_matches('0');
        self.digits = format!("{digits:0>width$}", width = self.behind + 1);
        self
    }
}

/// The number in plain digits, with a point before its fraction; None where it is none or has lost digits.
pub(crate) fn exact(text: &str) -> Option<String> {
    let Decimal { negative, digits, behind } = Decimal::read(text)?;
    if digits.trim_start_matches('0').len() > KEPT_DIGITS {
        return None;
    }
    let (whole, fraction) = digits.split_at(digits.len() - behind);
    let sign = if negative && digits.bytes().any(|b| b != b'0') { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// The day that a number counts (ECMA-376 part 1, 18.17.4.1), to the millisecond: a second has no exact fraction.
pub(crate) fn day(text: &str, from_1904: bool) -> Option<DateTime> {
    let Decimal { negative: false, digits, behind } = Decimal::read(text)? else { return None };
    let (whole, fraction) = digits.split_at(digits.len() - behind);
    let days: i64 = whole.parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok().filter(|places| *places <= 25)?)?;
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let ms = (part * DAY_MS * 2 + scale).div_euclid(scale * 2);
    let of_day = SignedDuration::from_millis(i64::try_from(ms).ok()?);
    let since = SignedDuration::from_hours(days.checked_mul(24)?);
    // 1900 had no 29 February, whatever is counted: no day of ours is before it
    let first: Date = if from_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) };
    first.at(0, 0, 0, 0).checked_add(since).ok()?.checked_add(of_day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_exact_or_none() {
        for (text, is) in [
            ("150000", Some("150000")),
            ("1.5E5", Some("150000")),
            ("1.5e+05", Some("150000")),
            ("-1.5E-1", Some("-0.15")),
            ("150000.0", Some("150000")),
            ("-0", Some("0")),
            ("0.50", Some("0.5")),
            ("00012", Some("12")),
            ("999999999999999", Some("999999999999999")),
            ("1E14", Some("100000000000000")),
            ("1E15", None),
            ("4.1234567890123453E+18", None),
            ("150000.00000000001", None),
            ("1E999999999", None),
            ("1E-999999999", None),
            ("1,5", None),
            ("", None),
            (".5", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            ("NaN", None),
            ("1E", None),
            ("0x10", None),
        ] {
            assert_eq!(exact(text).as_deref(), is, "{text}");
        }
    }

    #[test]
    fn a_number_counts_days_from_the_end_of_1899() {
        let at = |text| day(text, false).map(|day| day.to_string());
        assert_eq!(at("46350").as_deref(), Some("2026-11-24T00:00:00"));
        assert_eq!(at("46350.584212962967").as_deref(), Some("2026-11-24T14:01:16"));
        assert_eq!(at("46350.999988425923").as_deref(), Some("2026-11-24T23:59:59"));
        assert_eq!(at("46350.999999999").as_deref(), Some("2026-11-25T00:00:00"));
        assert_eq!(day("44888", true).map(|day| day.to_string()).as_deref(), Some("2026-11-24T00:00:00"));
        for text in ["-1", "1E30", "46350.1.2", ""] {
            assert_eq!(day(text, false), None, "{text}");
        }
    }
}

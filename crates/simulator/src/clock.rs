//! The real clock, as the wires write it. Refuses dates that are not on the calendar.

use jiff::tz::Offset;
use jiff::{Timestamp, civil};

/// VNPAY 2.1.0, pay request table: every time is yyyyMMddHHmmss in GMT+7, which has no summer time.
const HANOI: Offset = Offset::constant(7);

pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

pub(crate) fn wire_time(at: Timestamp) -> String {
    HANOI.to_datetime(at).strftime("%Y%m%d%H%M%S").to_string()
}

/// What a clock in Hanoi shows.
pub(crate) fn hanoi(at: Timestamp) -> civil::DateTime {
    HANOI.to_datetime(at)
}

/// None outside the years that a timestamp can hold.
pub(crate) fn from_hanoi(at: civil::DateTime) -> Option<Timestamp> {
    HANOI.to_timestamp(at).ok()
}

pub(crate) fn parse_wire_time(text: &str) -> Option<Timestamp> {
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let small = |range| text.get(range).and_then(|part: &str| part.parse::<i8>().ok());
    let year = text.get(0..4)?.parse::<i16>().ok()?;
    let at = civil::DateTime::new(year, small(4..6)?, small(6..8)?, small(8..10)?, small(10..12)?, small(12..14)?, 0)
        .ok()?;
    HANOI.to_timestamp(at).ok()
}

/// yyyyMMddHHmmss → `09:30:15 05/01/2026`, as a person reads it.
pub(crate) fn readable(wire: &str) -> String {
    let part = |range| wire.get(range).unwrap_or("");
    format!("{}:{}:{} {}/{}/{}", part(8..10), part(10..12), part(12..14), part(6..8), part(4..6), part(0..4))
}

/// The day of a wire time; "unique per day" (VNPAY 2.1.0, vnp_TxnRef, vnp_RequestId) is read as the day in GMT+7.
pub(crate) fn wire_day(wire: &str) -> &str {
    wire.get(..8).unwrap_or(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hanoi_is_seven_hours_ahead() {
        let at: Timestamp = "2026-01-05T17:30:15Z".parse().unwrap();
        assert_eq!(wire_time(at), "20260106003015");
        assert_eq!(parse_wire_time("20260106003015"), Some(at));
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["20260230000000", "20261301000000", "2026010100000", "202601010000+1", "20260101240000", ""] {
            assert_eq!(parse_wire_time(text), None, "{text}");
        }
    }
}

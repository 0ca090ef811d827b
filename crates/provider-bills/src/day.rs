//! When the bank's day ends: a clock time in Hanoi, after which what was told is told anew.

use domain::business_day::HANOI;
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};

/// `00:00` to `23:59`; `24:00` is midnight too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayEnd(Time);

impl DayEnd {
    pub fn read(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten().filter(|n| *n >= 0);
        match (two(hour)?, two(minute)?) {
            (24, 0) => Some(Self(Time::midnight())),
            (hour, minute) => Time::new(hour, minute, 0, 0).ok().map(Self),
        }
    }

    /// The first such instant after `now`.
    pub fn after(self, now: Timestamp) -> Timestamp {
        let today = HANOI.to_datetime(now).date();
        let at = |date: jiff::civil::Date| HANOI.to_timestamp(date.to_datetime(self.0)).ok();
        let ends = [Some(today), today.checked_add(1.day()).ok()].into_iter().flatten().filter_map(at);
        // beyond the years of the calendar nothing is good any longer
        ends.into_iter().find(|end| *end > now).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_its_hour_in_hanoi_and_the_next_begins() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let midnight = DayEnd::read("24:00").expect("a time");
        assert_eq!(DayEnd::read("00:00"), Some(midnight));
        assert_eq!(midnight.after(at("2026-11-26T05:00:00Z")), at("2026-11-26T17:00:00Z"));
        assert_eq!(midnight.after(at("2026-11-26T17:00:00Z")), at("2026-11-27T17:00:00Z"));
        let four = DayEnd::read("16:00").expect("a time");
        assert_eq!(four.after(at("2026-11-26T08:59:59Z")), at("2026-11-26T09:00:00Z"));
        assert_eq!(four.after(at("2026-11-26T09:00:00Z")), at("2026-11-27T09:00:00Z"));
        for ill in ["", "24:01", "25:00", "7:00", "07:60", "-1:00", "07:00:00", "0700"] {
            assert_eq!(DayEnd::read(ill), None, "{ill}");
        }
    }
}

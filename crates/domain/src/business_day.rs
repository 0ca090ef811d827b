//! Business dates: the calendar day in Asia/Ho_Chi_Minh, and which of them are worked.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, tz};
use std::collections::BTreeSet;

/// Vietnam keeps UTC+7 all year and has no daylight saving time.
pub const HANOI: tz::Offset = tz::Offset::constant(7);

/// The Hanoi date of an instant.
pub fn business_date(instant: Timestamp) -> Date {
    HANOI.to_datetime(instant).date()
}

/// Days off beside Saturdays and Sundays, and Saturdays worked in exchange. Data, loaded by year: never code.
#[derive(Debug, Clone, Default)]
pub struct WorkingCalendar {
    pub holidays: BTreeSet<Date>,
    pub worked_saturdays: BTreeSet<Date>,
}

impl WorkingCalendar {
    pub fn is_worked(&self, day: Date) -> bool {
        if self.worked_saturdays.contains(&day) {
            return true;
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.holidays.contains(&day)
    }

    /// The `n`-th worked day after `day`; `n` = 0 gives `day` itself or the first worked day after it.
    pub fn worked_day_after(&self, day: Date, n: u32) -> Date {
        let mut at = day;
        while !self.is_worked(at) {
            at = next(at);
        }
        for _ in 0..n {
            at = next(at);
            while !self.is_worked(at) {
                at = next(at);
            }
        }
        at
    }
}

impl WorkingCalendar {
    /// Whether no more than `n` worked days lie between the two, the later one counted.
    pub fn within(&self, one: Date, other: Date, n: u32) -> bool {
        let (mut at, end) = (one.min(other), one.max(other));
        let mut worked = 0;
        while at < end && worked <= n {
            at = next(at);
            worked += u32::from(self.is_worked(at));
        }
        worked <= n
    }

    /// The first and the last day that are within `n` worked days of this one.
    pub fn reach(&self, day: Date, n: u32) -> (Date, Date) {
        let (mut first, mut last) = (day, day);
        while first > Date::MIN && self.within(before(first), day, n) {
            first = before(first);
        }
        while last < Date::MAX && self.within(day, next(last), n) {
            last = next(last);
        }
        (first, last)
    }
}

fn before(day: Date) -> Date {
    day.saturating_sub(1.day())
}

fn next(day: Date) -> Date {
    day.saturating_add(1.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn calendar() -> WorkingCalendar {
        WorkingCalendar {
            holidays: [
                date(2026, 11, 24),
                date(2026, 2, 16),
                date(2026, 2, 17),
                date(2026, 2, 18),
                date(2026, 2, 19),
                date(2026, 2, 20),
            ]
            .into(),
            worked_saturdays: [date(2026, 8, 22)].into(),
        }
    }

    #[test]
    fn the_day_turns_at_seventeen_hours_utc() {
        let before: Timestamp = "2026-11-24T16:59:59Z".parse().expect("instant");
        let after: Timestamp = "2026-11-24T17:00:00Z".parse().expect("instant");
        assert_eq!(business_date(before), date(2026, 11, 24));
        assert_eq!(business_date(after), date(2026, 11, 25));
    }

    #[test]
    fn tet_and_culture_day_are_off_and_the_exchanged_saturday_is_worked() {
        let c = calendar();
        assert!(!c.is_worked(date(2026, 11, 24)));
        assert!(c.is_worked(date(2026, 8, 22)));
        assert_eq!(c.worked_day_after(date(2026, 2, 13), 1), date(2026, 2, 23));
        assert_eq!(c.worked_day_after(date(2026, 2, 14), 0), date(2026, 2, 23));
    }

    #[test]
    fn a_day_reaches_over_all_that_nobody_works_on() {
        // Friday: from Wednesday to the Tuesday after
        let c = WorkingCalendar::default();
        assert_eq!(c.reach(date(2026, 11, 27), 2), (date(2026, 11, 25), date(2026, 12, 1)));
        let (first, last) = calendar().reach(date(2026, 2, 13), 2);
        assert!(calendar().within(first, date(2026, 2, 13), 2) && calendar().within(date(2026, 2, 13), last, 2));
        assert!(last > date(2026, 2, 23), "over Tết: {last}");
    }

    proptest! {
        #[test]
        fn the_nth_worked_day_has_n_worked_days_up_to_it(offset in 0_i32..700, n in 0_u32..30) {
            let c = calendar();
            let start = date(2026, 1, 1).saturating_add(offset.days());
            let end = c.worked_day_after(start, n);
            prop_assert!(c.is_worked(end));
            let mut worked = 0;
            let mut at = c.worked_day_after(start, 0);
            while at < end { at = next(at); if c.is_worked(at) { worked += 1; } }
            prop_assert_eq!(worked, n);
        }
    }
}

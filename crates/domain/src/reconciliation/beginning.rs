//! What stood on an account before its books is booked on the day with which they begin. Statements come in any order: an
//! earlier one moves that day, and what was booked for a later one is taken off it again.

use crate::money::Vnd;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What is still to be booked, day by day, so that `amount` stands on `day` and nothing on any other. `booked`: what is there.
pub fn moved_to(booked: &[(Date, Vnd)], day: Date, amount: Vnd) -> Vec<(Date, Vnd)> {
    let mut missing = BTreeMap::from([(day, amount)]);
    for (day, there) in booked {
        let left = missing.entry(*day).or_default();
        *left = *left - *there;
    }
    missing.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const EARLY: Date = date(2026, 11, 24);
    const LATE: Date = date(2026, 11, 25);

    fn vnd(dong: i64) -> Vnd {
        Vnd::new(dong)
    }

    #[test]
    fn an_account_that_begins_earlier_takes_its_opening_there_whole() {
        assert_eq!(moved_to(&[], LATE, vnd(1_000_000)), [(LATE, vnd(1_000_000))]);
        let moved = moved_to(&[(LATE, vnd(1_000_000))], EARLY, vnd(900_000));
        assert_eq!(moved, [(EARLY, vnd(900_000)), (LATE, vnd(-1_000_000))]);
    }

    #[test]
    fn what_is_there_already_is_booked_no_second_time() {
        assert_eq!(moved_to(&[(EARLY, vnd(900_000)), (LATE, vnd(0))], EARLY, vnd(900_000)), []);
        let halves = [(EARLY, vnd(-100_000)), (LATE, vnd(1_000_000))];
        assert_eq!(moved_to(&halves, EARLY, vnd(900_000)), [(EARLY, vnd(1_000_000)), (LATE, vnd(-1_000_000))]);
    }
}

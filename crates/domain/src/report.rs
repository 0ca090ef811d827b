//! What finance staff ask for as rows: which report, over which business dates.

use crate::states::words;
use jiff::civil::{Date, date};

words! {
    Report {
        Transactions = "transactions", Reconciliation = "reconciliation", Suspense = "suspense",
        Collections = "collections", CashFlow = "cash-flow", OnlinePaymentScore = "online-payment-score",
        Remittances = "remittances", TreasurySlips = "treasury-slips",
    }
}

words! {
    /// Whether rows that add up are of single days or of the whole period.
    Per { Day = "day", Period = "period" }
}

/// The longest period of one report, in days.
pub const DAYS_AT_MOST: i32 = 366;

/// Business dates, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Date,
    to: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period goes from a day to the same or a later one and has at most {DAYS_AT_MOST} days")]
pub struct BadPeriod;

impl Period {
    /// # Errors
    /// When `to` is before `from`, or there are more than [`DAYS_AT_MOST`] days.
    pub fn new(from: Date, to: Date) -> Result<Self, BadPeriod> {
        let days = from.until(to).map_err(|_| BadPeriod)?.get_days() + 1;
        if (1..=DAYS_AT_MOST).contains(&days) { Ok(Self { from, to }) } else { Err(BadPeriod) }
    }

    /// All that was booked up to `to`, however long ago.
    pub const fn until(to: Date) -> Self {
        Self { from: date(1970, 1, 1), to }
    }

    pub const fn from(self) -> Date {
        self.from
    }

    pub const fn to(self) -> Date {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_to_366_days() {
        let day = date(2028, 1, 1);
        assert!(Period::new(day, day).is_ok());
        assert!(Period::new(day, date(2028, 12, 31)).is_ok(), "a leap year");
        for to in [date(2027, 12, 31), date(2029, 1, 1), Date::MAX] {
            assert_eq!(Period::new(day, to), Err(BadPeriod));
        }
    }
}

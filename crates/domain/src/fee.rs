//! What a provider keeps for its service, by its contract: known to finance, never added to what a citizen owes. A contract
//! changes it from a day on, so a schedule is dated; which of its entries holds is said by the payment's own day.

use crate::ids::SettlementId;
use crate::money::Vnd;
use crate::states::words;
use jiff::civil::Date;

words! {
    /// How whole đồng are made of a share.
    Rounding {
        /// To the nearest; half a đồng goes up.
        HalfUp = "half_up",
        Up = "up",
        Down = "down",
    }
}

/// Behind the settlement's id in the subject of a case that tells of its fee.
const OF_FEE: &str = " fee";

/// What a case is about that tells of another fee than the contract's.
pub fn subject_of_fee(settlement: SettlementId) -> String {
    format!("{settlement}{OF_FEE}")
}

/// Whether a case is about the fee of a settlement: no money of anybody waits with it, what was kept is booked as fee.
pub fn is_of_fee(subject: &str) -> bool {
    subject.strip_suffix(OF_FEE).is_some_and(|id| id.parse::<SettlementId>().is_ok())
}

/// One in a million.
const WHOLE: i128 = 1_000_000;

impl Rounding {
    /// This many millionths of an amount, exact before it is rounded.
    pub(crate) fn share(self, amount: Vnd, rate_ppm: i32) -> Vnd {
        let share = i128::from(amount.dong()) * i128::from(rate_ppm);
        let add = match self {
            Self::HalfUp => WHOLE / 2,
            Self::Up => WHOLE - 1,
            Self::Down => 0,
        };
        // a rate is one at most: the share is no more than the amount
        Vnd::new(i64::try_from((share + add).div_euclid(WHOLE)).unwrap_or(i64::MAX))
    }
}

/// From a day on: a share of each payment, rounded, and a fixed sum beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderFee {
    pub from: Date,
    /// Millionths of the amount, 0..=999,999: 11,000 is 1.1 %.
    pub rate_ppm: i32,
    pub rounding: Rounding,
    /// đồng of each payment.
    pub fixed: Vnd,
}

impl ProviderFee {
    /// Of one payment.
    pub fn of(&self, amount: Vnd) -> Vnd {
        self.rounding.share(amount, self.rate_ppm) + self.fixed
    }
}

/// The entry that holds on a day: the newest that has begun.
pub fn in_force(schedule: &[ProviderFee], day: Date) -> Option<&ProviderFee> {
    schedule.iter().filter(|fee| fee.from <= day).max_by_key(|fee| fee.from)
}

/// What a contract keeps of these payments; None where it says nothing, or nothing for the day of one of them.
pub fn expected(schedule: &[ProviderFee], payments: impl IntoIterator<Item = (Vnd, Date)>) -> Option<Vnd> {
    if schedule.is_empty() {
        return None;
    }
    payments.into_iter().map(|(amount, day)| in_force(schedule, day).map(|fee| fee.of(amount))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const fn fee(rate_ppm: i32, rounding: Rounding, fixed: i64) -> ProviderFee {
        ProviderFee { from: date(2026, 1, 1), rate_ppm, rounding, fixed: Vnd::new(fixed) }
    }

    #[test]
    fn a_share_is_rounded_as_the_contract_says() {
        // 1.1 % of 150,050 is 1,650.55; of 150,000 exactly 1,650
        for (rounding, shares) in [
            (Rounding::HalfUp, [1_650, 1_651, 0, 1]),
            (Rounding::Up, [1_650, 1_651, 1, 1]),
            (Rounding::Down, [1_650, 1_650, 0, 0]),
        ] {
            let of = [150_000, 150_050, 45, 46].map(|amount| fee(11_000, rounding, 0).of(Vnd::new(amount)).dong());
            assert_eq!(of, shares, "{rounding:?}");
        }
        // half a đồng: 0.5 % of 100
        assert_eq!(
            [Rounding::HalfUp, Rounding::Up, Rounding::Down].map(|r| fee(5_000, r, 0).of(Vnd::new(100)).dong()),
            [1, 1, 0]
        );
        assert_eq!(fee(11_000, Rounding::HalfUp, 1_650).of(Vnd::new(150_050)).dong(), 3_301);
    }

    #[test]
    fn the_day_of_a_payment_says_which_fee_holds() {
        let schedule = [
            fee(10_000, Rounding::HalfUp, 0),
            ProviderFee { from: date(2026, 7, 1), ..fee(8_000, Rounding::HalfUp, 0) },
        ];
        let on = |day| in_force(&schedule, day).map(|f| f.rate_ppm);
        assert_eq!(
            [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)].map(on),
            [None, Some(10_000), Some(10_000), Some(8_000)]
        );
        let amount = Vnd::new(100_000);
        let both = [(amount, date(2026, 6, 30)), (amount, date(2026, 7, 1))];
        assert_eq!(expected(&schedule, both), Some(Vnd::new(1_800)));
        assert_eq!(expected(&schedule, [both[0], (amount, date(2025, 12, 31))]), None);
        assert_eq!((expected(&schedule, []), expected(&[], [])), (Some(Vnd::ZERO), None));
    }

    proptest! {
        #[test]
        fn a_rounded_share_is_less_than_a_dong_from_the_exact_one(
            amount in 0..=crate::money::MAX_AMOUNT, rate_ppm in 0..1_000_000_i32, rounding in prop::sample::select(Rounding::ALL)
        ) {
            let share = i128::from(fee(rate_ppm, rounding, 0).of(Vnd::new(amount)).dong()) * WHOLE;
            let off = share - i128::from(amount) * i128::from(rate_ppm);
            prop_assert!(off.abs() < WHOLE && share <= i128::from(amount) * WHOLE);
            let on_its_side = match rounding {
                Rounding::HalfUp => off.abs() <= WHOLE / 2,
                Rounding::Up => off >= 0,
                Rounding::Down => off <= 0,
            };
            prop_assert!(on_its_side);
        }
    }
}

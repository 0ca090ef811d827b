//! Vietnamese đồng. Whole đồng only: there is no smaller unit in use, and no float comes near.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// The most that one amount in a request may be, in đồng (contract, "Conventions").
pub const MAX_AMOUNT: i64 = 999_999_999_999;

/// The most that a line or a balance of a bank account may be, in đồng. More stands on an account, and comes to it, than one
/// request asks for.
pub const MAX_ON_ACCOUNT: i64 = 999_999_999_999_999;

/// An amount in whole đồng. Amounts that come in are checked by [`Vnd::amount`]; ledger legs are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Vnd(i64);

/// An amount outside 0..=[`MAX_AMOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a whole number of đồng from 0 to {MAX_AMOUNT}")]
pub struct AmountOutOfRange;

/// An amount further from zero than [`MAX_ON_ACCOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount on an account is at most {MAX_ON_ACCOUNT} đồng")]
pub struct BeyondAccount;

impl Vnd {
    pub const ZERO: Self = Self(0);

    /// Any signed number of đồng; for rows that were checked when they came in, and for ledger legs.
    pub const fn new(dong: i64) -> Self {
        Self(dong)
    }

    /// An amount from outside: 0..=[`MAX_AMOUNT`].
    pub fn amount(dong: i64) -> Result<Self, AmountOutOfRange> {
        (0..=MAX_AMOUNT).contains(&dong).then_some(Self(dong)).ok_or(AmountOutOfRange)
    }

    /// A line or a balance of a bank's statement: at most [`MAX_ON_ACCOUNT`], below zero too.
    pub fn on_account(dong: i64) -> Result<Self, BeyondAccount> {
        (-MAX_ON_ACCOUNT..=MAX_ON_ACCOUNT).contains(&dong).then_some(Self(dong)).ok_or(BeyondAccount)
    }

    pub const fn dong(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left of `self` after `other`, never below zero.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

/// Why a sum cannot overflow: i64 holds nine million amounts of a request, which are below 10^12, and nine thousand of an
/// account, which are below 10^15.
const FITS: &str = "amounts are bounded at the door, so a sum of them fits i64";

impl Add for Vnd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect(FITS))
    }
}

impl Sub for Vnd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect(FITS))
    }
}

impl Neg for Vnd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.checked_neg().expect(FITS))
    }
}

impl Sum for Vnd {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Add::add)
    }
}

/// `21.000 ₫`, as a Vietnamese reader expects it.
impl fmt::Display for Vnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(".")?;
            }
            write!(f, "{digit}")?;
        }
        f.write_str(" ₫")
    }
}

impl serde::Serialize for Vnd {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_from_outside_is_bounded() {
        assert_eq!(Vnd::amount(0), Ok(Vnd::ZERO));
        assert_eq!(Vnd::amount(MAX_AMOUNT).map(Vnd::dong), Ok(MAX_AMOUNT));
        for bad in [-1, MAX_AMOUNT + 1, i64::MIN, i64::MAX] {
            assert_eq!(Vnd::amount(bad), Err(AmountOutOfRange));
        }
    }

    #[test]
    fn more_stands_on_an_account_than_a_request_may_ask_for() {
        for fits in [0, -1, MAX_AMOUNT + 1, MAX_ON_ACCOUNT, -MAX_ON_ACCOUNT] {
            assert_eq!(Vnd::on_account(fits), Ok(Vnd::new(fits)));
        }
        for bad in [MAX_ON_ACCOUNT + 1, -MAX_ON_ACCOUNT - 1, i64::MIN, i64::MAX] {
            assert_eq!(Vnd::on_account(bad), Err(BeyondAccount));
        }
    }

    #[test]
    fn it_reads_as_vietnamese_money() {
        assert_eq!(Vnd::new(21_000).to_string(), "21.000 ₫");
        assert_eq!(Vnd::new(0).to_string(), "0 ₫");
        assert_eq!(Vnd::new(999).to_string(), "999 ₫");
        assert_eq!(Vnd::new(-3_200_000_000).to_string(), "-3.200.000.000 ₫");
    }
}

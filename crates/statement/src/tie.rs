//! Opening balance + Σ lines = closing balance (reliability F45).

use crate::error::Reason;
use crate::money::Money;
use crate::statement::Balance;

/// Adds a signed amount to a running sum.
pub(crate) fn add(sum: &mut i64, minor: i64) -> Result<(), Reason> {
    *sum = sum.checked_add(minor).ok_or(Reason::Overflow)?;
    Ok(())
}

/// In minor units of what all of them are in.
pub(crate) fn sum(amounts: &[Money]) -> Result<i64, Reason> {
    let mut sum = 0;
    amounts.iter().try_for_each(|amount| add(&mut sum, amount.minor))?;
    Ok(sum)
}

/// `sum` is that of the booked lines, in the currency of the opening balance.
pub(crate) fn balances(opening: Balance, sum: i64, closing: Balance) -> Result<(), Reason> {
    let currency = opening.amount.currency;
    if closing.amount.currency != currency {
        return Err(Reason::OtherCurrency);
    }
    let minor = opening.amount.minor.checked_add(sum).ok_or(Reason::Overflow)?;
    let computed = Money { minor, currency };
    if computed == closing.amount { Ok(()) } else { Err(Reason::Balance { computed, stated: closing.amount }) }
}

//! Opening balance + Σ lines = closing balance (reliability F45).

use crate::error::Reason;
use crate::money::{Currency, Money};
use crate::statement::{Balance, Line};

pub(crate) fn sum<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Result<i64, Reason> {
    lines.into_iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount.minor)).ok_or(Reason::Overflow)
}

pub(crate) fn balances(opening: Balance, lines: &[Line], closing: Balance) -> Result<(), Reason> {
    let currency: Currency = opening.amount.currency;
    let one_currency = closing.amount.currency == currency && lines.iter().all(|l| l.amount.currency == currency);
    if !one_currency {
        return Err(Reason::OtherCurrency);
    }
    let minor = opening.amount.minor.checked_add(sum(lines)?).ok_or(Reason::Overflow)?;
    let computed = Money { minor, currency };
    if computed == closing.amount { Ok(()) } else { Err(Reason::Balance { computed, stated: closing.amount }) }
}

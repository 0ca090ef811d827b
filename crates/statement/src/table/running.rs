//! What the rows of a statement add up to: the running balance and the totals row.

use super::profile::Order;
use crate::error::Reason;
use crate::money::{Currency, Money};
use crate::tie;

/// Follows the balance that stands after each row, in the order of the file.
pub(super) struct Running {
    order: Order,
    currency: Currency,
    /// The row before, the line where it stands, and the balance before it and after it.
    last: Option<(usize, i64, i64)>,
    /// See [`Self::ends`].
    ends: Option<(i64, i64)>,
}

impl Running {
    pub fn new(order: Order, currency: Currency) -> Self {
        Self { order, currency, last: None, ends: None }
    }

    /// A refusal names the line of the row whose balance does not follow from the row before it in time.
    pub fn row(&mut self, at: usize, amount: i64, stated: i64) -> Result<(), (usize, Reason)> {
        let before = stated.checked_sub(amount).ok_or((at, Reason::Overflow))?;
        if let Some((last_at, last_before, last_after)) = self.last {
            match self.order {
                Order::OldestFirst => self.follows(at, last_after, amount, stated)?,
                Order::NewestFirst => {
                    let amount = last_after.checked_sub(last_before).ok_or((last_at, Reason::Overflow))?;
                    self.follows(last_at, stated, amount, last_after)?;
                }
            }
        }
        self.ends = Some(match (self.ends, self.order) {
            (None, _) => (before, stated),
            (Some((opening, _)), Order::OldestFirst) => (opening, stated),
            (Some((_, closing)), Order::NewestFirst) => (before, closing),
        });
        self.last = Some((at, before, stated));
        Ok(())
    }

    fn follows(&self, at: usize, before: i64, amount: i64, stated: i64) -> Result<(), (usize, Reason)> {
        let money = |minor| Money { minor, currency: self.currency };
        let computed = before.checked_add(amount).ok_or((at, Reason::Overflow))?;
        if computed == stated {
            return Ok(());
        }
        Err((at, Reason::Balance { computed: money(computed), stated: money(stated) }))
    }

    /// The balance before the first row by time and after the last, of the rows so far.
    pub fn ends(&self) -> Option<(i64, i64)> {
        self.ends
    }
}

/// What was counted, sizes with their signs.
#[derive(Default)]
pub(super) struct Counted {
    credits: i64,
    debits: i64,
}

impl Counted {
    pub fn row(&mut self, amount: i64) -> Result<(), Reason> {
        tie::add(if amount > 0 { &mut self.credits } else { &mut self.debits }, amount)
    }
}

/// What the row at the end says.
pub(super) struct TotalsRow {
    pub credit: Option<i64>,
    pub debit: Option<i64>,
    pub net: Option<i64>,
    pub balance: Option<i64>,
}

impl TotalsRow {
    pub fn agrees(&self, counted: &Counted, ends: Option<(i64, i64)>) -> Result<(), Reason> {
        let net = counted.credits.checked_add(counted.debits).ok_or(Reason::Overflow)?;
        let stated = [
            (self.credit, counted.credits, "credits"),
            (self.debit, counted.debits.checked_neg().ok_or(Reason::Overflow)?, "debits"),
            (self.net, net, "amounts"),
        ];
        if stated.iter().all(|(total, _, _)| total.is_none()) {
            return Err(Reason::Missing("an amount in the totals row".to_owned()));
        }
        for (total, counted, name) in stated {
            if total.is_some_and(|t| t != counted) {
                return Err(Reason::Total(name));
            }
        }
        match (self.balance, ends) {
            (Some(stated), Some((_, closing))) if stated != closing => Err(Reason::Total("closing balance")),
            _ => Ok(()),
        }
    }
}

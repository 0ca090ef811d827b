//! What the rows that succeeded add up to, and whether the totals row says so too.

use super::layout::Layout;
use super::profile::SettlementProfile;
use super::{Kind, Row, SettlementSummary, Status};
use crate::error::Reason;
use crate::money::Currency;
use crate::table::cell::{Number, Row as Cells};
use crate::tie;
use jiff::civil::Date;

#[derive(Default)]
pub(super) struct Sums {
    /// Of any status.
    pub rows: usize,
    succeeded: usize,
    payments: i64,
    refunds: i64,
    adjustments: i64,
    fee: i64,
    net: i64,
    /// The day of each row that succeeded, as long as it is the same.
    days: Days,
}

#[derive(Default)]
enum Days {
    #[default]
    None,
    One(Option<Date>),
    Several,
}

impl Sums {
    pub fn add(&mut self, row: &Row) -> Result<(), Reason> {
        self.rows += 1;
        if row.status != Status::Success {
            return Ok(());
        }
        self.succeeded += 1;
        let of_kind = match row.kind {
            Kind::Payment => &mut self.payments,
            Kind::Refund => &mut self.refunds,
            Kind::Fee | Kind::Adjustment => &mut self.adjustments,
        };
        tie::add(of_kind, row.gross)?;
        tie::add(&mut self.fee, row.fee)?;
        tie::add(&mut self.net, row.net)?;
        self.days = match self.days {
            Days::None => Days::One(row.settled_on),
            Days::One(day) if day == row.settled_on => Days::One(day),
            _ => Days::Several,
        };
        Ok(())
    }

    /// The totals row sums the rows that succeeded, refunds as negative; a cell that it leaves empty says nothing.
    pub fn agree(&self, layout: &Layout, cells: &Cells<'_>, profile: &SettlementProfile) -> Result<(), Reason> {
        let number = Number { format: &profile.numbers, currency: Currency::VND };
        let stated = |column, name| match cells.cell(column) {
            "" => Ok(None),
            _ => number.signed(cells, column, name).map(Some),
        };
        let gross = self.payments.checked_add(self.refunds).and_then(|sum| sum.checked_add(self.adjustments));
        let sums = [
            (stated(layout.gross, "the total of gross amounts")?, gross.ok_or(Reason::Overflow)?, "gross amounts"),
            (stated(layout.fee, "the total of fees")?, self.fee, "fees"),
            (stated(layout.net, "the total of net amounts")?, self.net, "net amounts"),
        ];
        if sums.iter().all(|(stated, _, _)| stated.is_none()) {
            return Err(Reason::Missing("an amount in the totals row".to_owned()));
        }
        if let Some(column) = layout.count {
            let count = number.maybe(cells, column, "the number of rows")?;
            if count.is_some_and(|count| usize::try_from(count) != Ok(self.succeeded)) {
                return Err(Reason::Total("number of rows"));
            }
        }
        match sums.iter().find(|(stated, counted, _)| stated.is_some_and(|stated| stated != *counted)) {
            Some((_, _, name)) => Err(Reason::Total(name)),
            None => Ok(()),
        }
    }

    pub fn summary(self, sha256: String) -> SettlementSummary {
        SettlementSummary {
            sha256,
            rows: self.rows,
            gross: self.payments,
            fee: self.fee,
            refunds: self.refunds,
            adjustments: self.adjustments,
            net: self.net,
            settled_on: match self.days {
                Days::One(day) => day,
                Days::None | Days::Several => None,
            },
        }
    }
}

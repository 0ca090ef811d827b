//! One row: its words, its signs, and net = gross − fee.

use super::layout::Layout;
use super::profile::{RefundSign, SettlementProfile};
use super::{Kind, Row, Status};
use crate::error::Reason;
use crate::money::{Currency, Money};
use crate::table::cell::{Number, Row as Cells};
use domain::business_day::HANOI;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

pub(super) fn read(
    line_no: usize,
    layout: &Layout,
    cells: &Cells<'_>,
    profile: &SettlementProfile,
) -> Result<Row, Reason> {
    let kind = word(cells, layout.kind, &profile.types, Kind::Payment, "the type")?;
    let status = word(cells, layout.status, &profile.statuses, Status::Success, "the status")?;
    if layout.currency.is_some_and(|column| cells.cell(column) != Currency::VND.code()) {
        return Err(Reason::OtherCurrency);
    }
    let Amounts { gross, fee, net } = Amounts::read(layout, cells, profile, kind, status)?;
    let moved = status == Status::Success && matches!(kind, Kind::Payment | Kind::Refund);
    Ok(Row {
        line_no,
        provider_txn: cells
            .text(layout.provider_txn)
            .ok_or_else(|| Reason::Missing("the provider's transaction".to_owned()))?,
        order_ref: own_name(cells.text(layout.order_ref), profile.order_ref_after),
        merchant: layout.merchant.and_then(|column| cells.text(column)),
        original: layout.original.and_then(|column| cells.text(column)),
        gross,
        fee,
        net,
        paid_at: paid_at(layout, cells, profile, moved)?,
        settled_on: settled_on(layout, cells, profile, status)?,
        kind,
        status,
    })
}

/// A name without the sign is taken as it is: it may be no order of ours.
fn own_name(named: Option<String>, after: Option<char>) -> Option<String> {
    let named = named?;
    let own = after.and_then(|sign| named.split_once(sign)).map(|(_, own)| own.to_owned());
    own.or(Some(named))
}

/// The meaning of a cell, or `only` where there is no such column.
fn word<T: Copy>(
    cells: &Cells<'_>,
    column: Option<usize>,
    words: &BTreeMap<String, T>,
    only: T,
    name: &str,
) -> Result<T, Reason> {
    match column {
        None => Ok(only),
        Some(column) => words.get(cells.cell(column)).copied().ok_or_else(|| Reason::Unfit(name.to_owned())),
    }
}

struct Amounts {
    gross: i64,
    fee: i64,
    net: i64,
}

impl Amounts {
    fn read(
        layout: &Layout,
        cells: &Cells<'_>,
        profile: &SettlementProfile,
        kind: Kind,
        status: Status,
    ) -> Result<Self, Reason> {
        let number = Number { format: &profile.numbers, currency: Currency::VND };
        let signed = |column, name, may_be_empty| match cells.cell(column) {
            "" if may_be_empty => Ok(0),
            _ => number.signed(cells, column, name),
        };
        let gross = signed(layout.gross, "the gross amount", kind == Kind::Fee)?;
        let fee = number.maybe(cells, layout.fee, "the fee")?.unwrap_or_default();
        let net = signed(layout.net, "the net amount", status != Status::Success)?;
        let turned = kind == Kind::Refund && profile.refund_sign == RefundSign::Positive;
        if turned && (gross < 0 || net < 0) {
            return Err(Reason::Unfit("the sign of a refund".to_owned()));
        }
        let amounts = if turned { Self { gross: -gross, fee, net: -net } } else { Self { gross, fee, net } };
        amounts.has_sign_of(kind, status)?;
        amounts.ties(status)?;
        Ok(amounts)
    }

    fn has_sign_of(&self, kind: Kind, status: Status) -> Result<(), Reason> {
        let nothing = self.gross == 0 && status != Status::Success;
        let fits = match kind {
            Kind::Payment => self.gross > 0 || nothing,
            Kind::Refund => self.gross < 0 || nothing,
            Kind::Fee => self.gross <= 0,
            Kind::Adjustment => true,
        };
        if fits { Ok(()) } else { Err(Reason::Unfit("the sign of the gross amount".to_owned())) }
    }

    fn ties(&self, status: Status) -> Result<(), Reason> {
        let dong = |minor| Money { minor, currency: Currency::VND };
        let computed = self.gross.checked_sub(self.fee).ok_or(Reason::Overflow)?;
        let nothing = self.net == 0 && status != Status::Success;
        if computed == self.net || nothing {
            return Ok(());
        }
        Err(Reason::Net { computed: dong(computed), stated: dong(self.net) })
    }
}

fn paid_at(
    layout: &Layout,
    cells: &Cells<'_>,
    profile: &SettlementProfile,
    needed: bool,
) -> Result<Option<Timestamp>, Reason> {
    if cells.is_empty(layout.paid_at) && !needed {
        return Ok(None);
    }
    let name = "the time of payment";
    let time = cells.time(layout.paid_at, &profile.columns.paid_at.format, name)?;
    HANOI.to_timestamp(time).map(Some).map_err(|_| Reason::Unfit(name.to_owned()))
}

fn settled_on(
    layout: &Layout,
    cells: &Cells<'_>,
    profile: &SettlementProfile,
    status: Status,
) -> Result<Option<Date>, Reason> {
    let Some((index, column)) = layout.settled_on.zip(profile.columns.settled_on.as_ref()) else { return Ok(None) };
    if cells.is_empty(index) && status != Status::Success {
        return Ok(None);
    }
    cells.date(index, &column.format, "the day of settlement").map(Some)
}

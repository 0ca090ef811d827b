//! Where the columns of the profile stand in this file.

use super::profile::SettlementProfile;
use crate::error::Reason;
use crate::table::cell::Row as Cells;
use crate::table::records::column;

pub(super) struct Layout {
    pub provider_txn: usize,
    pub order_ref: usize,
    pub merchant: Option<usize>,
    pub original: Option<usize>,
    pub gross: usize,
    pub fee: usize,
    pub net: usize,
    pub currency: Option<usize>,
    pub paid_at: usize,
    pub settled_on: Option<usize>,
    pub kind: Option<usize>,
    pub status: Option<usize>,
    totals: Option<usize>,
    pub count: Option<usize>,
}

impl Layout {
    pub fn find(header: &::csv::StringRecord, profile: &SettlementProfile) -> Result<Self, Reason> {
        let find = |name: &str| column(header, name);
        let maybe = |name: Option<&String>| name.map(|name| column(header, name)).transpose();
        let columns = &profile.columns;
        Ok(Self {
            provider_txn: find(&columns.provider_txn)?,
            order_ref: find(&columns.order_ref)?,
            merchant: maybe(columns.merchant.as_ref())?,
            original: maybe(columns.original.as_ref())?,
            gross: find(&columns.gross)?,
            fee: find(&columns.fee)?,
            net: find(&columns.net)?,
            currency: maybe(columns.currency.as_ref())?,
            paid_at: find(&columns.paid_at.header)?,
            settled_on: maybe(columns.settled_on.as_ref().map(|d| &d.header))?,
            kind: maybe(columns.kind.as_ref())?,
            status: maybe(columns.status.as_ref())?,
            totals: maybe(profile.totals.as_ref().map(|t| &t.header))?,
            count: maybe(profile.totals.as_ref().and_then(|t| t.count.as_ref()))?,
        })
    }

    pub fn is_totals(&self, cells: &Cells<'_>, profile: &SettlementProfile) -> bool {
        let marker = profile.totals.as_ref().zip(self.totals);
        marker.is_some_and(|(totals, column)| cells.cell(column) == totals.marker)
    }
}

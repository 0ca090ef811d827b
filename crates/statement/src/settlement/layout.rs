//! Where the columns of the profile stand in this file.

use super::profile::SettlementProfile;
use crate::error::Reason;
use crate::table::cell::{Row as Cells, Use, Uses};
use crate::table::rows::column;

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
    pub uses: Uses,
}

impl Layout {
    pub fn find(header: &::csv::StringRecord, profile: &SettlementProfile) -> Result<Self, Reason> {
        let mut uses = Uses::default();
        let mut find = |name: &str, of: Use| column(header, name).map(|column| uses.add(column, of));
        let columns = &profile.columns;
        let gross = find(&columns.gross, Use::Amount)?;
        let fee = find(&columns.fee, Use::Amount)?;
        let net = find(&columns.net, Use::Amount)?;
        let provider_txn = find(&columns.provider_txn, Use::Text)?;
        let order_ref = find(&columns.order_ref, Use::Text)?;
        let paid_at = find(&columns.paid_at.header, Use::Day)?;
        let mut maybe = |name: Option<&String>, of: Use| name.map(|name| find(name, of)).transpose();
        let totals = profile.totals.as_ref();
        Ok(Self {
            provider_txn,
            order_ref,
            merchant: maybe(columns.merchant.as_ref(), Use::Text)?,
            original: maybe(columns.original.as_ref(), Use::Text)?,
            gross,
            fee,
            net,
            currency: maybe(columns.currency.as_ref(), Use::Text)?,
            paid_at,
            settled_on: maybe(columns.settled_on.as_ref().map(|day| &day.header), Use::Day)?,
            kind: maybe(columns.kind.as_ref(), Use::Text)?,
            status: maybe(columns.status.as_ref(), Use::Text)?,
            totals: maybe(totals.map(|totals| &totals.header), Use::Marker)?,
            count: maybe(totals.and_then(|totals| totals.count.as_ref()), Use::Marker)?,
            uses,
        })
    }

    pub fn is_totals(&self, cells: &Cells<'_>, profile: &SettlementProfile) -> bool {
        let marker = profile.totals.as_ref().zip(self.totals);
        marker.is_some_and(|(totals, column)| cells.cell(column) == totals.marker)
    }
}

//! Where the columns of the profile stand in this file.

use super::cell::{Use, Uses};
use super::profile::{Amounts, DateColumn, Profile};
use super::rows::column;
use crate::error::Reason;

pub(super) struct Layout {
    pub booking_date: Option<usize>,
    pub value_date: Option<usize>,
    pub amounts: AmountColumns,
    pub balance: Option<usize>,
    pub bank_ref: Option<usize>,
    pub owner_ref: Option<usize>,
    pub end_to_end: Option<usize>,
    pub name: Option<usize>,
    pub account_of: Option<usize>,
    pub bank: Option<usize>,
    pub text: Option<usize>,
    pub account: Option<usize>,
    pub totals: Option<usize>,
    pub uses: Uses,
}

pub(super) enum AmountColumns {
    Two { credit: usize, debit: usize },
    Signed(usize),
}

impl Layout {
    pub fn find(header: &::csv::StringRecord, profile: &Profile) -> Result<Self, Reason> {
        let mut uses = Uses::default();
        let mut find = |name: &str, of: Use| column(header, name).map(|column| uses.add(column, of));
        let columns = &profile.columns;
        let amounts = match &profile.amounts {
            Amounts::Columns { credit, debit } => {
                AmountColumns::Two { credit: find(credit, Use::Amount)?, debit: find(debit, Use::Amount)? }
            }
            Amounts::Signed(name) => AmountColumns::Signed(find(name, Use::Amount)?),
        };
        let mut maybe = |name: Option<&String>, of: Use| name.map(|name| find(name, of)).transpose();
        fn header_of(date: Option<&DateColumn>) -> Option<&String> {
            date.map(|date| &date.header)
        }
        let totals = profile.totals.as_ref().map(|totals| &totals.header);
        Ok(Self {
            booking_date: maybe(header_of(columns.booking_date.as_ref()), Use::Day)?,
            value_date: maybe(header_of(columns.value_date.as_ref()), Use::Day)?,
            amounts,
            balance: maybe(columns.balance.as_ref(), Use::Amount)?,
            bank_ref: maybe(columns.bank_ref.as_ref(), Use::Text)?,
            owner_ref: maybe(columns.owner_ref.as_ref(), Use::Text)?,
            end_to_end: maybe(columns.end_to_end.as_ref(), Use::Text)?,
            name: maybe(columns.counterparty_name.as_ref(), Use::Text)?,
            account_of: maybe(columns.counterparty_account.as_ref(), Use::Text)?,
            bank: maybe(columns.counterparty_bank.as_ref(), Use::Text)?,
            text: maybe(columns.text.as_ref(), Use::Text)?,
            account: maybe(columns.account.as_ref(), Use::Text)?,
            totals: maybe(totals, Use::Marker)?,
            uses,
        })
    }
}

//! Where the columns of the profile stand in this file.

use super::profile::{Amounts, DateColumn, Profile};
use super::records::column;
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
}

pub(super) enum AmountColumns {
    Two { credit: usize, debit: usize },
    Signed(usize),
}

impl Layout {
    pub fn find(header: &::csv::StringRecord, profile: &Profile) -> Result<Self, Reason> {
        let column = |name: &str| column(header, name);
        let maybe = |name: &Option<String>| name.as_deref().map(column).transpose();
        let date = |date: &Option<DateColumn>| date.as_ref().map(|d| column(&d.header)).transpose();
        let columns = &profile.columns;
        let amounts = match &profile.amounts {
            Amounts::Columns { credit, debit } => AmountColumns::Two { credit: column(credit)?, debit: column(debit)? },
            Amounts::Signed(name) => AmountColumns::Signed(column(name)?),
        };
        Ok(Self {
            booking_date: date(&columns.booking_date)?,
            value_date: date(&columns.value_date)?,
            amounts,
            balance: maybe(&columns.balance)?,
            bank_ref: maybe(&columns.bank_ref)?,
            owner_ref: maybe(&columns.owner_ref)?,
            end_to_end: maybe(&columns.end_to_end)?,
            name: maybe(&columns.counterparty_name)?,
            account_of: maybe(&columns.counterparty_account)?,
            bank: maybe(&columns.counterparty_bank)?,
            text: maybe(&columns.text)?,
            account: maybe(&columns.account)?,
            totals: profile.totals.as_ref().map(|t| column(&t.header)).transpose()?,
        })
    }
}

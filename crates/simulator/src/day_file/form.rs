//! How one provider writes its files.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Entry, Kind, Totals};
use crate::clock;

pub(crate) struct Form {
    /// Lines above the header.
    pub letterhead: &'static [&'static str],
    pub columns: &'static [(&'static str, Field)],
    pub delimiter: char,
    pub encoding: Encoding,
    /// Between thousands.
    pub grouping: Option<char>,
    pub time: &'static str,
    pub day: &'static str,
    pub payment: &'static str,
    pub refund: &'static str,
    pub success: &'static str,
    /// Whether money given back has a minus; without one only its type tells.
    pub refunds_below_zero: bool,
    /// The marker of the row of totals, in the first column, and the column with the number of rows.
    pub totals: Option<(&'static str, Option<Field>)>,
    /// Whether a workbook has numbers and days; else all its cells are texts.
    pub typed: bool,
    /// The first words of a payout's text.
    pub payout: &'static str,
    /// Kept of each payment: millionths of it, rounded half up, and so many đồng.
    pub fee_ppm: i64,
    pub fee_fixed: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8Bom,
    Utf16Le,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Number,
    Transaction,
    Order,
    Merchant,
    Kind,
    Status,
    Gross,
    Fee,
    Net,
    Currency,
    PaidAt,
    SettledOn,
    Original,
}

pub(crate) enum Cell {
    Text(String),
    Dong(i64),
    Time(Timestamp),
    Day(Date),
}

pub(crate) type Table = Vec<Vec<Cell>>;

impl Form {
    pub(crate) fn fee(&self, amount: i64) -> i64 {
        let share = (i128::from(amount) * i128::from(self.fee_ppm) + 500_000).div_euclid(1_000_000);
        i64::try_from(share).unwrap_or(i64::MAX).saturating_add(self.fee_fixed)
    }

    /// The rows below the header. What is paid for a day is settled on the next one.
    pub(super) fn table(&self, merchant: &str, entries: &[Entry], totals: &Totals, date: Date) -> Table {
        let settled = date.tomorrow().unwrap_or(date);
        let row = |(number, entry): (usize, &Entry)| {
            let cell = |(_, field): &(&str, Field)| self.cell(*field, number, entry, merchant, settled);
            self.columns.iter().map(cell).collect()
        };
        let mut table: Table = (1..).zip(entries).map(row).collect();
        if let Some((marker, count)) = self.totals {
            let counted = entries.iter().filter(|entry| entry.counts).count();
            let cell = |(at, (_, field)): (usize, &(&str, Field))| match field {
                _ if at == 0 => Cell::Text(marker.to_owned()),
                Field::Gross => Cell::Dong(totals.amount()),
                Field::Fee => Cell::Dong(totals.fee),
                Field::Net => Cell::Dong(totals.net()),
                field if Some(*field) == count => Cell::Text(counted.to_string()),
                _ => Cell::Text(String::new()),
            };
            table.push(self.columns.iter().enumerate().map(cell).collect());
        }
        table
    }

    fn cell(&self, field: Field, number: usize, entry: &Entry, merchant: &str, settled: Date) -> Cell {
        let turned = entry.kind == Kind::Refund && !self.refunds_below_zero;
        let signed = |amount: i64| Cell::Dong(if turned { -amount } else { amount });
        match field {
            Field::Number => Cell::Text(number.to_string()),
            Field::Transaction => Cell::Text(entry.transaction_no.clone()),
            Field::Order => Cell::Text(entry.order_ref.clone()),
            Field::Merchant => Cell::Text(merchant.to_owned()),
            Field::Kind if entry.kind == Kind::Refund => Cell::Text(self.refund.to_owned()),
            Field::Kind => Cell::Text(self.payment.to_owned()),
            Field::Status => Cell::Text(entry.status.clone().unwrap_or_else(|| self.success.to_owned())),
            Field::Gross => signed(entry.amount),
            Field::Fee => Cell::Dong(entry.fee),
            Field::Net => signed(entry.net()),
            Field::Currency => Cell::Text("VND".to_owned()),
            Field::PaidAt => Cell::Time(entry.at),
            Field::SettledOn => Cell::Day(settled),
            Field::Original => Cell::Text(entry.original.clone()),
        }
    }

    /// A cell as a person reads it.
    pub(super) fn text(&self, cell: &Cell) -> String {
        match cell {
            Cell::Text(text) => text.clone(),
            Cell::Dong(amount) => match self.grouping {
                Some(sign) => crate::server::separated(*amount, sign),
                None => amount.to_string(),
            },
            Cell::Time(at) => clock::hanoi(*at).strftime(self.time).to_string(),
            Cell::Day(day) => day.strftime(self.day).to_string(),
        }
    }
}

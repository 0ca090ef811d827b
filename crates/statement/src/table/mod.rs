//! An export of a bank as a table, CSV or workbook, read by its declared [`Profile`] and no other way (reliability F46).
//!
//! Every row must have every column, and each cell that is used must fit; the running balance, if there is one, must
//! follow the amounts row by row, and a totals row must agree. A CSV names no statement, so its `id` is empty.

pub(crate) mod cell;
pub(crate) mod encoding;
mod layout;
pub(crate) mod profile;
mod quoting;
pub(crate) mod records;
pub(crate) mod rows;
mod running;

use crate::error::{ReadError, Reason};
use crate::money::{Currency, Money};
use crate::out::Out;
use crate::place::Place;
use crate::sink::{Head, LineState};
use crate::statement::{Balance, Batch, Counterparty, Line};
use cell::{Number, Row};
use jiff::civil::Date;
use layout::{AmountColumns, Layout};
use profile::{DateColumn, Order, Profile};
use rows::Body;
use running::{Counted, Running, TotalsRow};

pub(crate) fn read(bytes: &[u8], profile: &Profile, out: &mut Out<'_>) -> Result<(), ReadError> {
    let currency = profile.check().map_err(|reason| ReadError::at(Place::start(), reason))?;
    let shape = profile.shape();
    let body = Body::of(bytes, &shape)?;
    let (mut rows, line, header) = body.rows(&shape)?;
    let at = |(line, reason)| ReadError::at(Place::line(line), reason);
    let layout = Layout::find(&header, profile).map_err(|reason| at((line, reason)))?;
    let mut table = Table {
        profile,
        currency,
        layout,
        account: profile.account.clone(),
        running: Running::new(profile.order, currency),
        counted: Counted::default(),
        totals: None,
    };
    while let Some((line, row)) = rows.next()? {
        table.record(line, &row, out).map_err(at)?;
    }
    let end = rows.finish(table.totals.as_ref().map(|(line, _)| *line))?;
    table.finish(end, out).map_err(at)
}

struct Table<'p> {
    profile: &'p Profile,
    currency: Currency,
    layout: Layout,
    account: Option<String>,
    running: Running,
    counted: Counted,
    totals: Option<(usize, TotalsRow)>,
}

/// A refusal and its line.
type At<T> = Result<T, (usize, Reason)>;

impl Table<'_> {
    fn record(&mut self, at: usize, row: &Row<'_>, out: &mut Out<'_>) -> At<()> {
        let here = |reason| (at, reason);
        if self.totals.is_some() {
            return Err(here(Reason::Unexpected("a row after the totals".to_owned())));
        }
        row.fits(&self.layout.uses).map_err(here)?;
        let marker = self.profile.totals.as_ref().zip(self.layout.totals);
        if marker.is_some_and(|(totals, column)| row.cell(column) == totals.marker) {
            self.totals = Some((at, self.totals_row(row).map_err(here)?));
            return Ok(());
        }
        self.same_account(row).map_err(here)?;
        let balance = self.layout.balance.map(|c| self.numbers().signed(row, c, "the balance")).transpose();
        let line = balance.and_then(|balance| Ok((self.line(row)?, balance)));
        let (line, balance) = line.map_err(here)?;
        self.counted.row(line.amount.minor).map_err(here)?;
        if let Some(balance) = balance {
            self.running.row(at, line.amount.minor, balance)?;
        }
        self.hand_over(line, out).map_err(here)
    }

    fn hand_over(&self, line: Line, out: &mut Out<'_>) -> Result<(), Reason> {
        if !out.begun() {
            let oldest = self.profile.order == Order::OldestFirst;
            out.begin(&self.head(self.running.ends().filter(|_| oldest))?)?;
        }
        out.line(line, LineState::Booked)
    }

    fn head(&self, ends: Option<(i64, i64)>) -> Result<Head, Reason> {
        Ok(Head {
            account: match &self.account {
                Some(account) => account.clone(),
                None if self.layout.account.is_none() => String::new(),
                None => return Err(Reason::Missing("the account".to_owned())),
            },
            banks: Vec::new(),
            currency: self.currency,
            id: String::new(),
            sequence: None,
            copy: false,
            period: None,
            opening: ends.map(|(opening, _)| self.balance(opening)),
        })
    }

    fn balance(&self, minor: i64) -> Balance {
        Balance { amount: Money { minor, currency: self.currency }, date: None }
    }

    fn finish(self, end: usize, out: &mut Out<'_>) -> At<()> {
        let ends = self.running.ends();
        match (&self.totals, &self.profile.totals) {
            (None, Some(_)) => return Err((end, Reason::Missing("the totals row".to_owned()))),
            (Some((at, totals)), _) => totals.agrees(&self.counted, ends).map_err(|reason| (*at, reason))?,
            (None, None) => {}
        }
        let closing = ends.map(|(_, closing)| self.balance(closing));
        self.head(ends).and_then(|head| out.finish(head, closing)).map_err(|reason| (end, reason))
    }

    fn numbers(&self) -> Number<'_> {
        Number { format: &self.profile.numbers, currency: self.currency }
    }

    fn same_account(&mut self, row: &Row<'_>) -> Result<(), Reason> {
        let Some(column) = self.layout.account else { return Ok(()) };
        let account = row.text(column).ok_or_else(|| Reason::Missing("the account".to_owned()))?;
        match &self.account {
            Some(ours) if *ours != account => Err(Reason::Unfit("the account: another one".to_owned())),
            Some(_) => Ok(()),
            None => {
                self.account = Some(account);
                Ok(())
            }
        }
    }

    fn line(&self, row: &Row<'_>) -> Result<Line, Reason> {
        let columns = &self.profile.columns;
        let layout = &self.layout;
        let maybe = |column: Option<usize>| column.and_then(|c| row.text(c));
        Ok(Line {
            line_no: 0,
            booking_date: date(row, layout.booking_date, columns.booking_date.as_ref(), "the booking date")?,
            value_date: date(row, layout.value_date, columns.value_date.as_ref(), "the value date")?,
            amount: Money { minor: self.amount(row)?, currency: self.currency },
            bank_ref: maybe(layout.bank_ref),
            owner_ref: maybe(layout.owner_ref),
            end_to_end: maybe(layout.end_to_end),
            counterparty: Counterparty {
                name: maybe(layout.name),
                account: maybe(layout.account_of),
                bank: maybe(layout.bank),
            },
            text: maybe(layout.text).unwrap_or_default(),
            details: None,
            code: None,
            reversal: false,
            batch: Batch::No,
            entry_ref: None,
        })
    }

    /// With two columns, exactly one holds an amount; the other is empty or zero.
    fn amount(&self, row: &Row<'_>) -> Result<i64, Reason> {
        let numbers = self.numbers();
        match self.layout.amounts {
            AmountColumns::Signed(column) => numbers.signed(row, column, "the amount"),
            AmountColumns::Two { credit, debit } => {
                let came_in = numbers.maybe(row, credit, "the credit")?.unwrap_or_default();
                let went_out = numbers.maybe(row, debit, "the debit")?.unwrap_or_default();
                match (came_in, went_out) {
                    (0, 0) => Err(Reason::Missing("the amount".to_owned())),
                    (_, 0) => Ok(came_in),
                    (0, _) => Ok(-went_out),
                    _ => Err(Reason::Unexpected("a credit beside a debit".to_owned())),
                }
            }
        }
    }

    fn totals_row(&self, row: &Row<'_>) -> Result<TotalsRow, Reason> {
        let numbers = self.numbers();
        let balance = match self.layout.balance {
            Some(column) if !row.is_empty(column) => Some(numbers.signed(row, column, "the balance")?),
            _ => None,
        };
        match self.layout.amounts {
            AmountColumns::Two { credit, debit } => Ok(TotalsRow {
                credit: numbers.maybe(row, credit, "the total of credits")?,
                debit: numbers.maybe(row, debit, "the total of debits")?,
                net: None,
                balance,
            }),
            AmountColumns::Signed(column) => {
                let net = Some(numbers.signed(row, column, "the total")?);
                Ok(TotalsRow { credit: None, debit: None, net, balance })
            }
        }
    }
}

fn date(row: &Row<'_>, index: Option<usize>, column: Option<&DateColumn>, name: &str) -> Result<Option<Date>, Reason> {
    match (index, column) {
        (Some(index), Some(column)) => row.date(index, &column.format, name).map(Some),
        _ => Ok(None),
    }
}

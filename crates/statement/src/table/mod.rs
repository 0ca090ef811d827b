//! A CSV export of a bank, read by its declared [`Profile`] and no other way (reliability F46).
//!
//! Every row must have every column, and each cell that is used must fit; the running balance, if there is one, must
//! follow the amounts row by row, and a totals row must agree. A CSV names no statement, so its `id` is empty.

mod cell;
mod encoding;
pub(crate) mod profile;
mod quoting;

use crate::error::{ReadError, Reason};
use crate::limits::MAX_LINES;
use crate::money::{Currency, Money};
use crate::place::Place;
use crate::statement::{Balance, Batch, Counterparty, Line, Statement};
use crate::tie;
use cell::{Number, Row};
use jiff::civil::Date;
use profile::{Amounts, DateColumn, Order, Profile};

pub(crate) fn read(bytes: &[u8], profile: &Profile) -> Result<Statement, ReadError> {
    let start = |reason| ReadError::at(Place::start(), reason);
    let currency = profile.check().map_err(start)?;
    let text = encoding::decode(bytes, profile.encoding)?;
    let (preamble, body) = skip_lines(&text, profile.preamble_lines);
    let at = |line: usize, reason| ReadError::at(Place::line(line + preamble), reason);
    quoting::check(body, profile.delimiter).map_err(|(line, reason)| at(line, reason))?;

    let mut records = Records::new(body, profile.delimiter);
    let header = records.next().map_err(|(line, reason)| at(line, reason))?;
    let (line, header) = header.ok_or_else(|| at(1, Reason::Missing("the header row".to_owned())))?;
    let layout = Layout::find(header, profile).map_err(|reason| at(line, reason))?;
    let mut table = Table { profile, currency, layout, account: None, rows: Vec::new(), totals: None };
    while let Some((line, record)) = records.next().map_err(|(line, reason)| at(line, reason))? {
        table.record(line, Row(record)).map_err(|reason| at(line, reason))?;
    }
    let end = 1 + body.bytes().filter(|b| *b == b'\n').count();
    table.finish().map_err(|(line, reason)| at(line.unwrap_or(end), reason))
}

fn skip_lines(text: &str, count: usize) -> (usize, &str) {
    let mut rest = text;
    for skipped in 0..count {
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return (skipped, ""),
        }
    }
    (count, rest)
}

/// The records with the line on which each begins. The `csv` crate counts the line end before a record as its own, so
/// lines are counted here, from the byte.
struct Records<'b> {
    body: &'b str,
    reader: ::csv::Reader<&'b [u8]>,
    record: ::csv::StringRecord,
    counted: usize,
    line: usize,
}

impl<'b> Records<'b> {
    fn new(body: &'b str, delimiter: char) -> Self {
        let reader = ::csv::ReaderBuilder::new()
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .has_headers(false)
            .from_reader(body.as_bytes());
        Self { body, reader, record: ::csv::StringRecord::new(), counted: 0, line: 1 }
    }

    fn next(&mut self) -> Result<Option<(usize, &::csv::StringRecord)>, (usize, Reason)> {
        let read = self.reader.read_record(&mut self.record);
        let position = match &read {
            Ok(_) => self.record.position(),
            Err(error) => error.position(),
        };
        let byte = position.and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or(self.counted);
        let line = self.line_at(byte);
        match read {
            Ok(true) => Ok(Some((line, &self.record))),
            Ok(false) => Ok(None),
            Err(error) if matches!(error.kind(), ::csv::ErrorKind::UnequalLengths { .. }) => {
                Err((line, Reason::Unfit("the number of cells".to_owned())))
            }
            Err(_) => Err((line, Reason::Malformed("no CSV"))),
        }
    }

    fn line_at(&mut self, byte: usize) -> usize {
        let bytes = self.body.as_bytes();
        let blank = bytes.iter().skip(byte).take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let start = (byte + blank).min(bytes.len());
        let passed = bytes.get(self.counted..start).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count();
        self.counted = self.counted.max(start);
        self.line
    }
}

/// Where the columns of the profile stand in this file.
struct Layout {
    booking_date: Option<usize>,
    value_date: Option<usize>,
    amounts: AmountColumns,
    balance: Option<usize>,
    bank_ref: Option<usize>,
    owner_ref: Option<usize>,
    end_to_end: Option<usize>,
    name: Option<usize>,
    account_of: Option<usize>,
    bank: Option<usize>,
    text: Option<usize>,
    account: Option<usize>,
    totals: Option<usize>,
}

enum AmountColumns {
    Two { credit: usize, debit: usize },
    Signed(usize),
}

impl Layout {
    fn find(header: &::csv::StringRecord, profile: &Profile) -> Result<Self, Reason> {
        let column = |name: &str| {
            let mut found = header.iter().enumerate().filter(|(_, cell)| cell.trim() == name).map(|(i, _)| i);
            match (found.next(), found.next()) {
                (Some(index), None) => Ok(index),
                (None, _) => Err(Reason::Missing(format!("column {name}"))),
                (Some(_), Some(_)) => Err(Reason::Twice(format!("column {name}"))),
            }
        };
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

struct Table<'p> {
    profile: &'p Profile,
    currency: Currency,
    layout: Layout,
    account: Option<String>,
    rows: Vec<Booked>,
    totals: Option<(usize, TotalsRow)>,
}

/// A line, where it stands, and the balance after it.
struct Booked {
    at: usize,
    line: Line,
    balance: Option<i64>,
}

struct TotalsRow {
    credit: Option<i64>,
    debit: Option<i64>,
    net: Option<i64>,
    balance: Option<i64>,
}

impl Table<'_> {
    fn record(&mut self, at: usize, row: Row<'_>) -> Result<(), Reason> {
        if self.totals.is_some() {
            return Err(Reason::Unexpected("a row after the totals".to_owned()));
        }
        if self.rows.len() >= MAX_LINES {
            return Err(Reason::Limit("lines"));
        }
        let marker = self.profile.totals.as_ref().zip(self.layout.totals);
        if marker.is_some_and(|(totals, column)| row.cell(column) == totals.marker) {
            self.totals = Some((at, self.totals_row(&row)?));
            return Ok(());
        }
        self.same_account(&row)?;
        let balance = self.layout.balance.map(|c| self.numbers().signed(&row, c, "the balance")).transpose()?;
        let line = self.line(&row)?;
        self.rows.push(Booked { at, line, balance });
        Ok(())
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
            line_no: self.rows.len() + 1,
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
            Some(column) if !row.cell(column).is_empty() => Some(numbers.signed(row, column, "the balance")?),
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

    /// A refusal names its line, or none for the end of the file.
    fn finish(self) -> Result<Statement, (Option<usize>, Reason)> {
        let ends = self.balances().map_err(|(at, reason)| (Some(at), reason))?;
        match (&self.totals, &self.profile.totals) {
            (None, Some(_)) => return Err((None, Reason::Missing("the totals row".to_owned()))),
            (Some((at, totals)), _) => self.agree(totals, ends).map_err(|reason| (Some(*at), reason))?,
            (None, None) => {}
        }
        let account = self.account.or_else(|| self.profile.account.clone());
        let account = account.ok_or_else(|| (None, Reason::Missing("the account".to_owned())))?;
        let balance = |minor, date| Balance { amount: Money { minor, currency: self.currency }, date };
        Ok(Statement {
            account,
            currency: self.currency,
            id: String::new(),
            sequence: None,
            copy: false,
            opening: ends.map(|(opening, _)| balance(opening, None)),
            closing: ends.map(|(_, closing)| balance(closing, None)),
            lines: self.rows.into_iter().map(|row| row.line).collect(),
            pending: Vec::new(),
        })
    }

    /// Follows the running balance from the oldest row to the newest; gives the balance before and after all.
    fn balances(&self) -> Result<Option<(i64, i64)>, (usize, Reason)> {
        match self.profile.order {
            Order::OldestFirst => self.follow(self.rows.iter()),
            Order::NewestFirst => self.follow(self.rows.iter().rev()),
        }
    }

    fn follow<'r>(&self, rows: impl Iterator<Item = &'r Booked>) -> Result<Option<(i64, i64)>, (usize, Reason)> {
        let money = |minor| Money { minor, currency: self.currency };
        let mut ends: Option<(i64, i64)> = None;
        for row in rows {
            let Some(stated) = row.balance else { return Ok(None) };
            let amount = row.line.amount.minor;
            let overflow = (row.at, Reason::Overflow);
            let before = match ends {
                Some((_, closing)) => closing,
                None => stated.checked_sub(amount).ok_or_else(|| overflow.clone())?,
            };
            let computed = before.checked_add(amount).ok_or(overflow)?;
            if computed != stated {
                return Err((row.at, Reason::Balance { computed: money(computed), stated: money(stated) }));
            }
            ends = Some((ends.map_or(before, |(opening, _)| opening), stated));
        }
        Ok(ends)
    }

    fn agree(&self, totals: &TotalsRow, ends: Option<(i64, i64)>) -> Result<(), Reason> {
        let lines = || self.rows.iter().map(|row| &row.line);
        let credits = tie::sum(lines().filter(|l| l.amount.minor > 0))?;
        let debits = tie::sum(lines().filter(|l| l.amount.minor < 0))?;
        let net = credits.checked_add(debits).ok_or(Reason::Overflow)?;
        let stated = [
            (totals.credit, credits, "credits"),
            (totals.debit, debits.checked_neg().ok_or(Reason::Overflow)?, "debits"),
            (totals.net, net, "amounts"),
        ];
        if stated.iter().all(|(total, _, _)| total.is_none()) {
            return Err(Reason::Missing("an amount in the totals row".to_owned()));
        }
        for (total, counted, name) in stated {
            if total.is_some_and(|t| t != counted) {
                return Err(Reason::Total(name));
            }
        }
        match (totals.balance, ends) {
            (Some(stated), Some((_, closing))) if stated != closing => Err(Reason::Total("closing balance")),
            _ => Ok(()),
        }
    }
}

fn date(row: &Row<'_>, index: Option<usize>, column: Option<&DateColumn>, name: &str) -> Result<Option<Date>, Reason> {
    match (index, column) {
        (Some(index), Some(column)) => cell::date(row.cell(index), &column.format, name).map(Some),
        _ => Ok(None),
    }
}

//! Statements of an account in every format, from the same books. Refuses days before the numbering began, and a damage
//! that the format has no place for.

mod camt;
mod csv;
mod mt940;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::civil::{Date, DateTime, Weekday};
use serde::Deserialize;
use serde_json::json;

use super::Bank;
use super::book::{Book, Direction, Transaction};
use super::config::AccountConfig;
use crate::clock;
use crate::server::{Answer, Refused, refused};

/// Every calendar day has a statement; this day's is number 1.
const FIRST_DAY: Date = jiff::civil::date(2020, 1, 1);
const MOST_DAYS: i32 = 366;

/// One Hanoi day of one account; opening + Σ signed = closing.
struct Day {
    date: Date,
    /// Counts up by one a day, without end.
    sequence: i32,
    /// In đồng.
    opening: i64,
    closing: i64,
    entries: Vec<Transaction>,
}

struct Statement {
    account: AccountConfig,
    days: Vec<Day>,
    damage: Option<Damage>,
}

impl Statement {
    fn currency(&self) -> &'static str {
        if self.damage == Some(Damage::WrongCurrency) { "USD" } else { "VND" }
    }

    fn account_number(&self) -> &str {
        if self.damage == Some(Damage::OtherAccount) { "9999999999999" } else { &self.account.number }
    }

    /// What the statement says; 1000 đồng too much on the last day when so damaged.
    fn closing(&self, day: &Day) -> i64 {
        let last = self.days.last().is_some_and(|last| last.date == day.date);
        day.closing + if last && self.damage == Some(Damage::WrongClosing) { 1000 } else { 0 }
    }

    fn bic(&self) -> Option<&str> {
        /// Of the banks whose BIC is certain.
        const BICS: [(&str, &str); 8] = [
            ("970418", "BIDVVNVX"),
            ("970436", "BFTVVNVX"),
            ("970415", "ICBVVNVX"),
            ("970405", "VBAAVNVX"),
            ("970422", "MSCBVNVX"),
            ("970407", "VTCBVNVX"),
            ("970416", "ASCBVNVX"),
            ("970432", "VPBKVNVX"),
        ];
        let of_bin = || BICS.iter().find(|(bin, _)| *bin == self.account.bin).map(|(_, bic)| *bic);
        self.account.bic.as_deref().or_else(of_bin)
    }
}

impl Transaction {
    fn signed(&self) -> i64 {
        match self.direction {
            Direction::In => self.amount,
            Direction::Out => -self.amount,
        }
    }

    fn booked(&self) -> DateTime {
        clock::hanoi(self.booked_at)
    }

    /// camt only: the next working day after 16:30 and at weekends. Holidays are working days here.
    fn value_date(&self) -> Date {
        let booked = self.booked();
        let weekend = |date: Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut date = booked.date();
        if booked.time() > jiff::civil::time(16, 30, 0, 0) {
            date = date.saturating_add(jiff::Span::new().days(1));
        }
        while weekend(date) && date < Date::MAX {
            date = date.saturating_add(jiff::Span::new().days(1));
        }
        date
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Camt053V2,
    Camt053V8,
    Camt054V2,
    Camt054V8,
    Mt940,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Damage {
    /// Ends after three fifths of the bytes.
    Truncate,
    /// The closing balance of the last day is 1000 đồng too much.
    WrongClosing,
    WrongCurrency,
    OtherAccount,
    /// A DTD with an entity before the document.
    Doctype,
}

impl Damage {
    fn fits(self, format: Format) -> bool {
        match self {
            Self::Truncate => true,
            Self::WrongClosing => !matches!(format, Format::Camt054V2 | Format::Camt054V8),
            Self::WrongCurrency | Self::OtherAccount => format != Format::Csv,
            Self::Doctype => !matches!(format, Format::Mt940 | Format::Csv),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    account: String,
    format: Format,
    date: Option<Date>,
    from: Option<Date>,
    to: Option<Date>,
    damage: Option<Damage>,
}

fn bad(why: impl std::fmt::Display) -> Refused {
    refused(StatusCode::BAD_REQUEST, why)
}

impl Question {
    fn days(&self) -> Result<(Date, Date), Refused> {
        let (from, to) = match (self.date, self.from, self.to) {
            (Some(date), None, None) => (date, date),
            (None, Some(from), Some(to)) => (from, to),
            _ => return Err(bad("either date, or from and to")),
        };
        let days = (to - from).get_days();
        if from < FIRST_DAY || !(0..MOST_DAYS).contains(&days) {
            return Err(bad(format_args!("not 1-{MOST_DAYS} days from {FIRST_DAY} on")));
        }
        Ok((from, to))
    }
}

fn days(book: &Book, account: &AccountConfig, from: Date, to: Date) -> Vec<Day> {
    let mut entries: Vec<&Transaction> = book.of(&account.number).collect();
    entries.sort_by_key(|entry| entry.booked_at);
    let before = entries.iter().filter(|entry| entry.booked().date() < from);
    let mut opening = account.opening_balance + before.map(|entry| entry.signed()).sum::<i64>();
    let dates = from.series(jiff::Span::new().days(1)).take_while(|date| *date <= to);
    dates
        .map(|date| {
            let of_day = entries.iter().filter(|entry| entry.booked().date() == date);
            let entries: Vec<Transaction> = of_day.map(|entry| (*entry).clone()).collect();
            let closing = opening + entries.iter().map(Transaction::signed).sum::<i64>();
            let sequence = (date - FIRST_DAY).get_days() + 1;
            let day = Day { date, sequence, opening, closing, entries };
            opening = closing;
            day
        })
        .collect()
}

pub(super) async fn statement(bank: web::Data<Bank>, question: web::Query<Question>) -> Answer {
    let (from, to) = question.days()?;
    if question.damage.is_some_and(|damage| !damage.fits(question.format)) {
        return Err(bad("this format has no place for that damage"));
    }
    let statement = {
        let book = bank.book();
        let account = book.accounts.get(&question.account);
        let account = account.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such account"))?.clone();
        Statement { days: days(&book, &account, from, to), damage: question.damage, account }
    };
    let (kind, mut text) = match question.format {
        Format::Camt053V2 => ("application/xml", camt::write(&statement, camt::CAMT_053_V2)),
        Format::Camt053V8 => ("application/xml", camt::write(&statement, camt::CAMT_053_V8)),
        Format::Camt054V2 => ("application/xml", camt::write(&statement, camt::CAMT_054_V2)),
        Format::Camt054V8 => ("application/xml", camt::write(&statement, camt::CAMT_054_V8)),
        Format::Mt940 => ("text/plain", mt940::write(&statement)),
        Format::Csv => ("text/csv", csv::write(&statement)),
    };
    if question.damage == Some(Damage::Truncate) {
        text.truncate(text.floor_char_boundary(text.len() * 3 / 5));
    }
    let line = json!({
        "what": "statement", "account": question.account, "format": format!("{:?}", question.format),
        "from": from, "to": to, "damage": question.damage.map(|damage| format!("{damage:?}")),
    });
    bank.log.write("statement", line).await?;
    Ok(HttpResponse::Ok().content_type(format!("{kind}; charset=utf-8")).body(text))
}

//! The simulated bank, steered and read at its control address. What it booked is the truth about the account.

use jiff::civil::Date;
use jiff::{Timestamp, tz};
use serde_json::{Value, json};

use super::gateway::{amount, list, text};
use super::neighbours::Control;
use super::stop::Stop;

pub struct Bank(Control);

/// One movement as the bank booked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    pub reference: String,
    /// Credit +, debit −.
    pub amount: i64,
    /// As the payer typed it.
    pub typed: String,
    /// As the statement shows it.
    pub content: String,
    pub day: Date,
}

/// The days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

impl Days {
    pub fn of(booked: &[Booked]) -> Option<Self> {
        let days = || booked.iter().map(|booked| booked.day);
        Some(Self { first: days().min()?, last: days().max()? })
    }

    pub fn each(self) -> impl Iterator<Item = Date> {
        self.first.series(jiff::Span::new().days(1)).take_while(move |day| *day <= self.last)
    }

    pub fn has(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

impl Bank {
    pub fn new(http: reqwest::Client, url: &str) -> Self {
        Self(Control::new(http, url))
    }

    /// A payer transfers; `shape` is what the bank does to the text.
    pub async fn transfer(&self, order: Value) -> Result<Booked, Stop> {
        booked(&self.0.post("/_sim/bank/transfer", &order).await?["transaction"])
    }

    /// The next `tellers` notifications of a transfer with this text are lost.
    pub async fn lose(&self, content: &str, tellers: usize) -> Result<(), Stop> {
        let rule = json!({"match": {"content_contains": content}, "do": [{"drop": true}], "times": tellers});
        self.0.post("/_sim/script", &rule).await.map(drop)
    }

    /// How many are told of each movement of the account.
    pub async fn tellers(&self, number: &str) -> Result<usize, Stop> {
        Ok(self.account(number).await?["notifiers"].as_array().map_or(0, Vec::len))
    }

    /// The account that a number of a single payment leads to: as the books name it, and its own number.
    pub async fn behind(&self, number: &str) -> Result<(String, String), Stop> {
        let all = self.0.get("/_sim/bank/accounts").await?;
        let leads = |account: &&Value| list(account, "virtual_accounts").iter().any(|start| begins(number, start));
        let account = all.as_array().into_iter().flatten().find(leads).ok_or(Stop::Missing("virtual_accounts"))?;
        let own = text(account, "number")?;
        Ok((format!("{}.{own}", text(account, "bin")?), own))
    }

    /// What stood on the account before all that the bank booked.
    pub async fn opening(&self, number: &str) -> Result<i64, Stop> {
        amount(&self.account(number).await?, "opening_balance")
    }

    async fn account(&self, number: &str) -> Result<Value, Stop> {
        let all = self.0.get("/_sim/bank/accounts").await?;
        let known = all.as_array().into_iter().flatten().find(|account| account["number"].as_str() == Some(number));
        known.cloned().ok_or_else(|| Stop::Premise(format!("ngân hàng không có tài khoản {number} (no such account)")))
    }

    /// All that was ever booked on the account.
    pub async fn transactions(&self, number: &str) -> Result<Vec<Booked>, Stop> {
        let all = self.0.get(&format!("/_sim/bank/transactions?account={number}")).await?;
        all.as_array().into_iter().flatten().map(booked).collect()
    }

    /// The statements of these days as one file.
    pub async fn statement(&self, number: &str, format: &str, days: Days) -> Result<Vec<u8>, Stop> {
        let Days { first, last } = days;
        let path = format!("/_sim/bank/statement?account={number}&format={format}&from={first}&to={last}");
        self.0.file(&path).await
    }
}

fn begins(number: &str, start: &Value) -> bool {
    start.as_str().is_some_and(|start| number.starts_with(start))
}

fn booked(transaction: &Value) -> Result<Booked, Stop> {
    let sum = amount(transaction, "amount")?;
    let at: Timestamp = text(transaction, "booked_at")?.parse().map_err(|_| Stop::Missing("booked_at"))?;
    Ok(Booked {
        reference: text(transaction, "reference")?,
        amount: if transaction["direction"].as_str() == Some("in") { sum } else { -sum },
        typed: text(transaction, "typed")?,
        content: text(transaction, "content")?,
        // Viet Nam has one time zone and no summer time
        day: tz::offset(7).to_datetime(at).date(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_movement_is_of_its_day_in_hanoi_and_signed() {
        let shown = |direction: &str| {
            json!({"reference": "FT1", "amount": 5, "typed": "a", "content": "b", "direction": direction,
                "booked_at": "2026-11-24T17:30:00Z"})
        };
        let credit = booked(&shown("in")).expect("the documented form");
        assert_eq!((credit.amount, credit.day), (5, date(2026, 11, 25)));
        assert_eq!(booked(&shown("out")).map(|debit| debit.amount).ok(), Some(-5));
    }

    #[test]
    fn days_run_from_the_first_to_the_last_movement() {
        let on =
            |day| Booked { reference: String::new(), amount: 1, typed: String::new(), content: String::new(), day };
        let days = Days::of(&[on(date(2026, 11, 30)), on(date(2026, 12, 1)), on(date(2026, 11, 30))]).expect("some");
        assert_eq!(days.each().collect::<Vec<_>>(), [date(2026, 11, 30), date(2026, 12, 1)]);
        assert!(!days.has(date(2026, 12, 2)));
        assert_eq!(Days::of(&[]), None);
    }
}

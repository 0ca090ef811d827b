//! The bank's books: what truly happened. Refuses a reference used before in its account, an overdraft, and more money
//! than a statement can write.

use std::collections::{BTreeMap, HashSet};

use actix_web::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::{AccountConfig, MOST, PaymentCode};
use super::mangle::{self, Shape, Typed};
use super::seeded::Seeded;
use crate::clock;
use crate::server::{Refused, refused};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    In,
    Out,
}

/// One movement, as booked. Serialized, it is the truth that the log and the control calls tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Transaction {
    /// Of the whole bank, rising, with gaps; the id by which SePay and Casso know the movement.
    pub(super) id: u64,
    pub(super) account: String,
    /// The bank's, unique in its account, at most 35 characters.
    pub(super) reference: String,
    /// Of another numbering: what `other_reference` tells instead.
    pub(super) other_reference: String,
    pub(super) direction: Direction,
    /// In đồng, above zero.
    pub(super) amount: i64,
    /// As typed by the payer.
    pub(super) typed: String,
    /// As booked.
    pub(super) content: String,
    pub(super) shape: Option<Shape>,
    pub(super) booked_at: Timestamp,
    /// The account's balance when this was booked.
    pub(super) balance: i64,
    pub(super) virtual_account: Option<String>,
    pub(super) payer_account: String,
    pub(super) payer_name: String,
    /// Six-digit BIN.
    pub(super) payer_bank: String,
    /// The reference of the credit that this takes back.
    pub(super) reversal_of: Option<String>,
    pub(super) order_code: Option<i64>,
    pub(super) payment_link_id: Option<String>,
}

impl Transaction {
    /// How SePay finds a payment code: the prefix and so many letters and digits, anywhere in the content.
    pub(super) fn code(&self, code: &PaymentCode) -> Option<String> {
        let text = self.content.to_uppercase();
        text.match_indices(&code.prefix.to_uppercase()).find_map(|(at, prefix)| {
            let found: String = text.get(at + prefix.len()..)?.chars().take(code.length).collect();
            let whole = found.len() == code.length && found.bytes().all(|b| b.is_ascii_alphanumeric());
            whole.then(|| format!("{prefix}{found}"))
        })
    }
}

/// What is to be booked; names and numbers of the payer are made up where absent.
pub(super) struct Order {
    pub(super) account: String,
    pub(super) virtual_account: Option<String>,
    pub(super) direction: Direction,
    pub(super) amount: i64,
    pub(super) content: String,
    pub(super) second_content: String,
    pub(super) mangle: Mangle,
    pub(super) payer_account: Option<String>,
    pub(super) payer_name: Option<String>,
    pub(super) payer_bank: Option<String>,
    pub(super) at: Timestamp,
    pub(super) reference: Option<String>,
    pub(super) reversal_of: Option<String>,
    pub(super) order_code: Option<i64>,
    pub(super) payment_link_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mangle {
    AsTyped,
    Random,
    Shape(Shape),
}

pub(super) struct Book {
    seed: u64,
    /// By number.
    pub(super) accounts: BTreeMap<String, AccountConfig>,
    /// In the order of booking.
    pub(super) entries: Vec<Transaction>,
    last_id: u64,
    references: u64,
    /// Account and reference of every entry.
    used: HashSet<(String, String)>,
}

impl Book {
    pub(super) fn new(seed: u64) -> Self {
        let mut seeded = Seeded::new(seed, 0);
        let (last_id, references) = (1_000_000 + seeded.below(8_000_000), seeded.below(100_000_000));
        Self { seed, accounts: BTreeMap::new(), entries: Vec::new(), last_id, references, used: HashSet::new() }
    }

    /// By its own number or by that of a virtual account, which then comes second.
    pub(super) fn find(&self, number: &str) -> Option<(&AccountConfig, Option<String>)> {
        if let Some(account) = self.accounts.get(number) {
            return Some((account, None));
        }
        let holds = |account: &&AccountConfig| account.virtual_accounts.iter().any(|start| number.starts_with(start));
        self.accounts.values().find(holds).map(|account| (account, Some(number.to_owned())))
    }

    pub(super) fn of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Transaction> {
        self.entries.iter().filter(move |entry| entry.account == account)
    }

    pub(super) fn by_reference(&self, account: &str, reference: &str) -> Option<&Transaction> {
        self.entries.iter().find(|entry| entry.account == account && entry.reference == reference)
    }

    fn is_used(&self, account: &str, reference: &str) -> bool {
        self.used.contains(&(account.to_owned(), reference.to_owned()))
    }

    fn balance(&self, account: &AccountConfig) -> i64 {
        let last = self.entries.iter().rfind(|entry| entry.account == account.number);
        last.map_or(account.opening_balance, |entry| entry.balance)
    }

    /// What the order will be in the books; `enter` puts it there once its line is in the log.
    pub(super) fn prepare(&self, order: Order) -> Result<Transaction, Refused> {
        let conflict = |why: &str| refused(StatusCode::CONFLICT, why);
        let (account, by_virtual) =
            self.find(&order.account).ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such account"))?;
        let virtual_account = order.virtual_account.or(by_virtual);
        let known = |number: &String| account.virtual_accounts.iter().any(|start| number.starts_with(start));
        if virtual_account.as_ref().is_some_and(|number| !known(number)) {
            return Err(refused(StatusCode::NOT_FOUND, "the account has no such virtual account"));
        }
        let change = if order.direction == Direction::In { order.amount } else { -order.amount };
        let balance = self.balance(account).checked_add(change).filter(|balance| *balance <= MOST);
        let balance = balance.ok_or_else(|| conflict("the balance would not fit a statement"))?;
        if balance < 0 {
            return Err(conflict("the balance does not cover the amount"));
        }
        let mut seeded = Seeded::new(self.seed, u64::try_from(self.entries.len()).unwrap_or(0) + 1);
        let id = self.last_id + 1 + seeded.below(9);
        let day = clock::hanoi(order.at);
        let reference = match order.reference {
            Some(reference) if self.is_used(&account.number, &reference) => {
                return Err(conflict("the reference was used before in this account"));
            }
            Some(reference) => reference,
            None => self.next_reference(&account.number, &format!("FT{}", day.strftime("%y%j"))),
        };
        let other_reference = format!("{:06}.{}.{}", id % 1_000_000, day.strftime("%d%m%y"), seeded.digits(6));
        let payer_name = order.payer_name.unwrap_or_else(|| mangle::some_payer(&mut seeded));
        let payer_account = order.payer_account.unwrap_or_else(|| format!("007100{}", seeded.digits(7)));
        let shape = match order.mangle {
            Mangle::AsTyped => None,
            Mangle::Random => seeded.pick(&Shape::FAITHFUL).copied(),
            Mangle::Shape(shape) => Some(shape),
        };
        let typed = Typed {
            content: &order.content,
            second_content: &order.second_content,
            payer_account: &payer_account,
            payer_name: &payer_name,
            account: &account.number,
            name: &account.name,
            bank: &account.bank,
            at: day,
        };
        let content = shape.map_or_else(|| order.content.clone(), |shape| mangle::mangle(shape, &typed, &mut seeded));
        Ok(Transaction {
            id,
            account: account.number.clone(),
            reference,
            other_reference,
            direction: order.direction,
            amount: order.amount,
            typed: order.content,
            content,
            shape,
            booked_at: order.at,
            balance,
            virtual_account,
            payer_account,
            payer_name,
            payer_bank: order.payer_bank.unwrap_or_else(|| "970436".to_owned()),
            reversal_of: order.reversal_of,
            order_code: order.order_code,
            payment_link_id: order.payment_link_id,
        })
    }

    /// `FT`, year, day of the year (as MB writes it), then eight digits of a counter that is spread over all of them.
    fn next_reference(&self, account: &str, prefix: &str) -> String {
        let mut count = u64::try_from(self.entries.len()).unwrap_or(0);
        loop {
            let digits = count.wrapping_mul(7_368_787).wrapping_add(self.references) % 100_000_000;
            let reference = format!("{prefix}{digits:08}");
            if !self.is_used(account, &reference) {
                return reference;
            }
            count += 1;
        }
    }

    pub(super) fn enter(&mut self, transaction: Transaction) {
        self.last_id = transaction.id;
        self.used.insert((transaction.account.clone(), transaction.reference.clone()));
        self.entries.push(transaction);
    }
}

//! What the application knows of its customers' payments. Refuses a second payment under one number.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Where a customer's money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Taken; what the biller made of it is not known.
    Unknown,
    /// The biller has it.
    Paid,
    /// The biller said no: the customer has it back.
    Returned,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Paid => "paid",
            Self::Returned => "returned",
        }
    }
}

/// What a biller's answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) state: State,
    /// `result_code`, or the error's code, or what kept it from being one.
    pub(super) code: String,
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) number: String,
    pub(super) customer: String,
    pub(super) bill: String,
    pub(super) amount: i64,
    pub(super) state: State,
    /// Every answer that reached us, in order.
    pub(super) words: Vec<Word>,
}

impl Transaction {
    pub(super) fn shown(&self) -> Value {
        let words: Vec<Value> = self.words.iter().map(|w| json!({"state": w.state.as_str(), "code": w.code})).collect();
        json!({"transaction": self.number, "customer": self.customer, "bill": self.bill, "amount": self.amount,
            "state": self.state.as_str(), "code": self.words.last().map(|w| w.code.clone()), "answers": words})
    }
}

#[derive(Default)]
pub(super) struct Book {
    pub(super) transactions: BTreeMap<String, Transaction>,
}

impl Book {
    /// None when the number is taken.
    pub(super) fn debit(&mut self, number: &str, customer: &str, bill: &str, amount: i64) -> Option<Transaction> {
        if self.transactions.contains_key(number) {
            return None;
        }
        let transaction = Transaction {
            number: number.to_owned(),
            customer: customer.to_owned(),
            bill: bill.to_owned(),
            amount,
            state: State::Unknown,
            words: Vec::new(),
        };
        self.transactions.insert(number.to_owned(), transaction.clone());
        Some(transaction)
    }

    /// An answer came. The first that is one decides; what contradicts it later stands in `answers` for all to see.
    pub(super) fn hear(&mut self, number: &str, word: Word) -> Option<State> {
        let known = self.transactions.get_mut(number)?;
        if known.state == State::Unknown {
            known.state = word.state;
        }
        known.words.push(word);
        Some(known.state)
    }
}

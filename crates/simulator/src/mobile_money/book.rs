//! What the provider knows: requests by both correlation ids, transactions by reference, codes and accounts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::Rng;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::errors::Fault;
use crate::clock;
use crate::day_file::Entry;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Merchantpay,
    Adjustment,
    Reversal,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Merchantpay => "merchantpay",
            Self::Adjustment => "adjustment",
            Self::Reversal => "reversal",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Done { reference: String },
    Failed(Fault),
}

/// One POST that was taken up.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub server_id: String,
    /// `X-CorrelationID`; a client may leave it out.
    pub client_id: Option<String>,
    pub kind: Kind,
    pub order_ref: Option<String>,
    pub amount: i64,
    pub payer: Option<String>,
    pub original: Option<String>,
    /// The request's own fields: an answer has them again.
    pub fields: Map<String, Value>,
    pub callback: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub end: Option<End>,
    pub calls: Vec<Value>,
}

impl Request {
    pub(super) fn shown(&self) -> Value {
        let (status, reference, fault) = match &self.end {
            None => ("pending", None, None),
            Some(End::Done { reference }) => ("completed", Some(reference), None),
            Some(End::Failed(fault)) => ("failed", None, Some(fault.code.as_str())),
        };
        json!({
            "kind": self.kind, "order_ref": self.order_ref, "amount": self.amount, "payer": self.payer, "status": status,
            "transaction_reference": reference, "error_code": fault, "original": self.original, "calls": self.calls,
            "server_correlation_id": self.server_id, "client_correlation_id": self.client_id,
        })
    }

    /// `requestStateObject`.
    pub(super) fn state(&self) -> Value {
        let method = if self.callback.is_some() { "callback" } else { "polling" };
        let mut state =
            json!({"serverCorrelationId": self.server_id, "notificationMethod": method, "status": "pending"});
        match &self.end {
            None => {
                state["expiryTime"] = json!(self.expires_at.to_string());
                state["pollLimit"] = json!(1000);
                state["pendingReason"] = json!("waiting for the payer");
            }
            Some(End::Done { reference }) => {
                state["status"] = json!("completed");
                state["objectReference"] = json!(reference);
            }
            Some(End::Failed(fault)) => {
                state["status"] = json!("failed");
                state["error"] = fault.body();
            }
        }
        state
    }
}

/// A code that a payer's application made.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub payer: String,
    pub amount: Option<i64>,
    pub until: Timestamp,
    pub used: bool,
}

/// A customer's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub balance: i64,
    pub spent_this_month: i64,
}

impl Default for Account {
    fn default() -> Self {
        Self { balance: 1_000_000_000_000, spent_this_month: 0 }
    }
}

#[derive(Default)]
pub(super) struct Book {
    pub requests: Vec<Request>,
    /// Answers by `transactionReference`.
    pub transactions: BTreeMap<String, Value>,
    pub codes: BTreeMap<String, Code>,
    pub accounts: BTreeMap<String, Account>,
    /// Rows of settlement files for which nothing has happened.
    pub invented: Vec<Entry>,
    numbers: u32,
}

impl Book {
    pub(super) fn next_reference(&mut self) -> String {
        self.numbers += 1;
        // unlike in every run, as those of a real provider
        format!("MM{}{:05}", clock::now().as_millisecond(), self.numbers)
    }

    pub(super) fn by_client_id(&self, id: &str) -> Option<&Request> {
        self.requests.iter().find(|r| r.client_id.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(id)))
    }

    pub(super) fn at(&self, server_id: &str) -> Option<usize> {
        self.requests.iter().position(|r| r.server_id.eq_ignore_ascii_case(server_id))
    }

    /// The newest payment of this order.
    pub(super) fn of_order(&self, order_ref: &str) -> Option<usize> {
        let is = |r: &Request| r.kind == Kind::Merchantpay && r.order_ref.as_deref() == Some(order_ref);
        self.requests.iter().rposition(is)
    }

    /// A transaction of before this process, finished.
    pub(super) fn put_known(&mut self, reference: &str, transaction: Value, client_id: Option<String>) {
        let now = clock::now();
        let amount = transaction["amount"].as_str().and_then(|text| text.split('.').next()?.parse().ok()).unwrap_or(0);
        self.requests.push(Request {
            server_id: uuid(),
            client_id,
            kind: Kind::Merchantpay,
            order_ref: None,
            amount,
            payer: None,
            original: None,
            fields: Map::new(),
            callback: None,
            created_at: now,
            expires_at: now,
            end: Some(End::Done { reference: reference.to_owned() }),
            calls: Vec::new(),
        });
        self.transactions.insert(reference.to_owned(), transaction);
    }

    /// What reversals have taken of a transaction, or may yet.
    pub(super) fn reversed(&self, reference: &str) -> i64 {
        let is = |r: &&Request| {
            r.kind != Kind::Merchantpay
                && r.original.as_deref() == Some(reference)
                && !matches!(r.end, Some(End::Failed(_)))
        };
        self.requests.iter().filter(is).map(|r| r.amount).sum()
    }
}

/// A version 4 UUID.
pub(super) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

//! What a wallet knows of each order. Refuses to change an outcome, but for money that waits for its merchant's word.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Wire;
use crate::clock;
use crate::day_file::Entry;

/// Of money that waits for its merchant's word (MoMo AIO v2, result codes: 9000, authorised).
pub(crate) const HELD: i64 = 9000;

pub(crate) struct Book {
    pub(crate) orders: Vec<Order>,
    /// What was answered to a request id, with whether that was final.
    pub(crate) answered: HashMap<String, (bool, Value)>,
    next_no: u64,
    /// Rows of settlement files for which nothing has happened.
    pub(crate) invented: Vec<Entry>,
}

pub(crate) struct Order {
    /// As the wire names it.
    pub(crate) wire_ref: String,
    /// In đồng.
    pub(crate) amount: i64,
    pub(crate) info: String,
    pub(crate) notify_url: String,
    pub(crate) return_url: String,
    /// The rest of the request, which the wallet's reports repeat.
    pub(crate) request: Value,
    /// Names the order on the payer's page.
    pub(crate) token: String,
    pub(crate) ordered_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Set while the line about the outcome is being written: nobody may hear of it before.
    pub(crate) deciding: bool,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) calls: Vec<Call>,
    pub(crate) refunds: Vec<Refund>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Paid,
    Held,
    Cancelled,
    Failed,
}

#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) code: i64,
    /// In đồng; differs from the order's when a rule or a control call says so.
    pub(crate) amount: i64,
    pub(crate) transaction_no: u64,
    pub(crate) at: Timestamp,
}

/// One report and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) kind: &'static str,
    /// Of the calls of this kind, counted from 1.
    pub(crate) call: u32,
    pub(crate) at: Timestamp,
    pub(crate) sent: String,
    pub(crate) http_status: Option<u16>,
    pub(crate) answer: Option<String>,
    /// `confirmed` (the wallet stops), `refused` (any other answer), `no_answer`, `dropped`.
    pub(crate) verdict: &'static str,
    pub(crate) why: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    /// The merchant's name of it.
    pub(crate) request_id: String,
    pub(crate) amount: i64,
    pub(crate) transaction_no: u64,
    pub(crate) at: Timestamp,
    /// When it is out of hand: given back, or refused.
    pub(crate) decided_at: Timestamp,
    pub(crate) refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundState {
    InHand,
    Sent,
    Refused,
}

impl Refund {
    pub(crate) fn state(&self, now: Timestamp) -> RefundState {
        match (now >= self.decided_at, self.refused) {
            (false, _) => RefundState::InHand,
            (true, false) => RefundState::Sent,
            (true, true) => RefundState::Refused,
        }
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "request_id": self.request_id, "amount": self.amount, "transaction_no": self.transaction_no.to_string(),
            "at": self.at, "decided_at": self.decided_at, "refused": self.refused, "state": self.state(clock::now()),
        })
    }
}

impl Order {
    /// Nothing was decided, and nothing will be without a rule.
    pub(crate) fn has_run_out(&self, now: Timestamp) -> bool {
        self.outcome.is_none() && now >= self.expires_at
    }

    pub(crate) fn is_paid(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.status == Status::Paid)
    }

    /// In đồng, of what was taken: not given back, nor about to be.
    pub(crate) fn left(&self) -> i64 {
        let taken = self.outcome.as_ref().filter(|o| o.status == Status::Paid).map_or(0, |o| o.amount);
        let back: i64 = self.refunds.iter().filter(|refund| !refund.refused).map(|refund| refund.amount).sum();
        taken.saturating_sub(back)
    }

    pub(crate) fn shown<W: Wire>(&self) -> Value {
        let now = clock::now();
        let outcome = self.outcome.as_ref();
        let status = match outcome {
            Some(outcome) => json!(outcome.status),
            None if self.has_run_out(now) => json!("expired"),
            None => json!("opened"),
        };
        let refunds: Vec<Value> = self.refunds.iter().map(Refund::shown).collect();
        json!({
            "order_ref": W::own_name(&self.wire_ref), "wire_ref": self.wire_ref,
            "amount": outcome.map_or(self.amount, |outcome| outcome.amount), "ordered_amount": self.amount,
            "status": status, "code": outcome.map(|outcome| outcome.code),
            "transaction_no": outcome.map(|outcome| outcome.transaction_no.to_string()),
            "decided_at": outcome.map(|outcome| outcome.at), "ordered_at": self.ordered_at,
            "expires_at": self.expires_at, "info": self.info, "notify_url": self.notify_url,
            "return_url": self.return_url, "request": self.request, "calls": self.calls, "refunds": refunds,
        })
    }
}

impl Book {
    /// Numbers start anywhere among the 10-digit ones, so that nobody relies on them starting at one.
    pub(crate) fn new() -> Self {
        let next_no = rand::random_range(1_000_000_000..9_000_000_000);
        Self { orders: Vec::new(), answered: HashMap::new(), next_no, invented: Vec::new() }
    }

    pub(crate) fn next_no(&mut self) -> u64 {
        self.next_no += 1;
        self.next_no
    }

    /// By the wire's name of it, or by the merchant's.
    pub(crate) fn find<W: Wire>(&self, name: &str) -> Option<usize> {
        self.orders.iter().rposition(|order| order.wire_ref == name || W::own_name(&order.wire_ref) == name)
    }

    pub(crate) fn by_wire(&self, wire_ref: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.wire_ref == wire_ref)
    }

    pub(crate) fn by_token(&self, token: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.token == token)
    }

    pub(crate) fn by_transaction(&self, number: &str) -> Option<usize> {
        let is = |outcome: &Outcome| outcome.transaction_no.to_string() == number;
        self.orders.iter().position(|order| order.outcome.as_ref().is_some_and(is))
    }

    /// The order and the refund of this name.
    pub(crate) fn refund(&self, request_id: &str) -> Option<(&Order, &Refund)> {
        let of = |order: &'_ Order| order.refunds.iter().position(|refund| refund.request_id == request_id);
        self.orders.iter().find_map(|order| Some((order, order.refunds.get(of(order)?)?)))
    }
}

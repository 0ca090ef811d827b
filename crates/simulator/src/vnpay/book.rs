//! What VNPAY knows of each order. Refuses to change an outcome: a TxnRef is paid, cancelled or failed once.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use super::request::{Mistake, PayRequest, TXN_REF_USED};
use super::sign::Fields;
use crate::clock;

pub(crate) struct Book {
    pub(crate) orders: Vec<Order>,
    request_ids: HashSet<(String, String)>,
    next_no: u64,
    /// The day of each settlement session that was ended by hand.
    pub(crate) sessions: Vec<Date>,
}

pub(crate) struct Order {
    pub(crate) request: PayRequest,
    opened_at: Timestamp,
    opened_day: String,
    /// Set while the line about the outcome is being written: nobody may hear of it before.
    pub(crate) deciding: bool,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) calls: Vec<Call>,
    pub(crate) refunds: Vec<Refund>,
    /// The one of `sessions` that it was settled in, counted from 1.
    pub(crate) session: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Paid,
    /// Debited, but suspected of fraud: 07 in both code tables (VNPAY 2.1.0, response codes, transaction status).
    Suspected,
    Cancelled,
    Failed,
}

#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) response_code: String,
    /// In đồng; differs from the order's when a rule or a control call says so.
    pub(crate) amount: i64,
    /// None when there was no bank transaction; the wire then says `0`.
    pub(crate) transaction_no: Option<u64>,
    pub(crate) pay_date: String,
    pub(crate) bank_code: String,
    pub(crate) card_type: &'static str,
}

/// One IPN call and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) kind: &'static str,
    /// Of the calls of this kind, counted from 1.
    pub(crate) call: u32,
    pub(crate) at: Timestamp,
    pub(crate) url: String,
    pub(crate) http_status: Option<u16>,
    pub(crate) body: Option<String>,
    pub(crate) rsp_code: Option<String>,
    /// `confirmed` (00, 02: VNPAY stops), `refused` (another code), `bad_answer`, `no_answer`, `dropped`.
    pub(crate) verdict: &'static str,
    pub(crate) why: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) request_id: String,
    /// `02` the whole, `03` a part (VNPAY 2.1.0, refund request).
    pub(crate) transaction_type: String,
    pub(crate) amount: i64,
    pub(crate) transaction_no: u64,
    pub(crate) at: Timestamp,
    /// When it is out of hand: sent to the bank, or refused.
    pub(crate) decided_at: Timestamp,
    pub(crate) refused: bool,
    pub(crate) lag: Lag,
    pub(crate) came_back: Option<Return>,
    pub(crate) session: Option<usize>,
}

/// What querydr does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lag {
    None,
    /// That it was decided.
    InHand,
    /// That there is a refund at all.
    Missing,
}

/// The money of a refund, returned by the payer's bank.
#[derive(Clone, Debug)]
pub(crate) struct Return {
    pub(crate) at: Timestamp,
    pub(crate) transaction_no: u64,
    pub(crate) session: Option<usize>,
}

impl Refund {
    /// 05 VNPAY is handling it, 06 sent to the bank, 09 refused (VNPAY 2.1.0, transaction status).
    pub(crate) fn transaction_status(&self, now: Timestamp) -> &'static str {
        match (now >= self.decided_at, self.refused || self.came_back.is_some()) {
            (false, _) => "05",
            (true, false) => "06",
            (true, true) => "09",
        }
    }

    /// It went to the bank, whatever the bank did with it.
    pub(crate) fn was_sent(&self, now: Timestamp) -> bool {
        now >= self.decided_at && !self.refused
    }

    /// Type and status as querydr gives them; one that lags tells the past once.
    pub(crate) fn heard(&mut self, now: Timestamp) -> (&str, &'static str) {
        let status = self.transaction_status(now);
        match self.lag {
            Lag::None => (&self.transaction_type, status),
            Lag::InHand => {
                if status != "05" {
                    self.lag = Lag::Missing;
                }
                (&self.transaction_type, "05")
            }
            Lag::Missing => {
                self.lag = Lag::None;
                ("01", "00")
            }
        }
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "request_id": self.request_id, "transaction_type": self.transaction_type,
            "amount": self.amount, "wire_amount": wire(self.amount),
            "transaction_no": self.transaction_no.to_string(), "at": self.at, "decided_at": self.decided_at,
            "sent_at": (!self.refused).then_some(self.decided_at), "refused": self.refused,
            "came_back_at": self.came_back.as_ref().map(|back| back.at),
            "transaction_status": self.transaction_status(clock::now()),
        })
    }
}

impl Outcome {
    pub(crate) fn transaction_status(&self) -> &'static str {
        match self.status {
            Status::Paid => "00",
            Status::Suspected => "07",
            Status::Cancelled | Status::Failed => "02",
        }
    }

    pub(crate) fn debited(&self) -> bool {
        matches!(self.status, Status::Paid | Status::Suspected)
    }

    pub(crate) fn transaction_no(&self) -> String {
        self.transaction_no.map_or_else(|| "0".to_owned(), |no| no.to_string())
    }
}

pub(crate) fn wire(amount: i64) -> String {
    format!("{amount}00")
}

impl Order {
    /// The parameters of return and IPN, without the hash (VNPAY 2.1.0, return URL and IPN).
    pub(crate) fn report(&self, outcome: &Outcome, tmn_code: &str) -> Fields {
        let no = outcome.transaction_no();
        let mut fields: Fields = [
            ("vnp_TmnCode", tmn_code),
            ("vnp_Amount", &wire(outcome.amount)),
            ("vnp_BankCode", &outcome.bank_code),
            ("vnp_CardType", outcome.card_type),
            ("vnp_OrderInfo", &self.request.order_info),
            ("vnp_PayDate", &outcome.pay_date),
            ("vnp_ResponseCode", &outcome.response_code),
            ("vnp_TransactionNo", &no),
            ("vnp_TransactionStatus", outcome.transaction_status()),
            ("vnp_TxnRef", &self.request.order_ref),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if outcome.debited() {
            fields.insert("vnp_BankTranNo".to_owned(), format!("VNP{no}"));
        }
        fields
    }

    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        self.outcome.is_none() && now >= self.request.expires_at
    }

    /// In đồng, given back or about to be.
    pub(crate) fn given_back(&self) -> i64 {
        let held = self.refunds.iter().filter(|refund| !refund.refused && refund.came_back.is_none());
        held.map(|refund| refund.amount).sum()
    }

    pub(crate) fn status(&self, now: Timestamp) -> Value {
        match &self.outcome {
            Some(outcome) => json!(outcome.status),
            None if self.expired(now) => json!("expired"),
            None => json!("opened"),
        }
    }

    pub(crate) fn shown(&self) -> Value {
        let now = clock::now();
        let outcome = self.outcome.as_ref();
        let refunds: Vec<Value> = self.refunds.iter().map(Refund::shown).collect();
        let amount = outcome.map_or(self.request.amount, |outcome| outcome.amount);
        json!({
            "order_ref": self.request.order_ref,
            "amount": amount,
            "wire_amount": wire(amount),
            "ordered_amount": self.request.amount,
            "status": self.status(now),
            "response_code": outcome.map(|outcome| &outcome.response_code),
            "transaction_status": outcome.map(Outcome::transaction_status),
            "transaction_no": outcome.and_then(|outcome| outcome.transaction_no).map(|no| no.to_string()),
            "pay_date": outcome.map(|outcome| &outcome.pay_date),
            "create_date": self.request.create_date,
            "expire_date": self.request.expire_date,
            "order_info": self.request.order_info,
            "opened_at": self.opened_at,
            "pay_path": format!("/paymentv2/vpcpay.html?{}", self.request.query),
            "ipn": self.calls,
            "session": self.session,
            "refunds": refunds,
        })
    }
}

impl Book {
    /// Numbers start anywhere among the 8-digit ones, so that nobody relies on them starting at one.
    pub(crate) fn new() -> Self {
        let next_no = rand::random_range(10_000_000..90_000_000);
        Self { orders: Vec::new(), request_ids: HashSet::new(), next_no, sessions: Vec::new() }
    }

    pub(crate) fn next_no(&mut self) -> u64 {
        self.next_no += 1;
        self.next_no
    }

    /// The order of a request that was seen before, if it is the same and still unpaid.
    pub(crate) fn same(&self, request: &PayRequest, now: Timestamp) -> Result<Option<usize>, Mistake> {
        let today = clock::wire_time(now);
        let day = clock::wire_day(&request.create_date);
        let known = self.orders.iter().position(|order| {
            order.request.order_ref == request.order_ref
                && (order.opened_day == clock::wire_day(&today) || clock::wire_day(&order.request.create_date) == day)
        });
        match known.and_then(|at| self.orders.get(at).map(|order| (at, order))) {
            None => Ok(None),
            Some((_, order)) if order.request.signed != request.signed => {
                Err(Mistake::new(TXN_REF_USED, "vnp_TxnRef was used today by another request"))
            }
            Some((_, order)) if order.outcome.is_some() || order.deciding => {
                Err(Mistake::new(TXN_REF_USED, "the order of this vnp_TxnRef is finished"))
            }
            Some((at, _)) => Ok(Some(at)),
        }
    }

    pub(crate) fn open(&mut self, request: PayRequest, now: Timestamp) {
        self.orders.push(Order {
            request,
            opened_at: now,
            opened_day: clock::wire_day(&clock::wire_time(now)).to_owned(),
            deciding: false,
            outcome: None,
            calls: Vec::new(),
            refunds: Vec::new(),
            session: None,
        });
    }

    /// By what the caller knows; without the date, the latest of that name.
    pub(crate) fn find(&self, order_ref: &str, create_date: Option<&str>) -> Option<usize> {
        self.orders.iter().rposition(|order| {
            order.request.order_ref == order_ref && create_date.is_none_or(|date| date == order.request.create_date)
        })
    }

    /// False when the id was used today (VNPAY 2.1.0, vnp_RequestId: unique per TmnCode per day).
    pub(crate) fn claim_request_id(&mut self, id: &str, now: Timestamp) -> bool {
        self.request_ids.insert((clock::wire_day(&clock::wire_time(now)).to_owned(), id.to_owned()))
    }
}

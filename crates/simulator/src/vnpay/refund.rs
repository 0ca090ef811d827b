//! Refunds: taken up, decided after a while, and sometimes brought back by the payer's bank. Each change is a line of the
//! log before anybody hears of it. Refuses a second refund while one is in hand, and more than was paid.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{self, BAD_FORMAT, BAD_HASH, BAD_TERMINAL, DONE, NOT_FOUND, NOT_PAID, OTHER, REPEATED, Said, no};
use super::book::{Lag, Order, Refund, Return, wire};
use super::sign::Fields;
use super::{Action, Shop, clock};
use crate::server::{Answer, Refused, refused, strict};

/// A refusal that a rule demands, by its vnp_ResponseCode (VNPAY 2.1.0, refund).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum RefundCode {
    #[serde(rename = "02")]
    BadTerminal,
    #[serde(rename = "03")]
    BadFormat,
    #[serde(rename = "91")]
    NotFound,
    #[serde(rename = "94")]
    Repeated,
    #[serde(rename = "95")]
    NotPaid,
    #[serde(rename = "97")]
    BadHash,
    #[serde(rename = "99")]
    Other,
}

impl RefundCode {
    fn as_str(self) -> &'static str {
        match self {
            Self::BadTerminal => BAD_TERMINAL,
            Self::BadFormat => BAD_FORMAT,
            Self::NotFound => NOT_FOUND,
            Self::Repeated => REPEATED,
            Self::NotPaid => NOT_PAID,
            Self::BadHash => BAD_HASH,
            Self::Other => OTHER,
        }
    }
}

/// What the rules make of one refund.
struct Fate {
    code: Option<RefundCode>,
    wait_ms: u64,
    refused: bool,
    lag: Lag,
    /// Taken up, and called a repetition.
    repeated: bool,
}

impl Fate {
    fn of(shop: &Shop, order: &Order) -> Self {
        let matches = |rule: &super::Match| rule.is(&order.request.order_ref, Some(order.request.amount));
        let mut fate =
            Self { code: None, wait_ms: shop.config.refund_ms, refused: false, lag: Lag::None, repeated: false };
        for action in shop.rules.take(matches, Action::is_about_refund) {
            match action {
                Action::RefundCode(code) => fate.code = Some(code),
                Action::RefundMs(ms) => fate.wait_ms = ms,
                Action::RefundRefused(_) => fate.refused = true,
                Action::RefundFlap(_) => fate.lag = Lag::InHand,
                Action::RefundRepeated(_) => fate.repeated = true,
                _ => {}
            }
        }
        fate
    }

    fn decided_at(&self, now: Timestamp) -> Timestamp {
        let wait = SignedDuration::from_millis(i64::try_from(self.wait_ms).unwrap_or(i64::MAX));
        now.checked_add(wait).unwrap_or(Timestamp::MAX)
    }
}

/// Of a request whose form and hash are right. With the answer, the line about a refund that was taken up.
pub(super) fn take_up(shop: &Shop, fields: &Fields, amount: i64) -> (Said, Option<Value>) {
    match booked(shop, fields, amount) {
        Ok((said, line)) => (said, Some(line)),
        Err(said) => (said, None),
    }
}

fn booked(shop: &Shop, fields: &Fields, amount: i64) -> Result<(Said, Value), Said> {
    let at = api::find(shop, fields).ok_or_else(|| no(NOT_FOUND, "Transaction not found"))?;
    let now = clock::now();
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let mut book = shop.book();
    let no_for_it = book.next_no();
    let order = book.orders.get_mut(at).ok_or_else(|| no(NOT_FOUND, "Transaction not found"))?;
    let outcome = order.outcome.as_ref().filter(|outcome| outcome.debited());
    let outcome = outcome.ok_or_else(|| no(NOT_PAID, "Transaction is not success in VNPAY. Refuse refund request"))?;
    if order.refunds.iter().any(|refund| refund.transaction_status(now) == "05") {
        return Err(no(REPEATED, "A refund request is being handled"));
    }
    let whole = text("vnp_TransactionType") == "02";
    let left = outcome.amount.saturating_sub(order.given_back());
    // The document has no code for an amount that cannot be given back; 99 is the one left. That a full refund is of
    // the whole amount is its name (02, full refund).
    if left == 0 {
        return Err(no(REPEATED, "The transaction is refunded already"));
    }
    if amount > left || (whole && amount != outcome.amount) {
        return Err(no(OTHER, "The amount cannot be refunded"));
    }
    let fate = Fate::of(shop, order);
    if let Some(code) = fate.code {
        return Err(no(code.as_str(), "Scripted refusal"));
    }
    let mut found = Fields::new();
    let mut put = |name: &str, value: &str| found.insert(name.to_owned(), value.to_owned());
    put("vnp_Amount", &wire(amount));
    put("vnp_OrderInfo", &text("vnp_OrderInfo"));
    put("vnp_BankCode", &outcome.bank_code);
    put("vnp_PayDate", &clock::wire_time(now));
    put("vnp_TransactionNo", &no_for_it.to_string());
    put("vnp_TransactionType", &text("vnp_TransactionType"));
    put("vnp_TransactionStatus", "05");
    let refund = Refund {
        request_id: text("vnp_RequestId"),
        transaction_type: text("vnp_TransactionType"),
        amount,
        transaction_no: no_for_it,
        at: now,
        decided_at: fate.decided_at(now),
        refused: fate.refused,
        lag: fate.lag,
        came_back: None,
        session: None,
    };
    let line = line(order, &refund);
    order.refunds.push(refund);
    let done = (DONE, "Refund success".to_owned(), found);
    let said = if fate.repeated { no(REPEATED, "A refund request is being handled") } else { done };
    Ok((said, line))
}

/// The truth about a refund as it now stands; the last line of a request id holds. What is decided by the clock alone has
/// no line of its own: `decided_at` and `refused` say it in advance.
fn line(order: &Order, refund: &Refund) -> Value {
    let mut line = refund.shown();
    line["order_ref"] = order.request.order_ref.as_str().into();
    line["original"] = order.outcome.as_ref().map(|outcome| outcome.transaction_no()).into();
    line
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    order_ref: String,
    outcome: Decision,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Sent,
    Refused,
}

/// Ends what is in hand (05) before its time.
pub(super) async fn decide(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let Decide { order_ref, outcome } = strict(&body)?;
    shop.log.write("control", json!({"what": "refund", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let now = clock::now();
    let changed = change(&shop, &order_ref, |refund, _| {
        if refund.transaction_status(now) != "05" {
            return Err("the refund is not in hand any more");
        }
        refund.decided_at = now;
        refund.refused = matches!(outcome, Decision::Refused);
        Ok(())
    })?;
    told(&shop, changed).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CameBack {
    order_ref: String,
}

/// The payer's bank returns what was sent (06): the refund is refused after all (09). The document does not tell of this
/// case; that it is told so is this project's own choice.
pub(super) async fn came_back(shop: web::Data<Shop>, body: web::Bytes) -> Answer {
    let CameBack { order_ref } = strict(&body)?;
    shop.log.write("control", json!({"what": "refund_came_back", "order_ref": order_ref})).await?;
    let now = clock::now();
    let changed = change(&shop, &order_ref, |refund, transaction_no| {
        if refund.transaction_status(now) != "06" {
            return Err("the refund is not with the bank");
        }
        refund.came_back = Some(Return { at: now, transaction_no, session: None });
        Ok(())
    })?;
    told(&shop, changed).await
}

/// Changes the newest refund of an order; the number is one that nothing has yet.
fn change(
    shop: &Shop,
    order_ref: &str,
    change: impl FnOnce(&mut Refund, u64) -> Result<(), &'static str>,
) -> Result<Value, Refused> {
    let mut book = shop.book();
    let number = book.next_no();
    let at = book.find(order_ref, None);
    let order = at.and_then(|at| book.orders.get_mut(at));
    let order = order.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such order"))?;
    let refund = order.refunds.last_mut().ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such refund"))?;
    change(refund, number).map_err(|why| refused(StatusCode::CONFLICT, why))?;
    Ok(order.refunds.last().map_or(Value::Null, |refund| line(order, refund)))
}

async fn told(shop: &Shop, line: Value) -> Answer {
    shop.log.write("refund", line.clone()).await?;
    Ok(HttpResponse::Ok().json(line))
}

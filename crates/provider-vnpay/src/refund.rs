//! Refunds (VNPAY 2.1.0, sections 1.6 to 1.8): asked for with the number of the payment, followed through its order. That
//! a refund was accepted says nothing of money. It refuses to call a refund sent or failed by a status that the document
//! does not give that meaning, or by the record of another refund.

use crate::api::{Command, Verified, malformed};
use crate::{Gateway, wire};
use async_trait::async_trait;
use domain::business_day::business_date;
use jiff::{SignedDuration, Timestamp};
use provider::{ProviderError, RefundNews, RefundOrder, RefundTold, Refunds};
use serde_json::Value;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// `vnp_TransactionType` (section 1.7).
const PAYMENT: &str = "01";
const WHOLE: &str = "02";
const PART: &str = "03";

/// No call is made again so shortly before the day ends: it may arrive after it.
const MIDNIGHT: SignedDuration = SignedDuration::from_mins(5);

#[async_trait]
impl Refunds for Gateway {
    async fn submit(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let evidence = self.post(&self.refund_request(order)?).await?;
        let news = self.taken_up(order, &evidence)?;
        Ok(RefundTold { news, evidence })
    }

    /// A `vnp_RequestId` is known for its day only (section 1.7): the same one on another day is another refund.
    fn knows_it_still(&self, first_asked_at: Timestamp, now: Timestamp) -> bool {
        business_date(first_asked_at) == business_date(now + MIDNIGHT)
    }

    async fn ask(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let evidence = self.query(&order.order_ref, order.ordered_at, order.now).await?;
        let news = self.become_of(order, &evidence)?;
        Ok(RefundTold { news, evidence })
    }
}

impl Gateway {
    /// An error here is before any call.
    fn refund_request(&self, order: &RefundOrder) -> Result<Value, ProviderError> {
        if order.amount > order.taken {
            return Err(refused("more than the payment brought"));
        }
        // Without the number VNPAY's samples sign `0` or nothing (section 1.8): we never leave it out.
        if !wire::is_transaction_no(&order.provider_txn_id) {
            return Err(refused("the payment has no vnp_TransactionNo"));
        }
        let amount = wire::amount_to_wire(order.amount).map_err(|e| refused(&e.to_string()))?;
        let own = BTreeMap::from([
            ("vnp_RequestId", order.request_id.clone()),
            ("vnp_TransactionType", kind(order).to_owned()),
            ("vnp_TxnRef", order.order_ref.as_str().to_owned()),
            ("vnp_Amount", amount),
            ("vnp_OrderInfo", wire::order_info(&format!("Hoan tien GD:{}", order.order_ref.as_str()))),
            ("vnp_TransactionNo", order.provider_txn_id.clone()),
            ("vnp_TransactionDate", wire::time_to_wire(order.ordered_at)),
            ("vnp_CreateBy", wire::create_by(&order.asked_by)),
        ]);
        Ok(self.request(Command::Refund, own, order.now))
    }

    /// The refund's `vnp_ResponseCode` (section 1.8).
    fn taken_up(&self, order: &RefundOrder, evidence: &[u8]) -> Result<RefundNews, ProviderError> {
        let answer = self.answer(Command::Refund, &order.order_ref, evidence)?;
        let code = answer.get("vnp_ResponseCode");
        if code == "94" {
            // Which refund it has already is not said, so an amount here may be that of another.
            return Ok(RefundNews::Repeated);
        }
        let amount = wire::amount_to_wire(order.amount).map_err(|e| malformed(e.to_string()))?;
        answer.must_be("vnp_Amount", &amount)?;
        match code {
            "00" => Ok(RefundNews::Accepted { provider_refund_id: own_number(order, &answer) }),
            // 02 terminal unknown, 03 format, 91 no such payment, 95 it was not successful, 97 our hash wrong.
            "02" | "03" | "91" | "95" | "97" => Err(refused(&format!("refund answered {code}"))),
            // "Other" may have come before or after VNPAY booked it.
            "99" => Err(ProviderError::Unknown(None)),
            _ => Err(answer.not_understood()),
        }
    }

    fn become_of(&self, order: &RefundOrder, evidence: &[u8]) -> Result<RefundNews, ProviderError> {
        let answer = self.answer(Command::Query, &order.order_ref, evidence)?;
        if !answer.found()? {
            return Err(malformed("a payment that was taken is not found".to_owned()));
        }
        let told = (answer.get("vnp_TransactionType"), answer.status()?);
        Ok(match told {
            (PAYMENT, "00") if answer.get("vnp_TransactionNo") == order.provider_txn_id => RefundNews::NotFound,
            (_, "06") if may_be_ours(order, &answer) => {
                RefundNews::Sent { provider_refund_id: own_number(order, &answer) }
            }
            (_, "09") if may_be_ours(order, &answer) => RefundNews::Failed { code: "09".to_owned() },
            // 05 is in hand. Of the rest the document does not say what it means for a refund.
            _ => RefundNews::Pending,
        })
    }
}

fn kind(order: &RefundOrder) -> &'static str {
    if order.amount == order.taken { WHOLE } else { PART }
}

/// Whether the amount of the answer is the refund's or the payment's is not said: either fits, another is of another
/// refund.
fn may_be_ours(order: &RefundOrder, answer: &Verified) -> bool {
    let amount = wire::amount_from_wire(answer.get("vnp_Amount"));
    let number = answer.get("vnp_TransactionNo");
    let is_another =
        order.provider_refund_id.as_ref().is_some_and(|own| own != number && number != order.provider_txn_id);
    let is_the_kind = answer.get("vnp_TransactionType") == kind(order) && !is_another;
    is_the_kind && (amount == Ok(order.amount) || amount == Ok(order.taken))
}

/// The refund's own number, where the answer gives it and not the payment's.
fn own_number(order: &RefundOrder, answer: &Verified) -> Option<String> {
    let number = answer.get("vnp_TransactionNo");
    (wire::is_transaction_no(number) && number != order.provider_txn_id).then(|| number.to_owned())
}

fn refused(why: &str) -> ProviderError {
    ProviderError::Refused(why.to_owned())
}

//! Refunds (MoMo AIO v2, section 2.4): asked for with MoMo's number of the payment, under an order id of their own that never
//! changes, and asked about by it. It refuses to call a refund sent by anything but its own row, and to make another one
//! while MoMo knows this one.

use crate::api::{Answer, Call, malformed, refused};
use crate::{Wallet, codes, wire};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use provider::json::{Json, Object};
use provider::{ProviderError, RefundNews, RefundOrder, RefundTold, Refunds};
use serde_json::Value;

#[cfg(test)]
mod tests;

/// A day less than MoMo promises.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[async_trait]
impl Refunds for Wallet {
    fn tells_apart(&self) -> bool {
        true
    }

    /// A `requestId` is promised for 31 days (section 2.5).
    fn knows_it_still(&self, first_asked_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(first_asked_at) < KEPT
    }

    async fn submit(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let body = self.refund_request(order, &order.request_id)?;
        let evidence = self.post(Call::Refund, &body).await?;
        let answer = self.answer(&body, &evidence)?;
        match answer.code {
            // 40: an earlier call under this request id had no final answer; 1081: perhaps given back already. What MoMo
            // knows of the refund's own order decides.
            code @ (codes::REQUEST_USED | codes::ORDER_USED | codes::REFUND_REFUSED) => self.after(order, code).await,
            _ => Ok(RefundTold { news: taken_up(order, &answer)?, evidence }),
        }
    }

    async fn ask(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let body = self.refund_question(order);
        let evidence = self.post(Call::RefundQuery, &body).await?;
        let news = become_of(order, &self.answer(&body, &evidence)?)?;
        Ok(RefundTold { news, evidence })
    }
}

impl Wallet {
    async fn after(&self, order: &RefundOrder, code: i64) -> Result<RefundTold, ProviderError> {
        let told = self.ask(order).await.map_err(may_have_acted)?;
        match (&told.news, code) {
            (RefundNews::NotFound, codes::REFUND_REFUSED) => {
                Ok(RefundTold { news: RefundNews::Failed { code: code.to_string() }, ..told })
            }
            // nothing came of the earlier call: the same refund, its order id unused, under a fresh request id
            (RefundNews::NotFound, codes::REQUEST_USED) => {
                let fresh = uuid::Uuid::new_v4().simple().to_string();
                let body = self.refund_request(order, &fresh)?;
                let evidence = self.post(Call::Refund, &body).await?;
                let news = taken_up(order, &self.answer(&body, &evidence)?)?;
                Ok(RefundTold { news, evidence })
            }
            (RefundNews::NotFound | RefundNews::Pending, _) => Ok(RefundTold { news: RefundNews::Repeated, ..told }),
            _ => Ok(told),
        }
    }

    /// An error here is before any call.
    pub fn refund_request(&self, order: &RefundOrder, request_id: &str) -> Result<Value, ProviderError> {
        if order.amount > order.taken {
            return Err(refused("more than the payment brought"));
        }
        if !wire::within_limits(order.amount) {
            return Err(refused("a refund is from 1,000 to 50,000,000 đồng"));
        }
        let number = wire::trans_id(&order.provider_txn_id).and_then(|text| text.parse::<i64>().ok());
        let number = number.ok_or_else(|| refused("the payment has no transId"))?;
        Ok(self.request(
            Call::Refund,
            &[
                ("orderId", order.request_id.clone().into()),
                ("requestId", request_id.into()),
                ("amount", order.amount.dong().into()),
                ("transId", number.into()),
                ("lang", "vi".into()),
                ("description", wire::order_info(&format!("Hoan tien {}", order.order_ref)).into()),
            ],
        ))
    }

    fn refund_question(&self, order: &RefundOrder) -> Value {
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        let own =
            [("requestId", request_id.into()), ("orderId", order.request_id.clone().into()), ("lang", "vi".into())];
        self.request(Call::RefundQuery, &own)
    }
}

fn taken_up(order: &RefundOrder, answer: &Answer) -> Result<RefundNews, ProviderError> {
    match answer.code {
        codes::PAID => {
            answer.must_be("amount", &order.amount.dong().to_string())?;
            Ok(RefundNews::Sent { provider_refund_id: own_number(order, answer.get("transId")) })
        }
        code if codes::is_in_hand(code) => Ok(RefundNews::Accepted { provider_refund_id: None }),
        codes::REQUEST_USED | codes::ORDER_USED => Ok(RefundNews::Repeated),
        codes::MAINTENANCE | codes::LIKE_ONE_RUNS => Err(ProviderError::Unavailable(None)),
        // "unknown" may have come before or after it was given back
        codes::UNKNOWN => Err(ProviderError::Unknown(None)),
        code if codes::is_final_failure(code) => Ok(RefundNews::Failed { code: code.to_string() }),
        code if codes::is_about_call(code) || code == codes::ORDER_UNKNOWN => Err(answer.refused("refund")),
        _ => Err(answer.not_understood()),
    }
}

fn become_of(order: &RefundOrder, answer: &Answer) -> Result<RefundNews, ProviderError> {
    match answer.code {
        codes::ORDER_UNKNOWN => return Ok(RefundNews::NotFound),
        codes::MAINTENANCE | codes::REQUEST_USED | codes::LIKE_ONE_RUNS => {
            return Err(ProviderError::Unavailable(None));
        }
        code if codes::is_about_call(code) => return Err(answer.refused("refund/query")),
        _ => {}
    }
    let Some(row) = own_row(order, answer) else {
        // without the row a final refusal is about the order that was asked about, which is the refund; nothing else is
        let failed = codes::is_final_failure(answer.code) && answer.code != codes::UNKNOWN;
        return Ok(if failed { RefundNews::Failed { code: answer.code.to_string() } } else { RefundNews::Pending });
    };
    if row.literal("amount").and_then(wire::amount_from_wire) != Some(order.amount) {
        return Err(malformed("the refund's row has another amount".to_owned()));
    }
    let code = row.literal("resultCode").and_then(wire::code_from_wire);
    Ok(match code {
        Some(codes::PAID) => {
            RefundNews::Sent { provider_refund_id: own_number(order, row.literal("transId").unwrap_or_default()) }
        }
        Some(codes::UNKNOWN) | None => RefundNews::Pending,
        Some(code) if codes::is_final_failure(code) => RefundNews::Failed { code: code.to_string() },
        Some(_) => RefundNews::Pending,
    })
}

fn own_row<'a>(order: &RefundOrder, answer: &'a Answer) -> Option<&'a Object> {
    answer.list("refundTrans").iter().find_map(|row| match row {
        Json::Object(row) if row.literal("orderId") == Some(order.request_id.as_str()) => Some(row),
        _ => None,
    })
}

/// The refund's own number, where it is given and not the payment's.
fn own_number(order: &RefundOrder, number: &str) -> Option<String> {
    wire::trans_id(number).filter(|number| *number != order.provider_txn_id).map(str::to_owned)
}

/// The refund was sent before this question: that the question failed says nothing of it.
fn may_have_acted(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(why) => malformed(why),
        ProviderError::Unavailable(why) => ProviderError::Unknown(why),
        other => other,
    }
}

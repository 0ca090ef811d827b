//! refund and query_refund (ZaloPay v2, section 3.5): asked for with ZaloPay's number of the payment under a name of our own,
//! and followed by that name. Taken up is not given back: only query_refund says so. It refuses to call a refund failed
//! while ZaloPay may know it, and to name it by another day than that of the first call.

use crate::api::{Answer, Call, malformed, refused};
use crate::{Wallet, codes, wire};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use provider::{ProviderError, RefundNews, RefundOrder, RefundTold, Refunds};
use serde_json::{Value, json};

#[cfg(test)]
mod tests;

/// Longer than a call can be on its way.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_hours(1);

#[async_trait]
impl Refunds for Wallet {
    fn tells_apart(&self) -> bool {
        true
    }

    /// A name is taken up on its day, and after it a call finds out that it was not. In the hour between, what was sent last
    /// may still be on its way: it is only asked about.
    fn knows_it_still(&self, first_asked_at: Timestamp, now: Timestamp) -> bool {
        let day = wire::day(first_asked_at);
        day == wire::day(now) || day != wire::day(now - ON_ITS_WAY)
    }

    async fn submit(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let body = self.refund_request(order)?;
        if wire::day(order.now) != wire::day(order.first_asked_at) {
            return self.after_its_day(order).await;
        }
        let evidence = self.post(Call::Refund, &body).await?;
        let answer = Answer::read(&evidence)?;
        let said = answer.said;
        let news = match said.code {
            // 1 may mean "taken up" as well: query_refund says whether it was given back
            codes::DONE | codes::OPEN => {
                let theirs = wire::trans_id(answer.get("refund_id"));
                RefundNews::Accepted { provider_refund_id: theirs.map(str::to_owned) }
            }
            _ if said.reason() == codes::REFUND_USED => RefundNews::Repeated,
            _ => match said.trouble("refund") {
                Some(trouble) => return Err(trouble),
                // refused, perhaps because an earlier call of ours was followed
                None => return self.after_a_refusal(order, said.both()).await,
            },
        };
        Ok(RefundTold { news, evidence })
    }

    async fn ask(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let body = self.refund_question(order)?;
        let evidence = self.post(Call::QueryRefund, &body).await?;
        let news = become_of(&Answer::read(&evidence)?)?;
        Ok(RefundTold { news, evidence })
    }
}

impl Wallet {
    async fn after_a_refusal(&self, order: &RefundOrder, code: String) -> Result<RefundTold, ProviderError> {
        let told = self.ask(order).await.map_err(may_have_acted)?;
        Ok(match told.news {
            RefundNews::NotFound => RefundTold { news: RefundNews::Failed { code }, ..told },
            RefundNews::Pending => RefundTold { news: RefundNews::Repeated, ..told },
            _ => told,
        })
    }

    /// A name of yesterday is not taken up any more (section 3.6, -25), so nothing is asked for: what came of the earlier
    /// calls is all that can be.
    async fn after_its_day(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        self.after_a_refusal(order, "its day is over, and ZaloPay has no such refund".to_owned()).await
    }

    /// An error here is before any call.
    pub fn refund_request(&self, order: &RefundOrder) -> Result<Value, ProviderError> {
        if order.amount > order.taken {
            return Err(refused("more than the payment brought"));
        }
        if !order.amount.is_positive() {
            return Err(refused("an amount is positive"));
        }
        let number = wire::trans_id(&order.provider_txn_id).filter(|number| number.len() <= 15);
        let number = number.ok_or_else(|| refused("the payment has no zp_trans_id"))?;
        let description = wire::refund_text(&format!("Hoan tien {}", order.order_ref));
        let (amount, timestamp) = (order.amount.dong().to_string(), order.now.as_millisecond().to_string());
        let app_id = self.settings.app_id.to_string();
        // section 3.5: without a fee of the merchant's; the refund's own name is not signed
        let mac = self.keys.sign(&[&app_id, number, &amount, &description, &timestamp]);
        Ok(json!({
            "app_id": self.settings.app_id, "m_refund_id": self.name(order)?, "zp_trans_id": number,
            "amount": order.amount.dong(), "timestamp": order.now.as_millisecond(), "description": description,
            "mac": mac,
        }))
    }

    pub fn refund_question(&self, order: &RefundOrder) -> Result<Value, ProviderError> {
        let (name, timestamp) = (self.name(order)?, order.now.as_millisecond());
        let mac = self.keys.sign(&[&self.settings.app_id.to_string(), &name, &timestamp.to_string()]);
        Ok(json!({"app_id": self.settings.app_id, "m_refund_id": name, "timestamp": timestamp, "mac": mac}))
    }

    fn name(&self, order: &RefundOrder) -> Result<String, ProviderError> {
        wire::m_refund_id(&order.request_id, self.settings.app_id, order.first_asked_at)
            .ok_or_else(|| refused("the request id makes no m_refund_id"))
    }
}

fn become_of(answer: &Answer) -> Result<RefundNews, ProviderError> {
    let said = answer.said;
    match said.code {
        codes::DONE => Ok(RefundNews::Sent { provider_refund_id: None }),
        _ if said.is_refund_in_hand() => Ok(RefundNews::Pending),
        _ if said.is_not_found() => Ok(RefundNews::NotFound),
        _ => match said.trouble("query_refund") {
            Some(trouble) => Err(trouble),
            None if said.code == codes::FAILED => Ok(RefundNews::Failed { code: said.both() }),
            None => Err(malformed(format!("return code {}", said.both()))),
        },
    }
}

/// The refund was sent before this question: that the question failed says nothing of it.
fn may_have_acted(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(why) => malformed(why),
        ProviderError::Unavailable(why) => ProviderError::Unknown(why),
        other => other,
    }
}

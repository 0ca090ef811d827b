//! What became of an order, by query (MoMo AIO v2, section 2.4). It refuses to call an order paid or failed by a code that
//! the document does not give that meaning.

use crate::api::{Answer, Call, malformed, refused};
use crate::codes::{self, OfOrder};
use crate::{Wallet, wire};
use async_trait::async_trait;
use domain::payment::{Capture, News, Report};
use provider::status::Told;
use provider::{ProviderError, Question, Status};
use serde_json::Value;

#[cfg(test)]
mod tests;

#[async_trait]
impl Status for Wallet {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        let body = self.question(question)?;
        let evidence = self.post(Call::Query, &body).await?;
        let report = conclude(question, &self.answer(&body, &evidence)?)?;
        Ok(Told { report, evidence })
    }
}

impl Wallet {
    fn question(&self, question: &Question) -> Result<Value, ProviderError> {
        let order_id =
            wire::order_id(&question.order_ref).ok_or_else(|| refused("the order reference is no orderId"))?;
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        let own = [("requestId", request_id.into()), ("orderId", order_id.into()), ("lang", "vi".into())];
        Ok(self.request(Call::Query, &own))
    }
}

fn conclude(question: &Question, answer: &Answer) -> Result<Report, ProviderError> {
    let order_ref = question.order_ref.clone();
    let number = wire::trans_id(answer.get("transId"));
    let name = number.map_or_else(|| order_ref.as_str().to_owned(), str::to_owned);
    let news = match answer.code {
        codes::ORDER_UNKNOWN => News::NotFound,
        // about the call, not about the order
        codes::MAINTENANCE | codes::REQUEST_USED | codes::ORDER_USED | codes::LIKE_ONE_RUNS => {
            return Err(ProviderError::Unavailable(None));
        }
        code if codes::is_about_call(code) => return Err(answer.refused("query")),
        code => match codes::of_order(code) {
            OfOrder::Paid => News::Captured(capture(answer)?),
            OfOrder::Authorised => News::Committed,
            OfOrder::Failed => News::Failed { code: code.to_string() },
            OfOrder::Pending => News::Pending,
        },
    };
    let source_key = match news {
        News::NotFound => format!("{order_ref}:not_found"),
        _ => format!("{name}:{}", answer.code),
    };
    Ok(Report { source_key, order_ref, news })
}

/// `responseTime` is here that of the answer: when it was paid, a query does not say.
fn capture(answer: &Answer) -> Result<Capture, ProviderError> {
    let number = wire::trans_id(answer.get("transId")).ok_or_else(|| malformed("paid without transId".to_owned()))?;
    let amount =
        wire::amount_from_wire(answer.get("amount")).ok_or_else(|| malformed("amount is ill-formed".to_owned()))?;
    Ok(Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at: None })
}

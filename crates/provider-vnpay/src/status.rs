//! What became of an order, by querydr (VNPAY 2.1.0, section 1.7). It refuses to call an order paid or failed by a
//! status that the document does not list, or by the record of a refund.

use crate::api::{Command, Verified, malformed};
use crate::{Gateway, wire};
use async_trait::async_trait;
use domain::payment::{Capture, News, Report};
use provider::status::Told;
use provider::{ProviderError, Question, Status};

#[cfg(test)]
mod tests;

#[async_trait]
impl Status for Gateway {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        let evidence = self.query(&question.order_ref, question.ordered_at, question.now).await?;
        let report = self.conclude(question, &evidence)?;
        Ok(Told { report, evidence })
    }
}

impl Gateway {
    fn conclude(&self, question: &Question, evidence: &[u8]) -> Result<Report, ProviderError> {
        let answer = self.answer(Command::Query, &question.order_ref, evidence)?;
        let (order_ref, number) = (question.order_ref.clone(), answer.get("vnp_TransactionNo"));
        if !answer.found()? {
            return Ok(Report {
                source_key: format!("{}:not_found", order_ref.as_str()),
                order_ref,
                news: News::NotFound,
            });
        }
        let status = answer.status()?;
        let name = if wire::is_transaction_no(number) { number } else { order_ref.as_str() };
        Ok(Report { source_key: format!("{name}:{status}"), news: news(&answer, status)?, order_ref })
    }
}

/// Section 1.6. The refund states 05, 06, 09 say that the money was taken first, so they are a capture too; what
/// went back is another fact. A status that the document does not list is pending, never paid, never failed.
fn news(answer: &Verified, status: &str) -> Result<News, ProviderError> {
    // 01 payment, 02 full refund, 03 partial refund (section 1.7).
    let kind = answer.get("vnp_TransactionType");
    match status {
        "00" | "05" | "06" | "09" if kind == "01" => capture(answer).map(News::Captured),
        // Of a refund's own record (types 02, 03) number and amount may be the refund's: a person looks.
        "00" | "05" | "06" | "09" => {
            let kind = if wire::is_code(kind) { kind } else { "ill-formed" };
            Ok(News::Unclear { code: format!("{status} of type {kind}") })
        }
        "02" => Ok(News::Failed { code: status.to_owned() }),
        "04" | "07" => Ok(News::Unclear { code: status.to_owned() }),
        _ => Ok(News::Pending),
    }
}

fn capture(answer: &Verified) -> Result<Capture, ProviderError> {
    let number = answer.get("vnp_TransactionNo");
    if !wire::is_transaction_no(number) {
        return Err(malformed("paid without vnp_TransactionNo".to_owned()));
    }
    let amount = wire::amount_from_wire(answer.get("vnp_Amount")).map_err(|e| malformed(format!("vnp_Amount: {e}")))?;
    let paid_at = match answer.get("vnp_PayDate") {
        "" => None,
        text => Some(wire::time_from_wire(text).map_err(|e| malformed(format!("vnp_PayDate: {e}")))?),
    };
    Ok(Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at })
}

//! What became of an order, by query (ZaloPay v2, section 3.4): the only word about one that was not paid. It refuses to
//! call an order paid without its number and amount, and failed by a trouble of the call.

use crate::api::{Answer, Call, malformed, refused};
use crate::{Wallet, codes, wire};
use async_trait::async_trait;
use domain::payment::{Capture, News, Report};
use provider::status::Told;
use provider::{ProviderError, Question, Status};
use serde_json::{Value, json};

#[cfg(test)]
mod tests;

#[async_trait]
impl Status for Wallet {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        let body = self.question(question)?;
        let evidence = self.post(Call::Query, &body).await?;
        let report = conclude(question, &Answer::read(&evidence)?)?;
        Ok(Told { report, evidence })
    }
}

impl Wallet {
    pub fn question(&self, question: &Question) -> Result<Value, ProviderError> {
        let app_trans_id = wire::app_trans_id(&question.order_ref, question.ordered_at);
        let app_trans_id = app_trans_id.ok_or_else(|| refused("the order reference is too long"))?;
        // section 3.4: `app_id|app_trans_id|key1`
        let mac = self.keys.sign_question(&[&self.settings.app_id.to_string(), &app_trans_id]);
        Ok(json!({"app_id": self.settings.app_id, "app_trans_id": app_trans_id, "mac": mac}))
    }
}

fn conclude(question: &Question, answer: &Answer) -> Result<Report, ProviderError> {
    let (order_ref, said) = (question.order_ref.clone(), answer.said);
    let told =
        |what: &str, news| Ok(Report { source_key: format!("{order_ref}:{what}"), order_ref: order_ref.clone(), news });
    match said.code {
        codes::DONE => {
            let capture = capture(answer)?;
            Ok(Report {
                source_key: format!("{}:1", capture.provider_txn_id),
                order_ref,
                news: News::Captured(capture),
            })
        }
        // unpaid or in hand: `is_processing` does not tell for sure which
        codes::OPEN => told("3", News::Pending),
        _ if said.is_not_found() => told("not_found", News::NotFound),
        _ => match said.trouble("query") {
            Some(trouble) => Err(trouble),
            None if said.code == codes::FAILED => told(&said.both(), News::Failed { code: said.both() }),
            None => Err(malformed(format!("return code {}", said.both()))),
        },
    }
}

fn capture(answer: &Answer) -> Result<Capture, ProviderError> {
    let ill = |name: &str| malformed(format!("paid, and {name} is missing or ill-formed"));
    let number = wire::trans_id(answer.get("zp_trans_id")).ok_or_else(|| ill("zp_trans_id"))?;
    let amount = wire::amount_from_wire(answer.get("amount")).ok_or_else(|| ill("amount"))?;
    let paid_at = match answer.get("server_time") {
        "" | "0" => None,
        text => Some(wire::time_from_wire(text).ok_or_else(|| ill("server_time"))?),
    };
    Ok(Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at })
}

//! What became of an order (GSMA 1.2, section 4.2): by its request state where we have the handle, else by our correlation
//! id. It refuses to call an order paid by any status but `completed`, or failed but `failed`: the field is free text.

use crate::api::Found;
use crate::object::{Transaction, ill};
use crate::{Gateway, wire};
use async_trait::async_trait;
use domain::codes::OrderRef;
use domain::payment::{Capture, News, Report};
use provider::status::Told;
use provider::{Health, ProviderError, Question, Status};

#[async_trait]
impl Status for Gateway {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        self.ask_by(question, None).await
    }

    async fn ask_by(&self, question: &Question, handle: Option<&str>) -> Result<Told, ProviderError> {
        let found = match handle.and_then(wire::reference) {
            Some(handle) => match self.request_state(handle, Some(question.now)).await {
                // request states do not live for ever, and one that has ended need not name what it made
                Ok(Found::Absent(_)) | Err(ProviderError::Malformed(_)) => self.ask_by_correlation_id(question).await?,
                found => found?,
            },
            None => self.ask_by_correlation_id(question).await?,
        };
        self.conclude(&question.order_ref, found)
    }

    async fn health(&self) -> Result<Option<Health>, ProviderError> {
        self.heartbeat().await.map(Some)
    }
}

impl Gateway {
    async fn ask_by_correlation_id(&self, question: &Question) -> Result<Found, ProviderError> {
        self.find(wire::correlation_id(&self.profile, &question.order_ref), Some(question.now)).await
    }

    fn conclude(&self, order_ref: &OrderRef, found: Found) -> Result<Told, ProviderError> {
        let (key, news, evidence) = match found {
            Found::Transaction(transaction, evidence) => {
                self.must_be_ours(&transaction, order_ref)?;
                (format!("{}:{}", transaction.reference, word(&transaction.status)), news(&transaction)?, evidence)
            }
            Found::Pending(_, evidence) => (format!("{order_ref}:pending"), News::Pending, evidence),
            Found::Failed(error, evidence) => {
                let code = error.map_or_else(|| "failed".to_owned(), |e| e.code().to_owned());
                (format!("{order_ref}:failed:{code}"), News::Failed { code }, evidence)
            }
            Found::Absent(evidence) => (format!("{order_ref}:not_found"), News::NotFound, evidence),
        };
        Ok(Told { report: Report { source_key: key, order_ref: order_ref.clone(), news }, evidence })
    }

    /// An answer about another order, or about money that went to somebody else, is no answer.
    pub(crate) fn must_be_ours(&self, transaction: &Transaction, order_ref: &OrderRef) -> Result<(), ProviderError> {
        if !transaction.kind.eq_ignore_ascii_case("merchantpay") {
            return Err(ill("not a merchant payment"));
        }
        // the document does not oblige a provider to repeat it
        if transaction.our_reference.as_deref().is_some_and(|theirs| theirs != order_ref.as_str()) {
            return Err(ill("another order"));
        }
        let settings = &self.settings;
        let mut named = transaction.credited.iter().filter(|(key, _)| *key == settings.credit_party_key).peekable();
        if named.peek().is_some() && !named.any(|(_, value)| *value == settings.credit_party) {
            return Err(ill("another receiver"));
        }
        Ok(())
    }
}

fn news(transaction: &Transaction) -> Result<News, ProviderError> {
    match transaction.status.as_str() {
        "completed" => Ok(News::Captured(Capture {
            provider_txn_id: transaction.reference.clone(),
            bank_txn_id: None,
            amount: transaction.amount.ok_or_else(|| ill("completed without an amount"))?,
            paid_at: transaction.changed_at,
        })),
        "failed" => Ok(News::Failed { code: "failed".to_owned() }),
        _ => Ok(News::Pending),
    }
}

/// Foreign text goes into a key only when it is a word.
fn word(status: &str) -> &str {
    let plain = (1..=32).contains(&status.len()) && status.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { status } else { "ill-formed" }
}

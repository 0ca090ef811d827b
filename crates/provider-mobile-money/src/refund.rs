//! Refunds by reversal (GSMA 1.2, section 4.4), each under a correlation id of its own, by which it is followed. That one
//! was taken up says nothing of money; before it is sent again, it is asked about.

use crate::api::{Call, Found, Heard, not_good};
use crate::object::{ErrorObject, RequestState, State, Transaction, ill};
use crate::{Gateway, wire};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use provider::{ProviderError, RefundNews, RefundOrder, RefundTold, Refunds};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const KEPT: SignedDuration = SignedDuration::from_hours(24);

#[async_trait]
impl Refunds for Gateway {
    fn tells_apart(&self) -> bool {
        true
    }

    /// The document does not say how long a correlation id is known: for a day at least, and after that nothing is sent again.
    fn knows_it_still(&self, first_asked_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(first_asked_at) < KEPT
    }

    async fn submit(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        let (id, body) = (correlation_id(order)?, body(order)?);
        let path = format!("/transactions/{}/reversals", original(order)?);
        if order.again {
            // whatever goes wrong in asking, this call has sent nothing; some answer 401 for an id that they do not know, and
            // that is what they say to a stranger too
            match self.find(id, Some(order.now)).await.map_err(|_| ProviderError::Unavailable(None))? {
                Found::Absent(_) => {}
                found => return told(order, found, Moment::TakenUp),
            }
        }
        let callback = self.callback("refund", &order.request_id);
        let call = Call {
            method: Method::POST,
            path: &path,
            correlation_id: Some(id),
            callback: callback.as_deref(),
            body: Some(&body),
            now: Some(order.now),
        };
        let heard = self.call_for_money(&call).await?;
        self.taken_up(order, id, heard).await
    }

    async fn ask(&self, order: &RefundOrder) -> Result<RefundTold, ProviderError> {
        told(order, self.find(correlation_id(order)?, Some(order.now)).await?, Moment::Asked)
    }
}

impl Gateway {
    async fn taken_up(&self, order: &RefundOrder, id: Uuid, heard: Heard) -> Result<RefundTold, ProviderError> {
        let found = match heard.status {
            201 => Found::Transaction(Transaction::read(&heard.body)?, heard.body),
            202 => {
                let state = RequestState::read(&heard.body)?;
                match state.status {
                    State::Failed => Found::Failed(state.error, heard.body),
                    State::Pending | State::Completed => Found::Pending(state, heard.body),
                }
            }
            400..=404 => match ErrorObject::read(&heard.body) {
                Some(error) if error.is_duplicate() => return self.repeated(order, id, heard.body, order.now).await,
                Some(error) if error.code() == "clientAuthorisationError" => return Err(not_good(&heard)),
                Some(error) => {
                    error.tell("refund");
                    return Err(ProviderError::Refused(error.code().to_owned()));
                }
                None => return Err(not_good(&heard)),
            },
            // a gateway before the provider says so too, perhaps after the provider has acted
            503 if ErrorObject::read(&heard.body).is_none() => return Err(ProviderError::Unknown(None)),
            _ => return Err(not_good(&heard)),
        };
        told(order, found, Moment::TakenUp)
    }

    /// The provider has this very request.
    async fn repeated(
        &self,
        order: &RefundOrder,
        id: Uuid,
        evidence: Vec<u8>,
        now: Timestamp,
    ) -> Result<RefundTold, ProviderError> {
        match self.find(id, Some(now)).await {
            Ok(found) if !matches!(found, Found::Absent(_)) => told(order, found, Moment::TakenUp),
            _ => Ok(RefundTold { news: RefundNews::Repeated, evidence }),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    TakenUp,
    Asked,
}

fn told(order: &RefundOrder, found: Found, moment: Moment) -> Result<RefundTold, ProviderError> {
    let in_hand = |provider_refund_id| match moment {
        Moment::TakenUp => RefundNews::Accepted { provider_refund_id },
        Moment::Asked => RefundNews::Pending,
    };
    let (news, evidence) = match found {
        Found::Transaction(transaction, evidence) => {
            must_be_ours(order, &transaction)?;
            let theirs = Some(transaction.reference.clone());
            let news = match transaction.status.as_str() {
                "completed" => RefundNews::Sent { provider_refund_id: theirs },
                "failed" => RefundNews::Failed { code: "failed".to_owned() },
                _ => in_hand(theirs),
            };
            (news, evidence)
        }
        Found::Pending(_, evidence) => (in_hand(None), evidence),
        Found::Failed(error, evidence) => {
            error.iter().for_each(|error| error.tell("refund"));
            let code = error.map_or_else(|| "failed".to_owned(), |e| e.code().to_owned());
            (RefundNews::Failed { code }, evidence)
        }
        Found::Absent(evidence) => (RefundNews::NotFound, evidence),
    };
    Ok(RefundTold { news, evidence })
}

fn must_be_ours(order: &RefundOrder, transaction: &Transaction) -> Result<(), ProviderError> {
    // what leads to the payment itself is no reversal of it
    let kind = ["reversal", "adjustment"].iter().any(|kind| transaction.kind.eq_ignore_ascii_case(kind));
    if !kind || transaction.reference == order.provider_txn_id {
        return Err(ill("not a reversal"));
    }
    if transaction.original.as_deref().is_some_and(|original| original != order.provider_txn_id) {
        return Err(ill("a reversal of another payment"));
    }
    // the document lets the amount be absent
    if transaction.amount.is_some_and(|amount| amount != order.amount) {
        return Err(ill("a reversal of another amount"));
    }
    Ok(())
}

/// An error here is before any call.
fn body(order: &RefundOrder) -> Result<Value, ProviderError> {
    if order.amount > order.taken {
        return Err(refused("more than the payment brought"));
    }
    let amount = wire::amount_to_wire(order.amount).ok_or_else(|| refused("no amount"))?;
    Ok(json!({
        "type": "reversal", "amount": amount, "currency": wire::VND,
        "requestingOrganisationTransactionReference": order.request_id,
        "requestDate": wire::date(order.now),
    }))
}

fn original(order: &RefundOrder) -> Result<&str, ProviderError> {
    wire::reference(&order.provider_txn_id).ok_or_else(|| refused("the payment has no transactionReference"))
}

fn correlation_id(order: &RefundOrder) -> Result<Uuid, ProviderError> {
    wire::refund_correlation_id(&order.request_id).ok_or_else(|| refused("the request id is no UUID"))
}

fn refused(why: &str) -> ProviderError {
    ProviderError::Refused(why.to_owned())
}

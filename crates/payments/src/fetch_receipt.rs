//! The receipt that a provider made of a payment, asked for when somebody wants it and handed on as it came. Nothing of it is
//! kept: it names the payer. Only the client whose intent was paid gets it.

use crate::context::Context;
use crate::neighbour;
use domain::{ClientId, PaymentId};
use jiff::Timestamp;
use provider::{ProviderError, Question, Receipt};
use storage::payments::{self, Filter};
use storage::{StorageError, attempts, intents};
use telemetry::trace;
use tracing::Instrument;

#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("no such payment")]
    Absent,
    #[error("the channel makes no receipt")]
    NoReceipt,
    #[error("the provider gave no receipt")]
    Provider(#[source] ProviderError),
}

/// Asks the provider once.
///
/// # Errors
/// `Absent` for what is not this client's, too.
#[tracing::instrument(skip_all, fields(payment_id = %payment))]
pub async fn fetch(
    ctx: &Context,
    client: ClientId,
    payment: PaymentId,
    now: Timestamp,
) -> Result<Receipt, ReceiptError> {
    let stored = {
        let db = ctx.pool.get().await?;
        let filter = Filter { client: Some(client.uuid()), id: Some(payment.uuid()), ..Filter::default() };
        let shown = payments::page(&db, &filter, None, 1).await?.pop().ok_or(ReceiptError::Absent)?;
        // money of somebody else's intent may have settled an obligation of this client: its receipt is not theirs
        let own = match shown.payment.intent_id {
            Some(id) => intents::by_id(&db, Some(client), id).await?,
            None => None,
        };
        let own = own.ok_or(ReceiptError::NoReceipt)?;
        let of_intent = attempts::of_intents(&db, &[own.id.uuid()]).await?;
        let is_its = |order: &str| shown.order_ref.as_deref() == Some(order);
        of_intent.into_iter().find(|stored| is_its(stored.attempt.order_ref.as_str()))
    };
    let stored = stored.ok_or(ReceiptError::NoReceipt)?;
    let attempt = stored.attempt;
    let provider = ctx.providers.by_profile(&attempt.profile).ok_or(ReceiptError::NoReceipt)?;
    let receipts = provider.receipts.clone().ok_or(ReceiptError::NoReceipt)?;
    let question =
        Question { order_ref: attempt.order_ref.clone(), amount: attempt.amount, ordered_at: attempt.ordered_at, now };
    let span = trace::join(tracing::info_span!("receipt", attempt_id = %attempt.id), stored.traceparent.as_deref());
    let asked = neighbour::called(&provider, "receipt", receipts.fetch(&question)).instrument(span);
    asked.await.map_err(ReceiptError::Provider)
}

//! What the payer's page shows, read as it stood at one moment: an intent that is open beside an attempt that has succeeded
//! would be said to be neither.

use crate::context::Context;
use crate::view::{self, IntentView};
use domain::PaymentId;
use domain::intent::IntentStatus;
use jiff::Timestamp;
use std::collections::BTreeMap;
use storage::payer_page::{self, Wish};
use storage::{StorageError, Tx, beneficiaries};

/// An intent with what is shown beside it.
pub struct PayerPage {
    pub view: IntentView,
    /// The name of whom it is paid to.
    pub beneficiary: String,
    /// Names of agencies, by code.
    pub agencies: BTreeMap<String, String>,
    /// When the dossier systems had acknowledged all that is paid.
    pub acknowledged: Option<Timestamp>,
    /// When a provider last answered a question of ours.
    pub asked_at: Option<Timestamp>,
    /// Where payers want money back, sealed.
    pub wishes: Vec<Wish>,
}

/// None for a token that names nothing.
///
/// # Errors
/// When the database is away.
pub async fn by_token(ctx: &Context, token: &str, now: Timestamp) -> Result<Option<PayerPage>, StorageError> {
    let tx = ctx.pool.tx().await?;
    let outcome = read(ctx, &tx, token, now).await;
    tx.close(outcome).await
}

async fn read(ctx: &Context, tx: &Tx, token: &str, now: Timestamp) -> Result<Option<PayerPage>, StorageError> {
    tx.begin_reading().await?;
    let Some(view) = view::by_token(ctx, tx, token, now).await? else { return Ok(None) };
    let code = view.intent.beneficiary_code.as_str();
    let known = beneficiaries::in_force(tx, Some(code)).await?;
    let beneficiary = known.into_iter().next().map_or_else(|| code.to_owned(), |b| b.name);
    let codes: Vec<&str> = view.obligations.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(tx, &codes).await?;
    let acknowledged = match view.intent.status {
        IntentStatus::Paid => payer_page::acknowledged(tx, &view.intent.obligation_ids).await?,
        _ => None,
    };
    let asked_at = match view.attempts.iter().any(|stored| stored.attempt.status.is_undecided()) {
        true => payer_page::asked_at(tx, view.intent.id).await?,
        false => None,
    };
    let paid: Vec<PaymentId> = view.payments.iter().map(|paid| paid.shown.payment.id).collect();
    let wishes = if paid.is_empty() { Vec::new() } else { payer_page::wishes(tx, &paid).await? };
    tx.commit().await?;
    Ok(Some(PayerPage { view, beneficiary, agencies, acknowledged, asked_at, wishes }))
}

//! Where the payer wants money back that settles nothing and that no provider can return: told on the payer's page, kept
//! sealed, and used when somebody proposes the refund without naming an account. It moves nothing and promises nothing: who
//! has the page's address may not be who paid, so two persons look at the account before anything goes there.

use super::RefundError;
use super::propose::{PayerAccount, route_of};
use crate::context::{Caller, Context};
use crate::move_money;
use crate::retry::retrying;
use domain::allocation::Home;
use domain::moving::Part;
use domain::payment::Payment;
use domain::{IntentId, PaymentId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use storage::payer_page::{self, Wish};
use storage::refunds::{self, Route};
use storage::unit::{Audit, Unit};
use storage::{Tx, unit};

/// How much of an account's number stays readable.
const SHOWN: usize = 4;

/// Said by who has the page of `intent`.
pub struct Told {
    pub intent: IntentId,
    pub payment: PaymentId,
    pub account: PayerAccount,
    pub caller: Caller,
    pub now: Timestamp,
}

/// Whether a refund of this payment goes by transfer, so that somebody must say where to.
pub fn wants_account(ctx: &Context, payment: &Payment) -> bool {
    route_of(ctx, &payment.identity) == Route::Transfer
}

/// Keeps the account, in place of an earlier one.
///
/// # Errors
/// `Absent` where the payment is not the intent's, holds nothing that settles nothing, or goes back through its provider;
/// `UnderWay` once a refund of it was proposed.
#[tracing::instrument(skip_all, fields(payment = %told.payment))]
pub async fn tell_account(ctx: &Context, told: &Told) -> Result<(), RefundError> {
    retrying(|| tell_once(ctx, told)).await
}

async fn tell_once(ctx: &Context, told: &Told) -> Result<(), RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = keep(ctx, &tx, told).await;
    tx.close(outcome).await
}

async fn keep(ctx: &Context, tx: &Tx, told: &Told) -> Result<(), RefundError> {
    tx.begin().await?;
    let locked = move_money::lock(tx, told.payment, &[], told.now).await?.ok_or(RefundError::Absent)?;
    let is_theirs = locked.payment.intent_id == Some(told.intent) && wants_account(ctx, &locked.payment);
    let own: Vec<Part> = locked.scene.parts.iter().filter(|part| part.payment_id == told.payment).copied().collect();
    if !is_theirs || !waiting(&own).is_positive() {
        return Err(RefundError::Absent);
    }
    if refunds::of_payment(tx, told.payment).await?.iter().any(|refund| refund.state.status.counts()) {
        return Err(RefundError::UnderWay);
    }
    let json = serde_json::to_vec(&told.account).map_err(|e| storage::StorageError::Unreadable(e.to_string()))?;
    let wish = Wish {
        payment_id: told.payment,
        account_sealed: Some(ctx.vault.seal(&place(told.payment), &json)?),
        ends_in: ends_in(&told.account),
        told_at: told.now,
    };
    let mut unit = Unit::new(told.caller.actor(), told.now);
    unit.audit.push(Audit {
        action: "refund_account_told",
        subject: told.payment.to_string(),
        request_id: told.caller.request_id.clone(),
    });
    let (kept, written, committed) = join!(payer_page::keep_wish(tx, &wish), unit::write(tx, &unit), tx.commit());
    unit::first_error([kept, written, committed])?;
    tracing::info!("an account for a refund was told");
    Ok(())
}

/// What may be read again of an account.
pub(crate) fn ends_in(account: &PayerAccount) -> String {
    let number: Vec<char> = account.account_number.chars().collect();
    number.iter().skip(number.len().saturating_sub(SHOWN)).collect()
}

fn waiting(own: &[Part]) -> Vnd {
    own.iter().filter(|part| matches!(part.home, Home::Suspense(_))).map(|part| part.amount).sum()
}

/// What the payer told, for a proposal that names no account.
pub(super) async fn told_account(
    ctx: &Context,
    tx: &Tx,
    payment: PaymentId,
) -> Result<Option<PayerAccount>, RefundError> {
    let wish = payer_page::wishes(tx, &[payment]).await?.pop();
    let Some(sealed) = wish.and_then(|wish| wish.account_sealed) else { return Ok(None) };
    let plain = ctx.vault.open(&place(payment), &sealed)?;
    let account = serde_json::from_slice(&plain).map_err(|e| storage::StorageError::Unreadable(e.to_string()))?;
    Ok(Some(account))
}

/// What the seal is bound to: a wish never opens as a refund's account.
fn place(payment: PaymentId) -> Vec<u8> {
    [b"wish".as_slice(), payment.uuid().as_bytes()].concat()
}

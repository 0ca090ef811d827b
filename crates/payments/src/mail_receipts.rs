//! Tells payers who gave an address of their receipts by e-mail: leases, opens the payer's sealed row, sends with nothing held,
//! records. Queued with the receipt's own change (`issue_receipts`), once for each thing that is said of it. A mail whose
//! answer is lost goes out again under the same `Message-ID`; one that is refused for good ends at once, and one that nobody
//! takes by its schedule is parked. Who was not told that a receipt was issued hears nothing of its end. Nothing about money
//! waits for any of it.

use crate::context::Context;
use crate::issue_receipts;
use crate::slots;
use domain::mode::Mode;
use domain::receipt::MailState;
use jiff::SignedDuration;
use mail::NotSent;
use rand::RngExt;
use std::time::Duration;
use storage::receipt_mail::{self, Claimed, Ending};
use storage::{Db, StorageError, Vault, parties};
use tracing::Instrument;
use uuid::Uuid;

/// At the most; what waits for its turn under a lease might outlive it.
const PER_PASS: usize = 50;
/// Longer than one letter may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A pass waits so long; what takes longer goes on beside the passes that follow.
const PATIENCE: Duration = Duration::from_secs(1);

/// One pass; how many were begun. `ignore_schedule`: those that wait for their next time too. Where no mail server is named
/// what is queued waits.
pub async fn send(ctx: &Context, ignore_schedule: bool) -> Result<usize, StorageError> {
    if ctx.post.is_none() {
        return Ok(0);
    }
    let token = Uuid::new_v4();
    let free = ctx.slots.mailing.available_permits().min(PER_PASS);
    if free == 0 {
        return Ok(0);
    }
    let limit = i64::try_from(free).unwrap_or(1);
    let db = ctx.pool.get().await?;
    let dropped = receipt_mail::drop_untold(&db, limit).await?;
    if dropped > 0 {
        tracing::warn!(dropped, "mails about receipts were given up: their payers were not told what comes before");
    }
    let claimed = receipt_mail::claim(&db, limit, token, LEASE, ignore_schedule).await?;
    drop(db);
    let count = claimed.len();
    slots::each(&ctx.slots.mailing, claimed, PATIENCE, |claimed| {
        let ctx = ctx.clone();
        let span = tracing::info_span!("mail", otel.kind = "client", mail = %claimed.id, attempts = claimed.attempts);
        async move {
            if let Err(error) = send_one(&ctx, &claimed, token).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(mail = %claimed.id, error, "a mail's end was not recorded");
            }
        }
        .instrument(span)
    })
    .await;
    Ok(count)
}

async fn send_one(ctx: &Context, claimed: &Claimed, token: Uuid) -> Result<(), StorageError> {
    let to = {
        let db = ctx.pool.get().await?;
        address_of(&db, &ctx.vault, claimed.payer).await
    };
    let (ending, said) = match to {
        Ok(None) => (Ending::Over(MailState::NoAddress), String::new()),
        Ok(Some(to)) => match handed_over(ctx, claimed, to).await {
            Ok(()) => (Ending::Over(MailState::Sent), "taken".to_owned()),
            Err(NotSent::Refused(said)) => (Ending::Over(MailState::Refused), said),
            Err(NotSent::Later(said)) => (again(ctx, claimed.attempts), said),
        },
        Err(StorageError::Vault | StorageError::Unreadable(_)) => {
            (again(ctx, claimed.attempts), "the payer's row does not open".to_owned())
        }
        Err(error) => return Err(error),
    };
    match ending {
        Ending::Over(MailState::Parked | MailState::Refused) => {
            tracing::warn!(mail = %claimed.id, receipt = %claimed.receipt.id, said, "a mail about a receipt was not taken");
        }
        _ => tracing::debug!(mail = %claimed.id, attempts = claimed.attempts, said, "mail"),
    }
    receipt_mail::finish(&*ctx.pool.get().await?, claimed.id, token, ending, &said).await
}

/// Opened for this one letter; none of a payer who was erased meanwhile, or said none.
pub(crate) async fn address_of(db: &Db, vault: &Vault, payer: Option<Uuid>) -> Result<Option<String>, StorageError> {
    let Some(payer) = payer else { return Ok(None) };
    let party = parties::by_id(db, vault, payer).await?;
    Ok(party.and_then(|party| party.email).filter(|address| !address.trim().is_empty()))
}

async fn handed_over(ctx: &Context, claimed: &Claimed, to: String) -> Result<(), NotSent> {
    let Some(post) = &ctx.post else { return Err(NotSent::Later("no mail server".to_owned())) };
    let content = issue_receipts::content_of(&claimed.receipt);
    let url = ctx.receipt_url(&claimed.receipt.token);
    let letter = receipt::letter(&content, claimed.says, &url, ctx.mode == Mode::Sandbox);
    let letter = mail::Letter {
        to,
        subject: letter.subject,
        text: letter.text,
        message_id: claimed.message_id.clone(),
        at: claimed.created_at,
    };
    post.send(&letter).await
}

/// By the schedule, jittered by a tenth: what a server put off all at once comes again one by one.
fn again(ctx: &Context, attempts: i32) -> Ending {
    let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
    let Some(&seconds) = ctx.settings.receipts.mail_schedule_s.get(tried) else {
        return Ending::Over(MailState::Parked);
    };
    let millis = seconds.saturating_mul(1_000);
    let jitter = rand::rng().random_range(0..=millis / 5) - millis / 10;
    Ending::Again { after: SignedDuration::from_millis((millis + jitter).max(0)) }
}

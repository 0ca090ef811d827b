//! Lists accounts while a transfer to them may be under way: a notification gets lost for good, and a transfer cannot be
//! asked about. Each minute, with an overlap, since tellers learn of a transfer late and out of order.

use crate::context::{Caller, Context};
use crate::neighbour;
use crate::poll_attempts::PollError;
use crate::receive_account_report::{self, Told, Way};
use crate::receive_report::{self, Outcome, Parked, ReportError};
use jiff::{SignedDuration, Timestamp};
use provider::{Listed, Movements, Provider};
use storage::receiving_accounts::{self, ReceivingAccount};

/// An account that was never listed is listed from so long ago.
const FIRST_BACK: SignedDuration = SignedDuration::from_hours(24);
/// How late a teller may learn of a transfer and still state its true time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// What a listing says about its last moments may change.
pub const UNSETTLED: SignedDuration = SignedDuration::from_secs(60);
/// Why a row is parked that was read.
const NOT_RECORDED: &str = "a row that the books refuse";
/// No other worker lists the account before this; longer than all pages may take.
const LEASE: SignedDuration = SignedDuration::from_secs(300);

/// One pass; how many accounts were listed. `all`: whatever the schedule says.
pub async fn sweep(ctx: &Context, all: bool, now: Timestamp) -> Result<usize, PollError> {
    let (mut swept, mut failed) = (0, None);
    for provider in ctx.providers.iter() {
        let Some(movements) = &provider.movements else { continue };
        let accounts = {
            let db = ctx.pool.get().await?;
            receiving_accounts::of_beneficiaries(&db, &provider.beneficiaries, None).await?
        };
        for account in accounts {
            match list(ctx, &provider, movements.as_ref(), &account, all, now).await {
                Ok(listed) => swept += usize::from(listed),
                // the other accounts are none the worse for it
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    failed.map_or(Ok(swept), Err)
}

async fn list(
    ctx: &Context,
    provider: &Provider,
    movements: &dyn Movements,
    account: &ReceivingAccount,
    all: bool,
    now: Timestamp,
) -> Result<bool, PollError> {
    let period = SignedDuration::from_secs(ctx.settings.poll.list_every_s);
    let since = {
        let db = ctx.pool.get().await?;
        receiving_accounts::claim_sweep(&db, &provider.profile, &account.code, FIRST_BACK, LEASE, all).await?
    };
    let Some(since) = since else { return Ok(false) };
    let listing = movements.list(&account.account_number, since - OVERLAP, now);
    let listed = neighbour::called(provider, "movements", listing).await;
    let received = match listed {
        Ok(rows) => receive(ctx, provider, account, &rows, now).await.map(|()| Some(now - UNSETTLED)),
        Err(error) => {
            tracing::warn!(account = %account.code, profile = %provider.profile, error = &error as &dyn std::error::Error, "account not listed");
            Ok(None)
        }
    };
    // in any case: a row that could not be kept is tried again when the next listing is due, not when the lease ends
    let until = received.as_ref().ok().copied().flatten();
    let db = ctx.pool.get().await?;
    receiving_accounts::swept(&db, &provider.profile, &account.code, until, period).await?;
    Ok(received.map(|_| true)?)
}

/// Keeps each row of a listing and concludes from it. A row that is not to be read, or that can never be recorded, is
/// parked: it must not hide the others, nor stand in the way of every later listing.
///
/// # Errors
/// When a row could not be recorded this time; all others are.
pub async fn receive(
    ctx: &Context,
    provider: &Provider,
    account: &ReceivingAccount,
    rows: &[Listed],
    now: Timestamp,
) -> Result<(), ReportError> {
    let mut failed = None;
    for row in rows {
        // on the heap: it holds all that may become of a report
        if let Err(error) = Box::pin(receive_one(ctx, provider, row, now)).await {
            failed = failed.or(Some(error));
        }
    }
    tracing::debug!(account = %account.code, rows = rows.len(), "account listed");
    failed.map_or(Ok(()), Err)
}

async fn receive_one(ctx: &Context, provider: &Provider, row: &Listed, now: Timestamp) -> Result<(), ReportError> {
    let evidence = row.evidence.as_slice();
    let reason = match &row.report {
        Ok(report) => {
            let told = Told { way: Way::Listing, provider, report, evidence, call: None, now };
            match receive_account_report::receive(ctx, &told, &Caller::system()).await {
                Ok(_) => return Ok(()),
                Err(error) if error.comes_again() => {
                    tracing::error!(source_key = %report.source_key, error = &error as &dyn std::error::Error, "account row not recorded");
                    NOT_RECORDED
                }
                Err(error) => return Err(error),
            }
        }
        Err(reason) => reason.as_str(),
    };
    let (channel, profile) = (&provider.channel, &provider.profile);
    let parked = Parked { channel, profile, evidence, call: None, reason };
    if receive_report::park(ctx, &parked, now).await? == Outcome::Recorded {
        tracing::warn!(profile = %provider.profile, reason, "listed row parked");
    }
    Ok(())
}

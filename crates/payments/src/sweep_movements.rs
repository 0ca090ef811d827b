//! Lists accounts while a transfer to them may be under way: a notification gets lost for good, and a transfer cannot be
//! asked about. Each minute, with an overlap, since tellers learn of a transfer late and out of order.

use crate::context::{Caller, Context};
use crate::poll_attempts::PollError;
use crate::receive_account_report::{self, Told, Way};
use jiff::{SignedDuration, Timestamp};
use provider::{Movements, Provider};
use storage::receiving_accounts::{self, ReceivingAccount};

/// An account that was never listed is listed from so long ago.
const FIRST_BACK: SignedDuration = SignedDuration::from_hours(24);
/// How late a teller may learn of a transfer and still state its true time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// What a listing says about its last moments may change.
pub const UNSETTLED: SignedDuration = SignedDuration::from_secs(60);
/// No other worker lists the account before this; longer than all pages may take.
const LEASE: SignedDuration = SignedDuration::from_secs(300);

/// One pass; how many accounts were listed. `all`: whatever the schedule says.
pub async fn sweep(ctx: &Context, all: bool, now: Timestamp) -> Result<usize, PollError> {
    let mut swept = 0;
    for provider in ctx.providers.iter() {
        let Some(movements) = &provider.movements else { continue };
        let accounts = {
            let db = ctx.pool.get().await?;
            receiving_accounts::of_beneficiaries(&db, &provider.beneficiaries, None).await?
        };
        for account in accounts {
            swept += usize::from(list(ctx, provider, movements.as_ref(), &account, all, now).await?);
        }
    }
    Ok(swept)
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
    let listed = movements.list(&account.account_number, since - OVERLAP, now).await;
    let until = match listed {
        Ok(rows) => {
            for row in &rows {
                let (report, evidence) = (&row.report, row.evidence.as_slice());
                let told = Told { way: Way::Listing, provider, report, evidence, now };
                receive_account_report::receive(ctx, &told, &Caller::system()).await?;
            }
            tracing::debug!(account = %account.code, rows = rows.len(), "account listed");
            Some(now - UNSETTLED)
        }
        Err(error) => {
            tracing::warn!(account = %account.code, profile = %provider.profile, error = &error as &dyn std::error::Error, "account not listed");
            None
        }
    };
    let db = ctx.pool.get().await?;
    receiving_accounts::swept(&db, &provider.profile, &account.code, until, period).await?;
    Ok(true)
}

//! Lists accounts: a notification gets lost for good, and a transfer cannot be asked about. Each minute while a transfer to the
//! account may be under way, with an overlap, since tellers learn of a transfer late and out of order; each hour
//! all others, whose money a statement shows the next day.
//!
//! Whoever has waited longest is first. The calls to one teller are as far apart as it says, from all processes together; one
//! that wants to be left alone is, and the accounts that were not listed meanwhile come first.

use crate::context::{Caller, Context};
use crate::neighbour;
use crate::poll_attempts::PollError;
use crate::receive_account_report::{self, Told, Way};
use crate::receive_report::{self, Outcome, Parked, ReportError};
use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use provider::{Listed, Movements, Provider, ProviderError, Turns, Wanted};
use std::time::{Duration, Instant};
use storage::receiving_accounts::ReceivingAccount;
use storage::sweeps::{self, Contract, Sweep};

/// An account that was never listed is listed from so long ago.
const FIRST_BACK: SignedDuration = SignedDuration::from_hours(24);
/// How late a teller may learn of a transfer and still state its true time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// What a listing says about its last moments may change.
pub const UNSETTLED: SignedDuration = SignedDuration::from_secs(60);
/// An answer about all accounts of a teller is good so long for each of them.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(20);
/// Why a row is parked that was read.
const NOT_RECORDED: &str = "a row that the books refuse";
/// No other worker lists the account before this; longer than all pages may take.
const LEASE: SignedDuration = SignedDuration::from_secs(300);
/// A pass begins no listing after this, so that a worker that is to stop need not wait; the next pass goes on.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same where all accounts are to be listed.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(300);
/// A pass is over when the teller says so often, one time after the other, that it is asked too often.
const REFUSALS: u32 = 3;
/// No page waits longer for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Another process may be about to take the same turn.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// One pass; how many accounts were listed. `all`: each account, whatever the schedule says.
pub async fn sweep(ctx: &Context, all: bool, now: Timestamp) -> Result<usize, PollError> {
    let providers = ctx.providers.iter();
    // beside each other: each teller has a pace of its own
    let passes = providers.filter_map(|provider| {
        let movements = provider.movements.clone()?;
        Some(async move { Box::pin(sweep_contract(ctx, &provider, movements.as_ref(), all, now)).await })
    });
    join_all(passes).await.into_iter().sum()
}

async fn sweep_contract(
    ctx: &Context,
    provider: &Provider,
    movements: &dyn Movements,
    all: bool,
    now: Timestamp,
) -> Result<usize, PollError> {
    let contract = Contract {
        profile: &provider.profile,
        beneficiaries: &provider.beneficiaries,
        every: SignedDuration::from_secs(ctx.settings.poll.list_every_s),
        idle_every: SignedDuration::from_secs(ctx.settings.poll.list_idle_every_s),
    };
    let (begun, patience) = (Instant::now(), if all { PATIENCE_FOR_ALL } else { PATIENCE });
    let turns = TellersTurns { ctx, provider, pace: movements.pace() };
    sweeps::look(&*ctx.pool.get().await?, contract, FIRST_BACK, all).await?;
    let (mut swept, mut failed, mut done) = (0, None, Vec::new());
    let mut refusals = 0;
    while refusals < REFUSALS {
        // who is first is decided when the turn is there
        let wait = sweeps::until_turn(&*ctx.pool.get().await?, contract.profile).await?;
        if begun.elapsed() + wait > patience {
            break;
        }
        tokio::time::sleep(wait).await;
        let claimed = sweeps::claim(&*ctx.pool.get().await?, contract, LEASE, &done, all).await?;
        let Some(claimed) = claimed else { break };
        match list(ctx, provider, (movements, &turns), &claimed, all, now).await {
            Ok(Came::Listed) => swept += 1,
            Ok(Came::Failed) => {}
            // it keeps its place, unless it is what the teller never answers: then the others come first
            Ok(Came::TooOften) => {
                refusals += 1;
                if refusals == REFUSALS {
                    let (db, code) = (ctx.pool.get().await?, &claimed.account.code);
                    sweeps::swept(&db, contract.profile, code, None, contract.every).await?;
                }
                continue;
            }
            // the other accounts are none the worse for it
            Err(error) => failed = failed.or(Some(error)),
        }
        refusals = 0;
        done.push(claimed.account.code);
    }
    failed.map_or(Ok(swept), Err)
}

/// What came of asking for one account.
enum Came {
    Listed,
    Failed,
    TooOften,
}

async fn list(
    ctx: &Context,
    provider: &Provider,
    (movements, turns): (&dyn Movements, &TellersTurns<'_>),
    Sweep { account, listed_until }: &Sweep,
    all: bool,
    now: Timestamp,
) -> Result<Came, PollError> {
    let wanted = Wanted {
        account_number: &account.account_number,
        since: *listed_until - OVERLAP,
        now,
        not_before: if all { now } else { now - GOOD_FOR },
    };
    let listed = neighbour::called(provider, "movements", movements.list(wanted, turns)).await;
    let received = match listed {
        Ok(listing) => {
            receive(ctx, provider, account, &listing.rows, now).await.map(|()| Some(listing.as_of - UNSETTLED))
        }
        Err(ProviderError::TooOften(wait)) => {
            tracing::warn!(account = %account.code, profile = %provider.profile, ?wait, "the teller was asked too often");
            let db = ctx.pool.get().await?;
            sweeps::no_turn_for(&db, &provider.profile, wait).await?;
            sweeps::left(&db, &provider.profile, &account.code).await?;
            return Ok(Came::TooOften);
        }
        Err(error) => {
            tracing::warn!(account = %account.code, profile = %provider.profile, error = &error as &dyn std::error::Error, "account not listed");
            Ok(None)
        }
    };
    // in any case: a row that could not be kept is tried again when the next listing is due, not when the lease ends
    let until = received.as_ref().ok().copied().flatten();
    let period = SignedDuration::from_secs(ctx.settings.poll.list_every_s);
    let db = ctx.pool.get().await?;
    sweeps::swept(&db, &provider.profile, &account.code, until, period).await?;
    Ok(if received?.is_some() { Came::Listed } else { Came::Failed })
}

/// The turns of one contract's teller, as the books have them.
struct TellersTurns<'a> {
    ctx: &'a Context,
    provider: &'a Provider,
    pace: Duration,
}

#[async_trait]
impl Turns for TellersTurns<'_> {
    async fn next(&self) -> Result<(), ProviderError> {
        loop {
            let wait = self.take().await.unwrap_or_else(|error| {
                // what cannot be kept apart for all processes is for this one
                tracing::warn!(error = &error as &dyn std::error::Error, "the turn of a teller is not known");
                None
            });
            match wait {
                None => return Ok(()),
                Some(wait) if wait > LONGEST_WAIT => return Err(ProviderError::TooOften(wait)),
                Some(wait) => tokio::time::sleep(wait.max(SHORTEST_WAIT)).await,
            }
        }
    }
}

impl TellersTurns<'_> {
    /// None: taken. Else how far it is away.
    async fn take(&self) -> Result<Option<Duration>, storage::StorageError> {
        let db = self.ctx.pool.get().await?;
        if sweeps::take_turn(&db, &self.provider.profile, self.pace).await? {
            return Ok(None);
        }
        sweeps::until_turn(&db, &self.provider.profile).await.map(Some)
    }
}

/// Keeps each row of a listing and concludes from it; one that is kept already as it stands is passed over. A row that is not
/// to be read, or that can never be recorded, is parked: it must not hide the others, nor stand in the way of every later
/// listing.
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
    let news = receive_account_report::not_kept(ctx, provider, account, rows).await?;
    tracing::debug!(account = %account.code, rows = rows.len(), news = news.len(), "account listed");
    for row in news {
        // on the heap: it holds all that may become of a report
        if let Err(error) = Box::pin(receive_one(ctx, provider, row, now)).await {
            failed = failed.or(Some(error));
        }
    }
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

//! Keeps a process's providers on the secrets that the books hold: before it serves anybody, and from then on every few
//! seconds (`approvals.secrets_within_s`). At the start a secret that cannot be used stops the process; later the provider
//! stays as it was, which is logged.

use crate::wiring::WiringError;
use payments::Context;
use payments::renew_providers::Renewal;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Once, for a command that ends by itself.
///
/// # Errors
/// When the database is away, or a contract cannot be made with its secrets.
pub async fn look(ctx: &Context) -> Result<Renewal, WiringError> {
    let mut renewal = Renewal::default();
    let failed = renewal.look(ctx).await?;
    match failed.into_iter().next() {
        Some((profile, source)) => Err(WiringError::Secrets { profile, source }),
        None => Ok(renewal),
    }
}

/// Until the handle is aborted.
///
/// # Errors
/// As of the first look.
pub async fn start(ctx: &Context) -> Result<JoinHandle<()>, WiringError> {
    let (mut renewal, ctx) = (look(ctx).await?, ctx.clone());
    let period = Duration::from_secs(ctx.settings.approvals.secrets_within_s);
    Ok(tokio::spawn(async move {
        loop {
            tokio::time::sleep(period).await;
            match renewal.look(&ctx).await {
                Ok(failed) => {
                    for (profile, error) in failed {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(profile, error, "a contract goes on with the secrets that it had");
                    }
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the books were not asked about secrets: contracts stay as they are");
                }
            }
        }
    }))
}

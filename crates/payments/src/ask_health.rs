//! Asks providers how they are, where their document has such a question. One that says it is away takes no new attempt
//! until it says otherwise; one that does not answer has said nothing, and stays as it was.

use crate::context::Context;
use crate::neighbour;
use storage::{StorageError, channels};

/// One pass; how many answered.
pub async fn ask(ctx: &Context) -> Result<usize, StorageError> {
    let mut answered = 0;
    for provider in ctx.providers.iter() {
        let Some(status) = provider.status.clone() else { continue };
        match neighbour::called(&provider, "health", status.health()).await {
            Ok(None) => {}
            Ok(Some(health)) => {
                if !health.is_up || health.is_degraded {
                    tracing::warn!(profile = %provider.profile, is_up = health.is_up, "the provider is not well");
                }
                let db = ctx.pool.get().await?;
                let told = (health.is_up, health.is_degraded);
                channels::put_health(&db, provider.profile.as_str(), told, health.back_at).await?;
                answered += 1;
            }
            Err(error) => {
                tracing::warn!(profile = %provider.profile, error = &error as &dyn std::error::Error, "no word of health");
            }
        }
    }
    Ok(answered)
}

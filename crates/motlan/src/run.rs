//! The long-running commands of a deployment: `serve`, `work`, `migrate`.

use crate::config::Config;
use crate::failed::Failed;
use crate::renewal;
use crate::say;
use crate::signals::End;
use crate::telemetry::Telemetry;
use crate::wiring::{self, Gateway, Role};
use serde_json::{Value, json};
use storage::backlog::{Backlog, Counts};

/// The listeners, until the process is told to end.
pub async fn serve(config: &Config) -> Result<(), Failed> {
    run(config, Role::Serve).await
}

/// The worker and the operators' listener, until the process is told to end.
pub async fn work(config: &Config) -> Result<(), Failed> {
    run(config, Role::Work).await
}

async fn run(config: &Config, role: Role) -> Result<(), Failed> {
    let mut end = End::listen()?;
    let telemetry = Telemetry::start(&config.log, config.otlp_endpoint.as_deref())?;
    let gateway = Gateway::start(config, role, telemetry.render()).await?;
    telemetry.watch_process(&gateway);
    let watch = (role != Role::Serve).then(|| telemetry.watch_backlog(gateway.ctx.pool.clone()));
    say::line(&gateway.addresses.ready_line());
    tracing::info!(role = ?role, mode = %config.mode, "ready");
    end.wished().await;
    tracing::info!("ending");
    if let Some(watch) = watch {
        watch.abort();
    }
    gateway.stop().await;
    tokio::task::spawn_blocking(|| telemetry.stop()).await?;
    Ok(())
}

/// Works off all that is left, and says what then is.
pub async fn drain(config: &Config) -> Result<Value, Failed> {
    let telemetry = Telemetry::start(&config.log, config.otlp_endpoint.as_deref())?;
    let ctx = wiring::context(config, "")?;
    let drained = match renewal::look(&ctx).await {
        Ok(_) => worker::drain(&ctx).await.map_err(Failed::from),
        Err(error) => Err(error.into()),
    };
    tokio::task::spawn_blocking(|| telemetry.stop()).await?;
    Ok(shown(&drained?))
}

/// Brings the schema up to date, as its owner.
pub async fn migrate(config: &Config) -> Result<Value, Failed> {
    let migrations = storage::migrate::migrate(config.secret("database.owner_url")?).await?;
    Ok(json!({"migrations": migrations}))
}

fn shown(backlog: &Backlog) -> Value {
    let counts = |c: &Counts| {
        json!({"inbox": c.inbox, "outbox": c.outbox, "polls": c.polls, "refunds": c.refunds,
            "movements": c.movements, "unsealed": c.unsealed, "mail": c.mail})
    };
    json!({"due": counts(&backlog.due), "waiting": counts(&backlog.waiting), "parked": counts(&backlog.parked),
        "oldest_due_s": backlog.oldest_due_s})
}

//! Secrets of contracts from the command line. A secret is read from standard input, where no list of processes and no
//! history of a shell shows it, and is never printed.

use crate::admin::by;
use crate::cli::{CredentialsCommand, Secret};
use crate::config::Config;
use crate::failed::Failed;
use crate::wiring;
use payments::Context;
use payments::administer::credentials::{self, Shown, Which};
use payments::administer::{AdminError, By, once};
use secrecy::SecretString;
use serde_json::{Value, json};
use storage::Tx;

pub async fn credentials(config: &Config, command: CredentialsCommand) -> Result<Value, Failed> {
    let (ctx, by) = (wiring::context(config, "")?, by());
    match command {
        CredentialsCommand::List { code } => {
            let db = ctx.pool.get().await?;
            let found = credentials::list(&ctx, &db, &by, &code).await.map_err(absent(&code))?;
            Ok(found.iter().map(shown).collect())
        }
        CredentialsCommand::Put(Secret { code, name }) => {
            let secret = from_stdin()?;
            let work = async |tx: &Tx| credentials::put(&ctx, tx, &by, (&code, &name), &secret).await;
            Ok(shown(&once(&ctx.pool, &by, work).await.map_err(absent(&code))?))
        }
        CredentialsCommand::Propose { secret: Secret { code, name }, note } => {
            let secret = from_stdin()?;
            let work = async |tx: &Tx| credentials::propose(&ctx, tx, &by, (&code, &name), &secret, &note).await;
            let approval = once(&ctx.pool, &by, work).await.map_err(absent(&code))?;
            Ok(json!({"approval_id": approval, "status": "pending"}))
        }
        CredentialsCommand::RetirePrevious(named) => retired(&ctx, &by, named, Which::Previous).await,
        CredentialsCommand::RetireNewest(named) => retired(&ctx, &by, named, Which::Newest).await,
    }
}

/// An absence, by what is absent.
fn absent(code: &str) -> impl FnOnce(AdminError) -> Failed {
    move |error| match error {
        AdminError::Absent => format!("there is no profile {code}").into(),
        other => other.into(),
    }
}

async fn retired(ctx: &Context, by: &By, Secret { code, name }: Secret, which: Which) -> Result<Value, Failed> {
    let work = async |tx: &Tx| credentials::retire(ctx, tx, by, (&code, &name), which).await;
    Ok(shown(&once(&ctx.pool, by, work).await.map_err(absent(&code))?))
}

/// One line, without what ends it.
fn from_stdin() -> Result<SecretString, Failed> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let secret = SecretString::from(line.trim_end_matches(['\r', '\n']));
    line.clear();
    Ok(secret)
}

fn shown(s: &Shown) -> Value {
    let accepted = s.accepted.iter().map(|a| {
        let (origin, held) = (if a.held.is_some() { "books" } else { "configuration" }, a.held.as_ref());
        json!({"origin": origin, "fingerprint": a.fingerprint, "since": held.and_then(|c| c.in_force_at),
            "proposed_by": held.map(|c| &c.proposed_by), "decided_by": held.and_then(|c| c.decided_by.as_ref())})
    });
    let proposed = s
        .proposed
        .as_ref()
        .map(|c| json!({"fingerprint": c.fingerprint, "proposed_by": c.proposed_by, "proposed_at": c.proposed_at}));
    json!({"name": s.name, "meaning": s.meaning, "accepted": accepted.collect::<Vec<_>>(), "proposed": proposed})
}

//! The online-payment score from the command line: its rules, and the files that it counts by.

use crate::admin::{by, pool};
use crate::cli::ScoreCommand;
use crate::config::Config;
use crate::failed::Failed;
use domain::score::Target;
use payments::administer::once;
use payments::administer::score::{Kind, import};
use serde_json::{Value, json};
use std::path::Path;
use storage::score::{self, Import, SetRule};
use storage::{Pool, Tx};

/// Whoever asks at a terminal has no pages.
const ALL: i64 = i64::MAX;

pub async fn run(config: &Config, command: ScoreCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    match command {
        ScoreCommand::Rules => {
            let rules = score::rules(&*pool.get().await?, None, ALL).await?;
            Ok(rules.iter().map(|(_, set)| rule(set)).collect())
        }
        ScoreCommand::Imports => Ok(score::imports(&*pool.get().await?, None, ALL).await?.iter().map(shown).collect()),
        ScoreCommand::Procedures { as_of, file } => take(&pool, Kind::Procedures { as_of }, &file).await,
        ScoreCommand::Dossiers { file } => take(&pool, Kind::Dossiers, &file).await,
    }
}

async fn take(pool: &Pool, kind: Kind, path: &Path) -> Result<Value, Failed> {
    let (file, by) = (std::fs::read(path)?, by());
    Ok(shown(&once(pool, &by, async |tx: &Tx| import(tx, &by, kind, &file).await).await?))
}

fn shown(i: &Import) -> Value {
    json!({"id": i.id, "kind": i.kind, "as_of": i.as_of, "lines": i.lines, "sha256": i.sha256,
        "imported_by": i.imported_by, "imported_at": i.imported_at})
}

fn rule(set: &SetRule) -> Value {
    let target = |t: Target| json!({"percent": t.percent, "maximum": t.maximum});
    let rule = &set.rule;
    json!({"valid_from": rule.valid_from, "dossiers_paid_online": target(rule.dossiers),
        "procedures_with_online_payment": target(rule.used), "procedures_provided": target(rule.provided),
        "denominator": rule.used_of.as_str(), "offline_channels": rule.offline_channels,
        "counts_exempt": rule.counts_exempt, "note": set.note, "set_by": set.set_by, "set_at": set.set_at})
}

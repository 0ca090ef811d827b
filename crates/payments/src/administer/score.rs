//! How the online-payment score is reckoned, and the files of other systems that it counts by. Rules and files are added to:
//! a file is kept as it was sent, one that comes later stands in place of what an earlier one said of the same.

mod read;

use super::{AdminError, By, Made};
use domain::ScoreImportId;
use domain::score::Rule;
use hex::encode;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use storage::Tx;
use storage::ids::mint;
use storage::score::{self, Import, SetRule};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The procedures that there are, from a day on.
    Procedures { as_of: Date },
    /// How many dossiers owe something, by month and agency.
    Dossiers,
}

/// Sets a rule from a day on. Whoever says it again of that day says it anew; what was said stays on record.
pub async fn set_rule(tx: &Tx, by: &By, rule: Rule, note: String) -> Result<Made<SetRule>, AdminError> {
    by.of_all()?;
    let set = SetRule { rule, note, set_by: by.actor.clone(), set_at: by.now };
    score::add_rule(tx, &set).await?;
    let detail = detail(&set.rule);
    Ok(Made::of(set, "score_rule_set", "score").to(detail))
}

fn detail(rule: &Rule) -> String {
    let each = [rule.dossiers, rule.used, rule.provided].map(|t| format!("{}@{}%", t.maximum, t.percent));
    let (from, of, offline, exempt) = (rule.valid_from, rule.used_of, &rule.offline_channels, rule.counts_exempt);
    format!("from={from} parts={} of={of} offline={} exempt={exempt}", each.join(","), offline.join(","))
}

/// Takes a file whole or refuses it whole.
///
/// # Errors
/// [`AdminError::BadFile`] says which line does not fit.
pub async fn import(tx: &Tx, by: &By, kind: Kind, file: &[u8]) -> Result<Made<Import>, AdminError> {
    by.of_all()?;
    let id: ScoreImportId = mint(by.now);
    let of = |kind: &str, as_of, lines: usize| Import {
        id,
        kind: kind.to_owned(),
        as_of,
        lines: i32::try_from(lines).unwrap_or(i32::MAX),
        sha256: encode(Sha256::digest(file)),
        imported_by: by.actor.clone(),
        imported_at: by.now,
    };
    let import = match kind {
        Kind::Procedures { as_of } => {
            let all = read::procedures(file).map_err(AdminError::BadFile)?;
            let import = of("procedures", Some(as_of), all.len());
            score::add_import(tx, &import, file).await?;
            score::add_procedures(tx, id, &all).await?;
            import
        }
        Kind::Dossiers => {
            let all = read::dossiers(file).map_err(AdminError::BadFile)?;
            let import = of("dossiers", None, all.len());
            score::add_import(tx, &import, file).await?;
            score::add_dossiers(tx, id, &all).await?;
            import
        }
    };
    let detail = format!("{} lines={} sha256={}", import.kind, import.lines, import.sha256);
    Ok(Made::of(import, "score_file_imported", id).to(detail))
}

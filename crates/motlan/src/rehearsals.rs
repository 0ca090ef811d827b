//! `motlan match dry-run`: what another rule of matching would make of lines that are in the books. It reads, and writes nothing.

use crate::admin::pool;
use crate::cli::DryRun;
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::AccountCode;
use domain::matching::{Claim, What};
use payments::rehearse::{self, Change, Otherwise, Rehearsal};
use serde_json::{Value, json};

/// The same words as `POST /v1/matching/dry-runs` answers.
///
/// # Errors
/// When it may not be tried, or the books cannot be read.
pub async fn run(config: &Config, asked: DryRun) -> Result<Value, Failed> {
    let DryRun { account, from, to, days_apart, own_numbering, days_off, days_worked } = asked;
    // an empty argument is one empty word
    let own_numbering = own_numbering.map(|words| words.into_iter().filter(|word| !word.is_empty()).collect());
    let change = Change { days_apart, own_numbering, days_off, days_worked };
    let wanted = Rehearsal { account: AccountCode::new(account)?, from, to, change };
    let outcome = rehearse::rehearse_in(&pool(config)?, &wanted).await?;
    let otherwise: Vec<Value> = outcome.otherwise.iter().map(shown).collect();
    Ok(json!({"lines": outcome.lines, "as_kept": outcome.as_kept, "otherwise": otherwise}))
}

fn shown(o: &Otherwise) -> Value {
    json!({"statement_id": o.line.statement.to_string(), "line": o.line.line_no, "movement_id": o.line.id.to_string(),
        "booking_date": o.line.booking_date, "amount": o.line.amount.dong(), "kept": found(o.line.kept()),
        "now": found(o.now), "then": found(o.then)})
}

fn found(claim: Claim) -> Value {
    match claim {
        None => Value::Null,
        Some((What::Payment(id), rule)) => json!({"payment_id": id.to_string(), "rule": rule.as_str()}),
        Some((What::Sighting(id), rule)) => json!({"sighting_id": id.to_string(), "rule": rule.as_str()}),
    }
}

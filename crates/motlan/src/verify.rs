//! `motlan verify`: the books checked against themselves, and against a head of the chain that was kept elsewhere.
//! Success means that nothing contradicts them.

use crate::config::Config;
use crate::failed::Failed;
use crate::say;
use payments::verify_books::{self, Report};
use serde_json::json;
use std::process::ExitCode;
use storage::{Pool, Settings};

/// Whole books take longer than any request may.
const STATEMENT_TIMEOUT_MS: u64 = 600_000;

/// Prints the report; its code says whether everything holds.
///
/// # Errors
/// When the books cannot be read.
pub async fn run(config: &Config, head: Option<&str>, json: bool) -> Result<ExitCode, Failed> {
    let settings = Settings { statement_timeout_ms: STATEMENT_TIMEOUT_MS, ..config.pool.clone() };
    let pool = Pool::new(config.secret("database.url")?, &settings)?;
    let report = verify_books::verify(&pool, head).await?;
    if json {
        let (checked, head, sealed) = (&report.checked, &report.head, report.sealed);
        say::line(&json!({"holds": report.holds(), "checked": checked, "head": head, "sealed": sealed}).to_string());
    } else {
        say::line(&page(&report));
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn page(report: &Report) -> String {
    let mut lines = Vec::new();
    for finding in &report.checked {
        let mark = if finding.rows.is_empty() { "holds" } else { "BROKEN" };
        lines.push(format!("{}  {mark:6}  {}", finding.number, finding.says));
        lines.extend(finding.rows.iter().map(|row| format!("             {}: {}", row.subject, row.detail)));
    }
    lines.push(format!("\n{} links sealed; head {}", report.sealed, report.head.as_deref().unwrap_or("none yet")));
    lines.join("\n")
}

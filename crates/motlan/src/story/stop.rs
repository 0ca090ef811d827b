//! Why a scene could not go on. What the gateway refused is kept whole: its problem document is shown as it came.

use std::error::Error;
use std::path::PathBuf;

use serde_json::Value;

#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("không đọc được {} (cannot be read)", .0.display())]
    RunFile(PathBuf, #[source] std::io::Error),
    #[error("{} không đúng dạng (is not as expected)", .0.display())]
    RunFileForm(PathBuf, #[source] serde_json::Error),
    #[error("không tạo được HTTP client (no HTTP client)")]
    Client(#[source] reqwest::Error),
    #[error("{0}: không có trả lời (no answer)")]
    Unanswered(String, #[source] reqwest::Error),
    #[error("{call}: HTTP {status}, mong đợi {wanted} (expected {wanted})\n{}", shown(.body))]
    Refused { call: String, status: u16, wanted: u16, body: Value },
    #[error("thiếu trường `{0}` trong trả lời (field missing in the answer)")]
    Missing(&'static str),
    #[error("không kết nối được schema assurance (cannot connect to the assurance views)")]
    NoBooks(#[source] tokio_postgres::Error),
    #[error("không đọc được schema assurance (the assurance views cannot be read)")]
    Books(#[from] tokio_postgres::Error),
    #[error("{0}")]
    Premise(String),
}

impl Stop {
    /// With every source: the innermost one usually names the cause.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

/// Indented as the rest of a scene's lines.
pub fn shown(body: &Value) -> String {
    let text = match body {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

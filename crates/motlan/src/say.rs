//! What a command prints: one JSON value with `--json`, else lines for people. A reader that has gone away is no failure.

use serde_json::Value;
use std::io::Write;

/// One line to stdout.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The result of a command.
pub fn result(json: bool, value: &Value) {
    if json { line(&value.to_string()) } else { line(&for_people(value)) }
}

/// Objects as `name  value` lines, lists as one line per entry.
fn for_people(value: &Value) -> String {
    match value {
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Array(entries) => entries.iter().map(in_a_row).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => {
            let width = fields.keys().map(String::len).max().unwrap_or(0);
            let rows = fields.iter().map(|(name, value)| format!("{name:width$}  {}", plain(value)));
            rows.collect::<Vec<_>>().join("\n")
        }
        other => plain(other),
    }
}

fn in_a_row(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields.values().map(plain).collect::<Vec<_>>().join("  "),
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(entries) => entries.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_read_lines_and_lists_in_rows() {
        assert_eq!(for_people(&json!({"id": "key_1", "scopes": ["a", "b"]})), "id      key_1\nscopes  a,b");
        assert_eq!(for_people(&json!([{"a": 1, "b": null}, {"a": 2, "b": "x"}])), "1  -\n2  x");
        assert_eq!(for_people(&json!([])), "none");
    }
}

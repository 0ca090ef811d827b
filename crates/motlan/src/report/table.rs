//! Reports and days as tables for a terminal: aligned whatever the letters' width, amounts as Vietnamese readers group
//! them, and no character of a cell can move the cursor.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use domain::report::Report;
use serde_json::Value;

/// What fits on a screen; CSV and JSON have all columns.
const fn shown(report: Report) -> &'static [&'static str] {
    match report {
        Report::Transactions => &[
            "day",
            "dossier_code",
            "fee_code",
            "amount_due",
            "amount_paid",
            "channel",
            "provider_txn_id",
            "reference",
            "statement_bank_ref",
            "credited_on",
            "provider_fee",
            "match_state",
            "reason",
        ],
        Report::Reconciliation => &[
            "day",
            "scope",
            "opening",
            "in",
            "out",
            "closing",
            "statement_closing",
            "matched",
            "unmatched",
            "cases",
            "status",
        ],
        Report::Suspense => {
            &["reason", "amount", "since", "age_days", "scope", "reference", "provider_txn_id", "bank_ref", "case_id"]
        }
        Report::Collections => {
            &["day", "agency", "fee_code", "channel", "count", "gross", "relief", "collected", "refunded", "net"]
        }
        Report::OnlinePaymentScore => &[
            "section",
            "month",
            "agency",
            "procedure",
            "part",
            "numerator",
            "denominator",
            "percent",
            "points",
            "maximum",
            "reason",
            "count",
        ],
        Report::CashFlow => &["scope", "line", "in", "out", "balance"],
        Report::Remittances => &[
            "day",
            "beneficiary",
            "due_on",
            "status",
            "fee_code",
            "sub_item",
            "collected",
            "retained",
            "remitted",
            "reference",
        ],
        Report::TreasurySlips => &[
            "day",
            "agency",
            "dossier_code",
            "payable_id",
            "amount_paid",
            "chapter",
            "sub_item",
            "area",
            "treasury",
            "reference",
        ],
    }
}

/// The rows with a last one of the totals, and how many there are.
pub fn of_report(report: Report, answer: &Value) -> String {
    let heads = report_files::columns::heads(report);
    let head = |key: &str| heads.iter().find(|(k, _)| *k == key).map_or(String::new(), |(_, head)| (*head).to_owned());
    let keys = shown(report);
    let mut table = table();
    table.set_header(keys.iter().map(|key| head(key)));
    let rows = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    for row in rows {
        table.add_row(keys.iter().map(|key| cell(&row[*key])));
    }
    let totals = &answer["totals"];
    if !rows.is_empty() {
        let sum = |(at, key): (usize, &&str)| if at == 0 { Cell::new("Cộng") } else { cell(&totals[*key]) };
        table.add_row(keys.iter().enumerate().map(sum));
    }
    let (from, to) = (plain(&answer["from"]), plain(&answer["to"]));
    let table = table.trim_fmt();
    format!("{table}\n{} dòng (rows), {from} – {to}", plain(&totals["rows"]))
}

/// A day's balances, what keeps it from closing, and its cases.
pub fn of_day(day: &Value) -> String {
    let mut balances = table();
    for (key, head) in [
        ("date", "Ngày"),
        ("account", "Tài khoản"),
        ("profile", "Hợp đồng"),
        ("opening", "Số dư đầu ngày"),
        ("in", "Phát sinh tăng"),
        ("out", "Phát sinh giảm"),
        ("closing", "Số dư cuối ngày"),
        ("statement_closing", "Số dư cuối ngày theo sao kê"),
        ("status", "Trạng thái ngày"),
        ("closed_by", "Người khoá sổ"),
    ] {
        if !day[key].is_null() {
            balances.add_row([Cell::new(head), cell(&day[key])]);
        }
    }
    let counts = day["counts"].as_object().into_iter().flatten();
    let counts: Vec<String> = counts.map(|(name, number)| format!("{name} {}", plain(number))).collect();
    let mut parts = vec![balances.trim_fmt(), counts.join(", ")];
    parts.extend(list("Chưa khớp sổ (gaps)", &day["gaps"], &["kind", "ours", "theirs", "difference"]));
    let differences = ["case_id", "kind", "amount", "status", "payment_id", "movement_id"];
    let shown = day["differences"].as_array().map_or(0, Vec::len);
    let title = match day["differences_total"].as_u64() {
        Some(all) if all > shown as u64 => format!("Chênh lệch (cases, {shown} / {all})"),
        _ => "Chênh lệch (cases)".to_owned(),
    };
    parts.extend(list(&title, &day["differences"], &differences));
    parts.join("\n\n")
}

fn list(title: &str, entries: &Value, keys: &[&str]) -> Option<String> {
    let entries = entries.as_array().filter(|entries| !entries.is_empty())?;
    let mut table = table();
    table.set_header(keys);
    for entry in entries {
        table.add_row(keys.iter().map(|key| cell(&entry[*key])));
    }
    Some(format!("{title}\n{}", table.trim_fmt()))
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn cell(value: &Value) -> Cell {
    let alignment = if value.is_number() { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(plain(value)).set_alignment(alignment)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.to_string(), grouped),
        Value::String(text) => text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
        other => other.to_string(),
    }
}

/// `1.021.000`
fn grouped(number: i64) -> String {
    let amount = domain::Vnd::new(number).to_string();
    amount.strip_suffix(" ₫").unwrap_or(&amount).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_stand_under_each_other_and_amounts_are_grouped() {
        let row = |dossier: &str, paid| json!({"day": "2026-11-24", "dossier_code": dossier, "amount_paid": paid});
        let rows = [row("H38.17-261124-0001", 1_021_000), row("Hồ sơ số 2 của phường\u{1b}[2J", 8_000)];
        let answer = json!({"from": "2026-11-24", "to": "2026-11-24", "rows": rows,
            "totals": {"rows": 2, "amount_paid": 1_029_000}});
        let text = of_report(Report::Transactions, &answer);
        assert!(!text.contains('\u{1b}'));
        let lines: Vec<&str> = text.lines().collect();
        let end = |line: &str, of: &str| line.find(of).map(|at| line[..at + of.len()].chars().count());
        assert_eq!(end(lines[1], "1.021.000"), end(lines[2], "8.000"), "{text}");
        assert_eq!(end(lines[1], "1.021.000"), end(lines[3], "1.029.000"), "{text}");
        assert!(lines[3].trim_start().starts_with("Cộng"));
        assert_eq!(lines.last(), Some(&"2 dòng (rows), 2026-11-24 – 2026-11-24"));
        for &report in Report::ALL {
            let known: Vec<&str> = report_files::columns::heads(report).into_iter().map(|(key, _)| key).collect();
            assert!(shown(report).iter().all(|key| known.contains(key)), "{report}");
        }
    }

    #[test]
    fn a_day_shows_what_keeps_it_open() {
        let day = json!({"date": "2026-11-24", "account": "970436.1", "profile": null, "opening": 0, "in": 5, "out": 0,
            "closing": 5, "counts": {"matched": 1}, "differences": [], "status": "open",
            "gaps": [{"kind": "statement_missing", "ours": 5, "theirs": null, "difference": -5}]});
        let text = of_day(&day);
        let many = json!({"differences": [{"case_id": "cas_1"}], "differences_total": 700});
        assert!(of_day(&many).contains("(cases, 1 / 700)"));
        assert!(text.contains("statement_missing") && text.contains("970436.1") && !text.contains("cases"), "{text}");
    }
}

//! A report as JSON: `{report, from, to, rows, totals}`, the totals last because they are known last.

use crate::columns::{self, Column};
use crate::totals::Totals;
use crate::{Row, Writer};
use domain::report::{Period, Report};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use storage::reports::Cell;

pub struct Json {
    report: Report,
    period: Period,
    columns: &'static [Column],
    totals: Totals,
    begun: bool,
}

impl Json {
    pub fn new(report: Report, period: Period) -> Self {
        Self { report, period, columns: columns::of(report), totals: Totals::new(report), begun: false }
    }
}

impl Writer for Json {
    fn head(&mut self) -> Vec<u8> {
        let (report, from, to) = (self.report, self.period.from(), self.period.to());
        format!("{{\"report\":\"{report}\",\"from\":\"{from}\",\"to\":\"{to}\",\"rows\":[").into_bytes()
    }

    fn rows(&mut self, rows: &[Row]) -> Vec<u8> {
        let mut out = Vec::new();
        for row in rows {
            self.totals.add(row);
            out.extend_from_slice(if self.begun { b",\n" } else { b"\n" });
            self.begun = true;
            // cells are texts, numbers and dates, which JSON can always say
            let line = serde_json::to_vec(&Line { columns: self.columns, row }).unwrap_or_default();
            out.extend(line);
        }
        out
    }

    fn tail(&mut self) -> Vec<u8> {
        format!("],\"totals\":{}}}", self.totals.json()).into_bytes()
    }
}

/// One row as an object, in the order of the columns.
struct Line<'a> {
    columns: &'static [Column],
    row: &'a Row,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.columns.len()))?;
        for (column, cell) in self.columns.iter().zip(self.row) {
            match cell {
                Cell::Empty => map.serialize_entry(column.key, &())?,
                Cell::Text(text) => map.serialize_entry(column.key, text)?,
                Cell::Number(number) => map.serialize_entry(column.key, number)?,
                Cell::Date(date) => map.serialize_entry(column.key, date)?,
                // a text, so that no reader takes it for a float
                Cell::Hundredths(value) => map.serialize_entry(column.key, &value.to_string())?,
                Cell::At(at) => map.serialize_entry(column.key, at)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::{Value, json};

    #[test]
    fn rows_and_totals_are_one_document() {
        let day = date(2026, 11, 24);
        let mut json = Json::new(Report::Suspense, Period::new(day, day).expect("a day"));
        let row = |reason: &str, amount| {
            let mut row = vec![Cell::Text(reason.to_owned()), Cell::Number(amount), Cell::Date(day)];
            row.resize(columns::of(Report::Suspense).len(), Cell::Empty);
            row
        };
        let mut text = json.head();
        text.extend(json.rows(&[row("late", 5), row("late", 7)]));
        text.extend(json.rows(&[row("under\"paid", i64::MAX)]));
        text.extend(json.tail());
        let read: Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(read["rows"].as_array().map(Vec::len), Some(3));
        assert_eq!(read["rows"][0]["since"], "2026-11-24");
        assert_eq!(read["rows"][0]["case_id"], Value::Null);
        assert_eq!(read["totals"]["rows"], 3);
        assert_eq!(read["totals"]["amount"], Value::Null, "more than there is");
        assert_eq!(read["totals"]["groups"][0], json!({"reason": "late", "rows": 2, "amount": 12}));
        let empty = [json.head(), json.tail()].concat();
        assert!(!empty.is_empty());
    }
}

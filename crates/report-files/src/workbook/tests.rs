use super::*;
use jiff::civil::date;
use std::io::{Read, Seek};

fn a_day() -> Period {
    let day = date(2026, 11, 24);
    Period::new(day, day).expect("a day")
}

/// The first sheet's XML, as a spreadsheet program reads it.
fn written(report: Report, rows: &[Row]) -> String {
    let mut workbook = Box::new(Workbook::new(report, a_day()).expect("a workbook"));
    workbook.rows(rows).expect("rows");
    let mut file = tempfile::tempfile().expect("a file");
    workbook.finish(&mut file).expect("a whole file");
    file.rewind().expect("its beginning");
    let mut archive = zip::ZipArchive::new(file).expect("an archive");
    let mut sheet = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").expect("a sheet").read_to_string(&mut sheet).expect("text");
    sheet
}

fn suspense(reason: &str, amount: i64) -> Row {
    let at = "2026-11-24T17:00:01Z".parse().expect("an instant");
    let mut row = vec![Cell::Text(reason.to_owned()), Cell::Number(amount), Cell::Date(date(2026, 11, 24))];
    row.resize(columns::of(Report::Suspense).len(), Cell::Empty);
    row[10] = Cell::At(at);
    row
}

#[test]
fn no_text_is_a_formula_and_numbers_and_dates_are_such() {
    let formulas = ["=1+1", "+1", "-2+3", "@SUM(A1)", "{=1}", "http://x", "\t=1", "a<b&\u{1}"];
    let rows: Vec<Row> = formulas.iter().map(|f| suspense(f, -21_000)).collect();
    let sheet = written(Report::Suspense, &rows);
    assert!(!sheet.contains("<f>") && !sheet.contains("<f ") && !sheet.contains("hyperlink"), "{sheet}");
    for formula in &formulas[..6] {
        assert!(sheet.contains(&format!("<t>{formula}</t>")), "{formula}: {sheet}");
    }
    assert!(sheet.contains("a&lt;b&amp;_x0001_"), "{sheet}");
    assert!(sheet.contains("<v>-21000</v>") && sheet.contains("<v>-168000</v>"), "the amounts and their sum: {sheet}");
    // 24/11/2026 is day 46350; the instant is the next day in Viet Nam
    assert!(sheet.contains("<v>46350</v>") && sheet.contains("<v>46351.0000115"), "{sheet}");
    assert!(sheet.contains("state=\"frozen\"") && sheet.contains("Lý do treo"), "{sheet}");
}

#[test]
fn an_amount_that_a_cell_cannot_hold_keeps_its_digits_as_a_text() {
    let sheet = written(Report::Suspense, &[suspense("late", i64::MAX)]);
    assert!(sheet.contains("<t>9223372036854775807</t>"), "{sheet}");
}

/// As the process counts itself: the most that was resident, in KiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).expect("the mark");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Alone in its process: `cargo test -p report-files a_million_rows -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes and a gigabyte of temporary files"]
fn a_million_rows_are_written_within_128_mib() {
    let row: Row = columns::of(Report::Transactions)
        .iter()
        .map(|c| match c.key {
            "day" | "credited_on" => Cell::Date(date(2026, 11, 24)),
            "amount_due" | "amount_paid" | "provider_fee" => Cell::Number(21_000),
            "paid_at" => Cell::At("2026-11-24T17:00:01Z".parse().expect("an instant")),
            key => Cell::Text(format!("{key}-0123456789")),
        })
        .collect();
    let mut workbook = Box::new(Workbook::new(Report::Transactions, a_day()).expect("a workbook"));
    let batch = vec![row; 200];
    for _ in 0..5_000 {
        workbook.rows(&batch).expect("rows");
    }
    let mut file = tempfile::tempfile().expect("a file");
    workbook.finish(&mut file).expect("a whole file");
    let (size, most) = (file.metadata().expect("metadata").len(), high_water());
    println!("a workbook of 1,000,000 rows: {size} bytes, {most} KiB resident at most");
    assert!(most < 128 * 1024, "{most} KiB");
}

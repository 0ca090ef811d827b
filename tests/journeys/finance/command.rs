//! `motlan report` against a running gateway: the same rows as the API, as a table or passed on.

use super::today;
use serde_json::{Value, json};
use tests::House;
use tests::child;
use tests::portal::dossier;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_prints_what_the_api_answers() {
    let house = House::new().await;
    let code = dossier();
    let fee = house.portal.owes(&code, 1_021_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
    let day = house.ask("select business_date from payment").await;
    let at = ["--url", &house.staff.base, "--key", &house.staff.key];
    let run = async |args: &[&str]| child::run(&Vec::new(), &[&["report"], args, &at].concat()).await;

    let table = run(&["transactions", "--from", &day, "--to", &today().to_string()]).await;
    assert!(table.success, "{}", table.stderr);
    assert!(table.stdout.contains(&code) && table.stdout.contains("1.021.000"), "{}", table.stdout);
    assert!(table.stdout.contains("1 dòng (rows)"));
    let json = run(&["transactions", "--from", &day, "--format", "json"]).await;
    let api = house.staff.get(&format!("/v1/reports/transactions?from={day}&to={day}")).await;
    assert_eq!(json.stdout, api.text);
    let csv = run(&["transactions", "--from", &day, "--format", "csv"]).await;
    assert!(csv.stdout.starts_with('\u{feff}') && csv.stdout.contains(",1021000,"), "{}", csv.stdout);
    let shown = run(&["day", &day, "--profile", "vnpay_main"]).await;
    assert!(shown.stdout.contains("settlement_missing"), "{}", shown.stdout);
    let shown = run(&["day", &day, "--profile", "vnpay_main", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&shown.stdout).unwrap()["in"], 1_021_000);

    for (args, said) in [
        (&["day", day.as_str(), "--profile", "nobody"][..], "404 Not Found): not_found"),
        (&["transactions", "--from", "2024-01-01", "--to", "2026-01-01"], "query_invalid: a period"),
        (&["day", day.as_str(), "--profile", "vnpay_main", "--format", "csv"], "no CSV"),
        (&["day", day.as_str(), "--profile", "vnpay_main", "--format", "xlsx"], "no workbook"),
        (&["transactions", "--from", &day, "--out", "never"], "--out needs a --format"),
        (&["day", day.as_str(), "--profile", "vnpay_main", "--out", "never"], "--out needs a --format"),
    ] {
        let refused = run(args).await;
        assert!(!refused.success && refused.stdout.is_empty(), "{args:?}");
        assert!(refused.stderr.contains(said), "{args:?}: {}", refused.stderr);
    }
    for (args, said) in [
        (&["report", "suspense", "--data", "/nonexistent"][..], "/nonexistent/run.json"),
        (&["report", "suspense", "--instance", "/not/there"], "/not/there/run.json"),
        (&["report", "suspense", "--url", "http://127.0.0.1:9"], "needs a key"),
    ] {
        let refused = child::run(&Vec::new(), args).await;
        assert!(!refused.success && refused.stderr.contains(said), "{}", refused.stderr);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_stood_where_a_report_should_is_replaced_by_a_whole_one_or_stays() {
    let house = House::new().await;
    let at = ["--url", &house.staff.base, "--key", &house.staff.key];
    let dir = std::env::temp_dir().join(format!("motlan-out-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("report.csv");
    let to = async |out: &std::path::Path| {
        let args = ["report", "suspense", "--format", "csv", "--out", out.to_str().unwrap()];
        child::run(&Vec::new(), &[&args[..], &at].concat()).await
    };
    std::fs::write(&file, "before").unwrap();
    let written = to(&file).await;
    assert!(written.success, "{}", written.stderr);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with('\u{feff}'));
    // a device takes what comes, and is there afterwards
    let device = dir.join("device");
    std::os::unix::fs::symlink("/dev/full", &device).unwrap();
    let full = to(&device).await;
    assert!(!full.success, "nothing fits there");
    assert!(std::fs::symlink_metadata(&device).is_ok(), "what it did not make it does not take away");
    // what cannot be written leaves what was there
    std::fs::create_dir(dir.join("taken")).unwrap();
    assert!(!to(&dir.join("taken")).await.success);
    let left: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no part is left: {left:?}");
    std::fs::remove_dir_all(&dir).unwrap();
    house.close().await;
}

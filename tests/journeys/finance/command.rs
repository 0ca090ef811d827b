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

//! Days whose statements came in over the API: what an import books ties out, and closes.

use super::days_ago;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::fmt::Write;
use tests::House;
use tests::ledger_rows::ACCOUNT;
use tests::portal::{Answered, dossier, fresh};

/// An MT940 statement of one day (SWIFT, `:20:` to `:62F:`).
fn mt940(day: Date, opening: i64, lines: &[(i64, &str)]) -> String {
    let (date, entry) = (day.strftime("%y%m%d"), day.strftime("%m%d"));
    let number = ACCOUNT.rsplit('.').next().unwrap();
    let mut text = format!(":20:STM{date}\r\n:25:{number}\r\n:28C:1/1\r\n:60F:C{date}VND{opening},\r\n");
    for (no, (amount, words)) in lines.iter().enumerate() {
        let mark = if *amount < 0 { 'D' } else { 'C' };
        let _ = write!(text, ":61:{date}{entry}{mark}{},NTRFNONREF//FT{date}{no}\r\n", amount.abs());
        let _ = write!(text, ":86:{words}\r\n");
    }
    let closing = opening + lines.iter().map(|(amount, _)| amount).sum::<i64>();
    let _ = write!(text, ":62F:C{date}VND{closing},\r\n");
    text
}

async fn import(house: &House, text: String) -> Value {
    let url = format!("{}/v1/statements?account={ACCOUNT}&format=mt940", house.staff.base);
    let call = house.http.post(url).bearer_auth(&house.staff.key);
    let call = call.header("Idempotency-Key", format!("file-{}", fresh())).body(text);
    Answered::of(call.send().await.unwrap()).await.expect(201)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_of_imported_statements_tie_out_and_close() {
    let house = House::new().await;
    let (first, second, third) = (days_ago(5), days_ago(4), days_ago(3));
    let of = |day: Date, what: &str| format!("/v1/reconciliation/{day}{what}?account={ACCOUNT}");
    let lines = [(21_000, "nop phi"), (-5_000, "phi dich vu"), (9_000, "khong ro")];
    import(&house, mt940(first, 1_000_000, &lines)).await;
    let day = house.staff.get(&of(first, "")).await.expect(200);
    assert_eq!(day["gaps"], json!([]), "{day:#}");
    assert_eq!((&day["opening"], &day["closing"]), (&json!(1_000_000), &json!(1_025_000)));
    assert_eq!(
        (&day["in"], &day["out"], &day["statement_closing"]),
        (&json!(30_000), &json!(5_000), &json!(1_025_000))
    );
    assert_eq!(day["counts"]["unmatched"], 0, "{day:#}");
    let known = day["counts"]["matched"].as_i64().unwrap() + day["counts"]["case"].as_i64().unwrap();
    assert_eq!((known, day["differences"].as_array().unwrap().len()), (3, 3), "{day:#}");
    house.staff.post(&of(first, "/close"), json!({})).await.expect(200);

    // a statement is missing between this one and the last
    import(&house, mt940(third, 1_027_000, &[(3_000, "sau")])).await;
    let refused = house.staff.post(&of(third, "/close"), json!({})).await;
    let gaps: Vec<&str> =
        refused.json["gaps"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect();
    assert_eq!(gaps, ["opening_differs", "closing_differs"], "{}", refused.text);
    import(&house, mt940(second, 1_025_000, &[(2_000, "giua")])).await;
    assert_eq!(house.staff.post(&of(third, "/close"), json!({})).await.refused(409), "day_open_before");
    house.staff.post(&of(second, "/close"), json!({})).await.expect(200);
    house.staff.post(&of(third, "/close"), json!({})).await.expect(200);

    // a file from before the first one came late: its line is of the first open day, and what was taken for the account's
    // beginning is so much less, so that the books end where the bank does
    let fourth = days_ago(2);
    import(&house, mt940(days_ago(6), 993_000, &[(7_000, "muon")])).await;
    let day = house.staff.get(&of(fourth, "")).await.expect(200);
    assert_eq!((&day["opening"], &day["in"], &day["closing"]), (&json!(1_023_000), &json!(7_000), &json!(1_030_000)));

    let waiting = house.staff.get("/v1/reports/suspense").await.expect(200);
    let in_books = "select -sum(amount) from assurance.ledger_entry where account_code like 'suspense:%'";
    assert_eq!(waiting["totals"]["amount"].to_string(), house.ask(in_books).await);
    assert!(waiting["rows"].as_array().unwrap().iter().all(|row| row["case_id"].is_string()), "{waiting:#}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_the_day_on_which_a_debt_was_asked_for_is_offered_it() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let asked_on = domain::business_day::business_date(intent["created_at"].as_str().unwrap().parse().unwrap());
    // a statement knows no time of the day; money of the day before is not for it
    import(&house, mt940(asked_on.yesterday().unwrap(), 0, &[(21_000, "chuyen tien")])).await;
    import(&house, mt940(asked_on, 21_000, &[(21_000, "chuyen tien")])).await;
    let cases = house.staff.get("/v1/cases?kind=unidentified").await.expect(200);
    let mut offered = Vec::new();
    for case in cases["data"].as_array().unwrap() {
        let case = house.staff.get(&format!("/v1/cases/{}", case["id"].as_str().unwrap())).await.expect(200);
        let first = &case["suggestions"][0];
        offered.push((case["business_date"].clone(), first["rule"].clone(), first["intent_id"].clone()));
    }
    let of = |day: Date| json!(day.to_string());
    let expected = [
        (of(asked_on), json!("amount_account_time"), intent["id"].clone()),
        (of(asked_on.yesterday().unwrap()), Value::Null, Value::Null),
    ];
    assert_eq!(offered, expected, "{cases:#}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_day_that_comes_once_more_after_the_rest_is_not_how_the_day_ended_in_a_report_either() {
    let house = House::new().await;
    let day = days_ago(2);
    import(&house, mt940(day, 0, &[(100_000, "nop phi")])).await;
    import(&house, mt940(day, 100_000, &[(-30_000, "phi dich vu")])).await;
    import(&house, mt940(day, 0, &[(100_000, "nop phi, gui lai")])).await;
    let shown = house.staff.get(&format!("/v1/reconciliation/{day}?account={ACCOUNT}")).await.expect(200);
    assert_eq!((&shown["closing"], &shown["statement_closing"]), (&json!(70_000), &json!(70_000)));
    let report = house.staff.get(&format!("/v1/reports/reconciliation?from={day}&to={day}")).await.expect(200);
    assert_eq!(report["rows"][0]["statement_closing"], shown["statement_closing"], "{report:#}");
    // a statement of two days says of the first, too, how it ended
    let before = day.yesterday().unwrap();
    house.ask(&format!("update statement set first_date = '{before}'")).await;
    house.ask(&format!("update statement_line set business_date = '{before}' where amount = 100000")).await;
    house.ask(&format!("update movement set business_date = '{before}' where amount = 100000")).await;
    let shown = house.staff.get(&format!("/v1/reconciliation/{before}?account={ACCOUNT}")).await.expect(200);
    assert_eq!(shown["statement_closing"], 100_000);
    let report = house.staff.get(&format!("/v1/reports/reconciliation?from={before}&to={day}")).await.expect(200);
    let stated: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| &row["statement_closing"]).collect();
    assert_eq!(stated, [&json!(100_000), &json!(70_000)], "{report:#}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_more_cases_than_it_lists_says_how_many_there_are() {
    let house = House::new().await;
    let lines: Vec<(i64, &str)> = (1..=503).map(|n| (-n, "phi dich vu")).collect();
    import(&house, mt940(days_ago(2), 1_000_000, &lines)).await;
    let day = house.staff.get(&format!("/v1/reconciliation/{}?account={ACCOUNT}", days_ago(2))).await.expect(200);
    assert_eq!((day["differences"].as_array().unwrap().len(), &day["differences_total"]), (500, &json!(503)));
    house.stop().await;
}

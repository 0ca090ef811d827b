//! Reports: every row, once, with totals that the books confirm; cells that no spreadsheet runs; any length.

use super::{days_ago, staff_of, today};
use domain::report::Report;
use serde_json::{Value, json};
use std::time::Duration;
use tests::House;
use tests::ledger_rows::{ACCOUNT, Bank};
use tests::portal::{Answered, dossier};

const TEXT: &str = "text/csv; charset=utf-8; header=present";

async fn csv(house: &House, path: &str) -> String {
    let call = house.http.get(format!("{}{path}", house.staff.base)).bearer_auth(&house.staff.key);
    let answer = call.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &TEXT.parse().unwrap()));
    // as bytes: what reads text takes the mark away
    String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
}

fn of(report: &str, rest: &str) -> String {
    format!("/v1/reports/{report}?from={}&to={}{rest}", days_ago(7), today())
}

/// Pays `amounts`, each a dossier's; the last two together.
async fn paid(house: &House, amounts: &[i64], change: Value) {
    let (alone, together) = amounts.split_at(amounts.len().saturating_sub(2));
    let mut groups: Vec<Vec<i64>> = alone.iter().map(|a| vec![*a]).collect();
    groups.push(together.to_vec());
    for group in groups {
        let mut fees = Vec::new();
        for amount in group {
            fees.push(house.portal.owes(&dossier(), amount, change.clone()).await);
        }
        let attempt = house.at_vnpay(&house.portal.opens(&fees.iter().collect::<Vec<_>>()).await).await;
        house.pays(&attempt, json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_columns_are_those_that_the_books_give() {
    let house = House::new().await;
    let db = house.gateway.ctx.pool.get().await.unwrap();
    for &report in Report::ALL {
        let keys: Vec<&str> = report_files::columns::heads(report).into_iter().map(|(key, _)| key).collect();
        // the score has no question of its own
        if let Some(given) = storage::reports::columns(&db, report).await.unwrap() {
            assert_eq!(given, keys, "{report}");
        }
    }
    drop(db);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_dong_is_on_one_row_and_the_totals_are_those_of_the_books() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    paid(&house, &[21_000, 40_000, 8_000], json!({})).await;
    let held = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&held]).await).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": -1}]})).await;
    house.pays(&attempt, json!({})).await;

    let report = house.staff.get(&of("transactions", "")).await.expect(200);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "two fees paid together are two rows: {report:#}");
    assert_eq!(
        report["totals"]["amount_paid"].to_string(),
        house.ask("select sum(amount) from assurance.payment").await
    );
    let row = &rows[0];
    for (key, value) in [
        ("agency", json!("H38.17")),
        ("procedure", json!("2.000815")),
        ("obligation_kind", json!("fee")),
        ("amount_due", json!(21_000)),
        ("amount_paid", json!(21_000)),
        ("channel", json!("vnpay")),
        ("chapter", json!("820")),
        ("sub_item", json!("2716")),
        ("treasury_account", json!("1029384756")),
        ("match_state", json!("unmatched")),
        ("provider_fee", Value::Null),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    let waiting = rows.iter().find(|r| r["amount_paid"] == 49_999).unwrap();
    assert_eq!((&waiting["reason"], &waiting["match_state"]), (&json!("amount_differs"), &json!("case")));

    let suspense = house.staff.get("/v1/reports/suspense").await.expect(200);
    let in_books = "select -sum(amount) from assurance.ledger_entry where account_code like 'suspense:%'";
    assert_eq!(suspense["totals"]["amount"].to_string(), house.ask(in_books).await);
    let row = &suspense["rows"][0];
    assert_eq!((&row["reason"], &row["case_kind"]), (&json!("amount_differs"), &json!("amount_differs")));
    assert!(row["reference"].as_str().unwrap().starts_with("LT") && row["case_id"].is_string());

    // the provider settles: its fee stands once for each payment, and the rows are matched
    let day = house.ask("select business_date from payment limit 1").await.parse().unwrap();
    bank.settlement(day, 1_100).await;
    let report = house.staff.get(&of("transactions", "")).await.expect(200);
    assert_eq!(
        report["totals"]["provider_fee"].to_string(),
        house.ask("select sum(fee) from assurance.settlement").await
    );
    assert!(report["rows"].as_array().unwrap().iter().all(|r| r["match_state"] == "matched"), "{report:#}");
    let groups = report["totals"]["groups"].as_array().unwrap();
    let summed: i64 = groups.iter().map(|g| g["amount_paid"].as_i64().unwrap()).sum();
    assert_eq!(json!(summed), report["totals"]["amount_paid"]);

    let days = house.staff.get(&of("reconciliation", "")).await.expect(200);
    let row = &days["rows"][0];
    assert_eq!((&row["scope"], &row["scope_kind"]), (&json!("vnpay_main"), &json!("profile")));
    assert_eq!((&row["in"], &row["out"], &row["closing"]), (&json!(118_999), &json!(118_999), &json!(0)));
    assert_eq!((&row["matched"], &row["cases"], &row["status"]), (&json!(3), &json!(1), &json!("open")));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_of_an_account_run_on_from_each_other() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    bank.stood(days_ago(10), 1_000_000).await;
    bank.statement(days_ago(10), 1_000_000, &[(21_000, "a")]).await;
    bank.statement(days_ago(5), 1_021_000, &[(30_000, "b"), (-1_000, "c")]).await;
    bank.statement(days_ago(3), 1_050_000, &[]).await;
    bank.stray(days_ago(5), &days_ago(5).to_string(), 30_000, "FT1").await;
    let days = house.staff.get(&of("reconciliation", "")).await.expect(200);
    let figures: Vec<Vec<i64>> = days["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            ["opening", "in", "out", "closing", "statement_closing", "matched", "cases"].map(|k| r[k].as_i64().unwrap())
        })
        .map(Vec::from)
        .collect();
    assert_eq!(
        figures,
        [vec![1_021_000, 30_000, 1_000, 1_050_000, 1_050_000, 2, 1], vec![1_050_000, 0, 0, 1_050_000, 1_050_000, 0, 0]]
    );
    // as of a day before it came, the money did not wait; the day's own report agrees with the day
    let suspense = |to| format!("/v1/reports/suspense?to={to}");
    assert_eq!(house.staff.get(&suspense(days_ago(6))).await.expect(200)["rows"], json!([]));
    let row = &house.staff.get(&suspense(today())).await.expect(200)["rows"][0].clone();
    assert_eq!((&row["amount"], &row["age_days"], &row["bank_ref"]), (&json!(30_000), &json!(5), &json!("FT1")));
    assert_eq!(row["scope"], format!("bank:{ACCOUNT}"));
    let whole = house.staff.get(&format!("/v1/reports/reconciliation?from={0}&to={0}", days_ago(5))).await.expect(200);
    let day = house.staff.get(&format!("/v1/reconciliation/{}?account={ACCOUNT}", days_ago(5))).await.expect(200);
    for key in ["opening", "in", "out", "closing", "statement_closing", "status"] {
        assert_eq!(whole["rows"][0][key], day[key], "{key}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spreadsheet_runs_nothing_of_a_report() {
    let house = House::new().await;
    let formulas = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1:A9)", "a\",\"=1+1"];
    for formula in formulas {
        paid(&house, &[1_000, 2_000], json!({"procedure_code": formula, "fee_code": formula})).await;
    }
    let text = csv(&house, &of("transactions", "&format=csv")).await;
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 10 + 1, "each record ends in CRLF");
    assert!(!text.replace("\r\n", "").contains('\n'));
    assert!(lines[0].starts_with("Ngày hạch toán,Cơ quan,"), "{}", lines[0]);
    for formula in &formulas[..4] {
        assert!(text.contains(&format!(",'{formula},")), "{formula}: {text}");
        assert!(!text.contains(&format!(",{formula},")));
    }
    assert!(text.contains(",\"a\"\",\"\"=1+1\","), "{text}");
    assert!(lines[1].contains(",1000,1000,"), "numbers are numbers: {}", lines[1]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_report_is_refused_and_what_is_not_ones_own_is_left_out() {
    let house = House::new().await;
    paid(&house, &[21_000, 9_000], json!({})).await;
    for query in [
        "",
        "?from=2026-01-01",
        "?from=2026-01-02&to=2026-01-01",
        "?from=2024-01-01&to=2026-01-01",
        "?from=2026-01-01&to=2026-01-32",
        "?from=2026-01-01&to=2026-01-02&format=docx",
        "?from=2026-01-01&to=2026-01-02&per=day",
        "?from=2026-01-01&to=2026-01-02&agency=%00",
        "?from=2026-01-01&to=2026-01-02&surprise=1",
    ] {
        let answer = house.staff.get(&format!("/v1/reports/transactions{query}")).await;
        assert_eq!(answer.refused(400), "query_invalid", "{query}");
    }
    assert_eq!(house.staff.get(&of("payroll", "")).await.refused(404), "not_found");
    let number = async |staff: &tests::portal::Portal, rest: &str| {
        staff.get(&of("transactions", rest)).await.expect(200)["totals"]["rows"].as_i64().unwrap()
    };
    for (rest, rows) in
        [("", 2), ("&agency=H38.17", 2), ("&agency=H38.18", 0), ("&channel=vnpay", 2), ("&channel=momo", 0)]
    {
        assert_eq!(number(&house.staff, rest).await, rows, "{rest}");
    }
    let of_17 = staff_of(&house, "ke-toan-17", tests::BENEFICIARY).await;
    let of_18 = staff_of(&house, "ke-toan-18", tests::OTHER_BENEFICIARY).await;
    assert_eq!((number(&of_17, "").await, number(&of_18, "").await), (2, 0));
    for (staff, rows) in [(&house.staff, 1), (&of_17, 0)] {
        let days = staff.get(&of("reconciliation", "")).await.expect(200);
        assert_eq!(days["totals"]["rows"], rows, "a profile of two beneficiaries is seen by who sees both");
    }
    house.close().await;
}

/// A year of a small province: longer than any buffer.
const MANY: i64 = 30_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_of_any_length_streams_and_a_reader_that_stops_holds_up_nobody() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    bank.run(&format!(
        "begin; set local session_replication_role = replica;
         insert into journal (id, kind, cause, business_date, actor)
         values ('00000000-0000-7000-8000-000000000001', 'capture', 'test', '{day}', 'test');
         create temporary table made on commit drop as
             select n, gen_random_uuid() as id from generate_series(1, {MANY}) n;
         insert into payment (id, channel, profile, provider_txn_id, amount, paid_at, business_date)
         select id, 'vnpay', 'vnpay_main', 'many-' || n, 1000 + n, now(), '{day}' from made;
         insert into allocation (payment_id, suspense_reason, amount, journal_id)
         select id, 'unidentified', 1000 + n, '00000000-0000-7000-8000-000000000001' from made;
         insert into ledger_entry (journal_id, account_code, amount, payment_id)
         select '00000000-0000-7000-8000-000000000001', a, s * (1000 + n), id
         from made, (values ('clearing:vnpay_main', 1), ('suspense:unidentified', -1)) l(a, s);
         commit",
        day = days_ago(1)
    ))
    .await;
    let sum: i64 = (1..=MANY).map(|n| 1_000 + n).sum();
    for report in ["transactions", "suspense"] {
        let whole = house.staff.get(&of(report, "")).await.expect(200);
        assert_eq!(whole["totals"]["rows"], MANY, "{report}");
        let sum_of = if report == "suspense" { "amount" } else { "amount_paid" };
        assert_eq!(whole["totals"][sum_of], sum, "{report}");
    }
    let url = format!("{}{}", house.staff.base, of("transactions", "&format=csv"));
    // readers that take the first bytes and no more: each holds a turn, and money goes on
    let mut readers = Vec::new();
    for _ in 0..payments::report::AT_ONCE {
        let mut reader = house.http.get(&url).bearer_auth(&house.staff.key).send().await.unwrap();
        assert!(reader.headers().get("content-length").is_none(), "its length is not known when it begins");
        assert!(reader.headers()["content-disposition"].to_str().unwrap().ends_with(".csv\""));
        assert!(reader.chunk().await.unwrap().is_some());
        readers.push(reader);
    }
    paid(&house, &[21_000, 9_000], json!({})).await;
    // when they hang up, their turns and connections are free again
    drop(readers);
    let mut waited = 0;
    while house.ask("select count(*) from pg_stat_activity where query like '%numbered%' and state <> 'idle' and pid <> pg_backend_pid() and datname = current_database()").await != "0" {
        tokio::time::sleep(Duration::from_millis(100)).await;
        waited += 1;
        assert!(waited < 100, "a report goes on without a reader");
    }
    let lines = Answered::of(house.http.get(&url).bearer_auth(&house.staff.key).send().await.unwrap()).await;
    assert_eq!(lines.text.matches("\r\n").count(), usize::try_from(MANY).unwrap() + 1 + 2);
    house.stop().await;
}

#[test]
fn every_column_is_explained() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/finance.md")).unwrap();
    for &report in Report::ALL {
        for (key, _) in report_files::columns::heads(report) {
            assert!(page.contains(&format!("`{key}`")), "{report}: {key}");
        }
    }
    for gap in domain::reconciliation::GapKind::ALL {
        assert!(page.contains(&format!("`{gap}`")), "{gap}");
    }
}

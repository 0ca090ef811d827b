//! Each report's totals are what an auditor reads of the same books without the program: the views of `assurance`.

use super::today;
use crate::refunds::{approves, becomes, paid, proposes, second_person, whole};
use serde_json::{Value, json};
use std::fmt::Debug;
use tests::House;
use tests::portal::Portal;
use tokio_postgres::Client;

/// What a report adds up, and the auditor's question.
const SUMS: &[(&str, &str, &str)] = &[
    ("transactions", "amount_paid", "select sum(amount) from assurance.allocation"),
    ("suspense", "amount", "select -sum(amount) from assurance.ledger_entry where account_code like 'suspense:%'"),
    ("collections", "net", "select -sum(amount) from assurance.ledger_entry where account_code like 'obligation:%'"),
    (
        "collections",
        "refunded",
        "select sum(amount) from assurance.ledger_entry where account_code like 'obligation:%'
         and journal_kind in ('refund_approved', 'refund_failed', 'refund_returned', 'taken_back', 'voided')",
    ),
    (
        "collections",
        "count",
        "select count(distinct obligation_id) from assurance.ledger_entry where account_code like 'obligation:%'",
    ),
    ("reconciliation", "in", IN),
    ("reconciliation", "out", OUT),
    ("cash-flow", "in", IN),
    ("cash-flow", "out", OUT),
];
const IN: &str = "select sum(d.amount) from assurance.day_entry d join assurance.ledger_entry e using (entry_id)
    where d.amount > 0 and e.journal_kind not in ('opening_balance', 'stated_opening')";
const OUT: &str = "select -sum(d.amount) from assurance.day_entry d join assurance.ledger_entry e using (entry_id)
    where d.amount < 0 and e.journal_kind not in ('opening_balance', 'stated_opening')";
const CLOSINGS: &str = "select account_code, sum(amount)::bigint from assurance.day_entry group by 1 order by 1";

/// All that the books hold, which is of the last year.
pub(crate) async fn every_report_ties(staff: &Portal, auditor: &Client) {
    loop {
        let before = booked(auditor).await;
        let differences = differences(staff, auditor).await;
        if differences.is_empty() {
            return;
        }
        // a report and the auditor's question are two moments: something may have been booked between them
        assert_ne!(before, booked(auditor).await, "{differences:#?}");
    }
}

/// How much the books hold, whatever it is.
async fn booked(auditor: &Client) -> (i64, i64) {
    let asked = "select (select count(*) from assurance.ledger_entry), (select count(*) from assurance.allocation)";
    let row = auditor.query_one(asked, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn differences(staff: &Portal, auditor: &Client) -> Vec<String> {
    let (from, to) = (super::days_ago(360), today());
    let ask = async |report: &str, rest: &str| {
        staff.get(&format!("/v1/reports/{report}?from={from}&to={to}{rest}")).await.expect(200)
    };
    let mut found = Vec::new();
    let mut compare = |what: String, told: &dyn Debug, held: &dyn Debug| {
        let (told, held) = (format!("{told:?}"), format!("{held:?}"));
        if told != held {
            found.push(format!("{what}: {told}, the auditor {held}"));
        }
    };
    for (report, sum, question) in SUMS {
        let told = ask(report, "").await["totals"][sum].as_i64().unwrap_or(0);
        let question = format!("select coalesce(({question}), 0)::bigint");
        let held: i64 = auditor.query_one(&question, &[]).await.unwrap().get(0);
        compare(format!("{report} {sum}"), &told, &held);
    }
    let (whole, by_day) = (ask("collections", "").await, ask("collections", "&per=day").await);
    for sum in ["count", "gross", "relief", "collected", "refunded", "net"] {
        let (whole, by_day) = (&whole["totals"][sum], &by_day["totals"][sum]);
        compare(format!("{sum} of the days and of the period"), by_day, whole);
    }
    let flow = ask("cash-flow", "").await;
    let closings = flow["rows"].as_array().unwrap().iter().filter(|row| row["line"] == "closing");
    let told: Vec<(String, i64)> = closings
        .map(|row| {
            let account = if row["scope_kind"] == "account" { "bank" } else { "clearing" };
            (format!("{account}:{}", row["scope"].as_str().unwrap()), row["balance"].as_i64().unwrap())
        })
        .collect();
    let held = auditor.query(CLOSINGS, &[]).await.unwrap();
    let held: Vec<(String, i64)> = held.iter().map(|row| (row.get(0), row.get(1))).collect();
    compare("closings".to_owned(), &told, &held);
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_collected_and_given_back_is_that_of_the_auditor() {
    let house = House::new().await;
    let relief =
        json!({"gross_amount": 30_000, "relief_amount": 9_000, "relief_basis": "NQ 66.22/2026", "fee_code": "CT-A"});
    let let_off = house.portal.owes(&tests::portal::dossier(), 30_000, relief).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&let_off]).await).await;
    house.pays(&attempt, json!({})).await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&second_person(&house).await, &refund).await.expect(200);
    becomes(&house, &refund, "succeeded").await;

    let path = format!("/v1/reports/collections?from={0}&to={0}&per=day", today());
    let report = house.staff.get(&path).await.expect(200);
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["fee_code"] == "CT-A").unwrap();
    for (key, value) in [
        ("day", json!(today().to_string())),
        ("agency", json!("H38.17")),
        ("obligation_kind", json!("fee")),
        ("sub_item", json!("2716")),
        ("channel", json!("vnpay")),
        ("count", json!(1)),
        ("gross", json!(30_000)),
        ("relief", json!(9_000)),
        ("collected", json!(21_000)),
        ("refunded", json!(0)),
        ("net", json!(21_000)),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    let totals = &report["totals"];
    let figures = ["count", "collected", "refunded", "net"].map(|sum| totals[sum].as_i64().unwrap());
    assert_eq!(figures, [2, 61_000, 40_000, 21_000]);
    let period = house.staff.get(&path.replace("&per=day", "")).await.expect(200);
    assert_eq!(period["rows"][0]["day"], Value::Null);

    let flow = house.staff.get(&format!("/v1/reports/cash-flow?from={0}&to={0}", today())).await.expect(200);
    let lines: Vec<(&str, &Value, &Value, &Value)> = flow["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_str().unwrap(), &row["in"], &row["out"], &row["balance"]))
        .collect();
    let (none, of) = (Value::Null, |amount: i64| json!(amount));
    assert_eq!(
        lines,
        [
            ("opening", &none, &none, &of(0)),
            ("capture", &of(61_000), &of(0), &none),
            ("refund_sent", &of(0), &of(40_000), &none),
            ("closing", &none, &none, &of(21_000)),
        ]
    );
    every_report_ties(&house.staff, &house.database.connect("motlan_auditor").await).await;
    house.close().await;
}

//! Reports at the desk: what a page adds up is what the API and the files add up, of the money that the person sees and no other.

use domain::business_day::business_date;
use domain::report::Report;
use domain::role::Role;
use domain::{Vnd, report};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tests::desk::{Desk, hires};
use tests::portal::dossier;
use tests::{House, OTHER_BENEFICIARY};

const EXPORTED: &str = "select coalesce(string_agg(actor || ' ' || subject, ', ' order by id), '') from audit
    where action = 'report_exported'";

fn days() -> (String, String) {
    let today = business_date(Timestamp::now());
    (today.checked_sub(report::DAYS_AT_MOST.min(7).days()).unwrap().to_string(), today.to_string())
}

/// `58.000`
fn grouped(amount: i64) -> String {
    Vnd::new(amount).to_string().trim_end_matches(" ₫").to_owned()
}

async fn paid(house: &House, amount: i64, change: Value) {
    let fee = house.portal.owes(&dossier(), amount, change).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
}

/// What stands in the figures at the head of a page.
fn figures(page: &str) -> &str {
    page.split("<ul class=\"figures").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_at_the_desk_has_the_totals_of_the_report_and_shows_nobody_what_is_not_theirs() {
    let house = House::new().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let of_18 = hires(&house, "ke-toan-18", &[Role::Accountant], &[OTHER_BENEFICIARY]).await;
    let (mut desk, mut other) = (Desk::of(&house, &accountant).await, Desk::of(&house, &of_18).await);
    paid(&house, 21_003, json!({})).await;
    paid(&house, 37_005, json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY})).await;
    // a đồng too few waits
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": -1}]})).await;
    house.pays(&attempt, json!({})).await;

    let (from, to) = days();
    let list = desk.get("/console/reports").await.expect(200);
    for &report in Report::ALL {
        assert!(list.says(&format!("/console/reports/{report}")), "{report}");
        let query = format!("{report}?from={from}&to={to}");
        let page = desk.get(&format!("/console/reports/{query}")).await.expect(200);
        let told = house.staff.get(&format!("/v1/reports/{query}")).await.expect(200);
        let totals = told["totals"].as_object().unwrap();
        for (key, sum) in totals.iter().filter(|_| report != Report::OnlinePaymentScore) {
            let Some(sum) = sum.as_i64() else { continue };
            assert!(figures(&page.text).contains(&format!("<b>{}</b>", grouped(sum))), "{report} {key}: {}", page.text);
        }
        let drawn = report != Report::Reconciliation && report != Report::OnlinePaymentScore;
        if drawn && totals["rows"] != 0 {
            assert!(
                page.says("<title id=\"chart-title\">") && page.says("<desc id=\"chart-said\">"),
                "{report}: {}",
                page.text
            );
        }
    }

    // of the other agency's accountant, by whatever they ask
    for asked in ["", "&agency=H38.17", "&channel=vnpay"] {
        for report in ["transactions", "collections", "suspense"] {
            let path = format!("/console/reports/{report}?from={from}&to={to}{asked}");
            let page = other.get(&path).await.expect(200);
            for theirs in ["21.003", "58.008", "49.999", "<option value=\"H38.17\""] {
                assert!(!page.says(theirs), "{path}: {theirs}");
            }
        }
    }
    let own = other.get(&format!("/console/reports/collections?from={from}&to={to}")).await.expect(200);
    assert!(figures(&own.text).contains("<b>37.005</b>"), "{}", own.text);
    let score = other.get("/console/reports/online-payment-score").await.expect(200);
    assert!(score.says("1 / 1") && !score.says("H38.17"), "{}", score.text);
    assert!(desk.get("/console/reports/online-payment-score").await.says("agency=H38.17"), "an agency is looked into");

    // the files are those of the API, and who took which is written down
    assert_eq!(house.ask(EXPORTED).await, "");
    let path = format!("/console/reports/transactions/file?from={from}&to={to}&format=");
    let file = desk.get(&format!("{path}csv")).await.expect(200);
    let sent = house.http.get(format!("{}/v1/reports/transactions?from={from}&to={to}&format=csv", house.staff.base));
    assert_eq!(file.text, sent.bearer_auth(&house.staff.key).send().await.unwrap().text().await.unwrap());
    assert!(desk.get(&format!("{path}xlsx")).await.expect(200).text.starts_with("PK"));
    assert!(desk.get(&format!("{path}pdf")).await.expect(200).text.starts_with("%PDF-"));
    let own = other.get(&format!("{path}csv")).await.expect(200);
    assert!(own.says("37005") && !own.says("21003"), "{}", own.text);
    let named = |who: &str, form| format!("{who} transactions-{from}-{to}.{form}");
    let (a, b) = (accountant.id.to_string(), of_18.id.to_string());
    let over_the_api = house.ask("select assurance.text_id('usr', id) from person where code = 'ke-toan'").await;
    let all = [named(&a, "csv"), named(&over_the_api, "csv"), named(&a, "xlsx"), named(&a, "pdf"), named(&b, "csv")];
    assert_eq!(house.ask(EXPORTED).await, all.join(", "));

    // one that takes long is asked for once however often it is pressed, made by the worker, and taken by whoever asked
    let key = uuid::Uuid::new_v4().to_string();
    let own = other.get("/console/reports/collections").await.expect(200).field("form");
    let fields = [
        ("form", own.as_str()),
        ("key", &key),
        ("report", "transactions"),
        ("format", "csv"),
        ("from", &from),
        ("to", &to),
    ];
    assert_eq!(other.post("/console/exports", &fields[1..]).await.status, 403, "a form without its token");
    for _ in 0..2 {
        assert_eq!(other.post("/console/exports", &fields).await.status, 303);
    }
    let path = format!("/console/exports/{key}");
    assert!(other.get(&path).await.expect(200).says("chờ đến lượt"));
    assert_eq!(other.get(&format!("{path}/file")).await.status, 404, "it is not there yet");
    house.drain().await;
    let done = other.get(&path).await.expect(200);
    assert!(done.says("đã xong") && done.says("<dd>1 dòng</dd>"), "{}", done.text);
    let file = other.get(&format!("{path}/file")).await.expect(200);
    assert!(file.says("37005") && !file.says("21003"), "{}", file.text);
    assert_eq!(
        file.header("content-length"),
        file.text.len().saturating_add(3).to_string(),
        "all of it, with its mark"
    );
    for hidden in [path.clone(), format!("{path}/file")] {
        assert_eq!(desk.get(&hidden).await.status, 404, "it is another person's");
    }
    let asked =
        "select string_agg(action, ' ' order by id) from audit where subject like 'transactions-%' and actor = '";
    assert_eq!(house.ask(&format!("{asked}{b}'")).await, "report_exported export_asked report_exported");

    for (path, status) in [
        ("/console/reports/none", 404),
        ("/console/reports/none/file?format=csv", 404),
        ("/console/reports/suspense/file?format=pdf", 404),
        ("/console/reports/transactions?from=2026-11-30&to=2026-11-01", 422),
        ("/console/reports/transactions?from=2020-01-01", 422),
        ("/console/reports/transactions?agency=%0a", 422),
    ] {
        assert_eq!(desk.get(path).await.status, status, "{path}");
    }
    assert_eq!(Desk::at(&house).get("/console/reports/transactions").await.status, 303, "nobody is signed in");
    house.close().await;
}

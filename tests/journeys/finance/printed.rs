//! Reports as files: a workbook that a spreadsheet program opens, and paper. What they say is what JSON says.

use super::{days_ago, today};
use crate::refunds::paid;
use domain::report::Report;
use serde_json::json;
use std::io::{Cursor, Read};
use tests::House;

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The file, its type, and the name under which a browser would keep it.
async fn file(house: &House, path: &str) -> (Vec<u8>, String, String) {
    let call = house.http.get(format!("{}{path}", house.staff.base)).bearer_auth(&house.staff.key);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let head = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (kind, name, length) = (head("content-type"), head("content-disposition"), head("content-length"));
    let bytes = answer.bytes().await.unwrap().to_vec();
    assert_eq!(length, bytes.len().to_string(), "whole, and its length told before");
    (bytes, kind, name)
}

fn first_sheet(workbook: Vec<u8>) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut text = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_report_is_a_workbook_and_payments_and_days_are_paper_too() {
    let house = House::new().await;
    let formula = json!({"procedure_code": "=cmd|' /C calc'!A0"});
    let fee = house.portal.owes(&tests::portal::dossier(), 21_000, formula).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
    paid(&house, 40_000).await;
    let of = |report: &str, rest: &str| format!("/v1/reports/{report}?from={}&to={}{rest}", days_ago(7), today());

    for &report in Report::ALL {
        let (workbook, kind, name) = file(&house, &of(report.as_str(), "&format=xlsx")).await;
        assert_eq!(kind, WORKBOOK);
        assert!(name.contains(&format!("{report}-")) && name.ends_with(".xlsx\""), "{name}");
        let sheet = first_sheet(workbook);
        assert!(!sheet.contains("<f>") && sheet.contains("state=\"frozen\""), "{report}");
        let told = house.staff.get(&of(report.as_str(), "")).await.expect(200)["totals"]["rows"].as_u64().unwrap();
        // its head, and the totals below, which a score has not
        let others = if report == Report::OnlinePaymentScore { 1 } else { 2 };
        assert_eq!(sheet.matches("<row ").count() as u64, told + others, "{report}");
    }
    let sheet = first_sheet(file(&house, &of("transactions", "&format=xlsx")).await.0);
    assert!(sheet.contains("<t>=cmd|' /C calc'!A0</t>") && sheet.contains("<v>61000</v>"), "{sheet}");

    let day = format!("/v1/reconciliation/{}/report?profile=vnpay_main", today());
    for (path, said) in [(of("transactions", "&format=pdf"), "transactions-"), (day.clone(), "closing-")] {
        let (paper, kind, name) = file(&house, &path).await;
        assert_eq!(kind, "application/pdf");
        assert!(paper.starts_with(b"%PDF") && name.contains(said) && name.ends_with(".pdf\""), "{name}");
    }
    // each file that was taken away is in the trail, by whom; what is read as JSON is no file
    let told = "select count(*) || ' ' || count(distinct subject) from audit where action = 'report_exported' and actor like 'usr_%'";
    assert_eq!(house.ask(told).await, format!("{} {}", Report::ALL.len() + 3, Report::ALL.len() + 2));
    for report in ["suspense", "collections", "cash-flow", "reconciliation"] {
        assert_eq!(house.staff.get(&of(report, "&format=pdf")).await.refused(400), "query_invalid", "{report}");
    }
    assert_eq!(house.staff.get(&day.replace("vnpay_main", "nobody")).await.refused(404), "not_found");
    house.close().await;
}

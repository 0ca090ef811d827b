//! The online-payment score: from our own books and from what is imported, by dated rules, with what is left out shown.

use super::{staff_of, today};
use crate::people::administrator;
use crate::refunds::paid;
use serde_json::{Value, json};
use tests::portal::{Answered, Portal, dossier, fresh};
use tests::{House, OTHER_BENEFICIARY};

async fn sends(who: &Portal, query: &str, file: &str) -> Answered {
    let call = who.http.post(format!("{}/v1/score-imports?{query}", who.base)).bearer_auth(&who.key);
    let call = call.header("Idempotency-Key", format!("score-{}", fresh())).body(file.to_owned());
    Answered::of(call.send().await.unwrap()).await
}

/// All of the present month.
fn month() -> String {
    format!("from={}&to={}", today().first_of_month(), today().last_of_month())
}

async fn rows(who: &Portal, rest: &str) -> Vec<Value> {
    let path = format!("/v1/reports/online-payment-score?{}{rest}", month());
    who.get(&path).await.expect(200)["rows"].as_array().unwrap().clone()
}

/// Numerator, denominator and points of a part.
fn part(rows: &[Value], section: &str, part: &str) -> (Value, Value, Value) {
    let row = rows.iter().find(|r| r["section"] == section && r["part"] == part).unwrap_or_else(|| panic!("{rows:#?}"));
    (row["numerator"].clone(), row["denominator"].clone(), row["points"].clone())
}

fn reasons(rows: &[Value]) -> Vec<(String, i64)> {
    let excluded = rows.iter().filter(|r| r["section"] == "excluded");
    excluded.map(|r| (r["reason"].as_str().unwrap().to_owned(), r["count"].as_i64().unwrap())).collect()
}

fn rule(from: &str, percent: i64, offline: &Value) -> Value {
    json!({"valid_from": from, "dossiers_paid_online": {"percent": percent, "maximum": 6},
        "procedures_with_online_payment": {"percent": 80, "maximum": 2}, "procedures_provided": {"percent": 80, "maximum": 2},
        "denominator": "fee_procedures_with_dossiers", "offline_channels": offline, "note": "thử"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_score_is_that_of_the_books_and_of_the_newest_imports_by_the_rule_of_its_day() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    paid(&house, 21_000).await;
    house.portal.owes(&dossier(), 30_000, json!({"procedure_code": "1.000001"})).await;
    house.portal.owes(&dossier(), 9_000, json!({"relief_amount": 9_000, "relief_basis": "NQ 66.22/2026"})).await;

    let books = rows(&house.staff, "").await;
    assert_eq!(part(&books, "whole", "dossiers_paid_online"), (json!(1), json!(2), json!("3.00")));
    assert_eq!(part(&books, "whole", "procedures_with_online_payment"), (json!(1), json!(2), json!("1.25")));
    assert_eq!(part(&books, "whole", "procedures_provided"), (json!(0), json!(0), Value::Null));
    assert_eq!(part(&books, "whole", "total").2, "4.25");
    assert_eq!(part(&books, "agency", "total"), part(&books, "whole", "total"));
    assert_eq!(part(&books, "month", "total"), part(&books, "whole", "total"));
    assert_eq!(reasons(&books), [("exempt".to_owned(), 1), ("unpaid".to_owned(), 1)]);
    let procedure = books.iter().find(|r| r["procedure"] == "2.000815").unwrap();
    assert_eq!((&procedure["percent"], &procedure["source"]), (&json!("100.00"), &json!("books")));
    let paid_dossiers = "select count(distinct dossier_code) from assurance.obligation where status = 'paid'";
    assert_eq!(house.ask(paid_dossiers).await, "1");

    // a list says which procedures there are, and which are provided
    let list = "\u{feff}agency;procedure;name;has_fee;provided\r\nH38.17;2.000815;Chứng thực;true;true\r\n\
        H38.17;1.000001;Khác;true;true\r\nH38.17;1.000002;Khác;true;false\r\n";
    let as_of = format!("kind=procedures&as_of={}", today().first_of_month());
    let imported = sends(&admin, &as_of, list).await.expect(201);
    let listed = rows(&house.staff, "").await;
    assert_eq!(part(&listed, "whole", "procedures_provided"), (json!(2), json!(3), json!("1.67")));
    assert_eq!(part(&listed, "whole", "total").2, "5.92", "the sum of parts that are not rounded");
    assert!(reasons(&listed).contains(&("not_provided".to_owned(), 1)));
    let kept = format!("/v1/score-imports/{}/file", imported["id"].as_str().unwrap());
    let kept = admin.http.get(format!("{}{kept}", admin.base)).bearer_auth(&admin.key).send().await.unwrap();
    assert_eq!(kept.bytes().await.unwrap(), list.as_bytes(), "byte for byte");

    // of two counts of a month and an agency the newer one holds, and both are on record
    let count =
        |number: i64| format!("month,agency,with_obligation,exempt\n{},H38.17,{number},3\n", &today().to_string()[..7]);
    for (number, points) in [(10, "0.60"), (4, "1.50")] {
        sends(&admin, "kind=dossiers", &count(number)).await.expect(201);
        let counted = rows(&house.staff, "").await;
        assert_eq!(part(&counted, "whole", "dossiers_paid_online"), (json!(1), json!(number), json!(points)));
        assert!(reasons(&counted).contains(&("exempt".to_owned(), 3)), "theirs, not ours beside it");
        let of_month = counted.iter().find(|r| r["section"] == "month").unwrap();
        assert_eq!(of_month["source"], "imported");
    }
    let imports = admin.get("/v1/score-imports").await.expect(200)["data"].clone();
    assert_eq!(imports.as_array().unwrap().len(), 3);
    assert_eq!(imports[0]["imported_by"], imports[2]["imported_by"]);

    // a rule holds from its day on; one of a later year changes nothing yet
    let first = today().first_of_month().to_string();
    admin.post("/v1/score-rules", rule("2999-01-01", 1, &json!([]))).await.expect(201);
    admin.post("/v1/score-rules", rule(&first, 30, &json!(["counter"]))).await.expect(201);
    assert_eq!(part(&rows(&house.staff, "").await, "whole", "dossiers_paid_online").2, "5.00");
    admin.post("/v1/score-rules", rule(&first, 30, &json!(["counter", "vnpay"]))).await.expect(201);
    let offline = rows(&house.staff, "").await;
    assert_eq!(part(&offline, "whole", "dossiers_paid_online"), (json!(0), json!(4), json!("0.00")));
    assert!(reasons(&offline).contains(&("paid_offline".to_owned(), 1)));
    assert_eq!(admin.get("/v1/score-rules").await.expect(200)["data"].as_array().unwrap().len(), 4);

    // whoever sees another beneficiary sees nothing of it
    let other = staff_of(&house, "ke-toan-18", OTHER_BENEFICIARY).await;
    assert!(rows(&other, "").await.iter().all(|r| r["agency"] != "H38.17"));
    assert_eq!(part(&rows(&other, "").await, "whole", "total").2, "0.00");
    let refused = sends(&admin, "kind=dossiers", "month,agency,with_obligation\n2026-13,H38.17,1\n").await;
    assert_eq!(refused.refused(422), "file_refused");
    assert_eq!(sends(&house.staff, "kind=procedures", "[]").await.refused(400), "query_invalid");
    let with_channel = format!("/v1/reports/online-payment-score?{}&channel=vnpay", month());
    assert_eq!(house.staff.get(&with_channel).await.refused(400), "query_invalid");
    house.close().await;
}

/// What a row says, whoever asked for it.
fn said(rows: &[Value], section: &str, agency: Option<&str>) -> Vec<Value> {
    let of_them = rows.iter().filter(|r| r["section"] == section && agency.is_none_or(|asked| r["agency"] == asked));
    of_them.map(|r| json!([r["part"], r["numerator"], r["denominator"], r["points"]])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_of_which_the_list_in_force_says_nothing_has_one_score_whoever_asks_for_it() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let change = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    house.portal.owes(&dossier(), 30_000, change).await;
    let as_of = format!("kind=procedures&as_of={}", today().first_of_month());
    let list = "agency,procedure,name,has_fee,provided\nH38.17,2.000815,Chứng thực,true,true\n";
    sends(&admin, &as_of, list).await.expect(201);

    let whole = said(&rows(&house.staff, "").await, "agency", Some("H38.18"));
    assert_eq!(whole[1], json!(["procedures_with_online_payment", 0, 0, null]));
    let other = staff_of(&house, "ke-toan-18", OTHER_BENEFICIARY).await;
    for (who, rest) in [(&house.staff, "&agency=H38.18"), (&other, "")] {
        let own = rows(who, rest).await;
        for (section, agency) in [("agency", Some("H38.18")), ("whole", None), ("month", None)] {
            assert_eq!(said(&own, section, agency), whole, "{section}{rest}");
        }
        assert!(reasons(&own).contains(&("not_listed".to_owned(), 1)), "{own:#?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_owed_without_a_dossier_is_counted_by_its_debts_and_each_of_the_period() {
    let house = House::new().await;
    let customer = json!({"dossier_code": null, "customer_code": format!("NUOC-{}", fresh()), "sector": "water",
        "kind": "service_price"});
    for amount in [30_000, 40_000] {
        house.portal.owes(&dossier(), amount, customer.clone()).await;
    }
    assert_eq!(reasons(&rows(&house.staff, "").await), [("no_dossier".to_owned(), 2)]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_files_of_the_score_are_read_by_pages_and_what_nobody_can_mean_is_refused() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let first = today().first_of_month().to_string();
    for channel in ["nobody", "counter "] {
        let refused = admin.post("/v1/score-rules", rule(&first, 30, &json!(["counter", channel]))).await;
        assert_eq!(refused.json["errors"][0]["pointer"], "/offline_channels/1", "{}", refused.text);
        assert_eq!(refused.refused(422), "validation_failed");
    }
    for name in ["a\u{0}b", "a\u{1b}[2Jb"] {
        let list = json!([{"agency": "H38.17", "procedure": "1", "name": name, "has_fee": true, "provided": true}]);
        let as_of = format!("kind=procedures&as_of={first}");
        assert_eq!(sends(&admin, &as_of, &list.to_string()).await.refused(422), "file_refused");
    }

    for percent in [30, 40] {
        admin.post("/v1/score-rules", rule(&first, percent, &json!(["counter", "vnpay"]))).await.expect(201);
        let count = format!("month,agency,with_obligation\n2026-11,H38.17,{percent}\n");
        sends(&admin, "kind=dossiers", &count).await.expect(201);
    }
    for (list, number) in [("score-rules", 3), ("score-imports", 2)] {
        let all = admin.get(&format!("/v1/{list}")).await.expect(200)["data"].as_array().unwrap().clone();
        assert_eq!(all.len(), number);
        let (mut paged, mut after) = (Vec::new(), String::new());
        for _ in 0..number {
            let page = admin.get(&format!("/v1/{list}?limit=1{after}")).await.expect(200);
            paged.extend(page["data"].as_array().unwrap().clone());
            after = format!("&after={}", page["next_cursor"].as_str().unwrap());
        }
        assert_eq!(paged, all, "{list}");
        let beyond = admin.get(&format!("/v1/{list}?limit=1{after}")).await.expect(200);
        assert_eq!((&beyond["data"], &beyond["next_cursor"]), (&json!([]), &Value::Null));
        assert_eq!(admin.get(&format!("/v1/{list}?after=-")).await.refused(400), "query_invalid");
    }
    house.close().await;
}

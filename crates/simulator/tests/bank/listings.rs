use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Bank, account};

#[actix_web::test]
async fn listings_filter_page_and_limit() {
    let mut accounts = json!([account(json!([])), account(json!([]))]);
    accounts[1]["number"] = json!("1903");
    accounts[1]["listing"] = json!({"kind": "casso", "token": "apikey"});
    let bank = Bank::open(json!({"accounts": accounts, "listing_per_second": 2})).await;
    let mut ids = Vec::new();
    for day in 1..=3 {
        let at = json!({"at": format!("2026-11-0{day}T03:00:00Z")});
        ids.push(bank.transfer(1000 * day, "x", at).await["id"].as_u64().unwrap());
        let at = json!({"at": format!("2026-11-0{day}T03:00:00Z"), "account": "1903"});
        bank.transfer(1000 * day, "x", at).await;
    }
    let list = async |query: String| {
        tokio::time::sleep(Duration::from_millis(510)).await;
        let rows = bank.json(&format!("/userapi/transactions/list?{query}"), "Bearer list").await;
        let rows = rows["transactions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list(String::new()).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(list(format!("since_id={}", ids[1])).await, [ids[2], ids[1]]);
    assert_eq!(list("limit=1".to_owned()).await, [ids[2]]);
    let query = "transaction_date_min=2026-11-02&transaction_date_max=2026-11-02%2010:00:00";
    assert_eq!(list(query.to_owned()).await, [ids[1]]);
    assert_eq!(list("amount_in=3000".to_owned()).await, [ids[2]]);

    let casso = "/v2/transactions?fromDate=2026-11-01&toDate=2026-11-03&page=2&pageSize=2&sort=DESC";
    let page = bank.json(casso, "Apikey apikey").await;
    assert_eq!(page["data"]["totalRecords"], 3);
    assert_eq!(page["data"]["records"][0]["amount"], 1000);
    assert_eq!((&page["data"]["nextPage"], &page["data"]["prevPage"]), (&Value::Null, &json!(1)));

    assert_eq!(bank.get("/userapi/transactions/list", "Bearer other").await.0, 401);
    assert_eq!(bank.get("/v2/transactions", "Bearer apikey").await.0, 401);
    tokio::time::sleep(Duration::from_millis(1010)).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(bank.get("/userapi/transactions/list", "Bearer list").await.0);
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[actix_web::test]
async fn scripted_faults_of_listings() {
    let bank = Bank::with(json!([])).await;
    let first = bank.transfer(1000, "first", json!({})).await;
    bank.transfer(2000, "second", json!({})).await;
    let path = "/userapi/transactions/list";
    bank.script(json!({"match": {"amount": 1000}, "do": [{"unlisted": true}], "times": 1})).await;
    let count = async || bank.json(path, "Bearer list").await["transactions"].as_array().unwrap().len();
    assert_eq!((count().await, count().await), (1, 2));
    bank.script(json!({"match": {"content_contains": "first"}, "do": [{"without_reference": true}], "times": 1})).await;
    bank.script(json!({"match": {"amount": 2000}, "do": [{"other_reference": true}, {"amount_delta": 5}], "times": 1}))
        .await;
    let rows = bank.json(path, "Bearer list").await["transactions"].clone();
    assert!(rows[1]["reference_number"].is_null());
    assert_eq!(rows[0]["amount_in"], "2005.00");
    bank.script(json!({"match": {"notifier": "sepay_listing"}, "do": [{"fail_after_accept": true}], "times": 1})).await;
    bank.script(json!({"do": [{"hang": 100}], "times": 2})).await;
    let began = Instant::now();
    assert_eq!(bank.get(path, "Bearer list").await.0, 500);
    let rows = bank.json(path, "Bearer list").await["transactions"].clone();
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(rows[1]["reference_number"], first["reference"]);
    let lines = bank.log().await;
    assert_eq!(lines.iter().filter(|line| line["kind"] == "listing").count(), 5);
}

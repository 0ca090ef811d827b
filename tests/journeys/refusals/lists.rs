//! Lists: their limits, their pages, and queries that are not understood.

use serde_json::{Value, json};
use tests::House;
use tests::portal::dossier;

const LISTS: [&str; 5] =
    ["/v1/obligations", "/v1/payment-intents", "/v1/payments", "/v1/events", "/v1/event-endpoints"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_is_not_understood_is_refused() {
    let house = House::new().await;
    for list in LISTS {
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=abc",
            "limit=",
            "limit=1.0",
            "limit=99999999999999999999",
            "after=garbage",
            "after=",
            "after=%00",
            "after=%27%20or%201=1--",
            "surprise=1",
            "limit=1&limit=2",
            "Limit=1",
            "offset=1",
        ] {
            let answer = house.portal.get(&format!("{list}?{query}")).await;
            assert_eq!(answer.status, 400, "{list}?{query}: {}", answer.text);
            assert_eq!(answer.refused(400), "query_invalid");
        }
        for good in ["", "?", "?limit=1", "?limit=200"] {
            house.portal.get(&format!("{list}{good}")).await.expect(200);
        }
    }
    for query in [
        "/v1/payment-intents?status=lost",
        "/v1/payments?intent_id=1",
        "/v1/payments?obligation_id=pi_1",
        "/v1/payments?business_date=24/11/2026",
        "/v1/payments?business_date=2026-02-30",
        "/v1/obligations?dossier_code=%00",
        "/v1/payment-intents?dossier_code=a%00b",
        "/v1/payment-intents?reference=%00",
        "/v1/payments?channel=%00",
        "/v1/payments?provider_txn_id=%00",
    ] {
        let answer = house.portal.get(query).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        assert_eq!(answer.refused(400), "query_invalid");
    }
    // a filter is data, never a part of a statement
    for query in ["' or '1'='1", "%25", "_", "\\", "H38.17' union select 1 --"] {
        let query = form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
        let found = house.portal.get(&format!("/v1/obligations?dossier_code={query}")).await.expect(200);
        assert_eq!(found["data"], json!([]));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_walk_through_everything_exactly_once_newest_first() {
    let house = House::new().await;
    let mut made: Vec<Value> = Vec::new();
    let code = dossier();
    for n in 0..5 {
        made.push(house.portal.owes(&code, 1_000 + n, json!({})).await);
        house.other_portal.owes(&dossier(), 9_000 + n, json!({})).await;
    }
    let mut intents: Vec<Value> = Vec::new();
    for fee in &made {
        intents.push(house.portal.opens(&[fee]).await);
    }
    for (list, made) in [("/v1/obligations", &made), ("/v1/payment-intents", &intents)] {
        let expected: Vec<&str> = made.iter().rev().map(|v| v["id"].as_str().unwrap()).collect();
        for filter in ["", &format!("&dossier_code={code}")] {
            for limit in [1, 2, 5, 200] {
                let (mut walked, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
                loop {
                    let page = house.portal.get(&format!("{list}?limit={limit}{filter}{cursor}")).await.expect(200);
                    let data = page["data"].as_array().unwrap();
                    assert!(data.len() <= limit);
                    walked.extend(data.iter().map(|v| v["id"].as_str().unwrap().to_owned()));
                    pages += 1;
                    assert!(pages < 10, "no end");
                    let Some(next) = page["next_cursor"].as_str() else { break };
                    cursor = format!("&after={next}");
                    // what is made meanwhile is newer than the page
                    if pages == 1 && filter.is_empty() && list == "/v1/obligations" && limit == 200 {
                        house.portal.owes(&dossier(), 1, json!({})).await;
                    }
                }
                assert_eq!(walked, expected, "{list} by {limit} {filter}");
            }
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_walks_oldest_first_and_its_last_cursor_stays_good() {
    let house = House::new().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let fee = house.portal.owes(&dossier(), 1_000 + n, json!({})).await;
        house
            .portal
            .post(&format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap()), json!({}))
            .await
            .expect(200);
        expected.push(fee["id"].clone());
    }
    house.drain().await;
    let (mut walked, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
    loop {
        let after = cursor.as_ref().map(|c| format!("&after={c}")).unwrap_or_default();
        let page = house.portal.get(&format!("/v1/events?limit=2{after}")).await.expect(200);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        let data = page["data"].as_array().unwrap();
        if data.is_empty() {
            break;
        }
        walked.extend(data.iter().map(|e| e["data"]["id"].clone()));
    }
    assert_eq!(walked, expected);
    let fee = house.portal.owes(&dossier(), 2_000, json!({})).await;
    house.portal.post(&format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap()), json!({})).await.expect(200);
    house.drain().await;
    let page = house.portal.get(&format!("/v1/events?after={}", cursor.unwrap())).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    house.close().await;
}

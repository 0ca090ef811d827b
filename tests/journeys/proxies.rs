//! Behind a proxy the provider hears the payer's address, and nobody else's word for it.

use serde_json::json;
use tests::portal::dossier;
use tests::{House, Plan};

/// The payer's address as VNPAY is told it, of a call that says it comes for 203.0.113.9.
async fn told_to_vnpay(trusted: &str) -> String {
    let settings = vec![("MOTLAN_HTTP__TRUSTED_PROXIES", trusted.to_owned())];
    let house = House::planned(Plan { settings, ..Plan::default() }).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let url = format!("{}/v1/payment-intents/{}/attempts", house.portal.base, intent["id"].as_str().unwrap());
    let call = house.http.post(url).bearer_auth(&house.portal.key).header("idempotency-key", "behind a proxy");
    let answer = call.header("x-forwarded-for", "203.0.113.9").json(&json!({"channel": "vnpay"})).send().await.unwrap();
    let attempt: serde_json::Value = answer.json().await.unwrap();
    let page = attempt["action"]["url"].as_str().unwrap();
    let query = page.split_once('?').unwrap().1;
    let address = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "vnp_IpAddr").unwrap().1;
    house.close().await;
    address.into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payers_address_is_the_one_that_a_trusted_proxy_saw() {
    assert_eq!(told_to_vnpay("127.0.0.0/8").await, "203.0.113.9");
    assert_eq!(told_to_vnpay("10.0.0.0/8").await, "127.0.0.1");
}

//! What was given up is listed and driven again: a report once it can be read, a delivery once somebody listens.

use crate::people::administrator;
use crate::transfers::words::{call, now_s, sepay};
use motlan::wiring::{Gateway, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::bank::{OTHER_ACCOUNT, SEPAY, SEPAY_SECRET, settings};
use tests::portal::{Portal, dossier};
use tests::{BENEFICIARY, House, Plan, config};

async fn inbox(admin: &Portal) -> Vec<Value> {
    admin.get("/v1/parked?kind=inbox").await.expect(200)["data"].as_array().unwrap().clone()
}

fn retry(item: &Value) -> String {
    format!("/v1/parked/{}/retry", item["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_could_not_be_taken_is_verified_and_taken_once_it_can() {
    let only_ours = ("MOTLAN_PROFILES__VIETQR_KB__BENEFICIARIES", BENEFICIARY.to_owned());
    let house = House::planned(Plan { with_bank: true, settings: vec![only_ours], ..Plan::default() }).await;
    let admin = administrator(&house).await;
    house.only_tells(SEPAY).await;
    let how = json!({"account": OTHER_ACCOUNT, "amount": 40_000, "content": "nop phi"});
    house.transfers_how(how).await;
    let nonsense = "{}";
    call(&house, "sepay", &sepay(SEPAY_SECRET, now_s(), nonsense), nonsense).await;
    let parked = inbox(&admin).await;
    let reasons: Vec<&str> = parked.iter().map(|p| p["reason"].as_str().unwrap()).collect();
    assert_eq!((parked.len(), reasons[1]), (2, "a row of an account that is not ours"), "{reasons:?}");
    let (unreadable, foreign) = (&parked[0], &parked[1]);
    let page = admin.get("/v1/parked?kind=inbox&limit=1").await.expect(200);
    let rest = format!("/v1/parked?kind=inbox&after={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(admin.get(&rest).await.expect(200)["data"], json!([foreign]));
    // neither can be taken as things are
    for item in [unreadable, foreign] {
        let answer = admin.post(&retry(item), json!({})).await;
        assert!(answer.json["detail"].as_str().is_some_and(|why| !why.is_empty()));
        assert_eq!(answer.refused(409), "still_parked");
    }
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    let secrets = house.ask("select string_agg(encode(sealed, 'escape'), '') from parked_call").await;
    assert!(!secrets.to_lowercase().contains("x-sepay"), "the call's headers lie open");

    // the contract collects for the other beneficiary as well, from now on
    let plan = Plan { with_bank: true, settings: settings(&house.bank.as_ref().unwrap().url), ..Plan::default() };
    let with_both = config(&house.database, &house.vnpay.url, &plan);
    let next = Gateway::start(&with_both, Role::Serve, Arc::new(String::new)).await.unwrap();
    let admin = Portal { base: next.base_url(), ..admin };
    let driven = admin.post_with(&retry(foreign), "drive", json!({})).await;
    assert_eq!(driven.clone().expect(200), json!({"id": foreign["id"], "deliveries": 0}));
    assert_eq!(house.ask("select string_agg(amount::text, ',') from payment").await, "40000");
    assert_eq!(inbox(&admin).await, std::slice::from_ref(unreadable));
    assert_eq!(house.ask("select status from kase where kind = 'poison' order by id limit 1").await, "closed");
    let again = admin.post_with(&retry(foreign), "drive", json!({})).await;
    assert_eq!((again.replayed, again.text), (true, driven.text));
    assert_eq!(admin.post(&retry(foreign), json!({})).await.refused(404), "not_found");
    assert_eq!(admin.post(&retry(unreadable), json!({})).await.refused(409), "still_parked");
    for nonsense in ["/v1/parked", "/v1/parked?kind=refunds", "/v1/parked?kind=inbox&after=evt_1"] {
        assert_eq!(admin.get(nonsense).await.refused(400), "query_invalid");
    }
    worker::drain(&next.ctx).await.unwrap();
    next.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_were_given_up_go_out_again() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let url = format!("{}/events/later", house.dossier.url);
    let streams = json!(["intent"]);
    let endpoint = house.portal.post("/v1/event-endpoints", json!({"url": url, "streams": streams})).await.expect(201);
    // nobody knows it there yet: whatever comes is refused
    house.dossier_sim("endpoint", json!({"name": "later", "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let parked = admin.get("/v1/parked?kind=deliveries").await.expect(200);
    let dead = &parked["data"][0];
    let told = (&dead["client"], &dead["event_type"], &dead["endpoint_id"], &dead["endpoint_active"]);
    assert_eq!(told, (&json!("cong-dvc"), &json!("payment_intent.paid"), &endpoint["id"], &json!(true)), "{parked}");
    assert_eq!(house.ask("select count(*) from delivery where state = 'dead'").await, "1");

    house.dossier_sim("endpoint", json!({"name": "later", "secret": endpoint["secret"]})).await;
    assert_eq!(admin.post(&retry(dead), json!({})).await.expect(200)["deliveries"], 1);
    house.drain().await;
    assert_eq!(house.ask("select string_agg(distinct state, ',') from delivery").await, "delivered");
    assert_eq!(admin.get("/v1/parked?kind=deliveries").await.expect(200)["data"], json!([]));
    assert_eq!(admin.post(&retry(dead), json!({})).await.refused(404), "not_found");
    house.stop().await;
}

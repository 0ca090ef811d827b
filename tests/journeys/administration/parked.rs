//! What was given up is listed and driven again: a report once it can be read, a delivery once somebody listens.

use crate::people::administrator;
use crate::refunds::{approves, becomes, paid, proposes, second_person, whole};
use crate::transfers::words::{call, now_s, sepay};
use jiff::Timestamp;
use motlan::wiring::{Gateway, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::bank::{OTHER_ACCOUNT, SEPAY, SEPAY_SECRET, settings};
use tests::interruption::a_day_that_lasts;
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
    for nonsense in ["/v1/parked", "/v1/parked?kind=cases", "/v1/parked?kind=inbox&after=evt_1"] {
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
    let case = "select assurance.text_id('cas', id) from kase where kind = 'undelivered' and status <> 'closed'";
    assert_eq!(dead["case_id"], json!(house.ask(case).await));

    house.dossier_sim("endpoint", json!({"name": "later", "secret": endpoint["secret"]})).await;
    assert_eq!(admin.post(&retry(dead), json!({})).await.expect(200)["deliveries"], 1);
    house.drain().await;
    assert_eq!(house.ask("select string_agg(distinct state, ',') from delivery").await, "delivered");
    assert_eq!(admin.get("/v1/parked?kind=deliveries").await.expect(200)["data"], json!([]));
    assert_eq!(admin.post(&retry(dead), json!({})).await.refused(404), "not_found");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_at_an_endpoint_that_was_removed_says_why_it_stays() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let url = format!("{}/events/later", house.dossier.url);
    let body = json!({"url": url, "streams": ["intent"]});
    let endpoint = house.portal.post("/v1/event-endpoints", body).await.expect(201);
    house.dossier_sim("endpoint", json!({"name": "later", "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let path = format!("{}/v1/event-endpoints/{}", house.portal.base, endpoint["id"].as_str().unwrap());
    let removed = house.portal.http.delete(path).bearer_auth(&house.portal.key).send().await.unwrap();
    assert!(removed.status().is_success(), "{}", removed.status());
    let dead = admin.get("/v1/parked?kind=deliveries").await.expect(200)["data"][0].clone();
    assert_eq!(dead["endpoint_active"], false);
    let answer = admin.post(&retry(&dead), json!({})).await;
    assert!(answer.json["detail"].as_str().unwrap().contains("endpoint was removed"), "{}", answer.text);
    assert_eq!(answer.refused(409), "still_parked");
    house.stop().await;
}

#[tokio::test]
async fn a_refund_whose_end_nobody_knows_is_listed_and_asked_about_at_once() {
    a_day_that_lasts(Duration::from_secs(30)).await;
    let house = House::new().await;
    let admin = administrator(&house).await;
    let approver = second_person(&house).await;
    let (fee, intent, payment) = paid(&house, 21_000).await;
    let order = house.portal.intent(&intent).await["attempts"][0]["order_ref"].clone();
    let lost = json!({"match": {"order_ref": order}, "do": [{"fail_after_accept": true}], "times": 1});
    house.sim("script", lost).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    let list = "/v1/parked?kind=refunds";
    assert_eq!(admin.get(list).await.expect(200)["data"], json!([]));
    approves(&approver, &proposal).await.expect(200);
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    let parked = admin.get(list).await.expect(200)["data"].clone();
    let one = &parked[0];
    let told = (&one["id"], &one["reason"], &one["payment_id"], &one["amount"], &one["channel"]);
    let known = (&proposal["id"], &json!("unknown"), &payment["id"], &json!(21_000), &json!("vnpay"));
    assert_eq!(told, known, "{parked}");
    let owner = house.database.connect("motlan_superuser").await;
    owner.batch_execute("update refund_watch set next_at = now() + interval '1 day'").await.unwrap();
    let due = async || payments::refund::drive(&house.gateway.ctx, false, Timestamp::now()).await.unwrap();
    assert_eq!(due().await, 0);
    assert_eq!(admin.post(&retry(one), json!({})).await.expect(200), json!({"id": one["id"], "deliveries": 0}));
    assert_eq!(due().await, 1);
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(admin.get(list).await.expect(200)["data"], json!([]));
    assert_eq!(admin.post(&retry(one), json!({})).await.refused(404), "not_found");
    house.close().await;
}

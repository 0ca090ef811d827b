//! A channel that is switched off, or away for an announced time: in every process at once, for portals and payers; the
//! money that arrives on it is taken.

use crate::people::{administrator, next_door};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::portal::{Portal, dossier};
use tests::{House, Plan};

const REASON: &str = "Ngân hàng <bảo trì> đột xuất";

async fn opened(house: &House) -> Value {
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    house.portal.opens(&[&fee]).await
}

fn attempts(intent: &Value) -> String {
    format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap())
}

/// What the intent's list says of the one channel.
fn offered(intent: &Value) -> (bool, Option<&str>) {
    let channel = &intent["channels"][0];
    (channel["available"].as_bool().unwrap(), channel["reason"].as_str())
}

async fn page(house: &House, intent: &Value) -> String {
    house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switched_off_channel_takes_no_attempt_in_any_process_and_its_money_all_the_same() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let (second, url) = next_door(&house, &Plan::default()).await;
    let there = Portal::new(&house.http, &url, house.portal.key.clone());
    let (paying, waiting) = (opened(&house).await, opened(&house).await);
    let attempt = house.at_vnpay(&paying).await;
    there.post(&attempts(&opened(&house).await), json!({"channel": "vnpay"})).await.expect(201);

    let off = admin.post("/v1/channels/vnpay/off", json!({"reason": REASON})).await.expect(200);
    let switched = Instant::now();
    assert_eq!((&off["on"], &off["reason"]), (&json!(false), &json!(REASON)));
    for portal in [&there, &house.portal] {
        let refused = portal.post(&attempts(&waiting), json!({"channel": "vnpay"})).await;
        assert_eq!(refused.json["detail"], REASON);
        assert_eq!(refused.refused(409), "channel_unavailable");
        assert_eq!(offered(&portal.intent(&waiting).await), (false, Some(REASON)));
    }
    assert!(switched.elapsed() < Duration::from_secs(10), "{:?}", switched.elapsed());
    assert_eq!(offered(&opened(&house).await), (false, Some(REASON)));
    let shown = page(&house, &waiting).await;
    assert!(shown.contains("Ngân hàng &#60;bảo trì&#62; đột xuất"), "{shown}");
    assert!(!shown.contains("name=\"channel\""), "no button");
    let listed = there_admin(&admin, &url).get("/v1/channels").await.expect(200);
    let (state, available) = (&listed["data"][0], &listed["data"][0]["available"]);
    assert_eq!((&state["code"], available, &state["reason"]), (&json!("vnpay"), &json!(false), &json!(REASON)));

    // who was at the provider already pays, and it counts
    house.pays(&attempt, json!({})).await;
    assert_eq!(house.portal.intent(&paying).await["status"], "paid");

    admin.post("/v1/channels/vnpay/on", json!({"reason": "xong"})).await.expect(200);
    for portal in [&there, &house.portal] {
        assert_eq!(offered(&portal.intent(&waiting).await), (true, None));
    }
    there.post(&attempts(&waiting), json!({"channel": "vnpay"})).await.expect(201);
    for nowhere in ["momo", "a%20b"] {
        let answer = admin.post(&format!("/v1/channels/{nowhere}/off"), json!({"reason": "x"})).await;
        assert_eq!(answer.refused(404), "not_found");
    }
    assert_eq!(admin.post("/v1/channels/vnpay/off", json!({"reason": " "})).await.refused(422), "validation_failed");
    let sql = "select string_agg(action || ' ' || subject, ', ' order by id) from audit where action like 'channel%'";
    let audited = format!("channel_switched_off vnpay {REASON}, channel_switched_on vnpay xong");
    assert_eq!(house.ask(sql).await, audited);
    second.end().await;
    house.close().await;
}

fn there_admin(admin: &Portal, url: &str) -> Portal {
    Portal { base: url.to_owned(), ..admin.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_downtime_holds_from_its_beginning_to_its_end_and_no_longer() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let intent = opened(&house).await;
    let at = |seconds: i64| Timestamp::now() + SignedDuration::from_secs(seconds);
    let announce = async |from: Timestamp, to: Timestamp| {
        let body = json!({"from": from, "to": to, "reason": "Bảo trì định kỳ"});
        admin.post("/v1/channels/vnpay/downtimes", body).await
    };
    let later = announce(at(3_600), at(7_200)).await.expect(201);
    assert_eq!(offered(&house.portal.intent(&intent).await), (true, None), "not yet");
    let ends = at(4);
    announce(at(-5), ends).await.expect(201);
    let now = house.portal.intent(&intent).await;
    assert_eq!(offered(&now), (false, Some("Bảo trì định kỳ")));
    let until: Timestamp = now["channels"][0]["closed_until"].as_str().unwrap().parse().unwrap();
    assert!(until.duration_since(ends).abs() < SignedDuration::from_millis(1));
    let refused = house.portal.post(&attempts(&intent), json!({"channel": "vnpay"})).await;
    assert_eq!(refused.refused(409), "channel_unavailable");
    assert!(page(&house, &intent).await.contains("Bảo trì định kỳ (đến "));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(offered(&house.portal.intent(&intent).await), (true, None), "over");

    let long = announce(at(-5), at(3_600)).await.expect(201);
    assert!(!offered(&house.portal.intent(&intent).await).0);
    let listed = admin.get("/v1/channels").await.expect(200)["data"][0].clone();
    assert_eq!(listed["downtimes"].as_array().unwrap().len(), 2, "{listed}");
    let withdraw = |d: &Value| format!("/v1/channels/vnpay/downtimes/{}/withdraw", d["id"].as_str().unwrap());
    admin.post(&withdraw(&long), json!({})).await.expect(200);
    assert_eq!(offered(&house.portal.intent(&intent).await), (true, None));
    assert_eq!(admin.post(&withdraw(&long), json!({})).await.refused(404), "not_found");
    admin.post(&withdraw(&later), json!({})).await.expect(200);
    for (from, to) in [(at(60), at(30)), (at(-60), at(-30))] {
        assert_eq!(announce(from, to).await.refused(422), "validation_failed");
    }
    house.close().await;
}

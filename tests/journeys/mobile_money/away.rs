//! A provider that keeps failing, and one that says no at once: what the payer is told.

use super::page::{form_id, page, pressed};
use super::{house, owed};
use serde_json::{Value, json};
use std::time::Duration;
use tests::House;
use tests::mobile_money::PHONE;

async fn press(house: &House, intent: &Value) -> (u16, String) {
    let shown = page(house, intent).await;
    let fields = [("channel", "mobile_money"), ("form_id", form_id(&shown)), ("payer_phone", PHONE)];
    let answer = pressed(house, intent, &fields).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn reason(intent: &Value) -> &Value {
    let channels = intent["channels"].as_array().unwrap();
    &channels.iter().find(|channel| channel["code"] == "mobile_money").unwrap()["reason"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_keeps_failing_is_offered_to_nobody_which_is_said_and_comes_back_by_itself() {
    let house = house().await;
    let (_, intent) = owed(&house, 41_000).await;
    house.mm_rule(json!({"amount": 41_000}), &[json!({"lose_request": true})]).await;
    for n in 0..5 {
        assert_eq!(reason(&house.portal.intent(&intent).await), &Value::Null, "after {n} failures");
        let (status, said) = press(&house, &intent).await;
        assert_eq!(status, 503, "{said}");
        assert!(said.contains("Chưa nhận được kết quả từ đơn vị thanh toán"), "{said}");
    }
    // closed for every payment of this contract, and the page says so to all
    let (_, other) = owed(&house, 42_000).await;
    for intent in [&intent, &other] {
        assert_eq!(reason(&house.portal.intent(intent).await), "not_answering");
        let shown = page(&house, intent).await;
        assert!(shown.contains("Đang gián đoạn") && !shown.contains(r#"value="mobile_money""#), "{shown}");
    }
    let path = format!("/v1/payment-intents/{}/attempts", other["id"].as_str().unwrap());
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    assert_eq!(house.portal.post(&path, body).await.refused(409), "channel_unavailable");
    tokio::time::sleep(Duration::from_millis(15_500)).await;
    // back for a moment, in which one failure is enough
    assert_eq!(press(&house, &intent).await.0, 503);
    assert_eq!(reason(&house.portal.intent(&other).await), "not_answering");
    tokio::time::sleep(Duration::from_millis(30_500)).await;
    // and an answer opens it for good
    let (status, said) = press(&house, &other).await;
    assert_eq!(status, 303, "{said}");
    assert_eq!(press(&house, &intent).await.0, 503);
    assert_eq!(reason(&house.portal.intent(&other).await), &Value::Null);
    let attempts = house.portal.intent(&other).await["attempts"].clone();
    house.mm("pay", json!({"order_ref": attempts[0]["order_ref"]})).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&other).await["status"], "paid");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_the_provider_did_not_take_an_order_is_said_on_the_page_wherever_it_says_so() {
    let house = house().await;
    for (amount, how, category, code, why) in [
        (43_001, "refuse", "identification", "identifierError", "không tìm thấy tài khoản"),
        (43_002, "refuse", "businessRule", "lessThanTransactionMinValue", "thấp hơn mức tối thiểu"),
        (43_003, "fail", "businessRule", "monthlyValueLimitExceeded", "vượt hạn mức"),
        (43_004, "fail", "authorisation", "requestDeclined", "chưa được xác nhận"),
        (43_005, "fail", "internal", "genericError", "không cho biết lý do"),
    ] {
        let (_, intent) = owed(&house, amount).await;
        house.mm_rule(json!({"amount": amount}), &[json!({how: {"category": category, "code": code}})]).await;
        let (status, said) = press(&house, &intent).await;
        assert_eq!(status, if how == "refuse" { 503 } else { 303 }, "{said}");
        let mut shown = said;
        for _ in 0..40 {
            if shown.contains(why) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            house.drain().await;
            shown = page(&house, &intent).await;
        }
        assert!(shown.contains(why), "{code}: {shown}");
        assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "failed", "{code}");
    }
    house.close().await;
}

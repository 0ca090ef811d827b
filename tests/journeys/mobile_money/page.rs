//! The payer's page: it asks for the number and, where the contract has codes, for one; it keeps neither.

use super::{attempts, house, owed};
use serde_json::{Value, json};
use tests::mobile_money::PHONE;
use tests::{House, Plan};

pub(super) async fn page(house: &House, intent: &Value) -> String {
    let url = intent["checkout_url"].as_str().unwrap();
    house.http.get(url).send().await.unwrap().text().await.unwrap()
}

/// The hidden field of the channel's form.
pub(super) fn form_id(page: &str) -> &str {
    let at = page.find(r#"name="channel" value="mobile_money""#).expect("a form");
    let rest = &page[at..];
    let value = &rest[rest.find(r#"name="form_id" value=""#).expect("a field") + 22..];
    &value[..value.find('"').unwrap()]
}

pub(super) async fn pressed(house: &House, intent: &Value, fields: &[(&str, &str)]) -> reqwest::Response {
    let url = format!("{}/attempts", intent["checkout_url"].as_str().unwrap());
    house.http.post(url).form(fields).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payer_types_the_number_is_told_what_to_do_and_the_number_is_kept_nowhere() {
    let house = house().await;
    let (_, intent) = owed(&house, 40_000).await;
    let shown = page(&house, &intent).await;
    assert!(shown.contains(r#"name="payer_phone""#) && shown.contains(r#"name="one_time_code""#), "{shown}");
    let form = form_id(&shown).to_owned();
    let fields = [("channel", "mobile_money"), ("form_id", form.as_str()), ("payer_phone", "091 234")];
    let refused = pressed(&house, &intent, &fields).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("Số điện thoại chưa đúng"));
    let shown = page(&house, &intent).await;
    let form = form_id(&shown).to_owned();
    let fields =
        [("channel", "mobile_money"), ("form_id", form.as_str()), ("payer_phone", PHONE), ("one_time_code", "")];
    let answer = pressed(&house, &intent, &fields).await;
    assert_eq!(answer.status(), 303);
    assert!(intent["checkout_url"].as_str().unwrap().ends_with(answer.headers()["location"].to_str().unwrap()));
    let waiting = page(&house, &intent).await;
    assert!(waiting.contains("Xác nhận trên điện thoại") && waiting.contains("<noscript><p><a class=\"button\""));
    assert!(!waiting.contains(r#"http-equiv="refresh""#), "a number may be typed again: {waiting}");
    assert!(!waiting.contains(PHONE));
    // no row of any table that is not the provider's own word has it, and so far the provider has said nothing
    for table in ["attempt", "attempt_watch", "intent", "idempotency", "sighting", "audit", "transition"] {
        let sql = format!("select count(*) from {table} t where t::text like '%912345678%'");
        assert_eq!(house.ask(&sql).await, "0", "{table}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_law_of_tomorrow_neither_hides_nor_offers_the_channel_today() {
    let today = tests::files::today();
    let tomorrow = today.tomorrow().unwrap();
    for (now, then, is_offered) in [(100_000_000, 10_000, true), (10_000, 100_000_000, false)] {
        let limits = format!("2026-01-01/{today}:{now},{tomorrow}:{then}");
        let settings = vec![("MOTLAN_PROFILES__MM_MAIN__MONTHLY_LIMITS", limits)];
        let house = House::planned(Plan { with_mobile_money: true, settings, ..Plan::default() }).await;
        let (_, intent) = owed(&house, 40_000).await;
        for shown in [intent.clone(), house.portal.intent(&intent).await] {
            let all = shown["channels"].as_array().unwrap();
            let channel = all.iter().find(|c| c["code"] == "mobile_money").unwrap();
            let reason = if is_offered { Value::Null } else { json!("amount_above_limit") };
            assert_eq!((&channel["available"], &channel["reason"]), (&json!(is_offered), &reason), "{channel}");
        }
        let shown = page(&house, &intent).await;
        assert_eq!(shown.contains(r#"name="channel" value="mobile_money""#), is_offered, "{shown}");
        let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
        let answer = house.portal.post(&attempts(&intent), body).await;
        assert_eq!(answer.status, if is_offered { 201 } else { 409 }, "{}", answer.text);
        house.stop().await;
    }
}

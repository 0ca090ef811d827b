//! The payer's page: it asks for the number and, where the contract has codes, for one; it keeps neither.

use super::{house, owed};
use serde_json::Value;
use tests::House;
use tests::mobile_money::PHONE;

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
    assert!(waiting.contains("Xác nhận trên điện thoại") && waiting.contains(r#"http-equiv="refresh""#), "{waiting}");
    assert!(!waiting.contains(PHONE));
    // no row of any table that is not the provider's own word has it, and so far the provider has said nothing
    for table in ["attempt", "attempt_watch", "intent", "idempotency", "sighting", "audit", "transition"] {
        let sql = format!("select count(*) from {table} t where t::text like '%912345678%'");
        assert_eq!(house.ask(&sql).await, "0", "{table}");
    }
    house.close().await;
}

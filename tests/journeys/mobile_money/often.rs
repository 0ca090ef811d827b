//! Whoever has a payment's link may type any number. So one payment has few phones asked, and one phone is asked seldom,
//! whatever payments it is for; who must wait is told until when.

use super::page::{form_id, page, pressed};
use super::{attempts, owed};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{House, Plan};

async fn house(per_intent: &str, per_number: &str) -> House {
    let settings = vec![
        ("MOTLAN_PROMPTS__PER_INTENT", per_intent.to_owned()),
        ("MOTLAN_PROMPTS__PER_NUMBER", per_number.to_owned()),
    ];
    House::planned(Plan { with_mobile_money: true, settings, ..Plan::default() }).await
}

async fn presses(house: &House, intent: &Value, phone: &str) -> reqwest::Response {
    let shown = page(house, intent).await;
    let form = form_id(&shown).to_owned();
    pressed(house, intent, &[("channel", "mobile_money"), ("form_id", &form), ("payer_phone", phone)]).await
}

fn asks(phone: &str) -> Value {
    json!({"channel": "mobile_money", "payer_phone": phone})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forwarded_link_rings_three_phones_and_then_says_when_it_goes_on_on_the_page_and_in_the_api() {
    let house = house("3", "100").await;
    let (_, intent) = owed(&house, 40_000).await;
    for n in 0..3 {
        assert_eq!(presses(&house, &intent, &format!("091000000{n}")).await.status(), 303);
    }
    let refused = presses(&house, &intent, "0910000009").await;
    assert_eq!(refused.status(), 429);
    let wait_s: i64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3_500..=3_601).contains(&wait_s), "{wait_s}");
    let said = refused.text().await.unwrap();
    assert!(said.contains("Đã gửi quá nhiều yêu cầu thanh toán đến điện thoại. Xin thử lại từ "), "{said}");
    // the page says it in the payer's language
    let form = form_id(&page(&house, &intent).await).to_owned();
    let fields = [("channel", "mobile_money"), ("form_id", form.as_str()), ("payer_phone", "0910000009")];
    let url = format!("{}/attempts?lang=en", intent["checkout_url"].as_str().unwrap());
    let english = house.http.post(url).form(&fields).send().await.unwrap().text().await.unwrap();
    assert!(english.contains("Phones were asked too often. Please try again from "), "{english}");
    let refused = house.portal.post(&attempts(&intent), asks("0910000009")).await.expect(429);
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retry_after_s"].as_i64().unwrap() > 3_500, "{refused}");
    assert_eq!(house.mm_requests().await.len(), 3);
    assert_eq!(house.portal.intent(&intent).await["attempts"].as_array().unwrap().len(), 3);
    // another way is open, and when the hour is over this one too
    house.portal.post(&attempts(&intent), json!({"channel": "vnpay"})).await.expect(201);
    house.ask("update attempt set ordered_at = ordered_at - interval '1 hour'").await;
    house.portal.post(&attempts(&intent), asks("0910000009")).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_is_asked_twice_however_it_is_written_and_whatever_it_is_for_and_its_number_is_kept_nowhere() {
    let house = house("100", "2").await;
    for (n, phone) in ["0912345678", "+84 912 345 678", "0084-912.345.678"].into_iter().enumerate() {
        let (_, intent) = owed(&house, 40_000).await;
        let answer = house.portal.post(&attempts(&intent), asks(phone)).await;
        answer.expect(if n < 2 { 201 } else { 429 });
    }
    let (_, intent) = owed(&house, 40_000).await;
    house.portal.post(&attempts(&intent), asks("0912345679")).await.expect(201);
    for number in ["912345678", "912345679"] {
        let hex: String = number.bytes().map(|b| format!("{b:02x}")).collect();
        let sql =
            format!("select count(*) from phone_prompt p where p::text like '%{number}%' or p::text like '%{hex}%'");
        assert_eq!(house.ask(&sql).await, "0");
    }
    // a number that nobody asked for an hour is forgotten
    house.ask("update phone_prompt set prompted_at = array[now() - interval '61 minutes']").await;
    house.portal.post(&attempts(&owed(&house, 40_000).await.1), asks("0912345678")).await.expect(201);
    assert_eq!(house.ask("select cardinality(prompted_at) from phone_prompt order by 1 desc limit 1").await, "1");
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert_eq!(storage::prompts::purge(&db, since, 10).await.unwrap(), 1);
    assert_eq!(house.ask("select count(*) from phone_prompt").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_payments_that_ask_one_phone_at_once_two_do() {
    let house = house("100", "2").await;
    let intents = join_all((0..10).map(|_| owed(&house, 40_000))).await;
    let asked = join_all(
        intents.iter().map(async |(_, intent)| house.portal.post(&attempts(intent), asks("0912345678")).await.status),
    )
    .await;
    assert_eq!(asked.iter().filter(|status| **status == 201).count(), 2, "{asked:?}");
    assert_eq!(asked.iter().filter(|status| **status == 429).count(), 8, "{asked:?}");
    assert_eq!(house.mm_requests().await.len(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_that_is_sent_again_asks_nobody_again() {
    let house = house("100", "1").await;
    let (_, intent) = owed(&house, 40_000).await;
    let form = form_id(&page(&house, &intent).await).to_owned();
    let fields = [("channel", "mobile_money"), ("form_id", form.as_str()), ("payer_phone", "0912345678")];
    for _ in 0..3 {
        assert_eq!(pressed(&house, &intent, &fields).await.status(), 303);
    }
    assert_eq!(house.mm_requests().await.len(), 1);
    house.close().await;
}

//! What ends without money: each category of the document's errors, in the acknowledgement and afterwards.

use super::{attempt_becomes, attempts, becomes, house, living, owed, started};
use serde_json::{Value, json};
use tests::mobile_money::{MSISDN, PHONE};
use tests::{House, Plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_each_category_in_the_acknowledgement_says_whether_it_was_taken_up() {
    for (category, code, answer, status) in [
        ("businessRule", "transactionTypeError", 502, "failed"),
        ("validation", "formatError", 502, "failed"),
        ("authorisation", "requestDeclined", 502, "failed"),
        ("identification", "identifierError", 502, "failed"),
        // nobody knows: the order is asked about
        ("internal", "genericError", 503, "started"),
        ("serviceUnavailable", "genericError", 503, "started"),
    ] {
        let house = house().await;
        let (_, intent) = owed(&house, 40_000).await;
        house.mm_rule(json!({}), &[json!({"refuse": {"category": category, "code": code}})]).await;
        let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
        house.portal.post(&attempts(&intent), body).await.expect(answer);
        let seen = house.portal.intent(&intent).await;
        assert_eq!((&seen["status"], &seen["attempts"][0]["status"]), (&json!("open"), &json!(status)), "{category}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_each_category_after_the_acknowledgement_fails_the_attempt() {
    for (category, code) in [
        ("businessRule", "insufficientFunds"),
        ("validation", "genericError"),
        ("authorisation", "requestDeclined"),
        ("identification", "identifierError"),
        ("internal", "genericError"),
        ("serviceUnavailable", "genericError"),
    ] {
        let house = living().await;
        let (fee, intent) = owed(&house, 40_000).await;
        house.mm_rule(json!({}), &[json!({"fail": {"category": category, "code": code}})]).await;
        let attempt = started(&house, &intent, None).await;
        let seen = attempt_becomes(&house, &intent, "failed").await;
        assert_eq!(seen["status"], "open", "{category}: the payer may try again");
        assert_eq!(house.portal.obligation(&fee).await["status"], "due");
        let key = house.ask("select source_key from sighting").await;
        assert_eq!(key, format!("mm_main:{}:failed:{code}", attempt["order_ref"].as_str().unwrap()));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_above_the_monthly_limit_fails_and_pays_otherwise() {
    let house = living().await;
    house.mm("account", json!({"msisdn": MSISDN, "spent_this_month": 99_970_000})).await;
    let (_, intent) = owed(&house, 40_000).await;
    let attempt = started(&house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    attempt_becomes(&house, &intent, "failed").await;
    assert!(house.ask("select source_key from sighting").await.ends_with(":failed:monthlyValueLimitExceeded"));
    let other = house.at_vnpay(&intent).await;
    house.pays(&other, json!({})).await;
    becomes(&house, &intent, "paid").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_above_the_limit_of_the_law_is_not_made() {
    let house = house().await;
    let (_, intent) = owed(&house, 100_000_001).await;
    let shown = house.portal.intent(&intent).await;
    let channels = shown["channels"].as_array().unwrap();
    let ours = channels.iter().find(|c| c["code"] == "mobile_money").unwrap();
    assert_eq!((&ours["available"], &ours["reason"]), (&json!(false), &json!("amount_above_limit")));
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    let refused = house.portal.post(&attempts(&intent), body).await.expect(409);
    assert_eq!((&refused["code"], &refused["detail"]), (&json!("channel_unavailable"), &json!("amount_above_limit")));
    assert_eq!(house.mm_requests().await, Vec::<Value>::new());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_code_a_wrong_one_and_a_used_one_take_no_money() {
    let house = living().await;
    house.mm("code", json!({"msisdn": MSISDN, "code": "111111", "lifetime_s": -1})).await;
    house.mm("code", json!({"msisdn": "+84987654321", "code": "222222"})).await;
    house.mm("code", json!({"msisdn": MSISDN, "code": "333333"})).await;
    let (_, intent) = owed(&house, 40_000).await;
    for code in ["111111", "222222", "999999"] {
        started(&house, &intent, Some(code)).await;
        attempt_becomes(&house, &intent, "failed").await;
    }
    started(&house, &intent, Some("333333")).await;
    becomes(&house, &intent, "paid").await;
    let (_, second) = owed(&house, 40_000).await;
    started(&house, &second, Some("333333")).await;
    attempt_becomes(&house, &second, "failed").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_who_declines_or_forgets_may_try_again_and_late_money_is_booked_all_the_same() {
    let house = living().await;
    let (_, intent) = owed(&house, 40_000).await;
    let first = started(&house, &intent, None).await;
    house.mm_rule(json!({"order_ref": first["order_ref"]}), &[json!({"late": true})]).await;
    house.mm("pay", json!({"order_ref": first["order_ref"], "outcome": "decline"})).await;
    attempt_becomes(&house, &intent, "failed").await;
    // the provider changes its mind: a hint is enough to find it out
    house.mm("pay", json!({"order_ref": first["order_ref"]})).await;
    let paid = becomes(&house, &intent, "paid").await;
    assert_eq!(paid["attempts"][0]["status"], "succeeded");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_payer_must_give_is_asked_for_before_anything_is_made() {
    let settings = vec![("MOTLAN_PROFILES__MM_MAIN__ONE_TIME_CODE", "required".to_owned())];
    let house = House::planned(Plan { with_mobile_money: true, settings, ..Plan::default() }).await;
    let (_, intent) = owed(&house, 40_000).await;
    for (body, pointer) in [
        (json!({"channel": "mobile_money"}), "/payer_phone"),
        (json!({"channel": "mobile_money", "payer_phone": "02438250000", "one_time_code": "1234"}), "/payer_phone"),
        (json!({"channel": "mobile_money", "payer_phone": PHONE}), "/one_time_code"),
        (json!({"channel": "mobile_money", "payer_phone": PHONE, "one_time_code": "12"}), "/one_time_code"),
    ] {
        let refused = house.portal.post(&attempts(&intent), body.clone()).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(house.portal.intent(&intent).await["attempts"], json!([]));
    assert_eq!(house.mm_requests().await, Vec::<Value>::new());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_says_it_is_away_takes_no_attempt_until_it_says_otherwise() {
    let house = house().await;
    let (_, intent) = owed(&house, 40_000).await;
    let offered = async || {
        payments::ask_health::ask(&house.gateway.ctx).await.unwrap();
        let seen = house.portal.intent(&intent).await;
        let channels = seen["channels"].as_array().unwrap();
        channels.iter().find(|c| c["code"] == "mobile_money").unwrap()["available"].clone()
    };
    for (says, available) in [
        (json!({"serviceStatus": "unavailable", "plannedRestorationTime": "2099-11-24T15:00:00+07:00"}), false),
        // nobody can read it: what was said before holds
        (json!({"serviceStatus": "asleep"}), false),
        (json!({"serviceStatus": "degraded", "delay": 30}), true),
        (json!({"serviceStatus": "available"}), true),
    ] {
        house.mm("service", says.clone()).await;
        assert_eq!(offered().await, json!(available), "{says}");
    }
    house.mm("service", json!({"serviceStatus": "unavailable"})).await;
    assert_eq!(offered().await, json!(false));
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    house.portal.post(&attempts(&intent), body).await.expect(409);
    // its last word is old: it may be back
    house.ask("update provider_health set told_at = now() - interval '6 minutes'").await;
    started(&house, &intent, None).await;
    house.close().await;
}

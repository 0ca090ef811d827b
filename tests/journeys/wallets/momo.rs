//! MoMo AIO v2.

use super::*;

const CHANNEL: &str = "momo";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_at_momo_settles_and_momo_hears_204_without_a_body() {
    pays_and_is_paid(CHANNEL, |call| {
        assert_eq!((&call["http_status"], &call["answer"]), (&json!(204), &json!("")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payer_refuses_at_momo_can_be_paid_on_a_second_attempt() {
    is_tried_again(CHANNEL, json!({"outcome": "cancelled"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_at_momo_can_be_paid_on_a_second_attempt() {
    for code in [1001, 1004, 4001] {
        is_tried_again(CHANNEL, json!({"outcome": "failed", "code": code})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_ran_out_at_momo_is_over() {
    an_order_that_ran_out_is_over(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_momo_after_the_deadline_pays_what_is_due() {
    money_after_the_deadline_pays_what_is_due(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_at_momo_settles_nothing() {
    another_amount_settles_nothing_and_has_a_home_and_a_case(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_momos_word_changes_nothing() {
    what_is_forged_changes_nothing_and_the_true_word_counts(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_report_of_momo_a_hundred_times_at_once_is_booked_once() {
    one_report_a_hundred_times_at_once_is_booked_once(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_momo_never_told_is_found_by_asking() {
    a_payment_whose_every_call_is_lost_is_found_by_asking(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_finds_a_lost_payment_at_momo() {
    the_worker_finds_a_lost_payment_by_itself(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attempts_at_momo_that_both_take_money_leave_one_held() {
    two_attempts_that_both_take_money_leave_one_settled_and_one_held(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_momo_for_an_unknown_order_is_kept() {
    money_for_an_unknown_order_is_kept_and_found_again(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_momo_that_breaks_after_it_took_the_order_leaves_it_known() {
    a_wallet_that_is_away_gives_no_page_and_the_attempt_is_asked_about(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_told_momo_again_gives_the_same_page() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.wallet_sim(CHANNEL, "script", json!({"match": {}, "do": [{"fail_after_accept": true}], "times": 1})).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let lost = house.portal.post_with(&path, "again", json!({"channel": CHANNEL})).await;
    assert!(lost.status >= 500, "{}", lost.text);
    let offered = house.portal.post_with(&path, "again", json!({"channel": CHANNEL})).await.expect(201);
    assert_eq!(house.wallet_orders(CHANNEL).await.len(), 1, "one order, told twice");
    let page = house.http.get(offered["action"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_failure_of_momo_after_the_money_is_evidence_only() {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    house.wallet_rule(CHANNEL, &attempt, json!({"reorder": true})).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    for _ in 0..100 {
        if house.ask("select count(*) from assurance.sighting").await == "2" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let paid = house.portal.intent(&intent).await;
    assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    assert_eq!(house.ask("select count(*) from assurance.sighting").await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_outside_momos_limits_are_said_before_an_attempt() {
    let house = House::with_wallets().await;
    for (amount, reason) in [(999, "amount_below_limit"), (50_000_001, "amount_above_limit")] {
        let fee = house.portal.owes(&dossier(), amount, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let momo = intent["channels"].as_array().unwrap().iter().find(|c| c["code"] == CHANNEL).unwrap().clone();
        assert_eq!((&momo["available"], &momo["reason"]), (&json!(false), &json!(reason)), "{momo}");
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let refused = house.portal.post(&path, json!({"channel": CHANNEL})).await;
        assert_eq!(refused.refused(409), "channel_unavailable");
    }
    assert!(house.wallet_orders(CHANNEL).await.is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_pages_of_momo_are_asked_for_as_configured() {
    for request_type in ["captureWallet", "payWithMethod"] {
        let settings = vec![("MOTLAN_PROFILES__MOMO_MAIN__REQUEST_TYPE", request_type.to_owned())];
        let house = House::planned(tests::Plan { with_wallets: true, settings, ..tests::Plan::default() }).await;
        let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
        let order = house.wallet_order(CHANNEL, &attempt).await;
        assert_eq!(order["request"]["requestType"], request_type);
        let door = format!("{}{}", house.gateway.base_url(), door(CHANNEL));
        assert_eq!(order["notify_url"], door, "each order says where to report");
        house.pays_wallet(CHANNEL, &attempt, json!({})).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_momo_changes_its_secret_both_are_believed() {
    let next = ("MOTLAN_PROFILES__MOMO_MAIN__SECRET_KEY_NEXT", "the-next-secret");
    let signed = |report: &Value, secret: &str| crate::mutations::momo::signed(report, secret);
    both_secrets_are_believed_while_it_is_changed(CHANNEL, next, signed, tests::wallets::MOMO_SECRET).await;
}

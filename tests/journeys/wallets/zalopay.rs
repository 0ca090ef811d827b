//! ZaloPay v2.

use super::*;

const CHANNEL: &str = "zalopay";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_at_zalopay_settles_and_zalopay_hears_return_code_1() {
    pays_and_is_paid(CHANNEL, |call| {
        let answer = json!(r#"{"return_code":1,"return_message":"success"}"#);
        assert_eq!((&call["http_status"], &call["answer"]), (&json!(200), &answer));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payer_leaves_at_zalopay_can_be_paid_on_a_second_attempt() {
    is_tried_again(CHANNEL, json!({"outcome": "cancelled"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_at_zalopay_is_heard_by_asking_alone() {
    for code in [-63, -217, -1330] {
        is_tried_again(CHANNEL, json!({"outcome": "failed", "code": code})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_ran_out_at_zalopay_is_over() {
    an_order_that_ran_out_is_over(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_zalopay_after_the_deadline_pays_what_is_due() {
    money_after_the_deadline_pays_what_is_due(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_at_zalopay_settles_nothing() {
    another_amount_settles_nothing_and_has_a_home_and_a_case(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_zalopays_word_changes_nothing() {
    what_is_forged_changes_nothing_and_the_true_word_counts(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_callback_of_zalopay_a_hundred_times_at_once_is_booked_once() {
    one_report_a_hundred_times_at_once_is_booked_once(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_zalopay_never_told_is_found_by_asking() {
    a_payment_whose_every_call_is_lost_is_found_by_asking(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_finds_a_lost_payment_at_zalopay() {
    the_worker_finds_a_lost_payment_by_itself(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attempts_at_zalopay_that_both_take_money_leave_one_held() {
    two_attempts_that_both_take_money_leave_one_settled_and_one_held(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_zalopay_for_an_unknown_order_is_kept() {
    money_for_an_unknown_order_is_kept_and_found_again(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zalopay_that_breaks_after_it_took_the_order_leaves_it_known() {
    a_wallet_that_is_away_gives_no_page_and_the_attempt_is_asked_about(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_page_is_lost_is_refused_and_another_attempt_is_paid() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.wallet_sim(CHANNEL, "script", json!({"match": {}, "do": [{"fail_after_accept": true}], "times": 1})).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    for _ in 0..2 {
        let lost = house.portal.post_with(&path, "again", json!({"channel": CHANNEL})).await;
        assert!(lost.status >= 500, "{}", lost.text);
    }
    assert_eq!(house.wallet_orders(CHANNEL).await.len(), 1, "one order, told twice");
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "failed");
    let second = house.at_wallet(CHANNEL, &intent).await;
    house.pays_wallet(CHANNEL, &second, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_begins_with_the_day_in_vietnam_and_says_where_to_report() {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    let order = house.wallet_order(CHANNEL, &attempt).await;
    let day = domain::business_day::business_date(jiff::Timestamp::now()).strftime("%y%m%d").to_string();
    assert_eq!(order["wire_ref"], format!("{day}_{}", attempt["order_ref"].as_str().unwrap()));
    assert_eq!(order["notify_url"], format!("{}{}", house.gateway.base_url(), door(CHANNEL)));
    assert_eq!(order["request"]["app_user"], intent["reference"], "nothing about the payer");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_checksum_that_a_browser_brings_back_is_no_callback() {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    house.wallet_rule(CHANNEL, &attempt, json!({"drop": true})).await;
    let paid = house.wallet_sim(CHANNEL, "pay", json!({"order_ref": attempt["order_ref"]})).await;
    let back = paid["way_back"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let fields: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(back.as_bytes()).into_owned().collect();
    let names = ["appid", "apptransid", "pmcid", "bankcode", "amount", "discountamount", "status"];
    let data = names.map(|name| fields[name].as_str()).join("|");
    let body = json!({"data": data, "mac": fields["checksum"], "type": 1}).to_string();
    let heard = Call::new("POST", door(CHANNEL)).body(body).send(&house.gateway.base_url()).await;
    assert_eq!((heard.0, heard.2.as_str()), (200, r#"{"return_code":-1,"return_message":"mac not equal"}"#));
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    assert_eq!(house.ask("select count(*) from assurance.kase").await, "0");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    house.drain().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_zalopay_changes_its_key_both_are_believed() {
    let next = ("MOTLAN_PROFILES__ZALOPAY_MAIN__KEY2_NEXT", "the-next-key2");
    let signed = |report: &Value, secret: &str| crate::mutations::zalopay::signed(report, secret);
    both_secrets_are_believed_while_it_is_changed(CHANNEL, next, signed, tests::wallets::ZALOPAY_KEY2).await;
}

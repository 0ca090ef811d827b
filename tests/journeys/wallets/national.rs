//! The payment platform of the national portal, 1.0.6: what it shares with the wallets. What is its own is in
//! `journeys/national.rs`.

use super::*;

const CHANNEL: &str = "national";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_at_the_national_platform_settles_and_it_hears_its_own_words_again() {
    pays_and_is_paid(CHANNEL, |call| {
        let sent: Value = serde_json::from_str(call["sent"].as_str().unwrap()).unwrap();
        let answer: Value = serde_json::from_str(call["answer"].as_str().unwrap()).unwrap();
        assert_eq!((&call["http_status"], &answer["MaLoi"]), (&json!(200), &json!("00")));
        for name in ["MaDoiTac", "MaThamChieu", "ThoiGianGD", "MaXacThuc"] {
            assert_eq!(answer[name], sent[name], "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payer_leaves_at_the_national_platform_can_be_paid_on_a_second_attempt() {
    is_tried_again(CHANNEL, json!({"outcome": "cancelled"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_at_the_national_platform_can_be_paid_on_a_second_attempt() {
    for code in [1, 99] {
        is_tried_again(CHANNEL, json!({"outcome": "failed", "code": code})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_ran_out_at_the_national_platform_is_over() {
    an_order_that_ran_out_is_over(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_the_national_platform_after_the_deadline_pays_what_is_due() {
    money_after_the_deadline_pays_what_is_due(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_sum_at_the_national_platform_settles_nothing() {
    another_amount_settles_nothing_and_has_a_home_and_a_case(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_the_national_platforms_word_changes_nothing() {
    what_is_forged_changes_nothing_and_the_true_word_counts(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_of_the_national_platform_a_hundred_times_at_once_is_booked_once() {
    one_report_a_hundred_times_at_once_is_booked_once(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_the_national_platform_never_told_is_found_by_asking() {
    a_payment_whose_every_call_is_lost_is_found_by_asking(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_finds_a_lost_payment_at_the_national_platform() {
    the_worker_finds_a_lost_payment_by_itself(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attempts_at_the_national_platform_that_both_take_money_leave_one_held() {
    two_attempts_that_both_take_money_leave_one_settled_and_one_held(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_the_national_platform_for_an_unknown_order_is_kept() {
    money_for_an_unknown_order_is_kept_and_found_again(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_national_platform_that_breaks_after_it_took_the_order_leaves_it_known() {
    a_wallet_that_is_away_gives_no_page_and_the_attempt_is_asked_about(CHANNEL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_national_platform_changes_its_secret_both_are_believed() {
    let next = ("MOTLAN_PROFILES__NATIONAL_MAIN__SECRET_KEY_NEXT", "the-next-national-secret");
    let signed = |report: &Value, secret: &str| crate::mutations::national::signed(report, secret);
    both_secrets_are_believed_while_it_is_changed(CHANNEL, next, signed, tests::wallets::NATIONAL_SECRET).await;
}

/// A failure that is told late is no news about money.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_failure_of_the_national_platform_takes_nothing_back() {
    let house = House::with_wallets().await;
    let (fee, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    house.wallet_rule(CHANNEL, &attempt, json!({"reorder": true})).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    for _ in 0..100 {
        let order = house.wallet_order(CHANNEL, &attempt).await;
        if order["calls"].as_array().unwrap().iter().any(|call| call["kind"] == "stale") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from sighting").await, "2");
    house.close().await;
}

//! Money that MoMo holds until we say take or let go (`auto_capture = false`).

use super::*;

const CHANNEL: &str = "momo";

async fn house() -> House {
    let settings = vec![("MOTLAN_PROFILES__MOMO_MAIN__AUTO_CAPTURE", "false".to_owned())];
    House::planned(tests::Plan { with_wallets: true, settings, ..tests::Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_payer_authorises_at_momo_is_taken_by_our_word() {
    let house = house().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    let order = house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    assert_eq!((&order["status"], &order["code"]), (&json!("held"), &json!(9000)));
    let held = house.portal.intent(&intent).await;
    assert_eq!((&held["status"], &held["attempts"][0]["status"]), (&json!("processing"), &json!("committed")));
    assert_eq!(house.ask("select count(*) from payment").await, "0", "nothing is taken yet");
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let second = house.portal.post(&path, json!({"channel": "vnpay"})).await;
    assert_eq!(second.status, 409, "{}", second.text);
    assert_eq!(house.sync(&intent).await["status"], "paid");
    let order = house.wallet_order(CHANNEL, &attempt).await;
    assert_eq!((&order["status"], &order["amount"]), (&json!("paid"), &json!(40_000)));
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_otherwise_meanwhile_is_let_go_at_momo() {
    let house = house().await;
    let (fee, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    // before MoMo's word arrives, the payer pays elsewhere
    house.wallet_rule(CHANNEL, &attempt, json!({"drop": true})).await;
    let elsewhere = house.at_vnpay(&intent).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    house.pays(&elsewhere, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.sync(&intent).await;
    house.drain().await;
    let order = house.wallet_order(CHANNEL, &attempt).await;
    assert_eq!((&order["status"], &order["code"]), (&json!("cancelled"), &json!(1017)), "{order}");
    assert_eq!(house.ask("select count(*) from payment").await, "1", "VNPAY's alone");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_money_hears_our_word_when_momo_tells_of_it_and_not_when_the_schedule_comes_to_it() {
    let settings = vec![
        ("MOTLAN_PROFILES__MOMO_MAIN__AUTO_CAPTURE", "false".to_owned()),
        ("MOTLAN_POLL__SCHEDULE_S", "600".to_owned()),
    ];
    let plan = tests::Plan { with_wallets: true, with_worker: true, settings, ..tests::Plan::default() };
    let house = House::planned(plan).await;
    // one that is wanted, and one whose fee somebody has paid at a counter's, a bank's or another's meanwhile
    let (_, wanted, taken) = offered(&house, CHANNEL, 40_000).await;
    let (_, unwanted, left) = offered(&house, CHANNEL, 41_000).await;
    let elsewhere = house.at_vnpay(&unwanted).await;
    house.pays(&elsewhere, json!({})).await;
    assert_eq!(house.portal.intent(&unwanted).await["status"], "paid");
    for (attempt, becomes) in [(&taken, "paid"), (&left, "cancelled")] {
        house.pays_wallet(CHANNEL, attempt, json!({})).await;
        let begun = std::time::Instant::now();
        while house.wallet_order(CHANNEL, attempt).await["status"] != becomes {
            assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{becomes}: nothing was said");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        println!("{becomes} after {:?}", begun.elapsed());
    }
    house.drain().await;
    assert_eq!(house.portal.intent(&wanted).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_another_amount_is_not_taken_by_a_word_about_ours() {
    let house = house().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    house.wallet_rule(CHANNEL, &attempt, json!({"amount_delta": 5_000})).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    house.sync(&intent).await;
    assert_eq!(house.wallet_order(CHANNEL, &attempt).await["status"], "held");
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_whose_answer_is_lost_is_not_said_twice_to_any_effect() {
    let house = house().await;
    let (_, intent, attempt) = offered(&house, CHANNEL, 40_000).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    // the first asking is answered, the word is not
    let once = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"fail_after_accept": true}], "times": 3});
    house.wallet_sim(CHANNEL, "script", once).await;
    house.sync(&intent).await;
    for _ in 0..50 {
        house.drain().await;
        if house.portal.intent(&intent).await["status"] == "paid" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_orders_that_wait_for_our_word_one_is_taken_and_the_other_let_go() {
    let house = house().await;
    let (fee, intent, first) = offered(&house, CHANNEL, 40_000).await;
    let second = house.at_wallet(CHANNEL, &intent).await;
    for attempt in [&first, &second] {
        // MoMo's words about both are lost: one pass finds both held
        house.wallet_rule(CHANNEL, attempt, json!({"drop": true})).await;
        let order = house.pays_wallet(CHANNEL, attempt, json!({})).await;
        assert_eq!(order["status"], "held", "{order}");
    }
    house.sync(&intent).await;
    house.drain().await;
    let mut ends = Vec::new();
    for attempt in [&first, &second] {
        let order = house.wallet_order(CHANNEL, attempt).await;
        ends.push((order["status"].as_str().unwrap().to_owned(), order["code"].as_i64().unwrap()));
    }
    ends.sort();
    assert_eq!(ends, [("cancelled".to_owned(), 1017), ("paid".to_owned(), 0)]);
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_order_is_taken_where_the_one_that_was_to_be_taken_came_to_nothing() {
    let house = house().await;
    let (_, intent, first) = offered(&house, CHANNEL, 40_000).await;
    let second = house.at_wallet(CHANNEL, &intent).await;
    // our word about the first was given and never arrived, and there nothing is held any more
    let said = format!(
        "insert into held_money (attempt_id, word, said_at) select id, 'take', now() from attempt where order_ref = '{}'
         returning word",
        first["order_ref"].as_str().unwrap()
    );
    assert_eq!(house.ask(&said).await, "take");
    house.pays_wallet(CHANNEL, &first, json!({"outcome": "cancelled"})).await;
    house.wallet_rule(CHANNEL, &second, json!({"drop": true})).await;
    house.pays_wallet(CHANNEL, &second, json!({})).await;
    house.sync(&intent).await;
    house.drain().await;
    assert_eq!(house.wallet_order(CHANNEL, &second).await["status"], "paid");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

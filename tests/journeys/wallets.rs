//! The conformance of the wallets' adapters over real HTTP, told by their simulators: each scenario once for each wallet.

mod held;
mod momo;
mod national;
mod refunds;
mod zalopay;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::House;
use tests::portal::dossier;
use tests::wallets::door;
use tests::wire::Call;

/// A fee, its intent, and an attempt whose page the payer has opened.
async fn offered(house: &House, channel: &str, amount: i64) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet(channel, &intent).await;
    (fee, intent, attempt)
}

/// The true report of an order, as its wallet would send it, sent by hand.
async fn true_report(house: &House, channel: &str, attempt: &Value) -> Call {
    house.wallet_rule(channel, attempt, json!({"drop": true})).await;
    let order = house.pays_wallet(channel, attempt, json!({})).await;
    let sent = order["calls"][0]["sent"].as_str().unwrap().to_owned();
    Call::new("POST", door(channel)).header("Content-Type", "application/json").body(sent)
}

async fn pays_and_is_paid(channel: &str, says: impl Fn(&Value)) {
    let house = House::with_wallets().await;
    house.hear_events().await;
    let (fee, intent, attempt) = offered(&house, channel, 108_000).await;
    assert_eq!(attempt["status"], "offered");
    let order = house.pays_wallet(channel, &attempt, json!({})).await;
    assert_eq!(order["calls"][0]["verdict"], "confirmed", "{order}");
    says(&order["calls"][0]);
    let paid = house.portal.intent(&intent).await;
    let seen = (&paid["status"], &paid["amount_due"], &paid["paid_channel"]);
    assert_eq!(seen, (&json!("paid"), &json!(0), &json!(channel)));
    assert_eq!(paid["attempts"][0]["status"], "succeeded");
    let settled = house.portal.obligation(&fee).await;
    assert_eq!(settled["status"], "paid");
    assert_eq!(settled["payments"][0]["provider_txn_id"], order["transaction_no"]);
    house.drain().await;
    assert!(house.heard().await.iter().any(|event| event["type"] == "obligation.paid"));
    house.close().await;
}

/// A try without money, heard by a report or, where the wallet tells of none, by asking; then the payer tries again.
async fn is_tried_again(channel: &str, how: Value) {
    let house = House::with_wallets().await;
    let (_, intent, first) = offered(&house, channel, 50_000).await;
    house.pays_wallet(channel, &first, how).await;
    house.sync(&intent).await;
    let after = house.portal.intent(&intent).await;
    assert_eq!((&after["status"], &after["attempts"][0]["status"]), (&json!("open"), &json!("failed")));
    let second = house.at_wallet(channel, &intent).await;
    assert_ne!(first["order_ref"], second["order_ref"]);
    house.pays_wallet(channel, &second, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

async fn an_order_that_ran_out_is_over(channel: &str) {
    let house = House::with_wallets().await;
    let (fee, intent, attempt) = offered(&house, channel, 50_000).await;
    house.wallet_sim(channel, "expire", json!({"order_ref": attempt["order_ref"]})).await;
    let page = house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 410);
    house.sync(&intent).await;
    let after = house.portal.intent(&intent).await;
    assert_eq!((&after["status"], &after["attempts"][0]["status"]), (&json!("open"), &json!("failed")));
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    house.close().await;
}

async fn money_after_the_deadline_pays_what_is_due(channel: &str) {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], 2).await;
    let attempt = house.at_wallet(channel, &intent).await;
    house.wallet_rule(channel, &attempt, json!({"late": true})).await;
    house.wallet_sim(channel, "expire", json!({"order_ref": attempt["order_ref"]})).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_300)).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "expired");
    house.pays_wallet(channel, &attempt, json!({})).await;
    let paid = house.portal.intent(&intent).await;
    assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    house.close().await;
}

async fn another_amount_settles_nothing_and_has_a_home_and_a_case(channel: &str) {
    for delta in [-1_i64, 1, 40_000 * 99] {
        let house = House::with_wallets().await;
        let (fee, intent, attempt) = offered(&house, channel, 40_000).await;
        house.wallet_rule(channel, &attempt, json!({"amount_delta": delta})).await;
        let order = house.pays_wallet(channel, &attempt, json!({})).await;
        assert_eq!(order["calls"][0]["verdict"], "confirmed", "{order}");
        assert_eq!(house.portal.obligation(&fee).await["status"], "due");
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        let held = house.ask("select suspense_reason || ' ' || amount from assurance.allocation").await;
        assert_eq!(held, format!("amount_differs {}", 40_000 + delta));
        assert_eq!(house.ask("select kind || ' ' || status from assurance.kase").await, "amount_differs open");
        // the payer can still pay what is due
        let again = house.at_wallet(channel, &intent).await;
        house.pays_wallet(channel, &again, json!({})).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
        house.close().await;
    }
}

async fn what_is_forged_changes_nothing_and_the_true_word_counts(channel: &str) {
    for forgery in ["signature", "merchant", "amount"] {
        let house = House::with_wallets().await;
        let (_, intent, attempt) = offered(&house, channel, 40_000).await;
        house.wallet_rule(channel, &attempt, json!({"forge": forgery})).await;
        house.wallet_rule(channel, &attempt, json!({"drop": true})).await;
        let order = house.pays_wallet(channel, &attempt, json!({})).await;
        let forged = &order["calls"][0];
        assert_eq!((&forged["kind"], &forged["verdict"]), (&json!(format!("forged_{forgery}")), &json!("refused")));
        assert_eq!(house.ask("select count(*) from sighting").await, "0");
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        house.wallet_sim(channel, "resend", json!({"order_ref": attempt["order_ref"]})).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
        house.close().await;
    }
}

async fn one_report_a_hundred_times_at_once_is_booked_once(channel: &str) {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, channel, 40_000).await;
    let call = true_report(&house, channel, &attempt).await;
    let base = house.gateway.base_url();
    let answers = join_all((0..100).map(|_| call.send(&base))).await;
    let ends = if channel == "momo" { 204 } else { 200 };
    assert!(answers.iter().all(|(status, _, _)| *status == ends), "{answers:?}");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    assert_eq!(house.ask("select count(*) from sighting").await, "1");
    // the same money by asking is another sight of it, never a second payment
    house.sync(&intent).await;
    house.drain().await;
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    house.close().await;
}

async fn a_payment_whose_every_call_is_lost_is_found_by_asking(channel: &str) {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, channel, 21_000).await;
    house.wallet_rule(channel, &attempt, json!({"drop": true})).await;
    house.pays_wallet(channel, &attempt, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    // a wallet that does not answer, or says that nothing was paid yet, concludes nothing
    for what in [json!({"fail_after_accept": true}), json!({"lie_unpaid": true})] {
        let once = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [what], "times": 1});
        house.wallet_sim(channel, "script", once).await;
        assert_eq!(house.sync(&intent).await["status"], "open");
        // asked again only when the last asking is a while ago
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select source from assurance.sighting").await, format!("poll:{channel}"));
    house.close().await;
}

async fn the_worker_finds_a_lost_payment_by_itself(channel: &str) {
    let plan = tests::Plan { with_wallets: true, with_worker: true, ..tests::Plan::default() };
    let house = House::planned(plan).await;
    let (_, intent, attempt) = offered(&house, channel, 21_000).await;
    house.wallet_rule(channel, &attempt, json!({"drop": true})).await;
    house.pays_wallet(channel, &attempt, json!({})).await;
    let mut status = Value::Null;
    for _ in 0..100 {
        status = house.portal.intent(&intent).await["status"].clone();
        if status == "paid" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status, "paid");
    house.close().await;
}

async fn two_attempts_that_both_take_money_leave_one_settled_and_one_held(channel: &str) {
    let house = House::with_wallets().await;
    let (fee, intent, first) = offered(&house, channel, 40_000).await;
    let second = house.at_wallet(channel, &intent).await;
    let (a, b) =
        tokio::join!(house.pays_wallet(channel, &first, json!({})), house.pays_wallet(channel, &second, json!({})));
    assert_eq!((&a["calls"][0]["verdict"], &b["calls"][0]["verdict"]), (&json!("confirmed"), &json!("confirmed")));
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    let held = "select suspense_reason || amount from assurance.allocation where suspense_reason is not null";
    assert_eq!(house.ask(held).await, "duplicate40000");
    assert_eq!(house.ask("select kind from assurance.kase").await, "duplicate_payment");
    house.close().await;
}

/// The report overtakes nobody: an order that this gateway does not know is kept all the same.
async fn money_for_an_unknown_order_is_kept_and_found_again(channel: &str) {
    let house = House::with_wallets().await;
    let (_, intent, attempt) = offered(&house, channel, 40_000).await;
    let call = true_report(&house, channel, &attempt).await;
    // as if the attempt's commit had not come through
    let hide = "update attempt set order_ref = 'hidden' returning order_ref";
    assert_eq!(house.ask(hide).await, "hidden");
    let base = house.gateway.base_url();
    for _ in 0..2 {
        call.send(&base).await;
    }
    assert_eq!(house.ask("select suspense_reason from assurance.allocation").await, "unidentified");
    let known = format!("update attempt set order_ref = '{}' returning 1", attempt["order_ref"].as_str().unwrap());
    house.ask(&known).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from assurance.kase where status = 'open'").await, "0");
    house.close().await;
}

/// While the secret is changed both are believed, and a third is not. `signed` makes a true report with a secret.
async fn both_secrets_are_believed_while_it_is_changed(
    channel: &str,
    next: (&'static str, &str),
    signed: impl Fn(&Value, &str) -> String,
    current: &str,
) {
    let settings = vec![(next.0, next.1.to_owned())];
    for (secret, taken) in [(current, true), (next.1, true), ("a-third-secret", false)] {
        let plan = tests::Plan { with_wallets: true, settings: settings.clone(), ..tests::Plan::default() };
        let house = House::planned(plan).await;
        let (_, intent, attempt) = offered(&house, channel, 40_000).await;
        house.wallet_rule(channel, &attempt, json!({"drop": true})).await;
        let order = house.pays_wallet(channel, &attempt, json!({})).await;
        let true_report = serde_json::from_str(order["calls"][0]["sent"].as_str().unwrap()).unwrap();
        let call = Call::new("POST", door(channel)).body(signed(&true_report, secret));
        call.send(&house.gateway.base_url()).await;
        let expected = if taken { "paid" } else { "open" };
        assert_eq!(house.portal.intent(&intent).await["status"], expected, "{secret}");
        house.drain().await;
        house.close().await;
    }
}

async fn a_wallet_that_is_away_gives_no_page_and_the_attempt_is_asked_about(channel: &str) {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.wallet_sim(channel, "script", json!({"match": {}, "do": [{"fail_after_accept": true}], "times": 1})).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let answer = house.portal.post_with(&path, "the-same-key", json!({"channel": channel})).await;
    assert!((500..600).contains(&answer.status), "{}", answer.text);
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "started");
    let orders = house.wallet_orders(channel).await;
    assert_eq!(orders.len(), 1, "the wallet has the order all the same");
    // money that comes for it is known by its order
    house.wallet_sim(channel, "pay", json!({"order_ref": orders[0]["order_ref"]})).await;
    house.wallet_called(channel, &orders[0]).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

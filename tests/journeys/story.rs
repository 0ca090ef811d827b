//! Each line of the story, as a portal, a payer and the dossier system live it.

use serde_json::{Value, json};
use tests::House;
use tests::portal::{dossier, fresh, obligation};

fn sequence_of(heard: &[Value], stream: &str) -> Vec<(i64, String)> {
    heard
        .iter()
        .filter(|r| r["stream"] == stream && r["applied"] == true)
        .map(|r| (r["sequence"].as_i64().unwrap(), r["type"].as_str().unwrap().to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_payment_settles_obligations_of_two_dossiers_and_each_dossier_is_told() {
    let house = House::new().await;
    house.hear_events().await;
    let (first, second) = (dossier(), dossier());
    let a = house.portal.owes(&first, 8_000, json!({})).await;
    let b = house.portal.owes(&second, 100_000, json!({"kind": "charge"})).await;
    let intent = house.portal.opens(&[&a, &b]).await;
    assert_eq!((&intent["status"], &intent["amount"]), (&json!("open"), &json!(108_000)));
    assert_eq!(intent["channels"][0]["code"], "vnpay");

    let attempt = house.at_vnpay(&intent).await;
    assert_eq!(attempt["status"], "offered");
    let order = house.pays(&attempt, json!({})).await;
    assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");

    let paid = house.portal.intent(&intent).await;
    assert_eq!(
        (&paid["status"], &paid["amount_due"], &paid["paid_channel"]),
        (&json!("paid"), &json!(0), &json!("vnpay"))
    );
    assert_eq!(paid["attempts"][0]["status"], "succeeded");
    assert_eq!(paid["payments"][0]["amount"], 108_000);
    let settled = house.portal.obligation(&a).await;
    assert_eq!(settled["status"], "paid");
    assert_eq!(settled["payments"][0]["provider_txn_id"], order["transaction_no"]);

    house.drain().await;
    let heard = house.heard().await;
    for code in [&first, &second] {
        assert_eq!(sequence_of(&heard, &house.stream(&format!("dossier:{code}"))), [(1, "obligation.paid".to_owned())]);
    }
    let stream = house.stream(&format!("intent:{}", intent["id"].as_str().unwrap()));
    assert_eq!(sequence_of(&heard, &stream), [(1, "payment_intent.paid".to_owned())]);
    let feed = house.portal.get("/v1/events").await.expect(200);
    assert_eq!(feed["data"].as_array().unwrap().len(), 3);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_at_vnpay_can_be_paid_on_a_second_attempt() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let first = house.at_vnpay(&intent).await;
    let order = house.pays(&first, json!({"outcome": "cancelled"})).await;
    assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
    let after = house.portal.intent(&intent).await;
    assert_eq!((&after["status"], &after["attempts"][0]["status"]), (&json!("open"), &json!("failed")));

    let second = house.at_vnpay(&intent).await;
    assert_ne!(first["order_ref"], second["order_ref"]);
    house.pays(&second, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_every_call_is_lost_is_found_by_asking() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"drop": true}]})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    let path = format!("/v1/payment-intents/{}/sync", intent["id"].as_str().unwrap());
    let synced = house.portal.post(&path, json!({})).await.expect(200);
    assert_eq!(synced["status"], "paid");
    let source = house.ask("select source from assurance.sighting").await;
    assert_eq!(source, "poll:vnpay");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_finds_a_lost_payment_by_itself() {
    let house = House::planned(tests::Plan { with_worker: true, ..tests::Plan::default() }).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"drop": true}]})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_after_the_deadline_still_pays_what_is_due() {
    let house = House::new().await;
    house.hear_events().await;
    let fee = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], 2).await;
    let attempt = house.at_vnpay(&intent).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"late": true}]})).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_300)).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "expired");
    house.pays(&attempt, json!({})).await;
    let paid = house.portal.intent(&intent).await;
    assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    house.drain().await;
    let stream = house.stream(&format!("intent:{}", intent["id"].as_str().unwrap()));
    let told = sequence_of(&house.heard().await, &stream);
    assert_eq!(told, [(1, "payment_intent.expired".to_owned()), (2, "payment_intent.paid".to_owned())]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_intent_is_renewed_under_its_reference_and_then_paid() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens_for(&[&fee], 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    house.drain().await;
    let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
    let late = house.portal.post(&format!("{path}/attempts"), json!({"channel": "vnpay"})).await;
    assert_eq!(late.refused(409), "intent_expired");
    let renewed = house.portal.post(&format!("{path}/renew"), json!({"expires_in_s": 600})).await.expect(200);
    assert_eq!((&renewed["status"], &renewed["reference"]), (&json!("open"), &intent["reference"]));
    let attempt = house.at_vnpay(&renewed).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relief_lowers_what_is_owed_and_nothing_owed_is_never_paid() {
    let house = House::new().await;
    let relief = json!({"relief_amount": 5_000, "relief_basis": "TT 64/2025/TT-BTC"});
    let half = house.portal.owes(&dossier(), 10_000, relief).await;
    assert_eq!((&half["amount"], &half["status"]), (&json!(5_000), &json!("due")));
    let all = json!({"relief_amount": 8_000, "relief_basis": "NQ 66.22/2026/NQ-CP"});
    let none = house.portal.owes(&dossier(), 8_000, all).await;
    assert_eq!((&none["amount"], &none["status"]), (&json!(0), &json!("exempt")));
    let body = json!({"obligation_ids": [none["id"]]});
    assert_eq!(house.portal.post("/v1/payment-intents", body).await.refused(409), "obligation_exempt");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_obligation_changes_while_nothing_rests_on_it_and_is_locked_after() {
    let house = House::new().await;
    let (dossier, path) = (dossier(), format!("/v1/obligations/ref-{}", fresh()));
    let body = |amount: i64| obligation(&dossier, amount, json!({"fee_code": "CT-BANSAO"}));
    let created = house.portal.put(&path, body(4_000)).await.expect(201);
    assert_eq!(house.portal.put(&path, body(4_000)).await.expect(200)["id"], created["id"]);
    assert_eq!(house.portal.put(&path, body(6_000)).await.expect(200)["amount"], 6_000);
    let other = house.other_portal.put(&path, body(6_000)).await;
    assert_eq!(other.refused(409), "obligation_duplicate");
    let intent = house.portal.opens(&[&created]).await;
    assert_eq!(intent["amount"], 6_000);
    assert_eq!(house.portal.put(&path, body(7_000)).await.refused(409), "obligation_locked");
    assert_eq!(house.portal.put(&path, body(6_000)).await.status, 200);
    let id = created["id"].as_str().unwrap();
    let cancel = format!("/v1/obligations/{id}/cancel");
    assert_eq!(house.portal.post(&cancel, json!({})).await.refused(409), "obligation_in_payment");
    let close = format!("/v1/payment-intents/{}/cancel", intent["id"].as_str().unwrap());
    assert_eq!(house.portal.post(&close, json!({})).await.expect(200)["status"], "cancelled");
    // whoever kept the QR of before still pays into the account of the one before
    let elsewhere = json!({"fee_code": "CT-BANSAO", "agency_code": "H38.18", "beneficiary_code": "H38.18-NH"});
    let moved = house.portal.put(&path, obligation(&dossier, 6_000, elsewhere)).await;
    assert_eq!(moved.refused(409), "obligation_locked");
    assert_eq!(house.portal.put(&path, body(5_000)).await.expect(200)["amount"], 5_000);
    assert_eq!(house.portal.post(&cancel, json!({})).await.expect(200)["status"], "cancelled");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_waits_for_the_attempt_that_a_dead_worker_held() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"drop": true}]})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    let claim = storage::attempts::Claim {
        limit: 10,
        lease: jiff::SignedDuration::from_secs(2),
        all_not_asked_since: Some(jiff::Timestamp::now()),
        only_intent: None,
    };
    let claimed = storage::attempts::claim(&house.gateway.ctx.pool.get().await.unwrap(), claim).await.unwrap();
    assert_eq!(claimed.len(), 1, "held, and never finished");
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

//! Money that goes back through the wallet that took it.

use super::offered;
use crate::refunds::{approves, becomes, obligation_status, proposes, second_person, status, whole};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::House;
use tests::truth::wallets::GIVE_BACK as CHANNELS;

/// A refund that a second person has approved; what `rule` says happens to it.
async fn approved(house: &House, channel: &str, rule: Value) -> (Value, Value, Value) {
    let approver = second_person(house).await;
    let (fee, intent, attempt) = offered(house, channel, 21_000).await;
    house.pays_wallet(channel, &attempt, json!({})).await;
    if !rule.is_null() {
        let once = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [rule], "times": 1});
        house.wallet_sim(channel, "script", once).await;
    }
    let path = format!("/v1/payments?intent_id={}", intent["id"].as_str().unwrap());
    let payment = house.staff.get(&path).await.expect(200)["data"][0].clone();
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    (fee, attempt, proposal)
}

async fn drive(house: &House) {
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
}

/// What the wallet has given back or is about to: how many, and their sum.
async fn given_back(house: &House, channel: &str) -> (usize, i64) {
    let orders = house.wallet_orders(channel).await;
    let all = orders.iter().flat_map(|o| o["refunds"].as_array().unwrap());
    let kept: Vec<&Value> = all.filter(|r| r["state"] != "refused").collect();
    (kept.len(), kept.iter().map(|r| r["amount"].as_i64().unwrap()).sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_of_a_wallet_ends_the_obligation_and_the_dossier_hears() {
    for channel in CHANNELS {
        let house = House::with_wallets().await;
        house.hear_events().await;
        let (fee, _, proposal) = approved(&house, channel, Value::Null).await;
        becomes(&house, &proposal, "succeeded").await;
        assert_eq!(obligation_status(&house, &fee).await, "refunded");
        assert_eq!(given_back(&house, channel).await, (1, 21_000));
        house.drain().await;
        assert!(house.heard().await.iter().any(|event| event["type"] == "refund.succeeded"));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_a_wallet_takes_up_and_refuses_later_leaves_the_fee_paid() {
    for channel in CHANNELS {
        let house = House::with_wallets().await;
        let (fee, attempt, proposal) = approved(&house, channel, json!({"refund_ms": 600_000})).await;
        drive(&house).await;
        drive(&house).await;
        assert_eq!(status(&house, &proposal).await, "submitted");
        assert_eq!(obligation_status(&house, &fee).await, "refunding");
        let refused = json!({"order_ref": attempt["order_ref"], "outcome": "refused"});
        house.wallet_sim(channel, "refund", refused).await;
        becomes(&house, &proposal, "failed").await;
        assert_eq!(obligation_status(&house, &fee).await, "paid");
        assert_eq!(given_back(&house, channel).await.0, 0);
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_answer_of_a_wallet_is_lost_is_made_once() {
    for channel in CHANNELS {
        for (what, wait_ms) in [(json!({"fail_after_accept": true}), 0), (json!({"fail_after_accept": true}), 700)] {
            let house = House::with_wallets().await;
            let (fee, attempt, proposal) = approved(&house, channel, what).await;
            let slow =
                json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"refund_ms": wait_ms}], "times": 1});
            house.wallet_sim(channel, "script", slow).await;
            drive(&house).await;
            assert_eq!(status(&house, &proposal).await, "unknown");
            becomes(&house, &proposal, "succeeded").await;
            assert_eq!(given_back(&house, channel).await, (1, 21_000));
            assert_eq!(obligation_status(&house, &fee).await, "refunded");
            house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_of_parts_are_made_one_after_the_other_and_each_once() {
    for channel in CHANNELS {
        let house = House::with_wallets().await;
        let approver = second_person(&house).await;
        let mut fees = Vec::new();
        for amount in [4_001, 4_002, 4_003] {
            fees.push(house.portal.owes(&tests::portal::dossier(), amount, json!({})).await);
        }
        let intent = house.portal.opens(&fees.iter().collect::<Vec<_>>()).await;
        let attempt = house.at_wallet(channel, &intent).await;
        house.pays_wallet(channel, &attempt, json!({})).await;
        let path = format!("/v1/payments?intent_id={}", intent["id"].as_str().unwrap());
        for fee in &fees {
            let payment = house.staff.get(&path).await.expect(200)["data"][0].clone();
            let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
            approves(&approver, &proposal).await.expect(200);
            becomes(&house, &proposal, "succeeded").await;
        }
        assert_eq!(given_back(&house, channel).await, (3, 12_006));
        house.close().await;
    }
}

//! The other sides' word: what VNPAY took, what the bank booked and what the dossier system received, against our books
//! (I08 to I11, I16 to I18).

mod transfers;
pub mod wallets;

use crate::House;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::SimpleQueryMessage;

pub async fn compare(house: &House) {
    captures(house).await;
    webhooks(house).await;
    if house.mobile_money.is_some() {
        crate::mobile_money::compare(house).await;
    }
    if house.bills.is_some() {
        crate::bills::compare(house).await;
    }
    if house.bank.is_some() {
        transfers::compare(house).await;
    }
    if house.wallets.is_some() {
        wallets::compare(house).await;
    }
    if house.post.is_some() {
        crate::post::compare(house).await;
    }
    deliveries(house).await;
}

/// The same after the books were lost and restored: every capture and every credit is there again. What was confirmed in
/// between is no longer kept, so the calls are not compared.
pub async fn compare_after_loss(house: &House) {
    captures(house).await;
    if house.bank.is_some() {
        transfers::compare_credits(house).await;
    }
    deliveries(house).await;
}

pub(crate) async fn rows(house: &House, sql: &str) -> Vec<Vec<String>> {
    let client = house.database.connect("motlan_auditor").await;
    let answer = client.simple_query(sql).await.unwrap();
    answer
        .iter()
        .filter_map(|m| match m {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        })
        .collect()
}

/// Every capture that VNPAY knows is booked once with the same amount, and nothing that it does not know (I08, I09).
async fn captures(house: &House) {
    let theirs: BTreeMap<String, i64> = house
        .orders()
        .await
        .iter()
        .filter(|o| o["status"] == "paid")
        .map(|o| (text(&o["transaction_no"]), o["amount"].as_i64().unwrap()))
        .collect();
    let ours: BTreeMap<String, i64> =
        rows(house, "select provider_txn_id, amount from assurance.payment where channel = 'vnpay'")
            .await
            .into_iter()
            .map(|r| (r[0].clone(), r[1].parse().unwrap()))
            .collect();
    assert_eq!(ours, theirs, "our payments against VNPAY's transactions");
    let clearing = rows(
        house,
        "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'clearing:vnpay_main'",
    )
    .await;
    let settled = "select coalesce(sum(amount), 0) from assurance.settlement_line
        where profile = 'vnpay_main' and (kind = 'payment' and booked or kind = 'adjustment' and disposition = 'matched')";
    let settled = rows(house, settled).await[0][0].parse::<i64>().unwrap();
    let held = theirs.values().sum::<i64>() - settled - refunds(house).await;
    assert_eq!(clearing[0][0].parse::<i64>().unwrap(), held, "the clearing account");
}

/// VNPAY has made each refund of ours once and no other, and has sent those that we call succeeded (I26); what of them
/// is not in a settlement file yet.
async fn refunds(house: &House) -> i64 {
    let sql = "select r.provider_request_id, r.amount, r.status from assurance.refund r
        join assurance.payment p on p.payment_id = r.payment_id where r.route = 'provider' and p.channel = 'vnpay'";
    let ours: BTreeMap<String, (i64, String)> =
        rows(house, sql).await.into_iter().map(|r| (r[0].clone(), (r[1].parse().unwrap(), r[2].clone()))).collect();
    let orders = house.orders().await;
    let theirs = orders.iter().flat_map(|o| o["refunds"].as_array().unwrap());
    // what somebody asked for past us is a matter of its settlement file
    let sent: BTreeMap<String, i64> = theirs
        .filter(|r| r["transaction_status"] == "06" && ours.contains_key(&text(&r["request_id"])))
        .map(|r| (text(&r["request_id"]), r["amount"].as_i64().unwrap()))
        .collect();
    for (request, amount) in &sent {
        let (own, status) = &ours[request];
        // one that VNPAY has sent since it was asked is still on its way for us
        let known = ["succeeded", "submitted", "unknown"].contains(&status.as_str());
        assert!(own == amount && known, "VNPAY has sent {amount} for {request}, which is {own} and {status}");
    }
    let succeeded = ours.iter().filter(|(_, (_, status))| status == "succeeded");
    let left: BTreeMap<&String, i64> = succeeded.map(|(request, (amount, _))| (request, *amount)).collect();
    assert!(left.keys().all(|request| sent.contains_key(*request)), "succeeded and not sent: {left:?} {sent:?}");
    let settled = "select coalesce(-sum(amount), 0) from assurance.settlement_line where kind = 'refund' and booked and refund_id is not null";
    left.values().sum::<i64>() - rows(house, settled).await[0][0].parse::<i64>().unwrap()
}

/// Every call that we confirmed is stored byte for byte; a forged one has left nothing (I10, I11).
async fn webhooks(house: &House) {
    let stored: BTreeSet<String> =
        rows(house, "select payload_sha256 from assurance.sighting where source = 'webhook:vnpay'")
            .await
            .into_iter()
            .map(|r| r[0].clone())
            .collect();
    for order in house.orders().await {
        for call in order["ipn"].as_array().unwrap() {
            let Some(query) = call["url"].as_str().and_then(|u| u.split_once('?')).map(|(_, q)| q) else { continue };
            let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(query));
            let forged = call["kind"].as_str().unwrap().starts_with("forged");
            if call["verdict"] == "confirmed" && call["rsp_code"] == "00" {
                assert!(stored.contains(&digest), "confirmed and not stored: {call}");
            }
            assert!(!(forged && stored.contains(&digest)), "forged and stored: {call}");
        }
    }
}

/// What is delivered here was received there, each event applied once and in order (I16 to I18).
async fn deliveries(house: &House) {
    let received = house.heard().await;
    let mut applied: BTreeMap<String, i64> = BTreeMap::new();
    for r in received.iter().filter(|r| r["refused"].is_null() || r["refused"] == false) {
        if r["applied"] == true {
            *applied.entry(text(&r["id"])).or_default() += 1;
        }
        assert_eq!(r["same_bytes"], true, "a repeat with other bytes: {r}");
    }
    assert!(applied.values().all(|n| *n == 1), "an event was applied twice: {applied:?}");
    for row in rows(house, "select event_id, state from assurance.delivery where state = 'delivered'").await {
        let there = received.iter().any(|r| text(&r["id"]) == row[0]);
        assert!(there, "delivered here and not received there: {row:?}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

//! What the wallets took, gave back and were told, against our books (I08 to I11, I26).

use super::{rows, text};
use crate::House;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub const CHANNELS: [&str; 3] = ["momo", "zalopay", "national"];
/// Those that have a message for it.
pub const GIVE_BACK: [&str; 2] = ["momo", "zalopay"];

pub async fn compare(house: &House) {
    for channel in CHANNELS {
        let orders = house.wallet_orders(channel).await;
        captures(house, channel, &orders).await;
        reports(house, channel, &orders).await;
    }
}

async fn captures(house: &House, channel: &str, orders: &[Value]) {
    let paid = orders.iter().filter(|o| o["status"] == "paid");
    let theirs: BTreeMap<String, i64> =
        paid.map(|o| (text(&o["transaction_no"]), o["amount"].as_i64().unwrap())).collect();
    let sql = format!("select provider_txn_id, amount from assurance.payment where channel = '{channel}'");
    let ours: BTreeMap<String, i64> =
        rows(house, &sql).await.into_iter().map(|r| (r[0].clone(), r[1].parse().unwrap())).collect();
    assert_eq!(ours, theirs, "our payments against the transactions of {channel}");
    // each contract of the channel has one
    let sql = format!(
        r"select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code like 'clearing:{channel}\_%'"
    );
    let clearing: i64 = rows(house, &sql).await[0][0].parse().unwrap();
    assert_eq!(clearing, theirs.values().sum::<i64>() - refunds(house, channel, orders).await, "the clearing accounts");
}

/// The wallet has made each refund of ours once and no other, and has given back those that we call succeeded.
async fn refunds(house: &House, channel: &str, orders: &[Value]) -> i64 {
    let sql = format!(
        "select r.amount, r.status from assurance.refund r join assurance.payment p on p.payment_id = r.payment_id
         where r.route = 'provider' and p.channel = '{channel}'"
    );
    let ours = rows(house, &sql).await;
    let theirs: Vec<&Value> = orders.iter().flat_map(|o| o["refunds"].as_array().unwrap()).collect();
    let sent: i64 = theirs.iter().filter(|r| r["state"] == "sent").map(|r| r["amount"].as_i64().unwrap()).sum();
    let amount = |row: &Vec<String>| row[0].parse::<i64>().unwrap();
    let succeeded: i64 = ours.iter().filter(|row| row[1] == "succeeded").map(amount).sum();
    let under_way: i64 = ours.iter().filter(|row| row[1] == "submitted" || row[1] == "unknown").map(amount).sum();
    assert!(succeeded <= sent && sent <= succeeded + under_way, "{channel} gave back {sent}, we know of {ours:?}");
    succeeded
}

/// Every report that we confirmed is stored byte for byte; a forged one has left nothing.
async fn reports(house: &House, channel: &str, orders: &[Value]) {
    let sql = format!("select payload_sha256 from assurance.sighting where source = 'webhook:{channel}'");
    let stored: BTreeSet<String> = rows(house, &sql).await.into_iter().map(|r| r[0].clone()).collect();
    for call in orders.iter().flat_map(|o| o["calls"].as_array().unwrap()) {
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(call["sent"].as_str().unwrap()));
        let forged = call["kind"].as_str().unwrap().starts_with("forged");
        assert!(!(forged && stored.contains(&digest)), "forged and stored: {call}");
        assert!(!(forged && call["verdict"] == "confirmed"), "forged and confirmed: {call}");
        if call["kind"] == "report" && call["verdict"] == "confirmed" {
            assert!(stored.contains(&digest), "confirmed and not stored: {call}");
        }
    }
}

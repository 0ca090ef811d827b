//! What the simulators plant for the day: two of each kind, one at each bank or at each provider where its files can say it.

use super::banks::{Account, asked, owed};
use crate::refunds::id;
use serde_json::{Value, json};
use tests::House;

/// Which of two banks or providers; amounts end in it, so that no case is taken for another.
type Nth = i64;

pub async fn at_the_banks(house: &House, accounts: &[Account; 2], at: &str) {
    for (n, account) in (1..).zip(accounts) {
        at_one(house, (n, account, &accounts[usize::from(n == 1)]), at).await;
    }
    // columns of a table do not say that a debit takes a credit back
    for n in [1, 2] {
        let reference = asked(house, &accounts[0], 37_000 + n).await;
        plants(house, &accounts[0], at, (json!("taken_back"), 37_000 + n, &reference)).await;
    }
}

async fn plants(house: &House, account: &Account, at: &str, (what, amount, content): (Value, i64, &str)) {
    let number = account.number;
    house.plants(json!({"what": what, "account": number, "amount": amount, "content": content, "at": at})).await;
}

async fn at_one(house: &House, (n, account, other): (Nth, &Account, &Account), at: &str) {
    let usual = asked(house, account, 21_000).await;
    let transfer = json!({"account": account.number, "amount": 21_000, "content": usual, "at": at});
    house.transfers_how(transfer).await;

    let fee = owed(house, account, 31_000 + n).await;
    house.portal.opens(&[&fee]).await;
    let text = format!("nop phi ho so {}", fee["dossier_code"].as_str().unwrap());
    plants(house, account, at, (json!("unnamed"), 31_000 + n, &text)).await;
    let more = json!({"more": 1_000 + n});
    for (what, amount) in [(json!("twice"), 32_000 + n), (more, 33_000), (json!({"less": 500}), 34_500 + n)] {
        let reference = asked(house, account, amount).await;
        plants(house, account, at, (what, amount, &reference)).await;
    }
    let reference = asked(house, other, 35_000 + n).await;
    plants(house, account, at, (json!("elsewhere"), 35_000 + n, &reference)).await;

    let fee = owed(house, account, 36_000 + n).await;
    let intent = house.portal.opens(&[&fee]).await;
    for (noun, of) in [("payment-intents", &intent), ("obligations", &fee)] {
        house.portal.post(&format!("/v1/{noun}/{}/cancel", id(of)), json!({})).await.expect(200);
    }
    plants(house, account, at, (json!("too_late"), 36_000 + n, intent["reference"].as_str().unwrap())).await;
}

/// What the file says of payments that the provider took, all of which we were told of.
fn lies(n: Nth) -> [(i64, Option<Value>); 5] {
    let lie = |what: Value| Some(json!({"settlement": what}));
    [
        (41_000 + n, lie(json!("omit"))),
        // little enough to leave the fee as it is
        (42_000 + n, lie(json!({"amount_delta": 30 + n}))),
        (43_000 + n, lie(json!({"fee_delta": 300 + n}))),
        (44_000 + n, lie(json!({"repeat": 1}))),
        (60_000 + n, None),
    ]
}

pub async fn at_vnpay(house: &House, account: &Account) {
    for (amount, lie) in lies(1) {
        let fee = owed(house, account, amount).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        if let Some(lie) = lie {
            house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [lie]})).await;
        }
        house.pays(&attempt, json!({})).await;
    }
}

/// Refunds that nobody asked for, too: of an order of ours, and of none.
pub async fn at_momo(house: &House, account: &Account) {
    for (amount, lie) in lies(2) {
        let fee = owed(house, account, amount).await;
        let attempt = house.at_wallet("momo", &house.portal.opens(&[&fee]).await).await;
        if let Some(lie) = lie {
            house.wallet_rule("momo", &attempt, lie).await;
        }
        house.pays_wallet("momo", &attempt, json!({})).await;
    }
    for n in [1, 2] {
        let fee = owed(house, account, 50_000 + n).await;
        let attempt = house.at_wallet("momo", &house.portal.opens(&[&fee]).await).await;
        house.pays_wallet("momo", &attempt, json!({})).await;
        let order = house.wallet_order("momo", &attempt).await["order_ref"].clone();
        for (number, amount, order_ref) in [(8_000 + n, 7_000 + n, order), (9_000 + n, 8_000 + n, json!(""))] {
            let made_up = json!({"kind": "refund", "transaction_no": number.to_string(), "amount": amount, "order_ref": order_ref});
            house.wallet_sim("momo", "settlement/invent", made_up).await;
        }
    }
}

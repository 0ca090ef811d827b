//! Settlement end to end: files of the simulated VNPAY, small ones written here, and the payout on the bank's statement.

mod days;
mod odd;
mod payouts;
mod providers;
mod refused;
mod repeats;
mod rows;

use serde_json::{Value, json};
use tests::House;
use tests::bank::ACCOUNT;
use tests::files::{account, today};
use tests::portal::dossier;

const CLEARING: &str = "clearing:vnpay_main";
const FEE: &str = "fee:vnpay_main";
const UNIDENTIFIED: &str = "suspense:unidentified";

/// What an account of the books stands at.
async fn stands(house: &House, code: &str) -> i64 {
    let sql = format!("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = '{code}'");
    house.ask(&sql).await.parse().unwrap()
}

async fn in_transit(house: &House) -> i64 {
    stands(house, &format!("in_transit:{}", account())).await
}

/// Cases that are not closed, as `kind amount`.
async fn cases(house: &House) -> String {
    let sql = "select coalesce(string_agg(kind || ' ' || amount, ', ' order by kind, amount), '')
        from assurance.kase where status <> 'closed'";
    house.ask(sql).await
}

/// What became of the lines of all files, as `disposition number`.
async fn lines(house: &House) -> String {
    let sql = "select coalesce(string_agg(disposition || ' ' || n, ', ' order by disposition), '')
        from (select disposition, count(*) as n from assurance.settlement_line group by 1) l";
    house.ask(sql).await
}

/// A fee that its payer pays at VNPAY, with this rule of VNPAY's; the fee, its intent and the order there.
async fn pays_with(house: &House, amount: i64, rule: Value) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    if !rule.is_null() {
        house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": rule})).await;
    }
    let order = house.pays(&attempt, json!({})).await;
    (fee, intent, order)
}

/// The order at VNPAY of a fee that is paid as it should be.
pub(crate) async fn pays(house: &House, amount: i64) -> Value {
    pays_with(house, amount, Value::Null).await.2
}

fn txn(order: &Value) -> &str {
    order["transaction_no"].as_str().unwrap()
}

fn order_ref(order: &Value) -> &str {
    order["order_ref"].as_str().unwrap()
}

/// VNPAY pays a day out.
async fn pays_out(house: &House, day: &str) -> Value {
    let payout = house.payout(day).await;
    let how = json!({"account": ACCOUNT, "amount": payout["net"], "content": payout["content"]});
    house.transfers_how(how).await;
    payout
}

/// A house with a bank that knows where VNPAY pays out to.
pub(crate) async fn with_payouts() -> House {
    let house = House::with_bank().await;
    house.pays_out_to(&account()).await;
    house
}

/// One without a bank of its own.
async fn plain() -> House {
    let house = House::new().await;
    house.pays_out_to(&account()).await;
    house
}

pub(crate) fn day() -> String {
    today().to_string()
}

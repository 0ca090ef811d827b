//! What the simulators plant for the day: two of each kind, one at each bank or at each provider where its files can say it.

use super::banks::{Account, Days, asked, at, owed, owed_as};
use crate::receipts::series;
use crate::refunds::id;
use serde_json::{Value, json};
use tests::bank::{CASSO, SEPAY};
use tests::{House, OTHER_BENEFICIARY};

/// Which of two banks or providers; amounts end in it, so that no case is taken for another.
type Nth = i64;

pub const CHARGES: &str = "/v1/receipt-series/BL-18";

pub async fn at_the_banks(house: &House, accounts: &[Account; 2], days: &Days) {
    let noon = at(days.last, 12);
    for (n, account) in (1..).zip(accounts) {
        pays(house, (n, account), &at(days.first, 12), 22_000).await;
        pays(house, (n, account), &at(days.missing, 12), 25_000).await;
        told_twice(house, (n, account), &at(days.missing, 12)).await;
        told_beyond_reason(house, (n, account), &noon).await;
        paid_unheard(house, (n, account), &noon).await;
        at_one(house, (n, account, &accounts[usize::from(n == 1)]), &noon).await;
    }
    // columns of a table do not say that a debit takes a credit back
    for n in [1, 2] {
        let reference = asked(house, &accounts[0], 37_000 + n).await;
        plants(house, &accounts[0], &noon, (json!("taken_back"), 37_000 + n, &reference)).await;
    }
}

/// The second beneficiary's receipts of charges: made until this day, or on and on.
pub fn charges(valid_to: Option<&str>) -> Value {
    let of = json!({"beneficiary_code": OTHER_BENEFICIARY, "kinds": ["charge"], "letters": "AC", "valid_to": valid_to});
    series(of)
}

/// Charges whose series has ended, while that of fees goes on, as the office has it; the references by which they are paid.
pub async fn without_series(house: &House, account: &Account, days: &Days) -> Vec<String> {
    let fees = series(json!({"beneficiary_code": OTHER_BENEFICIARY, "kinds": ["fee"], "letters": "AD"}));
    for (path, series) in [(CHARGES, charges(Some("2026-01-31"))), ("/v1/receipt-series/BL-18-F", fees)] {
        house.staff.put(path, series).await.expect(200);
    }
    let mut references = Vec::new();
    for n in [1, 2] {
        let fee = owed_as(house, account, 47_000 + n, json!({"kind": "charge"})).await;
        let reference = house.portal.opens(&[&fee]).await["reference"].as_str().unwrap().to_owned();
        transfers(house, account, &at(days.last, 12), (47_000 + n, &reference)).await;
        references.push(reference);
    }
    references
}

/// Somebody pays a fee by transfer, and all is as it should be.
async fn pays(house: &House, (n, account): (Nth, &Account), at: &str, amount: i64) {
    let reference = asked(house, account, amount + n).await;
    transfers(house, account, at, (amount + n, &reference)).await;
}

async fn transfers(house: &House, account: &Account, at: &str, (amount, content): (i64, &str)) {
    let how = json!({"account": account.number, "amount": amount, "content": content, "at": at});
    house.transfers_how(how).await;
}

/// The second teller leaves the reference out, and may so tell of another transfer, until a statement has the line.
async fn told_twice(house: &House, (n, account): (Nth, &Account), at: &str) {
    let nameless = json!([{"without_reference": true}, {"delay_ms": 1_000}]);
    let rule = json!({"match": {"notifier": CASSO, "amount": 39_000 + n}, "do": nameless});
    house.bank_sim("script", rule).await;
    pays(house, (n, account), at, 39_000).await;
}

/// One of two tellers says more đồng than any transfer can have.
async fn told_beyond_reason(house: &House, (n, account): (Nth, &Account), at: &str) {
    let wrong = json!({"notifier": SEPAY, "amount": 38_000 + n});
    house.bank_script(wrong, json!({"amount_delta": 1_000_000_000_000_i64})).await;
    pays(house, (n, account), at, 38_000).await;
}

/// The dossier system turns away that this one is paid, and nothing else.
async fn paid_unheard(house: &House, (n, account): (Nth, &Account), at: &str) {
    let fee = owed(house, account, 23_000 + n).await;
    let paid = json!({"type": "obligation.paid", "dossier_code": fee["dossier_code"]});
    house.dossier_sim("script", json!({"match": paid, "do": [{"status": 422}]})).await;
    let reference = house.portal.opens(&[&fee]).await["reference"].as_str().unwrap().to_owned();
    transfers(house, account, at, (23_000 + n, &reference)).await;
}

/// After the bank has sent the day's file it books one more line on it, of which nobody tells.
pub async fn after_the_file(house: &House, accounts: &[Account; 2], days: &Days) {
    for (n, account) in (1..).zip(accounts) {
        let unheard = json!({"match": {"amount": 24_000 + n}, "do": [{"drop": true}, {"unlisted": true}]});
        house.bank_sim("script", unheard).await;
        pays(house, (n, account), &at(days.last, 13), 24_000).await;
    }
}

async fn plants(house: &House, account: &Account, at: &str, (what, amount, content): (Value, i64, &str)) {
    let number = account.number;
    house.plants(json!({"what": what, "account": number, "amount": amount, "content": content, "at": at})).await;
}

async fn at_one(house: &House, (n, account, other): (Nth, &Account, &Account), at: &str) {
    pays(house, (n, account), at, 21_000).await;

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
fn lies(n: Nth) -> [(i64, Option<Value>); 6] {
    let lie = |what: Value| Some(json!({"settlement": what}));
    [
        (41_000 + n, lie(json!("omit"))),
        // little enough to leave the fee as it is
        (42_000 + n, lie(json!({"amount_delta": 30 + n}))),
        (43_000 + n, lie(json!({"fee_delta": 300 + n}))),
        (44_000 + n, lie(json!({"repeat": 1}))),
        (45_000 + n, lie(json!({"pending": "Đang xử lý"}))),
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

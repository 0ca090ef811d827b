//! Transfers by VietQR, as a payer, a bank and those who tell of its accounts live them, over real HTTP.

mod amounts;
mod contents;
mod deadlines;
mod forged;
mod listings;
mod tellers;
mod two_banks;
mod virtual_accounts;
pub(crate) mod words;

use provider_vietqr::qr;
use serde_json::{Value, json};
use tests::House;
use tests::bank::{ACCOUNT, BIN};
use tests::portal::dossier;

const PAYMENTS: &str = "select count(*) from payment";
const OPEN_CASES: &str =
    "select coalesce(string_agg(kind, ' ' order by kind), '') from assurance.kase where status = 'open'";

/// A fee, its intent, and what the payer scans.
async fn offered(house: &House, amount: i64) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_the_bank(&intent).await;
    (fee, intent, attempt)
}

fn reference(intent: &Value) -> String {
    intent["reference"].as_str().unwrap().to_owned()
}

async fn status(house: &House, intent: &Value) -> String {
    house.portal.intent(intent).await["status"].as_str().unwrap().to_owned()
}

/// What is held in suspense, as `reason amount`.
async fn held(house: &House) -> String {
    let sql = "select coalesce(string_agg(reason || ' ' || total, ', ' order by reason), '') from (
        select suspense_reason as reason, sum(amount) as total from assurance.allocation
        where suspense_reason is not null group by 1 having sum(amount) <> 0) h";
    house.ask(sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_code_says_what_the_intent_says_and_its_transfer_pays_it() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let (fee, intent, attempt) = offered(&house, 150_000).await;
    let action = &attempt["action"];
    let expected = json!({"type": "qr", "qr_data": action["qr_data"], "bank_bin": BIN, "account_number": ACCOUNT,
        "account_name": "DON VI THU HUONG MAU", "transfer_content": intent["reference"], "amount": 150_000});
    assert_eq!((action, &attempt["status"], &attempt["channel"]), (&expected, &json!("offered"), &json!("vietqr")));
    let scanned = qr::decode(action["qr_data"].as_str().unwrap()).unwrap();
    assert_eq!((scanned.bank_bin.as_str(), scanned.number.as_str(), scanned.once), (BIN, ACCOUNT, true));
    let amount = scanned.amount.unwrap().dong();
    assert_eq!((amount, scanned.purpose()), (150_000, intent["reference"].as_str()));
    let page = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<svg class=\"qr\"") && page.contains(ACCOUNT), "{page}");

    let booked = house.transfers(amount, scanned.purpose().unwrap()).await;
    let paid = house.portal.intent(&intent).await;
    assert_eq!(
        (&paid["status"], &paid["amount_due"], &paid["paid_channel"]),
        (&json!("paid"), &json!(0), &json!("vietqr"))
    );
    assert_eq!(paid["attempts"][0]["status"], "succeeded");
    let settled = house.portal.obligation(&fee).await;
    assert_eq!(settled["status"], "paid");
    assert_eq!(house.ask("select bank_ref from assurance.payment").await, booked["reference"].as_str().unwrap());
    assert_eq!(house.ask(PAYMENTS).await, "1");

    house.drain().await;
    let heard = house.heard().await;
    let told = heard.iter().find(|r| r["type"] == "obligation.paid").unwrap();
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap_or_default()).unwrap_or(told["body"].clone());
    let text = body.to_string();
    assert!(text.contains("vietqr") && text.contains(booked["reference"].as_str().unwrap()), "{told}");
    assert!(heard.iter().any(|r| r["type"] == "payment_intent.paid"), "{heard:?}");
    let page = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("<svg") && page.contains("Đã thanh toán"), "{page}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_intent_offers_the_same_code_each_time() {
    let house = House::with_bank().await;
    let (_, intent, first) = offered(&house, 21_000).await;
    let again = house.at_the_bank(&intent).await;
    assert_eq!(first["action"], again["action"]);
    assert_ne!(first["order_ref"], again["order_ref"]);
    house.transfers(21_000, &reference(&intent)).await;
    let paid = house.portal.intent(&intent).await;
    let of: Vec<&Value> = paid["attempts"].as_array().unwrap().iter().map(|a| &a["status"]).collect();
    assert_eq!(of, [&json!("offered"), &json!("succeeded")], "the newest is the one that was paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_leaves_an_account_is_evidence_and_no_payment() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 21_000).await;
    let out = json!({"account": ACCOUNT, "amount": 21_000, "content": reference(&intent), "direction": "out"});
    house.transfers_how(out).await;
    house.drain().await;
    assert_eq!(house.ask(PAYMENTS).await, "0");
    assert_ne!(house.ask("select count(*) from sighting").await, "0");
    assert_eq!(status(&house, &intent).await, "open");
    house.close().await;
}

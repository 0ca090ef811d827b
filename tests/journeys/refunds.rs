//! Money that goes back: proposed by one person, decided by another, paid out once, and known to have left only when the
//! provider or a statement says so.

mod came_back;
mod decided;
mod earlier;
mod marked;
mod past_us;
mod reduced;
mod resolved;
mod returned_first;
mod shown_again;
mod taken_back;
mod told_apart;
mod told_on_page;
mod transfers;
mod vnpay;
mod whose;
mod written_off;

use domain::principal::Scope;
use jiff::Timestamp;
use serde_json::{Value, json};
use storage::principals;
use tests::House;
use tests::portal::{Answered, Portal, dossier};
use tests::wire::key;

/// Another person with every right.
pub(crate) async fn second_person(house: &House) -> Portal {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(Timestamp::now());
    principals::put_person(&db, id, "nguoi-duyet", "Người duyệt (mẫu)", &[]).await.unwrap();
    drop(db);
    let (_, key) = key(house, "nguoi-duyet", Scope::STAFF).await;
    Portal { key, ..house.staff.clone() }
}

/// A fee that is paid at VNPAY: the fee, its intent, the payment.
pub(crate) async fn paid(house: &House, amount: i64) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    (fee, intent.clone(), payment_of(house, &intent).await)
}

/// The newest payment of an intent.
pub(crate) async fn payment_of(house: &House, intent: &Value) -> Value {
    let path = format!("/v1/payments?intent_id={}", intent["id"].as_str().unwrap());
    house.staff.get(&path).await.expect(200)["data"][0].clone()
}

pub(crate) fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

/// A line for all that an obligation got.
pub(crate) fn whole(fee: &Value) -> Value {
    json!({"obligation_id": fee["id"], "amount": fee["amount"]})
}

pub(crate) async fn proposes(who: &Portal, payment: &Value, lines: &[Value], then: &str) -> Answered {
    let body = json!({
        "lines": lines, "then": then, "reason_code": "nop_nham", "note": "Nộp nhầm hồ sơ",
        "refundable_amount": payment["refundable_amount"],
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"},
    });
    who.post(&format!("/v1/payments/{}/refunds", id(payment)), body).await
}

pub(crate) async fn approves(who: &Portal, refund: &Value) -> Answered {
    who.post(&format!("/v1/approvals/{}/approve", refund["approval_id"].as_str().unwrap()), json!({})).await
}

async fn refund(house: &House, refund: &Value) -> Value {
    house.staff.get(&format!("/v1/refunds/{}", id(refund))).await.expect(200)
}

pub(crate) async fn status(house: &House, of: &Value) -> String {
    refund(house, of).await["status"].as_str().unwrap().to_owned()
}

pub(crate) async fn obligation_status(house: &House, fee: &Value) -> String {
    house.portal.obligation(fee).await["status"].as_str().unwrap().to_owned()
}

/// Drives refunds until this one is as wanted.
pub(crate) async fn becomes(house: &House, of: &Value, wanted: &str) {
    for _ in 0..60 {
        payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
        if status(house, of).await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status(house, of).await, wanted);
}

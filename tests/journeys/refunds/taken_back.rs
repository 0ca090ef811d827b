//! The bank takes a credit back: the payment is reversed, what it had settled is due again.

use super::*;
use tests::bank::ACCOUNT;
use tests::files::today;

#[tokio::test]
async fn what_the_bank_takes_back_is_due_again_and_the_dossier_hears() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let booked = house.transfers(21_000, &content).await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    let payment = payment_of(&house, &intent).await;
    assert_eq!((&payment["reversed"], &payment["refundable_amount"]), (&json!(21_000), &json!(0)));
    let cases = "select string_agg(kind || ' ' || amount, ', ') from assurance.kase where status = 'open'";
    assert_eq!(house.ask(cases).await, "chargeback -21000");
    house.drain().await;
    let told = house.heard().await;
    assert!(told.iter().any(|e| e["type"] == "obligation.reopened"), "{told:?}");
    house.close().await;
}

#[tokio::test]
async fn what_was_proposed_of_a_payment_that_the_bank_takes_back_is_withdrawn() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let booked = house.transfers(21_000, &content).await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    let payment = payment_of(&house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(status(&house, &proposal).await, "cancelled");
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_decided");
    assert_eq!(payment_of(&house, &intent).await["refundable_amount"], 0);
    house.close().await;
}

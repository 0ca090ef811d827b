//! The bank takes a credit back: the payment is reversed, what it had settled is due again.

use super::transfers::{paid_by_transfer, payment_of_id, statement};
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
    // its debit is explained: whoever has seen it closes the case
    let case = open_cases(&house).await.remove(0);
    let path = format!("/v1/cases/{}/resolutions", id(&case));
    house.staff.post(&path, json!({"action": "accept_difference"})).await.expect(201);
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

/// The bank takes the credit of an intent's transfer back.
pub(super) async fn bank_takes_back(house: &House, payment: &Value) {
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": payment["bank_ref"]})).await;
    statement(house).await;
}

/// The open cases, each with whose money it is and what it is about.
pub(super) async fn open_cases(house: &House) -> Vec<Value> {
    house.staff.get("/v1/cases?status=open").await.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_transfer_that_nobody_has_made_yet_is_withdrawn_with_the_credit_that_it_was_to_give_back() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    for given_out in [false, true] {
        let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
        statement(&house).await;
        let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        if given_out {
            becomes(&house, &proposal, "awaiting_statement").await;
        }
        bank_takes_back(&house, &payment).await;
        let withdrawn = refund(&house, &proposal).await;
        assert_eq!(withdrawn["status"], if given_out { "failed" } else { "cancelled" });
        assert_eq!(withdrawn["work_item"], Value::Null, "nobody is to transfer it");
        assert_eq!(obligation_status(&house, &fee).await, "due");
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        let seen = payment_of_id(&house, &payment).await;
        assert_eq!((&seen["reversed"], &seen["refundable_amount"]), (&json!(21_000), &json!(0)));
        let case = open_cases(&house).await[0].clone();
        assert_eq!((&case["kind"], &case["payment_id"]), (&json!("chargeback"), &payment["id"]));
        assert_eq!(case["subject"], proposal["id"], "it says which refund was withdrawn");
        let why = format!(
            "select cause from assurance.transition where entity_id = '{}' order by seq desc limit 1",
            id(&proposal)
        );
        assert_eq!(house.ask(&why).await, "payment_taken_back");
        house.holds().await;
    }
    house.close().await;
}

/// A fee that is paid by a transfer with this reference of the bank's.
async fn paid_as(house: &House, amount: i64, reference: &str) -> Value {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let how = json!({"account": ACCOUNT, "amount": amount, "content": content, "reference": reference});
    house.transfers_how(how).await;
    fee
}

#[tokio::test]
async fn a_reversal_takes_back_the_payment_that_it_names_and_not_one_whose_reference_is_its_head() {
    let house = House::with_bank().await;
    let first = paid_as(&house, 21_000, "FT26330777").await;
    let second = paid_as(&house, 21_000, "FT263307771").await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": "FT263307771"})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &first).await, "paid");
    assert_eq!(obligation_status(&house, &second).await, "due");
    house.close().await;
}

#[tokio::test]
async fn a_reversal_whose_reference_is_too_short_to_say_which_takes_nothing_back() {
    let house = House::with_bank().await;
    let fee = paid_as(&house, 21_000, "12").await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": "12"})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    let case = house.staff.get("/v1/cases?status=open&kind=chargeback").await.expect(200)["data"][0].clone();
    assert_eq!((&case["amount"], &case["payment_id"]), (&json!(-21_000), &Value::Null));
    let whole = house.staff.get(&format!("/v1/cases/{}", id(&case))).await.expect(200);
    let suggested = &whole["suggestions"][0];
    assert_eq!(suggested["rule"], "may_be_taken_back");
    let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
    assert_eq!((&suggested["payment_id"], &suggested["amount_due"]), (&payment["id"], &json!(0)));
    house.close().await;
}

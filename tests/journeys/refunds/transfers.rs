//! A bank transfer is refunded by a transfer that people make; its debit on a statement is the proof.

use super::*;
use tests::bank::ACCOUNT;
use tests::files::{account, today};

/// A fee that is paid by transfer, with its statement imported: the fee, its intent, the payment.
pub(super) async fn paid_by_transfer(house: &House, amount: i64) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let qr = house.at_the_bank(&intent).await;
    house.transfers(amount, qr["action"]["transfer_content"].as_str().unwrap()).await;
    (fee, intent.clone(), payment_of(house, &intent).await)
}

pub(super) async fn statement(house: &House) {
    house.imports("mt940", &today().to_string()).await;
}

pub(super) async fn pays_back(house: &House, amount: i64, text: &str) {
    let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
    house.bank_sim("bank/transfer", how).await;
}

#[tokio::test]
async fn a_transfer_goes_back_after_its_credit_is_on_a_statement_and_ends_with_its_own_debit() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let approver = second_person(&house).await;
    let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
    assert_eq!(proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.refused(409), "credit_not_proven");
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let item = refund(&house, &proposal).await["work_item"].clone();
    assert_eq!(item["account_number"], "0001234567");
    assert_eq!(obligation_status(&house, &fee).await, "refunding");
    pays_back(&house, 21_000, item["text"].as_str().unwrap()).await;
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    house.drain().await;
    let told = house.heard().await;
    let told = told.iter().find(|e| e["type"] == "refund.succeeded").expect("the dossier hears of it");
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["data"]["lines"][0]["amount"], 21_000);
    assert_eq!(body["data"]["external_ref"], fee["external_ref"]);
    // nothing waits for it any more: the portal may take it back
    let cancel = format!("/v1/obligations/{}/cancel", id(&fee));
    assert_eq!(house.portal.post(&cancel, json!({})).await.refused(409), "obligation_in_payment");
    house.portal.post(&format!("/v1/payment-intents/{}/cancel", id(&intent)), json!({})).await.expect(200);
    house.portal.post(&cancel, json!({})).await.expect(200);
    assert_eq!(obligation_status(&house, &fee).await, "cancelled");
    house.close().await;
}

#[tokio::test]
async fn a_second_debit_and_one_of_another_amount_are_cases() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    for amount in [20_000, 21_000, 21_000] {
        pays_back(&house, amount, &text).await;
    }
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    let cases =
        "select string_agg(kind || ' ' || amount, ', ' order by kind) from assurance.kase where status = 'open'";
    assert_eq!(house.ask(cases).await, "amount_differs -20000, duplicate_payment -21000");
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_the_bank_brings_back_waits_for_a_person_and_changes_no_obligation() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    pays_back(&house, 21_000, &text).await;
    statement(&house).await;
    house.tellers_are_lost().await;
    let back = json!({"account": ACCOUNT, "amount": 21_000, "content": format!("{text} tra lai"), "direction": "in"});
    house.bank_sim("bank/transfer", back).await;
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "failed");
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    let waits =
        house.ask("select sum(amount) from assurance.allocation where suspense_reason = 'refund_returned'").await;
    assert_eq!(waits, "21000");
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 21_000);
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_comes_back_is_no_new_payment_whoever_tells_of_it_first() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    // it leaves and comes back before a statement shows either, and tellers tell of both
    pays_back(&house, 21_000, &text).await;
    let back = json!({"account": ACCOUNT, "amount": 21_000, "content": format!("{text} tra lai"), "direction": "in"});
    house.transfers_how(back).await;
    house.drain().await;
    let payments = "select count(*) from assurance.payment";
    assert_eq!(house.ask(payments).await, "1");
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "failed");
    // a listing that tells of it afterwards changes nothing
    house.listings_are_due().await;
    house.drain().await;
    assert_eq!(house.ask(payments).await, "1");
    let held =
        "select string_agg(suspense_reason || ' ' || total, ', ') from (select suspense_reason, sum(amount) as total
        from assurance.allocation where suspense_reason is not null group by 1 having sum(amount) <> 0) held";
    assert_eq!(house.ask(held).await, "refund_returned 21000");
    house.close().await;
}

pub(super) async fn payment_of_id(house: &House, payment: &Value) -> Value {
    house.staff.get(&format!("/v1/payments/{}", id(payment))).await.expect(200)
}

#[tokio::test]
async fn when_one_of_two_payments_goes_back_the_other_waits_for_what_is_missing() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(8_000, &content).await;
    house.transfers(13_000, &content).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    statement(&house).await;
    let second = payment_of(&house, &intent).await;
    assert_eq!(second["amount"], 13_000);
    let line = json!({"obligation_id": fee["id"], "amount": 13_000});
    let proposal = proposes(&house.staff, &second, std::slice::from_ref(&line), "reopen").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    let waiting = "select coalesce(sum(amount), 0) from assurance.allocation where suspense_reason = 'underpaid'";
    assert_eq!(house.ask(waiting).await, "8000");
    house.holds().await;
    // it is not made after all: both parts cover the fee again
    becomes(&house, &proposal, "awaiting_statement").await;
    approver.post(&format!("/v1/refunds/{}/cancel", id(&proposal)), json!({})).await.expect(200);
    assert_eq!((status(&house, &proposal).await.as_str(), house.ask(waiting).await.as_str()), ("failed", "0"));
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    // and the other way round
    let seen = payment_of_id(&house, &second).await;
    let again = proposes(&house.staff, &seen, &[line], "reopen").await.expect(201);
    approves(&approver, &again).await.expect(200);
    becomes(&house, &again, "awaiting_statement").await;
    pays_back(&house, 13_000, refund(&house, &again).await["work_item"]["text"].as_str().unwrap()).await;
    statement(&house).await;
    let reopened = house.portal.intent(&intent).await;
    assert_eq!((&reopened["status"], &reopened["amount_due"]), (&json!("open"), &json!(13_000)));
    house.close().await;
}

#[tokio::test]
async fn an_account_is_needed_where_people_transfer() {
    let house = House::with_bank().await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let body = json!({"lines": [whole(&fee)], "then": "close", "reason_code": "nop_nham", "refundable_amount": 21_000});
    let path = format!("/v1/payments/{}/refunds", id(&payment));
    assert_eq!(house.staff.post(&path, body.clone()).await.refused(422), "payer_account_missing");
    // nor is the account that took the money its payer's
    let (bank_bin, account_number) = account().split_once('.').map(|(b, n)| (b.to_owned(), n.to_owned())).unwrap();
    let mut own = body;
    own["payer_account"] =
        json!({"bank_bin": bank_bin, "account_number": account_number, "account_name": "KHO BAC (MAU)"});
    assert_eq!(house.staff.post(&path, own).await.refused(422), "payer_account_missing");
    house.close().await;
}

#[tokio::test]
async fn a_debit_with_the_codes_of_two_refunds_closes_neither() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let mut texts = Vec::new();
    let mut proposals = Vec::new();
    for _ in 0..2 {
        let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
        statement(&house).await;
        let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(&house, &proposal, "awaiting_statement").await;
        // who decides has seen where it goes
        assert_eq!(refund(&house, &proposal).await["payer_account"]["account_number"], "0001234567");
        texts.push(refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned());
        proposals.push(proposal);
    }
    pays_back(&house, 21_000, &texts.join(" ")).await;
    statement(&house).await;
    for proposal in &proposals {
        assert_eq!(status(&house, proposal).await, "awaiting_statement");
    }
    assert_eq!(house.ask("select kind from assurance.kase where status = 'open'").await, "duplicate_payment");
    house.close().await;
}

#[tokio::test]
async fn a_refund_whose_debit_is_imported_and_not_matched_yet_is_not_given_up() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    pays_back(&house, 21_000, refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap()).await;
    // the file is in, and matching stops before it comes to the debit
    let owner = house.database.connect("motlan_superuser").await;
    owner
        .batch_execute(
            "create function public.stops() returns trigger language plpgsql as $$ begin raise 'stopped'; end $$;
             create trigger stops before update on refund for each row when (new.status = 'succeeded')
                 execute function public.stops()",
        )
        .await
        .unwrap();
    let file = house.bank_statement(ACCOUNT, "mt940", &today().to_string()).await;
    assert_eq!(house.sends_statement(&account(), "auto", file).await.status, 503);
    assert_eq!(house.ask("select count(*) from assurance.movement where amount < 0 and fate is null").await, "1");
    let path = format!("/v1/refunds/{}/cancel", id(&proposal));
    assert_eq!(approver.post(&path, json!({})).await.refused(409), "refund_not_cancellable");
    assert_eq!(status(&house, &proposal).await, "awaiting_statement");
    owner.batch_execute("drop trigger stops on refund; drop function public.stops").await.unwrap();
    house.drain().await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    assert_eq!(house.ask("select count(*) from assurance.kase").await, "0");
    house.close().await;
}

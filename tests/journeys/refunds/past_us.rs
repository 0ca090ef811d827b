//! A debit says that a refund was made which nobody was to make: its money counts as gone, and never goes out again.

use super::taken_back::{bank_takes_back, open_cases};
use super::transfers::{paid_by_transfer, payment_of_id, pays_back, statement};
use super::*;

/// A transfer of all of a fee that a second person has approved: the fee, the payment, the refund and its text.
pub(super) async fn work_item(house: &House, approver: &Portal) -> (Value, Value, Value, String) {
    let (fee, _, payment) = paid_by_transfer(house, 21_000).await;
    statement(house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    let text = refund(house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    (fee, payment, proposal, text)
}

/// The text of a refund's transfer, whether or not anybody is to make it.
async fn text_of(house: &House, proposal: &Value) -> String {
    house
        .ask(&format!(
            "select 'HOAN TRA ' || reference from refund where assurance.text_id('rfd', id) = '{}'",
            id(proposal)
        ))
        .await
}

/// What the one open case of this kind is about.
async fn told(house: &House, kind: &str) -> (Value, Value) {
    let cases = open_cases(house).await;
    let [case] = cases.iter().filter(|c| c["kind"] == kind).collect::<Vec<_>>()[..] else { panic!("{cases:?}") };
    (case["payment_id"].clone(), case["subject"].clone())
}

#[tokio::test]
async fn a_transfer_that_was_given_up_and_made_all_the_same_is_not_paid_out_twice() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, payment, proposal, text) = work_item(&house, &approver).await;
    approver.post(&format!("/v1/refunds/{}/cancel", id(&proposal)), json!({})).await.expect(200);
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 21_000);
    // proposed anew before the statement comes
    let before = payment_of_id(&house, &payment).await;
    let again = proposes(&house.staff, &before, &[whole(&fee)], "close").await.expect(201);
    pays_back(&house, 21_000, &text).await;
    statement(&house).await;
    assert_eq!(told(&house, "status_differs").await, (payment["id"].clone(), proposal["id"].clone()));
    assert_eq!(approves(&approver, &again).await.refused(409), "approval_stale");
    assert_eq!(status(&house, &again).await, "cancelled");
    let seen = payment_of_id(&house, &payment).await;
    assert_eq!(seen["refundable_amount"], 0, "the payer has it");
    assert_eq!(
        proposes(&house.staff, &before, &[whole(&fee)], "close").await.refused(412),
        "refundable_amount_mismatch"
    );
    assert_eq!(proposes(&house.staff, &seen, &[whole(&fee)], "close").await.refused(422), "refund_line_not_whole");
    assert_eq!(
        (status(&house, &proposal).await, obligation_status(&house, &fee).await),
        ("failed".into(), "paid".into())
    );
    house.close().await;
}

#[tokio::test]
async fn a_transfer_that_was_made_before_anybody_approved_it_is_not_approved_any_more() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    pays_back(&house, 21_000, &text_of(&house, &proposal).await).await;
    statement(&house).await;
    assert_eq!(told(&house, "status_differs").await, (payment["id"].clone(), proposal["id"].clone()));
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_stale");
    assert_eq!(status(&house, &proposal).await, "cancelled");
    house.close().await;
}

#[tokio::test]
async fn a_transfer_that_was_made_as_soon_as_it_was_approved_ends_with_its_debit() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    pays_back(&house, 21_000, &text_of(&house, &proposal).await).await;
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    assert_eq!(open_cases(&house).await, Vec::<Value>::new());
    house.close().await;
}

#[tokio::test]
async fn what_was_transferred_twice_is_no_more_to_be_had_of_the_rest_of_the_payment() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for amount in [8_000, 13_000] {
        fees.push(house.portal.owes(&dossier(), amount, json!({})).await);
    }
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(21_000, &content).await;
    statement(&house).await;
    let payment = payment_of(&house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fees[0])], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        pays_back(&house, 8_000, &text).await;
    }
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    assert_eq!(told(&house, "duplicate_payment").await, (payment["id"].clone(), proposal["id"].clone()));
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 5_000);
    house.close().await;
}

#[tokio::test]
async fn a_transfer_that_was_made_all_the_same_is_told_of_at_once_and_never_made_again() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (_, payment, proposal, text) = work_item(&house, &approver).await;
    bank_takes_back(&house, &payment).await;
    pays_back(&house, 21_000, &text).await;
    statement(&house).await;
    assert_eq!(told(&house, "refund_without_payment").await, (payment["id"].clone(), proposal["id"].clone()));
    assert_eq!(status(&house, &proposal).await, "failed");
    let seen = payment_of_id(&house, &payment).await;
    assert_eq!(seen["refundable_amount"], 0);
    let held = "select sum(amount) from assurance.ledger_entry where account_code = 'suspense:unidentified'";
    assert_eq!(house.ask(held).await, "21000", "the books say that it has left");
    house.close().await;
}

#[tokio::test]
async fn the_bank_takes_back_what_is_partly_refunded_and_nothing_more_of_it_goes_out() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for amount in [8_000, 13_000] {
        fees.push(house.portal.owes(&dossier(), amount, json!({})).await);
    }
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(21_000, &content).await;
    statement(&house).await;
    let mut proposals = Vec::new();
    for fee in &fees {
        let payment = payment_of(&house, &intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(&house, &proposal, "awaiting_statement").await;
        proposals.push(proposal);
    }
    let made = refund(&house, &proposals[0]).await["work_item"]["text"].as_str().unwrap().to_owned();
    pays_back(&house, 8_000, &made).await;
    statement(&house).await;
    bank_takes_back(&house, &payment_of(&house, &intent).await).await;
    assert_eq!(status(&house, &proposals[0]).await, "succeeded");
    assert_eq!(status(&house, &proposals[1]).await, "failed", "nobody is to transfer it");
    let payment = payment_of(&house, &intent).await;
    let cases = open_cases(&house).await;
    let told: Vec<_> = cases.iter().map(|c| (c["kind"].as_str().unwrap(), &c["payment_id"])).collect();
    assert_eq!(told, [("chargeback", &payment["id"])]);
    assert_eq!(payment["refundable_amount"], 0, "the bank has it");
    let again = proposes(&house.staff, &payment, &[whole(&fees[1])], "close").await;
    assert_eq!(again.refused(422), "refund_line_not_whole");
    house.close().await;
}

#[tokio::test]
async fn the_case_of_a_debit_stays_open_when_other_money_of_its_payment_finds_a_home() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(21_000, &content).await;
    house.transfers(50_000, &content).await;
    statement(&house).await;
    // of the second payment, which waits as a duplicate, 20,000 are transferred twice
    let second = payment_of(&house, &intent).await;
    assert_eq!(second["allocations"][0]["suspense_reason"], "duplicate");
    let proposal = proposes(&house.staff, &second, &[json!({"amount": 20_000})], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        pays_back(&house, 20_000, &text).await;
    }
    statement(&house).await;
    let seen = payment_of_id(&house, &second).await;
    assert_eq!(seen["refundable_amount"], 10_000);
    // the bank has 10,000 of it: more is nobody's to give
    let body = |fee: &Value| json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "Nộp cho hồ sơ khác"});
    let cases = open_cases(&house).await;
    let waits =
        cases.iter().find(|c| c["kind"] == "duplicate_payment" && c["movement_id"].is_null()).expect("its case");
    let path = format!("/v1/cases/{}/resolutions", id(waits));
    let too_dear = house.portal.owes(&dossier(), 30_000, json!({})).await;
    assert_eq!(house.staff.post(&path, body(&too_dear)).await.refused(422), "validation_failed");
    // what is there goes for another fee, and its own case closes with it; what has left waits on
    let other = house.portal.owes(&dossier(), 10_000, json!({})).await;
    let resolution = house.staff.post(&path, body(&other)).await.expect(201);
    approves(&approver, &resolution).await.expect(200);
    assert_eq!(obligation_status(&house, &other).await, "paid");
    assert_eq!(obligation_status(&house, &too_dear).await, "due");
    let left = open_cases(&house).await;
    let mut told: Vec<_> = left.iter().map(|c| (c["kind"].as_str().unwrap(), c["amount"].as_i64().unwrap())).collect();
    told.sort_unstable();
    assert_eq!(told, [("duplicate_payment", -20_000), ("overpaid", 20_000)]);
    let seen = payment_of_id(&house, &second).await;
    assert_eq!(seen["refundable_amount"], 10_000);
    // these are in the fee: what waits has left, and goes back to nobody
    let again = proposes(&house.staff, &seen, &[json!({"amount": 10_000})], "close").await;
    assert_eq!(again.refused(422), "refund_line_not_whole");
    house.close().await;
}

/// Of 60,000 that wait for a fee of 100,000, so much is transferred back although it was given up: the fee, its intent,
/// the text that pays it, the payment.
async fn given_up_and_made(house: &House, approver: &Portal, amount: i64) -> (Value, Value, String, Value) {
    let fee = house.portal.owes(&dossier(), 100_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(60_000, &content).await;
    statement(house).await;
    let payment = payment_of(house, &intent).await;
    assert_eq!(payment["allocations"][0]["suspense_reason"], "underpaid");
    let proposal = proposes(&house.staff, &payment, &[json!({"amount": amount})], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    let text = refund(house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    approver.post(&format!("/v1/refunds/{}/cancel", id(&proposal)), json!({})).await.expect(200);
    pays_back(house, amount, &text).await;
    statement(house).await;
    assert_eq!(told(house, "status_differs").await, (payment["id"].clone(), proposal["id"].clone()));
    (fee, intent, content, payment)
}

async fn owes(house: &House, intent: &Value) -> Value {
    house.portal.intent(intent).await["amount_due"].clone()
}

#[tokio::test]
async fn what_has_left_past_us_pays_no_fee_with_the_money_that_comes_after_it() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, intent, content, payment) = given_up_and_made(&house, &approver, 60_000).await;
    assert_eq!(owes(&house, &intent).await, 100_000, "the payer has it again");
    house.transfers(40_000, &content).await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(owes(&house, &intent).await, 60_000);
    house.transfers(60_000, &content).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    statement(&house).await;
    let first = payment_of_id(&house, &payment).await;
    assert_eq!(
        (&first["allocations"][0]["suspense_reason"], &first["refundable_amount"]),
        (&json!("underpaid"), &json!(0))
    );
    let kinds: Vec<_> = open_cases(&house).await.iter().map(|c| c["kind"].clone()).collect();
    assert!(kinds.contains(&json!("underpaid")) && kinds.contains(&json!("status_differs")), "{kinds:?}");
    house.close().await;
}

#[tokio::test]
async fn of_what_waits_only_the_part_that_has_not_left_pays_and_the_rest_keeps_its_case() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, intent, content, payment) = given_up_and_made(&house, &approver, 20_000).await;
    assert_eq!(owes(&house, &intent).await, 60_000);
    house.transfers(60_000, &content).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    statement(&house).await;
    let held = format!(
        "select string_agg(suspense_reason || ' ' || total, ', ') from (select suspense_reason, sum(amount) as total
        from assurance.allocation where payment_id = '{}' and suspense_reason is not null group by 1
        having sum(amount) <> 0) held",
        id(&payment)
    );
    assert_eq!(house.ask(&held).await, "underpaid 20000");
    let cases = open_cases(&house).await;
    assert!(cases.iter().any(|c| c["kind"] == "underpaid"), "{cases:?}");
    house.close().await;
}

#[tokio::test]
async fn waiting_money_that_leaves_past_us_before_the_second_person_says_yes_pays_nothing() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 100_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(60_000, &content).await;
    statement(&house).await;
    let payment = payment_of(&house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[json!({"amount": 60_000})], "close").await.expect(201);
    let cases = open_cases(&house).await;
    let case = cases.iter().find(|c| c["kind"] == "underpaid").expect("its case");
    let other = house.portal.owes(&dossier(), 60_000, json!({})).await;
    let body =
        json!({"action": "assign_to_obligations", "obligation_ids": [other["id"]], "note": "Nộp cho hồ sơ khác"});
    let resolution = house.staff.post(&format!("/v1/cases/{}/resolutions", id(case)), body).await.expect(201);
    pays_back(&house, 60_000, &text_of(&house, &proposal).await).await;
    statement(&house).await;
    assert_eq!(approves(&approver, &resolution).await.refused(409), "approval_stale");
    assert_eq!(obligation_status(&house, &other).await, "due");
    house.close().await;
}

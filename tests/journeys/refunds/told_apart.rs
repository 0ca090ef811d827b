//! A case tells of money that waits, or of something else of the same payment; only its own explanation closes it.

use super::*;
use tests::bank::ACCOUNT;
use tests::files::today;

const OPEN: &str = "select coalesce(string_agg(kind || ' ' || amount, ', ' order by amount), '')
    from assurance.kase where status <> 'closed'";

/// A fee that was paid twice by transfer, both proven: its second payment, which waits as a duplicate.
async fn paid_twice(house: &House, amount: i64) -> Value {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(amount, &content).await;
    house.transfers(amount, &content).await;
    house.imports("mt940", &today().to_string()).await;
    payment_of(house, &intent).await
}

async fn seen(house: &House, payment: &Value) -> Value {
    house.staff.get(&format!("/v1/payments/{}", id(payment))).await.expect(200)
}

/// So much of what waits goes back: proposed, approved, and waiting for its debit.
async fn approved(house: &House, approver: &Portal, payment: &Value, amount: i64) -> Value {
    let line = json!({"amount": amount});
    let proposal = proposes(&house.staff, &seen(house, payment).await, &[line], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    proposal
}

async fn transfers_out(house: &House, refund_of: &Value, amount: i64) {
    let text = refund(house, refund_of).await["work_item"]["text"].as_str().unwrap().to_owned();
    let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
    house.bank_sim("bank/transfer", how.clone()).await;
}

#[tokio::test]
async fn a_debit_that_went_out_twice_keeps_its_case_and_the_money_beside_it_is_not_refunded() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let payment = paid_twice(&house, 100_000).await;
    assert_eq!(house.ask(OPEN).await, "duplicate_payment 100000");
    let first = approved(&house, &approver, &payment, 50_000).await;
    transfers_out(&house, &first, 50_000).await;
    transfers_out(&house, &first, 50_000).await;
    house.imports("mt940", &today().to_string()).await;
    assert_eq!(status(&house, &first).await, "succeeded");
    assert_eq!(house.ask(OPEN).await, "duplicate_payment -50000, duplicate_payment 100000");
    let more = proposes(&house.staff, &seen(&house, &payment).await, &[json!({"amount": 50_000})], "close").await;
    assert_eq!(more.refused(422), "refund_line_not_whole", "what left twice is gone");
    assert_eq!(house.ask(OPEN).await, "duplicate_payment -50000, duplicate_payment 100000");
    house.close().await;
}

#[tokio::test]
async fn what_is_said_of_a_debit_says_nothing_of_the_money_beside_it() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let payment = paid_twice(&house, 100_000).await;
    let first = approved(&house, &approver, &payment, 50_000).await;
    transfers_out(&house, &first, 50_000).await;
    transfers_out(&house, &first, 50_000).await;
    house.imports("mt940", &today().to_string()).await;
    let cases = house.staff.get("/v1/cases?status=open&kind=duplicate_payment").await.expect(200);
    let of_debit = cases["data"].as_array().unwrap().iter().find(|c| c["amount"] == -50_000).unwrap().clone();
    let path = format!("/v1/cases/{}/resolutions", id(&of_debit));
    let back = json!({"action": "refund_to_payer", "reason_code": "nop_trung", "refundable_amount": 50_000,
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"}});
    assert_eq!(house.staff.post(&path, back).await.refused(409), "case_has_no_money");
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    assert_eq!(house.staff.post(&path, assign).await.refused(409), "case_has_no_money");
    house.close().await;
}

/// A case that another sight of the payment opened, as it was kept before cases said whether their money waits.
async fn status_differs(house: &House, payment: &Value, waits: bool) -> Value {
    house
        .ask(&format!(
            "with k as (
                 insert into kase (id, kind, status, amount, payment_id, subject, scope, business_date, waits)
                 select gen_random_uuid(), 'status_differs', 'open', 0, p.id, assurance.text_id('pay', p.id),
                        'bank:' || p.receiving_account, p.business_date, {waits}
                 from payment p where assurance.text_id('pay', p.id) = '{}' returning id)
             insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
             select 'case', id, 1, null, 'open', 'found', 'system' from k",
            id(payment)
        ))
        .await;
    house.staff.get("/v1/cases?status=open&kind=status_differs").await.expect(200)["data"][0].clone()
}

async fn accepts(house: &House, case: &Value) -> Value {
    let path = format!("/v1/cases/{}/resolutions", id(case));
    house.staff.post(&path, json!({"action": "accept_difference"})).await.expect(201)
}

/// A refund was sent, and the bank brings it back.
async fn comes_back(house: &House, sent: &Value, amount: i64) {
    let text = refund(house, sent).await["work_item"]["text"].as_str().unwrap().to_owned();
    transfers_out(house, sent, amount).await;
    house.imports("mt940", &today().to_string()).await;
    house.tellers_are_lost().await;
    let back = json!({"account": ACCOUNT, "amount": amount, "content": format!("{text} tra lai"), "direction": "in"});
    house.bank_sim("bank/transfer", back).await;
    house.imports("mt940", &today().to_string()).await;
    assert_eq!(status(house, sent).await, "failed");
}

#[tokio::test]
async fn money_that_comes_back_while_a_difference_is_proposed_for_acceptance_has_a_case_of_its_own() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let payment = paid_twice(&house, 30_000).await;
    let sent = approved(&house, &approver, &payment, 30_000).await;
    let case = status_differs(&house, &payment, false).await;
    let proposed = accepts(&house, &case).await;
    comes_back(&house, &sent, 30_000).await;
    assert_eq!(house.ask(OPEN).await, "status_differs 0, status_differs 30000");
    approves(&approver, &proposed).await.expect(200);
    assert_eq!(house.ask(OPEN).await, "status_differs 30000");
    house.close().await;
}

#[tokio::test]
async fn a_difference_under_which_money_waits_by_now_is_not_accepted_any_more() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let payment = paid_twice(&house, 30_000).await;
    let sent = approved(&house, &approver, &payment, 30_000).await;
    let case = status_differs(&house, &payment, true).await;
    let proposed = accepts(&house, &case).await;
    comes_back(&house, &sent, 30_000).await;
    assert_eq!(approves(&approver, &proposed).await.refused(409), "approval_stale");
    assert_eq!(house.ask(OPEN).await, "status_differs 0");
    let open = house.ask("select string_agg(status, ' ') from kase where kind = 'status_differs'").await;
    assert_eq!(open, "open", "there is something else to say of it");
    house.close().await;
}

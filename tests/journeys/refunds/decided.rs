//! Who may propose, who decides, and what a proposal rests on.

use super::*;
use tests::BENEFICIARY;

#[tokio::test]
async fn nobody_decides_on_an_own_proposal_and_nothing_is_decided_twice() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    assert_eq!(proposal["status"], "pending_approval");
    assert_eq!(approves(&house.staff, &proposal).await.refused(403), "same_person");
    assert_eq!(approves(&house.portal, &proposal).await.refused(403), "scope_missing");
    approves(&approver, &proposal).await.expect(200);
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_decided");
    assert_eq!(obligation_status(&house, &fee).await, "refunding");
    becomes(&house, &proposal, "succeeded").await;
    house.close().await;
}

#[tokio::test]
async fn who_has_not_seen_the_present_state_is_refused() {
    let house = House::new().await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    let again = proposes(&house.staff, &payment, &[whole(&fee)], "close").await;
    assert_eq!(again.refused(412), "refundable_amount_mismatch");
    let seen = house.staff.get(&format!("/v1/payments/{}", id(&payment))).await.expect(200);
    assert_eq!(seen["refundable_amount"], 0);
    assert_eq!(proposes(&house.staff, &seen, &[whole(&fee)], "close").await.refused(422), "refund_line_not_whole");
    house.close().await;
}

#[tokio::test]
async fn what_one_proposal_names_no_other_names_while_it_waits() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let small = house.portal.owes(&dossier(), 20_000, json!({})).await;
    let large = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens(&[&small, &large]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    let payment = payment_of(&house, &intent).await;
    let first = proposes(&house.staff, &payment, &[whole(&small)], "close").await.expect(201);
    let seen = payment_of(&house, &intent).await;
    assert_eq!(seen["refundable_amount"], 30_000);
    assert_eq!(proposes(&house.staff, &seen, &[whole(&small)], "close").await.refused(409), "approval_pending");
    let other = proposes(&house.staff, &seen, &[whole(&large)], "close").await.expect(201);
    let reject = format!("/v1/approvals/{}/reject", first["approval_id"].as_str().unwrap());
    approver.post(&reject, json!({"note": "Chưa đủ hồ sơ"})).await.expect(200);
    let again = proposes(&house.staff, &payment_of(&house, &intent).await, &[whole(&small)], "close").await.expect(201);
    for proposal in [&other, &again] {
        approves(&approver, proposal).await.expect(200);
        becomes(&house, proposal, "succeeded").await;
    }
    house.close().await;
}

#[tokio::test]
async fn a_line_takes_all_that_the_payment_gave_or_nothing() {
    let house = House::new().await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    let part = json!({"obligation_id": fee["id"], "amount": 20_000});
    assert_eq!(proposes(&house.staff, &payment, &[part], "close").await.refused(422), "refund_line_not_whole");
    let twice = [whole(&fee), whole(&fee)];
    assert_eq!(proposes(&house.staff, &payment, &twice, "close").await.refused(422), "refund_line_not_whole");
    let suspense = json!({"amount": 1_000});
    assert_eq!(proposes(&house.staff, &payment, &[suspense], "close").await.refused(422), "refund_line_not_whole");
    house.close().await;
}

#[tokio::test]
async fn a_rejected_or_withdrawn_refund_leaves_everything_as_it_was() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    let first = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    let reject = format!("/v1/approvals/{}/reject", first["approval_id"].as_str().unwrap());
    approver.post(&reject, json!({"note": "Chưa đủ hồ sơ"})).await.expect(200);
    assert_eq!(status(&house, &first).await, "rejected");
    let second = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    let cancel = format!("/v1/refunds/{}/cancel", id(&second));
    assert_eq!(approver.post(&cancel, json!({})).await.refused(409), "refund_not_cancellable");
    house.staff.post(&cancel, json!({})).await.expect(200);
    assert_eq!(status(&house, &second).await, "cancelled");
    assert_eq!(approves(&approver, &second).await.refused(409), "approval_decided");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test]
async fn an_approved_refund_that_nobody_has_heard_of_is_taken_back_and_the_obligation_is_paid_again() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    approver.post(&format!("/v1/refunds/{}/cancel", id(&proposal)), json!({})).await.expect(200);
    assert_eq!(status(&house, &proposal).await, "cancelled");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test]
async fn a_client_proposes_for_its_own_and_sees_no_payer() {
    let house = House::new().await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    assert_eq!(proposes(&house.other_portal, &payment, &[whole(&fee)], "close").await.refused(404), "not_found");
    let proposal = proposes(&house.portal, &payment, &[whole(&fee)], "close").await.expect(201);
    let text = house.portal.get(&format!("/v1/refunds/{}", id(&proposal))).await.expect(200).to_string();
    assert!(!text.contains("0001234567") && !text.contains("NGUYEN"), "{text}");
    assert_eq!(house.other_portal.get(&format!("/v1/refunds/{}", id(&proposal))).await.refused(404), "not_found");
    assert_eq!(house.ask("select beneficiaries::text from approval").await, format!("{{{BENEFICIARY}}}"));
    house.close().await;
}

#[tokio::test]
async fn two_who_approve_at_once_are_one_decision() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    for _ in 0..10 {
        let (fee, _, payment) = paid(&house, 21_000).await;
        let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        let all = futures_util::future::join_all((0..6).map(|_| approves(&approver, &proposal))).await;
        let said: Vec<u16> = all.iter().map(|a| a.status).collect();
        assert_eq!(said.iter().filter(|s| **s == 200).count(), 1, "{said:?}");
        assert_eq!(said.iter().filter(|s| **s == 409).count(), 5, "{said:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn two_refunds_of_one_amount_at_once_are_one() {
    let house = House::new().await;
    for _ in 0..10 {
        let (fee, _, payment) = paid(&house, 21_000).await;
        let lines = [whole(&fee)];
        let all =
            futures_util::future::join_all((0..6).map(|_| proposes(&house.staff, &payment, &lines, "close"))).await;
        let said: Vec<u16> = all.iter().map(|a| a.status).collect();
        assert_eq!(said.iter().filter(|s| **s == 201).count(), 1, "{said:?}");
        assert_eq!(said.iter().filter(|s| **s == 412).count(), 5, "{said:?}");
    }
    house.close().await;
}

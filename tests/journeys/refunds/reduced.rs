//! What was charged too much is lowered by two persons, and a day is opened again by two.

use super::*;

#[tokio::test]
async fn a_paid_fee_is_lowered_once_and_by_less_than_it_is() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, ..) = paid(&house, 21_000).await;
    let path = format!("/v1/obligations/{}/reductions", id(&fee));
    let lowered = |amount: i64| json!({"amount": amount, "reason_code": "tinh_sai"});
    assert_eq!(house.staff.post(&path, lowered(21_000)).await.refused(422), "validation_failed");
    let first = house.staff.post(&path, lowered(1_000)).await.expect(201);
    assert_eq!(house.staff.post(&path, lowered(2_000)).await.refused(409), "approval_pending");
    let approve = format!("/v1/approvals/{}/approve", first["approval_id"].as_str().unwrap());
    approver.post(&approve, json!({})).await.expect(200);
    assert_eq!(house.portal.obligation(&fee).await["amount"], 20_000);
    let open = house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200);
    assert_eq!(open["data"][0]["amount"], 1_000);
    house.close().await;
}

#[tokio::test]
async fn what_is_not_paid_is_not_lowered() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let path = format!("/v1/obligations/{}/reductions", id(&fee));
    let body = json!({"amount": 1_000, "reason_code": "tinh_sai"});
    assert_eq!(house.staff.post(&path, body.clone()).await.refused(409), "obligation_not_paid");
    assert_eq!(house.other_portal.post(&path, body).await.refused(404), "not_found");
    house.close().await;
}

#[tokio::test]
async fn an_intent_that_asked_for_what_was_lowered_since_is_renewed_for_what_is_owed_now() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, intent, first) = paid(&house, 21_000).await;
    let wanted = json!({"amount": 1_000, "reason_code": "tinh_sai"});
    let proposed = house.staff.post(&format!("/v1/obligations/{}/reductions", id(&fee)), wanted).await.expect(201);
    approves(&approver, &proposed).await.expect(200);
    let payment = house.staff.get(&format!("/v1/payments/{}", id(&first))).await.expect(200);
    let line = json!({"obligation_id": fee["id"], "amount": 20_000});
    let proposal = proposes(&house.staff, &payment, &[line], "reopen").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(house.portal.intent(&intent).await["status"], "expired");
    let path = format!("/v1/payment-intents/{}/renew", id(&intent));
    let renewed = house.portal.post(&path, json!({})).await.expect(200);
    assert_eq!((&renewed["status"], &renewed["reference"]), (&json!("open"), &intent["reference"]));
    let asks = |intent: &Value| [&intent["amount"], &intent["obligations"][0]["amount"]].map(|v| v.as_i64().unwrap());
    assert_eq!(asks(&renewed), [20_000; 2], "never the old amount");
    assert_eq!(asks(&house.portal.intent(&intent).await), [20_000; 2]);
    house.holds().await;
    // 1,000 of the first payment wait for this reference
    assert_eq!(renewed["amount_due"], 19_000);
    let attempt = house.at_vnpay(&renewed).await;
    assert_eq!(house.pays(&attempt, json!({})).await["amount"], 19_000);
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test]
async fn a_reduction_of_what_was_refunded_and_paid_anew_since_is_stale() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, intent, first) = paid(&house, 21_000).await;
    let wanted = json!({"amount": 1_000, "reason_code": "tinh_sai"});
    let proposed = house.staff.post(&format!("/v1/obligations/{}/reductions", id(&fee)), wanted).await.expect(201);
    let proposal = proposes(&house.staff, &first, &[whole(&fee)], "reopen").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "succeeded").await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    assert_eq!(approves(&approver, &proposed).await.refused(409), "approval_stale");
    assert_eq!(house.portal.obligation(&fee).await["amount"], 21_000);
    house.close().await;
}

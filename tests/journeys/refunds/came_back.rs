//! VNPAY has sent a refund, and the payer's bank refuses it days later: the money is with us again, once.

use super::*;

/// A fee whose refund VNPAY has sent: the fee, its intent, the refund.
async fn sent(house: &House, approver: &Portal) -> (Value, Value, Value) {
    let (fee, intent, payment) = paid(house, 21_000).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "succeeded").await;
    (fee, intent, proposal)
}

/// The payer's bank refuses the newest refund of an intent's order.
async fn bank_refuses(house: &House, intent: &Value) {
    let attempt = house.portal.intent(intent).await["attempts"][0].clone();
    house.sim("refund_came_back", json!({"order_ref": attempt["order_ref"]})).await;
}

/// All that was sent is asked about, as the worker does once a day.
async fn asks(house: &House) -> usize {
    payments::refund::look_after(&house.gateway.ctx, true, Timestamp::now()).await.unwrap()
}

async fn waits(house: &House) -> String {
    house
        .ask("select coalesce(sum(amount), 0) from assurance.allocation where suspense_reason = 'refund_returned'")
        .await
}

async fn lines(house: &House) -> String {
    let sql =
        "select string_agg(kind || ' ' || disposition, ', ' order by kind) from assurance.settlement_line where booked";
    house.ask(sql).await
}

const ALL: &str = "adjustment matched, payment matched, refund matched";

#[tokio::test]
async fn what_the_payers_bank_refuses_after_vnpay_has_sent_it_waits_for_a_person() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    house.hear_events().await;
    let (fee, intent, proposal) = sent(&house, &second_person(&house).await).await;
    assert_eq!((asks(&house).await, status(&house, &proposal).await.as_str()), (1, "succeeded"), "it is on its way");
    bank_refuses(&house, &intent).await;
    // a drain asks nothing about what is sent
    house.drain().await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    asks(&house).await;
    assert_eq!(status(&house, &proposal).await, "failed");
    assert_eq!(obligation_status(&house, &fee).await, "refunded", "the obligation as it is");
    let payment = payment_of(&house, &intent).await;
    assert_eq!((waits(&house).await.as_str(), &payment["refundable_amount"]), ("21000", &json!(21_000)));
    assert_eq!(asks(&house).await, 0, "nobody asks any more");
    let heard = house.ask("select string_agg(type, ' ' order by feed_position) from event where type like 'refund.%'");
    assert_eq!(heard.await, "refund.succeeded refund.failed");
    // the file says it again: the same money
    house.settles(&tests::files::today().to_string()).await.expect(201);
    assert_eq!(lines(&house).await, ALL);
    assert_eq!(waits(&house).await, "21000");
    let cases = "select string_agg(kind, ' ') from assurance.kase where status = 'open'";
    assert_eq!(house.ask(cases).await, "status_differs");
    house.close().await;
}

#[tokio::test]
async fn a_settlement_file_that_brings_a_refund_back_says_so_once() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let (_, intent, proposal) = sent(&house, &second_person(&house).await).await;
    bank_refuses(&house, &intent).await;
    house.settles(&tests::files::today().to_string()).await.expect(201);
    assert_eq!((lines(&house).await.as_str(), status(&house, &proposal).await.as_str()), (ALL, "failed"));
    asks(&house).await;
    assert_eq!(waits(&house).await, "21000");
    // and it goes out once more, by a second person's word
    let payment = payment_of(&house, &intent).await;
    let again = proposes(&house.staff, &payment, &[json!({"amount": 21_000})], "close").await.expect(201);
    approves(&second_person(&house).await, &again).await.expect(200);
    becomes(&house, &again, "succeeded").await;
    assert_eq!(waits(&house).await, "0");
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_came_back_before_any_file_named_it_is_the_one_that_the_file_names() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let approver = second_person(&house).await;
    let (_, intent, proposal) = sent(&house, &approver).await;
    let session = house.sim("settlement/cut", json!({})).await["session"].clone();
    bank_refuses(&house, &intent).await;
    asks(&house).await;
    assert_eq!(status(&house, &proposal).await, "failed");
    let file = format!("{}/_sim/settlement?session={session}", house.vnpay.url);
    let file = house.http.get(file).send().await.unwrap().bytes().await.unwrap();
    house.sends_settlement(file.to_vec()).await.expect(201);
    assert_eq!(lines(&house).await, "payment matched, refund matched");
    house.close().await;
}

#[tokio::test]
async fn what_vnpay_says_of_a_later_refund_is_not_taken_for_an_earlier_one() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for _ in 0..2 {
        fees.push(house.portal.owes(&dossier(), 8_000, json!({})).await);
    }
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    let mut proposals = Vec::new();
    for fee in &fees {
        let payment = payment_of(&house, &intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(&house, &proposal, "succeeded").await;
        proposals.push(proposal);
    }
    bank_refuses(&house, &intent).await;
    asks(&house).await;
    assert_eq!(status(&house, &proposals[0]).await, "succeeded");
    assert_eq!(status(&house, &proposals[1]).await, "failed");
    assert_eq!(waits(&house).await, "8000");
    house.close().await;
}

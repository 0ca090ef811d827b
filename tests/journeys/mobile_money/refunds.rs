//! Refunds by reversal: accepted is not sent, and what is lost is asked about before it is sent again.

use super::{house, living, owed, started};
use crate::refunds::{approves, becomes, obligation_status, payment_of, proposes, second_person, status, whole};
use domain::principal::Scope;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::House;
use tests::mobile_money::SECRET;
use tests::portal::{Portal, dossier};
use tests::wire::key;

async fn paid(house: &House, amount: i64) -> (Value, Value, Value) {
    let (fee, intent) = owed(house, amount).await;
    let attempt = started(house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    house.drain().await;
    let payment = payment_of(house, &intent).await;
    (fee, intent, payment)
}

async fn approved(house: &House, fee: &Value, payment: &Value) -> Value {
    let approver = second_person(house).await;
    let proposal = proposes(&house.staff, payment, &[whole(fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    proposal
}

async fn reversals(house: &House) -> Vec<Value> {
    house.mm_requests().await.into_iter().filter(|r| r["kind"] == "reversal").collect()
}

async fn rule(house: &House, action: Value) {
    house.mm("script", json!({"match": {}, "do": [{"reversal": action}]})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_a_reversal_that_has_succeeded_when_the_provider_says_completed() {
    let house = house().await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    let refund = approved(&house, &fee, &payment).await;
    becomes(&house, &refund, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    let all = reversals(&house).await;
    assert_eq!((all.len(), &all[0]["original"], &all[0]["amount"]), (1, &payment["provider_txn_id"], &json!(40_000)));
    let theirs = house.ask("select provider_refund_id from assurance.refund").await;
    assert_eq!(theirs, all[0]["transaction_reference"].as_str().unwrap());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_was_accepted_and_fails_gives_the_obligation_back_as_paid() {
    let house = house().await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    rule(&house, json!({"fail": {"category": "businessRule", "code": "insufficientFunds"}})).await;
    let refund = approved(&house, &fee, &payment).await;
    becomes(&house, &refund, "failed").await;
    let said = house.ask("select string_agg(said, ' ' order by id) from refund_evidence").await;
    assert_eq!(said, "accepted failed");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_is_refused_at_once_fails_and_has_sent_nothing() {
    let house = house().await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    rule(&house, json!({"refuse": {"category": "businessRule", "code": "incorrectState"}})).await;
    let refund = approved(&house, &fee, &payment).await;
    becomes(&house, &refund, "failed").await;
    assert_eq!(reversals(&house).await, Vec::<Value>::new());
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_whose_answer_was_lost_is_found_and_made_once() {
    for lost in [json!({"lose_answer": true}), json!({"fail_after_accept": true})] {
        let house = house().await;
        let (fee, _, payment) = paid(&house, 40_000).await;
        rule(&house, lost).await;
        let refund = approved(&house, &fee, &payment).await;
        becomes(&house, &refund, "succeeded").await;
        assert_eq!(reversals(&house).await.len(), 1);
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_comes_back_is_heard_of_although_a_later_one_of_the_same_payment_was_made() {
    let house = house().await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for amount in [10_000, 30_000] {
        fees.push(house.portal.owes(&dossier(), amount, json!({})).await);
    }
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let attempt = started(&house, &intent, None).await;
    house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
    house.drain().await;
    let mut refunds = Vec::new();
    for fee in &fees {
        let payment = payment_of(&house, &intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(&house, &proposal, "succeeded").await;
        refunds.push(proposal);
    }
    let first = reversals(&house).await.into_iter().find(|r| r["amount"] == 10_000).expect("it was made");
    let number = first["transaction_reference"].as_str().unwrap();
    let failed = json!({"transactionReference": number, "transactionStatus": "failed", "type": "reversal",
        "amount": "10000", "currency": "VND", "originalTransactionReference": first["original"]});
    house.mm("transaction", json!({"reference": number, "transaction": failed})).await;
    for _ in 0..2 {
        payments::refund::look_after(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    }
    assert_eq!(
        (status(&house, &refunds[0]).await, status(&house, &refunds[1]).await),
        ("failed".into(), "succeeded".into())
    );
    let waits = "select sum(amount) from assurance.allocation where suspense_reason = 'refund_returned'";
    assert_eq!(house.ask(waits).await, "10000");
    // the simulator's reversal was changed by hand, so its log is no truth to hold the books against
    house.stop().await;
}

/// A refund that was to be sent while the provider let nobody in; it lets us in again from now on.
async fn not_let_in(house: &House) -> (Value, Value) {
    let (fee, _, payment) = paid(house, 40_000).await;
    let refund = approved(house, &fee, &payment).await;
    house.mm("secret", json!({"secrets": ["ANOTHERSECRET0001"]})).await;
    for _ in 0..2 {
        payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    }
    assert_eq!(
        (status(house, &refund).await, house.ask("select calls from refund").await),
        ("submitted".into(), "0".into())
    );
    house.mm("secret", json!({"secrets": [SECRET]})).await;
    (fee, refund)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_is_refused_after_calls_that_were_never_sent_has_failed() {
    let house = house().await;
    let (fee, refund) = not_let_in(&house).await;
    rule(&house, json!({"refuse": {"category": "businessRule", "code": "incorrectState"}})).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &refund).await, "failed");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    assert_eq!(reversals(&house).await, Vec::<Value>::new());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_could_not_be_sent_on_its_day_is_sent_on_a_later_one_and_once() {
    let house = house().await;
    let (fee, refund) = not_let_in(&house).await;
    let later = Timestamp::now() + SignedDuration::from_hours(49);
    for _ in 0..2 {
        payments::refund::drive(&house.gateway.ctx, true, later).await.unwrap();
    }
    becomes(&house, &refund, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    assert_eq!(reversals(&house).await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_no_provider_has_heard_of_may_be_given_up_and_one_that_it_may_have_may_not() {
    let house = house().await;
    let (fee, refund) = not_let_in(&house).await;
    let cancel = format!("/v1/refunds/{}/cancel", refund["id"].as_str().unwrap());
    house.staff.post(&cancel, json!({})).await.expect(200);
    assert_eq!(
        (status(&house, &refund).await, obligation_status(&house, &fee).await),
        ("failed".into(), "paid".into())
    );
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(reversals(&house).await, Vec::<Value>::new());
    // once more, and this time the call is lost on its way
    let approver = Portal { key: key(&house, "nguoi-duyet", Scope::STAFF).await.1, ..house.staff.clone() };
    let payments =
        house.staff.get(&format!("/v1/payments?obligation_id={}", fee["id"].as_str().unwrap())).await.expect(200);
    let again = proposes(&house.staff, &payments["data"][0], &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &again).await.expect(200);
    rule(&house, json!({"lose_request": true})).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &again).await, "unknown");
    let cancel = format!("/v1/refunds/{}/cancel", again["id"].as_str().unwrap());
    assert_eq!(house.staff.post(&cancel, json!({})).await.refused(409), "refund_not_cancellable");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callback_of_a_reversal_makes_us_ask_at_once() {
    let house = living().await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    let refund = approved(&house, &fee, &payment).await;
    // far sooner than the schedule's minute
    for _ in 0..100 {
        if status(&house, &refund).await == "succeeded" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status(&house, &refund).await, "succeeded");
    assert_eq!(reversals(&house).await[0]["calls"], json!([{"kind": "callback", "status": 204}]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_answers_401_for_an_id_it_does_not_know_is_asked_for_a_refund_and_makes_it_once() {
    let house = house().await;
    house.mm("unknown", json!({"category": "authorisation", "code": "clientAuthorisationError"})).await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    let refund = approved(&house, &fee, &payment).await;
    becomes(&house, &refund, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    assert_eq!(reversals(&house).await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_whose_answer_was_lost_at_such_a_provider_is_found_and_made_once() {
    let house = house().await;
    house.mm("unknown", json!({"category": "authorisation", "code": "clientAuthorisationError"})).await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    rule(&house, json!({"lose_answer": true})).await;
    let refund = approved(&house, &fee, &payment).await;
    becomes(&house, &refund, "succeeded").await;
    assert_eq!(reversals(&house).await.len(), 1);
    house.close().await;
}

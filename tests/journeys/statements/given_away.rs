//! A provider's payout that people had begun to give away: when nobody gives it after all, the two halves of it meet (ADR 0010).

use super::debits::{gaps, given_up, house, is_paid_out};
use super::{IN_TRANSIT, OWN, cases, standing};
use crate::refunds::{approves, becomes, id, second_person, status};
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{Line, mt940, today};
use tests::portal::Portal;

/// What waits under the case is to go back to its payer, as one person proposes.
async fn gives_back(house: &House, case: &Value) -> Value {
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": 98_900, "reason_code": "nop_nham",
        "payer_account": account});
    house.staff.post(&format!("/v1/cases/{}/resolutions", id(case)), back).await.expect(201)
}

/// The payout goes back to whoever seemed to have sent it, as two persons say; then its file comes: the refund, and the file.
async fn given_away(house: &House, approver: &Portal) -> (Value, Value) {
    let late = given_up(house).await;
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let proposed = gives_back(house, &case).await;
    approves(approver, &proposed).await.expect(200);
    let refund = house.staff.get("/v1/refunds").await.expect(200)["data"][0].clone();
    becomes(house, &refund, "awaiting_statement").await;
    let file = house.sends_settlement(late).await.expect(201);
    assert!(is_paid_out(house, &file).await);
    assert_eq!(cases(house).await, "amount_differs");
    (refund, file)
}

/// What the transfer of a refund is to say.
async fn text_of(house: &House, refund: &Value) -> String {
    let path = format!("/v1/refunds/{}", id(refund));
    house.staff.get(&path).await.expect(200)["work_item"]["text"].as_str().unwrap().to_owned()
}

/// The statement of today with these lines.
async fn stated(house: &House, lines: &[Line<'_>]) {
    let file = mt940(OWN, today(), 98_900, lines);
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
}

/// The payout is its settlement's, and nothing waits any more.
async fn is_the_settlements(house: &House, file: &Value) {
    house.drain().await;
    assert!(is_paid_out(house, file).await);
    assert_eq!((cases(house).await.as_str(), standing(house, "suspense").await.as_str()), ("", ""));
    assert_eq!((house.ask(IN_TRANSIT).await.as_str(), gaps(house).await), ("0", json!([])));
    let claims = "select string_agg(rule || ' ' || amount, ', ') from assurance.match where settlement_id is not null";
    assert_eq!(house.ask(claims).await, "settlement 98900");
    assert_eq!(house.ask("select coalesce(sum(amount - reversed), 0) from assurance.payment").await, "99700");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_whose_refund_nobody_makes_is_its_settlements_after_all() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (refund, file) = given_away(&house, &approver).await;
    let text = text_of(&house, &refund).await;
    approver.post(&format!("/v1/refunds/{}/cancel", id(&refund)), json!({})).await.expect(200);
    is_the_settlements(&house, &file).await;
    // who makes it all the same is a case
    stated(&house, &[(-98_900, "FTB1", &text)]).await;
    house.drain().await;
    assert_eq!(cases(&house).await, "refund_without_payment");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified 98900");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_was_given_away_and_came_back_is_its_settlements_after_all() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (refund, file) = given_away(&house, &approver).await;
    let text = text_of(&house, &refund).await;
    stated(&house, &[(-98_900, "FTB1", &text)]).await;
    house.drain().await;
    assert_eq!(status(&house, &refund).await, "succeeded");
    assert_eq!(cases(&house).await, "amount_differs", "somebody has what the provider had brought");
    let cancel = format!("/v1/refunds/{}/cancel", id(&refund));
    assert_eq!(approver.post(&cancel, json!({})).await.refused(409), "refund_not_cancellable");
    stated(&house, &[(-98_900, "FTB1", &text), (98_900, "FTB2", &format!("{text} tra lai"))]).await;
    assert_eq!(status(&house, &refund).await, "failed");
    is_the_settlements(&house, &file).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_left_although_its_refund_was_given_up_is_its_settlements_and_the_debit_a_case() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (refund, file) = given_away(&house, &approver).await;
    let text = text_of(&house, &refund).await;
    // nobody has looked at what the cancelling has left when the debit comes
    approver.post(&format!("/v1/refunds/{}/cancel", id(&refund)), json!({})).await.expect(200);
    stated(&house, &[(-98_900, "FTB1", &text)]).await;
    house.drain().await;
    assert!(is_paid_out(&house, &file).await);
    assert_eq!(cases(&house).await, "refund_without_payment");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified 98900");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_two_persons_want_to_give_away_again_waits_for_their_word() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (refund, file) = given_away(&house, &approver).await;
    approver.post(&format!("/v1/refunds/{}/cancel", id(&refund)), json!({})).await.expect(200);
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let again = gives_back(&house, &case).await;
    house.drain().await;
    assert_eq!(cases(&house).await, "amount_differs unidentified");
    let path = format!("/v1/approvals/{}/reject", again["approval_id"].as_str().unwrap());
    approver.post(&path, json!({})).await.expect(200);
    is_the_settlements(&house, &file).await;
    house.close().await;
}

//! What was taken is undone whole, on its day, by two persons.

use super::cards::terminal_file;
use super::{owes, receipt, status};
use crate::refunds::{approves, proposes, second_person, whole};
use serde_json::{Value, json};
use tests::House;
use tests::files::{Row, account, mt940, today};
use tests::portal::{Answered, Portal, dossier};

async fn voids(who: &Portal, taken: &Value) -> Answered {
    let path = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    who.post(&path, json!({"note": "thu nhầm hồ sơ"})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_person_undoes_what_was_taken_and_it_is_due_again() {
    let house = House::with_counters(false).await;
    house.hear_events().await;
    let code = dossier();
    let fee = house.portal.owes(&code, 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let cash = house.takes_cash(&[&fee], 21_000, "BL-VOID").await.expect(201);
    let proposed = voids(&house.staff, &cash).await.expect(201);
    assert_eq!(status(&house, &fee).await, "paid", "a proposal moves nothing");
    assert_eq!(voids(&house.staff, &cash).await.refused(409), "approval_pending");
    assert_eq!(approves(&house.staff, &proposed).await.refused(403), "same_person");
    let second = second_person(&house).await;
    let shown = second.get(&format!("/v1/approvals/{}", proposed["approval_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&shown["kind"], &shown["payload"]["receipt_ref"]), (&json!("counter_void"), &json!("BL-VOID")));
    approves(&second, &proposed).await.expect(200);
    assert_eq!(status(&house, &fee).await, "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!((house.drawer().await, house.stands_at("drawer:quay-1").await), (0, 0));
    let payment = house.staff.get(&format!("/v1/payments/{}", cash["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&payment["reversed"], &payment["refundable_amount"]), (&json!(21_000), &json!(0)));
    assert_eq!(voids(&house.staff, &cash).await.refused(409), "payment_voided");
    // a receipt that was undone stands for nothing: the next one has a number of its own
    assert_eq!(house.takes_cash(&[&fee], 21_000, "BL-VOID").await.refused(409), "receipt_used");
    house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    house.drain().await;
    let told: Vec<Value> = house.heard().await.iter().map(|e| e["type"].clone()).collect();
    let of = |kind: &str| told.iter().filter(|t| **t == kind).count();
    assert_eq!((of("obligation.paid"), of("obligation.reopened")), (2, 1), "{told:?}");
    assert_eq!((of("payment_intent.paid"), of("payment_intent.reopened")), (2, 1), "{told:?}");
    let shown = house.staff.get("/v1/counters/quay-1").await.expect(200);
    assert_eq!((&shown["today"]["cash"], &shown["today"]["voided_cash"]), (&json!(21_000), &json!(21_000)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_undone_on_the_clearing_account() {
    let house = House::with_counters(false).await;
    let (fee, other) = (owes(&house, 21_000).await, owes(&house, 5_000).await);
    let card = house.takes_card(&[&fee], 21_000, "612345000009").await.expect(201);
    house.takes_card(&[&other], 5_000, "612345000010").await.expect(201);
    let proposed = voids(&house.staff, &card).await.expect(201);
    let second = second_person(&house).await;
    approves(&second, &proposed).await.expect(200);
    assert_eq!((status(&house, &fee).await.as_str(), house.stands_at("clearing:pos_main").await), ("due", 5_000));
    // what was undone at the terminal is in no file of it, and the day ties out
    terminal_file(&house, &[Row::new("Thanh toán", "612345000010", 5_000, 0)]).await;
    let close = format!("/v1/reconciliation/{}/close?profile=pos_main", today());
    house.staff.post(&close, json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_undone_on_another_day_or_beside_a_refund_or_once_it_was_deposited() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let fee = owes(&house, 21_000).await;
    let cash = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    // proposed today, decided tomorrow
    let proposed = voids(&house.staff, &cash).await.expect(201);
    house.ask("update counter_payment set taken_at = taken_at - interval '1 day'").await;
    assert_eq!(approves(&second, &proposed).await.refused(409), "approval_stale");
    let reject = format!("/v1/approvals/{}/reject", proposed["approval_id"].as_str().unwrap());
    second.post(&reject, json!({})).await.expect(200);
    assert_eq!(voids(&house.staff, &cash).await.refused(409), "void_day_over");
    house.ask("update counter_payment set taken_at = taken_at + interval '1 day'").await;

    // proposed, and then the drawer goes to the bank
    let proposed = voids(&house.staff, &cash).await.expect(201);
    house.deposits(21_000, "PGN-2026-0001").await.expect(201);
    assert_eq!(approves(&second, &proposed).await.refused(409), "approval_stale");
    second
        .post(&format!("/v1/approvals/{}/reject", proposed["approval_id"].as_str().unwrap()), json!({}))
        .await
        .expect(200);
    let refused = voids(&house.staff, &cash).await;
    assert_eq!(refused.json["drawer"], 0, "{}", refused.text);
    assert_eq!(refused.refused(409), "drawer_deposited");
    assert_eq!(status(&house, &fee).await, "paid");

    // it is refunded instead, once the deposit's credit proves the cash
    let payment = house.staff.get(&format!("/v1/payments/{}", cash["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.refused(409), "credit_not_proven");
    let lines = [(21_000, "FT1", "NOP TIEN MAT PGN20260001 QUAY 1")];
    let statement = mt940(tests::bank::ACCOUNT, today(), 0, &lines);
    house.sends_statement(&account(), "mt940", statement).await.expect(201);
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    // another's cash is in the drawer meanwhile: a void is refused for the refund
    let other = owes(&house, 30_000).await;
    house.takes_cash(&[&other], 30_000, &receipt()).await.expect(201);
    assert_eq!(voids(&house.staff, &cash).await.refused(409), "payment_refunded");
    approves(&second, &refund).await.expect(200);
    house.drain().await;
    assert_eq!(status(&house, &fee).await, "refunding");
    let code = house.ask("select reference from refund").await;
    let lines = [(-21_000, "FT2", format!("HOAN TRA {code}"))];
    let lines: Vec<_> = lines.iter().map(|(a, r, t)| (*a, *r, t.as_str())).collect();
    let statement = mt940(tests::bank::ACCOUNT, today(), 21_000, &lines);
    house.sends_statement(&account(), "mt940", statement).await.expect(201);
    house.drain().await;
    assert_eq!(status(&house, &fee).await, "due");
    assert_eq!((house.stands_at("drawer:quay-1").await, house.drawer().await), (30_000, 30_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposed_refund_is_stale_once_the_payment_was_undone() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let fee = owes(&house, 21_000).await;
    let cash = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    let proposed = voids(&house.staff, &cash).await.expect(201);
    approves(&second, &proposed).await.expect(200);
    let payment = house.staff.get(&format!("/v1/payments/{}", cash["id"].as_str().unwrap())).await.expect(200);
    let refused = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await;
    assert_eq!(refused.refused(422), "refund_line_not_whole");
    // what no officer took is nothing to undo
    let online = owes(&house, 5_000).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&online]).await).await;
    house.pays(&attempt, json!({})).await;
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200)["data"][0].clone();
    assert_eq!(voids(&house.staff, &paid).await.refused(404), "not_found");
    house.close().await;
}

//! What was taken is undone whole, on its day, by two persons.

use super::cards::{known_layout, terminal_file};
use super::{owes, receipt, status};
use crate::refunds::{approves, proposes, second_person, whole};
use futures_util::join;
use serde_json::{Value, json};
use tests::House;
use tests::barrier::{Request, at_once};
use tests::counter::TERMINAL;
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::portal::{Answered, Portal, dossier, fresh};

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

/// A card of 21,000 đồng that was undone here.
async fn undone_card(house: &House, second: &Portal, slip: &str) -> (Value, Value) {
    let fee = owes(house, 21_000).await;
    let card = house.takes_card(&[&fee], 21_000, slip).await.expect(201);
    let proposed = voids(&house.staff, &card).await.expect(201);
    approves(second, &proposed).await.expect(200);
    assert_eq!((status(house, &fee).await.as_str(), house.stands_at("clearing:pos_main").await), ("due", 0));
    (fee, card)
}

async fn payment(house: &House, taken: &Value) -> Value {
    house.staff.get(&format!("/v1/payments/{}", taken["id"].as_str().unwrap())).await.expect(200)
}

const OPEN: &str =
    "select coalesce(string_agg(kind || ' ' || amount || ' ' || subject_id, ', ' order by kind, amount), '')
    from assurance.kase where status <> 'closed'";
const LINES: &str =
    "select coalesce(string_agg(kind || ' ' || disposition, ', ' order by line_no), '') from settlement_line";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_was_undone_here_and_not_at_the_terminal_waits_for_a_person_and_can_be_refunded() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let (fee, card) = undone_card(&house, &second, "612345000011").await;
    let told = terminal_file(&house, &[Row::new("Thanh toán", "612345000011", 21_000, 231)]).await;
    assert_eq!((&told["matched"], &told["cases"]), (&json!(0), &json!(1)), "{told}");
    let id = card["id"].as_str().unwrap();
    assert_eq!(house.ask(OPEN).await, format!("status_differs 21000 {id}"));
    // the provider has charged the card: the money is with us, and pays nothing until somebody says what it is
    assert_eq!(house.stands_at("clearing:pos_main").await, 0);
    assert_eq!(house.stands_at("suspense:refund_returned").await, -21_000);
    assert_eq!(status(&house, &fee).await, "due");
    let seen = payment(&house, &card).await;
    assert_eq!((&seen["reversed"], &seen["refundable_amount"]), (&json!(0), &json!(21_000)), "{seen}");
    // it has a place and a case: the day ties out
    let close = format!("/v1/reconciliation/{}/close?profile={TERMINAL}", today());
    house.staff.post(&close, json!({})).await.expect(200);
    assert_eq!(voids(&house.staff, &card).await.refused(409), "payment_voided");
    // what the terminal says again books nothing again
    let again = [Row::new("Thanh toán", "612345000011", 21_000, 231), Row::new("Thanh toán", "612345000012", 1_000, 0)];
    terminal_file(&house, &again).await;
    assert_eq!(house.stands_at("suspense:refund_returned").await, -21_000);

    let lines = [json!({"amount": 21_000})];
    let refund = proposes(&house.staff, &seen, &lines, "close").await.expect(201);
    approves(&second, &refund).await.expect(200);
    house.drain().await;
    let code = house.ask("select reference from refund").await;
    let text = format!("HOAN TRA {code}");
    let lines = [(-21_000, "FT2", text.as_str())];
    let statement = mt940(tests::bank::ACCOUNT, today(), 21_000, &lines);
    house.sends_statement(&account(), "mt940", statement).await.expect(201);
    house.drain().await;
    assert_eq!(house.stands_at("suspense:refund_returned").await, 0);
    assert_eq!(house.ask("select status from refund").await, "succeeded");
    assert!(!house.ask(OPEN).await.contains(id), "{}", house.ask(OPEN).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_was_undone_here_and_charged_all_the_same_pays_what_a_person_names() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let (fee, _) = undone_card(&house, &second, "612345000013").await;
    // of another amount, too: both are told
    terminal_file(&house, &[Row::new("Thanh toán", "612345000013", 20_000, 0)]).await;
    let kinds =
        "select string_agg(kind || ' ' || amount, ', ' order by kind) from assurance.kase where status <> 'closed'";
    assert_eq!(house.ask(kinds).await, "amount_differs -1000, status_differs 21000");
    assert_eq!(house.stands_at("clearing:pos_main").await, 1_000);
    let case = house.ask("select case_id from assurance.kase where kind = 'status_differs'").await;
    let body = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "thẻ đã bị trừ tiền"});
    let proposed = house.staff.post(&format!("/v1/cases/{case}/resolutions"), body).await.expect(201);
    approves(&second, &proposed).await.expect(200);
    assert_eq!((status(&house, &fee).await.as_str(), house.stands_at("suspense:refund_returned").await), ("paid", 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_calls_an_undone_card_undone_says_what_the_books_say() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    undone_card(&house, &second, "612345000014").await;
    let failed = Row { status: "Thất bại", ..Row::new("Thanh toán", "612345000014", 21_000, 0) };
    terminal_file(&house, &[failed, Row::new("Thanh toán", "612345000015", 1_000, 0)]).await;
    assert_eq!(house.ask(LINES).await, "payment ignored, payment matched");
    let told = "select count(*) from assurance.kase where kind = 'status_differs'";
    assert_eq!(house.ask(told).await, "0");
    house.close().await;
}

/// A row that gives a card back.
fn back<'a>(txn: &'a str, original: &'a str, amount: i64) -> Row<'a> {
    Row { original, ..Row::new("Hoàn tiền", txn, -amount, 0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_that_came_after_the_terminals_batch_is_known_by_the_row_that_gives_the_card_back() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let (fee, card) = undone_card(&house, &second, "612345000016").await;
    terminal_file(&house, &[Row::new("Thanh toán", "612345000016", 21_000, 0)]).await;
    assert_eq!(house.stands_at("suspense:refund_returned").await, -21_000);
    terminal_file(&house, &[back("612345000018", "612345000016", 21_000)]).await;
    let accounts = ["suspense:refund_returned", "clearing:pos_main"];
    for account in accounts {
        assert_eq!(house.stands_at(account).await, 0, "{account}");
    }
    let open =
        "select coalesce(string_agg(kind || ' ' || amount, ', '), '') from assurance.kase where status <> 'closed'";
    assert_eq!(house.ask(open).await, "");
    assert_eq!(
        (status(&house, &fee).await.as_str(), payment(&house, &card).await["reversed"].clone()),
        ("due", json!(21_000))
    );
    // once is enough: who gives it back again gives what is not there
    terminal_file(&house, &[back("612345000019", "612345000016", 21_000)]).await;
    assert_eq!(house.ask(open).await, "missing_in_books -21000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminals_file_that_charges_an_undone_card_and_gives_it_back_says_what_the_books_say() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let (_, card) = undone_card(&house, &second, "612345000020").await;
    let rows = [back("612345000021", "612345000020", 21_000), Row::new("Thanh toán", "612345000020", 21_000, 0)];
    let told = terminal_file(&house, &rows).await;
    assert_eq!((&told["matched"], &told["cases"]), (&json!(2), &json!(0)), "{told}");
    assert_eq!((house.stands_at("clearing:pos_main").await, house.ask(OPEN).await.as_str()), (0, ""));
    assert_eq!(payment(&house, &card).await["reversed"], 21_000);
    let close = format!("/v1/reconciliation/{}/close?profile={TERMINAL}", today());
    house.staff.post(&close, json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_people_have_refunded_is_not_undone_by_the_terminals_later_word() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let (_, card) = undone_card(&house, &second, "612345000022").await;
    terminal_file(&house, &[Row::new("Thanh toán", "612345000022", 21_000, 0)]).await;
    // a part of it is no void, and is not to be had again
    terminal_file(&house, &[back("612345000017", "612345000022", 1_000)]).await;
    let seen = payment(&house, &card).await;
    assert_eq!(seen["refundable_amount"], 20_000);
    let refund = proposes(&house.staff, &seen, &[json!({"amount": 20_000})], "close").await.expect(201);
    approves(&second, &refund).await.expect(200);
    terminal_file(&house, &[back("612345000023", "612345000022", 21_000)]).await;
    assert_eq!(house.ask("select count(*) from assurance.kase where kind = 'missing_in_books'").await, "2");
    assert_eq!(payment(&house, &card).await["reversed"], 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_and_the_terminals_file_at_one_moment_leave_every_dong_a_home() {
    const ROUNDS: usize = 12;
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    known_layout(&house).await;
    let (mut undone, mut settled) = (0, 0);
    for round in 0..ROUNDS {
        let fee = owes(&house, 21_000).await;
        let slip = format!("6123460000{round:02}");
        let card = house.takes_card(&[&fee], 21_000, &slip).await.expect(201);
        let proposed = voids(&house.staff, &card).await.expect(201);
        let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        let approve = Request::post(&second, &approve, &format!("race-{}", fresh()), &json!({}));
        let file = vnpay_file(&[Row::new("Thanh toán", &slip, 21_000, 0)]);
        let path = format!("/v1/settlements?profile={TERMINAL}");
        let file = Request::file(&house.staff, &path, &format!("file-{}", fresh()), &file);
        let answers = at_once(vec![approve, file]).await;
        assert_eq!(answers[1].status, 201, "{}", answers[1].text);
        let (after, waits) = join!(status(&house, &fee), house.stands_at("suspense:refund_returned"));
        match answers[0].status {
            200 => {
                undone += 1;
                assert_eq!((after.as_str(), &answers[1].json["cases"]), ("due", &json!(1)));
            }
            409 => {
                settled += 1;
                assert_eq!((after.as_str(), &answers[1].json["matched"]), ("paid", &json!(1)));
            }
            other => panic!("{other}: {}", answers[0].text),
        }
        assert_eq!((waits, house.stands_at("clearing:pos_main").await), (-21_000 * undone, 0), "round {round}");
    }
    println!("{undone} were undone first, {settled} settled");
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

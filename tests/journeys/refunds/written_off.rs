//! What nobody claims, and what nobody explains, is given up by two persons: once, of no refund any more, and never for good where
//! its owner is found.

use super::past_us::work_item;
use super::taken_back::{bank_takes_back, open_cases};
use super::transfers::{payment_of_id, pays_back, statement};
use super::*;
use crate::erased::{NAME, NUMBER, payer, payer_command};
use crate::settlements::{pays, with_payouts};
use tests::files::{Row, today, vnpay_file};

/// Money that names nothing of ours, on a statement: its payment, and its case.
async fn stray(house: &House, amount: i64) -> (Value, Value) {
    house.transfers(amount, "ung ho quy khuyen hoc").await;
    statement(house).await;
    let case = open_case(house, "unidentified").await;
    (paid_by(house, &case).await, case)
}

async fn open_case(house: &House, kind: &str) -> Value {
    let open = open_cases(house).await;
    open.into_iter().find(|case| case["kind"] == kind).expect("a case of this kind")
}

async fn paid_by(house: &House, case: &Value) -> Value {
    house.staff.get(&format!("/v1/payments/{}", case["payment_id"].as_str().unwrap())).await.expect(200)
}

async fn resolves(who: &Portal, case: &Value, body: Value) -> Answered {
    who.post(&format!("/v1/cases/{}/resolutions", id(case)), body).await
}

fn gives_up() -> Value {
    json!({"action": "write_off", "reason_code": "khong_ro_chu", "note": "Quá hạn truy tìm"})
}

fn found() -> Value {
    json!({"action": "reinstate", "note": "Chủ tiền đã đến"})
}

async fn written_off(house: &House) -> i64 {
    stands(house, "written_off").await
}

async fn stands(house: &House, account: &str) -> i64 {
    let sql = format!("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = '{account}'");
    house.ask(&sql).await.parse().unwrap()
}

async fn status_of(house: &House, case: &Value) -> Value {
    house.staff.get(&format!("/v1/cases/{}", id(case))).await.expect(200)["status"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_persons_write_off_is_given_back_to_nobody_until_two_persons_find_its_owner() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    assert_eq!(resolves(&house.staff, &case, json!({"action": "write_off"})).await.refused(422), "validation_failed");
    assert_eq!(resolves(&house.staff, &case, found()).await.refused(409), "case_not_open");
    // somebody wants to give it back meanwhile
    let back = proposes(&house.staff, &payment, &[json!({"amount": 25_000})], "close").await.expect(201);
    let given_up = resolves(&house.staff, &case, gives_up()).await.expect(201);
    assert_eq!(approves(&house.staff, &given_up).await.refused(403), "same_person");
    approves(&approver, &given_up).await.expect(200);
    assert_eq!(approves(&approver, &back).await.refused(409), "approval_stale");
    assert_eq!(approves(&approver, &given_up).await.refused(409), "approval_decided");

    let seen = payment_of_id(&house, &payment).await;
    assert_eq!((&seen["refundable_amount"], &seen["allocations"][0]["written_off"]), (&json!(0), &json!(true)));
    assert_eq!((written_off(&house).await, status_of(&house, &case).await), (-25_000, json!("closed")));
    assert_eq!(
        proposes(&house.staff, &seen, &[json!({"amount": 25_000})], "close").await.refused(422),
        "refund_line_not_whole"
    );
    assert_eq!(resolves(&house.staff, &case, gives_up()).await.refused(409), "case_not_open");
    let waiting = house.staff.get("/v1/reports/suspense").await.expect(200);
    assert_eq!(waiting["rows"], json!([]));
    let told = house.staff.get(&format!("/v1/reports/transactions?from={0}&to={0}", today())).await.expect(200);
    assert_eq!(told["rows"][0]["reason"], "written_off");

    let again = resolves(&house.staff, &case, found()).await.expect(201);
    assert_eq!(
        resolves(&house.staff, &case, found()).await.refused(409),
        "case_not_open",
        "one waits for its decision"
    );
    approves(&approver, &again).await.expect(200);
    assert_eq!(resolves(&house.staff, &case, found()).await.refused(409), "case_not_written_off");
    let case = open_case(&house, "unidentified").await;
    let fee = house.portal.owes(&dossier(), 25_000, json!({})).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    approves(&approver, &resolves(&house.staff, &case, assign).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, obligation_status(&house, &fee).await), (0, "paid".into()));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_write_off_and_a_refund_of_the_same_money_that_are_approved_at_once_one_is_carried_out() {
    for _ in 0..4 {
        let house = House::with_bank().await;
        let approver = second_person(&house).await;
        let (payment, case) = stray(&house, 25_000).await;
        let back = proposes(&house.staff, &payment, &[json!({"amount": 25_000})], "close").await.expect(201);
        let given_up = resolves(&house.staff, &case, gives_up()).await.expect(201);
        let (one, same, other) =
            tokio::join!(approves(&approver, &given_up), approves(&approver, &given_up), approves(&approver, &back));
        let done = [&one, &same, &other].iter().filter(|a| a.status == 200).count();
        assert_eq!(done, 1, "{} {} {}", one.text, same.text, other.text);
        assert_eq!(written_off(&house).await + stands(&house, "refund_payable").await, -25_000);
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debit_that_was_written_off_is_claimed_by_no_refund_and_its_money_never_goes_out_again() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, payment, proposal, text) = work_item(&house, &approver).await;
    approver.post(&format!("/v1/refunds/{}/cancel", id(&proposal)), json!({})).await.expect(200);
    pays_back(&house, 21_000, &text).await;
    statement(&house).await;
    let case = open_case(&house, "status_differs").await;
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, open_cases(&house).await), (21_000, Vec::<Value>::new()));
    let seen = payment_of_id(&house, &payment).await;
    assert_eq!(seen["refundable_amount"], 0, "the payer has it, whatever we call it");
    assert_eq!(proposes(&house.staff, &seen, &[whole(&fee)], "close").await.refused(422), "refund_line_not_whole");
    // the same day in another format says nothing new
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    assert_eq!((written_off(&house).await, status(&house, &proposal).await), (21_000, "failed".into()));
    // it was a mistake: the debit waits again, and so does what is to be said of it
    approves(&approver, &resolves(&house.staff, &case, found()).await.expect(201)).await.expect(200);
    let again = open_case(&house, "status_differs").await;
    assert_eq!((&again["amount"], &again["payment_id"]), (&case["amount"], &payment["id"]));
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_waits_and_has_left_past_us_is_written_off_once_with_its_debit() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    let back = proposes(&house.staff, &payment, &[json!({"amount": 25_000})], "close").await.expect(201);
    let code = house.ask("select reference from refund").await;
    let waits = resolves(&house.staff, &case, gives_up()).await.expect(201);
    pays_back(&house, 20_000, &code).await;
    statement(&house).await;
    assert_eq!(approves(&approver, &waits).await.refused(409), "approval_stale");
    assert_eq!(resolves(&house.staff, &case, gives_up()).await.refused(409), "case_money_left");
    let debit = open_cases(&house).await.into_iter().find(|case| case["movement_id"].is_string()).unwrap();
    approves(&approver, &resolves(&house.staff, &debit, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!(written_off(&house).await, 0, "nothing is lost, and nothing won");
    house.staff.post(&format!("/v1/refunds/{}/cancel", id(&back)), json!({})).await.expect(200);
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 5_000);
    // what has not left is the payer's still, and may be given up by itself
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, open_cases(&house).await), (-5_000, Vec::<Value>::new()));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_settlement_file_that_was_written_off_is_never_to_be_had_of_its_payment_again() {
    let house = with_payouts().await;
    let approver = second_person(&house).await;
    let order = pays(&house, 50_000).await;
    let original = order["transaction_no"].as_str().unwrap();
    let known = Row { original, ..Row::new("Hoàn tiền", "4711", -50_000, 0) };
    let unknown = Row { original: "404", ..Row::new("Hoàn tiền", "4712", -7_000, 0) };
    house.sends_settlement(vnpay_file(&[known, unknown])).await.expect(201);
    for kind in ["missing_in_books", "refund_without_payment"] {
        let case = open_case(&house, kind).await;
        approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
        assert_eq!(status_of(&house, &case).await, "closed", "{kind}");
    }
    assert_eq!((written_off(&house).await, stands(&house, "suspense:unidentified").await), (57_000, 0));
    let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
    assert_eq!((&payment["amount"], &payment["refundable_amount"]), (&json!(50_000), &json!(0)));
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_whose_money_was_written_off_may_be_erased() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, payer(NAME, NUMBER)).await;
    let intent = house.portal.opens(&[&fee]).await;
    let qr = house.at_the_bank(&intent).await;
    house.transfers(28_000, qr["action"]["transfer_content"].as_str().unwrap()).await;
    statement(&house).await;
    let refused = payer_command(&house, "erase", NUMBER).await;
    assert!(!refused.success, "what waits is theirs: {}", refused.stderr);
    let case = open_case(&house, "overpaid").await;
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, obligation_status(&house, &fee).await), (-7_000, "paid".into()));
    assert_eq!(payment_of(&house, &intent).await["refundable_amount"], 21_000, "the fee's money is as it was");
    let erased = payer_command(&house, "erase", NUMBER).await;
    assert!(erased.success, "{}", erased.stderr);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_line_shows_beyond_what_was_told_of_is_written_off_by_itself() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let qr = house.at_the_bank(&intent).await;
    // told as 33,000 and shown as 40,000
    house.bank_script(json!({}), json!({"amount_delta": -7_000})).await;
    house.transfers(40_000, qr["action"]["transfer_content"].as_str().unwrap()).await;
    statement(&house).await;
    let case = open_case(&house, "amount_differs").await;
    assert_eq!((&case["amount"], stands(&house, "suspense:amount_differs").await), (&json!(7_000), -7_000));
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, stands(&house, "suspense:amount_differs").await), (-7_000, 0));
    let payment = payment_of(&house, &intent).await;
    assert_eq!((&payment["refundable_amount"], obligation_status(&house, &fee).await), (&json!(33_000), "paid".into()));
    house.holds().await;
    approves(&approver, &resolves(&house.staff, &case, found()).await.expect(201)).await.expect(200);
    assert_eq!((written_off(&house).await, stands(&house, "suspense:amount_differs").await), (0, -7_000));
    // a bank that says two amounts of one transfer is no truth to compare with
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_bank_has_taken_back_since_it_was_written_off_waits_for_nobody_again() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    bank_takes_back(&house, &payment).await;
    assert_eq!(written_off(&house).await, 0);
    assert_eq!(resolves(&house.staff, &case, found()).await.refused(409), "case_not_written_off");
    let path = format!("/v1/cases/{}/resolutions/preview", id(&case));
    assert_eq!(house.staff.post(&path, found()).await.refused(409), "case_not_written_off");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_that_no_statement_shows_is_no_gain_yet() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        house.transfers(21_000, &content).await;
    }
    let case = open_case(&house, "duplicate_payment").await;
    assert_eq!(resolves(&house.staff, &case, gives_up()).await.refused(409), "credit_not_proven");
    statement(&house).await;
    approves(&approver, &resolves(&house.staff, &case, gives_up()).await.expect(201)).await.expect(200);
    assert_eq!(written_off(&house).await, -21_000);
    house.close().await;
}

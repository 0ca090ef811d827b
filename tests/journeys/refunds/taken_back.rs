//! The bank takes a credit back: the payment is reversed, what it had settled is due again.

use super::transfers::{paid_by_transfer, payment_of_id, pays_back, statement};
use super::*;
use crate::receipts::{collects, receipts_of};
use domain::role::Role;
use tests::bank::ACCOUNT;
use tests::desk::{Desk, hires};
use tests::files::today;
use tests::portal::fresh;

#[tokio::test]
async fn what_the_bank_takes_back_is_due_again_and_the_dossier_hears() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let booked = house.transfers(21_000, &content).await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    let payment = payment_of(&house, &intent).await;
    assert_eq!((&payment["reversed"], &payment["refundable_amount"]), (&json!(21_000), &json!(0)));
    let cases = "select string_agg(kind || ' ' || amount, ', ') from assurance.kase where status = 'open'";
    assert_eq!(house.ask(cases).await, "chargeback -21000");
    // its debit is explained: whoever has seen it closes the case
    let case = open_cases(&house).await.remove(0);
    assert_eq!(resolves(&house.staff, &case, reopens()).await.refused(409), "case_has_no_money", "it is due");
    resolves(&house.staff, &case, json!({"action": "accept_difference"})).await.expect(201);
    house.drain().await;
    let told = house.heard().await;
    assert!(told.iter().any(|e| e["type"] == "obligation.reopened"), "{told:?}");
    house.close().await;
}

#[tokio::test]
async fn what_was_proposed_of_a_payment_that_the_bank_takes_back_is_withdrawn() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let booked = house.transfers(21_000, &content).await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    let payment = payment_of(&house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(status(&house, &proposal).await, "cancelled");
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_decided");
    assert_eq!(payment_of(&house, &intent).await["refundable_amount"], 0);
    house.close().await;
}

/// The bank takes the credit of an intent's transfer back.
pub(super) async fn bank_takes_back(house: &House, payment: &Value) {
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": payment["bank_ref"]})).await;
    statement(house).await;
}

/// The open cases, each with whose money it is and what it is about.
pub(super) async fn open_cases(house: &House) -> Vec<Value> {
    house.staff.get("/v1/cases?status=open").await.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_transfer_that_nobody_has_made_yet_is_withdrawn_with_the_credit_that_it_was_to_give_back() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    for given_out in [false, true] {
        let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
        statement(&house).await;
        let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        if given_out {
            becomes(&house, &proposal, "awaiting_statement").await;
        }
        bank_takes_back(&house, &payment).await;
        let withdrawn = refund(&house, &proposal).await;
        assert_eq!(withdrawn["status"], if given_out { "failed" } else { "cancelled" });
        assert_eq!(withdrawn["work_item"], Value::Null, "nobody is to transfer it");
        assert_eq!(obligation_status(&house, &fee).await, "due");
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        let seen = payment_of_id(&house, &payment).await;
        assert_eq!((&seen["reversed"], &seen["refundable_amount"]), (&json!(21_000), &json!(0)));
        let case = open_cases(&house).await[0].clone();
        assert_eq!((&case["kind"], &case["payment_id"]), (&json!("chargeback"), &payment["id"]));
        assert_eq!(case["subject"], proposal["id"], "it says which refund was withdrawn");
        let why = format!(
            "select cause from assurance.transition where entity_id = '{}' order by seq desc limit 1",
            id(&proposal)
        );
        assert_eq!(house.ask(&why).await, "payment_taken_back");
        house.holds().await;
    }
    house.close().await;
}

/// A fee that is paid by a transfer with this reference of the bank's.
async fn paid_as(house: &House, amount: i64, reference: &str) -> Value {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    let how = json!({"account": ACCOUNT, "amount": amount, "content": content, "reference": reference});
    house.transfers_how(how).await;
    fee
}

#[tokio::test]
async fn a_reversal_takes_back_the_payment_that_it_names_and_not_one_whose_reference_is_its_head() {
    let house = House::with_bank().await;
    let first = paid_as(&house, 21_000, "FT26330777").await;
    let second = paid_as(&house, 21_000, "FT263307771").await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": "FT263307771"})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &first).await, "paid");
    assert_eq!(obligation_status(&house, &second).await, "due");
    house.close().await;
}

#[tokio::test]
async fn a_reversal_whose_reference_is_too_short_to_say_which_takes_nothing_back() {
    let house = House::with_bank().await;
    let fee = paid_as(&house, 21_000, "12").await;
    let day = today().to_string();
    house.imports("camt053_v8", &day).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": "12"})).await;
    house.imports("camt053_v8", &day).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    let case = house.staff.get("/v1/cases?status=open&kind=chargeback").await.expect(200)["data"][0].clone();
    assert_eq!((&case["amount"], &case["payment_id"]), (&json!(-21_000), &Value::Null));
    let whole = house.staff.get(&format!("/v1/cases/{}", id(&case))).await.expect(200);
    let suggested = &whole["suggestions"][0];
    assert_eq!(suggested["rule"], "may_be_taken_back");
    let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
    assert_eq!((&suggested["payment_id"], &suggested["amount_due"]), (&payment["id"], &json!(0)));
    house.close().await;
}

async fn resolves(who: &Portal, case: &Value, body: Value) -> Answered {
    who.post(&format!("/v1/cases/{}/resolutions", id(case)), body).await
}

fn reopens() -> Value {
    json!({"action": "reopen_obligations", "note": "Ngân hàng đã lấy lại toàn bộ"})
}

async fn open_case(house: &House, kind: &str) -> Value {
    let open = open_cases(house).await;
    open.iter().find(|case| case["kind"] == kind).cloned().unwrap_or_else(|| panic!("{kind} of {open:?}"))
}

/// Fees of 10,000 and 20,000, their intent, the payment of both: the first went back to its payer by a transfer. On statements.
async fn refunded_in_part(house: &House, approver: &Portal) -> ([Value; 2], Value, Value) {
    let first = house.portal.owes(&dossier(), 10_000, json!({})).await;
    let second = house.portal.owes(&dossier(), 20_000, json!({})).await;
    let intent = house.portal.opens(&[&first, &second]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(30_000, &content).await;
    statement(house).await;
    let payment = payment_of(house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&first)], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    let text = refund(house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    pays_back(house, 10_000, &text).await;
    statement(house).await;
    assert_eq!(status(house, &proposal).await, "succeeded");
    ([first, second], intent, payment)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_payment_still_pays_after_the_bank_took_it_back_whole_is_due_again_by_the_word_of_two_persons() {
    let house = House::with_bank().await;
    house.hear_events().await;
    collects(&house).await;
    let approver = second_person(&house).await;
    let ([_, fee], intent, payment) = refunded_in_part(&house, &approver).await;
    house.drain().await;
    assert_eq!(receipts_of(&house, &fee).await[0]["status"], "issued");
    bank_takes_back(&house, &payment).await;
    let case = open_case(&house, "chargeback").await;
    assert_eq!((&case["amount"], &case["payment_id"]), (&json!(-30_000), &payment["id"]));
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    let accept = json!({"action": "accept_difference"});
    assert_eq!(resolves(&house.staff, &case, accept).await.refused(409), "case_money_waits");

    let seen = house.staff.post(&format!("/v1/cases/{}/resolutions/preview", id(&case)), reopens()).await.expect(200);
    let states = seen["states"].as_array().unwrap();
    let becomes_due = |s: &Value| s["id"] == fee["id"] && s["from"] == "paid" && s["to"] == "due";
    assert!(states.iter().any(becomes_due), "{seen}");
    assert!(states.iter().any(|s| s["id"] == case["id"] && s["to"] == "open"), "{seen}");
    let proposal = resolves(&house.staff, &case, reopens()).await.expect(201);
    assert_eq!(approves(&house.staff, &proposal).await.refused(403), "same_person");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    approves(&approver, &proposal).await.expect(200);
    assert_eq!(obligation_status(&house, &fee).await, "due");
    house.drain().await;
    assert_eq!(receipts_of(&house, &fee).await[0]["status"], "cancelled");
    let still = open_case(&house, "chargeback").await;
    assert_eq!((&still["id"], &still["amount"]), (&case["id"], &case["amount"]), "what is lost is still to be said");
    assert_eq!(resolves(&house.staff, &still, reopens()).await.refused(409), "case_has_no_money", "once");

    // nothing of what waits is there: it pays nothing, goes to nobody, and is no gain
    let waiting = open_case(&house, "underpaid").await;
    assert_eq!((&waiting["amount"], &waiting["payment_id"]), (&json!(20_000), &payment["id"]));
    let shown = payment_of_id(&house, &payment).await;
    assert_eq!(shown["refundable_amount"], 0);
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    assert_eq!(resolves(&house.staff, &waiting, assign).await.refused(422), "validation_failed");
    let back = json!({"action": "refund_to_payer", "reason_code": "nop_nham", "refundable_amount": 0,
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"}});
    assert_eq!(resolves(&house.staff, &waiting, back).await.refused(422), "refund_line_not_whole");
    let lines = [json!({"amount": 20_000})];
    assert_eq!(proposes(&house.staff, &shown, &lines, "close").await.refused(422), "refund_line_not_whole");
    let lost = json!({"action": "write_off", "reason_code": "ngan_hang_lay_lai", "note": "Người nộp đã nhận hoàn trả"});
    assert_eq!(resolves(&house.staff, &waiting, lost.clone()).await.refused(409), "case_money_left");

    // the fee is paid anew, and the old money is not taken for it
    let again = house.portal.intent(&intent).await;
    assert_eq!((&again["status"], &again["amount_due"]), (&json!("open"), &json!(20_000)));
    let content = house.at_the_bank(&again).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(20_000, &content).await;
    statement(&house).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.holds().await;
    house.drain().await;
    let receipts = receipts_of(&house, &fee).await;
    let mut states: Vec<_> = receipts.iter().map(|r| r["status"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["cancelled", "issued"]);
    let told = house.heard().await;
    assert_eq!(told.iter().filter(|e| e["type"] == "obligation.reopened").count(), 1, "{told:?}");

    // what had gone to the payer is lost, and nothing else
    approves(&approver, &resolves(&house.staff, &still, lost).await.expect(201)).await.expect(200);
    let loss = "select sum(amount) from assurance.ledger_entry where account_code = 'written_off'";
    assert_eq!((house.ask(loss).await.as_str(), open_cases(&house).await), ("10000", Vec::<Value>::new()));
    assert_eq!(payment_of_id(&house, &payment).await["refundable_amount"], 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reopening_of_another_sum_than_the_payment_pays_by_now_is_stale() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let ([_, fee], _, payment) = refunded_in_part(&house, &approver).await;
    bank_takes_back(&house, &payment).await;
    let case = open_case(&house, "chargeback").await;
    // the desk says the same of it
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let mut desk = Desk::of(&house, &accountant).await;
    let path = format!("/console/cases/{}", id(&case));
    let page = desk.get(&path).await.expect(200);
    let (form, key) = (page.field("form"), page.field("key"));
    let fields = [("form", form.as_str()), ("key", &key), ("action", "reopen_obligations"), ("preview", "1")];
    let seen = desk.post(&format!("{path}/resolutions"), &fields).await.expect(200);
    assert!(page.says("Mở lại nghĩa vụ đã nộp") && seen.says("20.000"), "{}", seen.text);
    let proposal = resolves(&house.staff, &case, reopens()).await.expect(201);
    let lower = json!({"amount": 5_000, "reason_code": "tinh_sai"});
    let lowered = house.staff.post(&format!("/v1/obligations/{}/reductions", id(&fee)), lower).await.expect(201);
    approves(&approver, &lowered).await.expect(200);
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_stale");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    let again = resolves(&house.staff, &open_case(&house, "chargeback").await, reopens()).await.expect(201);
    let shown = house.staff.get(&format!("/v1/approvals/{}", again["approval_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(shown["payload"]["reopens"], json!([{"obligation_id": fee["id"], "amount": 15_000}]));
    approves(&approver, &again).await.expect(200);
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(open_case(&house, "underpaid").await["amount"], 15_000);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reopening_is_stale_once_a_corrected_file_says_that_the_bank_took_nothing_back() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let ([_, fee], _, payment) = refunded_in_part(&house, &approver).await;
    let before = house.bank_statement(ACCOUNT, "camt053_v8", &today().to_string()).await;
    house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": payment["bank_ref"]})).await;
    let wrong = house.imports("camt053_v8", &today().to_string()).await;
    let case = open_case(&house, "chargeback").await;
    let proposal = resolves(&house.staff, &case, reopens()).await.expect(201);
    let path = format!("/v1/statements/{}/supersessions?note=sua", id(&wrong));
    let corrected = house.sends_file(&path, &format!("corrected-{}", fresh()), before).await.expect(201);
    approves(&approver, &corrected).await.expect(200);
    assert_eq!(open_cases(&house).await, Vec::<Value>::new());
    assert_eq!(approves(&approver, &proposal).await.refused(409), "approval_stale");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_does_not_say_that_money_is_held_which_the_bank_took_back_when_its_fee_was_reopened() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (_, intent, payment) = refunded_in_part(&house, &approver).await;
    bank_takes_back(&house, &payment).await;
    let case = open_case(&house, "chargeback").await;
    approves(&approver, &resolves(&house.staff, &case, reopens()).await.expect(201)).await.expect(200);
    let page = async |query: &str| {
        let url = format!("{}{query}", intent["checkout_url"].as_str().unwrap());
        house.http.get(url).send().await.unwrap().text().await.unwrap()
    };
    let says_nothing_held = |page: &str| {
        for held in
            ["Chưa tính vào phí", "đang được giữ", "đang được kiểm tra", "Hoàn trả vào tài khoản nào?", "tiền nộp thừa"]
        {
            assert!(!page.contains(held), "{held} is said: {page}");
        }
    };
    let shown = page("").await;
    says_nothing_held(&shown);
    for said in
        ["<p class=\"amount\">20.000 ₫</p>", "Ngân hàng đã thu hồi khoản tiền đã nộp, nên khoản phí lại phải nộp."]
    {
        assert!(shown.contains(said), "{said} is missing: {shown}");
    }
    assert!(!page("?lang=en").await.contains("Not counted"), "{shown}");
    // nor is it too much once the fee was paid anew
    let again = house.portal.intent(&intent).await;
    let content = house.at_the_bank(&again).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(20_000, &content).await;
    let shown = page("").await;
    assert!(shown.contains("<h1>Đã thanh toán</h1>"), "{shown}");
    says_nothing_held(&shown);
    house.close().await;
}

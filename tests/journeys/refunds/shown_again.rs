//! A corrected file of the bank has a credit no more, and a later one has it again: it came once, and goes back once at most.

use super::taken_back::open_cases;
use super::transfers::payment_of_id;
use super::*;
use tests::bank::BIN;
use tests::files::{Line, mt940, today};
use tests::portal::fresh;

const NUMBER: &str = "7700000021";
const CREDIT: &str = "FT26330160";

/// Fees of 100,000 and 60,000 that one transfer of 160,000 paid, on an account of its own.
struct Office {
    house: House,
    second: Portal,
    fees: [Value; 2],
    intent: Value,
    payment: Value,
    /// The file that shows the transfer.
    first: Value,
}

impl Office {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(NUMBER).await;
        let second = second_person(&house).await;
        let fees = [
            house.portal.owes(&dossier(), 100_000, json!({})).await,
            house.portal.owes(&dossier(), 60_000, json!({})).await,
        ];
        let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
        let lines = [(160_000, CREDIT, text(&intent["reference"]))];
        let first = house.sends_statement(&account(), "auto", mt940(NUMBER, today(), 0, &lines)).await.expect(201);
        let payment = payment_of(&house, &intent).await;
        Self { house, second, fees, intent, payment, first }
    }

    /// The first fee goes back to the payer, and a file shows it.
    async fn refunds_the_first(&self) {
        let house = &self.house;
        let refund = proposes(&house.staff, &self.payment, &[whole(&self.fees[0])], "close").await.expect(201);
        approves(&self.second, &refund).await.expect(200);
        becomes(house, &refund, "awaiting_statement").await;
        let shown = super::refund(house, &refund).await;
        self.imports(160_000, &[(-100_000, "FT26330161", text(&shown["work_item"]["text"]))]).await;
        becomes(house, &refund, "succeeded").await;
    }

    async fn imports(&self, opening: i64, lines: &[Line<'_>]) -> Value {
        self.sends(mt940(NUMBER, today(), opening, lines)).await
    }

    async fn sends(&self, file: Vec<u8>) -> Value {
        self.house.sends_statement(&account(), "auto", file).await.expect(201)
    }

    /// Two persons put a file with these lines in the place of another.
    async fn corrects(&self, file: &Value, lines: &[Line<'_>]) {
        let path = format!("/v1/statements/{}/supersessions?note=sua", id(file));
        let corrected = mt940(NUMBER, today(), 0, lines);
        let proposed = self.house.sends_file(&path, &format!("corrected-{}", fresh()), corrected).await.expect(201);
        approves(&self.second, &proposed).await.expect(200);
    }

    /// The credit once more: all that it had, and a word of the bank's beside it.
    async fn shows_again(&self) -> Value {
        let said = format!("{} CHUYEN LAI", text(&self.intent["reference"]));
        self.imports(0, &[(160_000, CREDIT, &said)]).await
    }

    async fn decides(&self, case: &Value, body: Value) {
        let proposed = resolves(&self.house, case, body).await.expect(201);
        approves(&self.second, &proposed).await.expect(200);
    }

    async fn case(&self, kind: &str) -> Value {
        let open = open_cases(&self.house).await;
        open.iter().find(|case| case["kind"] == kind).cloned().unwrap_or_else(|| panic!("{kind} of {open:?}"))
    }

    async fn kinds(&self) -> Vec<Value> {
        open_cases(&self.house).await.iter().map(|case| case["kind"].clone()).collect()
    }

    async fn refundable(&self) -> Value {
        payment_of_id(&self.house, &self.payment).await["refundable_amount"].clone()
    }

    async fn payments(&self) -> Vec<Value> {
        let path = format!("/v1/payments?intent_id={}", id(&self.intent));
        self.house.staff.get(&path).await.expect(200)["data"].as_array().unwrap().clone()
    }

    async fn stands(&self, code: &str) -> i64 {
        let sql = format!("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = '{code}'");
        self.house.ask(&sql).await.parse().unwrap()
    }

    async fn bank(&self) -> i64 {
        self.stands(&format!("bank:{}", account())).await
    }
}

fn account() -> String {
    format!("{BIN}.{NUMBER}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn resolves(house: &House, case: &Value, body: Value) -> Answered {
    house.staff.post(&format!("/v1/cases/{}/resolutions", id(case)), body).await
}

fn reopens() -> Value {
    json!({"action": "reopen_obligations", "note": "Ngân hàng đã lấy lại toàn bộ"})
}

fn lost() -> Value {
    json!({"action": "write_off", "reason_code": "ngan_hang_lay_lai", "note": "Người nộp đã nhận hoàn trả"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_a_corrected_file_took_back_is_the_same_money_when_a_later_file_shows_it_again() {
    let office = Office::new().await;
    let house = &office.house;
    office.refunds_the_first().await;
    office.corrects(&office.first, &[]).await;
    let case = office.case("chargeback").await;
    assert_eq!((&case["amount"], &case["payment_id"]), (&json!(-160_000), &office.payment["id"]));
    office.decides(&case, reopens()).await;
    assert_eq!(obligation_status(house, &office.fees[1]).await, "due");
    office.imports(60_000, &[(60_000, "FT26330162", text(&office.intent["reference"]))]).await;
    assert_eq!(obligation_status(house, &office.fees[1]).await, "paid");

    let again = office.shows_again().await;
    assert_eq!(office.bank().await, 120_000);
    assert_eq!(office.payments().await.len(), 2, "the one that was shown again, and the one that paid the fee anew");
    assert_eq!(office.kinds().await, ["underpaid"], "nobody has lost anything");
    assert_eq!(office.refundable().await, 60_000, "100,000 of 160,000 are with the payer");
    assert_eq!(office.stands("suspense:unidentified").await, 0);
    assert_eq!(office.stands("suspense:underpaid").await, -60_000);
    assert_eq!(office.stands(&format!("in_transit:{}", account())).await, 0);
    house.holds().await;

    // it is taken back once more, and shown once more
    office.corrects(&again, &[(2_000, "FT26330163", "ung ho")]).await;
    let case = office.case("chargeback").await;
    assert_eq!((&case["amount"], &case["payment_id"]), (&json!(-160_000), &office.payment["id"]));
    assert_eq!(office.refundable().await, 0);
    let said = format!("{} CHUYEN LAI LAN HAI", text(&office.intent["reference"]));
    office.imports(2_000, &[(160_000, CREDIT, &said)]).await;
    assert_eq!((office.refundable().await, office.payments().await.len()), (json!(60_000), 2));
    let back = json!({"action": "refund_to_payer", "reason_code": "nop_nham", "refundable_amount": 60_000,
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"}});
    office.decides(&office.case("underpaid").await, back).await;
    assert_eq!(office.refundable().await, 0);
    house.holds().await;
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_nothing_was_reopened_pays_on_when_its_credit_is_shown_again() {
    let office = Office::new().await;
    let house = &office.house;
    office.refunds_the_first().await;
    // what waits for a second person comes to nothing
    office.corrects(&office.first, &[]).await;
    let proposed = resolves(house, &office.case("chargeback").await, lost()).await.expect(201);
    let again = office.shows_again().await;
    assert_eq!(approves(&office.second, &proposed).await.refused(409), "approval_stale");
    assert_eq!((office.kinds().await, office.payments().await.len()), (Vec::new(), 1));
    assert_eq!(obligation_status(house, &office.fees[1]).await, "paid");
    assert_eq!((office.refundable().await, office.bank().await), (json!(60_000), 60_000));
    house.holds().await;

    // a corrected file that says no more than another word of it takes nothing back
    let said = format!("{} NGUYEN VAN A", text(&office.intent["reference"]));
    office.corrects(&again, &[(160_000, CREDIT, &said)]).await;
    assert_eq!((office.kinds().await, office.payments().await.len()), (Vec::new(), 1));
    assert_eq!((office.refundable().await, office.bank().await), (json!(60_000), 60_000));
    house.holds().await;
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_credit_that_is_shown_again_after_its_loss_was_written_off_nothing_is_disposed_of() {
    let office = Office::new().await;
    let house = &office.house;
    office.refunds_the_first().await;
    office.corrects(&office.first, &[]).await;
    office.decides(&office.case("chargeback").await, reopens()).await;
    office.imports(60_000, &[(60_000, "FT26330162", text(&office.intent["reference"]))]).await;
    office.decides(&office.case("chargeback").await, lost()).await;
    assert_eq!(office.stands("written_off").await, 100_000);

    office.shows_again().await;
    assert_eq!((office.kinds().await, office.bank().await), (vec![json!("duplicate_payment")], 120_000));
    let new = office.case("duplicate_payment").await;
    let booked = house.staff.get(&format!("/v1/payments/{}", text(&new["payment_id"]))).await.expect(200);
    let lines = [json!({"amount": 160_000})];
    assert_eq!(booked["refundable_amount"], 0, "what was taken back and given up was of it");
    assert_eq!(proposes(&house.staff, &booked, &lines, "close").await.refused(422), "refund_line_not_whole");
    assert_eq!(resolves(house, &new, lost()).await.refused(409), "credit_not_proven");
    let other = house.portal.owes(&dossier(), 5_000, json!({})).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [other["id"]]});
    assert_eq!(resolves(house, &new, assign).await.refused(422), "validation_failed");
    assert_eq!((office.refundable().await, office.stands("written_off").await), (json!(0), 100_000));
    house.holds().await;
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_had_left_when_its_credit_was_taken_back_is_not_had_of_the_same_credit_again() {
    let office = Office::new().await;
    let house = &office.house;
    let refund = proposes(&house.staff, &office.payment, &[whole(&office.fees[0])], "close").await.expect(201);
    approves(&office.second, &refund).await.expect(200);
    becomes(house, &refund, "awaiting_statement").await;
    let shown = super::refund(house, &refund).await;
    office.corrects(&office.first, &[]).await;
    assert_eq!(status(house, &refund).await, "failed", "nobody is to make it any more; somebody had");
    office.imports(160_000, &[(-100_000, "FT26330161", text(&shown["work_item"]["text"]))]).await;
    let left = office.case("refund_without_payment").await;
    assert_eq!((&left["amount"], &left["payment_id"]), (&json!(-100_000), &office.payment["id"]));

    office.shows_again().await;
    let payments = office.payments().await;
    let again = payments.iter().find(|p| p["id"] != office.payment["id"]).unwrap();
    assert_eq!(obligation_status(house, &office.fees[0]).await, "paid");
    assert_eq!(again["refundable_amount"], 60_000, "100,000 of 160,000 are with the payer");
    let first = proposes(&house.staff, again, &[whole(&office.fees[0])], "close").await;
    assert_eq!(first.status, 422, "{}", first.text);
    office.decides(&left, lost()).await;
    let again = payment_of_id(house, again).await;
    assert_eq!(again["refundable_amount"], 60_000, "what was given up has left all the same");
    let second = proposes(&house.staff, &again, &[whole(&office.fees[1])], "close").await.expect(201);
    approves(&office.second, &second).await.expect(200);
    house.holds().await;
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_credit_that_the_bank_corrects_in_its_sum_no_more_goes_back_than_is_left_of_it() {
    let office = Office::new().await;
    let house = &office.house;
    office.refunds_the_first().await;
    office.corrects(&office.first, &[(150_000, CREDIT, text(&office.intent["reference"]))]).await;
    let waits = office.case("duplicate_payment").await;
    let booked = payment_of_id(house, &json!({"id": waits["payment_id"]})).await;
    assert_eq!((&booked["amount"], &booked["refundable_amount"]), (&json!(150_000), &json!(0)));
    let back = json!({"action": "refund_to_payer", "reason_code": "nop_nham", "refundable_amount": 0,
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"}});
    assert_eq!(resolves(house, &waits, back).await.status, 422);
    let other = house.portal.owes(&dossier(), 5_000, json!({})).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [other["id"]]});
    assert_eq!(resolves(house, &waits, assign).await.status, 422);
    assert_eq!(resolves(house, &waits, lost()).await.refused(409), "case_money_left");
    let sums = (office.stands("suspense:duplicate").await, office.stands("suspense:unidentified").await);
    assert_eq!(sums, (-150_000, 160_000));
    assert_eq!(obligation_status(house, &office.fees[1]).await, "paid");
    house.holds().await;
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_whose_payment_was_reversed_with_it_is_money_that_came_after_all() {
    let office = Office::new().await;
    let house = &office.house;
    office.corrects(&office.first, &[]).await;
    assert_eq!(obligation_status(house, &office.fees[0]).await, "due");
    office.shows_again().await;
    for fee in &office.fees {
        assert_eq!(obligation_status(house, fee).await, "paid");
    }
    let payments = office.payments().await;
    let of = |name: &str| payments.iter().map(|p| p[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((payments.len(), of("reversed"), of("refundable_amount")), (2, 160_000, 160_000));
    assert_eq!(office.bank().await, 160_000);
    house.holds().await;
    office.house.close().await;
}

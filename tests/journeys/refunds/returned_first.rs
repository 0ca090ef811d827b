//! A transfer that comes back is no stranger's payment, whichever of the two lines is seen first.

use super::*;
use jiff::ToSpan;
use jiff::civil::Date;
use tests::bank::BIN;
use tests::files::{Line, mt940, today};

pub(super) const OWN: &str = "7700000001";
const ELSEWHERE: &str = "7700000003";
pub(super) const PAYMENTS: &str =
    "select count(*) || ' ' || coalesce(sum(amount - reversed), 0) from assurance.payment";
pub(super) const HELD: &str = "select coalesce(string_agg(h.held, ', ' order by h.held), '') from (
    select suspense_reason || ' ' || sum(amount) as held from assurance.allocation
    where suspense_reason is not null group by suspense_reason having sum(amount) <> 0) h";
pub(super) const IN_TRANSIT: &str =
    "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code like 'in_transit:%'";
pub(super) const CASES: &str =
    "select coalesce(string_agg(kind, ' ' order by kind), '') from assurance.kase where status <> 'closed'";

/// The n-th of ten days that end yesterday.
pub(super) fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

pub(super) async fn stated(house: &House, number: &str, on: Date, opening: i64, lines: &[Line<'_>]) {
    let file = mt940(number, on, opening, lines);
    house.sends_statement(&format!("{BIN}.{number}"), "auto", file).await.expect(201);
}

/// A fee that was paid by a line of `day(1)`, and whose refund somebody is to transfer: the fee, the refund, its text.
pub(super) async fn to_be_made(house: &House) -> (Value, Value, String) {
    house.had_account(OWN).await;
    let approver = second_person(house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    stated(house, OWN, day(1), 0, &[(21_000, "FT1", intent["reference"].as_str().unwrap())]).await;
    let payment = payment_of(house, &intent).await;
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    let text = refund(house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    (fee, proposal, text)
}

pub(super) async fn is_returned(house: &House, fee: &Value, proposal: &Value) {
    assert_eq!(
        (status(house, proposal).await.as_str(), house.ask(HELD).await.as_str()),
        ("failed", "refund_returned 21000")
    );
    assert_eq!((obligation_status(house, fee).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("refunded", "0"));
    assert_eq!(house.ask(CASES).await, "status_differs");
}

#[tokio::test]
async fn a_return_whose_file_comes_before_that_of_its_debit_waits_for_it() {
    let house = House::with_bank().await;
    let (fee, proposal, text) = to_be_made(&house).await;
    stated(&house, OWN, day(4), 0, &[(21_000, "FT3", &format!("{text} tra lai"))]).await;
    house.drain().await;
    assert_eq!(
        (house.ask(PAYMENTS).await.as_str(), status(&house, &proposal).await.as_str()),
        ("1 21000", "awaiting_statement")
    );
    stated(&house, OWN, day(3), 21_000, &[(-21_000, "FT2", &text)]).await;
    is_returned(&house, &fee, &proposal).await;
    assert_eq!(house.ask(PAYMENTS).await, "1 21000");
    house.close().await;
}

#[tokio::test]
async fn a_return_whose_debit_is_seen_first_is_taken_as_such() {
    let house = House::with_bank().await;
    let (fee, proposal, text) = to_be_made(&house).await;
    stated(&house, OWN, day(3), 21_000, &[(-21_000, "FT2", &text)]).await;
    stated(&house, OWN, day(4), 0, &[(21_000, "FT3", &format!("{text} tra lai"))]).await;
    is_returned(&house, &fee, &proposal).await;
    house.close().await;
}

#[tokio::test]
async fn a_debit_that_comes_when_its_return_was_booked_as_a_payment_takes_it_back() {
    let house = House::with_bank().await;
    let (fee, proposal, text) = to_be_made(&house).await;
    house.had_account(ELSEWHERE).await;
    stated(&house, OWN, day(4), 21_000, &[(21_000, "FT3", &format!("{text} tra lai"))]).await;
    assert_eq!(house.ask(PAYMENTS).await, "1 21000", "its debit may come yet");
    stated(&house, OWN, day(9), 42_000, &[]).await;
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(HELD).await.as_str()), ("2 42000", "unidentified 21000"));
    // it was made from another account, whose statement comes late
    stated(&house, ELSEWHERE, day(3), 100_000, &[(-21_000, "FT2", &text)]).await;
    house.drain().await;
    is_returned(&house, &fee, &proposal).await;
    assert_eq!(house.ask(PAYMENTS).await, "2 21000");
    house.close().await;
}

#[tokio::test]
async fn a_return_that_the_bank_has_taken_back_itself_stops_nothing_when_its_debit_comes() {
    let house = House::with_bank().await;
    let (_, proposal, text) = to_be_made(&house).await;
    house.had_account(ELSEWHERE).await;
    let reference = "FT2633000000033";
    stated(&house, OWN, day(4), 21_000, &[(21_000, reference, &format!("{text} tra lai"))]).await;
    stated(&house, OWN, day(9), 42_000, &[]).await;
    house.drain().await;
    let back = mt940(OWN, today(), 42_000, &[(-21_000, reference, "HUY GD")]);
    let back = String::from_utf8(back).unwrap().replace("D21000,NTRF", "RC21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", back).await.expect(201);
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(HELD).await.as_str()), ("2 21000", ""));
    stated(&house, ELSEWHERE, day(3), 100_000, &[(-21_000, "FT2", &text)]).await;
    house.drain().await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    // whatever came since is matched as ever
    let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    stated(&house, ELSEWHERE, day(4), 79_000, &[(33_000, "FT4", intent["reference"].as_str().unwrap())]).await;
    let other = house.portal.owes(&dossier(), 34_000, json!({})).await;
    let second = house.portal.opens(&[&other]).await;
    let more = [(-21_000, reference, "HUY GD"), (34_000, "FT5", second["reference"].as_str().unwrap())];
    let more = String::from_utf8(mt940(OWN, today(), 42_000, &more))
        .unwrap()
        .replace("D21000,NTRF", "RC21000,NTRF")
        .into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", more).await.expect(201);
    house.drain().await;
    assert_eq!(
        (obligation_status(&house, &fee).await.as_str(), obligation_status(&house, &other).await.as_str()),
        ("paid", "paid")
    );
    house.close().await;
}

#[tokio::test]
async fn what_a_person_has_made_of_a_return_stays_and_its_debit_ends_the_refund() {
    let house = House::with_bank().await;
    let (_, proposal, text) = to_be_made(&house).await;
    house.had_account(ELSEWHERE).await;
    stated(&house, OWN, day(4), 21_000, &[(21_000, "FT3", &format!("{text} tra lai"))]).await;
    stated(&house, OWN, day(9), 42_000, &[]).await;
    house.drain().await;
    let other = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let body = json!({"action": "assign_to_obligations", "obligation_ids": [other["id"]], "note": "x"});
    let assigned = house.staff.post(&format!("/v1/cases/{}/resolutions", id(&case)), body).await.expect(201);
    let (_, key) = tests::wire::key(&house, "nguoi-duyet", Scope::STAFF).await;
    approves(&Portal { key, ..house.staff.clone() }, &assigned).await.expect(200);
    stated(&house, ELSEWHERE, day(3), 100_000, &[(-21_000, "FT2", &text)]).await;
    house.drain().await;
    assert_eq!((status(&house, &proposal).await.as_str(), house.ask(HELD).await.as_str()), ("succeeded", ""));
    assert_eq!((obligation_status(&house, &other).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("paid", "0"));
    assert_eq!(house.ask(CASES).await, "status_differs", "a person hears whose money that was");
    house.close().await;
}

#[tokio::test]
async fn a_debit_that_is_seen_before_anybody_was_told_to_make_it_ends_its_refund_and_its_return_too() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let approver = second_person(&house).await;
    stated(&house, OWN, day(1), 0, &[(21_000, "FT1", "ung ho")]).await;
    let payment = house.ask("select payment_id from assurance.payment").await;
    let payment = json!({"id": payment, "refundable_amount": 21_000});
    let proposal = proposes(&house.staff, &payment, &[json!({"amount": 21_000})], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    let text = format!("HOAN TRA {}", house.ask("select reference from refund").await);
    stated(&house, OWN, day(2), 21_000, &[(-21_000, "FT2", &text), (21_000, "FT3", &text)]).await;
    assert_eq!(
        (status(&house, &proposal).await.as_str(), house.ask(HELD).await.as_str()),
        ("failed", "refund_returned 21000")
    );
    house.close().await;
}

#[tokio::test]
async fn more_debits_and_returns_than_one_look_takes_are_all_taken_in_one_file() {
    const MANY: i64 = 250;
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let approver = second_person(&house).await;
    let stray: Vec<(i64, String)> = (0..MANY).map(|n| (1_000 + n, format!("FTA{n}"))).collect();
    let lines: Vec<Line<'_>> =
        stray.iter().map(|(amount, reference)| (*amount, reference.as_str(), "ung ho")).collect();
    stated(&house, OWN, day(1), 0, &lines).await;
    let all = house.ask("select string_agg(payment_id || ' ' || amount, ',') from assurance.payment").await;
    for (payment, amount) in all.split(',').map(|row| row.split_once(' ').unwrap()) {
        let amount: i64 = amount.parse().unwrap();
        let payment = json!({"id": payment, "refundable_amount": amount});
        let proposal = proposes(&house.staff, &payment, &[json!({"amount": amount})], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
    }
    let codes = house.ask("select string_agg(reference || ' ' || amount, ',') from refund").await;
    let (mut debits, mut returns) = (Vec::new(), Vec::new());
    for (code, amount) in codes.split(',').map(|row| row.split_once(' ').unwrap()) {
        let amount: i64 = amount.parse().unwrap();
        debits.push((-amount, format!("FTB{amount}"), format!("HOAN TRA {code}")));
        returns.push((amount, format!("FTC{amount}"), format!("HOAN TRA {code} tra lai")));
    }
    let lines = debits.iter().chain(&returns);
    let lines: Vec<Line<'_>> =
        lines.map(|(amount, reference, text)| (*amount, reference.as_str(), text.as_str())).collect();
    let sum: i64 = stray.iter().map(|(amount, _)| amount).sum();
    stated(&house, OWN, day(2), sum, &lines).await;
    let states =
        "select string_agg(status || ' ' || n, ', ') from (select status, count(*) as n from refund group by 1) s";
    assert_eq!(house.ask(states).await, format!("failed {MANY}"));
    assert_eq!(house.ask(PAYMENTS).await, format!("{MANY} {sum}"));
    assert_eq!(
        (house.ask(HELD).await, house.ask(IN_TRANSIT).await),
        (format!("refund_returned {sum}"), "0".to_owned())
    );
    house.close().await;
}

/// Two refunds of one sum that left under one reference of the bank: the refunds, and their texts.
pub(super) async fn left_together(house: &House, reference: &str) -> ([Value; 2], [String; 2]) {
    left_under(house, [reference; 2]).await
}

/// The same, each under a reference of its own.
pub(super) async fn left_under(house: &House, references: [&str; 2]) -> ([Value; 2], [String; 2]) {
    house.had_account(OWN).await;
    let approver = second_person(house).await;
    let (mut refunds, mut texts, mut intents) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..2 {
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        intents.push((house.portal.opens(&[&fee]).await, fee));
    }
    let named = |n: usize| intents[n].0["reference"].as_str().unwrap();
    stated(house, OWN, day(1), 0, &[(21_000, "FT1", named(0)), (21_000, "FT2", named(1))]).await;
    for (intent, fee) in &intents {
        let payment = payment_of(house, intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(house, &proposal, "awaiting_statement").await;
        texts.push(refund(house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned());
        refunds.push(proposal);
    }
    let debits = [0, 1].map(|n| (-21_000, references[n], texts[n].as_str()));
    stated(house, OWN, day(3), 42_000, &debits).await;
    (refunds.try_into().unwrap(), texts.try_into().unwrap())
}

async fn takes_back_itself(house: &House, reference: &str, text: &str) {
    let back = mt940(OWN, day(4), 0, &[(21_000, reference, text)]);
    let back = String::from_utf8(back).unwrap().replace("C21000,NTRF", "RD21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", back).await.expect(201);
    stated(house, OWN, day(9), 21_000, &[]).await;
    house.drain().await;
}

#[tokio::test]
async fn of_two_refunds_under_one_reference_the_text_says_which_came_back_and_else_nobody() {
    const ONE: &str = "FT2633000000044";
    let house = House::with_bank().await;
    let (refunds, _) = left_together(&house, ONE).await;
    takes_back_itself(&house, ONE, "HUY GD").await;
    for refund in &refunds {
        assert_eq!(status(&house, refund).await, "succeeded");
    }
    assert_eq!(house.ask(HELD).await, "unidentified 21000");
    house.close().await;

    let house = House::with_bank().await;
    let (refunds, texts) = left_together(&house, ONE).await;
    takes_back_itself(&house, ONE, &format!("HUY GD {}", texts[1])).await;
    assert_eq!(status(&house, &refunds[0]).await, "succeeded");
    assert_eq!(status(&house, &refunds[1]).await, "failed");
    assert_eq!(house.ask(HELD).await, "refund_returned 21000");
    house.close().await;
}

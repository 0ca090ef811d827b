//! A credit that the bank marks as a reversal, or that names a debit of ours in its text: one money, whoever tells of it, in whatever
//! order. The table stands at the head of `payments::match_movements`.

use super::returned_first::{
    CASES, HELD, IN_TRANSIT, OWN, PAYMENTS, day, is_returned, left_together, left_under, stated, to_be_made,
};
use super::*;
use crate::statements::matching::told;
use tests::bank::BIN;
use tests::files::{Entry, Line, camt, mt940, today};
use tests::sampled::is_played;

/// The bank's number of the refund's debit, and of the credit that brings it back.
const DEBIT: &str = "FT2633000000051";
const BACK: &str = "FT2633000000052";

/// MT940 `RD`: the reversal of a debit.
async fn marked(house: &House, reference: &str, text: &str) {
    let file = mt940(OWN, day(4), 0, &[(21_000, reference, text)]);
    let file = String::from_utf8(file).unwrap().replace("C21000,NTRF", "RD21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
}

/// The same in camt: `CRDT` with `RvslInd`.
async fn marked_in_camt(house: &House, reference: &str, text: &str) {
    let entry: Entry<'_> = (21_000, reference, &[(21_000, text)]);
    let file = String::from_utf8(camt(OWN, day(4), Some(0), &[entry])).unwrap();
    let file = file.replace("CRDT</CdtDbtInd><Sts>", "CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>");
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file.into_bytes()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_marked_as_a_reversal_is_the_payment_that_a_teller_told_of_under_its_reference() {
    const TEXT: &str = "HOAN LAI TIEN";
    for in_camt in [false, true] {
        for told_first in [true, false] {
            let house = House::with_bank().await;
            house.had_account(OWN).await;
            if told_first {
                told(&house, day(4), 21_000, BACK, TEXT).await;
            }
            if in_camt {
                marked_in_camt(&house, BACK, TEXT).await;
            } else {
                marked(&house, BACK, TEXT).await;
            }
            if !told_first {
                told(&house, day(4), 21_000, BACK, TEXT).await;
            }
            // nor does a file that does not say what it is make another one of it
            stated(&house, OWN, day(4), 0, &[(21_000, BACK, TEXT)]).await;
            house.drain().await;
            let seen = (house.ask(PAYMENTS).await, house.ask(IN_TRANSIT).await, house.ask(CASES).await);
            assert_eq!(seen, ("1 21000".into(), "0".into(), "unidentified".into()), "{in_camt} {told_first}");
            house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_credits_of_one_sum_and_day_of_which_one_is_marked_are_two_payments() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    told(&house, day(4), 21_000, BACK, "ung ho").await;
    marked(&house, "FT2633000000059", "HOAN LAI TIEN").await;
    stated(&house, OWN, day(4), 21_000, &[(21_000, BACK, "ung ho")]).await;
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("2 42000", "0"));
    house.close().await;
}

/// MT940 `RC`: the reversal of a credit.
async fn taken_back(house: &House, reference: &str, text: &str) {
    let file = mt940(OWN, day(5), 21_000, &[(-21_000, reference, text)]);
    let file = String::from_utf8(file).unwrap().replace("D21000,NTRF", "RC21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_marked_credit_that_its_bank_takes_back_reverses_the_payment_that_it_was_booked_as() {
    const TEXT: &str = "HOAN LAI TIEN";
    for (is_told, in_camt) in [(false, false), (false, true), (true, false), (true, true)] {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        if is_told {
            told(&house, day(4), 21_000, BACK, intent["reference"].as_str().unwrap()).await;
        }
        if in_camt {
            marked_in_camt(&house, BACK, TEXT).await;
        } else {
            marked(&house, BACK, TEXT).await;
        }
        house.drain().await;
        assert_eq!(obligation_status(&house, &fee).await, if is_told { "paid" } else { "due" });
        taken_back(&house, "FT2633000000071", &format!("HUY GD {BACK}")).await;
        house.drain().await;
        assert_eq!(obligation_status(&house, &fee).await, "due", "{is_told} {in_camt}");
        let seen = (house.ask(HELD).await, house.ask(CASES).await);
        assert_eq!(seen, (String::new(), "chargeback".into()), "{is_told} {in_camt}");
        let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
        assert_eq!(payment["refundable_amount"], 0, "{payment}");
        let case = house.staff.get("/v1/cases?status=open&kind=chargeback").await.expect(200)["data"][0].clone();
        assert_eq!(case["payment_id"], payment["id"], "{is_told} {in_camt}");
        house.close().await;
    }
}

/// How a report without the bank's reference and the line of its transfer say whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Nobody,
    Both,
    ReportAlone,
}

async fn told_without_a_reference(says: Says, in_camt: bool, told_first: bool) {
    const TEXT: &str = "HOAN LAI TIEN";
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let code = intent["reference"].as_str().unwrap();
    let (report, line) = match says {
        Says::Nobody => (TEXT, TEXT),
        Says::Both => (code, code),
        Says::ReportAlone => (code, TEXT),
    };
    if told_first {
        told(&house, day(4), 21_000, "", report).await;
    }
    if in_camt {
        marked_in_camt(&house, BACK, line).await;
    } else {
        marked(&house, BACK, line).await;
    }
    if !told_first {
        told(&house, day(4), 21_000, "", report).await;
    }
    // nor does a file that does not say what it is make another one of it
    stated(&house, OWN, day(4), 0, &[(21_000, BACK, line)]).await;
    if says == Says::ReportAlone {
        // the report's own line might have come until then
        stated(&house, OWN, day(9), 21_000, &[]).await;
    }
    house.drain().await;
    let (open, fee_is) = if says == Says::Nobody { ("unidentified", "due") } else { ("", "paid") };
    let seen = (house.ask(PAYMENTS).await, house.ask(IN_TRANSIT).await, house.ask(CASES).await);
    assert_eq!(seen, ("1 21000".into(), "0".into(), open.into()), "{says:?} {in_camt} {told_first}");
    assert_eq!(obligation_status(&house, &fee).await, fee_is, "{says:?} {in_camt} {told_first}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_marked_credit_is_what_a_teller_told_of_without_its_reference_in_either_order() {
    for says in [Says::Nobody, Says::Both, Says::ReportAlone] {
        for in_camt in [false, true] {
            for told_first in [true, false] {
                told_without_a_reference(says, in_camt, told_first).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_line_without_the_mark_comes_before_a_marked_one_where_no_reference_says_which() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let code = intent["reference"].as_str().unwrap();
    told(&house, day(4), 21_000, "", code).await;
    let both = String::from_utf8(mt940(OWN, day(4), 0, &[(21_000, BACK, code), (21_000, DEBIT, code)])).unwrap();
    let both = both.replacen("C21000,NTRF", "RD21000,NTRF", 1);
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", both.into_bytes()).await.expect(201);
    house.drain().await;
    let seen = (house.ask(PAYMENTS).await, house.ask(HELD).await, house.ask(IN_TRANSIT).await);
    assert_eq!(seen, ("2 42000".into(), "unidentified 21000".into(), "0".into()));
    let claimed = "select m.rule || ' ' || r.reference from assurance.match m
        join movement_reference r on assurance.text_id('mov', r.movement_id) = m.movement_id
        join assurance.payment p using (payment_id) where p.intent_id is not null";
    assert_eq!(house.ask(claimed).await, format!("reference {DEBIT}"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_marked_credit_is_not_given_back_while_it_may_be_money_that_was_told_of() {
    const TEXT: &str = "HOAN LAI TIEN";
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    // of two payers, and two lines that name neither: nobody can say which is whose
    let mut intents = Vec::new();
    for _ in 0..2 {
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        told(&house, day(4), 21_000, "", intent["reference"].as_str().unwrap()).await;
        intents.push(intent);
    }
    let lines = String::from_utf8(mt940(OWN, day(4), 0, &[(21_000, BACK, TEXT), (21_000, DEBIT, TEXT)])).unwrap();
    let lines = lines.replace("C21000,NTRF", "RD21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", lines).await.expect(201);
    stated(&house, OWN, day(9), 42_000, &[]).await;
    house.drain().await;
    assert_eq!(house.ask(CASES).await, "missing_at_provider missing_at_provider unidentified unidentified");
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let path = format!("/v1/cases/{}/resolutions", id(&case));
    let back = json!({"action": "refund_to_payer", "reason_code": "OVERPAID", "refundable_amount": 21_000,
        "payer_account": {"bank_bin": "970436", "account_number": "0011001234567", "account_name": "NGUYEN VAN THU"}});
    assert_eq!(house.staff.post(&path, back.clone()).await.refused(409), "credit_not_proven");
    // nor does it pay another fee, nor is it given up: it would be had of the other payment all the same
    let other = house.portal.owes(&dossier(), 21_000, json!({})).await;
    for disposal in [pays(&other), gives_up()] {
        assert_eq!(house.staff.post(&path, disposal.clone()).await.refused(409), "credit_not_proven", "{disposal}");
    }
    // two persons say which line is whose; the other pair follows
    let approver = second_person(&house).await;
    let missing =
        house.staff.get("/v1/cases?status=open&kind=missing_at_provider").await.expect(200)["data"][0].clone();
    let same = json!({"action": "same_movement", "payment_id": case["payment_id"], "note": "x"});
    let said = house.staff.post(&format!("/v1/cases/{}/resolutions", id(&missing)), same).await.expect(201);
    approves(&approver, &said).await.expect(200);
    stated(&house, OWN, today(), 42_000, &[]).await;
    house.drain().await;
    let seen = (house.ask(PAYMENTS).await, house.ask(IN_TRANSIT).await, house.ask(CASES).await);
    assert_eq!(seen, ("4 42000".into(), "0".into(), String::new()));
    for intent in &intents {
        assert_eq!(house.portal.intent(intent).await["status"], "paid");
    }
    house.close().await;
}

fn pays(fee: &Value) -> Value {
    json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "x"})
}

fn gives_up() -> Value {
    json!({"action": "write_off", "reason_code": "khong_ro_chu", "note": "x"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_proposed_of_marked_credits_is_stale_once_it_is_known_that_their_references_are_the_tellers_own() {
    const TEXT: &str = "HOAN LAI TIEN";
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    // of three payers, under references of one numbering that no line has: each is money of its own as yet
    for reference in ["FT2633000000061", "FT2633000000062", "FT2633000000063"] {
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        told(&house, day(4), 21_000, reference, intent["reference"].as_str().unwrap()).await;
    }
    let lines = mt940(OWN, day(4), 0, &[(21_000, BACK, TEXT), (21_000, DEBIT, TEXT), (21_000, OTHER_DEBIT, TEXT)]);
    let lines = String::from_utf8(lines).unwrap().replace("C21000,NTRF", "RD21000,NTRF").into_bytes();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", lines).await.expect(201);
    house.drain().await;
    assert_eq!(house.ask(HELD).await, "unidentified 63000");
    let other = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let back = json!({"action": "refund_to_payer", "reason_code": "OVERPAID", "refundable_amount": 21_000,
        "payer_account": {"bank_bin": "970436", "account_number": "0011001234567", "account_name": "NGUYEN VAN THU"}});
    let cases = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"].clone();
    let mut said = Vec::new();
    for (case, disposal) in cases.as_array().unwrap().iter().zip([pays(&other), gives_up(), back]) {
        let path = format!("/v1/cases/{}/resolutions", id(case));
        said.push(house.staff.post(&path, disposal).await.expect(201));
    }
    assert_eq!(said.len(), 3);
    let sql = format!("update receiving_account set own_numbering = array['sepay'] where account_number = '{OWN}'");
    house.database.connect("motlan_superuser").await.batch_execute(&sql).await.unwrap();
    let approver = second_person(&house).await;
    for proposal in &said {
        assert_eq!(approves(&approver, proposal).await.refused(409), "approval_stale", "{proposal}");
    }
    assert_eq!(obligation_status(&house, &other).await, "due");
    assert_eq!(
        (house.ask(PAYMENTS).await.as_str(), house.ask(HELD).await.as_str()),
        ("6 126000", "unidentified 63000")
    );
    house.close().await;
}

/// What is seen of a transfer that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Debit,
    Told,
    Line,
}

use Sight::{Debit, Line as Shown, Told};

const ORDERS: [&[Sight]; 7] = [
    &[Debit, Told, Shown],
    &[Debit, Shown, Told],
    &[Told, Debit, Shown],
    &[Told, Shown, Debit],
    &[Shown, Told, Debit],
    &[Debit, Shown],
    &[Shown, Debit],
];

/// How the credit says whose return it is.
#[derive(Debug, Clone, Copy)]
enum Names {
    Code,
    DebitInText,
    DebitsOwn,
}

async fn comes_back(names: Names, is_marked: bool, order: &[Sight]) {
    let house = House::with_bank().await;
    let (fee, proposal, text) = to_be_made(&house).await;
    let (reference, said) = match names {
        Names::Code => (BACK, format!("TRA LAI {text}")),
        Names::DebitInText => (BACK, format!("HUY GD {DEBIT}")),
        Names::DebitsOwn => (DEBIT, "HUY GD".to_owned()),
    };
    for sight in order {
        match sight {
            Debit => stated(&house, OWN, day(3), 21_000, &[(-21_000, DEBIT, &text)]).await,
            Told => told(&house, day(4), 21_000, reference, &said).await,
            Shown if is_marked => marked(&house, reference, &said).await,
            Shown => stated(&house, OWN, day(4), 0, &[(21_000, reference, &said)]).await,
        }
    }
    house.drain().await;
    assert_eq!(status(&house, &proposal).await, "failed", "{names:?} {is_marked} {order:?}");
    is_returned(&house, &fee, &proposal).await;
    assert!(house.ask(PAYMENTS).await.ends_with(" 21000"), "{names:?} {is_marked} {order:?}");
    let heard = house.ask("select string_agg(type, ' ' order by feed_position) from event where type like 'refund.%'");
    assert_eq!(heard.await, "refund.succeeded refund.failed", "{names:?} {is_marked} {order:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_with_one_refunds_code_is_its_return_marked_or_not_in_whatever_order() {
    let ways = ORDERS.into_iter().flat_map(|order| [(true, order), (false, order)]);
    for (_, (is_marked, order)) in ways.enumerate().filter(|(nth, _)| is_played(*nth)) {
        comes_back(Names::Code, is_marked, order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_whose_text_names_the_debit_is_its_return_marked_or_not_in_whatever_order() {
    let ways = ORDERS.into_iter().flat_map(|order| [(true, order), (false, order)]);
    for (_, (is_marked, order)) in ways.enumerate().filter(|(nth, _)| is_played(*nth)) {
        comes_back(Names::DebitInText, is_marked, order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_with_its_debits_own_reference_is_its_return_in_whatever_order() {
    for (_, order) in ORDERS.into_iter().enumerate().filter(|(nth, _)| is_played(*nth)) {
        comes_back(Names::DebitsOwn, true, order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_may_be_of_two_transfers_or_says_two_things_is_left_to_people() {
    for is_marked in [true, false] {
        let house = House::with_bank().await;
        let (refunds, texts) = left_together(&house, DEBIT).await;
        let both = format!("HUY GD {DEBIT} {} {}", texts[0], texts[1]);
        for (reference, said) in [(BACK, format!("HUY GD {DEBIT}")), ("FT2633000000053", both)] {
            if is_marked {
                marked(&house, reference, &said).await;
            } else {
                stated(&house, OWN, day(4), 0, &[(21_000, reference, said.as_str())]).await;
            }
        }
        stated(&house, OWN, day(9), 42_000, &[]).await;
        house.drain().await;
        for refund in &refunds {
            assert_eq!(status(&house, refund).await, "succeeded", "{is_marked}");
        }
        assert_eq!(house.ask(HELD).await, "unidentified 42000", "{is_marked}");
        house.close().await;
    }
}

/// The debit of the other one of two refunds.
const OTHER_DEBIT: &str = "FT2633000000054";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_with_one_refunds_code_and_anothers_debit_is_left_to_people_with_a_case_that_names_both() {
    for (is_marked, in_text) in [(true, false), (false, false), (true, true), (false, true)] {
        let house = House::with_bank().await;
        let (refunds, texts) = left_under(&house, [DEBIT, OTHER_DEBIT]).await;
        let code = format!("HUY {}", texts[0]);
        let both = format!("HUY GD {OTHER_DEBIT} {}", texts[0]);
        let (reference, said) = if in_text { (BACK, both.as_str()) } else { (OTHER_DEBIT, code.as_str()) };
        if is_marked {
            marked(&house, reference, said).await;
        } else {
            stated(&house, OWN, day(4), 0, &[(21_000, reference, said)]).await;
        }
        stated(&house, OWN, day(9), 21_000, &[]).await;
        house.drain().await;
        for refund in &refunds {
            assert_eq!(status(&house, refund).await, "succeeded", "{is_marked} {in_text}");
        }
        let seen = (house.ask(HELD).await, house.ask(CASES).await);
        assert_eq!(seen, ("unidentified 21000".into(), "status_differs unidentified".into()), "{is_marked} {in_text}");
        let case = house.staff.get("/v1/cases?status=open&kind=status_differs").await.expect(200)["data"][0].clone();
        for refund in &refunds {
            assert!(case["subject"].as_str().unwrap().contains(id(refund)), "{case} {refund}");
        }
        house.close().await;
    }
}

/// A teller told of a return under the return's own reference, or none; its line has the debit's, or names that in its text.
async fn told_beside_a_return(reference: &str, names: Names, order: &[Sight]) {
    let house = House::with_bank().await;
    let (fee, proposal, text) = to_be_made(&house).await;
    for sight in order {
        match (sight, names) {
            (Debit, _) => stated(&house, OWN, day(3), 21_000, &[(-21_000, DEBIT, &text)]).await,
            (Told, _) => told(&house, day(4), 21_000, reference, "HOAN LAI TIEN").await,
            (Shown, Names::DebitInText) => marked(&house, BACK, &format!("HUY GD {DEBIT}")).await,
            (Shown, _) => marked(&house, DEBIT, "HUY GD").await,
        }
    }
    stated(&house, OWN, day(9), 21_000, &[]).await;
    house.drain().await;
    is_returned(&house, &fee, &proposal).await;
    assert!(house.ask(PAYMENTS).await.ends_with(" 21000"), "{reference} {names:?} {order:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_under_its_debits_reference_is_one_money_with_what_a_teller_told_under_another_or_none() {
    for order in &ORDERS[..5] {
        told_beside_a_return(BACK, Names::DebitsOwn, order).await;
        told_beside_a_return("", Names::DebitsOwn, order).await;
        told_beside_a_return("", Names::DebitInText, order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_was_told_of_beside_a_return_has_its_own_line_all_the_same() {
    let house = House::with_bank().await;
    let (_, proposal, text) = to_be_made(&house).await;
    stated(&house, OWN, day(3), 21_000, &[(-21_000, DEBIT, &text)]).await;
    told(&house, day(4), 21_000, BACK, "ung ho").await;
    marked(&house, DEBIT, "HUY GD").await;
    stated(&house, OWN, day(5), 21_000, &[(21_000, BACK, "ung ho")]).await;
    stated(&house, OWN, day(9), 42_000, &[]).await;
    house.drain().await;
    assert_eq!(status(&house, &proposal).await, "failed");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("2 42000", "0"));
    assert_eq!(house.ask(HELD).await, "refund_returned 21000, unidentified 21000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_of_another_amount_than_the_debit_that_it_names_is_left_to_people() {
    let house = House::with_bank().await;
    let (_, proposal, text) = to_be_made(&house).await;
    stated(&house, OWN, day(3), 21_000, &[(-21_000, DEBIT, &text)]).await;
    let said = format!("HUY GD {DEBIT}");
    let lines: [Line<'_>; 1] = [(20_000, BACK, &said)];
    stated(&house, OWN, day(4), 0, &lines).await;
    house.drain().await;
    assert_eq!(
        (status(&house, &proposal).await.as_str(), house.ask(CASES).await.as_str()),
        ("succeeded", "unidentified")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_persons_have_made_of_a_return_that_was_told_of_stays_and_a_case_names_the_refund() {
    let house = House::with_bank().await;
    let (_, proposal, text) = to_be_made(&house).await;
    stated(&house, OWN, day(3), 21_000, &[(-21_000, DEBIT, &text)]).await;
    told(&house, day(4), 21_000, BACK, &format!("HUY GD {DEBIT}")).await;
    let other = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let body = json!({"action": "assign_to_obligations", "obligation_ids": [other["id"]], "note": "x"});
    let assigned = house.staff.post(&format!("/v1/cases/{}/resolutions", id(&case)), body).await.expect(201);
    let (_, key) = tests::wire::key(&house, "nguoi-duyet", Scope::STAFF).await;
    approves(&Portal { key, ..house.staff.clone() }, &assigned).await.expect(200);
    let said = format!("HUY GD {DEBIT}");
    // the other format says it again, and nothing new
    for in_camt in [false, true] {
        if in_camt {
            marked_in_camt(&house, BACK, &said).await;
        } else {
            marked(&house, BACK, &said).await;
        }
        house.drain().await;
        let seen = (status(&house, &proposal).await, house.ask(CASES).await);
        assert_eq!(seen, ("succeeded".into(), "status_differs".into()), "{in_camt}");
    }
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("2 42000", "0"));
    assert_eq!(obligation_status(&house, &other).await, "paid");
    house.close().await;
}

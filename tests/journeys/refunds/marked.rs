//! A credit that the bank marks as a reversal, or that names a debit of ours in its text: one money, whoever tells of it, in whatever
//! order. The table stands at the head of `payments::match_movements`.

use super::returned_first::{
    CASES, HELD, IN_TRANSIT, OWN, PAYMENTS, day, is_returned, left_together, stated, to_be_made,
};
use super::*;
use crate::statements::matching::told;
use tests::bank::BIN;
use tests::files::{Entry, Line, camt, mt940};

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
    for order in ORDERS {
        for is_marked in [true, false] {
            comes_back(Names::Code, is_marked, order).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_whose_text_names_the_debit_is_its_return_marked_or_not_in_whatever_order() {
    for order in ORDERS {
        for is_marked in [true, false] {
            comes_back(Names::DebitInText, is_marked, order).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_with_its_debits_own_reference_is_its_return_in_whatever_order() {
    for order in ORDERS {
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

//! One format shows a batch as one line, another each of its parts, under the same reference of the bank's: the money is
//! there once, whichever comes first.

use super::{MOVEMENTS, OWN, PAYMENTS, cases, count, standing};
use crate::refunds::{approves, payment_of, proposes, second_person, status, whole as all_of};
use crate::transfers::words::{call, now_s, sepay};
use serde_json::{Value, json};
use tests::House;
use tests::bank::{BIN, SEPAY_SECRET};
use tests::files::{Line, camt, mt940, today};
use tests::portal::{dossier, fresh};

/// As many characters as MT940 has room for.
const REFERENCE: &str = "FT26330000111100";

struct Batch {
    house: House,
    intents: Vec<Value>,
}

impl Batch {
    async fn new() -> Self {
        Self::of([400, 600]).await
    }

    async fn of(amounts: [i64; 2]) -> Self {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let mut intents = Vec::new();
        for amount in amounts {
            let fee = house.portal.owes(&dossier(), amount, json!({})).await;
            intents.push(house.portal.opens(&[&fee]).await);
        }
        Self { house, intents }
    }

    /// The parts under a reference.
    fn apart(&self, reference: &str, amounts: [i64; 2]) -> Vec<u8> {
        let parts: Vec<(i64, &str)> =
            amounts.into_iter().zip(self.intents.iter().map(|i| i["reference"].as_str().unwrap())).collect();
        camt(OWN, today(), Some(0), &[(amounts.iter().sum(), reference, &parts)])
    }

    async fn brings(&self, bytes: Vec<u8>, new: i64) {
        let statement = self.house.sends_statement(&format!("{BIN}.{OWN}"), "auto", bytes).await.expect(201);
        assert_eq!(count(&statement, "new_movements"), new, "{statement}");
    }

    async fn are(&self, status: &str) {
        for intent in &self.intents {
            assert_eq!(self.house.portal.intent(intent).await["status"], status);
        }
    }

    /// The bank's balance is the books', and the day closes.
    async fn ends(self, at: i64) {
        let stands = if at == 0 { String::new() } else { format!("bank:{BIN}.{OWN} {at}") };
        assert_eq!(standing(&self.house, "bank").await, stands);
        let day = format!("/v1/reconciliation/{}", today());
        let shown = self.house.staff.get(&format!("{day}?account={BIN}.{OWN}")).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "{shown:#}");
        self.house.staff.post(&format!("{day}/close?account={BIN}.{OWN}"), json!({})).await.expect(200);
        self.house.close().await;
    }
}

fn whole(reference: &str, amount: i64) -> Vec<u8> {
    mt940(OWN, today(), 0, &[(amount, reference, "LO 2 GIAO DICH")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_came_in_its_parts_is_no_new_money_as_one_line() {
    for reference in [REFERENCE, "FT2633000011110077"] {
        let batch = Batch::new().await;
        batch.brings(batch.apart(reference, [400, 600]), 2).await;
        batch.are("paid").await;
        batch.brings(whole(&reference[..16], 1_000), 0).await;
        // and once more, each of them in another file
        batch.brings([whole(&reference[..16], 1_000), b"\r\n".to_vec()].concat(), 0).await;
        batch.brings([batch.apart(reference, [400, 600]), b"\n".to_vec()].concat(), 0).await;
        let house = &batch.house;
        assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("2", "2"));
        assert_eq!(cases(house).await, "");
        batch.are("paid").await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_came_as_one_line_is_no_new_money_in_its_parts() {
    for reference in [REFERENCE, "FT2633000011110077"] {
        let batch = Batch::new().await;
        batch.brings(whole(&reference[..16], 1_000), 1).await;
        assert_eq!(cases(&batch.house).await, "unidentified");
        batch.brings(batch.apart(reference, [400, 600]), 0).await;
        batch.brings([whole(&reference[..16], 1_000), b"\r\n".to_vec()].concat(), 0).await;
        batch.house.drain().await;
        let house = &batch.house;
        assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("1", "1"));
        // which of it is whose, a person says
        assert_eq!(cases(house).await, "unidentified");
        batch.are("open").await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_not_what_its_parts_come_to_is_new_money_and_the_day_shows_it() {
    let batch = Batch::new().await;
    batch.brings(batch.apart(REFERENCE, [400, 600]), 2).await;
    batch.brings(whole(REFERENCE, 1_001), 1).await;
    let shown = batch.house.staff.get(&format!("/v1/reconciliation/{}?account={BIN}.{OWN}", today())).await.expect(200);
    assert_eq!(shown["gaps"][0]["kind"], "closing_differs", "{shown:#}");
    batch.house.close().await;
}

/// The parts with references of their own, or none; the entry with one, or none.
fn parted(batch: &Batch, entry: &str, parts: [&str; 2]) -> Vec<u8> {
    let mut text = String::from_utf8(batch.apart("ENTRY", [400, 600])).unwrap();
    let named = |reference: &str| match reference {
        "" => String::new(),
        _ => format!("<AcctSvcrRef>{reference}</AcctSvcrRef>"),
    };
    text = text.replace("<AcctSvcrRef>ENTRY</AcctSvcrRef>", &named(entry));
    for reference in parts {
        text = text.replacen("<TxDtls><AmtDtls>", &format!("<TxDtls><Refs>{}</Refs><AmtDtls>", named(reference)), 1);
    }
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_parts_have_references_of_their_own_or_none_is_there_once() {
    let own = ["FT2633000000001", "FT2633000000002"];
    for (entry, parts, line) in [
        ("FTLO26330001", own, "FTLO26330001"),
        ("", own, "FTLO26330001"),
        ("", own, ""),
        ("", ["", ""], "FTLO26330001"),
        ("", ["", ""], ""),
        ("FTLO26330001", own, ""),
        ("FTLO26330001", [own[0], ""], "FTLO26330001"),
        ("FTLO26330001", ["", own[1]], "FTLO26330001"),
        ("FTLO26330001", ["FTLO26330001", own[1]], "FTLO26330001"),
    ] {
        for apart_first in [true, false] {
            let why = format!("{entry} {parts:?} {line} {apart_first}");
            let batch = Batch::new().await;
            let said = parted(&batch, entry, parts);
            let (first, new) = if apart_first { (said.clone(), 2) } else { (whole(line, 1_000), 1) };
            let second = if apart_first { whole(line, 1_000) } else { said };
            batch.brings(first.clone(), new).await;
            batch.brings(second.clone(), 0).await;
            batch.brings([first, b"\n".to_vec()].concat(), 0).await;
            batch.brings([second, b"\n".to_vec()].concat(), 0).await;
            let expected = if apart_first { "2" } else { "1" };
            let house = &batch.house;
            let there = (house.ask(MOVEMENTS).await, house.ask(PAYMENTS).await);
            assert_eq!(there, (expected.to_owned(), expected.to_owned()), "{why}");
            batch.are(if apart_first { "paid" } else { "open" }).await;
            batch.ends(1_000).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_under_another_reference_than_its_line_is_proven_by_the_day_that_both_files_have_whole() {
    for apart_first in [true, false] {
        let batch = Batch::new().await;
        let files = [batch.apart("FT2633000000009", [400, 600]), whole("FT2633000000008", 1_000)];
        let [first, second] = if apart_first { [0, 1] } else { [1, 0] }.map(|n| files[n].clone());
        batch.brings(first, if apart_first { 2 } else { 1 }).await;
        batch.brings(second, 0).await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_beside_a_batch_of_its_amount_is_its_own_movement() {
    // 1,000 of a stranger beside the batch, in both files
    for apart_first in [true, false] {
        let batch = Batch::new().await;
        let codes: Vec<&str> = batch.intents.iter().map(|i| i["reference"].as_str().unwrap()).collect();
        let split = camt(
            OWN,
            today(),
            Some(0),
            &[(1_000, "", &[(400, codes[0]), (600, codes[1])]), (1_000, "", &[(1_000, "NGUOI LA")])],
        );
        let split = String::from_utf8(split).unwrap().replace("<AcctSvcrRef></AcctSvcrRef>", "").into_bytes();
        let sums = mt940(OWN, today(), 0, &[(1_000, "", "NGUOI LA"), (1_000, "", "LO 2 GIAO DICH")]);
        let (first, second) = if apart_first { (split, sums) } else { (sums, split) };
        batch.brings(first, if apart_first { 3 } else { 2 }).await;
        batch.brings(second, 0).await;
        batch.ends(2_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_the_bank_takes_back_in_one_line_takes_each_of_its_parts_back() {
    for amounts in [[400, 600], [500, 500]] {
        for together in [false, true] {
            let house = House::with_bank().await;
            house.had_account(OWN).await;
            let mut intents = Vec::new();
            for amount in amounts {
                let fee = house.portal.owes(&dossier(), amount, json!({})).await;
                intents.push(house.portal.opens(&[&fee]).await);
            }
            let batch = Batch { house, intents };
            let mut text = String::from_utf8(batch.apart(REFERENCE, amounts)).unwrap();
            let back = format!(
                "<Ntry><Amt Ccy=\"VND\">1000</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts>\
                 <BookgDt><Dt>{}</Dt></BookgDt><AcctSvcrRef>{REFERENCE}</AcctSvcrRef>\
                 <BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd></Ntry></Stmt>",
                today()
            );
            if together {
                // the entries are what the closing balance sums up
                text = text.replace("</Stmt>", &back).replacen(
                    "<Amt Ccy=\"VND\">1000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>",
                    "<Amt Ccy=\"VND\">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>",
                    1,
                );
                batch.brings(text.into_bytes(), 4).await;
            } else {
                batch.brings(text.into_bytes(), 2).await;
                batch.are("paid").await;
                let line = mt940(OWN, today(), 1_000, &[(-1_000, REFERENCE, "HUY LO")]);
                let line = String::from_utf8(line).unwrap().replace("D1000,NTRF", "RC1000,NTRF").into_bytes();
                batch.brings(line.clone(), 2).await;
                batch.brings([line, b"\r\n".to_vec()].concat(), 0).await;
            }
            batch.are("open").await;
            assert_eq!(cases(&batch.house).await, "chargeback chargeback");
            assert_eq!(standing(&batch.house, "suspense").await, "");
            batch.house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refunds_that_the_bank_debits_in_one_line_are_both_sent() {
    let batch = Batch::new().await;
    batch.brings(batch.apart(REFERENCE, [400, 600]), 2).await;
    let house = &batch.house;
    let approver = second_person(house).await;
    let mut refunds = Vec::new();
    for intent in &batch.intents {
        let payment = payment_of(house, intent).await;
        let payment = house.staff.get(&format!("/v1/payments/{}", payment["id"].as_str().unwrap())).await.expect(200);
        let fee = json!({"id": intent["obligations"][0]["id"], "amount": payment["amount"]});
        let refund = proposes(&house.staff, &payment, &[all_of(&fee)], "reopen").await.expect(201);
        approves(&approver, &refund).await.expect(200);
        refunds.push(refund);
    }
    house.drain().await;
    let codes = house.ask("select string_agg('HOAN TRA ' || reference, ' ' order by reference) from refund").await;
    let line: [Line<'_>; 1] = [(-1_000, "FTB26330001", &codes)];
    batch.brings(mt940(OWN, today(), 1_000, &line), 2).await;
    batch.house.drain().await;
    for refund in &refunds {
        assert_eq!(status(&batch.house, refund).await, "succeeded");
    }
    batch.brings([mt940(OWN, today(), 1_000, &line), b"\r\n".to_vec()].concat(), 0).await;
    assert_eq!(cases(&batch.house).await, "");
    batch.ends(0).await;
}

/// SePay tells of a credit of today.
pub(crate) async fn told(house: &House, amount: i64, reference: &str, content: &str) {
    let row = json!({"id": fresh(), "gateway": "Vietcombank", "transactionDate": format!("{} 09:00:00", today()),
        "accountNumber": OWN, "subAccount": null, "code": null, "content": content, "transferType": "in",
        "description": "", "transferAmount": amount, "accumulated": 0, "referenceCode": reference});
    let body = row.to_string();
    let (status, said) = call(house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_names_its_told_parts_or_has_the_reference_of_one_and_is_the_sum_of_all_is_each_of_them() {
    // equal parts several times: which movement comes first is chance
    let equal = (true, [500, 500]);
    for (by_reference, amounts) in [(true, [400, 600]), (false, [400, 600]), equal, equal, equal, (false, [500, 500])] {
        let batch = Batch::of(amounts).await;
        let codes: Vec<&str> = batch.intents.iter().map(|i| i["reference"].as_str().unwrap()).collect();
        told(&batch.house, amounts[0], "FT2633000000001", codes[0]).await;
        told(&batch.house, amounts[1], "FT2633000000002", codes[1]).await;
        batch.are("paid").await;
        let both = format!("LO {} {}", codes[0], codes[1]);
        let line = if by_reference { (1_000, "FT2633000000001", "LO") } else { (1_000, "FTLO26330001", both.as_str()) };
        batch.brings(mt940(OWN, today(), 0, &[line]), 2).await;
        batch.house.drain().await;
        assert_eq!(batch.house.ask(PAYMENTS).await, "2");
        assert_eq!((cases(&batch.house).await, standing(&batch.house, "suspense").await), Default::default());
        batch.are("paid").await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_comes_to_what_two_others_do_by_chance_is_its_own_though_it_names_one_of_them() {
    for told_first in [false, true] {
        let batch = Batch::new().await;
        let codes: Vec<&str> = batch.intents.iter().map(|i| i["reference"].as_str().unwrap()).collect();
        told(&batch.house, 400, "FT2633000000001", codes[0]).await;
        told(&batch.house, 600, "FT2633000000002", codes[1]).await;
        let again = (1_000, "FT2633000000003", codes[0]);
        if told_first {
            told(&batch.house, again.0, again.1, again.2).await;
        }
        batch.brings(mt940(OWN, today(), 0, &[again]), 1).await;
        if !told_first {
            told(&batch.house, again.0, again.1, again.2).await;
        }
        let whole_day = [again, (400, "FT2633000000001", codes[0]), (600, "FT2633000000002", codes[1])];
        batch.brings(mt940(OWN, today(), 0, &whole_day), 2).await;
        batch.are("paid").await;
        assert_eq!(
            (batch.house.ask(PAYMENTS).await.as_str(), cases(&batch.house).await.as_str()),
            ("3", "duplicate_payment")
        );
        assert_eq!(standing(&batch.house, "suspense").await, "suspense:duplicate -1000");
        batch.ends(2_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_told_of_after_the_line_under_its_reference_does_not_get_the_whole() {
    let batch = Batch::new().await;
    batch.brings(whole(REFERENCE, 1_000), 1).await;
    told(&batch.house, 400, REFERENCE, batch.intents[0]["reference"].as_str().unwrap()).await;
    batch.house.drain().await;
    batch.are("open").await;
    assert_eq!(batch.house.ask(PAYMENTS).await, "1");
    assert_eq!(cases(&batch.house).await, "amount_differs unidentified");
    batch.ends(1_000).await;
}

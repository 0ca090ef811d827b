//! Not every format says that a debit takes a credit back. Whichever comes first, all orders of them end alike.

use super::{OWN, cases, standing};
use jiff::civil::Date;
use serde_json::json;
use std::fmt::Write;
use tests::House;
use tests::bank::{ACCOUNT, BIN};
use tests::files::{Line, account, camt, mt940, today};
use tests::portal::dossier;

const ORDERS: [[&str; 3]; 6] = [
    ["csv", "camt053_v2", "mt940"],
    ["csv", "mt940", "camt053_v2"],
    ["camt053_v2", "csv", "mt940"],
    ["camt053_v2", "mt940", "csv"],
    ["mt940", "csv", "camt053_v2"],
    ["mt940", "camt053_v2", "csv"],
];

async fn closes(house: &House, account: &str, day: Date) {
    let path = format!("/v1/reconciliation/{day}/close?account={account}");
    house.staff.post(&path, json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_is_one_in_every_order_of_the_formats_though_one_of_them_does_not_say_so() {
    for order in ORDERS {
        let house = House::with_bank().await;
        let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let booked = house.transfers(33_000, intent["reference"].as_str().unwrap()).await;
        house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
        for format in order {
            house.imports(format, &today().to_string()).await;
        }
        assert_eq!(house.portal.intent(&intent).await["status"], "open", "{order:?}");
        let shown = house.portal.get(&format!("/v1/obligations/{}", fee["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(shown["status"], "due", "{order:?}");
        assert_eq!(cases(&house).await, "chargeback", "{order:?}");
        let told = "select count(*) from assurance.kase where kind = 'chargeback' and payment_id is not null";
        assert_eq!(house.ask(told).await, "1", "{order:?}");
        assert_eq!(standing(&house, "suspense").await, "", "{order:?}");
        assert_eq!(standing(&house, "bank").await, format!("bank:{} 1000000", account()), "{order:?}");
        closes(&house, &account(), today()).await;
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_finds_the_credit_whose_reference_mt940_has_cut() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let (code, content) = (format!("{BIN}.{OWN}"), intent["reference"].as_str().unwrap());
    let (reference, yesterday) = ("FT26330123456789012345", today().yesterday().unwrap());
    let credit = mt940(OWN, yesterday, 0, &[(33_000, &reference[..16], content)]);
    house.sends_statement(&code, "auto", credit).await.expect(201);
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    let back = camt(OWN, today(), Some(33_000), &[(-33_000, reference, &[(-33_000, "HUY GD")])]);
    let back = String::from_utf8(back)
        .unwrap()
        .replace("DBIT</CdtDbtInd><Sts>", "DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>");
    house.sends_statement(&code, "auto", back.into_bytes()).await.expect(201);
    assert_eq!(
        (house.portal.intent(&intent).await["status"].as_str(), cases(&house).await.as_str()),
        (Some("open"), "chargeback")
    );
    closes(&house, &code, yesterday).await;
    closes(&house, &code, today()).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_finds_the_credit_that_was_told_with_the_reference_that_its_line_lacks() {
    for in_text in [false, true] {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let (code, content) = (format!("{BIN}.{OWN}"), intent["reference"].as_str().unwrap());
        super::batches::told(&house, 33_000, "FT2633099921", content).await;
        let credit = (33_000, "", content);
        house.sends_statement(&code, "auto", mt940(OWN, today(), 0, &[credit])).await.expect(201);
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
        let reversal =
            if in_text { (-33_000, "FT2633099922", "HUY FT2633099921") } else { (-33_000, "FT2633099921", "HUY GD") };
        let text =
            String::from_utf8(mt940(OWN, today(), 33_000, &[reversal])).unwrap().replace("D33000,NTRF", "RC33000,NTRF");
        house.sends_statement(&code, "auto", text.into_bytes()).await.expect(201);
        assert_eq!(
            (house.portal.intent(&intent).await["status"].as_str(), cases(&house).await.as_str()),
            (Some("open"), "chargeback")
        );
        closes(&house, &code, today()).await;
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_and_a_reversal_under_the_reference_of_their_credit_are_two_debits() {
    let house = House::with_bank().await;
    let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let (number, reference) = ("7700000003", "FT2633099911");
    house.had_account(number).await;
    let code = format!("{BIN}.{number}");
    let credit = [(33_000, reference, intent["reference"].as_str().unwrap())];
    let yesterday = today().yesterday().unwrap();
    house.sends_statement(&code, "auto", mt940(number, yesterday, 100_000, &credit)).await.expect(201);
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    let debits = [(-1_100, reference, "PHI GD"), (-33_000, reference, "HUY GD")];
    let text = String::from_utf8(mt940(number, today(), 133_000, &debits)).unwrap().replace("D33000,", "RC33000,");
    let statement = house.sends_statement(&code, "auto", text.into_bytes()).await.expect(201);
    assert_eq!(statement["new_movements"], 2);
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!(cases(&house).await, "chargeback unidentified");
    closes(&house, &code, yesterday).await;
    closes(&house, &code, today()).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debit_that_turns_out_to_take_an_unknown_credit_back_is_told_of_as_that() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let number = "7700000002";
    house.had_account(number).await;
    let code = format!("{BIN}.{number}");
    let content = intent["reference"].as_str().unwrap();
    // an export of the debit alone, then a statement that says what it is, then the statement of the credit's day
    let debit = [(-33_000, "FT2633099902", "HUY GD FT2633099901")];
    house.sends_statement(&code, "csv:synthetic-bank", csv(today(), 133_000, &debit)).await.expect(201);
    assert_eq!(cases(&house).await, "unidentified");
    let says = String::from_utf8(mt940(number, today(), 133_000, &debit)).unwrap();
    let says = says.replace("D33000,", "RC33000,").into_bytes();
    house.sends_statement(&code, "auto", says).await.expect(201);
    assert_eq!(cases(&house).await, "chargeback");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified 33000");
    let yesterday = today().yesterday().unwrap();
    let credit = mt940(number, yesterday, 100_000, &[(33_000, "FT2633099901", content)]);
    house.sends_statement(&code, "auto", credit).await.expect(201);
    assert_eq!(cases(&house).await, "chargeback");
    assert_eq!(standing(&house, "suspense").await, "");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    closes(&house, &code, yesterday).await;
    closes(&house, &code, today()).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_with_the_short_reference_of_its_credit_takes_it_back_whichever_file_comes_first() {
    for credit_first in [true, false] {
        let house = House::with_bank().await;
        house.tellers_are_lost().await;
        let fee = house.portal.owes(&dossier(), 33_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let number = "7700000002";
        house.had_account(number).await;
        let code = format!("{BIN}.{number}");
        let content = intent["reference"].as_str().unwrap();
        let credit = mt940(number, today().yesterday().unwrap(), 100_000, &[(33_000, "100234", content)]);
        let debit = String::from_utf8(mt940(number, today(), 133_000, &[(-33_000, "100234", "HUY GD")])).unwrap();
        let debit = debit.replace("D33000,NTRF", "RC33000,NTRF").into_bytes();
        for file in if credit_first { [credit, debit] } else { [debit, credit] } {
            house.sends_statement(&code, "auto", file).await.expect(201);
        }
        assert_eq!(house.portal.intent(&intent).await["status"], "open", "{credit_first}");
        assert_eq!((cases(&house).await, standing(&house, "suspense").await), ("chargeback".into(), String::new()));
        house.close().await;
    }
}

/// An export in the layout `synthetic-bank`, with its sums.
fn csv(day: Date, opening: i64, lines: &[Line<'_>]) -> Vec<u8> {
    let mut text = String::from(
        "\u{feff}\"STT\",\"Ngày giao dịch\",\"Ngày hiệu lực\",\"Số tham chiếu\",\"Ghi nợ\",\"Ghi có\",\"Số dư\",\"Nội dung\"\r\n",
    );
    let on = day.strftime("%d/%m/%Y").to_string();
    let (mut balance, mut debits, mut credits) = (opening, 0, 0);
    let cell = |amount: i64| if amount > 0 { amount.to_string() } else { String::new() };
    for (no, (amount, reference, narrative)) in (1..).zip(lines) {
        balance += amount;
        let (out, into) = ((-amount).max(0), (*amount).max(0));
        debits += out;
        credits += into;
        let moved = format!("\"{}\",\"{}\"", cell(out), cell(into));
        let _ = write!(
            text,
            "\"{no}\",\"{on} 10:00:00\",\"{on}\",\"{reference}\",{moved},\"{balance}\",\"{narrative}\"\r\n"
        );
    }
    let _ = write!(text, "\"\",\"\",\"\",\"Cộng\",\"{debits}\",\"{credits}\",\"{balance}\",\"\"\r\n");
    text.into_bytes()
}

//! Files that come twice, overlap, leave out days or come in any order: each movement is booked once, and the books
//! stand at what the bank says.

use super::{MOVEMENTS, OWN, PAYMENTS, count};
use futures_util::future::join_all;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::bank::BIN;
use tests::files::{Line, mt940, today};
use tests::portal::dossier;
use tests::{House, rows};

const GAPS: &str = "select count(*) from assurance.kase where kind = 'statement_gap' and status = 'open'";

async fn house() -> House {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    house
}

fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

/// A statement of a day, numbered.
fn numbered(sequence: i64, on: Date, opening: i64, lines: &[Line<'_>]) -> Vec<u8> {
    let text = String::from_utf8(mt940(OWN, on, opening, lines)).unwrap();
    text.replace(":28C:1/1", &format!(":28C:{sequence}/1")).into_bytes()
}

async fn brings(house: &House, bytes: Vec<u8>) -> Value {
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", bytes).await.expect(201)
}

/// Imports a file and looks whether the books stand at its closing balance; how many movements are new.
async fn ends_even(house: &House, bytes: Vec<u8>) -> i64 {
    let statement = brings(house, bytes).await;
    assert_eq!(at_the_bank(house).await, count(&statement, "closing_balance"), "{statement}");
    count(&statement, "new_movements")
}

async fn at_the_bank(house: &House) -> i64 {
    let sql =
        format!("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'bank:{BIN}.{OWN}'");
    house.ask(&sql).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_again_change_nothing() {
    let house = house().await;
    let file = mt940(OWN, day(1), 500_000, &[(10_000, "FT1", "A"), (-2_000, "FT2", "B")]);
    let first = brings(&house, file.clone()).await;
    let known = |mut all: std::collections::BTreeMap<String, String>| {
        all.retain(|table, _| table != "public.idempotency");
        all
    };
    let before = known(rows::digest(&house.database).await);
    let again = house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(200);
    assert_eq!((&again["id"], &again["duplicate"]), (&first["id"], &json!(true)));
    assert_eq!(known(rows::digest(&house.database).await), before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_file_ten_times_at_once_is_imported_once() {
    let house = house().await;
    let file = mt940(OWN, day(1), 500_000, &[(10_000, "FT1", "A"), (10_000, "FT2", "B"), (10_000, "", "C")]);
    let account = format!("{BIN}.{OWN}");
    let answers = join_all((0..10).map(|_| house.sends_statement(&account, "auto", file.clone()))).await;
    let mut said: Vec<u16> = answers.iter().map(|a| a.status).collect();
    said.sort_unstable();
    assert_eq!(said, [vec![200; 9], vec![201]].concat(), "{answers:?}");
    assert_eq!(house.ask("select count(*) from assurance.statement").await, "1");
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("3", "3"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_overlap_bring_only_what_is_new() {
    let house = house().await;
    let all = [(10_000, "FT1", "A"), (10_000, "FT2", "B"), (-3_000, "FT3", "C"), (10_000, "", "D"), (10_000, "", "D")];
    let next = [(7_000, "FT6", "E"), (10_000, "", "D")];
    // until noon, the whole day, both days in one file, the second day alone
    assert_eq!(ends_even(&house, mt940(OWN, day(1), 500_000, &all[..2])).await, 2);
    assert_eq!(ends_even(&house, mt940(OWN, day(1), 500_000, &all)).await, 3);
    let both = [mt940(OWN, day(1), 500_000, &all), mt940(OWN, day(2), 537_000, &next)].concat();
    assert_eq!(ends_even(&house, both).await, 2);
    assert_eq!(ends_even(&house, numbered(2, day(2), 537_000, &next)).await, 0);
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(GAPS).await.as_str()), ("7", "0"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_equal_transfers_of_a_day_stay_two_in_every_format_and_order() {
    let house = House::with_bank().await;
    let formats = [("camt053_v8", "auto"), ("mt940", "auto"), ("csv", "csv:synthetic-bank"), ("camt054_v2", "auto")];
    for first in 0..formats.len() {
        let number = format!("66{first:08}");
        house
            .bank_sim(
                "bank/accounts",
                json!({"number": number, "bin": BIN, "bank": "Vietcombank", "name": "DON VI THU HUONG MAU", "notifiers": [],
                    "opening_balance": 1_000_000, "mt940_reference": "none"}),
            )
            .await;
        house.had_account(&number).await;
        for _ in 0..2 {
            let how = json!({"account": number, "amount": 25_000, "content": "NOP PHI"});
            house.bank_sim("bank/transfer", how).await;
        }
        for nth in 0..formats.len() {
            let (format, said) = formats[(first + nth) % formats.len()];
            let bytes = house.bank_statement(&number, format, &today().to_string()).await;
            let statement = house.sends_statement(&format!("{BIN}.{number}"), said, bytes).await.expect(201);
            assert_eq!(count(&statement, "new_movements"), if nth == 0 { 2 } else { 0 }, "{format} after {nth} others");
        }
        let payments = format!("select count(*) from assurance.payment where receiving_account = '{BIN}.{number}'");
        assert_eq!(house.ask(&payments).await, "2");
        let bank = format!("select sum(amount) from assurance.ledger_entry where account_code = 'bank:{BIN}.{number}'");
        assert_eq!(house.ask(&bank).await, "1050000", "{first}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_in_every_format_at_once_is_the_day_once() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    for amount in [10_000, 10_000, 20_000] {
        house.transfers(amount, "NOP PHI").await;
    }
    let imports = ["camt053_v2", "camt053_v8", "camt054_v8", "mt940", "csv"];
    let day = today().to_string();
    let answers = join_all(imports.map(|format| house.imports(format, &day))).await;
    assert_eq!(answers.iter().map(|a| count(a, "new_movements")).sum::<i64>(), 3, "{answers:?}");
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("3", "3"));
    let shown = house.staff.get(&format!("/v1/statements/{}", answers[0]["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&shown["lines"], &shown["matched"]), (&json!(3), &json!(3)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_disagree_about_an_amount_are_a_case_told_once() {
    let house = house().await;
    brings(&house, mt940(OWN, day(1), 0, &[(1_000, "FT1", "A")])).await;
    brings(&house, mt940(OWN, day(1), 0, &[(1_001, "FT1", "A")])).await;
    brings(&house, mt940(OWN, day(1), 0, &[(1_001, "FT1", "A"), (5_000, "FT2", "B")])).await;
    let told = "select string_agg(amount::text, ' ') from assurance.kase where kind = 'amount_differs'";
    assert_eq!((house.ask(told).await.as_str(), house.ask(MOVEMENTS).await.as_str()), ("1", "2"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_transfers_are_told_apart_by_what_they_name() {
    let house = house().await;
    let mut intents = Vec::new();
    for _ in 0..2 {
        let fee = house.portal.owes(&dossier(), 150_000, json!({})).await;
        intents.push(house.portal.opens(&[&fee]).await);
    }
    let names: Vec<&str> = intents.iter().map(|i| i["reference"].as_str().unwrap()).collect();
    // the later of the two came first, in a file that has no references
    brings(&house, mt940(OWN, day(1), 0, &[(150_000, "", names[1])])).await;
    let whole = mt940(OWN, day(1), 0, &[(150_000, "FT1", names[0]), (150_000, "FT2", names[1])]);
    assert_eq!(ends_even(&house, whole).await, 1);
    for intent in &intents {
        assert_eq!(house.portal.intent(intent).await["status"], "paid");
    }
    assert_eq!(house.ask(PAYMENTS).await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_is_missing_is_a_case_until_it_comes() {
    let house = house().await;
    assert_eq!(ends_even(&house, numbered(1, day(1), 500_000, &[(1_000, "FT1", "A")])).await, 1);
    brings(&house, numbered(3, day(3), 503_000, &[(4_000, "FT3", "C")])).await;
    assert_eq!(house.ask(GAPS).await, "1");
    let told = "select amount || ' ' || kind from assurance.kase where kind = 'statement_gap'";
    assert_eq!(house.ask(told).await, "2000 statement_gap");
    // told once, however many files come
    brings(&house, numbered(4, day(4), 507_000, &[])).await;
    assert_eq!(house.ask(GAPS).await, "1");
    brings(&house, numbered(2, day(2), 501_000, &[(2_000, "FT2", "B")])).await;
    assert_eq!((house.ask(GAPS).await.as_str(), at_the_bank(&house).await), ("0", 507_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_left_out_is_a_case_until_it_comes() {
    let house = house().await;
    brings(&house, numbered(11, day(1), 500_000, &[(1_000, "FT1", "A")])).await;
    brings(&house, numbered(13, day(3), 501_000, &[(1_000, "FT3", "A")])).await;
    assert_eq!(house.ask(GAPS).await, "1");
    brings(&house, numbered(12, day(2), 501_000, &[])).await;
    assert_eq!((house.ask(GAPS).await.as_str(), at_the_bank(&house).await), ("0", 502_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_a_day_and_files_of_many_days_leave_no_gap() {
    let house = house().await;
    let lines = [(1_000, "FT1", "A"), (2_000, "FT2", "B")];
    brings(&house, numbered(1, day(1), 500_000, &lines[..1])).await;
    brings(&house, numbered(1, day(1), 500_000, &lines)).await;
    assert_eq!(ends_even(&house, numbered(2, day(2), 503_000, &[(3_000, "FT3", "C")])).await, 1);
    let many = [
        numbered(1, day(1), 500_000, &lines),
        numbered(2, day(2), 503_000, &[(3_000, "FT3", "C")]),
        numbered(3, day(3), 506_000, &[(4_000, "FT4", "D")]),
    ];
    assert_eq!(ends_even(&house, many.concat()).await, 1);
    assert_eq!(ends_even(&house, numbered(4, day(4), 510_000, &[(5_000, "FT5", "E")])).await, 1);
    assert_eq!(house.ask("select count(*) from assurance.kase where kind = 'statement_gap'").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_in_any_order_end_at_what_the_bank_says() {
    let days = [
        numbered(1, day(1), 500_000, &[(1_000, "FT1", "A"), (-200, "FT1D", "A")]),
        numbered(2, day(2), 500_800, &[(2_000, "FT2", "B")]),
        numbered(3, day(3), 502_800, &[(3_000, "FT3", "C")]),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let house = house().await;
        for nth in order {
            brings(&house, days[nth].clone()).await;
        }
        assert_eq!(at_the_bank(&house).await, 505_800, "{order:?}");
        assert_eq!(house.ask(GAPS).await, "0", "{order:?}");
        let opening = "select -sum(amount) from assurance.ledger_entry where account_code = 'opening:bank'";
        assert_eq!(house.ask(opening).await, "500000", "{order:?}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_first_file_has_no_balances_stands_at_the_next_ones() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    house.transfers(25_000, "NOP PHI").await;
    let notification = house.imports("camt054_v8", &today().to_string()).await;
    assert!(notification["closing_balance"].is_null(), "{notification}");
    house.transfers(35_000, "NOP PHI").await;
    let statement = house.imports("camt053_v8", &today().to_string()).await;
    assert_eq!(count(&statement, "new_movements"), 1);
    let bank = "select sum(amount) from assurance.ledger_entry where account_code like 'bank:%'";
    assert_eq!(house.ask(bank).await, "1060000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_many_days_under_one_balance_beside_daily_ones_keeps_no_day_open() {
    let house = house().await;
    let lines = [(10_000, "FT1", "A"), (20_000, "FT2", "B"), (-3_000, "FT3", "C")];
    brings(&house, numbered(1, day(1), 500_000, &lines[..1])).await;
    brings(&house, numbered(2, day(2), 510_000, &lines[1..2])).await;
    brings(&house, numbered(3, day(3), 530_000, &lines[2..])).await;
    let mut week = String::from_utf8(mt940(OWN, day(3), 500_000, &lines)).unwrap();
    for (nth, line) in (1..).zip(["C10000,", "C20000,"]) {
        let (last, own) = (day(3), day(nth));
        let dated = |on: Date| format!(":61:{}{}{line}", on.strftime("%y%m%d"), on.strftime("%m%d"));
        week = week.replace(&dated(last), &dated(own));
    }
    assert_eq!(ends_even(&house, week.into_bytes()).await, 0);
    for nth in 1..=3 {
        let path = format!("/v1/reconciliation/{}?account={BIN}.{OWN}", day(nth));
        let shown = house.staff.get(&path).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "day {nth}: {shown}");
    }
    house.close().await;
}

//! Files that come many times at one moment, and days that two persons close at once.

use super::{even, patient};
use domain::principal::Scope;
use jiff::ToSpan;
use serde_json::json;
use tests::House;
use tests::bank::BIN;
use tests::barrier::{Request, at_once};
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::ledger_rows::{ACCOUNT, Bank};
use tests::portal::{Answered, Portal, fresh};
use tests::wire;

async fn count(house: &House, what: &str) -> String {
    house.ask(&format!("select count(*) from {what}")).await
}

/// A second person of the staff, who sees every account.
async fn another_person(house: &House) -> Portal {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(jiff::Timestamp::now());
    storage::principals::put_person(&db, id, "ke-toan-hai", "Kế toán (mẫu)", &[]).await.unwrap();
    drop(db);
    let (_, key) = wire::key(house, "ke-toan-hai", Scope::STAFF).await;
    Portal { key, ..house.staff.clone() }
}

/// One made it, nine found it; all say the same id.
fn one_of_ten(answers: &[Answered]) {
    let made: Vec<&Answered> = answers.iter().filter(|a| a.status == 201).collect();
    assert_eq!((made.len(), answers.iter().filter(|a| a.status == 200).count()), (1, 9), "{answers:?}");
    assert!(answers.iter().all(|a| a.json["id"] == made[0].json["id"]));
    assert!(answers.iter().filter(|a| a.status == 200).all(|a| a.json["duplicate"] == true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_ten_times_at_one_moment_is_imported_once() {
    let house = House::planned(patient()).await;
    let number = format!("67{:08}", fresh());
    house.had_account(&number).await;
    let path = format!("/v1/statements?account={BIN}.{number}&format=mt940");
    let mut opening = 500_000;
    for round in 1..=10_i64 {
        let reference = format!("FT{round}");
        let lines = [(10_000 + round, reference.as_str(), "A"), (5_000, "", "B"), (5_000, "", "B")];
        let day = today().checked_sub((11 - round).days()).unwrap();
        let bytes = mt940(&number, day, opening, &lines);
        opening += 20_000 + round;
        let send = || Request::file(&house.staff, &path, &format!("key-{}", fresh()), &bytes);
        one_of_ten(&at_once((0..10).map(|_| send()).collect()).await);
        assert_eq!(count(&house, "statement").await, round.to_string());
        assert_eq!(count(&house, "movement").await, (3 * round).to_string());
        assert_eq!(count(&house, "payment").await, (3 * round).to_string());
        let bank = format!("select sum(amount) from ledger_entry where account_code = 'bank:{BIN}.{number}'");
        assert_eq!(house.ask(&bank).await, opening.to_string());
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_ten_times_at_one_moment_is_imported_once() {
    let house = House::planned(patient()).await;
    house.pays_out_to(&account()).await;
    for round in 1..=10_u64 {
        let (one, two) = (format!("7{round}001"), format!("7{round}002"));
        let rows = [Row::new("Thanh toán", &one, 21_000, 1_100), Row::new("Thanh toán", &two, 8_000, 900)];
        let day = today().checked_sub((11 - i64::try_from(round).unwrap()).days()).unwrap();
        let rows = rows.map(|row| Row { day, ..row });
        let bytes = vnpay_file(&rows);
        let path = "/v1/settlements?profile=vnpay_main";
        let send = || Request::file(&house.staff, path, &format!("key-{}", fresh()), &bytes);
        one_of_ten(&at_once((0..10).map(|_| send()).collect()).await);
        assert_eq!(count(&house, "settlement").await, round.to_string());
        assert_eq!(count(&house, "settlement_line").await, (2 * round).to_string());
        assert_eq!(count(&house, "payment").await, (2 * round).to_string());
        let fees = "select sum(amount) from ledger_entry where account_code = 'fee:vnpay_main'";
        assert_eq!(house.ask(fees).await, (2_000 * round).to_string());
    }
    even(&house).await;
    // VNPAY does not know these payments: the file was written here
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_persons_close_at_one_moment_is_closed_by_one_of_them() {
    let house = House::planned(patient()).await;
    let other = another_person(&house).await;
    let bank = Bank::of(&house).await;
    let first = today().checked_sub(26.days()).unwrap();
    bank.stood(first, 1_000_000).await;
    bank.statement(first, 1_000_000, &[(21_000, "a")]).await;
    for round in 0..25_i64 {
        let day = first.checked_add(round.days()).unwrap();
        let path = format!("/v1/reconciliation/{day}/close?account={ACCOUNT}");
        let close = |staff| Request::post(staff, &path, &format!("key-{}", fresh()), &json!({}));
        let requests = [&house.staff, &other].repeat(2);
        let answers = at_once(requests.into_iter().map(close).collect()).await;
        assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1, "{answers:?}");
        for late in answers.into_iter().filter(|a| a.status != 200) {
            assert_eq!(late.refused(409), "day_closed");
        }
        assert_eq!(count(&house, "closed_day").await, (round + 1).to_string());
        let audited = format!("audit where action = 'day_closed' and subject = 'bank:{ACCOUNT}/{day}'");
        assert_eq!(count(&house, &audited).await, "1");
    }
    // the rows of the bank's side were written by hand, without seals
    house.stop().await;
}

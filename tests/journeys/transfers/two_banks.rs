//! One number at two banks: its money is on the account that got it, once, whoever tells of it and whatever comes first.

use super::words::{call, now_s, sepay, sepay_row, sepay_row_of};
use super::{OPEN_CASES, PAYMENTS, offered, reference, status};
use domain::business_day::HANOI;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tests::bank::{ACCOUNT, BIN, SEPAY_SECRET};
use tests::files::{account, today};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

/// Lower than the bank's own, so that it is the first of the two in every list.
const OTHER_BIN: &str = "970409";
const ON: &str = "select string_agg(receiving_account || ' ' || amount, ', ') from assurance.payment";
const IN_TRANSIT: &str = "select coalesce(string_agg(account_code || ' ' || total, ', '), '') from (
    select account_code, sum(amount) as total from assurance.ledger_entry where account_code like 'in_transit:%'
    group by 1 having sum(amount) <> 0) t";

/// A beneficiary once had the account of this number at a bank.
async fn once_had(house: &House, beneficiary: &str, bin: &str) {
    house
        .ask(&format!(
            "insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
                 account_name, proposed_by)
             select '{beneficiary}', min(in_force_from) - interval '1 year', 'bank', '{bin}', '{ACCOUNT}',
                    'DON VI THU HUONG MAU', 'test'
             from beneficiary_account where beneficiary_code = '{beneficiary}'"
        ))
        .await;
    house.accounts_are_told().await;
}

/// SePay tells of money as if it had come so many days ago, and names this bank.
async fn told(house: &House, days_ago: i64, gateway: Value, mut row: Value) {
    let at = Timestamp::now() - SignedDuration::from_hours(24 * days_ago);
    row["transactionDate"] = HANOI.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string().into();
    row["gateway"] = gateway;
    let body = row.to_string();
    let (status, said) = call(house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_moved_to_another_bank_has_its_money_on_the_new_account_once() {
    let house = House::with_bank().await;
    once_had(&house, BENEFICIARY, OTHER_BIN).await;
    let (_, intent, _) = offered(&house, 21_000).await;
    house.transfers(21_000, &reference(&intent)).await;
    let on_the_new = format!("{} 21000", account());
    assert_eq!((house.ask(ON).await, status(&house, &intent).await), (on_the_new.clone(), "paid".to_owned()));
    offered(&house, 5_000).await;
    house.listings_are_due().await;
    house.drain().await;
    house.imports("mt940", &today().to_string()).await;
    assert_eq!((house.ask(ON).await, house.ask(IN_TRANSIT).await), (on_the_new, String::new()));
    assert_eq!(house.ask(OPEN_CASES).await, "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_two_beneficiaries_have_is_of_the_bank_that_the_teller_names() {
    let house = House::with_bank().await;
    once_had(&house, OTHER_BENEFICIARY, OTHER_BIN).await;
    let (_, intent, _) = offered(&house, 21_000).await;
    house.transfers(21_000, &reference(&intent)).await;
    assert_eq!(house.ask(ON).await, format!("{} 21000", account()));
    assert_eq!((status(&house, &intent).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("paid", ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_names_the_bank_the_account_that_was_in_force_has_it() {
    for (days_ago, bin) in [(0, BIN), (30, OTHER_BIN)] {
        for name in [Value::Null, "Ngân hàng nào đó".into()] {
            let house = House::with_bank().await;
            once_had(&house, BENEFICIARY, OTHER_BIN).await;
            let (_, intent, _) = offered(&house, 21_000).await;
            house.tellers_are_lost().await;
            let booked = house.transfers(21_000, &reference(&intent)).await;
            told(&house, days_ago, name, sepay_row_of(&booked)).await;
            assert_eq!(house.ask(ON).await, format!("{bin}.{ACCOUNT} 21000"));
            assert_eq!(status(&house, &intent).await, "paid");
            house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_may_be_of_either_account_is_parked_for_a_person() {
    for name in [Value::Null, "VietinBank".into()] {
        let house = House::with_bank().await;
        once_had(&house, BENEFICIARY, BIN).await;
        once_had(&house, OTHER_BENEFICIARY, OTHER_BIN).await;
        let (_, intent, _) = offered(&house, 21_000).await;
        told(&house, 30, name, sepay_row(now_s().unsigned_abs(), 21_000, &reference(&intent))).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("0", "poison"));
        assert_eq!(status(&house, &intent).await, "open");
        // the statement books what came all the same
        house.tellers_are_lost().await;
        house.transfers(21_000, &reference(&intent)).await;
        house.imports("mt940", &today().to_string()).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), status(&house, &intent).await.as_str()), ("1", "paid"));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_another_bank_under_the_number_of_our_only_account_is_of_none_of_ours() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 21_000).await;
    told(&house, 0, "VietinBank".into(), sepay_row(now_s().unsigned_abs(), 21_000, &reference(&intent))).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("0", "poison"));
    assert_eq!(status(&house, &intent).await, "open");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_was_kept_under_our_account_is_the_same_whatever_bank_it_names_then() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 21_000).await;
    house.tellers_are_lost().await;
    let booked = house.transfers(21_000, &reference(&intent)).await;
    for name in [Value::Null, "VietinBank".into()] {
        told(&house, 0, name, sepay_row_of(&booked)).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("1", ""));
    }
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

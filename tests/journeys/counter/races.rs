//! The worst mistake is one obligation that two receipts settle.

use super::{owes, receipt, status};
use crate::refunds::{approves, second_person};
use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::House;
use tests::barrier::{Request, at_once};
use tests::counter::{COUNTER, OTHER_COUNTER, entry};
use tests::portal::{Answered, fresh};

fn counted(answers: &[Answered]) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for answer in answers {
        let code = answer.json["code"].as_str().unwrap_or("taken");
        *codes.entry(format!("{} {code}", answer.status)).or_default() += 1;
    }
    codes
}

fn taking(house: &House, counter: &str, fee: &Value, receipt: &str) -> Request {
    let body = entry(counter, "cash", &[fee], 21_000, receipt);
    Request::post(&house.staff, "/v1/counter-payments", &format!("race-{}", fresh()), &body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_receipts_for_one_fee_at_one_moment_one_settles_it() {
    let house = House::with_counters(false).await;
    for _ in 0..3 {
        let fee = owes(&house, 21_000).await;
        let calls = (0..50).map(|n| {
            let counter = if n % 2 == 0 { COUNTER } else { OTHER_COUNTER };
            taking(&house, counter, &fee, &receipt())
        });
        let answers = at_once(calls.collect()).await;
        let told = BTreeMap::from([("201 taken".to_owned(), 1), ("409 obligation_paid".to_owned(), 49)]);
        assert_eq!(counted(&answers), told);
        assert_eq!(status(&house, &fee).await, "paid");
    }
    assert_eq!(house.ask("select sum(drawer) from counter").await, "63000");
    assert_eq!(house.ask("select count(*) from payment").await, "3");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_receipt_fifty_times_at_one_moment_is_one_payment() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    let number = receipt();
    let answers = at_once((0..50).map(|_| taking(&house, COUNTER, &fee, &number)).collect()).await;
    assert_eq!(counted(&answers), BTreeMap::from([("201 taken".to_owned(), 1), ("200 taken".to_owned(), 49)]));
    assert_eq!((house.drawer().await, house.ask("select count(*) from payment").await.as_str()), (21_000, "1"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_and_a_providers_report_at_one_moment_settle_once_and_no_dong_is_lost() {
    const ROUNDS: usize = 12;
    let house = House::with_counters(false).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let fee = owes(&house, 21_000).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        rounds.push((fee, attempt, receipt()));
    }
    let ends = join_all(rounds.iter().map(async |(fee, attempt, receipt)| {
        let fees = [fee];
        join!(house.takes_cash(&fees, 21_000, receipt), house.pays(attempt, json!({})))
    }))
    .await;
    let (mut by_counter, mut by_vnpay) = (0, 0);
    for ((fee, _, _), (taken, order)) in rounds.iter().zip(&ends) {
        assert_eq!(status(&house, fee).await, "paid");
        assert_eq!(order["ipn"][0]["rsp_code"], "00", "money is never refused there: {order}");
        let waits = format!(
            "select coalesce(sum(a.amount), 0) from assurance.allocation a join assurance.payment p using (payment_id)
             where a.suspense_reason = 'duplicate' and p.provider_txn_id = '{}'",
            order["transaction_no"].as_str().unwrap()
        );
        match taken.status {
            201 => {
                by_counter += 1;
                assert_eq!(house.ask(&waits).await, "21000", "it waits for its payer");
            }
            409 => {
                by_vnpay += 1;
                assert_eq!((&taken.json["code"], house.ask(&waits).await.as_str()), (&json!("obligation_paid"), "0"));
            }
            other => panic!("{other}: {}", taken.text),
        }
    }
    println!("{by_counter} settled at the counter, {by_vnpay} by the provider");
    assert_eq!(house.drawer().await, 21_000 * i64::from(by_counter));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_and_a_deposit_at_one_moment_never_take_more_than_the_drawer_holds() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    for _ in 0..8 {
        let before = house.drawer().await;
        let fee = owes(&house, 21_000).await;
        let taken = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
        let void = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
        let proposed = house.staff.post(&void, json!({})).await.expect(201);
        let slip = format!("PGN-{:06}", fresh());
        let (voided, deposited) = join!(approves(&second, &proposed), house.deposits(before + 21_000, &slip));
        let after = status(&house, &fee).await;
        let ends = (voided.status, deposited.status, after.as_str(), house.drawer().await);
        assert!(matches!(ends, (200, 409, "due", 0) | (409, 201, "paid", 0)), "{ends:?} {}", voided.text);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_deposits_at_one_moment_take_what_the_drawer_holds_and_no_more() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    let calls = (0..50).map(|_| {
        let body = json!({"amount": 7_000, "slip_ref": format!("PGN-{:06}", fresh())});
        Request::post(&house.staff, "/v1/counters/quay-1/deposits", &format!("race-{}", fresh()), &body)
    });
    let answers = at_once(calls.collect()).await;
    assert_eq!(counted(&answers), BTreeMap::from([("201 taken".to_owned(), 3), ("409 drawer_short".to_owned(), 47)]));
    assert_eq!(house.drawer().await, 0);
    house.close().await;
}

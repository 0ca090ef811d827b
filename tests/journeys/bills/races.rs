//! The worst mistake is two payments of one bill that are both told "paid" while one was due.

use super::{house, owes, status};
use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::barrier::{Request, at_once};
use tests::bills::{App, BANK, CHECKSUM, SERVICE};
use tests::{House, Plan};

/// The bank's own call, as bytes.
pub(crate) async fn paybill(house: &House, token: &str, code: &str, bill: &str, amount: i64, number: &str) -> Request {
    let checksum = house.ask(&format!("select md5('{CHECKSUM}{number}{bill}{amount}')")).await;
    let body = json!({"trans_id": number, "trans_date": "20261126090000", "customer_id": code, "service_id": SERVICE,
        "bill_id": bill, "amount": amount.to_string(), "checksum": checksum});
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let path = format!("/v1/bills/{BANK}/paybill");
    Request::new("POST", &house.gateway.base_url(), &path, &headers, body.to_string().as_bytes())
}

fn counted(answers: &[tests::portal::Answered]) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for answer in answers {
        *codes.entry(answer.json["result_code"].as_str().unwrap_or("none").to_owned()).or_default() += 1;
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bill_payment_fifty_times_at_one_moment_is_one_payment_and_fifty_times_paid() {
    let house = house().await;
    for _ in 0..3 {
        let (code, fee) = owes(&house, 21_000).await;
        let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
        let bill = seen["bill"].as_str().unwrap();
        let token = house.bill_token(App::Bank).await;
        let number = format!("RACE-{code}");
        let call = paybill(&house, &token, &code, bill, 21_000, &number).await;
        let answers = at_once(vec![call; 50]).await;
        assert_eq!(counted(&answers), BTreeMap::from([("000".to_owned(), 50)]));
        assert_eq!(status(&house, &fee).await, "paid");
        let booked = format!("select count(*) || ' ' || sum(amount) from payment where provider_txn_id = '{number}'");
        assert_eq!(house.ask(&booked).await, "1 21000");
    }
    even(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_payment_in_a_phones_application_fifty_times_at_one_moment_is_one_and_fifty_times_paid() {
    let plan = Plan {
        with_bills: true,
        // all of one process wait for its connections
        settings: vec![("MOTLAN_DATABASE__WAIT_TIMEOUT_MS", "20000".to_owned())],
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    for round in 1..=3 {
        let (code, fee) = owes(&house, 21_000).await;
        house.bill_rule(App::Wallet, json!({"customer": code}), json!([{"repeat": 49}])).await;
        let paid = house.pays_bill(App::Wallet, &code).await;
        let answers = paid["answers"].as_array().unwrap();
        assert!(answers.len() == 50 && answers.iter().all(|a| a["state"] == "paid"), "{paid}");
        assert_eq!(status(&house, &fee).await, "paid");
        assert_eq!(
            house.ask("select count(*) || ' ' || sum(amount) from payment").await,
            format!("{round} {}", 21_000 * round)
        );
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_payments_of_one_bill_at_one_moment_one_is_told_paid() {
    let house = house().await;
    for _ in 0..3 {
        let (code, fee) = owes(&house, 21_000).await;
        let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
        let bill = seen["bill"].as_str().unwrap();
        let token = house.bill_token(App::Bank).await;
        let mut calls = Vec::new();
        for n in 0..50 {
            calls.push(paybill(&house, &token, &code, bill, 21_000, &format!("RACE-{code}-{n}")).await);
        }
        let answers = at_once(calls).await;
        let told = BTreeMap::from([("000".to_owned(), 1), ("023".to_owned(), 49)]);
        assert_eq!(counted(&answers), told);
        assert_eq!(status(&house, &fee).await, "paid");
        let booked =
            format!("select count(*) || ' ' || sum(amount) from payment where provider_txn_id like 'RACE-{code}-%'");
        assert_eq!(house.ask(&booked).await, "1 21000");
    }
    assert_eq!(house.ask("select count(*) from kase").await, "0", "nothing waits: what was refused was given back");
    even(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_payment_and_a_providers_report_at_one_moment_settle_once_and_no_dong_is_lost() {
    const ROUNDS: usize = 12;
    let house = house().await;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let app = App::BOTH[round % 2];
        let (code, fee) = owes(&house, 21_000).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        let seen = house.bills_of(app, &code).await["bills"][0].clone();
        rounds.push((app, code, fee, attempt, seen));
    }
    let ends = join_all(rounds.iter().map(async |(app, code, _, attempt, seen)| {
        join!(house.pays_seen(*app, code, seen), house.pays(attempt, json!({})))
    }))
    .await;
    let (mut by_bill, mut by_vnpay) = (0, 0);
    for ((_, _, fee, attempt, _), (bill, order)) in rounds.iter().zip(&ends) {
        assert_eq!(status(&house, fee).await, "paid");
        assert_eq!(order["ipn"][0]["rsp_code"], "00", "money is never refused there: {order}");
        let id = fee["id"].as_str().unwrap();
        let settled =
            format!("select count(*) || ' ' || sum(amount) from assurance.allocation where obligation_id = '{id}'");
        assert_eq!(house.ask(&settled).await, "1 21000");
        let waits = format!(
            "select coalesce(sum(a.amount), 0) from assurance.allocation a join assurance.payment p using (payment_id)
             where a.suspense_reason = 'duplicate' and p.provider_txn_id = '{}'",
            order["transaction_no"].as_str().unwrap()
        );
        match bill["state"].as_str().unwrap() {
            // the bill was first: the provider's money waits for its payer
            "paid" => {
                by_bill += 1;
                assert_eq!(house.ask(&waits).await, "21000", "{attempt}");
            }
            "returned" => {
                by_vnpay += 1;
                assert_eq!(house.ask(&waits).await, "0", "{attempt}");
            }
            other => panic!("{other}: {bill}"),
        }
    }
    println!("{by_bill} settled by the bill, {by_vnpay} by the provider");
    assert_eq!(by_bill + by_vnpay, ROUNDS);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_and_a_bill_payment_at_one_moment_agree_on_who_was_first() {
    let house = house().await;
    for _ in 0..10 {
        let (code, fee) = owes(&house, 21_000).await;
        let seen = house.bills_of(App::Wallet, &code).await["bills"][0].clone();
        let path = format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap());
        let (paid, cancelled) = join!(house.pays_seen(App::Wallet, &code, &seen), house.portal.post(&path, json!({})));
        let after = status(&house, &fee).await;
        let ends = (paid["state"].as_str().unwrap(), cancelled.status, after.as_str());
        assert!(matches!(ends, ("paid", 409, "paid") | ("returned", 200, "cancelled")), "{ends:?} {}", cancelled.text);
    }
    house.close().await;
}

/// What the barrier sent is not in the application's own book: the books hold, and that is asked.
async fn even(house: &House) {
    house.drain().await;
    house.holds().await;
    let told: Value = serde_json::from_str(
        &house
            .ask(
                "select json_build_object('paid', count(*) filter (where outcome = 'paid'), 'booked',
            count(payment_id)) from bill_payment",
            )
            .await,
    )
    .unwrap();
    assert_eq!(told["paid"], told["booked"]);
}

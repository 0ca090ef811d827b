//! The worst mistake is one obligation that two receipts settle.

use super::{owes, receipt, status};
use crate::refunds::{approves, second_person};
use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::House;
use tests::barrier::{Request, at_once};
use tests::counter::{COUNTER, OTHER_COUNTER, entry};
use tests::interruption::pays_unheard;
use tests::portal::{Answered, Portal, dossier, fresh};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_of_an_officer_a_hundred_times_at_one_moment_is_one_payment_and_one_answer() {
    let house = House::with_counters(false).await;
    for round in 1..=3_i64 {
        let fee = owes(&house, 21_000).await;
        let call = taking(&house, COUNTER, &fee, &receipt());
        let answers = at_once(vec![call; 100]).await;
        let texts: BTreeSet<&str> = answers.iter().filter(|a| a.status == 201).map(|a| a.text.as_str()).collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
        let told = counted(&answers);
        assert_eq!(told.get("201 taken"), Some(&100), "{told:?}");
        assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1);
        assert_eq!(house.ask("select count(*) from payment").await, round.to_string());
        assert_eq!(house.drawer().await, 21_000 * round);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_officers_who_take_for_one_dossier_at_one_moment_never_take_a_fee_twice() {
    let house = House::with_counters(false).await;
    let officers = [house.staff.clone(), second_person(&house).await];
    let mut both = 0;
    for round in 0..24 {
        let code = dossier();
        let fee = async |name: &str, amount| house.portal.owes(&code, amount, json!({"fee_code": name})).await;
        let (one, two, three) = (fee("CT-1", 21_000).await, fee("CT-2", 9_000).await, fee("CT-3", 4_000).await);
        // the second fee is in both hands; every third time it is the same three
        let (first, second) = match round % 3 {
            0 => ((vec![&one, &two, &three], 34_000), (vec![&three, &two, &one], 34_000)),
            _ => ((vec![&one, &two], 30_000), (vec![&two, &three], 13_000)),
        };
        let call = |who: usize, (fees, amount): &(Vec<&Value>, i64)| {
            let counter = [COUNTER, OTHER_COUNTER][who];
            let body = entry(counter, "cash", fees, *amount, &receipt());
            Request::post(&officers[who], "/v1/counter-payments", &format!("race-{}", fresh()), &body)
        };
        let answers = at_once(vec![call(0, &first), call(1, &second)]).await;
        let told = BTreeMap::from([("201 taken".to_owned(), 1), ("409 obligation_paid".to_owned(), 1)]);
        assert_eq!(counted(&answers), told);
        both += usize::from(answers[1].status == 201);
        let taken = if answers[0].status == 201 { &first } else { &second };
        for fee in [&one, &two, &three] {
            let wanted = if taken.0.iter().any(|of| of["id"] == fee["id"]) { "paid" } else { "due" };
            assert_eq!(status(&house, fee).await, wanted);
        }
    }
    println!("of 24 the second officer was first {both} times");
    house.close().await;
}

/// What a second person is asked to undo.
fn undoing(who: &Portal, taken: &Value) -> Request {
    let path = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    Request::post(who, &path, &format!("race-{}", fresh()), &json!({}))
}

fn deciding(who: &Portal, proposed: &Value, verdict: &str) -> Request {
    let path = format!("/v1/approvals/{}/{verdict}", proposed["approval_id"].as_str().unwrap());
    Request::post(who, &path, &format!("race-{}", fresh()), &json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_voids_of_one_payment_at_one_moment_one_is_proposed_and_of_those_who_decide_one_has_decided() {
    let house = House::with_counters(false).await;
    house.hear_events().await;
    let second = second_person(&house).await;
    let third = house.person_of("nguoi-duyet-2", tests::BENEFICIARY).await;
    let (mut undone, mut drawer) = (0, 0);
    for round in 0..20_usize {
        let fee = owes(&house, 21_000).await;
        let taken = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
        let who = [&house.staff, &second];
        let answers = at_once((0..6).map(|n| undoing(who[n % 2], &taken)).collect()).await;
        let told = BTreeMap::from([("201 taken".to_owned(), 1), ("409 approval_pending".to_owned(), 5)]);
        assert_eq!(counted(&answers), told);
        let by = answers.iter().position(|a| a.status == 201).unwrap();
        let (proposed, other) = (&answers[by].json, who[(by + 1) % 2]);
        let mut calls = vec![
            deciding(other, proposed, "approve"),
            deciding(&third, proposed, "approve"),
            deciding(other, proposed, "reject"),
            deciding(&third, proposed, "reject"),
        ];
        calls.rotate_left(round % 4);
        let mut said = at_once(calls).await;
        said.rotate_right(round % 4);
        let told = BTreeMap::from([("200 taken".to_owned(), 1), ("409 approval_decided".to_owned(), 3)]);
        assert_eq!(counted(&said), told);
        if said[..2].iter().any(|a| a.status == 200) {
            undone += 1;
            assert_eq!(status(&house, &fee).await, "due");
        } else {
            drawer += 21_000;
            assert_eq!(status(&house, &fee).await, "paid");
        }
        assert_eq!(house.drawer().await, drawer, "cash leaves the drawer once");
    }
    println!("of 20 undone {undone}");
    assert!((1..20).contains(&undone), "the same one always came first");
    assert_eq!(house.ask("select count(*) from counter_void").await, undone.to_string());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_and_a_providers_report_at_one_moment_leave_the_fee_paid_once_or_the_money_waiting() {
    let house = House::with_counters(false).await;
    let second = second_person(&house).await;
    let mut ends = BTreeMap::<&str, usize>::new();
    for round in 0..20 {
        let fee = owes(&house, 21_000).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        let report = Request::get(&pays_unheard(&house, &attempt).await);
        let taken = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
        let proposed = at_once(vec![undoing(&house.staff, &taken)]).await.remove(0).expect(201);
        let mut calls = vec![deciding(&second, &proposed, "approve"), report];
        calls.rotate_left(round % 2);
        let mut said = at_once(calls).await;
        said.rotate_right(round % 2);
        assert_eq!((said[0].status, &said[1].json["RspCode"]), (200, &json!("00")), "{said:?}");
        let waits = format!(
            "select coalesce(sum(a.amount), 0) from assurance.allocation a join assurance.payment p using (payment_id)
             where a.suspense_reason is not null and p.order_ref = '{}'",
            attempt["order_ref"].as_str().unwrap()
        );
        // undone first, the provider's money settles; told first, it waits beside a fee that is due again
        let end = match (status(&house, &fee).await.as_str(), house.ask(&waits).await.as_str()) {
            ("paid", "0") => "settled by the provider",
            ("due", "21000") => "waits for its payer",
            other => panic!("{other:?}"),
        };
        *ends.entry(end).or_default() += 1;
        assert_eq!(house.drawer().await, 0);
    }
    println!("{ends:?}");
    house.close().await;
}

//! Refunds that meet: each other, two who decide, the proposer who takes back, the worker that hands it to VNPAY, and money
//! that comes at the same moment.

use super::{even, patient};
use crate::refunds::{becomes, id, obligation_status, paid, proposes, second_person, status, whole};
use futures_util::join;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::House;
use tests::barrier::{Request, at_once};
use tests::interruption::pays_unheard;
use tests::portal::{Answered, Portal, fresh};

/// VNPAY sends what it has taken up at once.
async fn a_quick_vnpay() -> House {
    let house = House::planned(patient()).await;
    house.sim("script", json!({"match": {}, "do": [{"refund_ms": 0}]})).await;
    house
}

fn post(who: &Portal, path: &str, body: &Value) -> Request {
    Request::post(who, path, &format!("key-{}", fresh()), body)
}

fn proposal(who: &Portal, payment: &Value, fee: &Value) -> Request {
    let body = json!({"lines": [whole(fee)], "then": "close", "reason_code": "nop_nham",
        "refundable_amount": payment["refundable_amount"]});
    post(who, &format!("/v1/payments/{}/refunds", id(payment)), &body)
}

fn decides(who: &Portal, refund: &Value, verdict: &str) -> Request {
    post(who, &format!("/v1/approvals/{}/{verdict}", refund["approval_id"].as_str().unwrap()), &json!({}))
}

fn takes_back(who: &Portal, refund: &Value) -> Request {
    post(who, &format!("/v1/refunds/{}/cancel", id(refund)), &json!({}))
}

/// The one of these answers that is good; the others are refused with this code.
fn one_of(answers: &[Answered], good: u16, refused: (u16, &str)) -> usize {
    let done: Vec<usize> = (0..answers.len()).filter(|n| answers[*n].status == good).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    for other in answers.iter().filter(|a| a.status != good) {
        assert_eq!(other.clone().refused(refused.0), refused.1);
    }
    done[0]
}

/// How many refunds VNPAY has of an intent's orders.
async fn at_vnpay(house: &House, intent: &Value) -> usize {
    let reference = intent["reference"].as_str().unwrap();
    let orders = house.orders().await;
    let of_it = orders.iter().filter(|o| o["order_ref"].as_str().is_some_and(|r| r.starts_with(reference)));
    of_it.map(|o| o["refunds"].as_array().map_or(0, Vec::len)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_refunds_of_the_same_money_at_one_moment_one_is_proposed() {
    let house = a_quick_vnpay().await;
    let other = second_person(&house).await;
    for round in 1..=20 {
        let (fee, _, payment) = paid(&house, 21_000).await;
        let who = [&house.staff, &other, &house.portal];
        let requests = (0..6).map(|n| proposal(who[n % 3], &payment, &fee)).collect();
        one_of(&at_once(requests).await, 201, (412, "refundable_amount_mismatch"));
        assert_eq!(house.ask("select count(*) from refund").await, round.to_string());
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_decide_or_take_back_at_one_moment_one_has_decided_and_what_follows_is_that() {
    let house = a_quick_vnpay().await;
    let other = second_person(&house).await;
    let mut ends = [0; 3];
    for round in 0..30 {
        let (fee, intent, payment) = paid(&house, 21_000).await;
        let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        let mut requests = vec![
            decides(&other, &refund, "approve"),
            decides(&other, &refund, "reject"),
            decides(&other, &refund, "approve"),
            takes_back(&house.staff, &refund),
        ];
        requests.rotate_left(round % 4);
        let mut said = at_once(requests).await;
        said.rotate_right(round % 4);
        let (approved, rejected) = (said[0].status == 200 || said[2].status == 200, said[1].status == 200);
        let decided = said[..3].iter().filter(|a| a.status == 200).count();
        for refused in said[..3].iter().filter(|a| a.status != 200) {
            assert_eq!(refused.clone().refused(409), "approval_decided");
        }
        let taken_back = said[3].status == 200;
        if !taken_back {
            assert_eq!(said[3].clone().refused(409), "refund_not_cancellable");
        }
        // whoever proposed it may take back what another has approved, while VNPAY has not heard of it
        let legal = match (approved, rejected, taken_back) {
            (true, false, true | false) | (false, true, false) => decided == 1,
            (false, false, true) => decided == 0,
            _ => false,
        };
        assert!(legal, "{said:?}");
        if taken_back {
            house.drain().await;
            assert_eq!((status(&house, &refund).await.as_str(), at_vnpay(&house, &intent).await), ("cancelled", 0));
            ends[0] += 1;
        } else if rejected {
            house.drain().await;
            assert_eq!((status(&house, &refund).await.as_str(), at_vnpay(&house, &intent).await), ("rejected", 0));
            ends[1] += 1;
        } else {
            becomes(&house, &refund, "succeeded").await;
            assert_eq!(at_vnpay(&house, &intent).await, 1);
            ends[2] += 1;
        }
        let wanted = if taken_back || rejected { "paid" } else { "refunded" };
        assert_eq!(obligation_status(&house, &fee).await, wanted);
        even(&house).await;
    }
    println!("of 30 taken back {}, rejected {}, paid out {}", ends[0], ends[1], ends[2]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_taken_back_while_it_is_handed_to_vnpay_is_either_and_never_both() {
    let house = a_quick_vnpay().await;
    let other = second_person(&house).await;
    let ctx = &house.gateway.ctx;
    let mut handed = 0;
    for round in 0..30_u64 {
        let (fee, intent, payment) = paid(&house, 21_000).await;
        let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        at_once(vec![decides(&other, &refund, "approve")]).await.remove(0).expect(200);
        let driving = async {
            tokio::time::sleep(std::time::Duration::from_millis(14 + round % 8)).await;
            payments::refund::drive(ctx, true, Timestamp::now()).await.unwrap();
        };
        let (said, ()) = join!(at_once(vec![takes_back(&house.staff, &refund)]), driving);
        if said[0].status == 200 {
            house.drain().await;
            assert_eq!((status(&house, &refund).await.as_str(), at_vnpay(&house, &intent).await), ("cancelled", 0));
            assert_eq!(obligation_status(&house, &fee).await, "paid");
        } else {
            assert_eq!(said[0].clone().refused(409), "refund_not_cancellable");
            becomes(&house, &refund, "succeeded").await;
            assert_eq!(at_vnpay(&house, &intent).await, 1);
            assert_eq!(obligation_status(&house, &fee).await, "refunded");
            handed += 1;
        }
        even(&house).await;
    }
    println!("of 30 handed to VNPAY {handed}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_and_a_second_report_of_its_fee_at_one_moment_lose_no_money() {
    let house = a_quick_vnpay().await;
    let other = second_person(&house).await;
    for round in 0..25 {
        let fee = house.portal.owes(&tests::portal::dossier(), 21_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let (first, second) = (house.at_vnpay(&intent).await, house.at_vnpay(&intent).await);
        let report = Request::get(&pays_unheard(&house, &second).await);
        house.pays(&first, json!({})).await;
        let path = format!("/v1/payments?intent_id={}", id(&intent));
        let payment = house.staff.get(&path).await.expect(200)["data"][0].clone();
        let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        let mut requests = vec![decides(&other, &refund, "approve"), report];
        requests.rotate_left(round % 2);
        let mut said = at_once(requests).await;
        said.rotate_right(round % 2);
        // the fee is paid, or being refunded: the second money has no place in either
        assert_eq!((said[0].status, &said[1].json["RspCode"]), (200, &json!("00")), "{said:?}");
        becomes(&house, &refund, "succeeded").await;
        assert_eq!(obligation_status(&house, &fee).await, "refunded");
        let held = format!(
            "select sum(a.amount) from assurance.allocation a join assurance.payment p using (payment_id)
             where a.suspense_reason is not null and p.order_ref = {}",
            second["order_ref"].to_string().replace('"', "'")
        );
        assert_eq!(house.ask(&held).await, "21000", "round {round}");
        assert_eq!(at_vnpay(&house, &intent).await, 1);
        even(&house).await;
    }
    house.close().await;
}

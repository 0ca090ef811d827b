//! Money that meets money, and money that meets plans: the same report a hundred times, several channels for one
//! obligation, a report against the end, the cancellation and the renewal of its intent, and against its own attempt.

use super::{even, late_payers, opens, owes, patient};
use futures_util::future::join_all;
use futures_util::join;
use jiff::Timestamp;
use payments::{expire_intents, place_orphans};
use serde_json::{Value, json};
use std::time::Duration;
use tests::bank::{self, ACCOUNT, CASSO_KEY, PAYOS_KEY, PROFILE, SEPAY_SECRET, webhook};
use tests::barrier::{Request, at_once};
use tests::interruption::pays_unheard;
use tests::portal::{Answered, fresh};
use tests::{House, Plan};

/// What tells of the bank's accounts, and by what door it comes.
const TELLERS: [(&str, &str, &str); 3] =
    [("sepay_hmac", "sepay", SEPAY_SECRET), ("casso", "casso", CASSO_KEY), ("payos", "payos", PAYOS_KEY)];

/// A house whose bank writes down what it would send, and sends it to nobody.
async fn a_silent_bank() -> House {
    let mut plan = Plan { with_bank: true, ..patient() };
    plan.settings.push(("MOTLAN_DATABASE__WAIT_TIMEOUT_MS", "20000".to_owned()));
    let house = House::planned(plan).await;
    let notifiers: Vec<Value> = TELLERS
        .iter()
        .map(|(kind, _, secret)| json!({"kind": kind, "url": "", "secret": secret, "schedule_ms": [0]}))
        .collect();
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "notifiers": notifiers})).await;
    house
}

/// A transfer that nobody hears of, and the calls that would tell of it, by teller.
async fn transfers(house: &House, amount: i64, content: &Value) -> Vec<Request> {
    let how = json!({"account": ACCOUNT, "amount": amount, "content": content, "order_code": fresh(),
        "payment_link_id": format!("link{}", fresh())});
    let id = house.bank_sim("bank/transfer", how).await["transaction"]["id"].clone();
    for _ in 0..200 {
        let log = house.bank_log().await;
        let of =
            |kind: &str| log.iter().find(|l| l["kind"] == "sent" && l["notifier"] == kind && l["id"] == id).cloned();
        let sent: Vec<(&str, Value)> = TELLERS.iter().filter_map(|(kind, door, _)| Some((*door, of(kind)?))).collect();
        if sent.len() == TELLERS.len() {
            return sent.iter().map(|(door, sent)| told(house, door, sent)).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the bank writes nothing down");
}

fn told(house: &House, door: &str, sent: &Value) -> Request {
    let base = house.gateway.base_url();
    let url = webhook(&base, door);
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(sent["headers"].as_object().unwrap().iter().map(|(name, v)| (name.as_str(), v.as_str().unwrap())));
    headers.dedup_by(|a, b| a.0.eq_ignore_ascii_case(b.0));
    let path = url.strip_prefix(&base).unwrap();
    Request::new("POST", &base, path, &headers, sent["body"].as_str().unwrap().as_bytes())
}

async fn count(house: &House, what: &str) -> String {
    house.ask(&format!("select count(*) from {what}")).await
}

async fn status(house: &House, intent: &Value) -> Value {
    house.portal.intent(intent).await["status"].clone()
}

fn codes(answers: &[Answered], code: &str) -> usize {
    answers.iter().filter(|a| a.json["RspCode"] == code).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_providers_report_a_hundred_times_at_one_moment_is_one_payment() {
    let house = a_silent_bank().await;
    let (mut payments, mut sightings) = (0, 0);
    for _ in 0..4 {
        let intent = opens(&house, vec![&owes(&house, 21_000).await], 3_600).await;
        let attempt = house.at_vnpay(&intent).await;
        let report = Request::get(&pays_unheard(&house, &attempt).await);
        let said = at_once(vec![report; 100]).await;
        assert_eq!((codes(&said, "00"), codes(&said, "02")), (1, 99));
        (payments, sightings) = (payments + 1, sightings + 1);
        assert_eq!(status(&house, &intent).await, "paid");

        for (teller, (name, ..)) in TELLERS.iter().enumerate() {
            let intent = opens(&house, vec![&owes(&house, 22_000).await], 3_600).await;
            house.at_the_bank(&intent).await;
            let call = transfers(&house, 22_000, &intent["reference"]).await.remove(teller);
            let said = at_once(vec![call; 100]).await;
            assert!(said.iter().all(|a| a.status == 200), "{name} {said:?}");
            (payments, sightings) = (payments + 1, sightings + 1);
            let all = "select string_agg(concat_ws(' ', p.channel, p.receiving_account, p.bank_ref, p.amount, p.intent_id, s.source),
                e'\\n' order by p.id) from payment p left join sighting_outcome o on o.payment_id = p.id
                left join sighting s on s.id = o.sighting_id and o.state = 'applied'";
            assert_eq!(count(&house, "payment").await, payments.to_string(), "{name}\n{}", house.ask(all).await);
            assert_eq!(status(&house, &intent).await, "paid");
        }
        assert_eq!(count(&house, "sighting where source like 'webhook:%'").await, sightings.to_string());
        assert_eq!(count(&house, "kase").await, "0");
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_to_five_channels_at_one_moment_one_settles_the_obligation_and_each_other_has_a_case() {
    let house = a_silent_bank().await;
    let (mut held, mut by_vnpay) = (0, 0);
    for round in 0..40_usize {
        let amount = 30_000 + i64::try_from(round).unwrap();
        let fee = owes(&house, amount).await;
        let intent = opens(&house, vec![&fee], 3_600).await;
        let mut calls = Vec::new();
        for n in 0..2 + round % 4 {
            if (n + round / 4) % 2 == 0 {
                let attempt = house.at_vnpay(&intent).await;
                calls.push(Request::get(&pays_unheard(&house, &attempt).await));
            } else {
                // one transfer, and each of two rounds another teller
                calls.push(transfers(&house, amount, &intent["reference"]).await.remove(round % 2));
            }
        }
        held += calls.len() - 1;
        let said = at_once(calls).await;
        assert!(
            said.iter().all(|a| a.status == 200 && (a.json["RspCode"].is_null() || a.json["RspCode"] == "00")),
            "{said:?}"
        );
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        let paid = house.portal.intent(&intent).await;
        assert_eq!((&paid["status"], &paid["amount_due"]), (&json!("paid"), &json!(0)));
        by_vnpay += usize::from(paid["paid_channel"] == "vnpay");
        let id = fee["id"].as_str().unwrap().trim_start_matches("obl_");
        let settled = format!("select count(*) || ' ' || sum(amount) from allocation where obligation_id = '{id}'");
        assert_eq!(house.ask(&settled).await, format!("1 {amount}"));
        let waits = "assurance.allocation where suspense_reason = 'duplicate'";
        assert_eq!(count(&house, waits).await, held.to_string(), "round {round}");
        let cases = "kase where kind = 'duplicate_payment' and status = 'open'";
        assert_eq!((count(&house, cases).await, count(&house, "kase").await), (held.to_string(), held.to_string()));
        even(&house).await;
    }
    println!("of 40 VNPAY settled {by_vnpay}");
    house.close().await;
}

/// So many intents with money under way: the report that would tell of it.
async fn reported(house: &House, intents: &[Value]) -> Vec<Request> {
    let mut reports = Vec::new();
    for intent in intents {
        let attempt = house.at_vnpay(intent).await;
        reports.push(Request::get(&pays_unheard(house, &attempt).await));
    }
    reports
}

async fn settled(house: &House, intents: &[Value]) {
    for intent in intents {
        let now = house.portal.intent(intent).await;
        assert_eq!(now["status"], "paid", "{now}");
        assert_eq!(now["obligations"][0]["status"], "paid", "{now}");
    }
    assert_eq!(count(house, "payment").await, count(house, "intent").await);
    assert_eq!(count(house, "kase").await, "0");
    assert_eq!(
        house.ask("select coalesce(sum(amount), 0) from assurance.allocation where suspense_reason is not null").await,
        "0"
    );
    even(house).await;
}

fn asks(house: &House, intent: &Value, what: &str, body: &Value) -> Request {
    let path = format!("/v1/payment-intents/{}/{what}", intent["id"].as_str().unwrap());
    Request::post(&house.portal, &path, &format!("key-{}", fresh()), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_and_a_cancellation_at_one_moment_leave_the_intent_paid() {
    let house = House::planned(patient()).await;
    house.hear_events().await;
    let fees = join_all((0..40).map(|_| owes(&house, 18_000))).await;
    let intents = join_all(fees.iter().map(|fee| opens(&house, vec![fee], 3_600))).await;
    let reports = reported(&house, &intents).await;
    let mut cancelled = 0;
    for (n, (intent, report)) in intents.iter().zip(reports).enumerate() {
        let cancel = asks(&house, intent, "cancel", &json!({}));
        let mut said = at_once(if n % 2 == 0 { vec![cancel, report] } else { vec![report, cancel] }).await;
        said.rotate_left(n % 2);
        assert_eq!(said[1].json["RspCode"], "00", "{said:?}");
        match said[0].status {
            200 => cancelled += 1,
            _ => assert_eq!(said[0].clone().refused(409), "intent_wrong_status"),
        }
    }
    println!("of 40 the cancellation came first {cancelled} times");
    settled(&house, &intents).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_at_the_moment_of_the_expiry_or_of_the_renewal_leaves_the_intent_paid() {
    const EACH: usize = 20;
    let house = House::planned(patient()).await;
    house.hear_events().await;
    late_payers(&house).await;
    let fees = join_all((0..2 * EACH).map(|_| owes(&house, 18_000))).await;
    let intents = join_all(fees.iter().map(|fee| opens(&house, vec![fee], 8))).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(8);
    // the last tries are asked about: that nobody has heard of money lets an intent expire
    join_all(intents.iter().map(|intent| house.at_vnpay(intent))).await;
    super::until(deadline).await;
    let renewed = &intents[EACH..];
    let ctx = &house.gateway.ctx;
    let expired = async |n: usize| {
        while count(&house, "intent where status = 'expired'").await != n.to_string() {
            worker::drain(ctx).await.unwrap();
        }
    };
    expired(2 * EACH).await;
    // half of them live again, and are about to end once more
    let again = join_all(renewed.iter().map(|intent| {
        let path = format!("/v1/payment-intents/{}/renew", intent["id"].as_str().unwrap());
        let portal = &house.portal;
        async move { portal.post(&path, json!({"expires_in_s": 2})).await.expect(200) }
    }))
    .await;
    assert!(again.iter().all(|intent| intent["status"] == "open"));
    let mut calls = Vec::new();
    for attempt in join_all(intents.iter().map(|intent| house.portal.intent(intent))).await {
        let attempt = attempt["attempts"][0].clone();
        calls.push(Request::get(&pays_unheard(&house, &attempt).await));
    }
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (expiring, renewing) = (calls.split_off(EACH), calls);
    // those that are open past their deadline: the worker ends them while their money is told
    let ending = async {
        for _ in 0..20 {
            expire_intents::expire(ctx, Timestamp::now()).await.unwrap();
        }
    };
    let (said, ()) = join!(at_once(expiring), ending);
    assert_eq!(codes(&said, "00"), EACH, "{said:?}");
    // those that have expired: their portals renew them while their money is told
    let mut renewals = 0;
    for (intent, report) in intents.iter().zip(renewing) {
        let said = at_once(vec![asks(&house, intent, "renew", &json!({"expires_in_s": 600})), report]).await;
        assert_eq!(said[1].json["RspCode"], "00", "{said:?}");
        match said[0].status {
            200 => renewals += 1,
            _ => assert_eq!(said[0].clone().refused(409), "intent_wrong_status"),
        }
    }
    println!("of {EACH} the renewal came first {renewals} times");
    settled(&house, &intents).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_overtakes_its_attempt_is_placed_once_whoever_places_it() {
    let house = House::planned(patient()).await;
    let ctx = &house.gateway.ctx;
    for round in 1..=25_u64 {
        let intent = opens(&house, vec![&owes(&house, 40_000).await], 3_600).await;
        let order = format!("{}1", intent["reference"].as_str().unwrap());
        let query = crate::conformance::captured(&order, 40_000, 91_000_000 + round);
        let report = Request::get(&format!("{}/v1/webhooks/vnpay/vnpay_main?{query}", house.gateway.base_url()));
        let early = at_once(vec![report.clone(); 3]).await;
        assert_eq!(codes(&early, "01"), 3, "{early:?}");
        let start = asks(&house, &intent, "attempts", &json!({"channel": "vnpay"}));
        let placing = join_all((0..3).map(|_| async {
            for _ in 0..8 {
                place_orphans::place(ctx, Timestamp::now()).await.unwrap();
            }
        }));
        let (said, _) = join!(at_once(vec![start, report.clone(), report]), placing);
        assert_eq!(said[0].status, 201, "{}", said[0].text);
        assert!(said[1..].iter().all(|a| a.json["RspCode"] == "01" || a.json["RspCode"] == "02"), "{said:?}");
        place_orphans::place(ctx, Timestamp::now()).await.unwrap();
        let paid = house.portal.intent(&intent).await;
        assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")), "{paid}");
        assert_eq!(count(&house, "payment").await, round.to_string());
        assert_eq!(count(&house, "kase where status <> 'closed'").await, "0");
        let sums = "select sum(amount) from assurance.allocation where suspense_reason is not null";
        assert_eq!(house.ask(sums).await, "0");
        even(&house).await;
    }
    // VNPAY does not know these: they were told by this test
    house.drain().await;
    house.stop().await;
}

#[test]
fn the_tellers_are_those_of_the_profile() {
    let settings = bank::settings("http://bank");
    assert!(TELLERS.iter().all(|(_, _, secret)| settings.iter().any(|(_, value)| value == secret)), "{PROFILE}");
}

//! Wallets, the national platform, Mobile Money, bills and the counter: the same report a hundred times, several of them for
//! one obligation, a report against the end, the cancellation and the renewal of its intent. Whoever comes first, one
//! settles, and no đồng is lost.

use super::{even, opens, owes, until};
use crate::bills::races::paybill;
use crate::refunds::{approves, becomes, id, obligation_status, payment_of, proposes, second_person, whole};
use futures_util::future::join_all;
use futures_util::join;
use jiff::Timestamp;
use payments::expire_intents;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::barrier::{Request, at_once};
use tests::bills::App;
use tests::counter::{COUNTER, entry};
use tests::interruption::pays_unheard;
use tests::mobile_money::PHONE;
use tests::portal::{Answered, fresh};
use tests::wallets::door;
use tests::{House, Plan, bank, counter};

/// What reports by a call that is signed.
const WALLETS: [&str; 3] = ["momo", "zalopay", "national"];

/// Every channel but transfers, one counter, and a worker's clock that asks once and then waits for a minute.
async fn house() -> House {
    let mut settings = counter::settings();
    settings.extend([
        ("MOTLAN_POLL__SCHEDULE_S", "60".to_owned()),
        // a hundred callers of one process wait for its connections
        ("MOTLAN_DATABASE__WAIT_TIMEOUT_MS", "20000".to_owned()),
    ]);
    let plan = Plan { with_wallets: true, with_mobile_money: true, with_bills: true, settings, ..Plan::default() };
    let house = House::on(bank::database().await, plan).await;
    house.sets_up(COUNTER, &[tests::BENEFICIARY]).await;
    house
}

/// An order at a wallet that is paid, and the report of it that nobody has heard.
async fn unheard(house: &House, channel: &str, attempt: &Value) -> Request {
    house.wallet_rule(channel, attempt, json!({"drop": true})).await;
    let order = house.pays_wallet(channel, attempt, json!({})).await;
    let sent = order["calls"][0]["sent"].as_str().unwrap();
    let headers = [("Content-Type", "application/json")];
    Request::new("POST", &house.gateway.base_url(), &door(channel), &headers, sent.as_bytes())
}

/// A payer has confirmed on the phone; the callback that makes us ask.
async fn unheard_phone(house: &House, intent: &Value) -> Request {
    let path = format!("/v1/payment-intents/{}/attempts", id(intent));
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    let attempt = house.portal.post(&path, body).await.expect(201);
    let order = attempt["order_ref"].as_str().unwrap();
    house.mm_rule(json!({"order_ref": order}), &[json!({"drop": true})]).await;
    house.mm("pay", json!({"order_ref": order})).await;
    let (base, url) = (house.gateway.base_url(), house.mm_callback_url(order));
    let headers = [("Content-Type", "application/json")];
    Request::new("PUT", &base, url.strip_prefix(&base).unwrap(), &headers, b"{}")
}

/// Whether a wallet takes the answer for the end of its calls.
fn is_taken(channel: &str, answer: &Answered) -> bool {
    match channel {
        "momo" => answer.status == 204,
        "zalopay" => answer.status == 200 && answer.json["return_code"] == 1,
        _ => answer.status == 200 && answer.json["MaLoi"] == "00",
    }
}

async fn count(house: &House, what: &str) -> usize {
    house.ask(&format!("select count(*) from {what}")).await.parse().unwrap()
}

async fn status(house: &House, intent: &Value) -> Value {
    house.portal.intent(intent).await["status"].clone()
}

/// Asks whoever was not heard yet, as a worker does.
async fn asked(house: &House) {
    worker::drain(&house.gateway.ctx).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallets_report_a_hundred_times_at_one_moment_is_one_payment() {
    let house = house().await;
    for (n, channel) in WALLETS.iter().cycle().take(3 * WALLETS.len()).enumerate() {
        let intent = opens(&house, vec![&owes(&house, 22_000).await], 3_600).await;
        let attempt = house.at_wallet(channel, &intent).await;
        let report = unheard(&house, channel, &attempt).await;
        let said = at_once(vec![report; 100]).await;
        assert!(said.iter().all(|answer| is_taken(channel, answer)), "{channel} {said:?}");
        assert_eq!(status(&house, &intent).await, "paid");
        let seen = (count(&house, "payment").await, count(&house, "sighting").await, count(&house, "kase").await);
        assert_eq!(seen, (n + 1, n + 1, 0), "{channel}");
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_of_mobile_money_a_hundred_times_while_it_is_asked_about_is_one_payment() {
    let house = house().await;
    for round in 1..=4 {
        let intent = opens(&house, vec![&owes(&house, 22_000).await], 3_600).await;
        let callback = unheard_phone(&house, &intent).await;
        let asking = async {
            for _ in 0..4 {
                join!(asked(&house), asked(&house));
            }
        };
        let (said, ()) = join!(at_once(vec![callback; 100]), asking);
        assert!(said.iter().all(|answer| answer.status == 204), "{said:?}");
        asked(&house).await;
        assert_eq!(status(&house, &intent).await, "paid");
        let seen = (count(&house, "payment").await, count(&house, "sighting").await, count(&house, "kase").await);
        assert_eq!(seen, (round, round, 0));
        even(&house).await;
    }
    house.close().await;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Vnpay,
    Wallet(&'static str),
    Phone,
    Bill,
    Desk,
}

const WAYS: [By; 7] =
    [By::Vnpay, By::Wallet("momo"), By::Phone, By::Bill, By::Wallet("zalopay"), By::Desk, By::Wallet("national")];

/// The call by which this money comes.
async fn coming(house: &House, by: By, intent: &Value, fee: &Value, amount: i64) -> Request {
    match by {
        By::Vnpay => {
            let attempt = house.at_vnpay(intent).await;
            Request::get(&pays_unheard(house, &attempt).await)
        }
        By::Wallet(channel) => {
            let attempt = house.at_wallet(channel, intent).await;
            unheard(house, channel, &attempt).await
        }
        By::Phone => unheard_phone(house, intent).await,
        By::Bill => {
            let code = fee["dossier_code"].as_str().unwrap();
            let seen = house.bills_of(App::Bank, code).await["bills"][0].clone();
            let (token, number) = (house.bill_token(App::Bank).await, format!("RACE-{}", fresh()));
            paybill(house, &token, code, seen["bill"].as_str().unwrap(), amount, &number).await
        }
        By::Desk => {
            let body = entry(COUNTER, "cash", &[fee], amount, &format!("BL-{:06}", fresh()));
            Request::post(&house.staff, "/v1/counter-payments", &format!("race-{}", fresh()), &body)
        }
    }
}

/// Whether money came with this call: a provider's always does, a bank and an officer are told no and give it back.
fn has_come(by: By, said: &Answered) -> bool {
    match by {
        By::Vnpay => {
            // known already, where a worker was asking
            assert!(said.json["RspCode"] == "00" || said.json["RspCode"] == "02", "{}", said.text);
            true
        }
        By::Wallet(channel) => {
            assert!(is_taken(channel, said), "{channel}: {} {}", said.status, said.text);
            true
        }
        By::Phone => {
            assert_eq!(said.status, 204, "{}", said.text);
            true
        }
        By::Bill => {
            assert!(["000", "023"].contains(&said.json["result_code"].as_str().unwrap()), "{}", said.text);
            said.json["result_code"] == "000"
        }
        By::Desk => {
            assert!(said.status == 201 || said.clone().refused(409) == "obligation_paid", "{}", said.text);
            said.status == 201
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_to_five_channels_at_one_moment_one_settles_and_every_other_dong_waits_or_goes_back() {
    const ROUNDS: usize = 42;
    let house = house().await;
    let (mut held, mut settled): (usize, BTreeMap<String, usize>) = (0, BTreeMap::new());
    for round in 0..ROUNDS {
        let amount = 30_000 + i64::try_from(round).unwrap();
        let fee = owes(&house, amount).await;
        let intent = opens(&house, vec![&fee], 3_600).await;
        let ways: Vec<By> = (0..2 + round % 4).map(|n| WAYS[(round + n * (1 + round / 7 % 3)) % WAYS.len()]).collect();
        let mut calls = Vec::new();
        for by in &ways {
            calls.push(coming(&house, *by, &intent, &fee, amount).await);
        }
        let asking = async {
            // Mobile Money is heard of by asking, which takes longer than hearing: it begins a little sooner
            tokio::time::sleep(Duration::from_millis(u64::try_from(round % 5).unwrap() * 4)).await;
            if ways.contains(&By::Phone) {
                asked(&house).await;
            }
        };
        let (said, ()) = join!(at_once(calls), asking);
        asked(&house).await;
        let came = ways.iter().zip(&said).filter(|(by, said)| has_come(**by, said)).count();
        assert!(came > 0, "{ways:?}");
        held += came - 1;
        assert_eq!(obligation_status(&house, &fee).await, "paid");
        let paid = house.portal.intent(&intent).await;
        assert_eq!((&paid["status"], &paid["amount_due"]), (&json!("paid"), &json!(0)));
        let once = format!(
            "select count(*) || ' ' || sum(a.amount) || ' ' || min(p.channel) from assurance.allocation a
             join assurance.payment p using (payment_id) where a.obligation_id = '{}'",
            id(&fee)
        );
        let once = house.ask(&once).await;
        let by = once.strip_prefix(&format!("1 {amount} ")).unwrap_or_else(|| panic!("{ways:?}: {once}"));
        *settled.entry(by.to_owned()).or_default() += 1;
        let waits = "assurance.allocation where suspense_reason = 'duplicate'";
        let cases = "kase where kind = 'duplicate_payment' and status = 'open'";
        let seen = (count(&house, waits).await, count(&house, cases).await, count(&house, "kase").await);
        assert_eq!(seen, (held, held, held), "round {round}: {ways:?}");
        even(&house).await;
    }
    println!("of {ROUNDS} settled {settled:?}");
    assert!(settled.len() >= 4, "always the same ones: {settled:?}");
    // the bank's calls were made here: its application does not know them
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_applications_that_pay_one_bill_at_one_moment_one_is_told_paid() {
    let house = house().await;
    let mut by = [0, 0];
    for round in 0..16 {
        let fee = owes(&house, 21_000).await;
        let code = fee["dossier_code"].as_str().unwrap();
        let bank = house.bills_of(App::Bank, code).await["bills"][0].clone();
        let phone = house.bills_of(App::Wallet, code).await["bills"][0].clone();
        let ends = if round % 2 == 0 {
            join!(house.pays_seen(App::Bank, code, &bank), house.pays_seen(App::Wallet, code, &phone))
        } else {
            let (phone, bank) =
                join!(house.pays_seen(App::Wallet, code, &phone), house.pays_seen(App::Bank, code, &bank));
            (bank, phone)
        };
        let states = (ends.0["state"].as_str().unwrap(), ends.1["state"].as_str().unwrap());
        assert!(matches!(states, ("paid", "returned") | ("returned", "paid")), "{states:?}");
        by[usize::from(states.1 == "paid")] += 1;
        assert_eq!(obligation_status(&house, &fee).await, "paid");
    }
    println!("of 16 the bank was first {} times", by[0]);
    assert_eq!(count(&house, "kase").await, 0, "what was refused was given back");
    house.close().await;
}

fn asks(house: &House, intent: &Value, what: &str, body: &Value) -> Request {
    Request::post(
        &house.portal,
        &format!("/v1/payment-intents/{}/{what}", id(intent)),
        &format!("key-{}", fresh()),
        body,
    )
}

/// So many intents that live so long, each with money at one of the wallets or on a phone, in turn.
async fn started(house: &House, n: usize, life: i64) -> Vec<(Value, By, Value)> {
    let fees = join_all((0..n).map(|_| owes(house, 18_000))).await;
    let intents = join_all(fees.iter().map(|fee| opens(house, vec![fee], life))).await;
    let ways = [By::Wallet("momo"), By::Wallet("zalopay"), By::Wallet("national"), By::Phone];
    let all = intents.into_iter().enumerate().map(|(n, intent)| async move {
        let by = ways[n % ways.len()];
        let attempt = match by {
            By::Wallet(channel) => house.at_wallet(channel, &intent).await,
            _ => {
                let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
                house.portal.post(&format!("/v1/payment-intents/{}/attempts", id(&intent)), body).await.expect(201)
            }
        };
        (intent, by, attempt)
    });
    join_all(all).await
}

/// The money is taken; the call that tells of it.
async fn told(house: &House, by: By, attempt: &Value) -> Request {
    let By::Wallet(channel) = by else {
        let order = attempt["order_ref"].as_str().unwrap();
        house.mm_rule(json!({"order_ref": order}), &[json!({"drop": true})]).await;
        house.mm("pay", json!({"order_ref": order})).await;
        let (base, url) = (house.gateway.base_url(), house.mm_callback_url(order));
        return Request::new("PUT", &base, url.strip_prefix(&base).unwrap(), &[], b"{}");
    };
    unheard(house, channel, attempt).await
}

/// Every intent is paid by its one payment, and nothing waits.
async fn all_settled(house: &House, intents: &[(Value, By, Value)]) {
    asked(house).await;
    for (intent, by, _) in intents {
        let now = house.portal.intent(intent).await;
        assert_eq!(now["status"], "paid", "{by:?} {now}");
        assert_eq!(now["obligations"][0]["status"], "paid", "{by:?} {now}");
    }
    assert_eq!(count(house, "payment").await, intents.len());
    assert_eq!(count(house, "kase").await, 0);
    assert_eq!(count(house, "assurance.allocation where suspense_reason is not null").await, 0);
    even(house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallets_report_and_a_cancellation_at_one_moment_leave_the_intent_paid() {
    let house = house().await;
    house.hear_events().await;
    let all = started(&house, 32, 3_600).await;
    let mut cancelled = 0;
    for (n, (intent, by, attempt)) in all.iter().enumerate() {
        let report = told(&house, *by, attempt).await;
        let cancel = asks(&house, intent, "cancel", &json!({}));
        let mut said = at_once(if n % 2 == 0 { vec![cancel, report] } else { vec![report, cancel] }).await;
        said.rotate_left(n % 2);
        assert!(has_come(*by, &said[1]), "{said:?}");
        match said[0].status {
            200 => cancelled += 1,
            _ => assert_eq!(said[0].clone().refused(409), "intent_wrong_status"),
        }
    }
    println!("of 32 the cancellation came first {cancelled} times");
    all_settled(&house, &all).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallets_report_at_the_moment_of_the_expiry_or_of_the_renewal_leaves_the_intent_paid() {
    const EACH: usize = 16;
    let house = house().await;
    house.hear_events().await;
    let begun = Instant::now();
    let all = started(&house, 2 * EACH, 8).await;
    until(begun + Duration::from_secs(9)).await;
    let ctx = &house.gateway.ctx;
    while count(&house, "intent where status = 'expired'").await != 2 * EACH {
        assert!(begun.elapsed() < Duration::from_secs(40), "an intent does not expire");
        asked(&house).await;
    }
    // half of them live again, and are about to end once more
    for (intent, ..) in &all[..EACH] {
        let renewed = asks(&house, intent, "renew", &json!({"expires_in_s": 4}));
        assert_eq!(at_once(vec![renewed]).await[0].status, 200);
    }
    let ends = Instant::now() + Duration::from_millis(4_100);
    let mut calls = Vec::new();
    for (_, by, attempt) in &all {
        calls.push(told(&house, *by, attempt).await);
    }
    until(ends).await;
    let renewing = calls.split_off(EACH);
    let ending = async {
        for _ in 0..20 {
            expire_intents::expire(ctx, Timestamp::now()).await.unwrap();
        }
    };
    let (said, ()) = join!(at_once(calls), ending);
    assert!(all[..EACH].iter().zip(&said).all(|((_, by, _), said)| has_come(*by, said)));
    let mut renewals = 0;
    for ((intent, by, _), report) in all[EACH..].iter().zip(renewing) {
        let said = at_once(vec![asks(&house, intent, "renew", &json!({"expires_in_s": 600})), report]).await;
        assert!(has_come(*by, &said[1]), "{said:?}");
        match said[0].status {
            200 => renewals += 1,
            _ => assert_eq!(said[0].clone().refused(409), "intent_wrong_status"),
        }
    }
    println!("of {EACH} the renewal came first {renewals} times");
    all_settled(&house, &all).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_of_a_wallet_that_two_approve_at_one_moment_is_made_once() {
    let house = house().await;
    let other = second_person(&house).await;
    for round in 0..12 {
        let channel = ["momo", "zalopay"][round % 2];
        let fee = owes(&house, 21_000).await;
        let intent = opens(&house, vec![&fee], 3_600).await;
        let attempt = house.at_wallet(channel, &intent).await;
        house.pays_wallet(channel, &attempt, json!({})).await;
        let payment = payment_of(&house, &intent).await;
        let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
        let path = format!("/v1/approvals/{}/approve", refund["approval_id"].as_str().unwrap());
        let yes = |_| Request::post(&other, &path, &format!("key-{}", fresh()), &json!({}));
        let driving = async {
            for _ in 0..3 {
                let now = Timestamp::now();
                let (one, two) = join!(
                    payments::refund::drive(&house.gateway.ctx, true, now),
                    payments::refund::drive(&house.gateway.ctx, true, now)
                );
                one.unwrap();
                two.unwrap();
            }
        };
        let (said, ()) = join!(at_once((0..6).map(yes).collect()), driving);
        assert_eq!(said.iter().filter(|answer| answer.status == 200).count(), 1, "{said:?}");
        assert!(approves(&other, &refund).await.status == 409);
        becomes(&house, &refund, "succeeded").await;
        assert_eq!(obligation_status(&house, &fee).await, "refunded");
        let order = house.wallet_order(channel, &attempt).await;
        assert_eq!(order["refunds"].as_array().unwrap().len(), 1, "{order}");
        even(&house).await;
    }
    house.close().await;
}

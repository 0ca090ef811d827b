//! Requests of portals that meet: one key, one obligation, one key revoked. All of a round arrive with their last byte at
//! the same moment.

use super::{even, owes, patient};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tests::barrier::{Request, at_once};
use tests::portal::{Answered, Portal, dossier, fresh, obligation};
use tests::wire;
use tests::{House, Plan};

/// A hundred callers of one process wait for its connections, and none is told to come again.
fn patient_pool() -> Plan {
    let mut plan = patient();
    plan.settings.push(("MOTLAN_DATABASE__WAIT_TIMEOUT_MS", "20000".to_owned()));
    plan
}

fn copies(request: &Request, n: usize) -> Vec<Request> {
    vec![request.clone(); n]
}

fn post(portal: &Portal, path: &str, body: &Value) -> Request {
    Request::post(portal, path, &format!("key-{}", fresh()), body)
}

fn of_status(answers: &[Answered], status: u16) -> Vec<&Answered> {
    answers.iter().filter(|a| a.status == status).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_a_hundred_times_at_one_moment_is_one_intent_one_order_and_one_cancellation() {
    let house = House::planned(patient_pool()).await;
    for round in 1..=4 {
        let fee = owes(&house, 20_000).await;
        let open = post(&house.portal, "/v1/payment-intents", &json!({"obligation_ids": [fee["id"]]}));
        let opened = at_once(copies(&open, 100)).await;
        let texts: BTreeSet<&str> = opened.iter().map(|a| a.text.as_str()).collect();
        assert_eq!((of_status(&opened, 201).len(), texts.len()), (100, 1), "{texts:?}");
        assert_eq!(opened.iter().filter(|a| !a.replayed).count(), 1);
        assert_eq!(house.ask("select count(*) from intent").await, round.to_string());

        let path = format!("/v1/payment-intents/{}", opened[0].json["id"].as_str().unwrap());
        let start = post(&house.portal, &format!("{path}/attempts"), &json!({"channel": "vnpay"}));
        let started = at_once(copies(&start, 100)).await;
        let orders: BTreeSet<String> = of_status(&started, 201).iter().map(|a| a.text.clone()).collect();
        assert_eq!(orders.len(), 1, "{orders:?}");
        for other in started.into_iter().filter(|a| a.status != 201) {
            assert_eq!(other.refused(409), "idempotency_in_progress");
        }
        assert_eq!(house.ask("select count(*) from attempt").await, round.to_string());

        let cancelled = at_once(copies(&post(&house.portal, &format!("{path}/cancel"), &json!({})), 100)).await;
        assert_eq!(of_status(&cancelled, 200).len(), 100);
        assert_eq!(cancelled.iter().filter(|a| !a.replayed).count(), 1);
        let steps = "select count(*) from transition where entity_type = 'intent' and to_state = 'cancelled'";
        assert_eq!(house.ask(steps).await, round.to_string());
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_with_many_bodies_at_one_moment_is_the_first_ones_and_nobody_elses() {
    let house = House::planned(patient_pool()).await;
    for round in 1..=20 {
        let fees = join_all((0..8).map(|_| owes(&house, 9_000))).await;
        let key = format!("one-{round}");
        let bodies = fees.iter().map(|fee| json!({"obligation_ids": [fee["id"]]}));
        let requests = bodies.map(|body| Request::post(&house.portal, "/v1/payment-intents", &key, &body)).collect();
        let answers = at_once(requests).await;
        assert_eq!(of_status(&answers, 201).len(), 1, "{answers:?}");
        for other in answers.into_iter().filter(|a| a.status != 201) {
            assert_eq!(other.refused(422), "idempotency_key_reused");
        }
        assert_eq!(house.ask("select count(*) from intent").await, round.to_string());
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_intents_for_one_obligation_at_one_moment_one_is_opened() {
    let house = House::planned(patient_pool()).await;
    for round in 1..=25 {
        let (one, two) = (owes(&house, 15_000).await, owes(&house, 6_000).await);
        // alone, together, and in the other order
        let ways = [json!([one["id"]]), json!([one["id"], two["id"]]), json!([two["id"], one["id"]])];
        let bodies = (0..20).map(|n| json!({"obligation_ids": ways[n % 3]}));
        let answers = at_once(bodies.map(|b| post(&house.portal, "/v1/payment-intents", &b)).collect()).await;
        let opened = of_status(&answers, 201);
        assert_eq!(opened.len(), 1, "{answers:?}");
        let id = opened[0].json["id"].clone();
        for other in answers.iter().filter(|a| a.status != 201) {
            assert_eq!(other.json["intent_id"], id, "{}", other.text);
            assert_eq!(other.clone().refused(409), "obligation_in_payment");
        }
        assert_eq!(house.ask("select count(*) from intent").await, round.to_string());
        even(&house).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_obligation_put_again_while_it_is_opened_has_the_price_that_its_intent_asks() {
    let house = House::planned(patient_pool()).await;
    let mut changed_first = 0;
    for round in 0..40 {
        let (code, path) = (dossier(), format!("/v1/obligations/put-{}", fresh()));
        let body = |amount: i64| obligation(&code, amount, json!({"fee_code": "CT"}));
        let fee = house.portal.put(&path, body(20_000)).await.expect(201);
        let open = || post(&house.portal, "/v1/payment-intents", &json!({"obligation_ids": [fee["id"]]}));
        let mut requests = vec![Request::put(&house.portal, &path, &body(30_000)), open(), open()];
        requests.rotate_left(round % 3);
        let mut answers = at_once(requests).await;
        answers.rotate_right(round % 3);
        let opened: Vec<&Answered> = answers[1..].iter().filter(|a| a.status == 201).collect();
        assert_eq!(opened.len(), 1, "{answers:?}");
        let now = house.portal.obligation(&fee).await;
        assert_eq!(opened[0].json["amount"], now["amount"]);
        if answers[0].status == 200 {
            assert_eq!(now["amount"], 30_000);
            changed_first += 1;
        } else {
            assert_eq!(
                (answers[0].clone().refused(409).as_str(), &now["amount"]),
                ("obligation_locked", &json!(20_000))
            );
        }
        even(&house).await;
    }
    println!("of 40 the change came first {changed_first} times");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_revoked_under_load_is_refused_within_a_minute_and_from_then_on() {
    let house = House::planned(patient_pool()).await;
    let (id, key) = wire::key(&house, "cong-dvc", domain::principal::Scope::CLIENT).await;
    let portal = Portal { key, ..house.portal.clone() };
    let revoked = Instant::now() + Duration::from_millis(500);
    let limit = revoked + Duration::from_secs(60);
    let load = join_all((0..4).map(|_| async {
        let mut done = 0;
        loop {
            let asked = Instant::now();
            let answer =
                portal.put(&format!("/v1/obligations/r-{}", fresh()), obligation(&dossier(), 1_000, json!({}))).await;
            match answer.status {
                201 => done += 1,
                _ => {
                    assert_eq!(answer.refused(401), "unauthenticated");
                    return (done, asked, Instant::now());
                }
            }
            assert!(Instant::now() < limit, "it is taken a minute after it was revoked");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }));
    let revoking = async {
        tokio::time::sleep_until(revoked.into()).await;
        let db = house.gateway.ctx.pool.get().await.unwrap();
        assert!(storage::principals::revoke_key(&db, id).await.unwrap());
    };
    let (ends, ()) = futures_util::join!(load, revoking);
    let first = ends.iter().map(|(_, _, heard)| *heard).min().unwrap();
    println!("refused {:?} after it was revoked", first.duration_since(revoked));
    let done: usize = ends.iter().map(|(done, ..)| done).sum();
    assert!(done >= 8 && ends.iter().all(|(_, asked, _)| *asked > revoked), "{done} answers before");
    for _ in 0..10 {
        assert_eq!(portal.get("/v1/obligations").await.refused(401), "unauthenticated");
    }
    assert_eq!(house.ask("select count(*) from obligation").await, done.to_string());
    assert_eq!(house.portal.get("/v1/obligations").await.status, 200, "the other key of the same portal");
    house.close().await;
}

//! Things that happen at the same moment: money, plans, workers. Whoever comes first, the end is one that is allowed,
//! and nobody hears of the race (F01, F08, F09, F25, F29).

mod channels;
mod files_and_days;
mod money;
mod refunds;
mod requests;

use futures_util::future::join_all;
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use payments::poll_attempts::{self, Pass};
use payments::{Context, expire_intents, sequence_events};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use storage::deliveries::{self, Ending};
use tests::interruption::{Dice, pays_unheard, reports};
use tests::portal::dossier;
use tests::{House, Plan, config};

/// Asked once by a drain, an attempt then waits for a minute: what is left over does not depend on the moment.
fn patient() -> Plan {
    Plan { settings: vec![("MOTLAN_POLL__SCHEDULE_S", "60".to_owned())], ..Plan::default() }
}

/// Payers may pay after the deadline: the bank's page was open.
async fn late_payers(house: &House) {
    house.sim("script", json!({"match": {}, "do": [{"late": true}]})).await;
}

/// The end of a round: what is left is worked off, and every invariant holds.
async fn even(house: &House) {
    house.drain().await;
    house.holds().await;
}

async fn until(end: Instant) {
    tokio::time::sleep_until(end.into()).await;
}

/// Answers of VNPAY's calls that are not "recorded" or "known already": a report that a race has lost for a while.
async fn lost_reports(house: &House) -> Vec<Value> {
    let orders = house.orders().await;
    let calls = orders.iter().flat_map(|o| o["ipn"].as_array().cloned().unwrap_or_default());
    calls.filter(|c| c["rsp_code"] != "00" && c["rsp_code"] != "02" && c["verdict"] != "dropped").collect()
}

async fn owes(house: &House, amount: i64) -> Value {
    house.portal.owes(&dossier(), amount, json!({})).await
}

async fn opens(house: &House, fees: Vec<&Value>, life: i64) -> Value {
    house.portal.opens_for(&fees, life).await
}

/// Starts an attempt at each intent; all of them in life still.
async fn attempts_at(house: &House, intents: &[Value]) -> Vec<Value> {
    join_all(intents.iter().map(|intent| house.at_vnpay(intent))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn intents_and_attempts_that_are_paid_at_one_moment_settle_their_obligation_once() {
    const ROUNDS: usize = 30;
    let house = House::planned(patient()).await;
    house.hear_events().await;
    late_payers(&house).await;
    let amount = |round: usize| 10_000 + i64::try_from(round).unwrap();
    let fees = join_all((0..ROUNDS).map(|round| owes(&house, amount(round)))).await;
    // round r has 2 to 5 attempts: one in each of some expired intents, and the rest in the live one
    let sizes: Vec<usize> = (0..ROUNDS).map(|round| 2 + round % 4).collect();
    let expired: Vec<usize> = sizes.iter().enumerate().map(|(round, n)| round % n).collect();
    let mut attempts: Vec<Vec<Value>> = vec![Vec::new(); ROUNDS];
    for wave in 0..5 {
        let ending: Vec<usize> = (0..ROUNDS).filter(|round| expired[*round] > wave).collect();
        if ending.is_empty() {
            break;
        }
        let intents = join_all(ending.iter().map(|round| opens(&house, vec![&fees[*round]], 4))).await;
        for (round, attempt) in ending.iter().zip(attempts_at(&house, &intents).await) {
            attempts[*round].push(attempt);
        }
        tokio::time::sleep(Duration::from_millis(4_100)).await;
        house.drain().await;
    }
    for round in 0..ROUNDS {
        let live = house.portal.opens(&[&fees[round]]).await;
        for _ in expired[round]..sizes[round] {
            attempts[round].push(house.at_vnpay(&live).await);
        }
        let orders = join_all(attempts[round].iter().map(|attempt| house.pays(attempt, json!({})))).await;
        for order in orders {
            assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
        }
        let id = fees[round]["id"].as_str().unwrap().trim_start_matches("obl_");
        assert_eq!(house.portal.obligation(&fees[round]).await["status"], "paid");
        let settled = format!("select count(*) || ' ' || sum(amount) from allocation where obligation_id = '{id}'");
        assert_eq!(house.ask(&settled).await, format!("1 {}", amount(round)));
        assert_eq!(house.portal.intent(&live).await["status"], "paid");
    }
    let more = sizes.iter().sum::<usize>() - ROUNDS;
    let held = "select count(*) from assurance.allocation where suspense_reason = 'duplicate'";
    assert_eq!(house.ask(held).await, more.to_string());
    let cases = "select count(*) from kase where kind = 'duplicate_payment' and status = 'open'";
    assert_eq!(house.ask(cases).await, more.to_string());
    assert_eq!(house.ask("select count(*) from kase").await, more.to_string(), "no case but those");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_openings_at_once_one_holds_the_obligation_and_the_others_learn_which() {
    let house = House::new().await;
    for _ in 0..3 {
        let fee = owes(&house, 15_000).await;
        let body = json!({"obligation_ids": [fee["id"]]});
        let calls = (0..50).map(|_| house.portal.post("/v1/payment-intents", body.clone()));
        let (opened, refused): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(|a| a.status == 201);
        assert_eq!(opened.len(), 1);
        for other in refused {
            assert_eq!(other.json["intent_id"], opened[0].json["id"], "{}", other.text);
            assert_eq!(other.refused(409), "obligation_in_payment");
        }
    }
    assert_eq!(house.ask("select count(*) from intent").await, "3");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_renewed_expired_and_paid_at_once_an_intent_ends_where_it_may() {
    const ROUNDS: usize = 40;
    let mut dice = Dice::thrown();
    let house = House::planned(patient()).await;
    house.hear_events().await;
    late_payers(&house).await;
    let fees = join_all((0..ROUNDS).map(|_| owes(&house, 18_000))).await;
    let opened = Instant::now();
    let intents = join_all(fees.iter().map(|fee| opens(&house, vec![fee], 6))).await;
    let attempts = attempts_at(&house, &intents).await;
    let deadline = opened + Duration::from_secs(6);
    let mut rounds = Vec::new();
    for (intent, attempt) in intents.iter().zip(&attempts) {
        let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
        let mut at = || deadline - Duration::from_millis(300) + dice.millis(0, 1_500);
        let (cancelled, renewed, paid) = (at(), at(), at());
        let (pays, house) = (dice.below(4) > 0, &house);
        rounds.push(async move {
            let cancel = async {
                until(cancelled).await;
                house.portal.post(&format!("{path}/cancel"), json!({})).await
            };
            let renew = async {
                until(renewed).await;
                house.portal.post(&format!("{path}/renew"), json!({"expires_in_s": 600})).await
            };
            let pay = async {
                until(paid).await;
                if pays { house.pays(attempt, json!({})).await } else { Value::Null }
            };
            let (cancel, renew, order) = join!(cancel, renew, pay);
            (cancel, renew, order, intent.clone())
        });
    }
    let ctx = &house.gateway.ctx;
    let expiring = async {
        while Instant::now() < deadline + Duration::from_millis(1_500) {
            let pass = Pass::default();
            let (asked, expired) =
                join!(poll_attempts::poll(ctx, pass, Timestamp::now()), expire_intents::expire(ctx, Timestamp::now()));
            asked.unwrap();
            expired.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (ends, ()) = join!(join_all(rounds), expiring);
    house.drain().await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (cancel, renew, order, intent) in ends {
        let said = |a: &tests::portal::Answered| match a.status {
            200 => a.json["status"].as_str().unwrap().to_owned(),
            _ => a.clone().refused(409),
        };
        let (cancel, renew) = (said(&cancel), said(&renew));
        assert!(["cancelled", "intent_wrong_status"].contains(&cancel.as_str()), "{cancel}");
        assert!(["open", "intent_wrong_status"].contains(&renew.as_str()), "{renew}");
        let status = house.portal.intent(&intent).await["status"].as_str().unwrap().to_owned();
        if order.is_null() {
            let open = renew == "open";
            let legal: &[&str] = match (cancel == "cancelled", open) {
                (true, _) => &["cancelled"],
                (false, true) => &["open"],
                (false, false) => &["expired"],
            };
            assert!(legal.contains(&status.as_str()), "{status} after {cancel} and {renew}");
        } else {
            assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
            assert_eq!(status, "paid", "money came, after {cancel} and {renew}");
        }
        *seen.entry(format!("cancel {cancel}, renew {renew}, paid {}: {status}", !order.is_null())).or_default() += 1;
    }
    println!("{seen:#?}");
    assert!(seen.len() >= 4, "the dice fell always the same: {seen:?}");
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

/// A deliverer that sleeps past its lease: it claimed, others deliver, it wakes up, sends and would record.
async fn a_sleeper_wakes(house: &House, ctx: &Context, claimed: &[deliveries::Claimed], token: uuid::Uuid) {
    for sleeping in claimed {
        let id = sleeping.event.id.to_string();
        let body = house
            .ask(&format!("select encode(body, 'hex') from delivery where event_id = '{}'", sleeping.event.id.uuid()))
            .await;
        let body = hex::decode(body).unwrap();
        let target = &sleeping.target;
        let _ = ctx.dossier.send(&target.url, &target.secrets, &id, Timestamp::now(), &body).await;
        let db = ctx.pool.get().await.unwrap();
        for ending in [Ending::Again { after: SignedDuration::ZERO }, Ending::Dead, Ending::Delivered] {
            let recorded =
                deliveries::finish(&db, sleeping.endpoint_id, sleeping.event.id, token, ending, "late").await.unwrap();
            assert!(!recorded, "recorded after another had the lease: {id} {ending:?}");
        }
    }
}

async fn so_many_workers(n: usize) {
    let plan = Plan { settings: vec![("MOTLAN_POLL__SCHEDULE_S", "1,1,2,5,60".to_owned())], ..Plan::default() };
    let house = House::on(tests::database().await, Plan { settings: plan.settings.clone(), ..Plan::default() }).await;
    house.hear_events().await;
    let context = || {
        let config = config(&house.database, &house.vnpay.url, &plan);
        motlan::wiring::context(&config, &house.gateway.base_url()).unwrap()
    };
    let fees = join_all((0..24).map(|_| owes(&house, 9_000))).await;
    let intents = join_all(fees.iter().map(|fee| opens(&house, vec![fee], 3_600))).await;
    let attempts = attempts_at(&house, &intents).await;
    // of the first third VNPAY's calls come; they wait for their delivery, and the sleeper claims them
    for attempt in &attempts[..8] {
        house.pays(attempt, json!({})).await;
    }
    let sleeper = context();
    sequence_events::sequence(&sleeper).await.unwrap();
    let token = uuid::Uuid::new_v4();
    let claimed = {
        let db = sleeper.pool.get().await.unwrap();
        let lease = SignedDuration::from_secs(1);
        deliveries::claim(&db, &sleeper.vault, 100, token, lease, true).await.unwrap()
    };
    assert_eq!(claimed.len(), 16, "the first of each dossier's and each intent's stream");
    let contexts: Vec<Context> = (0..n).map(|_| context()).collect();
    let workers: Vec<worker::Worker> = contexts.iter().map(|ctx| worker::start(ctx.clone())).collect();
    for attempt in &attempts[8..] {
        pays_unheard(&house, attempt).await;
    }
    let end = Instant::now() + Duration::from_secs(30);
    while house.ask("select count(*) from delivery where state = 'delivered'").await != "48" {
        assert!(
            Instant::now() < end,
            "after 30 s: {}",
            house
                .ask("select json_object_agg(state, n) from (select state, count(*) n from delivery group by state) s")
                .await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    a_sleeper_wakes(&house, &sleeper, &claimed, token).await;
    join_all(workers.into_iter().map(worker::Worker::stop)).await;
    assert_eq!(
        house.ask("select count(*) from delivery where state <> 'delivered' or last_result = 'late'").await,
        "0"
    );
    assert_eq!(house.ask("select count(*) from payment").await, "24");
    assert_eq!(house.ask("select count(*) from sighting where source = 'poll:vnpay'").await, "16", "each found once");
    let heard = house.heard().await;
    let applied: BTreeMap<String, usize> =
        heard.iter().filter(|r| r["applied"] == true).fold(BTreeMap::new(), |mut all, r| {
            *all.entry(r["id"].to_string()).or_default() += 1;
            all
        });
    assert_eq!((applied.len(), applied.values().max()), (48, Some(&1)));
    assert!(heard.iter().all(|r| r["gap"] == false), "out of order");
    house.drain().await;
    assert_eq!(house.ask("select min(seq) = 1 and max(seq) = count(*) from seal").await, "t");
    contexts.iter().chain([&sleeper]).for_each(|ctx| ctx.pool.close());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_and_one_that_slept_past_its_lease_do_each_thing_once() {
    so_many_workers(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_workers_and_one_that_slept_past_its_lease_do_each_thing_once() {
    so_many_workers(4).await;
}

const UNDER_WAY: &str = "select count(*) from attempt_watch where lease_until is not null";
/// Of each payment, the sight that made it.
const FIRST: &str =
    "select s.source from sighting s join sighting_outcome o on o.sighting_id = s.id where o.state = 'applied'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_and_an_asking_of_one_transaction_are_one_payment_seen_twice() {
    const ROUNDS: u64 = 50;
    let mut dice = Dice::thrown();
    let house = House::planned(patient()).await;
    // the asking is under way before the report comes, so that both have something to tell
    house.sim("script", json!({"match": {}, "do": [{"hang": 60}]})).await;
    let ctx = &house.gateway.ctx;
    for round in 1..=ROUNDS {
        let fee = owes(&house, 11_000).await;
        let intent = house.portal.opens(&[&fee]).await;
        let attempt = house.at_vnpay(&intent).await;
        let report = pays_unheard(&house, &attempt).await;
        let pass = Pass { all_not_asked_since: Some(Timestamp::now()), ..Pass::default() };
        let after = dice.millis(0, 110);
        let (said, asked) = join!(
            async {
                while house.ask(UNDER_WAY).await == "0" {}
                tokio::time::sleep(after).await;
                reports(&house, &report).await
            },
            poll_attempts::poll(ctx, pass, Timestamp::now())
        );
        assert_eq!(asked.unwrap(), 1);
        let first = format!("{FIRST} order by o.seq desc limit 1");
        assert_eq!(said, if house.ask(&first).await.starts_with("webhook:") { "00" } else { "02" });
        assert_eq!(house.ask("select count(*) from payment").await, round.to_string());
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    }
    let seen = "select count(*) || ' ' || count(distinct payment_id) from sighting_outcome where state =";
    for state in ["applied", "repeated"] {
        assert_eq!(house.ask(&format!("{seen} '{state}'")).await, "50 50", "{state}");
    }
    let asked_first = house.ask(&format!("select count(*) from ({FIRST}) f where source like 'poll:%'")).await;
    println!("{asked_first} of {ROUNDS} were found by asking first");
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_intents_that_overlap_finds_its_place_whichever_comes_first() {
    const ROUNDS: usize = 30;
    let mut dice = Dice::thrown();
    let house = House::planned(patient()).await;
    house.hear_events().await;
    late_payers(&house).await;
    let pairs = join_all((0..ROUNDS).map(|_| async {
        let one = owes(&house, 20_000).await;
        (one, owes(&house, 30_000).await)
    }))
    .await;
    // in either order: whoever locks in the order of the naming would meet the others head on
    let both = join_all(
        pairs
            .iter()
            .enumerate()
            .map(|(i, (one, two))| opens(&house, if i % 2 == 0 { vec![one, two] } else { vec![two, one] }, 6)),
    )
    .await;
    let of_both = attempts_at(&house, &both).await;
    tokio::time::sleep(Duration::from_millis(6_100)).await;
    house.drain().await;
    assert_eq!(house.ask("select count(*) from intent where status = 'expired'").await, ROUNDS.to_string());
    for (n, (one, two)) in pairs.iter().enumerate() {
        let (b, c) = join!(opens(&house, vec![one], 3_600), opens(&house, vec![two], 3_600));
        let (b, c) = join!(house.at_vnpay(&b), house.at_vnpay(&c));
        let paid = join_all([&of_both[n], &b, &c].map(|attempt| {
            let after = dice.millis(0, 15);
            let house = &house;
            async move {
                tokio::time::sleep(after).await;
                house.pays(attempt, json!({})).await
            }
        }))
        .await;
        for order in paid {
            assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
        }
        for fee in [one, two] {
            assert_eq!(house.portal.obligation(fee).await["status"], "paid");
        }
    }
    assert_eq!(lost_reports(&house).await, Vec::<Value>::new());
    let sums = "select sum(amount) filter (where obligation_id is not null) || ' ' ||
        sum(amount) filter (where suspense_reason is not null) from assurance.allocation";
    let whole = 50_000 * ROUNDS;
    assert_eq!(house.ask(sums).await, format!("{whole} {whole}"));
    let open = "select count(*) from intent where status not in ('paid', 'expired')";
    assert_eq!(house.ask(open).await, "0", "what is settled is held by no live intent");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_obligation_is_either_changed_or_opened_never_both() {
    let house = House::new().await;
    for round in 0..40 {
        let (code, path) = (dossier(), format!("/v1/obligations/race-{}", tests::portal::fresh()));
        let body = |amount: i64, relief: i64| {
            let relief = json!({"fee_code": "CT", "relief_amount": relief, "relief_basis": "mẫu"});
            tests::portal::obligation(&code, amount, relief)
        };
        let fee = house.portal.put(&path, body(20_000, 0)).await.expect(201);
        let cancel = format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap());
        let open = house.portal.post("/v1/payment-intents", json!({"obligation_ids": [fee["id"]]}));
        let change = async {
            match round % 3 {
                0 => house.portal.post(&cancel, json!({})).await,
                1 => house.portal.put(&path, body(30_000, 0)).await,
                _ => house.portal.put(&path, body(20_000, 20_000)).await,
            }
        };
        let (opened, changed) = join!(open, change);
        let now = house.portal.obligation(&fee).await;
        if opened.status == 201 {
            // a new price that came first is the intent's price
            assert_eq!(opened.json["amount"], now["amount"], "{round}: {} {}", opened.text, changed.text);
            assert_eq!(now["status"], "due", "{round}: {}", changed.text);
        } else {
            assert_eq!((opened.status, changed.status), (409, 200), "{round}: {}", opened.text);
        }
    }
    house.close().await;
}

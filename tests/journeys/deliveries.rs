//! What the dossier system is told: signed, in order, again until it is heard, and never something else the second time.

use domain::{EndpointId, EventId};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use payments::deliver_events::deliver;
use payments::sequence_events::sequence;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use storage::deliveries::{self, Ending};
use tests::portal::{Portal, dossier, obligation};
use tests::{House, Plan};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// The cheapest event of a dossier: a fee is registered and withdrawn.
async fn withdrawn(portal: &Portal, dossier: &str) -> Value {
    let fee = portal.owes(dossier, 8_000, json!({})).await;
    portal.post(&format!("/v1/obligations/{}/cancel", text(&fee["id"])), json!({})).await.expect(200)
}

/// A fee of the dossier is registered and paid at VNPAY.
async fn paid(house: &House, dossier: &str) -> Value {
    let fee = house.portal.owes(dossier, 8_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    intent
}

/// One pass of the worker that keeps to the schedule; how many were sent.
async fn pass(house: &House) -> usize {
    sequence(&house.gateway.ctx).await.unwrap();
    deliver(&house.gateway.ctx, false, Timestamp::now()).await.unwrap()
}

async fn script(house: &House, stream: &str, action: Value, times: u32) {
    let rule = json!({"match": {"stream": stream}, "do": [action], "times": times});
    house.dossier_sim("script", rule).await;
}

/// Registers a further endpoint at the dossier stub, under a name there.
async fn hears_at(house: &House, name: &str, streams: Value) -> Value {
    let url = format!("{}/events/{name}", house.dossier.url);
    let body = json!({"url": url, "streams": streams});
    let endpoint = house.portal.post("/v1/event-endpoints", body).await.expect(201);
    house.dossier_sim("endpoint", json!({"name": name, "secret": endpoint["secret"]})).await;
    endpoint
}

async fn heard_at(house: &House, name: &str) -> Vec<Value> {
    let answer = house.http.get(format!("{}/_sim/received?name={name}", house.dossier.url)).send().await.unwrap();
    answer.json().await.unwrap()
}

/// What came of one stream, in order of arrival.
fn of_stream<'a>(heard: &'a [Value], stream: &str) -> Vec<&'a Value> {
    heard.iter().filter(|r| r["stream"] == stream).collect()
}

fn sequences(arrivals: &[&Value]) -> Vec<i64> {
    arrivals.iter().map(|r| r["sequence"].as_i64().unwrap()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn all_same(values: &[&Value]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

/// The client's whole feed, page by page, from a cursor on; and the cursor at its end.
async fn feed(portal: &Portal, after: Option<String>, limit: u32) -> (Vec<Value>, Option<String>) {
    let (mut events, mut cursor) = (Vec::new(), after);
    loop {
        let after = cursor.as_ref().map(|c| format!("&after={c}")).unwrap_or_default();
        let page = portal.get(&format!("/v1/events?limit={limit}{after}")).await.expect(200);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        let data = page["data"].as_array().unwrap();
        if data.is_empty() {
            return (events, cursor);
        }
        events.extend(data.iter().cloned());
    }
}

async fn redeliver(house: &House, event: &Value) -> u64 {
    let answer = house.portal.post(&format!("/v1/events/{}/redeliver", text(event)), json!({})).await.expect(202);
    answer["deliveries"].as_u64().unwrap()
}

/// `event subject, status` of each case about what was not delivered.
async fn undelivered(house: &House) -> Vec<String> {
    let found = house
        .ask(
            "select coalesce(string_agg(subject_id || ' ' || status, ',' order by subject_id), '')
              from assurance.kase where kind = 'undelivered'",
        )
        .await;
    found.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// Every message as it came over the wire: id, timestamp, signature, body.
async fn wire(house: &House) -> Vec<Value> {
    let log = house.http.get(format!("{}/_sim/log", house.dossier.url)).send().await.unwrap().text().await.unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["kind"] == "received" && line["what"] == "event")
        .map(|line| {
            json!({"id": line["webhook_id"], "timestamp": line["webhook_timestamp"],
                   "signature": line["webhook_signature"], "body": line["body"]})
        })
        .collect()
}

fn with(message: &Value, change: &Value) -> Value {
    let mut message = message.clone();
    message.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    message
}

/// What PyPI's `standardwebhooks` says of each message: null when it is good, else why not.
async fn judged(messages: &[Value]) -> Vec<Value> {
    let tests = env!("CARGO_MANIFEST_DIR");
    let python = match std::env::var("MOTLAN_TEST_PYTHON") {
        Ok(python) if !python.is_empty() => python,
        _ => {
            let made = tokio::process::Command::new(format!("{tests}/python.sh")).output().await.unwrap();
            assert!(made.status.success(), "tests/python.sh: {}", String::from_utf8_lossy(&made.stderr));
            String::from_utf8(made.stdout).unwrap().trim().to_owned()
        }
    };
    let mut judge = tokio::process::Command::new(python)
        .arg(format!("{tests}/support/verify_webhook.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::to_vec(messages).unwrap();
    judge.stdin.take().unwrap().write_all(&asked).await.unwrap();
    let said = judge.wait_with_output().await.unwrap();
    assert!(said.status.success());
    serde_json::from_slice(&said.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_of_standard_webhooks_accepts_what_we_send_and_nothing_that_was_changed() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let code = dossier();
    paid(&house, &code).await;
    house.drain().await;
    let sent = wire(&house).await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    let secret = json!({"secret": endpoint["secret"]});
    let good: Vec<Value> = sent.iter().map(|m| with(m, &secret)).collect();
    assert!(judged(&good).await.iter().all(Value::is_null), "{good:?}");

    let one = &good[0];
    let body = text(&one["body"]);
    assert!(body.contains("8000"), "{body}");
    let later = text(&one["timestamp"]).parse::<i64>().unwrap() + 1;
    let changed = [
        with(one, &json!({"body": body.replacen("8000", "9000", 1)})),
        with(one, &json!({"body": format!("{body} ")})),
        with(one, &json!({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})),
        with(one, &json!({"id": good[1]["id"]})),
        with(one, &json!({"timestamp": later.to_string()})),
        with(one, &json!({"signature": good[1]["signature"]})),
    ];
    let refused = judged(&changed).await;
    assert!(refused.iter().all(|r| *r == "No matching signature found"), "{refused:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_retry_brings_the_same_id_and_the_same_bytes_until_one_is_heard() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 500}), 2).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(arrivals.iter().map(|r| r["answered"].as_u64().unwrap()).collect::<Vec<_>>(), [500, 500, 200]);
    assert!(all_same(&arrivals.iter().map(|r| &r["id"]).collect::<Vec<_>>()));
    assert!(all_same(&arrivals.iter().map(|r| &r["body"]).collect::<Vec<_>>()));
    let applied: Vec<bool> = arrivals.iter().map(|r| r["applied"] == true).collect();
    assert_eq!(applied, [false, false, true]);
    assert_eq!(house.ask("select state || ' ' || attempts from assurance.delivery").await, "delivered 3");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_applied_and_then_answered_with_an_error_is_sent_again_and_applied_once() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"fail_after_accept": true}), 1).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    let seen: Vec<(u64, bool, bool)> = arrivals
        .iter()
        .map(|r| (r["answered"].as_u64().unwrap(), r["applied"] == true, r["same_bytes"] == true))
        .collect();
    assert_eq!(seen, [(500, true, true), (200, false, true)]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_waits_for_its_head_while_other_streams_go_on() {
    let house = House::new().await;
    house.hear_events().await;
    let (slow, other) = (dossier(), dossier());
    let (slow_stream, other_stream) =
        (house.stream(&format!("dossier:{slow}")), house.stream(&format!("dossier:{other}")));
    script(&house, &slow_stream, json!({"status": 503}), 3).await;
    paid(&house, &slow).await;
    paid(&house, &slow).await;
    withdrawn(&house.portal, &slow).await;
    withdrawn(&house.portal, &other).await;
    withdrawn(&house.portal, &other).await;

    // by the schedule: the head failed, so nothing of its stream goes out
    pass(&house).await;
    pass(&house).await;
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &slow_stream)), [1]);
    assert_eq!(sequences(&of_stream(&heard, &other_stream)), [1, 2]);

    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &slow_stream);
    assert_eq!(sequences(&arrivals), [1, 1, 1, 1, 2, 3]);
    let kinds: Vec<&str> = arrivals[3..].iter().map(|r| r["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["obligation.paid", "obligation.paid", "obligation.cancelled"]);
    assert!(arrivals.iter().all(|r| r["gap"] == false && r["gap_before"] == json!([])));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_a_case_and_the_next_event_of_its_stream_names_the_gap() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 500}), 4).await;
    for _ in 0..3 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(sequences(&arrivals), [1, 1, 1, 1, 2, 3]);
    assert_eq!((&arrivals[4]["gap_before"], &arrivals[5]["gap_before"]), (&json!([1]), &json!([])));
    assert!(arrivals.iter().all(|r| r["gap"] == false), "the gap is explained");
    let dead = arrivals[0];
    assert_eq!(undelivered(&house).await, [format!("{} open", text(&dead["id"]))]);

    // sent again it is the same event, out of order: the receiver is past it
    assert_eq!(redeliver(&house, &dead["id"]).await, 1);
    house.drain().await;
    let heard = house.heard().await;
    let again = *of_stream(&heard, &stream).last().unwrap();
    for same in ["id", "sequence", "body", "type"] {
        assert_eq!(again[same], dead[same], "{same}");
    }
    assert_eq!((&again["times_seen"], &again["answered"], &again["applied"]), (&json!(5), &json!(200), &json!(false)));

    // a gap is named once
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let next = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&next["sequence"], &next["gap_before"], &next["gap"]), (&json!(4), &json!([]), &json!(false)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_given_up_in_a_row_are_all_named_by_the_event_that_is_heard() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    script(&house, &stream, json!({"status": 500}), 8).await;
    for _ in 0..4 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    let heard = house.heard().await;
    let applied: Vec<(i64, &Value, bool)> = of_stream(&heard, &stream)
        .into_iter()
        .filter(|r| r["applied"] == true)
        .map(|r| (r["sequence"].as_i64().unwrap(), &r["gap_before"], r["gap"] == true))
        .collect();
    assert_eq!(applied, [(1, &json!([]), false), (4, &json!([2, 3]), false), (5, &json!([]), false)]);
    assert_eq!(undelivered(&house).await.len(), 2);

    // the last of the two is heard after all, late; what comes next has no gap before it
    let last = of_stream(&heard, &stream).into_iter().find(|r| r["sequence"] == 3).unwrap()["id"].clone();
    redeliver(&house, &last).await;
    house.drain().await;
    let mut left = undelivered(&house).await;
    left.retain(|case| case.ends_with(" open"));
    assert_eq!(left.len(), 1, "heard after all: its case is closed");
    assert!(!left[0].starts_with(&text(&last)), "{left:?}");
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let next = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&next["sequence"], &next["gap_before"], &next["gap"]), (&json!(6), &json!([]), &json!(false)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_named_also_while_what_was_given_up_is_on_its_way_again() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let refuse = json!({"match": {"stream": stream, "type": "obligation.cancelled"}, "do": [{"status": 500}]});
    house.dossier_sim("script", refuse).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let dead = house.heard().await[0]["id"].clone();
    assert_eq!(undelivered(&house).await.len(), 1);

    redeliver(&house, &dead).await;
    paid(&house, &code).await;
    pass(&house).await;
    let heard = house.heard().await;
    let next = of_stream(&heard, &stream).into_iter().find(|r| r["sequence"] == 2).unwrap();
    assert_eq!((&next["applied"], &next["gap_before"], &next["gap"]), (&json!(true), &json!([1]), &json!(false)));

    house.http.delete(format!("{}/_sim/script", house.dossier.url)).send().await.unwrap();
    house.drain().await;
    let heard = house.heard().await;
    let late = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&late["id"], &late["answered"], &late["applied"]), (&dead, &json!(200), &json!(false)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_endpoint_hears_what_comes_after_it_and_what_is_older_when_it_asks() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    for _ in 0..3 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    hears_at(&house, "later", json!([])).await;
    hears_at(&house, "intents-only", json!(["intent"])).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let later = heard_at(&house, "later").await;
    assert_eq!(sequences(&of_stream(&later, &stream)), [4]);
    assert_eq!((&later[0]["gap_before"], &later[0]["applied"]), (&json!([]), &json!(true)));

    let (events, _) = feed(&house.portal, None, 50).await;
    let position = |n: usize| events[n]["position"].as_i64().unwrap();
    let range = json!({"from": position(1), "to": position(2)});
    let answer = house.portal.post("/v1/events/redeliver", range).await.expect(202);
    assert_eq!(answer["deliveries"], 4, "two events, two endpoints that hear dossiers");
    house.drain().await;
    let before = house.heard().await;
    for name in ["default", "later"] {
        let heard = heard_at(&house, name).await;
        let arrivals = of_stream(&heard, &stream);
        let (last, earlier) = (&arrivals[arrivals.len() - 2..], &arrivals[..arrivals.len() - 2]);
        let mut again = sequences(last);
        again.sort_unstable();
        assert_eq!(again, [2, 3], "{name}");
        assert!(last.iter().all(|r| r["applied"] == false && r["same_bytes"] == true), "{name}: {last:?}");
        assert!(earlier.iter().all(|r| r["applied"] == true), "{name}");
        for arrival in last {
            let first = before.iter().find(|r| r["id"] == arrival["id"]).unwrap();
            assert_eq!(arrival["body"], first["body"], "{name}: the bytes that the first endpoint got");
        }
    }
    assert_eq!(heard_at(&house, "intents-only").await, [Value::Null; 0], "it did not ask for dossiers");

    assert_eq!(redeliver(&house, &events[0]["id"]).await, 2);
    house.drain().await;
    assert_eq!(heard_at(&house, "later").await.last().unwrap()["sequence"], 1);
    assert_eq!(heard_at(&house, "intents-only").await, [Value::Null; 0]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_another_client_or_of_nobody_cannot_be_sent_again() {
    let house = House::new().await;
    house.hear_events().await;
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let (events, _) = feed(&house.portal, None, 50).await;
    let path = format!("/v1/events/{}/redeliver", text(&events[0]["id"]));
    assert_eq!(house.other_portal.post(&path, json!({})).await.refused(404), "not_found");
    let nobody = format!("/v1/events/evt_{}/redeliver", Uuid::now_v7().simple());
    assert_eq!(house.portal.post(&nobody, json!({})).await.refused(404), "not_found");
    let all = json!({"from": 1, "to": 100});
    assert_eq!(house.other_portal.post("/v1/events/redeliver", all).await.expect(202)["deliveries"], 0);
    house.drain().await;
    assert_eq!(house.heard().await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_time_gets_it_but_not_for_ever() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let wait = "select round(extract(epoch from next_at - updated_at)) from delivery";
    script(&house, &stream, json!({"retry_after_s": 40}), 1).await;
    withdrawn(&house.portal, &code).await;
    assert_eq!(pass(&house).await, 1);
    assert_eq!(house.ask(wait).await, "40");
    tokio::time::sleep(Duration::from_millis(1_300)).await; // the schedule would have sent it by now
    assert_eq!(pass(&house).await, 0);

    script(&house, &stream, json!({"retry_after_s": 900_000}), 1).await;
    house.ask("update delivery set next_at = now()").await;
    assert_eq!(pass(&house).await, 1);
    assert_eq!(house.ask(wait).await, "86400", "a day at the longest");
    house.drain().await;
    assert_eq!(house.heard().await.last().unwrap()["applied"], true);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_a_refusal_and_nobody_else_gets_the_event() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let elsewhere = format!("{}/events/elsewhere", house.dossier.url);
    script(&house, &stream, json!({"redirect": elsewhere}), 1).await;
    withdrawn(&house.portal, &code).await;
    pass(&house).await;
    assert_eq!(house.ask("select state || ' ' || last_result from delivery").await, "waiting 307");
    house.drain().await;
    assert_eq!(heard_at(&house, "elsewhere").await, [Value::Null; 0]);
    assert_eq!(house.heard().await.len(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_not_asked_a_second_time() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 410}), 1).await;
    withdrawn(&house.portal, &code).await;
    withdrawn(&house.portal, &code).await;
    assert_eq!(pass(&house).await, 1);
    let event = text(&house.heard().await[0]["id"]);
    assert_eq!(undelivered(&house).await, [format!("{event} open")]);
    house.drain().await;
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &stream)), [1, 2]);
    assert_eq!(heard[1]["gap_before"], json!([1]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_rotates_either_verifies_and_afterwards_only_the_new_one() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let path = format!("/v1/event-endpoints/{}", text(&endpoint["id"]));
    let rotated = house.portal.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    let (old, new) = (endpoint["secret"].clone(), rotated["secret"].clone());
    assert_ne!(old, new);
    assert_eq!(rotated["rotating"], true);
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await; // the stub still knows the old secret only
    let both = wire(&house).await.pop().unwrap();
    assert_eq!(text(&both["signature"]).split(' ').count(), 2);
    let verdicts = judged(&[with(&both, &json!({"secret": old})), with(&both, &json!({"secret": new}))]).await;
    assert_eq!(verdicts, [Value::Null, Value::Null]);

    let retired = house.portal.post(&format!("{path}/retire-old-secret"), json!({})).await.expect(200);
    assert_eq!((&retired["rotating"], &retired["secret"]), (&json!(false), &Value::Null));
    house.dossier_sim("endpoint", json!({"secret": new, "from_start": true})).await;
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let one = wire(&house).await.pop().unwrap();
    assert_eq!(text(&one["signature"]).split(' ').count(), 1);
    let verdicts = judged(&[with(&one, &json!({"secret": old})), with(&one, &json!({"secret": new}))]).await;
    assert_eq!(verdicts, [json!("No matching signature found"), Value::Null]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_two_secrets_sign_no_third_takes_the_place_of_the_one_that_the_receiver_has() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let path = format!("/v1/event-endpoints/{}", text(&endpoint["id"]));
    let rotated = house.portal.post_with(&format!("{path}/rotate"), "first", json!({})).await;
    assert_eq!(house.portal.post(&format!("{path}/rotate"), json!({})).await.refused(409), "two_active");
    let again = house.portal.post_with(&format!("{path}/rotate"), "first", json!({})).await;
    assert_eq!((again.replayed, &again.text), (true, &rotated.text), "whoever lost the answer asks as before");
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let sent = wire(&house).await.pop().unwrap();
    let secrets = [&endpoint["secret"], &rotated.json["secret"]].map(|secret| with(&sent, &json!({"secret": secret})));
    assert_eq!(judged(&secrets).await, [Value::Null, Value::Null]);

    house.portal.post(&format!("{path}/retire-old-secret"), json!({})).await.expect(200);
    let third = house.portal.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let sent = wire(&house).await.pop().unwrap();
    let secrets = [&endpoint["secret"], &rotated.json["secret"], &third["secret"]];
    let verdicts = judged(&secrets.map(|secret| with(&sent, &json!({"secret": secret})))).await;
    assert_eq!(verdicts, [json!("No matching signature found"), Value::Null, Value::Null]);
    house.dossier_sim("endpoint", json!({"secret": third["secret"], "from_start": true})).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_again_to_a_repeat_and_lies_nowhere_in_clear() {
    let house = House::new().await;
    let body = json!({"url": format!("{}/events", house.dossier.url)});
    let first = house.portal.post_with("/v1/event-endpoints", "endpoint", body.clone()).await;
    let again = house.portal.post_with("/v1/event-endpoints", "endpoint", body).await;
    assert_eq!((first.status, again.status, again.replayed), (201, 201, true));
    assert_eq!(first.text, again.text);
    let path = format!("/v1/event-endpoints/{}/rotate", text(&first.json["id"]));
    let rotated = house.portal.post_with(&path, "rotation", json!({})).await;
    let repeated = house.portal.post_with(&path, "rotation", json!({})).await;
    assert_eq!((repeated.replayed, &rotated.text), (true, &repeated.text));
    assert_eq!(house.ask("select count(*) from event_endpoint").await, "1");
    let listed = house.portal.get("/v1/event-endpoints").await;
    assert!(!listed.text.contains("whsec_"), "{}", listed.text);

    // a bytea reads as hex, so a row's text shows every column
    let tables = "select string_agg(format('%I', table_name), ',') from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE'";
    let tables = house.ask(tables).await;
    assert!(tables.contains("event_endpoint") && tables.contains("idempotency"), "{tables}");
    for secret in [&first.json["secret"], &rotated.json["secret"]] {
        let encoded = text(secret).strip_prefix("whsec_").unwrap().to_owned();
        let key = house.ask(&format!("select encode(decode('{encoded}', 'base64'), 'hex')")).await;
        for needle in [encoded.clone(), hex::encode(&encoded), key] {
            for table in tables.split(',') {
                let count = format!("select count(*) from {table} t where strpos(t::text, '{needle}') > 0");
                assert_eq!(house.ask(&count).await, "0", "{needle} in {table}");
            }
        }
    }
    house.dossier_sim("endpoint", json!({"secret": rotated.json["secret"], "from_start": true})).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_complete_and_in_order_and_its_cursor_stays_good() {
    let house = House::new().await;
    house.hear_events().await;
    for n in 0..3 {
        let code = dossier();
        withdrawn(&house.portal, &code).await;
        withdrawn(&house.other_portal, &dossier()).await;
        if n == 1 {
            paid(&house, &code).await;
        }
    }
    house.drain().await;
    let (mine, end) = feed(&house.portal, None, 2).await;
    let (theirs, _) = feed(&house.other_portal, None, 2).await;
    assert_eq!((mine.len(), theirs.len()), (5, 3));
    let positions = |events: &[Value]| events.iter().map(|e| e["position"].as_i64().unwrap()).collect::<Vec<i64>>();
    let (a, b) = (positions(&mine), positions(&theirs));
    assert!(a.is_sorted() && b.is_sorted(), "oldest first: {a:?} {b:?}");
    let mut all = [a, b].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=8).collect::<Vec<i64>>(), "one place each, none left out");
    assert!(mine.iter().all(|e| theirs.iter().all(|t| t["id"] != e["id"])));

    // the feed says what was delivered
    let heard = house.heard().await;
    assert_eq!(heard.len(), mine.len());
    for event in &mine {
        let delivered = heard.iter().find(|r| r["id"] == event["id"]).unwrap();
        let body: Value = serde_json::from_str(delivered["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&body["type"], &body["data"], &body["timestamp"]),
            (&event["type"], &event["data"], &event["timestamp"])
        );
    }

    // at the end the cursor stays, and finds what comes later; an old one finds the same again
    let (none, end_again) = feed(&house.portal, end.clone(), 50).await;
    assert_eq!((none.len(), &end_again), (0, &end));
    withdrawn(&house.other_portal, &dossier()).await;
    let new = withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let (later, _) = feed(&house.portal, end, 50).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0]["data"]["id"], new["id"]);
    let second = mine[1]["position"].to_string();
    let (from_second, _) = feed(&house.portal, Some(second), 1).await;
    assert_eq!(from_second[..3], mine[2..]);
    assert_eq!(house.portal.get("/v1/events?after=x").await.status, 400);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_says_who_pays() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let body = obligation(&code, 8_000, json!({}));
    paid(&house, &code).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let told = house.portal.get("/v1/events").await.text + &json!(house.heard().await).to_string();
    let stored = house.ask("select string_agg(e::text, ' ') from event e").await;
    let sent = house.ask("select string_agg(encode(body, 'escape'), ' ') from delivery").await;
    for place in [&told, &stored, &sent] {
        assert!(place.contains(&code), "{place}");
        for secret in ["name", "identity_number"] {
            assert!(!place.contains(&text(&body["payer"][secret])), "{place}");
        }
        assert!(!place.contains("\"payer\""), "{place}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_between_sending_and_recording_leaves_the_event_to_be_sent_again() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"hang": 3_000}), 1).await;
    withdrawn(&house.portal, &code).await;
    withdrawn(&house.portal, &code).await;
    sequence(&house.gateway.ctx).await.unwrap();
    let ctx = house.gateway.ctx.clone();
    let worker = tokio::spawn(async move { deliver(&ctx, false, Timestamp::now()).await });
    for _ in 0..200 {
        if !house.heard().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());

    // nobody touches what another may still be sending, whatever the schedule says, nor what comes after it
    assert_eq!(deliver(&house.gateway.ctx, true, Timestamp::now()).await.unwrap(), 0);
    let state = "select string_agg(state || ' ' || attempts, ', ' order by sequence) from delivery";
    assert_eq!(house.ask(state).await, "leased 1, waiting 0");

    house.ask("update delivery set lease_until = now() - interval '1 second' where state = 'leased'").await;
    house.drain().await;
    assert_eq!(house.ask(state).await, "delivered 2, delivered 1");
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(sequences(&arrivals), [1, 1, 2]);
    assert_eq!((&arrivals[0]["id"], &arrivals[0]["body"]), (&arrivals[1]["id"], &arrivals[1]["body"]));
    let applied: Vec<bool> = arrivals.iter().map(|r| r["applied"] == true).collect();
    assert_eq!(applied, [true, false, true]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_comes_back_after_its_lease_records_nothing_and_changes_no_bytes() {
    let house = House::new().await;
    house.hear_events().await;
    withdrawn(&house.portal, &dossier()).await;
    let ctx = &house.gateway.ctx;
    sequence(ctx).await.unwrap();
    let db = ctx.pool.get().await.unwrap();
    let (late, present) = (Uuid::new_v4(), Uuid::new_v4());
    let first = deliveries::claim(&db, &ctx.vault, 100, late, SignedDuration::ZERO, false).await.unwrap();
    let minute = SignedDuration::from_secs(60);
    let second = deliveries::claim(&db, &ctx.vault, 100, present, minute, false).await.unwrap();
    assert_eq!((first.len(), second.len(), second[0].attempts), (1, 1, 2));
    let third = deliveries::claim(&db, &ctx.vault, 100, Uuid::new_v4(), minute, true).await.unwrap();
    assert_eq!(third.len(), 0, "leased, and the schedule is not the lease");

    let (endpoint, event): (EndpointId, EventId) = (first[0].endpoint_id, first[0].event.id);
    // both made a body before either was fixed: both send the one that stands
    assert_eq!(
        deliveries::fix_body(&db, endpoint, event, b"{\"of\":\"present\"}").await.unwrap(),
        b"{\"of\":\"present\"}"
    );
    assert_eq!(
        deliveries::fix_body(&db, endpoint, event, b"{\"of\":\"late\"}").await.unwrap(),
        b"{\"of\":\"present\"}"
    );
    assert!(!deliveries::finish(&db, endpoint, event, late, Ending::Dead, "late").await.unwrap());
    assert_eq!(house.ask("select state from delivery").await, "leased");
    let again = Ending::Again { after: SignedDuration::ZERO };
    assert!(deliveries::finish(&db, endpoint, event, present, again, "present").await.unwrap());
    drop(db);
    house.ask("update delivery set body = null").await; // these bytes were a test's
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_leased_than_is_sent_at_once() {
    // what waits for its turn under a lease outlives it when receivers are slow
    let house =
        House::planned(Plan { settings: vec![("MOTLAN_DELIVERY__IN_FLIGHT", "2".to_owned())], ..Plan::default() })
            .await;
    house.hear_events().await;
    for _ in 0..5 {
        let code = dossier();
        script(&house, &house.stream(&format!("dossier:{code}")), json!({"hang": 1_000}), 1).await;
        withdrawn(&house.portal, &code).await;
    }
    sequence(&house.gateway.ctx).await.unwrap();
    let ctx = house.gateway.ctx.clone();
    let worker = tokio::spawn(async move { deliver(&ctx, false, Timestamp::now()).await });
    while house.heard().await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.ask("select count(*) from delivery where state = 'leased'").await, "2");
    assert_eq!(worker.await.unwrap().unwrap(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_removed_hears_nothing_more() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let (told, code) = (dossier(), dossier());
    withdrawn(&house.portal, &told).await;
    house.drain().await;
    let ctx = &house.gateway.ctx;
    withdrawn(&house.portal, &code).await;

    // it is removed while the event gets its place
    let client = house.ask("select client_id from event_endpoint").await.parse::<Uuid>().unwrap().into();
    let id: EndpointId = text(&endpoint["id"]).parse().unwrap();
    let tx = ctx.pool.tx().await.unwrap();
    tx.begin().await.unwrap();
    storage::endpoints::lock(&tx, client, id).await.unwrap().unwrap();
    storage::endpoints::disable(&tx, id).await.unwrap();
    let sequencer = tokio::spawn({
        let ctx = ctx.clone();
        async move { sequence(&ctx).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tx.commit().await.unwrap();
    tx.close(Ok::<_, storage::StorageError>(())).await.unwrap();
    assert_eq!(sequencer.await.unwrap().unwrap(), 1);
    house.drain().await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;

    let heard = house.heard().await;
    assert_eq!(of_stream(&heard, &house.stream(&format!("dossier:{told}"))).len(), 1);
    assert_eq!(of_stream(&heard, &house.stream(&format!("dossier:{code}"))).len(), 0);
    let (events, _) = feed(&house.portal, None, 50).await;
    assert_eq!(events.len(), 3, "the feed has them all the same");
    assert_eq!(redeliver(&house, &events[0]["id"]).await, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_payments_of_one_dossier_are_numbered_without_a_gap_by_many_sequencers_at_once() {
    const PAYMENTS: usize = 50;
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let attempts = join_all((0..PAYMENTS).map(async |_| {
        let fee = house.portal.owes(&code, 8_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        house.at_vnpay(&intent).await
    }))
    .await;

    let done = AtomicBool::new(false);
    let sequencers = join_all((0..8).map(async |_| {
        let mut placed = 0;
        while !done.load(Ordering::Relaxed) {
            placed += sequence(&house.gateway.ctx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        placed
    }));
    // a portal that reads along must not be overtaken by an event with a lower place
    let reader = async {
        let (mut read, mut cursor) = (Vec::new(), None);
        while !done.load(Ordering::Relaxed) {
            let (page, next) = feed(&house.portal, cursor, 7).await;
            read.extend(page);
            cursor = next;
        }
        (read, cursor)
    };
    let payers = async {
        join_all(attempts.iter().map(|attempt| house.pays(attempt, json!({})))).await;
        done.store(true, Ordering::Relaxed);
    };
    let (placed, (mut read, cursor), ()) = futures_util::join!(sequencers, reader, payers);
    assert!(placed.iter().filter(|n| **n > 0).count() > 1, "several had a part in it: {placed:?}");
    house.drain().await;

    read.extend(feed(&house.portal, cursor, 7).await.0);
    let positions: Vec<i64> = read.iter().map(|e| e["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, (1..=2 * PAYMENTS as i64).collect::<Vec<_>>());
    let stream = house.stream(&format!("dossier:{code}"));
    let in_feed: Vec<i64> = read
        .iter()
        .filter(|e| e["data"]["stream"] == stream)
        .map(|e| e["data"]["sequence"].as_i64().unwrap())
        .collect();
    let numbers: Vec<i64> = (1..=PAYMENTS as i64).collect();
    assert_eq!(in_feed, numbers);
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &stream)), numbers);
    assert!(heard.iter().all(|r| r["applied"] == true && r["gap"] == false));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_with_many_events_holds_up_nobody_else() {
    let house = House::planned(tests::Plan { with_worker: true, ..tests::Plan::default() }).await;
    house.hear_events().await;
    let url = format!("{}/events/sick", house.dossier.url);
    let sick = house.other_portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
    house.dossier_sim("endpoint", json!({"name": "sick", "secret": sick["secret"]})).await;
    house.dossier_sim("script", json!({"match": {"name": "sick"}, "do": [{"hang": 12_000}]})).await;
    let cancel = |o: &Value| format!("/v1/obligations/{}/cancel", o["id"].as_str().unwrap());
    for _ in 0..40 {
        let o = house.other_portal.owes(&dossier(), 1_000, json!({})).await;
        house.other_portal.post(&cancel(&o), json!({})).await.expect(200);
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let o = house.portal.owes(&dossier(), 1_000, json!({})).await;
    house.portal.post(&cancel(&o), json!({})).await.expect(200);
    let begun = std::time::Instant::now();
    while house.heard().await.is_empty() {
        assert!(begun.elapsed().as_secs() < 6, "the healthy receiver waits for the sick one");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // the sick one would be given up in its own time
    house.holds().await;
    house.stop().await;
}

//! What the dossier system is told: signed, in order, again until it is heard, and never something else the second time.

mod endpoints;
mod feed;
mod order;
mod signing;
mod workers;

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

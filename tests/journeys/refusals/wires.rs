//! Requests that are too large, too slow, or ambiguous where they end: bounded, and others are served meanwhile.

use serde_json::json;
use std::time::{Duration, Instant};
use tests::portal::{Answered, dossier, obligation};
use tests::rows::digest;
use tests::wire::{Wire, head};
use tests::{House, Plan};

const JSON: &str = "Content-Type: application/json\r\n";

async fn impatient() -> House {
    let settings = vec![("MOTLAN_HTTP__BODY_TIMEOUT_MS", "1000".to_owned())];
    House::planned(Plan { settings, ..Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused_whether_or_not_its_length_is_told() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let body = obligation(&dossier(), 1_000, json!({"description": "x".repeat(270_000)})).to_string();
    let url = format!("{}/v1/obligations/large", house.portal.base);
    let told = house.http.put(&url).bearer_auth(&house.portal.key).header("content-type", "application/json");
    let answer = Answered::of(told.body(body.clone()).send().await.unwrap()).await;
    assert_eq!(answer.refused(413), "body_too_large");

    // the length alone is enough
    let mut wire = Wire::to(&house.portal.base).await;
    wire.send(head(
        "PUT",
        "/v1/obligations/large",
        &house.portal.key,
        &format!("{JSON}Content-Length: 9000000000\r\n"),
    ))
    .await;
    let heard = wire.hear_some(Duration::from_secs(5)).await;
    assert_eq!(heard.statuses(), [413], "{heard:?}");

    // without one: refused once there is too much, without waiting for the end
    let mut wire = Wire::to(&house.portal.base).await;
    let chunked = format!("{JSON}Transfer-Encoding: chunked\r\n");
    wire.send(head("PUT", "/v1/obligations/large", &house.portal.key, &chunked)).await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    for _ in 0..5 {
        wire.send(&chunk).await;
    }
    let heard = wire.hear_some(Duration::from_secs(5)).await;
    assert_eq!(heard.statuses(), [413], "{heard:?}");

    // the largest that is allowed is read whole
    let padded = format!("{}{}", " ".repeat(262_144 - 2), "{}");
    let answer = super::put(&house, "/v1/obligations/large", Some("application/json"), padded).await;
    assert_eq!(answer.refused(422), "validation_failed");
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_dribbles_in_is_cut_and_others_are_served_meanwhile() {
    let house = impatient().await;
    let before = digest(&house.database).await;
    let body = obligation(&dossier(), 1_000, json!({})).to_string();
    let mut slow = Vec::new();
    for n in 0..20 {
        let (base, key, body) = (house.portal.base.clone(), house.portal.key.clone(), body.clone());
        slow.push(tokio::spawn(async move {
            let mut wire = Wire::to(&base).await;
            let started = Instant::now();
            let length = format!("{JSON}Content-Length: {}\r\n", body.len());
            wire.send(head("PUT", &format!("/v1/obligations/slow-{n}"), &key, &length)).await;
            for byte in body.bytes() {
                wire.send([byte]).await;
                let heard = wire.hear_some(Duration::from_millis(200)).await;
                if !heard.text.is_empty() || heard.closed {
                    return (started.elapsed(), heard);
                }
            }
            panic!("the whole body was awaited");
        }));
    }
    for _ in 0..10 {
        let asked = Instant::now();
        house.portal.get("/v1/obligations").await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(1), "others wait");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for call in slow {
        let (took, heard) = call.await.unwrap();
        assert_eq!(heard.statuses(), [408], "{heard:?}");
        assert!(heard.text.contains("\"code\":\"body_timeout\""), "{heard:?}");
        assert!(took > Duration::from_millis(900) && took < Duration::from_secs(3), "{took:?}");
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_a_refused_body_on_its_connection_is_never_taken_for_a_request() {
    let house = impatient().await;
    let before = digest(&house.database).await;
    let smuggled = obligation(&dossier(), 1_000, json!({})).to_string();
    let smuggled = format!(
        "{}{smuggled}",
        head(
            "PUT",
            "/v1/obligations/smuggled",
            &house.portal.key,
            &format!("{JSON}Content-Length: {}\r\n", smuggled.len())
        )
    );
    // late: the rest of the body looks like a request
    let mut wire = Wire::to(&house.portal.base).await;
    let length = format!("{JSON}Content-Length: {}\r\n", smuggled.len() + 1);
    wire.send(head("PUT", "/v1/obligations/late", &house.portal.key, &length)).await;
    wire.send("{").await;
    assert_eq!(wire.hear_some(Duration::from_secs(3)).await.statuses(), [408]);
    wire.send(&smuggled).await;
    assert_eq!(wire.hear(Duration::from_secs(2)).await.statuses(), [0_u16; 0]);
    // the body of a GET is a body
    let mut wire = Wire::to(&house.portal.base).await;
    let length = format!("Content-Length: {}\r\n", smuggled.len());
    wire.send(format!("{}{smuggled}", head("GET", "/v1/obligations", &house.portal.key, &length))).await;
    assert_eq!(wire.hear(Duration::from_secs(1)).await.statuses(), [200]);
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_end_is_cut_and_others_are_served_meanwhile() {
    let house = House::new().await;
    let started = Instant::now();
    let mut wires = Vec::new();
    for _ in 0..50 {
        let mut wire = Wire::to(&house.portal.base).await;
        wire.send("GET /v1/obligations HTTP/1.1\r\nHost: motlan\r\n").await;
        wires.push(wire);
    }
    house.portal.get("/v1/obligations").await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(2), "others wait");
    let first = wires.first_mut().unwrap();
    let mut heard = Vec::new();
    while heard.is_empty() && started.elapsed() < Duration::from_secs(12) {
        first.send("X-Slow: 1\r\n").await;
        let part = first.hear_some(Duration::from_millis(500)).await;
        if part.closed || !part.text.is_empty() {
            heard.push(part);
        }
    }
    let told = heard.first().expect("a head may go on for ever");
    assert!(told.closed || told.statuses() == [408], "{told:?}");
    for mut wire in wires.split_off(1) {
        assert!(wire.hear(Duration::from_secs(4)).await.closed, "a silent connection is kept open");
    }
    // nothing at all is sent; and a head without an end is bounded in size too
    let mut wire = Wire::to(&house.portal.base).await;
    wire.send("GET /v1/obligations HTTP/1.1\r\n").await;
    let line = format!("X-Filler: {}\r\n", "x".repeat(8_000));
    for _ in 0..40 {
        wire.send(&line).await;
    }
    let heard = wire.hear(Duration::from_secs(3)).await;
    assert!(heard.closed && heard.statuses().iter().all(|s| (400..500).contains(s)), "{heard:?}");
    house.portal.get("/v1/obligations").await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_one_breath_are_answered_in_order_one_by_one() {
    let house = House::new().await;
    let body = obligation(&dossier(), 1_000, json!({})).to_string();
    let put = |n: u32| {
        let length = format!("{JSON}Content-Length: {}\r\nX-Request-Id: breath-{n:03}\r\n", body.len());
        format!("{}{body}", head("PUT", "/v1/obligations/breath", &house.portal.key, &length))
    };
    let absent = head("GET", "/v1/nowhere", &house.portal.key, "X-Request-Id: breath-003\r\n");
    let mut wire = Wire::to(&house.portal.base).await;
    wire.send(format!("{}{}{absent}", put(1), put(2))).await;
    let heard = wire.hear(Duration::from_secs(2)).await;
    assert_eq!(heard.statuses(), [201, 200, 404], "{heard:?}");
    let at = |n: u32| heard.text.find(&format!("x-request-id: breath-{n:03}")).unwrap();
    assert!(at(1) < at(2) && at(2) < at(3));
    assert_eq!(house.ask("select count(*) from obligation").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_end_is_ambiguous_is_refused() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let body = obligation(&dossier(), 1_000, json!({})).to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = |n: usize| format!("Content-Length: {n}\r\n");
    let te = "Transfer-Encoding: chunked\r\n";
    for (what, headers, sent) in [
        ("both", format!("{}{te}", length(chunked.len())), &chunked),
        ("both, the other way round", format!("{te}{}", length(body.len())), &body),
        ("two lengths", format!("{}{}", length(body.len()), length(1)), &body),
        ("two equal lengths", format!("{}{}", length(body.len()), length(body.len())), &body),
        ("a list of lengths", format!("Content-Length: {0}, {0}\r\n", body.len()), &body),
        ("a signed length", format!("Content-Length: +{}\r\n", body.len()), &body),
        ("a negative length", "Content-Length: -1\r\n".to_owned(), &body),
        ("a length that is none", "Content-Length: many\r\n".to_owned(), &body),
        ("a coding that is none", "Transfer-Encoding: xchunked\r\n".to_owned(), &chunked),
        ("chunked, but not last", "Transfer-Encoding: chunked, identity\r\n".to_owned(), &chunked),
        ("two codings", format!("{te}{te}"), &chunked),
        ("a blank before the colon", format!("Transfer-Encoding : chunked\r\n{}", length(body.len())), &body),
        ("a folded header", format!("X-A: b\r\n c: d\r\n{}", length(body.len())), &body),
        ("a chunk size that is none", te.to_owned(), &format!("zz\r\n{body}\r\n0\r\n\r\n")),
    ] {
        let mut wire = Wire::to(&house.portal.base).await;
        let headers = format!("{JSON}{headers}");
        wire.send(format!("{}{sent}", head("PUT", "/v1/obligations/ends", &house.portal.key, &headers))).await;
        let heard = wire.hear(Duration::from_secs(1)).await;
        let statuses = heard.statuses();
        assert!(heard.closed, "{what}: the connection goes on: {heard:?}");
        assert!(statuses.len() <= 1 && statuses.iter().all(|s| (400..500).contains(s)), "{what}: {heard:?}");
    }
    assert_eq!(digest(&house.database).await, before);
    house.portal.get("/v1/obligations").await.expect(200);
    house.close().await;
}

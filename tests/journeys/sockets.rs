//! What no well-behaved client sends, over bare connections to a gateway that is a process of its own: it answers or
//! closes, goes on serving others, and holds no more memory than before. (Bodies over the limit, dribbling bodies and
//! heads, ambiguous ends: `refusals/wires.rs`.)

mod guesses;

use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::child::Running;
use tests::portal::{Portal, dossier, fresh, obligation};
use tests::rows::digest;
use tests::wire::{Heard, Wire, head};
use tests::{House, Plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECOND: Duration = Duration::from_secs(1);
const JSON: &str = "Content-Type: application/json\r\n";

/// A process that serves the house's books, and its portal.
struct Served {
    house: House,
    process: Running,
    portal: Portal,
}

impl Served {
    async fn new() -> Self {
        let house = House::new().await;
        let plan = Plan { settings: vec![("MOTLAN_HTTP__BODY_TIMEOUT_MS", "1500".to_owned())], ..Plan::default() };
        let process = Running::start(&tests::env(&house.database, &house.vnpay.url, &plan), &["serve"]).await;
        let portal = Portal::new(&house.http, &process.url("http"), house.portal.key.clone());
        portal.get("/v1/obligations").await.expect(200);
        Self { house, process, portal }
    }

    fn base(&self) -> &str {
        &self.portal.base
    }

    /// What the process holds in memory, in KiB.
    fn resident_kib(&self) -> u64 {
        let pid = self.process.ready["pid"].as_u64().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Others are served, at once.
    async fn serves(&self) {
        let asked = Instant::now();
        self.portal.get("/v1/obligations").await.expect(200);
        assert!(asked.elapsed() < 2 * SECOND, "others wait {:?}", asked.elapsed());
    }

    async fn end(self) {
        self.serves().await;
        let said = self.process.end().await;
        assert!(!said.contains("panicked"), "{said}");
        self.house.close().await;
    }

    async fn says(&self, bytes: impl AsRef<[u8]>) -> Heard {
        let mut wire = Wire::to(self.base()).await;
        wire.send(bytes).await;
        // longer than any of the gateway's own limits
        wire.hear(15 * SECOND).await
    }
}

/// A refusal in HTTP, or a connection that ends: never silence, never our mistake.
#[track_caller]
fn refused(what: &str, heard: &Heard) {
    assert!(heard.closed, "{what}: the connection goes on: {heard:?}");
    let statuses = heard.statuses();
    assert!(statuses.len() <= 1 && statuses.iter().all(|s| (400..500).contains(s)), "{what}: {heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_none_is_refused() {
    let served = Served::new().await;
    let before = digest(&served.house.database).await;
    let key = served.portal.key.clone();
    let long = |n: usize| "x".repeat(n);
    let many = |n: usize| (0..n).map(|i| format!("X-{i}: y\r\n")).collect::<String>();
    let plain =
        |line: &str| format!("{line}\r\nHost: motlan\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("ten thousand headers", head("GET", "/v1/obligations", &key, &many(10_000)).into_bytes()),
        (
            "a header of a megabyte",
            head("GET", "/v1/obligations", &key, &format!("X-A: {}\r\n", long(1 << 20))).into_bytes(),
        ),
        (
            "a name of a megabyte",
            head("GET", "/v1/obligations", &key, &format!("{}: a\r\n", long(1 << 20))).into_bytes(),
        ),
        ("a path of a megabyte", plain(&format!("GET /v1/{} HTTP/1.1", long(1 << 20))).into_bytes()),
        ("a query of a megabyte", plain(&format!("GET /v1/obligations?limit={} HTTP/1.1", long(1 << 20))).into_bytes()),
        ("a method of a megabyte", plain(&format!("{} /v1/obligations HTTP/1.1", long(1 << 20))).into_bytes()),
        ("no version", b"GET /v1/obligations\r\n\r\n".to_vec()),
        ("version 2 in words", plain("GET /v1/obligations HTTP/2.0").into_bytes()),
        ("version 9", plain("GET /v1/obligations HTTP/9.9").into_bytes()),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[0x55; 300]].concat()),
        ("blanks in the target", plain("GET /v1/obli gations HTTP/1.1").into_bytes()),
        (
            "bytes beyond ASCII in the target",
            [
                b"GET /v1/obligations/\xff\xfe HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ".as_slice(),
                key.as_bytes(),
                b"\r\nConnection: close\r\n\r\n",
            ]
            .concat(),
        ),
        ("NUL in the target", plain("GET /v1/obligations/\0 HTTP/1.1").into_bytes()),
        ("NUL in a header", plain("GET /v1/obligations HTTP/1.1\r\nX-A: a\0b").into_bytes()),
        ("a header without a colon", plain("GET /v1/obligations HTTP/1.1\r\nX-A").into_bytes()),
        ("a header without a name", plain("GET /v1/obligations HTTP/1.1\r\n: a").into_bytes()),
        ("a header with a blank in its name", plain("GET /v1/obligations HTTP/1.1\r\nX A: a").into_bytes()),
        ("a return in a header", plain("GET /v1/obligations HTTP/1.1\r\nX-A: a\rX-B: b").into_bytes()),
        ("another service's words", b"EHLO motlan\r\nMAIL FROM:<a@b>\r\n\r\n".to_vec()),
        ("zeros", vec![0; 4_096]),
        ("ones", vec![0xff; 200_000]),
    ];
    for (what, bytes) in &cases {
        refused(what, &served.says(bytes).await);
        served.serves().await;
    }
    assert_eq!(digest(&served.house.database).await, before);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_of_another_form_reaches_nothing_else_and_is_a_problem_document() {
    let served = Served::new().await;
    let key = served.portal.key.clone();
    for target in [
        "/v1/obligations/%FF%FE",
        "/v1/obligations/%00",
        "/v1/obligations/%",
        "/v1/obligations/%zz",
        "/v1/obligations/..%2f..%2fetc",
        "/v1/../v1/obligations",
        "/v1/./obligations",
        "//v1/obligations",
        "/v1/obligations//",
        "/v1/obligations;a=b",
        "/V1/obligations",
        "/v1/obligations%2f",
        "/v1/%6fbligations%00",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/v1/webhooks/%ff/%fe",
        "/v1/webhooks/vnpay/%00",
        "/v1/payments/%F0%9F%92%A9",
        "/v1/reconciliation/%C0%AF",
        "/v1/reports/%2e%2e",
        "/",
        "/v1",
    ] {
        let heard = served.says(head("GET", target, &key, "Connection: close\r\n")).await;
        let [status] = heard.statuses()[..] else { panic!("{target}: {heard:?}") };
        assert!(matches!(status, 400 | 403 | 404 | 405), "{target}: {heard:?}");
        assert!(heard.text.contains("content-type: application/problem+json"), "{target}: {heard:?}");
    }
    // an absolute target names the same resource, whatever host it claims; what is not ours is absent
    for (target, status) in [
        ("http://motlan/v1/obligations", 200),
        ("http://evil.example/v1/obligations", 200),
        ("http://evil.example:80/admin", 404),
        ("ftp://motlan/v1/nothing", 404),
    ] {
        let heard = served.says(head("GET", target, &key, "Connection: close\r\n")).await;
        assert_eq!(heard.statuses(), [status], "{target}: {heard:?}");
        assert!(!heard.text.contains("evil.example"), "{target}: {heard:?}");
    }
    for line in [
        "OPTIONS * HTTP/1.1",
        "CONNECT motlan:443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "TRACE /v1/obligations HTTP/1.1",
        "GET * HTTP/1.1",
    ] {
        let heard = served.says(format!("{line}\r\nHost: motlan\r\nConnection: close\r\n\r\n")).await;
        refused(line, &heard);
    }
    // an upgrade is not wished for
    let upgrade = "Connection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let heard = served.says(head("GET", "/v1/nothing", &key, upgrade)).await;
    assert!(heard.closed && heard.statuses() == [404], "{heard:?}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_are_none_are_refused_and_what_follows_them_is_never_a_request() {
    let served = Served::new().await;
    let before = digest(&served.house.database).await;
    let (key, body) = (served.portal.key.clone(), obligation(&dossier(), 1_000, json!({})).to_string());
    let length = body.len();
    let smuggled =
        head("PUT", "/v1/obligations/smuggled", &key, &format!("{JSON}Content-Length: {length}\r\n")) + &body;
    for (what, chunks) in [
        ("a size beyond all numbers", format!("FFFFFFFFFFFFFFFFF\r\n{body}\r\n0\r\n\r\n")),
        ("the largest size", format!("FFFFFFFFFFFFFFFF\r\n{body}\r\n0\r\n\r\n")),
        ("a negative size", format!("-1\r\n{body}\r\n0\r\n\r\n")),
        ("a size with 0x", format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n")),
        ("an empty size", format!("\r\n{body}\r\n0\r\n\r\n")),
        ("a size too small", format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 2)),
        ("a size too large", format!("{:x}\r\n{body}\r\n0\r\n\r\n{smuggled}", length + 2)),
        ("no end of a chunk", format!("{length:x}\r\n{body}0\r\n\r\n{smuggled}")),
        ("an extension without end", format!("{length:x};{}", "a".repeat(400_000))),
        ("an end in the middle", format!("1\r\n{{\r\n0\r\n\r\n{smuggled}")),
    ] {
        let mut bytes = head("PUT", "/v1/obligations/chunks", &key, &format!("{JSON}Transfer-Encoding: chunked\r\n"));
        bytes.push_str(&chunks);
        let heard = served.says(bytes).await;
        if what == "an end in the middle" {
            // the request ended there, was refused, and the next one is a request in its own right
            assert_eq!(heard.statuses(), [400, 201], "{what}: {heard:?}");
            assert_eq!(served.house.ask("select count(*) from obligation").await, "1");
            continue;
        }
        refused(what, &heard);
        if what != "an end in the middle" {
            assert_eq!(digest(&served.house.database).await, before, "{what}");
        }
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_at_any_point_leave_nothing_behind() {
    let served = Served::new().await;
    let body = obligation(&dossier(), 1_000, json!({})).to_string();
    let before = served.resident_kib();
    for round in 0..10 {
        let calls = (0..40_usize).map(|n| {
            let (base, key, body) = (served.base().to_owned(), served.portal.key.clone(), body.clone());
            async move {
                let length = format!("{JSON}Content-Length: {}\r\n", body.len());
                let whole = head("PUT", &format!("/v1/obligations/reset-{}", fresh()), &key, &length) + &body;
                let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
                stream.set_zero_linger().unwrap();
                let sent = (round * 40 + n) * whole.len() / 400;
                stream.write_all(&whole.as_bytes()[..sent]).await.unwrap();
                // a close that is a reset
                drop(stream);
            }
        });
        join_all(calls).await;
        served.serves().await;
    }
    assert_eq!(served.house.ask("select count(*) from obligation").await, "0", "a part of a body was taken");
    // whole, and gone before the answer: either is right, and never a half
    for _ in 0..20 {
        let length = format!("{JSON}Content-Length: {}\r\n", body.len());
        let whole = head("PUT", "/v1/obligations/gone", &served.portal.key, &length) + &body;
        let mut stream = TcpStream::connect(served.base().trim_start_matches("http://")).await.unwrap();
        stream.set_zero_linger().unwrap();
        stream.write_all(whole.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    served.serves().await;
    served.portal.put("/v1/obligations/gone", serde_json::from_str(&body).unwrap()).await;
    assert_eq!(served.house.ask("select count(*) from obligation").await, "1");
    let grown = served.resident_kib().saturating_sub(before);
    println!("420 resets: {grown} KiB more");
    assert!(grown < 32 * 1_024, "{grown} KiB more after 420 resets");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_head_on_a_connection_may_not_dribble_either() {
    let served = Served::new().await;
    let key = served.portal.key.clone();
    let slow = (0..20).map(|_| {
        let (base, key) = (served.base().to_owned(), key.clone());
        async move {
            let mut wire = Wire::to(&base).await;
            wire.send(head("GET", "/v1/obligations", &key, "")).await;
            assert_eq!(wire.hear_some(2 * SECOND).await.statuses(), [200]);
            let started = Instant::now();
            wire.send("GET /v1/obligations HTTP/1.1\r\nHost: motlan\r\n").await;
            while started.elapsed() < 20 * SECOND {
                let heard = wire.hear_some(Duration::from_millis(400)).await;
                if heard.closed || !heard.text.is_empty() {
                    return started.elapsed();
                }
                wire.send("X-Slow: 1\r\n").await;
            }
            panic!("a second head may go on for ever");
        }
    });
    let ends = join_all(slow).await;
    println!("cut after {:?}", ends.iter().max());
    served.end().await;
}

/// KiB of a process that has done what it was asked: of one on a busy machine a single quiet second says nothing.
async fn settled(served: &Served) -> u64 {
    let (mut held, mut quiet) = (served.resident_kib(), 0);
    for _ in 0..60 {
        tokio::time::sleep(SECOND).await;
        let now = served.resident_kib();
        quiet = if now <= held + 256 { quiet + 1 } else { 0 };
        held = held.max(now);
        if quiet == 4 {
            break;
        }
    }
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_and_does_not_read_is_not_read_further_and_nobody_else_waits() {
    let served = Served::new().await;
    let before = served.resident_kib();
    // nobody needs a key for this answer; asked over and over on one connection, and none is read
    let one = head("GET", "/pay/assets/pay.css", "none", "");
    let many = one.repeat(3_000);
    let mut deaf = Vec::new();
    for _ in 0..30 {
        let mut stream = TcpStream::connect(served.base().trim_start_matches("http://")).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(300), stream.write_all(many.as_bytes())).await;
        deaf.push(stream);
    }
    // the HTTP library answers what it has read, 128 KiB of requests for each connection, and then reads no further
    let held = settled(&served).await;
    println!("30 deaf connections: {} KiB more", held.saturating_sub(before));
    assert!(held < before + 256 * 1_024, "{} KiB more for 30 connections", held - before);
    for stream in &mut deaf {
        let _ = tokio::time::timeout(Duration::from_millis(100), stream.write_all(many.as_bytes())).await;
    }
    let grown = settled(&served).await.saturating_sub(held);
    println!("and {grown} KiB when they go on");
    assert!(grown < 16 * 1_024, "{grown} KiB more when they go on asking");
    served.serves().await;
    // a slow reader is served all the same
    let mut slow = deaf.pop().unwrap();
    let mut part = [0; 1_024];
    for _ in 0..20 {
        assert!(slow.read(&mut part).await.unwrap() > 0);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(deaf);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_in_one_breath_are_answered_in_order_and_others_between_them() {
    let served = Served::new().await;
    let before = served.resident_kib();
    let breath: String = (0..1_000)
        .map(|n| head("GET", "/v1/nowhere", &served.portal.key, &format!("X-Request-Id: breath-{n:04}\r\n")))
        .collect();
    let mut wire = Wire::to(served.base()).await;
    let (sent, ()) = tokio::join!(wire_all(&mut wire, &breath), async {
        for _ in 0..5 {
            served.serves().await;
        }
    });
    let ids: Vec<_> =
        sent.text.split("x-request-id: breath-").skip(1).map(|rest| rest[..4].parse::<u32>().unwrap()).collect();
    assert_eq!(ids, (0..1_000).collect::<Vec<_>>());
    assert!(sent.statuses().iter().all(|s| *s == 404));
    let grown = served.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1_024, "{grown} KiB more");
    served.end().await;
}

/// Sends and reads at once: whoever only sends is not read any further.
async fn wire_all(wire: &mut Wire, text: &str) -> Heard {
    let mut all = Heard { text: String::new(), closed: false };
    for part in text.as_bytes().chunks(8_192) {
        wire.send(part).await;
        all.text.push_str(&wire.hear(Duration::from_millis(20)).await.text);
    }
    let rest = wire.hear(4 * SECOND).await;
    all.text.push_str(&rest.text);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bodies_that_never_come_hold_no_memory() {
    let served = Served::new().await;
    let before = served.resident_kib();
    let staff = served.house.staff.key.clone();
    let mut wires = Vec::new();
    for n in 0..60 {
        let mut wire = Wire::to(served.base()).await;
        // a file may be large, and its length is only a claim
        let (path, key, length) = if n % 2 == 0 {
            ("/v1/statements?account=none", &staff, 268_435_456)
        } else {
            ("/v1/obligations/never", &served.portal.key, 262_144)
        };
        let method = if n % 2 == 0 { "POST" } else { "PUT" };
        wire.send(head(
            method,
            path,
            key,
            &format!("{JSON}Idempotency-Key: never-{n}\r\nContent-Length: {length}\r\n"),
        ))
        .await;
        wire.send(" ".repeat(1_000)).await;
        wires.push(wire);
    }
    served.serves().await;
    tokio::time::sleep(2 * SECOND).await;
    let grown = served.resident_kib().saturating_sub(before);
    println!("60 bodies that never come: {grown} KiB more");
    assert!(grown < 32 * 1_024, "{grown} KiB more");
    served.serves().await;
    drop(wires);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_given_twice_and_nests_without_end_are_problem_documents() {
    let served = Served::new().await;
    let before = digest(&served.house.database).await;
    let key = &served.portal.key;
    for query in [
        "limit=1&limit=1",
        "limit=1&limit=2",
        "limit=1&Limit=1",
        "limit=1&limit=",
        "limit=1&li%6dit=2",
        "after=a&after=b",
        "limit[]=1",
        "limit=1;limit=2",
    ] {
        let heard = served.says(head("GET", &format!("/v1/obligations?{query}"), key, "Connection: close\r\n")).await;
        assert_eq!(heard.statuses(), [400], "{query}: {heard:?}");
        assert!(heard.text.contains("\"code\":\"query_invalid\""), "{query}: {heard:?}");
    }
    let good = obligation(&dossier(), 1_000, json!({})).to_string();
    let twice = [
        good.replacen("\"currency\"", "\"currency\":\"VND\",\"currency\"", 1),
        good.replacen("\"gross_amount\"", "\"gross_\\u0061mount\":1,\"gross_amount\"", 1),
        good.replacen("\"payer\"", "\"payer\":null,\"payer\"", 1),
        good.replacen("\"name\"", "\"name\":\"A\",\"name\"", 1),
    ];
    let nests =
        ["[", "{\"a\":", "[{\"payer\":", "{\"payer\":[", "{\"metadata\":{\"a\":"].map(|open| open.repeat(15_000));
    for body in twice.iter().chain(&nests) {
        let length = format!("{JSON}Connection: close\r\nContent-Length: {}\r\n", body.len());
        let heard = served.says(head("PUT", "/v1/obligations/nests", key, &length) + body).await;
        let what: String = body.chars().take(60).collect();
        assert!(matches!(heard.statuses()[..], [400 | 422]), "{what}: {heard:?}");
        assert!(heard.text.contains("content-type: application/problem+json"), "{what}: {heard:?}");
    }
    assert_eq!(digest(&served.house.database).await, before);
    served.end().await;
}

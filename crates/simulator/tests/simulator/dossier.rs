//! The dossier system: what it takes once, and how it misbehaves.

use super::*;

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Gateway {
    http: Client,
    sim: Running,
}

impl Gateway {
    async fn post(&self, path: &str, body: Value) -> StatusCode {
        self.http.post(format!("{}{path}", self.sim.url)).json(&body).send().await.unwrap().status()
    }

    async fn send(
        &self,
        path: &str,
        secret: &str,
        id: &str,
        at: i64,
        body: &str,
    ) -> reqwest::Result<reqwest::Response> {
        let engine = base64::engine::general_purpose::STANDARD;
        let key = engine.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        let signature = engine.encode(mac.finalize().into_bytes());
        self.http
            .post(format!("{}{path}", self.sim.url))
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", format!("v1,AAAA v1,{signature}"))
            .body(body.to_owned())
            .send()
            .await
    }

    async fn event(&self, id: &str, stream: &str, sequence: u64) -> reqwest::Result<reqwest::Response> {
        self.send("/events", WHSEC, id, Timestamp::now().as_second(), &event(stream, sequence)).await
    }

    async fn received(&self) -> Vec<Value> {
        let url = format!("{}/_sim/received?name=default", self.sim.url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

fn event(stream: &str, sequence: u64) -> String {
    json!({
        "type": "obligation.paid", "timestamp": "2026-01-05T02:30:15Z",
        "data": {"stream": stream, "sequence": sequence, "dossier_code": "H38.17-261124-0001", "amount": 21000},
    })
    .to_string()
}

async fn gateway() -> Gateway {
    let http = client();
    let sim = simulator::dossier::start(DossierConfig::default()).await.unwrap();
    let gateway = Gateway { http, sim };
    let none = gateway.event("evt_0", "s", 1).await.unwrap();
    assert_eq!(none.status(), 401, "no secret is registered yet");
    assert_eq!(gateway.post("/_sim/endpoint", json!({"secret": WHSEC})).await, 200);
    gateway
}

#[tokio::test]
async fn dossier_takes_what_is_signed_once() {
    let g = gateway().await;
    assert_eq!(g.event("evt_1", "s", 1).await.unwrap().status(), 200);
    assert_eq!(g.event("evt_1", "s", 1).await.unwrap().status(), 200);
    let now = Timestamp::now().as_second();
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(g.send("/events", other, "evt_2", now, &event("s", 2)).await.unwrap().status(), 401);
    assert_eq!(g.send("/events", WHSEC, "evt_2", now - 310, &event("s", 2)).await.unwrap().status(), 401);
    assert_eq!(g.send("/events", WHSEC, "evt_2", now + 310, &event("s", 2)).await.unwrap().status(), 401);
    assert_eq!(g.send("/events/portal", WHSEC, "evt_2", now, &event("s", 2)).await.unwrap().status(), 401);
    assert_eq!(g.send("/events", WHSEC, "evt_2", now, "{}").await.unwrap().status(), 400);
    let large = event(&"s".repeat(20_000), 2);
    assert_eq!(g.send("/events", WHSEC, "evt_2", now, &large).await.unwrap().status(), 413);
    assert_eq!(g.event("evt_3", "s", 3).await.unwrap().status(), 200);
    assert_eq!(g.event("evt_2", "s", 2).await.unwrap().status(), 200);
    let all = g.received().await;
    let seen: Vec<(u64, bool, bool, bool)> = all
        .iter()
        .map(|record| {
            let flag = |name: &str| record[name].as_bool().unwrap();
            (record["times_seen"].as_u64().unwrap(), flag("applied"), flag("gap"), record["refused"].is_string())
        })
        .collect();
    let refused = (0, false, false, true);
    let mut expected = vec![refused, (1, true, false, false), (2, false, false, false)];
    expected.extend([refused; 5]);
    expected.extend([(1, true, true, false), (1, false, false, false)]);
    assert_eq!(seen, expected);
    assert_eq!(all[1]["body"].as_str().unwrap(), event("s", 1));
    let rotated = json!({"name": "default", "secret": WHSEC, "next_secret": other});
    assert_eq!(g.post("/_sim/endpoint", rotated).await, 200);
    assert_eq!(g.send("/events", other, "evt_4", now, &event("s", 4)).await.unwrap().status(), 200);
    let page = g.http.get(&g.sim.url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("H38.17-261124-0001") && page.contains("21.000 ₫"), "{page}");
    g.sim.stop().await;
}

#[tokio::test]
async fn dossier_misbehaves_as_scripted() {
    let g = gateway().await;
    let script = async |stream: &str, rule: Value| {
        let body = json!({"match": {"stream": stream}, "do": [rule], "times": 1});
        assert_eq!(g.post("/_sim/script", body).await, 200);
    };
    script("a", json!({"status": 503})).await;
    script("b", json!({"fail_after_accept": true})).await;
    script("c", json!({"retry_after_s": 7})).await;
    script("d", json!({"drop": true})).await;
    script("e", json!({"redirect": "http://127.0.0.1:9/"})).await;
    script("f", json!({"hang": 120})).await;
    assert_eq!(g.event("a1", "a", 1).await.unwrap().status(), 503);
    assert_eq!(g.event("b1", "b", 1).await.unwrap().status(), 500);
    let later = g.event("c1", "c", 1).await.unwrap();
    assert_eq!((later.status().as_u16(), later.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    assert!(g.event("d1", "d", 1).await.is_err(), "cut");
    assert_eq!(g.event("e1", "e", 1).await.unwrap().status(), 307);
    let started = std::time::Instant::now();
    assert_eq!(g.event("f1", "f", 1).await.unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(120));
    let applied: Vec<bool> = g.received().await[1..].iter().map(|r| r["applied"].as_bool().unwrap()).collect();
    assert_eq!(applied, [false, true, false, false, false, true]);
    for stream in ["a", "b", "c", "d", "e"] {
        assert_eq!(g.event(&format!("{stream}1"), stream, 1).await.unwrap().status(), 200);
    }
    let applied: Vec<bool> = g.received().await[7..].iter().map(|r| r["applied"].as_bool().unwrap()).collect();
    assert_eq!(applied, [true, false, true, true, true]);
    assert_eq!(g.post("/_sim/script", json!({"do": [{"status": 99}]})).await, 400);
    assert_eq!(g.post("/_sim/script", json!({"do": [{"hang": 1}], "time": 1})).await, 400);
    g.sim.stop().await;
}

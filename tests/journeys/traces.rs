//! One payment is one trace: the portal's call, the calls to the provider, its webhook and the delivery to the dossier
//! system, though they happen in three processes.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::child::Running;
use tests::collector::Collector;
use tests::portal::{Portal, dossier};
use tests::{House, Plan, env};

/// Two gateways and a worker, all of which send their traces to the collector.
struct Traced {
    house: House,
    portal: Portal,
    processes: Vec<Running>,
}

impl Traced {
    async fn start(collector: &Collector) -> Self {
        let house = House::new().await;
        house.hear_events().await;
        let settings = vec![("MOTLAN_OTLP__ENDPOINT", collector.url.clone())];
        let env = env(&house.database, &house.vnpay.url, &Plan { settings, ..Plan::default() });
        let opens = Running::start(&env, &["serve"]).await;
        let hears = Running::start(&env, &["serve"]).await;
        let works = Running::start(&env, &["work"]).await;
        let webhook = format!("{}/v1/webhooks/vnpay/vnpay_main", hears.url("http"));
        house.sim("notify", json!({"url": webhook})).await;
        let portal = Portal::new(&house.http, &opens.url("http"), house.portal.key.clone());
        Self { house, portal, processes: vec![opens, hears, works] }
    }

    async fn offered(&self) -> (Value, Value) {
        let fee = self.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = self.portal.opens_for(&[&fee], 3_600).await;
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let attempt = self.portal.post(&path, json!({"channel": "vnpay"})).await.expect(201);
        let page = self.house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        (intent, attempt)
    }

    /// Until the dossier system was told of the intent's payment.
    async fn told(&self, intent: &Value) {
        let id = intent["id"].as_str().unwrap();
        for _ in 0..400 {
            if self.house.heard().await.iter().any(|event| event.to_string().contains(id)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not told of {id}: {:?}", self.house.heard().await);
    }

    /// Ends the processes, which send their last spans; the house, and what each said.
    async fn end(self) -> (House, Vec<String>) {
        let mut said = Vec::new();
        for process in self.processes {
            said.push(process.end().await);
        }
        (self.house, said)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_joins_api_call_provider_webhook_and_delivery() {
    let collector = Collector::start();
    let traced = Traced::start(&collector).await;
    let (intent, attempt) = traced.offered().await;
    traced.house.pays(&attempt, json!({})).await;
    traced.told(&intent).await;
    let (unheard, lost) = traced.offered().await;
    let never = json!({"match": {"order_ref": lost["order_ref"]}, "do": [{"drop": true}]});
    traced.house.sim("script", never).await;
    traced.house.sim("pay", json!({"order_ref": lost["order_ref"]})).await;
    traced.told(&unheard).await;
    let (house, said) = traced.end().await;

    let trace = collector.trace_with("open", "intent_id", intent["id"].as_str().unwrap());
    let has = |name: &str, field: &str, value: &str| trace.iter().any(|span| span.is(name, field, value));
    let all = format!("{trace:#?}");
    assert!(has("request", "route", "/v1/payment-intents"), "{all}");
    assert!(has("provider_call", "operation", "checkout"), "{all}");
    assert!(has("report", "source", "webhook:vnpay"), "{all}");
    assert!(has("deliver", "attempts", "1"), "{all}");
    let processes: BTreeSet<&str> = trace.iter().map(|span| span.process.as_str()).collect();
    assert_eq!(processes.len(), 3, "{all}");
    let line = format!("\"trace_id\":\"{}\"", trace[0].trace);
    assert!(said[0].contains(&line), "the log does not name the trace: {}", said[0]);
    // from the report one finds the call that brought it
    let report = trace.iter().find(|span| span.name == "report").unwrap();
    let calls = collector.spans();
    let call = calls.iter().find(|span| span.is("request", "route", "/v1/webhooks/{channel}/{profile}")).unwrap();
    assert!(report.links.contains(&call.trace), "{all}");

    let asked = collector.trace_with("open", "intent_id", unheard["id"].as_str().unwrap());
    let all = format!("{asked:#?}");
    assert!(asked.iter().any(|span| span.is("provider_call", "operation", "status")), "{all}");
    assert!(asked.iter().any(|span| span.is("receive", "source", "poll:vnpay")), "{all}");
    assert!(asked.iter().any(|span| span.name == "deliver"), "{all}");
    assert_ne!(asked[0].trace, trace[0].trace);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_traces_finds_our_part_in_its_own_trace() {
    let collector = Collector::start();
    let traced = Traced::start(&collector).await;
    let fee = traced.portal.owes(&dossier(), 21_000, json!({})).await;
    let body = json!({"obligation_ids": [fee["id"]], "expires_in_s": 600});
    let answer = traced
        .house
        .http
        .post(format!("{}/v1/payment-intents", traced.portal.base))
        .bearer_auth(&traced.portal.key)
        .header("idempotency-key", "traced")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    let intent: Value = answer.json().await.unwrap();
    let path = format!("/v1/payment-intents/{}/cancel", intent["id"].as_str().unwrap());
    traced.portal.post(&path, json!({})).await.expect(200);
    let (house, _) = traced.end().await;
    let trace = collector.trace_with("open", "intent_id", intent["id"].as_str().unwrap());
    assert_eq!(trace[0].trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    house.close().await;
}

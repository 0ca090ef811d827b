//! Every metric of the table is told by a deployment at work, by the labels that the table gives it: what dashboards and
//! alerts ask for is there.

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use telemetry::metrics::ALL;
use testkit::redis::{self, signal};
use tests::child::Running;
use tests::portal::{Portal, dossier};
use tests::{House, Plan, env};

/// Series → names of its labels, as Prometheus' text has them.
fn series(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let labels = labels.split("\",").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
        all.entry(name.to_owned()).or_insert_with(BTreeSet::new).extend(labels);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_at_work_tells_every_metric_of_the_table() {
    let redis = redis::start();
    let house = House::new().await;
    house.hear_events().await;
    let settings = vec![("MOTLAN_REDIS__URL", redis.url()), ("MOTLAN_HTTP__CALLS_PER_MINUTE", "60".to_owned())];
    let env = env(&house.database, &house.vnpay.url, &Plan { settings, ..Plan::default() });
    let serve = Running::start(&env, &["serve"]).await;
    let work = Running::start(&env, &["work"]).await;
    let webhook = format!("{}/v1/webhooks/vnpay/vnpay_main", serve.url("http"));
    house.sim("notify", json!({"url": webhook})).await;
    let portal = Portal::new(&house.http, &serve.url("http"), house.portal.key.clone());
    let fee = portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = portal.opens(&[&fee]).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let attempt = portal.post(&path, json!({"channel": "vnpay"})).await.expect(201);
    house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
    house.pays(&attempt, json!({})).await;
    for _ in 0..200 {
        if !house.heard().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    for _ in 0..8 {
        portal.get("/v1/obligations").await;
    }
    signal(&redis, "STOP");
    portal.get("/v1/obligations").await;
    // a method of the caller's own invention makes no label of its own
    let odd = reqwest::Method::from_bytes(b"MOTLANISE").unwrap();
    house.http.request(odd, format!("{}/v1/obligations", serve.url("http"))).send().await.unwrap();
    let mut told = String::new();
    for process in [&serve, &work] {
        told += &house.http.get(format!("{}/metrics", process.url("ops"))).send().await.unwrap().text().await.unwrap();
    }
    let found = series(&told);
    for metric in ALL {
        let labels: BTreeSet<String> = metric.labels.iter().map(|label| (*label).to_owned()).collect();
        for name in metric.series() {
            let mut has = found.get(&name).unwrap_or_else(|| panic!("no {name} in {told}")).clone();
            has.remove("le");
            assert_eq!(has, labels, "{name}");
        }
    }
    let ours = |name: &str| ALL.iter().any(|m| m.series().iter().any(|series| series == name));
    let strange: Vec<_> = found.keys().filter(|name| !ours(name)).collect();
    assert!(strange.is_empty(), "not in the table: {strange:?}");
    assert!(told.contains("method=\"_OTHER\"") && !told.contains("MOTLANISE"), "{told}");
    serve.end().await;
    work.end().await;
    house.close().await;
}

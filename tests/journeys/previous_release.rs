//! The release before this one on this one's schema (F33): while a deployment rolls, or is rolled back, both run beside
//! each other. `deploy/check-previous-release.sh REF` names the older binary.

use serde_json::json;
use std::path::{Path, PathBuf};
use tests::child::{Env, Running, run, run_of};
use tests::files::{account, today};
use tests::portal::{Portal, dossier};
use tests::{House, Plan, bank};

/// The settings without those that came since: a release refuses keys that it does not know, and names the first.
async fn known_to(previous: &Path, env: &Env) -> Env {
    let mut known = env.clone();
    loop {
        let checked = run_of(previous, &known, &["config", "check"]).await;
        if checked.success {
            return known;
        }
        let unknown =
            checked.stderr.split_once("unknown key ").and_then(|(_, rest)| rest.split_once("(in the environment "));
        let name = unknown.and_then(|(_, rest)| rest.split_once(')')).map(|(name, _)| name.to_owned());
        let name = name.unwrap_or_else(|| panic!("{}", checked.stderr));
        known.retain(|(key, _)| *key != name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs another release: deploy/check-previous-release.sh"]
async fn the_release_before_this_one_takes_money_on_this_schema() {
    let previous = PathBuf::from(std::env::var("MOTLAN_PREVIOUS").expect("deploy/check-previous-release.sh names it"));
    let house = House::with_bank().await;
    house.hear_events().await;
    let settings = bank::settings(&house.bank.as_ref().unwrap().url);
    let env = tests::env(&house.database, &house.vnpay.url, &Plan { settings, ..Plan::default() });
    let known = known_to(&previous, &env).await;
    let serve = Running::start_of(&previous, &known, &["serve"]).await;
    let base = serve.url("http");
    let (older, older_staff) = (
        Portal::new(&house.http, &base, house.portal.key.clone()),
        Portal::new(&house.http, &base, house.staff.key.clone()),
    );
    let new_base = house.gateway.base_url();

    // each takes what the other began: registered here, opened there, paid to the one that did not open it
    for (opens_at, reports_to) in [(&older, &new_base), (&house.portal, &base), (&older, &base)] {
        house.sim("notify", json!({"url": format!("{reports_to}/v1/webhooks/vnpay/vnpay_main")})).await;
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = opens_at.opens(&[&fee]).await;
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let attempt = opens_at.post(&path, json!({"channel": "vnpay"})).await.expect(201);
        assert_eq!(house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap().status(), 200);
        let order = house.pays(&attempt, json!({})).await;
        assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
        for portal in [&older, &house.portal] {
            assert_eq!(portal.intent(&intent).await["status"], "paid");
        }
    }
    let fee = older.owes(&dossier(), 33_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_the_bank(&intent).await;
    house.transfers(33_000, attempt["action"]["transfer_content"].as_str().unwrap()).await;
    assert_eq!(older.intent(&intent).await["status"], "paid");
    let cancelled = older.owes(&dossier(), 1_000, json!({})).await;
    let path = format!("/v1/obligations/{}/cancel", cancelled["id"].as_str().unwrap());
    older.post(&path, json!({})).await.expect(200);

    // the older one reads a bank's file, works everything off, closes nothing that it should not, and finds the books sound
    let bytes = house.bank_statement(bank::ACCOUNT, "camt053_v8", &today().to_string()).await;
    let path = format!("/v1/statements?account={}", account());
    let call = house.http.post(format!("{base}{path}")).bearer_auth(&house.staff.key);
    let sent = call.header("Idempotency-Key", "older").body(bytes).send().await.unwrap();
    assert_eq!(sent.status(), 201, "{}", sent.text().await.unwrap());
    let drained = run_of(&previous, &known, &["work", "--drain", "--json"]).await;
    assert!(drained.success, "{}", drained.stderr);
    for path in ["/v1/payments", "/v1/cases", "/v1/reports/suspense"] {
        older_staff.get(path).await.expect(200);
    }
    for binary in [run_of(&previous, &known, &["verify", "--json"]).await, run(&env, &["verify", "--json"]).await] {
        assert!(binary.success, "{} {}", binary.stdout, binary.stderr);
    }
    serve.end().await;
    house.close().await;
}

//! The Mobile Money simulator and what we send it, judged by the GSMA's own files: every body by the official OpenAPI, every
//! conversation by the official conformance scenarios. They are other people's files and stay where they are.

mod scenario;

use scenario::{Ground, Scenario};
use serde_json::{Value, json};
use tests::gsma::{OpenApi, folder, yaml};
use tests::mobile_money::PHONE;
use tests::portal::dossier;
use tests::{House, Plan};

/// Of the thirty those in which somebody asks the Mobile Money provider for what we use. In the others the provider asks
/// for bills, or an account holder for the own balance.
const USED: &[&str] = &[
    "General",
    "Payee/Merchant-Initiated Merchant Payment",
    "Payer/Customer-Initiated Merchant Payment",
    "Refunds & Reversals",
    "Transactions",
];

#[test]
fn the_judge_agrees_with_every_example_whose_verdict_is_known() {
    let Some(gsma) = folder() else { return };
    let judge = OpenApi::master(&gsma);
    let text = std::fs::read_to_string(gsma.join("examples.json")).unwrap();
    let examples: Value = serde_json::from_str(&text).unwrap();
    let examples = examples["examples"].as_array().unwrap();
    for example in examples {
        let faults = judge.faults(example["schema"].as_str().unwrap(), &example["body"]);
        assert_eq!(faults.is_empty(), example["valid"] == true, "{}: {faults:?}", example["id"]);
    }
    assert!(examples.len() >= 27, "{}", examples.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_holds_every_official_scenario_of_what_we_use() {
    let Some(gsma) = folder() else { return };
    let judge = OpenApi::master(&gsma);
    let mut files: Vec<_> =
        std::fs::read_dir(gsma.join("itp-compliance")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "yml"));
    files.sort();
    let (mut played, mut others) = (0, 0);
    for file in &files {
        let scenario = Scenario(yaml(file));
        if !USED.contains(&scenario.use_case()) {
            others += 1;
            continue;
        }
        let ground = Ground::lay().await;
        scenario.play(&ground, &judge).await;
        ground.clear().await;
        played += 1;
    }
    println!("{played} scenarios played, {others} are about bills and balances");
    assert_eq!((played, others), (22, 8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_send_and_what_the_simulator_says_are_bodies_of_the_official_document() {
    let Some(gsma) = folder() else { return };
    let judge = OpenApi::master(&gsma);
    let house = House::planned(Plan { with_mobile_money: true, ..Plan::default() }).await;
    house.mm("code", json!({"msisdn": "+84912345678", "code": "483920"})).await;
    for code in [None, Some("483920"), Some("000000")] {
        let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let body = json!({"channel": "mobile_money", "payer_phone": PHONE, "one_time_code": code});
        let attempt = house.portal.post(&path, body).await.expect(201);
        if code.is_none() {
            house.mm("pay", json!({"order_ref": attempt["order_ref"]})).await;
        }
        house.mm_called(&attempt["order_ref"]).await;
    }
    house.drain().await;
    let paid = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
    let approver = crate::refunds::second_person(&house).await;
    let fee = json!({"id": paid["allocations"][0]["obligation_id"], "amount": paid["amount"]});
    let line = crate::refunds::whole(&fee);
    let refund = crate::refunds::proposes(&house.staff, &paid, &[line], "close").await.expect(201);
    crate::refunds::approves(&approver, &refund).await.expect(200);
    crate::refunds::becomes(&house, &refund, "succeeded").await;
    let mut judged = 0;
    for line in house.mm_log().await {
        let schema = match (line["kind"].as_str().unwrap(), line["kind_of"].as_str()) {
            ("taken_up", Some("merchantpay")) => "requestTransactionType",
            ("taken_up", _) => "requestReversal",
            ("callback", _) if line["body"].get("errorCode").is_some() => "errorObject",
            ("callback", _) if line["body"]["type"] == "reversal" => "responseReversal",
            ("callback", _) => "responseTransactionType",
            _ => continue,
        };
        assert_eq!(judge.faults(schema, &line["body"]), Vec::<String>::new(), "{schema}: {line}");
        judged += 1;
    }
    assert!(judged >= 7, "{judged}");
    house.close().await;
}

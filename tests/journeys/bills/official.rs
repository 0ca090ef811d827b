//! What the wallet's dialect says, judged by the GSMA's own OpenAPI for bill payments and its conformance scenarios, which
//! stay where they are. Scenarios are in pounds with pence: amounts and currency are put in đồng, all else is as they have it.

use super::called_back::Place;
use super::owes;
use serde_json::{Value, json};
use tests::bills::{API_KEY, App, WALLET};
use tests::gsma::{OpenApi, folder, yaml};
use tests::wire::Call;
use tests::{House, Plan};

struct Door<'h> {
    house: &'h House,
    token: String,
}

impl Door<'_> {
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call_back(method, path, body, None).await
    }

    /// The same, with where the outcome is to be told.
    async fn call_back(&self, method: &str, path: &str, body: Option<Value>, back: Option<&str>) -> (u16, Value) {
        let mut call = Call::new(method, format!("/v1/bills/{WALLET}/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-api-key", API_KEY)
            .header("x-date", "2026-11-26T02:00:00Z")
            .header("content-type", "application/json");
        if let Some(back) = back {
            call = call.header("x-callback-url", back);
        }
        if let Some(body) = body {
            call = call.header("x-correlationid", uuid::Uuid::now_v7().to_string()).body(body.to_string());
        }
        let (status, _, text) = call.send(&self.house.gateway.base_url()).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

async fn house(answers: &str) -> House {
    let settings = vec![("MOTLAN_PROFILES__MM_BILL__ANSWERS", answers.to_owned())];
    House::planned(Plan { with_bills: true, settings, ..Plan::default() }).await
}

fn fits(judge: &OpenApi, schema: &str, body: &Value) {
    assert_eq!(judge.faults(schema, body), Vec::<String>::new(), "{schema}: {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_a_body_of_the_official_document() {
    let Some(gsma) = folder() else { return };
    let judge = OpenApi::bills(&gsma);
    for answers in ["at_once", "when_asked"] {
        let house = house(answers).await;
        let door = Door { house: &house, token: house.bill_token(App::Wallet).await };
        let (status, alive) = door.call("GET", "heartbeat", None).await;
        assert_eq!(status, 200);
        fits(&judge, "responseHeartbeat", &alive);
        let (code, fee) = owes(&house, 21_000).await;
        let account = format!("accounts/accountid/{code}/bills");
        let (status, bills) = door.call("GET", &account, None).await;
        assert_eq!((status, bills.as_array().map(Vec::len)), (200, Some(1)), "{bills}");
        fits(&judge, "responseBills", &bills[0]);
        let payments = format!("{account}/{}/payments", bills[0]["billReference"].as_str().unwrap());
        for (amount, good) in [("20999", false), ("21000", true)] {
            let body = json!({"amountPaid": amount, "currency": "VND"});
            fits(&judge, "requestBillPayment", &body);
            let (status, said) = door.call("POST", &payments, Some(body)).await;
            if answers == "when_asked" {
                assert_eq!(status, 202, "{said}");
                fits(&judge, "requestStateObject", &said);
                let id = said["serverCorrelationId"].as_str().unwrap();
                let (status, state) = door.call("GET", &format!("requeststates/{id}"), None).await;
                assert_eq!(
                    (status, &state["status"]),
                    (200, &json!(if good { "completed" } else { "failed" })),
                    "{state}"
                );
                fits(&judge, "requestStateObject", &state);
            } else {
                assert_eq!(status, if good { 201 } else { 400 }, "{said}");
                fits(&judge, if good { "responseBillPayment" } else { "errorObject" }, &said);
            }
        }
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        let (status, paid) = door.call("GET", &format!("{payments}?offset=0&limit=10"), None).await;
        assert_eq!((status, paid.as_array().map(Vec::len)), (200, Some(1)), "{paid}");
        fits(&judge, "responseBillPayment", &paid[0]);
        // a missing response is found by the call's own id, and leads to what became of that call and of no other
        for (outcome, state, code) in
            [("paid", "completed", Value::Null), ("wrong_amount", "failed", json!("underPaymentNotAllowed"))]
        {
            let of_it = format!("from bill_payment where outcome = '{outcome}'");
            let call = house.ask(&format!("select call_id {of_it}")).await;
            let (status, link) = door.call("GET", &format!("responses/{call}"), None).await;
            assert_eq!(status, 200, "{link}");
            fits(&judge, "responseResponse", &link);
            let path = link["link"].as_str().unwrap().trim_start_matches('/').to_owned();
            let (status, linked) = door.call("GET", &path, None).await;
            assert_eq!(status, 200, "{linked}");
            fits(&judge, "requestStateObject", &linked);
            assert_eq!((&linked["status"], &linked["error"]["errorCode"]), (&json!(state), &code), "{linked}");
            let handle = house.ask(&format!("select sighting_id {of_it}")).await;
            assert_eq!(linked["serverCorrelationId"], json!(handle), "{linked}");
            assert_eq!(linked["objectReference"].is_string(), outcome == "paid", "{linked}");
        }
        for nothing in [
            "requeststates/00000000-0000-4000-8000-000000000000",
            "responses/00000000-0000-4000-8000-000000000000",
            "accounts/accountid/nobody/bills",
            "accounts/msisdn/+84912345678/bills",
            "quotations",
            "",
        ] {
            let (status, said) = door.call("GET", nothing, None).await;
            assert_eq!((status, &said["errorCode"]), (404, &json!("identifierError")), "{nothing}: {said}");
            fits(&judge, "errorObject", &said);
        }
        house.drain().await;
        house.holds().await;
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_was_paid_is_shown_so_however_often_it_is_refused_afterwards() {
    let house = house("at_once").await;
    let door = Door { house: &house, token: house.bill_token(App::Wallet).await };
    let (code, _) = owes(&house, 21_000).await;
    let (_, bills) = door.call("GET", &format!("accounts/accountid/{code}/bills"), None).await;
    let payments = format!("accounts/accountid/{code}/bills/{}/payments", bills[0]["billReference"].as_str().unwrap());
    let body = json!({"amountPaid": "21000", "currency": "VND"});
    let (status, paid) = door.call("POST", &payments, Some(body.clone())).await;
    assert_eq!(status, 201, "{paid}");
    for _ in 0..51 {
        let (status, said) = door.call("POST", &payments, Some(body.clone())).await;
        assert_eq!((status, &said["errorCode"]), (400, &json!("incorrectState")), "{said}");
    }
    let (status, shown) = door.call("GET", &payments, None).await;
    assert_eq!((status, shown.as_array().map(Vec::len)), (200, Some(1)), "{shown}");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_ours_is_the_whole_object_of_the_document() {
    let house = house("at_once").await;
    let door = Door { house: &house, token: house.bill_token(App::Wallet).await };
    let (code, _) = owes(&house, 21_000).await;
    let account = format!("accounts/accountid/{code}/bills");
    let (_, bills) = door.call("GET", &account, None).await;
    let payments = format!("{account}/{}/payments", bills[0]["billReference"].as_str().unwrap());
    for (body, name) in [
        (json!({"amountPaid": "21000.5", "currency": "VND"}), "amountPaid"),
        (json!({"currency": "VND"}), "amountPaid"),
        (json!({"amountPaid": "21000", "currency": "GBP"}), "currency"),
    ] {
        let (status, said) = door.call("POST", &payments, Some(body)).await;
        assert_eq!((status, &said["errorCategory"]), (400, &json!("validation")), "{said}");
        assert!(said["errordescription"].as_str().is_some_and(|text| !text.is_empty()), "{said}");
        assert_eq!(said["errorParameters"], json!([{"key": "field", "value": name}]), "{said}");
        let at: jiff::Timestamp = said["errorDateTime"].as_str().unwrap().parse().unwrap();
        assert!(jiff::Timestamp::now().duration_since(at).abs() < jiff::SignedDuration::from_mins(1), "{said}");
    }
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_scenarios_of_bills_hold_but_for_one_code_that_nobody_who_is_paid_a_bill_can_say() {
    let Some(gsma) = folder() else { return };
    let judge = OpenApi::bills(&gsma);
    let place = Place::start();
    let house = super::called_back::house(&place, true).await;
    let door = Door { house: &house, token: house.bill_token(App::Wallet).await };
    let mut files: Vec<_> =
        std::fs::read_dir(gsma.join("itp-compliance")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut played, mut called_back) = (0, 0);
    for scenario in files.iter().filter(|f| f.extension().is_some_and(|e| e == "yml")).map(|f| yaml(f)) {
        if scenario["use_case"] != "Bill Payments" {
            continue;
        }
        let name = scenario["name"].as_str().unwrap().trim().to_owned();
        let steps = scenario["test_steps"].as_array().unwrap();
        let with_callback = steps.iter().any(|step| step["path"] == "{X-Callback-URL}");
        let known = scenario["behavior"] == "positive" || with_callback;
        let pays = if scenario["behavior"] == "positive" { "21000" } else { "20999" };
        let (code, _) = owes(&house, 21_000).await;
        let account = if known { code } else { "2".to_owned() };
        let (_, bills) = door.call("GET", &format!("accounts/accountid/{account}/bills"), None).await;
        let bill = bills[0]["billReference"].as_str().unwrap_or("none").to_owned();
        let mut server_id = String::new();
        for step in steps {
            if step["path"] == "{X-Callback-URL}" {
                called_back += 1;
                let heard = place.hears(called_back).await.pop().unwrap();
                assert_eq!(heard.method, step["method"].as_str().unwrap());
                hold_of_callback(&name, step, &heard.json());
                let schema = if known && pays == "21000" { "responseBillPayment" } else { "errorObject" };
                fits(&judge, schema, &heard.json());
                continue;
            }
            let uri = step["path"].as_str().unwrap().trim_start_matches('/');
            let uri = uri.replace("{identifierType}", "accountid").replace("{identifier}", &account);
            let uri = uri.replace("{billReference}", &bill).replace("{serverCorrelationId}", &server_id);
            let body = step["request"]["body"].is_object().then(|| {
                let mut body = step["request"]["body"].clone();
                (body["amountPaid"], body["currency"]) = (json!(pays), json!("VND"));
                body
            });
            let back = step["request"]["headers"]["X-Callback-URL"].as_str().map(|_| place.url.as_str());
            let (status, said) = door.call_back(step["method"].as_str().unwrap(), &uri, body, back).await;
            hold(&name, step, status, &said);
            server_id = said["serverCorrelationId"].as_str().unwrap_or_default().to_owned();
            if status >= 400 {
                fits(&judge, "errorObject", &said);
            }
        }
        played += 1;
    }
    assert_eq!((played, called_back), (6, 2));
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

/// Every rule that the scenario has about the answer. A rule that is not known here fails.
fn hold(name: &str, step: &Value, status: u16, said: &Value) {
    let mut rules = 0;
    for script in step["test_response_scripts"].as_array().into_iter().flatten() {
        for (field, rule) in script["rules"].as_object().unwrap() {
            rules += 1;
            let words: Vec<&str> = match rule {
                Value::Array(all) => all.iter().map(|w| w.as_str().unwrap()).collect(),
                one => one.as_str().unwrap().split('|').collect(),
            };
            let is = match field.as_str() {
                "status" => json!(status.to_string()),
                "body.*" => said.clone(),
                other => said[other.strip_prefix("body.").unwrap()].clone(),
            };
            for word in words {
                let holds = match word.split_once(':') {
                    None if word == "required" => !is.is_null(),
                    None if word == "array" => is.as_array().is_some_and(|all| all.iter().all(Value::is_object)),
                    Some(("in", known)) => known.split(',').any(|k| is == k),
                    Some(("max", n)) => is.as_array().is_some_and(|all| all.len() <= n.parse::<usize>().unwrap()),
                    Some(("min", n)) => is.as_array().is_some_and(|all| all.len() >= n.parse::<usize>().unwrap()),
                    _ => panic!("{name}: a rule {word}"),
                };
                assert!(holds, "{name}, {field}: {word} does not hold of {status} {said}");
            }
        }
    }
    assert!(rules > 0, "{name}: nothing was ruled");
}

/// The same of what we tell the provider. Its amounts are in pounds; and of its failure one word is none that we can say: whoever is
/// paid a bill does not know what its customer has.
fn hold_of_callback(name: &str, step: &Value, told: &Value) {
    let mut rules = 0;
    for script in step["test_request_scripts"].as_array().unwrap() {
        for (field, rule) in script["rules"].as_object().unwrap() {
            rules += 1;
            let is = &told[field.strip_prefix("body.").unwrap()];
            match (field.as_str(), rule.as_str().unwrap()) {
                ("body.amountPaid", rule) if rule.starts_with("regex:/^5") => assert_eq!(is, "21000", "{name}: {told}"),
                ("body.currency", rule) if rule.contains("GBP") => assert_eq!(is, "VND", "{name}: {told}"),
                ("body.billPaymentStatus", "required") => assert_eq!(is, "paid", "{name}: {told}"),
                ("body.errorCategory", "required|in:businessRule") => assert_eq!(is, "businessRule", "{name}: {told}"),
                ("body.errorCode", "required|in:insufficientFunds") => {
                    assert_eq!(is, "underPaymentNotAllowed", "{name}: {told}");
                }
                _ => panic!("{name}: a rule {field} {rule}"),
            }
        }
    }
    assert!(rules > 0, "{name}: nothing was ruled");
}

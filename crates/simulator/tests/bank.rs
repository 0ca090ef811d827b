//! The bank over real sockets, against a customer made for the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail as the test does")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use simulator::{BankConfig, Running};

const ACCOUNT: &str = "8630123456789";
const SECRET: &str = "sepay-test-secret";

#[derive(Clone)]
struct Heard {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    at: Instant,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn sepay_signature_is_good(&self) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{}.{}", self.header("x-sepay-timestamp"), self.body).as_bytes());
        self.header("x-sepay-signature") == format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }
}

/// What the customer hears, and what it answers, in order; the last answer stays.
#[derive(Default)]
struct Customer {
    heard: Mutex<Vec<Heard>>,
    answers: Mutex<VecDeque<(u16, &'static str)>>,
}

impl Customer {
    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    async fn hears(&self, count: usize) -> Vec<Heard> {
        for _ in 0..500 {
            if self.heard().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Whatever should not come would come now.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let heard = self.heard();
        assert_eq!(heard.len(), count, "{:?}", heard.iter().map(|heard| &heard.body).collect::<Vec<_>>());
        heard
    }
}

fn customer() -> (Arc<Customer>, String) {
    let customer = Arc::new(Customer::default());
    let shared = web::Data::from(Arc::clone(&customer));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hear = async |customer: web::Data<Customer>, http: HttpRequest, body: String| {
        let headers = http.headers().iter();
        let headers = headers.map(|(key, value)| (key.to_string(), value.to_str().unwrap().to_owned())).collect();
        let heard = Heard { path: http.path().to_owned(), headers, body, at: Instant::now() };
        customer.heard.lock().unwrap().push(heard);
        let mut answers = customer.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
        let (status, body) = answer.unwrap_or((200, r#"{"success": true}"#));
        HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).body(body)
    };
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(hear)))
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    tokio::spawn(server);
    (customer, format!("http://127.0.0.1:{port}"))
}

struct Bank {
    running: Running,
    client: Client,
}

impl Bank {
    async fn open(more: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = json!({"seed": 7, "schedule_ms": [0, 20, 20, 20], "listing_per_second": 0});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config: BankConfig = serde_json::from_value(config).unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { running: simulator::bank::start(config).await.unwrap(), client }
    }

    async fn with(notifiers: Value) -> Self {
        Self::open(json!({"accounts": [account(notifiers)]})).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.client.post(format!("{}{path}", self.running.url)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn transfer(&self, amount: i64, content: &str, more: Value) -> Value {
        let mut body = json!({"account": ACCOUNT, "amount": amount, "content": content});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.done("/_sim/bank/transfer", body).await["transaction"].clone()
    }

    async fn script(&self, rule: Value) {
        self.done("/_sim/script", rule).await;
    }

    async fn get(&self, path: &str, authorization: &str) -> (u16, Vec<u8>) {
        let request = self.client.get(format!("{}{path}", self.running.url)).header("Authorization", authorization);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    async fn json(&self, path: &str, authorization: &str) -> Value {
        let (status, body) = self.get(path, authorization).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    async fn log(&self) -> Vec<Value> {
        let (_, body) = self.get("/_sim/log", "").await;
        String::from_utf8(body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn account(notifiers: Value) -> Value {
    json!({
        "number": ACCOUNT, "bin": "970418", "bank": "BIDV", "name": "SO TAI CHINH LAO CAI",
        "opening_balance": 10_000_000, "virtual_accounts": ["96247LC"], "notifiers": notifiers,
        "listing": {"kind": "sepay", "token": "list"}, "payment_code": {"prefix": "LC", "length": 9},
    })
}

fn hmac_at(url: &str) -> Value {
    json!([{"kind": "sepay_hmac", "url": format!("{url}/sepay"), "secret": SECRET}])
}

#[actix_web::test]
async fn a_transfer_is_booked_told_and_listed() {
    let (customer, url) = customer();
    let bank = Bank::with(hmac_at(&url)).await;
    let more = json!({"mangle": "vcb_short", "at": "2026-11-24T07:02:37Z", "virtual_account": "96247LC01"});
    let booked = bank.transfer(150_000, "LC7K2M9QX4T nop phi", more).await;
    assert_eq!(booked["balance"], 10_150_000);
    assert!(booked["content"].as_str().unwrap().starts_with("MBVCB."));
    let reference = booked["reference"].as_str().unwrap();
    assert!(reference.starts_with("FT26328") && reference.len() == 15, "{reference}");

    let heard = customer.hears(1).await.remove(0);
    assert!(heard.sepay_signature_is_good());
    let expected = json!({
        "id": booked["id"], "gateway": "BIDV", "transactionDate": "2026-11-24 14:02:37", "accountNumber": ACCOUNT,
        "subAccount": "96247LC01", "code": "LC7K2M9QX4T", "content": booked["content"], "transferType": "in",
        "description": format!("BankAPINotify {}", booked["content"].as_str().unwrap()),
        "transferAmount": 150_000, "accumulated": 10_150_000, "referenceCode": reference,
    });
    assert_eq!(heard.json(), expected);

    let list = bank.json("/userapi/transactions/list?account_number=8630123456789", "Bearer list").await;
    let row = json!({
        "id": booked["id"].to_string(), "bank_brand_name": "BIDV", "account_number": ACCOUNT,
        "transaction_date": "2026-11-24 14:02:37", "amount_out": "0.00", "amount_in": "150000.00",
        "accumulated": "10150000.00", "transaction_content": booked["content"], "reference_number": reference,
        "code": "LC7K2M9QX4T", "sub_account": "96247LC01", "bank_account_id": "1",
    });
    let expected = json!({"status": 200, "error": null, "messages": {"success": true}, "transactions": [row]});
    assert_eq!(list, expected);

    let kinds: Vec<String> = bank.log().await.iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["transfer", "sent", "received", "listing"]);
    bank.running.stop().await;
}

#[actix_web::test]
async fn nothing_impossible_is_booked() {
    let bank = Bank::with(json!([])).await;
    let paid = bank.transfer(1000, "x", json!({"reference": "R1"})).await;
    assert_eq!(paid["reference"], "R1");
    let base = json!({"account": ACCOUNT, "amount": 1000, "content": "x"});
    for (more, expected) in [
        (json!({"amount": 0}), 400),
        (json!({"amount": 1.5}), 400),
        (json!({"amout": 5}), 400),
        (json!({"mangle": "shaken"}), 400),
        (json!({"mangle": "two_codes"}), 400),
        (json!({"second_content": "y"}), 400),
        (json!({"content": "a\nb"}), 400),
        (json!({"reference": "has blank"}), 400),
        (json!({"direction": "out", "mangle": "momo"}), 400),
        (json!({"account": "1"}), 404),
        (json!({"virtual_account": "1"}), 404),
        (json!({"reference": "R1"}), 409),
        (json!({"direction": "out", "amount": 99_000_000}), 409),
        (json!({"amount": 999_999_999_999_i64}), 409),
    ] {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(bank.post("/_sim/bank/transfer", body).await.0, expected, "{more}");
    }
    assert_eq!(bank.transfer(500, "x", json!({"account": "96247LC77"})).await["virtual_account"], "96247LC77");
    assert_eq!(bank.json("/_sim/bank/transactions", "").await.as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn the_same_seed_books_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bank = Bank::with(json!([])).await;
        for amount in 1..30 {
            let more = json!({"mangle": "random", "at": "2026-11-24T07:02:37Z"});
            bank.transfer(amount, "LC7K2M9QX4T", more).await;
        }
        runs.push(bank.json("/_sim/bank/transactions?account=8630123456789", "").await);
    }
    assert_eq!(runs[0], runs[1]);
}

#[actix_web::test]
async fn an_account_and_its_notifiers_can_come_later() {
    let (customer, url) = customer();
    let bank = Bank::open(json!({})).await;
    let (status, _) = bank.post("/_sim/bank/accounts", json!({"number": ACCOUNT})).await;
    assert_eq!(status, 400);
    let unaddressed = json!([{"kind": "sepay_api_key", "url": "", "secret": "key"}]);
    bank.done("/_sim/bank/accounts", account(unaddressed)).await;
    bank.script(json!({"do": [{"delay_ms": 60}]})).await;
    bank.transfer(1000, "early", json!({})).await;
    let key = json!([{"kind": "sepay_api_key", "url": format!("{url}/key"), "secret": "key"}]);
    let known = bank.done("/_sim/bank/accounts", json!({"number": ACCOUNT, "notifiers": key})).await;
    assert_eq!(known["opening_balance"], 10_000_000);
    assert!(!known.to_string().contains("secret"), "{known}");
    let heard = customer.hears(1).await.remove(0);
    assert_eq!((heard.path.as_str(), heard.header("authorization")), ("/key", "Apikey key"));
    let (status, _) = bank.post("/_sim/bank/accounts", json!({"number": ACCOUNT, "opening_balance": 1})).await;
    assert_eq!(status, 409);
}

#[actix_web::test]
async fn only_the_documented_answer_ends_the_tries() {
    let (customer, url) = customer();
    *customer.answers.lock().unwrap() = [(500, ""), (200, "OK"), (200, r#"{"success": true}"#)].into_iter().collect();
    let bank = Bank::with(hmac_at(&url)).await;
    bank.transfer(1000, "x", json!({})).await;
    let heard = customer.hears(3).await;
    assert!(heard.iter().all(|each| each.body == heard[0].body && each.sepay_signature_is_good()));
    *customer.answers.lock().unwrap() = [(404, "")].into_iter().collect();
    bank.transfer(1000, "y", json!({})).await;
    customer.hears(3 + 4).await;
}

#[actix_web::test]
async fn scripted_faults_of_notifications() {
    let (customer, url) = customer();
    let bank = Bank::with(hmac_at(&url)).await;
    let mut heard_before = 0;
    let cases: [(Value, usize, &dyn Fn(&[Heard])); 8] = [
        (json!([{"drop": true}]), 0, &|_| {}),
        (json!([{"drop": 2}]), 1, &|heard| assert!(heard[0].sepay_signature_is_good())),
        (json!([{"repeat": 2}]), 3, &|heard| {
            assert!(heard.iter().all(|each| each.json() == heard[0].json()));
        }),
        (json!([{"amount_delta": -1}]), 1, &|heard| assert_eq!(heard[0].json()["transferAmount"], 999)),
        (json!([{"without_reference": true}]), 1, &|heard| assert!(heard[0].json()["referenceCode"].is_null())),
        (json!([{"other_reference": true}]), 1, &|heard| {
            assert!(!heard[0].json()["referenceCode"].as_str().unwrap().starts_with("FT"));
        }),
        (json!([{"fail_after_accept": true}]), 2, &|heard| assert_eq!(heard[0].json(), heard[1].json())),
        (json!([{"forge": "signature"}, {"forge": "key"}, {"forge": "amount"}]), 4, &|heard| {
            let good: Vec<bool> = heard.iter().map(Heard::sepay_signature_is_good).collect();
            assert_eq!(good, [false, false, false, true]);
            assert_eq!(heard[2].json()["transferAmount"], 1001);
        }),
    ];
    for (actions, count, check) in cases {
        bank.script(json!({"match": {"notifier": "sepay_hmac"}, "do": actions, "times": 1})).await;
        bank.transfer(1000, "x", json!({})).await;
        let heard = customer.hears(heard_before + count).await;
        check(&heard[heard_before..]);
        heard_before = heard.len();
    }
    bank.script(json!({"match": {"content_contains": "first"}, "do": [{"reorder": true}]})).await;
    bank.script(json!({"match": {"amount": 2000}, "do": [{"delay_ms": 100}]})).await;
    let booked = Instant::now();
    bank.transfer(1000, "first", json!({})).await;
    bank.transfer(2000, "second", json!({})).await;
    let heard = customer.hears(heard_before + 2).await;
    let contents: Vec<Value> = heard[heard_before..].iter().map(|heard| heard.json()["content"].clone()).collect();
    assert_eq!(contents, ["second", "first"]);
    assert!(heard[heard_before].at - booked >= Duration::from_millis(100));
    let (status, _) = bank.post("/_sim/script", json!({"match": {"amuont": 1}, "do": [{"repeat": 1}]})).await;
    assert_eq!(status, 400);
}

#[actix_web::test]
async fn casso_and_payos_and_money_out() {
    let (customer, url) = customer();
    let notifiers = json!([
        {"kind": "casso", "url": format!("{url}/casso"), "secret": "c"},
        {"kind": "payos", "url": format!("{url}/payos"), "secret": "p"},
        {"kind": "sepay_api_key", "url": format!("{url}/sepay"), "secret": "s"},
    ]);
    let bank = Bank::with(notifiers).await;
    let credit = bank.transfer(3000, "VQRIO123", json!({"order_code": 123})).await;
    let heard = customer.hears(3).await;
    let at = |path: &str| heard.iter().find(|heard| heard.path == path).unwrap();
    assert_eq!(at("/casso").json()["data"]["amount"], 3000);
    assert_eq!(at("/casso").json()["data"]["reference"], credit["reference"]);
    assert!(at("/casso").header("x-casso-signature").starts_with("t="));
    assert_eq!(at("/payos").json()["data"]["orderCode"], 123);
    assert_eq!(at("/payos").json()["signature"].as_str().unwrap().len(), 64);
    bank.transfer(1100, "PHI", json!({"direction": "out"})).await;
    let reference = &credit["reference"];
    let back = bank.done("/_sim/bank/reverse", json!({"account": ACCOUNT, "reference": reference})).await;
    assert_eq!(back["transaction"]["reversal_of"], *reference);
    let again = bank.post("/_sim/bank/reverse", json!({"account": ACCOUNT, "reference": reference})).await;
    assert_eq!(again.0, 409);
    let heard = customer.hears(3 + 4).await;
    let out: Vec<Value> = heard[3..].iter().map(Heard::json).collect();
    let amounts = |field: &str| {
        let mut found: Vec<i64> = out.iter().filter_map(|body| body.pointer(field)?.as_i64()).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(amounts("/data/amount"), [-3000, -1100]);
    assert_eq!(amounts("/transferAmount"), [1100, 3000]);
    assert!(out.iter().all(|body| body.get("transferType").is_none_or(|way| way == "out")));
}

#[actix_web::test]
async fn listings_filter_page_and_limit() {
    let mut accounts = json!([account(json!([])), account(json!([]))]);
    accounts[1]["number"] = json!("1903");
    accounts[1]["listing"] = json!({"kind": "casso", "token": "apikey"});
    let bank = Bank::open(json!({"accounts": accounts, "listing_per_second": 2})).await;
    let mut ids = Vec::new();
    for day in 1..=3 {
        let at = json!({"at": format!("2026-11-0{day}T03:00:00Z")});
        ids.push(bank.transfer(1000 * day, "x", at).await["id"].as_u64().unwrap());
        let at = json!({"at": format!("2026-11-0{day}T03:00:00Z"), "account": "1903"});
        bank.transfer(1000 * day, "x", at).await;
    }
    let list = async |query: String| {
        tokio::time::sleep(Duration::from_millis(510)).await;
        let rows = bank.json(&format!("/userapi/transactions/list?{query}"), "Bearer list").await;
        let rows = rows["transactions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list(String::new()).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(list(format!("since_id={}", ids[1])).await, [ids[2], ids[1]]);
    assert_eq!(list("limit=1".to_owned()).await, [ids[2]]);
    let query = "transaction_date_min=2026-11-02&transaction_date_max=2026-11-02%2010:00:00";
    assert_eq!(list(query.to_owned()).await, [ids[1]]);
    assert_eq!(list("amount_in=3000".to_owned()).await, [ids[2]]);

    let casso = "/v2/transactions?fromDate=2026-11-01&toDate=2026-11-03&page=2&pageSize=2&sort=DESC";
    let page = bank.json(casso, "Apikey apikey").await;
    assert_eq!(page["data"]["totalRecords"], 3);
    assert_eq!(page["data"]["records"][0]["amount"], 1000);
    assert_eq!((&page["data"]["nextPage"], &page["data"]["prevPage"]), (&Value::Null, &json!(1)));

    assert_eq!(bank.get("/userapi/transactions/list", "Bearer other").await.0, 401);
    assert_eq!(bank.get("/v2/transactions", "Bearer apikey").await.0, 401);
    tokio::time::sleep(Duration::from_millis(1010)).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(bank.get("/userapi/transactions/list", "Bearer list").await.0);
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[actix_web::test]
async fn scripted_faults_of_listings() {
    let bank = Bank::with(json!([])).await;
    let first = bank.transfer(1000, "first", json!({})).await;
    bank.transfer(2000, "second", json!({})).await;
    let path = "/userapi/transactions/list";
    bank.script(json!({"match": {"amount": 1000}, "do": [{"unlisted": true}], "times": 1})).await;
    let count = async || bank.json(path, "Bearer list").await["transactions"].as_array().unwrap().len();
    assert_eq!((count().await, count().await), (1, 2));
    bank.script(json!({"match": {"content_contains": "first"}, "do": [{"without_reference": true}], "times": 1})).await;
    bank.script(json!({"match": {"amount": 2000}, "do": [{"other_reference": true}, {"amount_delta": 5}], "times": 1}))
        .await;
    let rows = bank.json(path, "Bearer list").await["transactions"].clone();
    assert!(rows[1]["reference_number"].is_null());
    assert_eq!(rows[0]["amount_in"], "2005.00");
    bank.script(json!({"match": {"notifier": "sepay_listing"}, "do": [{"fail_after_accept": true}], "times": 1})).await;
    bank.script(json!({"do": [{"hang": 100}], "times": 2})).await;
    let began = Instant::now();
    assert_eq!(bank.get(path, "Bearer list").await.0, 500);
    let rows = bank.json(path, "Bearer list").await["transactions"].clone();
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(rows[1]["reference_number"], first["reference"]);
    let lines = bank.log().await;
    assert_eq!(lines.iter().filter(|line| line["kind"] == "listing").count(), 5);
}

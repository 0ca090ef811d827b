//! A bank, and a customer that hears it.
#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use simulator::{BankConfig, Running};

pub(crate) const ACCOUNT: &str = "8630123456789";
pub(crate) const SECRET: &str = "sepay-test-secret";

#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn sepay_signature_is_good(&self) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{}.{}", self.header("x-sepay-timestamp"), self.body).as_bytes());
        self.header("x-sepay-signature") == format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }
}

/// What the customer hears, and what it answers, in order; the last answer stays.
#[derive(Default)]
pub(crate) struct Customer {
    pub(crate) heard: Mutex<Vec<Heard>>,
    pub(crate) answers: Mutex<VecDeque<(u16, &'static str)>>,
}

impl Customer {
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) async fn hears(&self, count: usize) -> Vec<Heard> {
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

pub(crate) fn customer() -> (Arc<Customer>, String) {
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

pub(crate) struct Bank {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

impl Bank {
    pub(crate) async fn open(more: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = json!({"seed": 7, "schedule_ms": [0, 20, 20, 20], "listing_per_second": 0});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config: BankConfig = serde_json::from_value(config).unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { running: simulator::bank::start(config).await.unwrap(), client }
    }

    pub(crate) async fn with(notifiers: Value) -> Self {
        Self::open(json!({"accounts": [account(notifiers)]})).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.client.post(format!("{}{path}", self.running.url)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn transfer(&self, amount: i64, content: &str, more: Value) -> Value {
        let mut body = json!({"account": ACCOUNT, "amount": amount, "content": content});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.done("/_sim/bank/transfer", body).await["transaction"].clone()
    }

    pub(crate) async fn script(&self, rule: Value) {
        self.done("/_sim/script", rule).await;
    }

    pub(crate) async fn get(&self, path: &str, authorization: &str) -> (u16, Vec<u8>) {
        let request = self.client.get(format!("{}{path}", self.running.url)).header("Authorization", authorization);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn json(&self, path: &str, authorization: &str) -> Value {
        let (status, body) = self.get(path, authorization).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    pub(crate) async fn log(&self) -> Vec<Value> {
        let (_, body) = self.get("/_sim/log", "").await;
        String::from_utf8(body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn account(notifiers: Value) -> Value {
    json!({
        "number": ACCOUNT, "bin": "970418", "bank": "BIDV", "name": "SO TAI CHINH LAO CAI",
        "opening_balance": 10_000_000, "virtual_accounts": ["96247LC"], "notifiers": notifiers,
        "listing": {"kind": "sepay", "token": "list"}, "payment_code": {"prefix": "LC", "length": 9},
    })
}

pub(crate) fn hmac_at(url: &str) -> Value {
    json!([{"kind": "sepay_hmac", "url": format!("{url}/sepay"), "secret": SECRET}])
}

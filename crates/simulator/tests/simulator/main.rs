//! The simulators over real sockets, against a merchant and a gateway made for the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail as the test does")]

mod accounting;
mod dossier;
mod pages;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, tz::Offset};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use simulator::{DossierConfig, Running, VnpayConfig};

const TMN: &str = "LAOCAI01";
const SECRET: &str = "LAOCAIVNPAYTESTSECRET0123456789A";

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

fn hmac512(text: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn wire(at: Timestamp) -> String {
    Offset::constant(7).to_datetime(at).strftime("%Y%m%d%H%M%S").to_string()
}

fn query(fields: &BTreeMap<String, String>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    let text = text.finish();
    format!("{text}&vnp_SecureHash={}", hmac512(&text))
}

fn order(order_ref: &str, amount: i64, window_s: i64) -> BTreeMap<String, String> {
    let now = Timestamp::now();
    let created = wire(now - SignedDuration::from_secs(60));
    let expires = wire(now + SignedDuration::from_secs(window_s));
    let amount = format!("{amount}00");
    [
        ("vnp_Version", "2.1.0"),
        ("vnp_Command", "pay"),
        ("vnp_TmnCode", TMN),
        ("vnp_Amount", &amount),
        ("vnp_CreateDate", &created),
        ("vnp_ExpireDate", &expires),
        ("vnp_CurrCode", "VND"),
        ("vnp_IpAddr", "127.0.0.1"),
        ("vnp_Locale", "vn"),
        ("vnp_OrderInfo", "Phi chung thuc"),
        ("vnp_OrderType", "other"),
        ("vnp_ReturnUrl", "https://dvc.example.vn/return?lang=vi"),
        ("vnp_TxnRef", order_ref),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// What the merchant hears, and what it answers, in order; the last answer stays.
#[derive(Default)]
struct Merchant {
    heard: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<(u16, String)>>,
}

async fn merchant() -> (Arc<Merchant>, String, ServerHandle) {
    let merchant = Arc::new(Merchant::default());
    let shared = web::Data::from(Arc::clone(&merchant));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = HttpServer::new(move || {
        App::new().app_data(shared.clone()).route(
            "/ipn",
            web::get().to(async |merchant: web::Data<Merchant>, http: HttpRequest| {
                merchant.heard.lock().unwrap().push(http.query_string().to_owned());
                let mut answers = merchant.answers.lock().unwrap();
                let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                let (status, body) = answer.unwrap_or_else(|| (200, rsp("00")));
                HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).body(body)
            }),
        )
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    (merchant, format!("http://127.0.0.1:{port}/ipn"), handle)
}

fn rsp(code: &str) -> String {
    json!({"RspCode": code, "Message": "m"}).to_string()
}

impl Merchant {
    fn will_answer(&self, answers: &[(u16, String)]) {
        *self.answers.lock().unwrap() = answers.iter().cloned().collect();
    }

    fn heard(&self) -> Vec<BTreeMap<String, String>> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|query| form_urlencoded::parse(query.as_bytes()).into_owned().collect()).collect()
    }
}

struct Test {
    http: Client,
    sim: Running,
    merchant: Arc<Merchant>,
    merchant_url: String,
    merchant_server: ServerHandle,
}

async fn setup(change: impl FnOnce(&mut VnpayConfig)) -> Test {
    let http = client();
    let (merchant, notify_url, merchant_server) = merchant().await;
    let mut config = VnpayConfig::new(TMN, SECRET);
    config.notify_url.clone_from(&notify_url);
    config.ipn_retry_ms = 20;
    config.ipn_timeout_ms = 2000;
    change(&mut config);
    let sim = simulator::vnpay::start(config).await.unwrap();
    Test { http, sim, merchant, merchant_url: notify_url, merchant_server }
}

impl Test {
    async fn open(&self, fields: &BTreeMap<String, String>) -> (StatusCode, String) {
        let url = format!("{}/paymentv2/vpcpay.html?{}", self.sim.url, query(fields));
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = self.http.post(format!("{}{path}", self.sim.url)).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn script(&self, body: Value) {
        let (status, answer) = self.post("/_sim/script", body).await;
        assert_eq!(status, 200, "{answer}");
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.sim.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn press(&self, button: &str, order_ref: &str) -> reqwest::Response {
        let url = format!("{}/paymentv2/{button}", self.sim.url);
        self.http.post(url).form(&[("order_ref", order_ref)]).send().await.unwrap()
    }

    async fn order(&self, order_ref: &str) -> Value {
        let orders = self.get("/_sim/orders").await;
        orders.as_array().unwrap().iter().find(|order| order["order_ref"] == order_ref).cloned().unwrap_or_default()
    }

    /// Waits until the order has so many IPN records.
    async fn calls(&self, order_ref: &str, count: usize) -> Vec<Value> {
        for _ in 0..500 {
            let calls = self.order(order_ref).await["ipn"].as_array().cloned().unwrap_or_default();
            if calls.len() >= count {
                tokio::time::sleep(Duration::from_millis(60)).await;
                let calls = self.order(order_ref).await["ipn"].as_array().cloned().unwrap_or_default();
                assert_eq!(calls.len(), count, "{calls:?}");
                return calls;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{order_ref} has not had {count} calls: {}", self.order(order_ref).await);
    }

    async fn ask(&self, id: &str, fields: &BTreeMap<String, String>) -> Value {
        self.post("/merchant_webapi/api/transaction", querydr(id, fields)).await.1
    }

    async fn end(self) {
        self.merchant_server.stop(false).await;
        self.sim.stop().await;
    }
}

fn querydr(id: &str, order: &BTreeMap<String, String>) -> Value {
    let now = wire(Timestamp::now());
    let (order_ref, date) = (&order["vnp_TxnRef"], &order["vnp_CreateDate"]);
    let hash = hmac512(&format!("{id}|2.1.0|querydr|{TMN}|{order_ref}|{date}|{now}|10.0.0.5|Truy vấn"));
    json!({
        "vnp_RequestId": id, "vnp_Version": "2.1.0", "vnp_Command": "querydr", "vnp_TmnCode": TMN,
        "vnp_TxnRef": order_ref, "vnp_OrderInfo": "Truy vấn", "vnp_TransactionDate": date.parse::<u64>().unwrap(),
        "vnp_CreateDate": now, "vnp_IpAddr": "10.0.0.5", "vnp_SecureHash": hash,
    })
}

fn refund(id: &str, order: &BTreeMap<String, String>, kind: &str, amount: i64) -> Value {
    let now = wire(Timestamp::now());
    let (order_ref, date) = (&order["vnp_TxnRef"], &order["vnp_CreateDate"]);
    let hash =
        hmac512(&format!("{id}|2.1.0|refund|{TMN}|{kind}|{order_ref}|{amount}00||{date}|kt|{now}|10.0.0.5|Hoàn tiền"));
    json!({
        "vnp_RequestId": id, "vnp_Version": "2.1.0", "vnp_Command": "refund", "vnp_TmnCode": TMN,
        "vnp_TransactionType": kind, "vnp_TxnRef": order_ref, "vnp_Amount": format!("{amount}00"),
        "vnp_OrderInfo": "Hoàn tiền", "vnp_TransactionDate": date, "vnp_CreateBy": "kt", "vnp_CreateDate": now,
        "vnp_IpAddr": "10.0.0.5", "vnp_SecureHash": hash,
    })
}

fn signed(heard: &str) -> bool {
    let (text, hash) = heard.rsplit_once("&vnp_SecureHash=").unwrap();
    hmac512(text) == hash
}

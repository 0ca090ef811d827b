//! The simulators over real sockets, against a merchant and a gateway made for the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail as the test does")]

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

#[tokio::test]
async fn page_payment_return_and_ipn_until_confirmed() {
    let log = std::env::temp_dir().join(format!("simulator-vnpay-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let t = setup(|config| config.log = Some(log.clone())).await;
    let bad = [(500, String::new()), (200, "no".to_owned()), (200, rsp("97")), (200, rsp("99")), (200, rsp("00"))];
    t.merchant.will_answer(&bad);
    let fields = order("LT1", 21_000, 900);
    let (status, page) = t.open(&fields).await;
    assert_eq!(status, 200);
    assert!(page.contains("21.000 ₫") && page.contains("Thanh toán") && page.contains("Huỷ giao dịch"), "{page}");
    assert!(!page.contains("http"), "no outside hosts: {page}");
    assert_eq!(t.open(&fields).await.0, 200, "the same request again");
    let answer = t.press("confirm", "LT1").await;
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let back = location.strip_prefix("https://dvc.example.vn/return?lang=vi&").unwrap();
    assert!(signed(back));
    let calls = t.calls("LT1", 5).await;
    let verdicts: Vec<&str> = calls.iter().map(|call| call["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["bad_answer", "bad_answer", "refused", "refused", "confirmed"]);
    let heard = t.merchant.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|query| query == back), "IPN and return say the same");
    let said = &t.merchant.heard()[0];
    assert_eq!(said["vnp_Amount"], "2100000");
    assert_eq!((said["vnp_ResponseCode"].as_str(), said["vnp_TransactionStatus"].as_str()), ("00", "00"));
    let done = &t.get("/_sim/transactions").await[0];
    assert_eq!(done["transaction_no"], said["vnp_TransactionNo"]);
    assert_eq!((&done["amount"], &done["status"]), (&json!(21_000), &json!("paid")));
    assert_eq!(t.press("confirm", "LT1").await.status(), 400, "paid once");
    let (status, page) = t.open(&fields).await;
    assert!(status == 400 && page.contains(">01<"), "{page}");
    let kept = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = |kind: &str, what: &str| lines.iter().position(|l| l["kind"] == kind && l["what"] == what).unwrap();
    let decided = lines.iter().position(|line| line["kind"] == "decided").unwrap();
    assert!(first("received", "confirm") < decided && decided < first("sent", "ipn"));
    assert_eq!((&lines[decided]["amount"], &lines[decided]["wire_amount"]), (&json!(21_000), &json!("2100000")));
    assert_eq!(t.http.get(format!("{}/_sim/log", t.sim.url)).send().await.unwrap().text().await.unwrap(), kept);
    let overview = t.http.get(format!("{}/_sim/", t.sim.url)).send().await.unwrap().text().await.unwrap();
    assert!(overview.contains("Đã thanh toán") && overview.contains("LT1"));
    t.end().await;
    std::fs::remove_file(&log).unwrap();
}

#[tokio::test]
async fn bad_requests_get_an_error_page() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    let expect = async |fields: &BTreeMap<String, String>, code: &str| {
        let (status, page) = t.open(fields).await;
        assert!(status == 400 && page.contains(&format!(">{code}<")), "{code}: {page}");
    };
    let with = |name: &str, value: &str| {
        let mut fields = fields.clone();
        fields.insert(name.to_owned(), value.to_owned());
        fields
    };
    expect(&with("vnp_TmnCode", "OTHER001"), "02").await;
    expect(&with("vnp_Amount", "2100001"), "03").await;
    expect(&with("vnp_OrderInfo", "Phí"), "03").await;
    let forged = query(&fields).replace("2100000", "2100100");
    let url = format!("{}/paymentv2/vpcpay.html?{forged}", t.sim.url);
    assert!(t.http.get(url).send().await.unwrap().text().await.unwrap().contains(">70<"));
    t.end().await;
}

#[tokio::test]
async fn a_txn_ref_serves_one_request_a_day() {
    let t = setup(|_| {}).await;
    assert_eq!(t.open(&order("LT1", 21_000, 900)).await.0, 200);
    let (status, page) = t.open(&order("LT1", 22_000, 900)).await;
    assert!(status == 400 && page.contains(">01<"), "{page}");
    assert_eq!(t.open(&order("LT2", 22_000, 900)).await.0, 200);
    t.end().await;
}

#[tokio::test]
async fn the_ipn_stops_at_ten_calls() {
    let t = setup(|config| config.ipn_retry_ms = 5).await;
    t.merchant.will_answer(&[(200, rsp("04"))]);
    t.open(&order("LT1", 21_000, 900)).await;
    t.press("confirm", "LT1").await;
    let calls = t.calls("LT1", 10).await;
    assert!(calls.iter().all(|call| call["rsp_code"] == "04"));
    assert_eq!(t.merchant.heard().len(), 10);
    t.end().await;
}

#[tokio::test]
async fn no_answer_and_redirects_are_tried_again() {
    let t = setup(|config| config.notify_url = String::new()).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let (status, _) = t.post("/_sim/pay", json!({"order_ref": "LT1"})).await;
    assert_eq!(status, 200);
    for _ in 0..200 {
        if !t.order("LT1").await["ipn"].as_array().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    t.merchant.will_answer(&[(302, rsp("00")), (200, rsp("02"))]);
    assert_eq!(t.post("/_sim/notify", json!({"url": t.merchant_url})).await.0, 200);
    for _ in 0..200 {
        let calls = t.order("LT1").await["ipn"].as_array().cloned().unwrap();
        if calls.last().is_some_and(|call| call["verdict"] == "confirmed") {
            assert_eq!(calls[0]["verdict"], "no_answer");
            assert_eq!(calls[calls.len() - 2]["http_status"], 302);
            t.end().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never confirmed: {}", t.order("LT1").await);
}

#[tokio::test]
async fn cancelling_and_failing() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let answer = t.press("cancel", "LT1").await;
    assert!(answer.headers()["location"].to_str().unwrap().contains("vnp_ResponseCode=24"));
    t.calls("LT1", 1).await;
    let said = &t.merchant.heard()[0];
    assert_eq!((said["vnp_TransactionStatus"].as_str(), said["vnp_TransactionNo"].as_str()), ("02", "0"));
    assert!(!said.contains_key("vnp_BankTranNo"));
    t.open(&order("LT2", 21_000, 900)).await;
    let failed = json!({"order_ref": "LT2", "outcome": "failed", "response_code": "65"});
    let (status, shown) = t.post("/_sim/pay", failed).await;
    assert_eq!((status, &shown["status"], &shown["response_code"]), (StatusCode::OK, &json!("failed"), &json!("65")));
    t.open(&order("LT3", 21_000, 900)).await;
    let held = json!({"order_ref": "LT3", "response_code": "07"});
    assert_eq!(t.post("/_sim/pay", held).await.1["transaction_status"], "07");
    for (body, expected) in [
        (json!({"order_ref": "LT9"}), 404),
        (json!({"order_ref": "LT1"}), 409),
        (json!({"order_ref": "LT1", "outcome": "failed", "response_code": "00"}), 400),
        (json!({"order_ref": "LT1", "more": 1}), 400),
    ] {
        let (status, answer) = t.post("/_sim/pay", body).await;
        assert!(status.as_u16() == expected && answer["error"].is_string(), "{status} {answer}");
    }
    t.end().await;
}

#[tokio::test]
async fn the_payment_window() {
    let t = setup(|_| {}).await;
    t.script(json!({"match": {"order_ref": "LT2"}, "do": [{"late": true}], "times": 1})).await;
    let (first, second) = (order("LT1", 1, 4), order("LT2", 2, 4));
    t.open(&first).await;
    assert_eq!(t.ask("A", &first).await["vnp_TransactionStatus"], "01");
    tokio::time::sleep(Duration::from_millis(4100)).await;
    let answer = t.press("confirm", "LT1").await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains(">11<"));
    let (status, answer) = t.post("/_sim/pay", json!({"order_ref": "LT1"})).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("11")));
    assert!(t.open(&first).await.1.contains(">11<"));
    assert_eq!(t.ask("B", &first).await["vnp_TransactionStatus"], "02");
    assert_eq!(t.open(&second).await.0, 200, "late was scripted");
    assert_eq!(t.press("confirm", "LT2").await.status(), 302);
    t.calls("LT2", 1).await;
    assert!(t.order("LT1").await["ipn"].as_array().unwrap().is_empty());
    t.end().await;
}

#[tokio::test]
async fn querydr_codes_and_answers() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    assert_eq!(t.ask("1", &fields).await["vnp_ResponseCode"], "91", "never opened");
    t.open(&fields).await;
    let open = t.ask("2", &fields).await;
    assert_eq!((&open["vnp_ResponseCode"], &open["vnp_TransactionStatus"]), (&json!("00"), &json!("01")));
    t.press("confirm", "LT1").await;
    let paid = t.ask("3", &fields).await;
    assert_eq!((&paid["vnp_TransactionStatus"], &paid["vnp_Amount"]), (&json!("00"), &json!("2100000")));
    let value = |name: &str| paid[name].as_str().unwrap_or_default();
    let names = "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo \
                 TransactionType TransactionStatus OrderInfo PromotionCode PromotionAmount";
    let string: Vec<&str> = names.split_whitespace().map(|name| value(&format!("vnp_{name}"))).collect();
    assert_eq!(value("vnp_SecureHash"), hmac512(&string.join("|")));
    assert_eq!(t.ask("3", &fields).await["vnp_ResponseCode"], "94");
    let mut forged = querydr("4", &fields);
    forged["vnp_OrderInfo"] = json!("other");
    let api = "/merchant_webapi/api/transaction";
    assert_eq!(t.post(api, forged).await.1["vnp_ResponseCode"], "97");
    assert_eq!(t.ask("4", &fields).await["vnp_ResponseCode"], "00", "a bad hash uses no RequestId up");
    let mut stranger = querydr("5", &fields);
    stranger["vnp_TmnCode"] = json!("OTHER001");
    let answer = t.post(api, stranger).await.1;
    assert_eq!(answer["vnp_ResponseCode"], "02");
    assert!(answer.get("vnp_SecureHash").is_none());
    let mut unfit = querydr("6", &fields);
    unfit["vnp_TransactionDate"] = json!("2026");
    assert_eq!(t.post(api, unfit).await.1["vnp_ResponseCode"], "03");
    assert_eq!(t.post(api, json!([])).await.1["vnp_ResponseCode"], "03");
    let mut other_day = fields.clone();
    other_day.insert("vnp_CreateDate".to_owned(), "20260105093015".to_owned());
    assert_eq!(t.ask("7", &other_day).await["vnp_ResponseCode"], "91");
    t.end().await;
}

#[tokio::test]
async fn scripted_querydr() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    t.script(json!({"match": {"amount": 21000}, "do": [{"lie_unpaid": true}, {"hang": 150}], "times": 1})).await;
    t.script(json!({"match": {"amount": 5}, "do": [{"fail_after_accept": true}]})).await;
    let started = std::time::Instant::now();
    let lie = t.ask("1", &fields).await;
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!((&lie["vnp_TransactionStatus"], &lie["vnp_TransactionNo"]), (&json!("01"), &json!("0")));
    assert_eq!(t.ask("2", &fields).await["vnp_TransactionStatus"], "00");
    t.script(json!({"do": [{"fail_after_accept": true}], "times": 1})).await;
    let api = "/merchant_webapi/api/transaction";
    assert_eq!(t.post(api, querydr("3", &fields)).await.0, 500);
    assert_eq!(t.ask("3", &fields).await["vnp_ResponseCode"], "94", "it was accepted");
    t.end().await;
}

#[tokio::test]
async fn refunds() {
    let t = setup(|config| config.refund_ms = 600_000).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    let code = async |id: &str, kind: &str, amount: i64| {
        t.post(api, refund(id, &fields, kind, amount)).await.1["vnp_ResponseCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(code("1", "02", 21_000).await, "95");
    t.press("confirm", "LT1").await;
    assert_eq!(code("2", "02", 20_000).await, "99");
    assert_eq!(code("3", "03", 21_001).await, "99");
    t.script(json!({"do": [{"fail_after_accept": true}], "times": 1})).await;
    assert_eq!(t.post(api, refund("4", &fields, "03", 1_000)).await.0, 500);
    assert_eq!(code("5", "03", 1_000).await, "94", "the one before was booked and is in hand");
    assert_eq!(t.ask("6", &fields).await["vnp_TransactionStatus"], "05");
    let sent = json!({"order_ref": "LT1", "outcome": "sent"});
    assert_eq!(t.post("/_sim/refund", sent.clone()).await.1["transaction_status"], "06");
    assert_eq!(t.post("/_sim/refund", sent).await.0, 409);
    let asked = t.ask("7", &fields).await;
    assert_eq!((&asked["vnp_TransactionStatus"], &asked["vnp_TransactionType"]), (&json!("06"), &json!("03")));
    assert_eq!(code("8", "03", 20_000).await, "00");
    let refused = json!({"order_ref": "LT1", "outcome": "refused"});
    assert_eq!(t.post("/_sim/refund", refused).await.1["transaction_status"], "09");
    assert_eq!(code("9", "03", 20_000).await, "00", "what was refused can be asked for again");
    assert_eq!(t.order("LT1").await["refunds"].as_array().unwrap().len(), 3);
    t.end().await;
}

#[tokio::test]
async fn rules_decide_what_becomes_of_a_refund() {
    let log = std::env::temp_dir().join(format!("simulator-refunds-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let t = setup(|config| (config.refund_ms, config.log) = (600_000, Some(log.clone()))).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let said = async |id: &str, amount: i64| t.post(api, refund(id, &fields, "03", amount)).await.1;
    let heard = async |id: &str| {
        let asked = t.ask(id, &fields).await;
        ["vnp_TransactionType", "vnp_TransactionStatus"].map(|name| asked[name].as_str().unwrap().to_owned())
    };

    t.script(json!({"do": [{"refund_code": "99"}], "times": 1})).await;
    assert_eq!(said("1", 1_000).await["vnp_ResponseCode"], "99");
    assert_eq!(said("1", 1_000).await["vnp_ResponseCode"], "94", "the request id was used");
    assert_eq!(heard("2").await, ["01", "00"], "and nothing was booked");
    for bad in [json!("00"), json!("5"), json!(99)] {
        assert_eq!(t.post("/_sim/script", json!({"do": [{"refund_code": bad}]})).await.0, 400, "{bad}");
    }

    t.script(json!({"match": {"order_ref": "LT1"}, "do": [{"refund_refused": true}, {"refund_ms": 300}], "times": 1}))
        .await;
    assert_eq!(said("3", 21_001).await["vnp_ResponseCode"], "99", "uses no rule up");
    let taken_up = said("4", 1_000).await;
    assert_eq!((&taken_up["vnp_ResponseCode"], &taken_up["vnp_TransactionStatus"]), (&json!("00"), &json!("05")));
    assert_eq!(heard("5").await, ["03", "05"]);
    tokio::time::sleep(Duration::from_millis(320)).await;
    assert_eq!(heard("6").await, ["03", "09"]);

    t.script(json!({"do": [{"refund_flap": true}, {"refund_ms": 0}], "times": 1})).await;
    let taken_up = said("7", 2_000).await;
    assert_eq!(taken_up["vnp_ResponseCode"], "00");
    for (id, expected) in [("8", ["03", "05"]), ("9", ["01", "00"]), ("10", ["03", "06"]), ("11", ["03", "06"])] {
        assert_eq!(heard(id).await, expected, "{id}");
    }
    assert_eq!(said("12", 1_000).await["vnp_ResponseCode"], "00");
    assert_eq!(heard("13").await, ["03", "05"], "the configured time");
    let sent = t.post("/_sim/refund", json!({"order_ref": "LT1", "outcome": "sent"})).await.1;
    assert_eq!((&sent["request_id"], &sent["transaction_status"]), (&json!("12"), &json!("06")));

    let kept = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "refund").collect();
    let ids: Vec<&str> = told.iter().map(|line| line["request_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["4", "7", "12", "12"]);
    let paid = t.order("LT1").await;
    for line in &told {
        assert_eq!((&line["order_ref"], &line["original"]), (&json!("LT1"), &paid["transaction_no"]));
    }
    assert_eq!((&told[0]["refused"], &told[0]["sent_at"]), (&json!(true), &Value::Null));
    assert_eq!((&told[1]["amount"], &told[1]["transaction_no"]), (&json!(2_000), &taken_up["vnp_TransactionNo"]));
    assert!(told[1]["sent_at"].is_string() && told[2]["sent_at"].as_str() > told[3]["sent_at"].as_str());
    let position = |kind: &str, id: &str| {
        lines.iter().position(|line| line["kind"] == kind && line.to_string().contains(id)).unwrap()
    };
    let number = taken_up["vnp_TransactionNo"].as_str().unwrap();
    assert!(position("refund", number) < position("answered", number), "written before it is told");
    std::fs::remove_file(&log).unwrap();
    t.end().await;
}

#[tokio::test]
async fn a_refund_that_came_back_is_refused_after_all_and_settled_as_an_adjustment() {
    let t = setup(|config| (config.refund_ms, config.fee_rate_ppm) = (0, 0)).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let came_back = json!({"order_ref": "LT1"});
    assert_eq!(t.post("/_sim/refund_came_back", came_back.clone()).await.0, 404);
    let number = t.post(api, refund("1", &fields, "02", 21_000)).await.1["vnp_TransactionNo"].clone();
    let number = number.as_str().unwrap();
    let cut = t.post("/_sim/settlement/cut", json!({})).await.1;
    assert_eq!((&cut["rows"], &cut["refunds"], &cut["net"]), (&json!(2), &json!(21_000), &json!(0)));
    assert!(cut.get("returned").is_none(), "{cut}");
    let back = t.post("/_sim/refund_came_back", came_back.clone()).await.1;
    assert_eq!((&back["transaction_status"], back["came_back_at"].is_string()), (&json!("09"), true));
    assert_eq!(t.post("/_sim/refund_came_back", came_back).await.0, 409);
    let asked = t.ask("2", &fields).await;
    assert_eq!((&asked["vnp_TransactionType"], &asked["vnp_TransactionStatus"]), (&json!("02"), &json!("09")));
    let file = async |of: &str| {
        let answer = t.http.get(format!("{}/_sim/settlement?{of}", t.sim.url)).send().await.unwrap();
        String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
    };
    let cut = t.post("/_sim/settlement/cut", json!({})).await.1;
    assert_eq!(
        ["rows", "gross", "refunds", "returned", "net"].map(|name| cut[name].as_i64().unwrap()),
        [1, 0, 0, 21_000, 21_000]
    );
    assert!(file("session=1").await.contains(&format!("{number},LT1,{TMN},Hoàn tiền,Thành công,\"-21,000\",")));
    let second = file("session=2").await;
    let row = second.lines().nth(1).unwrap();
    assert!(row.contains(&format!(",LT1,{TMN},Điều chỉnh,Thành công,\"21,000\",0,\"21,000\",")), "{row}");
    assert!(row.ends_with(&format!(",{number}")) && row.matches(number).count() == 1, "a number of its own: {row}");
    assert!(second.ends_with("Tổng cộng,,,,,,\"21,000\",0,\"21,000\",,,\r\n"), "{second}");
    assert_eq!(
        t.post(api, refund("3", &fields, "02", 21_000)).await.1["vnp_ResponseCode"],
        "00",
        "to be given back again"
    );
    t.end().await;
}

#[tokio::test]
async fn the_settlement_file_and_its_payout() {
    let t = setup(|config| config.refund_ms = 0).await;
    let first = order("LT1", 21_063, 900);
    t.open(&first).await;
    for (order_ref, amount) in [("LT2", 1_000_000), ("LT3", 50_000), ("LT4", 60_000), ("LT5", 70_000)] {
        t.open(&order(order_ref, amount, 900)).await;
    }
    for order_ref in ["LT1", "LT2", "LT3", "LT4"] {
        t.press("confirm", order_ref).await;
    }
    t.press("cancel", "LT5").await;
    let code = t.post("/merchant_webapi/api/transaction", refund("1", &first, "03", 1_000)).await.1;
    assert_eq!(code["vnp_ResponseCode"], "00", "{code}");
    let paid = t.order("LT1").await;
    let pay_date = paid["pay_date"].as_str().unwrap();
    let date = format!("{}-{}-{}", &pay_date[..4], &pay_date[4..6], &pay_date[6..8]);
    let next = date.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap();
    let file = async |date: &str| {
        let answer = t.http.get(format!("{}/_sim/settlement?date={date}", t.sim.url)).send().await.unwrap();
        String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
    };
    let text = file(&date).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "\u{feff}STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,\
         Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc"
    );
    let no = paid["transaction_no"].as_str().unwrap();
    let time = format!("{}/{}/{} ", &pay_date[6..8], &pay_date[4..6], &pay_date[..4])
        + &format!("{}:{}:{}", &pay_date[8..10], &pay_date[10..12], &pay_date[12..14]);
    let settled = next.strftime("%d/%m/%Y");
    assert_eq!(lines[1], format!("1,{no},LT1,{TMN},Thanh toán,Thành công,\"21,063\",169,\"20,894\",{time},{settled},"));
    assert!(lines[2].contains("\"1,000,000\",\"8,000\",\"992,000\""), "{}", lines[2]);
    let back = lines.iter().find(|line| line.contains("Hoàn tiền")).unwrap();
    assert!(back.contains(",\"-1,000\",0,\"-1,000\",") && back.ends_with(&format!(",{no}")), "{back}");
    assert_eq!(*lines.last().unwrap(), "Tổng cộng,,,,,,\"1,130,063\",\"9,049\",\"1,121,014\",,,");
    let payout = t.get(&format!("/_sim/settlement/payout?date={date}")).await;
    let content = format!("VNPAY TT {TMN} NGAY {}{}{}", &pay_date[6..8], &pay_date[4..6], &pay_date[..4]);
    let expected = json!({
        "date": date, "gross": 1_131_063, "fee": 9_049, "refunds": 1_000, "net": 1_121_014, "content": content,
    });
    assert_eq!(payout, expected);

    for rule in [
        json!({"match": {"order_ref": "LT1"}, "do": [{"settlement": "omit"}]}),
        json!({"match": {"order_ref": "LT2"}, "do": [{"settlement": {"amount_delta": -500}}]}),
        json!({"match": {"amount": 50_000}, "do": [{"settlement": {"repeat": 1}}, {"settlement": {"status": "Thất bại"}}]}),
        json!({"match": {"order_ref": "LT4"}, "do": [{"settlement": "settle_late"}], "times": 1}),
    ] {
        t.script(rule).await;
    }
    let text = file(&date).await;
    assert_eq!(text, file(&date).await, "a rule about the file is not used up");
    assert!(!text.contains("LT1,LAOCAI01,Thanh toán") && !text.contains("LT4"), "{text}");
    assert_eq!(text.matches("Thất bại").count(), 2);
    assert!(text.contains("\"999,500\",\"7,996\",\"991,504\""), "{text}");
    assert!(text.ends_with("Tổng cộng,,,,,,\"1,098,500\",\"8,796\",\"1,089,704\",,,\r\n"), "{text}");
    assert!(file(&next.to_string()).await.contains(",LT4,"));
    assert_eq!(t.get(&format!("/_sim/settlement/payout?date={next}")).await["net"], 59_520);
    t.end().await;
}

#[tokio::test]
async fn a_session_that_is_cut_takes_each_payment_once() {
    let t = setup(|_| {}).await;
    let pay = async |order_ref: &str, amount| {
        t.open(&order(order_ref, amount, 900)).await;
        t.press("confirm", order_ref).await;
    };
    pay("LT1", 100_000).await;
    t.open(&order("LT2", 50_000, 900)).await;
    let first = t.post("/_sim/settlement/cut", json!({})).await.1;
    let figures = |cut: &Value| ["session", "rows", "gross", "fee", "net"].map(|name| cut[name].as_i64().unwrap());
    assert_eq!(figures(&first), [1, 1, 100_000, 800, 99_200]);
    t.press("confirm", "LT2").await;
    pay("LT3", 25_000).await;
    assert_eq!(figures(&t.post("/_sim/settlement/cut", json!({})).await.1), [2, 2, 75_000, 600, 74_400]);
    assert_eq!(figures(&t.post("/_sim/settlement/cut", json!({})).await.1), [3, 0, 0, 0, 0]);
    let answer = t.http.get(format!("{}/_sim/settlement?session=2", t.sim.url)).send().await.unwrap();
    let file = answer.text().await.unwrap();
    assert!(file.contains(",LT2,") && file.contains(",LT3,") && !file.contains(",LT1,"), "{file}");
    assert_eq!(figures(&t.get("/_sim/settlement/payout?session=1").await), figures(&first));
    for (query, status) in [("session=4", 404), ("session=0", 404), ("", 400), ("session=1&date=2026-11-24", 400)] {
        let answer = t.http.get(format!("{}/_sim/settlement?{query}", t.sim.url)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
    }
    t.end().await;
}

#[tokio::test]
async fn dropped_repeated_forged_and_stale_reports() {
    let t = setup(|_| {}).await;
    let run = async |order_ref: &str, rule: Value, count: usize| {
        t.merchant.heard.lock().unwrap().clear();
        t.script(json!({"match": {"order_ref": order_ref}, "do": rule, "times": 1})).await;
        assert_eq!(t.open(&order(order_ref, 21_000, 900)).await.0, 200);
        assert_eq!(t.press("confirm", order_ref).await.status(), 302);
        let kinds: Vec<String> = t
            .calls(order_ref, count)
            .await
            .iter()
            .map(|call| format!("{} {}", call["kind"].as_str().unwrap(), call["verdict"].as_str().unwrap()))
            .collect();
        (kinds, t.merchant.heard(), t.merchant.heard.lock().unwrap().iter().map(|q| signed(q)).collect::<Vec<_>>())
    };
    let (kinds, heard, _) = run("D1", json!([{"drop": true}]), 1).await;
    assert_eq!((kinds, heard.len()), (vec!["ipn dropped".to_owned()], 0));
    let (kinds, heard, _) = run("D2", json!([{"drop": 2}]), 3).await;
    assert_eq!((kinds.join(","), heard.len()), ("ipn dropped,ipn dropped,ipn confirmed".to_owned(), 1));
    let (kinds, heard, _) = run("R1", json!([{"repeat": 3}]), 4).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "repeat confirmed").count(), 3);
    assert!(heard.len() == 4 && heard.iter().all(|said| *said == heard[0]));
    let (_, heard, ok) = run("A1", json!([{"amount_delta": -1000}]), 1).await;
    assert_eq!((heard[0]["vnp_Amount"].as_str(), ok), ("2000000", vec![true]));
    assert_eq!(t.order("A1").await["amount"], 20_000);
    assert_eq!(t.order("A1").await["ordered_amount"], 21_000);
    let (kinds, _, ok) = run("F1", json!([{"forge": "signature"}]), 2).await;
    assert_eq!((kinds[0].as_str(), ok), ("forged_signature confirmed", vec![false, true]));
    let (_, heard, ok) = run("F2", json!([{"forge": "terminal"}]), 2).await;
    assert_eq!((ok, heard[0]["vnp_TmnCode"] == TMN, heard[1]["vnp_TmnCode"] == TMN), (vec![true, true], false, true));
    let (_, heard, ok) = run("F3", json!([{"forge": "amount"}, {"drop": true}]), 2).await;
    assert_eq!((heard[0]["vnp_Amount"].as_str(), ok), ("2100100", vec![false]));
    let (kinds, heard, ok) = run("O1", json!([{"reorder": true}, {"delay_ms": 30}]), 2).await;
    assert_eq!((kinds[1].as_str(), ok), ("stale confirmed", vec![true, true]));
    assert_eq!((heard[0]["vnp_ResponseCode"].as_str(), heard[1]["vnp_ResponseCode"].as_str()), ("00", "51"));
    let (status, call) = t.post("/_sim/resend", json!({"order_ref": "D1"})).await;
    assert_eq!((status, &call["kind"], &call["verdict"]), (StatusCode::OK, &json!("resend"), &json!("confirmed")));
    assert_eq!(t.post("/_sim/script", json!({"do": [{"dorp": true}]})).await.0, 400);
    assert_eq!(t.post("/_sim/script", json!({"match": {"ref": "x"}, "do": [{"drop": true}]})).await.0, 400);
    t.end().await;
}

#[tokio::test]
async fn pressing_twice_at_once_pays_once() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let (one, two, three) =
        tokio::join!(t.press("confirm", "LT1"), t.press("confirm", "LT1"), t.press("cancel", "LT1"));
    let paid = [one, two, three].iter().filter(|answer| answer.status() == 302).count();
    assert_eq!(paid, 1);
    t.calls("LT1", 1).await;
    t.end().await;
}

#[tokio::test]
async fn a_payer_who_hangs_up_has_paid_all_the_same() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let address = t.sim.url.strip_prefix("http://").unwrap().to_owned();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let request = "POST /paymentv2/confirm HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                   Content-Length: 13\r\n\r\norder_ref=LT1";
    std::io::Write::write_all(&mut socket, request.as_bytes()).unwrap();
    drop(socket);
    assert_eq!(t.calls("LT1", 1).await[0]["verdict"], "confirmed");
    t.end().await;
}

#[tokio::test]
async fn stop_waits_for_nobody() {
    let t = setup(|config| config.ipn_retry_ms = 50).await;
    t.merchant.will_answer(&[(200, rsp("99"))]);
    t.script(json!({"do": [{"hang": 60000}]})).await;
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let url = format!("{}/merchant_webapi/api/transaction", t.sim.url);
    let hanging = tokio::spawn(t.http.post(url).json(&querydr("1", &fields)).send());
    tokio::time::sleep(Duration::from_millis(120)).await;
    let Test { sim, merchant, merchant_server, .. } = t;
    let started = std::time::Instant::now();
    sim.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let heard = merchant.heard().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!((1..10).contains(&heard) && merchant.heard().len() == heard, "no call after the end");
    assert!(hanging.await.unwrap().is_err());
    merchant_server.stop(false).await;
}

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

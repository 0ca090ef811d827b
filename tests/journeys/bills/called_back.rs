//! A wallet that hears "pending" and names an `X-Callback-URL` is told there what became of its payment: in the contract's own
//! place, and nowhere else.

use super::owes;
use actix_web::web::{Bytes, Data};
use actix_web::{App as Web, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::bills::{API_KEY, App, WALLET};
use tests::wire::Call;
use tests::{House, Plan};

/// One callback as it came.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub method: String,
    pub path: String,
    pub hash: String,
    pub call_id: String,
    pub body: String,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The provider's place for callbacks: takes what comes, after so many refusals.
pub(super) struct Place {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    refuses: Arc<Mutex<usize>>,
}

type Kept = Data<(Arc<Mutex<Vec<Heard>>>, Arc<Mutex<usize>>)>;

impl Place {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/back", listener.local_addr().unwrap());
        let (heard, refuses) = (Arc::default(), Arc::default());
        let kept: Kept = Data::new((Arc::clone(&heard), Arc::clone(&refuses)));
        let app = move || Web::new().app_data(kept.clone()).default_service(actix_web::web::to(take));
        tokio::spawn(HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, heard, refuses }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub async fn hears(&self, count: usize) -> Vec<Heard> {
        for _ in 0..200 {
            if self.heard().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let heard = self.heard();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard
    }
}

async fn take(kept: Kept, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    kept.0.lock().unwrap().push(Heard {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        hash: header("x-content-hash"),
        call_id: header("x-correlationid"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let mut refuses = kept.1.lock().unwrap();
    if *refuses > 0 {
        *refuses -= 1;
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::NoContent().finish()
}

pub(super) async fn house(place: &Place, with_worker: bool) -> House {
    let settings = vec![
        ("MOTLAN_PROFILES__MM_BILL__ANSWERS", "when_asked".to_owned()),
        ("MOTLAN_PROFILES__MM_BILL__CALLBACK_URL", place.url.clone()),
    ];
    House::planned(Plan { with_bills: true, with_worker, settings, ..Plan::default() }).await
}

async fn bill_of(house: &House, code: &str) -> String {
    house.bills_of(App::Wallet, code).await["bills"][0]["bill"].as_str().unwrap().to_owned()
}

/// Pays with a number of the call's, and wants to be told at `back`.
async fn pays(house: &House, (code, bill): (&str, &str), body: &Value, call_id: &str, back: &str) -> (u16, Value) {
    let token = house.bill_token(App::Wallet).await;
    let call = Call::new("POST", format!("/v1/bills/{WALLET}/accounts/accountid/{code}/bills/{bill}/payments"))
        .header("authorization", format!("Bearer {token}"))
        .header("x-api-key", API_KEY)
        .header("content-type", "application/json")
        .header("x-correlationid", call_id)
        .header("x-callback-url", back)
        .body(body.to_string());
    let (status, _, text) = call.send(&house.gateway.base_url()).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn amount(dong: i64) -> Value {
    json!({"amountPaid": dong.to_string(), "currency": "VND", "requestingOrganisationTransactionReference": format!("CB{dong}")})
}

const CALL: &str = "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payment_or_the_error_is_put_to_the_address_that_the_call_names_and_again_for_a_repeat() {
    let place = Place::start();
    let house = house(&place, true).await;
    let (code, _) = owes(&house, 21_000).await;
    let bill = bill_of(&house, &code).await;
    let back = format!("{}/of/1?x=1", place.url);
    let (status, said) = pays(&house, (&code, &bill), &amount(20_999), &format!("{CALL}01"), &back).await;
    assert_eq!((status, &said["status"], &said["notificationMethod"]), (202, &json!("pending"), &json!("callback")));
    let error = place.hears(1).await.remove(0);
    assert_eq!((error.method.as_str(), error.path.as_str()), ("PUT", "/back/of/1"));
    assert_eq!(error.json()["errorCode"], "underPaymentNotAllowed", "{error:?}");
    assert_eq!(error.call_id, format!("{CALL}01"));
    assert_eq!(error.hash, hex::encode(Sha256::digest(&error.body)));
    let (status, _) = pays(&house, (&code, &bill), &amount(21_000), &format!("{CALL}02"), &back).await;
    assert_eq!(status, 202);
    let paid = place.hears(2).await.remove(1).json();
    assert_eq!((&paid["billPaymentStatus"], &paid["amountPaid"]), (&json!("paid"), &json!("21000")), "{paid}");
    // its answer was lost: the same payment under another call is told once more, and booked once
    let (status, _) = pays(&house, (&code, &bill), &amount(21_000), &format!("{CALL}03"), &back).await;
    assert_eq!(status, 202);
    let again = place.hears(3).await.remove(2);
    assert_eq!((again.json(), again.call_id), (paid, format!("{CALL}03")));
    // the number stands for another payment: that is said at once
    let mut other = amount(21_000);
    other["amountPaid"] = json!("22000");
    let (status, said) = pays(&house, (&code, &bill), &other, &format!("{CALL}04"), &back).await;
    assert_eq!((status, &said["errorCode"]), (400, &json!("duplicateRequest")), "{said}");
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    house.drain().await;
    place.hears(3).await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_not_the_contracts_is_never_called_and_its_caller_is_told_to_ask() {
    let (place, elsewhere) = (Place::start(), Place::start());
    let house = house(&place, false).await;
    let host = |url: &str| url.trim_end_matches("/back").to_owned();
    for (n, back) in [
        elsewhere.url.clone(),
        format!("{}/../admin", place.url),
        format!("{}door", place.url),
        host(&place.url),
        place.url.replace("http://", "http://me:secret@"),
        place.url.replace("127.0.0.1", "localhost"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "no address".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let (code, fee) = owes(&house, 30_000 + i64::try_from(n).unwrap()).await;
        let bill = bill_of(&house, &code).await;
        let body = amount(30_000 + i64::try_from(n).unwrap());
        let (status, said) = pays(&house, (&code, &bill), &body, &format!("{CALL}1{n}"), &back).await;
        assert_eq!((status, &said["notificationMethod"]), (202, &json!("polling")), "{back}: {said}");
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid", "{back}");
    }
    house.drain().await;
    assert_eq!(house.ask("select count(*) from bill_callback").await, "0");
    assert!(place.heard().is_empty() && elsewhere.heard().is_empty());
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_that_is_not_taken_is_told_again_and_one_that_never_is_ends_without_a_case() {
    let place = Place::start();
    let house = house(&place, false).await;
    for (dong, refusals, told) in [(21_000, 2, "t"), (22_000, 99, "f")] {
        let (code, _) = owes(&house, dong).await;
        let bill = bill_of(&house, &code).await;
        let before = place.heard().len();
        *place.refuses.lock().unwrap() = refusals;
        let (status, _) =
            pays(&house, (&code, &bill), &amount(dong), &format!("{CALL}{}", dong / 1_000), &place.url).await;
        assert_eq!(status, 202);
        house.drain().await;
        // by the schedule of this house, four times at the most
        let times = place.heard().len() - before;
        assert_eq!(times, (refusals + 1).min(4));
        let bodies: std::collections::BTreeSet<_> = place.heard()[before..].iter().map(|h| h.body.clone()).collect();
        assert_eq!(bodies.len(), 1, "the same each time");
        let left = "select told::text || ' ' || (ended_at is not null) from bill_callback order by due_at desc limit 1";
        let how = format!("{} true", if told == "t" { "true" } else { "false" });
        let of_it = left.replace("order by", &format!("where call_id like '%{}' order by", dong / 1_000));
        assert_eq!(house.ask(&of_it).await, how);
    }
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.holds().await;
    house.stop().await;
}

/// A wallet whose application names an address of its own (the simulator, as it is always started here).
async fn house_of_the_application() -> House {
    let settings = vec![("MOTLAN_PROFILES__MM_BILL__ANSWERS", "when_asked".to_owned())];
    House::planned(Plan { with_bills: true, with_worker: true, settings, ..Plan::default() }).await
}

/// The application's lines about callbacks.
async fn taken(house: &House) -> Vec<Value> {
    let log = house.http.get(format!("{}/_sim/log", house.bills.as_ref().unwrap().wallet.url)).send().await.unwrap();
    let lines = log.text().await.unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "callback").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_of_a_wallet_hears_at_the_address_that_its_payment_names_what_became_of_it() {
    let house = house_of_the_application().await;
    for (delta, state, word) in [(0, "paid", "paid"), (-1, "returned", "underPaymentNotAllowed")] {
        let (code, fee) = owes(&house, 21_000).await;
        if delta != 0 {
            house.bill_rule(App::Wallet, json!({"customer": code}), json!([{"amount_delta": delta}])).await;
        }
        let paid = house.pays_bill(App::Wallet, &code).await;
        assert_eq!(paid["answers"], json!([{"state": state, "code": word}]), "{paid}");
        let told = taken(&house).await.pop().unwrap();
        assert_eq!(told["transaction"], paid["transaction"], "{told}");
        assert_eq!(told["verdict"], json!({"state": state, "code": word}), "{told}");
        let now = if delta == 0 { "paid" } else { "due" };
        assert_eq!(house.portal.obligation(&fee).await["status"], now);
    }
    let all_told = "select count(*) filter (where told) || ' of ' || count(*) from bill_callback";
    house.drain().await;
    assert_eq!(house.ask(all_told).await, "2 of 2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_believes_no_callback_that_is_not_whole_and_about_what_it_paid() {
    let house = house_of_the_application().await;
    let (code, _) = owes(&house, 21_000).await;
    house.pays_bill(App::Wallet, &code).await;
    let good = taken(&house).await.remove(0);
    let (correlation, body) = (good["correlation"].as_str().unwrap(), good["body"].as_str().unwrap());
    let put = async |correlation: &str, body: &str, hash: &str| {
        let url = format!("{}/callbacks/{correlation}", house.bills.as_ref().unwrap().wallet.url);
        let call = house.http.put(url).header("x-correlationid", correlation).header("x-content-hash", hash);
        let call = call.header("x-date", "2026-11-26T02:00:00Z").body(body.to_owned());
        call.send().await.unwrap().status().as_u16()
    };
    let hash = |body: &str| hex::encode(Sha256::digest(body));
    let more = body.replace("21000", "21001");
    assert_eq!(put(correlation, body, &hash(&more)).await, 400, "another body's hash");
    assert_eq!(put(correlation, &more, &hash(&more)).await, 400, "another amount");
    assert_eq!(put(correlation, "{}", &hash("{}")).await, 400, "neither a payment nor an error");
    assert_eq!(put(&format!("{CALL}99"), body, &hash(body)).await, 404, "a call that was never made");
    assert_eq!(house.bill_payments(App::Wallet).await[0]["answers"].as_array().unwrap().len(), 1);
    // the same once more is heard, and changes nothing
    assert_eq!(put(correlation, body, &hash(body)).await, 204);
    assert_eq!(house.bill_payments(App::Wallet).await[0]["state"], "paid");
    house.close().await;
}

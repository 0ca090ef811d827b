//! Refunds between the adapter and VNPAY's simulator, without the gateway: what was done there, against what is said here.

use actix_web::{App, HttpResponse, HttpServer, web};
use domain::Vnd;
use domain::codes::{OrderRef, ProfileCode};
use domain::reference::Reference;
use jiff::{SignedDuration, Timestamp};
use provider::checkout::Locale;
use provider::{
    Action, Order, Provider, ProviderError, Question, Receiver, RefundNews, RefundOrder, RefundTold, Refunds,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::{HASH_SECRET, TMN_CODE};
use uuid::Uuid;

const TAKEN: Vnd = Vnd::new(75_000);

/// A payment that VNPAY took, and who may give it back.
struct Paid {
    vnpay: simulator::Running,
    provider: Provider,
    http: reqwest::Client,
    ordered_at: Timestamp,
    number: String,
}

impl Paid {
    /// A refund is in hand for `refund_ms`.
    async fn taken(refund_ms: u64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = simulator::VnpayConfig { refund_ms, ..simulator::VnpayConfig::new(TMN_CODE, HASH_SECRET) };
        let vnpay = simulator::vnpay::start(config).await.unwrap();
        let provider = provider_at(&vnpay.url, &vnpay.url);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ordered_at = Timestamp::now();
        let offer = provider.checkout.as_ref().unwrap().start(&order(ordered_at)).await.unwrap();
        let Action::Redirect { url } = offer.action else { panic!("a page") };
        assert_eq!(http.get(url).send().await.unwrap().status(), 200);
        let mut paid = Self { vnpay, provider, http, ordered_at, number: String::new() };
        let order = paid.sim("pay", json!({"order_ref": "LT1"})).await;
        paid.number = order["transaction_no"].as_str().unwrap().to_owned();
        paid
    }

    async fn sim(&self, what: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}/_sim/{what}", self.vnpay.url)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn script(&self, what: Value) {
        self.sim("script", json!({"match": {"order_ref": "LT1"}, "do": [what], "times": 1})).await;
    }

    /// What VNPAY has booked, whatever it said.
    async fn booked(&self) -> Vec<Value> {
        let url = format!("{}/_sim/orders", self.vnpay.url);
        let orders: Vec<Value> = self.http.get(url).send().await.unwrap().json().await.unwrap();
        orders[0]["refunds"].as_array().unwrap().clone()
    }

    fn refunds(&self) -> &Arc<dyn Refunds> {
        self.provider.refunds.as_ref().unwrap()
    }

    fn back(&self, amount: Vnd) -> RefundOrder {
        RefundOrder {
            request_id: Uuid::new_v4().simple().to_string(),
            order_ref: OrderRef::new("LT1").unwrap(),
            ordered_at: self.ordered_at,
            provider_txn_id: self.number.clone(),
            provider_refund_id: None,
            taken: TAKEN,
            amount,
            asked_by: Uuid::new_v4().to_string(),
            again: false,
            first_asked_at: Timestamp::now(),
            now: Timestamp::now(),
        }
    }

    async fn submitted(&self, order: &RefundOrder) -> RefundNews {
        self.refunds().submit(order).await.unwrap().news
    }

    async fn asked(&self, order: &RefundOrder) -> RefundNews {
        self.refunds().ask(order).await.unwrap().news
    }
}

fn order(ordered_at: Timestamp) -> Order {
    Order {
        order_ref: OrderRef::new("LT1").unwrap(),
        reference: Reference::parse("LC7K2M9QX4T").unwrap(),
        receiver: Receiver {
            bank_bin: "970418".to_owned(),
            account_number: "12010000123456".to_owned(),
            account_name: "DON VI THU HUONG MAU".to_owned(),
        },
        amount: TAKEN,
        description: "Phí chứng thực".to_owned(),
        return_url: "https://dvc.example.vn/return".to_owned(),
        bill: None,
        notify_url: String::new(),
        payer_ip: "127.0.0.1".parse().unwrap(),
        locale: Locale::Vi,
        ordered_at,
        expires_at: ordered_at + SignedDuration::from_mins(15),
    }
}

/// Pages there, calls through `api`. It waits for an answer no longer than a test likes to.
fn provider_at(pages: &str, api: &str) -> Provider {
    let settings = json!({
        "pay_url": format!("{pages}/paymentv2/vpcpay.html"), "api_url": format!("{api}/merchant_webapi/api/transaction"),
        "tmn_code": TMN_CODE, "hash_secret": HASH_SECRET,
    });
    let impatient = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(1_500)).build().unwrap();
    let profile = ProfileCode::new("vnpay_main").unwrap();
    provider_vnpay::provider(profile, vec![], serde_json::from_value(settings).unwrap(), impatient).unwrap()
}

fn accepted(news: RefundNews) -> String {
    let RefundNews::Accepted { provider_refund_id } = news else { panic!("{news:?}") };
    provider_refund_id.unwrap()
}

fn is_sent(news: &RefundNews) -> bool {
    matches!(news, RefundNews::Sent { .. })
}

#[tokio::test]
async fn a_refund_is_accepted_then_pending_then_sent() {
    for (amount, kind) in [(TAKEN, "02"), (Vnd::new(25_000), "03")] {
        let paid = Paid::taken(600_000).await;
        let back = paid.back(amount);
        assert_eq!(paid.asked(&back).await, RefundNews::NotFound, "not asked for yet");
        let number = accepted(paid.submitted(&back).await);
        assert_ne!(number, paid.number);
        assert_eq!(paid.asked(&back).await, RefundNews::Pending);
        paid.sim("refund", json!({"order_ref": "LT1", "outcome": "sent"})).await;
        assert!(is_sent(&paid.asked(&back).await));
        let booked = paid.booked().await;
        assert_eq!(booked.len(), 1);
        assert_eq!(booked[0]["request_id"], back.request_id);
        assert_eq!((&booked[0]["transaction_type"], &booked[0]["amount"]), (&json!(kind), &json!(amount.dong())));
        assert_eq!(booked[0]["transaction_no"], number);
        paid.vnpay.stop().await;
    }
}

#[tokio::test]
async fn a_refund_that_was_accepted_may_be_refused_later() {
    let paid = Paid::taken(600_000).await;
    paid.script(json!({"refund_refused": true})).await;
    let back = paid.back(TAKEN);
    accepted(paid.submitted(&back).await);
    assert_eq!(paid.asked(&back).await, RefundNews::Pending);
    paid.sim("refund", json!({"order_ref": "LT1", "outcome": "refused"})).await;
    assert_eq!(paid.asked(&back).await, RefundNews::Failed { code: "09".to_owned() });
    let again = paid.back(TAKEN);
    accepted(paid.submitted(&again).await);
    paid.vnpay.stop().await;
}

#[tokio::test]
async fn a_refund_that_was_sent_may_come_back() {
    let paid = Paid::taken(0).await;
    let back = paid.back(TAKEN);
    accepted(paid.submitted(&back).await);
    assert!(is_sent(&paid.asked(&back).await));
    paid.sim("refund_came_back", json!({"order_ref": "LT1"})).await;
    assert_eq!(paid.asked(&back).await, RefundNews::Failed { code: "09".to_owned() });
    paid.vnpay.stop().await;
}

#[tokio::test]
async fn a_call_without_an_answer_is_unknown_and_the_same_call_again_is_no_second_refund() {
    for (what, amount) in [(json!({"hang": 3_000}), TAKEN), (json!({"fail_after_accept": true}), Vnd::new(25_000))] {
        let paid = Paid::taken(600_000).await;
        paid.script(what.clone()).await;
        let back = paid.back(amount);
        let lost = paid.refunds().submit(&back).await;
        assert!(matches!(lost, Err(ProviderError::Unknown(_))), "{what}: {lost:?}");
        assert_eq!(paid.booked().await.len(), 1, "{what}: it was done all the same");
        let later = RefundOrder { now: Timestamp::now(), ..back };
        assert_eq!(paid.submitted(&later).await, RefundNews::Repeated, "{what}");
        assert_eq!(paid.asked(&later).await, RefundNews::Pending);
        paid.sim("refund", json!({"order_ref": "LT1", "outcome": "sent"})).await;
        assert!(is_sent(&paid.asked(&later).await));
        assert_eq!(paid.submitted(&later).await, RefundNews::Repeated, "{what}: after it was sent, too");
        assert_eq!(paid.booked().await.len(), 1);
        paid.vnpay.stop().await;
    }
}

#[tokio::test]
async fn what_vnpay_refuses_was_not_done_and_what_it_calls_other_is_unknown() {
    let paid = Paid::taken(0).await;
    for code in ["03", "91", "95", "97"] {
        paid.script(json!({"refund_code": code})).await;
        let told = paid.refunds().submit(&paid.back(TAKEN)).await;
        assert!(matches!(&told, Err(ProviderError::Refused(why)) if why.ends_with(code)), "{told:?}");
    }
    // VNPAY does not sign what it says to a terminal that it does not know
    paid.script(json!({"refund_code": "02"})).await;
    let told = paid.refunds().submit(&paid.back(TAKEN)).await;
    assert!(matches!(told, Err(ProviderError::Malformed(_))), "{told:?}");
    let other = paid.back(TAKEN);
    paid.script(json!({"refund_code": "99"})).await;
    assert!(matches!(paid.refunds().submit(&other).await, Err(ProviderError::Unknown(None))));
    assert_eq!(paid.submitted(&other).await, RefundNews::Repeated);
    assert_eq!(paid.asked(&other).await, RefundNews::NotFound, "repeated, and yet nothing was done");
    assert!(paid.booked().await.is_empty());
    let elsewhere = RefundOrder { provider_txn_id: "14226113".to_owned(), ..paid.back(TAKEN) };
    let told = paid.refunds().submit(&elsewhere).await;
    assert!(matches!(&told, Err(ProviderError::Refused(why)) if why.ends_with("91")), "{told:?}");
    paid.vnpay.stop().await;
}

#[tokio::test]
async fn an_answer_that_lags_is_never_read_as_failed() {
    let paid = Paid::taken(0).await;
    paid.script(json!({"refund_flap": true})).await;
    let back = paid.back(TAKEN);
    accepted(paid.submitted(&back).await);
    assert_eq!(paid.asked(&back).await, RefundNews::Pending);
    assert_eq!(paid.asked(&back).await, RefundNews::NotFound);
    assert_eq!(paid.submitted(&back).await, RefundNews::Repeated, "who asks for it again does no harm");
    assert!(is_sent(&paid.asked(&back).await));
    assert_eq!(paid.booked().await.len(), 1);
    paid.vnpay.stop().await;
}

#[tokio::test]
async fn a_refund_in_hand_is_not_taken_for_another_of_the_same_payment() {
    let paid = Paid::taken(600_000).await;
    accepted(paid.submitted(&paid.back(Vnd::new(25_000))).await);
    let whole = paid.back(TAKEN);
    assert_eq!(paid.submitted(&whole).await, RefundNews::Repeated);
    paid.sim("refund", json!({"order_ref": "LT1", "outcome": "sent"})).await;
    assert_eq!(paid.asked(&whole).await, RefundNews::Pending, "a part was sent, not the whole");
    assert_eq!(paid.booked().await.len(), 1);
    paid.vnpay.stop().await;
}

/// Between us and VNPAY somebody changes a word of each answer.
async fn through_a_forger(
    paid: &Paid,
    from: &'static str,
    to: &'static str,
) -> (Provider, actix_web::dev::ServerHandle) {
    let (vnpay, http) = (paid.vnpay.url.clone(), paid.http.clone());
    let server = HttpServer::new(move || {
        let (vnpay, http) = (vnpay.clone(), http.clone());
        let pass_on = move |body: web::Bytes| {
            let call = http.post(format!("{vnpay}/merchant_webapi/api/transaction")).body(body);
            async move {
                let text = call.send().await.unwrap().text().await.unwrap();
                assert!(text.contains(from), "{text}");
                HttpResponse::Ok().content_type("application/json").body(text.replace(from, to))
            }
        };
        App::new().route("/merchant_webapi/api/transaction", web::post().to(pass_on))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let forger = format!("http://{}", server.addrs()[0]);
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);
    (provider_at(&paid.vnpay.url, &forger), handle)
}

fn is_malformed(told: &Result<RefundTold, ProviderError>) -> bool {
    matches!(told, Err(ProviderError::Malformed(_)))
}

#[tokio::test]
async fn a_forged_answer_says_nothing() {
    let paid = Paid::taken(600_000).await;
    let back = paid.back(TAKEN);
    let (forged, forger) = through_a_forger(&paid, r#""vnp_ResponseCode":"00""#, r#""vnp_ResponseCode":"95""#).await;
    let told = forged.refunds.unwrap().submit(&back).await;
    assert!(is_malformed(&told), "{told:?}");
    assert_eq!(paid.booked().await.len(), 1, "it was accepted, and we were told that it was refused");
    forger.stop(false).await;
    for (from, to) in [
        (r#""vnp_TransactionStatus":"05""#, r#""vnp_TransactionStatus":"06""#),
        (r#""vnp_TransactionStatus":"05""#, r#""vnp_TransactionStatus":"09""#),
        (r#""vnp_TransactionType":"02""#, r#""vnp_TransactionType":"01""#),
    ] {
        let (forged, forger) = through_a_forger(&paid, from, to).await;
        let told = forged.refunds.unwrap().ask(&back).await;
        assert!(is_malformed(&told), "{to}: {told:?}");
        forger.stop(false).await;
    }
    assert_eq!(paid.submitted(&back).await, RefundNews::Repeated);
    assert_eq!(paid.asked(&back).await, RefundNews::Pending);
    paid.vnpay.stop().await;
}

#[tokio::test]
async fn a_payment_that_was_given_back_is_unclear_to_who_asks_about_its_order() {
    let paid = Paid::taken(0).await;
    let status = paid.provider.status.as_ref().unwrap();
    let question = Question {
        order_ref: OrderRef::new("LT1").unwrap(),
        amount: TAKEN,
        ordered_at: paid.ordered_at,
        now: Timestamp::now(),
    };
    let told = status.ask(&question).await.unwrap();
    assert!(matches!(told.report.news, domain::payment::News::Captured(_)));
    accepted(paid.submitted(&paid.back(TAKEN)).await);
    let told = status.ask(&question).await.unwrap();
    assert!(matches!(told.report.news, domain::payment::News::Unclear { .. }), "never a second capture");
    paid.vnpay.stop().await;
}

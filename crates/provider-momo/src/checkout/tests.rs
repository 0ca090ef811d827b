use super::*;
use crate::api::tests::{at, ok, said, with_status};
use crate::tests::wallet;
use domain::codes::OrderRef;
use domain::reference::Reference;
use provider::Receiver;
use serde_json::json;

pub fn order(order_ref: &str, amount: i64) -> Order {
    Order {
        order_ref: OrderRef::new(order_ref).expect("code"),
        reference: Reference::parse("LC7K2M9QX4T").expect("a reference"),
        receiver: Receiver {
            bank_bin: "970418".to_owned(),
            account_number: "12010000123456".to_owned(),
            account_name: "UBND PHUONG LAO CAI".to_owned(),
        },
        amount: Vnd::new(amount),
        description: "Lệ phí & phí".to_owned(),
        return_url: "https://dvc.example.vn/return?lang=en".to_owned(),
        bill: None,
        notify_url: "https://dvc.example.vn/v1/webhooks/momo/momo_main".to_owned(),
        payer_ip: "127.0.0.1".parse().expect("address"),
        locale: Locale::Vi,
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        expires_at: "2026-01-05T02:45:15Z".parse().expect("instant"),
    }
}

const PAGE: &str = "http://127.0.0.1:9/pay?t=1";

async fn offer(code: i64, more: Value) -> Result<Offer, ProviderError> {
    let (wallet, _) = at(move |asked| Some(ok(&said(asked, code, more.clone())))).await;
    wallet.start(&order("LC1", 50_000)).await
}

#[tokio::test]
async fn an_order_is_told_once_signed_and_gives_its_page() {
    let (wallet, asked) = at(|asked| Some(ok(&said(asked, 0, json!({"amount": 50_000, "payUrl": PAGE}))))).await;
    let offer = wallet.start(&order("LC1", 50_000)).await.expect("offered");
    assert_eq!(offer.action, Action::Redirect { url: PAGE.to_owned() });
    let asked = asked.lock().expect("lock");
    assert_eq!(asked[0].0, "POST /v2/gateway/api/create HTTP/1.1");
    let body = &asked[0].1;
    assert_eq!(body, &wallet.order(&order("LC1", 50_000)).expect("a body"), "the same order is the same request");
    assert_eq!((&body["requestId"], &body["orderId"], &body["amount"]), (&json!("LC1"), &json!("LC1"), &json!(50_000)));
    assert_eq!((&body["orderInfo"], &body["extraData"]), (&json!("Lệ phí phí"), &json!("")));
    assert_eq!((&body["autoCapture"], &body["lang"]), (&json!(true), &json!("vi")));
    assert!(body.get("accessKey").is_none(), "it is signed and never sent");
    assert_eq!(wallet.window(), SignedDuration::from_mins(15));
    assert_eq!((wallet.least(), wallet.limit()), (Some(Vnd::new(1_000)), Some(Vnd::new(50_000_000))));
}

#[test]
fn what_the_fields_do_not_hold_is_never_sent() {
    for amount in [999, 50_000_001, 0, -1] {
        assert!(matches!(wallet().order(&order("LC1", amount)), Err(ProviderError::NotSent(_))), "{amount}");
    }
    let url = "https://dvc.example.vn/r?a=1&orderId=2".to_owned();
    for ill in [
        order("LC1.", 50_000),
        Order { return_url: url.clone(), ..order("LC1", 50_000) },
        Order { notify_url: url, ..order("LC1", 50_000) },
    ] {
        assert!(matches!(wallet().order(&ill), Err(ProviderError::NotSent(_))), "{ill:?}");
    }
}

#[tokio::test]
async fn each_code_says_whether_the_order_may_be_there() {
    for code in [11, 12, 13, 20, 21, 22, 40, 41, 42, 45, 47, 98, 1005, 1017, 4001] {
        assert!(matches!(offer(code, json!({})).await, Err(ProviderError::Refused(_))), "{code}");
    }
    for code in [99, 1000, 7000, 7002] {
        assert!(matches!(offer(code, json!({})).await, Err(ProviderError::Unknown(None))), "{code}");
    }
    for code in [10, 43] {
        assert!(matches!(offer(code, json!({})).await, Err(ProviderError::Unavailable(None))), "{code}");
    }
    for code in [9000, 5, -1] {
        assert!(matches!(offer(code, json!({})).await, Err(ProviderError::Malformed(_))), "{code}");
    }
}

#[tokio::test]
async fn an_offer_that_is_not_about_our_order_is_malformed() {
    for more in [
        json!({"payUrl": PAGE}),
        json!({"amount": 50_001, "payUrl": PAGE}),
        json!({"amount": 50_000}),
        json!({"amount": 50_000, "payUrl": "momo://app"}),
        json!({"amount": 50_000, "payUrl": "javascript:alert(1)"}),
        json!({"amount": 50_000, "payUrl": PAGE, "signature": "00"}),
        json!({"amount": 50_000, "payUrl": PAGE, "orderId": "LC2"}),
        json!({"amount": 50_000, "payUrl": PAGE, "requestId": "LC2"}),
        json!({"amount": 50_000, "payUrl": PAGE, "partnerCode": "OTHER"}),
        json!({"amount": 50_000, "payUrl": PAGE, "resultCode": "x"}),
    ] {
        assert!(matches!(offer(0, more.clone()).await, Err(ProviderError::Malformed(_))), "{more}");
    }
}

#[tokio::test]
async fn a_signature_on_the_answer_is_checked_where_there_is_one() {
    let (wallet, _) = at(|asked| {
        let mut answer = said(asked, 0, json!({"amount": 50_000, "payUrl": PAGE}));
        let keys = &crate::tests::wallet().keys;
        let texts: Vec<_> = signature::CREATED.iter().map(|n| (*n, crate::api::text_of(&answer[*n]))).collect();
        let text = keys.text(signature::CREATED, |name| &texts.iter().find(|(n, _)| *n == name).expect("a name").1);
        answer["signature"] = keys.sign(&text).into();
        Some(ok(&answer))
    })
    .await;
    wallet.start(&order("LC1", 50_000)).await.expect("offered");
}

#[tokio::test]
async fn a_server_error_and_silence_leave_it_unknown_and_422_is_read() {
    let (wallet, _) = at(|_| None).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(Some(_)))));
    let (wallet, _) = at(|asked| Some(with_status("500 Oops", &said(asked, 0, json!({}))))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(None))));
    let (wallet, _) = at(|asked| Some(with_status("422 Busy", &said(asked, 7000, json!({}))))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(None))));
    let (wallet, _) = at(|asked| Some(with_status("400 Bad", &said(asked, 22, json!({}))))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Refused(_))));
    let (wallet, _) = at(|_| Some(with_status("404 Not Found", &json!("nothing")))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Malformed(_))));
}

#[test]
fn behind_https_a_page_without_it_is_not_momos() {
    assert_eq!(wallet().page("http://payment.momo.vn/pay"), None);
    assert!(wallet().page("https://payment.momo.vn/pay").is_some());
    assert_eq!(wallet().page(&format!("https://payment.momo.vn/{}", "x".repeat(2_048))), None);
}

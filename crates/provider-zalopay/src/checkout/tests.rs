use super::*;
use crate::api::tests::{at, ok, said, with_status};
use crate::tests::wallet;
use domain::codes::OrderRef;
use domain::reference::Reference;
use provider::Receiver;
use provider::checkout::Locale;

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
        description: "Lệ phí".to_owned(),
        return_url: "https://dvc.example.vn/return?x=1&y=2".to_owned(),
        bill: None,
        notify_url: "https://dvc.example.vn/v1/webhooks/zalopay/zalopay_main".to_owned(),
        payer_ip: "127.0.0.1".parse().expect("address"),
        locale: Locale::Vi,
        // 00:10 of the next day in Vietnam
        ordered_at: "2026-01-04T17:10:00Z".parse().expect("instant"),
        expires_at: "2026-01-04T17:25:00Z".parse().expect("instant"),
    }
}

const PAGE: &str = "http://127.0.0.1:9/pay?t=1";

async fn offer(code: i64, sub: i64, more: Value) -> Result<Offer, ProviderError> {
    let (wallet, _) = at(move |_| Some(ok(&said(code, sub, more.clone())))).await;
    wallet.start(&order("LC1", 50_000)).await
}

#[tokio::test]
async fn an_order_is_told_once_signed_and_gives_its_page() {
    let (wallet, asked) = at(|_| Some(ok(&said(1, 1, json!({"order_url": PAGE}))))).await;
    let offer = wallet.start(&order("LC1", 50_000)).await.expect("offered");
    assert_eq!(offer.action, Action::Redirect { url: PAGE.to_owned() });
    let asked = asked.lock().expect("lock");
    assert_eq!(asked[0].0, "POST /v2/create HTTP/1.1");
    let body = &asked[0].1;
    assert_eq!(body, &wallet.order(&order("LC1", 50_000)).expect("a body"), "the same order is the same request");
    assert_eq!((&body["app_trans_id"], &body["app_user"]), (&json!("260105_LC1"), &json!("LC7K2M9QX4T")));
    assert_eq!((&body["amount"], &body["app_time"]), (&json!(50_000), &json!(1_767_546_600_000_i64)));
    assert_eq!(body["embed_data"], r#"{"redirecturl":"https://dvc.example.vn/return?x=1&y=2"}"#);
    assert_eq!((&body["expire_duration_seconds"], &body["item"]), (&json!(900), &json!("[]")));
    assert_eq!((wallet.window(), wallet.least(), wallet.limit()), (SignedDuration::from_mins(15), None, None));
}

#[test]
fn what_the_fields_do_not_hold_is_never_sent() {
    for ill in [
        order("LC1", 0),
        order("LC1", -1),
        order(&"x".repeat(34), 50_000),
        Order { return_url: format!("https://a.vn/{}", "x".repeat(2_048)), ..order("LC1", 50_000) },
    ] {
        assert!(matches!(wallet().order(&ill), Err(ProviderError::NotSent(_))), "{ill:?}");
    }
    let brief = Order { expires_at: order("LC1", 1).ordered_at, ..order("LC1", 50_000) };
    assert_eq!(wallet().order(&brief).expect("a body")["expire_duration_seconds"], 300);
}

#[tokio::test]
async fn each_code_says_whether_the_order_may_be_there() {
    for (code, sub) in [(2, -68), (2, -401), (-402, 0), (2, -92), (2, 0), (0, 0)] {
        assert!(matches!(offer(code, sub, json!({})).await, Err(ProviderError::Refused(_))), "{code}/{sub}");
    }
    for (code, sub) in [(3, 1), (2, -500), (-500, 0)] {
        assert!(matches!(offer(code, sub, json!({})).await, Err(ProviderError::Unknown(None))), "{code}/{sub}");
    }
    for (code, sub) in [(2, -429), (2, -999)] {
        assert!(matches!(offer(code, sub, json!({})).await, Err(ProviderError::Unavailable(None))), "{code}/{sub}");
    }
    for more in [json!({}), json!({"order_url": "zalopay://app"}), json!({"order_url": PAGE, "return_code": "x"})] {
        assert!(matches!(offer(1, 1, more.clone()).await, Err(ProviderError::Malformed(_))), "{more}");
    }
}

#[tokio::test]
async fn a_server_error_and_silence_leave_it_unknown() {
    let (wallet, _) = at(|_| None).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(Some(_)))));
    let (wallet, _) = at(|_| Some(with_status("500 Oops", &json!({})))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(None))));
    let (wallet, _) = at(|_| Some(with_status("404 Not Found", &said(1, 1, json!({"order_url": PAGE}))))).await;
    assert!(matches!(wallet.start(&order("LC1", 50_000)).await, Err(ProviderError::Malformed(_))));
}

#[test]
fn behind_https_a_page_without_it_is_not_zalopays() {
    assert_eq!(wallet().page("http://qcgateway.zalopay.vn/pay"), None);
    assert!(wallet().page("https://qcgateway.zalopay.vn/pay").is_some());
}

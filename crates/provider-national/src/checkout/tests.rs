use super::*;
use crate::api::tests::{at, ok, with_status};
use crate::receipt_info::tests::{bill, item};
use crate::tests::platform;
use domain::codes::OrderRef;
use domain::obligation::ObligationKind;
use domain::reference::Reference;
use provider::Receiver;
use provider::checkout::Locale;
use serde_json::{Value, json};

/// An order of a fee of this amount.
pub fn order(order_ref: &str, amount: i64) -> Order {
    Order {
        order_ref: OrderRef::new(order_ref).expect("code"),
        reference: Reference::parse("LC7K2M9QX4T").expect("a reference"),
        receiver: Receiver {
            bank_bin: "970436".to_owned(),
            account_number: "0000000000001".to_owned(),
            account_name: "UBND XA MAU".to_owned(),
        },
        amount: Vnd::new(amount),
        description: "Thanh toan | LC7K2M9QX4T".to_owned(),
        bill: Some(bill(vec![item(ObligationKind::Fee, amount)])),
        return_url: "https://dvc.example.vn/return".to_owned(),
        notify_url: "https://dvc.example.vn/v1/webhooks/national/national_main".to_owned(),
        payer_ip: "10.0.0.1".parse().expect("address"),
        locale: Locale::En,
        ordered_at: "2026-11-24T10:30:15Z".parse().expect("instant"),
        expires_at: "2026-11-24T10:45:15Z".parse().expect("instant"),
    }
}

const PAGE: &str = "http://127.0.0.1:9/pay?t=1";

fn envelope(inner: &Value) -> Value {
    json!({"error_code": "0", "message": inner.to_string()})
}

async fn offer(answer: Value) -> Result<Offer, ProviderError> {
    let (platform, _) = at(move |_| Some(ok(&answer))).await;
    platform.start(&order("LC1", 50_000)).await
}

#[tokio::test]
async fn an_order_is_told_once_signed_with_its_bill_and_gives_its_page() {
    let (platform, asked) = at(|_| Some(ok(&envelope(&json!({"UrlThanhToan": PAGE}))))).await;
    let offer = platform.start(&order("LC1", 50_000)).await.expect("offered");
    assert_eq!(offer.action, Action::Redirect { url: PAGE.to_owned() });
    let asked = asked.lock().expect("lock");
    assert!(asked[0].0.starts_with("POST /init HTTP/1.1\r\n"), "{}", asked[0].0);
    assert!(asked[0].0.to_lowercase().contains("authorization: bearer a-token-of-tests\r\n"));
    let body = &asked[0].1;
    assert_eq!(
        body,
        &Value::Object(platform.order(&order("LC1", 50_000)).expect("a message")),
        "the same order is the same"
    );
    assert_eq!(
        (&body["MaThamChieu"], &body["SoTien"], &body["ThoiGianGD"]),
        (&json!("LC1"), &json!("50000"), &json!("20261124173015"))
    );
    assert_eq!((&body["ThongTinGiaoDich"], &body["NgonNgu"]), (&json!("Thanh toan LC7K2M9QX4T"), &json!("vi-VN")));
    assert_eq!(body["ThongTinBienLai"]["PhiLePhi"][0]["SoTien"], "50000");
    assert!(
        platform.asks_for_bill() && platform.names_payer() && platform.least().is_none() && platform.limit().is_none()
    );
}

#[tokio::test]
async fn either_form_of_the_answer_gives_the_page() {
    let whole = json!({"MaLoi": "00", "MaDoiTac": "LAOCAI", "MaThamChieu": "LC1", "UrlThanhToan": PAGE});
    for answer in [whole.clone(), envelope(&whole), json!({"error_code": 0, "message": whole.to_string()})] {
        assert!(offer(answer.clone()).await.is_ok(), "{answer}");
    }
}

#[tokio::test]
async fn a_no_is_a_refusal_and_shows_no_foreign_text() {
    for answer in [
        json!({"error_code": "-1", "message": "x"}),
        json!({"error_code": "1", "message": ""}),
        envelope(&json!({"MaLoi": "99", "UrlThanhToan": PAGE})),
        json!({"MaLoi": "02", "MoTaLoi": "Nguyễn Văn Mẫu"}),
        json!({"error_code": "<b>"}),
    ] {
        match offer(answer.clone()).await {
            Err(ProviderError::Refused(why)) => assert!(!why.contains("Nguyễn") && !why.contains('<'), "{why}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_not_about_our_order_or_gives_no_page_is_malformed() {
    for answer in [
        json!({}),
        json!({"UrlThanhToan": PAGE}),
        json!({"error_code": "0"}),
        json!({"error_code": "0", "message": {"UrlThanhToan": PAGE}}),
        json!({"error_code": "0", "message": PAGE}),
        envelope(&json!({})),
        envelope(&json!({"UrlThanhToan": "javascript:alert(1)"})),
        envelope(&json!({"UrlThanhToan": PAGE, "MaThamChieu": "LC2"})),
        envelope(&json!({"UrlThanhToan": PAGE, "MaDoiTac": "OTHER"})),
    ] {
        assert!(matches!(offer(answer.clone()).await, Err(ProviderError::Malformed(_))), "{answer}");
    }
}

#[tokio::test]
async fn silence_and_a_server_error_leave_it_unknown() {
    let (platform, _) = at(|_| None).await;
    assert!(matches!(platform.start(&order("LC1", 50_000)).await, Err(ProviderError::Unknown(Some(_)))));
    for (status, unknown) in [("500 Oops", true), ("404 Not Found", false)] {
        let (platform, _) = at(move |_| Some(with_status(status, &json!({})))).await;
        let error = platform.start(&order("LC1", 50_000)).await.expect_err(status);
        assert_eq!(matches!(error, ProviderError::Unknown(None)), unknown, "{error:?}");
    }
    let (platform, _) = at(|_| Some(with_status("401 No", &json!({})))).await;
    assert!(matches!(platform.start(&order("LC1", 50_000)).await, Err(ProviderError::Refused(_))));
}

#[test]
fn without_an_amount_or_behind_https_without_a_guarded_page_there_is_no_order() {
    for amount in [0, -1] {
        assert!(matches!(platform().order(&order("LC1", amount)), Err(ProviderError::NotSent(_))), "{amount}");
    }
    assert_eq!(platform().page("http://platform.example.vn/pay"), None);
    assert!(platform().page("https://platform.example.vn/pay").is_some());
    assert_eq!(platform().page(&format!("https://platform.example.vn/{}", "x".repeat(2_048))), None);
}

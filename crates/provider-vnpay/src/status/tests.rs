use super::*;
use crate::api::tests::{at, ok, text_of};
use crate::settings::tests::settings;
use crate::tests::{gateway, http};
use domain::Vnd;
use domain::codes::OrderRef;
use serde_json::Value;
use tokio::net::TcpListener;

fn question() -> Question {
    Question {
        order_ref: OrderRef::new("LC0003").expect("code"),
        amount: Vnd::new(75_000),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        now: "2026-01-05T03:00:00Z".parse().expect("instant"),
    }
}

/// `querydr-02-response` of the vectors, without its hash.
fn paid() -> Value {
    serde_json::json!({
        "vnp_ResponseId": "b5e2c8e2f5a84c6d9d31", "vnp_Command": "querydr", "vnp_ResponseCode": "00",
        "vnp_Message": "QueryDR Success", "vnp_TmnCode": "LAOCAI01", "vnp_TxnRef": "LC0003", "vnp_Amount": "7500000",
        "vnp_OrderInfo": "Thanh toán lệ phí – Lào Cai", "vnp_BankCode": "NCB", "vnp_PayDate": "20260105093412",
        "vnp_TransactionNo": "14226113", "vnp_TransactionType": "01", "vnp_TransactionStatus": "00",
    })
}

fn changed(changes: &[(&str, &str)]) -> Value {
    let mut answer = paid();
    for (name, value) in changes {
        answer[*name] = (*value).into();
    }
    answer
}

fn signed(mut answer: Value) -> Value {
    answer["vnp_SecureHash"] = gateway().keys.sign(&text_of(&answer, 15)).into();
    answer
}

fn concluded(answer: Value) -> Result<Report, ProviderError> {
    gateway().conclude(&question(), answer.to_string().as_bytes())
}

fn news_of(changes: &[(&str, &str)]) -> News {
    concluded(signed(changed(changes))).expect("verified").news
}

async fn ask(answer: Option<String>) -> (Result<Told, ProviderError>, String) {
    let (gateway, asked) = at(answer).await;
    let told = gateway.ask(&question()).await;
    let asked = asked.lock().expect("lock").clone();
    (told, asked)
}

#[tokio::test]
async fn a_verified_answer_is_a_report_with_its_bytes() {
    let answer = signed(paid());
    let (told, asked) = ask(Some(ok(&answer))).await;
    let told = told.expect("verified");
    assert_eq!(told.evidence, answer.to_string().into_bytes());
    assert_eq!((told.report.source_key.as_str(), told.report.order_ref.as_str()), ("14226113:00", "LC0003"));
    let expected = Capture {
        provider_txn_id: "14226113".to_owned(),
        bank_txn_id: None,
        amount: Vnd::new(75_000),
        paid_at: Some("2026-01-05T02:34:12Z".parse().expect("instant")),
    };
    assert_eq!(told.report.news, News::Captured(expected));
    assert!(asked.starts_with("POST /merchant_webapi/api/transaction HTTP/1.1\r\n"));
    assert!(asked.contains("content-type: application/json\r\n"));
}

#[tokio::test]
async fn the_question_is_signed_over_its_nine_values() {
    let (_, asked) = ask(Some(ok(&signed(paid())))).await;
    let body: Value = serde_json::from_str(asked.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    let value = |name: &str| body[format!("vnp_{name}")].as_str().expect("a text").to_owned();
    let names = [
        "RequestId",
        "Version",
        "Command",
        "TmnCode",
        "TxnRef",
        "TransactionDate",
        "CreateDate",
        "IpAddr",
        "OrderInfo",
    ];
    let values = names.map(value);
    let rest = ["2.1.0", "querydr", "LAOCAI01", "LC0003", "20260105093015", "20260105100000", "127.0.0.1"];
    assert_eq!(values[1..8], rest);
    assert_eq!(value("SecureHash"), gateway().keys.sign(&values.join("|")));
    // "an 1–32, unique per TmnCode per day"
    assert!(values[0].len() <= 32 && values[0].bytes().all(|b| b.is_ascii_alphanumeric()));
    let (_, again) = ask(Some(ok(&signed(paid())))).await;
    assert!(!again.contains(&values[0]));
}

#[tokio::test]
async fn an_answer_that_does_not_verify_is_malformed() {
    let mut bad = signed(paid());
    bad["vnp_Amount"] = "7500100".into();
    let mut thirteen = paid();
    thirteen["vnp_SecureHash"] = gateway().keys.sign(&text_of(&thirteen, 13)).into();
    for answer in [bad, thirteen, paid(), serde_json::json!({"vnp_ResponseCode": "97"}), serde_json::json!([])] {
        let (told, _) = ask(Some(ok(&answer))).await;
        assert!(matches!(told, Err(ProviderError::Malformed(_))), "{answer}");
    }
}

#[tokio::test]
async fn a_server_error_silence_and_a_broken_answer_conclude_nothing() {
    let failing = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned();
    assert!(matches!(ask(Some(failing)).await.0, Err(ProviderError::Unknown(None))));
    assert!(matches!(ask(None).await.0, Err(ProviderError::Unknown(Some(_)))));
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned();
    assert!(matches!(ask(Some(broken)).await.0, Err(ProviderError::Unknown(Some(_)))));
    let busy = "HTTP/1.1 429 Busy\r\ncontent-length: 0\r\n\r\n".to_owned();
    assert!(matches!(ask(Some(busy)).await.0, Err(ProviderError::Unavailable(None))));
    let page = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned();
    assert!(matches!(ask(Some(page)).await.0, Err(ProviderError::Malformed(_))));
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n{}", " ".repeat(200_000));
    assert!(matches!(ask(Some(endless)).await.0, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("address").port();
    let closed = crate::Settings { api_url: format!("http://127.0.0.1:{port}/"), ..settings() };
    let told = Gateway::new(closed, http()).expect("good settings").ask(&question()).await;
    assert!(matches!(told, Err(ProviderError::Unavailable(Some(_)))));
}

#[test]
fn each_status_has_its_news() {
    let status = |text: &'static str| news_of(&[("vnp_TransactionStatus", text)]);
    for taken in ["00", "05", "06", "09"] {
        assert!(matches!(status(taken), News::Captured(_)), "{taken}");
    }
    for review in ["04", "07"] {
        assert_eq!(status(review), News::Unclear { code: review.to_owned() });
    }
    assert_eq!(status("02"), News::Failed { code: "02".to_owned() });
    for open in ["01", "03", "88"] {
        assert_eq!(status(open), News::Pending, "{open}");
    }
}

#[test]
fn a_refunds_own_record_is_never_a_capture() {
    for (kind, status) in [("02", "00"), ("03", "05"), ("02", "06"), ("", "00")] {
        let news = news_of(&[("vnp_TransactionType", kind), ("vnp_TransactionStatus", status)]);
        assert!(matches!(news, News::Unclear { .. }), "{kind}/{status}");
    }
}

#[test]
fn call_codes_are_about_the_call() {
    let code = |text: &str| concluded(signed(changed(&[("vnp_ResponseCode", text)])));
    let unknown = code("91").expect("verified");
    assert_eq!((unknown.news, unknown.source_key.as_str()), (News::NotFound, "LC0003:not_found"));
    for refused in ["02", "03", "97"] {
        assert!(matches!(code(refused), Err(ProviderError::Refused(_))), "{refused}");
    }
    for later in ["94", "99"] {
        assert!(matches!(code(later), Err(ProviderError::Unavailable(None))), "{later}");
    }
    for ill in ["", "0", "42", "xx"] {
        assert!(matches!(code(ill), Err(ProviderError::Malformed(_))), "{ill}");
    }
}

#[test]
fn a_call_that_found_nothing_may_leave_fields_out() {
    let bare = serde_json::json!({"vnp_ResponseId": "1", "vnp_Command": "querydr", "vnp_ResponseCode": "91"});
    assert_eq!(concluded(signed(bare)).expect("verified").news, News::NotFound);
}

#[test]
fn an_answer_about_something_else_is_malformed() {
    for (name, value) in [
        ("vnp_TxnRef", "LC0004"),
        ("vnp_TxnRef", ""),
        ("vnp_TmnCode", "LAOCAI02"),
        ("vnp_Command", "refund"),
        ("vnp_TransactionNo", "0"),
        ("vnp_TransactionNo", ""),
        ("vnp_Amount", ""),
        ("vnp_Amount", "7500001"),
        ("vnp_PayDate", "yesterday"),
        ("vnp_TransactionStatus", ""),
    ] {
        let verdict = concluded(signed(changed(&[(name, value)])));
        assert!(matches!(verdict, Err(ProviderError::Malformed(_))), "{name}={value}");
    }
}

#[test]
fn numbers_in_place_of_texts_are_read_and_promotions_are_signed() {
    let mut answer = changed(&[("vnp_PromotionCode", "TET"), ("vnp_PromotionAmount", "100000")]);
    answer = signed(answer);
    for name in ["vnp_Amount", "vnp_TransactionNo", "vnp_PayDate", "vnp_PromotionAmount"] {
        let number: u64 = answer[name].as_str().expect("a text").parse().expect("digits");
        answer[name] = number.into();
    }
    assert!(matches!(concluded(answer).expect("verified").news, News::Captured(_)));
}

#[test]
fn a_poll_without_a_transaction_is_keyed_by_its_order() {
    let answer = changed(&[("vnp_TransactionNo", "0"), ("vnp_TransactionStatus", "01")]);
    assert_eq!(concluded(signed(answer)).map(|r| r.source_key).ok().as_deref(), Some("LC0003:01"));
}

proptest::proptest! {
    #[test]
    fn whatever_is_answered_never_panics(body in proptest::prelude::any::<Vec<u8>>()) {
        proptest::prop_assert!(gateway().conclude(&question(), &body).is_err());
    }
}

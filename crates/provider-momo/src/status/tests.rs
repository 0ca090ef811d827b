use super::*;
use crate::api::tests::{at, ok, said, with_status};
use domain::Vnd;
use domain::codes::OrderRef;
use serde_json::json;

fn question() -> Question {
    Question {
        order_ref: OrderRef::new("LC-20260105-0001").expect("code"),
        amount: Vnd::new(50_000),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        now: "2026-01-05T03:00:00Z".parse().expect("instant"),
    }
}

fn paid() -> Value {
    json!({"amount": 50_000, "transId": 4_088_878_653_i64, "payType": "qr", "refundTrans": []})
}

async fn asked(code: i64, more: Value) -> Result<Told, ProviderError> {
    let (wallet, _) = at(move |asked| Some(ok(&said(asked, code, more.clone())))).await;
    wallet.ask(&question()).await
}

#[tokio::test]
async fn an_answer_is_a_report_with_its_bytes_and_each_question_has_its_own_id() {
    let (wallet, asked) = at(|asked| Some(ok(&said(asked, 0, paid())))).await;
    let told = wallet.ask(&question()).await.expect("an answer");
    let expected = Capture {
        provider_txn_id: "4088878653".to_owned(),
        bank_txn_id: None,
        amount: Vnd::new(50_000),
        paid_at: None,
    };
    assert_eq!(told.report.news, News::Captured(expected));
    assert_eq!(told.report.source_key, "4088878653:0");
    wallet.ask(&question()).await.expect("an answer");
    let asked = asked.lock().expect("lock");
    assert_eq!(asked[0].0, "POST /v2/gateway/api/query HTTP/1.1");
    assert_eq!(told.evidence, said(&asked[0].1, 0, paid()).to_string().into_bytes());
    assert_ne!(asked[0].1["requestId"], asked[1].1["requestId"]);
    assert_eq!(asked[0].1["requestId"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn each_code_has_its_news_or_is_about_the_call() {
    for (code, news) in [
        (42, News::NotFound),
        (9000, News::Committed),
        (1000, News::Pending),
        (7002, News::Pending),
        (5555, News::Pending),
        (1005, News::Failed { code: "1005".to_owned() }),
        (1017, News::Failed { code: "1017".to_owned() }),
    ] {
        assert_eq!(asked(code, json!({})).await.expect("an answer").report.news, news, "{code}");
    }
    for code in [10, 40, 41, 43] {
        assert!(matches!(asked(code, json!({})).await, Err(ProviderError::Unavailable(None))), "{code}");
    }
    for code in [11, 12, 13, 20, 47] {
        assert!(matches!(asked(code, json!({})).await, Err(ProviderError::Refused(_))), "{code}");
    }
}

#[tokio::test]
async fn an_answer_about_something_else_or_nothing_is_malformed() {
    for more in [
        json!({"orderId": "LC2"}),
        json!({"orderId": ""}),
        json!({"requestId": "1"}),
        json!({"partnerCode": "OTHER"}),
        json!({"amount": 0}),
        json!({"amount": "x"}),
        json!({"transId": 0}),
        json!({"transId": null}),
        json!({"resultCode": null}),
    ] {
        let mut changed = paid();
        changed.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert!(matches!(asked(0, changed).await, Err(ProviderError::Malformed(_))), "{more}");
    }
    let (wallet, _) = at(|_| Some(with_status("200 OK", &json!("paid")))).await;
    assert!(matches!(wallet.ask(&question()).await, Err(ProviderError::Malformed(_))));
}

proptest::proptest! {
    #[test]
    fn whatever_is_answered_never_panics(body in proptest::prelude::any::<Vec<u8>>()) {
        let wallet = crate::tests::wallet();
        let asked = wallet.question(&question()).expect("a question");
        proptest::prop_assert!(wallet.answer(&asked, &body).is_err());
    }
}

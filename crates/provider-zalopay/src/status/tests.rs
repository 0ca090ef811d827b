use super::*;
use crate::api::tests::{at, ok, said, with_status};
use domain::Vnd;
use domain::codes::OrderRef;

fn question() -> Question {
    Question {
        order_ref: OrderRef::new("LC0001").expect("code"),
        amount: Vnd::new(50_000),
        ordered_at: "2026-01-04T17:10:00Z".parse().expect("instant"),
        // the next day: the order's name does not change
        now: "2026-01-05T23:00:00Z".parse().expect("instant"),
    }
}

fn paid() -> Value {
    json!({"amount": 50_000, "zp_trans_id": 260_105_000_000_389_i64, "server_time": 1_767_580_413_498_i64})
}

async fn asked(code: i64, sub: i64, more: Value) -> Result<Told, ProviderError> {
    let (wallet, _) = at(move |_| Some(ok(&said(code, sub, more.clone())))).await;
    wallet.ask(&question()).await
}

#[tokio::test]
async fn an_answer_is_a_report_with_its_bytes_under_the_callbacks_key() {
    let (wallet, asked) = at(|_| Some(ok(&said(1, 1, paid())))).await;
    let told = wallet.ask(&question()).await.expect("an answer");
    assert_eq!(told.evidence, said(1, 1, paid()).to_string().into_bytes());
    assert_eq!(told.report.source_key, "260105000000389:1");
    let News::Captured(capture) = told.report.news else { panic!("not captured") };
    assert_eq!((capture.amount, capture.paid_at.is_some()), (Vnd::new(50_000), true));
    let asked = asked.lock().expect("lock");
    assert_eq!(
        (asked[0].0.as_str(), &asked[0].1["app_trans_id"]),
        ("POST /v2/query HTTP/1.1", &json!("260105_LC0001"))
    );
}

#[tokio::test]
async fn each_pair_of_codes_has_its_news_or_is_about_the_call() {
    let failed = |code: &str| News::Failed { code: code.to_owned() };
    for (code, sub, news) in [
        (3, 1, News::Pending),
        (3, -217, News::Pending),
        (2, -101, News::NotFound),
        (2, -49, News::NotFound),
        (2, -54, failed("2/-54")),
        (2, -63, failed("2/-63")),
        (2, 0, failed("2/0")),
    ] {
        assert_eq!(asked(code, sub, json!({})).await.expect("an answer").report.news, news, "{code}/{sub}");
    }
    assert!(matches!(asked(2, -402, json!({})).await, Err(ProviderError::Refused(_))));
    assert!(matches!(asked(-402, 0, json!({})).await, Err(ProviderError::Refused(_))));
    assert!(matches!(asked(2, -500, json!({})).await, Err(ProviderError::Unknown(None))));
    assert!(matches!(asked(-999, 0, json!({})).await, Err(ProviderError::Unavailable(None))));
    for code in [0, 4, -1] {
        assert!(matches!(asked(code, 0, json!({})).await, Err(ProviderError::Malformed(_))), "{code}");
    }
}

#[tokio::test]
async fn paid_without_a_number_or_an_amount_is_malformed() {
    for change in [
        json!({"amount": 0}),
        json!({"amount": null}),
        json!({"amount": "x"}),
        json!({"zp_trans_id": 0}),
        json!({"zp_trans_id": null}),
        json!({"server_time": "x"}),
    ] {
        let mut changed = paid();
        changed.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        assert!(matches!(asked(1, 1, changed).await, Err(ProviderError::Malformed(_))), "{change}");
    }
    let (wallet, _) = at(|_| Some(with_status("502 Bad", &said(1, 1, paid())))).await;
    assert!(matches!(wallet.ask(&question()).await, Err(ProviderError::Unknown(None))));
}

proptest::proptest! {
    #[test]
    fn whatever_is_answered_never_panics(body in proptest::prelude::any::<Vec<u8>>()) {
        proptest::prop_assert!(Answer::read(&body).is_err());
    }
}

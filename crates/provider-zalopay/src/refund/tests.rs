use super::*;
use crate::api::tests::{at, ok, said};
use crate::tests::wallet;
use domain::Vnd;
use domain::codes::OrderRef;

fn part() -> RefundOrder {
    RefundOrder {
        request_id: "0192f0c1a2b37c4d8e5f60718293a4b5".to_owned(),
        order_ref: OrderRef::new("LC1").expect("code"),
        ordered_at: "2026-01-03T02:30:15Z".parse().expect("instant"),
        provider_txn_id: "260105000000389".to_owned(),
        provider_refund_id: None,
        taken: Vnd::new(75_000),
        amount: Vnd::new(25_000),
        asked_by: "9b2d2f0e-0000-7000-8000-00000000abcd".to_owned(),
        again: false,
        first_asked_at: "2026-01-05T03:15:00Z".parse().expect("instant"),
        now: "2026-01-05T03:20:00Z".parse().expect("instant"),
    }
}

/// `refund` answers with the first pair, query_refund with the second; what was said, and how often a refund was asked for.
async fn submitted(
    order: &RefundOrder,
    refund: (i64, i64),
    query: (i64, i64),
) -> (Result<RefundNews, ProviderError>, usize) {
    let (wallet, asked) = at(move |asked| {
        let (code, sub) = if asked.get("zp_trans_id").is_some() { refund } else { query };
        Some(ok(&said(code, sub, json!({"refund_id": 42}))))
    })
    .await;
    let told = wallet.submit(order).await.map(|told| told.news);
    let refunds = asked.lock().expect("lock").iter().filter(|(head, _)| head.contains("/v2/refund ")).count();
    (told, refunds)
}

const NOT_FOUND: (i64, i64) = (2, -101);

fn accepted() -> RefundNews {
    RefundNews::Accepted { provider_refund_id: Some("42".to_owned()) }
}

#[test]
fn a_refund_keeps_its_name_and_names_the_payment() {
    let body = wallet().refund_request(&part()).expect("a body");
    let name = body["m_refund_id"].as_str().expect("a text");
    assert!(name.starts_with("260105_2553_") && name.len() <= 45, "{name}");
    assert_eq!((&body["zp_trans_id"], &body["amount"]), (&json!("260105000000389"), &json!(25_000)));
    let later = RefundOrder { now: "2026-01-07T00:00:00Z".parse().expect("instant"), ..part() };
    assert_eq!(wallet().refund_request(&later).expect("a body")["m_refund_id"], body["m_refund_id"]);
    assert_eq!(wallet().refund_question(&later).expect("a body")["m_refund_id"], body["m_refund_id"]);
}

#[test]
fn what_the_fields_do_not_hold_is_never_sent() {
    for ill in [
        RefundOrder { provider_txn_id: "0".to_owned(), ..part() },
        RefundOrder { provider_txn_id: "1234567890123456".to_owned(), ..part() },
        RefundOrder { amount: Vnd::ZERO, ..part() },
        RefundOrder { amount: Vnd::new(75_001), ..part() },
        RefundOrder { request_id: "no hex".to_owned(), ..part() },
    ] {
        assert!(matches!(wallet().refund_request(&ill), Err(ProviderError::Refused(_))), "{ill:?}");
    }
}

#[tokio::test]
async fn each_pair_of_codes_says_whether_something_may_have_been_done() {
    for taken_up in [(1, 1), (3, 1), (3, 2)] {
        assert_eq!(submitted(&part(), taken_up, NOT_FOUND).await.0.expect("an answer"), accepted(), "{taken_up:?}");
    }
    assert_eq!(submitted(&part(), (2, -23), NOT_FOUND).await.0.expect("an answer"), RefundNews::Repeated);
    assert!(matches!(submitted(&part(), (2, -402), NOT_FOUND).await.0, Err(ProviderError::Refused(_))));
    assert!(matches!(submitted(&part(), (2, -500), NOT_FOUND).await.0, Err(ProviderError::Unknown(None))));
    assert!(matches!(submitted(&part(), (2, -999), NOT_FOUND).await.0, Err(ProviderError::Unavailable(None))));
}

#[tokio::test]
async fn a_refusal_is_failed_only_when_zalopay_knows_no_such_refund() {
    for sub in [-13, -14, -24, -25, -26, -32, -101, -9_999] {
        let told = submitted(&part(), (2, sub), NOT_FOUND).await.0.expect("an answer");
        assert_eq!(told, RefundNews::Failed { code: format!("2/{sub}") });
    }
    let sent = RefundNews::Sent { provider_refund_id: None };
    assert_eq!(submitted(&part(), (2, -14), (1, 1)).await.0.expect("an answer"), sent, "an earlier call was followed");
    assert_eq!(submitted(&part(), (2, -14), (3, 2)).await.0.expect("an answer"), RefundNews::Repeated);
    assert!(matches!(submitted(&part(), (2, -14), (2, -999)).await.0, Err(ProviderError::Unknown(None))));
    assert!(matches!(submitted(&part(), (2, -14), (2, -402)).await.0, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn on_another_day_nothing_is_asked_for_again() {
    // 00:01 in Vietnam
    let tomorrow = RefundOrder { now: "2026-01-05T17:01:00Z".parse().expect("instant"), ..part() };
    let (told, refunds) = submitted(&tomorrow, (3, 1), NOT_FOUND).await;
    assert!(matches!(told, Ok(RefundNews::Failed { .. })), "{told:?}");
    assert_eq!(refunds, 0);
    let (told, refunds) = submitted(&tomorrow, (3, 1), (3, 2)).await;
    assert_eq!((told.expect("an answer"), refunds), (RefundNews::Repeated, 0));
    let (told, refunds) = submitted(&tomorrow, (3, 1), (2, -500)).await;
    assert!(matches!(told, Err(ProviderError::Unknown(None))));
    assert_eq!(refunds, 0);
}

#[tokio::test]
async fn only_query_refund_says_that_money_went_back() {
    let asked = async |code: i64, sub: i64| {
        let (wallet, _) = at(move |_| Some(ok(&said(code, sub, json!({}))))).await;
        wallet.ask(&part()).await.map(|told| told.news)
    };
    assert_eq!(asked(1, 1).await.expect("an answer"), RefundNews::Sent { provider_refund_id: None });
    for (code, sub) in [(3, 1), (3, 2), (2, -1), (2, 2)] {
        assert_eq!(asked(code, sub).await.expect("an answer"), RefundNews::Pending, "{code}/{sub}");
    }
    assert_eq!(asked(2, -13).await.expect("an answer"), RefundNews::Failed { code: "2/-13".to_owned() });
    assert_eq!(asked(2, -101).await.expect("an answer"), RefundNews::NotFound);
    assert!(matches!(asked(2, -500).await, Err(ProviderError::Unknown(None))));
    assert!(matches!(asked(0, 0).await, Err(ProviderError::Malformed(_))));
}

#[test]
fn a_name_is_called_by_on_its_day_and_when_all_that_was_sent_on_it_has_arrived() {
    let at = |text: &str| text.parse::<Timestamp>().expect("instant");
    // 23:50 in Vietnam
    let first = at("2026-01-04T16:50:00Z");
    for (now, known) in
        [("2026-01-04T16:59:59Z", true), ("2026-01-04T17:30:00Z", false), ("2026-01-04T18:00:00Z", true)]
    {
        assert_eq!(wallet().knows_it_still(first, at(now)), known, "{now}");
    }
}

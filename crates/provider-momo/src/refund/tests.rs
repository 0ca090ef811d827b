use super::*;
use crate::api::tests::{at, ok, said};
use crate::api::text_of;
use crate::tests::wallet;
use domain::Vnd;
use domain::codes::OrderRef;
use serde_json::json;

const ID: &str = "0192f0c1a2b37c4d8e5f60718293a4b5";

fn part() -> RefundOrder {
    RefundOrder {
        request_id: ID.to_owned(),
        order_ref: OrderRef::new("LC1").expect("code"),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        provider_txn_id: "4088878653".to_owned(),
        provider_refund_id: None,
        taken: Vnd::new(75_000),
        amount: Vnd::new(25_000),
        asked_by: "9b2d2f0e-0000-7000-8000-00000000abcd".to_owned(),
        again: false,
        first_asked_at: "2026-01-05T03:15:00Z".parse().expect("instant"),
        now: "2026-01-05T03:15:00Z".parse().expect("instant"),
    }
}

fn row(code: i64) -> Value {
    json!({"refundTrans": [
        {"orderId": "another", "amount": 1_000, "resultCode": 0, "transId": 1, "createdTime": 1},
        {"orderId": ID, "amount": 25_000, "resultCode": code, "transId": 4_088_878_700_i64, "createdTime": 1},
    ]})
}

/// `refund` answers with these codes in turn, its query with this.
async fn submitted(codes: &'static [i64], query: (i64, Value)) -> (Result<RefundNews, ProviderError>, usize) {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let (wallet, asked) = at(move |asked| {
        let answer = if asked.get("transId").is_some() {
            let n = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            said(asked, codes[n.min(codes.len() - 1)], json!({"amount": 25_000, "transId": 4_088_878_700_i64}))
        } else {
            said(asked, query.0, query.1.clone())
        };
        Some(ok(&answer))
    })
    .await;
    let told = wallet.submit(&part()).await.map(|told| told.news);
    let refunds = asked.lock().expect("lock").iter().filter(|(head, _)| head.contains("/refund HTTP")).count();
    (told, refunds)
}

async fn asked(code: i64, more: Value) -> Result<RefundNews, ProviderError> {
    let (wallet, _) = at(move |asked| Some(ok(&said(asked, code, more.clone())))).await;
    wallet.ask(&part()).await.map(|told| told.news)
}

fn sent() -> RefundNews {
    RefundNews::Sent { provider_refund_id: Some("4088878700".to_owned()) }
}

#[test]
fn a_refund_has_an_order_of_its_own_and_names_the_payment() {
    let body = wallet().refund_request(&part(), ID).expect("a body");
    assert_eq!((text_of(&body["orderId"]), text_of(&body["requestId"])), (ID.to_owned(), ID.to_owned()));
    assert_eq!((&body["amount"], &body["transId"]), (&json!(25_000), &json!(4_088_878_653_i64)));
    assert_eq!(body["description"], "Hoan tien LC1");
    assert_eq!(wallet().refund_request(&part(), ID).expect("a body"), body, "the same call again is the same refund");
}

#[test]
fn what_the_fields_do_not_hold_is_never_sent() {
    for ill in [
        RefundOrder { provider_txn_id: "0".to_owned(), ..part() },
        RefundOrder { provider_txn_id: "FT26001".to_owned(), ..part() },
        RefundOrder { amount: Vnd::new(999), ..part() },
        RefundOrder { amount: Vnd::new(75_001), ..part() },
        RefundOrder { amount: Vnd::new(50_000_001), taken: Vnd::new(60_000_000), ..part() },
    ] {
        assert!(matches!(wallet().refund_request(&ill, ID), Err(ProviderError::Refused(_))), "{ill:?}");
    }
}

#[tokio::test]
async fn each_code_of_a_refund_says_whether_something_may_have_been_done() {
    let never = || (42, json!({}));
    assert_eq!(submitted(&[0], never()).await.0.expect("an answer"), sent());
    for code in [&[7000_i64], &[7002], &[1000]] {
        let told = submitted(code, never()).await.0.expect("an answer");
        assert_eq!(told, RefundNews::Accepted { provider_refund_id: None }, "{code:?}");
    }
    for code in [&[1080_i64], &[1088], &[4001]] {
        let told = submitted(code, never()).await.0.expect("an answer");
        assert_eq!(told, RefundNews::Failed { code: code[0].to_string() });
    }
    for code in [&[11_i64], &[13], &[20], &[22], &[42], &[47]] {
        assert!(matches!(submitted(code, never()).await.0, Err(ProviderError::Refused(_))), "{code:?}");
    }
    assert!(matches!(submitted(&[99], never()).await.0, Err(ProviderError::Unknown(None))));
    assert!(matches!(submitted(&[10], never()).await.0, Err(ProviderError::Unavailable(None))));
    assert!(matches!(submitted(&[5555], never()).await.0, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn a_refused_refund_is_failed_only_when_momo_knows_none_of_its_name() {
    let (told, _) = submitted(&[1081], (42, json!({}))).await;
    assert_eq!(told.expect("an answer"), RefundNews::Failed { code: "1081".to_owned() });
    let (told, _) = submitted(&[1081], (0, row(0))).await;
    assert_eq!(told.expect("an answer"), sent(), "given back by an earlier call of ours");
    let (told, _) = submitted(&[1081], (7002, row(7002))).await;
    assert_eq!(told.expect("an answer"), RefundNews::Repeated);
    let (told, _) = submitted(&[1081], (10, json!({}))).await;
    assert!(matches!(told, Err(ProviderError::Unknown(_))), "nobody knows");
    let (told, _) = submitted(&[1081], (13, json!({}))).await;
    assert!(matches!(told, Err(ProviderError::Malformed(_))), "nobody knows");
}

#[tokio::test]
async fn a_request_id_that_is_used_up_is_changed_only_when_nothing_came_of_it() {
    let (told, refunds) = submitted(&[40, 0], (42, json!({}))).await;
    assert_eq!((told.expect("an answer"), refunds), (sent(), 2));
    let (told, refunds) = submitted(&[40, 0], (7002, row(7002))).await;
    assert_eq!((told.expect("an answer"), refunds), (RefundNews::Repeated, 1));
    let (told, refunds) = submitted(&[40, 0], (0, row(0))).await;
    assert_eq!((told.expect("an answer"), refunds), (sent(), 1));
    let (told, refunds) = submitted(&[41, 0], (42, json!({}))).await;
    assert_eq!((told.expect("an answer"), refunds), (RefundNews::Repeated, 1), "the order is used: not made anew");
}

#[tokio::test]
async fn a_refund_is_sent_or_failed_by_its_own_row_alone() {
    assert_eq!(asked(0, row(0)).await.expect("an answer"), sent());
    assert_eq!(asked(0, row(1080)).await.expect("an answer"), RefundNews::Failed { code: "1080".to_owned() });
    for code in [7000, 7002, 1000, 99, 5555] {
        assert_eq!(asked(0, row(code)).await.expect("an answer"), RefundNews::Pending, "{code}");
    }
    assert_eq!(asked(0, json!({})).await.expect("an answer"), RefundNews::Pending, "a good call is no refund");
    assert_eq!(
        asked(0, json!({"refundTrans": [{"orderId": "another", "resultCode": 0}]})).await.expect("an answer"),
        RefundNews::Pending
    );
    assert_eq!(asked(1080, json!({})).await.expect("an answer"), RefundNews::Failed { code: "1080".to_owned() });
    assert_eq!(asked(42, json!({})).await.expect("an answer"), RefundNews::NotFound);
    let other = json!({"refundTrans": [{"orderId": ID, "amount": 75_000, "resultCode": 0, "transId": 1}]});
    assert!(matches!(asked(0, other).await, Err(ProviderError::Malformed(_))));
    assert!(matches!(asked(10, json!({})).await, Err(ProviderError::Unavailable(None))));
    assert!(matches!(asked(13, json!({})).await, Err(ProviderError::Refused(_))));
}

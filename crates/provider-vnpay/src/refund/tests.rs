use super::*;
use crate::Settings;
use crate::api::tests::{at, ok, text_of};
use crate::api::{QUERY_FIELDS, REFUND_FIELDS};
use crate::settings::tests::settings;
use crate::tests::{gateway, http};
use domain::Vnd;
use domain::codes::OrderRef;
use tokio::net::TcpListener;

fn part() -> RefundOrder {
    RefundOrder {
        request_id: "0192f0c1a2b37c4d8e5f60718293a4b5".to_owned(),
        order_ref: OrderRef::new("LC0003").expect("code"),
        ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
        provider_txn_id: "14226113".to_owned(),
        provider_refund_id: None,
        taken: Vnd::new(75_000),
        amount: Vnd::new(25_000),
        asked_by: "9b2d2f0e-0000-7000-8000-00000000abcd".to_owned(),
        again: false,
        first_asked_at: "2026-01-05T03:15:00Z".parse().expect("instant"),
        now: "2026-01-05T03:15:00Z".parse().expect("instant"),
    }
}

fn whole() -> RefundOrder {
    RefundOrder { amount: Vnd::new(75_000), ..part() }
}

fn changed(mut answer: Value, changes: &[(&str, &str)]) -> Value {
    for (name, value) in changes {
        answer[*name] = (*value).into();
    }
    answer
}

fn signed(mut answer: Value, fields: usize) -> Value {
    answer["vnp_SecureHash"] = gateway().keys.sign(&text_of(&answer, fields)).into();
    answer
}

/// `refund-03-response` of the vectors, without its hash.
fn accepted() -> Value {
    serde_json::json!({
        "vnp_ResponseId": "9b1c", "vnp_Command": "refund", "vnp_ResponseCode": "00", "vnp_Message": "Refund success",
        "vnp_TmnCode": "LAOCAI01", "vnp_TxnRef": "LC0003", "vnp_Amount": "2500000",
        "vnp_OrderInfo": "Hoàn tiền một phần hồ sơ LC0003", "vnp_BankCode": "NCB", "vnp_PayDate": "20260105101501",
        "vnp_TransactionNo": "14226200", "vnp_TransactionType": "03", "vnp_TransactionStatus": "05",
    })
}

/// querydr about the same payment afterwards.
fn followed() -> Value {
    changed(accepted(), &[("vnp_Command", "querydr"), ("vnp_Message", "QueryDR Success")])
}

fn taken_up(changes: &[(&str, &str)]) -> Result<RefundNews, ProviderError> {
    gateway().taken_up(&part(), signed(changed(accepted(), changes), 13).to_string().as_bytes())
}

fn become_of(order: &RefundOrder, changes: &[(&str, &str)]) -> Result<RefundNews, ProviderError> {
    gateway().become_of(order, signed(changed(followed(), changes), 15).to_string().as_bytes())
}

/// What querydr's type and status say of a refund of a part.
fn news(kind: &str, status: &str) -> RefundNews {
    become_of(&part(), &[("vnp_TransactionType", kind), ("vnp_TransactionStatus", status)]).expect("verified")
}

async fn submit(order: &RefundOrder, answer: Option<String>) -> (Result<RefundTold, ProviderError>, String) {
    let (gateway, asked) = at(answer).await;
    let told = gateway.submit(order).await;
    let asked = asked.lock().expect("lock").clone();
    (told, asked)
}

fn body_of(asked: &str) -> Value {
    serde_json::from_str(asked.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
}

#[tokio::test]
async fn a_refund_is_signed_over_its_thirteen_values_and_names_the_payment() {
    let (_, asked) = submit(&part(), Some(ok(&signed(accepted(), 13)))).await;
    assert!(asked.starts_with("POST /merchant_webapi/api/transaction HTTP/1.1\r\n"));
    let body = body_of(&asked);
    let expected = [
        "0192f0c1a2b37c4d8e5f60718293a4b5",
        "2.1.0",
        "refund",
        "LAOCAI01",
        "03",
        "LC0003",
        "2500000",
        "14226113",
        "20260105093015",
        "9b2d2f0e-0000-7000-8000-00000000abcd",
        "20260105101500",
        "127.0.0.1",
        "Hoan tien GD:LC0003",
    ];
    assert_eq!(REFUND_FIELDS.map(|name| body[name].as_str().expect("a text").to_owned()), expected);
    assert_eq!(body["vnp_SecureHash"], gateway().keys.sign(&expected.join("|")));
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(14));
    let (_, asked) = submit(&whole(), Some(ok(&signed(accepted(), 13)))).await;
    let body = body_of(&asked);
    assert_eq!((&body["vnp_TransactionType"], &body["vnp_Amount"]), (&"02".into(), &"7500000".into()));
}

#[tokio::test]
async fn an_accepted_refund_has_the_number_that_is_not_the_payments() {
    let answer = signed(accepted(), 13);
    let told = submit(&part(), Some(ok(&answer))).await.0.expect("verified");
    assert_eq!(told.evidence, answer.to_string().into_bytes());
    assert_eq!(told.news, RefundNews::Accepted { provider_refund_id: Some("14226200".to_owned()) });
    for none in ["14226113", "0", "", "NCB1", "1234567890123456"] {
        let news = taken_up(&[("vnp_TransactionNo", none)]).expect("verified");
        assert_eq!(news, RefundNews::Accepted { provider_refund_id: None }, "{none}");
    }
}

#[test]
fn each_code_of_a_refund_says_whether_something_may_have_been_done() {
    let code = |text: &str| taken_up(&[("vnp_ResponseCode", text)]);
    assert_eq!(code("94").expect("verified"), RefundNews::Repeated);
    let another = taken_up(&[("vnp_ResponseCode", "94"), ("vnp_Amount", "100")]);
    assert_eq!(another.expect("verified"), RefundNews::Repeated, "the amount may be that of another refund");
    for nothing in ["02", "03", "91", "95", "97"] {
        assert!(matches!(code(nothing), Err(ProviderError::Refused(_))), "{nothing}");
    }
    assert!(matches!(code("99"), Err(ProviderError::Unknown(None))));
    for ill in ["", "0", "42", "xx"] {
        assert!(matches!(code(ill), Err(ProviderError::Malformed(_))), "{ill}");
    }
}

#[test]
fn a_refusal_may_leave_fields_out_and_an_acceptance_may_not() {
    let bare = |code: &str| {
        let answer = serde_json::json!({"vnp_ResponseId": "1", "vnp_Command": "refund", "vnp_ResponseCode": code});
        gateway().taken_up(&part(), signed(answer, 13).to_string().as_bytes())
    };
    assert!(matches!(bare("95"), Err(ProviderError::Refused(_))));
    assert_eq!(bare("94").expect("verified"), RefundNews::Repeated);
    assert!(matches!(bare("00"), Err(ProviderError::Malformed(_))));
}

#[test]
fn an_answer_about_something_else_is_malformed() {
    for code in ["00", "95"] {
        for (name, value) in [
            ("vnp_TxnRef", "LC0004"),
            ("vnp_TmnCode", "LAOCAI02"),
            ("vnp_Command", "querydr"),
            ("vnp_Amount", "7500000"),
            ("vnp_Amount", "25000"),
        ] {
            let told = taken_up(&[("vnp_ResponseCode", code), (name, value)]);
            assert!(matches!(told, Err(ProviderError::Malformed(_))), "{code} {name}={value}");
        }
    }
    for (name, value) in [
        ("vnp_TxnRef", "LC0004"),
        ("vnp_TmnCode", "LAOCAI02"),
        ("vnp_Command", "refund"),
        ("vnp_TransactionStatus", ""),
        ("vnp_TransactionStatus", "6"),
    ] {
        let told = become_of(&part(), &[("vnp_TransactionStatus", "06"), (name, value)]);
        assert!(matches!(told, Err(ProviderError::Malformed(_))), "{name}={value}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_verify_says_that_nobody_knows() {
    let mut other = signed(accepted(), 13);
    other["vnp_Message"] = "Refund Success".into();
    let mut foreign = accepted();
    foreign["vnp_SecureHash"] = crate::signature::Keys::new("another".into(), None).sign(&text_of(&foreign, 13)).into();
    let refusal = serde_json::json!({"vnp_ResponseCode": "97"});
    for answer in [other, foreign, signed(accepted(), 15), accepted(), refusal, serde_json::json!([])] {
        let told = submit(&part(), Some(ok(&answer))).await.0;
        assert!(matches!(told, Err(ProviderError::Malformed(_))), "{answer}");
    }
    let answer = signed(followed(), 13);
    let told = gateway().become_of(&part(), answer.to_string().as_bytes());
    assert!(matches!(told, Err(ProviderError::Malformed(_))), "querydr's answer has fifteen values");
}

#[tokio::test]
async fn what_was_sent_without_a_readable_answer_is_unknown() {
    let told = async |answer: Option<&str>| submit(&part(), answer.map(str::to_owned)).await.0;
    let failing = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(told(Some(failing)).await, Err(ProviderError::Unknown(None))));
    assert!(matches!(told(None).await, Err(ProviderError::Unknown(Some(_)))));
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    assert!(matches!(told(Some(broken)).await, Err(ProviderError::Unknown(Some(_)))));
    assert!(matches!(told(Some("")).await, Err(ProviderError::Unknown(Some(_)))), "closed without a word");
    let page = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(told(Some(page)).await, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn a_closed_port_has_done_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("address").port();
    let closed = Settings { api_url: format!("http://127.0.0.1:{port}/"), ..settings() };
    let told = Gateway::new(closed, http()).expect("good settings").submit(&part()).await;
    assert!(matches!(told, Err(ProviderError::Unavailable(Some(_)))));
}

#[tokio::test]
async fn what_the_fields_do_not_hold_is_never_sent() {
    let ill = [
        RefundOrder { provider_txn_id: "0".to_owned(), ..part() },
        RefundOrder { provider_txn_id: String::new(), ..part() },
        RefundOrder { provider_txn_id: "FT26001".to_owned(), ..part() },
        RefundOrder { amount: Vnd::ZERO, ..part() },
        RefundOrder { amount: Vnd::new(-1), ..part() },
        RefundOrder { amount: Vnd::new(75_001), ..part() },
    ];
    for order in ill {
        let (told, asked) = submit(&order, Some(ok(&signed(accepted(), 13)))).await;
        assert!(matches!(told, Err(ProviderError::Refused(_))) && asked.is_empty(), "{order:?}");
    }
}

#[tokio::test]
async fn a_refund_is_followed_through_its_order() {
    let answer = signed(changed(followed(), &[("vnp_TransactionStatus", "06")]), 15);
    let (gateway, asked) = at(Some(ok(&answer))).await;
    let told = gateway.ask(&part()).await.expect("verified");
    assert_eq!(told.news, RefundNews::Sent { provider_refund_id: Some("14226200".to_owned()) });
    assert_eq!(told.evidence, answer.to_string().into_bytes());
    let body = body_of(&asked.lock().expect("lock"));
    let values = QUERY_FIELDS.map(|name| body[name].as_str().expect("a text").to_owned());
    let rest = ["2.1.0", "querydr", "LAOCAI01", "LC0003", "20260105093015", "20260105101500", "127.0.0.1"];
    assert_eq!(values[1..8], rest);
    assert_ne!(values[0], part().request_id, "a question is no second refund");
    assert_eq!(body["vnp_SecureHash"], gateway.keys.sign(&values.join("|")));
}

#[test]
fn a_refund_is_sent_or_failed_by_its_own_record_alone() {
    assert_eq!(news("03", "05"), RefundNews::Pending);
    assert_eq!(news("03", "06"), RefundNews::Sent { provider_refund_id: Some("14226200".to_owned()) });
    assert_eq!(news("03", "09"), RefundNews::Failed { code: "09".to_owned() });
    for (kind, status) in [
        // What these say of a refund, the document leaves open.
        ("03", "00"),
        ("03", "01"),
        ("03", "02"),
        ("03", "04"),
        ("03", "07"),
        ("03", "88"),
        ("01", "05"),
        ("01", "06"),
        ("01", "09"),
        ("01", "01"),
        ("01", "02"),
        ("", "06"),
        ("", "00"),
        // A refund of the whole is not ours, which is of a part.
        ("02", "06"),
        ("02", "09"),
        // A payment of another number.
        ("01", "00"),
    ] {
        assert_eq!(news(kind, status), RefundNews::Pending, "{kind}/{status}");
    }
}

#[test]
fn the_amount_of_a_record_may_be_the_refunds_or_the_payments_and_no_other() {
    let sent = |order: &RefundOrder, kind: &str, amount: &str| {
        let told = [("vnp_TransactionType", kind), ("vnp_TransactionStatus", "06"), ("vnp_Amount", amount)];
        become_of(order, &told).expect("verified") != RefundNews::Pending
    };
    assert!(sent(&part(), "03", "2500000") && sent(&part(), "03", "7500000") && sent(&whole(), "02", "7500000"));
    assert!(!sent(&part(), "03", "2500001") && !sent(&part(), "03", "1000000") && !sent(&part(), "03", ""));
    assert!(!sent(&whole(), "02", "2500000") && !sent(&whole(), "03", "7500000"));
}

#[test]
fn a_payment_that_was_never_refunded_is_not_found() {
    let untouched = [
        ("vnp_TransactionType", "01"),
        ("vnp_TransactionStatus", "00"),
        ("vnp_TransactionNo", "14226113"),
        ("vnp_Amount", "7500000"),
    ];
    assert_eq!(become_of(&part(), &untouched).expect("verified"), RefundNews::NotFound);
    let number_of_payment = [("vnp_TransactionStatus", "06"), ("vnp_TransactionNo", "14226113")];
    let sent = become_of(&part(), &number_of_payment).expect("verified");
    assert_eq!(sent, RefundNews::Sent { provider_refund_id: None });
}

#[test]
fn the_codes_of_a_question_conclude_nothing_of_the_refund() {
    let code = |text: &str| become_of(&part(), &[("vnp_ResponseCode", text), ("vnp_TransactionStatus", "06")]);
    for later in ["94", "99"] {
        assert!(matches!(code(later), Err(ProviderError::Unavailable(None))), "{later}");
    }
    for refused in ["02", "03", "97"] {
        assert!(matches!(code(refused), Err(ProviderError::Refused(_))), "{refused}");
    }
    assert!(matches!(code("91"), Err(ProviderError::Malformed(_))), "a payment that we took is known there");
}

#[test]
fn a_request_id_is_known_until_shortly_before_its_day_ends() {
    let at = |text: &str| text.parse::<Timestamp>().expect("instant");
    // 08:00 in Vietnam
    let first = at("2026-11-24T01:00:00Z");
    for (now, known) in
        [("2026-11-24T16:54:00Z", true), ("2026-11-24T16:56:00Z", false), ("2026-11-25T01:00:00Z", false)]
    {
        assert_eq!(gateway().knows_it_still(first, at(now)), known, "{now}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_answered_never_panics(body in proptest::prelude::any::<Vec<u8>>()) {
        proptest::prop_assert!(gateway().taken_up(&part(), &body).is_err());
        proptest::prop_assert!(gateway().become_of(&part(), &body).is_err());
    }
}

//! Every message of `tests/vectors/dvcqg-platform.json`: its hash is ours, and what we would send is what it is.

use crate::checkout::tests::order;
use crate::receipt_info::tests::{bill, item};
use crate::signature;
use crate::tests::platform;
use domain::Vnd;
use domain::codes::OrderRef;
use domain::obligation::ObligationKind;
use domain::payment::News;
use provider::{Order, Question, Request, Webhook};
use serde_json::Value;

const REFERENCE: &str = "dvcH3817261124000120261124093015";

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn check_hash(kind: &str, message: &Value, names: &[&str]) {
    let ours = signature::text(names, |name| text(&message[name]));
    assert_eq!(platform().keys.sign(&ours), text(&message["MaXacThuc"]), "{kind}");
    assert!(platform().keys.verify(&ours, text(&message["MaXacThuc"])), "{kind}");
}

/// The order that the vectors' INIT tells of, as a portal would have registered it.
fn check_init(message: &Value) {
    check_hash("init", message, signature::INIT);
    let order = Order {
        order_ref: OrderRef::new(REFERENCE).expect("code"),
        description: text(&message["ThongTinGiaoDich"]).to_owned(),
        bill: Some(bill(vec![item(ObligationKind::Fee, 200_000)])),
        ordered_at: "2026-11-24T02:30:15Z".parse().expect("instant"),
        ..order("LC1", 200_000)
    };
    let mut expected = message.clone();
    // ours has no field for the payer's province alone
    expected["ThongTinBienLai"]["TinhNguoiNop"] = "".into();
    assert_eq!(Value::Object(platform().order(&order).expect("a message")), expected);
}

fn check_question(kind: &str, message: &Value) {
    check_hash(kind, message, signature::QUERY);
    let ordered_at = "2026-11-24T02:30:15Z".parse().expect("instant");
    let order_ref = OrderRef::new(REFERENCE).expect("code");
    let question = Question { order_ref, amount: Vnd::new(200_000), ordered_at, now: ordered_at };
    assert_eq!(Value::Object(platform().question(text(&message["LoaiBanTin"]), &question)), *message, "{kind}");
}

fn check_confirm(message: &Value) {
    check_hash("confirm", message, signature::CONFIRM);
    let body = message.to_string();
    let request = Request { method: "POST", query: "", headers: &[], body: body.as_bytes() };
    let report = platform().verify(&request).expect("a report");
    assert_eq!(report.order_ref.as_str(), REFERENCE);
    assert!(matches!(report.news, News::Captured(capture) if capture.amount == Vnd::new(200_000)));
}

#[test]
fn every_message_of_the_vectors_is_ours() {
    let file: Value = serde_json::from_str(include_str!("../tests/vectors/dvcqg-platform.json")).expect("JSON");
    let mut ran = 0;
    for (kind, message) in file.as_object().expect("an object") {
        match kind.as_str() {
            "init" => check_init(message),
            "query" | "get_bill" => check_question(kind, message),
            "confirm" => check_confirm(message),
            "init_response_envelope" => assert!(message["error_code"] == "0" && message["message"].is_string()),
            "query_status" => {
                let words: Vec<&str> = message.as_object().expect("an object").keys().map(String::as_str).collect();
                assert_eq!(words, ["1", "3", "4"]);
            }
            "success_code" => assert_eq!(message, crate::wire::GOOD),
            "about" | "secret" => continue,
            other => panic!("a message of unknown kind: {other}"),
        }
        ran += 1;
    }
    assert_eq!(ran, 7);
}

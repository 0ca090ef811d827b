use super::*;
use crate::api::tests::{at, ok, with_status};
use domain::Vnd;
use domain::codes::OrderRef;
use serde_json::{Value, json};

pub fn question() -> Question {
    Question {
        order_ref: OrderRef::new("LC1").expect("code"),
        amount: Vnd::new(50_000),
        ordered_at: "2026-11-24T02:30:15Z".parse().expect("instant"),
        now: "2026-11-24T03:00:00Z".parse().expect("instant"),
    }
}

fn said(more: Value) -> Value {
    let mut answer = json!({
        "LoaiBanTin": "QUERY", "MaLoi": "00", "MoTaLoi": "", "MaDoiTac": "LAOCAI", "MaThamChieu": "LC1",
        "ThoiGianGD": "20261124093112", "SoTien": 50_000, "MaTienTe": "VND", "MaGiaoDich": "FT26328000001",
        "MaNganHang": "VCB", "TrangThaiGD": "1",
    });
    answer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    answer
}

async fn asked(more: Value) -> Result<Told, ProviderError> {
    let (platform, _) = at(move |_| Some(ok(&said(more.clone())))).await;
    platform.ask(&question()).await
}

#[tokio::test]
async fn an_answer_is_a_report_with_its_bytes_and_the_question_has_the_time_of_the_order() {
    let (platform, asked) = at(|_| Some(ok(&said(json!({}))))).await;
    let told = platform.ask(&question()).await.expect("an answer");
    let expected = Capture {
        provider_txn_id: "FT26328000001".to_owned(),
        bank_txn_id: None,
        amount: Vnd::new(50_000),
        paid_at: "2026-11-24T02:31:12Z".parse().ok(),
    };
    assert_eq!(told.report.news, News::Captured(expected));
    assert_eq!(told.report.source_key, "FT26328000001:1");
    assert_eq!(told.evidence, said(json!({})).to_string().into_bytes());
    let asked = asked.lock().expect("lock");
    assert!(asked[0].0.starts_with("POST /query HTTP/1.1\r\n"));
    let body = &asked[0].1;
    assert_eq!((&body["LoaiBanTin"], &body["ThoiGianGD"]), (&json!("QUERY"), &json!("20261124093015")));
    let text = signature::text(signature::QUERY, |name| body[name].as_str().unwrap_or_default());
    assert!(platform.keys.verify(&text, body["MaXacThuc"].as_str().expect("a hash")));
}

#[tokio::test]
async fn each_state_has_its_news_and_an_unknown_one_is_pending() {
    for (state, news) in [
        (json!("4"), News::Failed { code: "4".to_owned() }),
        (json!(4), News::Failed { code: "4".to_owned() }),
        (json!("3"), News::Pending),
        (json!("0"), News::Pending),
        (json!("2"), News::Pending),
        (json!("paid"), News::Pending),
    ] {
        let told = asked(json!({"TrangThaiGD": state, "MaGiaoDich": ""})).await.expect("an answer");
        assert_eq!(told.report.news, news, "{state}");
    }
}

#[tokio::test]
async fn another_code_than_the_good_one_concludes_nothing() {
    for code in ["01", "02", "99", "0"] {
        assert!(matches!(asked(json!({"MaLoi": code})).await, Err(ProviderError::Refused(_))), "{code}");
    }
}

#[tokio::test]
async fn an_answer_about_something_else_or_nothing_is_malformed() {
    for more in [
        json!({"MaThamChieu": "LC2"}),
        json!({"MaThamChieu": ""}),
        json!({"MaDoiTac": "OTHER"}),
        json!({"MaLoi": null}),
        json!({"TrangThaiGD": null}),
        json!({"SoTien": 0}),
        json!({"SoTien": "50000.0"}),
        json!({"SoTien": null}),
        json!({"MaGiaoDich": ""}),
        json!({"MaGiaoDich": "a b"}),
        json!({"MaTienTe": "USD"}),
    ] {
        assert!(matches!(asked(more.clone()).await, Err(ProviderError::Malformed(_))), "{more}");
    }
    let (platform, _) = at(|_| Some(ok(&json!("paid")))).await;
    assert!(matches!(platform.ask(&question()).await, Err(ProviderError::Malformed(_))));
    let (platform, _) = at(|_| Some(with_status("404 Not Found", &json!({})))).await;
    assert!(matches!(platform.ask(&question()).await, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn a_time_that_is_none_is_left_out_and_the_money_counts() {
    let told = asked(json!({"ThoiGianGD": "24/11/2026", "SoTien": "3200000000"})).await.expect("an answer");
    let News::Captured(capture) = told.report.news else { panic!("paid") };
    assert_eq!((capture.amount, capture.paid_at), (Vnd::new(3_200_000_000), None));
}

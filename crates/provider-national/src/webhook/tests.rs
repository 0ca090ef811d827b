use super::*;
use crate::settings::tests::settings;
use crate::signature::Keys;
use crate::tests::{http, platform};
use crate::{Platform, Settings};
use domain::Vnd;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The call of the vectors, without its hash.
fn call() -> Value {
    json!({
        "LoaiBanTin": "CONFIRM", "MaLoi": "00", "MaDoiTac": "LAOCAI", "MaThamChieu": "LC7K2M9QX4T1", "SoTien": "200000",
        "MaTienTe": "VND", "MaGiaoDich": "FT26328000001", "MaNganHang": "VCB", "ThoiGianGD": "20261124093112",
        "ThongTinGiaoDich": "THANH TOAN HO SO H38.17-261124-0001",
    })
}

fn with(changes: Value) -> Value {
    let mut call = call();
    call.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    call
}

fn signed_by(keys: &Keys, mut call: Value) -> String {
    let texts: Vec<String> = signature::CONFIRM
        .iter()
        .map(|name| match &call[*name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        })
        .collect();
    call["MaXacThuc"] = keys.sign(&texts.join("|")).into();
    call.to_string()
}

fn signed(call: Value) -> String {
    signed_by(&platform().keys, call)
}

fn request(body: &str) -> Request<'_> {
    Request { method: "POST", query: "", headers: &[], body: body.as_bytes() }
}

fn verify(body: &str) -> Result<Report, Refusal> {
    platform().verify(&request(body))
}

#[test]
fn a_valid_call_is_captured() {
    let told = verify(&signed(call())).expect("valid");
    assert_eq!((told.source_key.as_str(), told.order_ref.as_str()), ("FT26328000001:00", "LC7K2M9QX4T1"));
    let expected = Capture {
        provider_txn_id: "FT26328000001".to_owned(),
        bank_txn_id: None,
        amount: Vnd::new(200_000),
        paid_at: "2026-11-24T02:31:12Z".parse().ok(),
    };
    assert_eq!(told.news, News::Captured(expected));
    let number = verify(&signed(with(json!({"SoTien": 200_000})))).expect("a sum may be a number");
    assert_eq!(number, told);
}

#[test]
fn no_changed_byte_of_a_valid_call_says_something_else() {
    let valid = signed(call());
    let expected = verify(&valid);
    let mut tried = 0;
    for at in 0..valid.len() {
        for bit in [1, 2, 4, 32] {
            let mut bytes = valid.clone().into_bytes();
            bytes[at] ^= bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let verdict = verify(&changed);
            assert!(verdict == expected || matches!(verdict, Err(Refusal::Forged(_))), "{changed} gave {verdict:?}");
            tried += 1;
        }
        assert!(matches!(verify(&valid[..at]), Err(Refusal::Forged(_))));
    }
    assert!(tried > 1_000, "only {tried} tried");
}

#[test]
fn another_code_than_the_good_one_concludes_nothing() {
    for code in ["01", "99", "0", "000", "24", "x"] {
        let told = verify(&signed(with(json!({"MaLoi": code, "MaGiaoDich": ""})))).expect("readable");
        assert_eq!((told.news, told.source_key), (News::Pending, format!("LC7K2M9QX4T1:{code}")));
    }
}

#[test]
fn what_is_signed_for_another_or_could_be_cut_up_otherwise_is_forged() {
    assert_eq!(verify(&signed(with(json!({"MaDoiTac": "OTHER"})))), Err(Refusal::Forged("partner")));
    // one bar moved: the same text is hashed
    let moved = with(json!({"MaNganHang": "VCB|20261124093112", "ThoiGianGD": "THANH TOAN", "ThongTinGiaoDich": ""}));
    assert_eq!(verify(&signed(moved)), Err(Refusal::Forged("a value that reads like two")));
    let twice = signed(call()).replacen('{', r#"{"SoTien":"1","#, 1);
    assert!(matches!(verify(&twice), Err(Refusal::Forged(_))));
    let list = signed(call()).replacen("\"200000\"", "[\"200000\"]", 1);
    assert_eq!(verify(&list), Err(Refusal::Forged("a field of another kind")));
    assert_eq!(verify(&call().to_string()), Err(Refusal::Forged("no hash")));
    for method in ["GET", "post", "PUT", ""] {
        let body = signed(call());
        let request = Request { method, query: "", headers: &[], body: body.as_bytes() };
        assert_eq!(platform().verify(&request), Err(Refusal::Forged("method")));
    }
}

#[test]
fn our_own_order_sent_back_is_no_confirmation() {
    let order = crate::checkout::tests::order("LC1", 50_000);
    let sent_back = Value::Object(platform().order(&order).expect("a message")).to_string();
    assert_eq!(verify(&sent_back), Err(Refusal::Forged("hash")));
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for changes in [
        json!({"LoaiBanTin": "QUERY"}),
        json!({"LoaiBanTin": ""}),
        json!({"MaLoi": ""}),
        json!({"MaThamChieu": ""}),
        json!({"SoTien": ""}),
        json!({"SoTien": "0"}),
        json!({"SoTien": "-1"}),
        json!({"SoTien": "0200000"}),
        json!({"SoTien": "200000.0"}),
        json!({"MaTienTe": "USD"}),
        json!({"MaTienTe": ""}),
        json!({"MaGiaoDich": ""}),
        json!({"MaGiaoDich": "a b"}),
    ] {
        let verdict = verify(&signed(with(changes.clone())));
        assert!(matches!(verdict, Err(Refusal::Unreadable(_))), "{changes}: {verdict:?}");
    }
}

#[test]
fn money_of_a_foreign_order_or_without_a_time_is_reported_all_the_same() {
    let told = verify(&signed(with(json!({"MaThamChieu": "đơn/5", "ThoiGianGD": "09:31"})))).expect("readable");
    let News::Captured(capture) = told.news else { panic!("captured") };
    assert_eq!((told.order_ref.as_str(), capture.paid_at), ("__n_5", None));
}

#[test]
fn while_the_secret_is_changed_both_are_accepted() {
    let next = Settings { secret_key: "NEWSECRET".into(), ..settings() };
    let changing = Settings { secret_key_next: Some("NEWSECRET".into()), ..settings() };
    let changing = Platform::new(changing, http()).expect("good settings");
    for body in [signed(call()), signed_by(&Keys::new(&next), call())] {
        assert!(changing.verify(&request(&body)).is_ok());
    }
}

#[test]
fn each_outcome_is_acknowledged_with_the_calls_own_words_unless_it_is_not_believed() {
    use Acknowledgement::*;
    let body = signed(call());
    let hash = serde_json::from_str::<Value>(&body).expect("JSON")["MaXacThuc"].clone();
    let good = json!({
        "MaLoi": "00", "MoTaLoi": "Thành công", "MaDoiTac": "LAOCAI", "MaThamChieu": "LC7K2M9QX4T1",
        "ThoiGianGD": "20261124093112", "MaXacThuc": hash,
    });
    for outcome in [Recorded, Known, AmountDiffers, UnknownOrder] {
        let answer = platform().answer(&request(&body), outcome);
        assert_eq!((answer.status, serde_json::from_str::<Value>(&answer.body).ok()), (200, Some(good.clone())));
    }
    for (outcome, status) in [(Forged, 200), (Unavailable, 503)] {
        let answer = platform().answer(&request(&body), outcome);
        assert_eq!(answer.status, status);
        assert!(answer.body.contains(r#""MaLoi":"99""#) && !answer.body.contains("LC7K2M9QX4T1"), "{}", answer.body);
    }
    assert_eq!(platform().answer(&request("x"), Forged), platform().acknowledge(Forged));
}

proptest! {
    #[test]
    fn whatever_comes_verify_never_panics(body in any::<Vec<u8>>(), method in "GET|POST|.{0,4}") {
        let request = Request { method: &method, query: "", headers: &[], body: &body };
        prop_assert!(platform().verify(&request).is_err());
        let _ = platform().answer(&request, Acknowledgement::Recorded);
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics_and_is_never_called_unsigned(
        amount in any::<String>(), order in any::<String>(), code in "[0-9]{0,5}|.{0,3}", number in "[A-Z0-9]{0,21}|.{0,4}",
        time in "[0-9]{10,20}|.{0,4}", info in any::<String>(),
    ) {
        let changed = with(json!({
            "SoTien": amount, "MaThamChieu": order, "MaLoi": code, "MaGiaoDich": number, "ThoiGianGD": time, "ThongTinGiaoDich": info,
        }));
        prop_assert_ne!(verify(&signed(changed)), Err(Refusal::Forged("hash")));
    }
}

use super::*;
use crate::settings::tests::settings;
use crate::signature::Keys;
use crate::tests::{gateway, http};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;

const FIELDS: [(&str, &str); 11] = [
    ("vnp_Amount", "18060000"),
    ("vnp_BankCode", "NCB"),
    ("vnp_BankTranNo", "VNP14226112"),
    ("vnp_CardType", "ATM"),
    ("vnp_OrderInfo", "Thanh toan: ho so 1"),
    ("vnp_PayDate", "20260105093412"),
    ("vnp_ResponseCode", "00"),
    ("vnp_TmnCode", "LAOCAI01"),
    ("vnp_TransactionNo", "14226112"),
    ("vnp_TransactionStatus", "00"),
    ("vnp_TxnRef", "LC0001"),
];

const FORGED_HASH: Result<Report, Refusal> = Err(Refusal::Forged("hash"));

fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = FIELDS.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes.iter().copied()).collect()
}

fn signed(fields: &[(&str, &str)]) -> String {
    let text = signature::form(fields.iter().copied());
    format!("{text}&vnp_SecureHash={}", gateway().keys.sign(&text))
}

fn verify(query: &str) -> Result<Report, Refusal> {
    gateway().verify(&Request { method: "GET", query, headers: &[], body: &[] })
}

fn news_of(response_code: &'static str, status: &'static str) -> News {
    let fields = with(&[("vnp_ResponseCode", response_code), ("vnp_TransactionStatus", status)]);
    verify(&signed(&fields)).expect("signed and readable").news
}

fn unreadable(changes: &[(&'static str, &'static str)]) -> bool {
    matches!(verify(&signed(&with(changes))), Err(Refusal::Unreadable(_)))
}

#[test]
fn a_valid_call_is_captured() {
    let report = verify(&signed(&FIELDS)).expect("valid");
    assert_eq!((report.source_key.as_str(), report.order_ref.as_str()), ("14226112:00/00", "LC0001"));
    let expected = Capture {
        provider_txn_id: "14226112".to_owned(),
        bank_txn_id: Some("VNP14226112".to_owned()),
        amount: Vnd::new(180_600),
        paid_at: Some("2026-01-05T02:34:12Z".parse().expect("instant")),
    };
    assert_eq!(report.news, News::Captured(expected));
}

/// A corpus of changes to one valid call; returns how many were tried.
fn none_verifies(changed: impl IntoIterator<Item = String>) -> usize {
    let mut tried = 0;
    for query in changed {
        let verdict = verify(&query);
        assert!(matches!(verdict, Err(Refusal::Forged(_))), "{query} gave {verdict:?}");
        tried += 1;
    }
    tried
}

fn flipped(valid: &str) -> impl Iterator<Item = String> {
    (0..valid.len()).map(|at| {
        let mut bytes = valid.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).expect("ASCII stays ASCII")
    })
}

/// Letters change case, except in hex digits (of the hash and of percent forms), where case means nothing.
fn case_changed(valid: &str) -> impl Iterator<Item = String> {
    let hash_at = valid.find("&vnp_SecureHash=").expect("a hash") + "&vnp_SecureHash=".len();
    let letters = (0..valid.len()).filter(move |&at| valid.as_bytes()[at].is_ascii_alphabetic() && at < hash_at);
    letters.filter(|&at| at == 0 || !valid[at.saturating_sub(2)..at].contains('%')).map(|at| {
        let mut bytes = valid.as_bytes().to_vec();
        bytes[at] ^= 0x20;
        String::from_utf8(bytes).expect("ASCII stays ASCII")
    })
}

fn cut_short(valid: &str) -> impl Iterator<Item = String> {
    (0..valid.len()).map(|at| valid[..at].to_owned())
}

fn dropped_and_duplicated(valid: &str) -> Vec<String> {
    let pairs: Vec<_> = valid.split('&').collect();
    let without = |at: usize| [&pairs[..at], &pairs[at + 1..]].concat().join("&");
    let dropped = (0..pairs.len()).map(without);
    let doubled = pairs.iter().map(|pair| format!("{valid}&{pair}"));
    let overlaid = pairs.iter().map(|pair| format!("{}=1&{valid}", pair.split('=').next().expect("a name")));
    dropped.chain(doubled).chain(overlaid).collect()
}

fn added(valid: &str) -> [String; 5] {
    [
        format!("{valid}&vnp_Extra=1"),
        format!("vnp_A=1&{valid}"),
        format!("{valid}&vnp_%41mount=1"),
        format!("{valid}&vnp%5FAmount=1"),
        format!("{valid}&vnp_SecureHash="),
    ]
}

/// Right in form, wrong in key, algorithm or text.
fn signed_otherwise() -> Vec<String> {
    let text = signature::form(FIELDS);
    let key = "LAOCAIVNPAYTESTSECRET0123456789A";
    let raw = FIELDS.map(|(name, value)| format!("{name}={value}")).join("&");
    let mut sha256 = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any length");
    sha256.update(text.as_bytes());
    let sha256 = hex::encode(sha256.finalize().into_bytes());
    let ours = &gateway().keys;
    let others = |secret: &str| Keys::new(secret.into(), None).sign(&text);
    [
        sha256.clone(),
        format!("{sha256}{sha256}"),
        others("ANOTHERSECRET"),
        others(&key.to_lowercase()),
        others(" "),
        ours.sign(&raw),
        ours.sign(""),
        ours.sign(&format!("{text}&")),
        ours.sign(&format!("{text}&vnp_SecureHash=")),
        "0".repeat(128),
        String::new(),
    ]
    .map(|hash| format!("{text}&vnp_SecureHash={hash}"))
    .into()
}

#[test]
fn no_change_of_a_valid_call_verifies() {
    let valid = signed(&FIELDS);
    let mut tried = none_verifies(flipped(&valid));
    tried += none_verifies(case_changed(&valid));
    tried += none_verifies(cut_short(&valid));
    tried += none_verifies(dropped_and_duplicated(&valid));
    tried += none_verifies(added(&valid));
    tried += none_verifies(signed_otherwise());
    assert!(tried >= 200, "only {tried} tried");
}

#[test]
fn what_means_the_same_still_verifies() {
    let valid = signed(&FIELDS);
    let expected = verify(&valid);
    assert!(expected.is_ok());
    let mut pairs: Vec<_> = valid.split('&').collect();
    pairs.reverse();
    let hash_at = valid.len() - 128;
    let (head, hash) = valid.split_at(hash_at);
    for same in [
        pairs.join("&"),
        format!("{head}{}", hash.to_uppercase()),
        valid.replace("%3A", "%3a"),
        valid.replace('+', "%20"),
        format!("{valid}&vnp_SecureHashType=HMACSHA512"),
        format!("{valid}&vnp_Extra="),
        format!("order_id=1&{valid}&order_id=2&lang=vi"),
        format!("&&{valid}&"),
    ] {
        assert_eq!(verify(&same), expected, "{same}");
    }
    for at in 0..pairs.len() {
        pairs.rotate_left(at);
        assert_eq!(verify(&pairs.join("&")), expected);
    }
}

#[test]
fn a_sender_that_encodes_and_signs_otherwise_is_understood() {
    for info in ["Thanh%20toan%3A%20ho%20so%201", "Thanh+toan:+ho+so+1", "Thanh+toan%3a+ho+so+1", "%54hanh+toan"] {
        let text = signature::form(FIELDS).replace("Thanh+toan%3A+ho+so+1", info);
        let query = format!("vnp_SecureHash={}&{text}", gateway().keys.sign(&text));
        assert!(verify(&query).is_ok(), "{query}");
        assert_eq!(verify(&query.replace("18060000", "18060100")), FORGED_HASH);
    }
}

#[test]
fn another_terminal_another_method_and_our_own_link_are_forged() {
    let other = with(&[("vnp_TmnCode", "LAOCAI02")]);
    assert_eq!(verify(&signed(&other)), Err(Refusal::Forged("terminal")));
    let none = with(&[("vnp_TmnCode", "")]);
    assert_eq!(verify(&signed(&none)), Err(Refusal::Forged("terminal")));
    let query = signed(&FIELDS);
    for method in ["POST", "get", "HEAD", ""] {
        let request = Request { method, query: &query, headers: &[], body: query.as_bytes() };
        assert_eq!(gateway().verify(&request), Err(Refusal::Forged("method")));
    }
    let link = signed(&[("vnp_Command", "pay"), ("vnp_TmnCode", "LAOCAI01"), ("vnp_TxnRef", "LC0001")]);
    assert_eq!(verify(&link), Err(Refusal::Forged("our own pay link")));
    assert_eq!(verify(""), Err(Refusal::Forged("no hash")));
}

#[test]
fn during_rotation_both_secrets_are_accepted() {
    let rotating = crate::Settings { hash_secret_next: Some("NEWSECRET".into()), ..settings() };
    let rotating = Gateway::new(rotating, http()).expect("good settings");
    let text = signature::form(FIELDS);
    for keys in [Keys::new("NEWSECRET".into(), None), Keys::new(settings().hash_secret, None)] {
        let query = format!("{text}&vnp_SecureHash={}", keys.sign(&text));
        assert!(rotating.verify(&Request { method: "GET", query: &query, headers: &[], body: &[] }).is_ok());
    }
}

#[test]
fn codes_are_read_with_and_and_contradictions_conclude_nothing() {
    let unclear = |code: &str| News::Unclear { code: code.to_owned() };
    assert!(matches!(news_of("00", "00"), News::Captured(_)));
    for (rc, ts, code) in [
        ("07", "07", "07/07"),
        ("07", "00", "07/00"),
        ("00", "07", "00/07"),
        ("24", "04", "24/04"),
        ("00", "04", "00/04"),
        ("00", "02", "00/02"),
        ("00", "05", "00/05"),
        ("24", "00", "24/00"),
        ("99", "06", "99/06"),
    ] {
        assert_eq!(news_of(rc, ts), unclear(code));
    }
    for rc in ["09", "10", "11", "12", "13", "24", "51", "65", "75", "79", "99", "88"] {
        assert_eq!(news_of(rc, "02"), News::Failed { code: rc.to_owned() });
    }
    assert_eq!(news_of("00", "01"), News::Pending);
    assert_eq!(news_of("99", "01"), News::Pending);
    assert_eq!(news_of("24", "33"), News::Pending);
}

#[test]
fn signed_but_ill_fields_are_unreadable() {
    for ill in ["", "0", "-18060000", "18060001", "1000000000000", "abc", "180600.00"] {
        assert!(unreadable(&[("vnp_Amount", ill)]), "{ill}");
    }
    for name in ["vnp_TxnRef", "vnp_ResponseCode", "vnp_TransactionStatus"] {
        assert!(unreadable(&[(name, "")]), "{name}");
    }
    for ill in ["0", "000", "aa", "٠٠"] {
        assert!(unreadable(&[("vnp_ResponseCode", ill)]) && unreadable(&[("vnp_TransactionStatus", ill)]), "{ill}");
    }
    for ill in ["2026", "20261305093412", "now"] {
        assert!(unreadable(&[("vnp_PayDate", ill)]), "{ill}");
    }
    for ill in ["", "0", "000", "x1", "1234567890123456"] {
        assert!(unreadable(&[("vnp_TransactionNo", ill)]), "{ill}");
    }
}

#[test]
fn the_banks_number_is_read_where_it_is_told_and_an_ill_formed_one_refuses_no_money() {
    for (text, read) in [("FT26/330.1-2", Some("FT26/330.1-2")), ("", None), ("<b>", None), ("9 9", None)] {
        let report = verify(&signed(&with(&[("vnp_BankTranNo", text)]))).expect("readable");
        let News::Captured(capture) = report.news else { panic!("{text}") };
        assert_eq!(capture.bank_txn_id.as_deref(), read, "{text}");
    }
}

#[test]
fn the_provider_need_not_state_a_time() {
    let report = verify(&signed(&with(&[("vnp_PayDate", "")]))).expect("readable");
    assert!(matches!(report.news, News::Captured(Capture { paid_at: None, .. })));
}

#[test]
fn money_of_a_foreign_order_is_reported_all_the_same() {
    let report = verify(&signed(&with(&[("vnp_TxnRef", "đơn/5")]))).expect("readable");
    assert_eq!(report.order_ref.as_str(), "__n_5");
    assert!(matches!(report.news, News::Captured(_)));
}

#[test]
fn a_call_without_a_transaction_is_keyed_by_its_order() {
    let fields = with(&[("vnp_TransactionNo", "0"), ("vnp_ResponseCode", "24"), ("vnp_TransactionStatus", "02")]);
    assert_eq!(verify(&signed(&fields)).map(|r| r.source_key).as_deref(), Ok("LC0001:0:24/02"));
}

#[test]
fn each_outcome_is_acknowledged_in_vnpays_words() {
    let said = |outcome| {
        let Answer { status, content_type, body } = gateway().acknowledge(outcome);
        assert_eq!((status, content_type), (200, "application/json"));
        let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(read.as_object().map(|o| o.len()), Some(2));
        assert!(read["Message"].is_string());
        read["RspCode"].as_str().expect("a text").to_owned()
    };
    use Acknowledgement::*;
    let codes = [Recorded, UnknownOrder, Known, AmountDiffers, Forged, Unavailable].map(said);
    assert_eq!(codes, ["00", "01", "02", "04", "97", "99"]);
    assert_eq!(gateway().acknowledge(Known).body, r#"{"RspCode":"02","Message":"Order already confirmed"}"#);
}

proptest! {
    #[test]
    fn whatever_comes_verify_never_panics(query in any::<String>(), body in any::<Vec<u8>>(), method in "GET|POST|.{0,4}") {
        let request = Request { method: &method, query: &query, headers: &[], body: &body };
        prop_assert!(gateway().verify(&request).is_err());
    }

    #[test]
    fn whatever_is_rightly_signed_never_panics(
        amount in any::<String>(), txn_ref in any::<String>(), code in "[0-9]{0,3}", status in "[0-9]{0,3}",
        number in "[0-9]{0,17}|.{0,4}", date in "[0-9]{12,15}|.{0,4}",
    ) {
        let query = signed(&[
            ("vnp_Amount", &amount), ("vnp_TxnRef", &txn_ref), ("vnp_ResponseCode", &code),
            ("vnp_TransactionStatus", &status), ("vnp_TransactionNo", &number), ("vnp_PayDate", &date),
            ("vnp_TmnCode", "LAOCAI01"),
        ]);
        prop_assert!(!matches!(verify(&query), Err(Refusal::Forged(_))));
    }

    #[test]
    fn no_other_hash_verifies(hash in "[0-9a-f]{128}") {
        let query = format!("{}&vnp_SecureHash={hash}", signature::form(FIELDS));
        prop_assert_eq!(verify(&query), FORGED_HASH);
    }
}

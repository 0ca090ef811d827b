//! The national platform's call and its answers to a question, hashed here by the code bases and not by the adapter.

use crate::changes::changed;
use crate::host::{Host, PerThread};
use crate::wallets::{is_amount, profile, stands_alone, text, verify};
use domain::Vnd;
use domain::codes::OrderRef;
use domain::payment::News;
use jiff::Timestamp;
use provider::{Provider, Question, Refusal};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const PARTNER: &str = "LAOCAI";
const SECRET: &str = "national-secret";

/// What a call's hash covers, in this order, before the secret.
const SIGNED: [&str; 10] = [
    "LoaiBanTin",
    "MaLoi",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "MaTienTe",
    "MaGiaoDich",
    "MaNganHang",
    "ThoiGianGD",
    "ThongTinGiaoDich",
];

static PLATFORM: LazyLock<Provider> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    platform("https://pay.example.vn", provider::http::client().expect("a client"))
});

fn platform(url: &str, http: reqwest::Client) -> Provider {
    let settings = json!({
        "init_url": url, "query_url": url, "partner_code": PARTNER, "secret_key": SECRET, "bank_codes": ["970436:VCB"],
    });
    let settings = serde_json::from_value(settings).expect("settings");
    provider_national::provider(profile(), Vec::new(), settings, http).expect("a provider")
}

/// The first byte says whether the rest is the body as it is, or becomes one that the platform hashed.
pub fn webhook(bytes: &[u8]) -> bool {
    let Some((how, rest)) = bytes.split_first() else { return false };
    let Ok(raw) = std::str::from_utf8(rest) else { return false };
    let signed = (how % 2 == 1).then(|| signed_by_platform(raw)).flatten();
    let body = signed.as_deref().unwrap_or(raw);
    let verdict = verify(&PLATFORM, body);
    if signed.is_some() {
        let refused = matches!(&verdict, Err(Refusal::Forged("hash" | "no hash" | "method" | "partner")));
        assert!(!refused, "{body}: rightly hashed, and refused: {verdict:?}");
    }
    if matches!(verdict, Err(Refusal::Forged(_))) {
        return false;
    }
    let sent: Map<String, Value> = serde_json::from_str(body).expect("it was read");
    let value = |name: &str| text(sent.get(name));
    assert!(SIGNED.iter().all(|name| !value(name).contains('|')), "{body}: cut up in two ways, and believed");
    if let Ok(report) = &verdict {
        assert_eq!(value("LoaiBanTin"), "CONFIRM", "{body}");
        assert_eq!(matches!(report.news, News::Captured(_)), value("MaLoi") == "00", "{body}");
        assert!(
            matches!(report.news, News::Captured(_) | News::Pending),
            "{body}: no code says that nothing will come"
        );
        if let News::Captured(capture) = &report.news {
            assert!(is_amount(capture, &value("SoTien")), "{body}");
            assert_eq!((capture.provider_txn_id.as_str(), value("MaTienTe").as_str()), (&*value("MaGiaoDich"), "VND"));
        }
        let order = OrderRef::new(value("MaThamChieu"));
        assert!(order.map_or(true, |order| order == report.order_ref), "{body}");
    }
    stands_alone(&PLATFORM, body, &verdict);
    verdict.is_ok()
}

fn signed_by_platform(raw: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(raw).ok()?;
    fields.insert("MaDoiTac".to_owned(), PARTNER.into());
    let values = SIGNED.map(|name| text(fields.get(name)));
    let hash = hex::encode(Sha256::digest(format!("{}|{SECRET}", values.join("|"))));
    fields.insert("MaXacThuc".to_owned(), hash.into());
    Some(Value::Object(fields).to_string())
}

thread_local! {
    static STATUS: PerThread<Provider> = const { PerThread::new() };
}

/// The bytes are the platform's answer to a question.
pub fn status(bytes: &[u8]) -> bool {
    STATUS.with(|slot| {
        slot.with(|host| platform(&host.url, host.http.clone()), |host, provider| answered(host, provider, bytes))
    })
}

fn answered(host: &Host, provider: &Provider, body: &[u8]) -> bool {
    let at = Timestamp::UNIX_EPOCH;
    let order_ref = OrderRef::new("LT7K2M9QX4T1").expect("a code");
    let question = Question { order_ref, amount: Vnd::new(40_000), ordered_at: at, now: at };
    let status = provider.status.as_ref().expect("the platform is asked");
    let ask = |body: &[u8]| host.answering(body, status.ask(&question));
    let Ok(told) = ask(body) else { return false };
    assert_eq!((&told.evidence[..], &told.report.order_ref), (body, &question.order_ref));
    let sent: Map<String, Value> = serde_json::from_slice(body).expect("it was read");
    let value = |name: &str| text(sent.get(name)).trim().to_owned();
    assert_eq!((value("MaLoi").as_str(), value("MaThamChieu").as_str()), ("00", question.order_ref.as_str()));
    assert_eq!(matches!(told.report.news, News::Captured(_)), value("TrangThaiGD") == "1");
    assert_eq!(matches!(told.report.news, News::Failed { .. }), value("TrangThaiGD") == "4");
    if let News::Captured(capture) = &told.report.news {
        assert!(is_amount(capture, &value("SoTien")));
        assert_eq!(capture.provider_txn_id, value("MaGiaoDich"));
    }
    // not signed: what is changed may say something else, and never breaks
    for other in changed(body).take(8) {
        let _ = ask(&other);
    }
    true
}

use super::*;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use provider::{Before, Held, HeldSecrets};
use sha2::{Digest, Sha256};

const SECRET: &str = "MMBILLTESTSECRET0001";
const KEY: &str = "MMBILLTESTAPIKEY0001";
const CALL: &str = "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a001";
const PAY: &str = "accounts/accountid/H38.17-261124-0001/bills/HD01/payments";
const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn settings(change: &[(&str, Value)]) -> Settings {
    let mut all = object!({"client_id": "wallet", "client_secret": SECRET, "api_key": KEY});
    for (name, value) in change {
        all[*name] = value.clone();
    }
    serde_json::from_value(all).expect("settings")
}

fn wallet(settings: Settings) -> Wallet {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = provider::http::client().expect("a client");
    Wallet::new(ProfileCode::new("mm_bill").expect("a code"), settings, http).expect("a contract")
}

fn hear(wallet: &Wallet, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Asked {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let request = Request { method, query, headers: &headers, body: body.as_bytes() };
    wallet.hear(&BillCall { path, request, from: None }, NOW)
}

fn bearer(wallet: &Wallet) -> String {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("wallet:{SECRET}")));
    let asked = hear(wallet, "POST", "token", &[("authorization", &basic)], "grant_type=client_credentials");
    let Asked::Answered(answer, Heard::Answered) = asked else { panic!("{asked:?}") };
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    format!("Bearer {}", body["access_token"].as_str().expect("a token"))
}

/// Status and code of what was answered at once.
fn code(asked: &Asked) -> (u16, String) {
    let (Asked::Answered(answer, _) | Asked::Unreadable(answer, _)) = asked else { return (0, format!("{asked:?}")) };
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    (answer.status, body["errorCode"].as_str().unwrap_or_default().to_owned())
}

fn paid(wallet: &Wallet, body: &Value) -> Asked {
    let token = bearer(wallet);
    hear(
        wallet,
        "POST",
        PAY,
        &[("authorization", &token), ("x-api-key", KEY), ("x-correlationid", CALL)],
        &body.to_string(),
    )
}

#[test]
fn a_payment_is_known_by_its_own_number_or_by_its_calls() {
    let wallet = wallet(settings(&[]));
    let own =
        object!({"amountPaid": "21000.00", "currency": "VND", "requestingOrganisationTransactionReference": "MM1"});
    let Asked::Pay(payment) = paid(&wallet, &own) else { panic!() };
    assert_eq!((payment.transaction.as_str(), payment.call_id.as_deref()), ("MM1", Some(CALL)));
    assert_eq!((payment.customer_key.as_str(), payment.bill.as_str()), ("H38.17-261124-0001", "HD01"));
    assert_eq!(payment.amount.dong(), 21_000);
    let Asked::Pay(payment) = paid(&wallet, &object!({"amountPaid": "21000", "currency": "VND"})) else { panic!() };
    assert_eq!(payment.transaction, CALL);
    let token = bearer(&wallet);
    let nameless = hear(
        &wallet,
        "POST",
        PAY,
        &[("authorization", &token), ("x-api-key", KEY)],
        r#"{"amountPaid":"1","currency":"VND"}"#,
    );
    assert_eq!(code(&nameless), (400, "mandatoryValueNotSupplied".to_owned()));
}

#[test]
fn each_refusal_has_the_documents_code() {
    let wallet = wallet(settings(&[]));
    let with = |name: &str, value: Value| {
        let mut body = object!({"amountPaid": "21000", "currency": "VND"});
        body[name] = value;
        code(&paid(&wallet, &body))
    };
    let is = |status: u16, word: &str| (status, word.to_owned());
    assert_eq!(with("amountPaid", object!("5.30")), is(400, "formatError"));
    assert_eq!(with("amountPaid", object!(21_000)), is(400, "formatError"));
    assert_eq!(with("amountPaid", Value::Null), is(400, "mandatoryValueNotSupplied"));
    assert_eq!(with("currency", object!("GBP")), is(400, "currencyNotSupported"));
    assert_eq!(with("paymentType", object!("partialpayment")), is(400, "underPaymentNotAllowed"));
    assert_eq!(with("paymentType", object!("half")), is(400, "formatError"));
    let token = bearer(&wallet);
    let get = |path: &str| code(&hear(&wallet, "GET", path, &[("authorization", &token), ("x-api-key", KEY)], ""));
    assert_eq!(get("accounts/msisdn/+84912345678/bills"), is(404, "identifierError"));
    assert_eq!(get("accounts/accountid/%ff/bills"), is(404, "identifierError"));
    assert_eq!(get("accounts/accountid/A/bills?limit=x"), is(400, "invalidOffset"));
    assert_eq!(get("accounts/accountid/A/bills?offset=1&offset=2"), is(400, "invalidOffset"));
    assert_eq!(get("requeststates/1"), is(404, "identifierError"));
    for headers in [
        vec![],
        vec![("authorization", token.as_str())],
        vec![("x-api-key", KEY)],
        vec![("authorization", token.as_str()), ("x-api-key", "MMBILLTESTAPIKEY0002")],
    ] {
        let asked = hear(&wallet, "GET", "heartbeat", &headers, "");
        assert_eq!(code(&asked), is(401, "clientAuthorisationError"));
        assert!(matches!(asked, Asked::Answered(_, Heard::Forged)));
    }
}

#[test]
fn a_body_that_is_not_the_one_that_was_hashed_is_refused() {
    let wallet = wallet(settings(&[]));
    let token = bearer(&wallet);
    let body = r#"{"amountPaid":"21000","currency":"VND"}"#;
    let told = |hash: &str| {
        let headers = [
            ("authorization", token.as_str()),
            ("x-api-key", KEY),
            ("x-correlationid", CALL),
            ("x-content-hash", hash),
        ];
        hear(&wallet, "POST", PAY, &headers, body)
    };
    assert!(matches!(told(&hex::encode(Sha256::digest(body))), Asked::Pay(_)));
    assert_eq!(code(&told(&hex::encode(Sha256::digest("other")))), (400, "formatError".to_owned()));
    assert_eq!(code(&told("")), (400, "formatError".to_owned()));
}

#[test]
fn a_callback_is_promised_where_the_contract_has_a_place_for_it_and_nowhere_else() {
    let asks = |settings: Settings, url: &str| {
        let wallet = wallet(settings);
        let token = bearer(&wallet);
        let headers =
            [("authorization", token.as_str()), ("x-api-key", KEY), ("x-correlationid", CALL), ("x-callback-url", url)];
        let asked = hear(&wallet, "POST", PAY, &headers, r#"{"amountPaid":"21000","currency":"VND"}"#);
        let Asked::Pay(payment) = asked else { panic!("{asked:?}") };
        payment.callback
    };
    let place = ("callback_url", object!("https://mm.example/back"));
    let with = || settings(&[("answers", object!("when_asked")), place.clone()]);
    assert_eq!(asks(with(), "https://mm.example/back/1").as_deref(), Some("https://mm.example/back/1"));
    assert_eq!(asks(with(), "https://evil.example/back/1"), None);
    assert_eq!(asks(settings(&[("answers", object!("when_asked"))]), "https://mm.example/back/1"), None);
    // who hears the outcome at once is not called
    assert_eq!(asks(settings(&[place]), "https://mm.example/back/1"), None);
    let ill = settings(&[("answers", object!("when_asked")), ("callback_url", object!("mm.example"))]);
    assert_eq!(ill.check(), Err(SettingsError::Callback));
}

#[test]
fn while_a_key_changes_both_are_accepted_and_ill_settings_are_named() {
    let held = Held { name: "api_key".to_owned(), newest: "MMBILLTESTAPIKEY0002".into(), before: Before::Configured };
    let wallet = wallet(settings(&[]).holding(&[held]).expect("a known name"));
    let token = bearer(&wallet);
    for key in [KEY, "MMBILLTESTAPIKEY0002"] {
        let asked = hear(&wallet, "GET", "heartbeat", &[("authorization", &token), ("x-api-key", key)], "");
        assert_eq!(asked, Asked::Alive);
    }
    let ill = |name: &'static str, value: Value| settings(&[(name, value)]).check().expect_err(name);
    assert_eq!(ill("api_key", object!("short")), SettingsError::Secret("api_key"));
    assert_eq!(ill("client_secret", object!("")), SettingsError::Secret("client_secret"));
    assert_eq!(ill("day_ends_at", object!("noon")), SettingsError::DayEnd);
    assert!(!format!("{:?}", settings(&[])).contains(KEY));
}

//! File, then environment; what is refused, and how it is named.

use crate::{CANARY, least, scratch, with};
use motlan::config::{Channel, Config, ConfigError, Sources};
use secrecy::ExposeSecret;
use std::path::PathBuf;

fn load(env: Vec<(String, String)>) -> Result<Config, ConfigError> {
    Config::load(&Sources { env, ..Sources::default() })
}

fn load_file(name: &str, text: &str, env: Vec<(String, String)>) -> Result<Config, ConfigError> {
    let file = scratch(name);
    std::fs::write(&file, text).unwrap();
    Config::load(&Sources { file: Some(file), env, ..Sources::default() })
}

fn refused(result: Result<Config, ConfigError>) -> String {
    motlan::failed::chain(&result.expect_err("must be refused"))
}

#[test]
fn defaults_are_those_of_the_crates_that_use_them() {
    let config = load(least()).unwrap();
    assert_eq!(format!("{:?}", config.payments), format!("{:?}", payments::Settings::default()));
    assert_eq!(format!("{:?}", config.pool), format!("{:?}", storage::Settings::default()));
    assert_eq!((config.http.listen.as_str(), config.http.workers), ("127.0.0.1:8080", 2));
    assert_eq!(config.dossier.timeout_ms, 15_000);
    assert!(config.dossier.allow_http && config.dossier.allow_private, "a sandbox talks to simulators");
}

#[test]
fn the_environment_wins_over_the_file_and_an_empty_variable_is_none() {
    let file =
        "[http]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[delivery]\nschedule_s = [0, 7]\n[log]\nfilter = \"debug\"\n";
    let env = with(&[
        ("MOTLAN_HTTP__LISTEN", "127.0.0.1:2"),
        ("MOTLAN_LOG__FILTER", ""),
        ("MOTLAN_POLL__SCHEDULE_S", "1, 2,3"),
    ]);
    let config = load_file("order.toml", file, env).unwrap();
    assert_eq!((config.http.listen.as_str(), config.http.workers), ("127.0.0.1:2", 3));
    assert_eq!(config.payments.delivery.schedule_s, [0, 7]);
    assert_eq!(config.payments.poll.schedule_s, [1, 2, 3]);
    assert_eq!(config.log.filter, "debug");
}

#[test]
fn a_code_of_digits_keeps_its_zeros() {
    let config = load(least()).unwrap();
    let Channel::Vnpay(settings) = &config.profiles.first().unwrap().channel else { panic!("another channel") };
    assert_eq!(settings.tmn_code, "00000001");
    assert_eq!(settings.hash_secret.expose_secret(), CANARY);
}

#[test]
fn an_unknown_key_stops_the_start_by_name() {
    let said = refused(load(with(&[("MOTLAN_HTTP__LISTNE", "x")])));
    assert!(said.contains("http.listne") && said.contains("MOTLAN_HTTP__LISTNE"), "{said}");
    let said = refused(load_file("unknown.toml", "[intents]\nmin_expire = 2\n", least()));
    assert!(said.contains("intents.min_expire"), "{said}");
    let said = refused(load(with(&[("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECERT", "x")])));
    assert!(said.contains("profiles.vnpay_main.hash_secert"), "{said}");
    let said = refused(load_file("section.toml", "[profile.vnpay_main]\nchannel = \"vnpay\"\n", least()));
    assert!(said.contains("profile.vnpay_main"), "{said}");
}

#[test]
fn what_is_not_ours_to_read_is_left_alone() {
    load(with(&[("MOTLAN_CONFIG", "elsewhere.toml"), ("MOTLAN_TEST_POSTGRES", "x"), ("PATH", "/bin")])).unwrap();
    // in the contract, and without use yet
    load(with(&[("MOTLAN_REDIS__URL", "redis://127.0.0.1")])).unwrap();
}

#[test]
fn a_profile_that_is_not_whole_is_named_with_its_key() {
    for key in ["CHANNEL", "BENEFICIARIES", "PAY_URL", "API_URL", "TMN_CODE", "HASH_SECRET"] {
        let name = format!("MOTLAN_PROFILES__VNPAY_MAIN__{key}");
        let mut env = least();
        env.retain(|(n, _)| *n != name);
        let said = refused(load(env));
        assert!(said.contains(&name) && said.contains("not set"), "{said}");
    }
    let said = refused(load(with(&[("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", "short")])));
    assert!(said.contains("vnpay_main") && said.contains("tmn_code"), "{said}");
    let said = refused(load(with(&[("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "cash")])));
    assert!(said.contains("vnpay_main") && said.contains("cash"), "{said}");
}

#[test]
fn a_value_of_another_kind_is_named_with_its_key() {
    for (name, value) in [
        ("MOTLAN_HTTP__WORKERS", "many"),
        ("MOTLAN_HTTP__WORKERS", "-1"),
        ("MOTLAN_HTTP__WORKERS", "1.5"),
        ("MOTLAN_POLL__SCHEDULE_S", "1,soon"),
        ("MOTLAN_DOSSIER__ALLOW_HTTP", "perhaps"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__WINDOW_S", "long"),
        ("MOTLAN_POLL__LIST_EVERY_S", "-1"),
    ] {
        let said = refused(load(with(&[(name, value)])));
        assert!(said.contains(name), "{said}");
    }
    let said = refused(load_file("kind.toml", "[delivery]\nschedule_s = 5\n", least()));
    assert!(said.contains("delivery.schedule_s"), "{said}");
    assert!(refused(load(with(&[("MOTLAN_HTTP__WORKERS", "0")]))).contains("http.workers"));
    assert!(refused(load(with(&[("MOTLAN_POLL__LIST_EVERY_S", "0")]))).contains("poll.list_every_s"));
    for (name, key) in [("PER_INTENT", "per_intent"), ("PER_NUMBER", "per_number"), ("WITHIN_S", "within_s")] {
        let said = refused(load(with(&[(&format!("MOTLAN_PROMPTS__{name}"), "0")])));
        assert!(said.contains(&format!("prompts.{key}")), "{said}");
    }
    assert!(refused(load(with(&[("MOTLAN_MODE", "trial")]))).contains("mode"));
    assert!(refused(load(with(&[("MOTLAN_LOG__FORMAT", "xml")]))).contains("format"));
    let said = refused(load(with(&[("MOTLAN_KEYS__PII", CANARY)])));
    assert!(said.contains("keys.pii") && !said.contains(CANARY), "{said}");
}

#[test]
fn what_is_required_may_be_absent_until_it_is_needed() {
    let mut env = least();
    env.retain(|(name, _)| name != "MOTLAN_KEYS__PII");
    let config = load(env).unwrap();
    let said = motlan::failed::chain(&config.complete().expect_err("a gateway needs it"));
    assert!(said.contains("keys.pii") && said.contains("MOTLAN_KEYS__PII"), "{said}");
    assert!(config.secret("database.owner_url").is_ok());
}

/// What a deployment for real would say, with the example file under it.
fn production() -> Vec<(String, String)> {
    with(&[("MOTLAN_MODE", "production")])
}

#[test]
fn production_refuses_what_is_for_trials() {
    let mut env = production();
    for (name, value) in [
        ("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "2"),
        ("MOTLAN_HTTP__PUBLIC_URL", "http://pay.example.vn"),
        ("MOTLAN_DOSSIER__ALLOW_HTTP", "true"),
        ("MOTLAN_DOSSIER__ALLOW_PRIVATE", "true"),
        ("MOTLAN_OIDC__ISSUER", "http://id.example.vn"),
        ("MOTLAN_MAIL__HOST", "10.0.0.25"),
        ("MOTLAN_MAIL__TLS", "none"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", "http://127.0.0.1:9/pay"),
        ("MOTLAN_PROFILES__VIETQR_KB__CHANNEL", "vietqr"),
        ("MOTLAN_PROFILES__VIETQR_KB__BENEFICIARIES", "H38.17-KB"),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING", "sepay"),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_URL", "http://userapi-sandbox.sepay.vn"),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_TOKEN", CANARY),
        ("MOTLAN_PROFILES__VNPAY_TWO__CHANNEL", "vnpay"),
        ("MOTLAN_PROFILES__VNPAY_TWO__BENEFICIARIES", "H38.17-KB"),
        ("MOTLAN_PROFILES__VNPAY_TWO__PAY_URL", "https://0xA000001/pay"),
        ("MOTLAN_PROFILES__VNPAY_TWO__API_URL", "https://localhost./api"),
        ("MOTLAN_PROFILES__VNPAY_TWO__TMN_CODE", "LAOCAI02"),
        ("MOTLAN_PROFILES__VNPAY_TWO__HASH_SECRET", CANARY),
    ] {
        env.retain(|(n, _)| n != name);
        env.push((name.to_owned(), value.to_owned()));
    }
    let said = refused(load(env));
    for part in [
        "intents.min_expires_in_s",
        "http.public_url",
        "dossier.allow_http",
        "dossier.allow_private",
        "oidc.issuer is not an https address",
        "oidc.console_url is not an https address",
        "mail.tls is none",
        "mail.host is at an address that is not public (10.0.0.25)",
        "vnpay_main.pay_url is not an https address",
        "vnpay_main.pay_url is at a test host (127.0.0.1)",
        "vnpay_main.api_url is at a test host (sandbox.vnpayment.vn)",
        "vietqr_kb.listing_url is not an https address",
        "vietqr_kb.listing_url is at a test host (userapi-sandbox.sepay.vn)",
        "vnpay_main.pay_url is at an address that is not public (127.0.0.1)",
        "vnpay_two.pay_url is at an address that is not public (10.0.0.1)",
        "vnpay_two.api_url is at a test host (localhost)",
    ] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

#[test]
fn the_example_file_is_a_production_configuration_once_its_secrets_are_given() {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/motlan.example.toml"));
    let secrets = ["DATABASE__URL", "KEYS__PII", "KEYS__API", "PROFILES__VNPAY_MAIN__HASH_SECRET"];
    let mut env = least();
    env.retain(|(name, _)| secrets.iter().any(|secret| name.ends_with(secret)));
    let config = Config::load(&Sources { file: Some(file), env, ..Sources::default() }).unwrap();
    config.complete().unwrap();
    assert_eq!(config.mode, domain::mode::Mode::Production);
    assert!(!config.dossier.allow_http && !config.dossier.allow_private);
}

#[test]
fn nothing_shown_and_no_debug_holds_a_secret() {
    let config = load(with(&[
        ("MOTLAN_OIDC__CLIENT_SECRET", CANARY),
        ("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET_NEXT", CANARY),
        ("MOTLAN_PROFILES__VIETQR_KB__CHANNEL", "vietqr"),
        ("MOTLAN_PROFILES__VIETQR_KB__BENEFICIARIES", "H38.17-KB"),
        ("MOTLAN_PROFILES__VIETQR_KB__SEPAY_HMAC_SECRET", CANARY),
        ("MOTLAN_PROFILES__VIETQR_KB__CASSO_CHECKSUM_KEY", CANARY),
        ("MOTLAN_PROFILES__VIETQR_KB__PAYOS_CHECKSUM_KEY", CANARY),
    ]))
    .unwrap();
    let shown = serde_json::to_string(config.shown()).unwrap();
    assert!(!shown.contains(CANARY) && !shown.contains(HEX_PART), "{shown}");
    let debug = format!("{config:?}");
    assert!(!debug.contains(CANARY) && !debug.contains(HEX_PART), "{debug}");
    let value = |path: &str| config.shown().get(path).cloned().unwrap();
    assert_eq!(value("database.url"), "set");
    assert_eq!(value("profiles.vnpay_main.hash_secret_next"), "set");
    assert_eq!(value("profiles.vnpay_main.window_s"), 900);
    assert_eq!(value("profiles.vietqr_kb.sepay_hmac_secret"), "set");
    assert_eq!(value("profiles.vietqr_kb.listing_token"), "not set");
    assert_eq!(value("profiles.vietqr_kb.max_amount"), 499_999_999);
    assert_eq!(value("delivery.in_flight"), 32);
}

const HEX_PART: &str = "7465737474657374";

//! `docs/configuration.md` is the code's table, and the table is what the code reads.

use crate::with;
use motlan::config::table::{CHANNELS, EVERY_PROFILE, Fallback, KEYS, Kind, env_name, page};
use motlan::config::{Config, Sources};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

#[test]
fn the_page_in_the_docs_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(written == page(), "docs/configuration.md is not the table: run UPDATE_DOCS=1 cargo test -p motlan");
}

/// A value that each kind accepts; keys of a narrower form get their default or one of their own.
fn sample(path: &str, kind: Kind, default: Fallback) -> &'static str {
    match (path, default, kind) {
        ("keys.pii" | "keys.api", ..) => crate::HEX_KEY,
        ("http.trusted_proxies", ..) => "10.0.0.0/8",
        ("http.public_url", ..) => "http://127.0.0.1:1",
        ("mail.host", ..) => "mail.example.vn",
        ("mail.from", ..) => "bien-lai@example.vn",
        (_, Fallback::Is(text) | Fallback::ByMode(text, _), _) => text,
        (_, _, Kind::Number) => "5",
        (_, _, Kind::Switch) => "true",
        _ => "one",
    }
}

fn sample_of_profile(channel: &str, path: &str, kind: Kind, default: Fallback) -> &'static str {
    match path {
        "token_url" | "init_url" | "query_url" | "bill_url" | "callback_url" => "https://a.example/b",
        "bank_codes" => "970436:VCB",
        "client_secret"
        | "client_secret_next"
        | "checksum_secret"
        | "checksum_secret_next"
        | "api_key"
        | "api_key_next" => "sixteen-letters-3",
        "allowed_from" => "10.0.0.0/8",
        "callback_key" | "callback_key_next" => "sixteen-letters-2",
        "api_url" if channel != provider_vnpay::CHANNEL => "https://a.example",
        "pay_url" | "api_url" => "https://a.example/b",
        "tmn_code" => "LAOCAI01",
        "key2" | "key2_next" => "two",
        "listing" => "sepay",
        "listing_url" => "https://a.example",
        "virtual_account_prefix" => "VQR1",
        _ => sample(path, kind, default),
    }
}

/// A profile of the channel with this key, and with those without which the key is refused.
fn of_profile(channel: &str, key: &str, value: &str) -> Vec<(String, String)> {
    if channel == provider_vnpay::CHANNEL {
        return with(&[(&env_name(&format!("profiles.vnpay_main.{key}")), value)]);
    }
    let mut keys = vec![("channel", channel), ("beneficiaries", "H38.17-KB")];
    let (_, rows) = CHANNELS.iter().find(|(code, _)| *code == channel).unwrap();
    let needed = rows.iter().filter(|row| row.default == Fallback::Required);
    keys.extend(needed.map(|row| (row.path, sample_of_profile(channel, row.path, row.kind, row.default))));
    match key.strip_suffix("_next") {
        Some(current) if channel == provider_vietqr::CHANNEL => keys.push((current, "one")),
        Some("api_key") => keys.push(("api_key", "sixteen-letters-1")),
        Some("callback_key") => keys.push(("callback_key", "sixteen-letters-1")),
        Some(_) => {}
        None if key.starts_with("listing") => {
            keys.extend([("listing", "sepay"), ("listing_url", "https://a.example"), ("listing_token", "one")]);
        }
        None => {}
    }
    keys.retain(|(name, _)| *name != key);
    keys.push((key, value));
    let named: Vec<_> = keys.iter().map(|(name, v)| (env_name(&format!("profiles.other.{name}")), *v)).collect();
    with(&named.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>())
}

#[test]
fn every_key_of_the_table_is_read_from_the_environment() {
    for key in KEYS {
        let name = env_name(key.path);
        let env = with(&[(&name, sample(key.path, key.kind, key.default))]);
        if let Err(error) = Config::load(&Sources { env, ..Sources::default() }) {
            panic!("{name}: {}", motlan::failed::chain(&error));
        }
    }
    for (channel, keys) in CHANNELS {
        for key in *keys {
            let env = of_profile(channel, key.path, sample_of_profile(channel, key.path, key.kind, key.default));
            if let Err(error) = Config::load(&Sources { env, ..Sources::default() }) {
                panic!("{channel} {}: {}", key.path, motlan::failed::chain(&error));
            }
        }
    }
}

/// The field names of a settings struct, as serde lists them when it refuses an unknown one.
fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(r#"{"no such field": 1}"#).err().expect("an unknown field").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// A field that its crate adds without a row here would be a key that nobody can set.
#[test]
fn every_field_of_the_settings_has_its_row() {
    let rows = |section: &str| -> BTreeSet<String> {
        let prefix = format!("{section}.");
        KEYS.iter().filter_map(|k| k.path.strip_prefix(&prefix)).map(str::to_owned).collect()
    };
    assert_eq!(rows("intents"), fields::<payments::settings::Intents>());
    assert_eq!(rows("approvals"), fields::<payments::settings::Approvals>());
    assert_eq!(rows("poll"), fields::<payments::settings::Poll>());
    assert_eq!(rows("delivery"), fields::<payments::settings::Delivery>());
    assert_eq!(rows("dossier"), fields::<dossier::Settings>());
    let mut database = fields::<storage::Settings>();
    database.extend(["url".to_owned(), "owner_url".to_owned()]);
    assert_eq!(rows("database"), database);
    for (channel, keys) in CHANNELS {
        let rows: BTreeSet<String> = keys.iter().map(|k| k.path.to_owned()).collect();
        let known = match *channel {
            provider_mobile_money::CHANNEL => fields::<provider_mobile_money::Settings>(),
            // nothing is set of a terminal
            domain::counter::CHANNEL => BTreeSet::new(),
            provider_bills::bidv::CHANNEL => fields::<provider_bills::bidv::Settings>(),
            provider_bills::gsma::CHANNEL => fields::<provider_bills::gsma::Settings>(),
            provider_momo::CHANNEL => fields::<provider_momo::Settings>(),
            provider_national::CHANNEL => fields::<provider_national::Settings>(),
            provider_vietqr::CHANNEL => fields::<provider_vietqr::Settings>(),
            provider_vnpay::CHANNEL => fields::<provider_vnpay::Settings>(),
            provider_zalopay::CHANNEL => fields::<provider_zalopay::Settings>(),
            other => panic!("the settings of {other} are to be compared here"),
        };
        assert_eq!(rows, known, "{channel}");
        assert!(EVERY_PROFILE.iter().all(|k| !rows.contains(k.path)));
    }
}

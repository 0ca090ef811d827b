//! The effective configuration as people may see it: every key, secrets as "set" or "not set".

use super::table::{CHANNELS, EVERY_PROFILE, KEYS, Key, Kind};
use config::Config as Merged;
use serde_json::{Map, Value, json};

/// Path → value, for every key of the table and of each profile.
pub fn shown(merged: &Merged) -> Map<String, Value> {
    let mut all: Map<String, Value> = KEYS.iter().map(|k| (k.path.to_owned(), value(merged, k.path, k))).collect();
    let mut profiles: Vec<_> = merged.get_table("profiles").unwrap_or_default().into_keys().collect();
    profiles.sort();
    for profile in profiles {
        let channel = merged.get_string(&format!("profiles.{profile}.channel")).unwrap_or_default();
        let own = CHANNELS.iter().find(|(code, _)| *code == channel).map_or(&[][..], |(_, keys)| keys);
        for key in EVERY_PROFILE.iter().chain(own) {
            let path = format!("profiles.{profile}.{}", key.path);
            let shown = value(merged, &path, key);
            all.insert(path, shown);
        }
    }
    all
}

fn value(merged: &Merged, path: &str, key: &Key) -> Value {
    match key.kind {
        Kind::Secret => json!(if merged.get_string(path).is_ok_and(|s| !s.is_empty()) { "set" } else { "not set" }),
        Kind::Number => merged.get_int(path).map_or_else(|_| default(key), Value::from),
        Kind::Switch => merged.get_bool(path).map_or(Value::Null, Value::from),
        Kind::Numbers => merged.get::<Vec<i64>>(path).map_or(Value::Null, Value::from),
        Kind::List => merged.get::<Vec<String>>(path).map_or(Value::Null, Value::from),
        Kind::Text => merged.get_string(path).map_or_else(|_| default(key), Value::from),
    }
}

/// A profile's defaults are applied by its provider's crate, after merging.
fn default(key: &Key) -> Value {
    match (key.default, key.kind) {
        (super::table::Fallback::Is(text), Kind::Number) => text.parse::<i64>().map_or(Value::Null, Value::from),
        (super::table::Fallback::Is(text), _) => Value::from(text),
        _ => Value::Null,
    }
}

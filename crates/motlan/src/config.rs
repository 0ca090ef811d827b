//! The configuration: `motlan.toml`, then the environment. It refuses keys that it does not know, values of the wrong
//! kind, and in production what is right for trials only. What is missing is named where it is needed.

mod error;
mod production;
mod profile;
mod shown;
pub mod table;

pub use error::ConfigError;
pub use profile::{Channel, Profile};

use crate::proxies::Proxies;
use config::builder::DefaultState;
use config::{Config as Merged, ConfigBuilder, File, FileFormat, Value, ValueKind};
use domain::mode::Mode;
use mail::smtp::Tls;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use table::{KEYS, Kind};

/// Names in our corner of the environment that are no keys: the file's place, and what tests tell each other.
const NOT_KEYS: &[&str] = &["MOTLAN_CONFIG", "MOTLAN_TEST_", "MOTLAN_EMBEDDED_"];
const FILE: &str = "motlan.toml";
/// A sending must end well before its lease of 60 s does, or another worker sends the same event.
const MAX_DELIVERY_MS: u64 = 30_000;
/// What is retired is refused everywhere within a minute.
const LATEST_SECRETS_S: u64 = 60;
/// A week: a paper receipt of the old kind was no later.
const LATEST_CASE_S: i64 = 604_800;
/// A month.
const LONGEST_COOLING_OFF_H: i64 = 720;
/// A minute is what a payer is told; whoever was asked yesterday may be asked again.
const PROMPTS_WITHIN_S: std::ops::RangeInclusive<i64> = 60..=86_400;
/// A year.
const LONGEST_LOOK_S: i64 = 366 * 86_400;

#[derive(Debug, Clone, Deserialize)]
pub struct Http {
    pub listen: String,
    pub public_url: Option<String>,
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    pub workers: usize,
    pub max_body_bytes: usize,
    pub body_timeout_ms: u64,
    pub max_file_bytes: usize,
    pub file_timeout_ms: u64,
    pub calls_per_minute: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Listener {
    pub listen: String,
}

/// By way of whom people sign in besides.
#[derive(Debug, Clone, Deserialize)]
pub struct Oidc {
    pub issuer: Option<String>,
    pub name: String,
    pub client_id: Option<String>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub two_factors: Vec<String>,
    pub console_url: Option<String>,
}

/// By what server payers are told of their receipts.
#[derive(Debug, Clone)]
pub struct Mail {
    pub host: Option<String>,
    pub port: u16,
    pub tls: Tls,
    pub from: Option<String>,
    pub user: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

/// One deployment's settings, parsed. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    pub mode: Mode,
    pub http: Http,
    pub staff: Listener,
    pub ops: Listener,
    pub pool: storage::Settings,
    pub payments: payments::Settings,
    pub dossier: dossier::Settings,
    pub oidc: Oidc,
    pub mail: Mail,
    pub log: Log,
    pub otlp_endpoint: Option<String>,
    pub profiles: Vec<Profile>,
    secrets: BTreeMap<&'static str, SecretString>,
    shown: serde_json::Map<String, serde_json::Value>,
}

/// Where a configuration comes from; what comes later wins.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub file: Option<PathBuf>,
    /// What a command knows only when it runs: path and value.
    pub computed: Vec<(String, String)>,
    pub env: Vec<(String, String)>,
}

impl Sources {
    /// The file of `--config`, of `MOTLAN_CONFIG`, or the working directory's, and this process's environment.
    pub fn of_process(file: Option<&Path>) -> Self {
        // a name or value that is not UTF-8 is nobody's setting
        let env: Vec<_> =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let named = env.iter().find(|(name, value)| name == "MOTLAN_CONFIG" && !value.is_empty());
        let file = file.map(Path::to_owned).or_else(|| named.map(|(_, path)| PathBuf::from(path)));
        let file = file.or_else(|| Some(PathBuf::from(FILE)).filter(|path| path.exists()));
        Self { file, computed: Vec::new(), env }
    }
}

impl Config {
    /// # Errors
    /// The first key that is unknown or ill-formed, the first profile that is not whole, or all that production refuses.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let merged = merge(sources)?;
        let mut profiles = Vec::new();
        for (name, section) in merged.get_table("profiles").unwrap_or_default() {
            profiles.push(profile::read(&name, section)?);
        }
        profiles.sort_by(|a, b| a.code.cmp(&b.code));
        let secrets = KEYS.iter().filter(|k| k.kind == Kind::Secret);
        let secrets = secrets.filter_map(|k| Some((k.path, SecretString::from(merged.get_string(k.path).ok()?))));
        let config = Self {
            mode: mode(&merged)?,
            http: merged.get("http")?,
            staff: merged.get("staff")?,
            ops: merged.get("ops")?,
            pool: pool(&merged)?,
            payments: payments::Settings {
                intents: merged.get("intents")?,
                poll: merged.get("poll")?,
                prompts: merged.get("prompts")?,
                delivery: merged.get("delivery")?,
                approvals: merged.get("approvals")?,
                receipts: merged.get("receipts")?,
            },
            dossier: merged.get("dossier")?,
            oidc: merged.get("oidc")?,
            mail: mail(&merged)?,
            log: log(&merged)?,
            otlp_endpoint: merged.get_string("otlp.endpoint").ok(),
            profiles,
            secrets: secrets.collect(),
            shown: shown::shown(&merged),
        };
        config.check()
    }

    /// A secret by its path.
    ///
    /// # Errors
    /// When it is not set.
    pub fn secret(&self, path: &'static str) -> Result<&SecretString, ConfigError> {
        self.secrets.get(path).ok_or_else(|| ConfigError::missing(path))
    }

    /// The pepper of API keys: its own secret, or one derived from the key for personal data.
    ///
    /// # Errors
    /// When neither is set.
    pub fn api_key_pepper(&self) -> Result<SecretString, ConfigError> {
        if let Ok(own) = self.secret("keys.api") {
            return Ok(own.clone());
        }
        let text = format!("motlan api keys|{}", self.secret("keys.pii")?.expose_secret());
        Ok(SecretString::from(hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text))))
    }

    /// Path → value, without secrets.
    pub fn shown(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.shown
    }

    /// That everything is there which a gateway or a worker needs.
    ///
    /// # Errors
    /// The first key that is missing.
    pub fn complete(&self) -> Result<(), ConfigError> {
        let mut required = KEYS.iter().filter(|k| k.default == table::Fallback::Required);
        required.try_for_each(|k| self.secret(k.path).map(drop))
    }

    fn check(self) -> Result<Self, ConfigError> {
        for (path, value, least) in [
            ("http.workers", self.http.workers, 1),
            ("http.max_body_bytes", self.http.max_body_bytes, 1_024),
            ("database.max_connections", self.pool.max_connections, 2),
            ("delivery.in_flight", self.payments.delivery.in_flight, 1),
            ("receipts.mail_schedule_s", self.payments.receipts.mail_schedule_s.len(), 1),
            ("delivery.schedule_s", self.payments.delivery.schedule_s.len(), 1),
            ("poll.schedule_s", self.payments.poll.schedule_s.len(), 1),
            ("poll.list_every_s", usize::try_from(self.payments.poll.list_every_s).unwrap_or(0), 1),
            ("poll.list_idle_every_s", usize::try_from(self.payments.poll.list_idle_every_s).unwrap_or(0), 1),
            ("poll.sent_refund_every_s", usize::try_from(self.payments.poll.sent_refund_every_s).unwrap_or(0), 1),
            ("prompts.per_intent", usize::try_from(self.payments.prompts.per_intent).unwrap_or(0), 1),
            ("prompts.per_number", usize::try_from(self.payments.prompts.per_number).unwrap_or(0), 1),
        ] {
            if value < least {
                return Err(ConfigError::value(path, format_args!("at least {least}")));
            }
        }
        if !(0..=LONGEST_COOLING_OFF_H).contains(&self.payments.approvals.cooling_off_h) {
            return Err(ConfigError::value("approvals.cooling_off_h", format_args!("0 to {LONGEST_COOLING_OFF_H}")));
        }
        if !(1..=LATEST_SECRETS_S).contains(&self.payments.approvals.secrets_within_s) {
            return Err(ConfigError::value("approvals.secrets_within_s", format_args!("1 to {LATEST_SECRETS_S}")));
        }
        if !(1..=LATEST_CASE_S).contains(&self.payments.receipts.case_after_s) {
            return Err(ConfigError::value("receipts.case_after_s", format_args!("1 to {LATEST_CASE_S}")));
        }
        let poll = &self.payments.poll;
        if !(0..=LONGEST_LOOK_S).contains(&poll.sent_refund_for_s) || poll.sent_refund_every_s > LONGEST_LOOK_S {
            return Err(ConfigError::value("poll.sent_refund_for_s", format_args!("0 to {LONGEST_LOOK_S}")));
        }
        if !PROMPTS_WITHIN_S.contains(&self.payments.prompts.within_s) {
            let (least, most) = (PROMPTS_WITHIN_S.start(), PROMPTS_WITHIN_S.end());
            return Err(ConfigError::value("prompts.within_s", format_args!("{least} to {most}")));
        }
        if self.dossier.timeout_ms > MAX_DELIVERY_MS {
            return Err(ConfigError::value("dossier.timeout_ms", format_args!("at most {MAX_DELIVERY_MS}")));
        }
        if Proxies::read(&self.http.trusted_proxies).is_none() {
            return Err(ConfigError::value("http.trusted_proxies", "addresses or networks, as 10.0.0.0/8"));
        }
        for path in ["keys.pii", "keys.api"] {
            let hex = |s: &SecretString| s.expose_secret().len() == 64 && hex::decode(s.expose_secret()).is_ok();
            if !self.secrets.get(path).is_none_or(hex) {
                return Err(ConfigError::value(path, "64 hex digits (32 bytes)"));
            }
        }
        let broken = if self.mode == Mode::Production { production::broken_rules(&self) } else { Vec::new() };
        if broken.is_empty() { Ok(self) } else { Err(ConfigError::NotForProduction(broken)) }
    }
}

fn merge(sources: &Sources) -> Result<Merged, ConfigError> {
    let mut builder = Merged::builder();
    if let Some(path) = &sources.file {
        builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
    }
    for (path, text) in &sources.computed {
        builder = put(builder, path, text)?;
    }
    for (path, text) in sources.env.iter().filter_map(of_environment) {
        builder = put(builder, &path, text)?;
    }
    // the mode decides some defaults, so what is given is looked at first
    let given = builder.build_cloned().map_err(|e| unreadable(sources, e))?;
    let mode = mode(&given)?;
    for key in KEYS {
        if let Some(text) = key.default.text(mode) {
            builder = builder.set_default(key.path, value_of(key.kind, text))?;
        }
    }
    let merged = builder.build()?;
    let tree: BTreeMap<String, Value> = merged.clone().try_deserialize()?;
    tree.into_iter().try_for_each(|(name, value)| known(name, value))?;
    Ok(merged)
}

fn unreadable(sources: &Sources, error: config::ConfigError) -> ConfigError {
    match &sources.file {
        Some(path) => ConfigError::File { path: path.clone(), source: Box::new(error) },
        None => error.into(),
    }
}

/// Path and value of a variable that is ours and not empty.
fn of_environment((name, value): &(String, String)) -> Option<(String, &str)> {
    let ours = name.starts_with("MOTLAN_") && !NOT_KEYS.iter().any(|other| name.starts_with(other));
    if !ours || value.is_empty() {
        return None;
    }
    Some((name["MOTLAN_".len()..].to_lowercase().replace("__", "."), value))
}

fn put(
    builder: ConfigBuilder<DefaultState>,
    path: &str,
    text: &str,
) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
    let key = table::find(path).ok_or_else(|| ConfigError::Unknown { path: path.to_owned() })?;
    Ok(builder.set_override(path, value_of(key.kind, text))?)
}

/// A number stays text here and is read where it is used: a code of digits keeps its zeros.
fn value_of(kind: Kind, text: &str) -> ValueKind {
    match kind {
        Kind::List | Kind::Numbers => ValueKind::Array(
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| Value::new(None, part)).collect(),
        ),
        _ => ValueKind::from(text),
    }
}

fn known(path: String, value: Value) -> Result<(), ConfigError> {
    match value.kind {
        // an empty section says nothing
        ValueKind::Table(table) if table::find(&path).is_none() => {
            table.into_iter().try_for_each(|(name, value)| known(format!("{path}.{name}"), value))
        }
        kind => match table::find(&path) {
            Some(key) => fits(key.kind, &kind).map_err(|reason| ConfigError::value(&path, reason)),
            None => Err(ConfigError::Unknown { path }),
        },
    }
}

/// Refused here, where the key is still known by name; the `config` crate would also round what is not whole.
fn fits(kind: Kind, value: &ValueKind) -> Result<(), &'static str> {
    let number = |value: &ValueKind| match value {
        ValueKind::I64(number) => *number >= 0,
        ValueKind::String(text) => text.parse::<i64>().is_ok_and(|number| number >= 0),
        _ => false,
    };
    let list = matches!(value, ValueKind::Array(_));
    match (kind, value) {
        (Kind::Number, value) if !number(value) => Err("a whole number, not negative"),
        (Kind::Numbers, ValueKind::Array(all)) if !all.iter().all(|one| number(&one.kind)) => {
            Err("whole numbers, none negative")
        }
        (Kind::Switch, ValueKind::Boolean(_)) => Ok(()),
        (Kind::Switch, ValueKind::String(text)) if matches!(text.as_str(), "true" | "false") => Ok(()),
        (Kind::Switch, _) => Err("true or false"),
        (Kind::List | Kind::Numbers, _) if !list => Err("a list"),
        (Kind::Text | Kind::Secret, ValueKind::Array(_) | ValueKind::Table(_)) => Err("one text"),
        _ => Ok(()),
    }
}

fn mode(merged: &Merged) -> Result<Mode, ConfigError> {
    let word = merged.get_string("mode").unwrap_or_else(|_| Mode::Sandbox.to_string());
    word.parse().map_err(|_| ConfigError::value("mode", "sandbox or production"))
}

fn mail(merged: &Merged) -> Result<Mail, ConfigError> {
    let tls = match merged.get_string("mail.tls")?.as_str() {
        "required" => Tls::Required,
        "starttls" => Tls::StartTls,
        "none" => Tls::None,
        _ => return Err(ConfigError::value("mail.tls", "required, starttls or none")),
    };
    let port = merged.get_string("mail.port")?.parse::<u16>().ok().filter(|port| *port > 0);
    let text = |path| merged.get_string(path).ok();
    Ok(Mail {
        host: text("mail.host"),
        port: port.ok_or_else(|| ConfigError::value("mail.port", "1 to 65535"))?,
        tls,
        from: text("mail.from"),
        user: text("mail.user"),
    })
}

fn log(merged: &Merged) -> Result<Log, ConfigError> {
    let format = match merged.get_string("log.format")?.as_str() {
        "json" => LogFormat::Json,
        "text" => LogFormat::Text,
        _ => return Err(ConfigError::value("log.format", "json or text")),
    };
    Ok(Log { filter: merged.get_string("log.filter")?, format })
}

fn pool(merged: &Merged) -> Result<storage::Settings, ConfigError> {
    let mut section = merged.get_table("database")?;
    section.retain(|name, _| !matches!(name.as_str(), "url" | "owner_url"));
    Ok(Value::new(None, ValueKind::Table(section)).try_deserialize()?)
}

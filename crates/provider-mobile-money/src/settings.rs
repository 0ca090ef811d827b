//! What the configuration says of one contract. Unknown keys and ill-formed values stop the start.

use crate::limits::{BadLimit, Limits};
use provider::{Credential, HeldSecrets, Need, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Every host is a setting: the document names a sandbox only, each provider has its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The base of all paths, e.g. `https://host/v1.2/mm`.
    pub api_url: String,
    /// Where an access token is asked for (OAuth2 client credentials).
    pub token_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// A second secret that is tried where the provider no longer knows the first.
    #[serde(default)]
    pub client_secret_next: Option<SecretString>,
    /// `X-API-Key`, where the contract has one.
    #[serde(default)]
    pub api_key: Option<SecretString>,
    /// What the provider calls our account: key and value of `creditParty`.
    #[serde(default = "default_party_key")]
    pub credit_party_key: String,
    pub credit_party: String,
    /// Makes the addresses of callbacks ours alone. Absent: no callback is asked for.
    #[serde(default)]
    pub callback_key: Option<SecretString>,
    /// A second key that is accepted on input while it is being changed; never used for a new address.
    #[serde(default)]
    pub callback_key_next: Option<SecretString>,
    /// Whether payers are asked for the code that their application makes.
    #[serde(default)]
    pub one_time_code: Codes,
    /// Per customer, provider and month, as dated rules: `2026-01-01:100000000`, `2021-03-09/2025-12-31:10000000`.
    #[serde(default = "default_limits")]
    pub monthly_limits: Vec<String>,
    /// The further limit for listed essentials, in the same form.
    #[serde(default = "default_essential_limits")]
    pub essential_limits: Vec<String>,
    #[serde(default)]
    pub counts_as: CountsAs,
    /// How long a payer may take.
    #[serde(default = "default_window_s")]
    pub window_s: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codes {
    Never,
    #[default]
    Optional,
    Required,
}

impl Codes {
    pub const fn need(self) -> Need {
        match self {
            Self::Never => Need::Never,
            Self::Optional => Need::Optional,
            Self::Required => Need::Required,
        }
    }
}

/// Which of the two monthly limits a payment to this contract is counted to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsAs {
    #[default]
    Ordinary,
    Essential,
}

/// Which setting is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is an http or https address without query and fragment")]
    Address(&'static str),
    #[error("{0} is printable ASCII and not empty")]
    Text(&'static str),
    #[error("callback_key is at least {KEY_MIN} printable ASCII characters, callback_key_next too, and only beside it")]
    CallbackKey,
    #[error("{0}")]
    Limit(#[from] BadLimit),
    #[error("window_s is from {min} to {max} seconds", min = WINDOW_S.start(), max = WINDOW_S.end())]
    Window,
}

/// Below half a minute nobody finds the phone; a payer who took longer than an hour has left.
const WINDOW_S: std::ops::RangeInclusive<u64> = 30..=3_600;
/// Shorter ones can be tried out.
const KEY_MIN: usize = 16;

/// What the provider and we share, each under the name of its setting. Callbacks show us a key of our own making.
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "client_secret", meaning: "with it an access token is asked for", proves: false },
    Credential { name: "api_key", meaning: "`X-API-Key`, where the contract has one", proves: false },
    Credential { name: "callback_key", meaning: "makes the addresses of callbacks ours alone", proves: true },
];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "client_secret" => Slot::Given(&mut self.client_secret, None),
            "api_key" => Slot::Maybe(&mut self.api_key, None),
            "callback_key" => Slot::Maybe(&mut self.callback_key, Some(&mut self.callback_key_next)),
            _ => return None,
        })
    }
}

impl Settings {
    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (name, url) in [("api_url", &self.api_url), ("token_url", &self.token_url)] {
            if !is_address(url) {
                return Err(SettingsError::Address(name));
            }
        }
        let texts = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
            ("client_secret_next", exposed(self.client_secret_next.as_ref())),
            ("api_key", exposed(self.api_key.as_ref())),
            ("credit_party_key", &self.credit_party_key),
            ("credit_party", &self.credit_party),
        ];
        // RFC 6749, section 2.3.1: a colon would end the client's id in the Basic header
        if let Some((name, _)) =
            texts.iter().find(|(name, text)| !is_token(text) || (*name == "client_id" && text.contains(':')))
        {
            return Err(SettingsError::Text(name));
        }
        let key = |key: &SecretString| key.expose_secret().len() >= KEY_MIN && is_token(key.expose_secret());
        let next_alone = self.callback_key.is_none() && self.callback_key_next.is_some();
        if next_alone || !self.callback_key.iter().chain(&self.callback_key_next).all(key) {
            return Err(SettingsError::CallbackKey);
        }
        self.limits()?;
        if WINDOW_S.contains(&self.window_s) { Ok(()) } else { Err(SettingsError::Window) }
    }

    /// The dated rules that hold for this contract.
    ///
    /// # Errors
    /// When an entry is ill-formed, or two hold on one day.
    pub fn limits(&self) -> Result<Limits, SettingsError> {
        let ordinary = Limits::read(&self.monthly_limits)?;
        let essential = Limits::read(&self.essential_limits)?;
        Ok(match self.counts_as {
            CountsAs::Ordinary => ordinary,
            CountsAs::Essential => essential,
        })
    }
}

/// An absent setting is as good as any.
fn exposed(secret: Option<&SecretString>) -> &str {
    secret.map_or("absent", |s| s.expose_secret())
}

fn default_party_key() -> String {
    "organisationid".to_owned()
}

/// Decision 316/QĐ-TTg (the pilot), then Decree 368/2025/NĐ-CP, Article 15 (GSMA 1.2, section 4.7).
fn default_limits() -> Vec<String> {
    vec!["2021-03-09/2025-12-31:10000000".to_owned(), "2026-01-01:100000000".to_owned()]
}

/// The Decree's second limit, for listed essentials.
fn default_essential_limits() -> Vec<String> {
    vec!["2026-01-01:100000000".to_owned()]
}

fn default_window_s() -> u64 {
    300
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.fragment().is_none()
    })
}

/// A blank in it is a slip of copying.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn settings() -> Settings {
        serde_json::from_value(serde_json::json!({
            "api_url": "https://mm.example/v1.2/mm", "token_url": "https://mm.example/token", "client_id": "laocai",
            "client_secret": "CLIENTTESTSECRET", "credit_party": "LAOCAI-DVC", "callback_key": "CALLBACKTESTKEY01",
        }))
        .expect("the least settings")
    }

    #[test]
    fn good_settings_pass_and_each_ill_one_is_named() {
        assert_eq!(settings().check(), Ok(()));
        let ill = |change: fn(&mut Settings)| {
            let mut changed = settings();
            change(&mut changed);
            changed.check().expect_err("an ill setting")
        };
        assert_eq!(ill(|s| s.api_url = "mm.example".into()), SettingsError::Address("api_url"));
        assert_eq!(ill(|s| s.token_url.push_str("?a=b")), SettingsError::Address("token_url"));
        assert_eq!(ill(|s| s.client_id = "a:b".into()), SettingsError::Text("client_id"));
        assert_eq!(ill(|s| s.client_secret = "".into()), SettingsError::Text("client_secret"));
        assert_eq!(ill(|s| s.client_secret_next = Some(" ".into())), SettingsError::Text("client_secret_next"));
        assert_eq!(ill(|s| s.credit_party.clear()), SettingsError::Text("credit_party"));
        assert_eq!(ill(|s| s.callback_key = Some("short".into())), SettingsError::CallbackKey);
        let alone = |s: &mut Settings| {
            s.callback_key_next = s.callback_key.take();
        };
        assert_eq!(ill(alone), SettingsError::CallbackKey);
        assert_eq!(ill(|s| s.monthly_limits = vec!["2026:1".into()]), BadLimit::Form("2026:1".into()).into());
        assert_eq!(ill(|s| s.window_s = 5), SettingsError::Window);
    }

    #[test]
    fn a_secret_of_the_books_is_used_and_the_one_before_is_accepted_where_a_callback_shows_it() {
        let whole = || Settings {
            client_secret_next: Some("CLIENTNEXT".into()),
            api_key: Some("APIKEY".into()),
            callback_key_next: Some("CALLBACKTESTKEY02".into()),
            ..settings()
        };
        let texts = |settings: Settings, name: &str| -> Vec<String> {
            settings.secrets(name).iter().map(|s| s.expose_secret().to_owned()).collect()
        };
        for credential in CREDENTIALS {
            let held = provider::Held {
                name: credential.name.to_owned(),
                newest: "THENEWESTTESTKEY1".into(),
                before: provider::Before::Configured,
            };
            let before = texts(whole(), credential.name);
            let after = whole().holding(&[held]).expect("a known name");
            assert_eq!(after.check(), Ok(()));
            let next = after.client_secret_next.as_ref().map(ExposeSecret::expose_secret);
            assert_eq!(next, Some("CLIENTNEXT"), "the configuration's, whatever the books hold");
            let kept = credential.proves.then(|| before[0].clone());
            let expected: Vec<String> = std::iter::once("THENEWESTTESTKEY1".to_owned()).chain(kept).collect();
            assert_eq!(texts(after, credential.name), expected, "{}", credential.name);
        }
        let other =
            provider::Held { name: "other".to_owned(), newest: "NEW".into(), before: provider::Before::Nothing };
        assert_eq!(settings().holding(&[other]).map(drop), Err(provider::NoSuchSecret));
        assert!(settings().secrets("other").is_empty() && settings().secrets("api_key").is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused_and_debug_shows_no_secret() {
        let text = r#"{"api_url": "https://a.example", "clinet_id": "slip"}"#;
        assert!(serde_json::from_str::<Settings>(text).is_err());
        let shown = format!("{:?}", settings());
        assert!(!shown.contains("TESTSECRET") && !shown.contains("TESTKEY"), "{shown}");
    }
}

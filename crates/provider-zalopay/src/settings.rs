//! What the configuration says of one contract with ZaloPay. Unknown keys and ill-formed values stop the start.

use provider::{Credential, HeldSecrets, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The host is a setting: that of production comes with the contract (ZaloPay v2, section 3.1).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The host of ZaloPay's API, without a path.
    pub api_url: String,
    pub app_id: u64,
    /// Signs what we send; never used to verify.
    pub key1: SecretString,
    /// Verifies what ZaloPay sends; never used to sign.
    pub key2: SecretString,
    /// A second key2 that is accepted while ZaloPay rotates.
    #[serde(default)]
    pub key2_next: Option<SecretString>,
    /// How long a payer may take (section 3.2, `expire_duration_seconds`).
    #[serde(default = "default_window_s")]
    pub window_s: u64,
}

/// Which setting is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("api_url is an http or https address without path, query and fragment")]
    ApiUrl,
    #[error("app_id is a number of 1 to 12 digits")]
    AppId,
    #[error("key1 is printable ASCII and not empty")]
    Key1,
    #[error("key2 is printable ASCII, not empty, and not key1")]
    Key2,
    #[error("key2_next, when given, is printable ASCII, not empty, and not key1")]
    Key2Next,
    #[error("window_s is from {min} to {max} seconds", min = WINDOW_S.start(), max = WINDOW_S.end())]
    Window,
}

/// `expire_duration_seconds` begins at 300 (section 3.2); a window above a day serves no payer.
const WINDOW_S: std::ops::RangeInclusive<u64> = 300..=86_400;

/// What ZaloPay and we share (ZaloPay v2, section 3.1).
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "key1", meaning: "signs what we send", proves: false },
    Credential { name: "key2", meaning: "verifies what ZaloPay sends", proves: true },
];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "key1" => Slot::Given(&mut self.key1, None),
            "key2" => Slot::Given(&mut self.key2, Some(&mut self.key2_next)),
            _ => return None,
        })
    }
}

impl Settings {
    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !is_host(&self.api_url) {
            return Err(SettingsError::ApiUrl);
        }
        // a refund's id holds it, with a day and 25 characters of ours, in 45 (section 3.5)
        if !(1..1_000_000_000_000).contains(&self.app_id) {
            return Err(SettingsError::AppId);
        }
        if !is_secret(&self.key1) {
            return Err(SettingsError::Key1);
        }
        // a merchant's own key that verified callbacks would let whoever signs for us also tell us of money
        let other = |key: &SecretString| is_secret(key) && key.expose_secret() != self.key1.expose_secret();
        if !other(&self.key2) {
            return Err(SettingsError::Key2);
        }
        if self.key2_next.as_ref().is_some_and(|next| !other(next)) {
            return Err(SettingsError::Key2Next);
        }
        if WINDOW_S.contains(&self.window_s) { Ok(()) } else { Err(SettingsError::Window) }
    }
}

const fn default_window_s() -> u64 {
    900
}

fn is_host(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
}

/// An empty key would make every mac easy to forge; a blank in it is a slip of copying.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// App and keys of `tests/vectors/zalopay.json`, which ZaloPay publishes.
    pub fn settings() -> Settings {
        Settings {
            api_url: "https://sb-openapi.zalopay.vn".into(),
            app_id: 2553,
            key1: "PcY4iZIKFCIdgZvA6ueMcMHHUbRLYjPL".into(),
            key2: "kLtgPl8HHhfvMuDHPwKfgfsY4Ydm9eIz".into(),
            key2_next: None,
            window_s: default_window_s(),
        }
    }

    #[test]
    fn good_settings_pass_and_each_ill_one_is_named() {
        assert_eq!(settings().check(), Ok(()));
        let ill = |change: fn(&mut Settings)| {
            let mut changed = settings();
            change(&mut changed);
            changed.check().expect_err("an ill setting")
        };
        for url in ["", "ftp://zalopay.vn", "https://openapi.zalopay.vn/v2", "https://openapi.zalopay.vn/?a=b"] {
            let changed = Settings { api_url: url.into(), ..settings() };
            assert_eq!(changed.check(), Err(SettingsError::ApiUrl), "{url}");
        }
        assert_eq!(ill(|s| s.app_id = 0), SettingsError::AppId);
        assert_eq!(ill(|s| s.app_id = 1_000_000_000_000), SettingsError::AppId);
        assert_eq!(ill(|s| s.key1 = "".into()), SettingsError::Key1);
        assert_eq!(ill(|s| s.key2 = " ".into()), SettingsError::Key2);
        assert_eq!(ill(|s| s.key2 = s.key1.clone()), SettingsError::Key2);
        assert_eq!(ill(|s| s.key2_next = Some("".into())), SettingsError::Key2Next);
        assert_eq!(ill(|s| s.key2_next = Some(s.key1.clone())), SettingsError::Key2Next);
        assert_eq!(ill(|s| s.window_s = 299), SettingsError::Window);
    }

    #[test]
    fn defaults_apply_and_unknown_keys_are_refused() {
        let mut text = serde_json::json!({"api_url": "https://a.example", "app_id": 1, "key1": "a", "key2": "b"});
        let read: Settings = serde_json::from_value(text.clone()).expect("the least settings");
        assert_eq!((read.window_s, read.check()), (900, Ok(())));
        text["key3"] = "slip".into();
        assert!(serde_json::from_value::<Settings>(text).is_err());
    }

    #[test]
    fn a_secret_of_the_books_signs_and_the_one_before_is_accepted_where_the_provider_proves_itself_with_it() {
        for credential in CREDENTIALS {
            let held = provider::Held {
                name: credential.name.to_owned(),
                newest: "NEW".into(),
                before: provider::Before::Configured,
            };
            let before = settings().secrets(credential.name);
            let after = settings().holding(&[held]).expect("a known name").secrets(credential.name);
            let texts: Vec<&str> = after.iter().map(ExposeSecret::expose_secret).collect();
            let kept = credential.proves.then(|| before[0].expose_secret());
            assert_eq!(texts, std::iter::once("NEW").chain(kept).collect::<Vec<_>>(), "{}", credential.name);
        }
        let other =
            provider::Held { name: "other".to_owned(), newest: "NEW".into(), before: provider::Before::Nothing };
        assert_eq!(settings().holding(&[other]).map(drop), Err(provider::NoSuchSecret));
        assert!(settings().secrets("other").is_empty());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", settings());
        assert!(!shown.contains("PcY4iZIK") && !shown.contains("kLtgPl8H"));
    }
}

//! What the configuration says of one contract with MoMo. Unknown keys and ill-formed values stop the start.

use provider::{Credential, HeldSecrets, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The host is a setting: that of production comes with the contract (MoMo AIO v2, section 2.1).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The host of MoMo's API, without a path.
    pub api_url: String,
    pub partner_code: String,
    /// Part of what is signed, never sent.
    pub access_key: SecretString,
    pub secret_key: SecretString,
    /// A second secret that is accepted on input while MoMo rotates; never used to sign.
    #[serde(default)]
    pub secret_key_next: Option<SecretString>,
    #[serde(default)]
    pub request_type: RequestType,
    /// Whether MoMo takes authorised money by itself; else it waits for our word (section 2.2, `autoCapture`).
    #[serde(default = "default_auto_capture")]
    pub auto_capture: bool,
    /// How long a payer may take; how long MoMo's page lives is not published (section 2.2).
    #[serde(default = "default_window_s")]
    pub window_s: u64,
}

/// Which of MoMo's pages the payer sees (section 2.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    /// The wallet only.
    #[default]
    #[serde(rename = "captureWallet")]
    CaptureWallet,
    /// A chooser of the wallet, cards and accounts.
    #[serde(rename = "payWithMethod")]
    PayWithMethod,
}

impl RequestType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaptureWallet => "captureWallet",
            Self::PayWithMethod => "payWithMethod",
        }
    }
}

/// Which setting is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("api_url is an http or https address without path, query and fragment")]
    ApiUrl,
    #[error("partner_code is 1 to 50 letters, digits, `_`, `-` and `.`")]
    PartnerCode,
    #[error("access_key is printable ASCII without `&` and not empty")]
    AccessKey,
    #[error("secret_key is printable ASCII and not empty")]
    SecretKey,
    #[error("secret_key_next, when given, is printable ASCII and not empty")]
    SecretKeyNext,
    #[error("window_s is from {min} to {max} seconds", min = WINDOW_S.start(), max = WINDOW_S.end())]
    Window,
}

/// A window below a minute serves nobody, one above a day no payer.
const WINDOW_S: std::ops::RangeInclusive<u64> = 60..=86_400;

/// What MoMo and we share (MoMo AIO v2, section 2.1).
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "access_key", meaning: "part of what is signed", proves: false },
    Credential { name: "secret_key", meaning: "signs requests and verifies what MoMo says", proves: true },
];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "access_key" => Slot::Given(&mut self.access_key, None),
            "secret_key" => Slot::Given(&mut self.secret_key, Some(&mut self.secret_key_next)),
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
        // MoMo AIO v2, section 2.2: partnerCode is "S50"; the alphabet keeps the signed text unambiguous.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if !(1..=50).contains(&self.partner_code.len()) || !self.partner_code.bytes().all(plain) {
            return Err(SettingsError::PartnerCode);
        }
        if !is_secret(&self.access_key) || self.access_key.expose_secret().contains('&') {
            return Err(SettingsError::AccessKey);
        }
        if !is_secret(&self.secret_key) {
            return Err(SettingsError::SecretKey);
        }
        if self.secret_key_next.as_ref().is_some_and(|next| !is_secret(next)) {
            return Err(SettingsError::SecretKeyNext);
        }
        if WINDOW_S.contains(&self.window_s) { Ok(()) } else { Err(SettingsError::Window) }
    }
}

const fn default_auto_capture() -> bool {
    true
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

/// An empty key would make every signature easy to forge; a blank in it is a slip of copying.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Partner and keys of `tests/vectors/momo.json`, which MoMo publishes.
    pub fn settings() -> Settings {
        Settings {
            api_url: "https://test-payment.momo.vn".into(),
            partner_code: "MOMO".into(),
            access_key: "F8BBA842ECF85".into(),
            secret_key: "K951B6PE1waDMi640xX08PD3vg6EkVlz".into(),
            secret_key_next: None,
            request_type: RequestType::default(),
            auto_capture: default_auto_capture(),
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
        for url in ["", "ftp://momo.vn", "https://payment.momo.vn/v2", "https://payment.momo.vn/?a=b", "/v2"] {
            let changed = Settings { api_url: url.into(), ..settings() };
            assert_eq!(changed.check(), Err(SettingsError::ApiUrl), "{url}");
        }
        assert_eq!(ill(|s| s.partner_code = String::new()), SettingsError::PartnerCode);
        assert_eq!(ill(|s| s.partner_code = "A&B".into()), SettingsError::PartnerCode);
        assert_eq!(ill(|s| s.access_key = "".into()), SettingsError::AccessKey);
        assert_eq!(ill(|s| s.access_key = "a&b".into()), SettingsError::AccessKey);
        assert_eq!(ill(|s| s.secret_key = " ".into()), SettingsError::SecretKey);
        assert_eq!(ill(|s| s.secret_key_next = Some("".into())), SettingsError::SecretKeyNext);
        assert_eq!(ill(|s| s.window_s = 0), SettingsError::Window);
    }

    #[test]
    fn defaults_apply_and_unknown_keys_and_pages_are_refused() {
        let mut text = serde_json::json!({
            "api_url": "https://a.example", "partner_code": "MOMO", "access_key": "a", "secret_key": "b",
        });
        let read: Settings = serde_json::from_value(text.clone()).expect("the least settings");
        assert_eq!((read.window_s, read.auto_capture, read.request_type), (900, true, RequestType::CaptureWallet));
        text["request_type"] = "payWithMethod".into();
        let read: Settings = serde_json::from_value(text.clone()).expect("settings");
        assert_eq!(read.request_type.as_str(), "payWithMethod");
        text["request_type"] = "linkWallet".into();
        assert!(serde_json::from_value::<Settings>(text.clone()).is_err());
        text["request_type"] = "captureWallet".into();
        text["secret_kye"] = "slip".into();
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
        assert!(!shown.contains("K951B6PE") && !shown.contains("F8BBA842"));
    }
}

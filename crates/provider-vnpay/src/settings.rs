//! What the configuration says of one contract with VNPAY. Unknown keys and ill-formed values stop the start.

use provider::{Credential, HeldSecrets, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};

/// Every host is a setting: those of production come with the contract (VNPAY 2.1.0, section 1.1).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The page that the payer's browser opens.
    pub pay_url: String,
    /// Where querydr and refund are posted.
    pub api_url: String,
    pub tmn_code: String,
    pub hash_secret: SecretString,
    /// A second secret that is accepted on input while VNPAY rotates; never used to sign.
    #[serde(default)]
    pub hash_secret_next: Option<SecretString>,
    /// Our own address as querydr and refund state it.
    #[serde(default = "default_server_ip")]
    pub server_ip: IpAddr,
    /// How long a payer may take; VNPAY's page closes after about 15 minutes (VNPAY 2.1.0, section 1.9).
    #[serde(default = "default_window_s")]
    pub window_s: u64,
}

/// Which setting is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("pay_url is an http or https address without query and fragment")]
    PayUrl,
    #[error("api_url is an http or https address without fragment")]
    ApiUrl,
    #[error("tmn_code is 8 letters and digits")]
    TmnCode,
    #[error("hash_secret is printable ASCII and not empty")]
    HashSecret,
    #[error("hash_secret_next, when given, is printable ASCII and not empty")]
    HashSecretNext,
    #[error("window_s is from {min} to {max} seconds", min = WINDOW_S.start(), max = WINDOW_S.end())]
    Window,
}

/// A window below a minute serves nobody; one above a day would outlive VNPAY's "unique per day" of `vnp_TxnRef`.
const WINDOW_S: std::ops::RangeInclusive<u64> = 60..=86_400;

/// What VNPAY and we share (VNPAY 2.1.0, section 1.1): one secret, by which each knows the other.
pub const CREDENTIALS: &[Credential] =
    &[Credential { name: "hash_secret", meaning: "signs requests and verifies what VNPAY says", proves: true }];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "hash_secret" => Slot::Given(&mut self.hash_secret, Some(&mut self.hash_secret_next)),
            _ => return None,
        })
    }
}

impl Settings {
    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        // The signed parameters become the whole query, so the page's address must not bring one.
        let pay_url = web_address(&self.pay_url).ok_or(SettingsError::PayUrl)?;
        if pay_url.query().is_some() {
            return Err(SettingsError::PayUrl);
        }
        web_address(&self.api_url).ok_or(SettingsError::ApiUrl)?;
        // VNPAY 2.1.0, section 1.2: vnp_TmnCode is "an 8".
        if self.tmn_code.len() != 8 || !self.tmn_code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(SettingsError::TmnCode);
        }
        if !is_secret(&self.hash_secret) {
            return Err(SettingsError::HashSecret);
        }
        if self.hash_secret_next.as_ref().is_some_and(|next| !is_secret(next)) {
            return Err(SettingsError::HashSecretNext);
        }
        if WINDOW_S.contains(&self.window_s) { Ok(()) } else { Err(SettingsError::Window) }
    }
}

fn default_server_ip() -> IpAddr {
    IpAddr::V4(Ipv4Addr::LOCALHOST)
}

fn default_window_s() -> u64 {
    900
}

fn web_address(text: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none();
    plain.then_some(url)
}

/// An empty key would make every signature easy to forge; a blank in it is a slip of copying.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Terminal and key of `tests/vectors/vnpay.json`.
    pub fn settings() -> Settings {
        Settings {
            pay_url: "https://sandbox.vnpayment.vn/paymentv2/vpcpay.html".into(),
            api_url: "https://sandbox.vnpayment.vn/merchant_webapi/api/transaction".into(),
            tmn_code: "LAOCAI01".into(),
            hash_secret: "LAOCAIVNPAYTESTSECRET0123456789A".into(),
            hash_secret_next: None,
            server_ip: default_server_ip(),
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
        assert_eq!(ill(|s| s.pay_url = String::new()), SettingsError::PayUrl);
        assert_eq!(ill(|s| s.pay_url = "ftp://vnpay.vn/".into()), SettingsError::PayUrl);
        assert_eq!(ill(|s| s.pay_url.push_str("?a=b")), SettingsError::PayUrl);
        assert_eq!(ill(|s| s.api_url = "/merchant_webapi".into()), SettingsError::ApiUrl);
        assert_eq!(ill(|s| s.tmn_code = "LAOCAI1".into()), SettingsError::TmnCode);
        assert_eq!(ill(|s| s.tmn_code = "LAOCAI-1".into()), SettingsError::TmnCode);
        assert_eq!(ill(|s| s.hash_secret = "".into()), SettingsError::HashSecret);
        assert_eq!(ill(|s| s.hash_secret_next = Some(" ".into())), SettingsError::HashSecretNext);
        assert_eq!(ill(|s| s.window_s = 0), SettingsError::Window);
    }

    #[test]
    fn defaults_apply_and_unknown_keys_are_refused() {
        let mut text = serde_json::json!({
            "pay_url": "https://a.example/pay", "api_url": "https://a.example/api", "tmn_code": "LAOCAI01",
            "hash_secret": "key",
        });
        let read: Settings = serde_json::from_value(text.clone()).expect("the least settings");
        assert_eq!((read.window_s, read.server_ip.to_string().as_str()), (900, "127.0.0.1"));
        text["hash_secert"] = "slip".into();
        assert!(serde_json::from_value::<Settings>(text).is_err());
    }

    #[test]
    fn a_secret_of_the_books_signs_and_the_configurations_is_accepted_until_it_is_retired() {
        let configured = Settings { hash_secret_next: Some("NEXT".into()), ..settings() };
        let texts = |s: &Settings| -> Vec<String> {
            s.secrets("hash_secret").iter().map(|secret| secret.expose_secret().to_owned()).collect()
        };
        assert_eq!(texts(&configured), ["LAOCAIVNPAYTESTSECRET0123456789A", "NEXT"]);
        let holding = |before| {
            let held = provider::Held { name: "hash_secret".to_owned(), newest: "NEW".into(), before };
            configured.clone().holding(&[held]).map(|s| texts(&s))
        };
        let with = |before: &str| Ok(vec!["NEW".to_owned(), before.to_owned()]);
        assert_eq!(holding(provider::Before::Configured), with("LAOCAIVNPAYTESTSECRET0123456789A"));
        assert_eq!(holding(provider::Before::Held("OLD".into())), with("OLD"));
        assert_eq!(holding(provider::Before::Nothing), Ok(vec!["NEW".to_owned()]));
        let other =
            provider::Held { name: "tmn_code".to_owned(), newest: "NEW".into(), before: provider::Before::Nothing };
        assert_eq!(configured.clone().holding(&[other]).map(drop), Err(provider::NoSuchSecret));
        assert!(configured.secrets("tmn_code").is_empty());
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", settings()).contains("TESTSECRET"));
    }
}

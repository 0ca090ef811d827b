//! What the configuration says of one contract with the platform. Unknown keys and ill-formed values stop the start.

use provider::{Credential, HeldSecrets, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Each message has an address of its own, and none is published: all come with the contract (DVCQG 1.0.6, section 3.1).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where INIT is posted.
    pub init_url: String,
    /// Where QUERY is posted.
    pub query_url: String,
    /// Where GET_BILL is posted. Absent: no receipts.
    #[serde(default)]
    pub bill_url: Option<String>,
    /// `MaDoiTac`.
    pub partner_code: String,
    /// The last part of all that is signed.
    pub secret_key: SecretString,
    /// A second secret that is accepted on input while it is being changed; never used to sign.
    #[serde(default)]
    pub secret_key_next: Option<SecretString>,
    /// Sent as a bearer token, where the contract has one.
    #[serde(default)]
    pub access_token: Option<SecretString>,
    /// `LoaiBanTin` of the platform's calls.
    #[serde(default = "default_confirm_word")]
    pub confirm_word: String,
    /// What the platform calls the banks of our accounts: `970436:VCB`, NAPAS number and code.
    pub bank_codes: Vec<String>,
    /// `LoaiPhiLePhi` of a fee (phí).
    #[serde(default = "default_fee_word")]
    pub fee_word: String,
    /// `LoaiPhiLePhi` of a charge (lệ phí).
    #[serde(default = "default_charge_word")]
    pub charge_word: String,
    /// Behind a procedure's code it makes `MaDVC`, where an obligation names no service.
    #[serde(default = "default_service_suffix")]
    pub service_suffix: String,
    /// How long a payer may take; how long the platform's page lives is not known.
    #[serde(default = "default_window_s")]
    pub window_s: u64,
}

/// By NAPAS number.
pub type BankCodes = BTreeMap<String, String>;

/// Which setting is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is an http or https address without a fragment")]
    Address(&'static str),
    #[error("partner_code is 1 to 50 letters, digits, `_`, `-` and `.`")]
    PartnerCode,
    #[error("{0} is printable ASCII and not empty")]
    Secret(&'static str),
    #[error("{0} is 1 to 50 letters, digits, `_`, `-` and `.`")]
    Word(&'static str),
    #[error(
        "bank_codes are at least one, each `BIN:CODE`, six digits and 1 to 50 letters, digits, `_`, `-` and `.`; each BIN once"
    )]
    BankCodes,
    #[error("service_suffix is at most 10 letters, digits, `_`, `-` and `.`")]
    Suffix,
    #[error("window_s is from {min} to {max} seconds", min = WINDOW_S.start(), max = WINDOW_S.end())]
    Window,
}

/// A window below a minute serves nobody, one above a day no payer.
const WINDOW_S: std::ops::RangeInclusive<u64> = 60..=86_400;
/// `MaDoiTac` and words beside it are at most so long in the code bases (DVCQG 1.0.6, section 3.1).
const WORD_LEN: usize = 50;

/// What the platform and we share.
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "secret_key", meaning: "part of all hashes, ours and the platform's", proves: true },
    Credential { name: "access_token", meaning: "the bearer token of our calls", proves: false },
];

impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "secret_key" => Slot::Given(&mut self.secret_key, Some(&mut self.secret_key_next)),
            "access_token" => Slot::Maybe(&mut self.access_token, None),
            _ => return None,
        })
    }
}

impl Settings {
    /// # Errors
    /// The first setting that is empty or ill-formed.
    pub fn check(&self) -> Result<(), SettingsError> {
        let addresses = [("init_url", &self.init_url), ("query_url", &self.query_url)];
        for (name, url) in addresses.into_iter().chain(self.bill_url.iter().map(|url| ("bill_url", url))) {
            if !is_address(url) {
                return Err(SettingsError::Address(name));
            }
        }
        if !is_word(&self.partner_code) {
            return Err(SettingsError::PartnerCode);
        }
        let secrets = [
            ("secret_key", Some(&self.secret_key)),
            ("secret_key_next", self.secret_key_next.as_ref()),
            ("access_token", self.access_token.as_ref()),
        ];
        for (name, secret) in secrets {
            if secret.is_some_and(|secret| !is_secret(secret)) {
                return Err(SettingsError::Secret(name));
            }
        }
        let words =
            [("confirm_word", &self.confirm_word), ("fee_word", &self.fee_word), ("charge_word", &self.charge_word)];
        for (name, word) in words {
            if !is_word(word) {
                return Err(SettingsError::Word(name));
            }
        }
        self.bank_codes()?;
        if self.service_suffix.len() > 10 || !self.service_suffix.bytes().all(is_plain) {
            return Err(SettingsError::Suffix);
        }
        if WINDOW_S.contains(&self.window_s) { Ok(()) } else { Err(SettingsError::Window) }
    }

    /// # Errors
    /// When an entry is ill-formed, a bank has two, or there is none.
    pub fn bank_codes(&self) -> Result<BankCodes, SettingsError> {
        let mut codes = BankCodes::new();
        for entry in &self.bank_codes {
            let (bin, code) = entry.split_once(':').ok_or(SettingsError::BankCodes)?;
            let six = bin.len() == 6 && bin.bytes().all(|b| b.is_ascii_digit());
            if !six || !is_word(code) || codes.insert(bin.to_owned(), code.to_owned()).is_some() {
                return Err(SettingsError::BankCodes);
            }
        }
        if codes.is_empty() { Err(SettingsError::BankCodes) } else { Ok(codes) }
    }
}

fn default_confirm_word() -> String {
    "CONFIRM".to_owned()
}

fn default_fee_word() -> String {
    "Phi".to_owned()
}

fn default_charge_word() -> String {
    "LePhi".to_owned()
}

fn default_service_suffix() -> String {
    ".01".to_owned()
}

fn default_window_s() -> u64 {
    900
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none())
}

/// None of these is `|`, which parts what is signed.
const fn is_plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

fn is_word(text: &str) -> bool {
    (1..=WORD_LEN).contains(&text.len()) && text.bytes().all(is_plain)
}

/// An empty secret would make every hash easy to forge; a blank in it is a slip of copying.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Partner and secret of `tests/vectors/dvcqg-platform.json`.
    pub fn settings() -> Settings {
        serde_json::from_value(serde_json::json!({
            "init_url": "https://platform.example.vn/init", "query_url": "https://platform.example.vn/query",
            "bill_url": "https://platform.example.vn/bill", "partner_code": "LAOCAI", "secret_key": "TEST-SECRET-not-real",
            "access_token": "a-token-of-tests", "bank_codes": ["970436:TESTBANK"],
        }))
        .expect("settings")
    }

    #[test]
    fn good_settings_pass_and_each_ill_one_is_named() {
        assert_eq!(settings().check(), Ok(()));
        let ill = |change: fn(&mut Settings)| {
            let mut changed = settings();
            change(&mut changed);
            changed.check().expect_err("an ill setting")
        };
        for url in ["", "ftp://a.vn/x", "/init", "https://a.vn/#x"] {
            let changed = Settings { init_url: url.into(), ..settings() };
            assert_eq!(changed.check(), Err(SettingsError::Address("init_url")), "{url}");
        }
        assert_eq!(ill(|s| s.query_url.clear()), SettingsError::Address("query_url"));
        assert_eq!(ill(|s| s.bill_url = Some("x".into())), SettingsError::Address("bill_url"));
        assert_eq!(ill(|s| s.partner_code = "A|B".into()), SettingsError::PartnerCode);
        assert_eq!(ill(|s| s.secret_key = "".into()), SettingsError::Secret("secret_key"));
        assert_eq!(ill(|s| s.secret_key_next = Some(" ".into())), SettingsError::Secret("secret_key_next"));
        assert_eq!(ill(|s| s.access_token = Some("a b".into())), SettingsError::Secret("access_token"));
        assert_eq!(ill(|s| s.confirm_word.clear()), SettingsError::Word("confirm_word"));
        assert_eq!(ill(|s| s.charge_word = "Lệ phí".into()), SettingsError::Word("charge_word"));
        for codes in [&[][..], &["970436"], &["97043:VCB"], &["970436:"], &["970436:A", "970436:B"], &["970436:A|B"]] {
            let changed = Settings { bank_codes: codes.iter().map(|c| (*c).to_owned()).collect(), ..settings() };
            assert_eq!(changed.check(), Err(SettingsError::BankCodes), "{codes:?}");
        }
        assert_eq!(ill(|s| s.service_suffix = "|".into()), SettingsError::Suffix);
        assert_eq!(ill(|s| s.window_s = 0), SettingsError::Window);
    }

    #[test]
    fn defaults_apply_and_unknown_keys_are_refused() {
        let mut text = serde_json::json!({
            "init_url": "https://a.example/i", "query_url": "https://a.example/q", "partner_code": "P", "secret_key": "s",
            "bank_codes": ["970436:VCB"],
        });
        let read: Settings = serde_json::from_value(text.clone()).expect("the least settings");
        assert_eq!((read.confirm_word.as_str(), read.fee_word.as_str(), read.window_s), ("CONFIRM", "Phi", 900));
        assert!(read.bill_url.is_none() && read.access_token.is_none());
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
        assert!(!shown.contains("TEST-SECRET") && !shown.contains("a-token"));
    }
}

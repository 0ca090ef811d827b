//! What the configuration says of one collecting account. Unknown keys and ill-formed values stop the start.
//! Keys are flat because they come from environment variables.

use domain::Vnd;
use provider::{Credential, HeldSecrets, Slot};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Everything has a default: without a teller the account's statements alone say what came.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// SePay's webhook in its key form; not together with `sepay_hmac_secret`.
    pub sepay_api_key: Option<SecretString>,
    /// Each `…_next` is accepted as well while the secret is being changed.
    pub sepay_api_key_next: Option<SecretString>,
    /// SePay's webhook in its signed form.
    pub sepay_hmac_secret: Option<SecretString>,
    pub sepay_hmac_secret_next: Option<SecretString>,
    pub casso_checksum_key: Option<SecretString>,
    pub casso_checksum_key_next: Option<SecretString>,
    pub payos_checksum_key: Option<SecretString>,
    pub payos_checksum_key_next: Option<SecretString>,
    /// Who lists the account.
    pub listing: Option<Lister>,
    /// The listing's host, without the path: `https://my.sepay.vn`, `https://oauth.casso.vn`.
    pub listing_url: Option<String>,
    pub listing_token: Option<SecretString>,
    /// Milliseconds from one call of the listing to the next: SePay takes two a second (Bank transfer, section 2.1), of Casso
    /// no number is known.
    #[serde(default = "default_listing_pace_ms")]
    pub listing_pace_ms: u32,
    /// The bank's prefix of virtual accounts: the payer then pays into prefix and reference.
    pub virtual_account_prefix: Option<String>,
    /// The most that one transfer may be, in đồng. A fast transfer is below 500 million (Bank transfer, section 1.1).
    #[serde(default = "default_max_amount")]
    pub max_amount: i64,
    /// How far a signed time may be from ours, in seconds (Bank transfer, section 2.1: 5 minutes).
    #[serde(default = "default_clock_tolerance_s")]
    pub clock_tolerance_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lister {
    Sepay,
    Casso,
}

/// Which setting is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{0}, when given, is printable ASCII and not empty")]
    Secret(&'static str),
    #[error("{0}_next is given without {0}")]
    NextAlone(&'static str),
    #[error("sepay_api_key and sepay_hmac_secret exclude each other: SePay's webhook has one of the two forms")]
    TwoFormsOfSepay,
    #[error("listing, listing_url and listing_token are given together or not at all")]
    ListingParts,
    #[error("listing_url is an http or https address without path, query and fragment")]
    ListingUrl,
    #[error("virtual_account_prefix is 1 to {MAX_PREFIX} letters and digits")]
    VirtualAccountPrefix,
    #[error("max_amount is from 1 to {max} đồng", max = domain::money::MAX_AMOUNT)]
    MaxAmount,
    #[error("listing_pace_ms is at most {MAX_PACE_MS}")]
    ListingPace,
    #[error("clock_tolerance_s is from 1 to {MAX_TOLERANCE_S} seconds")]
    ClockTolerance,
}

/// Prefix and reference make an account number.
const MAX_PREFIX: usize = crate::qr::MAX_ACCOUNT_LEN - domain::reference::REFERENCE_LEN;

/// A contract with an account for each agency could not be listed in an hour.
const MAX_PACE_MS: u32 = 10_000;

/// More would only serve whoever plays old calls back.
const MAX_TOLERANCE_S: u32 = 900;

/// What a teller and we share, each under the name of its setting.
pub const CREDENTIALS: &[Credential] = &[
    Credential { name: "sepay_api_key", meaning: "SePay's webhook in its key form", proves: true },
    Credential { name: "sepay_hmac_secret", meaning: "SePay's webhook in its signed form", proves: true },
    Credential { name: "casso_checksum_key", meaning: "Casso's webhook V2", proves: true },
    Credential { name: "payos_checksum_key", meaning: "payOS's webhook", proves: true },
    Credential { name: "listing_token", meaning: "SePay's API token, Casso's API key", proves: false },
];

/// A secret of the settings, and what is accepted beside it where there can be such.
impl HeldSecrets for Settings {
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "sepay_api_key" => Slot::Maybe(&mut self.sepay_api_key, Some(&mut self.sepay_api_key_next)),
            "sepay_hmac_secret" => Slot::Maybe(&mut self.sepay_hmac_secret, Some(&mut self.sepay_hmac_secret_next)),
            "casso_checksum_key" => Slot::Maybe(&mut self.casso_checksum_key, Some(&mut self.casso_checksum_key_next)),
            "payos_checksum_key" => Slot::Maybe(&mut self.payos_checksum_key, Some(&mut self.payos_checksum_key_next)),
            "listing_token" => Slot::Maybe(&mut self.listing_token, None),
            _ => return None,
        })
    }
}

impl Settings {
    /// # Errors
    /// The first setting that is ill-formed or stands without another that it needs.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (name, current, next) in [
            ("sepay_api_key", &self.sepay_api_key, &self.sepay_api_key_next),
            ("sepay_hmac_secret", &self.sepay_hmac_secret, &self.sepay_hmac_secret_next),
            ("casso_checksum_key", &self.casso_checksum_key, &self.casso_checksum_key_next),
            ("payos_checksum_key", &self.payos_checksum_key, &self.payos_checksum_key_next),
            ("listing_token", &self.listing_token, &None),
        ] {
            if current.is_none() && next.is_some() {
                return Err(SettingsError::NextAlone(name));
            }
            if ![current, next].into_iter().flatten().all(is_secret) {
                return Err(SettingsError::Secret(name));
            }
        }
        if self.sepay_api_key.is_some() && self.sepay_hmac_secret.is_some() {
            return Err(SettingsError::TwoFormsOfSepay);
        }
        match (self.listing, &self.listing_url, &self.listing_token) {
            (None, None, None) => {}
            (Some(_), Some(url), Some(_)) if is_host(url) => {}
            (Some(_), Some(_), Some(_)) => return Err(SettingsError::ListingUrl),
            _ => return Err(SettingsError::ListingParts),
        }
        let is_prefix =
            |p: &String| (1..=MAX_PREFIX).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
        if !self.virtual_account_prefix.iter().all(is_prefix) {
            return Err(SettingsError::VirtualAccountPrefix);
        }
        if !Vnd::amount(self.max_amount).is_ok_and(Vnd::is_positive) {
            return Err(SettingsError::MaxAmount);
        }
        if self.listing_pace_ms > MAX_PACE_MS {
            return Err(SettingsError::ListingPace);
        }
        let tolerable = (1..=MAX_TOLERANCE_S).contains(&self.clock_tolerance_s);
        if tolerable { Ok(()) } else { Err(SettingsError::ClockTolerance) }
    }
}

fn default_max_amount() -> i64 {
    499_999_999
}

fn default_listing_pace_ms() -> u32 {
    600
}

fn default_clock_tolerance_s() -> u32 {
    300
}

fn is_host(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && bare
    })
}

/// An empty key would make every signature easy to forge; a blank in it is a slip of copying.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Nothing is configured.
    pub fn least() -> Settings {
        serde_json::from_value(serde_json::json!({})).expect("everything has a default")
    }

    /// The secrets of `tests/vectors/account-webhooks.json`.
    pub fn full() -> Settings {
        Settings {
            sepay_hmac_secret: Some("sepay-test-secret".into()),
            casso_checksum_key: Some("mgExMrjj4i7a1p8Cs6LmFbpCd8lbw4sSX4LZXPag7TKazeIogtR90tvWYTkwQbvs".into()),
            payos_checksum_key: Some("1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675".into()),
            listing: Some(Lister::Sepay),
            listing_url: Some("https://my.sepay.vn".into()),
            listing_token: Some("listing-test-token".into()),
            ..least()
        }
    }

    #[test]
    fn good_settings_pass_and_each_ill_one_is_named() {
        use SettingsError::*;
        assert_eq!((least().check(), full().check()), (Ok(()), Ok(())));
        let ill = |change: fn(&mut Settings)| {
            let mut changed = full();
            change(&mut changed);
            changed.check().expect_err("an ill setting")
        };
        assert_eq!(ill(|s| s.sepay_hmac_secret = Some("".into())), Secret("sepay_hmac_secret"));
        assert_eq!(ill(|s| s.casso_checksum_key = Some("a b".into())), Secret("casso_checksum_key"));
        assert_eq!(ill(|s| s.payos_checksum_key_next = Some(" ".into())), Secret("payos_checksum_key"));
        assert_eq!(ill(|s| s.listing_token = Some("đ".into())), Secret("listing_token"));
        assert_eq!(ill(|s| s.sepay_api_key_next = Some("new".into())), NextAlone("sepay_api_key"));
        assert_eq!(ill(|s| s.sepay_api_key = Some("key".into())), TwoFormsOfSepay);
        assert_eq!(ill(|s| s.listing = None), ListingParts);
        assert_eq!(ill(|s| s.listing_url = None), ListingParts);
        assert_eq!(ill(|s| s.listing_token = None), ListingParts);
        for url in ["", "my.sepay.vn", "ftp://my.sepay.vn", "https://my.sepay.vn/userapi", "https://my.sepay.vn?a=b"] {
            let changed = Settings { listing_url: Some(url.into()), ..full() };
            assert_eq!(changed.check(), Err(ListingUrl), "{url}");
        }
        for prefix in ["", "123456789", "VQR-", "đ"] {
            let changed = Settings { virtual_account_prefix: Some(prefix.into()), ..full() };
            assert_eq!(changed.check(), Err(VirtualAccountPrefix), "{prefix}");
        }
        assert_eq!(ill(|s| s.max_amount = 0), MaxAmount);
        assert_eq!(ill(|s| s.max_amount = 1_000_000_000_000), MaxAmount);
        assert_eq!(ill(|s| s.clock_tolerance_s = 0), ClockTolerance);
        assert_eq!(ill(|s| s.clock_tolerance_s = 901), ClockTolerance);
        assert_eq!(ill(|s| s.listing_pace_ms = 10_001), ListingPace);
    }

    #[test]
    fn defaults_apply_and_unknown_keys_are_refused() {
        assert_eq!((least().max_amount, least().clock_tolerance_s), (499_999_999, 300));
        let lister = |text: &str| serde_json::from_value::<Settings>(serde_json::json!({ "listing": text }));
        assert_eq!(lister("casso").map(|s| s.listing).ok(), Some(Some(Lister::Casso)));
        assert!(lister("payos").is_err());
        assert!(serde_json::from_value::<Settings>(serde_json::json!({ "sepay_key": "slip" })).is_err());
    }

    #[test]
    fn a_secret_of_the_books_stands_over_the_configurations_under_each_name() {
        let texts = |s: &Settings, name: &str| -> Vec<String> {
            s.secrets(name).iter().map(|secret| secret.expose_secret().to_owned()).collect()
        };
        for credential in CREDENTIALS {
            let held = |newest: &str, before| provider::Held {
                name: credential.name.to_owned(),
                newest: newest.into(),
                before,
            };
            let first = least().holding(&[held("A", provider::Before::Configured)]).expect("a known name");
            assert_eq!(texts(&first, credential.name), ["A"]);
            let second = first.holding(&[held("B", provider::Before::Configured)]).expect("a known name");
            let accepted = if credential.proves { vec!["B", "A"] } else { vec!["B"] };
            assert_eq!(texts(&second, credential.name), accepted, "{}", credential.name);
            let third = second.holding(&[held("C", provider::Before::Nothing)]).expect("a known name");
            assert_eq!(texts(&third, credential.name), ["C"]);
            let alone = CREDENTIALS.iter().filter(|other| other.name != credential.name);
            assert!(alone.into_iter().all(|other| texts(&third, other.name).is_empty()), "{}", credential.name);
        }
        let other =
            provider::Held { name: "listing".to_owned(), newest: "A".into(), before: provider::Before::Nothing };
        assert_eq!(least().holding(&[other]).map(drop), Err(provider::NoSuchSecret));
        assert!(full().secrets("listing").is_empty());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", full());
        assert!(!shown.contains("test-secret") && !shown.contains("mgExM") && !shown.contains("test-token"));
    }
}

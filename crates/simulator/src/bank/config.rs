//! What a bank and its customers have agreed. Refuses unknown fields and accounts that no wire could carry.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The most that MT940 can write with two decimals (15d, SWIFT field 60).
pub(super) const MOST: i64 = 999_999_999_999;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Begins with the movements that an earlier bank wrote to this log, instead of with none.
    #[serde(default)]
    pub remembers: bool,
    /// Makes references, shapes and the noise around a content come again; random when absent.
    #[serde(default)]
    pub seed: Option<u64>,
    #[serde(default)]
    pub accounts: Vec<AccountConfig>,
    /// Waits in ms before the first and each further try of a notification; SePay's current documents: 0, 1, 1, 2, 3,
    /// 5, 8, 13 minutes.
    #[serde(default = "sepay_schedule")]
    pub schedule_ms: Vec<u64>,
    /// SePay's current documents: 30 s.
    #[serde(default = "half_a_minute")]
    pub notify_timeout_ms: u64,
    /// Listing calls a second and token before 429; 0 means without limit.
    #[serde(default = "two")]
    pub listing_per_second: u32,
}

impl BankConfig {
    /// Any port of the loopback, times and limits as SePay's.
    pub fn new(accounts: Vec<AccountConfig>) -> Self {
        Self {
            listen: any_port(),
            log: None,
            remembers: false,
            seed: None,
            accounts,
            schedule_ms: sepay_schedule(),
            notify_timeout_ms: half_a_minute(),
            listing_per_second: two(),
        }
    }
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

fn sepay_schedule() -> Vec<u64> {
    [0, 1, 1, 2, 3, 5, 8, 13].map(|minutes| minutes * 60_000).to_vec()
}

fn half_a_minute() -> u64 {
    30_000
}

fn two() -> u32 {
    2
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// 1-19 letters and digits (VietQR 38-01-01).
    pub number: String,
    /// Six digits, as VietQR names the bank.
    pub bin: String,
    /// Short name, e.g. `BIDV`.
    pub bank: String,
    /// The holder, without accents as banks write it.
    pub name: String,
    /// In đồng, 0 to 999 999 999 999.
    pub opening_balance: i64,
    /// For statements; absent, that of the BIN where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// Numbers or prefixes of numbers that credit this account.
    #[serde(default)]
    pub virtual_accounts: Vec<String>,
    #[serde(default)]
    pub notifiers: Vec<NotifierConfig>,
    #[serde(default)]
    pub listing: Option<ListingConfig>,
    #[serde(default)]
    pub mt940_reference: Mt940Reference,
    /// How SePay finds the payment code that it reports as `code`; absent, `code` is null.
    #[serde(default)]
    pub payment_code: Option<PaymentCode>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mt940Reference {
    /// `//` and the bank reference, cut to 16 characters.
    #[default]
    Same,
    /// NONREF and no bank reference.
    None,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentCode {
    pub prefix: String,
    /// Letters and digits after the prefix.
    pub length: usize,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifierConfig {
    pub kind: NotifierKind,
    /// Unique in its account; the kind when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Empty: every try fails until there is one.
    #[serde(default)]
    pub url: String,
    #[serde(skip_serializing)]
    pub secret: String,
    /// Instead of the bank's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_ms: Option<Vec<u64>>,
}

impl NotifierConfig {
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.kind.name())
    }
}

impl fmt::Debug for NotifierConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifierConfig").field("name", &self.name()).field("url", &self.url).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifierKind {
    /// `Authorization: Apikey <secret>`.
    SepayApiKey,
    /// X-SePay-Timestamp and X-SePay-Signature.
    SepayHmac,
    /// V2, X-Casso-Signature.
    Casso,
    /// Money in only: a payOS webhook is about a payment link.
    Payos,
}

impl NotifierKind {
    fn name(self) -> &'static str {
        match self {
            Self::SepayApiKey => "sepay_api_key",
            Self::SepayHmac => "sepay_hmac",
            Self::Casso => "casso",
            Self::Payos => "payos",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingConfig {
    pub kind: ListingKind,
    /// Accounts with the same kind and token are listed together.
    #[serde(skip_serializing)]
    pub token: String,
}

impl fmt::Debug for ListingConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListingConfig").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingKind {
    Sepay,
    Casso,
}

pub(super) fn is_account_number(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

pub(super) fn check_notifiers(notifiers: &[NotifierConfig]) -> Result<(), String> {
    let mut names = HashSet::new();
    for notifier in notifiers {
        if !names.insert(notifier.name()) {
            return Err(format!("two notifiers are named {}", notifier.name()));
        }
        let schedule = notifier.schedule_ms.as_ref();
        if schedule.is_some_and(Vec::is_empty) {
            return Err("a schedule without a try".to_owned());
        }
        let address = url::Url::parse(&notifier.url).ok();
        if !notifier.url.is_empty() && !address.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(format!("the url of {} is not an http(s) address", notifier.name()));
        }
    }
    Ok(())
}

impl AccountConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if !is_account_number(&self.number) {
            return Err("number is not 1-19 letters and digits".to_owned());
        }
        if self.bin.len() != 6 || !self.bin.bytes().all(|b| b.is_ascii_digit()) {
            return Err("bin is not six digits".to_owned());
        }
        let is_bic = |bic: &String| matches!(bic.len(), 8 | 11) && bic.bytes().all(|b| b.is_ascii_alphanumeric());
        if !self.bic.as_ref().is_none_or(is_bic) {
            return Err("bic is not 8 or 11 letters and digits".to_owned());
        }
        if !(0..=MOST).contains(&self.opening_balance) {
            return Err(format!("opening_balance is not within 0 and {MOST}"));
        }
        if self.virtual_accounts.iter().any(|number| !is_account_number(number)) {
            return Err("a virtual account is not 1-19 letters and digits".to_owned());
        }
        check_notifiers(&self.notifiers)
    }
}

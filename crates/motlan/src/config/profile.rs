//! A merchant profile's section: its channel decides which further keys it has, and whose settings these are.

use super::error::ConfigError;
use super::table::{CHANNELS, EVERY_PROFILE, Fallback};
use config::{Map, Value, ValueKind};
use domain::codes::{BeneficiaryCode, ProfileCode};

/// One contract with one provider.
#[derive(Debug, Clone)]
pub struct Profile {
    pub code: ProfileCode,
    pub beneficiaries: Vec<BeneficiaryCode>,
    pub channel: Channel,
}

/// A channel with its settings. A new provider is a variant here and a row in the table.
#[derive(Debug, Clone)]
pub enum Channel {
    /// Boxed as the others: secrets make it large.
    BankBills(Box<provider_bills::bidv::Settings>),
    /// Card terminals at counters: nobody is called and nobody calls, their files are read.
    Counter,
    MobileMoneyBills(Box<provider_bills::gsma::Settings>),
    MobileMoney(Box<provider_mobile_money::Settings>),
    Momo(Box<provider_momo::Settings>),
    National(Box<provider_national::Settings>),
    /// Boxed: secrets of three tellers make it large.
    Vietqr(Box<provider_vietqr::Settings>),
    Vnpay(provider_vnpay::Settings),
    Zalopay(Box<provider_zalopay::Settings>),
}

impl Channel {
    pub fn code(&self) -> &'static str {
        match self {
            Self::BankBills(_) => provider_bills::bidv::CHANNEL,
            Self::Counter => domain::counter::CHANNEL,
            Self::MobileMoneyBills(_) => provider_bills::gsma::CHANNEL,
            Self::MobileMoney(_) => provider_mobile_money::CHANNEL,
            Self::Momo(_) => provider_momo::CHANNEL,
            Self::National(_) => provider_national::CHANNEL,
            Self::Vietqr(_) => provider_vietqr::CHANNEL,
            Self::Vnpay(_) => provider_vnpay::CHANNEL,
            Self::Zalopay(_) => provider_zalopay::CHANNEL,
        }
    }

    /// Where the other side calls from, for a channel on which it calls us about bills.
    pub fn callers(&self) -> Option<&[String]> {
        match self {
            Self::BankBills(s) => Some(&s.allowed_from),
            Self::MobileMoneyBills(s) => Some(&s.allowed_from),
            Self::Counter
            | Self::MobileMoney(_)
            | Self::Momo(_)
            | Self::National(_)
            | Self::Vietqr(_)
            | Self::Vnpay(_)
            | Self::Zalopay(_) => None,
        }
    }

    /// Addresses that this deployment sends payers or questions to, by key.
    pub fn addresses(&self) -> Vec<(&'static str, &str)> {
        match self {
            // there they call us
            Self::BankBills(_) | Self::Counter => Vec::new(),
            // and here, where they want to be called back
            Self::MobileMoneyBills(s) => s.callback_url.iter().map(|url| ("callback_url", url.as_str())).collect(),
            Self::MobileMoney(s) => vec![("api_url", &s.api_url), ("token_url", &s.token_url)],
            Self::Momo(s) => vec![("api_url", &s.api_url)],
            Self::National(s) => {
                let bill = s.bill_url.as_deref().map(|url| ("bill_url", url));
                [("init_url", s.init_url.as_str()), ("query_url", &s.query_url)].into_iter().chain(bill).collect()
            }
            Self::Vietqr(s) => s.listing_url.iter().map(|url| ("listing_url", url.as_str())).collect(),
            Self::Vnpay(s) => vec![("pay_url", &s.pay_url), ("api_url", &s.api_url)],
            Self::Zalopay(s) => vec![("api_url", &s.api_url)],
        }
    }
}

/// Reads the section of `name`.
///
/// # Errors
/// Names the profile, and the key that is missing, unknown or ill-formed.
pub fn read(name: &str, section: Value) -> Result<Profile, ConfigError> {
    let ill = |reason: String| ConfigError::Profile { profile: name.to_owned(), reason };
    let mut table = section.into_table().map_err(|_| ill("is not a section".to_owned()))?;
    let channel = table.get("channel").and_then(|v| v.clone().into_string().ok());
    let channel = channel.ok_or_else(|| ConfigError::missing(format!("profiles.{name}.channel")))?;
    let Some((_, keys)) = CHANNELS.iter().find(|(code, _)| *code == channel) else {
        return Err(ill(format!("there is no channel {channel}")));
    };
    for key in EVERY_PROFILE.iter().chain(*keys) {
        if key.default == Fallback::Required && !table.contains_key(key.path) {
            return Err(ConfigError::missing(format!("profiles.{name}.{}", key.path)));
        }
    }
    if let Some(unknown) = table.keys().find(|k| !EVERY_PROFILE.iter().chain(*keys).any(|key| key.path == *k)) {
        return Err(ConfigError::Unknown { path: format!("profiles.{name}.{unknown}") });
    }
    table.remove("channel");
    let beneficiaries = beneficiaries(table.remove("beneficiaries")).map_err(ill)?;
    let code = ProfileCode::new(name).map_err(|e| ill(e.to_string()))?;
    Ok(Profile { code, beneficiaries, channel: settings(&channel, table).map_err(ill)? })
}

fn beneficiaries(value: Option<Value>) -> Result<Vec<BeneficiaryCode>, String> {
    let codes: Vec<String> =
        value.map(Value::try_deserialize).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    codes.into_iter().map(|code| BeneficiaryCode::new(code).map_err(|e| format!("beneficiaries: {e}"))).collect()
}

fn settings(channel: &str, table: Map<String, Value>) -> Result<Channel, String> {
    let value = Value::new(None, ValueKind::Table(table));
    match channel {
        domain::counter::CHANNEL => Ok(Channel::Counter),
        provider_bills::bidv::CHANNEL => {
            let settings: provider_bills::bidv::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::BankBills(Box::new(settings)))
        }
        provider_bills::gsma::CHANNEL => {
            let settings: provider_bills::gsma::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::MobileMoneyBills(Box::new(settings)))
        }
        provider_mobile_money::CHANNEL => {
            let settings: provider_mobile_money::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::MobileMoney(Box::new(settings)))
        }
        provider_momo::CHANNEL => {
            let settings: provider_momo::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::Momo(Box::new(settings)))
        }
        provider_national::CHANNEL => {
            let settings: provider_national::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::National(Box::new(settings)))
        }
        provider_vietqr::CHANNEL => {
            let settings: provider_vietqr::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::Vietqr(Box::new(settings)))
        }
        provider_vnpay::CHANNEL => {
            let settings: provider_vnpay::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::Vnpay(settings))
        }
        provider_zalopay::CHANNEL => {
            let settings: provider_zalopay::Settings = value.try_deserialize().map_err(|e| e.to_string())?;
            settings.check().map_err(|e| e.to_string())?;
            Ok(Channel::Zalopay(Box::new(settings)))
        }
        other => Err(format!("there is no channel {other}")),
    }
}

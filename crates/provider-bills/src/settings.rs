//! What both documents' settings have in common.

use crate::caller;
use crate::day::DayEnd;
use secrecy::{ExposeSecret, SecretString};

/// Which setting is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is printable ASCII and not empty")]
    Text(&'static str),
    #[error("{0} is at least {KEY_MIN} printable ASCII characters")]
    Secret(&'static str),
    #[error("allowed_from is a list of addresses or networks")]
    From,
    #[error("day_ends_at is a time of day, HH:MM")]
    DayEnd,
    #[error("callback_url is an http or https address without query and fragment")]
    Callback,
}

/// Shorter ones can be tried out.
pub const KEY_MIN: usize = 16;

/// RFC 6749, section 2.3.1: a colon would end the client's id in the Basic header.
pub fn check_client(client_id: &str) -> Result<(), SettingsError> {
    if is_token(client_id) && !client_id.contains(':') { Ok(()) } else { Err(SettingsError::Text("client_id")) }
}

pub fn check_secrets<'a>(
    secrets: impl IntoIterator<Item = (&'static str, Option<&'a SecretString>)>,
) -> Result<(), SettingsError> {
    let ill = |secret: &SecretString| !is_token(secret.expose_secret()) || secret.expose_secret().len() < KEY_MIN;
    let found = secrets.into_iter().find(|(_, secret)| secret.is_some_and(ill));
    found.map_or(Ok(()), |(name, _)| Err(SettingsError::Secret(name)))
}

pub fn read_from(texts: &[String]) -> Result<caller::From, SettingsError> {
    caller::From::read(texts).ok_or(SettingsError::From)
}

pub fn read_day_end(text: &str) -> Result<DayEnd, SettingsError> {
    DayEnd::read(text).ok_or(SettingsError::DayEnd)
}

/// A blank in it is a slip of copying.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

pub fn midnight() -> String {
    "24:00".to_owned()
}

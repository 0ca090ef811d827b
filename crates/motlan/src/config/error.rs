//! Why a configuration is not accepted: each names the key, as the file and as the environment call it.

use super::table::env_name;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be read", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: Box<config::ConfigError>,
    },
    #[error("unknown key {path} (in the environment {}): docs/configuration.md lists all", env_name(.path))]
    Unknown { path: String },
    #[error("{path} is not set (in the environment {})", env_name(.path))]
    Missing { path: String },
    #[error("{path}: {reason} (in the environment {})", env_name(.path))]
    Value { path: String, reason: String },
    #[error("a value is not of the kind that its key takes")]
    Kind(#[source] Box<config::ConfigError>),
    #[error("profile {profile}: {reason}")]
    Profile { profile: String, reason: String },
    #[error("not for production:\n  {}", .0.join("\n  "))]
    NotForProduction(Vec<String>),
}

impl ConfigError {
    pub(crate) fn missing(path: impl Into<String>) -> Self {
        Self::Missing { path: path.into() }
    }

    pub(crate) fn value(path: &str, reason: impl ToString) -> Self {
        Self::Value { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        Self::Kind(Box::new(error))
    }
}

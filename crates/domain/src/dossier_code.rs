//! A dossier's code (mã số hồ sơ) as the one-stop system gives it, e.g. `H38.17-261124-0001`.
//!
//! Validated softly: one national rule for these codes is announced but not issued (Decree 309/2026, Art. 12), so
//! anything printable of 1 to 50 characters is kept as text.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DossierCode(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a dossier code is 1 to 50 letters, digits, dots, dashes, slashes or underscores")]
pub struct BadDossierCode;

impl DossierCode {
    pub fn new(text: impl Into<String>) -> Result<Self, BadDossierCode> {
        let text = text.into();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'/' | b'_'));
        if plain && (1..=50).contains(&text.len()) { Ok(Self(text)) } else { Err(BadDossierCode) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DossierCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

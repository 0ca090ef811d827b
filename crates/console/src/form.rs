//! A form as a browser sends it. Each carries the token of whom it was shown to, and what is proposed or decided a key
//! besides, so that a second press is the first one again.

use crate::answer::Refused;
use crate::cookie::Token;
use sha2::{Digest, Sha256};
use storage::idempotency;
use uuid::Uuid;

const TOKEN: &str = "form";
const KEY: &str = "key";

/// The fields, in the order in which they were sent.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// # Errors
    /// When it was not shown to whoever holds this token.
    pub fn read(raw: &[u8], token: &Token) -> Result<Self, Refused> {
        Self::of(form_urlencoded::parse(raw).into_owned().collect(), token)
    }

    /// The same of fields that were read already.
    pub fn of(fields: Vec<(String, String)>, token: &Token) -> Result<Self, Refused> {
        let form = Self(fields);
        if token.made_form(form.text(TOKEN)) { Ok(form) } else { Err(Refused::Form) }
    }

    /// Empty where it is absent, or holds what the database cannot.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str());
        if found.contains('\0') { "" } else { found }
    }

    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A short word of a reason: 1 to 64 letters.
    pub fn code(&self, name: &str) -> Option<String> {
        let code = self.text(name).trim();
        let is_one = (1..=64).contains(&code.chars().count()) && !code.chars().any(char::is_control);
        is_one.then(|| code.to_owned())
    }

    /// All that was filled in, for a form that shows it once more; `but` without these.
    pub fn kept(&self, but: &[&str]) -> Vec<(String, String)> {
        let own = [TOKEN, KEY, "code"];
        self.0
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()) && !but.contains(&name.as_str()))
            .cloned()
            .collect()
    }

    /// What people write to each other: on one line, at most so long.
    pub fn note(&self) -> String {
        let words = self.text("note").split(char::is_control).map(str::trim).filter(|part| !part.is_empty());
        words.collect::<Vec<_>>().join(" ").chars().take(500).collect::<String>().trim_end().to_owned()
    }

    /// The request of this form: its key, and all else that it says.
    ///
    /// # Errors
    /// When it carries no key.
    pub fn request(&self, person: Uuid, scope: &str) -> Result<idempotency::Request, Refused> {
        let key = self.text(KEY).parse::<Uuid>().map_err(|_| Refused::Form)?;
        let said = self.0.iter().filter(|(field, _)| !matches!(field.as_str(), TOKEN | KEY | "code"));
        let mut fingerprint = Sha256::new();
        for (field, value) in said {
            fingerprint.update(field.len().to_be_bytes());
            fingerprint.update(field);
            fingerprint.update(value.len().to_be_bytes());
            fingerprint.update(value);
        }
        Ok(idempotency::Request {
            principal: person,
            scope: format!("console {scope}"),
            key_hash: Sha256::digest(key.as_bytes()).to_vec(),
            fingerprint: fingerprint.finalize().to_vec(),
        })
    }
}

/// A key for a form that is shown now.
pub(crate) fn key() -> String {
    Uuid::new_v4().to_string()
}

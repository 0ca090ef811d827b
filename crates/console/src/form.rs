//! A form as a browser sends it. Each carries the token of whom it was shown to, and what is proposed or decided a key
//! besides, so that a second press is the first one again.

use crate::answer::Refused;
use crate::cookie::Token;
use jiff::civil::Date;
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

/// A day as a browser sends what was chosen, of those that the books know.
pub(crate) fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text && (1970..=9998).contains(&date.year()))
}

/// Whole đồng as people write them: digits, or groups of three between dots. A comma is none: it may be the end of the đồng.
pub(crate) fn dong(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(['₫', 'đ']).trim_end();
    let groups: Vec<&str> = text.split('.').collect();
    let is_grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let digits = groups.concat();
    (is_grouped && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dong_are_read_as_people_write_them_and_nothing_is_guessed() {
        for (text, read) in [("0", 0), ("900000", 900_000), (" 1.250.000 ", 1_250_000), ("12.000 ₫", 12_000)] {
            assert_eq!(dong(text), Some(read), "{text}");
        }
        for text in
            ["", ".", "1.25", "1.2500", "1,250", "900000,5", "-1", "1e3", "12 000", "9.000.", "99999999999999999999"]
        {
            assert_eq!(dong(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_read_as_a_browser_sends_it() {
        assert!(date("2026-11-27").is_some());
        for text in ["", "27/11/2026", "2026-11-27T00:00", "0001-01-01", "2026-13-01"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}

//! The bank's own name for a transfer, made comparable. Two references say something about each other only when they are
//! of one numbering: most tellers and files pass on the bank's, some have their own, and some have none.
//!
//! Source: project document "Bank transfer protocol facts", sections 1.4, 2 and 3.

use std::fmt;

/// Longer ones are cut: ISO 20022 allows 35 (`AcctSvcrRef`), aggregators somewhat more.
const MAX_CHARACTERS: usize = 64;
/// MT940 `:61:` has room for as many after `//`.
pub const MT940_CHARACTERS: usize = 16;
/// What formats write where there is none (SWIFT `NONREF`, ISO 20022 `NOTPROVIDED`).
const PLACEHOLDERS: [&str; 4] = ["NONREF", "NOTPROVIDED", "NULL", "NONE"];

/// Upper-case `A-Z0-9`, with the name of its numbering before a colon where that is not the bank's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankReference {
    /// None: the bank's own.
    numbering: Option<String>,
    value: String,
}

impl BankReference {
    /// None where the text names nothing. `numbering`: whose it is, unless the bank's.
    pub fn read(raw: &str, numbering: Option<&str>) -> Option<Self> {
        let value: String = raw
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .take(MAX_CHARACTERS)
            .collect();
        let says_nothing = value.bytes().all(|b| b == b'0') || PLACEHOLDERS.contains(&value.as_str());
        (!says_nothing).then(|| Self { numbering: numbering.map(str::to_owned), value })
    }

    /// As [`fmt::Display`] wrote it.
    pub fn stored(text: &str) -> Self {
        match text.split_once(':') {
            Some((numbering, value)) => Self { numbering: Some(numbering.to_owned()), value: value.to_owned() },
            None => Self { numbering: None, value: text.to_owned() },
        }
    }

    /// Whose numbering it is of; None: the bank's.
    pub fn numbering(&self) -> Option<&str> {
        self.numbering.as_deref()
    }

    /// Whether the two could be compared at all.
    pub fn comparable(&self, other: &Self) -> bool {
        self.numbering == other.numbering
    }

    /// Equal, or one is as much of the other as MT940 has room for.
    pub fn same(&self, other: &Self) -> bool {
        let cut = |a: &str, b: &str| a.len() == MT940_CHARACTERS && b.starts_with(a);
        self.comparable(other)
            && (self.value == other.value || cut(&self.value, &other.value) || cut(&other.value, &self.value))
    }
}

impl fmt::Display for BankReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.numbering {
            Some(numbering) => write!(f, "{numbering}:{}", self.value),
            None => f.write_str(&self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<String> {
        BankReference::read(raw, None).map(|r| r.to_string())
    }

    #[test]
    fn spellings_of_one_reference_are_one_and_placeholders_none() {
        assert_eq!(read(" ft26330.12-34 "), Some("FT263301234".to_owned()));
        for nothing in ["", "  ", "NONREF", "notprovided", "0000", "-", "NULL"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(BankReference::read("x1", Some("mt940")).map(|r| r.to_string()), Some("mt940:X1".to_owned()));
    }

    #[test]
    fn sixteen_characters_may_be_a_head_and_fifteen_are_not() {
        let of = |raw: &str, numbering| BankReference::read(raw, numbering).expect("a reference");
        let whole = of("FT26330123456789ABC", None);
        assert!(whole.same(&of("FT26330123456789", None)) && of("FT26330123456789", None).same(&whole));
        assert!(!whole.same(&of("FT2633012345678", None)));
        assert!(!whole.same(&of("FT26330123456789", Some("mt940"))));
        assert!(!whole.comparable(&of("FT26330123456789ABC", Some("casso"))));
    }
}

//! The bank's own name for a transfer, made comparable. Two references say something about each other only when they are
//! of one numbering: most tellers and files pass on the bank's, some have their own, and some have none.
//!
//! Source: project document "Bank transfer protocol facts", sections 1.4, 2 and 3.

use std::collections::BTreeSet;
use std::fmt;

/// Longer ones are cut: ISO 20022 allows 35 (`AcctSvcrRef`), aggregators somewhat more.
const MAX_CHARACTERS: usize = 64;
/// MT940 `:61:` has room for as many after `//`.
pub const MT940_CHARACTERS: usize = 16;
/// A shorter one is in texts by chance, and is given out again: alone it does not say which transfer is meant. Those that
/// banks number by have more (section 1.4: `FT<yy><ddd>` and eight digits).
pub const TELLING_CHARACTERS: usize = 8;
/// In a field of its own, where a bank has put it, a reference may be shorter than in a text: banks with six and seven digits exist.
pub const STRUCTURED_CHARACTERS: usize = 6;
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

    /// The same characters, told of in another numbering.
    pub fn of_numbering(&self, numbering: Option<&str>) -> Self {
        Self { numbering: numbering.map(str::to_owned), value: self.value.clone() }
    }

    /// Whether the two could be compared at all.
    pub fn comparable(&self, other: &Self) -> bool {
        self.numbering == other.numbering
    }

    /// Whether it is long enough to say by itself which transfer is meant.
    pub fn is_telling(&self) -> bool {
        self.value.len() >= TELLING_CHARACTERS
    }

    /// Whether it says which transfer is meant where it stands in a field of its own.
    pub fn is_structured(&self) -> bool {
        self.value.len() >= STRUCTURED_CHARACTERS
    }

    /// Whether it is one of these [`words`], whoever's numbering it is of.
    pub fn is_among(&self, words: &BTreeSet<String>) -> bool {
        self.is_telling() && words.contains(&self.value)
    }

    /// Equal, or one is as much of the other as MT940 has room for.
    pub fn same(&self, other: &Self) -> bool {
        let cut = |a: &str, b: &str| a.len() == MT940_CHARACTERS && b.starts_with(a);
        self.comparable(other)
            && (self.value == other.value || cut(&self.value, &other.value) || cut(&other.value, &self.value))
    }
}

/// The whole words of a text that may be references, as references are kept; of a longer one also as much as MT940 has
/// room for. What stands between blanks is a word with and without its punctuation.
pub fn words(text: &str) -> BTreeSet<String> {
    let between_blanks = text.split_whitespace().map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect());
    let between_marks = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
    let mut words = BTreeSet::new();
    // a letter that no reference has is a part of its word all the same
    for word in between_blanks.chain(between_marks).filter(|w: &String| w.is_ascii() && w.len() >= TELLING_CHARACTERS) {
        let word = word.to_ascii_uppercase();
        words.extend(word.get(..MT940_CHARACTERS).map(str::to_owned));
        words.insert(word);
    }
    words
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
    fn a_reference_is_in_a_text_as_a_whole_word_or_not_at_all() {
        let of = |raw: &str| BankReference::read(raw, None).expect("a reference");
        let named = |raw: &str, text: &str| of(raw).is_among(&words(text));
        for text in
            ["HUY GD FT2633012345678", "huy gd ft26330.12345678", "HUY.GD.FT2633012345678.", "Hủy GD(FT2633012345678)"]
        {
            assert!(named("FT2633012345678", text), "{text}");
            assert!(!named("FT263301234567", text), "{text}: a head is another reference");
            assert!(!named("2633012345678", text), "{text}: so is a tail");
        }
        assert!(!named("FT2633012345678", "HỦYFT2633012345678"));
        assert!(!named("1234567", "HUY GD 1234567"), "too short to say which");
        assert!(named("FT26330123456789", "HUY GD FT26330123456789ABC"), "MT940 has no room for more");
        assert!(BankReference::read("FT26330123", Some("mt940")).expect("one").is_among(&words("FT26330123")));
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

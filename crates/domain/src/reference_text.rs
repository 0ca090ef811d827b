//! Our references in the text that a bank hands over with a transfer: glued, split, decorated, cut.
//! A near miss is never corrected and never suggested here. A hit is not proof: a damaged code that runs into a bank's
//! own words shows another valid code about once in a hundred, so whoever books looks up code, amount and account.
//!
//! Source: project document "Bank transfer protocol facts", sections 1.4 and 1.5.

use crate::mode::Mode;
use crate::reference::{REFERENCE_LEN, Reference};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// Only so many characters of a text are read, the rest is left unread. A bank's field holds a few hundred at most;
/// foreign text must not cost more.
pub const MAX_CHARACTERS: usize = 4_096;

/// What a text says. Which of several is meant is for a person to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    None,
    One(Reference),
    /// Two or more, distinct and sorted.
    Several(Vec<Reference>),
}

/// Finds the references of this mode, whatever stands between their symbols. A code that stands whole does not outweigh
/// one that a bank has split: which of two is meant is not ours to guess.
pub fn find(text: &str, mode: Mode) -> Found {
    valid_in(&squeezed(text), mode.reference_prefix())
}

/// Upper-case letters and digits without accents, in ASCII, and nothing else. NFKD takes apart what NFKC would first put
/// together: once the marks are gone the two are the same.
pub fn squeezed(text: &str) -> String {
    text.chars()
        .take(MAX_CHARACTERS)
        .nfkd()
        .map(|character| if matches!(character, 'đ' | 'Đ') { 'D' } else { character })
        .flat_map(char::to_uppercase)
        .filter(char::is_ascii_alphanumeric)
        .collect()
}

/// The distinct valid codes. No two overlap: the alphabet has no `L`, so a prefix cannot begin inside a code.
fn valid_in(squeezed: &str, prefix: &str) -> Found {
    let codes: BTreeSet<Reference> = squeezed
        .match_indices(prefix)
        .filter_map(|(start, _)| squeezed.get(start..start + REFERENCE_LEN))
        .filter_map(|candidate| Reference::parse(candidate).ok())
        .collect();
    let mut codes: Vec<Reference> = codes.into_iter().collect();
    match codes.len() {
        0 | 1 => codes.pop().map_or(Found::None, Found::One),
        _ => Found::Several(codes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "LC7K2M9QX4T";

    fn one(code: &str) -> Found {
        Found::One(Reference::parse(code).expect("a valid code"))
    }

    #[test]
    fn marks_wide_letters_and_the_vietnamese_d_become_plain() {
        assert_eq!(squeezed("Nộp phí Đất đai"), "NOPPHIDATDAI");
        assert_eq!(squeezed("No\u{323}\u{302}p ＬＣ７"), "NOPLC7");
    }

    #[test]
    fn each_mode_sees_its_own_codes_only() {
        assert_eq!(find(CODE, Mode::Production), one(CODE));
        assert_eq!(find(CODE, Mode::Sandbox), Found::None);
        let sandbox = CODE.replace("LC", "LT");
        assert_eq!(find(&format!("{CODE} {sandbox}"), Mode::Sandbox), one(&sandbox));
    }

    #[test]
    fn a_code_told_twice_is_one_code() {
        assert_eq!(find(&format!("{CODE} {CODE}"), Mode::Production), one(CODE));
    }

    #[test]
    fn a_code_that_is_glued_or_split_counts_as_much_as_one_that_stands_whole() {
        for second in ["XLCR6V8D3NCA", "LCR6V 8D3NCA", "L-C-R6V8D3NCA"] {
            let both =
                Found::Several(["LC7K2M9QX4T", "LCR6V8D3NCA"].map(|c| Reference::parse(c).expect("valid")).into());
            assert_eq!(find(&format!("{CODE} {second}"), Mode::Production), both, "{second}");
            assert_eq!(find(second, Mode::Production), one("LCR6V8D3NCA"));
        }
    }

    #[test]
    fn a_text_is_read_up_to_its_limit_and_no_further() {
        let fits = format!("{}{CODE}", ".".repeat(MAX_CHARACTERS - REFERENCE_LEN));
        assert_eq!(find(&fits, Mode::Production), one(CODE));
        assert_eq!(find(&format!(".{fits}"), Mode::Production), Found::None);
        let accented = format!("{}{CODE}", "Ộ".repeat(MAX_CHARACTERS - REFERENCE_LEN));
        assert_eq!(find(&accented, Mode::Production), one(CODE));
    }
}

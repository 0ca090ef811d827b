//! Our references in the text that a bank hands over with a transfer: glued, split, decorated, cut.
//! A near miss is never corrected and never suggested here. A hit is not proof: a damaged code that runs into a bank's
//! own words shows another valid code about once in a hundred, so whoever books looks up code, amount and account. One
//! hit is not proof of one code either: a second that is split stays unseen beside a first that stands whole.
//!
//! Source: project document "Bank transfer protocol facts", sections 1.4 and 1.5.

use crate::mode::Mode;
use crate::reference::{REFERENCE_LEN, Reference};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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

/// Finds the references of this mode. Three passes, each looser than the one before; the first that sees any decides,
/// so a code that stands whole outweighs one that only appears when the text is squeezed.
pub fn find(text: &str, mode: Mode) -> Found {
    let plain = plain(text);
    let prefix = mode.reference_prefix();
    let whole = valid_at(&plain, prefix, stands_alone);
    if whole != Found::None {
        return whole;
    }
    let glued = valid_at(&plain, prefix, |_, _| true);
    if glued != Found::None {
        return glued;
    }
    valid_at(&plain.replace(BLANK, ""), prefix, |_, _| true)
}

/// Stands for everything that is neither `A-Z` nor `0-9`.
const BLANK: char = ' ';

/// Upper case without accents, in ASCII. NFKD takes apart what NFKC would first put together: once the marks are gone
/// the two are the same.
fn plain(text: &str) -> String {
    text.chars()
        .take(MAX_CHARACTERS)
        .nfkd()
        .filter(|&character| !is_combining_mark(character))
        .map(|character| if matches!(character, 'đ' | 'Đ') { 'D' } else { character })
        .flat_map(char::to_uppercase)
        .map(|character| if character.is_ascii_alphanumeric() { character } else { BLANK })
        .collect()
}

/// The distinct valid codes at the places that `accept`. No two overlap: the alphabet has no `L`, so a prefix cannot
/// begin inside a code.
fn valid_at(plain: &str, prefix: &str, accept: fn(&[u8], usize) -> bool) -> Found {
    let codes: BTreeSet<Reference> = plain
        .match_indices(prefix)
        .filter(|&(start, _)| accept(plain.as_bytes(), start))
        .filter_map(|(start, _)| plain.get(start..start + REFERENCE_LEN))
        .filter_map(|candidate| Reference::parse(candidate).ok())
        .collect();
    let mut codes: Vec<Reference> = codes.into_iter().collect();
    match codes.len() {
        0 | 1 => codes.pop().map_or(Found::None, Found::One),
        _ => Found::Several(codes),
    }
}

/// No letter and no digit touches the eleven symbols from `start`.
fn stands_alone(plain: &[u8], start: usize) -> bool {
    let free = |neighbour: Option<&u8>| neighbour.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    free(start.checked_sub(1).and_then(|before| plain.get(before))) && free(plain.get(start + REFERENCE_LEN))
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
        assert_eq!(plain("Nộp phí Đất đai"), "NOP PHI DAT DAI");
        assert_eq!(plain("No\u{323}\u{302}p ＬＣ７"), "NOP LC7");
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
    fn a_code_that_stands_whole_outweighs_one_that_is_glued_or_split() {
        assert_eq!(find(&format!("{CODE} XLCR6V8D3NCA"), Mode::Production), one(CODE));
        assert_eq!(find(&format!("{CODE} LCR6V 8D3NCA"), Mode::Production), one(CODE));
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

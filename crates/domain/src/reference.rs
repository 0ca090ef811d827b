//! The payment reference that a payer types or scans: `LC` + 8 symbols + 1 check symbol.
//! Finding one in a bank's mangled text is not done here.
//!
//! Source: project document "Bank transfer protocol facts", section 1.5. The alphabet leaves out `0 O 1 I L`; its 31
//! symbols are a prime number, so distinct weights catch every single substitution and every swap.

use crate::mode::Mode;
use std::fmt;

pub(crate) const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const BODY_LEN: usize = 8;
/// Prefix, body and check symbol.
pub const REFERENCE_LEN: usize = 11;
const WEIGHTS: [usize; BODY_LEN] = [2, 3, 4, 5, 6, 7, 8, 9];
/// Separates our codes from others of the same shape.
const OFFSET: usize = 17;

/// A valid reference of either mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    #[error("a reference is LC or LT and nine symbols of 2-9 A-Z without I L O")]
    Shape,
    #[error("the check symbol does not fit")]
    Check,
}

impl Reference {
    /// Makes a reference from random numbers, drawing until the body has two digits and a letter.
    /// `random` must come from a cryptographic generator: references must not be guessable.
    pub fn mint(mode: Mode, mut random: impl FnMut() -> u32) -> Self {
        loop {
            let mut body = [0_usize; BODY_LEN];
            for symbol in &mut body {
                *symbol = below(ALPHABET.len() as u32, &mut random) as usize;
            }
            if has_two_digits_and_a_letter(&body) {
                let mut text = String::with_capacity(REFERENCE_LEN);
                text.push_str(mode.reference_prefix());
                text.extend(body.iter().map(|&i| char::from(ALPHABET[i])));
                text.push(check_symbol(&body));
                return Self(text);
            }
        }
    }

    /// Reads a code exactly as minted: upper case, no blanks.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let rest = text.strip_prefix("LC").or_else(|| text.strip_prefix("LT")).ok_or(BadReference::Shape)?;
        if rest.len() != BODY_LEN + 1 {
            return Err(BadReference::Shape);
        }
        let mut body = [0_usize; BODY_LEN];
        let (symbols, check) = rest.as_bytes().split_at(BODY_LEN);
        for (slot, byte) in body.iter_mut().zip(symbols) {
            *slot = index_of(*byte).ok_or(BadReference::Shape)?;
        }
        index_of(check[0]).ok_or(BadReference::Shape)?;
        if !has_two_digits_and_a_letter(&body) {
            return Err(BadReference::Shape);
        }
        if check_symbol(&body) != char::from(check[0]) {
            return Err(BadReference::Check);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it: `LC 7K2M 9QX4 T`.
    pub fn spaced(&self) -> String {
        format!("{} {} {} {}", &self.0[..2], &self.0[2..6], &self.0[6..10], &self.0[10..])
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Uniform below `bound`: the uneven rest of the u32 range is thrown away.
fn below(bound: u32, random: &mut impl FnMut() -> u32) -> u32 {
    let limit = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = random();
        if drawn < limit {
            return drawn % bound;
        }
    }
}

fn index_of(byte: u8) -> Option<usize> {
    ALPHABET.iter().position(|&symbol| symbol == byte)
}

/// Kills false hits in all-letter Vietnamese text and in runs of digits.
fn has_two_digits_and_a_letter(body: &[usize; BODY_LEN]) -> bool {
    let digits = body.iter().filter(|&&i| i < 8).count();
    (2..BODY_LEN).contains(&digits)
}

fn check_symbol(body: &[usize; BODY_LEN]) -> char {
    let sum: usize = body.iter().zip(WEIGHTS).map(|(index, weight)| index * weight).sum();
    let m = ALPHABET.len();
    char::from(ALPHABET[(OFFSET + m - sum % m) % m])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minted(seed: u64, mode: Mode) -> Reference {
        let mut state = seed;
        Reference::mint(mode, move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        })
    }

    #[test]
    fn the_documents_example_is_valid() {
        let reference = Reference::parse("LC7K2M9QX4T").expect("the example of section 1.5");
        assert_eq!(reference.spaced(), "LC 7K2M 9QX4 T");
    }

    proptest! {
        #[test]
        fn every_substitution_and_every_swap_is_caught(seed: u64, at in 2_usize..11, other in 2_usize..11, symbol in 0_usize..31) {
            let text = minted(seed, Mode::Production).as_str().to_owned();
            prop_assert!(Reference::parse(&text).is_ok());
            let mut changed = text.clone().into_bytes();
            changed[at] = ALPHABET[symbol];
            if changed != text.as_bytes() {
                prop_assert!(Reference::parse(std::str::from_utf8(&changed).expect("ascii")).is_err());
            }
            let mut swapped = text.clone().into_bytes();
            swapped.swap(at, other);
            if swapped != text.as_bytes() {
                prop_assert!(Reference::parse(std::str::from_utf8(&swapped).expect("ascii")).is_err());
            }
        }

        #[test]
        fn the_two_modes_never_mix(seed: u64) {
            let sandbox = minted(seed, Mode::Sandbox);
            prop_assert!(sandbox.as_str().starts_with("LT"));
            let live = minted(seed, Mode::Production);
            prop_assert!(live.as_str().starts_with("LC"));
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,24}") {
            let _ = Reference::parse(&text).is_ok();
        }
    }
}

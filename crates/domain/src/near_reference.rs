//! References that a text may have meant: one slip away from what stands there. The check symbol says that a code is wrong and
//! not which one is right, so what is found here is suggested to a person and never booked (`reference_text` finds no near miss).
//!
//! | slip | the text has |
//! |---|---|
//! | `look_alike` | a symbol that reads like the right one, also one that no code has (`0 O 1 I L`) |
//! | `swapped` | two neighbours the other way about |
//! | `one_wrong` | any other symbol in one place |
//! | `one_missing`, `one_too_many` | a symbol less or more |
//!
//! Only what stands behind the prefix is looked at, which may read like it (`1C`, `IC`).

use crate::mode::Mode;
use crate::reference::{ALPHABET, REFERENCE_LEN, Reference};
use crate::reference_text::{self, Found};
use crate::states::words;
use std::collections::BTreeMap;

/// Places of a text that read like our prefix; more than these is no transfer's text.
const PLACES: usize = 8;
const PREFIX_LEN: usize = 2;

/// What is read as one another, on paper and on screens.
const LOOK_ALIKE: [&str; 12] = ["0OQDG", "1ILJ7T", "8B3", "5S", "2Z", "6GC", "UVY", "MN", "4A", "EF", "PR", "KX"];

words! {
    /// The nearest first.
    Slip {
        LookAlike = "look_alike", Swapped = "swapped", OneWrong = "one_wrong", OneMissing = "one_missing",
        OneTooMany = "one_too_many",
    }
}

/// Each reference that is one slip from what the text has, by the nearest slip. None of those that stand in it.
pub fn near(text: &str, mode: Mode) -> BTreeMap<Reference, Slip> {
    let squeezed = reference_text::squeezed(text);
    let mut near: BTreeMap<Reference, Slip> = BTreeMap::new();
    for rest in places(&squeezed, mode.reference_prefix()).take(PLACES) {
        for (code, slip) in slips(rest) {
            let whole = [mode.reference_prefix().as_bytes(), &code].concat();
            let reference = str::from_utf8(&whole).ok().and_then(|text| Reference::parse(text).ok());
            if let Some(reference) = reference {
                let known = near.entry(reference).or_insert(slip);
                *known = slip.min(*known);
            }
        }
    }
    let stand = match reference_text::find(text, mode) {
        Found::None => Vec::new(),
        Found::One(stands) => vec![stands],
        Found::Several(stand) => stand,
    };
    near.retain(|reference, _| !stand.contains(reference));
    near
}

/// What follows on each prefix.
fn places<'t>(squeezed: &'t str, prefix: &str) -> impl Iterator<Item = &'t [u8]> {
    let wanted = prefix.as_bytes().to_vec();
    let bytes = squeezed.as_bytes();
    let reads = move |at: &usize| bytes[*at..].iter().zip(&wanted).all(|(has, wanted)| reads_like(*has, *wanted));
    (0..bytes.len().saturating_sub(PREFIX_LEN)).filter(reads).map(|at| &bytes[at + PREFIX_LEN..])
}

fn reads_like(has: u8, wanted: u8) -> bool {
    has == wanted || (wanted == b'L' && matches!(has, b'1' | b'I'))
}

/// All that one slip makes of the beginning of this.
fn slips(rest: &[u8]) -> Vec<(Vec<u8>, Slip)> {
    const LEN: usize = REFERENCE_LEN - PREFIX_LEN;
    let mut all = Vec::new();
    if let Some(code) = rest.get(..LEN) {
        all.push((code.to_vec(), Slip::LookAlike));
        for at in 0..LEN {
            for &symbol in ALPHABET.iter().filter(|symbol| **symbol != code[at]) {
                let slip = if look_alike(code[at], symbol) { Slip::LookAlike } else { Slip::OneWrong };
                all.push((replaced(code, at, symbol), slip));
            }
            if at > 0 {
                let mut swapped = code.to_vec();
                swapped.swap(at - 1, at);
                all.push((swapped, Slip::Swapped));
            }
        }
    }
    if let Some(longer) = rest.get(..=LEN) {
        all.extend((0..=LEN).map(|at| ([&longer[..at], &longer[at + 1..]].concat(), Slip::OneTooMany)));
    }
    if let Some(shorter) = rest.get(..LEN - 1) {
        for at in 0..LEN {
            let with = |symbol: &u8| ([&shorter[..at], &[*symbol], &shorter[at..]].concat(), Slip::OneMissing);
            all.extend(ALPHABET.iter().map(with));
        }
    }
    all
}

fn replaced(code: &[u8], at: usize, symbol: u8) -> Vec<u8> {
    let mut code = code.to_vec();
    code[at] = symbol;
    code
}

fn look_alike(one: u8, other: u8) -> bool {
    LOOK_ALIKE.iter().any(|group| [one, other].iter().all(|symbol| group.as_bytes().contains(symbol)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slip(text: &str, meant: &str) -> Option<Slip> {
        near(text, Mode::Production).get(&Reference::parse(meant).expect("valid")).copied()
    }

    #[test]
    fn each_slip_is_found_behind_whatever_the_bank_wrote() {
        const MEANT: &str = "LC7K2M9QX4T";
        for (text, how) in [
            ("MBVCB.123.LC7K2M9OX4T.CT tu 001", Slip::LookAlike),
            ("lc 7k2m 9qx4 1", Slip::LookAlike),
            ("1C7K2M9QX4T", Slip::LookAlike),
            ("LC7KZM9QX4T", Slip::LookAlike),
            ("LC7K2MQ9X4T", Slip::Swapped),
            ("LC7K2M9QX4H", Slip::OneWrong),
            ("LC7K2M9X4T chuyen tien", Slip::OneMissing),
            ("LC7K2M99QX4T", Slip::OneTooMany),
        ] {
            assert_eq!(slip(text, MEANT), Some(how), "{text}");
        }
        assert_eq!(slip(MEANT, MEANT), None, "what stands there is no near miss");
        assert_eq!(slip("LC7K2M88X4T", MEANT), None, "two slips");
        assert!(near("NOP PHI HO SO", Mode::Production).is_empty() && near("LC", Mode::Production).is_empty());
        assert!(near("LT7K2M9OX4T", Mode::Production).is_empty(), "of the other mode");
    }

    proptest! {
        #[test]
        fn any_text_names_few_and_never_what_it_has(text in "[LC01A-Z2-9 ]{0,200}") {
            let near = near(&text, Mode::Production);
            prop_assert!(near.len() < PLACES * 60, "{}", near.len());
            if let Found::One(stands) = reference_text::find(&text, Mode::Production) {
                prop_assert!(!near.contains_key(&stands));
            }
        }

        #[test]
        fn a_code_is_found_from_any_one_wrong_symbol(seed in any::<u64>(), at in 0..9_usize, wrong in "[A-Z0-9]") {
            let mut state = seed;
            let meant = Reference::mint(Mode::Production, || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                u32::try_from(state >> 32).expect("half of it")
            });
            let mut typed = meant.as_str().to_owned();
            typed.replace_range(PREFIX_LEN + at..=PREFIX_LEN + at, &wrong);
            prop_assert_eq!(near(&typed, Mode::Production).contains_key(&meant), typed != meant.as_str());
        }
    }
}

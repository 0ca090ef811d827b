//! References in the text of a transfer.

use domain::mode::Mode;
use domain::reference::Reference;
use domain::reference_text::{Found, MAX_CHARACTERS, find, squeezed};

pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let plain = squeezed(&text);
    assert!(plain.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{plain}");
    let found = [Mode::Production, Mode::Sandbox].map(|mode| {
        let found = find(&text, mode);
        let codes = codes(&found);
        assert!(codes.is_sorted() && codes.windows(2).all(|two| two[0] != two[1]), "{codes:?}");
        for code in codes {
            assert_eq!(Reference::parse(code.as_str()).as_ref(), Ok(code), "no valid code");
            assert!(code.as_str().starts_with(mode.reference_prefix()), "{code} of another mode");
            assert!(plain.contains(code.as_str()), "{code} is not in {plain}");
        }
        if plain.len() <= MAX_CHARACTERS / 2 {
            assert_eq!(find(&plain, mode), found, "bare: {plain}");
            let spread: String = plain.chars().flat_map(|c| [c, ' ']).collect();
            assert_eq!(find(&spread, mode), found, "spread: {spread}");
            assert_eq!(find(&plain.to_lowercase(), mode), found, "in small letters: {plain}");
        }
        !codes.is_empty()
    });
    found.contains(&true)
}

fn codes(found: &Found) -> &[Reference] {
    match found {
        Found::None => &[],
        Found::One(code) => std::slice::from_ref(code),
        Found::Several(codes) => {
            assert!(codes.len() > 1, "several that are not");
            codes
        }
    }
}

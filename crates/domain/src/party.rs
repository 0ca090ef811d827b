//! A payer or a dossier's owner: two people, as one may pay for the other. Personal data: never logged, never an id.

use crate::states::words;
use std::fmt;

words! {
    IdentityKind { CitizenId = "citizen_id", TaxCode = "tax_code", Passport = "passport", None = "none" }
}

/// Personal data of one person or enterprise. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub identity_kind: IdentityKind,
    pub identity_number: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(redacted)")
    }
}

/// A name as others may see it who are asked to pay for it: first letters, and the given name, which comes last. One that
/// pays for the right person knows it; one that tries codes learns no name.
pub fn masked(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let Some((given, before)) = words.split_last() else { return String::new() };
    let hidden = |word: &str| word.chars().take(1).chain("***".chars()).collect::<String>();
    if before.is_empty() {
        return hidden(given);
    }
    before.iter().map(|w| hidden(w)).chain([(*given).to_owned()]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_masked_name_is_known_to_its_bearer_and_to_nobody_else() {
        assert_eq!(masked("Nguyễn Văn An"), "N*** V*** An");
        assert_eq!(masked("  Đỗ   Ích  "), "Đ*** Ích");
        assert_eq!(masked("An"), "A***");
        assert_eq!(masked(""), "");
    }
}

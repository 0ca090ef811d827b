//! `:86:`, what the payer and the bank wrote, folded at 65 characters.
//!
//! The fold adds nothing, so lines are joined without a blank: a blank would cut a reference in two. A bank that trims
//! the blank at its fold has lost it for good.
//!
//! Two shapes: free text, and sub-fields `?20` … after a code of three digits (the German customer standard, annex 3).
//! Text is structured only if it *begins* so: a question mark and two digits further on are the payer's own.

use crate::statement::Counterparty;

pub(super) struct Narrative {
    pub text: String,
    pub counterparty: Counterparty,
}

pub(super) fn read(joined: &str) -> Narrative {
    match structured(joined) {
        Some(fields) => from_fields(fields),
        None => Narrative { text: joined.trim().to_owned(), counterparty: Counterparty::default() },
    }
}

fn structured(joined: &str) -> Option<&str> {
    let code = joined.get(..3).is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()));
    let fields = if code { joined.get(3..)? } else { joined };
    key(fields).map(|_| fields)
}

/// The number of a sub-field that begins here, and the text after it.
fn key(text: &str) -> Option<(u8, &str)> {
    let rest = text.strip_prefix('?')?;
    let (digits, rest) = rest.split_at_checked(2)?;
    let fits = digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten().map(|number| (number, rest))
}

/// ?20 to ?29 and their continuation ?60 to ?63 are the text, ?30 the bank, ?31 the account, ?32 and ?33 the name.
fn from_fields(fields: &str) -> Narrative {
    let mut parts = [const { String::new() }; 4];
    let mut rest = fields;
    while let Some((number, after)) = key(rest) {
        let starts = after.char_indices().map(|(i, _)| i);
        let end = starts.into_iter().find(|i| after.get(*i..).and_then(key).is_some()).unwrap_or(after.len());
        let (value, next) = after.split_at(end);
        match number {
            20..=29 | 60..=63 => parts[0].push_str(value),
            30 => parts[1].push_str(value),
            31 => parts[2].push_str(value),
            32 | 33 => parts[3].push_str(value),
            _ => {}
        }
        rest = next;
    }
    let [text, bank, account, name] = parts.map(|part| part.trim().to_owned());
    let some = |s: String| Some(s).filter(|s| !s.is_empty());
    Narrative { text, counterparty: Counterparty { name: some(name), account: some(account), bank: some(bank) } }
}

//! Small parts of calls and answers that both documents share.

use domain::Vnd;
use provider::{Answer, Request};

/// As long as our books take a number of the other side.
const NUMBER_MAX: usize = 64;
/// A dossier or customer code.
const KEY_MAX: usize = 64;

/// The one header of this name; absent where it is given twice, which two readers would read differently.
pub fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let mut all = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    match (all.next(), all.next()) {
        (Some((_, value)), None) => Some(value.as_str()),
        _ => None,
    }
}

/// The other side's number of a payment or a bill: nothing in it that would mean something elsewhere.
pub fn number(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    ((1..=NUMBER_MAX).contains(&text.len()) && text.bytes().all(plain)).then(|| text.to_owned())
}

/// A dossier or customer code, as portals write it.
pub fn customer_key(text: &str) -> Option<String> {
    let printable = |c: char| !c.is_control();
    ((1..=KEY_MAX).contains(&text.chars().count()) && text.chars().all(printable)).then(|| text.to_owned())
}

/// Digits without a leading zero: whole đồng above nothing.
pub fn whole(text: &str) -> Option<Vnd> {
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || text.starts_with('0') {
        return None;
    }
    Vnd::amount(text.parse().ok()?).ok()
}

pub fn json(status: u16, body: &serde_json::Value) -> Answer {
    Answer { status, content_type: "application/json", body: body.to_string() }
}

/// At most so many characters.
pub fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_and_above_nothing() {
        assert_eq!(whole("150000").map(Vnd::dong), Some(150_000));
        assert_eq!(whole("999999999999").map(Vnd::dong), Some(999_999_999_999));
        for ill in ["", "0", "01", "-1", "+1", "1.0", "1,000", "1e3", " 1", "1000000000000", "9999999999999999999"] {
            assert_eq!(whole(ill), None, "{ill}");
        }
    }

    #[test]
    fn a_header_that_is_given_twice_is_none() {
        let headers =
            [("A".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned()), ("a".to_owned(), "3".to_owned())];
        let request = Request { method: "GET", query: "", headers: &headers, body: b"" };
        assert_eq!((header(&request, "a"), header(&request, "B")), (None, Some("2")));
    }
}

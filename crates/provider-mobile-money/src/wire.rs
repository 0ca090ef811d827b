//! Units, names and numbers as they are on the wire (GSMA 1.2, section 4.1), converted here and nowhere else.

use domain::Vnd;
use domain::codes::{OrderRef, ProfileCode};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// `currency`.
pub const VND: &str = "VND";
/// `descriptionText` holds 160; one line of an SMS is shorter.
const DESCRIPTION_MAX: usize = 100;
/// As long as our books take a provider's number; the document allows 256.
const REFERENCE_MAX: usize = 128;

/// The most that the wire's 18 digits and our books hold.
pub fn amount_to_wire(amount: Vnd) -> Option<String> {
    amount.is_positive().then(|| amount.dong().to_string())
}

/// `^([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[0-9])?$`; a fraction other than zeros is no đồng.
pub fn amount_from_wire(text: &str) -> Option<Vnd> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let no_leading_zero = whole == "0" || !whole.starts_with('0');
    let zeros = fraction.is_none_or(|f| digits(f) && f.len() <= 4 && f.bytes().all(|b| b == b'0'));
    if !digits(whole) || whole.len() > 18 || !no_leading_zero || !zeros {
        return None;
    }
    Vnd::amount(whole.parse().ok()?).ok()
}

/// A Vietnamese mobile number as `+84` and nine digits, from how people write it.
pub fn msisdn(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
    let national =
        kept.strip_prefix("+84").or_else(|| kept.strip_prefix("0084")).or_else(|| kept.strip_prefix('0')).or_else(
            || {
                // with the country code and without the plus: nine digits are left
                kept.strip_prefix("84").filter(|rest| rest.len() == 9)
            },
        )?;
    // mobile prefixes begin with 3, 5, 7, 8 and 9
    let mobile = national.len() == 9
        && national.bytes().all(|b| b.is_ascii_digit())
        && national.starts_with(['3', '5', '7', '8', '9']);
    mobile.then(|| format!("+84{national}"))
}

/// Our `oneTimeCode`: what people can type.
pub fn one_time_code(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    ((4..=20).contains(&kept.len()) && kept.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(kept)
}

/// `X-CorrelationID` of an order: made from its name, so that a process that knows the order knows it too, and the same
/// order is never sent under another. In the form of a random UUID, which is all that providers look at.
pub fn correlation_id(profile: &ProfileCode, order_ref: &OrderRef) -> Uuid {
    let digest = Sha256::digest(format!("merchantpay:{profile}:{order_ref}"));
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}

/// That of a refund: its request id is a UUID without hyphens.
pub fn refund_correlation_id(request_id: &str) -> Option<Uuid> {
    (request_id.len() == 32).then(|| Uuid::try_parse(request_id).ok()).flatten()
}

/// A reference that goes into a path and into our books: it has no character that would mean something there.
pub fn reference(text: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let named = (1..=REFERENCE_MAX).contains(&text.len()) && text.bytes().all(plain);
    (named && !text.bytes().all(|b| b == b'.')).then_some(text)
}

/// `X-Date`.
pub fn date(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 with any offset.
pub fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Plain letters only: it goes into text messages.
pub fn description(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ' ').take(DESCRIPTION_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_those_of_the_documents_pattern_and_whole() {
        for (text, dong) in
            [("0", 0), ("1", 1), ("150000", 150_000), ("6.00", 6), ("6.0", 6), ("999999999999", 999_999_999_999)]
        {
            assert_eq!(amount_from_wire(text).map(Vnd::dong), Some(dong), "{text}");
        }
        for text in [
            "",
            "-1",
            "+1",
            "01",
            "1.",
            ".5",
            "6.50",
            "1.00000",
            "150,000",
            "1e3",
            " 1",
            "1000000000000",
            "1234567890123456789",
        ] {
            assert_eq!(amount_from_wire(text), None, "{text}");
        }
        assert_eq!(amount_to_wire(Vnd::ZERO), None);
    }

    #[test]
    fn a_mobile_number_is_known_however_it_is_typed() {
        for typed in ["0912345678", "+84912345678", "84912345678", "0084 912 345 678", "091.234.5678", "(091) 234-5678"]
        {
            assert_eq!(msisdn(typed).as_deref(), Some("+84912345678"), "{typed}");
        }
        for typed in
            ["", "912345678", "02438250000", "+33555123456", "091234567", "09123456789", "0912a45678", "+84012345678"]
        {
            assert_eq!(msisdn(typed), None, "{typed}");
        }
    }

    #[test]
    fn an_order_has_one_correlation_id_and_another_order_another() {
        let id = |profile: &str, order: &str| {
            correlation_id(&ProfileCode::new(profile).expect("code"), &OrderRef::new(order).expect("code"))
        };
        assert_eq!(id("mm_main", "LC1"), id("mm_main", "LC1"));
        assert_ne!(id("mm_main", "LC1"), id("mm_main", "LC2"));
        assert_ne!(id("mm_main", "LC1"), id("mm_two", "LC1"));
        assert_eq!(id("mm_main", "LC1").get_version_num(), 4);
        assert!(refund_correlation_id("00000000000000000000000000000001").is_some());
        assert!(refund_correlation_id("1").is_none());
    }

    #[test]
    fn a_reference_leads_nowhere_else() {
        assert_eq!(reference("MM26112400000123"), Some("MM26112400000123"));
        for text in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "ă", &"x".repeat(129)] {
            assert_eq!(reference(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_read_back_as_it_was_written(dong in 1_i64..=999_999_999_999) {
            let written = amount_to_wire(Vnd::new(dong)).expect("above zero");
            prop_assert_eq!(amount_from_wire(&written).map(Vnd::dong), Some(dong));
        }
    }
}

//! The tellers' units and alphabets, converted here and nowhere else: amounts in đồng, times in Hanoi, ids and numbers.
//! It refuses: amounts that are not whole đồng or not in 1..=999,999,999,999, account numbers and ids of foreign form.

use domain::Vnd;
use domain::business_day::HANOI;
use jiff::Timestamp;
use jiff::civil::DateTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    #[error("an amount is digits, perhaps with a sign and a fraction")]
    Digits,
    #[error("an amount is whole đồng")]
    Fraction,
    #[error("an amount is at most {max} đồng", max = domain::money::MAX_AMOUNT)]
    Range,
}

/// Đồng, below zero with a minus: `150000`, `-193000`, `18067000.00`. A fraction must be zero. Zero itself is read, for a
/// listing states both sides of a row.
pub fn signed_amount(text: &str) -> Result<Vnd, BadAmount> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if !is_digits(whole) || !is_digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(BadAmount::Digits);
    }
    if fraction.bytes().any(|b| b != b'0') {
        return Err(BadAmount::Fraction);
    }
    let dong: i64 = whole.parse().map_err(|_| BadAmount::Range)?;
    let amount = Vnd::amount(dong).map_err(|_| BadAmount::Range)?;
    Ok(if negative { -amount } else { amount })
}

/// As [`signed_amount`], above zero.
pub fn amount(text: &str) -> Result<Vnd, BadAmount> {
    signed_amount(text).and_then(|amount| if amount.is_positive() { Ok(amount) } else { Err(BadAmount::Range) })
}

/// `YYYY-MM-DD HH:mm:ss` in Hanoi (Bank transfer, sections 2.1 to 2.3), or with a zone of its own. None where it is not
/// to be read, and for a bare date, which states no time.
pub fn time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local: DateTime = text.parse().ok().filter(|_| text.len() > "YYYY-MM-DD".len())?;
    HANOI.to_timestamp(local).ok()
}

/// `YYYY-MM-DD HH:mm:ss` in Hanoi; fractions of a second are cut.
pub fn time_to_wire(at: Timestamp) -> String {
    HANOI.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The teller's own number of a row. Zero is none: Casso's test call has it.
pub fn is_row_id(text: &str) -> bool {
    is_digits(text) && text.len() <= 20 && !text.starts_with('0')
}

/// Of a bank or virtual account, or a payment link: letters and digits.
pub fn is_number(text: &str) -> bool {
    (1..=34).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A bank's reference goes into a key, so it is bounded and printable.
pub fn is_reference(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// Without control characters, which no database keeps; all else stays as told.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_whole_dong_in_range() {
        assert_eq!(amount("150000"), Ok(Vnd::new(150_000)));
        assert_eq!(amount("18067000.00"), Ok(Vnd::new(18_067_000)));
        assert_eq!(signed_amount("-193000"), Ok(Vnd::new(-193_000)));
        assert_eq!(signed_amount("0.00"), Ok(Vnd::ZERO));
        assert_eq!(amount("999999999999"), Ok(Vnd::new(999_999_999_999)));
        for ill in ["", "-", "1e5", "+1", " 1", "1,000", "1.", ".5", "1.0.0", "007", "--1", "١٠", "1_000", "0x1"] {
            assert_eq!(signed_amount(ill), Err(BadAmount::Digits), "{ill}");
        }
        assert_eq!(amount("150000.01"), Err(BadAmount::Fraction));
        for ill in ["0", "0.00", "-1", "-0", "1000000000000", "99999999999999999999999"] {
            assert_eq!(amount(ill), Err(BadAmount::Range), "{ill}");
        }
    }

    #[test]
    fn times_without_a_zone_are_those_of_hanoi() {
        let read = |text: &str| time(text).map(|at| at.to_string());
        for same in ["2024-10-03 15:06:37", "2024-10-03T15:06:37", "2024-10-03T15:06:37+07:00", "2024-10-03T08:06:37Z"]
        {
            assert_eq!(read(same).as_deref(), Some("2024-10-03T08:06:37Z"), "{same}");
        }
        for ill in ["", "2024-10-03", "2024-13-03 15:06:37", "2024-02-30 15:06:37", "2024-10-03 25:06:37", "now"] {
            assert_eq!(read(ill), None, "{ill}");
        }
        assert_eq!(time_to_wire("2024-10-03T17:00:00.9Z".parse().expect("instant")), "2024-10-04 00:00:00");
    }

    proptest! {
        #[test]
        fn every_amount_is_read(dong in 1_i64..=999_999_999_999) {
            prop_assert_eq!(amount(&dong.to_string()), Ok(Vnd::new(dong)));
            prop_assert_eq!(amount(&format!("{dong}.00")), Ok(Vnd::new(dong)));
        }

        #[test]
        fn every_second_comes_back(second in 0_i64..4_102_444_800) {
            let at = Timestamp::from_second(second).expect("instant");
            prop_assert_eq!(time(&time_to_wire(at)), Some(at));
        }

        #[test]
        fn foreign_text_never_panics(text: String) {
            let _ = (signed_amount(&text), time(&text), is_row_id(&text), is_number(&text), is_reference(&text));
        }
    }
}

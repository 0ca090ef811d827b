//! The platform's units and alphabets, converted here and nowhere else: whole đồng as text, times in Hanoi, texts without
//! what parts signed values. It refuses: amounts that are no plain whole number, times that no calendar has.

use domain::Vnd;
use domain::business_day::HANOI;
use domain::codes::OrderRef;
use jiff::Timestamp;
use jiff::civil::DateTime;

/// `PhienBan` (DVCQG 1.0.6, section 3.1).
pub const VERSION: &str = "1.0.6";
/// `MaTienTe`.
pub const CURRENCY: &str = "VND";
/// `MaLoi` of what went well; any other is known by nobody.
pub const GOOD: &str = "00";

/// `MaThamChieu` is at most this; other texts are held to it too.
const TEXT_LEN: usize = 255;
/// Names of procedures are cut at this by the code base that works.
const NAME_LEN: usize = 250;

pub fn amount_to_wire(amount: Vnd) -> String {
    amount.dong().to_string()
}

/// Any positive amount: what was taken has a home, whatever was ordered.
pub fn amount_from_wire(text: &str) -> Option<Vnd> {
    let plain = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let dong: i64 = plain.then(|| text.parse().ok()).flatten()?;
    Vnd::amount(dong).ok().filter(|amount| amount.is_positive())
}

/// `yyyyMMddHHmmss` in GMT+7, of 24 hours; fractions of a second are cut, so the same instant always gives the same text.
pub fn time_to_wire(at: Timestamp) -> String {
    let t = HANOI.to_datetime(at);
    let (date, time) = ((t.year(), t.month(), t.day()), (t.hour(), t.minute(), t.second()));
    format!("{:04}{:02}{:02}{:02}{:02}{:02}", date.0, date.1, date.2, time.0, time.1, time.2)
}

pub fn time_from_wire(text: &str) -> Option<Timestamp> {
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year = text[..4].parse().ok()?;
    let two = |at: usize| text[at..at + 2].parse::<i8>().ok();
    let local = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, 0).ok()?;
    HANOI.to_timestamp(local).ok()
}

/// `MaGiaoDich`: its alphabet is not known; what has blanks or is very long is no number of a transaction.
pub fn transaction(text: &str) -> Option<&str> {
    ((1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then_some(text)
}

/// `MaLoi` and `TrangThaiGD` where they go into a report: foreign text goes nowhere else.
pub fn code(text: &str) -> Option<&str> {
    ((1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(text)
}

/// A signed call about an order that is not ours in form must still be reported, for its money is real: characters
/// outside our alphabet become `_`, and what is longer than ours is cut. The verbatim text stays in the evidence.
/// None only for an empty reference.
pub fn order_ref(reference: &str) -> Option<OrderRef> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let folded: String = reference.chars().take(64).map(|c| if fits(c) { c } else { '_' }).collect();
    OrderRef::new(folded).ok()
}

/// `ThongTinGiaoDich` and texts beside it: Vietnamese as it is, one line, without what parts signed values.
pub fn line(text: &str) -> String {
    cut(text, TEXT_LEN)
}

/// A name of the bill.
pub fn name(text: &str) -> String {
    cut(text, NAME_LEN)
}

fn cut(text: &str, most: usize) -> String {
    let plain = |c: char| if c == crate::signature::BAR || c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(plain).collect();
    let words = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(most).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_that_are_no_positive_whole_number_are_refused() {
        for ill in ["", "0", "-1", "+1", "1e4", "1.0", " 1", "01", "9223372036854775808", "١٠٠"] {
            assert_eq!(amount_from_wire(ill), None, "{ill}");
        }
        assert_eq!(amount_from_wire("3200000000"), Some(Vnd::new(3_200_000_000)), "more than 32 bits");
        assert_eq!(amount_to_wire(Vnd::new(200_000)), "200000");
    }

    #[test]
    fn times_are_those_of_hanoi_and_of_a_day_of_24_hours() {
        let at: Timestamp = "2026-11-24T10:30:15.9Z".parse().expect("instant");
        assert_eq!(time_to_wire(at), "20261124173015");
        assert_eq!(time_from_wire("20261124173015"), "2026-11-24T10:30:15Z".parse().ok());
        for ill in ["", "2026112417301", "202611241730155", "20261324173015", "20261124243015", "2026112417301x"] {
            assert_eq!(time_from_wire(ill), None, "{ill}");
        }
    }

    #[test]
    fn what_parts_signed_values_is_taken_out_of_texts() {
        assert_eq!(line("Thu phí | lệ phí\n"), "Thu phí lệ phí");
        assert_eq!((line("||").as_str(), line(&"ế".repeat(300)).chars().count()), ("", 255));
        assert_eq!(name(&"ế".repeat(300)).chars().count(), 250);
    }

    #[test]
    fn numbers_codes_and_references_are_plain() {
        assert_eq!(
            (transaction("FT26328000001"), transaction(""), transaction("a b")),
            (Some("FT26328000001"), None, None)
        );
        assert_eq!((code("00"), code("4"), code("x y"), code("")), (Some("00"), Some("4"), None, None));
        assert_eq!(order_ref("đơn/5").map(|r| r.as_str().to_owned()).as_deref(), Some("__n_5"));
        assert_eq!(order_ref(""), None);
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics_and_a_line_parts_nothing(text in any::<String>()) {
            let _ = (amount_from_wire(&text), time_from_wire(&text), transaction(&text), code(&text), order_ref(&text));
            prop_assert!(!line(&text).contains('|') && line(&text).chars().count() <= 255);
        }

        #[test]
        fn a_time_comes_back_as_it_was_sent(second in 0_i64..4_000_000_000) {
            let at = Timestamp::from_second(second).expect("instant");
            prop_assert_eq!(time_from_wire(&time_to_wire(at)), Some(at));
        }
    }
}

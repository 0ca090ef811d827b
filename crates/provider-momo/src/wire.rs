//! MoMo's units and alphabets, converted here and nowhere else: whole đồng, times in milliseconds, texts without what parts
//! signed fields. It refuses: amounts that are no plain whole number, orders outside 1,000 to 50,000,000 đồng.

use domain::Vnd;
use domain::codes::OrderRef;
use jiff::Timestamp;

/// MoMo AIO v2, section 2.2; cards and ATM, which `payWithMethod` may offer, have limits of their own that MoMo's page
/// observes.
pub const LEAST: Vnd = Vnd::new(1_000);
pub const MOST: Vnd = Vnd::new(50_000_000);

/// `requestId` is "S50" (section 2.2).
const REQUEST_ID_LEN: usize = 50;
/// `orderInfo` is "S255" (section 2.2).
const INFO_LEN: usize = 255;

/// What an order or a refund may be.
pub fn within_limits(amount: Vnd) -> bool {
    (LEAST..=MOST).contains(&amount)
}

/// Any positive amount: what was taken has a home, whatever the limits of an order.
pub fn amount_from_wire(text: &str) -> Option<Vnd> {
    let dong: i64 = is_whole(text).then(|| text.parse().ok()).flatten()?;
    Vnd::amount(dong).ok().filter(|amount| amount.is_positive())
}

/// `resultCode` is an Int (section 2.3).
pub fn code_from_wire(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (is_whole(digits) && text != "-0" && text.len() <= 6).then(|| text.parse().ok()).flatten()
}

/// `transId` is a Long; 0 where there was no transaction.
pub fn trans_id(text: &str) -> Option<&str> {
    (is_whole(text) && text.len() <= 19 && text != "0").then_some(text)
}

/// `responseTime` is epoch milliseconds.
pub fn time_from_wire(text: &str) -> Option<Timestamp> {
    let ms: i64 = is_whole(text).then(|| text.parse().ok()).flatten()?;
    Timestamp::from_millisecond(ms).ok()
}

/// Our order reference as `orderId` and `requestId`: `^[0-9a-zA-Z]([-_.]*[0-9a-zA-Z]+)*$` (section 2.2), at most 50.
pub fn order_id(order_ref: &OrderRef) -> Option<&str> {
    let text = order_ref.as_str();
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let fits = ends(text.as_bytes().first()) && ends(text.as_bytes().last()) && text.len() <= REQUEST_ID_LEN;
    fits.then_some(text)
}

/// A signed call about an order that is not ours in form must still be reported, for its money is real: characters
/// outside our alphabet become `_`, and what is longer than ours is cut. The verbatim text stays in the evidence.
/// None only for an empty reference.
pub fn order_ref(order_id: &str) -> Option<OrderRef> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let folded: String = order_id.chars().take(64).map(|c| if fits(c) { c } else { '_' }).collect();
    OrderRef::new(folded).ok()
}

/// `orderInfo`: Vietnamese as it is; `&` and `=` would make the signed text ambiguous, and become blanks. Never empty.
pub fn order_info(description: &str) -> String {
    let plain = |c: char| if c == '&' || c == '=' || c.is_control() { ' ' } else { c };
    let text: String = description.chars().map(plain).collect();
    let words = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(INFO_LEN).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { "Thanh toan dich vu cong".to_owned() } else { cut.to_owned() }
}

/// A whole number as JSON writes it: no sign, no leading zero.
fn is_whole(text: &str) -> bool {
    text == "0" || (!text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()))
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
        assert_eq!(amount_from_wire("40000"), Some(Vnd::new(40_000)));
        assert!(within_limits(LEAST) && within_limits(MOST));
        assert!(!within_limits(Vnd::new(999)) && !within_limits(Vnd::new(50_000_001)));
    }

    #[test]
    fn codes_numbers_and_times_are_plain() {
        assert_eq!(
            (code_from_wire("0"), code_from_wire("9000"), code_from_wire("-1")),
            (Some(0), Some(9000), Some(-1))
        );
        for ill in ["", "00", "-0", "1.0", "1e3", "99999999", "-", "x"] {
            assert_eq!(code_from_wire(ill), None, "{ill}");
        }
        assert_eq!(trans_id("4088878653"), Some("4088878653"));
        for ill in ["", "0", "-1", "12345678901234567890", "1a"] {
            assert_eq!(trans_id(ill), None, "{ill}");
        }
        let at = time_from_wire("1767580463942").map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2026-01-05T02:34:23.942Z"));
        assert_eq!(time_from_wire("9223372036854775807"), None);
    }

    #[test]
    fn what_parts_signed_fields_is_taken_out_of_the_info() {
        assert_eq!(order_info("Lệ phí & thuế = 2 khoản\n"), "Lệ phí thuế 2 khoản");
        assert_eq!(order_info("&=&"), "Thanh toan dich vu cong");
        assert_eq!(order_info(&"ế".repeat(300)).chars().count(), 255);
    }

    #[test]
    fn an_order_of_ours_fits_momos_pattern() {
        let fits = |text: &str| order_id(&OrderRef::new(text).expect("code")).is_some();
        assert!(fits("LC7K2M9QX4T1") && fits("LC.2026_0003") && fits("a"));
        assert!(!fits("-LC1") && !fits("LC1.") && !fits(&"x".repeat(51)));
        assert_eq!(order_ref("đơn/5").map(|r| r.as_str().to_owned()).as_deref(), Some("__n_5"));
        assert_eq!(order_ref(""), None);
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics_and_the_info_parts_nothing(text in any::<String>()) {
            let _ = (amount_from_wire(&text), code_from_wire(&text), trans_id(&text), time_from_wire(&text), order_ref(&text));
            let info = order_info(&text);
            prop_assert!((1..=255).contains(&info.chars().count()));
            prop_assert!(!info.contains(['&', '=']));
        }
    }
}

//! ZaloPay's units and names, converted here and nowhere else: whole đồng, milliseconds, days in Vietnam before each name.
//! It refuses: amounts that are no plain whole number, names that ZaloPay's fields do not hold.

use domain::Vnd;
use domain::business_day::HANOI;
use domain::codes::OrderRef;
use jiff::Timestamp;

/// `app_trans_id` is "S40" (ZaloPay v2, section 3.2).
const TRANS_ID_LEN: usize = 40;
/// `m_refund_id` is "S45" (section 3.5).
const REFUND_ID_LEN: usize = 45;
/// `description` is "S256" of an order, "S100" of a refund.
const ORDER_TEXT_LEN: usize = 256;
const REFUND_TEXT_LEN: usize = 100;

/// `yymmdd` in Vietnam.
pub fn day(at: Timestamp) -> String {
    let date = HANOI.to_datetime(at).date();
    format!("{:02}{:02}{:02}", date.year().rem_euclid(100), date.month(), date.day())
}

/// `yymmdd_` and our order reference (section 3.2): the day is that of the order, so each question names the same.
pub fn app_trans_id(order_ref: &OrderRef, ordered_at: Timestamp) -> Option<String> {
    let text = format!("{}_{order_ref}", day(ordered_at));
    (text.len() <= TRANS_ID_LEN).then_some(text)
}

/// Our order reference out of it. A signed call about an order that is not ours in form must still be reported, for its
/// money is real: characters outside our alphabet become `_`, and what is longer than ours is cut. The verbatim text stays
/// in the evidence. None only for an empty reference.
pub fn order_ref(app_trans_id: &str) -> Option<OrderRef> {
    let is_day = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
    let own = app_trans_id.split_once('_').filter(|(day, own)| is_day(day) && !own.is_empty());
    let own = own.map_or(app_trans_id, |(_, own)| own);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let folded: String = own.chars().take(64).map(|c| if fits(c) { c } else { '_' }).collect();
    OrderRef::new(folded).ok()
}

/// `yymmdd_<appid>_<own>` (section 3.5): the day of the first call, and our request id in 25 characters, for its 32 would
/// not fit beside a longer app id.
pub fn m_refund_id(request_id: &str, app_id: u64, first_asked_at: Timestamp) -> Option<String> {
    let number = u128::from_str_radix(request_id, 16).ok()?;
    let text = format!("{}_{app_id}_{}", day(first_asked_at), base36(number));
    (text.len() <= REFUND_ID_LEN).then_some(text)
}

fn base36(mut number: u128) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 25];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        *place = DIGITS.get(digit).copied().unwrap_or(b'0');
        number /= 36;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Any positive amount: what was taken has a home.
pub fn amount_from_wire(text: &str) -> Option<Vnd> {
    let dong: i64 = is_whole(text).then(|| text.parse().ok()).flatten()?;
    Vnd::amount(dong).ok().filter(|amount| amount.is_positive())
}

/// `zp_trans_id` is a number in the sample and a text in the newer table (section 3.3).
pub fn trans_id(text: &str) -> Option<&str> {
    (is_whole(text) && text.len() <= 19 && text != "0").then_some(text)
}

/// `server_time` is epoch milliseconds.
pub fn time_from_wire(text: &str) -> Option<Timestamp> {
    let ms: i64 = is_whole(text).then(|| text.parse().ok()).flatten()?;
    Timestamp::from_millisecond(ms).ok()
}

pub fn code_from_wire(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (is_whole(digits) && text.len() <= 6).then(|| text.parse().ok()).flatten()
}

/// What the payer reads; never empty.
pub fn order_text(description: &str) -> String {
    let text = plain(description, ORDER_TEXT_LEN);
    if text.is_empty() { "Thanh toan dich vu cong".to_owned() } else { text }
}

/// It is signed, and `|` parts signed values (section 3.5): it becomes a blank.
pub fn refund_text(description: &str) -> String {
    plain(&description.replace('|', " "), REFUND_TEXT_LEN)
}

fn plain(text: &str, max: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    words.chars().take(max).collect::<String>().trim_end().to_owned()
}

/// A whole number as JSON writes it: no sign, no leading zero.
fn is_whole(text: &str) -> bool {
    text == "0" || (!text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("instant")
    }

    #[test]
    fn the_day_is_that_of_vietnam() {
        let order = OrderRef::new("LC7K2M9QX4T1").expect("code");
        let late = at("2026-01-05T16:59:59Z");
        assert_eq!(app_trans_id(&order, late).as_deref(), Some("260105_LC7K2M9QX4T1"));
        assert_eq!(app_trans_id(&order, at("2026-01-05T17:00:00Z")).as_deref(), Some("260106_LC7K2M9QX4T1"));
        let long = OrderRef::new("x".repeat(34)).expect("code");
        assert_eq!(app_trans_id(&long, late), None);
    }

    #[test]
    fn an_order_is_found_again_and_a_foreign_one_is_folded() {
        let folded = |text: &str| order_ref(text).map(|r| r.as_str().to_owned());
        assert_eq!(folded("260105_LC7K2M9QX4T1").as_deref(), Some("LC7K2M9QX4T1"));
        assert_eq!(folded("200904_2553_1598435687208").as_deref(), Some("2553_1598435687208"));
        assert_eq!(folded("đơn/5").as_deref(), Some("__n_5"));
        assert_eq!((folded("260105_").as_deref(), folded("")), (Some("260105_"), None));
    }

    #[test]
    fn a_refunds_id_fits_beside_any_app_and_is_always_the_same() {
        let (id, asked) = ("0192f0c1a2b37c4d8e5f60718293a4b5", at("2026-01-05T03:15:00Z"));
        let short = m_refund_id(id, 2553, asked).expect("an id");
        assert!(short.starts_with("260105_2553_") && short.len() == 37, "{short}");
        let long = m_refund_id(&"f".repeat(32), 999_999_999_999, asked).expect("an id");
        assert_eq!(long, "260105_999999999999_f5lxx1zz5pnorynqglhzmsp33");
        assert_eq!(long.len(), 45);
        assert_eq!(m_refund_id("no hex", 1, asked), None);
    }

    #[test]
    fn amounts_numbers_codes_and_times_are_plain() {
        for ill in ["", "0", "-1", "+1", "1e4", "1.0", " 1", "01", "9223372036854775808", "١٠٠"] {
            assert_eq!(amount_from_wire(ill), None, "{ill}");
        }
        assert_eq!(amount_from_wire("10000"), Some(Vnd::new(10_000)));
        assert_eq!((trans_id("260105000000389"), trans_id("0"), trans_id("1a")), (Some("260105000000389"), None, None));
        assert_eq!((code_from_wire("-402"), code_from_wire("1"), code_from_wire("1.0")), (Some(-402), Some(1), None));
        let time = time_from_wire("1767580413498").map(|at| at.to_string());
        assert_eq!(time.as_deref(), Some("2026-01-05T02:33:33.498Z"));
    }

    #[test]
    fn texts_keep_their_letters_and_their_limits() {
        assert_eq!(order_text("Lệ phí\n| phí"), "Lệ phí | phí");
        assert_eq!(refund_text("Hoàn | phí"), "Hoàn phí");
        assert_eq!(order_text(" "), "Thanh toan dich vu cong");
        assert_eq!(
            (order_text(&"ế".repeat(300)).chars().count(), refund_text(&"ế".repeat(300)).chars().count()),
            (256, 100)
        );
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in any::<String>()) {
            let _ = (amount_from_wire(&text), trans_id(&text), time_from_wire(&text), order_ref(&text), code_from_wire(&text));
            prop_assert!((1..=256).contains(&order_text(&text).chars().count()));
            prop_assert!(!refund_text(&text).contains('|'));
        }

        #[test]
        fn two_requests_never_have_one_refund_id(a: u128, b: u128) {
            let id = |number: u128| m_refund_id(&format!("{number:032x}"), 2553, Timestamp::UNIX_EPOCH).expect("an id");
            prop_assert_eq!(a == b, id(a) == id(b));
        }
    }
}

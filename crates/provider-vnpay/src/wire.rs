//! VNPAY's units and alphabets, converted here and nowhere else: amounts × 100, times in Hanoi, texts without diacritics.
//! It refuses: amounts that are not whole đồng or not in 1..=9,999,999,999, times that no calendar has.

use domain::Vnd;
use domain::business_day::HANOI;
use domain::codes::OrderRef;
use jiff::Timestamp;
use jiff::civil::DateTime;
use std::net::IpAddr;

/// `vnp_Version` (VNPAY 2.1.0, section 1.2).
pub const VERSION: &str = "2.1.0";

/// `vnp_Amount` is "n 1–12" of VND × 100 (VNPAY 2.1.0, section 1.2).
pub const MAX_AMOUNT: Vnd = Vnd::new(9_999_999_999);

/// What VNPAY counts in: a hundredth of a đồng.
const PER_DONG: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    #[error("an amount is 1 to 12 digits")]
    Digits,
    #[error("an amount is whole đồng")]
    Fraction,
    #[error("an amount is from 1 to {max} đồng", max = MAX_AMOUNT.dong())]
    Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is 14 digits yyyyMMddHHmmss")]
pub struct BadTime;

pub fn amount_to_wire(amount: Vnd) -> Result<String, BadAmount> {
    let hundredths = in_range(amount)?.dong().checked_mul(PER_DONG).ok_or(BadAmount::Range)?;
    Ok(hundredths.to_string())
}

pub fn amount_from_wire(text: &str) -> Result<Vnd, BadAmount> {
    if !is_digits(text) || text.len() > 12 {
        return Err(BadAmount::Digits);
    }
    let hundredths: i64 = text.parse().map_err(|_| BadAmount::Digits)?;
    if hundredths.checked_rem(PER_DONG) != Some(0) {
        return Err(BadAmount::Fraction);
    }
    in_range(Vnd::new(hundredths.checked_div(PER_DONG).ok_or(BadAmount::Range)?))
}

/// `yyyyMMddHHmmss` in GMT+7; fractions of a second are cut, so the same instant always gives the same text.
pub fn time_to_wire(at: Timestamp) -> String {
    let t = HANOI.to_datetime(at);
    let (date, time) = ((t.year(), t.month(), t.day()), (t.hour(), t.minute(), t.second()));
    format!("{:04}{:02}{:02}{:02}{:02}{:02}", date.0, date.1, date.2, time.0, time.1, time.2)
}

pub fn time_from_wire(text: &str) -> Result<Timestamp, BadTime> {
    if !is_digits(text) || text.len() != 14 {
        return Err(BadTime);
    }
    let year = text[..4].parse().map_err(|_| BadTime)?;
    let two = |at: usize| text[at..at + 2].parse::<i8>().map_err(|_| BadTime);
    let local = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, 0).map_err(|_| BadTime)?;
    HANOI.to_timestamp(local).map_err(|_| BadTime)
}

/// `vnp_OrderInfo`: Vietnamese without diacritics, "an 1–255", only characters that every VNPAY client encodes alike
/// (VNPAY 2.1.0, section 1.3): `[A-Za-z0-9 _.:,-]`. Never empty.
pub fn order_info(description: &str) -> String {
    let text = plain(description, 255);
    if text.is_empty() { "Thanh toan dich vu cong".to_owned() } else { text }
}

/// `vnp_CreateBy`: who asks for a refund. Its limit is about 245 (VNPAY 2.1.0, section 1.8); its alphabet is not published,
/// so it is that of `vnp_OrderInfo`. Never empty.
pub fn create_by(person: &str) -> String {
    let text = plain(person, 245);
    if text.is_empty() { "Motlan".to_owned() } else { text }
}

/// A signed call about an order that is not ours in form must still be reported, for its money is real: characters
/// outside our alphabet become `_`, and what is longer than ours is cut. The verbatim text stays in the evidence.
/// None only for an empty reference.
pub fn order_ref(vnp_txn_ref: &str) -> Option<OrderRef> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let folded: String = vnp_txn_ref.chars().take(64).map(|c| if fits(c) { c } else { '_' }).collect();
    OrderRef::new(folded).ok()
}

/// `vnp_IpAddr` is "an 7–45" (VNPAY 2.1.0, section 1.2): `::1` is too short, so short IPv6 texts are written in full.
pub fn ip_address(ip: IpAddr) -> String {
    let text = ip.to_canonical().to_string();
    match ip.to_canonical() {
        IpAddr::V6(v6) if text.len() < 7 => v6.segments().map(|part| format!("{part:x}")).join(":"),
        _ => text,
    }
}

/// `vnp_ReturnUrl` without `* ~ ' ( ) !`, which VNPAY clients encode differently (VNPAY 2.1.0, section 1.3); the
/// percent form names the same page. None outside "an 10–255".
pub fn return_url(url: &str) -> Option<String> {
    let mut safe = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '*' => safe.push_str("%2A"),
            '~' => safe.push_str("%7E"),
            '\'' => safe.push_str("%27"),
            '(' => safe.push_str("%28"),
            ')' => safe.push_str("%29"),
            '!' => safe.push_str("%21"),
            other => safe.push(other),
        }
    }
    (10..=255).contains(&safe.len()).then_some(safe)
}

/// `vnp_TransactionNo` is "n 1–15", and `0` when there was no bank transaction (VNPAY 2.1.0, section 1.4).
pub fn is_transaction_no(text: &str) -> bool {
    is_digits(text) && text.len() <= 15 && text.bytes().any(|b| b != b'0')
}

/// `vnp_BankTranNo` is "an 1–255", and absent where nothing was paid (VNPAY 2.1.0, section 1.4). Banks write some marks, too.
pub fn is_bank_number(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/".contains(&b))
}

/// `vnp_ResponseCode` and `vnp_TransactionStatus` are "n2" (VNPAY 2.1.0, section 1.4).
pub fn is_code(text: &str) -> bool {
    is_digits(text) && text.len() == 2
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn in_range(amount: Vnd) -> Result<Vnd, BadAmount> {
    if amount.is_positive() && amount <= MAX_AMOUNT { Ok(amount) } else { Err(BadAmount::Range) }
}

/// At most so many characters of `[A-Za-z0-9 _.:,-]`, words parted by one space.
fn plain(text: &str, max: usize) -> String {
    let folded: String = text.chars().filter_map(fold).collect();
    let mut plain = folded.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    plain.truncate(max);
    plain.truncate(plain.trim_end().len());
    plain
}

/// One character of `[A-Za-z0-9 _.:,-]`; a combining mark (decomposed Vietnamese) vanishes, all else parts words.
fn fold(c: char) -> Option<char> {
    match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | ' ' | '_' | '.' | ':' | ',' | '-' => Some(c),
        '\u{300}'..='\u{36f}' => None,
        '–' | '—' | '/' => Some('-'),
        ';' => Some(','),
        _ => Some(without_diacritics(c).unwrap_or(' ')),
    }
}

fn without_diacritics(c: char) -> Option<char> {
    let lower = c.to_lowercase().next()?;
    let base = match lower {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ' | 'ậ' => {
            'a'
        }
        'đ' => 'd',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ' | 'ợ' => {
            'o'
        }
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        _ => return None,
    };
    Some(if c == lower { base } else { base.to_ascii_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banks_number_has_at_most_255_characters() {
        assert_eq!([255, 256].map(|n| is_bank_number(&"9".repeat(n))), [true, false]);
    }
    use proptest::prelude::*;

    #[test]
    fn amounts_that_are_not_whole_dong_or_out_of_range_are_refused() {
        assert_eq!(amount_from_wire("999999999999"), Err(BadAmount::Fraction));
        assert_eq!(amount_from_wire("1"), Err(BadAmount::Fraction));
        assert_eq!(amount_from_wire("0"), Err(BadAmount::Range));
        for ill in ["", "-100", "+100", "1e4", " 100", "100.00", "1000000000000", "9223372036854775808", "١٠٠"] {
            assert_eq!(amount_from_wire(ill), Err(BadAmount::Digits), "{ill}");
        }
        for ill in [Vnd::ZERO, Vnd::new(-1), Vnd::new(10_000_000_000), Vnd::new(i64::MAX)] {
            assert_eq!(amount_to_wire(ill), Err(BadAmount::Range));
        }
        assert_eq!(amount_to_wire(MAX_AMOUNT).as_deref(), Ok("999999999900"));
    }

    #[test]
    fn times_are_those_of_hanoi() {
        let at: Timestamp = "2026-01-05T02:30:15.9Z".parse().expect("instant");
        assert_eq!(time_to_wire(at), "20260105093015");
        assert_eq!(time_from_wire("20260105093015").map(|t| t.to_string()).as_deref(), Ok("2026-01-05T02:30:15Z"));
        for ill in ["", "0", "20261305093015", "20260230093015", "20260105243015", "2026010509301", "2026-01-05 093"] {
            assert_eq!(time_from_wire(ill), Err(BadTime), "{ill}");
        }
    }

    #[test]
    fn vietnamese_is_folded_composed_or_decomposed() {
        let composed = "Phí chứng thực bản sao – ĐƯỜNG Nguyễn Huệ (5 trang × 3 bản; 01/2026)";
        let folded = "Phi chung thuc ban sao - DUONG Nguyen Hue 5 trang 3 ban, 01-2026";
        assert_eq!(order_info(composed), folded);
        assert_eq!(order_info("Le\u{323}\u{302} phi\u{301}"), "Le phi");
        assert_eq!(order_info("Thanh_toan: a.b, c-d"), "Thanh_toan: a.b, c-d");
        assert_eq!(order_info("   <>&=%\u{1f600}  "), "Thanh toan dich vu cong");
    }

    #[test]
    fn who_asks_keeps_to_the_alphabet_and_the_limit() {
        assert_eq!(create_by("usr_01jd9x|ký@laocai"), "usr_01jd9x ky laocai");
        assert_eq!(create_by("|"), "Motlan");
        assert_eq!(create_by(&"x".repeat(300)).len(), 245);
    }

    #[test]
    fn every_vietnamese_letter_has_its_base() {
        let lower = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";
        let groups = [("a", 17), ("d", 1), ("e", 11), ("i", 5), ("o", 17), ("u", 11), ("y", 5)];
        let folded = groups.map(|(base, count)| base.repeat(count)).concat();
        assert_eq!(order_info(lower), folded);
        assert_eq!(order_info(&lower.to_uppercase()), folded.to_uppercase());
    }

    #[test]
    fn short_ipv6_is_written_in_full_and_mapped_ipv4_as_ipv4() {
        let text = |ip: &str| ip_address(ip.parse().expect("address"));
        assert_eq!(text("::1"), "0:0:0:0:0:0:0:1");
        assert_eq!(text("2405:4802:1::1"), "2405:4802:1::1");
        assert_eq!(text("::ffff:113.160.92.202"), "113.160.92.202");
        assert_eq!(text("1.1.1.1"), "1.1.1.1");
    }

    #[test]
    fn a_return_url_keeps_to_what_all_clients_encode_alike() {
        assert_eq!(return_url("https://a.vn/r?x=(1)*~'!").as_deref(), Some("https://a.vn/r?x=%281%29%2A%7E%27%21"));
        assert_eq!(return_url("https://a"), None);
        assert_eq!(return_url(&format!("https://a.vn/{}", "x".repeat(250))), None);
    }

    #[test]
    fn a_foreign_order_is_folded_into_our_alphabet() {
        let folded = |text: &str| order_ref(text).map(|r| r.as_str().to_owned());
        assert_eq!(folded("LC7K2M9QX4T-1").as_deref(), Some("LC7K2M9QX4T-1"));
        assert_eq!(folded("đơn 5/2").as_deref(), Some("__n_5_2"));
        assert_eq!(folded(&"x".repeat(100)).map(|t| t.len()), Some(64));
        assert_eq!(folded(""), None);
    }

    proptest! {
        #[test]
        fn every_amount_comes_back_from_the_wire(dong in 1_i64..=9_999_999_999) {
            let wire = amount_to_wire(Vnd::new(dong)).expect("in range");
            prop_assert_eq!(&wire, &format!("{dong}00"));
            prop_assert_eq!(amount_from_wire(&wire), Ok(Vnd::new(dong)));
        }

        #[test]
        fn every_second_comes_back_from_the_wire(second in 0_i64..4_102_444_800) {
            let at = Timestamp::from_second(second).expect("instant");
            prop_assert_eq!(time_from_wire(&time_to_wire(at)), Ok(at));
        }

        #[test]
        fn foreign_text_never_panics_and_order_info_keeps_to_its_alphabet(text in any::<String>()) {
            let _ = (amount_from_wire(&text), time_from_wire(&text), order_ref(&text), return_url(&text));
            let info = order_info(&text);
            prop_assert!((1..=255).contains(&info.len()));
            prop_assert!(info.chars().all(|c| c.is_ascii_alphanumeric() || " _.:,-".contains(c)));
        }
    }
}

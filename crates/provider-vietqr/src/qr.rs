//! VietQR strings: EMVCo's merchant-presented code in the NAPAS profile (Bank transfer, section 1.1). What is made is
//! printable ASCII in ascending order; what is read may have any order and fields that we do not know.
//! It refuses to make: numbers above 19 characters, amounts above 13 digits, purposes above 25 or with more than
//! `[A-Za-z0-9 ]` ([`fold`] first).

mod decode;
mod tlv;

pub use decode::{Decoded, NotVietQr, decode};

use domain::Vnd;
use tlv::{crc, field};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `38-01-01` (Bank transfer, section 1.1).
pub const MAX_ACCOUNT_LEN: usize = 19;
/// `62-08`.
pub const MAX_PURPOSE_LEN: usize = 25;
/// `54` has 13 characters.
const MAX_AMOUNT: i64 = 9_999_999_999_999;
/// The NAPAS application, `38-00`.
const NAPAS: &str = "A000000727";
/// ISO 4217, `53`.
const VND: &str = "704";

/// What a payer's bank application fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// Six digits (NAPAS).
    pub bank_bin: &'a str,
    /// Of the account, virtual account or card: 1 to 19 letters and digits.
    pub number: &'a str,
    pub service: Service,
    /// Absent: the payer types it.
    pub amount: Option<Vnd>,
    /// The transfer's content: 1 to 25 of `[A-Za-z0-9 ]`.
    pub purpose: Option<&'a str>,
}

/// `38-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Account,
    Card,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEncodable {
    #[error("a bank's BIN is six digits")]
    Bin,
    #[error("an account or card number is 1 to {MAX_ACCOUNT_LEN} letters and digits")]
    Number,
    #[error("an amount is from 1 to {MAX_AMOUNT} đồng")]
    Amount,
    #[error("a purpose is 1 to {MAX_PURPOSE_LEN} characters")]
    PurposeLength,
    #[error("a purpose has letters without diacritics, digits and blanks only")]
    PurposeAlphabet,
}

impl Service {
    const fn code(self) -> &'static str {
        match self {
            Self::Account => "QRIBFTTA",
            Self::Card => "QRIBFTTC",
        }
    }
}

impl Transfer<'_> {
    /// # Errors
    /// When a field does not hold what it is given.
    pub fn encode(&self) -> Result<String, NotEncodable> {
        self.check()?;
        let bank = field("00", self.bank_bin) + &field("01", self.number);
        let account = field("00", NAPAS) + &field("01", &bank) + &field("02", self.service.code());
        // 12 says that the code is for one payment; whether a bank keeps to that is not certain.
        let initiation = if self.amount.is_some() { "12" } else { "11" };
        let mut text = field("00", "01") + &field("01", initiation) + &field("38", &account) + &field("53", VND);
        if let Some(amount) = self.amount {
            text += &field("54", &amount.dong().to_string());
        }
        text += &field("58", "VN");
        if let Some(purpose) = self.purpose {
            text += &field("62", &field("08", purpose));
        }
        text += "6304";
        let sum = crc(text.as_bytes());
        Ok(format!("{text}{sum:04X}"))
    }

    fn check(&self) -> Result<(), NotEncodable> {
        if self.bank_bin.len() != 6 || !self.bank_bin.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotEncodable::Bin);
        }
        let fits = (1..=MAX_ACCOUNT_LEN).contains(&self.number.len());
        if !fits || !self.number.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(NotEncodable::Number);
        }
        if self.amount.is_some_and(|amount| !(1..=MAX_AMOUNT).contains(&amount.dong())) {
            return Err(NotEncodable::Amount);
        }
        let Some(purpose) = self.purpose else { return Ok(()) };
        if !purpose.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric()) {
            return Err(NotEncodable::PurposeAlphabet);
        }
        let fits = (1..=MAX_PURPOSE_LEN).contains(&purpose.len());
        if fits { Ok(()) } else { Err(NotEncodable::PurposeLength) }
    }
}

/// Vietnamese as a purpose may have it: marks dropped, `đ` as `d`, all else but letters, digits and blanks gone
/// (Bank transfer, section 1.1, "Charset"). The length stays the caller's matter.
pub fn fold(text: &str) -> String {
    let plain = text.nfd().filter(|c| !is_combining_mark(*c)).map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        other => other,
    });
    let kept: String = plain.filter(|c| *c == ' ' || c.is_ascii_alphanumeric()).collect();
    kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transfer() -> Transfer<'static> {
        Transfer {
            bank_bin: "970418",
            number: "8630123456789",
            service: Service::Account,
            amount: Some(Vnd::new(150_000)),
            purpose: Some("LC7K2M9QX4T"),
        }
    }

    #[test]
    fn what_a_field_does_not_hold_is_refused_by_name() {
        let refusal = |t: Transfer<'_>| t.encode().expect_err("refused");
        for bank_bin in ["", "97041", "9704188", "97041A", "٩٧٠٤١٨"] {
            assert_eq!(refusal(Transfer { bank_bin, ..transfer() }), NotEncodable::Bin, "{bank_bin}");
        }
        for number in ["", "12345678901234567890", "86-30", "86 30", "đ"] {
            assert_eq!(refusal(Transfer { number, ..transfer() }), NotEncodable::Number, "{number}");
        }
        for dong in [0, -1, 10_000_000_000_000, i64::MAX] {
            assert_eq!(refusal(Transfer { amount: Some(Vnd::new(dong)), ..transfer() }), NotEncodable::Amount);
        }
        for purpose in ["", "12345678901234567890123456"] {
            assert_eq!(refusal(Transfer { purpose: Some(purpose), ..transfer() }), NotEncodable::PurposeLength);
        }
        for purpose in ["Nộp lệ phí", "LC/1", "a\nb", "a.b"] {
            assert_eq!(refusal(Transfer { purpose: Some(purpose), ..transfer() }), NotEncodable::PurposeAlphabet);
        }
    }

    #[test]
    fn vietnamese_is_folded_composed_or_decomposed() {
        assert_eq!(fold("Nộp lệ phí"), "Nop le phi");
        assert_eq!(fold("No\u{323}\u{302}p  ĐƯỜNG – đường, (5/2)!"), "Nop DUONG duong 52");
        assert_eq!(fold("<>\u{1f600}"), "");
        let lower = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";
        let groups = [("a", 17), ("d", 1), ("e", 11), ("i", 5), ("o", 17), ("u", 11), ("y", 5)];
        let folded = groups.map(|(base, count)| base.repeat(count)).concat();
        assert_eq!((fold(lower), fold(&lower.to_uppercase())), (folded.clone(), folded.to_uppercase()));
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(
            bin in "[0-9]{6}", number in "[A-Za-z0-9]{1,19}", card: bool, dong in prop::option::of(1..=MAX_AMOUNT),
            purpose in prop::option::of("[A-Za-z0-9 ]{1,25}"),
        ) {
            let service = if card { Service::Card } else { Service::Account };
            let amount = dong.map(Vnd::new);
            let made = Transfer { bank_bin: &bin, number: &number, service, amount, purpose: purpose.as_deref() };
            let text = made.encode().expect("in range");
            prop_assert!(text.is_ascii());
            let read = decode(&text).expect("our own");
            prop_assert_eq!((&read.bank_bin, &read.number, read.amount), (&bin, &number, amount));
            prop_assert_eq!((read.service.as_str(), read.purpose()), (service.code(), purpose.as_deref()));
            prop_assert_eq!(read.once, amount.is_some());
        }

        #[test]
        fn one_wrong_character_is_seen(at in 0_usize..125, other in "[0-9A-Z]") {
            let text = transfer().encode().expect("in range");
            let at = at % text.len();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            prop_assert!(changed == text || decode(&changed).is_err());
        }

        #[test]
        fn foreign_text_never_panics_and_a_folded_one_is_encodable(text: String) {
            let _ = decode(&text).is_ok();
            let mut purpose = fold(&text);
            purpose.truncate(MAX_PURPOSE_LEN);
            let made = Transfer { purpose: Some(&purpose).filter(|p| !p.is_empty()).map(String::as_str), ..transfer() };
            prop_assert!(made.encode().is_ok());
        }
    }
}

//! Reading a VietQR string: for tests, and for whoever wants to see what a payer's application sees.

use super::tlv::{crc, fields};
use super::{NAPAS, VND};
use domain::Vnd;
use std::collections::BTreeMap;

/// What a VietQR string says. Fields that it may have and we do not use are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// `01` is 12: for one payment.
    pub once: bool,
    pub bank_bin: String,
    pub number: String,
    /// `38-02`: `QRIBFTTA`, `QRIBFTTC`, `QRPUSH`, `QRCASH`.
    pub service: String,
    pub amount: Option<Vnd>,
    /// `52`.
    pub merchant_category: Option<String>,
    /// `62` by its own names: 1 bill number, 5 reference label, 7 terminal label, 8 purpose.
    pub additional: BTreeMap<u8, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVietQr {
    #[error("not a list of names, lengths and values")]
    Shape,
    #[error("a name is given twice")]
    Twice,
    #[error("it begins with the format 01 and ends with a checksum of four characters")]
    Frame,
    #[error("the checksum does not fit")]
    Checksum,
    #[error("field {0} is missing or ill-formed")]
    Field(&'static str),
}

impl Decoded {
    /// What goes into the transfer's content.
    pub fn purpose(&self) -> Option<&str> {
        self.additional.get(&8).map(String::as_str)
    }
}

/// Order is free but for the first and the last field; a checksum in lower case is accepted.
///
/// # Errors
/// When the text is not a VietQR in đồng, or its checksum does not fit.
pub fn decode(text: &str) -> Result<Decoded, NotVietQr> {
    let parts = fields(text).ok_or(NotVietQr::Shape)?;
    let (Some((0, "01")), Some((63, sum))) = (parts.first(), parts.last()) else { return Err(NotVietQr::Frame) };
    if sum.len() != 4 {
        return Err(NotVietQr::Frame);
    }
    let signed = text.strip_suffix(sum).ok_or(NotVietQr::Frame)?;
    if !sum.eq_ignore_ascii_case(&format!("{:04X}", crc(signed.as_bytes()))) {
        return Err(NotVietQr::Checksum);
    }
    let named = by_name(parts)?;
    let get = |id: u8| named.get(&id).copied();
    if get(53) != Some(VND) {
        return Err(NotVietQr::Field("53"));
    }
    let account = nested(get(38), "38")?;
    let bank = nested(account.get(&1).copied(), "38-01")?;
    if account.get(&0) != Some(&NAPAS) {
        return Err(NotVietQr::Field("38-00"));
    }
    let needed = |value: Option<&&str>, name| value.map(|v| (*v).to_owned()).ok_or(NotVietQr::Field(name));
    let additional = if get(62).is_some() { nested(get(62), "62")? } else { BTreeMap::new() };
    Ok(Decoded {
        once: match get(1) {
            Some("11") => false,
            Some("12") => true,
            _ => return Err(NotVietQr::Field("01")),
        },
        bank_bin: needed(bank.get(&0), "38-01-00")?,
        number: needed(bank.get(&1), "38-01-01")?,
        service: needed(account.get(&2), "38-02")?,
        amount: get(54).map(amount).transpose()?,
        merchant_category: get(52).map(str::to_owned),
        additional: additional.into_iter().map(|(id, value)| (id, value.to_owned())).collect(),
    })
}

/// Whole đồng: digits only, above zero.
fn amount(text: &str) -> Result<Vnd, NotVietQr> {
    let digits = text.len() <= 13 && text.bytes().all(|b| b.is_ascii_digit());
    let dong = if digits { text.parse().ok() } else { None };
    dong.map(Vnd::new).filter(|amount| amount.is_positive()).ok_or(NotVietQr::Field("54"))
}

fn nested<'a>(value: Option<&'a str>, name: &'static str) -> Result<BTreeMap<u8, &'a str>, NotVietQr> {
    by_name(value.and_then(fields).ok_or(NotVietQr::Field(name))?)
}

fn by_name(parts: Vec<(u8, &str)>) -> Result<BTreeMap<u8, &str>, NotVietQr> {
    let count = parts.len();
    let named: BTreeMap<_, _> = parts.into_iter().collect();
    if named.len() == count { Ok(named) } else { Err(NotVietQr::Twice) }
}

//! The pay request as VNPAY's document allows it. Refuses what the document forbids, more strictly than the real site
//! where that is the safe side: what passes here passes there.

use std::net::IpAddr;

use jiff::Timestamp;
use url::Url;

use super::sign::{self, Fields};
use crate::clock;

/// The real site shows its own codes for mistakes in the link, and publishes none of them. Ours: 01, 02 and 03 as npm
/// `vnpay` 2.5.0 names them, 70 for the hash as the sandbox's error page is widely reported to show it, 11 from the
/// published vnp_ResponseCode table (VNPAY 2.1.0, response codes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) code: &'static str,
    pub(crate) why: String,
}

pub(crate) const TXN_REF_USED: &str = "01";
pub(crate) const BAD_TERMINAL: &str = "02";
pub(crate) const BAD_FORMAT: &str = "03";
pub(crate) const WINDOW_CLOSED: &str = "11";
pub(crate) const BAD_HASH: &str = "70";
pub(crate) const UNKNOWN: &str = "99";

impl Mistake {
    pub(crate) fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct PayRequest {
    pub(crate) order_ref: String,
    /// In đồng; the wire carries it times 100.
    pub(crate) amount: i64,
    pub(crate) order_info: String,
    pub(crate) bank_code: Option<String>,
    pub(crate) create_date: String,
    pub(crate) expire_date: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) return_url: Url,
    /// What was signed: two requests are the same if this is.
    pub(crate) signed: String,
    pub(crate) query: String,
}

/// Hash first, as VNPAY advises merchants for the other direction (VNPAY 2.1.0, IPN, order of checks).
pub(crate) fn read(query: &str, tmn_code: &str, secret: &str) -> Result<PayRequest, Mistake> {
    let fields = sign::parse_query(query).map_err(|name| Mistake::new(BAD_FORMAT, format!("{name} comes twice")))?;
    if !sign::verifies(&fields, secret) {
        return Err(Mistake::new(BAD_HASH, "vnp_SecureHash is missing or wrong"));
    }
    if fields.get("vnp_TmnCode").is_none_or(|code| code != tmn_code) {
        return Err(Mistake::new(BAD_TERMINAL, "vnp_TmnCode is not known"));
    }
    check(&fields, query).map_err(|why| Mistake::new(BAD_FORMAT, why))
}

/// The limits of VNPAY 2.1.0, pay request table.
fn check(fields: &Fields, query: &str) -> Result<PayRequest, String> {
    exactly(fields, "vnp_Version", &["2.1.0"])?;
    exactly(fields, "vnp_Command", &["pay"])?;
    exactly(fields, "vnp_CurrCode", &["VND"])?;
    exactly(fields, "vnp_Locale", &["vn", "en"])?;
    let amount = wire_amount(text(fields, "vnp_Amount", 1, 12)?)?;
    let bank_code = match fields.get("vnp_BankCode").filter(|code| !code.is_empty()) {
        Some(_) => Some(of(fields, "vnp_BankCode", 3, 20, alphanumeric)?),
        None => None,
    };
    let create_date = text(fields, "vnp_CreateDate", 14, 14)?;
    let created_at = clock::parse_wire_time(create_date).ok_or("vnp_CreateDate is not yyyyMMddHHmmss")?;
    // Mandatory in the present table; older copies of it call the field optional.
    let expire_date = text(fields, "vnp_ExpireDate", 14, 14)?;
    let expires_at = clock::parse_wire_time(expire_date).ok_or("vnp_ExpireDate is not yyyyMMddHHmmss")?;
    if expires_at <= created_at {
        return Err("vnp_ExpireDate is not after vnp_CreateDate".to_owned());
    }
    if text(fields, "vnp_IpAddr", 7, 45)?.parse::<IpAddr>().is_err() {
        return Err("vnp_IpAddr is not an IP address".to_owned());
    }
    // "Without diacritics, no special characters": which are special is not said. Ours: those that the encoders of
    // VNPAY's own samples write differently, or that separate fields, are refused.
    let order_info = of(fields, "vnp_OrderInfo", 1, 255, |c| alphanumeric(c) || " _.:,-/".contains(c))?;
    of(fields, "vnp_OrderType", 1, 100, alphanumeric)?;
    let return_url = Url::parse(text(fields, "vnp_ReturnUrl", 10, 255)?)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or("vnp_ReturnUrl is not an http(s) address")?;
    let order_ref = of(fields, "vnp_TxnRef", 1, 100, |c| c.is_ascii_graphic() && c != '|')?;
    text(fields, "vnp_SecureHash", 32, 256)?;
    Ok(PayRequest {
        order_ref,
        amount,
        order_info,
        bank_code,
        create_date: create_date.to_owned(),
        expire_date: expire_date.to_owned(),
        expires_at,
        return_url,
        signed: sign::string_to_sign(fields),
        query: query.to_owned(),
    })
}

/// vnp_Amount is đồng × 100 in digits only (VNPAY 2.1.0, pay request table).
pub(crate) fn wire_amount(wire: &str) -> Result<i64, String> {
    let digits = !wire.is_empty() && wire.len() <= 12 && wire.bytes().all(|b| b.is_ascii_digit());
    match wire.parse::<i64>() {
        Ok(amount) if digits && amount > 0 && amount % 100 == 0 && !wire.starts_with('0') => Ok(amount / 100),
        _ => Err("vnp_Amount is not a number of đồng × 100 in 1 to 12 digits".to_owned()),
    }
}

pub(crate) fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

pub(crate) fn exactly(fields: &Fields, name: &str, allowed: &[&str]) -> Result<(), String> {
    match fields.get(name) {
        Some(value) if allowed.contains(&value.as_str()) => Ok(()),
        _ => Err(format!("{name} is not {}", allowed.join(" or "))),
    }
}

pub(crate) fn text<'a>(fields: &'a Fields, name: &str, least: usize, most: usize) -> Result<&'a str, String> {
    let value = fields.get(name).ok_or_else(|| format!("{name} is missing"))?;
    if !(least..=most).contains(&value.chars().count()) {
        return Err(format!("{name} is not {least} to {most} characters long"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{name} has a control character"));
    }
    Ok(value)
}

pub(crate) fn of(
    fields: &Fields,
    name: &str,
    least: usize,
    most: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<String, String> {
    let value = text(fields, name, least, most)?;
    match value.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(format!("{name} has the character {c:?}, which is not allowed in it")),
        None => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Fields {
        [
            ("vnp_Version", "2.1.0"),
            ("vnp_Command", "pay"),
            ("vnp_TmnCode", "LAOCAI01"),
            ("vnp_Amount", "2100000"),
            ("vnp_CreateDate", "20260105093015"),
            ("vnp_ExpireDate", "20260105094515"),
            ("vnp_CurrCode", "VND"),
            ("vnp_IpAddr", "127.0.0.1"),
            ("vnp_Locale", "vn"),
            ("vnp_OrderInfo", "Thanh toan LC7K2M9QX4T"),
            ("vnp_OrderType", "other"),
            ("vnp_ReturnUrl", "https://dvc.example.vn/return?x=1"),
            ("vnp_TxnRef", "LC7K2M9QX4T"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn code(fields: &Fields) -> &'static str {
        match read(&sign::signed_query(fields, "k"), "LAOCAI01", "k") {
            Ok(_) => "",
            Err(mistake) => mistake.code,
        }
    }

    #[test]
    fn each_limit_of_the_pay_request_table() {
        assert_eq!(code(&good()), "");
        let long = "a".repeat(256);
        for (name, value) in [
            ("vnp_Version", "2.0.0"),
            ("vnp_Command", "refund"),
            ("vnp_Amount", "0"),
            ("vnp_Amount", "2100050"),
            ("vnp_Amount", "0100"),
            ("vnp_Amount", "+100"),
            ("vnp_Amount", "1000000000000"),
            ("vnp_BankCode", "NC"),
            ("vnp_CreateDate", "20260230093015"),
            ("vnp_ExpireDate", "20260105093015"),
            ("vnp_ExpireDate", ""),
            ("vnp_CurrCode", "USD"),
            ("vnp_IpAddr", "::1"),
            ("vnp_IpAddr", "localhost"),
            ("vnp_Locale", "fr"),
            ("vnp_OrderInfo", "Thanh toán"),
            ("vnp_OrderInfo", "a&b"),
            ("vnp_OrderInfo", &long),
            ("vnp_OrderType", ""),
            ("vnp_ReturnUrl", "/return/there"),
            ("vnp_ReturnUrl", "javascript:alert(1)"),
            ("vnp_TxnRef", ""),
            ("vnp_TxnRef", &long[..101]),
        ] {
            let mut fields = good();
            fields.insert(name.to_owned(), value.to_owned());
            assert_eq!(code(&fields), BAD_FORMAT, "{name}={value}");
        }
        let mut fields = good();
        fields.insert("vnp_TmnCode".to_owned(), "OTHER001".to_owned());
        assert_eq!(code(&fields), BAD_TERMINAL);
        fields.remove("vnp_BankCode");
        let query = sign::signed_query(&good(), "k").replace("2100000", "2100100");
        assert_eq!(read(&query, "LAOCAI01", "k").unwrap_err().code, BAD_HASH);
        assert_eq!(read("", "LAOCAI01", "k").unwrap_err().code, BAD_HASH);
        let twice = sign::signed_query(&good(), "k") + "&vnp_Amount=100";
        assert_eq!(read(&twice, "LAOCAI01", "k").unwrap_err().code, BAD_FORMAT);
    }
}

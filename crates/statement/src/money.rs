//! An amount as the file states it: whole minor units of its currency, never a float, never rounded.

use domain::money::{BeyondAccount, Vnd};
use std::fmt;

/// A currency of ISO 4217 (list one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a currency of ISO 4217")]
pub struct UnknownCurrency;

/// ISO 4217 list one of 2025, by the digits of the minor unit; `UYI` and other fund codes without use in accounts
/// are left out. VND has no minor unit.
const CURRENCIES: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY \
         COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS \
         INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR \
         MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
         SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    pub const VND: Self = Self(*b"VND");

    pub fn new(code: &str) -> Result<Self, UnknownCurrency> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        let found = Self(bytes);
        found.listed().map(|_| found).ok_or(UnknownCurrency)
    }

    fn listed(self) -> Option<u8> {
        CURRENCIES.iter().find(|(_, codes)| codes.split(' ').any(|c| c == self.code())).map(|(digits, _)| *digits)
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits after the decimal sign: 0 for VND, 2 for EUR.
    pub fn exponent(self) -> u32 {
        self.listed().map_or(2, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Signed: money that came in is positive, money that went out negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// Why an amount cannot become [`Vnd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDong {
    #[error("the amount is in {0}, not in VND")]
    Currency(Currency),
    #[error(transparent)]
    OutOfRange(#[from] BeyondAccount),
}

impl Money {
    /// Whole đồng with the sign kept; its size is bounded by what an account may hold ([`Vnd::on_account`]).
    pub fn vnd(self) -> Result<Vnd, NotDong> {
        if self.currency != Currency::VND {
            return Err(NotDong::Currency(self.currency));
        }
        Ok(Vnd::on_account(self.minor)?)
    }
}

/// `-1250.50 EUR`, exactly.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        let unit = 10_u64.pow(self.currency.exponent());
        match self.currency.exponent() {
            0 => write!(f, "{sign}{size} {}", self.currency),
            digits => {
                write!(f, "{sign}{}.{:0width$} {}", size / unit, size % unit, self.currency, width = digits as usize)
            }
        }
    }
}

/// Minor units of `whole` and `fraction`, both plain digits. Digits finer than the currency's are refused unless
/// they are zeros: `150000.00` is 150000 đồng, `0.50` is no amount in đồng.
pub(crate) fn minor(whole: &str, fraction: &str, currency: Currency) -> Option<i64> {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let exponent = currency.exponent() as usize;
    let (kept, finer) = fraction.split_at(fraction.len().min(exponent));
    if finer.bytes().any(|b| b != b'0') {
        return None;
    }
    let padding = std::iter::repeat_n(b'0', exponent - kept.len());
    whole
        .bytes()
        .chain(kept.bytes())
        .chain(padding)
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_or_refused() {
        let eur = Currency::new("EUR").unwrap();
        let cases = [
            ("150000", "", Currency::VND, Some(150_000)),
            ("150000", "00000", Currency::VND, Some(150_000)),
            ("150000", "5", Currency::VND, None),
            ("8", "850", eur, Some(885)),
            ("8", "8", eur, Some(880)),
            ("8", "851", eur, None),
            ("", "5", eur, None),
            ("1.000", "", eur, None),
            ("92233720368547758", "07", eur, Some(i64::MAX)),
            ("92233720368547758", "08", eur, None),
        ];
        for (whole, fraction, currency, expected) in cases {
            assert_eq!(minor(whole, fraction, currency), expected, "{whole},{fraction} {currency}");
        }
    }

    #[test]
    fn only_whole_dong_in_range_become_vnd() {
        let money = |minor, code| Money { minor, currency: Currency::new(code).unwrap() };
        assert_eq!(money(-99_000, "VND").vnd(), Ok(Vnd::new(-99_000)));
        assert_eq!(money(100, "EUR").vnd(), Err(NotDong::Currency(Currency::new("EUR").unwrap())));
        for minor in [1_000_000_000_000, -999_999_999_999_999] {
            assert_eq!(money(minor, "VND").vnd(), Ok(Vnd::new(minor)));
        }
        for minor in [1_000_000_000_000_000, -1_000_000_000_000_000, i64::MIN] {
            assert_eq!(money(minor, "VND").vnd(), Err(NotDong::OutOfRange(BeyondAccount)));
        }
        assert_eq!(Currency::new("vnd"), Err(UnknownCurrency));
        assert_eq!(Currency::new("QQQ"), Err(UnknownCurrency));
    }

    #[test]
    fn it_is_printed_exactly() {
        let money = |minor, code| Money { minor, currency: Currency::new(code).unwrap() }.to_string();
        assert_eq!(money(-80_25, "EUR"), "-80.25 EUR");
        assert_eq!(money(5, "EUR"), "0.05 EUR");
        assert_eq!(money(150_000, "VND"), "150000 VND");
        assert_eq!(money(1, "KWD"), "0.001 KWD");
    }
}

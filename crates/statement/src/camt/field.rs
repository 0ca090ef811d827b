//! How camt writes amounts, dates, directions and free text.

use crate::error::Reason;
use crate::money::{Currency, Money, UnknownCurrency, minor};
use jiff::civil::{Date, Time};

/// The characters that one `Ustrd` holds at most; a full one is a fold, and the next goes on without a blank.
const USTRD: usize = 140;

/// Names an element and fills its place once.
pub(super) fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), Reason> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Reason::Twice(name.to_owned())),
    }
}

/// The first that the file offers, for elements that have several forms.
pub(super) fn first(place: &mut Option<String>, text: &str) {
    let text = text.trim();
    if place.is_none() && !text.is_empty() {
        *place = Some(text.to_owned());
    }
}

/// Never negative: the direction stands beside it.
pub(super) fn amount(text: &str, currency: Option<Result<Currency, UnknownCurrency>>) -> Result<Money, Reason> {
    let currency = currency.ok_or_else(|| Reason::Missing("Ccy".to_owned()))?;
    let currency = currency.map_err(|UnknownCurrency| Reason::Unfit("Ccy".to_owned()))?;
    Ok(Money { minor: number(text, currency, "Amt")?, currency })
}

pub(super) fn number(text: &str, currency: Currency, name: &str) -> Result<i64, Reason> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    minor(whole, fraction, currency).ok_or_else(|| Reason::Unfit(name.to_owned()))
}

pub(super) fn count(text: &str, name: &str) -> Result<usize, Reason> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().map_err(|_| Reason::Unfit(name.to_owned())) } else { Err(Reason::Unfit(name.to_owned())) }
}

pub(super) fn is_credit(text: &str) -> Result<bool, Reason> {
    match text.trim() {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        _ => Err(Reason::Unfit("CdtDbtInd".to_owned())),
    }
}

pub(super) fn flag(text: &str, name: &str) -> Result<bool, Reason> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Reason::Unfit(name.to_owned())),
    }
}

/// `2026-11-24`, or the date of `2026-11-24T13:15:00+07:00` as the bank wrote it: its own calendar day, not ours.
pub(super) fn date(text: &str, name: &str) -> Result<Date, Reason> {
    parse_date(text.trim()).ok_or_else(|| Reason::Unfit(name.to_owned()))
}

fn parse_date(text: &str) -> Option<Date> {
    let day: Date = text.get(..10).filter(|day| day.is_ascii())?.parse().ok()?;
    let rest = text.get(10..)?;
    let zone = match rest.strip_prefix('T') {
        None => rest,
        Some(rest) => {
            let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
            let (time, zone) = rest.split_at(end);
            time.parse::<Time>().ok()?;
            zone
        }
    };
    is_zone(zone).then_some(day)
}

fn is_zone(zone: &str) -> bool {
    match zone.as_bytes() {
        [] | [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()),
        _ => false,
    }
}

/// Joins the pieces of a remittance text in order.
#[derive(Debug, Default)]
pub(super) struct Remittance {
    text: String,
    folded: bool,
}

impl Remittance {
    pub fn push(&mut self, piece: &str) -> Result<(), Reason> {
        let piece = piece.replace(['\r', '\n', '\t'], " ");
        let full = piece.chars().count() == USTRD;
        let piece = if full { piece.as_str() } else { piece.trim() };
        if self.text.len() + piece.len() >= crate::limits::MAX_TEXT_BYTES {
            return Err(Reason::Limit("bytes of a text"));
        }
        if !self.text.is_empty() && !self.folded && !piece.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(piece);
        self.folded = full;
        Ok(())
    }

    pub fn text(&self) -> &str {
        self.text.trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_banks_own_days() {
        for text in ["2026-11-24", "2026-11-24T23:59:59", "2026-11-24T23:59:59.999Z", "2026-11-24T00:00:00+07:00"] {
            assert_eq!(date(text, "Dt"), Ok(jiff::civil::date(2026, 11, 24)), "{text}");
        }
        for text in ["", "2026-11-2", "2026-02-30", "24/11/2026", "2026-11-24 10:00", "2026-11-24T", "2026-11-24T9+7"] {
            assert!(date(text, "Dt").is_err(), "{text}");
        }
    }

    #[test]
    fn a_full_piece_is_a_fold() {
        let mut remittance = Remittance::default();
        remittance.push(&"x".repeat(137)).unwrap();
        remittance.push("one").unwrap();
        remittance.push(&format!("{}LC7", "y".repeat(137))).unwrap();
        remittance.push("K2M").unwrap();
        assert!(remittance.text().contains("x one y") && remittance.text().ends_with("LC7K2M"));
    }
}

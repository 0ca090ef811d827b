//! `:61:`, one movement: `6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][34x]`.

use crate::error::Reason;
use crate::money::{Currency, Money, minor};
use crate::statement::{Batch, Counterparty, Line};
use jiff::civil::Date;

/// 15 by the standard; banks pad with zeros (`000000000025,00`).
const MAX_AMOUNT_CHARS: usize = 24;
/// 16 by the standard for both. A longer owner's reference would run into the bank's; a longer one of the bank, as
/// domestic systems have them, runs into nothing.
const MAX_OWNER_REF_CHARS: usize = 16;
const MAX_BANK_REF_CHARS: usize = 34;

/// `lines` are the field's own line and its supplementary details. It gets its number when it is handed over.
pub(super) fn read(lines: &[&str], currency: Currency) -> Result<Line, Reason> {
    let (first, details) = lines.split_first().ok_or_else(|| unfit(":61:"))?;
    let details = details.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let mut rest = first.trim_end();
    let value = short_date(take(&mut rest, 6)).ok_or_else(|| unfit(":61: value date"))?;
    let booking = entry_date(&mut rest, value)?;
    let (credit, reversal) = mark(&mut rest)?;
    if rest.starts_with(|c: char| c.is_ascii_uppercase()) {
        take(&mut rest, 1);
    }
    let digits = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
    let size = amount(take(&mut rest, digits), currency).ok_or_else(|| unfit(":61: amount"))?;
    let code = take(&mut rest, 4);
    if !is_code(code) {
        return Err(unfit(":61: transaction type"));
    }
    let (owner_ref, bank_ref) = rest.split_once("//").unwrap_or((rest, ""));
    Ok(Line {
        line_no: 0,
        booking_date: booking,
        value_date: Some(value),
        amount: Money { minor: if credit { size } else { -size }, currency },
        bank_ref: reference(bank_ref, MAX_BANK_REF_CHARS)?,
        owner_ref: reference(owner_ref, MAX_OWNER_REF_CHARS)?,
        end_to_end: None,
        counterparty: Counterparty::default(),
        text: String::new(),
        details: Some(details).filter(|d| !d.is_empty()),
        code: Some(code.to_owned()),
        reversal,
        batch: Batch::No,
        entry_ref: None,
    })
}

fn unfit(what: &str) -> Reason {
    Reason::Unfit(what.to_owned())
}

/// The next `count` bytes, or nothing if they are not there.
fn take<'s>(rest: &mut &'s str, count: usize) -> &'s str {
    match rest.split_at_checked(count) {
        Some((taken, left)) => {
            *rest = left;
            taken
        }
        None => "",
    }
}

/// `YYMMDD` of this century.
pub(super) fn short_date(text: &str) -> Option<Date> {
    let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return None;
    }
    let year = text.get(..2)?.parse::<i16>().ok()?;
    Date::new(2000 + year, text.get(2..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?).ok()
}

/// `MMDD` has no year: it is the one that brings it nearest to the value date.
fn entry_date(rest: &mut &str, value: Date) -> Result<Option<Date>, Reason> {
    let given = rest.get(..4).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let Some(text) = given else { return Ok(None) };
    take(rest, 4);
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i8>().ok());
    let (Some(month), Some(day)) = (part(0..2), part(2..4)) else { return Err(unfit(":61: entry date")) };
    let nearest = [-1, 0, 1]
        .into_iter()
        .filter_map(|years| Date::new(value.year() + years, month, day).ok())
        .min_by_key(|date| (*date - value).get_days().abs());
    nearest.map(Some).ok_or_else(|| unfit(":61: entry date"))
}

/// Credit or debit as the account sees it, and whether it takes something back: RC is a debit, RD a credit.
fn mark(rest: &mut &str) -> Result<(bool, bool), Reason> {
    let marks = [("RC", false, true), ("RD", true, true), ("C", true, false), ("D", false, false)];
    for (mark, credit, reversal) in marks {
        if let Some(left) = rest.strip_prefix(mark) {
            *rest = left;
            return Ok((credit, reversal));
        }
    }
    Err(unfit(":61: mark"))
}

/// Digits with one comma. `:61:` may leave it out (`C500NTRF`): the type that follows ends the number.
pub(super) fn amount(text: &str, currency: Currency) -> Option<i64> {
    if text.len() > MAX_AMOUNT_CHARS {
        return None;
    }
    let (whole, fraction) = text.split_once(',').unwrap_or((text, ""));
    minor(whole, fraction, currency)
}

/// `S` and the number of a message, `N` and a code, `F` and a code for a first notice.
fn is_code(code: &str) -> bool {
    code.len() == 4
        && code.starts_with(['S', 'N', 'F'])
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn reference(text: &str, most: usize) -> Result<Option<String>, Reason> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(unfit(":61: reference"));
    }
    Ok(Some(text.to_owned()).filter(|t| !t.is_empty() && t != "NONREF"))
}

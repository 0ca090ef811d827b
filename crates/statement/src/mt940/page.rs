//! One MT940 message, from `:20:` to `:62F:` or `:62M:`.

use super::entry::{self, short_date};
use super::{At, Field, narrative};
use crate::error::Reason;
use crate::money::{Currency, Money};
use crate::out::Out;
use crate::sink::{Head, LineState};
use crate::statement::{Balance, Line};
use crate::tie;

/// Tags in their order; a tag may not come after a later one.
const ORDER: [&[&str]; 8] =
    [&["20"], &["21"], &["25", "25P"], &["28", "28C"], &["60F", "60M"], &["61"], &["62F", "62M"], &["64", "65"]];

/// Tags of MT942, which has no balances.
const INTERIM: [&str; 4] = ["34F", "13D", "90D", "90C"];

#[derive(Default)]
pub(super) struct Page {
    rank: usize,
    id: Option<String>,
    account: Option<String>,
    banks: Vec<String>,
    sequence: Option<String>,
    opening: Option<Balance>,
    continues: bool,
    /// Σ of the lines so far.
    sum: i64,
    /// The `:61:` that a `:86:` may yet describe.
    held: Option<Line>,
    awaits_text: bool,
    closing: Option<(usize, Balance)>,
    to_be_continued: bool,
}

/// The pages so far of a statement that a `:62M:` left open.
pub(super) struct Open {
    pub head: Head,
    closing: Balance,
}

/// A page that ties.
pub(super) struct Read {
    pub head: Head,
    pub closing: Balance,
    pub to_be_continued: bool,
}

impl Read {
    /// `head` is that of the first page.
    pub fn open(self, head: Head) -> Open {
        Open { head, closing: self.closing }
    }
}

impl Page {
    /// Whether the page has its closing balance, once the field that is still open is counted.
    pub fn is_closed(&self, open_field: Option<&str>) -> bool {
        self.closing.is_some() || matches!(open_field, Some("62F" | "62M"))
    }

    pub fn field(&mut self, field: &Field<'_>, before: Option<&Open>, out: &mut Out<'_>) -> Result<(), Reason> {
        let text = field.lines.first().copied().unwrap_or_default();
        if field.tag == "86" {
            return self.narrative(&field.lines);
        }
        self.advance(field.tag)?;
        self.hand_over(out)?;
        match field.tag {
            "20" => self.id = Some(name(text, "20", 16)?),
            "25" | "25P" => {
                let (bic, account) = account(name(text, field.tag, 70)?);
                let below = field.lines.get(1).map(|line| line.trim().to_owned()).filter(|line| is_bic(line));
                self.account = Some(account);
                self.banks = bic.into_iter().chain(below).collect();
            }
            "28" | "28C" => self.sequence = Some(sequence(text)?),
            "60F" | "60M" => {
                self.continues = field.tag == "60M";
                self.open(balance(text, field.tag)?, before)?;
            }
            "61" => {
                let line = entry::read(&field.lines, self.currency()?)?;
                tie::add(&mut self.sum, line.amount.minor)?;
                self.held = Some(line);
            }
            "62F" | "62M" => {
                self.to_be_continued = field.tag == "62M";
                self.closing = Some((field.at, balance(text, field.tag)?));
            }
            "64" | "65" => balance(text, field.tag).map(|_| ())?,
            _ => {}
        }
        self.awaits_text = field.tag == "61";
        Ok(())
    }

    /// A page that continues has the account and the number of the one before, and opens with what that closed with.
    fn open(&mut self, opening: Balance, before: Option<&Open>) -> Result<(), Reason> {
        self.opening = Some(opening);
        match (before, self.continues) {
            (None, false) => Ok(()),
            (None, true) => Err(missing("the page before :60M:")),
            (Some(_), false) => Err(missing("the page after :62M:")),
            (Some(before), true) => {
                let same = self.account.as_ref() == Some(&before.head.account) && self.sequence == before.head.sequence;
                if !same {
                    return Err(missing("the page after :62M:"));
                }
                let (closed, opened) = (before.closing.amount, opening.amount);
                if closed == opened { Ok(()) } else { Err(Reason::PageBalance { closed, opened }) }
            }
        }
    }

    fn hand_over(&mut self, out: &mut Out<'_>) -> Result<(), Reason> {
        let Some(line) = self.held.take() else { return Ok(()) };
        if !out.begun() {
            out.begin(&self.head()?)?;
        }
        out.line(line, LineState::Booked)
    }

    fn head(&self) -> Result<Head, Reason> {
        Ok(Head {
            account: self.account.clone().ok_or_else(|| missing(":25:"))?,
            banks: self.banks.clone(),
            currency: self.currency()?,
            id: self.id.clone().ok_or_else(|| missing(":20:"))?,
            sequence: Some(self.sequence.clone().ok_or_else(|| missing(":28C:"))?),
            copy: false,
            period: None,
            opening: self.opening,
        })
    }

    fn advance(&mut self, tag: &str) -> Result<(), Reason> {
        let Some(rank) = ORDER.iter().position(|tags| tags.contains(&tag)) else {
            let interim = INTERIM.contains(&tag);
            return Err(if interim { Reason::Interim } else { Reason::Unexpected(format!(":{tag}:")) });
        };
        let again = rank + 1 == self.rank && !["61", "64", "65"].contains(&tag);
        if again {
            return Err(Reason::Twice(format!(":{tag}:")));
        }
        if rank + 1 < self.rank {
            return Err(Reason::Unexpected(format!(":{tag}:")));
        }
        self.rank = rank + 1;
        Ok(())
    }

    /// After a `:61:` it is the narrative of the line; after the closing balance it is about the whole statement.
    fn narrative(&mut self, lines: &[&str]) -> Result<(), Reason> {
        let awaited = std::mem::replace(&mut self.awaits_text, false);
        match &mut self.held {
            _ if self.closing.is_some() => Ok(()),
            Some(line) if awaited => {
                let told = narrative::read(&lines.concat());
                line.text = told.text;
                line.counterparty = told.counterparty;
                Ok(())
            }
            _ => Err(Reason::Unexpected(":86:".to_owned())),
        }
    }

    fn currency(&self) -> Result<Currency, Reason> {
        self.opening.map(|b| b.amount.currency).ok_or_else(|| missing(":60F:"))
    }

    /// Errors stand at the closing balance, or at `end` where something is missing.
    pub fn finish(mut self, end: usize, out: &mut Out<'_>) -> At<Read> {
        self.hand_over(out).map_err(|reason| (end, reason))?;
        let (at, closing) = self.closing.ok_or((end, missing(":62F:")))?;
        let opening = self.opening.ok_or((end, missing(":60F:")))?;
        tie::balances(opening, self.sum, closing).map_err(|reason| (at, reason))?;
        let head = self.head().map_err(|reason| (end, reason))?;
        if self.to_be_continued && !out.begun() {
            out.begin(&head).map_err(|reason| (at, reason))?;
        }
        Ok(Read { head, closing, to_be_continued: self.to_be_continued })
    }
}

fn missing(what: &str) -> Reason {
    Reason::Missing(what.to_owned())
}

fn name(text: &str, tag: &str, most: usize) -> Result<String, Reason> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= most;
    if fits { Ok(text.to_owned()) } else { Err(Reason::Unfit(format!(":{tag}:"))) }
}

/// The bank before the slash in `BIDVVNVX/8630123456789`, and the account. A number before the slash is part of the account.
fn account(text: String) -> (Option<String>, String) {
    match text.split_once('/') {
        Some((bic, account)) if is_bic(bic) && !account.is_empty() => (Some(bic.to_owned()), account.to_owned()),
        _ => (None, text),
    }
}

/// ISO 9362: four letters, two letters of the country, two or five letters or digits. Its letters are capitals; a bank may
/// write others all the same.
fn is_bic(text: &str) -> bool {
    let letters = text.get(..6).is_some_and(|head| head.bytes().all(|b| b.is_ascii_alphabetic()));
    matches!(text.len(), 8 | 11) && letters && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The number of the statement, without that of the page: `328/1`.
fn sequence(text: &str) -> Result<String, Reason> {
    let (statement, page) = text.trim_end().split_once('/').unwrap_or((text.trim_end(), "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 16 && s.bytes().all(|b| b.is_ascii_digit());
    if digits(statement) && digits(page) { Ok(statement.to_owned()) } else { Err(Reason::Unfit(":28C:".to_owned())) }
}

/// `C261124VND10000000,00`: the comma is mandatory.
fn balance(text: &str, tag: &str) -> Result<Balance, Reason> {
    parse_balance(text.trim_end()).ok_or_else(|| Reason::Unfit(format!(":{tag}:")))
}

fn parse_balance(text: &str) -> Option<Balance> {
    let credit = match text.get(..1)? {
        "C" => true,
        "D" => false,
        _ => return None,
    };
    let date = short_date(text.get(1..7)?)?;
    let currency = Currency::new(text.get(7..10)?).ok()?;
    let amount = text.get(10..).filter(|amount| amount.contains(','))?;
    let size = entry::amount(amount, currency)?;
    Some(Balance { amount: Money { minor: if credit { size } else { -size }, currency }, date: Some(date) })
}

//! One MT940 message, from `:20:` to `:62F:` or `:62M:`.

use super::entry::{self, short_date};
use super::{At, Field, narrative};
use crate::error::Reason;
use crate::money::{Currency, Money};
use crate::statement::{Balance, Line, Statement};
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
    sequence: Option<String>,
    opening: Option<Balance>,
    continues: bool,
    lines: Vec<Line>,
    /// The `:61:` that a `:86:` would describe.
    awaits_text: bool,
    closing: Option<(usize, Balance)>,
    to_be_continued: bool,
}

/// A page that ties.
pub(super) struct Read {
    pub at: usize,
    pub statement: Statement,
    pub continues: bool,
    pub to_be_continued: bool,
}

impl Page {
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// Whether the page has its closing balance, once the field that is still open is counted.
    pub fn is_closed(&self, open_field: Option<&str>) -> bool {
        self.closing.is_some() || matches!(open_field, Some("62F" | "62M"))
    }

    pub fn field(&mut self, field: &Field<'_>) -> Result<(), Reason> {
        let text = field.lines.first().copied().unwrap_or_default();
        if field.tag == "86" {
            return self.narrative(&field.lines);
        }
        self.advance(field.tag)?;
        match field.tag {
            "20" => self.id = Some(name(text, "20", 16)?),
            "25" | "25P" => self.account = Some(account(&name(text, field.tag, 70)?)),
            "28" | "28C" => self.sequence = Some(sequence(text)?),
            "60F" | "60M" => {
                self.continues = field.tag == "60M";
                self.opening = Some(balance(text, field.tag)?);
            }
            "61" => {
                let line = entry::read(self.lines.len() + 1, &field.lines, self.currency()?)?;
                self.lines.push(line);
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
        match self.lines.last_mut() {
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

    pub fn finish(self, end: usize) -> At<Read> {
        let (at, closing) = self.closing.ok_or((end, missing(":62F:")))?;
        let opening = self.opening.ok_or((end, missing(":60F:")))?;
        tie::balances(opening, &self.lines, closing).map_err(|reason| (at, reason))?;
        let statement = Statement {
            account: self.account.ok_or((end, missing(":25:")))?,
            currency: opening.amount.currency,
            id: self.id.ok_or((end, missing(":20:")))?,
            sequence: Some(self.sequence.ok_or((end, missing(":28C:")))?),
            copy: false,
            opening: Some(opening),
            closing: Some(closing),
            lines: self.lines,
            pending: Vec::new(),
        };
        Ok(Read { at, statement, continues: self.continues, to_be_continued: self.to_be_continued })
    }
}

/// The next page of the same statement: same account, and it opens with what the one before closed with.
pub(super) fn joined(before: Statement, mut page: Statement) -> Result<Statement, Reason> {
    if page.account != before.account || page.sequence != before.sequence {
        return Err(missing("the page after :62M:"));
    }
    if let (Some(closed), Some(opened)) = (before.closing, page.opening)
        && closed.amount != opened.amount
    {
        return Err(Reason::PageBalance { closed: closed.amount, opened: opened.amount });
    }
    let earlier = before.lines.len();
    page.lines.iter_mut().for_each(|line| line.line_no += earlier);
    let mut lines = before.lines;
    lines.append(&mut page.lines);
    Ok(Statement { id: before.id, opening: before.opening, lines, ..page })
}

fn missing(what: &str) -> Reason {
    Reason::Missing(what.to_owned())
}

fn name(text: &str, tag: &str, most: usize) -> Result<String, Reason> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= most;
    if fits { Ok(text.to_owned()) } else { Err(Reason::Unfit(format!(":{tag}:"))) }
}

/// Without the bank before the slash in `BIDVVNVX/8630123456789`. A number before the slash is part of the account.
fn account(text: &str) -> String {
    match text.split_once('/') {
        Some((bic, account)) if is_bic(bic) && !account.is_empty() => account.to_owned(),
        _ => text.to_owned(),
    }
}

/// ISO 9362: four letters, two letters of the country, two or five letters or digits.
fn is_bic(text: &str) -> bool {
    let letters = text.get(..6).is_some_and(|head| head.bytes().all(|b| b.is_ascii_uppercase()));
    matches!(text.len(), 8 | 11) && letters && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
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

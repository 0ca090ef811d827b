//! MT940, the SWIFT customer statement (protocols 3.2): lines to fields, fields to pages, pages to statements.
//!
//! A page must tie (`:60:` + Σ `:61:` = `:62:`), and a page that closes with `:62M:` must be followed by the page that
//! opens with the same `:60M:`; pages are joined to one statement. Tags that are not MT940's are refused.
//!
//! No line of a narrative may begin with a colon. The standard has the bank see to it: were a payer's words folded so
//! that `:61:` begins a line, nobody could tell them from a movement, and only the balances stand against it.

mod entry;
mod narrative;
mod page;

use crate::error::{ReadError, Reason};
use crate::limits::{MAX_LINES, MAX_STATEMENTS};
use crate::place::Source;
use crate::statement::Statement;
use page::{Page, Read};

/// Lines of an envelope of the bank before a page (`ABNANL2A`, `940`); more are no envelope.
const MAX_ENVELOPE_LINES: usize = 8;

pub(crate) fn read(source: Source<'_>) -> Result<Vec<Statement>, ReadError> {
    let mut file = Mt940::default();
    let mut byte = 0;
    for raw in source.text.split_inclusive('\n') {
        let line = raw.strip_suffix('\n').unwrap_or(raw);
        file.line(byte, line.strip_suffix('\r').unwrap_or(line))
            .map_err(|(at, reason)| ReadError::at(source.place(at), reason))?;
        byte += raw.len();
    }
    file.finish(byte).map_err(|(at, reason)| ReadError::at(source.place(at), reason))
}

/// A refusal and the byte where it stands.
type At<T> = Result<T, (usize, Reason)>;

/// One tag with its text: the first line after the tag, then the lines that follow.
struct Field<'s> {
    at: usize,
    tag: &'s str,
    lines: Vec<&'s str>,
}

#[derive(Default)]
struct Mt940<'s> {
    /// Within `{4:` … `-}`.
    block: bool,
    envelope_lines: usize,
    page: Option<Page>,
    field: Option<Field<'s>>,
    /// The pages so far of a statement that a `:62M:` left open.
    open: Option<Statement>,
    read: Vec<Statement>,
    pages: usize,
    lines: usize,
}

impl<'s> Mt940<'s> {
    fn line(&mut self, at: usize, line: &'s str) -> At<()> {
        match tag(line) {
            Some(("20", text)) if self.page.is_none() || !self.block => {
                self.close_page(at)?;
                self.page = Some(Page::default());
                self.field = Some(Field { at, tag: "20", lines: vec![text] });
                Ok(())
            }
            Some((tag, text)) if self.page.is_some() => {
                self.close_field()?;
                self.field = Some(Field { at, tag, lines: vec![text] });
                Ok(())
            }
            Some((tag, _)) => Err((at, Reason::Unexpected(format!(":{tag}:")))),
            None if self.page.is_none() => self.between(at, line),
            None if line == "-" && !self.block => self.close_page(at),
            None if line.starts_with("-}") && self.block => {
                self.close_page(at)?;
                self.block = false;
                Ok(())
            }
            None => self.follow(at, line),
        }
    }

    /// Block headers, blank lines and a short envelope may stand outside a page; nothing else.
    fn between(&mut self, at: usize, line: &str) -> At<()> {
        let line = line.trim_end();
        self.envelope_lines += usize::from(!line.is_empty());
        let header = line.starts_with('{') && (line.ends_with('}') || line.ends_with("{4:"));
        let envelope = line.len() <= 16
            && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b':')
            && !line.starts_with(":20");
        if self.block || !(header || envelope) || self.envelope_lines > MAX_ENVELOPE_LINES {
            return Err((at, Reason::Unexpected("text outside a statement".to_owned())));
        }
        self.block = line.ends_with("{4:");
        Ok(())
    }

    fn follow(&mut self, at: usize, line: &'s str) -> At<()> {
        let Some(field) = &mut self.field else { return Err((at, Reason::Unexpected("text".to_owned()))) };
        let fits = match field.tag {
            "86" => field.lines.iter().map(|l| l.len()).sum::<usize>() + line.len() <= crate::MAX_TEXT_BYTES,
            "61" | "25P" => field.lines.len() < 8 && line.len() <= 128,
            _ => line.trim_end().is_empty(),
        };
        if self.block && line == "-" || !fits {
            return Err((at, Reason::Unexpected(format!("a further line of :{}:", field.tag))));
        }
        field.lines.push(line);
        Ok(())
    }

    fn close_field(&mut self) -> At<()> {
        if let (Some(field), Some(page)) = (self.field.take(), &mut self.page) {
            page.field(&field).map_err(|reason| (field.at, reason))?;
            if self.lines + page.lines() > MAX_LINES {
                return Err((field.at, Reason::Limit("lines")));
            }
        }
        Ok(())
    }

    fn close_page(&mut self, at: usize) -> At<()> {
        self.close_field()?;
        let Some(page) = self.page.take() else { return Ok(()) };
        self.lines += page.lines();
        self.pages += 1;
        self.envelope_lines = 0;
        if self.pages > MAX_STATEMENTS {
            return Err((at, Reason::Limit("pages")));
        }
        let page = page.finish(at)?;
        self.join(page)
    }

    fn join(&mut self, page: Read) -> At<()> {
        let statement = match (self.open.take(), page.continues) {
            (None, false) => page.statement,
            (Some(before), true) => page::joined(before, page.statement).map_err(|reason| (page.at, reason))?,
            (None, true) => return Err((page.at, Reason::Missing("the page before :60M:".to_owned()))),
            (Some(_), false) => return Err((page.at, Reason::Missing("the page after :62M:".to_owned()))),
        };
        if page.to_be_continued {
            self.open = Some(statement)
        } else {
            self.read.push(statement)
        }
        Ok(())
    }

    fn finish(mut self, end: usize) -> At<Vec<Statement>> {
        if self.block {
            return Err((end, Reason::Truncated));
        }
        let whole = self.page.as_ref().is_none_or(|page| page.is_closed(self.field.as_ref().map(|f| f.tag)));
        if !whole {
            self.close_field()?;
            return Err((end, Reason::Truncated));
        }
        self.close_page(end)?;
        match (self.open, self.read) {
            (Some(_), _) => Err((end, Reason::Truncated)),
            (None, read) if read.is_empty() => Err((end, Reason::NoStatement)),
            (None, read) => Ok(read),
        }
    }
}

/// `:61:…`: two digits and perhaps a letter between colons.
fn tag(line: &str) -> Option<(&str, &str)> {
    let (tag, text) = line.strip_prefix(':')?.split_once(':')?;
    let fits = match tag.as_bytes() {
        [a, b] => a.is_ascii_digit() && b.is_ascii_digit(),
        [a, b, c] => a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_uppercase(),
        _ => false,
    };
    fits.then_some((tag, text))
}

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
use crate::limits::{MAX_STATEMENTS, MAX_TEXT_BYTES};
use crate::out::Out;
use crate::place::Source;
use page::{Open, Page};

/// Lines of an envelope of the bank before a page (`ABNANL2A`, `940`); more are no envelope.
const MAX_ENVELOPE_LINES: usize = 8;

pub(crate) fn read(source: Source<'_>, out: &mut Out<'_>) -> Result<(), ReadError> {
    let mut file = Mt940 { out, block: false, envelope_lines: 0, page: None, field: None, open: None, pages: 0 };
    let mut byte = 0;
    for raw in source.text.split_inclusive('\n') {
        let line = raw.strip_suffix('\n').unwrap_or(raw);
        let line = line.strip_suffix('\r').unwrap_or(line);
        // a return that ends no line would stay in a payer's words
        if let Some(within) = line.find('\r') {
            return Err(ReadError::at(source.place(byte + within), Reason::Malformed("a line end")));
        }
        file.line(byte, line).map_err(|(at, reason)| ReadError::at(source.place(at), reason))?;
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
    /// Of `lines`, each with its line end.
    bytes: usize,
}

impl<'s> Field<'s> {
    fn new(at: usize, tag: &'s str, text: &'s str) -> Self {
        Self { at, tag, lines: vec![text], bytes: text.len() + 1 }
    }
}

struct Mt940<'s, 'o, 'k> {
    out: &'o mut Out<'k>,
    /// Within `{4:` … `-}`.
    block: bool,
    envelope_lines: usize,
    page: Option<Page>,
    field: Option<Field<'s>>,
    open: Option<Open>,
    pages: usize,
}

impl<'s> Mt940<'s, '_, '_> {
    fn line(&mut self, at: usize, line: &'s str) -> At<()> {
        match tag(line) {
            Some(("20", text)) if self.page.is_none() || !self.block => {
                self.close_page(at)?;
                self.page = Some(Page::default());
                self.field = Some(Field::new(at, "20", text));
                Ok(())
            }
            Some((tag, text)) if self.page.is_some() => {
                self.close_field()?;
                self.field = Some(Field::new(at, tag, text));
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
            "86" => field.bytes + line.len() < MAX_TEXT_BYTES,
            "61" | "25P" => field.lines.len() < 8 && line.len() <= 128,
            _ => line.trim_end().is_empty(),
        };
        if self.block && line == "-" || !fits {
            return Err((at, Reason::Unexpected(format!("a further line of :{}:", field.tag))));
        }
        field.bytes += line.len() + 1;
        // Blank lines after other fields may be many and mean nothing.
        if matches!(field.tag, "86" | "61" | "25P") {
            field.lines.push(line);
        }
        Ok(())
    }

    fn close_field(&mut self) -> At<()> {
        if let (Some(field), Some(page)) = (self.field.take(), &mut self.page) {
            page.field(&field, self.open.as_ref(), self.out).map_err(|reason| (field.at, reason))?;
        }
        Ok(())
    }

    fn close_page(&mut self, at: usize) -> At<()> {
        self.close_field()?;
        let Some(page) = self.page.take() else { return Ok(()) };
        self.pages += 1;
        self.envelope_lines = 0;
        if self.pages > MAX_STATEMENTS {
            return Err((at, Reason::Limit("pages")));
        }
        let page = page.finish(at, self.out)?;
        let head = self.open.take().map_or_else(|| page.head.clone(), |before| before.head);
        if page.to_be_continued {
            self.open = Some(page.open(head));
            return Ok(());
        }
        self.out.finish(head, Some(page.closing)).map_err(|reason| (at, reason))
    }

    fn finish(mut self, end: usize) -> At<()> {
        if self.block {
            return Err((end, Reason::Truncated));
        }
        let whole = self.page.as_ref().is_none_or(|page| page.is_closed(self.field.as_ref().map(|f| f.tag)));
        if !whole {
            self.close_field()?;
            return Err((end, Reason::Truncated));
        }
        self.close_page(end)?;
        match self.open {
            Some(_) => Err((end, Reason::Truncated)),
            None if self.out.is_empty() => Err((end, Reason::NoStatement)),
            None => Ok(()),
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

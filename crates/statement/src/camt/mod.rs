//! camt.053 and camt.054 as a stream of XML events (protocols 2.5 and 3.1). Elements are known by their local names and
//! their path, so any prefix and any version from 2 to 13 will do; other elements are skipped.
//!
//! No tree is built: memory holds the open path and one entry, whose lines leave as it closes. A DOCTYPE ends the reading at once, and so
//! does an entity that XML does not predefine (S15). The five predefined and character references are resolved.

mod balance;
mod draft;
mod entry;
mod field;
pub(crate) mod markup;
mod totals;

use crate::error::{ReadError, Reason};
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_TAG_BYTES, MAX_TEXT_BYTES};
use crate::money::{Currency, UnknownCurrency};
use crate::out::Out;
use crate::place::Source;
use crate::statement::Kind;
use draft::Draft;
use markup::{attributes, declared, resolve, version};
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};

/// The `Ccy` of an amount, as far as it has one.
type Ccy = Option<Result<Currency, UnknownCurrency>>;

pub(crate) fn read(source: Source<'_>, out: &mut Out<'_>) -> Result<Kind, ReadError> {
    read_within(source, MAX_NODES, out)
}

fn read_within(source: Source<'_>, nodes: usize, out: &mut Out<'_>) -> Result<Kind, ReadError> {
    let mut reader = Reader::from_str(source.text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::new(out);
    for _ in 0..nodes {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| {
            let place = source.place(usize::try_from(reader.error_position()).unwrap_or(usize::MAX));
            ReadError::at(place, refused(&error))
        })?;
        if matches!(event, Event::Eof) {
            return walk.finish().map_err(|reason| ReadError::at(source.end(), reason));
        }
        let place = || source.place(usize::try_from(at).unwrap_or(usize::MAX));
        walk.event(event).map_err(|reason| ReadError::at(place(), reason))?;
    }
    Err(ReadError::at(source.end(), Reason::Limit("nodes")))
}

/// The names in the parser's own message come from the file, so they stay out of ours.
fn refused(error: &XmlError) -> Reason {
    match error {
        XmlError::Syntax(SyntaxError::UnclosedDoctype) => Reason::Doctype,
        XmlError::Syntax(_) => Reason::Truncated,
        XmlError::IllFormed(IllFormedError::UnclosedReference) => Reason::Entity,
        XmlError::IllFormed(IllFormedError::MissingEndTag(_)) => Reason::Truncated,
        XmlError::IllFormed(_) => Reason::Malformed("tags do not match"),
        _ => Reason::Malformed("no XML"),
    }
}

/// The open elements, and the text of the innermost.
struct Walk<'o, 's> {
    out: &'o mut Out<'s>,
    /// `Document/BkToCstmrStmt/Stmt/Ntry`, and where each name begins.
    path: String,
    names: Vec<usize>,
    text: String,
    currency: Ccy,
    /// The element has no child so far.
    leaf: bool,
    /// The first event is over, so a declaration comes too late.
    begun: bool,
    /// The root has closed.
    over: bool,
    kind: Option<Kind>,
    draft: Option<Draft>,
}

impl<'o, 's> Walk<'o, 's> {
    fn new(out: &'o mut Out<'s>) -> Self {
        Self {
            out,
            path: String::new(),
            names: Vec::new(),
            text: String::new(),
            currency: None,
            leaf: false,
            begun: false,
            over: false,
            kind: None,
            draft: None,
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), Reason> {
        let first = !std::mem::replace(&mut self.begun, true);
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(_) => self.end(),
            // Measured before line ends are normalised, which copies.
            Event::Text(text) if text.len() > MAX_TEXT_BYTES => Err(Reason::Limit("bytes of a text")),
            Event::Text(text) => self.append(&text.xml10_content()),
            Event::CData(text) if text.len() > MAX_TEXT_BYTES => Err(Reason::Limit("bytes of a text")),
            Event::CData(text) => self.append(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let character = resolve(&entity)?;
                self.append(character.encode_utf8(&mut [0; 4]))
            }
            Event::Decl(declaration) if first => declared(&declaration),
            Event::Decl(_) => Err(Reason::Malformed("a second declaration")),
            Event::DocType(_) => Err(Reason::Doctype),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
            Event::Empty(_) => Err(Reason::Malformed("an empty tag was not expanded")),
        }
    }

    fn append(&mut self, text: &str) -> Result<(), Reason> {
        if self.text.len() + text.len() > MAX_TEXT_BYTES {
            return Err(Reason::Limit("bytes of a text"));
        }
        if self.names.is_empty() && !text.trim_ascii().is_empty() {
            return Err(Reason::Malformed("text outside the document"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Reason> {
        if self.over {
            return Err(Reason::Malformed("a second document"));
        }
        if self.names.len() >= MAX_DEPTH {
            return Err(Reason::Limit("depth"));
        }
        if tag.len() > MAX_TAG_BYTES {
            return Err(Reason::Limit("bytes of a tag"));
        }
        self.no_text_between()?;
        let name = tag.local_name();
        self.currency = attributes(tag)?;
        if !self.names.is_empty() {
            self.path.push('/');
        }
        self.names.push(self.path.len());
        self.path.push_str(name.as_ref());
        self.leaf = true;
        match self.names.len() {
            1 if name.as_ref() == "Document" => version(tag),
            1 => Err(Reason::NotCamt),
            2 => self.message(name.as_ref()),
            3 if self.is_statement() => {
                self.draft = Some(Draft::default());
                Ok(())
            }
            _ => self.within(|draft, path, _| draft.open(path)),
        }
    }

    fn message(&mut self, name: &str) -> Result<(), Reason> {
        let kind = match name {
            "BkToCstmrStmt" => Kind::Camt053,
            "BkToCstmrDbtCdtNtfctn" => Kind::Camt054,
            _ => return Err(Reason::NotCamt),
        };
        match self.kind.replace(kind) {
            None => Ok(()),
            Some(_) => Err(Reason::Twice("the message".to_owned())),
        }
    }

    fn is_statement(&self) -> bool {
        let name = self.names.get(2).and_then(|start| self.path.get(*start..));
        match self.kind {
            Some(Kind::Camt053) => name == Some("Stmt"),
            Some(Kind::Camt054) => name == Some("Ntfctn"),
            _ => false,
        }
    }

    /// Hands the path below the statement to its draft, if one is open.
    fn within(&mut self, act: impl FnOnce(&mut Draft, &str, &mut Out<'s>) -> Result<(), Reason>) -> Result<(), Reason> {
        let path = self.names.get(3).and_then(|start| self.path.get(*start..));
        match (&mut self.draft, path) {
            (Some(draft), Some(path)) => act(draft, path, self.out),
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Reason> {
        if self.leaf {
            let (text, currency) = (std::mem::take(&mut self.text), self.currency.take());
            self.within(|draft, path, _| draft.leaf(path, &text, currency))?;
            self.text = text;
        } else {
            self.no_text_between()?;
        }
        self.within(|draft, path, out| draft.close(path, out))?;
        if self.names.len() == 3 {
            self.close_statement()?;
        }
        let start = self.names.pop().unwrap_or_default();
        self.path.truncate(start.saturating_sub(1));
        self.over = self.names.is_empty();
        self.leaf = false;
        self.text.clear();
        Ok(())
    }

    fn close_statement(&mut self) -> Result<(), Reason> {
        match (self.draft.take(), self.kind) {
            (Some(draft), Some(kind)) => draft.finish(kind, self.out),
            _ => Ok(()),
        }
    }

    fn no_text_between(&mut self) -> Result<(), Reason> {
        if !self.text.trim_ascii().is_empty() {
            return Err(Reason::Malformed("text between elements"));
        }
        self.text.clear();
        Ok(())
    }

    fn finish(self) -> Result<Kind, Reason> {
        match self.kind {
            _ if !self.over => Err(Reason::Truncated),
            None => Err(Reason::NotCamt),
            Some(_) if self.out.is_empty() => Err(Reason::NoStatement),
            Some(kind) => Ok(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_bounded() {
        let text = format!("<Document><BkToCstmrStmt><GrpHdr>{}", "<a/>".repeat(100));
        let nodes = |most| {
            let mut sink = crate::collect::Collected::default();
            let source = Source::utf8(text.as_bytes()).unwrap();
            read_within(source, most, &mut Out::new(&mut sink, 1)).unwrap_err().reason
        };
        assert_eq!(nodes(200), Reason::Limit("nodes"));
        assert_eq!(nodes(210), Reason::Truncated);
    }
}

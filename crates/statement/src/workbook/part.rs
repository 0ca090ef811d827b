//! One part of a workbook, unpacked as it is read: never more than its directory says, whole, and with its checksum.

use super::zip::Entry;
use crate::camt::markup::{declared, resolve};
use crate::error::Reason;
use crate::limits::{MAX_DEPTH, MAX_TAG_BYTES, MAX_TEXT_BYTES};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

/// What stands between two tags, or a tag with all its attributes, is held at once.
const MOST_AT_ONCE: usize = MAX_TEXT_BYTES + MAX_TAG_BYTES;

pub(crate) struct Part<'b> {
    data: BufReader<Data<'b>>,
    crc: Crc,
    wanted_crc: u32,
    left: u64,
    /// Since the last tag or text.
    taken: usize,
}

enum Data<'b> {
    Stored(&'b [u8]),
    Deflated(DeflateDecoder<&'b [u8]>),
}

impl Read for Data<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(bytes) => bytes.read(into),
            Self::Deflated(decoder) => decoder.read(into),
        }
    }
}

impl<'b> Part<'b> {
    pub(super) fn new(data: &'b [u8], entry: &Entry) -> Self {
        let data = if entry.deflated { Data::Deflated(DeflateDecoder::new(data)) } else { Data::Stored(data) };
        Self {
            data: BufReader::with_capacity(64 * 1024, data),
            crc: Crc::new(),
            wanted_crc: entry.crc,
            left: entry.unpacked,
            taken: 0,
        }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Part<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken > MOST_AT_ONCE {
            return Err(io::Error::other(Reason::Limit("bytes of a text")));
        }
        let broken = |_| io::Error::other(Reason::Workbook("a part that cannot be unpacked"));
        let bytes = self.data.fill_buf().map_err(broken)?;
        if bytes.is_empty() && (self.left > 0 || self.crc.sum() != self.wanted_crc) {
            return Err(io::Error::other(Reason::Workbook("a part that is not what its checksum says")));
        }
        if bytes.len() as u64 > self.left {
            return Err(io::Error::other(Reason::Workbook("a part that is longer than it says")));
        }
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        if let Some(bytes) = self.data.buffer().get(..count) {
            self.crc.update(bytes);
        }
        self.data.consume(count);
        self.left = self.left.saturating_sub(count as u64);
        self.taken += count;
    }
}

/// The tags and texts of a part.
pub(crate) struct Xml<'b> {
    reader: Reader<Part<'b>>,
    buffer: Vec<u8>,
    depth: usize,
    begun: bool,
}

impl<'b> Xml<'b> {
    pub fn new(part: Part<'b>) -> Self {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, begun: false }
    }

    /// The next tag or text, or `Eof` behind the last.
    pub fn next(&mut self) -> Result<Event<'_>, Reason> {
        self.buffer.clear();
        self.reader.get_mut().taken = 0;
        let first = !std::mem::replace(&mut self.begun, true);
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| refused(&error))?;
        match &event {
            Event::Start(tag) if tag.len() > MAX_TAG_BYTES => return Err(Reason::Limit("bytes of a tag")),
            Event::Start(_) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Reason::Limit("depth"));
                }
            }
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Decl(declaration) if first => declared(declaration)?,
            Event::Decl(_) => return Err(Reason::Malformed("a second declaration")),
            Event::DocType(_) => return Err(Reason::Doctype),
            Event::Eof if self.depth > 0 => return Err(Reason::Truncated),
            _ => {}
        }
        Ok(event)
    }

    /// Passes all that stands within the element that was just opened.
    pub fn skip(&mut self) -> Result<(), Reason> {
        let around = self.depth - 1;
        while self.depth > around {
            self.next()?;
        }
        Ok(())
    }

    /// The text within the element that was just opened, of which no element is a part.
    pub fn text(&mut self, into: &mut String) -> Result<(), Reason> {
        let around = self.depth - 1;
        while self.depth > around {
            match self.next()? {
                Event::Text(text) => append(into, &text.xml10_content())?,
                Event::CData(text) => append(into, &text.xml10_content())?,
                Event::GeneralRef(entity) => {
                    let character = resolve(&entity)?;
                    append(into, character.encode_utf8(&mut [0; 4]))?;
                }
                Event::Start(_) => return Err(Reason::Malformed("an element in a text")),
                _ => {}
            }
        }
        Ok(())
    }
}

fn append(into: &mut String, text: &str) -> Result<(), Reason> {
    if into.len() + text.len() > MAX_TEXT_BYTES {
        return Err(Reason::Limit("bytes of a text"));
    }
    into.push_str(text);
    Ok(())
}

/// Hands each attribute over, by its local name.
pub(crate) fn attributes(tag: &BytesStart<'_>, mut each: impl FnMut(&str, Cow<'_, str>)) -> Result<(), Reason> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Reason::Malformed("attributes"))?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| Reason::Entity)?;
        each(attribute.key.local_name().as_ref(), value);
    }
    Ok(())
}

fn refused(error: &XmlError) -> Reason {
    match error {
        XmlError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Reason>()) {
            Some(reason) => reason.clone(),
            None => Reason::Malformed("no XML"),
        },
        XmlError::Syntax(SyntaxError::UnclosedDoctype) => Reason::Doctype,
        XmlError::Syntax(_) | XmlError::IllFormed(IllFormedError::MissingEndTag(_)) => Reason::Truncated,
        XmlError::IllFormed(IllFormedError::UnclosedReference) => Reason::Entity,
        XmlError::IllFormed(_) => Reason::Malformed("tags do not match"),
        _ => Reason::Malformed("no XML"),
    }
}

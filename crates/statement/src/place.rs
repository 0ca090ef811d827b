//! Where in a file something stands, so that a refusal can be looked up in the bytes.

use crate::error::{ReadError, Reason};
use std::fmt;

pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Lines count from 1. The byte offset counts from 0 and is missing where the file was decoded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub byte: Option<usize>,
}

impl Place {
    pub(crate) const fn start() -> Self {
        Self { line: 1, byte: Some(0) }
    }

    pub(crate) const fn line(line: usize) -> Self {
        Self { line, byte: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            Some(byte) => write!(f, "line {}, byte {byte}", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

/// The text of a file, and how many bytes of it came before (a byte order mark).
#[derive(Clone, Copy)]
pub(crate) struct Source<'b> {
    pub text: &'b str,
    skipped: usize,
}

impl<'b> Source<'b> {
    pub fn utf8(bytes: &'b [u8]) -> Result<Self, ReadError> {
        let (body, skipped) = match bytes.strip_prefix(BOM) {
            Some(body) => (body, BOM.len()),
            None => (bytes, 0),
        };
        match std::str::from_utf8(body) {
            Ok(text) => Ok(Self { text, skipped }),
            Err(error) => {
                let valid = error.valid_up_to();
                let line = 1 + count_lines(body.get(..valid).unwrap_or_default());
                Err(ReadError::at(Place { line, byte: Some(valid + skipped) }, Reason::Encoding("not UTF-8")))
            }
        }
    }

    pub fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let before = self.text.as_bytes().get(..byte).unwrap_or_default();
        Place { line: 1 + count_lines(before), byte: Some(byte + self.skipped) }
    }

    pub fn end(&self) -> Place {
        self.place(self.text.len())
    }

    pub fn no_control_characters(&self) -> Result<(), ReadError> {
        match control_character(self.text) {
            Some(byte) => Err(ReadError::at(self.place(byte), Reason::Encoding("a control character"))),
            None => Ok(()),
        }
    }
}

/// Where the first control character stands: those of ASCII but for tab and line ends, and U+0080 to U+009F.
pub(crate) fn control_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_upper = |at: usize| bytes.get(at + 1).is_some_and(|next| (0x80..=0x9F).contains(next));
    bytes.iter().enumerate().position(|(at, byte)| match byte {
        b'\t' | b'\n' | b'\r' => false,
        0..0x20 | 0x7F => true,
        0xC2 => is_upper(at),
        _ => false,
    })
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

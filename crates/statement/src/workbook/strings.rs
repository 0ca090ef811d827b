//! The texts that cells share, and the texts of one cell (ECMA-376 part 1, 18.4).

use super::part::Xml;
use crate::error::Reason;
use crate::limits::MAX_SHARED_BYTES;
use quick_xml::events::Event;

/// All texts in one piece, and where each ends.
#[derive(Default)]
pub(crate) struct Shared {
    text: String,
    ends: Vec<usize>,
}

impl Shared {
    pub fn read(mut xml: Xml<'_>) -> Result<Self, Reason> {
        let mut shared = Self::default();
        let mut one = String::new();
        loop {
            match xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == "si" => {
                    one.clear();
                    rich_text(&mut xml, "si", &mut one)?;
                    shared.text.push_str(&one);
                    shared.ends.push(shared.text.len());
                    if shared.text.len() + shared.ends.len() * size_of::<usize>() > MAX_SHARED_BYTES {
                        return Err(Reason::Limit("bytes of shared texts"));
                    }
                }
                Event::Eof => return Ok(shared),
                _ => {}
            }
        }
    }

    pub fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.text.get(start..*self.ends.get(index)?)
    }
}

/// The text of the element that was just opened: its own, or that of its runs. How it is spoken (`rPh`) is no part of it.
pub(crate) fn rich_text(xml: &mut Xml<'_>, closes: &str, into: &mut String) -> Result<(), Reason> {
    loop {
        match xml.next()? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "t" => xml.text(into)?,
                "r" => {}
                _ => xml.skip()?,
            },
            Event::End(tag) if tag.local_name().as_ref() == closes => break,
            Event::Eof => return Err(Reason::Truncated),
            _ => {}
        }
    }
    if into.contains("_x") {
        *into = unescaped(into);
    }
    Ok(())
}

/// `_x000D_` is how a workbook writes a character that XML has not (ECMA-376 part 1, 22.9.2.19).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let code = from.get(2..6).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.filter(|_| from.get(6..7) == Some("_"));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                rest = &from[7..];
            }
            None => {
                out.push_str("_x");
                rest = &from[2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_character_is_the_character() {
        for (text, is) in
            [("a_x000D_\nb", "a\r\nb"), ("_x005F_x000D_", "_x000D_"), ("_x12", "_x12"), ("_xđđđđ_", "_xđđđđ_")]
        {
            assert_eq!(unescaped(text), is);
        }
    }
}

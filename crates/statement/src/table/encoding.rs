//! Bytes to text by the declared encoding. A byte that it does not have refuses the file, with the line.

use super::profile::Encoding;
use crate::error::{ReadError, Reason};
use crate::place::{BOM, Place, Source, control_character};
use std::borrow::Cow;

pub(crate) fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, ReadError> {
    let marked = bytes.starts_with(BOM);
    let start = |why| Err(ReadError::at(Place::start(), Reason::Encoding(why)));
    let text = match encoding {
        Encoding::Utf8 if marked => return start("a byte order mark that is not declared"),
        Encoding::Utf8Bom if !marked => return start("no byte order mark, but one is declared"),
        Encoding::Utf8 | Encoding::Utf8Bom => Cow::Borrowed(Source::utf8(bytes)?.text),
        Encoding::Utf16Le => Cow::Owned(utf16le(bytes)?),
        Encoding::Windows1258 => Cow::Owned(windows_1258(bytes)?),
    };
    match control_character(&text) {
        Some(at) => {
            let before = text.as_bytes().get(..at).unwrap_or_default();
            Err(refuse(before.iter().map(|b| char::from(*b)), "a control character"))
        }
        None => Ok(text),
    }
}

fn refuse(before: impl Iterator<Item = char>, why: &'static str) -> ReadError {
    ReadError::at(Place::line(1 + before.filter(|c| *c == '\n').count()), Reason::Encoding(why))
}

fn utf16le(bytes: &[u8]) -> Result<String, ReadError> {
    let body = bytes.strip_prefix(b"\xFF\xFE").unwrap_or(bytes);
    let (pairs, rest) = body.as_chunks::<2>();
    // Two bytes become three at most. A text that grew as it went would for a moment be there twice.
    let mut text = String::with_capacity(body.len() / 2 * 3);
    for unit in char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))) {
        match unit {
            Ok(c) => text.push(c),
            Err(_) => return Err(refuse(text.chars(), "not UTF-16")),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(refuse(text.chars(), "half a character of UTF-16 at the end")) }
}

/// Bytes 0x80 to 0x9F; `\0` where the code page has nothing.
const C1: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', '\0', '‹', 'Œ', '\0', '\0', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', '\0', '›', 'œ', '\0', '\0', 'Ÿ',
];

/// Where the code page differs from Latin-1 above 0x9F; the five combining ones are the tone marks.
const ABOVE: [(u8, char); 14] = [
    (0xC3, 'Ă'),
    (0xCC, '\u{300}'),
    (0xD0, 'Đ'),
    (0xD2, '\u{309}'),
    (0xD5, 'Ơ'),
    (0xDD, 'Ư'),
    (0xDE, '\u{303}'),
    (0xE3, 'ă'),
    (0xEC, '\u{301}'),
    (0xF0, 'đ'),
    (0xF2, '\u{323}'),
    (0xF5, 'ơ'),
    (0xFD, 'ư'),
    (0xFE, '₫'),
];

/// Each vowel, then itself with grave, acute, tilde, hook and dot.
const TONES: [&str; 24] = [
    "aàáãảạ",
    "ăằắẵẳặ",
    "âầấẫẩậ",
    "eèéẽẻẹ",
    "êềếễểệ",
    "iìíĩỉị",
    "oòóõỏọ",
    "ôồốỗổộ",
    "ơờớỡởợ",
    "uùúũủụ",
    "ưừứữửự",
    "yỳýỹỷỵ",
    "AÀÁÃẢẠ",
    "ĂẰẮẴẲẶ",
    "ÂẦẤẪẨẬ",
    "EÈÉẼẺẸ",
    "ÊỀẾỄỂỆ",
    "IÌÍĨỈỊ",
    "OÒÓÕỎỌ",
    "ÔỒỐỖỔỘ",
    "ƠỜỚỠỞỢ",
    "UÙÚŨỦỤ",
    "ƯỪỨỮỬỰ",
    "YỲÝỸỶỴ",
];

const MARKS: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];

fn windows_1258(bytes: &[u8]) -> Result<String, ReadError> {
    let beyond_ascii = bytes.iter().filter(|b| **b > 0x7F).count();
    let mut text = String::with_capacity(bytes.len() + 2 * beyond_ascii);
    for byte in bytes {
        let c = match byte {
            0..=0x7F => char::from(*byte),
            0x80..=0x9F => C1[usize::from(byte - 0x80)],
            _ => ABOVE.iter().find(|(b, _)| b == byte).map_or(char::from(*byte), |(_, c)| *c),
        };
        if c == '\0' {
            return Err(refuse(text.chars(), "a byte that Windows-1258 does not have"));
        }
        match MARKS.iter().position(|mark| *mark == c) {
            None => text.push(c),
            Some(tone) => match text.pop().and_then(|letter| joined(letter, tone)) {
                Some(letter) => text.push(letter),
                None => return Err(refuse(text.chars(), "a tone mark without its vowel")),
            },
        }
    }
    Ok(text)
}

fn joined(letter: char, tone: usize) -> Option<char> {
    let row = TONES.iter().find(|row| row.starts_with(letter))?;
    row.chars().nth(tone + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1258_joins_tone_marks_to_their_vowels() {
        // "Nguyễn Văn Đặng nộp phí 1₫" as Windows writes it.
        let bytes = b"Nguy\xEA\xDEn V\xE3n \xD0\xE3\xF2ng n\xF4\xF2p ph\xED 1\xFE";
        // 0xFE is the đồng sign; the tilde is 0xDE.
        assert_eq!(windows_1258(bytes).unwrap(), "Nguyễn Văn Đặng nộp phí 1₫");
        assert_eq!(windows_1258(b"ph\xEC").unwrap_err().reason, Reason::Encoding("a tone mark without its vowel"));
        assert_eq!(windows_1258(b"a\n\x81").unwrap_err().at, Place::line(2));
    }

    #[test]
    fn each_row_of_tones_has_a_letter_and_five() {
        for row in TONES {
            assert_eq!(row.chars().count(), 6, "{row}");
        }
    }

    #[test]
    fn a_declared_encoding_is_believed_and_checked() {
        let line = |bytes: &'static [u8], encoding| decode(bytes, encoding).map_err(|e| e.at.line);
        assert_eq!(line(b"a\n\xC4", Encoding::Utf8), Err(2));
        assert_eq!(line(b"\xEF\xBB\xBFa", Encoding::Utf8), Err(1));
        assert_eq!(line(b"a", Encoding::Utf8Bom), Err(1));
        assert_eq!(line(b"a\n\nb\0", Encoding::Utf8), Err(3));
        assert_eq!(line(b"\xFF\xFEa\0\n\0\x00\xD8", Encoding::Utf16Le), Err(2));
        assert_eq!(line(b"a\0b", Encoding::Utf16Le), Err(1));
        assert_eq!(line(b"\xFF\xFEa\0", Encoding::Utf16Le), Ok(Cow::Borrowed("a")));
    }
}

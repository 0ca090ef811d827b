//! What a letter says, as whoever gets it reads it: headers unfolded (RFC 5322, section 2.2.3), encoded words (RFC 2047) and one
//! part of plain text in UTF-8 (RFC 2045).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) struct Read {
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
}

impl Read {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

pub(super) fn read(raw: &str) -> Read {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => value.push_str(line),
            _ => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    let mut read = Read { headers, text: String::new() };
    let bytes = match read.header("content-transfer-encoding").unwrap_or("7bit").to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap_or_default(),
        "quoted-printable" => quoted(&body.replace("=\r\n", ""), b'='),
        _ => body.as_bytes().to_vec(),
    };
    read.text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    read
}

/// `=C3=A0` → `à`. In a header `_` is a space.
fn quoted(text: &str, mark: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != mark {
            out.push(byte);
            continue;
        }
        let digits: Vec<u8> = bytes.by_ref().take(2).collect();
        out.extend(hex::decode(digits).unwrap_or_default());
    }
    out
}

/// Encoded words one after the other are one text: what parts them is not of it (RFC 2047, section 6.2).
pub(super) fn decoded_words(value: &str) -> String {
    let mut out = Vec::new();
    let mut after_word = false;
    for part in value.split_inclusive([' ', '\t']) {
        let word = part.trim_end();
        if let Some(bytes) = word.strip_prefix("=?utf-8?").and_then(|w| w.strip_suffix("?=")).and_then(decoded_word) {
            if after_word {
                while out.last() == Some(&b' ') {
                    out.pop();
                }
            }
            out.extend(bytes);
            out.extend(part[word.len()..].bytes());
            after_word = true;
        } else if !word.is_empty() {
            out.extend(part.bytes());
            after_word = false;
        }
    }
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

fn decoded_word(word: &str) -> Option<Vec<u8>> {
    let (encoding, text) = word.split_once('?')?;
    match encoding {
        "b" | "B" => STANDARD.decode(text).ok(),
        "q" | "Q" => Some(quoted(&text.replace('_', " "), b'=')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_whoever_gets_it_reads_it() {
        let raw = "Subject: =?utf-8?b?QmnDqm4=?=\r\n =?utf-8?b?IGxhaQ==?= 26TAB\r\nContent-Transfer-Encoding: \
                   quoted-printable\r\n\r\nBi=C3=AAn =\r\nlai\r\n";
        let read = read(raw);
        assert_eq!(read.header("subject").map(decoded_words).as_deref(), Some("Biên lai 26TAB"));
        assert_eq!(read.text, "Biên lai\n");
        assert_eq!(decoded_words("=?utf-8?q?Bi=C3=AAn_lai?="), "Biên lai");
    }
}

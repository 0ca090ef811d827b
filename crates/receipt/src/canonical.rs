//! XML that is written in its canonical form (Exclusive XML Canonicalization 1.0) from the first, so that what is digested is
//! what is sent: no empty-element tags, no white space between elements, escapes as there. Attributes are written by hand,
//! in order.

/// Characters of a text as canonical XML has them (Canonical XML 1.1, section 2.3, text nodes). What XML 1.0 cannot hold at
/// all becomes U+FFFD; a line break or a tab is a space to whoever reads a receipt.
pub(crate) fn text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}

/// `<name>text</name>`.
pub(crate) fn element(out: &mut String, name: &str, value: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    text(out, value);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

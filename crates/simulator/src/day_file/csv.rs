//! A table as text.

use super::form::{Encoding, Form, Table};

pub(super) fn written(form: &Form, table: &Table) -> Vec<u8> {
    let mut text = String::new();
    for line in form.letterhead {
        text.push_str(line);
        text.push_str("\r\n");
    }
    line(&mut text, form, form.columns.iter().map(|(header, _)| (*header).to_owned()));
    for row in table {
        line(&mut text, form, row.iter().map(|cell| form.text(cell)));
    }
    match form.encoding {
        Encoding::Utf8 => text.into_bytes(),
        Encoding::Utf8Bom => format!("\u{feff}{text}").into_bytes(),
        Encoding::Utf16Le => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
    }
}

fn line(text: &mut String, form: &Form, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(form.delimiter);
        }
        match cell.contains([form.delimiter, '"', '\r', '\n']) {
            true => text.push_str(&format!("\"{}\"", cell.replace('"', "\"\""))),
            false => text.push_str(&cell),
        }
    }
    text.push_str("\r\n");
}

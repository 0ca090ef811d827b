//! The shape of a CSV (RFC 4180), judged strictly before it is taken apart: the `csv` crate forgives a quote that is
//! never closed, and a cut file would then read as a whole one.

use crate::error::Reason;
use crate::limits::{MAX_CELLS, MAX_TEXT_BYTES};

enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within quotes: it ends the cell, or it is the first of two.
    Closed,
}

/// The error names the line of `text`, counted from 1.
pub(super) fn check(text: &str, delimiter: char) -> Result<(), (usize, Reason)> {
    let mut state = State::CellStart;
    let mut line = 1;
    let mut cell_start = 0;
    let mut cells = 1;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((i, byte)) = bytes.next() {
        let lone_return = byte == b'\r' && bytes.peek().is_none_or(|(_, b)| *b != b'\n');
        let ends_cell = char::from(byte) == delimiter || ends_row(byte);
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Closed,
            (State::Quoted, _) => State::Quoted,
            (_, b'\r') if lone_return => return Err((line, Reason::Malformed("a line end"))),
            (State::CellStart, b'"') => State::Quoted,
            (State::Closed, b'"') => State::Quoted,
            (_, _) if ends_cell => State::CellStart,
            (State::Plain, b'"') => return Err((line, Reason::Malformed("a quote in a cell without quotes"))),
            (State::Closed, _) => return Err((line, Reason::Malformed("text after a closing quote"))),
            (State::CellStart | State::Plain, _) => State::Plain,
        };
        line += usize::from(byte == b'\n');
        if matches!(state, State::CellStart) {
            cell_start = i + 1;
            cells = if ends_row(byte) { 1 } else { cells + 1 };
            if cells > MAX_CELLS {
                return Err((line, Reason::Limit("cells of a row")));
            }
        } else if i - cell_start > MAX_TEXT_BYTES {
            return Err((line, Reason::Limit("bytes of a cell")));
        }
    }
    if matches!(state, State::Quoted) { Err((line, Reason::Truncated)) } else { Ok(()) }
}

fn ends_row(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_judged_strictly() {
        for text in ["", "a,b\n", "\"a\",\"b\"", "\"a\r\nb\",c\r\n", "\"a\"\"b\"", "\"\",\"\"\n"] {
            assert_eq!(check(text, ','), Ok(()), "{text:?}");
        }
        for (text, line) in [("a\n\"b", 2), ("a\"b", 1), ("\"a\"b", 1), ("a\n\"b\nc\"\nd\"", 4), ("a\rb", 1)] {
            assert_eq!(check(text, ',').map_err(|(line, _)| line), Err(line), "{text:?}");
        }
    }

    #[test]
    fn a_row_has_so_many_cells_and_no_more() {
        let row = ",".repeat(MAX_CELLS - 1);
        assert_eq!(check(&format!("{row}\r\n{row}\n{row}"), ','), Ok(()));
        assert_eq!(check(&format!("{row}\n{row},"), ','), Err((2, Reason::Limit("cells of a row"))));
    }
}

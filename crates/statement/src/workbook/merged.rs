//! Where cells are named, and cells that were made one: the value stands in the first of them, so that a row below or a
//! column beside looks empty and is not.

use crate::error::Reason;
use crate::limits::{MAX_CELLS, MAX_ROWS};

/// `C7` as its row, counted from 1, and its column, counted from 0.
pub(crate) fn place(name: &str) -> Result<(usize, usize), Reason> {
    let unfit = || Reason::Workbook("the name of a cell");
    let digits = name.find(|c: char| c.is_ascii_digit()).ok_or_else(unfit)?;
    let (letters, row) = name.split_at(digits);
    if letters.is_empty() || letters.len() > 3 || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(unfit());
    }
    let column = letters.bytes().fold(0_usize, |sum, b| sum * 26 + usize::from(b - b'A') + 1) - 1;
    if column >= MAX_CELLS {
        return Err(Reason::Limit("cells of a row"));
    }
    Ok((self::row(row)?, column))
}

pub(crate) fn row(digits: &str) -> Result<usize, Reason> {
    let row = digits.parse::<usize>().ok().filter(|row| *row > 0 && digits.bytes().all(|b| b.is_ascii_digit()));
    let row = row.ok_or(Reason::Workbook("the number of a row"))?;
    if row > MAX_ROWS { Err(Reason::Limit("lines")) } else { Ok(row) }
}

/// The row of a cell, whatever its column: a letterhead is as wide as it likes.
fn row_of(name: &str) -> Result<usize, Reason> {
    row(name.trim_start_matches(|c: char| c.is_ascii_uppercase()))
}

#[derive(Default)]
pub(crate) struct Merged {
    /// First and last row of those that reach the table. Of two different ones, one at least is not the totals row.
    spans: Vec<(usize, usize)>,
}

impl Merged {
    /// `B2:D4`, of a table whose header is in this row.
    pub fn add(&mut self, range: &str, header: usize) -> Result<(), Reason> {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        let span = (row_of(first)?, row_of(last)?);
        if span.1 >= header && self.spans.len() < 2 && !self.spans.contains(&span) {
            self.spans.push(span);
        }
        Ok(())
    }

    /// A totals row is judged by its sums, so its marker may be wide. Any other row of the table has a cell for each column.
    pub fn fits(&self, totals: Option<usize>) -> Result<(), (usize, Reason)> {
        let within = |(first, last): &&(usize, usize)| totals != Some(*first) || first != last;
        match self.spans.iter().find(within) {
            Some((first, _)) => Err((*first, Reason::Workbook("merged cells in the table"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_named_by_letters_and_a_number() {
        assert_eq!(place("A1"), Ok((1, 0)));
        assert_eq!(place("AB12"), Ok((12, 27)));
        for name in
            ["A0", "1", "A", "a1", "A1B", "A-1", "A+1", "Đ1", "AAAA1", "", "XFD1", "A1048577", "A99999999999999999999"]
        {
            assert!(place(name).is_err(), "{name}");
        }
    }
}

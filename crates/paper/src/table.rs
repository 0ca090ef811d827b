//! A table over as many lying pages as it needs: its head on each of them, "page n of m" below, the totals under the last row.
//! Nothing is cut off: what is too long for its column goes on in the next line, inside a word where it must, since half a
//! reference is none.

use crate::{LEFT, Paper, SHORT, Sheet, WIDE_RIGHT};

/// What a table has in width, from margin to margin.
pub const WIDTH: u16 = WIDE_RIGHT - LEFT;

const SIZE: u16 = 7;
const LINE: u16 = 9;
const PADDING: u16 = 4;
const TITLE: u16 = 14;
const NOTE: u16 = 9;
/// For names below whoever signs.
const SIGNATURES: u16 = 90;
const TOP: u16 = 44;
const FOOT: u16 = SHORT - 26;
const BOTTOM: u16 = FOOT - 14;

pub struct Column {
    pub head: String,
    /// In points, with the space to the next one.
    pub width: u16,
    /// As sums stand.
    pub is_right: bool,
}

/// A table with what stands above it. Every row has a cell for each column.
pub struct Table {
    pub title: String,
    /// Lines below the title.
    pub notes: Vec<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    pub totals: Option<Vec<String>>,
    /// Who signs below it; there is room for their names.
    pub signed_by: Vec<String>,
}

/// What `page n of m` is in the reader's language.
pub type Footer = fn(usize, usize) -> String;

/// A row as it is printed.
struct Laid {
    cells: Vec<Vec<String>>,
    is_bold: bool,
}

impl Laid {
    fn height(&self) -> u16 {
        let lines = self.cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        u16::try_from(lines).map_or(u16::MAX, |lines| lines.saturating_mul(LINE)).saturating_add(2)
    }
}

impl Paper {
    /// Adds the tables, each from a page of its own on, numbered as one document.
    pub fn tables(&mut self, tables: &[Table], footer: Footer) -> Option<()> {
        let pages: Vec<Page<'_>> = tables.iter().flat_map(|table| pages(self, table)).collect();
        let all = pages.len();
        for (n, page) in (1..).zip(&pages) {
            self.lying(|sheet| {
                page.write(sheet);
                sheet.right(WIDE_RIGHT, FOOT, SIZE, false, &footer(n, all));
                Some(())
            })?;
        }
        Some(())
    }
}

struct Page<'a> {
    table: &'a Table,
    is_first: bool,
    /// The signatures stand on it.
    is_last: bool,
    head: Laid,
    rows: Vec<Laid>,
}

/// What the title and the notes take.
fn title_height(table: &Table) -> u16 {
    let notes = u16::try_from(table.notes.len()).unwrap_or(0);
    TITLE + 8 + notes * (NOTE + 4) + 6
}

fn pages<'a>(paper: &Paper, table: &'a Table) -> Vec<Page<'a>> {
    let heads: Vec<String> = table.columns.iter().map(|c| c.head.clone()).collect();
    let page =
        |is_first| Page { table, is_first, is_last: false, head: laid(paper, table, &heads, true), rows: Vec::new() };
    let room = |page: &Page<'_>| {
        let above = if page.is_first { title_height(table) } else { 0 };
        (BOTTOM - TOP).saturating_sub(above).saturating_sub(page.head.height() + 4)
    };
    let mut pages = Vec::new();
    let mut last = page(true);
    let mut left = room(&last);
    let rows = table.rows.iter().map(|row| (row, false)).chain(table.totals.iter().map(|row| (row, true)));
    for (row, is_bold) in rows {
        let row = laid(paper, table, row, is_bold);
        if row.height() > left && !last.rows.is_empty() {
            pages.push(std::mem::replace(&mut last, page(false)));
            left = room(&last);
        }
        left = left.saturating_sub(row.height());
        last.rows.push(row);
    }
    if !table.signed_by.is_empty() && left < SIGNATURES && !last.rows.is_empty() {
        pages.push(std::mem::replace(&mut last, page(false)));
    }
    last.is_last = true;
    pages.push(last);
    pages
}

fn laid(paper: &Paper, table: &Table, row: &[String], is_bold: bool) -> Laid {
    let cell = |(column, text): (&Column, &String)| {
        let width = column.width.saturating_sub(if column.is_right { 2 * PADDING } else { PADDING });
        broken(text, |line| paper.faces.of(is_bold).width(line, SIZE) <= width)
    };
    Laid { cells: table.columns.iter().zip(row).map(cell).collect(), is_bold }
}

impl Page<'_> {
    fn write(&self, sheet: &mut Sheet<'_>) {
        let mut y = TOP;
        if self.is_first {
            y += TITLE;
            sheet.line(LEFT, y, TITLE, true, &self.table.title);
            y += 8;
            for note in &self.table.notes {
                y += NOTE + 4;
                sheet.line(LEFT, y, NOTE, false, note);
            }
            y += 6;
        }
        y = self.row(sheet, &self.head, y);
        sheet.rule(y, 1);
        y += 4;
        for row in &self.rows {
            if row.is_bold {
                sheet.rule(y, 1);
            }
            y = self.row(sheet, row, y);
        }
        if self.is_last {
            self.signatures(sheet, y);
        }
    }

    fn signatures(&self, sheet: &mut Sheet<'_>, top: u16) {
        let all = u16::try_from(self.table.signed_by.len()).unwrap_or(u16::MAX).max(1);
        for (nth, who) in (0..).zip(&self.table.signed_by) {
            let middle = LEFT + WIDTH / all * nth + WIDTH / all / 2;
            let width = sheet.width(who, NOTE, true);
            sheet.line(middle.saturating_sub(width / 2), top + 3 * NOTE, NOTE, true, who);
        }
    }

    /// Gives where the next one begins.
    fn row(&self, sheet: &mut Sheet<'_>, row: &Laid, top: u16) -> u16 {
        let mut x = LEFT;
        for (column, lines) in self.table.columns.iter().zip(&row.cells) {
            let mut y = top;
            for line in lines {
                y += LINE;
                if column.is_right {
                    sheet.right(x + column.width - 2 * PADDING, y, SIZE, row.is_bold, line);
                } else {
                    sheet.line(x, y, SIZE, row.is_bold, line);
                }
            }
            x += column.width;
        }
        top + row.height()
    }
}

/// Lines that fit, with all letters of the text: broken between words, and inside one that is too long alone.
fn broken(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => *line = format!("{line} {word}"),
            _ => in_pieces(word, &fits, &mut lines),
        }
    }
    lines
}

fn in_pieces(word: &str, fits: &impl Fn(&str) -> bool, lines: &mut Vec<String>) {
    let mut piece = String::new();
    for letter in word.chars() {
        piece.push(letter);
        if !fits(&piece) && piece.chars().nth(1).is_some() {
            piece.pop();
            lines.push(std::mem::take(&mut piece));
            piece.push(letter);
        }
    }
    lines.push(piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_of_a_cell_is_lost() {
        let fits = |line: &str| line.chars().count() <= 6;
        assert_eq!(broken("H38.17-261124-0001", fits), ["H38.17", "-26112", "4-0001"]);
        assert_eq!(broken("phí chứng thực", fits), ["phí", "chứng", "thực"]);
        assert_eq!(broken("a b c  d", fits), ["a b c", "d"]);
        assert!(broken("  ", fits).is_empty());
    }

    #[test]
    fn a_long_table_has_its_head_on_every_page_and_its_totals_once() {
        let column = |head: &str| Column { head: head.to_owned(), width: 100, is_right: false };
        let row = |n: i32| vec![n.to_string(), "Phí thẩm định hồ sơ cấp giấy chứng nhận".to_owned()];
        let table = Table {
            title: "Giao dịch".to_owned(),
            notes: vec!["Từ ngày 01/11/2026".to_owned()],
            columns: vec![column("Số"), column("Tên")],
            rows: (0..200).map(row).collect(),
            totals: Some(vec!["Cộng".to_owned(), String::new()]),
            signed_by: vec!["Người lập".to_owned(), "Kế toán trưởng".to_owned()],
        };
        let mut paper = Paper::new("Giao dịch", "vi").expect("fonts");
        let pages = pages(&paper, &table);
        assert!(pages.len() > 3);
        assert_eq!(pages.iter().map(|p| p.rows.len()).sum::<usize>(), 201);
        assert!(pages.iter().all(|p| p.head.cells.len() == 2));
        assert_eq!(pages.iter().filter(|p| p.is_last).count(), 1);
        for page in &pages {
            let tall: u16 = page.rows.iter().map(Laid::height).sum();
            let above = if page.is_first { title_height(&table) } else { 0 };
            assert!(TOP + above + page.head.height() + 4 + tall <= BOTTOM, "nothing runs into the foot");
        }
        assert!(paper.tables(&[table], |n, m| format!("Trang {n}/{m}")).is_some());
        assert!(paper.bytes().is_some_and(|bytes| bytes.starts_with(b"%PDF")));
    }
}

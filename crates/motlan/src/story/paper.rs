//! What the story is written on: lines and aligned tables on standard output. A reader that goes away ends nothing.

use std::io::Write;

/// A line; a closed pipe (`| head`) is no reason to leave the story half told. Unit tests print nothing.
pub fn say(line: &str) {
    if cfg!(test) {
        return;
    }
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A long text under its name, so that no line is wider than a terminal.
pub fn say_wrapped(name: &str, text: &str) {
    const WIDTH: usize = 86;
    say(&format!("    {name}"));
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(WIDTH).for_each(|line| say(&format!("      {}", line.iter().collect::<String>())));
}

/// `108000` as `108.000 ₫`.
pub fn dong(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{grouped} ₫")
}

/// Rows under a head; a head that begins with `>` aligns its column to the right.
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub fn show(&self) {
        say("");
        for line in self.lines() {
            say(&format!("    {line}"));
        }
        say("");
    }

    fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.head.len()).map(|at| self.width(at)).collect();
        let titles: Vec<String> = self.head.iter().map(|title| title.trim_start_matches('>').to_owned()).collect();
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        [titles, rule].iter().chain(&self.rows).map(|cells| self.line(cells, &widths)).collect()
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        let title = self.head.get(at).map_or(0, |title| title.trim_start_matches('>').chars().count());
        cells.chain([title]).max().unwrap_or(0)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let padded = cells.iter().zip(widths).zip(&self.head).map(|((cell, &width), title)| {
            if title.starts_with('>') { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_vietnamese_amounts() {
        for (amount, text) in [
            (0, "0 ₫"),
            (8_000, "8.000 ₫"),
            (108_000, "108.000 ₫"),
            (1_000_000, "1.000.000 ₫"),
            (-25_000, "-25.000 ₫"),
            (999, "999 ₫"),
        ] {
            assert_eq!(dong(amount), text);
        }
    }

    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::new(&["Hồ sơ", ">Số tiền"]);
        table.row(["A".to_owned(), dong(8_000)]);
        table.row(["BBBBBBB".to_owned(), dong(1_250_000)]);
        assert_eq!(
            table.lines(),
            ["Hồ sơ        Số tiền", "───────  ───────────", "A            8.000 ₫", "BBBBBBB  1.250.000 ₫",]
        );
    }
}

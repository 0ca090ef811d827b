//! The settlement file of [`super::big`] as a workbook, whose texts stand in its cells.

use rust_xlsxwriter::{Workbook, XlsxError};

pub fn settlement(rows: usize) -> Vec<u8> {
    let text = String::from_utf8(super::big::settlement(rows)).unwrap_or_default();
    packed(text.trim_start_matches('\u{feff}')).unwrap_or_default()
}

fn packed(csv: &str) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    for (row, record) in (0..).zip(reader.records().map_while(Result::ok)) {
        for (column, cell) in (0_u16..).zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            match cell.replace(',', "").parse::<i32>() {
                Ok(number) if (6..=8).contains(&column) => sheet.write_number(row, column, number)?,
                _ => sheet.write_string(row, column, cell)?,
            };
        }
    }
    book.save_to_buffer()
}

//! A report as a workbook of a spreadsheet program: dates are dates, sums are numbers, and a text is written as a text whatever
//! it begins with, so that none is a formula. Rows go to a temporary file as they come; a sheet that is full goes on in
//! another one.

use crate::Row;
use crate::columns::{self, Column};
use crate::totals::Totals;
use crate::whole::Whole;
use domain::business_day::HANOI;
use domain::report::{Period, Report};
use rust_xlsxwriter::{DocProperties, Format, FormatAlign, Workbook as Book, Worksheet, XlsxError};
use std::fs::File;
use std::io;
use storage::reports::Cell;

/// Below a sheet's 1,048,576, with its head and the totals.
const ROWS_OF_A_SHEET: u32 = 1_000_000;
/// The longest text of a cell.
const LETTERS: usize = 32_767;
/// Whole numbers up to here are exact in a cell.
const EXACT: u64 = 1 << 53;
const A4: u8 = 9;

pub struct Workbook {
    book: Book,
    formats: Formats,
    report: Report,
    period: Period,
    totals: Totals,
    sheets: usize,
    /// In the present sheet, its head counted.
    next: u32,
}

struct Formats {
    head: Format,
    text: Format,
    number: Format,
    hundredths: Format,
    date: Format,
    instant: Format,
    total: Format,
}

impl Formats {
    fn new() -> Self {
        let bold = || Format::new().set_bold();
        Self {
            head: bold().set_text_wrap().set_align(FormatAlign::VerticalCenter),
            // shown as written, and never taken for anything else when a person edits it
            text: Format::new().set_num_format("@"),
            number: Format::new().set_num_format("#,##0"),
            hundredths: Format::new().set_num_format("0.00"),
            date: Format::new().set_num_format("dd/mm/yyyy"),
            instant: Format::new().set_num_format("dd/mm/yyyy hh:mm:ss"),
            total: bold().set_num_format("#,##0"),
        }
    }
}

impl Workbook {
    pub fn new(report: Report, period: Period) -> io::Result<Self> {
        let mut book = Book::new();
        book.set_properties(&DocProperties::new().set_title(columns::title(report)).set_company("Motlan"));
        let totals = Totals::new(report);
        let mut new = Self { book, formats: Formats::new(), report, period, totals, sheets: 0, next: 0 };
        new.begin_sheet().map_err(io::Error::other)?;
        Ok(new)
    }

    fn begin_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let title = columns::title(self.report);
        // of what a sheet's name cannot hold only this stands in a title
        let named = title.replace('/', "-");
        let name = if self.sheets == 1 { named } else { format!("{named} ({})", self.sheets) };
        let of = format!("{title}, {} – {}", self.period.from(), self.period.to());
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
        sheet
            .set_landscape()
            .set_paper_size(A4)
            .set_print_fit_to_pages(1, 0)
            .set_header(format!("&L{of}&RTrang &P / &N"));
        for (place, column) in (0u16..).zip(columns::of(self.report)) {
            sheet.set_column_width(place, width(column))?;
            sheet.write_string_with_format(0, place, column.head, &self.formats.head)?;
        }
        self.next = 1;
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), XlsxError> {
        if self.next > ROWS_OF_A_SHEET {
            self.begin_sheet()?;
        }
        let sheet = self.book.worksheet_from_index(self.sheets - 1)?;
        for (place, cell) in (0u16..).zip(row) {
            write(sheet, (self.next, place), cell, &self.formats)?;
        }
        self.next += 1;
        self.totals.add(row);
        Ok(())
    }

    fn write_totals(&mut self) -> Result<(), XlsxError> {
        let sheet = self.book.worksheet_from_index(self.sheets - 1)?;
        let sums: Vec<(usize, i128)> = self.totals.by_place().collect();
        if sums.is_empty() {
            return Ok(());
        }
        if sums.iter().all(|(place, _)| *place != 0) {
            sheet.write_string_with_format(self.next, 0, "Cộng", &self.formats.total)?;
        }
        for (place, sum) in sums {
            let place = u16::try_from(place).unwrap_or(u16::MAX);
            number(sheet, (self.next, place), sum, &self.formats.total)?;
        }
        Ok(())
    }
}

impl Whole for Workbook {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        rows.iter().try_for_each(|row| self.row(row)).map_err(io::Error::other)
    }

    fn finish(mut self: Box<Self>, file: &mut File) -> io::Result<()> {
        self.write_totals().and_then(|()| self.book.save_to_writer(file)).map_err(io::Error::other)
    }
}

fn write(sheet: &mut Worksheet, (row, place): (u32, u16), cell: &Cell, formats: &Formats) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let text: String = text.chars().take(LETTERS).collect();
            sheet.write_string_with_format(row, place, text, &formats.text)?;
        }
        Cell::Number(amount) => number(sheet, (row, place), i128::from(*amount), &formats.number)?,
        Cell::Date(date) => {
            sheet.write_date_with_format(row, place, *date, &formats.date)?;
        }
        Cell::Hundredths(value) => {
            let value = value.to_string().parse::<f64>().unwrap_or_default();
            sheet.write_number_with_format(row, place, value, &formats.hundredths)?;
        }
        Cell::At(at) => {
            // staff read the clock on their wall
            let at = HANOI.to_datetime(*at);
            sheet.write_datetime_with_format(row, place, at, &formats.instant)?;
        }
    }
    Ok(())
}

/// A number is a number where the file can hold it to the đồng, and its digits else.
fn number(sheet: &mut Worksheet, (row, place): (u32, u16), amount: i128, format: &Format) -> Result<(), XlsxError> {
    let exact = i64::try_from(amount).ok().filter(|amount| amount.unsigned_abs() <= EXACT);
    match exact.and_then(|amount| amount.to_string().parse::<f64>().ok()) {
        Some(amount) => sheet.write_number_with_format(row, place, amount, format)?,
        None => sheet.write_string_with_format(row, place, amount.to_string(), format)?,
    };
    Ok(())
}

/// In letters: as wide as what usually stands in it, and its head in at most three lines.
fn width(column: &Column) -> u16 {
    let usual = match column.key {
        "day" | "credited_on" | "since" | "month" => 12,
        "paid_at" => 20,
        "part" => 32,
        "payment_id" | "obligation_id" | "movement_id" | "case_id" | "settlement_id" => 38,
        "procedure" | "dossier_code" | "customer_code" | "provider_txn_id" | "reference" | "order_ref" | "scope"
        | "statement_bank_ref" | "bank_ref" => 24,
        "treasury" | "treasury_account" | "beneficiary" | "reason" | "fee_code" | "line" => 20,
        _ => 14,
    };
    u16::try_from(column.head.chars().count().div_ceil(3)).unwrap_or(usual).max(usual)
}

#[cfg(test)]
#[path = "workbook/tests.rs"]
mod tests;
